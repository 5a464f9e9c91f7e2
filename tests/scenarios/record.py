# SPDX-License-Identifier: Apache-2.0
"""A mirror is recorded: everything that arrives is kept, named by its origin, found at once, rotated and sealed."""
import os
import signal
import subprocess
import time

from harness import CAPTURES, Mirror, archive_packets, open_segments, read_capture, segments, udp_frame, unpack, read_pcapng

ALONE = True  # looks at how soon

DEMO = os.path.join(CAPTURES, 'demo-fleet.pcap')


def wait_for(t, seconds, claim, what):
    end = time.monotonic() + seconds
    while not claim():
        if time.monotonic() > end:
            t.check(False, f'not within {seconds} s: {what}')
        time.sleep(0.05)


def case_replayed_capture_is_kept_whole(t):
    archive = t.path('archive')
    recorder, port = t.recorder(archive)
    t.run('replay', DEMO, '--to', f'vxlan://127.0.0.1:{port}', '--speed', '100')
    time.sleep(0.5)
    t.stop(recorder)
    wanted = [p.data for p in read_capture(DEMO)]
    got = archive_packets(archive)
    t.equal([p.data for p in got], wanted, 'frames')
    now = time.time_ns()
    t.check(all(now - 300 * 10**9 < p.ts_ns <= now for p in got), 'packets are stamped with the time they came')
    t.run('check', '-A', archive)


def case_interfaces_name_the_origin(t):
    archive = t.path('archive')
    recorder, port = t.recorder(archive)
    senders = {(f'127.0.0.{host}', vni): Mirror(port, f'127.0.0.{host}') for host in (2, 3) for vni in (42, 7)}
    for (host, vni), mirror in senders.items():
        for n in range(5):
            mirror.send(udp_frame(f'{host} {vni} {n}'.encode()), vni)
    time.sleep(0.5)
    t.stop(recorder)
    got = {}
    for packet in archive_packets(archive):
        got.setdefault(packet.interface, []).append(packet.data[42:].decode())
    for host, vni in senders:
        t.equal(got.get(f'vxlan {host} vni {vni}'), [f'{host} {vni} {n}' for n in range(5)], f'interfaces {list(got)}; {host} {vni}')
    for mirror in senders.values():
        mirror.close()


def case_the_length_that_the_mirror_cut_is_rebuilt(t):
    archive = t.path('archive')
    recorder, port = t.recorder(archive)
    mirror = Mirror(port)
    frame = udp_frame(b'x' * 900)
    mirror.send(frame[:128])
    mirror.send(frame)
    time.sleep(0.5)
    t.stop(recorder)
    t.equal([(len(p.data), p.len) for p in archive_packets(archive)], [(128, len(frame)), (len(frame), len(frame))], 'caplen, len')
    mirror.close()


def case_a_packet_is_found_within_a_second_in_the_open_segment(t):
    archive = t.path('archive')
    recorder, port = t.recorder(archive)
    mirror = Mirror(port)
    for n in range(3):
        sent = time.monotonic()
        mirror.send(udp_frame(b'lonely', destination=('192.0.2.2', 7000 + n)))
        time.sleep(max(0, sent + 1.05 - time.monotonic()))
        t.equal(t.find_count('-A', archive, '-Y', f'udp.dstport == {7000 + n}'), 1, f'packet {n}, 1 s after it was sent')
    t.check(open_segments(archive), 'no open segment')
    t.stop(recorder)
    mirror.close()


def case_signals_leave_sealed_valid_segments(t):
    for how in (signal.SIGTERM, signal.SIGINT):
        archive = t.path(f'archive-{how}')
        recorder, port = t.recorder(archive)
        mirror = Mirror(port)
        for n in range(500):
            mirror.send(udp_frame(n.to_bytes(4, 'big') * 50))
            time.sleep(0.0005)
        time.sleep(0.3)
        t.stop(recorder, how)
        t.equal(open_segments(archive), [], 'open segments left')
        t.equal(len(archive_packets(archive)), 500, 'packets')
        t.run('check', '-A', archive)
        mirror.close()


def case_segments_rotate_by_size(t):
    archive = t.path('archive')
    recorder, port = t.recorder(archive, '-C', '200k')
    mirror = Mirror(port)
    noise = t.random.randbytes(1000)
    for n in range(2000):
        mirror.send(udp_frame(n.to_bytes(4, 'big') + t.random.randbytes(700) + noise[:200]))
        time.sleep(0.0005)
    time.sleep(0.5)
    t.stop(recorder)
    sizes = [os.path.getsize(path) for path in segments(archive)]
    t.check(len(sizes) >= 4, f'{len(sizes)} segments: {sizes}')
    t.check(max(sizes) < 900_000, f'a segment far over -C: {sizes}')
    t.equal([int.from_bytes(p.data[42:46], 'big') for p in archive_packets(archive)], list(range(2000)), 'packets')
    t.run('check', '-A', archive)
    mirror.close()


