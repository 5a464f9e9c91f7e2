# SPDX-License-Identifier: Apache-2.0
"""A program's way to a running `tapdeck serve`: HTTP by the standard library, the live socket by hand."""
import base64
import http.client
import json
import os
import socket
import ssl
import struct
import time
import urllib.parse


class Web:
    """One server. token: what it printed; link: (id, secret) to ask through a link instead."""

    def __init__(self, url, token=None, link=None):
        at = urllib.parse.urlsplit(url)
        self.host, self.port, self.is_tls = at.hostname, at.port, at.scheme == 'https'
        self.token = token or dict(urllib.parse.parse_qsl(at.query)).get('token')
        self.base = '/api/v1'
        if link:
            self.base, self.token = f'/s/{link[0]}/api/v1', link[1]

    def context(self):
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context

    def ask(self, path, method='GET', body=None, headers=None, timeout=20):
        """(status, headers, bytes). A path that begins with / is absolute, any other one below the API."""
        if self.is_tls:
            connection = http.client.HTTPSConnection(self.host, self.port, timeout=timeout, context=self.context())
        else:
            connection = http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        given = {'Authorization': f'Bearer {self.token}'} if self.token else {}
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            given['Content-Type'] = 'application/json'
        given.update(headers or {})
        connection.request(method, path if path.startswith('/') else f'{self.base}/{path}', body, given)
        answer = connection.getresponse()
        result = answer.status, answer.headers, answer.read()
        connection.close()
        return result

    def json(self, path, **more):
        status, _, body = self.ask(path, **more)
        assert status < 300, (path, status, body)
        return json.loads(body)

    def text(self, path, headers=None):
        return self.ask(path, headers=headers)[2].decode()

    def live(self, headers=None):
        return Live(self, headers)


class Live:
    """The live socket. Messages come by next(): ('text', object) or ('rows', Frame); None when time is over."""

    def __init__(self, web, headers=None):
        plain = socket.create_connection((web.host, web.port), timeout=20)
        self.socket = web.context().wrap_socket(plain) if web.is_tls else plain
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [f'GET {web.base}/live HTTP/1.1', f'Host: {web.host}:{web.port}', 'Upgrade: websocket',
                 'Connection: Upgrade', 'Sec-WebSocket-Version: 13', f'Sec-WebSocket-Key: {key}',
                 'Sec-WebSocket-Protocol: tapdeck.v1']
        if web.token:
            lines.append(f'Authorization: Bearer {web.token}')
        lines += [f'{name}: {value}' for name, value in (headers or {}).items()]
        self.socket.sendall(('\r\n'.join(lines) + '\r\n\r\n').encode())
        self.data = b''
        while b'\r\n\r\n' not in self.data:
            piece = self.socket.recv(4096)
            assert piece, self.data
            self.data += piece
        head, self.data = self.data.split(b'\r\n\r\n', 1)
        self.status = int(head.split()[1])
        self.head = head.decode()
        self.close_code = None

    def send(self, message):
        text = json.dumps(message).encode()
        mask = os.urandom(4)
        n = len(text)
        head = struct.pack('>BB', 0x81, 0x80 | n) if n < 126 else struct.pack('>BBH', 0x81, 0x80 | 126, n)
        self.socket.sendall(head + mask + bytes(b ^ mask[i & 3] for i, b in enumerate(text)))

    def _frame(self):
        if len(self.data) < 2:
            return None
        n, at = self.data[1] & 127, 2
        if n == 126:
            n, at = struct.unpack_from('>H', self.data, 2)[0] if len(self.data) >= 4 else 1 << 62, 4
        elif n == 127:
            n, at = struct.unpack_from('>Q', self.data, 2)[0] if len(self.data) >= 10 else 1 << 62, 10
        if len(self.data) < at + n:
            return None
        opcode, payload = self.data[0] & 15, self.data[at:at + n]
        self.data = self.data[at + n:]
        return opcode, payload

    def next(self, seconds=5):
        until = time.monotonic() + seconds
        while True:
            frame = self._frame()
            if frame is None:
                self.socket.settimeout(max(0.001, until - time.monotonic()))
                try:
                    piece = self.socket.recv(1 << 18)
                except (TimeoutError, socket.timeout, ssl.SSLWantReadError):
                    return None
                except ConnectionError:
                    return 'end', None
                if not piece:
                    return 'end', None
                self.data += piece
                continue
            opcode, payload = frame
            if opcode == 1:
                return 'text', json.loads(payload)
            if opcode == 2:
                return 'rows', Frame(payload)
            if opcode == 8:
                self.close_code = struct.unpack('>H', payload[:2])[0] if payload else None
                return 'end', self.close_code
            if time.monotonic() > until:
                return None

    def until(self, kind, seconds=10):
        """The next message of that type; rows are passed over unless asked for ('rows')."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            got = self.next(max(0.01, until - time.monotonic()))
            if got is None:
                break
            if got[0] == kind or (got[0] == 'text' and got[1].get('type') == kind):
                return got[1]
            if got[0] == 'end':
                break
        raise AssertionError(f'no {kind} came')

    def close(self):
        self.socket.close()


class Frame:
    """A frame of rows: docs/live-protocol.md."""

    def __init__(self, data):
        magic, self.view, self.n, self.flags, first, earliest, n_strings, n_text, n_info, _ = struct.unpack_from(
            '<4sIIIQQIIII', data)
        assert magic == b'TDR\x01', magic
        self.bytes = len(data)
        at = 48

        def column(kind, width):
            nonlocal at
            values = struct.unpack_from(f'<{self.n}{kind}', data, at)
            at += (self.n * width + 3) & ~3
            return values

        numbers, times = column('I', 4), column('I', 4)
        high = column('I', 4) if self.flags & 1 else (0,) * self.n
        lens = column('I', 4)
        columns = [column('H', 2) for _ in range(5)]
        marks = column('B', 1)
        lengths = struct.unpack_from(f'<{n_strings}H', data, at)
        at += (n_strings * 2 + 3) & ~3
        strings, text = [], at
        for length in lengths:
            strings.append(data[text:text + length].decode())
            text += length
        assert text == at + n_text
        info = at + ((n_text + 3) & ~3)
        self.rows = []
        for i in range(self.n):
            source, destination, device, protocol, n = (c[i] for c in columns)
            self.rows.append({
                'number': first + numbers[i], 'time_ns': earliest + times[i] + (high[i] << 32), 'length': lens[i],
                'source': strings[source], 'destination': strings[destination],
                'device': strings[device] if device != 65535 else None, 'protocol': strings[protocol],
                'info': data[info:info + n].decode(), 'marks': marks[i]})
            info += n
