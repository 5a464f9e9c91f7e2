# SPDX-License-Identifier: Apache-2.0
"""Devices that live programs are: OpenSSL's s_client, libcoap's client and mosquitto's, on a network of their own, with
`tapdeck record` at the server's interface. In the middle of the story the two devices of each kind change places: each
goes on from the address that the other one had. `find --device` then has all packets of a device from before and after,
and none of the other's.

What ties a device to its new address is what its protocol has: without connection ids a new handshake, with MQTT a new
CONNECT. No program at hand does connection ids, so a session that has them is sent again from its recording, through
real sockets. A carrier that gives a session another port in its middle, unasked, leaves nothing that a passive observer
could tell the device by: those packets must be nobody's."""
import contextlib
import ctypes
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import time

from harness import CAPTURES, Failure, read_capture, read_pcapng

SERVER, NEAR, FAR = '10.99.0.1', '10.99.0.11', '10.99.0.12'
KEY = 'c0ffee00112233445566778899aabbcc'
DTLS_PORT, COAPS_PORT, MQTT_PORT = 4433, 5684, 1883
CLONE_NEWNET = 0x40000000


def ip(*words, check=True):
    return subprocess.run(['ip', *words], check=check, capture_output=True, text=True)


class Network:
    """Two namespaces on one cable: the server's, where is recorded, and the devices'."""

    def __init__(self, t):
        t.need_root()
        t.need('ip')
        self.t = t
        self.server, self.devices = f'tdsrv{os.getpid()}', f'tddev{os.getpid()}'
        for name in (self.server, self.devices):
            if ip('netns', 'add', name, check=False).returncode:
                self.close()
                t.skip('namespaces cannot be made here')
            ip('-n', name, 'link', 'set', 'lo', 'up')
        ip('link', 'add', 'wire', 'netns', self.server, 'type', 'veth', 'peer', 'name', 'wire', 'netns', self.devices)
        for name in (self.server, self.devices):
            ip('-n', name, 'link', 'set', 'wire', 'up')
            self.inside(name, 'sysctl', '-qw', 'net.ipv6.conf.wire.disable_ipv6=1')
        ip('-n', self.server, 'addr', 'add', f'{SERVER}/24', 'dev', 'wire')
        for address in (NEAR, FAR):
            ip('-n', self.devices, 'addr', 'add', f'{address}/24', 'dev', 'wire')

    def inside(self, name, *words, **more):
        more.setdefault('timeout', 20)
        return subprocess.run(['ip', 'netns', 'exec', name, *words], capture_output=True, **more)

    def start(self, name, *words, log):
        child = subprocess.Popen(['ip', 'netns', 'exec', name, *map(str, words)], stdin=subprocess.PIPE,
                                 stdout=open(self.t.path(log), 'wb'), stderr=subprocess.STDOUT)
        child.log = self.t.path(log)
        self.t.children.append(child)
        return child

    def wait_until(self, what, is_so):
        end = time.monotonic() + 10
        while not is_so():
            if time.monotonic() > end:
                raise Failure(f'not within 10 s: {what}')
            time.sleep(0.05)

    def listens(self, port, kind):
        return f':{port:04X}' in self.inside(self.server, 'cat', f'/proc/net/{kind}').stdout.decode()

    def record(self, archive):
        child = self.start(self.server, self.t.tapdeck, 'record', '-i', 'wire', '-w', archive, '--flush', '100ms', log='record.log')
        self.wait_until('the recorder takes packets', lambda: child.poll() is not None or self.is_taking_packets())
        self.t.check(child.poll() is None, open(child.log).read())
        return child

    def is_taking_packets(self):
        rows = [line.split() for line in self.inside(self.server, 'cat', '/proc/net/packet').stdout.decode().splitlines()[1:]]
        return any(row[4] != '0' and row[5] == '1' for row in rows)  # bound to an interface, and running

    def close(self):
        for name in (self.server, self.devices):
            ip('netns', 'del', name, check=False)


