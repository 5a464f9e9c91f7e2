#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Clients for src/web/server_test.c, over raw sockets.

    tests/web_clients.py 127.0.0.1:PORT TOKEN
"""
import base64
import json
import os
import socket
import struct
import sys
import time

HOST, PORT = sys.argv[1].rsplit(':', 1)
TOKEN = sys.argv[2]
LARGE = 12 << 20


def connect():
    return socket.create_connection((HOST, int(PORT)), timeout=20)


def head_of(sock):
    head = b''
    while not head.endswith(b'\r\n\r\n'):
        piece = sock.recv(1)
        assert piece, f'ended in a head: {head}'
        head += piece
    lines = head.decode().split('\r\n')
    fields = {}
    for line in lines[1:-2]:
        name, value = line.split(': ', 1)
        fields.setdefault(name.lower(), value)
    return int(lines[0].split()[1]), fields


def exactly(sock, n):
    data = bytearray()
    while len(data) < n:
        piece = sock.recv(min(1 << 18, n - len(data)))
        assert piece, f'ended after {len(data)} of {n} bytes'
        data += piece
    return bytes(data)


def chunks(sock):
    """The body, and whether its end came."""
    body = bytearray()
    while True:
        line = b''
        while not line.endswith(b'\r\n'):
            piece = sock.recv(1)
            if not piece:
                return bytes(body), False
            line += piece
        n = int(line, 16)
        piece = b''
        try:
            piece = exactly(sock, n + 2)
        except AssertionError:
            return bytes(body), False
        if n == 0:
            return bytes(body), True
        body += piece[:-2]


def answer(sock, method='GET'):
    status, fields = head_of(sock)
    if method == 'HEAD' or status in (204, 304) or status < 200:
        return status, fields, b''
    if fields.get('transfer-encoding') == 'chunked':
        body, is_whole = chunks(sock)
        assert is_whole
        return status, fields, body
    return status, fields, exactly(sock, int(fields['content-length']))


def ask(path, method='GET', body=b'', version='1.1', **fields):
    sock = connect()
    lines = [f'{method} {path} HTTP/{version}', f'Host: {HOST}:{PORT}']
    lines += [f'{name.replace("_", "-")}: {value}' for name, value in fields.items()]
    if body:
        lines.append(f'Content-Length: {len(body)}')
    sock.sendall(('\r\n'.join(lines) + '\r\n\r\n').encode() + body)
    got = answer(sock, method)
    sock.close()
    return got


def problem(got, status, code):
    assert got[0] == status, got
    assert got[1]['content-type'] == 'application/problem+json', got
    said = json.loads(got[2])
    assert said['status'] == status and said['code'] == code and said['title'] and said['detail'], said


def jobs():
    return json.loads(ask('/test/jobs')[2])


def until(true, seconds=10):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def plain():
    status, fields, body = ask('/test/echo/a%20b?word=x%26y&n=3')
    assert status == 200 and json.loads(body) == {'word': 'x&y', 'n': 3, 'name': 'a b', 'kind': 'nobody'}, body
    assert "default-src 'none'" in fields['content-security-policy']
    assert fields['x-content-type-options'] == 'nosniff' and fields['referrer-policy'] == 'no-referrer'
    assert fields['cache-control'] == 'no-store'
    status, fields, body = ask('/test/echo/x', 'HEAD')
    assert status == 200 and int(fields['content-length']) > 0 and body == b''
    assert ask('/test/nothing', 'DELETE')[0] == 204
    assert ask('/test/echo/x', 'POST', b'hello')[2] == b'hello'
    problem(ask('/test/none'), 404, 'not_here')
    problem(ask('/test/echo'), 404, 'not_here')
    problem(ask('/test/echo/x/y'), 404, 'not_here')
    problem(ask('/test/../test/jobs'), 404, 'not_here')
    problem(ask('/test/echo/%00'), 404, 'not_here')
    got = ask('/test/echo/x', 'DELETE')
    problem(got, 405, 'wrong_method')
    assert got[1]['allow'] == 'GET, HEAD, POST', got
    problem(ask('/test/echo/x', 'BREW'), 501, 'unknown_method')
    problem(ask('/test/echo/x?n=10'), 400, 'bad_number')
    problem(ask('/test/echo/x?n=-1'), 400, 'bad_number')
    problem(ask('/test/echo/x?word=%zz'), 400, 'bad_request')
    problem(ask('/test/echo/x?word=%00'), 400, 'bad_query')
    problem(ask('/test/echo/x?word=1&word=2'), 400, 'bad_query')
    problem(ask('/test/json', 'POST', b'{}'), 415, 'not_json')
    problem(ask('/test/json', 'POST', b'{', Content_Type='application/json'), 400, 'bad_json')
    problem(ask('/test/json', 'POST', b'[]', Content_Type='application/json'), 400, 'bad_json')
    problem(ask('/test/json', 'POST', b'{"a":1,"a":2}', Content_Type='application/json'), 400, 'bad_json')
    assert ask('/test/json', 'POST', b'{"a":1}', Content_Type='application/json; charset=utf-8')[2] == b'{"a":1}'


def too_large():
    problem(ask('/test/' + 'x' * 9000), 414, 'bad_request')
    problem(ask('/test/jobs', X='y' * 20000), 431, 'bad_request')
    sock = connect()
    sock.sendall(b'POST /test/json HTTP/1.1\r\nHost: a\r\nContent-Length: 70000\r\n\r\n')
    status, fields, body = answer(sock)
    assert status == 413 and fields['connection'] == 'close'
    sock.close()


def pipelined():
    sock = connect()
    names = ['one', 'two', 'three', 'four']
    wanted = b''.join(f'GET /test/echo/{n} HTTP/1.1\r\nHost: a\r\n\r\n'.encode() for n in names)
    # a job in the middle: what is behind it waits
    sock.sendall(wanted + b'GET /test/quick HTTP/1.1\r\nHost: a\r\n\r\n' + wanted)
    for name in names:
        assert json.loads(answer(sock)[2])['name'] == name
    status, fields, body = answer(sock)
    assert body == b'short\n' and fields['x-test'] == 'short'
    assert fields['content-disposition'] == 'attachment; filename="a__name_.txt"', fields
    for name in names:
        assert json.loads(answer(sock)[2])['name'] == name
    sock.sendall(b'GET /test/quick HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    assert answer(sock)[2] == b'short\n' and sock.recv(1) == b''
    # byte by byte
    sock = connect()
    for byte in b'GET /test/echo/slow HTTP/1.1\r\nHost: a\r\n\r\n':
        sock.sendall(bytes([byte]))
    assert json.loads(answer(sock)[2])['name'] == 'slow'


def dawdling():
    for start in (b'GET /test/jobs HTT', b'POST /test/json HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc'):
        sock = connect()
        began = time.monotonic()
        sock.sendall(start)
        try:
            while time.monotonic() - began < 8:
                time.sleep(0.3)
                sock.sendall(b'P')
                sock.settimeout(0.01)
                try:
                    if sock.recv(100) == b'':
                        break
                except (TimeoutError, socket.timeout):
                    pass
        except ConnectionError:
            pass
        assert time.monotonic() - began < 7, 'one who dawdles was kept'
    sock = connect()
    sock.sendall(b'POST /test/echo/x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n')
    assert head_of(sock)[0] == 100
    sock.sendall(b'abc')
    assert answer(sock)[2] == b'abc'


def large():
    before = jobs()
    sock = connect()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    sock.sendall(b'GET /test/large HTTP/1.1\r\nHost: a\r\n\r\n')
    time.sleep(0.7)
    written = jobs()['written'] - before['written']
    assert written < 8 << 20, f'{written} bytes were made ahead of a client who takes none'
    status, fields, body = answer(sock)
    assert status == 200 and len(body) == LARGE
    assert body[:1 << 20] == bytes((i * 31 >> 8) & 255 for i in range(1 << 20))
    # by an old client's way: up to the end
    sock = connect()
    sock.sendall(b'GET /test/large HTTP/1.0\r\nHost: a\r\n\r\n')
    status, fields = head_of(sock)
    assert status == 200 and 'content-length' not in fields and 'transfer-encoding' not in fields
    n = 0
    while piece := sock.recv(1 << 18):
        n += len(piece)
    assert n == LARGE
    status, fields, body = ask('/test/large', 'HEAD')
    assert status == 200 and fields['transfer-encoding'] == 'chunked'


def slow_ones_delay_nobody():
    slow = []
    for _ in range(10):
        sock = connect()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.sendall(b'GET /test/large HTTP/1.1\r\nHost: a\r\n\r\n')
        slow.append(sock)
    time.sleep(0.3)
    for _ in range(5):
        began = time.monotonic()
        assert ask('/test/quick')[2] == b'short\n'
        assert time.monotonic() - began < 5
    before = jobs()['stopped']
    for sock in slow:
        sock.close()
    until(lambda: jobs()['stopped'] >= before + 10)


def gone():
    before = jobs()
    sock = connect()
    sock.sendall(b'GET /test/patient HTTP/1.1\r\nHost: a\r\n\r\n')
    until(lambda: jobs()['started'] > before['started'])
    sock.close()
    until(lambda: jobs()['stopped'] > before['stopped'])
    until(lambda: (lambda now: now['done'] == now['started'])(jobs()))


def cut_off():
    sock = connect()
    sock.sendall(b'GET /test/failing HTTP/1.1\r\nHost: a\r\n\r\n')
    status, _ = head_of(sock)
    assert status == 200
    body, is_whole = chunks(sock)
    assert len(body) == 1081 and not is_whole, 'half an answer looks whole'
    problem(ask('/test/refusing'), 409, 'not_so')


def streams():
    sock = connect()
    sock.sendall(b'GET /test/stream HTTP/1.1\r\nHost: a\r\n\r\n')
    status, fields, body = answer(sock)
    assert body.decode() == ''.join(f'line {i}\n' for i in range(1000))
    assert ask('/test/stream', 'HEAD')[0] == 200


def socket_open(**fields):
    sock = connect()
    key = base64.b64encode(os.urandom(16)).decode()
    lines = ['GET /test/socket HTTP/1.1', f'Host: {HOST}:{PORT}', 'Upgrade: websocket', 'Connection: Upgrade',
             f'Sec-WebSocket-Key: {key}', 'Sec-WebSocket-Version: ' + fields.pop('version', '13')]
    lines += [f'{name.replace("_", "-")}: {value}' for name, value in fields.items()]
    sock.sendall(('\r\n'.join(lines) + '\r\n\r\n').encode())
    return sock


def text_frame(text, mask=b'abcd'):
    data = text.encode()
    head = struct.pack('>BB', 0x81, 0x80 | len(data)) if len(data) < 126 else struct.pack('>BBH', 0x81, 0xfe, len(data))
    return head + mask + bytes(b ^ mask[i & 3] for i, b in enumerate(data))


def sockets():
    own = f'http://{HOST}:{PORT}'
    problem(answer(socket_open(Origin=own)), 400, 'wrong_subprotocol')
    problem(answer(socket_open(Origin='http://elsewhere', Sec_WebSocket_Protocol='parrot')), 403, 'foreign_origin')
    problem(answer(socket_open(Origin='null', Sec_WebSocket_Protocol='parrot')), 403, 'foreign_origin')
    problem(answer(socket_open(Sec_WebSocket_Protocol='parrot')), 403, 'foreign_origin')
    got = answer(socket_open(version='12', Origin=own, Sec_WebSocket_Protocol='parrot'))
    problem(got, 426, 'wrong_version')
    problem(ask('/test/socket', Origin=own), 426, 'no_websocket')
    sock = socket_open(Origin=own, Sec_WebSocket_Protocol='parrot')
    status, fields = head_of(sock)
    assert status == 101 and fields['sec-websocket-protocol'] == 'parrot'
    sock.sendall(text_frame('hello') + text_frame('you'))
    assert exactly(sock, 12) == b'\x81\x05hello\x81\x03you'
    sock.sendall(b'\x89\x80abcd')
    assert exactly(sock, 2) == b'\x8a\x00'
    sock.sendall(text_frame('bye'))
    assert exactly(sock, 4)[:4] == b'\x88\x05\x03\xe8'
    # a message over the limit
    sock = socket_open(Origin=own, Sec_WebSocket_Protocol='parrot')
    head_of(sock)
    sock.sendall(text_frame('x' * 1001))
    assert exactly(sock, 4)[2:] == struct.pack('>H', 1009)
    # a program with the token needs no Origin
    sock = socket_open(Authorization=f'Bearer {TOKEN}', Sec_WebSocket_Protocol='parrot')
    assert head_of(sock)[0] == 101
    sock.close()


def logins():
    problem(ask('/api/v1/mine'), 401, 'not_logged_in')
    assert ask('/api/v1/mine', Authorization=f'Bearer {TOKEN}')[0] == 200
    own = f'http://{HOST}:{PORT}'
    login = json.dumps({'token': TOKEN}).encode()
    problem(ask('/api/v1/login', 'POST', login, Content_Type='application/json', Origin='https://elsewhere'), 403,
            'foreign_origin')
    problem(ask('/api/v1/login', 'POST', b'{"token":"%s"}' % (b'x' * 32), Content_Type='application/json'), 403,
            'wrong_token')
    status, fields, _ = ask('/api/v1/login', 'POST', login, Content_Type='application/json')
    assert status == 204
    cookie, attributes = fields['set-cookie'].split('; ', 1)
    assert attributes == 'Path=/; Max-Age=2592000; HttpOnly; SameSite=Strict', attributes
    assert json.loads(ask('/api/v1/mine', Cookie=cookie)[2])['kind'] == 'member'
    # every bit of it counts
    for i in range(len('tapdeck='), len(cookie)):
        changed = cookie[:i] + ('A' if cookie[i] != 'A' else 'B') + cookie[i + 1:]
        problem(ask('/api/v1/mine', Cookie=changed), 401, 'not_logged_in')
    problem(ask('/api/v1/mine', 'POST', Cookie=cookie), 403, 'foreign_origin')
    problem(ask('/api/v1/mine', 'POST', Cookie=cookie, Origin='http://elsewhere'), 403, 'foreign_origin')
    problem(ask('/api/v1/mine', 'POST', Cookie=cookie, Origin=own + '.elsewhere'), 403, 'foreign_origin')
    assert ask('/api/v1/mine', 'POST', Cookie=cookie, Origin=own)[0] == 204
    assert ask('/api/v1/mine', 'POST', Authorization=f'Bearer {TOKEN}')[0] == 204
    # below a link only the link counts
    problem(ask('/s/abcdefghjkmn/api/v1/mine', Cookie=cookie), 401, 'no_link')
    problem(ask('/s/abcdefghjkmn/api/v1/mine', Authorization=f'Bearer {TOKEN}'), 401, 'no_link')
    problem(ask('/s/abcdefghjkmn/api/v1/login', 'POST', login, Content_Type='application/json'), 404, 'not_here')
    assert ask('/api/v1/logout', 'POST', Cookie=cookie, Origin=own)[0] == 204
    problem(ask('/api/v1/mine', Cookie=cookie), 401, 'not_logged_in')
    # guessing is slowed down, and does not keep out who is in
    cookie = ask('/api/v1/login', 'POST', login, Content_Type='application/json')[1]['set-cookie'].split(';')[0]
    seen = [ask('/api/v1/login', 'POST', b'{"token":"guess"}', Content_Type='application/json')[0] for _ in range(14)]
    assert seen[-1] == 429 and seen.count(403) <= 10, seen
    problem(ask('/api/v1/mine', Authorization='Bearer guess'), 429, 'too_many_failures')
    assert ask('/api/v1/mine', Cookie=cookie)[0] == 200


for test in (plain, too_large, pipelined, dawdling, large, slow_ones_delay_nobody, gone, cut_off, streams, sockets,
             logins):
    began = time.monotonic()
    test()
    print(f'  {test.__name__} ({time.monotonic() - began:.1f} s)', flush=True)
