# SPDX-License-Identifier: Apache-2.0
"""Every device of a simulated fleet is found whole, and nothing else with it: tapdeck against fleetgen's ground truth,
over the raw capture and over the archive made of it, with everything that fleetgen can do switched on.

An epoch (fleetgen.md) is *named* when a frame of the capture ties it to its device: its ClientKeyExchange, CONNECT or
registration; for an abbreviated handshake, that of the full one whose session id it offers; for a connection id, that
of the session it moves. All frames of named epochs must be found, and no frame of another device. The others are the
exchanges that the end of the capture cuts before they name anyone, and the sessions begun before it (midstream) with
what follows from them: their frames may be found or not, and the sessions must be counted as nobody's.

TLS names no device here but a tenant: what is found by its name is held against all its devices at once."""
import bisect
import collections
import concurrent.futures
import json
import mmap
import os
import re
import socket
import struct
import subprocess
import time

DTLS, COAP, MQTT = 5684, 5683, 1883
SERVER_PORTS = {DTLS, COAP, MQTT, 8883, 443}
# What a frame shows of its session: it names the device, ends an abbreviated handshake, is sealed.
NAMES, ENDS, SEALED = 1, 2, 4


def nanoseconds(text):
    seconds, _, fraction = text.partition('.')
    return int(seconds) * 10**9 + int(fraction.ljust(9, '0')[:9])


def dtls_marks(payload, is_up):
    """The records of a datagram, by their heads."""
    marks = at = 0
    while at + 13 <= len(payload):
        kind, epoch = payload[at], struct.unpack_from('!H', payload, at + 3)[0]
        if epoch:
            return marks | SEALED
        if is_up and kind == 22 and payload[at + 13:at + 14] == b'\x10':
            marks |= NAMES
        if is_up and kind == 20:
            marks |= ENDS
        at += 13 + struct.unpack_from('!H', payload, at + 11)[0]
    return marks


def marks_of(port, payload, is_up):
    if port == DTLS:
        return dtls_marks(payload, is_up)
    if not is_up:
        return 0
    if port == COAP:
        return NAMES if payload[1:2] == b'\x02' and b'ep=' in payload else 0
    if port == MQTT:
        return NAMES if payload[:1] == b'\x10' else 0
    return NAMES if payload[:1] == b'\x16' else 0


class Frames:
    """The capture, read once: the frames of each conversation, by number and time."""

    def __init__(self, path, has_vxlan):
        self.flows = collections.defaultdict(list)  # device ip, port, server ip, port -> [(ts, number, marks)]
        self.outer = 14 + 20 + 8 + 8 if has_vxlan else 0
        with open(path, 'rb') as f, mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ) as data:
            self.read(data)

    def read(self, data):
        unit = {0xa1b2c3d4: 1000, 0xa1b23c4d: 1}[struct.unpack_from('<I', data, 0)[0]]
        at, number, size = 24, 0, len(data)
        started = {}  # (source, destination, id) -> conversation of the first fragment
        waiting = collections.defaultdict(list)
        while at + 16 <= size:
            seconds, fraction, caplen, _ = struct.unpack_from('<IIII', data, at)
            ts = seconds * 10**9 + fraction * unit
            number += 1
            inner, at = data[at + 16 + self.outer:at + 16 + caplen], at + 16 + caplen
            kind = inner[12:14]
            if kind == b'\x08\0' and len(inner) >= 34:
                head = (inner[14] & 15) * 4
                source, destination = inner[26:30], inner[30:34]
                protocol, fragment = inner[23], struct.unpack('!H', inner[20:22])[0]
                payload = inner[14 + head:14 + max(head, struct.unpack('!H', inner[16:18])[0])]
                if fragment & 0x3fff:
                    key = (source, destination, inner[18:20])
                    if fragment & 0x1fff:
                        if key in started:
                            self.add(started[key], ts, number, b'')
                        else:
                            waiting[key].append((ts, number))
                        continue
                    started[key] = (source, destination) + struct.unpack('!HH', payload[:4])
                    for earlier in waiting.pop(key, []):
                        self.add(started[key], *earlier, b'')
            elif kind == b'\x86\xdd' and len(inner) >= 54:
                protocol, source, destination = inner[20], inner[22:38], inner[38:54]
                payload = inner[54:54 + struct.unpack('!H', inner[18:20])[0]]
            else:
                continue
            if protocol == 17 and len(payload) >= 8:
                self.add((source, destination) + struct.unpack('!HH', payload[:4]), ts, number, payload[8:])
            elif protocol == 6 and len(payload) >= 20:
                self.add((source, destination) + struct.unpack('!HH', payload[:4]), ts, number, payload[(payload[12] >> 4) * 4:])

    def add(self, ends, ts, number, payload):
        source, destination, source_port, destination_port = ends
        if destination_port in SERVER_PORTS:
            self.flows[source, source_port, destination, destination_port].append(
                (ts, number, marks_of(destination_port, payload, True)))
        elif source_port in SERVER_PORTS:
            self.flows[destination, destination_port, source, source_port].append(
                (ts, number, marks_of(source_port, payload, False)))

    def between(self, epoch):
        family = socket.AF_INET6 if ':' in epoch['ip'] else socket.AF_INET
        flow = self.flows.get((socket.inet_pton(family, epoch['ip']), epoch['port'],
                               socket.inet_pton(family, epoch['server_ip']), epoch['server_port']), [])
        low = bisect.bisect_left(flow, (nanoseconds(epoch['t_start']), 0, 0))
        high = bisect.bisect_right(flow, (nanoseconds(epoch['t_end']), 1 << 62, 0))
        return flow[low:high]


