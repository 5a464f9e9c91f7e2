# SPDX-License-Identifier: Apache-2.0
"""`tapdeck serve` shows an archive and what is recorded into it: it starts, lets in who may, keeps others out, is killed
and comes back; viewers that are slow lose their own rows, are told which, and delay nobody."""
import json
import os
import re
import signal
import socket
import subprocess
import time

from harness import Mirror, free_udp_port, udp_frame
from web_client import Web


def marked(number):
    return udp_frame(number.to_bytes(4, 'big') + bytes(60))


class Server:
    def __init__(self, t, *words, archive=None, exit=None):
        self.t = t
        self.words = [t.tapdeck, 'serve', '-A', archive or t.path('archive'), *map(str, words)]
        if '--http' not in words:
            self.words += ['--http', '127.0.0.1:0']
        self.start(exit)

    def start(self, exit=None):
        self.log_path = self.t.path(f'serve-{len(self.t.children)}.log')
        log = open(self.log_path, 'wb')
        self.child = subprocess.Popen(self.words, stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL)
        self.t.children.append(self.child)
        self.url = self.child.stdout.readline().decode().strip()
        if exit is not None:
            self.t.equal(self.child.wait(30), exit, f'exit code; it said {self.said()}')
            return
        self.t.check(self.url, f'nothing was printed: {self.said()}')
        self.web = Web(self.url)

    def said(self):
        return open(self.log_path, errors='replace').read()

    def stop(self):
        self.child.send_signal(signal.SIGTERM)
        self.t.equal(self.child.wait(60), 0, f'exit code of serve, which said: {self.said()}')
        for sign in ('Sanitizer', 'runtime error:', 'Assertion'):
            self.t.check(sign not in self.said(), self.said())


def problem(t, answer, status, code):
    t.equal(answer[0], status, f'status, of {answer[2]}')
    t.equal(json.loads(answer[2])['code'], code, 'code')


def wait_until(t, true, what, seconds=20):
    end = time.monotonic() + seconds
    while not true():
        t.check(time.monotonic() < end, f'{what}: not within {seconds} s')
        time.sleep(0.05)


def case_members_log_in_with_the_token_and_nobody_else_does(t):
    server = Server(t, '--vxlan', f'127.0.0.1:{free_udp_port()}')
    web = server.web
    stranger = Web(server.url, token='')
    stranger.token = None
    t.equal(stranger.ask('/')[0], 200, 'the page is there for everybody')
    t.equal(stranger.ask('/live/box')[0], 200, 'and at the address of a screen')
    for path in ('/api/v1/sources/box/stream', '/api/v1/live', '/metrics'):
        problem(t, stranger.ask(path), 401, 'not_logged_in')
    problem(t, stranger.ask('/api/v1/login', method='POST', body={'token': 'x' * 32}), 403, 'wrong_token')
    status, headers, _ = stranger.ask(f'/?token={web.token}')
    t.equal((status, headers['Location']), (303, '/'), 'the link of the start')
    cookie = headers['Set-Cookie'].split(';')[0]
    problem(t, stranger.ask('/api/v1/logout', method='POST', headers={'Cookie': cookie, 'Origin': 'http://evil'}), 403,
            'foreign_origin')
    # the login is good over a restart, and the token is the same
    server.stop()
    again = Server(t, '--vxlan', f'127.0.0.1:{free_udp_port()}')
    t.equal(again.web.token, web.token, 'the token after a restart')
    own = f'http://{again.web.host}:{again.web.port}'
    stranger = Web(again.url)
    stranger.token = None
    t.equal(stranger.ask('/metrics', headers={'Cookie': cookie})[0], 200, 'the cookie after a restart')
    t.equal(stranger.ask('/api/v1/logout', method='POST', headers={'Cookie': cookie, 'Origin': own})[0], 204, 'logout')
    problem(t, stranger.ask('/metrics', headers={'Cookie': cookie}), 401, 'not_logged_in')
    again.stop()
    again = Server(t, '--vxlan', f'127.0.0.1:{free_udp_port()}')
    stranger = Web(again.url)
    stranger.token = None
    problem(t, stranger.ask('/metrics', headers={'Cookie': cookie}), 401, 'not_logged_in')
    again.stop()


