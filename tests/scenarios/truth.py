# SPDX-License-Identifier: Apache-2.0
"""Every DTLS device of a simulated fleet is found whole, and nothing else with it: tapdeck against fleetgen's ground
truth, over the raw capture and over the archive made of it.

Judged are the epochs of kind first, handshake and cid_rebind. Frames of resume and midstream epochs are counted and
reported: a resumption may be tied to its device, but need not be here. Left out of the judgement, and counted:
devices of which no frame carries the identity, since their only exchange was cut by the end of the capture before
the ClientKeyExchange (fleetgen.md), and the frames of such a last exchange. An exchange is
taken as cut when its epoch began, by a handshake, and no ClientKeyExchange follows in it."""
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


def nanoseconds(text):
    seconds, _, fraction = text.partition('.')
    return int(seconds) * 10**9 + int(fraction.ljust(9, '0')[:9])


class Frames:
    """The capture, read once: the frames of each conversation, by number and time."""

    def __init__(self, path):
        self.flows = collections.defaultdict(list)  # (ip a, port a, ip b, port b), device first -> [(ts, number, key)]
        with open(path, 'rb') as f, mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ) as data:
            self.read(data)

    def read(self, data):
        unit = {0xa1b2c3d4: 1000, 0xa1b23c4d: 1}[struct.unpack_from('<I', data, 0)[0]]
        at, number, size = 24, 0, len(data)
        started = {}  # (source, destination, id, protocol) -> conversation of the first fragment
        waiting = collections.defaultdict(list)
        while at + 16 <= size:
            seconds, fraction, caplen, _ = struct.unpack_from('<IIII', data, at)
            ts = seconds * 10**9 + fraction * unit
            number += 1
            frame, at = data[at + 16:at + 16 + caplen], at + 16 + caplen
            inner = frame[14 + 20 + 8 + 8:]  # Ethernet, IPv4, UDP, VXLAN
            kind = inner[12:14]
            if kind == b'\x08\0' and len(inner) >= 34:
                head = (inner[14] & 15) * 4
                source, destination = inner[26:30], inner[30:34]
                protocol, fragment = inner[23], struct.unpack('!H', inner[20:22])[0]
                payload = inner[14 + head:]
                if protocol != 17:
                    continue
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
                if inner[20] != 17:
                    continue
                source, destination, payload = inner[22:38], inner[38:54], inner[54:]
            else:
                continue
            if len(payload) >= 8:
                self.add((source, destination) + struct.unpack('!HH', payload[:4]), ts, number, payload[8:])

    def add(self, ends, ts, number, payload):
        source, destination, source_port, destination_port = ends
        has_key_exchange = payload[:1] == b'\x16' and len(payload) > 13 and payload[13] == 16
        if destination_port == 5684:
            self.flows[source, source_port, destination].append((ts, number, has_key_exchange))
        elif source_port == 5684:
            self.flows[destination, destination_port, source].append((ts, number, False))

    def between(self, epoch):
        family = socket.AF_INET6 if ':' in epoch['ip'] else socket.AF_INET
        flow = self.flows.get((socket.inet_pton(family, epoch['ip']), epoch['port'],
                               socket.inet_pton(family, epoch['server_ip'])), [])
        low = bisect.bisect_left(flow, (nanoseconds(epoch['t_start']), 0, False))
        high = bisect.bisect_right(flow, (nanoseconds(epoch['t_end']), 1 << 62, True))
        return flow[low:high]


class Tally:
    def __init__(self):
        self.devices = self.right = self.wanted = self.got = self.both = 0
        self.anonymous = self.anonymous_found = 0
        self.nameless = self.cut_frames = 0
        self.wrong = []


def expected(frames, truth, tally):
    """[(identity, frames that must be there, frames that may be there)]"""
    asked = []
    for device in truth:
        required, allowed, is_tied = set(), set(), False
        for epoch in device['epochs']:
            found = frames.between(epoch)
            numbers = {number for _, number, _ in found}
            if len(numbers) != epoch['packets']:
                raise AssertionError(f'the test itself counts {len(numbers)} frames in an epoch of {epoch["packets"]}: {epoch}')
            if epoch['reason'] in ('first', 'handshake'):
                is_tied = any(key for _, _, key in found)
                tally.cut_frames += 0 if is_tied else len(numbers)
            elif epoch['reason'] != 'cid_rebind':
                is_tied = False
            # A move goes with the session it moves: of one without a name it cannot be judged either.
            if is_tied:
                required |= numbers
            else:
                allowed |= numbers
        if not required:
            tally.nameless += 1
            continue
        asked.append((device['dtls_psk_identity'], required, allowed))
    return asked


