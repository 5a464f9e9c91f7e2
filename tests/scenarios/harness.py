# SPDX-License-Identifier: Apache-2.0
"""What every scenario needs: a temporary folder, the program under test, a recorder that is always taken down, and
readers of pcap and pcapng that owe nothing to tapdeck, so that they can judge it.

A story is a file of this folder; each function case_* in it is one case, its name the sentence. A case gets one
argument, the Test, and fails by an exception. Standard library only."""
import collections
import gzip
import os
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PROJECT = os.path.dirname(os.path.dirname(HERE))
CAPTURES = os.path.join(PROJECT, 'tests', 'captures')
SHARED = os.path.join(os.path.dirname(PROJECT), 'shared')

Packet = collections.namedtuple('Packet', 'ts_ns len data linktype interface')


class Failure(Exception):
    pass


class Skipped(Exception):
    pass


class Server:
    """A `serve` that runs: its process, "http://127.0.0.1:PORT" and the members' token."""

    def __init__(self, child, url, token):
        self.child, self.url, self.token = child, url, token
        self.host, port = url.split('://')[1].rsplit(':', 1)
        self.port = int(port)


class Test:
    def __init__(self, tapdeck, seed, quick, sanitized):
        self.tapdeck, self.quick, self.sanitized = os.path.abspath(tapdeck), quick, sanitized
        self.random = random.Random(seed)
        self.folder = tempfile.mkdtemp(prefix='tapdeck-test-')
        self.children, self.mounts, self.notes = [], [], []

    def close(self):
        for child in self.children:
            if child.poll() is None:
                child.kill()
            child.wait()
        for mount in self.mounts:
            subprocess.run(['umount', mount], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def note(self, text):
        """A line shown with the case: figures, seeds, what was left out."""
        self.notes.append(text)

    def skip(self, why):
        raise Skipped(why)

    def need(self, program):
        if not shutil.which(program):
            self.skip(f'{program} is not installed')

    def need_root(self):
        if os.geteuid() != 0:
            self.skip('needs root')

    def shared(self, *parts):
        path = os.path.join(os.environ.get('TAPDECK_SHARED', SHARED), *parts)
        if not os.path.exists(path):
            self.skip(f'{path} is not there')
        return path

    def check(self, claim, otherwise):
        if not claim:
            raise Failure(otherwise)

    def equal(self, got, wanted, what):
        if got != wanted:
            raise Failure(f'{what}:\n  got    {shorten(got)}\n  wanted {shorten(wanted)}{difference(got, wanted)}')

    def run(self, *words, exit=0, timeout=120, stdin=None):
        """Runs tapdeck; answers the finished process with its output as bytes. exit: the code, or several."""
        command = [self.tapdeck, *map(str, words)]
        try:
            done = subprocess.run(command, capture_output=True, timeout=timeout, input=stdin or b'')
        except subprocess.TimeoutExpired as expired:
            raise Failure(f'tapdeck {" ".join(command[1:])}: no end within {timeout} s; stderr: {expired.stderr}')
        wanted = (exit,) if isinstance(exit, int) else exit
        if done.returncode not in wanted:
            raise Failure(f'tapdeck {" ".join(command[1:])}: exit code {done.returncode}, not {wanted}\n'
                          f'  stdout: {shorten(done.stdout.decode(errors="replace"))}\n'
                          f'  stderr: {done.stderr.decode(errors="replace")[:4000]}')
        for sign in (b'AddressSanitizer', b'ThreadSanitizer', b'runtime error:', b'Assertion'):
            self.check(sign not in done.stderr, f'tapdeck {" ".join(command[1:])}:\n{done.stderr.decode(errors="replace")}')
        return done

    def find_numbers(self, *words):
        """The frame numbers that find prints."""
        out = self.run('find', *words, '-T', 'fields', '-e', 'frame.number', exit=(0, 1)).stdout
        return [int(line) for line in out.split()]

    def find_count(self, *words):
        out = self.run('find', *words, '--count', exit=(0, 1)).stdout.decode()
        number = re.search(r'\d+', out)
        self.check(number, f'find --count printed {out!r}')
        return int(number.group())

    def recorder(self, archive, *words, port=None):
        """Starts `record --vxlan`, waits until it listens, and answers (process, port)."""
        port = port or free_udp_port()
        log = open(self.path(f'recorder-{len(self.children)}.log'), 'wb')
        child = subprocess.Popen([self.tapdeck, 'record', '--vxlan', f'127.0.0.1:{port}', '-w', archive,
                                  *map(str, words)], stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        child.log = log.name
        self.children.append(child)
        end = time.monotonic() + 20
        while time.monotonic() < end:
            if child.poll() is not None:
                raise Failure(f'record ended at once with {child.returncode}: {open(child.log).read()}')
            if udp_port_is_bound(port):
                return child, port
            time.sleep(0.02)
        raise Failure(f'record does not listen on {port} after 20 s: {open(child.log).read()}')

    def server(self, archive, *words, port=0):
        """Starts `serve` on loopback and waits until it listens; answers a Server."""
        log = open(self.path(f'server-{len(self.children)}.log'), 'wb')
        child = subprocess.Popen([self.tapdeck, 'serve', '-A', archive, '--http', f'127.0.0.1:{port}',
                                  *map(str, words)], stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL)
        child.log = log.name
        self.children.append(child)
        line = child.stdout.readline().decode()
        said = re.match(r'(https?://[^/]+)/(?:\?token=(\S+))?', line)
        if not said:
            raise Failure(f'serve does not say where it listens: {line!r}; {open(log.name).read()[:2000]}')
        return Server(child, *said.groups())

    def stop(self, child, how=signal.SIGTERM, exit=0):
        """Ends a recorder; answers what it said. exit: 2 when it must own up to packets it could not keep."""
        child.send_signal(how)
        try:
            child.wait(30)
        except subprocess.TimeoutExpired:
            raise Failure(f'record does not end within 30 s of signal {how}: {open(child.log).read()}')
        text = open(child.log, errors='replace').read()
        for sign in ('Sanitizer', 'runtime error:', 'Assertion'):
            self.check(sign not in text, text)
        if how != signal.SIGKILL:
            self.equal(child.returncode, exit, f'exit code of record after signal {how}, which said: {text}')
        return text


def shorten(value, limit=600):
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= limit else text[:limit] + f'... ({len(text)} characters)'


def difference(got, wanted):
    if isinstance(got, list) and isinstance(wanted, list):
        for i, (a, b) in enumerate(zip(got, wanted)):
            if a != b:
                return f'\n  first difference at {i} of {len(got)} and {len(wanted)}: {shorten(a)} and {shorten(b)}'
        return f'\n  lengths {len(got)} and {len(wanted)}'
    return ''


def free_udp_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def udp_port_is_bound(port):
    for table in ('/proc/net/udp', '/proc/net/udp6'):
        try:
            for line in open(table).readlines()[1:]:
                if int(line.split()[1].rpartition(':')[2], 16) == port:
                    return True
        except OSError:
            pass
    return False


class Mirror:
    """Sends frames as a VXLAN mirror does, from one source address, on loopback."""

    def __init__(self, port, address='127.0.0.1'):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, 0))
        self.to = ('127.0.0.1', port)

    def send(self, frame, vni=42):
        self.socket.sendto(struct.pack('!BxxxI', 8, vni << 8) + frame, self.to)

    def close(self):
        self.socket.close()


