# SPDX-License-Identifier: Apache-2.0
"""Every answer says how complete it is: which part of the asked time was recorded, with which gaps and drops."""
import datetime
import json
import os
import re
import signal
import struct
import subprocess
import time

from harness import CAPTURES, Mirror, segments, udp_frame

ALONE = True  # looks at how soon

DEMO = os.path.join(CAPTURES, 'demo-fleet.pcap')
# -G 7d: or a full hour would rotate in the middle of a story.
FLUSHED_SECONDS = 1.8  # --flush is a second; a busy machine takes longer


def moment(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime('%Y-%m-%dT%H:%M:%S.%fZ')


def seconds(text):
    return datetime.datetime.fromisoformat(re.sub(r'(\.\d{6})\d*Z', r'\1+00:00', text)).timestamp()


def coverage(t, archive, *words, exit=(0, 1)):
    """The coverage that find's JSON ends with, and that of standard error."""
    done = t.run('find', '-A', archive, '-T', 'json', '-e', 'frame.number', *words, exit=exit)
    elements = json.loads(done.stdout)
    t.equal(elements[-1]['_type'], 'coverage', 'the last element')
    found = elements[-1]['_source']['coverage']
    t.equal(found['found'], len(elements) - 1, 'packets found')
    said = done.stderr.decode()
    t.equal('incomplete' in said, not found['complete'], f'incompleteness on a pipe, where it said: {said!r}')
    return found, said


def send(t, port, n, length=100):
    mirror = Mirror(port)
    for _ in range(n):
        mirror.send(udp_frame(t.random.randbytes(length)))
        time.sleep(0.002)
    mirror.close()


def states(node):
    return [span['state'] + (' ' + span['cause'] if 'cause' in span else '') for span in node['spans']]


def case_the_hole_a_killed_recorder_left_is_told(t):
    archive = t.path('archive')
    recorder, port = t.recorder(archive, '--node', 'gw1', '-G', '7d')
    began = time.time()
    send(t, port, 20)
    time.sleep(FLUSHED_SECONDS)
    quiet_from = time.time()
    time.sleep(FLUSHED_SECONDS)
    killed = time.time()
    t.stop(recorder, signal.SIGKILL)
    # For some seconds a recorder may be thought alive that is not; but never that it recorded.
    found, _ = coverage(t, archive, '--from', moment(began), '--to', moment(killed))
    t.check(states(found['nodes'][0])[1:] in (['gap killed'], ['gap unflushed']), f'before it is recovered: {found}')
    restarted = time.time()
    recorder, port = t.recorder(archive, '--node', 'gw1', '-G', '7d')
    send(t, port, 20)
    time.sleep(FLUSHED_SECONDS)

    found, _ = coverage(t, archive, '--from', moment(began))
    t.equal(found['complete'], False, 'complete, over the hole')
    node = found['nodes'][0]
    t.equal((node['node'], states(node)), ('gw1', ['recorded', 'gap killed', 'recorded']), 'the spans')
    hole = node['spans'][1]
    t.check(quiet_from - 1.2 < seconds(hole['from']) < killed, f'the hole begins at {hole["from"]}, killed at {moment(killed)}')
    t.check(restarted - 0.1 < seconds(hole['to']) < restarted + 20, f'it ends at {hole["to"]}, restarted at {moment(restarted)}')

    found, said = coverage(t, archive, '--from', moment(began), '--to', moment(seconds(hole['from']) - 0.1))
    t.equal((found['complete'], said), (True, ''), 'before the hole: complete, and quiet on a pipe')
    t.stop(recorder)
    found, said = coverage(t, archive)
    t.equal(states(found['nodes'][0]), ['recorded', 'gap killed', 'recorded'], 'after an orderly end')
    t.check('killed' in said and 'gw1' in said, f'neither node nor cause is told: {said}')

    # devices says it too, and a written file carries it.
    devices = json.loads(t.run('devices', '-A', archive, '-T', 'json', exit=(0, 1)).stdout)
    t.equal(states(devices[-1]['coverage']['nodes'][0]), ['recorded', 'gap killed', 'recorded'], 'of devices')
    t.run('find', '-A', archive, '-w', t.path('out.pcapng'))
    t.need('capinfos')
    shown = subprocess.run(['capinfos', '-k', t.path('out.pcapng')], capture_output=True, check=True).stdout.decode()
    t.check('incomplete' in shown and 'killed' in shown, f'capinfos shows no comment of it: {shown}')
    t.need('tshark')
    listed = subprocess.run(['tshark', '-r', t.path('out.pcapng')], capture_output=True, check=True)
    t.equal(len(listed.stdout.splitlines()), 40, 'packets that tshark reads from the written file')


def case_a_clean_rotation_is_no_gap_and_a_stop_is_one(t):
    archive = t.path('archive')
    recorder, port = t.recorder(archive, '--node', 'gw1', '-G', '7d')
    began = time.time()
    for n in range(1, 7):
        send(t, port, 10)
        until = time.monotonic() + 20
        while len([path for path in segments(archive) if not path.endswith('.open')]) < n and time.monotonic() < until:
            recorder.send_signal(signal.SIGHUP)
            time.sleep(0.3)
    send(t, port, 10)
    t.stop(recorder)
    t.check(len(segments(archive)) >= 7, f'too few segments for the story: {segments(archive)}')
    ended = time.time()
    found, said = coverage(t, archive, '--from', moment(began))
    t.equal((found['complete'], states(found['nodes'][0]), said), (True, ['recorded'], ''), 'over the rotations')
    time.sleep(0.5)
    found, _ = coverage(t, archive, '--from', moment(began - 60), '--to', moment(ended + 0.4))
    t.equal(states(found['nodes'][0]), ['gap not_begun', 'recorded', 'gap stopped'], 'asked beyond both ends')
    # The budget took the first two: what is gone is told, for it was asked about.
    for path in segments(archive)[:2]:
        os.unlink(path)
        os.unlink(path[:path.index('.pcapng')] + '.tdx')
    found, _ = coverage(t, archive, '--from', moment(began), '--to', moment(ended - 0.01))
    t.equal(states(found['nodes'][0])[:2], ['gap deleted', 'recorded'], 'without the first segments')
    middle = segments(archive)[2]
    os.unlink(middle)
    found, _ = coverage(t, archive)
    t.equal(states(found['nodes'][0]), ['recorded', 'gap deleted', 'recorded'], 'without one in the middle')


def case_drops_and_damage_make_an_answer_incomplete(t):
    archive = t.path('archive')
    recorder, port = t.recorder(archive, '-B', '4k', '--node', 'gw1', '-G', '7d')
    mirror = Mirror(port)
    frame = udp_frame(t.random.randbytes(1200))
    recorder.send_signal(signal.SIGSTOP)  # so that the small buffer must overflow
    for _ in range(3000):
        mirror.send(frame)
    recorder.send_signal(signal.SIGCONT)
    time.sleep(2.5)
    running, said = coverage(t, archive)
    t.check(running['nodes'][0]['packets']['dropped_by_kernel'] > 0, f'a running recorder\'s drops are not told: {running} {said}')
    mirror.send(frame)
    mirror.close()
    t.stop(recorder)
    found, said = coverage(t, archive)
    packets = found['nodes'][0]['packets']
    t.equal(packets['dropped_by_kernel'] + found['found'], 3001, 'dropped and found together')
    t.check('dropped' in said, f'drops are not told: {said}')
    t.equal(states(found['nodes'][0]), ['recorded'], 'drops are no gap')

    with open(segments(archive)[0], 'r+b') as f:
        f.seek(-400, os.SEEK_END)
        byte = f.read(1)
        f.seek(-400, os.SEEK_END)
        f.write(bytes([byte[0] ^ 0xff]))
    found, said = coverage(t, archive, exit=2)
    t.equal(found['unreadable_parts'], 1, 'damaged parts')
    t.check('block' in found['first_unreadable'], f'which part is not told: {found}')


def case_cut_packets_are_counted_and_files_speak_when_something_is_missing(t):
    t.run('import', DEMO, '-w', t.path('archive'))
    found, said = coverage(t, t.path('archive'))
    t.equal((states(found['nodes'][0]), found['found_cut'], said), (['held'], 0, ''), 'an import of whole packets')
    data = open(DEMO, 'rb').read()
    with open(t.path('cut.pcap'), 'wb') as f:
        f.write(data[:-1])
    done = t.run('find', '-r', t.path('cut.pcap'), '-T', 'json', exit=2)
    last = json.loads(done.stdout)[-1]
    t.equal(last['_source']['coverage']['complete'], False, 'of a cut file')
    t.equal(json.loads(t.run('find', '-r', DEMO, '-T', 'json').stdout)[-1]['_type'], 'doc', 'the last element of a whole file, as tshark has it')
    # What a pcapng file's statistics say was dropped when it was captured.
    t.run('find', '-r', DEMO, '-w', t.path('lossy.pcapng'))
    body = struct.pack('<III', 0, 0, 0) + struct.pack('<HHQ', 5, 8, 17) + struct.pack('<HHQ', 7, 8, 3) + bytes(4)
    with open(t.path('lossy.pcapng'), 'ab') as f:
        f.write(struct.pack('<II', 5, len(body) + 12) + body + struct.pack('<I', len(body) + 12))
    said = t.run('find', '-r', t.path('lossy.pcapng'), '--count').stderr.decode()
    t.check('20 packets were dropped' in said, f'the drops of a file are not told: {said!r}')
    t.need('editcap')
    subprocess.run(['editcap', '-s', '60', DEMO, t.path('short.pcap')], check=True)
    t.run('import', t.path('short.pcap'), '-w', t.path('short'))
    found, said = coverage(t, t.path('short'), '-Y', 'dtls')
    t.equal(said, '', 'standard error of a pipe')
    t.check(0 < found['found_cut'] <= found['found'], f'no cut packets told: {found}')
    text = t.run('find', '-A', t.path('short'), '--count', '--explain').stderr.decode()
    t.check('are cut' in text, f'--explain does not tell of cut packets: {text}')