def judge(t, source, asked, frames_of):
    tally = Tally()

    def ask(item):
        return item, set(t.find_numbers(*source, '--device', item[0]))

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for (identity, required, allowed), got in pool.map(ask, asked):
            tally.devices += 1
            tally.wanted += len(required)
            tally.anonymous += len(allowed)
            tally.anonymous_found += len(got & allowed)
            judged = got - allowed
            tally.got += len(judged)
            tally.both += len(judged & required)
            if judged == required:
                tally.right += 1
            else:
                tally.wrong.append(f'{identity}: {len(required - judged)} of {len(required)} missing '
                                   f'{sorted(required - judged)[:5]}, {len(judged - required)} foreign '
                                   f'{sorted(judged - required)[:5]}')
    t.note(f'  {source[0]}: {tally.right} of {tally.devices} devices right; recall {tally.both / max(1, tally.wanted):.4f}, '
           f'precision {tally.both / max(1, tally.got):.4f}; frames of resumed, midstream and cut exchanges: '
           f'{tally.anonymous_found} of {tally.anonymous} found')
    return tally


def fleet(t, *options):
    t.need('cc')
    tool = t.path('fleetgen')
    subprocess.run(['cc', '-std=c17', '-O2', '-o', tool, t.shared('tools', 'fleetgen.c')], check=True)
    seed = t.random.randrange(1, 1 << 31)
    capture, truth = t.path(f'fleet-{seed}.pcap'), t.path(f'fleet-{seed}.jsonl')
    subprocess.run([tool, '--seed', str(seed), *options, '--out', capture, '--truth', truth], check=True, capture_output=True)
    return seed, capture, truth


def affordable(t, source, asked, sample):
    """Those that can be asked for in some 30 s: on a slow machine a random part of them."""
    began = time.monotonic()
    t.find_numbers(*source, '--device', asked[0][0])
    n = min(sample, max(20, int(30 / (time.monotonic() - began))))
    return asked if len(asked) <= n else t.random.sample(asked, n)


def one_fleet(t, devices, size, sample, *options):
    seed, capture, truth_path = fleet(t, '--devices', str(devices), '--bytes', size, *options)
    truth = [entry for entry in map(json.loads, open(truth_path)) if entry.get('class') == 'dtls']
    frames = Frames(capture)
    tally = Tally()
    asked = expected(frames, truth, tally)
    whole = len(asked)
    archive = t.path(f'archive-{seed}')
    t.run('import', capture, '-w', archive, timeout=600)
    from_file, from_archive = (affordable(t, source, asked, sample) for source in (('-r', capture), ('-A', archive)))
    t.note(f'seed {seed}: {devices} devices, {size}: {len(truth)} with DTLS, {whole} named on the wire, {tally.nameless} not '
           f'(left out), {tally.cut_frames} frames of cut exchanges; asked {len(from_file)} of the file, {len(from_archive)} of the archive')
    wrong = judge(t, ('-r', capture), from_file, frames).wrong
    wrong_archive = judge(t, ('-A', archive), from_archive, frames).wrong
    os.unlink(capture)
    return [f'seed {seed}, file: {line}' for line in wrong] + [f'seed {seed}, archive: {line}' for line in wrong_archive]


def case_every_device_of_two_fleets_is_found_whole(t):
    wrong = []
    for _ in range(2):
        wrong += one_fleet(t, 2000, '40M', 400 if t.quick else 2000)
    t.check(not wrong, f'{len(wrong)} devices wrong:\n' + '\n'.join(wrong[:25]))


def case_every_device_of_a_dense_small_fleet_is_found_whole(t):
    options = ['--cid', '70', '--resume', '0', '--nat', '80', '--midstream', '0', '--retransmit', '8']
    wrong = one_fleet(t, 150, '4M', 60 if t.sanitized or t.quick else 200, *options)
    t.check(not wrong, f'{len(wrong)} devices wrong:\n' + '\n'.join(wrong[:25]))


def case_the_archive_answers_without_reading_the_other_blocks(t):
    seed, capture, truth_path = fleet(t, '--devices', '2000', '--bytes', '40M')
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


case_every_device_of_two_fleets_is_found_whole.slow = True
case_every_device_of_two_fleets_is_found_whole.heavy = True
case_the_archive_answers_without_reading_the_other_blocks.heavy = True
