# SPDX-License-Identifier: Apache-2.0
"""A link opens what its scope says and nothing else: whoever has one tries to get out by every door, and finds them
closed, in the same words as doors that are not there."""
import base64
import json
import os
import re
import statistics
import struct
import time
import urllib.parse

from harness import CAPTURES, Mirror, read_capture
from visitor import Visitor, WebSocket, ask, enter, guest, make_link, member

NUMBERS = 'those numbers'
MINE, OTHER = 'D:79445e260000000c', 'D:79445e2600000005'


def fleet(t):
    """An archive with twelve devices: (its directory, its node's name)."""
    archive = t.path('a')
    t.run('import', os.path.join(CAPTURES, 'demo-fleet.pcap'), '-w', archive, '--decap')
    name = next(name for name in os.listdir(archive) if name.endswith('.pcapng.zst'))
    return archive, re.match(r'[^-]*Z-(.*)-\d+\.pcapng\.zst', name).group(1)


def truth(t, archive, *words):
    """Packet numbers: in a single import they are frame numbers."""
    return t.find_numbers('-A', archive, *words)


def quote(text):
    return urllib.parse.quote(text, safe='')


# ---- what is inside ----

def case_a_guest_sees_the_rows_of_the_scope_and_no_others(t):
    archive, node = fleet(t)
    server = t.server(archive)
    everything = truth(t, archive)
    scopes = [
        ({}, []),
        ({'device': MINE}, ['--device', MINE]),
        ({'filter': 'dtls.handshake'}, ['-Y', 'dtls.handshake']),
        ({'filter': 'udp', 'device': OTHER}, ['-Y', 'udp', '--device', OTHER]),
        ({'from_ns': '1725001202000000000', 'to_ns': '1725001203000000000'},
         ['--from', '2024-08-30T07:00:02Z', '--to', '2024-08-30T07:00:03Z']),
        ({'source': node, 'numbers': [[40, 60], [17, 17], [200, 230]]}, [NUMBERS]),
        ({'source': node, 'numbers': [[40, 60], [17, 17], [200, 230]], 'filter': 'udp'}, [NUMBERS, '-Y', 'udp']),
    ]
    for wishes, words in scopes:
        wanted = truth(t, archive, *words[NUMBERS in words:])
        if NUMBERS in words:
            wanted = [number for number in wanted if number == 17 or 40 <= number <= 60 or 200 <= number <= 230]
        t.check(wanted and (not words or len(wanted) < len(everything)), f'{words} tells nothing apart')
        someone = guest(server, *make_link(server, bytes='full', **wishes))
        t.equal(someone.rows(node, ''), wanted, f'rows of a link with {wishes}')
        t.equal(someone.rows(node, '&filter=frame'), wanted, 'and with a filter that takes everything')
        t.equal(someone.rows(node, '&filter=' + quote('udp || !udp')), wanted, 'and with one that takes both')
        t.equal(someone.rows(node, '&filter=udp&device=' + quote(OTHER)),
                sorted(set(wanted) & set(truth(t, archive, '-Y', 'udp', '--device', OTHER))),
                'and with one that narrows it')


def case_what_is_outside_is_answered_like_what_is_not_there(t):
    archive, node = fleet(t)
    server = t.server(archive)
    inside, outside = truth(t, archive, '--device', MINE)[0], truth(t, archive, '--device', OTHER)[0]
    someone = guest(server, *make_link(server, bytes='full', role='control', device=MINE))
    all_of_it = member(server)
    seen = 0
    for path, nowhere in [
        (f'/sources/{node}/packets/{outside}', f'/sources/{node}/packets/99999999'),
        (f'/sources/{node}/packets/{outside}/bytes', f'/sources/{node}/packets/99999999/bytes'),
        (f'/sources/{node}/devices/{quote(OTHER)}', f'/sources/{node}/devices/nobody'),
        (f'/sources/nosuchnode/packets/{inside}', f'/sources/nosuchnode/packets/99999999'),
        ('/sources/nosuchnode/rows?from=1', '/sources/othernode/rows?from=1'),
        ('/shares', '/nosuchthing'),
        ('/audit', '/nosuchthing'),
    ]:
        got, nothing = someone.ask('GET', path), someone.ask('GET', nowhere)
        t.equal(got.words(), nothing.words(), f'{path} as {nowhere}')
        t.equal(got.status, 404, path)
        seen += all_of_it.ask('GET', path).status == 200
    t.check(seen >= 2, 'a member sees none of it either: the test tells nothing')
    for method, path, body in [('POST', '/shares', {}), ('DELETE', '/shares/abcdefghijkm', None)]:
        t.equal(someone.ask(method, path, body).status, 404, f'{method} {path}')