@contextlib.contextmanager
def network(t):
    made = Network(t)
    try:
        yield made
    finally:
        for child in t.children:
            if child.poll() is None:
                child.kill()
            child.wait()
        made.close()


class Kind:
    """Two devices of one program. server: what to start; speak: one session from an address."""

    def __init__(self, port, names):
        self.port, self.names = port, names

    def tell(self, net, name, address):
        done = self.speak(net, name, address)
        if done.returncode:
            raise Failure(f'{name} from {address}: {done.args}: {done.returncode}\n{done.stdout.decode()}\n{done.stderr.decode()}')


class OpenSsl(Kind):
    needs = ['openssl']

    def serve(self, net):
        net.start(net.server, 'openssl', 's_server', '-dtls1_2', '-nocert', '-psk', KEY, '-cipher', 'PSK-AES128-CCM8:@SECLEVEL=0',
                  '-port', DTLS_PORT, '-quiet', log='s_server.log')
        net.wait_until('s_server listens', lambda: net.listens(DTLS_PORT, 'udp6') or net.listens(DTLS_PORT, 'udp'))

    def speak(self, net, name, address):
        return net.inside(net.devices, 'openssl', 's_client', '-dtls1_2', '-psk', KEY, '-psk_identity', name, '-cipher',
                          'PSK-AES128-CCM8:@SECLEVEL=0', '-bind', f'{address}:42000', '-connect', f'{SERVER}:{DTLS_PORT}', '-nocommands',
                          input=b'21.5 degrees\n22.0 degrees\n')


class LibCoap(Kind):
    needs = ['coap-server-openssl', 'coap-client-openssl']

    def serve(self, net):
        net.start(net.server, 'coap-server-openssl', '-A', SERVER, '-k', 'secret', '-h', 'hint', log='coap-server.log')
        net.wait_until('coap-server listens', lambda: net.listens(COAPS_PORT, 'udp'))

    def speak(self, net, name, address):
        return net.inside(net.devices, 'coap-client-openssl', '-a', address, '-p', '42001', '-B', '5', '-u', name, '-k', 'secret',
                          f'coaps://{SERVER}/time')


class Mosquitto(Kind):
    needs = ['mosquitto', 'mosquitto_pub']

    def serve(self, net):
        path = net.t.path('mosquitto.conf')
        with open(path, 'w') as out:
            out.write(f'listener {MQTT_PORT} {SERVER}\nallow_anonymous true\n')
        net.start(net.server, shutil.which('mosquitto'), '-c', path, log='mosquitto.log')
        net.wait_until('mosquitto listens', lambda: net.listens(MQTT_PORT, 'tcp'))

    def speak(self, net, name, address):
        return net.inside(net.devices, 'mosquitto_pub', '-h', SERVER, '-A', address, '-i', name, '-t', f'site/{name}/up', '-m', '21.5', '-q', '1')


def ends_of(frame):
    """(source, port, destination, port) of an IPv4 frame with UDP or TCP, or that an ICMP error quotes; None for others."""
    if frame[12:14] == b'\x08\0' and frame[23] == 1 and frame[34] == 3:
        frame = frame[:14] + frame[42:]
    if frame[12:14] != b'\x08\0' or frame[23] not in (6, 17):
        return None
    head = 14 + (frame[14] & 15) * 4
    return (socket.inet_ntoa(frame[26:30]), *struct.unpack_from('!H', frame, head), socket.inet_ntoa(frame[30:34]),
            *struct.unpack_from('!H', frame, head + 2))


def recorded(t, archive):
    return read_pcapng(t.run('find', '-A', archive, '-w', '-').stdout)


def frames_between(packets, from_ns, to_ns, address, port):
    """Numbers of what was sent between the address and the server's port in that time."""
    found = []
    for number, packet in enumerate(packets, 1):
        ends = ends_of(packet.data)
        if ends and from_ns <= packet.ts_ns < to_ns and (ends[0:1] + ends[3:4] == (address, port) or
                                                        ends[2:3] + ends[1:2] == (address, port)):
            found.append(number)
    return found


