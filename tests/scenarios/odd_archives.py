# SPDX-License-Identifier: Apache-2.0
"""Archives as they are found: without the right to write, with a log of SQLite left beside the device table, written by a
recorder and an import at once, recorded by a clock that jumped. Each question is answered, or said to be none."""
import json
import os
import shutil
import sqlite3
import struct
import subprocess
import time

from harness import CAPTURES, Mirror, read_capture

MOVED = os.path.join(CAPTURES, 'dtls-cid-rebind.pcap')
DEMO = os.path.join(CAPTURES, 'demo-fleet.pcap')
FIRST = 'D:79445e2600000001'
QUESTIONS = [('find', '--device', FIRST, '--count'), ('find', '-Y', 'dtls.handshake.identity', '--count'),
             ('find', '--from', '2024-08-30 00:00', '--count'), ('devices', '-T', 'json'), ('devices', '--at', '100.64.7.99'),
             ('hold', 'list')]
CHANGES = [('index', '--rebuild'), ('hold', 'add', '--device', FIRST, '--owner', 'me', '--reason', 'test', '--expires', '+1d'),
           ('import', DEMO, '-w'), ('record', '-r', DEMO, '-w')]
NOBODY = 65534


def ask(t, archive, question, prefix=()):
    name, *rest = question
    words = ['hold', 'list', '-A', archive] if name == 'hold' else [name, '-A', archive, *rest]
    done = subprocess.run([*prefix, t.tapdeck, *words], capture_output=True, timeout=60)
    return done.returncode, done.stdout.decode().replace(archive, 'ARCHIVE'), done.stderr.decode()


def change(t, archive, words, prefix=()):
    place = [archive] if words[-1] == '-w' else ['-A', archive]
    done = subprocess.run([*prefix, t.tapdeck, *words, *place], capture_output=True, timeout=60)
    return done.returncode, (done.stdout + done.stderr).decode()


def content(archive):
    return {name: open(os.path.join(archive, name), 'rb').read() for name in sorted(os.listdir(archive)) if not name.endswith(('-shm', '-wal'))}


def same_answers(t, archive, wanted, prefix=()):
    for question, answer in zip(QUESTIONS, wanted):
        code, out, said = ask(t, archive, question, prefix)
        t.equal((code, out), answer[:2], f'{" ".join(question)} without the right to write, which said: {said}')


def refused(t, archive, prefix=()):
    before = content(archive)
    for words in CHANGES:
        code, said = change(t, archive, words, prefix)
        t.check(code == 2 and archive in said and any(why in said.lower() for why in ('read-only', 'readonly', 'permission denied', 'unable to open')),
                f'{" ".join(words)}: exit code {code}, and it said: {said}')
    t.equal(content(archive), before, 'what is in the archive')


def case_an_archive_without_the_right_to_write_answers_all_questions(t):
    t.need_root()
    t.need('setpriv')
    archive, prefix = t.path('archive'), ('setpriv', f'--reuid={NOBODY}', f'--regid={NOBODY}', '--clear-groups')
    t.run('import', MOVED, '-w', archive, '-G', '20')
    wanted = [ask(t, archive, question) for question in QUESTIONS]
    for leftover in ('-wal', '-shm'):
        if os.path.exists(f'{archive}/devices.db{leftover}'):
            os.unlink(f'{archive}/devices.db{leftover}')
    for path in (t.folder, archive, os.path.dirname(t.tapdeck)):
        os.chmod(path, os.stat(path).st_mode | 0o555 if path.startswith(t.folder) else os.stat(path).st_mode)
    for name in os.listdir(archive):
        os.chmod(os.path.join(archive, name), 0o444)
    if subprocess.run([*prefix, t.tapdeck, '--version'], capture_output=True).returncode:
        t.skip('nobody cannot run the program where it lies')
    same_answers(t, archive, wanted, prefix)
    refused(t, archive, prefix)


