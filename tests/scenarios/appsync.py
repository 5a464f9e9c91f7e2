# SPDX-License-Identifier: Apache-2.0
"""Programs written for AWS AppSync Events subscribe and publish at tapdeck's door: Amazon's own client does. And the
capture is published to such an API, for which the door itself stands."""
import fcntl
import json
import os
import re
import subprocess
import time
import urllib.request

from harness import CAPTURES, PROJECT, Failure, free_udp_port

CLIENT = os.path.join(PROJECT, 'tests', 'appsync')


def need_client(t):
    """npm ci once for all runs: what the lock file says is there already is left alone."""
    t.need('node')
    t.need('npm')
    lock = open(os.path.join(CLIENT, 'package-lock.json')).read()
    mark = os.path.join(CLIENT, 'node_modules', '.lock')
    with open(os.path.join(CLIENT, '.one-at-a-time'), 'w') as turn:  # cases run side by side
        fcntl.flock(turn, fcntl.LOCK_EX)
        if os.path.exists(mark) and open(mark).read() == lock:
            return
        done = subprocess.run(['npm', 'ci', '--ignore-scripts'], cwd=CLIENT, capture_output=True, text=True)
        if done.returncode != 0:
            t.skip(f'npm ci cannot fetch the client: {done.stderr.strip()[-300:]}')
        with open(mark, 'w') as file:
            file.write(lock)


def key(t, archive, server, *words):
    return t.run('share', 'create', '-A', archive, '--appsync', '--until', '+1h', '--server', server.url,
                 *words).stdout.decode().strip()


class Taker:
    """Amplify, subscribed to a channel: prints an event a line until it has enough."""

    def __init__(self, t, server, key, channel, wanted):
        what = {'endpoint': f'{server.url}/event', 'key': key, 'channel': channel, 'wanted': wanted}
        self.t = t
        self.child = subprocess.Popen(['node', 'packets.mjs', json.dumps(what)], cwd=CLIENT, stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, text=True)
        t.children.append(self.child)
        line = self.child.stderr.readline()
        t.check(line.strip() == 'subscribed', f'the client said {line!r}')

    def events(self):
        out, err = self.child.communicate(timeout=60)
        self.t.check(self.child.returncode == 0, f'the client failed: {err}\nit had taken: {out[:2000]}')
        return [json.loads(line) for line in out.splitlines()]


def metric(server, name):
    request = urllib.request.Request(f'{server.url}/metrics', headers={'Authorization': f'Bearer {server.token}'})
    with urllib.request.urlopen(request) as answer:
        text = answer.read().decode()
    return int(re.search(rf'^tapdeck_{name} (\d+)$', text, re.M).group(1))


def replay(t, capture, port, rounds):
    for _ in range(rounds):
        t.run('replay', os.path.join(CAPTURES, capture), '--to', f'vxlan://127.0.0.1:{port}', '--speed', 20)
        time.sleep(0.3)


def case_amplify_connects_subscribes_posts_and_comes_back(t):
    need_client(t)
    archive = t.path('a')
    t.run('import', os.path.join(CAPTURES, 'demo-fleet.pcap'), '-w', archive, '--decap')
    server = t.server(archive)
    what = {'endpoint': f'{server.url}/event', 'reader': key(t, archive, server),
            'writer': key(t, archive, server, '--publish')}
    done = subprocess.run(['node', 'amplify.mjs', json.dumps(what)], cwd=CLIENT, capture_output=True, text=True,
                          timeout=120)
    if done.returncode != 0:
        raise Failure(done.stdout + done.stderr)
    t.equal(done.stdout.count('ok  '), 11, 'checks of the client')


def case_packets_are_events_within_the_scope_of_the_key(t):
    need_client(t)
    archive, port = t.path('a'), free_udp_port()
    server = t.server(archive, '--vxlan', f'127.0.0.1:{port}', '--node', 'edge')
    full = Taker(t, server, key(t, archive, server, '--bytes', 'full', '-Y', 'coap.code == GET'), '/packets/capture', 3)
    bare = Taker(t, server, key(t, archive, server), '/packets/*', 12)
    replay(t, 'coap-libcoap.pcap', port, 4)
    for event in full.events():
        layers = {layer['name']: layer for layer in event['layers']}
        t.check('GET' in event['info'], f'not of the key\'s scope: {event["info"]}')
        t.equal((event['protocol'], event['note']), ('udp', 'CoAP'), 'protocol and note')
        t.check(event['capturedAt'].endswith('+00:00') and len(event['capturedAt']) == 33, event['capturedAt'])
        labels = {field['label'] for field in layers['Data']['fields']}
        t.equal(labels, {'Hex Dump', 'Text View'}, 'fields of Data')
        udp = {field['label']: field['value'] for field in layers['UDP']['fields']}
        t.equal((udp['Source Port'], udp['Destination Port']), (str(event['sourcePort']), '5683'), 'ports')
    for event in bare.events():
        t.check(all(layer['name'] != 'Data' and not layer['fields'] for layer in event['layers']),
                f'a key for addresses and summary was given more: {event}')