def case_counts_ranges_and_lists_tell_of_the_scope_only(t):
    archive, node = fleet(t)
    server = t.server(archive)
    wanted = truth(t, archive, '--device', MINE)
    someone = guest(server, *make_link(server, bytes='full', device=MINE))
    if someone.ask('GET', f'/sources/{node}/count').status == 200:
        t.equal(someone.get(f'/sources/{node}/count')['matched'], len(wanted), 'count')
        t.equal(someone.get(f'/sources/{node}/count?filter=frame')['matched'], len(wanted), 'count of all')
        bars = someone.get(f'/sources/{node}/timeline?buckets=10')
        t.equal(sum(n for series in bars['series'] for _, n in series['bars']), len(wanted), 'bars of the timeline')
    else:
        t.note('count and timeline are not answered yet')
    for path in [f'/sources/{node}/count?device={quote(OTHER)}', f'/sources/{node}/timeline?device={quote(OTHER)}',
                 f'/sources/{node}/count?filter={quote("ip.addr == 100.64.5.15")}']:
        answer = someone.ask('GET', path)
        t.check(answer.status != 200 or answer.json()['matched'] == 0, f'{path}: {answer.body[:300]}')
    for query in [f'&device={quote(OTHER)}', '&filter=' + quote('ip.addr == 100.64.5.15'), '&from_ns=0&to_ns=9000000000000000000']:
        got = someone.rows(node, query)
        t.check(set(got) <= set(wanted), f'rows{query}: {got}')
    everywhere = truth(t, archive)
    for query in ['before=99999999', 'at_ns=1725001202000000000', 'at_ns=0', 'before=1', f'from={everywhere[-1]}', 'from=0']:
        answer = someone.ask('GET', f'/sources/{node}/rows?{query}&n=250')
        t.check(answer.status in (200, 400), f'rows?{query}: {answer.status}')
        if answer.status == 200:
            t.check({row['number'] for row in answer.json()['rows']} <= set(wanted), f'rows?{query} shows others')
    devices = someone.ask('GET', f'/sources/{node}/devices')
    if devices.status == 200:
        t.check(OTHER not in devices.body.decode(), 'another device is listed')
        t.check(MINE in devices.body.decode(), 'the link\'s own device is not listed')
    else:
        t.note('devices are not answered yet')
    session = member(server).ask('GET', f'/sources/{node}/devices/{quote(OTHER)}')
    if session.status == 200 and session.json().get('sessions'):
        which = session.json()['sessions'][0].get('id') or session.json()['sessions'][0].get('session')
        t.equal(someone.ask('GET', f'/sources/{node}/sessions/{quote(str(which))}').words(),
                someone.ask('GET', f'/sources/{node}/sessions/nosuch').words(), 'a session of another device')
    for text in ['like=' + quote('79445e2600000005'), 'like=100.64.5', 'q=05']:
        answer = someone.ask('GET', f'/sources/{node}/devices?{text}')
        t.check(OTHER not in answer.body.decode() and '100.64.5.15' not in answer.body.decode(), f'devices?{text}')
    values = someone.ask('GET', f'/sources/{node}/filter/values?field=ip.src')
    if values.status == 200:
        t.check('100.64.5.15' not in values.body.decode(), 'an address outside of the scope is completed')
    find = someone.ask('GET', f'/sources/{node}/find')
    if find.status == 200:
        path = t.path('found.pcapng')
        open(path, 'wb').write(find.body)
        t.equal(t.find_count('-r', path), len(wanted), 'packets downloaded')