def case_a_password_takes_the_tokens_place(t):
    plain = t.path('password')
    open(plain, 'w').write('correct horse\n')
    os.makedirs(t.path('archive'))
    os.chmod(plain, 0o644)
    server = Server(t, '--password-file', plain, exit=2)
    t.check('chmod 600' in server.said(), server.said())
    line = t.run('serve', '--hash-password', stdin=b'correct horse\n').stdout.decode()
    t.check(re.fullmatch(r'scrypt:15:8:1:[0-9a-f]{32}:[0-9a-f]{64}\n', line), line)
    for text in ('correct horse\n', line):
        open(plain, 'w').write(text)
        os.chmod(plain, 0o600)
        server = Server(t, '--password-file', plain)
        t.check('token' not in server.url, server.url)
        web = server.web
        problem(t, web.ask('login', method='POST', body={'password': 'wrong'}), 403, 'wrong_password')
        status, headers, _ = web.ask('login', method='POST', body={'password': 'correct horse'})
        t.equal(status, 204, 'login')
        t.equal(web.ask('/metrics', headers={'Cookie': headers['Set-Cookie'].split(';')[0]})[0], 200, 'metrics')
        server.stop()


def case_other_machines_reach_it_by_tls_or_when_told_so(t):
    os.makedirs(t.path('archive'))
    server = Server(t, '--http', '0.0.0.0:0')
    t.check(server.url.startswith('https://'), server.url)
    said = server.child.stdout.readline().decode()
    fingerprint = re.search(r'([0-9A-F]{2}:){31}[0-9A-F]{2}', said)
    t.check(fingerprint, said)
    server.web.host = '127.0.0.1'
    t.equal(server.web.ask('/healthz')[0], 200, 'over TLS')
    status, headers, _ = server.web.ask(f'/?token={server.web.token}')
    t.check('; Secure' in headers['Set-Cookie'], headers['Set-Cookie'])
    t.equal(os.stat(t.path('archive/serve.pem')).st_mode & 0o777, 0o600, 'rights of the certificate with its key')
    server.stop()
    again = Server(t, '--http', '0.0.0.0:0')
    t.check(fingerprint.group() in again.child.stdout.readline().decode(), 'the certificate is another one')
    again.stop()
    given = Server(t, '--http', '127.0.0.1:0', '--tls-cert', t.path('archive/serve.pem'), '--tls-key',
                   t.path('archive/serve.pem'))
    t.check(given.url.startswith('https://'), given.url)
    given.stop()
    Server(t, '--http', '127.0.0.1:0', '--tls-cert', t.path('archive/serve.pem'), exit=2)
    bold = Server(t, '--http', '0.0.0.0:0', '--insecure')
    t.check(bold.url.startswith('http://'), bold.url)
    bold.stop()


def case_a_killed_server_leaves_the_recorder_and_the_next_one_takes_it_over(t):
    port = free_udp_port()
    words = ('--vxlan', f'127.0.0.1:{port}', '--node', 'box', '--flush', '200ms')
    server = Server(t, *words)
    mirror = Mirror(port)
    live = server.web.live()
    t.equal(live.until('hello')['protocol'], 1, 'protocol')
    live.send({'type': 'view', 'view': 1, 'source': 'box', 'filter': '', 'rows': 'all'})
    live.until('viewing')
    for number in range(100):
        mirror.send(marked(number))
    wait_until(t, lambda: live.until('rows').rows[-1]['number'] == 100, 'the hundredth packet')
    server.child.kill()
    server.child.wait()
    for number in range(100, 200):
        mirror.send(marked(number))
    server = Server(t, *words)
    live = server.web.live()
    live.until('hello')
    live.send({'type': 'view', 'view': 1, 'source': 'box', 'filter': '', 'rows': 'all'})
    following = live.until('viewing')['next']
    for number in range(200, 300):
        mirror.send(marked(number))
    seen = []
    while not seen or seen[-1] < 300:
        seen += [row['number'] for row in live.until('rows').rows]
    t.equal(seen, list(range(seen[0], 301)), 'numbers that came by themselves')
    t.check(following <= seen[0] <= 201, f'rows were said to begin with {following}, and began with {seen[0]}')
    status = json.loads(t.run('status', '-A', t.path('archive'), '-T', 'json', exit=(0, 1, 2)).stdout)
    t.check('"packets": 300' in json.dumps(status), f'packets of the recorder that went on: {status}')
    # told that it ends, and the recorder with it
    server.child.send_signal(signal.SIGTERM)
    t.equal(live.until('ended', 20)['why'], 'restart', 'why it ended')
    t.equal(server.child.wait(60), 0, 'exit code')
    t.equal(t.find_count('-A', t.path('archive')), 300, 'packets in the archive')
    mirror.close()


def case_a_recorder_that_dies_is_started_again(t):
    server = Server(t, '--vxlan', f'127.0.0.1:{free_udp_port()}', '--node', 'box')
    status = t.path('archive/box.status.json')
    wait_until(t, lambda: os.path.exists(status), 'the status file')
    first = json.load(open(status))['pid']
    os.kill(first, signal.SIGKILL)
    wait_until(t, lambda: json.load(open(status))['pid'] != first, 'another recorder')
    t.check('ended, by signal 9' in server.said(), server.said())
    server.stop()


