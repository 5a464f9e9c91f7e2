#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Live sources on real sockets: veth pairs in network namespaces of their own, and loopback inside one.

live_test.py CAPTURE_PROBE FLOOD TAPDECK [NAME...]. Needs root (or CAP_NET_ADMIN and CAP_SYS_ADMIN) and ip(8); without them it says
so and exits 77, which meson counts as skipped. Nothing outside the namespaces it makes is touched.
"""
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile
import time

PROBE, FLOOD, TAPDECK = (os.path.abspath(p) for p in sys.argv[1:4])
A, B = f"tapdeck-a-{os.getpid()}", f"tapdeck-b-{os.getpid()}"


def run(*words, check=True, **more):
    return subprocess.run(words, check=check, capture_output=True, text=True, **more)


def ip(*words, check=True):
    return run("ip", *words, check=check)


def inside(namespace, *words, **more):
    return run("ip", "netns", "exec", namespace, *words, **more)


def setup():
    for name in (A, B):
        ip("netns", "add", name)
        ip("-n", name, "link", "set", "lo", "up")
        inside(name, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=0", check=False)
    ip("link", "add", "veth0", "netns", A, "type", "veth", "peer", "name", "veth0", "netns", B)
    for name in (A, B):  # quiet: no router solicitations between the frames that are counted
        inside(name, "sysctl", "-qw", "net.ipv6.conf.veth0.disable_ipv6=1", check=False)
        ip("-n", name, "link", "set", "veth0", "up")


def teardown():
    for name in (A, B):
        ip("netns", "del", name, check=False)


class Probe:
    """A capture_probe in a namespace; packets and statistics once it has been stopped."""

    def __init__(self, *words, namespace=B):
        self.process = subprocess.Popen(["ip", "netns", "exec", namespace, PROBE, *words], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        first = self.process.stdout.readline().strip()
        self.error = "" if first == "ready" else self.process.stderr.read()

    def stop(self):
        out, err = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, err
        self.packets, self.stats, self.faults = [], {}, []
        for line in out.splitlines():
            parts = line.split("\t")
            if parts[0] == "packet":
                self.packets.append((parts[1], int(parts[2]), int(parts[3]), int(parts[4]), int(parts[5]),
                                     bytes.fromhex(parts[6])))
            elif parts[0] == "stats":
                numbers = parts[2].split()
                self.stats[parts[1]] = dict(zip(numbers[::2], map(int, numbers[1::2])))
            elif parts[0] == "fault":
                self.faults.append(parts[1])
        return self


def flood(*words, namespace=A):
    out = inside(namespace, FLOOD, "veth0", *words).stdout.split()
    return int(out[1]), float(out[5])


def numbers_of(packets, at):
    return [struct.unpack(">Q", p[5][at:at + 8])[0] for p in packets]


def frames_sent_on_one_end_are_captured_on_the_other():
    probe = Probe("-x", "veth0")
    before = time.time_ns()
    sent, _ = flood("-n", "5000", "-r", "20000", "-s", "200")
    probe.stop()
    assert sent == 5000
    assert numbers_of(probe.packets, 42) == list(range(5000))
    for name, linktype, caplen, length, ts, data in probe.packets:
        assert (name, linktype, caplen, length) == ("veth0", 1, 200, 200)
        assert data[12:14] == b"\x08\x00" and before <= ts <= time.time_ns()
    stamps = [p[4] for p in probe.packets]
    assert stamps == sorted(stamps) and any(t % 1000 for t in stamps), "stamps are not in nanoseconds"
    assert probe.stats["veth0"]["packets"] == 5000 and probe.stats["veth0"]["kernel"] == 0


def own_frames_are_captured_too():
    ip("-n", A, "addr", "add", "10.9.0.1/24", "dev", "veth0")
    ip("-n", A, "neigh", "add", "10.9.0.2", "lladdr", "02:00:00:00:00:02", "dev", "veth0")
    probe = Probe("-x", "-f", "outbound and udp port 9999", "veth0", namespace=A)
    send_udp(A, [("10.9.0.2", 9999, bytes([i])) for i in range(10)])
    seen = [p[5][42] for p in probe.stop().packets]
    assert seen == list(range(10)), seen


def a_vlan_tag_the_kernel_took_off_is_put_back():
    probe = Probe("-x", "veth0")
    flood("-n", "100", "-Q", str(5 << 13 | 42), "-s", "100")
    probe.stop()
    assert numbers_of(probe.packets, 46) == list(range(100))
    for _, _, caplen, length, _, data in probe.packets:
        assert (caplen, length, data[:18]) == (
            100, 100, b"\x02\0\0\0\0\2\x02\0\0\0\0\1\x81\x00" + struct.pack(">H", 5 << 13 | 42) + b"\x08\x00")


def a_vlan_filter_sees_the_tag():
    tagged, other = Probe("-x", "-f", "vlan 42 and udp port 5684", "veth0"), Probe("-x", "-f", "vlan 43", "veth0")
    flood("-n", "10", "-Q", "42")
    flood("-n", "10")
    assert len(tagged.stop().packets) == 10
    assert not other.stop().packets


def a_filter_and_a_snaplen_hold_in_the_kernel():
    probe = Probe("-x", "-s", "60", "-f", "src host 10.1.0.7", "veth0")
    flood("-n", "100", "-f", "10")
    probe.stop()
    assert numbers_of(probe.packets, 42) == list(range(7, 100, 10))
    assert all((p[2], p[3], len(p[5])) == (60, 200, 60) for p in probe.packets)
    assert probe.stats["veth0"]["truncated"] == 10


def any_gives_cooked_frames_with_the_link_named():
    probe = Probe("-x", "-f", "udp port 5684", "any")
    flood("-n", "20")
    flood("-n", "20", "-Q", "42")
    probe.stop()
    index = int(inside(B, "cat", "/sys/class/net/veth0/ifindex").stdout)
    plain, tagged = probe.packets[:20], probe.packets[20:]
    assert [p[1] for p in probe.packets] == [276] * len(probe.packets)
    assert numbers_of(plain, 20 + 28) == list(range(20))
    for p in plain:
        assert p[5][:20] == struct.pack(">HHIHBB8s", 0x0800, 0, index, 1, 3, 6, b"\x02\0\0\0\0\1\0\0")
        assert p[2] == p[3] == 200 - 14 + 20
    # an expression that does not say vlan does not see into tagged frames: as in tcpdump
    assert len(tagged) in (0, 20)
    probe = Probe("-x", "any")
    flood("-n", "20", "-Q", "42")
    tagged = probe.stop().packets
    assert numbers_of(tagged, 24 + 28) == list(range(20))
    for p in tagged:
        assert p[5][:2] == b"\x81\x00" and p[5][20:24] == b"\x00\x2a\x08\x00"


def on_loopback_each_frame_is_seen_once():
    for name in ("lo", "any"):
        probe = Probe("-x", "-f", "udp port 9999", name)
        send_udp(B, [("127.0.0.1", 9999, b"hello")] * 10)
        probe.stop()
        assert len(probe.packets) == 10, (name, len(probe.packets))


def what_the_ring_has_no_room_for_is_counted():
    probe = Probe("-R", str(1 << 20), "-S", "1500", "veth0")
    sent, _ = flood("-n", "50000")
    stats = probe.stop().stats["veth0"]
    assert stats["kernel"] > 0 and stats["packets"] + stats["kernel"] == sent, (sent, stats)


def a_stalled_consumer_loses_nothing_the_ring_can_hold():
    probe = Probe("-x", "-S", "1000", "veth0")
    sent, _ = flood("-n", "20000", "-r", "40000")
    probe.stop()
    assert numbers_of(probe.packets, 42) == list(range(sent))


def faults_name_the_interface_and_what_to_do():
    assert 'no interface "nosuch"' in Probe("nosuch").error
    assert "udp prot" in Probe("-f", "udp prot 1", "veth0").error
    ip("-n", B, "link", "set", "veth0", "down")
    try:
        assert "veth0 is down" in Probe("veth0").error
    finally:
        ip("-n", B, "link", "set", "veth0", "up")


def an_interface_that_goes_down_delivers_what_it_had_and_then_faults():
    probe = Probe("-x", "veth0")
    flood("-n", "100")
    ip("-n", B, "link", "set", "veth0", "down")
    time.sleep(0.5)
    ip("-n", B, "link", "set", "veth0", "up")
    probe.stop()
    assert len(probe.packets) == 100
    assert len(probe.faults) == 1 and "veth0 went down" in probe.faults[0], probe.faults


def an_interface_that_is_removed_faults():
    ip("-n", B, "link", "add", "veth9", "type", "veth", "peer", "name", "veth8")
    ip("-n", B, "link", "set", "veth9", "up")
    probe = Probe("-x", "veth9")
    ip("-n", B, "link", "del", "veth9")
    time.sleep(0.5)
    probe.stop()
    assert len(probe.faults) == 1 and "veth9" in probe.faults[0], probe.faults


SENDER = """
import socket, sys
for line in sys.stdin:
    host, port, payload = line.split()
    s = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    s.sendto(bytes.fromhex(payload), (host, int(port)))