def case_the_capture_is_published_to_another_api(t):
    """The other API is a door of tapdeck's; the first tries meet nobody there, and lose nothing."""
    archive, port, there = t.path('a'), free_udp_port(), t.path('there')
    t.run('import', os.path.join(CAPTURES, 'demo-fleet.pcap'), '-w', there, '--decap')
    other = t.server(there)
    secret = t.path('key')
    with open(secret, 'w') as file:
        file.write(key(t, there, other, '--publish') + '\n')
    listener = Taker(t, other, key(t, there, other, '--publish'), '/default/mirror', 4) if has_client(t) else None
    server = t.server(archive, '--vxlan', f'127.0.0.1:{port}', '--node', 'edge', '--publish-appsync',
                      f'{other.url}/event', '--key-file', secret, '--filter', 'coap.code == GET', '--channel',
                      '/default/mirror')
    replay(t, 'coap-libcoap.pcap', port, 5)
    if listener:
        for event in listener.events():
            t.check('GET' in event['info'], f'not what was to be published: {event["info"]}')
    published = metric(server, 'published_events_total')
    t.check(published > 0 and metric(server, 'publish_dropped_events_total') == 0, f'{published} published')
    t.equal(metric(server, 'appsync_events_total') >= published, True, 'events made of packets')
    said = t.stop(server.child)
    t.check('events published, 0 dropped' in said and ' 0 events published' not in said, said)


def has_client(t):
    try:
        need_client(t)
    except Exception:
        return False
    return True


def case_what_is_wrong_with_publishing_is_said_at_the_start(t):
    archive = t.path('a')
    t.run('import', os.path.join(CAPTURES, 'demo-fleet.pcap'), '-w', archive, '--decap')
    secret = t.path('key')
    open(secret, 'w').write('da2-x\n')
    for words, wanted in ((('--publish-appsync', 'https://example.org/event'), 'needs --key-file'),
                          (('--publish-appsync', 'http://example.org/event', '--key-file', secret), 'no https://'),
                          (('--publish-appsync', 'https://example.org/event', '--key-file', secret, '--filter',
                            'coap.cod == 1'), 'coap.code'),
                          (('--key-file', secret), 'of --publish-appsync')):
        said = t.run('serve', '-A', archive, '--http', '127.0.0.1:0', *words, exit=2).stderr.decode()
        t.check(wanted in said, f'{words}: {said}')


def case_a_post_is_answered_as_the_service_does(t):
    archive = t.path('a')
    t.run('import', os.path.join(CAPTURES, 'demo-fleet.pcap'), '-w', archive, '--decap')
    server = t.server(archive)
    secret = key(t, archive, server, '--publish')

    def post(body, key=secret):
        request = urllib.request.Request(f'{server.url}/event', json.dumps(body).encode(),
                                         {'x-api-key': key, 'content-type': 'application/json'})
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as fault:
            return fault.code, json.load(fault)

    status, answer = post({'channel': '/default/x', 'events': ['{"a":1}', 'nonsense']})
    t.equal((status, [x['index'] for x in answer['successful']], [x['index'] for x in answer['failed']]),
            (200, [0], [1]), 'a good event and a bad one')
    for body, key_, wanted in (({'channel': '/packets/capture', 'events': ['1']}, secret, 401),
                               ({'channel': '/default/x', 'events': ['1']}, 'wrong', 401),
                               ({'channel': '/a b', 'events': ['1']}, secret, 400),
                               ({'channel': '/default/x', 'events': ['1'] * 6}, secret, 400)):
        status, answer = post(body, key_)
        t.equal((status, len(answer['errors'])), (wanted, 1), f'{body}')


for case in (case_amplify_connects_subscribes_posts_and_comes_back, case_packets_are_events_within_the_scope_of_the_key):
    case.heavy = True
