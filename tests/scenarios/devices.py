# SPDX-License-Identifier: Apache-2.0
"""The device table: devices are known after restarts, whatever became of the table, and answers are the same with it,
without it, and with a damaged one."""
import json
import os
import re
import signal
import sqlite3
import struct
import time

from harness import CAPTURES, Mirror, read_capture, segments, udp_frame

MOVED = os.path.join(CAPTURES, 'dtls-cid-rebind.pcap')
FIRST, SECOND = 'D:79445e2600000001', 'D:79445e2600000002'


def split(t, capture, at):
    """Two captures: the frames up to number `at`, and the others."""
    t.run('find', '-r', capture, '-Y', f'frame.number <= {at}', '-w', t.path('first.pcap'))
    t.run('find', '-r', capture, '-Y', f'frame.number > {at}', '-w', t.path('later.pcap'))
    return t.path('first.pcap'), t.path('later.pcap')


def write_pcap(path, frames):
    with open(path, 'wb') as out:
        out.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for seconds, frame in frames:
            out.write(struct.pack('<IIII', seconds, 0, len(frame), len(frame)) + frame)


def known_segments(archive):
    with sqlite3.connect(f'file:{archive}/devices.db?mode=ro', uri=True) as db:
        return sorted(stem for stem, in db.execute('SELECT stem FROM segment'))


def stems(archive):
    return sorted(os.path.basename(path).split('.pcapng')[0] for path in segments(archive))


def answers(t, archive):
    """What find --device and devices say, each as it is printed."""
    found = [t.find_count('-A', archive, '--device', name) for name in (FIRST, SECOND)]
    return found, t.run('devices', '-A', archive).stdout.decode()


def case_a_device_behind_a_connection_id_is_known_after_a_restart_and_many_segments(t):
    first, later = split(t, MOVED, 16)
    archive = t.path('archive')
    t.run('import', first, '-w', archive)
    between = t.path('between.pcap')
    write_pcap(between, [(1725001201 + i, udp_frame(b'%d' % i)) for i in range(80)])
    t.run('import', between, '-w', archive, '-G', '1')  # the first segments are none of the newest 64 now
    t.check(len(segments(archive)) > 70, f'only {len(segments(archive))} segments')
    t.run('import', later, '-w', archive)
    t.equal(t.find_count('-A', archive, '--device', FIRST), 18, 'packets of the device that moved')
    t.equal(t.find_count('-A', archive, '--device', SECOND), 14, 'packets of the device that took over its address')
    out = t.run('devices', '-A', archive, '--like', FIRST).stdout.decode()
    for address in ('100.64.7.1:40001', '100.64.7.99:51000', '100.64.7.99:51001'):
        t.check(address in out, f'{address} is not in\n{out}')


def case_who_was_at_an_address_at_a_time(t):
    archive = t.path('archive')
    t.run('import', MOVED, '-w', archive)

    def who(*words, exit=0):
        out = t.run('devices', '-A', archive, '-T', 'json', *words, exit=exit)
        return [device['identity'] for device in json.loads(out.stdout) if 'identity' in device], out.stderr.decode()

    t.equal(who('--at', '100.64.7.1:40001', '--time', '2024-08-30T07:00:00.1Z')[0], [FIRST], 'who was there first')
    t.equal(who('--at', '100.64.7.1:40001', '--time', '2024-08-30T07:10:00.5Z')[0], [SECOND], 'and who later')
    t.equal(sorted(who('--at', '100.64.7.1')[0]), [FIRST, SECOND], 'who ever was')
    nobody, said = who('--at', '100.64.7.1:40001', '--time', '2024-08-30T07:05:00Z', exit=1)
    t.equal(nobody, [], 'who was there between the two')
    t.check(FIRST in said, f'the last before is not named: {said}')
    t.equal(who('--at', '100.64.7.1:9', exit=1)[0], [], 'another port')
    t.equal(who('--seen-since', '2024-08-30T07:10:00.6Z')[0], [FIRST], 'seen last')
    t.equal(len(who('--kind', 'dtls.psk')[0]), 2, 'PSK identities')
    out = t.run('devices', '-A', archive, '--limit', '1')
    t.check(b'1 more are not shown' in out.stderr, f'what is left out is not told: {out.stderr}')


def case_a_table_that_is_gone_or_damaged_changes_no_answer(t):
    archive = t.path('archive')
    t.run('import', MOVED, '-w', archive)
    wanted = answers(t, archive)
    table = os.path.join(archive, 'devices.db')
    whole = open(table, 'rb').read()
    os.rename(table, table + '.away')
    t.equal(answers(t, archive), wanted, 'answers without a table')
    for name, content in (('cut', whole[:5000]), ('empty', b''), ('no database', b'hello' * 1000),
                          ('holes', whole[:4096] + b'\0' * (len(whole) - 4096))):
        with open(table, 'wb') as out:
            out.write(content)
        t.equal(answers(t, archive), wanted, f'answers with a table that is {name}')
        said = t.run('find', '-A', archive, '--device', FIRST, '--count').stderr.decode()
        t.check('devices.db' in said and 'index --rebuild' in said, f'{name}: it is not told: {said}')
        out = t.run('index', '-A', archive, '--rebuild').stdout.decode()
        t.check('devices.db.damaged' in out, f'{name}: not set aside: {out}')
        t.equal(known_segments(archive), stems(archive), f'{name}: the table made anew knows')
        t.equal(answers(t, archive), wanted, f'{name}: answers of the one made anew')
        t.equal(t.run('find', '-A', archive, '--device', FIRST, '--count').stderr, b'', 'complaints')