def udp_frame(payload, source=('192.0.2.1', 1000), destination=('192.0.2.2', 9999)):
    udp = struct.pack('!HHHH', source[1], destination[1], 8 + len(payload), 0) + payload
    head = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, socket.inet_aton(source[0]),
                       socket.inet_aton(destination[0]))
    total = sum(struct.unpack('!10H', head))
    total = (total & 0xffff) + (total >> 16)
    total = (total & 0xffff) + (total >> 16)
    head = head[:10] + struct.pack('!H', ~total & 0xffff) + head[12:]
    return bytes.fromhex('02005e000002 02005e000001 0800') + head + udp


def unpack(path):
    """A file's bytes, unpacked by the usual programs."""
    data = open(path, 'rb').read()
    if data[:2] == b'\x1f\x8b':
        return gzip.decompress(data)
    if data[:4] in (b'\x28\xb5\x2f\xfd', ) or data[1:4] == b'\x2a\x4d\x18':
        return subprocess.run(['zstd', '-dcq', path], check=True, stdout=subprocess.PIPE).stdout
    if data[:4] == b'\x04\x22\x4d\x18':
        return subprocess.run(['lz4', '-dcq', path], check=True, stdout=subprocess.PIPE).stdout
    return data


def read_capture(path):
    data = unpack(path)
    if data[:4] == b'\x0a\x0d\x0d\x0a':
        return read_pcapng(data)
    return read_pcap(data)


