# SPDX-License-Identifier: Apache-2.0
"""Holds keep what people asked for past the budget: a time range, a device; until they expire, up to a quota; also
when they come while a recorder runs, and nothing goes while it cannot be known what is held."""
import datetime
import json
import os
import struct
import time

from full_disk import small_disk
from harness import CAPTURES, Mirror, archive_packets, read_capture, segments, udp_frame
from record import wait_for

DEMO = os.path.join(CAPTURES, 'demo-fleet.pcap')
DEVICE = 'D:79445e2600000005'


def at(ts_ns):
    moment = datetime.datetime.fromtimestamp(ts_ns // 10**9, datetime.timezone.utc)
    return moment.strftime('%Y-%m-%dT%H:%M:%S') + f'.{ts_ns % 10**9:09d}Z'


def add(t, archive, *words, expires='+1h'):
    """The number of the new hold."""
    out = t.run('hold', 'add', '-A', archive, '--owner', 'anna', '--reason', 'ticket 17', '--expires', expires,
                *words).stdout.decode()
    t.check(out.startswith('hold '), out)
    return int(out.split()[1])


def holds(t, archive):
    return json.loads(t.run('hold', 'list', '-A', archive, '-T', 'json', exit=(0, 1)).stdout)


def status(t, archive, exit=0):
    return json.loads(t.run('status', '-A', archive, '-T', 'json', exit=exit).stdout)


def stored(archive):
    return sum(os.path.getsize(path) for path in segments(archive))


ROUNDS, ROUND_NS, BEGIN_NS = 12, 10 * 10**9, 1724925600 * 10**9
WITH_DEVICE = (2, 3, 7)


def fleet(t):
    """An archive of twelve segments of ten seconds; in three of them the demo's devices, among noise."""
    demo = read_capture(DEMO)
    records = []
    for number in range(ROUNDS):
        begin = BEGIN_NS + number * ROUND_NS
        if number in WITH_DEVICE:
            records += [(begin + 10**9 + p.ts_ns - demo[0].ts_ns, p.data) for p in demo]
        records += [(begin + i * 10**8, udp_frame(bytes([number, i]) + t.random.randbytes(100))) for i in range(90)]
    records.sort()
    with open(t.path('fleet.pcap'), 'wb') as f:
        f.write(struct.pack('<IHHiIII', 0xa1b23c4d, 2, 4, 0, 0, 65535, demo[0].linktype))
        for ts_ns, data in records:
            f.write(struct.pack('<IIII', ts_ns // 10**9, ts_ns % 10**9, len(data), len(data)) + data)
    archive = t.path('archive')
    t.run('import', t.path('fleet.pcap'), '-w', archive, '-G', '10', '--compress', 'none')
    t.equal(len(segments(archive)), ROUNDS, 'segments')
    return archive, archive_packets(archive)


def rounds(archive):
    """Which of them are left."""
    return sorted({(p.ts_ns - BEGIN_NS) // ROUND_NS for p in archive_packets(archive)} & set(range(ROUNDS)))


def shrink(t, archive, *budget):
    """Lets retention work: by an import of one packet, whose own segment goes, too."""
    one = t.path('one.pcap')
    if not os.path.exists(one):
        t.run('find', '-r', DEMO, '-c', '1', '-w', one, '-Y', 'frame')
    t.run('import', '--again', one, '-w', archive, '-C', '1', *budget)


def case_a_range_and_a_device_outlive_what_lay_around_them(t):
    archive, packets = fleet(t)
    of_device = t.find_count('-A', archive, '--device', DEVICE)
    t.check(of_device > 0, 'the device is not there')
    by_range = add(t, archive, '--from', at(BEGIN_NS + 5 * ROUND_NS + 3), '--to', at(BEGIN_NS + 6 * ROUND_NS + 3))
    by_device = add(t, archive, '--device', DEVICE)
    by_nothing = add(t, archive, '--device', 'nobody')
    kept = {hold['id']: hold['segments'] for hold in holds(t, archive)['holds']}
    t.equal(kept, {by_range: 2, by_device: 3, by_nothing: 0}, 'segments that each keeps')
    shrink(t, archive, '--keep-bytes', '1')
    t.equal(rounds(archive), [2, 3, 5, 6, 7], 'what is left')
    t.equal(t.find_count('-A', archive, '--device', DEVICE), of_device, 'packets of the held device')
    t.run('hold', 'remove', '-A', archive, by_range, by_nothing)
    shrink(t, archive, '--keep-bytes', '1')
    t.equal(rounds(archive), [2, 3, 7], 'what is left when the range is held no more')
    t.equal(t.find_count('-A', archive, '--device', DEVICE), of_device, 'packets of the held device')
    t.run('check', '-A', archive)
    t.run('hold', 'remove', '-A', archive, by_device)
    shrink(t, archive, '--keep-bytes', '1')
    t.equal(segments(archive), [], 'segments when nothing is held')
    t.run('hold', 'remove', '-A', archive, by_device, exit=2)
    t.run('hold', 'list', '-A', archive, exit=1)


def case_an_expired_hold_keeps_nothing(t):
    archive, packets = fleet(t)
    soon = time.time_ns() + 2 * 10**9
    add(t, archive, '--to', at(BEGIN_NS + ROUND_NS), expires=at(soon))
    shrink(t, archive, '--keep-bytes', '1')
    t.equal(rounds(archive), [0, 1], 'what is held')
    while time.time_ns() < soon:
        time.sleep(0.05)
    t.equal(holds(t, archive)['holds'][0]['state'], 'expired', 'the state of the hold')
    t.equal(holds(t, archive)['segments'], 0, 'segments it keeps')
    shrink(t, archive, '--keep-bytes', '1')
    t.equal(segments(archive), [], 'segments left')


def case_a_quota_lets_the_oldest_go(t):
    archive, packets = fleet(t)
    quota = (stored(archive) + sum(os.path.getsize(p.replace('.pcapng', '.tdx')) for p in segments(archive))) // 3
    add(t, archive, '--from', at(BEGIN_NS), '--to', at(BEGIN_NS + ROUNDS * ROUND_NS), '--quota', quota)
    told = holds(t, archive)['holds'][0]
    t.check(0 < told['bytes'] <= quota and told['segments'] + told['let_go_segments'] == ROUNDS, f'{told}')
    shrink(t, archive, '--keep-bytes', '1')
    t.equal(rounds(archive), list(range(ROUNDS - told['segments'], ROUNDS)), 'the newest are left')
    t.run('hold', 'quota', '-A', archive, quota // 2)
    shrink(t, archive, '--keep-bytes', '1')
    left = rounds(archive)
    t.check(0 < len(left) < told['segments'] and left[-1] == ROUNDS - 1, f'{left} are left by the quota of all')
    t.equal(holds(t, archive)['quota_bytes'], quota // 2, 'the quota of all')


def send(t, port, first, n):
    mirror = Mirror(port)
    for number in range(first, first + n):
        mirror.send(udp_frame(number.to_bytes(4, 'big') + t.random.randbytes(1000)))
        time.sleep(0.0003)
    mirror.close()


def numbers(archive):
    return {int.from_bytes(p.data[42:46], 'big') for p in archive_packets(archive)}


def case_a_hold_that_comes_while_recording_is_heeded(t):
    archive = t.path('archive')
    recorder, port = t.recorder(archive, '-C', '100k', '--keep-bytes', '1500k')
    begin = time.time_ns()
    send(t, port, 0, 300)
    time.sleep(1.2)
    add(t, archive, '--from', at(begin), '--to', at(time.time_ns()), '--quota', '1M')
    send(t, port, 300, 4000)
    time.sleep(1.5)
    told = status(t, archive)
    t.equal(told['recorders'][0]['budget']['keep_bytes'], 1500000, 'the budget in the status')
    t.check(told['forecast']['bytes_per_day'] is None, f'a forecast from seconds: {told["forecast"]}')
    t.stop(recorder)
    kept = numbers(archive)
    t.check(set(range(300)) <= kept, f'held packets are gone: {sorted(set(range(300)) - kept)[:10]}')
    t.check(4299 in kept and 1500 not in kept, 'those behind went, the newest stayed')
    t.check(stored(archive) < 2000000, f'{stored(archive)} bytes are left')
    t.run('check', '-A', archive)


def damage(archive):
    path = os.path.join(archive, 'tapdeck.db')
    with open(path, 'r+b') as f:
        f.write(b'\0' * 4096)
    return path


def case_nothing_is_deleted_while_the_holds_cannot_be_read(t):
    archive, packets = fleet(t)
    add(t, archive, '--to', at(BEGIN_NS))
    copy = open(os.path.join(archive, 'tapdeck.db'), 'rb').read()
    path = damage(archive)
    spoilt = open(path, 'rb').read()
    before = segments(archive)
    shrink(t, archive, '--keep-bytes', '1')
    t.check(set(before) <= set(segments(archive)), 'something was deleted')
    for words in (('check', '-A', archive), ('hold', 'list', '-A', archive), ('status', '-A', archive),
                  ('hold', 'add', '-A', archive, '--device', 'x', '--owner', 'a', '--reason', 'b', '--expires', '+1d')):
        done = t.run(*words, exit=2)
        t.check(b'tapdeck.db' in done.stdout + done.stderr, f'{words} does not name the file: {done}')
    t.equal(open(path, 'rb').read(), spoilt, 'the damaged file')
    recorder, port = t.recorder(archive, '-C', '50k', '--keep-bytes', '300k')  # more than the held and the open one
    send(t, port, 0, 300)
    wait_for(t, 15, lambda: 'nothing is deleted' in status(t, archive, exit=2)['recorders'][0]['trouble'],
             'the recorder\'s word that it deletes nothing')
    t.check(set(before) <= set(segments(archive)), 'something was deleted')
    with open(path + '.copy', 'wb') as f:
        f.write(copy)
    os.rename(path + '.copy', path)
    wait_for(t, 25, lambda: not status(t, archive)['recorders'][0]['trouble'], 'the recorder to go on')
    t.stop(recorder)
    t.equal(set(before) & set(segments(archive)), {before[0]}, 'of the old ones the held one is left')


def case_a_full_disk_names_the_hold_that_keeps_it_full(t):
    archive = os.path.join(small_disk(t, '6m'), 'archive')
    recorder, port = t.recorder(archive, '-C', '500k')
    begin = time.time_ns()
    send(t, port, 0, 100)
    time.sleep(1.2)
    held = add(t, archive, '--from', at(begin))
    send(t, port, 100, 7000)
    time.sleep(1.5)
    t.check(recorder.poll() is None, f'the recorder ended: {open(recorder.log).read()}')
    told = status(t, archive)
    t.check(f'hold {held} of anna' in told['recorders'][0]['trouble'], f'{told["recorders"]}')
    t.check(told['recorders'][0]['sources'][0]['disk'] > 0, 'nothing is counted')
    t.run('hold', 'remove', '-A', archive, held)
    time.sleep(1.5)
    send(t, port, 8000, 1000)
    time.sleep(1.5)
    said = t.stop(recorder, exit=2)
    t.check(f'hold {held} of anna' in said, f'the recorder does not name the hold: {said}')
    t.check(8999 in numbers(archive), 'the newest are missing after the hold was removed')


case_a_full_disk_names_the_hold_that_keeps_it_full.slow = True
