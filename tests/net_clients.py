#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Real clients for src/net/server_test.c: curl, openssl s_client, and raw sockets that behave badly.

    tests/net_clients.py 127.0.0.1:PORT [::]:TLS-PORT UNIX-PATH
"""
import base64
import hashlib
import os
import resource
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time

plain_host, plain_port = sys.argv[1].rsplit(':', 1)
PLAIN = (plain_host, int(plain_port))
TLS_PORT = int(sys.argv[2].rsplit(':', 1)[1])
UNIX = sys.argv[3]
GET = b'GET /hello HTTP/1.1\r\nHost: a\r\n\r\n'
LARGE = bytes((i * 31 >> 8) & 255 for i in range(8 << 20))


def connect():
    return socket.create_connection(PLAIN, timeout=10)


def connect_tls(host='127.0.0.1'):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(['http/1.1'])
    wrapped = context.wrap_socket(socket.create_connection((host, TLS_PORT), timeout=10))
    assert wrapped.selected_alpn_protocol() == 'http/1.1'
    return wrapped


def read_exactly(sock, n):
    data = b''
    while len(data) < n:
        piece = sock.recv(min(1 << 20, n - len(data)))
        assert piece, f'ended after {len(data)} of {n} bytes: {data[:200]}'
        data += piece
    return data


def read_response(sock):
    head = b''
    while not head.endswith(b'\r\n\r\n'):
        head += read_exactly(sock, 1)
    status = int(head.split()[1])
    length = [int(line.split(b':')[1]) for line in head.split(b'\r\n') if line.lower().startswith(b'content-length')]
    return status, read_exactly(sock, length[0]) if length else head


def byte_by_byte():
    sock = connect()
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in b'POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n':
        sock.sendall(bytes([byte]))
    assert read_response(sock) == (200, b'hello')
    sock.close()


def pipelined(connect=connect):
    """Answers come in the order of the requests, the slow one in the middle included."""
    sock = connect()
    sock.sendall(GET + GET.replace(b'/hello', b'/later') + GET + GET.replace(b'/hello', b'/none') + GET)
    assert read_response(sock) == (200, b'hello\n')
    assert read_response(sock) == (200, b'later\n')
    assert read_response(sock) == (200, b'hello\n')
    assert read_response(sock) == (404, b'no such thing\n')
    assert sock.recv(100) == b''  # an answer that closes: what was pipelined behind it is not
    sock.close()


def half_closed():
    """A client that says all and then closes its side still gets its answer."""
    sock = connect()
    sock.sendall(GET)
    sock.shutdown(socket.SHUT_WR)
    assert read_response(sock) == (200, b'hello\n')
    assert sock.recv(100) == b''
    sock.close()


def slow_loris():
    sock = connect()
    began = time.monotonic()
    try:
        for byte in b'GET /hello HTTP/1.1\r\nX: ' + b'x' * 600:
            sock.sendall(bytes([byte]))
            time.sleep(0.05)
        raise AssertionError('a head that trickles in was waited for')
    except OSError:
        pass
    assert 0.3 < time.monotonic() - began < 30
    sock.close()
    dumb = socket.create_connection(('127.0.0.1', TLS_PORT), timeout=20)  # never says hello
    assert dumb.recv(100) == b''
    dumb.close()


def idle():
    sock = connect()
    sock.sendall(GET)
    read_response(sock)
    sock.settimeout(20)
    assert sock.recv(100) == b''
    sock.close()


def reads_nothing():
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.connect(PLAIN)
    sock.sendall(GET.replace(b'/hello', b'/large'))
    time.sleep(6)
    sock.settimeout(10)
    n = 0
    try:
        while piece := sock.recv(1 << 20):
            n += len(piece)
    except ConnectionError:
        pass
    assert n < len(LARGE)
    sock.close()


def large(connect):
    sock = connect()
    sock.sendall(GET.replace(b'/hello', b'/large'))
    assert read_response(sock)[1] == LARGE
    body = os.urandom(1 << 20)
    sock.sendall(b'POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n' % len(body) + body)
    assert read_response(sock)[1] == body
    sock.close()


def refused():
    for request, status in ((b'GET / HTTP/1.1\nHost: a\n\n', 400), (b'GET / HTTP/3.0\r\n\r\n', 505),
                            (b'POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n', 413),
                            (b'GET / HTTP/1.1\r\nHost: a\r\nX: ' + b'x' * 20000, 431)):
        sock = connect()
        sock.sendall(request)
        assert read_response(sock)[0] == status, request[:40]
        assert sock.recv(100) == b''
        sock.close()


def frame(first, payload):
    mask = os.urandom(4)
    n = len(payload)
    head = bytes([first]) + (bytes([128 | n]) if n < 126 else struct.pack('>BH', 254, n) if n < 65536
                             else struct.pack('>BQ', 255, n))
    return head + mask + bytes(b ^ mask[i & 3] for i, b in enumerate(payload))


def read_frame(sock):
    first, n = read_exactly(sock, 2)
    assert n < 128, 'masked'
    if n == 126:
        n, = struct.unpack('>H', read_exactly(sock, 2))
    elif n == 127:
        n, = struct.unpack('>Q', read_exactly(sock, 8))
    return first, read_exactly(sock, n)


def websocket(connect, extra=b''):
    key = base64.b64encode(os.urandom(16))
    sock = connect()
    sock.sendall(b'GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
                 b'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: header-x, aws-appsync-event-ws\r\n'
                 b'Sec-WebSocket-Key: ' + key + b'\r\n' + extra + b'\r\n' + frame(0x81, b'early'))
    status, head = read_response(sock)
    expected = base64.b64encode(hashlib.sha1(key + b'258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest())
    assert status == 101 and b'Sec-WebSocket-Accept: ' + expected in head, head
    assert b'Sec-WebSocket-Protocol: aws-appsync-event-ws' in head
    assert read_frame(sock) == (0x81, b'early')
    return sock, head


def websocket_echo(connect=connect):
    sock, _ = websocket(connect)
    for n in (0, 125, 126, 65535, 65536, 300000):
        payload = os.urandom(n)
        data = frame(0x02, payload[:n // 2]) + frame(0x89, b'ping') + frame(0x80, payload[n // 2:])
        sock.sendall(data)  # all of it first: a TLS socket of Python's is not for two threads at once
        assert read_frame(sock) == (0x8a, b'ping')
        assert read_frame(sock) == (0x82, payload)
    for byte in frame(0x81, 'ü→😀'.encode()):
        sock.sendall(bytes([byte]))
    assert read_frame(sock) == (0x81, 'ü→😀'.encode())
    sock.sendall(frame(0x88, b'\x03\xe8bye'))
    assert read_frame(sock) == (0x88, b'\x03\xe8')
    assert sock.recv(100) == b''
    sock.close()
    sock, _ = websocket(connect)
    sock.sendall(frame(0x81, b'\xff'))
    assert read_frame(sock) == (0x88, struct.pack('>H', 1007))
    sock.close()


def websocket_deflated():
    import zlib
    sock, head = websocket(connect, b'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n')
    assert b'server_no_context_takeover; client_no_context_takeover' in head
    text = b'{"row": 1}' * 1000
    deflate = zlib.compressobj(wbits=-15)
    sock.sendall(frame(0xc1, (deflate.compress(text) + deflate.flush(zlib.Z_SYNC_FLUSH))[:-4]))
    first, payload = read_frame(sock)
    assert first == 0xc1 and len(payload) < 200
    assert zlib.decompressobj(wbits=-15).decompress(payload + b'\0\0\xff\xff') == text
    sock.close()


def a_thousand():
    socks = [connect() for _ in range(1000)]
    for sock in socks:
        sock.sendall(GET[:10])
    for sock in socks:
        sock.sendall(GET[10:] + GET)
    for sock in socks:
        assert read_response(sock) == (200, b'hello\n')
        assert read_response(sock) == (200, b'hello\n')
    for sock in socks:
        sock.close()


def unix_socket():
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(10)
    sock.connect(UNIX)
    sock.sendall(GET)
    assert read_response(sock) == (200, b'hello\n')
    sock.close()


def hung_up():
    """Resets in the middle of everything must not disturb anyone."""
    for request in (b'', b'GET', GET.replace(b'/hello', b'/large'), GET.replace(b'/hello', b'/stream'),
                    GET.replace(b'/hello', b'/later')):
        for make in (connect, connect_tls):
            sock = make()
            sock.sendall(request)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            sock.close()


def run(command, **kwargs):
    return subprocess.run(command, capture_output=True, timeout=60, check=False, **kwargs)


def by_curl():
    if not shutil.which('curl'):
        print('SKIPPED: curl is not installed')
        return
    base = f'http://{sys.argv[1]}'
    for url in (base, f'https://localhost:{TLS_PORT}'):
        done = run(['curl', '-sSk', '--http1.1', f'{url}/hello', f'{url}/stream', f'{url}/later', f'{url}/hello'])
        assert done.stdout == b'hello\n' + b'a line of the stream\n' * 1000 + b'later\nhello\n', done
        body = os.urandom(300000)
        done = run(['curl', '-sSk', '--http1.1', '-H', 'Expect: 100-continue', '--data-binary', '@-', f'{url}/echo'],
                   input=body)
        assert done.stdout == body, done.stderr
    assert run(['curl', '-sSI', f'{base}/hello']).stdout.startswith(b'HTTP/1.1 200 OK')
    assert run(['curl', '-sSk', '--unix-socket', UNIX, 'http://x/hello']).stdout == b'hello\n'


def by_openssl():
    if not shutil.which('openssl'):
        print('SKIPPED: openssl is not installed')
        return
    for version in ('-tls1_2', '-tls1_3'):
        done = run(['openssl', 's_client', '-connect', f'127.0.0.1:{TLS_PORT}', '-alpn', 'http/1.1', version, '-ign_eof'],
                   input=GET.replace(b'Host: a', b'Host: a\r\nConnection: close'))
        assert b'ALPN protocol: http/1.1' in done.stdout and b'\r\n\r\nhello\n' in done.stdout, done
        assert b'CN = tapdeck' in done.stdout
    # One that knows HTTP/2 only is told by ALPN (RFC 7301), not left with bytes it cannot read.
    done = run(['openssl', 's_client', '-connect', f'127.0.0.1:{TLS_PORT}', '-alpn', 'h2'], input=b'')
    assert b'no application protocol' in done.stderr, done
    done = run(['openssl', 's_client', '-connect', f'127.0.0.1:{TLS_PORT}', '-tls1_1'], input=b'')
    assert done.returncode != 0


def main():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    # Those that wait for a time to run out do so beside the others.
    patient = [slow_loris, idle, reads_nothing]
    failed = []

    def attempt(name, check):
        try:
            check()
        except Exception as fault:  # each is told of; the others go on
            failed.append(name)
            print(f'{name}: {type(fault).__name__}: {fault}')

    threads = [threading.Thread(target=attempt, args=(check.__name__, check)) for check in patient]
    for thread in threads:
        thread.start()
    for name, check in (
            ('byte_by_byte', byte_by_byte), ('pipelined', pipelined),
            ('pipelined over TLS', lambda: pipelined(connect_tls)), ('half_closed', half_closed),
            ('refused', refused), ('large', lambda: large(connect)), ('large over TLS', lambda: large(connect_tls)),
            ('websocket', websocket_echo), ('websocket over TLS', lambda: websocket_echo(connect_tls)),
            ('websocket deflated', websocket_deflated), ('unix', unix_socket), ('hung_up', hung_up),
            ('curl', by_curl), ('openssl', by_openssl), ('a thousand', a_thousand)):
        attempt(name, check)
    for thread in threads:
        thread.join()
    sys.exit(1 if failed else 0)


main()