def case_segments_rotate_by_the_clock_without_traffic(t):
    archive = t.path('archive')
    recorder, port = t.recorder(archive, '-G', '2')
    mirror = Mirror(port)
    mirror.send(udp_frame(b'the only one'))
    wait_for(t, 5, lambda: any(not p.endswith('.open') for p in segments(archive)), 'a sealed segment, with no packet to push it')
    t.equal(t.find_count('-A', archive, '-Y', 'udp.dstport == 9999'), 1, 'the packet')
    mirror.close()
    t.stop(recorder)
    t.run('check', '-A', archive)


def case_retention_keeps_the_newest_within_its_budget(t):
    archive = t.path('archive')
    recorder, port = t.recorder(archive, '-C', '200k', '--keep-bytes', '1M')
    mirror = Mirror(port)
    for n in range(4000):
        mirror.send(udp_frame(n.to_bytes(4, 'big') + t.random.randbytes(900)))
        time.sleep(0.0005)
    time.sleep(0.5)
    t.stop(recorder)
    total = sum(os.path.getsize(os.path.join(archive, name)) for name in os.listdir(archive))
    t.check(total < 1_900_000, f'{total} bytes kept of a budget of 1M')
    got = [int.from_bytes(p.data[42:46], 'big') for p in archive_packets(archive)]
    t.check(got and got == list(range(got[0], 4000)), f'not the newest: {got[:3]}..{got[-3:]}')
    t.run('check', '-A', archive)
    mirror.close()


def case_a_device_is_found_while_it_is_recorded(t):
    archive = t.path('archive')
    recorder, port = t.recorder(archive)
    t.run('replay', DEMO, '--to', f'vxlan://127.0.0.1:{port}', '--speed', '100')
    time.sleep(1.2)
    wanted = t.find_count('-r', DEMO, '--device', 'D:79445e2600000005')
    t.equal(t.find_count('-A', archive, '--device', 'D:79445e2600000005'), wanted, 'in the open segment')
    t.stop(recorder)
    t.equal(t.find_count('-A', archive, '--device', 'D:79445e2600000005'), wanted, 'in the sealed one')


def case_status_shows_packets_and_drops(t):
    archive = t.path('archive')
    recorder, port = t.recorder(archive)
    mirror = Mirror(port)
    for n in range(321):
        mirror.send(udp_frame(b'counted'))
        time.sleep(0.0005)
    time.sleep(1.5)
    text = t.run('status', '-A', archive).stdout.decode()
    t.check('321' in text.replace(',', ''), f'status does not tell 321 packets:\n{text}')
    t.check('drop' in text.lower() or 'lost' in text.lower(), f'status says nothing of drops:\n{text}')
    said = t.stop(recorder)
    t.check('321' in said.replace(',', ''), f'the recorder does not say what it kept at exit: {said}')
    statistics = []
    archive_packets(archive, statistics)
    t.check(statistics, 'no interface statistics block in the segment')
    t.check(any(int.from_bytes(options.get(4, b''), 'little') == 321 for _, options in statistics),
            f'isb_ifrecv is not 321: {statistics}')
    mirror.close()


def case_a_live_interface_is_recorded_with_a_filter(t):
    t.need_root()
    t.need('ip')
    name = f'tdtest{os.getpid()}'
    subprocess.run(['ip', 'netns', 'add', name], check=True)
    try:
        inside = ['ip', 'netns', 'exec', name]
        subprocess.run(['ip', '-n', name, 'link', 'set', 'lo', 'up'], check=True)
        archive = t.path('archive')
        child = subprocess.Popen(inside + [t.tapdeck, 'record', '-i', 'lo', '-w', archive, 'udp', 'dst', 'port', '9999'],
                                 stdout=subprocess.DEVNULL, stderr=open(t.path('log'), 'wb'))
        child.log = t.path('log')
        t.children.append(child)
        wait_for(t, 10, lambda: os.path.isdir(archive) and 'eth' or child.poll() is not None, 'the recorder')
        time.sleep(1.5)
        subprocess.run(inside + ['python3', '-c', '''
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for n in range(50):
    s.sendto(b"wanted %d" % n, ("127.0.0.1", 9999))
    s.sendto(b"unwanted", ("127.0.0.1", 9998))
'''], check=True)
        time.sleep(1)
        t.stop(child)
        got = [p.data[42:] for p in archive_packets(archive)]
        t.equal([text for i, text in enumerate(got) if text not in got[:i]], [b'wanted %d' % n for n in range(50)], 'payloads')
    finally:
        subprocess.run(['ip', 'netns', 'del', name], check=False)