def case_a_source_that_cannot_be_opened_ends_it(t):
    server = Server(t, '-r', t.path('nothing.pcap'), exit=2)
    t.check('nothing.pcap' in server.said() and 'the recorder did not start' in server.said(), server.said())
    server = Server(t, 'udp', 'port', '53', archive=t.path('x'), exit=2)
    t.check('one word too many' in server.said(), server.said())


def case_a_slow_viewer_loses_its_own_rows_and_is_told(t):
    port = free_udp_port()
    server = Server(t, '--vxlan', f'127.0.0.1:{port}', '--node', 'box')
    mirror = Mirror(port)
    quick, slow = server.web.live(), server.web.live()
    for live in (quick, slow):
        live.until('hello')
        live.send({'type': 'view', 'view': 7, 'source': 'box', 'filter': 'udp', 'rows': 'all'})
        live.until('viewing')
    n, sent, painted, seen = 12000, 0, 0, []
    last = time.monotonic()
    while time.monotonic() < last + 60 and (not seen or seen[-1] < n):
        if sent < n:
            for _ in range(50):
                mirror.send(marked(sent))
                sent += 1
            time.sleep(0.035)  # below tail mode
        while (got := quick.next(0.001 if sent < n else 1)) is not None:
            if got[0] == 'rows':
                painted += got[1].bytes
                seen += [row['number'] for row in got[1].rows]
                quick.send({'type': 'painted', 'view': 7, 'bytes': painted})
    t.equal(seen, list(range(1, n + 1)), 'what the quick viewer saw')
    # the slow one reads on, but never says that it painted: it gets its credit's worth and no more
    rows, bytes_of, gaps, count = [], 0, [], None
    while (got := slow.next(1.5)) is not None:
        if got[0] == 'rows':
            rows += [row['number'] for row in got[1].rows]
            bytes_of += got[1].bytes
            t.equal(got[1].view, 7, 'view')
        elif got[1]['type'] == 'count':
            count = got[1]
    t.check(bytes_of <= 256 * 1024, f'{bytes_of} bytes under way')
    t.equal(count['sent'], len(rows), 'rows it was said to have been sent')
    t.equal(count['sent'] + count['left_out'], count['matched'], 'sent and left out')
    t.equal(count['matched'], n, 'matched')
    slow.send({'type': 'painted', 'view': 7, 'bytes': bytes_of})
    gap = slow.until('gap')
    t.equal((gap['cause'], gap['first'], gap['last'], gap['n']), ('viewer', rows[-1] + 1, n, n - len(rows)), 'the gap')
    for number in range(n, n + 50):
        mirror.send(marked(number))
    frame = slow.until('rows')
    t.equal(frame.rows[0]['number'], n + 1, 'at the live edge again')
    t.note(f'the slow viewer was sent {len(rows)} of {n} rows')
    metrics = server.web.ask('/metrics')[2].decode()
    missed = re.search(r'^tapdeck_viewer_rows_missed_total (\d+)$', metrics, re.M)
    t.equal(int(missed.group(1)), n - len(rows), 'rows missed, in the metrics')
    server.stop()
    mirror.close()


def case_bad_messages_are_refused_and_the_view_goes_on(t):
    port = free_udp_port()
    server = Server(t, '--vxlan', f'127.0.0.1:{port}', '--node', 'box')
    mirror = Mirror(port)
    live = server.web.live()
    live.until('hello')
    live.send({'type': 'view', 'view': 1, 'source': 'box', 'filter': '', 'rows': 'all'})
    live.until('viewing')
    for message, code in (({'type': 'nonsense'}, 'unknown_type'), ([1, 2], 'bad_message'), ({}, 'unknown_type'),
                          ({'type': 'view', 'view': 0, 'source': 'box'}, 'bad_view'),
                          ({'type': 'view', 'view': 2, 'source': 'elsewhere'}, 'not_here'),
                          ({'type': 'view', 'view': 2, 'source': 'box', 'rows': 'some'}, 'bad_view')):
        live.send(message)
        t.equal(live.until('error')['code'], code, message)
    live.send({'type': 'view', 'view': 2, 'source': 'box', 'filter': 'udp.prt == 1'})
    said = live.until('filter_error')
    t.equal((said['view'], said['column'], said['length'], said['suggestion']), (2, 0, 7, 'udp.port'), 'the fault')
    live.send({'type': 'ping', 't': 1234.5})
    t.equal(live.until('pong')['t'], 1234.5, 'pong')
    live.send({'type': 'painted', 'view': 1, 'bytes': 1 << 50})  # more than was ever sent: not believed
    mirror.send(marked(1))
    t.equal(live.until('rows').view, 1, 'the view that goes on')
    live.send({'type': 'rows', 'view': 1, 'rows': 'none'})
    live.send({'type': 'ping', 't': 1})
    live.until('pong')
    mirror.send(marked(2))
    count = live.until('count')
    while count['matched'] < 2:
        count = live.until('count')
    t.equal((count['sent'], count['left_out']), (1, 1), 'rows none: counted, not sent')
    for _ in range(400):
        live.send({'type': 'ping', 't': 1})
    while (got := live.next(5))[0] != 'end':
        pass
    t.equal(live.close_code, 1008, 'who floods is shown out')
    server.stop()
    mirror.close()