class Tally:
    def __init__(self):
        self.devices = self.right = self.wanted = self.got = self.both = 0
        self.others = self.others_found = 0
        self.wrong = []


class Fleet:
    """Who must be found where: {identity: (frames that must be there, frames that may be)}, and how many sessions are
    nobody's."""

    def __init__(self, frames, truth):
        self.asked = collections.defaultdict(lambda: (set(), set()))
        self.groups = collections.defaultdict(lambda: (set(), set()))
        self.nobodys = self.nameless = self.devices = self.epochs = 0
        for device in truth:
            if 'class' in device:
                self.devices += 1
                self.take(frames, device)

    def take(self, frames, device):
        required, allowed, is_named, has_session_id = set(), set(), False, False
        for epoch in device['epochs']:
            found = frames.between(epoch)
            marks = 0
            for _, _, mark in found:
                marks |= mark
            numbers = {number for _, number, _ in found}
            if len(numbers) != epoch['packets']:
                raise AssertionError(f'the test itself counts {len(numbers)} frames in an epoch of {epoch["packets"]}: {epoch}')
            reason = epoch['reason']
            if reason == 'resume':
                is_named = has_session_id and bool(marks & ENDS)
            elif reason == 'midstream':
                is_named = False
            elif reason != 'cid_rebind':
                is_named = bool(marks & NAMES)
                has_session_id |= is_named
            self.epochs += 1
            (required if is_named else allowed).update(numbers)
            self.nobodys += not is_named and bool(marks & SEALED)
        named = [device[key] for key in ('dtls_psk_identity', 'lwm2m_endpoint', 'mqtt_client_id') if key in device]
        groups = [device[key] for key in ('mqtt_user_name', 'tls_sni') if key in device]
        self.nameless += not required
        for names, table in ((named, self.asked), (groups, self.groups)):
            for name in names:
                table[name][0].update(required)
                table[name][1].update(allowed)


def judge(t, source, asked, encap):
    tally = Tally()

    def ask(item):
        return item, set(t.find_numbers(*source, '--device', item[0]))

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for (identity, (required, allowed)), got in pool.map(ask, asked):
            tally.devices += 1
            tally.wanted += len(required)
            tally.others += len(allowed)
            tally.others_found += len(got & allowed)
            judged = got - allowed
            tally.got += len(judged)
            tally.both += len(judged & required)
            if judged == required:
                tally.right += 1
            else:
                tally.wrong.append(f'{identity}: {len(required - judged)} of {len(required)} missing '
                                   f'{sorted(required - judged)[:5]}, {len(judged - required)} foreign '
                                   f'{sorted(judged - required)[:5]}')
    t.note(f'  {source[0]} {encap}: {tally.right} of {tally.devices} right; recall {tally.both / max(1, tally.wanted):.6f}, '
           f'precision {tally.both / max(1, tally.got):.6f}; of frames of nameless sessions and cut exchanges '
           f'{tally.others_found} of {tally.others} found')
    return tally


def generate(t, seed, *options):
    t.need('cc')
    tool = t.path('fleetgen')
    if not os.path.exists(tool):
        subprocess.run(['cc', '-std=c17', '-O2', '-o', tool, t.shared('tools', 'fleetgen.c')], check=True)
    capture, truth = t.path(f'fleet-{seed}.pcap'), t.path(f'fleet-{seed}.jsonl')
    subprocess.run([tool, '--seed', str(seed), *options, '--out', capture, '--truth', truth], check=True, capture_output=True)
    return capture, truth


def affordable(t, source, asked, sample, seconds):
    """Those that can be asked for in that time: on a slow machine a random part of them."""
    began = time.monotonic()
    t.find_numbers(*source, '--device', asked[0][0])
    n = min(sample, max(10, int(seconds / (time.monotonic() - began))))
    return asked if len(asked) <= n else t.random.sample(asked, n)