def case_devices_of_real_programs_are_found_before_and_after_they_change_places(t):
    kinds = [kind for kind in (OpenSsl(DTLS_PORT, ['D:00000000000000a1', 'D:00000000000000a2']),
                               LibCoap(COAPS_PORT, ['urn:imei:860000000000011', 'urn:imei:860000000000012']),
                               Mosquitto(MQTT_PORT, ['meter-21', 'meter-22'])) if all(map(shutil.which, kind.needs))]
    if len(kinds) < 3:
        t.note(f'only {", ".join(type(kind).__name__ for kind in kinds) or "none"} of OpenSSL, libcoap and mosquitto at hand')
    if not kinds:
        t.skip('neither openssl nor libcoap nor mosquitto is installed')
    archive, wrong = t.path('archive'), []
    with network(t) as net:
        recorder = net.record(archive)
        for kind in kinds:
            kind.serve(net)
        began = time.time_ns()
        for kind in kinds:
            for name, address in zip(kind.names, (NEAR, FAR)):
                kind.tell(net, name, address)
        time.sleep(0.3)  # what the servers still say
        moved = time.time_ns()
        for kind in kinds:
            for name, address in zip(kind.names, (FAR, NEAR)):
                kind.tell(net, name, address)
        time.sleep(0.3)
        ended = time.time_ns()
        t.stop(recorder)
    packets = recorded(t, archive)
    n_wanted = n_got = 0
    for kind in kinds:
        for name, first, second in zip(kind.names, (NEAR, FAR), (FAR, NEAR)):
            before = frames_between(packets, began, moved, first, kind.port)
            after = frames_between(packets, moved, ended, second, kind.port)
            t.check(len(before) >= 4 and len(after) >= 4, f'{name}: {len(before)} and {len(after)} frames were recorded')
            got = t.find_numbers('-A', archive, '--device', name)
            n_wanted, n_got = n_wanted + len(before + after), n_got + len(got)
            if got != sorted(before + after):
                wrong.append(f'{name}: missing {sorted(set(before + after) - set(got))}, foreign {sorted(set(got) - set(before + after))}, '
                             f'of {len(before)} and {len(after)}')
            listed = json.loads(t.run('devices', '-A', archive, '-T', 'json', '--like', name).stdout)
            if {first, second} - {word for word in (first, second) if word in json.dumps(listed)}:
                wrong.append(f'{name}: devices does not tell of both its addresses: {json.dumps(listed)[:600]}')
    t.note(f'{", ".join(type(kind).__name__ for kind in kinds)}: {n_got} frames found of {n_wanted}, of {len(packets)} recorded')
    t.check(not wrong, '\n'.join(wrong))


class Wire:
    """UDP sockets in both namespaces, held by this one process."""

    def __init__(self, net):
        self.net, self.sockets = net, {}

    def enter(self, name):
        descriptor = os.open(name, os.O_RDONLY)
        failed = ctypes.CDLL(None, use_errno=True).setns(descriptor, CLONE_NEWNET)
        os.close(descriptor)
        if failed:
            self.net.t.skip(f'setns: {os.strerror(ctypes.get_errno())}')

    def open(self, ends, namespace):
        home = '/proc/self/ns/net'
        kept = os.open(home, os.O_RDONLY)
        self.enter(f'/run/netns/{namespace}')
        try:
            for end in ends:
                if end not in self.sockets:
                    self.sockets[end] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                    self.sockets[end].bind(end)
                    self.sockets[end].settimeout(5)
        finally:
            ctypes.CDLL(None).setns(kept, CLONE_NEWNET)
            os.close(kept)

    def send(self, source, destination, payload):
        self.sockets[source].sendto(payload, destination)
        self.sockets[destination].recv(65535)

    def close(self):
        for each in self.sockets.values():
            each.close()