def metric_families(t, text):
    """A small reader of Prometheus' text format: {name: {labels: value}}; each family is told once, before its samples."""
    families, kinds, name = {}, {}, None
    for line in text.splitlines():
        if line.startswith('# HELP '):
            name = line.split()[2]
            t.check(name not in families, f'{name} is there twice')
            families[name] = {}
        elif line.startswith('# TYPE '):
            t.equal(line.split()[2], name, 'TYPE behind HELP')
            kinds[name] = line.split()[3]
            t.equal(kinds[name] == 'counter', name.endswith('_total'), f'kind of {name}')
        else:
            sample = re.fullmatch(r'([a-z_]+)(?:\{((?:[a-z]+="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (\d+)', line)
            t.check(sample and sample.group(1) == name, f'no sample of {name}: {line!r}')
            labels = sample.group(2) or ''
            t.check(labels not in families[name], f'{line} is there twice')
            families[name][labels] = int(sample.group(3))
    return families


def case_metrics_and_health_are_read_by_machines(t):
    port = free_udp_port()
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        health = s.getsockname()[1]
    server = Server(t, '--vxlan', f'127.0.0.1:{port}', '--node', 'box', '--health', f'127.0.0.1:{health}')
    mirror = Mirror(port)
    for number in range(20):
        mirror.send(marked(number))
    mirror.socket.sendto(b'no frame', mirror.to)
    t.equal(json.loads(server.web.ask('/healthz')[2]), {'status': 'ok'}, 'health')
    for _ in range(3):
        with socket.create_connection(('127.0.0.1', health), timeout=10) as s:
            t.equal(s.recv(1), b'', 'the health port says nothing')

    def received():
        families = metric_families(t, server.web.ask('/metrics')[2].decode())
        return list(families['tapdeck_received_packets_total'].values()) == [20]

    wait_until(t, received, 'twenty packets in the metrics')
    families = metric_families(t, server.web.ask('/metrics')[2].decode())
    source = f'node="box",source="vxlan 127.0.0.1:{port}"'
    for cause in ('kernel', 'queue', 'disk'):
        t.equal(families['tapdeck_dropped_packets_total'][f'{source},cause="{cause}"'], 0, cause)
    t.equal(families['tapdeck_refused_datagrams_total'][source], 1, 'datagrams that were no frame')
    t.equal(families['tapdeck_recorder_up'], {'node="box"': 1}, 'recorder_up')
    t.check(families['tapdeck_disk_free_bytes'][''] > 0, 'the disk has no room?')
    server.stop()
    mirror.close()


def case_rows_come_as_json_lines_too(t):
    port = free_udp_port()
    server = Server(t, '--vxlan', f'127.0.0.1:{port}', '--node', 'box')
    mirror = Mirror(port)
    problem(t, server.web.ask('sources/box/stream?filter=nonsense'), 400, 'filter')
    problem(t, server.web.ask('sources/elsewhere/stream'), 404, 'not_here')
    curl = subprocess.Popen(['curl', '-sN', '-H', f'Authorization: Bearer {server.web.token}',
                             f'http://127.0.0.1:{server.web.port}/api/v1/sources/box/stream?filter=udp.dstport==9999'],
                            stdout=subprocess.PIPE)
    t.children.append(curl)

    def streams():
        return b'\ntapdeck_streams 1\n' in server.web.ask('/metrics')[2]

    wait_until(t, streams, 'the stream')
    for number in range(30):
        mirror.send(marked(number))
    rows = []
    while len(rows) < 30:
        line = json.loads(curl.stdout.readline())
        if 'number' in line:
            rows.append(line)
    t.equal([row['number'] for row in rows], list(range(1, 31)), 'numbers')
    t.equal((rows[0]['destination'], rows[0]['length']), ('192.0.2.2:9999', 106), 'a row')
    curl.kill()
    curl.wait()
    wait_until(t, lambda: not streams(), 'the stream to be gone')
    server.stop()
    mirror.close()