def case_segments_that_come_and_go_are_noticed(t):
    first, later = split(t, MOVED, 20)
    one, two = t.path('one'), t.path('two')
    t.run('import', first, '-w', one, '--node', 'one')
    t.run('import', later, '-w', two, '--node', 'two')
    for name in os.listdir(two):
        if 'devices.db' not in name:
            os.rename(os.path.join(two, name), os.path.join(one, name))
    t.check(known_segments(one) != stems(one), 'it cannot know yet')
    copied = t.find_count('-A', one, '--device', FIRST)
    t.run('index', '-A', one)
    t.equal(known_segments(one), stems(one), 'segments in the table after index')
    t.equal(t.find_count('-A', one, '--device', FIRST), copied, 'packets before and after')
    for path in segments(one):
        if '-one-' in path:
            os.unlink(path)
            os.unlink(re.sub(r'\.pcapng.*', '.tdx', path))
    t.equal(t.find_count('-A', one, '--device', FIRST), 0, 'packets once they are deleted by hand')
    t.run('index', '-A', one)
    t.equal(known_segments(one), stems(one), 'segments in the table after they were deleted')


def case_retention_takes_its_devices_along(t):
    archive = t.path('archive')
    t.run('import', MOVED, '-w', archive)
    filler = t.path('filler.pcap')
    write_pcap(filler, [(1725010000 + i, udp_frame(t.random.randbytes(1200))) for i in range(400)])
    t.run('import', filler, '-w', archive, '--keep-bytes', '200k', '-C', '100k')
    t.equal(known_segments(archive), stems(archive), 'segments in the table')
    t.run('devices', '-A', archive, exit=1)


def case_a_recorder_killed_between_seal_and_table_mends_it(t):
    archive = t.path('archive')
    for round_ in range(3 if t.quick else 6):
        recorder, port = t.recorder(archive, '-C', '20k')
        mirror = Mirror(port)
        until = time.monotonic() + t.random.uniform(1.1, 1.9)  # beyond a flush, by which a segment grows
        while time.monotonic() < until:
            mirror.send(udp_frame(t.random.randbytes(900)))
            time.sleep(0.002)
        t.stop(recorder, signal.SIGKILL)
        mirror.close()
        t.run('devices', '-A', archive, exit=1)  # nobody: and no complaint
    recorder, _ = t.recorder(archive)
    t.stop(recorder)
    t.equal(known_segments(archive), stems(archive), 'segments in the table')
    t.check(len(stems(archive)) > (3 if t.quick else 6), f'only {stems(archive)}')
    t.run('index', '-A', archive)


case_a_recorder_killed_between_seal_and_table_mends_it.slow = True


def case_the_open_segment_is_asked_too(t):
    first, later = split(t, MOVED, 16)
    archive = t.path('archive')
    t.run('import', first, '-w', archive)
    recorder, port = t.recorder(archive)
    mirror = Mirror(port)
    from harness import read_capture
    for packet in read_capture(later):
        mirror.send(packet.data)
    time.sleep(1.6)
    t.equal(t.find_count('-A', archive, '--device', FIRST), 18, 'packets, the newest of them in the open segment')
    out = t.run('devices', '-A', archive, '--like', FIRST).stdout.decode()
    t.check('100.64.7.99:51001' in out, f'the newest address is not in\n{out}')
    mirror.close()
    t.stop(recorder)
    t.equal(t.find_count('-A', archive, '--device', FIRST), 18, 'and once it is sealed')


def case_an_index_made_again_in_the_middle_says_what_the_recorder_said(t):
    """Of plain protocols too, whose packets belong to a device only where numbers go on from earlier segments."""
    slow = t.path('slow.pcap')
    packets = read_capture(os.path.join(CAPTURES, 'mqtt3-mosquitto.pcap'))
    write_pcap(slow, [(1725001200 + 400 * i, packet.data) for i, packet in enumerate(packets)])
    for capture, span in ((slow, 2000), (os.path.join(CAPTURES, 'demo-fleet.pcap'), 1)):
        archive = t.path(f'archive-{span}')
        t.run('import', capture, '-w', archive, '-G', span)
        indexes = sorted(path for path in os.listdir(archive) if path.endswith('.tdx'))
        t.check(len(indexes) >= 4, f'{capture}: only {len(indexes)} segments')
        devices = t.run('devices', '-A', archive, '-T', 'json').stdout
        for lost in indexes[1:]:
            for how in (('check', '--repair'), ('index', '--rebuild')):
                path = os.path.join(archive, lost)
                wanted = open(path, 'rb').read()
                os.unlink(path)
                t.run(*how, '-A', archive)
                t.check(open(path, 'rb').read() == wanted, f'{os.path.basename(capture)}: {lost}, {how[0]} {how[1]}: another index than the recorder made')
        t.equal(t.run('devices', '-A', archive, '-T', 'json').stdout, devices, f'devices of {capture}')
