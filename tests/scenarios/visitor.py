# SPDX-License-Identifier: Apache-2.0
"""A browser's side of `serve`, by hand: HTTP over a socket of its own, and WebSocket frames, so that what no browser
would send can be sent too."""
import base64
import hashlib
import json
import os
import socket
import struct
import time

from harness import Failure

ROWS = 'application/vnd.tapdeck.rows'


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        try:
            return json.loads(self.body)
        except ValueError:
            raise Failure(f'{self.status}: no JSON: {self.body[:300]!r}')

    def words(self):
        """What tells one refusal from another."""
        return self.status, self.body


def read_answer(file):
    line = file.readline()
    if not line:
        raise Failure('the server closed the connection instead of answering')
    status, headers = int(line.split()[1]), {}
    for line in iter(file.readline, b'\r\n'):
        name, value = line.decode('latin-1').rstrip('\r\n').split(':', 1)
        headers[name.lower()] = value.strip()
    if status == 101:
        return Answer(status, headers, b'')
    if headers.get('transfer-encoding') == 'chunked':
        body = b''
        while size := int(file.readline().split(b';')[0], 16):
            body += file.read(size)
            file.readline()
        file.readline()
    elif 'content-length' in headers:
        body = file.read(int(headers['content-length']))
    else:
        body = b'' if status in (204, 304) else file.read()
    return Answer(status, headers, body)


def ask(server, method, path, body=None, headers=()):
    """One request on a connection of its own. body: an object becomes JSON."""
    sock = socket.create_connection((server.host, server.port), timeout=30)
    data = b'' if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f'{method} {path} HTTP/1.1', f'Host: {server.host}:{server.port}', 'Connection: close']
    if body is not None:
        lines += [f'Content-Length: {len(data)}']
        if not any(line.lower().startswith('content-type') for line in headers):
            lines += ['Content-Type: application/json']
    lines += headers
    with sock, sock.makefile('rb') as file:
        sock.sendall('\r\n'.join(lines).encode() + b'\r\n\r\n' + data)
        return read_answer(file)


class Visitor:
    """Somebody with the cookies, or the token, that he was given. A member without a link, else a guest."""

    def __init__(self, server, link=None, cookie=None, bearer=None):
        self.server, self.link = server, link
        self.base = f'/s/{link}' if link else ''
        self.headers = [f'Origin: {server.url}']
        if cookie:
            self.headers.append(f'Cookie: {cookie}')
        if bearer:
            self.headers.append(f'Authorization: Bearer {bearer}')

    def ask(self, method, path, body=None, headers=()):
        return ask(self.server, method, self.base + '/api/v1' + path, body, self.headers + list(headers))

    def get(self, path, status=200):
        answer = self.ask('GET', path)
        if answer.status != status:
            raise Failure(f'GET {path}: {answer.status}, not {status}: {answer.body[:500]!r}')
        return answer.json() if answer.body else None

    def rows(self, source, query, most=10):
        """The numbers of rows, asked for until there are no more."""
        found, start = [], 1
        for _ in range(most):
            answer = self.get(f'/sources/{source}/rows?from={start}&n=250{query}')
            found += [row['number'] for row in answer['rows']]
            if answer['is_complete'] and len(answer['rows']) < 250:
                return found
            if answer['last'] is None:
                return found
            start = answer['last'] + 1
        raise Failure(f'rows{query}: no end')

    def socket(self, headers=(), **options):
        return WebSocket(self.server, self.base + '/api/v1/live', 'tapdeck.v1', self.headers + list(headers), **options)


def member(server):
    return Visitor(server, bearer=server.token)


def make_link(server, **wishes):
    """(id, secret) of a link with these wishes."""
    answer = member(server).ask('POST', '/shares', wishes)
    if answer.status != 201:
        raise Failure(f'POST /shares: {answer.status} {answer.body!r}')
    made = answer.json()
    return made['share']['id'], made['secret']


def enter(server, link, secret, origin=None):
    return ask(server, 'POST', f'/s/{link}/enter', {'secret': secret}, [f'Origin: {origin or server.url}'])


def guest(server, link, secret):
    """One who opened the link in a browser."""
    answer = enter(server, link, secret)
    if answer.status != 204:
        raise Failure(f'entering {link}: {answer.status} {answer.body!r}')
    return Visitor(server, link, cookie=answer.headers['set-cookie'].split(';')[0])


class WebSocket:
    def __init__(self, server, path, protocol, headers=(), expect=101):
        self.sock = socket.create_connection((server.host, server.port), timeout=30)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [f'GET {path} HTTP/1.1', f'Host: {server.host}:{server.port}', 'Upgrade: websocket',
                 'Connection: Upgrade', 'Sec-WebSocket-Version: 13', f'Sec-WebSocket-Key: {key}',
                 f'Sec-WebSocket-Protocol: {protocol}', *headers]
        self.sock.sendall('\r\n'.join(lines).encode() + b'\r\n\r\n')
        self.file = self.sock.makefile('rb')
        self.answer = read_answer(self.file)
        if self.answer.status != expect:
            raise Failure(f'WebSocket at {path}: {self.answer.status}, not {expect}: {self.answer.body!r}')
        if expect == 101:
            accept = base64.b64encode(hashlib.sha1((key + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').encode()).digest())
            if self.answer.headers['sec-websocket-accept'].encode() != accept:
                raise Failure('Sec-WebSocket-Accept is wrong')
        self.frames = []  # of rows, binary
        self.told = []  # JSON

    def close(self):
        self.file.close()
        self.sock.close()

    def send(self, message):
        data = json.dumps(message).encode() if not isinstance(message, bytes) else message
        mask = os.urandom(4)
        head = bytes([0x81]) + (bytes([0x80 | len(data)]) if len(data) < 126 else
                                b'\xfe' + struct.pack('>H', len(data)) if len(data) < 65536 else
                                b'\xff' + struct.pack('>Q', len(data)))
        self.sock.sendall(head + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(data)))

    def read(self, timeout=30):
        """The next message: an object, bytes (rows), ('close', code), or None when the time is over."""
        self.sock.settimeout(timeout)
        try:
            head = self.file.read(2)
        except (TimeoutError, OSError):
            return None
        if len(head) < 2:
            return 'close', None
        size = head[1] & 127
        if size >= 126:
            size = int.from_bytes(self.file.read(2 if size == 126 else 8), 'big')
        data = self.file.read(size)
        kind = head[0] & 15
        if kind == 8:
            return 'close', int.from_bytes(data[:2], 'big') if data else None
        if kind == 9:
            return self.read(timeout)
        if kind == 2:
            self.frames.append(data)
            return data
        message = json.loads(data)
        self.told.append(message)
        return message

    def wait(self, wanted, timeout=30):
        """The next JSON message of that type, or for which wanted(message) is true."""
        end = time.monotonic() + timeout
        while (left := end - time.monotonic()) > 0:
            message = self.read(left)
            if isinstance(message, tuple):
                raise Failure(f'closed with {message[1]} while waiting for {wanted}; told: {self.told[-5:]}')
            if isinstance(message, dict) and (message.get('type') == wanted if isinstance(wanted, str)
                                              else wanted(message)):
                return message
        raise Failure(f'no {wanted} within {timeout} s; told: {self.told[-5:]}')

    def closed_within(self, seconds):
        """The close code; fails when it is still open."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            message = self.read(left)
            if isinstance(message, tuple):
                return message[1]
        raise Failure(f'still open after {seconds} s')