EVERYTHING = ['--nat', '60', '--cid', '50', '--resume', '50', '--retransmit', '2000', '--midstream', '20', '--ipv6', '25',
              '--trunc', '200', '--mix', 'dtls=50,coap=20,mqtt=20,tls=10,noise=4']


def one_fleet(t, devices, size, sample, seconds, encap, *options):
    seed = t.random.randrange(1, 1 << 31)
    capture, truth_path = generate(t, seed, '--devices', str(devices), '--bytes', size, '--encap', encap, *options)
    fleet = Fleet(Frames(capture, encap == 'vxlan'), map(json.loads, open(truth_path)))
    asked, groups = [item for item in fleet.asked.items() if item[1][0]], list(fleet.groups.items())
    archive = t.path(f'archive-{seed}')
    t.run('import', capture, '-w', archive, timeout=600)
    t.note(f'seed {seed}: {fleet.devices} devices, {fleet.epochs} epochs, {size}, {encap}: {len(asked)} named, {fleet.nameless} never, '
           f'{fleet.nobodys} sessions are nobody\'s')
    wrong = []
    for source in (('-r', capture), ('-A', archive)):
        some = affordable(t, source, asked, sample, seconds) + affordable(t, source, groups, 5, seconds)
        wrong += [f'seed {seed}, {source[0]}: {line}' for line in judge(t, source, some, encap).wrong]
        nobodys = explained_nobodys(t, source, asked[0][0])
        # Two of them at one address, one behind the other, are taken for one where nothing tells them apart.
        if not fleet.nobodys * 0.97 - 2 <= nobodys <= fleet.nobodys * 1.03 + 2:
            wrong.append(f'seed {seed}, {source[0]}: {nobodys} sessions are nobody\'s, and should be {fleet.nobodys}')
    os.unlink(capture)
    return wrong


def explained_nobodys(t, source, identity):
    done = t.run('find', *source, '--device', identity, '--count', '--explain', exit=(0, 1))
    found = re.search(rb"nobody's: (\d+) sessions", done.stdout + done.stderr)
    t.check(found, f'--explain does not tell the sessions of nobody:\n{done.stderr.decode()}')
    return int(found[1])


def case_every_device_of_a_fleet_with_everything_is_found_whole(t):
    wrong = []
    for encap in ('vxlan', 'none'):
        wrong += one_fleet(t, 600, '12M', 300 if t.quick else 600, 20, encap, *EVERYTHING)
    t.check(not wrong, f'{len(wrong)} wrong:\n' + '\n'.join(wrong[:25]))


def case_every_device_of_a_fleet_as_fleetgen_makes_it_is_found_whole(t):
    wrong = one_fleet(t, 2000, '40M', 400 if t.quick else 2000, 30, 'vxlan')
    t.check(not wrong, f'{len(wrong)} wrong:\n' + '\n'.join(wrong[:25]))


def case_every_device_of_a_dense_small_fleet_is_found_whole(t):
    options = ['--cid', '70', '--resume', '0', '--nat', '80', '--midstream', '0', '--retransmit', '8000']
    wrong = one_fleet(t, 150, '4M', 60 if t.sanitized or t.quick else 200, 20, 'vxlan', *options)
    t.check(not wrong, f'{len(wrong)} wrong:\n' + '\n'.join(wrong[:25]))


def case_the_archive_answers_without_reading_the_other_blocks(t):
    seed = t.random.randrange(1, 1 << 31)
    capture, truth_path = generate(t, seed, '--devices', '2000', '--bytes', '40M')
    archive = t.path('archive')
    t.run('import', capture, '-w', archive, timeout=600)
    identities = [json.loads(line)['dtls_psk_identity'] for line in open(truth_path) if '"dtls_psk_identity"' in line]
    shares = []
    for identity in t.random.sample(identities, 20):
        done = t.run('find', '-A', archive, '--device', identity, '--count', '--explain', exit=(0, 1))
        text = (done.stdout + done.stderr).decode()
        numbers = re.search(r'blocks: (\d[\d,]*) read of (\d[\d,]*)', text)
        t.check(numbers, f'--explain does not tell the blocks read:\n{text}')
        read, there = (int(number.replace(',', '')) for number in numbers.groups())
        t.check(there > 50, f'only {there} blocks in an archive of 40 MB')
        shares.append(read / there)
    average = sum(shares) / len(shares)
    t.note(f'seed {seed}: {average:.1%} of the blocks read on average, {max(shares):.1%} at the most, over {len(shares)} devices')
    # A device of this fleet has some 10 to 200 frames over an hour: it is in that many blocks at the most.
    t.check(average < 0.5, f'{average:.1%} of the blocks read on average')


case_every_device_of_a_fleet_as_fleetgen_makes_it_is_found_whole.slow = True
case_every_device_of_a_fleet_as_fleetgen_makes_it_is_found_whole.heavy = True
case_the_archive_answers_without_reading_the_other_blocks.heavy = True