def case_a_link_of_some_packets_opens_those_and_no_others(t):
    archive, node = fleet(t)
    server = t.server(archive)
    mine, every = truth(t, archive, '--device', MINE), truth(t, archive)
    inside, wanted = mine[5], [17, *range(40, 51), mine[5]]
    someone = guest(server, *make_link(server, bytes='full', role='comment', source=node,
                                       numbers=[[40, 50], [17, 17], [inside, inside]]))
    scope = someone.get('/me')['you']['scope']
    t.equal(scope['numbers'], [[17, 17], [40, 50], [inside, inside]], 'what it says of itself')
    t.check(f'17,40-50,{inside} seen by {node}' in scope['words'], scope['words'])
    t.equal(someone.rows(node, ''), wanted, 'rows')
    t.equal(someone.rows(node, '&device=' + quote(MINE)), [n for n in wanted if n in mine], 'rows of a device')
    source = someone.get('/sources')['sources'][0]
    t.equal((source['first'], source['end']), (17, inside + 1), 'what there is')
    answer = someone.get(f'/sources/{node}/rows?before=99999999&n=250')
    t.equal([row['number'] for row in answer['rows']], wanted, 'rows backwards')
    t.equal(answer['span'], {'first': 17, 'end': inside + 1}, 'their span')
    t.equal(someone.get(f'/sources/{node}/rows?from={every[-1]}&n=5')['rows'], [], 'rows behind the last')
    for query in ['', '?filter=frame', '?first=1&last=99999999', '?from_ns=0&to_ns=9000000000000000000']:
        count = someone.get(f'/sources/{node}/count{query}')
        t.equal((count['matched'], count['first'], count['last']), (len(wanted), 17, inside), f'count{query}')
    t.equal(someone.get(f'/sources/{node}/count?first=18&last=39')['matched'], 0, 'a range between')
    bars = someone.get(f'/sources/{node}/timeline?buckets=10')
    t.equal(sum(n for series in bars['series'] for _, n in series['bars']), len(wanted), 'bars')
    rows = {row['number']: row for row in member(server).get(f'/sources/{node}/rows?from=1&n=250')['rows']}
    times = sorted(rows[number]['time'] for number in wanted)
    seconds = [time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(int(bars[end]) // 10**9)) for end in ('from_ns', 'to_ns')]
    t.equal(seconds, [times[0][:19], times[-1][:19]], 'the timeline reaches from the first to the last of them')
    for number in [16, 18, 39, 51, inside - 1, inside + 1, every[-1]]:
        for rest in ['', '/bytes', '?engine=tapdeck']:
            t.equal(someone.ask('GET', f'/sources/{node}/packets/{number}{rest}').words(),
                    someone.ask('GET', f'/sources/{node}/packets/99999999{rest}').words(), f'packet {number}{rest}')
        t.equal(someone.ask('POST', f'/sources/{node}/pins', {'number': number, 'text': 'x'}).status, 404, f'a pin on {number}')
    for rest in ['', '/bytes']:
        t.equal(someone.ask('GET', f'/sources/{node}/packets/{inside}{rest}').status, 200, f'a packet of it{rest}')
    path = t.path('found.pcapng')
    open(path, 'wb').write(someone.ask('GET', f'/sources/{node}/find').body)
    t.equal(t.find_count('-r', path), len(wanted), 'packets downloaded')
    for query in ['', '?like=7944', f'?from_ns=0']:
        t.equal(someone.get(f'/sources/{node}/devices{query}')['devices'], [], f'devices{query}')
    t.equal(someone.ask('GET', f'/sources/{node}/devices/{quote(MINE)}').words(),
            someone.ask('GET', f'/sources/{node}/devices/nobody').words(), 'a device, though one packet is its')
    seen = {end.rsplit(':', 1)[0] for number in wanted for end in (rows[number]['source'], rows[number]['destination'])}
    for value in someone.get(f'/sources/{node}/filter/values?field=ip.addr')['values']:
        t.check(value['text'] in seen, f'{value} is on no packet of the link')
    session = someone.get(f'/sources/{node}/packets/{inside}')['session']
    ladder = someone.get(f'/sources/{node}/sessions/{quote(session)}')
    t.equal([packet['number'] for packet in ladder['packets']], [inside], 'the exchange, as far as the link goes')
    for lane in ladder['lanes']:
        t.check({end.rsplit(':', 1)[0] for end in lane['addresses']} <= seen, f'addresses of other packets: {lane}')
    kept = truth(t, archive, '--device', OTHER)
    known = member(server).get(f'/sources/{node}/packets/{kept[-1]}')
    moved = guest(server, *make_link(server, bytes='headers', source=node, numbers=[[kept[-1], kept[-1]]]))
    everywhere, there = (visitor.get(f'/sources/{node}/sessions/{quote(known["session"])}') for visitor in (member(server), moved))
    t.check(len(everywhere['lanes'][0]['addresses']) > 1, 'it had one address all the time: the test tells nothing')
    t.check(there['lanes'][0]['addresses'] in ([known['row']['source']], [known['row']['destination']]),
            f'addresses it had on other packets: {there["lanes"]}')
    someone = guest(server, *make_link(server, bytes='full', role='comment', source=node, numbers=[[17, 17], [inside, inside]]))
    stranger = known['session']
    t.equal(someone.ask('GET', f'/sources/{node}/sessions/{quote(stranger)}').words(),
            someone.ask('GET', f'/sources/{node}/sessions/nosuch').words(), 'an exchange without one of its packets')
    eve = guest(server, *make_link(server, role='comment', source=node, numbers=[[51, 52]]))
    live, kept = eve.socket(), someone.socket()
    live.wait('hello')
    kept.wait('hello')
    t.equal(someone.ask('POST', f'/sources/{node}/pins', {'number': inside, 'text': 'x'}).status, 201, 'a pin on one of them')
    kept.wait('pin', 5)
    while isinstance(message := live.read(0.3), dict):
        t.check(message['type'] != 'pin', f'told of a pin that is not in the link: {message}')
    for visitor, n in [(someone, 1), (eve, 0)]:
        t.equal(len(visitor.get(f'/sources/{node}/pins')['pins']), n, 'pins')
        t.equal(len(visitor.get(f'/sources/{node}/timeline')['pins']), n, 'pins of the timeline')


def case_numbers_of_a_link_are_checked_and_last(t):
    archive, node = fleet(t)
    server = t.server(archive)
    chief = member(server)
    for numbers in [[], [[5, 4]], [[0, 4]], [[1]], [1], 'all', [[1, 2, 3]], [['1', '2']], [[1, 1 << 53]], [[1.5, 2]], {},
                    [[3 * i, 3 * i] for i in range(1, 34)]]:
        got = chief.ask('POST', '/shares', {'source': node, 'numbers': numbers})
        t.equal((got.status, got.json().get('code')), (400, 'share'), f'{numbers}')
    t.equal(chief.ask('POST', '/shares', {'numbers': [[1, 2]]}).status, 400, 'numbers of no source')
    t.equal(chief.ask('POST', '/shares', {'source': node, 'numbers': [[3 * i, 3 * i] for i in range(1, 33)]}).status, 201, '32 ranges')
    for words in ['', '5-4', '1,', '0', 'x']:
        t.run('share', 'create', '-A', archive, '--packets', words, exit=2)
    link = t.run('share', 'create', '-A', archive, '--packets', '130, 100-120').stdout.decode().strip()
    listed = json.loads(t.run('share', 'list', '-A', archive, '-T', 'json').stdout)
    t.equal((listed[0]['packets'], listed[0]['source']), ('100-120,130', node), 'listed')
    server.child.kill()
    server.child.wait()
    again = t.server(archive, port=server.port)
    someone = guest(again, *link.partition('/s/')[2].split('#'))
    t.equal(someone.rows(node, ''), [*range(100, 121), 130], 'rows after a restart')


def case_bytes_are_shown_as_far_as_the_link_says(t):
    archive, node = fleet(t)
    server = t.server(archive)
    number = truth(t, archive, '--device', MINE)[0]
    for level, details, data in [('none', False, False), ('headers', True, False), ('full', True, True)]:
        someone = guest(server, *make_link(server, bytes=level, device=MINE))
        if member(server).ask('GET', f'/sources/{node}/packets/{number}/bytes').status != 200:
            t.skip('packets are not answered yet')
        got = someone.ask('GET', f'/sources/{node}/packets/{number}/bytes')
        t.equal(got.status == 200, data, f'bytes at level {level}: {got.status}')
        if member(server).ask('GET', f'/sources/{node}/find').status == 200:
            got = someone.ask('GET', f'/sources/{node}/find')
            t.equal(got.status == 200, data, f'export at level {level}: {got.status}')
        else:
            t.note('exports are not answered yet')
        got = someone.ask('GET', f'/sources/{node}/packets/{number}')
        t.equal(got.status == 200 and bool(got.json().get('layers')), details, f'layers at level {level}: {got.body[:300]}')


def case_a_filter_is_a_question_about_bytes(t):
    archive, node = fleet(t)
    server = t.server(archive)
    someone = guest(server, *make_link(server, bytes='none'))
    for text in ['frame contains "7944"', 'dtls.handshake.type == 1', 'udp[8:2] == 16:fe', 'dtls.handshake.extensions_server_name',
                 'ip.src == 1.2.3.4 || coap.opt.uri_path == "x"', '!(mqtt.topic)', 'udp.payload', 'matches(udp,"x")',
                 'ip[0:1] == 45', 'any ip[16:4] == 0a']:
        got = someone.ask('GET', f'/sources/{node}/rows?from=1&filter={quote(text)}')
        t.equal(got.status, 400, f'{text}: {got.body[:200]}')
    for text in ['ip.addr == 100.64.12.22', 'udp.port == 5684 && dtls', 'frame.len > 100']:
        t.equal(someone.ask('GET', f'/sources/{node}/rows?from=1&filter={quote(text)}').status, 200, text)


# ---- who may come in ----

def case_nobody_comes_in_with_the_wrong_thing(t):
    archive, node = fleet(t)
    server = t.server(archive)
    (first, secret), (second, other) = make_link(server), make_link(server, device=MINE)
    someone = guest(server, first, secret)
    cookie = next(line for line in someone.headers if line.startswith('Cookie'))
    rows = f'/sources/{node}/rows?from=1'
    t.equal(someone.ask('GET', rows).status, 200, 'the link itself')
    for what, visitor in [
        ('one link\'s cookie at another link', Visitor(server, second, cookie=cookie.split(': ')[1])),
        ('one link\'s secret at another link', Visitor(server, second, bearer=secret)),
        ('a link\'s cookie at the members\' door', Visitor(server, None, cookie=cookie.split(': ')[1])),
        ('a link\'s secret at the members\' door', Visitor(server, None, bearer=secret)),
        ('the cookie under the members\' name',
         Visitor(server, None, cookie=cookie.split(': ')[1].replace('tapdeck-link', 'tapdeck'))),
        ('the members\' token at a link', Visitor(server, first, bearer=server.token)),
        ('nothing', Visitor(server, first)),
        ('a cookie cut short', Visitor(server, first, cookie=cookie.split(': ')[1][:-1])),
        ('an empty cookie', Visitor(server, first, cookie='tapdeck-link=')),
    ]:
        got = visitor.ask('GET', rows)
        t.equal(got.status, 401, what)
    # forged members of the body, headers and the query widen nothing
    narrow = guest(server, second, other)
    wanted = truth(t, archive, '--device', MINE)
    got = narrow.ask('GET', rows + '&n=250&role=control&bytes=full&scope=all&device=&link=' + first, None,
                     ['X-Role: control', 'X-Forwarded-For: 127.0.0.1', f'X-Link: {first}', 'X-Original-URL: /api/v1/shares'])
    t.equal([row['number'] for row in got.json()['rows']], wanted, 'rows with forged headers and query')
    for path in [f'/s/{second}/../../api/v1/shares', f'/s/{second}/%2e%2e/%2e%2e/api/v1/shares',
                 f'/s/{second}//api/v1/shares', f'/s/{second}/api/v1/../../../../api/v1/shares',
                 f'/s/{second}/api/v1/sources/..%2f..%2fshares/rows', f'//s/{second}/api/v1/shares',
                 f'/s/{first}/s/{second}/api/v1/shares', f'/s/{second}/api/v1/live/../shares']:
        got = ask(server, 'GET', path, None, narrow.headers)
        t.check(got.status in (400, 401, 404), f'{path}: {got.status} {got.body[:200]}')


def case_guessing_secrets_is_slowed_down_and_tells_nothing(t):
    archive, _ = fleet(t)
    server = t.server(archive)
    link, secret = make_link(server)
    wrong = enter(server, link, 'A' * 43)
    t.equal(wrong.words(), enter(server, 'abcdefghijkm', 'A' * 43).words(), 'a wrong secret, and a link that is not there')
    t.equal(wrong.status, 404, 'a wrong secret')
    for body in [{}, {'secret': 5}, {'secret': None}, [], {'secret': {'$ne': ''}}]:
        t.equal(ask(server, 'POST', f'/s/{link}/enter', body, [f'Origin: {server.url}']).status, 400, f'{body}')
    codes = [enter(server, link, f'{i:043d}').status for i in range(30)]
    t.check(429 in codes, f'thirty guesses: {codes}')
    t.equal(enter(server, link, secret).status, 429, 'the right one right behind')


def case_a_foreign_page_cannot_use_the_cookie(t):
    archive, node = fleet(t)
    server = t.server(archive)
    link, secret = make_link(server, role='control')
    someone = guest(server, link, secret)
    cookie = next(line for line in someone.headers if line.startswith('Cookie'))
    for origin in ['http://evil.example', 'null', f'http://{server.host}:1', f'https://{server.host}:{server.port}.evil.example']:
        WebSocket(server, f'/s/{link}/api/v1/live', 'tapdeck.v1', [cookie, f'Origin: {origin}'], expect=403).close()
        got = ask(server, 'POST', f'/s/{link}/api/v1/sources/{node}/pins', {'number': 1, 'text': 'x'},
                  [cookie, f'Origin: {origin}'])
        t.equal(got.status, 403, f'a pin from {origin}')
        t.equal(enter(server, link, secret, origin).status, 403, f'entering from {origin}')
    WebSocket(server, f'/s/{link}/api/v1/live', 'tapdeck.v1', [cookie], expect=403).close()
    WebSocket(server, f'/s/{link}/api/v1/live', 'tapdeck.v1', [f'Origin: {server.url}'], expect=401).close()


def case_the_cookie_is_the_links_own(t):
    archive, _ = fleet(t)
    server = t.server(archive)
    link, secret = make_link(server)
    line = enter(server, link, secret).headers['set-cookie']
    parts = [part.strip() for part in line.split(';')]
    t.check(f'Path=/s/{link}' in parts and 'HttpOnly' in parts and 'SameSite=Strict' in parts, line)
    t.equal(Visitor(server, link, bearer=secret).ask('GET', '/me').status, 200, 'a program with the secret')


# ---- how it ends ----

def case_revoking_closes_sockets_within_a_second(t):
    archive, node = fleet(t)
    server = t.server(archive)
    for how in ['page', 'command']:
        link, secret = make_link(server)
        someone = guest(server, link, secret)
        live, kept = someone.socket(), member(server).socket()
        live.wait('hello')
        kept.wait('hello')
        if how == 'page':
            t.equal(member(server).ask('DELETE', f'/shares/{link}').status, 204, 'revoking')
        else:
            t.run('share', 'revoke', '-A', archive, link)
        begin = time.monotonic()
        code = live.closed_within(2)
        t.check(time.monotonic() - begin < 1 or t.sanitized, f'{how}: closed only after {time.monotonic() - begin:.2f} s')
        t.equal(code, 4001, f'{how}: close code')
        t.check(any(message.get('type') == 'ended' and message['why'] == 'revoked' and 'ask ' in message['words']
                    for message in live.told), f'{how}: was not told why, and whom to ask: {live.told}')
        t.equal(someone.ask('GET', f'/sources/{node}/rows?from=1').status, 401, f'{how}: rows')
        got = enter(server, link, secret)
        t.equal((got.status, got.json()['code']), (410, 'link_revoked'), f'{how}: entering again')
        kept.send({'type': 'ping', 't': 1})
        kept.wait('pong', 5)
        for sock in (live, kept):
            sock.close()


def case_a_link_ends_by_the_clock(t):
    archive, node = fleet(t)
    server = t.server(archive)
    link, secret = make_link(server, expires_ns=str(time.time_ns() + 1_500_000_000))
    someone = guest(server, link, secret)
    live = someone.socket()
    live.wait('hello')
    t.equal(live.closed_within(4), 4002, 'close code')
    t.equal(someone.ask('GET', f'/sources/{node}/rows?from=1').status, 401, 'rows')
    t.equal(enter(server, link, secret).json()['code'], 'link_expired', 'entering again')


def case_links_survive_a_restart_and_visits_too(t):
    archive, node = fleet(t)
    server = t.server(archive)
    link, secret = make_link(server, device=MINE)
    someone = guest(server, link, secret)
    who = someone.get('/me')['you']['person']
    server.child.kill()
    server.child.wait()
    again = t.server(archive, port=server.port)
    someone.server = again
    t.equal(someone.get('/me')['you']['person'], who, 'the same person')
    t.equal(someone.rows(node, ''), truth(t, archive, '--device', MINE), 'the same rows')


def case_a_link_takes_so_many_people_at_once(t):
    archive, _ = fleet(t)
    server = t.server(archive)
    link, secret = make_link(server, most_viewers=2)
    first, second = guest(server, link, secret), guest(server, link, secret)
    live = first.socket()
    live.wait('hello')
    kept = second.socket()
    kept.wait('hello')
    got = enter(server, link, secret)
    t.equal((got.status, got.json()['code']), (403, 'link_full'), 'the third')
    live.close()
    time.sleep(0.3)
    t.equal(enter(server, link, secret).status, 204, 'the third, when one has left')
    kept.close()


def case_a_refusal_takes_as_long_whatever_is_behind_it(t):
    """Medians of many; a difference that a guest could measure is many times what is allowed here."""
    archive, node = fleet(t)
    server = t.server(archive)
    inside, outside = truth(t, archive, '--device', MINE)[-1], truth(t, archive, '--device', OTHER)[-1]
    someone = guest(server, *make_link(server, bytes='full', device=MINE))
    if member(server).ask('GET', f'/sources/{node}/packets/{inside}').status != 200:
        t.skip('packets are not answered yet')
    times = {outside: [], 99999999: []}
    for _ in range(25):
        for number in times:
            begin = time.perf_counter()
            t.equal(someone.ask('GET', f'/sources/{node}/packets/{number}').status, 404, f'packet {number}')
            times[number].append(time.perf_counter() - begin)
    medians = [statistics.median(times[number]) for number in times]
    t.note(f'a packet outside {1000 * medians[0]:.1f} ms, none {1000 * medians[1]:.1f} ms')
    times = {OTHER: [], 'D:79445e2600000099': []}
    for _ in range(25):
        for device in times:
            begin = time.perf_counter()
            t.equal(someone.ask('GET', f'/sources/{node}/devices/{quote(device)}').status, 404, device)
            times[device].append(time.perf_counter() - begin)
    medians = [statistics.median(times[device]) for device in times]
    t.note(f'a device outside {1000 * medians[0]:.1f} ms, none {1000 * medians[1]:.1f} ms')


# ---- the command ----

def case_share_makes_lists_and_revokes(t):
    archive, _ = fleet(t)
    done = t.run('share', 'create', '-A', archive, exit=2)
    t.check(b'--server' in done.stderr, done.stderr)
    done = t.run('share', 'create', '-A', archive, '--device', MINE, '--server', 'https://box.example:8443/',
                 '--until', '+2h', '--most-viewers', '3', '--label', 'call')
    link = done.stdout.decode().strip()
    t.check(re.fullmatch(r'https://box\.example:8443/s/[a-z2-9]{12}#[A-Za-z0-9_-]{43}', link), link)
    t.check(f'packets of device {MINE}'.encode() in done.stderr, done.stderr)
    listed = t.run('share', 'list', '-A', archive).stdout.decode()
    t.check('call' in listed and 'at most 3 at once' in listed and 'nobody came yet' in listed, listed)
    t.check(link.split('#')[1] not in listed, 'the list tells the secret')
    for name in os.listdir(archive):
        t.check(link.split('#')[1].encode() not in open(os.path.join(archive, name), 'rb').read(), f'{name} has the secret')
    t.run('share', 'revoke', '-A', archive, link.split('#')[0])
    t.check('REVOKED' in t.run('share', 'list', '-A', archive).stdout.decode(), 'not said to be revoked')
    t.run('share', 'revoke', '-A', archive, link, exit=2)
    for words in [['-Y', 'coap.cod'], ['--until', '+5'], ['--until', '2001-01-01'], ['--bytes', 'some'], ['--role', 'king'],
                  ['--publish'], ['--appsync', '--no-subscribe'], ['--server', 'box']]:
        t.run('share', 'create', '-A', archive, '--server', 'https://box', *words, exit=2)


def case_a_link_made_by_the_command_works_at_the_server(t):
    archive, node = fleet(t)
    server = t.server(archive)
    link = t.run('share', 'create', '-A', archive, '--device', MINE).stdout.decode().strip()
    base, _, rest = link.partition('/s/')
    t.equal(base, server.url, 'the server\'s address')
    someone = guest(server, *rest.split('#'))
    t.equal(someone.rows(node, ''), truth(t, archive, '--device', MINE), 'rows')


# ---- the live stream ----

def recorded_live(t):
    """A server beside a recorder with a tap: (archive, node, server, mirror's port)."""
    archive, tap = t.path('live'), t.path('tap.sock')
    _, port = t.recorder(archive, '--tap', f'unix:{tap}', '--node', 'box', '--flush', '200ms')
    return archive, 'box', t.server(archive, '--tap', f'box=unix:{tap}'), port


def mirror_fleet(port):
    """What the fleet's mirror sent, sent again."""
    mirror = Mirror(port)
    for packet in read_capture(os.path.join(CAPTURES, 'demo-fleet.pcap')):
        mirror.send(packet.data[50:] if packet.data[42:43] == b'\x08' else packet.data)
        time.sleep(0.002)
    mirror.close()


def last_count(sock):
    """What is told by now, and the rest of this quarter of a second."""
    time.sleep(0.7)
    sock.send({'type': 'ping', 't': 1})
    sock.wait('pong')
    return [message for message in sock.told if message.get('type') == 'count'][-1]


def case_the_live_socket_shows_the_scope_and_no_more(t):
    archive, node, server, port = recorded_live(t)
    someone = guest(server, *make_link(server, device=MINE, bytes='full'))
    everyone = member(server)
    few = guest(server, *make_link(server, source=node, numbers=[[7, 9], [12, 12]]))
    live, all_of_it, of_few = someone.socket(), everyone.socket(), few.socket()
    for sock in (live, all_of_it, of_few):
        sock.wait('hello')
        sock.send({'type': 'hello', 'name': 'x'})
        sock.send({'type': 'view', 'view': 1, 'source': node, 'filter': '', 'rows': 'all', 'scope': None, 'device': '', 'bytes': 'full'})
        sock.wait('viewing')
    mirror_fleet(port)
    total = all_of_it.wait(lambda message: message.get('type') == 'count' and message['matched'] >= 200, 20)
    count = last_count(live)
    t.check(0 < count['matched'] <= 40, f'the guest\'s count: {count}')
    t.check(count['matched'] < total['matched'], f'as much as a member: {count} {total}')
    t.equal((count['seen'], count['sent'] + count['left_out']), (count['matched'], count['matched']), 'packets of his that there were')
    late = someone.socket()
    late.wait('hello')
    late.send({'type': 'view', 'view': 1, 'source': node, 'filter': '', 'rows': 'all'})
    late.wait('viewing')
    text = b''.join(live.frames)
    t.check(b'100.64.12.22' in text or MINE.encode() in text, 'the guest gets no rows of his device')
    t.check(b'100.64.5.15' not in text and OTHER.encode() not in text, 'rows of another device')
    of_it = of_few.wait(lambda message: message.get('type') == 'count' and message['matched'] >= 4, 20)
    t.equal((of_it['matched'], of_it['sent']), (4, 4), 'of a link of four packets')
    t.equal(sum(struct.unpack_from('<I', frame, 8)[0] for frame in of_few.frames), 4, 'rows of its frames')
    mirror_fleet(port)  # who joins a group that has counted gets counts of his own
    its = last_count(late)
    t.check(0 < its['matched'] <= count['matched'] + 5, f'who came later: {its}, before: {count}')
    t.equal(its['sent'] + its['left_out'], its['matched'], 'of what came since he did')
    # a narrower question is fine, a wider one is not wider
    live.send({'type': 'view', 'view': 2, 'source': 'nosuchnode', 'filter': '', 'rows': 'all'})
    live.wait(lambda message: message['type'] in ('error', 'filter_error'))


# ---- together ----

def case_pins_are_made_seen_and_changed_as_far_as_the_link_says(t):
    archive, node = fleet(t)
    server = t.server(archive)
    inside, outside = truth(t, archive, '--device', MINE)[3], truth(t, archive, '--device', OTHER)[3]
    chief = member(server)
    ann = guest(server, *make_link(server, device=MINE, role='comment'))
    bob = guest(server, *make_link(server, device=MINE, role='view'))
    eve = guest(server, *make_link(server, device=OTHER, role='comment'))
    pins = f'/sources/{node}/pins'
    sockets = {name: visitor.socket() for name, visitor in [('chief', chief), ('ann', ann), ('bob', bob), ('eve', eve)]}
    for sock in sockets.values():
        sock.wait('hello')
    made = ann.ask('POST', pins, {'number': inside, 'text': '<img src=x onerror=alert(1)>'})
    t.equal(made.status, 201, f'a pin: {made.body}')
    pin = made.json()
    t.equal((pin['number'], pin['source'], pin['resolved'], pin['replies']), (inside, node, False, []), 'the pin')
    for name in ['chief', 'ann', 'bob']:
        told = sockets[name].wait('pin', 5)
        t.equal(told['pin'], pin, f'{name} is told')
    t.equal(len(bob.get(pins)['pins']), 1, 'bob sees it')
    t.equal(eve.get(pins)['pins'], [], 'eve does not')
    t.equal(ann.ask('POST', pins, {'number': outside, 'text': 'x'}).words(),
            ann.ask('POST', pins, {'number': 99999999, 'text': 'x'}).words(), 'a packet outside, and one that is not')
    t.equal(ann.ask('POST', pins, {'number': outside, 'text': 'x'}).status, 404, 'a packet outside')
    t.equal(bob.ask('POST', pins, {'number': inside, 'text': 'x'}).status, 403, 'a pin by a viewer')
    for method, body in [('PATCH', {'text': 'x'}), ('PATCH', {'resolved': True}), ('DELETE', None)]:
        t.equal(bob.ask(method, f'{pins}/{pin["id"]}', body).status, 403, f'{method} by a viewer')
        t.equal(eve.ask(method, f'{pins}/{pin["id"]}', body).words(), eve.ask(method, f'{pins}/999', body).words(),
                f'{method} by somebody whose link does not cover it')
    t.equal(eve.ask('POST', f'{pins}/{pin["id"]}/replies', {'text': 'x'}).status, 404, 'a reply of eve')
    t.equal(chief.ask('POST', f'{pins}/{pin["id"]}/replies', {'text': 'since the update'}).status, 201, 'a reply')
    t.equal(ann.ask('PATCH', f'{pins}/{pin["id"]}', {'text': 'twice'}).json()['text'], 'twice', 'another text')
    t.equal(chief.ask('PATCH', f'{pins}/{pin["id"]}', {'resolved': True}).json()['resolved'], True, 'resolved')
    for text in ['', 'x' * 501, 'a\nb', 'a\u0000b', 5, None]:
        t.equal(ann.ask('POST', pins, {'number': inside, 'text': text}).status, 400, f'text {text!r}')
    got = bob.get(pins)['pins'][0]
    t.equal((got['text'], got['resolved'], [reply['text'] for reply in got['replies']]),
            ('twice', True, ['since the update']), 'the pin in the end')
    t.equal(chief.ask('DELETE', f'{pins}/{pin["id"]}').status, 204, 'taken away')
    t.equal(bob.get(pins)['pins'], [], 'gone')
    sockets['bob'].wait(lambda message: message.get('type') == 'pin' and message.get('removed') == pin['id'], 5)
    t.equal(chief.ask('PATCH', f'{pins}/{pin["id"]}', {'removed': False}).status, 200, 'put back')
    t.equal(len(bob.get(pins)['pins']), 1, 'there again')
    server.child.kill()
    server.child.wait()
    bob.server = t.server(archive, port=server.port)
    t.equal(bob.get(pins)['pins'][0]['text'], 'twice', 'after a kill')
    told = [message for message in sockets['eve'].told if message.get('type') == 'pin']
    while isinstance(message := sockets['eve'].read(0.2), dict):
        told += [message] if message.get('type') == 'pin' else []
    t.equal(told, [], 'what eve was told of it')
    t.check(b'pin 1 on packet' in t.run('hold', 'list', '-A', archive).stdout, 'its packet is not held')


def case_people_see_each_other_as_far_as_their_links_let_them(t):
    archive, node = fleet(t)
    server = t.server(archive)
    link, secret = make_link(server, role='view')
    visitors = [('chief', member(server)), ('ann', guest(server, link, secret)), ('bob', guest(server, link, secret)),
                ('eve', guest(server, *make_link(server)))]
    sockets, ids = {}, {}
    for name, visitor in visitors:
        sockets[name] = visitor.socket()
        ids[name] = sockets[name].wait('hello')['you']['person']
        sockets[name].send({'type': 'hello', 'name': name, 'color': '#0072b2', 'shape': 'circle', 'role': 'control', 'person': 'chief'})
    t.equal(len(set(ids.values())), 4, f'people: {ids}')

    def seen(name, wanted):
        sockets[name].wait(lambda message: message.get('type') == 'people' and
                           sorted(person['name'] for person in message['people']) == wanted, 10)
    seen('chief', ['ann', 'bob', 'chief', 'eve'])
    seen('ann', ['ann', 'bob', 'chief'])
    seen('eve', ['chief', 'eve'])
    sockets['ann'].send({'type': 'follow', 'person': ids['chief']})
    place = {'screen': 'live', 'source': node, 'packet': 7, 'filter': 'ip.addr == 10.0.0.1', 'following': True}
    sockets['chief'].send({'type': 'place', 'place': place})
    lead = sockets['ann'].wait(lambda message: message.get('type') == 'lead' and message['place'], 5)
    t.equal((lead['place']['packet'], 'filter' in lead['place']), (7, False), f'what ann is led to: {lead}')
    sockets['ann'].send({'type': 'bring', 'place': place})
    t.equal(sockets['ann'].wait('error', 5)['code'], 'role', 'bring by a viewer')
    sockets['eve'].send({'type': 'follow', 'person': ids['ann']})
    t.equal(sockets['eve'].wait('error', 5)['code'], 'no_such_person', 'following somebody of another link')
    sockets['chief'].send({'type': 'bring', 'place': place})
    for name in ['ann', 'bob', 'eve']:
        t.equal(sockets[name].wait('bring', 5)['person'], ids['chief'], f'{name} is asked')
    sockets['chief'].close()
    gone = sockets['ann'].wait(lambda message: message.get('type') == 'lead' and not message['place'], 5)
    t.equal(gone['person'], ids['chief'], 'who left')
    lines = member(server).get('/audit?n=100')['lines']
    t.check(any(line['what'] == 'join' and line['link'] == link for line in lines), f'audit: {lines}')


# ---- programs ----

def case_a_key_of_programs_gets_the_packets_of_its_scope(t):
    archive, node, server, port = recorded_live(t)
    listeners = {}
    for name, words in [('all', ['--bytes', 'full']), ('mine', ['--bytes', 'none', '-Y', 'ip.addr == 100.64.12.22'])]:
        key = t.run('share', 'create', '-A', archive, '--appsync', *words).stdout.decode().strip()
        header = base64.urlsafe_b64encode(json.dumps({'host': server.host, 'x-api-key': key}).encode()).decode().rstrip('=')
        sock = WebSocket(server, '/event/realtime', f'aws-appsync-event-ws, header-{header}')
        sock.send({'type': 'connection_init'})
        sock.wait('connection_ack')
        sock.send({'type': 'subscribe', 'id': 'x1', 'channel': '/packets/*', 'authorization': {'x-api-key': key}})
        sock.wait('subscribe_success')
        listeners[name] = sock
    time.sleep(2)  # the feed takes up what is known of devices, and connects to the tap
    mirror_fleet(port)
    events = {name: [] for name in listeners}
    for name, sock in listeners.items():
        while isinstance(message := sock.read(2), dict):
            if message.get('type') == 'data':
                events[name].append(json.loads(message['event']))
    numbers = {name: {event['number'] for event in events[name]} for name in events}
    t.check(len(numbers['all']) >= 200, f'{len(numbers["all"])} packets of 240')
    t.check(0 < len(numbers['mine']) < 40, f'{len(numbers["mine"])} packets of one address')
    for event in events['mine']:
        t.check('100.64.12.22' in (event['sourceIp'], event['destinationIp']), f'not in the scope: {event}')
        t.check(all(not layer['fields'] for layer in event['layers']), f'more than the level shows: {event}')
    t.check(any(layer['name'] == 'Data' for event in events['all'] for layer in event['layers']), 'no data at level full')
    for event in events['all']:
        for name in ['capturedAt', 'protocol', 'sourceIp', 'sourcePort', 'lengthBytes', 'note', 'layers']:
            t.check(name in event, f'{name} is missing: {event}')