def case_a_file_system_that_is_read_only_answers_all_questions(t):
    """With what a recorder that was cut off leaves beside the device table."""
    t.need_root()
    t.need('mount')
    live, archive = t.path('live'), t.path('archive')
    t.run('import', MOVED, '-w', live, '-G', '20')
    wanted = [ask(t, live, question) for question in QUESTIONS]
    database = sqlite3.connect(f'{live}/devices.db', isolation_level=None)
    database.execute('CREATE TABLE left_in_the_log(number)')
    shutil.copytree(live, archive)
    database.close()
    os.unlink(f'{archive}/devices.db-shm')
    t.check(os.path.getsize(f'{archive}/devices.db-wal') > 0, 'no log beside the table')
    if subprocess.run(['mount', '--bind', archive, archive]).returncode:
        t.skip('nothing can be mounted here')
    t.mounts.append(archive)
    subprocess.run(['mount', '-o', 'remount,ro,bind', archive], check=True)
    same_answers(t, archive, wanted)
    refused(t, archive)


def case_a_recorder_and_an_import_share_an_archive(t):
    archive = t.path('archive')
    recorder, port = t.recorder(archive, '--flush', '100ms')
    mirror = Mirror(port)
    packets = read_capture(MOVED)
    for packet in packets[:16]:
        mirror.send(packet.data)
    t.run('import', DEMO, '-w', archive, '-G', '1')
    for packet in packets[16:]:
        mirror.send(packet.data)
    mirror.close()
    time.sleep(0.5)
    n_demo = len(read_capture(DEMO))
    wanted = {'': len(packets) + n_demo, FIRST: 18 + 20, 'D:79445e260000000c': 20}  # a device of that name is in both
    for moment in ('while it records', 'when it ended'):
        for device, n in wanted.items():
            t.equal(t.find_count('-A', archive, *(('--device', device) if device else ())), n, f'{device or "all"}, {moment}')
        if moment == 'while it records':
            t.stop(recorder)
    t.run('check', '-A', archive)
    numbers = [int(n) for n in t.run('find', '-A', archive, '-T', 'fields', '-e', 'frame.number').stdout.split()]
    t.equal(len(set(numbers)), sum([len(packets), n_demo]), 'numbers that are given once')


def write_jumping(path, packets, jumps):
    """jumps: seconds that the clock is set forward (or back) before the packet of that place."""
    ahead = 0
    with open(path, 'wb') as out:
        out.write(struct.pack('<IHHiIII', 0xa1b23c4d, 2, 4, 0, 0, 65535, 1))
        for i, packet in enumerate(packets):
            ahead += jumps.get(i, 0) * 10**9
            out.write(struct.pack('<IIII', (packet.ts_ns + ahead) // 10**9, packet.ts_ns % 10**9, len(packet.data), packet.len) + packet.data)


def case_a_clock_that_jumps_loses_no_packet_of_a_device(t):
    expect = json.load(open(DEMO[:-5] + '.expect'))
    packets = read_capture(DEMO)
    for jumps in ({120: -3600}, {120: 86400 * 30}, {120: -1725000000}):
        capture = t.path(f'jump{len(os.listdir(t.folder))}.pcap')
        write_jumping(capture, packets, jumps)
        for how in ('record', 'import'):
            archive = f'{capture}-{how}'
            t.run('record', '-r', capture, '-w', archive) if how == 'record' else t.run('import', capture, '-w', archive)
            t.equal(t.find_count('-A', archive), len(packets), f'packets, {jumps}, {how}')
            for device in t.random.sample(expect['devices'], 3):
                for source in (('-r', capture), ('-A', archive)):
                    t.equal(t.find_count(*source, '--device', device['identity']), len(device['frames']),
                            f'{device["identity"]}, {jumps}, {how} {source[0]}')
            t.run('check', '-A', archive)
            t.run('status', '-A', archive)