"""


def send_udp(namespace, datagrams):
    inside(namespace, sys.executable, "-c", SENDER,
           input="".join(f"{h} {p} {d.hex()}\n" for h, p, d in datagrams))


def frame_of(n, size=200):
    return (b"\x02\0\0\0\0\2\x02\0\0\0\0\1\x08\x00\x45\0" + struct.pack(">H", size - 14) +
            b"\0\0\0\0\x40\x11\0\0\x0a\0\0\1\x0a\0\0\2" + struct.pack(">HHHHQ", 1, 2, size - 34, 0, n)).ljust(
                size, b"x")


def a_mirror_is_heard_over_ipv4_and_ipv6_and_several_sources_at_once():
    probe = Probe("-x", "vxlan:4789", "vxlan:4790", namespace=A)
    head = b"\x08\0\0\0\0\0\x2a\0"
    send_udp(A, [("127.0.0.1", 4789, head + frame_of(1)), ("::1", 4789, head + frame_of(2)),
                 ("::1", 4790, head + frame_of(3)), ("127.0.0.1", 4790, b"nonsense")])
    probe.stop()
    got = {struct.unpack(">Q", p[5][42:50])[0]: p[0] for p in probe.packets}
    assert got == {1: "vxlan 127.0.0.1 vni 42", 2: "vxlan ::1 vni 42", 3: "vxlan ::1 vni 42"}, got
    assert probe.stats["vxlan [::]:4790"]["refused"] == 1


def what_our_own_queue_has_no_room_for_is_counted():
    probe = Probe("-M", "1", "-S", "3000", "vxlan:4789", namespace=A)
    with tempfile.NamedTemporaryFile(suffix=".pcap") as file:
        write_pcap(file, [frame_of(i) for i in range(20000)])
        out = inside(A, TAPDECK, "replay", file.name, "--to", "vxlan://127.0.0.1:4789", "--speed", "max").stderr
    sent = int(re.search(r"(\d+) frames wrapped", out).group(1))
    stats = probe.stop().stats["vxlan [::]:4789"]
    assert sent == 20000 and stats["queue"] > 0, (sent, stats)
    assert stats["packets"] + stats["queue"] + stats["kernel"] == sent, (sent, stats)


def write_pcap(file, frames, step_us=1000, linktype=1):
    file.write(struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, linktype))
    for i, frame in enumerate(frames):
        us = i * step_us
        file.write(struct.pack("<IIII", 1700000000 + us // 1000000, us % 1000000, len(frame), len(frame)) + frame)
    file.flush()


def outer(payload, port=4789):
    udp = struct.pack(">HHHH", 4000, port, len(payload) + 8, 0) + payload
    ip4 = b"\x45\0" + struct.pack(">H", len(udp) + 20) + b"\0\0\0\0\x40\x11\0\0\x0a\0\0\1\x0a\0\0\2"
    return b"\x02\0\0\0\0\2\x02\0\0\0\0\1\x08\x00" + ip4 + udp


def replay_sends_each_frame_in_vxlan_at_the_pace_of_the_capture():
    probe = Probe("-x", "vxlan:4789", namespace=A)
    with tempfile.NamedTemporaryFile(suffix=".pcap") as file:
        write_pcap(file, [frame_of(i) for i in range(101)], step_us=10000)
        done = inside(A, TAPDECK, "replay", file.name, "--to", "vxlan://[::1]/77", "--speed", "2")
    probe.stop()
    assert [p[5] for p in probe.packets] == [frame_of(i) for i in range(101)]
    assert {p[0] for p in probe.packets} == {"vxlan ::1 vni 77"}
    took = (probe.packets[-1][4] - probe.packets[0][4]) / 1e9
    assert 0.49 < took < 0.6, took
    assert "101 frames wrapped" in done.stderr


def replay_sends_a_mirrors_own_datagrams_as_they_were():
    probe = Probe("-x", "vxlan:4789", namespace=A)
    with tempfile.NamedTemporaryFile(suffix=".pcap") as file:
        write_pcap(file, [outer(b"\x08\0\0\0\0" + bytes([0, i]) + b"\0" + frame_of(i)) for i in range(5)])
        done = inside(A, TAPDECK, "replay", file.name, "--to", "vxlan://127.0.0.1", "--speed", "max", "-c", "4")
    probe.stop()
    assert [p[0] for p in probe.packets] == [f"vxlan 127.0.0.1 vni {i}" for i in range(4)]
    assert [p[5] for p in probe.packets] == [frame_of(i) for i in range(4)]
    assert "4 were VXLAN already" in done.stderr


def replay_says_what_it_could_not_send():
    with tempfile.NamedTemporaryFile(suffix=".pcap") as file:
        write_pcap(file, [b"\x45" + bytes(40)], linktype=101)
        done = inside(A, TAPDECK, "replay", file.name, "--to", "vxlan://127.0.0.1", check=False)
        assert done.returncode == 1 and "1 not sent: no Ethernet frames" in done.stderr, done
    with tempfile.NamedTemporaryFile(suffix=".pcap") as file:
        write_pcap(file, [frame_of(i) for i in range(50)])
        done = inside(A, TAPDECK, "replay", file.name, "--to", "udp://127.0.0.1:9", check=False)
        assert "nobody listens there" in done.stderr, done
    assert inside(A, TAPDECK, "replay", "/nosuch", "--to", "udp://127.0.0.1:9", check=False).returncode == 2
    assert inside(A, TAPDECK, "replay", "/nosuch", check=False).returncode == 2


TESTS = [
    frames_sent_on_one_end_are_captured_on_the_other,
    own_frames_are_captured_too,
    a_vlan_tag_the_kernel_took_off_is_put_back,
    a_vlan_filter_sees_the_tag,
    a_filter_and_a_snaplen_hold_in_the_kernel,
    any_gives_cooked_frames_with_the_link_named,
    on_loopback_each_frame_is_seen_once,
    what_the_ring_has_no_room_for_is_counted,
    a_stalled_consumer_loses_nothing_the_ring_can_hold,
    faults_name_the_interface_and_what_to_do,
    an_interface_that_goes_down_delivers_what_it_had_and_then_faults,
    an_interface_that_is_removed_faults,
    a_mirror_is_heard_over_ipv4_and_ipv6_and_several_sources_at_once,
    what_our_own_queue_has_no_room_for_is_counted,
    replay_sends_each_frame_in_vxlan_at_the_pace_of_the_capture,
    replay_sends_a_mirrors_own_datagrams_as_they_were,
    replay_says_what_it_could_not_send,
]


def main():
    failed = 0
    if os.geteuid() != 0 or ip("netns", "list", check=False).returncode != 0:
        print("SKIPPED: the live tests need root and ip(8) to make network namespaces")
        return 77
    try:
        setup()
    except (subprocess.CalledProcessError, FileNotFoundError) as fault:
        teardown()
        print("SKIPPED: network namespaces cannot be made here:", getattr(fault, "stderr", fault))
        return 77
    try:
        for test in TESTS:
            if sys.argv[4:] and test.__name__ not in sys.argv[4:]:
                continue
            try:
                test()
                print("ok    ", test.__name__.replace("_", " "), flush=True)
            except Exception as fault:  # one test's fault is not the others'
                failed += 1
                print("FAILED", test.__name__.replace("_", " "), "-", type(fault).__name__, fault,
                      getattr(fault, "stderr", ""), "line", fault.__traceback__.tb_next.tb_lineno, flush=True)
    finally:
        teardown()
    return 1 if failed else 0


sys.exit(main())