def read_pcap(data):
    for order in '<>':
        magic = struct.unpack(order + 'I', data[:4])[0]
        if magic in (0xa1b2c3d4, 0xa1b23c4d):
            break
    else:
        raise Failure('not a pcap file: ' + data[:4].hex())
    unit = 1 if magic == 0xa1b23c4d else 1000
    linktype = struct.unpack(order + 'I', data[20:24])[0] & 0xffff
    packets, at = [], 24
    while at + 16 <= len(data):
        seconds, fraction, caplen, length = struct.unpack_from(order + 'IIII', data, at)
        packets.append(Packet(seconds * 10**9 + fraction * unit, length, data[at + 16:at + 16 + caplen], linktype, None))
        at += 16 + caplen
    if at != len(data):
        raise Failure(f'pcap ends inside a record at {at}')
    return packets


def options_of(body, order):
    at, found = 0, {}
    while at + 4 <= len(body):
        code, length = struct.unpack_from(order + 'HH', body, at)
        if code == 0:
            break
        found.setdefault(code, body[at + 4:at + 4 + length])
        at += 4 + (length + 3 & ~3)
    return found


def read_pcapng(data, statistics=None):
    """Packets of all sections; statistics, a list, gets (interface name, options) of each statistics block."""
    packets, at, order, interfaces = [], 0, '<', []
    while at + 12 <= len(data):
        kind = struct.unpack_from('<I', data, at)[0]
        if kind == 0x0a0d0d0a:
            order = '<' if struct.unpack_from('<I', data, at + 8)[0] == 0x1a2b3c4d else '>'
            interfaces = []
        kind, total = struct.unpack_from(order + 'II', data, at)
        if total < 12 or total % 4 or at + total > len(data) or \
                struct.unpack_from(order + 'I', data, at + total - 4)[0] != total:
            raise Failure(f'pcapng block at {at} is not whole')
        body = data[at + 8:at + total - 4]
        if kind == 1:
            linktype, _, snaplen = struct.unpack_from(order + 'HHI', body)
            options = options_of(body[8:], order)
            resolution = options.get(9, b'\x06')[0]
            per_second = 2**(resolution & 127) if resolution & 128 else 10**resolution
            offset = struct.unpack(order + 'q', options[14])[0] if 14 in options else 0
            name = options[2].decode(errors='replace') if 2 in options else None
            interfaces.append((linktype, per_second, offset, name, snaplen))
        elif kind in (6, 2):
            if kind == 6:
                interface, high, low, caplen, length = struct.unpack_from(order + 'IIIII', body)
            else:
                interface, _, high, low, caplen, length = struct.unpack_from(order + 'HHIIII', body)
            linktype, per_second, offset, name, _ = interfaces[interface]
            ticks = high << 32 | low
            packets.append(Packet(ticks * 10**9 // per_second + offset * 10**9, length, body[20:20 + caplen], linktype, name))
        elif kind == 3:
            length = struct.unpack_from(order + 'I', body)[0]
            linktype, _, _, name, snaplen = interfaces[0]
            caplen = min(length, snaplen or length, len(body) - 4)
            packets.append(Packet(0, length, body[4:4 + caplen], linktype, name))
        elif kind == 5 and statistics is not None:
            interface = struct.unpack_from(order + 'I', body)[0]
            statistics.append((interfaces[interface][3], options_of(body[12:], order)))
        at += total
    if at != len(data):
        raise Failure(f'pcapng ends inside a block at {at}')
    return packets


def segments(archive):
    return sorted(os.path.join(archive, name) for name in os.listdir(archive) if '.pcapng' in name)


def open_segments(archive):
    return [path for path in segments(archive) if path.endswith('.open')]


def archive_packets(archive, statistics=None):
    """Every packet of the sealed segments, in the order of their names."""
    found = []
    for path in segments(archive):
        if path.endswith('.open'):
            raise Failure(f'{path} is not sealed')
        found += read_pcapng(unpack(path), statistics)
    return found


def content(packets):
    """What must survive: time, lengths, link type and bytes, in order of time."""
    return sorted((p.ts_ns, p.len, p.linktype, p.data) for p in packets)