def case_a_session_with_a_connection_id_is_followed_to_its_next_address_live(t):
    expect = json.load(open(os.path.join(CAPTURES, 'dtls-cid-rebind.expect')))
    story = [(ends_of(p.data), p.data[42:]) for p in read_capture(os.path.join(CAPTURES, 'dtls-cid-rebind.pcap'))]
    archive = t.path('archive')
    with network(t) as net:
        server = {end for ends, _ in story for end in ((ends[0], ends[1]), (ends[2], ends[3])) if end[1] == 5684}
        devices = {end for ends, _ in story for end in ((ends[0], ends[1]), (ends[2], ends[3]))} - server
        for address in {address for address, _ in server}:
            ip('-n', net.server, 'addr', 'add', f'{address}/32', 'dev', 'wire')
            ip('-n', net.devices, 'route', 'add', f'{address}/32', 'dev', 'wire')
        for address in {address for address, _ in devices}:
            ip('-n', net.devices, 'addr', 'add', f'{address}/32', 'dev', 'wire')
            ip('-n', net.server, 'route', 'add', f'{address}/32', 'dev', 'wire')
        recorder, wire = net.record(archive), Wire(net)
        wire.open(server, net.server)
        wire.open(devices, net.devices)
        for ends, payload in story:
            wire.send(ends[:2], ends[2:], payload)
        wire.close()
        time.sleep(0.3)
        t.stop(recorder)
    order = [number for number, packet in enumerate(recorded(t, archive), 1) if ends_of(packet.data)]
    t.equal(len(order), len(story), 'datagrams recorded')
    for device in expect['devices']:
        t.equal(t.find_numbers('-A', archive, '--device', device['identity']), [order[n - 1] for n in device['frames']], device['identity'])


def case_records_from_a_port_that_a_carrier_gave_unasked_are_nobodys(t):
    t.need('openssl')
    archive, name, kind = t.path('archive'), 'D:00000000000000b1', OpenSsl(DTLS_PORT, [])
    with network(t) as net:
        recorder = net.record(archive)
        kind.serve(net)
        carrier = net.start(net.devices, sys.executable, '-c', f'''
import select, socket
inner = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
inner.bind(("127.0.0.1", 42002))
def mapping(address, port):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((address, port))
    s.connect(("{SERVER}", {DTLS_PORT}))
    return s
outer, client, n_data = mapping("{NEAR}", 43000), None, 0
print("ready", flush=True)
while True:
    for s in select.select([inner, outer], [], [])[0]:
        if s is inner:
            data, client = inner.recvfrom(65535)
            n_data += data[0] == 23
            if n_data == 2 and outer.getsockname()[1] == 43000:
                outer = mapping("{FAR}", 43001)
            outer.send(data)
        else:
            inner.sendto(outer.recv(65535), client)
''', log='carrier.log')
        net.wait_until('the carrier is ready', lambda: b'ready' in open(carrier.log, 'rb').read() or carrier.poll() is not None)
        client = net.start(net.devices, 'openssl', 's_client', '-dtls1_2', '-psk', KEY, '-psk_identity', name, '-cipher',
                           'PSK-AES128-CCM8:@SECLEVEL=0', '-connect', '127.0.0.1:42002', '-nocommands', '-quiet', log='s_client.log')
        time.sleep(0.7)
        for line in (b'one\n', b'two\n', b'three\n'):
            client.stdin.write(line)
            client.stdin.flush()
            time.sleep(0.15)
        client.kill()
        time.sleep(0.3)
        t.stop(recorder)
    packets = recorded(t, archive)
    before = frames_between(packets, 0, 1 << 63, NEAR, DTLS_PORT)
    after = frames_between(packets, 0, 1 << 63, FAR, DTLS_PORT)
    t.check(len(before) >= 6 and len(after) >= 2, f'{len(before)} and {len(after)} frames: {open(carrier.log).read()} {open(client.log).read()}')
    t.equal(t.find_numbers('-A', archive, '--device', name), before, 'packets of the device')
    said = t.run('find', '-A', archive, '--device', name, '--count', '--explain').stderr.decode()
    t.check("nobody's: 1 sessions" in said or "nobody's: 1 session" in said, f'the other port is not told as a session without a name:\n{said}')
