# SPDX-License-Identifier: Apache-2.0
"""What the server answers over REST: as docs/openapi.json describes it, the packets that `find` finds, and through a link
nothing that the link does not cover, whichever door is tried."""
import http.client
import json
import os
import re
import struct
import subprocess
import time
import urllib.parse

from harness import CAPTURES, PROJECT, Failure, read_pcapng
from web_client import Web

DESCRIPTION = os.path.join(PROJECT, 'docs', 'openapi.json')
DEVICE = 'urn:imei:867412043897643'
OF_OTHERS = ('/live', '/sources/{source}/stream', '/audit', '/shares', '/shares/{share}', '/sources/{source}/pins')
FILTERS = ['', 'coap', 'dtls.handshake.type == 1', 'udp.port == 5684 and not dtls.handshake', 'tcp.flags.syn == 1',
           'mqtt.msgtype == 3', 'frame.len > 300', 'coap.response_to', 'ip.addr == 10.0.0.0/8 and icmp']


def serve(t, archive):
    """A running server; answers a Web with the member's token."""
    log = t.path(f'serve-{len(t.children)}.log')
    child = subprocess.Popen([t.tapdeck, 'serve', '-A', archive, '--http', '127.0.0.1:0'], stdout=open(log, 'wb'),
                             stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    child.log = log
    t.children.append(child)
    end = time.monotonic() + 30
    while time.monotonic() < end:
        found = re.search(r'http://\S+', open(log, errors='replace').read())
        if found and 'token=' in found.group():
            return Web(found.group())
        if child.poll() is not None:
            break
        time.sleep(0.05)
    raise Failure(f'serve does not say where it listens: {open(log, errors="replace").read()}')


def fleet(t):
    archive = t.path('a')
    t.run('import', *(os.path.join(CAPTURES, name) for name in ('demo-fleet.pcap', 'coap-libcoap.pcap', 'dns-dnsmasq.pcap')),
          '-w', archive, '--decap')
    return archive


def node_of(web):
    return web.json('sources')['sources'][0]['name']


def link(t, web, archive, *words):
    url = t.run('share', 'create', '-A', archive, '--no-qr', '--server', f'http://{web.host}:{web.port}',
                *words).stdout.decode().strip()
    at = urllib.parse.urlsplit(url)
    guest = Web(f'http://{web.host}:{web.port}', link=(at.path.split('/')[2], at.fragment))
    for _ in range(50): # the server looks for new links a few times a second
        if guest.ask('me')[0] == 200:
            return guest
        time.sleep(0.1)
    raise Failure(f'the link opens nothing: {guest.ask("me")}')


def ask(web, path, **query):
    return f'{path}?' + urllib.parse.urlencode({k.rstrip('_'): v for k, v in query.items() if v not in (None, '')})


def all_rows(web, node, **query):
    """Page by page from the first; every answer must go on where the one before ended."""
    rows, at = [], 0
    for _ in range(2000):
        answer = web.json(ask(web, f'sources/{node}/rows', from_=at, n=97, **query))
        rows += answer['rows']
        if answer['last'] is None or answer['last'] + 1 >= answer['span']['end']:
            return rows
        at = answer['last'] + 1
    raise Failure('rows come to no end')


def all_rows_backwards(web, node, **query):
    rows, before = [], 1 << 50
    for _ in range(2000):
        answer = web.json(ask(web, f'sources/{node}/rows', before=before, n=97, **query))
        rows = answer['rows'] + rows
        if answer['first'] is None or answer['first'] <= answer['span']['first']:
            return rows
        before = answer['first']
    raise Failure('rows come to no end')


def added(web, path, **query):
    """A progressive answer, asked until it is complete: the sum of matched."""
    total, at = 0, 0
    for _ in range(500):
        answer = web.json(ask(web, path, from_=at, **query))
        total += answer['matched']
        if answer['is_complete']:
            return total
        at = answer['next']
    raise Failure(f'{path} comes to no end')


# ---- the packets of find ----

def case_rows_counts_bars_and_downloads_are_those_of_find(t):
    archive = fleet(t)
    web = serve(t, archive)
    node = node_of(web)
    for text in FILTERS:
        wanted = t.find_numbers('-A', archive, *(['-Y', text] if text else []))
        rows = all_rows(web, node, filter=text)
        t.equal([row['number'] for row in rows], wanted, f'rows of {text!r}')
        t.equal([row['number'] for row in all_rows_backwards(web, node, filter=text)], wanted,
                f'rows of {text!r}, backwards')
        t.equal(added(web, f'sources/{node}/count', filter=text), len(wanted), f'count of {text!r}')
        t.equal(added(web, f'sources/{node}/timeline', filter=text, buckets=50), len(wanted), f'bars of {text!r}')
        estimate = web.json(ask(web, f'sources/{node}/find', filter=text, estimate=1))
        t.equal(estimate['packets'], len(wanted), f'estimate of {text!r}')
        status, headers, body = web.ask(ask(web, f'sources/{node}/find', filter=text))
        t.equal((status, headers['Content-Type']), (200, 'application/x-pcapng'), f'download of {text!r}')
        t.equal(len(read_pcapng(body)), len(wanted), f'packets of the download of {text!r}')
    devices = web.json(f'sources/{node}/devices?n=500')
    t.check(devices['total'] > 3, f'there are few devices: {devices["total"]}')
    for device in devices['devices'][:5]:
        name = device['device']
        wanted = t.find_numbers('-A', archive, '--device', name)
        t.equal([row['number'] for row in all_rows(web, node, device=name)], wanted, f'rows of device {name}')
        whole = web.json(f'sources/{node}/devices/{urllib.parse.quote(name, safe="")}')
        for session in whole['sessions']:
            ladder = web.json(f'sources/{node}/sessions/{urllib.parse.quote(session["session"], safe="")}')
            t.check(set(packet['number'] for packet in ladder['packets']) <= set(wanted),
                    f'session {session["session"]} has packets that are not the device\'s')


def case_bars_and_counts_go_on_from_any_number_without_a_double(t):
    archive = fleet(t)
    web = serve(t, archive)
    node = node_of(web)
    n = web.json(f'sources/{node}/count')['matched']
    for at in (1, 2, 77, n, n + 1):
        for query in ({}, {'filter': 'udp or not udp'}):
            for path in ('timeline', 'count'):
                answer = web.json(ask(web, f'sources/{node}/{path}', from_=at, **query))
                t.equal((answer['matched'], answer['is_complete'], answer['next']), (n + 1 - at, True, n + 1),
                        f'{path} from {at}, {query}')


def case_a_download_has_what_people_said_as_comments_of_its_packets(t):
    t.need('tshark')
    archive = fleet(t)
    web = serve(t, archive)
    node = node_of(web)
    web.json(f'sources/{node}/pins', method='POST', body={'number': 5, 'text': 'replies twice'})
    t.equal([pin['number'] for pin in web.json(f'sources/{node}/timeline')['pins']], [5], 'pins on the timeline')
    t.equal(web.json(f'sources/{node}/find?estimate=1')['pins'], 1, 'pins foretold')
    path = t.path('some.pcapng')
    with open(path, 'wb') as file:
        file.write(web.ask(f'sources/{node}/find?first=4&last=6')[2])
    out = subprocess.run(['tshark', '-r', path, '-T', 'fields', '-e', 'frame.comment'], capture_output=True).stdout.decode()
    lines = out.split('\n')
    t.check(lines[1].endswith('Z: replies twice') and lines[0] == lines[2] == '', f'tshark shows {lines!r}')
    t.equal(len(read_pcapng(web.ask(f'sources/{node}/find?first=6')[2])), web.json(f'sources/{node}/count')['matched'] - 5,
            'packets of a download without the pinned one')


def case_a_frame_of_rows_says_what_the_json_says(t):
    archive = fleet(t)
    web = serve(t, archive)
    node = node_of(web)
    rows = web.json(f'sources/{node}/rows?from=1&n=50')
    status, headers, body = web.ask(f'sources/{node}/rows?from=1&n=50', headers={'Accept': 'application/vnd.tapdeck.rows'})
    t.equal((status, headers['Content-Type']), (200, 'application/vnd.tapdeck.rows'), 'the answer')
    length = struct.unpack_from('<I', body)[0]
    head, frame = json.loads(body[4:4 + length]), body[(4 + length + 3) & ~3:]
    t.equal(head, {name: value for name, value in rows.items() if name != 'rows'}, 'the head')
    t.equal((frame[:4], struct.unpack_from('<I', frame, 8)[0]), (b'TDR\x01', 50), 'the frame')


def case_an_archive_whose_indexes_are_lost_answers_the_same(t):
    archive = fleet(t)
    wanted = {text: t.find_numbers('-A', archive, *(['-Y', text] if text else [])) for text in ('', 'coap', 'dtls')}
    for name in os.listdir(archive):
        if name.endswith('.tdx'):
            os.unlink(os.path.join(archive, name))
    web = serve(t, archive)
    node = node_of(web)
    for text, numbers in wanted.items():
        t.equal([row['number'] for row in all_rows(web, node, filter=text)], numbers, f'rows of {text!r}')
        t.equal([row['number'] for row in all_rows_backwards(web, node, filter=text)], numbers, f'backwards, {text!r}')
        t.equal(added(web, f'sources/{node}/count', filter=text), len(numbers), f'count of {text!r}')


# ---- links ----

def case_a_link_shows_what_it_covers_through_no_door_more(t):
    archive = fleet(t)
    web = serve(t, archive)
    node = node_of(web)
    everything = all_rows(web, node)
    devices = web.json(f'sources/{node}/devices?n=500')['devices']
    device = max(devices, key=lambda d: d['packets'])['device']
    other = next(d['device'] for d in devices if d['device'] != device)
    middle = web.json(f'sources/{node}/packets/{everything[len(everything) // 2]["number"]}')['time_ns']
    scopes = [
        (['-Y', 'coap', '--bytes', 'full'], t.find_numbers('-A', archive, '-Y', 'coap'), 'full'),
        (['--device', device, '--bytes', 'headers'], t.find_numbers('-A', archive, '--device', device), 'headers'),
        (['--to', f'{int(middle) // 10**9}', '--bytes', 'none'],
         t.find_numbers('-A', archive, '--to', f'{int(middle) // 10**9}'), 'none'),
        (['-Y', 'dtls', '--device', device], t.find_numbers('-A', archive, '-Y', 'dtls', '--device', device), 'none'),
    ]
    for words, wanted, level in scopes:
        guest = link(t, web, archive, *words)
        what = ' '.join(words)
        outside = sorted(set(row['number'] for row in everything) - set(wanted))
        t.check(wanted and outside, f'{what}: this tells nothing')
        t.equal([row['number'] for row in all_rows(guest, node)], wanted, f'rows through {what}')
        t.equal([row['number'] for row in all_rows_backwards(guest, node)], wanted, f'rows backwards through {what}')
        t.equal([row['number'] for row in all_rows(guest, node, filter='frame')], wanted, f'filtered rows through {what}')
        t.equal([row['number'] for row in all_rows(guest, node, filter='not udp or udp')], wanted, what)
        t.equal(added(guest, f'sources/{node}/count'), len(wanted), f'count through {what}')
        t.equal(added(guest, f'sources/{node}/timeline'), len(wanted), f'bars through {what}')
        t.equal(added(guest, f'sources/{node}/timeline', from_ns=0, to_ns=2**62), len(wanted), f'bars, wide, {what}')
        t.equal(added(guest, f'sources/{node}/count', from_ns=-2**62, to_ns=2**62), len(wanted), f'count, wide, {what}')
        for number in outside[:3] + outside[-3:]:
            got = guest.ask(f'sources/{node}/packets/{number}')
            t.equal((got[0], got[2]), missing(guest, node), f'packet {number} through {what}')
            t.check(guest.ask(f'sources/{node}/packets/{number}/bytes')[0] == (404 if level == 'full' else 403),
                    f'bytes of {number} through {what}')
        packet = guest.json(f'sources/{node}/packets/{wanted[0]}')
        t.equal(packet['bytes'], level, f'level of {what}')
        t.check(bool(packet['layers']) == (level != 'none'), f'layers through {what}: {packet["layers"]!r}')
        t.equal(guest.ask(f'sources/{node}/packets/{wanted[0]}/bytes')[0], 200 if level == 'full' else 403, f'bytes, {what}')
        status, _, body = guest.ask(f'sources/{node}/find')
        t.equal(status, 200 if level == 'full' else 403, f'download through {what}')
        if level == 'full':
            t.equal(len(read_pcapng(body)), len(wanted), f'packets of the download through {what}')
        else:
            refused = guest.ask(ask(guest, f'sources/{node}/rows', filter='coap.code == 69'))
            t.equal((refused[0], json.loads(refused[2])['code']), (400, 'filter'), f'a filter about bytes through {what}')
            for path in ('count', 'timeline', 'rows'):
                t.equal(guest.ask(ask(guest, f'sources/{node}/{path}', filter='frame contains 00'))[0], 400, f'{path}, {what}')
            t.equal(guest.ask(f'sources/{node}/filter/values?field=coap.code')[0], 403, f'values of bytes, {what}')
            verdict = guest.json(ask(guest, 'filter/check', filter='coap.code == 69'))
            t.equal((verdict['state'], verdict['is_covered']), ('error', False), f'the verdict through {what}')
        shown = [d['device'] for d in guest.json(f'sources/{node}/devices?n=500')['devices']]
        if '-Y' in words:
            t.equal(shown, [], f'devices through {what}')
            t.equal(guest.ask(f'sources/{node}/devices/{urllib.parse.quote(device, safe="")}')[0], 404, what)
        elif '--device' in words:
            t.equal(shown, [device], f'devices through {what}')
            t.equal(guest.ask(f'sources/{node}/devices/{urllib.parse.quote(other, safe="")}')[0], 404, what)
            t.equal([r for r in all_rows(guest, node, device=other)], [], f'another device through {what}')
            for session in web.json(f'sources/{node}/devices/{urllib.parse.quote(other, safe="")}')['sessions']:
                t.equal(guest.ask(f'sources/{node}/sessions/{urllib.parse.quote(session["session"], safe="")}')[0], 404,
                        f'another one\'s session through {what}')
        for path in ('rows', 'count', 'timeline', 'find', 'devices', 'packets/1'):
            t.equal(guest.ask(f'sources/nosuch/{path}')[0], 404, f'another source through {what}')
        for path in ('shares', 'audit'):
            t.equal(guest.ask(path)[0], missing(guest, node)[0], f'{path} through {what}')


def missing(guest, node):
    got = guest.ask(f'sources/{node}/packets/999999999')
    return got[0], got[2]


# ---- the description ----

class Checker:
    """As much of JSON Schema as the description uses. Stricter in one thing: members it does not name are faults."""

    def __init__(self, document):
        self.document = document

    def resolve(self, schema):
        while '$ref' in schema:
            at = self.document
            for part in schema['$ref'][2:].split('/'):
                at = at[part]
            schema = at
        return schema

    def faults(self, schema, value, where='$'):
        schema = self.resolve(schema)
        if 'oneOf' in schema:
            found = [self.faults(one, value, where) for one in schema['oneOf']]
            return [] if sum(not f for f in found) == 1 else found[0] or [f'{where}: several of oneOf fit']
        kinds = schema.get('type')
        kinds = kinds if isinstance(kinds, list) else [kinds] if kinds else []
        is_one = {'object': isinstance(value, dict), 'array': isinstance(value, list), 'string': isinstance(value, str),
                  'integer': isinstance(value, int) and not isinstance(value, bool),
                  'number': isinstance(value, (int, float)) and not isinstance(value, bool),
                  'boolean': isinstance(value, bool), 'null': value is None}
        if kinds and not any(is_one[kind] for kind in kinds):
            return [f'{where}: {value!r} is no {kinds}']
        found = []
        if 'enum' in schema and value not in schema['enum']:
            found.append(f'{where}: {value!r} is none of {schema["enum"]}')
        if isinstance(value, str) and 'pattern' in schema and not re.search(schema['pattern'], value):
            found.append(f'{where}: {value!r} is not like {schema["pattern"]}')
        if is_one['number'] and (value < schema.get('minimum', value) or value > schema.get('maximum', value)):
            found.append(f'{where}: {value} is out of bounds')
        if isinstance(value, list):
            first = schema.get('prefixItems', [])
            for i, item in enumerate(value):
                one = first[i] if i < len(first) else schema.get('items', {})
                if one is not False:
                    found += self.faults(one, item, f'{where}[{i}]')
        if isinstance(value, dict) and 'properties' in schema:
            found += [f'{where}: {name} is missing' for name in schema.get('required', []) if name not in value]
            found += [f'{where}: nobody describes {name}' for name in value if name not in schema['properties']]
            for name, item in value.items():
                if name in schema['properties']:
                    found += self.faults(schema['properties'][name], item, f'{where}.{name}')
        return found


def description():
    return json.load(open(DESCRIPTION, encoding='utf-8'))


def case_every_answer_is_as_the_description_says(t):
    archive = fleet(t)
    web = serve(t, archive)
    node = node_of(web)
    document = description()
    checker = Checker(document)
    t.equal(web.json('openapi.json'), document, 'the description that is served')
    t.equal(json.loads(web.ask('/openapi.json')[2]), document, 'the one at the root')
    device = web.json(f'sources/{node}/devices')['devices'][0]['device']
    session = web.json(f'sources/{node}/devices/{urllib.parse.quote(device, safe="")}')['sessions'][0]['session']
    number = all_rows(web, node, filter='coap')[0]['number']
    values = {'source': node, 'number': number, 'device': device, 'session': session, 'filter': 'coap', 'field': 'coap.code',
              'like': 'coap', 'from_ns': '0', 'to_ns': str(2**62), 'at_ns': '0', 'buckets': 20, 'n': 10, 'kind': 'dtls.psk',
              'address': '10.0.0.1', 'order': 'packets', 'engine': 'tapdeck', 'first': 1, 'last': 50, 'from': 1, 'estimate': 1}
    asked = 0
    for path, methods in document['paths'].items():
        if 'get' not in methods or path in OF_OTHERS:
            continue
        operation = methods['get']
        parameters = [checker.resolve(p) for p in operation.get('parameters', [])]
        here = re.sub(r'{(\w+)}', lambda m: urllib.parse.quote(str(values[m.group(1)]), safe=''), path).lstrip('/')
        required = [p for p in parameters if p['in'] == 'query' and p.get('required')]
        base = {p['name']: values[p['name']] for p in required}
        for parameter in [None] + [p for p in parameters if p['in'] == 'query' and p['name'] in values]:
            query = dict(base, **({parameter['name']: values[parameter['name']]} if parameter else {}))
            asked += check(t, checker, web, operation, f'{here}?{urllib.parse.urlencode(query)}')
        for parameter in (p for p in parameters if p['in'] == 'query' and p['schema'].get('type') == 'integer'):
            most = parameter['schema'].get('maximum')
            for wrong in ['x', '-1', ''] + ([str(most + 1)] if most is not None else []):
                query = dict(base, **{parameter['name']: wrong})
                asked += check(t, checker, web, operation, f'{here}?{urllib.parse.urlencode(query)}', 400)
        if '{source}' in path:
            elsewhere = here.replace(f'sources/{urllib.parse.quote(node, safe="")}', 'sources/nosuch', 1)
            asked += check(t, checker, web, operation, f'{elsewhere}?{urllib.parse.urlencode(base)}', 404)
            asked += check(t, checker, web, operation, f'{here}?{urllib.parse.urlencode(dict(base, filter="coap.cod"))}',
                           400 if any(p['name'] == 'filter' for p in parameters) and '{number}' not in path else None)
        nobody = Web(f'http://{web.host}:{web.port}')
        if '401' in operation['responses']:
            asked += check(t, checker, nobody, operation, f'{here}?{urllib.parse.urlencode(base)}', 401)
    t.note(f'{asked} answers')


def check(t, checker, web, operation, path, wanted=None):
    status, headers, body = web.ask(path)
    t.check(wanted in (None, status), f'{path}: {status}, not {wanted}: {body[:300]!r}')
    t.check(str(status) in operation['responses'], f'{path}: {status} is not described: {body[:300]!r}')
    content = checker.resolve(operation['responses'][str(status)]).get('content', {})
    kind = headers['Content-Type'] or ''
    t.check(not content or kind in content, f'{path}: {status} is {kind}, not {list(content)}')
    if kind.endswith('json'):
        faults = checker.faults(content[kind]['schema'], json.loads(body))
        t.check(not faults, f'{path}: {status}: {faults[:5]}')
    return 1


def case_the_examples_of_the_description_are_what_it_describes(t):
    document = description()
    checker = Checker(document)
    for path, methods in document['paths'].items():
        for method, operation in methods.items():
            if method in ('servers', 'parameters'):
                continue
            for status, response in operation['responses'].items():
                for kind, content in checker.resolve(response).get('content', {}).items():
                    if 'example' in content:
                        faults = checker.faults(content['schema'], content['example'])
                        t.check(not faults, f'{method} {path} {status}: {faults}')


def case_a_plain_table_needs_no_script(t):
    archive = fleet(t)
    web = serve(t, archive)
    node = node_of(web)
    person = {'Accept': 'text/html,application/xhtml+xml,*/*;q=0.8'}
    page = web.text('/plain', person)
    t.check(f'href="/plain/{node}"' in page, page)
    page = web.text(f'/plain/{node}', person)
    t.check(page.count('<tr><td') == 100 and 'http-equiv="refresh"' in page, page[:600])
    numbers = [int(n) for n in re.findall(r'<tr><td align="right">(\d+)<', page)]
    before = web.text(f'/plain/{node}' + re.search(r'href="(\?before=[^"]*)"', page).group(1).replace('&amp;', '&'), person)
    numbers_before = [int(n) for n in re.findall(r'<tr><td align="right">(\d+)<', before)]
    t.check(numbers_before[-1] == numbers[0] - 1 and 'http-equiv' not in before, f'{numbers_before[-1:]} {numbers[:1]}')
    hellos = web.text(f'/plain/{node}?filter=dtls.handshake.type%3D%3D1', person)
    t.check(hellos.count('<tr><td') > 0 and hellos.count('Client Hello') == hellos.count('<tr><td'), hellos[:600])
    wrong = web.text(f'/plain/{node}?filter=%3Cb%3Ecoap.cod', person)
    t.check('&lt;b&gt;coap.cod' in wrong and '<b>' not in wrong, wrong)
    nowhere = web.text('/plain/nobody', person)
    t.check('<h1>Not Found</h1>' in nowhere, nowhere)
    guest = link(t, web, archive, '--device', 'D:79445e2600000005')
    t.check(guest.ask(f'/plain/{node}')[0] in (401, 404), 'a link opens a table that is not its own')
