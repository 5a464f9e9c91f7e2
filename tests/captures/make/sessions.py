#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes, packet by packet, the DTLS sessions that no program in Debian 12 makes: connection ids (RFC 9146) with
a device that changes its address, handshake messages in fragments and out of order, resumption by session id,
addresses taken over by another device, IP fragments, VLAN and VXLAN around it all. Since the writer knows which
frame belongs to whom, it writes the answers too: X.expect beside X.pcap. Sealed bytes are random (nothing here
is encrypted), everything else is as the RFCs have it. The same bytes each time.

    tests/captures/make/sessions.py [FOLDER]        default: the folder of the captures
"""
import json
import os
import random
import socket
import struct
import sys

HELLO_REQUEST, CLIENT_HELLO, SERVER_HELLO, HELLO_VERIFY, SERVER_DONE, CLIENT_KEY = 0, 1, 2, 3, 14, 16
SERVER = ('198.51.100.10', 5684)
START_US = 1725001200 * 1000000


def checksum(data):
    if len(data) % 2:
        data += b'\0'
    total = sum(struct.unpack('!%dH' % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


class Capture:
    """Frames in order of time, each with the devices it belongs to."""

    def __init__(self, name, vlan=(), vxlan=None):
        self.name, self.vlan, self.vxlan = name, vlan, vxlan
        self.frames = []  # (time_us, bytes, owner identity or None)
        self.now_us = START_US
        self.ip_id = 1
        self.random = random.Random(name)

    def wait(self, seconds):
        self.now_us += int(seconds * 1e6)

    def link(self, payload, is_v6):
        ethertype = 0x86dd if is_v6 else 0x0800
        tags = b''
        for depth, vid in enumerate(self.vlan):
            last = depth == len(self.vlan) - 1
            tags += struct.pack('!HH', 0x8100 if last else 0x88a8, vid)
        frame = bytes.fromhex('02005e000002 02005e000001') + tags + struct.pack('!H', ethertype) + payload
        if self.vxlan:
            frontend, vni = self.vxlan
            inner = struct.pack('!BxxxI', 8, vni << 8) + frame
            udp = struct.pack('!HHHH', 50000 + vni, 4789, 8 + len(inner), 0) + inner
            frame = (bytes.fromhex('02005e0000fe 02005e0000fd 0800')
                     + self.ip4(frontend, '10.20.9.9', udp, 0) + udp)
        return frame

    @staticmethod
    def ip4(source, destination, payload, ident, fragment=0, more=False):
        head = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 20 + len(payload), ident,
                           fragment // 8 | (0x2000 if more else 0), 64, 17, 0, socket.inet_aton(source),
                           socket.inet_aton(destination))
        return head[:10] + struct.pack('!H', checksum(head)) + head[12:]

    def datagram(self, source, destination, payload, owner, pieces=None, order=None):
        """pieces: sizes at which the IP layer cuts the datagram; order: in which they arrive."""
        self.wait(0.0005 + self.random.random() * 0.01)
        is_v6 = ':' in source[0]
        udp = struct.pack('!HHHH', source[1], destination[1], 8 + len(payload), 0) + payload
        if is_v6:
            ends = socket.inet_pton(socket.AF_INET6, source[0]) + socket.inet_pton(socket.AF_INET6, destination[0])
        else:
            ends = socket.inet_aton(source[0]) + socket.inet_aton(destination[0])
        pseudo = ends + (struct.pack('!IxxxB', len(udp), 17) if is_v6 else struct.pack('!xBH', 17, len(udp)))
        udp = udp[:6] + struct.pack('!H', checksum(pseudo + udp) or 0xffff) + udp[8:]
        if is_v6:
            packets = [struct.pack('!IHBB', 6 << 28, len(udp), 17, 64) + ends + udp]
        else:
            self.ip_id += 1
            if not pieces:
                packets = [self.ip4(source[0], destination[0], udp, self.ip_id) + udp]
            else:
                packets, at = [], 0
                while at < len(udp):
                    part = udp[at:at + pieces]
                    packets.append(self.ip4(source[0], destination[0], part, self.ip_id, at,
                                            at + len(part) < len(udp)) + part)
                    at += len(part)
                packets = [packets[i] for i in (order or range(len(packets)))]
        for packet in packets:
            self.frames.append((self.now_us, self.link(packet, is_v6), owner))
            self.wait(0.00002)

    def write(self, folder, sessions, note):
        with open(os.path.join(folder, self.name + '.pcap'), 'wb') as f:
            f.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1))
            for time_us, frame, _ in self.frames:
                f.write(struct.pack('<IIII', time_us // 1000000, time_us % 1000000, len(frame), len(frame)) + frame)
        devices = {}
        for session in sessions:
            entry = devices.setdefault(session.identity.decode(), {'identity': session.identity.decode()})
            entry['hex'] = session.identity.hex(':')
            entry['frames'] = [n for n, frame in enumerate(self.frames, 1) if frame[2] == session.identity]
            entry['addresses'] = sorted(set(entry.get('addresses', [])) | session.addresses)
        expect = {'note': note, 'made by': 'make/sessions.py', 'packets': len(self.frames),
                  'devices': list(devices.values())}
        with open(os.path.join(folder, self.name + '.expect'), 'w') as f:
            json.dump(expect, f, indent=1)
            f.write('\n')


class Session:
    """One device's DTLS 1.2 PSK association."""

    def __init__(self, capture, identity, address, server=SERVER, cid_to_server=None, cid_to_client=None,
                 session_id=None):
        self.capture, self.identity, self.address, self.server = capture, identity.encode(), address, server
        self.random = random.Random(capture.name + identity)
        self.cid_to_server, self.cid_to_client = cid_to_server, cid_to_client
        self.session_id = session_id if session_id is not None else self.random.randbytes(32)
        self.sequence = {}
        self.messages = {'up': 0, 'down': 0}
        self.addresses = {'%s:%d' % address if ':' not in address[0] else '[%s]:%d' % address}

    def move(self, address):
        """The device has another address from now on; the association stays."""
        self.address = address
        self.addresses.add('%s:%d' % address if ':' not in address[0] else '[%s]:%d' % address)

    def send(self, way, *records, **how):
        ends = (self.address, self.server) if way == 'up' else (self.server, self.address)
        self.capture.datagram(*ends, b''.join(records), self.identity, **how)

    def record(self, way, content, body, epoch=0, cid=None):
        number = self.sequence[way, epoch] = self.sequence.get((way, epoch), -1) + 1
        head = struct.pack('!BHH', content, 0xfefd, epoch) + number.to_bytes(6, 'big')
        return head + (cid or b'') + struct.pack('!H', len(body)) + body

    def message(self, way, kind, body, pieces=None):
        """The records of a handshake message: one, or one for each (offset, length) of pieces."""
        number = self.messages[way]
        self.messages[way] += 1
        return [self.record(way, 22, struct.pack('!B', kind) + len(body).to_bytes(3, 'big')
                            + struct.pack('!H', number) + at.to_bytes(3, 'big') + size.to_bytes(3, 'big')
                            + body[at:at + size])
                for at, size in pieces or [(0, len(body))]]

    def sealed(self, way, size, content=23):
        cid = self.cid_to_server if way == 'up' else self.cid_to_client
        body = self.random.randbytes(8 + size + 8)  # explicit nonce, ciphertext, CCM-8 tag
        if cid:
            return self.record(way, 25, body + b'\0', 1, cid)
        return self.record(way, content, body, 1)

    def extensions(self, cid):
        text = b'' if cid is None else struct.pack('!HHB', 54, 1 + len(cid), len(cid)) + cid
        text += struct.pack('!HH', 23, 0)  # extended master secret
        return struct.pack('!H', len(text)) + text

    def client_hello(self, cookie, offered=b''):
        # A client says which connection id it wants to receive; an empty one when it only wants to send one.
        cid = self.cid_to_client if self.cid_to_client is not None else (
            b'' if self.cid_to_server is not None else None)
        return (b'\xfe\xfd' + self.hello_random + bytes([len(offered)]) + offered + bytes([len(cookie)]) + cookie
                + struct.pack('!HHH', 4, 0xc0a8, 0x00ff) + b'\x01\0' + self.extensions(cid))

    def server_hello(self):
        cid = self.cid_to_server if self.cid_to_server is not None else (
            b'' if self.cid_to_client is not None else None)
        return (b'\xfe\xfd' + self.random.randbytes(32) + bytes([len(self.session_id)]) + self.session_id
                + struct.pack('!HB', 0xc0a8, 0) + self.extensions(cid))

    def finished(self, way):
        return [self.record(way, 20, b'\x01'), self.sealed(way, 24, content=22)]

    def begin(self):
        self.sequence, self.messages = {}, {'up': 0, 'down': 0}
        self.hello_random = self.random.randbytes(32)
        cookie = self.random.randbytes(20)
        return cookie

    def hellos(self, offered=b''):
        cookie = self.begin()
        self.send('up', *self.message('up', CLIENT_HELLO, self.client_hello(b'', offered)))
        self.send('down', *self.message('down', HELLO_VERIFY, b'\xfe\xff' + bytes([len(cookie)]) + cookie))
        self.send('up', *self.message('up', CLIENT_HELLO, self.client_hello(cookie, offered)))

    def key_exchange(self):
        return struct.pack('!H', len(self.identity)) + self.identity

    def handshake(self, key_exchange=None, finish=True):
        """key_exchange: a function that sends the ClientKeyExchange its own way."""
        self.hellos()
        self.send('down', *self.message('down', SERVER_HELLO, self.server_hello()),
                  *self.message('down', SERVER_DONE, b''))
        if key_exchange:
            key_exchange(self)
            self.send('up', *self.finished('up'))
        else:
            self.send('up', *self.message('up', CLIENT_KEY, self.key_exchange()), *self.finished('up'))
        if finish:
            self.send('down', *self.finished('down'))

    def resume(self):
        """Abbreviated: the session id is all that says who it is."""
        self.hellos(offered=self.session_id)
        self.send('down', *self.message('down', SERVER_HELLO, self.server_hello()), *self.finished('down'))
        self.send('up', *self.finished('up'))

    def talk(self, rounds=2, size=40, **how):
        for _ in range(rounds):
            self.capture.wait(0.05)
            self.send('up', self.sealed('up', size), **how)
            self.send('down', self.sealed('down', size // 2))


def cid_rebind(folder):
    c = Capture('dtls-cid-rebind')
    device = Session(c, 'D:79445e2600000001', ('100.64.7.1', 40001), cid_to_server=bytes.fromhex('30e910c9d0c9805f'))
    other = Session(c, 'D:79445e2600000002', ('100.64.7.2', 40002), cid_to_server=bytes.fromhex('30e910c9d0c98060'))
    device.handshake()
    other.handshake()
    device.talk()
    c.wait(300)
    device.move(('100.64.7.99', 51000))
    device.talk()
    other.talk()
    c.wait(300)
    other.move(('100.64.7.1', 40001))  # takes the address the first one left
    other.talk()
    device.move(('100.64.7.99', 51001))
    device.talk()
    c.write(folder, [device, other], 'two devices with connection ids; one moves twice, the other takes over its first address')


def cid_both(folder):
    c = Capture('dtls-cid-both-ways')
    device = Session(c, 'urn:imei:490154203237518', ('192.0.2.33', 33333), cid_to_server=b'\xaa\xbb\xcc',
                     cid_to_client=b'\x01')
    device.handshake()
    device.talk()
    device.move(('192.0.2.34', 33334))
    device.talk(3)
    c.write(folder, [device], 'connection ids of 3 bytes to the server and 1 byte to the device, a move')


def fragments(folder):
    c = Capture('dtls-key-exchange-fragments')

    def in_pieces(session):
        body = session.key_exchange()
        size, cuts, at = len(body), [], 0
        while at < size:
            cuts.append((at, min(7, size - at)))
            at += 7
        records = session.message('up', CLIENT_KEY, body, cuts)
        for i in reversed(range(len(records))):  # the last piece first, each in its own datagram
            session.send('up', records[i])
        session.send('up', records[0])  # and one again

    def overlapping(session):
        body = session.key_exchange()
        half = len(body) // 2
        for record in session.message('up', CLIENT_KEY, body, [(half - 3, len(body) - half + 3), (0, half + 2)]):
            session.send('up', record)

    one = Session(c, 'D:in-pieces-last-first', ('192.0.2.41', 41001))
    two = Session(c, 'D:overlapping-pieces', ('192.0.2.42', 41002))
    one.handshake(in_pieces)
    two.handshake(overlapping)
    one.talk(1)
    two.talk(1)
    c.write(folder, [one, two], 'ClientKeyExchange in fragments: the last first with a repeat; overlapping')


def resumption(folder):
    c = Capture('dtls-resume')
    device = Session(c, 'D:sleeper', ('192.0.2.51', 45001))
    device.handshake()
    device.talk()
    c.wait(3600)
    device.move(('192.0.2.77', 45077))
    device.resume()
    device.talk()
    c.write(folder, [device], 'a session resumed by its session id from another address')


def address_reuse(folder):
    c = Capture('dtls-address-reuse')
    first = Session(c, 'D:first-tenant', ('203.0.113.5', 50505))
    second = Session(c, 'D:second-tenant', ('203.0.113.5', 50505))
    first.handshake()
    first.talk()
    c.wait(120)
    second.handshake()
    second.talk()
    c.wait(5)
    first.move(('203.0.113.6', 50506))
    first.handshake()
    first.talk()
    c.write(folder, [first, second], 'an address and port taken over by another device; the first shakes hands anew elsewhere')


def ip_fragments(folder):
    c = Capture('dtls-ip-fragments')
    device = Session(c, 'urn:dev:ops:' + 'f' * 300 + '-0001', ('192.0.2.61', 46001))

    def cut(session):
        session.send('up', *session.message('up', CLIENT_KEY, session.key_exchange()), pieces=96, order=[2, 0, 3, 1])

    device.handshake(cut)
    device.talk(2, size=500, pieces=256, order=[1, 2, 0])
    c.write(folder, [device], 'ClientKeyExchange and data in IPv4 fragments that arrive out of order')


def encapsulated(folder):
    c = Capture('dtls-vxlan-qinq-ipv6', vlan=(100, 7), vxlan=('10.20.1.10', 42))
    device = Session(c, 'D:deep-inside', ('2001:db8:7::1', 47001), ('2001:db8::10', 5684),
                     cid_to_server=b'\x11\x22\x33\x44')
    device.handshake()
    device.talk()
    device.move(('2001:db8:8::2', 47002))
    device.talk()
    c.write(folder, [device], 'IPv6 in two VLAN tags in VXLAN, a connection id, a move')


def unfinished(folder):
    c = Capture('dtls-wrong-key')
    device = Session(c, 'D:wrong-key', ('192.0.2.71', 48001))
    device.handshake(finish=False)
    device.send('down', device.record('down', 21, b'\x02\x14'))  # fatal bad_record_mac
    c.write(folder, [device], 'an attempt that the server refuses: named, never finished')


def demo(folder):
    """What script/demo replays: a small fleet, one device of which moves twice."""
    c = Capture('demo-fleet')
    fleet = [Session(c, 'D:79445e26%08x' % n, ('100.64.%d.%d' % (n, 10 + n), 20000 + 7 * n),
                     cid_to_server=bytes([0xc1, n]) + c.random.randbytes(6)) for n in range(1, 13)]
    star = fleet[4]
    for device in fleet:
        device.handshake()
        device.talk(1)
    for round_ in range(6):
        for device in fleet:
            device.talk(1)
        if round_ == 1:
            star.move(('100.71.3.9', 61044))
        if round_ == 3:
            star.move(('198.18.0.12', 2304))
    c.write(folder, fleet, 'what script/demo replays: twelve devices, the fifth changes its address twice')


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), '..')
    for make in (cid_rebind, cid_both, fragments, resumption, address_reuse, ip_fragments, encapsulated, unfinished,
                 demo):
        make(folder)


if __name__ == '__main__':
    main()
