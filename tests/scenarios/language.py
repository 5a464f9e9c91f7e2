# SPDX-License-Identifier: Apache-2.0
"""The filter language against tshark's: random filters, made by a grammar over fields, values and operators, are given
to both; both must accept or refuse, and select the same frames. Many at a time by sharkd, which compiles tshark's
filters without starting anew; what differs there is asked of tshark itself, whose word holds.

    python3 tests/scenarios/language.py --tapdeck build/tapdeck --count 5000 --seed 7    # as many as you like
"""
import argparse
import glob
import json
import os
import random
import re
import shutil
import struct
import subprocess
import sys

from harness import CAPTURES, Test, read_capture

# What filters are mostly about, by type. Half of all fields are taken from here, the others from all there are.
COMMON = {
    'uint': 'frame.len frame.cap_len ip.ttl ip.id ip.len ip.proto ip.version ip.hdr_len ip.dsfield ip.dsfield.dscp ip.flags '
            'ip.frag_offset ip.checksum ipv6.plen ipv6.hlim ipv6.nxt ipv6.flow udp.port udp.srcport udp.dstport udp.length '
            'tcp.port tcp.srcport tcp.flags tcp.len tcp.hdr_len tcp.seq_raw tcp.window_size_value eth.type vlan.id vlan.priority '
            'vxlan.vni icmp.type icmp.code icmp.seq dtls.record.content_type dtls.record.epoch '
            'dtls.record.sequence_number dtls.record.version dtls.record.length dtls.handshake.type dtls.handshake.length '
            'dtls.handshake.ciphersuite dtls.handshake.extension.type dtls.alert_message.level arp.opcode data.len coap.code '
            'coap.type coap.mid coap.token_len mqtt.msgtype mqtt.len mqtt.qos dns.id dns.qry.type dns.count.queries '
            'udp.stream tls.record.content_type tls.handshake.type gre.proto',
    'int': 'ntp.precision tcp.window_size_scalefactor',
    'double': 'icmp.resp_time ntp.rootdelay ntp.rootdispersion',
    'bool': 'ip.flags.df ip.flags.mf ip.flags.rb vlan.dei vxlan.flag_i tcp.flags.syn tcp.flags.ack dns.flags.response '
            'mqtt.retain mqtt.dupflag',
    'ipv4': 'ip.addr ip.src ip.dst arp.src.proto_ipv4 dns.a',
    'ipv6': 'ipv6.addr ipv6.src ipv6.dst',
    'ether': 'eth.addr eth.src eth.dst arp.src.hw_mac',
    'bytes': 'udp.payload tcp.payload data.data dtls.connection_id dtls.handshake.random dtls.handshake.session_id '
             'dtls.handshake.identity dtls.app_data dtls.enc_content coap.token mqtt.msg',
    'string': 'frame.protocols frame.interface_name dtls.handshake.extensions_server_name coap.opt.uri_path mqtt.topic '
              'mqtt.clientid dns.qry.name http.request.method http.host',
    'time': 'frame.time',
    'duration': 'frame.time_relative frame.time_delta',
    'protocol': 'frame eth ip ipv6 udp tcp vlan vxlan icmp arp dtls data coap mqtt dns tls http',
}
for kind, names in COMMON.items():
    COMMON[kind] = names.split()
KINDS = list(COMMON)
KIND_OF_TYPE = {'bool': 'bool', 'bytes': 'bytes', 'double': 'double', 'duration': 'duration', 'eth': 'ether', 'frame': 'uint',
                'ipv4': 'ipv4', 'ipv6': 'ipv6', 'text': 'string', 'time': 'time', 'protocol': 'protocol', 'mark': 'none'}

# What is left out, for the two differ there and docs/differences.md says why:
NAMES_IN_WIRESHARK = {'aaf', 'acf', 'adb', 'bfd', 'dc', 'dcc', 'fc', 'fc00', 'fefd', 'ff'}  # protocols, and bytes
NAMES_UNALIKE = {'frame.encap_type', 'dhcp.hw.type', 'tls.handshake.type', 'tls.handshake.cipherspec', 'tls.handshake.cert_type',
                 'vlan.priority', 'cbor.item.size'}  # some of their values are called otherwise, or not at all
LEAST_SIGNED = {1 << 7, 1 << 15, 1 << 31, 1 << 63}  # tshark reads them before it negates them
TIMES_FAR = re.compile(r'frame\.time_epoch|.*random_time|ntp\.(org|rec|xmt|reftime)')  # more than 68 years apart the difference overflows in tshark
TYPES = {'bool': 'BOOLEAN', 'bytes': 'BYTES UINT_BYTES', 'double': 'DOUBLE', 'duration': 'RELATIVE_TIME', 'eth': 'ETHER', 'frame': 'FRAMENUM',
         'ipv4': 'IPv4', 'ipv6': 'IPv6', 'text': 'STRING STRINGZ UINT_STRING STRINGZPAD', 'time': 'ABSOLUTE_TIME', 'mark': 'NONE',
         'u8': 'UINT8', 'u16': 'UINT16', 'u24': 'UINT24', 'u32': 'UINT32', 'u64': 'UINT64', 'i8': 'INT8', 'i16': 'INT16', 'i32': 'INT32',
         'i64': 'INT64'}

SEEDS = ['1', '2', '3', '4', '5']
RESERVED = {'eq', 'ne', 'gt', 'ge', 'lt', 'le', 'in', 'and', 'or', 'not', 'any', 'all', 'contains', 'matches', 'xor', 'any_eq', 'all_ne', 'all_eq', 'any_ne', 'bitwise_and'}
RELATIONS = ['==', '!=', '===', '!==', '~=', '<', '<=', '>', '>=', 'eq', 'ne', 'gt', 'ge', 'lt', 'le', 'any_eq', 'all_ne',
             'all_eq', 'any_ne']
WORDS = ['coap', 'GET', 'POST', 'Set', 'Not set', 'True', 'FALSE', 'true', 'Client Hello', 'client hello', 'udp', 'ip.src', 'abc',
         'rd', 'eth:ethertype', '', 'a', '%', 'ACK', 'UDP', '10.0', 'localhost']


class Grammar:
    """fields: names by kind; values: what they hold and what their values are called, by name"""

    def __init__(self, rng, fields, values):
        self.rng, self.fields, self.values = rng, fields, values
        self.common = {kind: [name for name in COMMON.get(kind, []) if name in set(names)] for kind, names in fields.items()}

    def pick(self, *choices):
        return self.rng.choice(choices)

    def chance(self, p):
        return self.rng.random() < p

    def field(self, kind=None):
        kind = kind or self.rng.choice([k for k in self.fields if self.fields[k]] + ['uint', 'uint', 'ipv4', 'bytes', 'protocol'])
        if not self.fields.get(kind):
            kind = 'uint'
        return kind, self.rng.choice(self.common[kind] if self.common[kind] and self.chance(.5) else self.fields[kind])

    def number(self, limit=None):
        n = self.rng.choice([0, 1, 2, 4, 5, 6, 17, 22, 64, 65, 100, 127, 128, 255, 256, 1000, 5683, 5684, 32767, 65535, 65536,
                             0x7fffffff, 0x80000000, 0xffffffff, 1 << 32, (1 << 63) - 1, 1 << 63, (1 << 64) - 1, 1 << 64,
                             self.rng.randrange(300), self.rng.randrange(300), self.rng.randrange(70000)])
        return self.pick(str(n), str(n), str(n), hex(n), '0' + oct(n)[2:], bin(n), '0X%X' % n, "'%c'" % (n % 90 + 35) if n % 90 not in (57, 4) else '7')

    def hexbytes(self):
        n = self.rng.randrange(1, 7)
        pairs = ['%02x' % self.rng.choice([0, 1, 2, 0x16, 0xfe, 0xfd, 0xff, 0x40, self.rng.randrange(256)]) for _ in range(n)]
        text = self.pick(':', ':', '-', '.', '', '').join(pairs)
        if self.chance(.1):
            text = text[:-1] or '7'
        if self.chance(.05):
            text = self.pick('0x', ':', '0b') + text
        return text if text not in NAMES_IN_WIRESHARK else '0x' + text[:2]

    def literal(self, kind, name=None):
        if self.chance(.06) and kind not in ('duration', 'bool'):
            kind = self.rng.choice(KINDS)
        seen = self.values.get(name)
        if seen and self.chance(.5):
            return self.rng.choice(seen)
        if kind == 'uint':
            return ('-' if self.chance(.08) else '+' if self.chance(.03) else '') + self.number()
        if kind == 'int':
            number = self.number()
            value = 0 if number[0] == "'" else int(number, 8 if re.fullmatch('0[0-7]*', number) else 0)
            return ('-' if self.chance(.5) and value not in LEAST_SIGNED else '') + number
        if kind == 'double':
            return ('-' if self.chance(.2) else '') + self.pick('0', '1', '0.5', '0.25', '1e3', '1.5e-3', '0x10', 'inf')
        if kind == 'bool':
            return self.pick('0', '1', '2', 'True', 'False', 'TRUE', 'FALSE', '0x10', "'a'", '-1', '18446744073709551616')
        if kind == 'ipv4':
            a = self.pick('10.0.0.1', '192.0.2.1', '127.0.0.1', '0.0.0.0', '255.255.255.255', '10.1.2.3', '100.64.7.1')
            return a + ('/' + str(self.rng.choice([0, 1, 8, 16, 24, 31, 32, 33])) if self.chance(.3) else '')
        if kind == 'ipv6':
            a = self.pick('::1', '2001:db8::1', 'fe80::1', '::', 'ff02::1', '::ffff:10.0.0.1')
            return a + ('/' + str(self.rng.choice([0, 1, 16, 32, 64, 128, 129])) if self.chance(.3) else '')
        if kind == 'ether':
            a = ['%02x' % self.rng.choice([0, 2, 0x5e, 1, 0xff]) for _ in range(self.rng.choice([6, 6, 6, 5, 7, 3]))]
            return self.pick(':'.join(a), '-'.join(a), '.'.join(a), '0200.5e00.0101', ''.join(a))
        if kind in ('bytes', 'protocol'):
            return self.pick(self.hexbytes(), self.hexbytes(), self.hexbytes(), self.string(), "'a'", '7', '0x16')
        if kind == 'string':
            return self.pick(self.string(), self.string(), 'abc', 'rd', "'a'", '0a:0b')
        if kind == 'time':
            return self.pick('"2024-08-29 10:00:00"', '"2020-01-01T00:00:00Z"', '"2030-01-01"', '2024-01-01', '"Aug 29, 2024 10:00:00.5"',
                             '"2024-08-29 10:00:00.1234567890"', '"2024-08-29 10:00:00.12345678901"', '"2024-08-29 10:00"', '"2024-08-29T10:00:00+02:00"',
                             '"2024-08-29 10:00:00 UTC"', '"2024-13-29 10:00:00"', '"2024-08-29 10"', '"Nov 1, 2026 00:00:00"', '"2026-11-22 00:00:00.25Z"')
        if kind == 'duration':
            return ('-' if self.chance(.1) else '') + self.pick('0', '1', '0.5', '0.000001', '1.5', '1700000000', '1e3', '0.1234567890', '0.1234567891', '"1.5"')
        return self.number()

    def string(self):
        word = self.rng.choice(WORDS + ['\\x16\\xfe', 'a\\"b', '\\u00e4', '\\101', '\\q', '^e', '[a-z]+', 'http|coap', '('])
        return self.pick('"%s"', '"%s"', '"%s"', 'r"%s"', 'R"%s"') % word

    def range(self):
        r = self.rng.randrange
        return self.pick(lambda: f'{r(8)}:{r(6)}', lambda: f'{r(8)}-{r(10)}', lambda: f'{r(8)}', lambda: f':{r(5)}', lambda: f'{r(5)}:',
                         lambda: f'-{r(6)}:{r(4)}', lambda: f'-{r(6)}', lambda: f'{r(4)}:{r(4)},{r(8)}', lambda: f'-{r(9)}--{r(5)}',
                         lambda: f'{r(5)}-', lambda: ' 1 : 2 ')()

    def layer(self):
        return '#' + self.pick('1', '1', '2', '3', '[1]', '[1-2]', '[-1]', '[2:]', '[1,2]', '[-2:1]', '[:2]', '0', '010')

    def slice(self, depth):
        text, kind, _ = self.operand(depth + 1) if self.chance(.3) else (None, None, None)
        if text is None:
            kind, text = self.field(self.pick('bytes', 'protocol', 'ether', 'string', 'ipv4', 'ipv6', 'uint'))
            if self.chance(.1):
                text += self.layer()
        return f'{text}[{self.range()}]', 'bytes', None

    def function(self, depth):
        name = self.pick('lower', 'upper', 'len', 'count', 'string', 'max', 'min', 'abs')
        kind = {'lower': 'string', 'upper': 'string', 'len': self.pick('string', 'bytes', 'bytes', 'protocol', 'uint', 'ipv4'),
                'abs': self.pick('uint', 'int', 'ipv4'), 'string': self.pick('uint', 'ipv4', 'ipv6', 'ether', 'uint', 'double', 'int')}.get(name)
        kind, field = self.field(kind if kind and self.fields.get(kind) else None)
        if name == 'abs' and kind == 'duration':  # tshark holds what is less than a second for positive
            kind, field = self.field('uint')
        arguments = [field + (self.layer() if self.chance(.08) else '')]
        if name in ('max', 'min', 'abs') and self.chance(.3):
            arguments[0] = f'{field} {self.pick("+", "-", "*", "&")} {self.literal(kind)}'
        if self.chance(.12) and depth < 2:
            inner, inner_kind, _ = self.function(depth + 1)
            if name != 'abs' or inner_kind != 'duration':
                arguments[0], kind = inner, inner_kind
        if name in ('max', 'min') or self.chance(.04):
            for _ in range(self.rng.randrange(3)):  # tshark tells kinds of text and of bytes apart here
                arguments.append(self.field(kind)[1] if self.chance(.6) and kind not in ('string', 'bytes') else self.literal(kind))
        result = {'lower': 'string', 'upper': 'string', 'string': 'string', 'len': 'uint', 'count': 'uint'}.get(name, kind)
        return f'{name}({", ".join(arguments)})', result, None

    def arithmetic(self):
        # not ipv6: what tshark makes of two such addresses equals every other
        kind, name = self.field(self.pick(*[k for k in ('uint', 'uint', 'uint', 'duration', 'time', 'ipv4', 'ether', 'bytes', 'bool', 'int', 'double') if self.fields.get(k)]))
        sign = self.pick('+', '-', '*', '/', '%', '&', '&', 'bitwise_and')
        right = self.literal(kind) if self.chance(.6) else self.field(kind)[1]
        if self.chance(.1):
            name, right = right, name
        if self.chance(.08) and kind in ('bytes', 'ether'):
            name += f'[{self.range()}]'
        text = f'{name}{sign}{right}' if sign in '&*/%' and self.chance(.2) else f'{name} {sign} {right}'
        if self.chance(.4):  # without braces, precedence decides
            text = self.pick('{' + text + '}', text) + self.pick(' + ', ' & ', ' * ', ' - ', ' / ', ' % ') + self.pick(self.literal(kind), self.field(kind)[1])
        return text, kind, None

    def operand(self, depth=0):
        """Text, kind and the field's name when it is one."""
        roll = self.rng.random()
        if depth > 2 or roll < .66:
            kind, name = self.field()
            layer = self.layer() if self.chance(.1) else ''
            if self.chance(.015):
                return '${' + name + layer + '}', kind, None
            if self.chance(.02):
                return '{' + name + layer + '}', kind, None
            return name + layer, kind, name
        if roll < .76:
            return self.slice(depth)
        if roll < .88:
            return self.function(0)
        if roll < .97:
            return self.arithmetic()
        kind, name = self.field(self.pick('uint', 'duration', 'uint'))
        return f'{self.pick("-", "-", "+")}{name}', kind, None

    def test(self):
        text, kind, name = self.operand()
        roll = self.rng.random()
        quantifier = self.pick('any ', 'all ') if self.chance(.15) else ''
        if roll < .14:
            return quantifier + text if self.chance(.1) else text
        if roll < .30 or (kind in ('string', 'protocol', 'bytes') and roll < .45):
            relation = self.pick('contains', 'contains', 'matches', '~')
            right = self.string() if relation in ('matches', '~') or self.chance(.3) else self.literal(kind, name)
            if self.chance(.1):
                right = self.operand(1)[0] if self.chance(.4) else self.field(kind)[1]
            return f'{quantifier}{text} {relation} {right}'
        if roll < .45:
            elements = []
            for _ in range(self.rng.randrange(1, 4)):
                element = self.literal(kind, name) if self.chance(.9) else self.operand(2)[0]
                if self.chance(.3):
                    element += self.pick('..', ' .. ') + self.literal(kind, name)
                elements.append(element)
            return f'{quantifier}{text} {self.pick("in", "in", "not in")} {{{self.pick(",", ", ", " ").join(elements) if self.chance(.1) else ", ".join(elements)}}}'
        relation = self.rng.choice(RELATIONS)
        if self.chance(.18):
            right = self.operand(1)[0] if self.chance(.4) else self.field(kind if self.fields.get(kind) else None)[1]
        else:
            right = self.literal(kind, name)
        if self.chance(.06):
            right += f' {self.pick("==", "<", ">=", "!=", "===")} {self.pick(self.literal(kind, name), self.field(kind)[1])}'
        return f'{quantifier}{text} {relation} {right}' if self.chance(.9) else f'{quantifier}{text}{relation}{right}'

    def filter(self, depth=0):
        roll = self.rng.random()
        if depth > 2 or roll < .66:
            return self.test()
        if roll < .86:
            return f'{self.filter(depth + 1)} {self.pick("and", "or", "&&", "||", "or", "and")} {self.filter(depth + 1)}'
        if roll < .94:
            return f'{self.pick("not ", "!", "! ", "not not ")}{self.filter(depth + 1)}'
        return f'({self.filter(depth + 1)})'

    def sentence(self):
        text = self.filter()
        if self.chance(.04):  # a slip of the pen
            at = self.rng.randrange(len(text) + 1)
            text = text[:at] + self.rng.choice(' ()[]{}"\'#-.:=<>!&|,~$1a') + text[at + self.rng.randrange(2):]
        return text if not self.is_left_out(text) else self.sentence()

    @staticmethod
    def is_left_out(text):
        """Where tshark is wrong: docs/differences.md."""
        if re.search(r'(x509\w+|tls)\.[\w.]+ ?#', text):  # layers of certificates are counted otherwise
            return True
        picked = re.search(r'([\w.]+) ?#', text)
        while picked:  # a field with layers, and later without: tshark takes the picked ones for all
            name, text = picked.group(1), text[picked.end():]
            if re.search(r'(?<![\w.])' + re.escape(name) + r'(?![\w.]| ?#)', text):
                return True
            picked = re.search(r'([\w.]+) ?#', text)
        return False


class Sharkd:
    """tshark's engine, asked line by line."""

    def __init__(self, capture):
        self.capture = capture
        self.begin()

    def begin(self):
        self.child = subprocess.Popen(['sharkd', '-'], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                      env=dict(os.environ, TZ='UTC'))
        self.n = 0
        self.ask('load', file=self.capture)

    def ask(self, method, **params):
        self.n += 1
        self.child.stdin.write((json.dumps({'jsonrpc': '2.0', 'id': self.n, 'method': method, 'params': params}) + '\n').encode())
        self.child.stdin.flush()
        return json.loads(self.child.stdout.readline())

    def frames(self, text):
        """Frame numbers; None for a refused filter; 'crash' when it ends over it."""
        try:
            answer = self.ask('frames', filter=text)
        except (ValueError, OSError):
            self.close()
            self.begin()
            return 'crash'
        if 'result' not in answer:
            return None
        return [frame['num'] for frame in answer['result']]

    def close(self):
        self.child.kill()
        self.child.wait()


class Tshark:
    def __init__(self, capture):
        self.capture = capture

    def frames(self, text):
        done = subprocess.run(['tshark', '-n', '-r', self.capture, '-Y', text, '-T', 'fields', '-e', 'frame.number'],
                              capture_output=True, env=dict(os.environ, TZ='UTC'))
        if done.returncode < 0:
            return 'crash'
        return None if done.returncode else [int(n) for n in done.stdout.split()]

    def close(self):
        pass


def tapdeck_frames(tapdeck, capture, text):
    done = subprocess.run([tapdeck, 'find', '--no-tshark', '-r', capture, '-Y', text, '-T', 'fields', '-e', 'frame.number'], capture_output=True,
                          env=dict(os.environ, TZ='UTC'))
    if done.returncode not in (0, 1, 2):
        raise SystemExit(f'tapdeck ended with {done.returncode} on: {text}\n{done.stderr.decode()}')
    return (None if done.returncode == 2 else [int(n) for n in done.stdout.split()]), done.stderr.decode(errors='backslashreplace')


def cells(program, capture, names):
    """What the fields hold, frame by frame."""
    out = subprocess.run([*program, '-r', capture, '-T', 'fields'] + [word for name in names for word in ('-e', name)],
                         capture_output=True, env=dict(os.environ, TZ='UTC')).stdout.decode(errors='replace')
    columns = {name: [] for name in names}
    for line in out.splitlines():
        for name, cell in zip(names, line.split('\t')):
            columns[name].append(cell)
    return columns


def all_fields(tapdeck):
    """Names by kind, and the type of each."""
    fields, types = {kind: [] for kind in KINDS + ['none']}, {}
    for line in subprocess.run([tapdeck, 'fields'], capture_output=True, text=True).stdout.splitlines():
        name, types[line.split()[0]] = line.split()[:2]
        if not TIMES_FAR.fullmatch(name):
            fields[KIND_OF_TYPE.get(types[name], 'int' if types[name][0] == 'i' else 'uint')].append(name)
    return fields, types


def tshark_types():
    """Every name that Wireshark knows, with its type, or several where fields share the name."""
    types = {}
    for line in subprocess.run(['tshark', '-G', 'fields'], capture_output=True).stdout.decode(errors='replace').splitlines():
        part = line.split('\t')
        if part[0] in ('F', 'P'):
            types.setdefault(part[2], set()).add(part[3].removeprefix('FT_') if part[0] == 'F' else 'PROTOCOL')
    return types


def value_names(names):
    """What Wireshark calls the values of the fields."""
    found = {name: [] for name in names}
    out = subprocess.run(['tshark', '-G', 'values'], capture_output=True).stdout.decode(errors='replace')
    for line in out.splitlines():
        part = line.split('\t')
        if part[0] in 'VT' and part[1] in found and '"' not in line and '\\' not in line:
            found[part[1]] += [part[-1]] if part[0] == 'V' else part[2:4]
    return {name: texts for name, texts in found.items() if texts}


def values_of(columns):
    """What the fields hold in the capture, as a filter would write it."""
    seen = {}
    for name, column in columns.items():
        values = {value for cell in column for value in cell.split(',') if value and len(value) < 60}
        if values:
            seen[name] = sorted(values)
    return seen


def merge(folder, paths):
    """One Ethernet capture out of many."""
    path = os.path.join(folder, 'language.pcap')
    with open(path, 'wb') as out:
        out.write(struct.pack('<IHHiIII', 0xa1b23c4d, 2, 4, 0, 0, 262144, 1))
        for packet in (p for source in paths for p in read_capture(source) if p.linktype == 1):
            out.write(struct.pack('<IIII', packet.ts_ns // 10**9, packet.ts_ns % 10**9, len(packet.data), packet.len) + packet.data)
    return path


def alike(tapdeck, capture, shark, has_names):
    """The fields by kind that both find the same values of, and those values: what dissectors make different is told
    elsewhere, here it is about the language."""
    fields, types = all_fields(tapdeck)
    known_to_tshark = tshark_types()
    names = [name for kind, names in fields.items() if kind != 'protocol' for name in names if name != 'vxlan.flags'  # of 8 bits to a filter
             if known_to_tshark.get(name, {''}) <= set(TYPES[types[name]].split())]
    theirs = cells(['tshark', '-n'], capture, names)
    ours = cells([tapdeck, 'find', '--no-tshark'], capture, names)
    same = {name: theirs[name] for name in names if theirs[name] == ours[name] and any(theirs[name])}
    known = {kind: [name for name in names if name in same] for kind, names in fields.items()}
    for name in fields['protocol']:
        probes = [name, f'len({name}) > 8', f'len({name}) > 20', f'len({name}) > 100', f'{name} contains 00', f'{name}[-1] > 40']
        if all(tapdeck_frames(tapdeck, capture, probe)[0] == shark.frames(probe) for probe in probes) and shark.frames(name):
            known['protocol'].append(name)
    writable = {name: column for kind, names in known.items() if kind not in ('protocol', 'string', 'time', 'double', 'none', 'bool')
                for name in names for column in [same[name]]}
    values = values_of(writable)
    for name, texts in value_names([name for name in known['uint'] + known['int'] if name not in NAMES_UNALIKE]).items() if has_names else ():
        if name in same:
            values.setdefault(name, [])
            values[name] += [f'"{text}"' for text in texts]
            values[name] += [text for text in texts if re.fullmatch(r'[A-Za-z_][\w-]*', text) and text not in known_to_tshark and text.lower() not in RESERVED]
    return known, values


def compare(tapdeck, capture, seeds, count, has_names=False, show=None):
    """has_names: also what Wireshark calls values, which takes it some seconds to tell."""
    shark = Sharkd(capture) if shutil.which('sharkd') else Tshark(capture)
    judge = Tshark(capture)
    known, values = alike(tapdeck, capture, shark, has_names)
    wrong, n_accepted, n_some = [], 0, 0
    for seed in seeds:
        grammar = Grammar(random.Random(seed), known, values)
        for _ in range(count):
            text = grammar.sentence()
            if not text.strip():
                continue
            wanted = shark.frames(text)
            got, said = tapdeck_frames(tapdeck, capture, text)
            if got != wanted:
                wanted = judge.frames(text)
            if wanted == 'crash':
                continue
            n_accepted += wanted is not None
            n_some += bool(wanted)
            if got != wanted:
                wrong.append((text, got, wanted, said.splitlines()[0] if said else ''))
                if show:
                    show(wrong[-1])
    shark.close()
    return wrong, n_accepted, n_some


def describe(row):
    text, got, wanted, said = row

    def frames(numbers):
        return 'refused' if numbers is None else f'{len(numbers)} frames {numbers[:6]}'
    return f'{text}\n      tapdeck: {frames(got)}   tshark: {frames(wanted)}   {said}'


def case_random_filters_mean_what_they_mean_to_tshark(t):
    t.need('tshark')
    capture = merge(t.folder, sorted(glob.glob(os.path.join(CAPTURES, '*.pcap'))))
    count = (50 if t.quick else 100) if shutil.which('sharkd') else 10
    wrong, accepted, some = compare(t.tapdeck, capture, SEEDS[:2] if t.sanitized else SEEDS, count)
    t.note(f'{len(SEEDS)} seeds of {count} filters, {accepted} accepted, {some} of them select something')
    t.check(not wrong, '\n'.join(map(describe, wrong[:20])))


def case_an_archive_answers_random_filters_as_a_scan_does(t):
    capture, archive = merge(t.folder, sorted(glob.glob(os.path.join(CAPTURES, '*.pcap')))), t.path('archive')
    t.run('import', capture, '-w', archive)
    fields, _ = all_fields(t.tapdeck)
    columns = cells([t.tapdeck, 'find', '--no-tshark'], capture, [name for kind, names in fields.items() for name in names])
    known = {kind: [name for name in names if any(columns[name])] for kind, names in fields.items()}
    values = values_of({name: column for name, column in columns.items() if name in known['uint'] + known['ipv4'] + known['ipv6'] + known['ether'] + known['bytes']})
    grammar, wrong, n_accepted = Grammar(t.random, known, values), [], 0
    for _ in range(60 if t.sanitized else 200 if t.quick else 800):
        text = grammar.sentence()
        scanned, said = tapdeck_frames(t.tapdeck, capture, text)
        if scanned is None:
            continue
        n_accepted += 1
        found = t.find_numbers('-A', archive, '--no-tshark', '-Y', text)
        if found != scanned:
            wrong.append((text, found, scanned, said))
    t.note(f'{n_accepted} filters')
    t.check(not wrong, '\n'.join(map(describe, wrong[:20])).replace('tshark:', 'scan:'))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--tapdeck', required=True)
    parser.add_argument('--count', type=int, default=1000)
    parser.add_argument('--seed', nargs='+', default=['1'], help='one or more; so many filters of each')
    parser.add_argument('captures', nargs='*', help='Ethernet captures, taken together; else those of tests/captures')
    options = parser.parse_args()
    test = Test(options.tapdeck, options.seed[0], False, False)
    capture = merge(test.folder, options.captures or sorted(glob.glob(os.path.join(CAPTURES, '*.pcap'))))
    wrong, accepted, some = compare(test.tapdeck, capture, options.seed, options.count, True,
                                    lambda row: print(describe(row), flush=True))
    test.close()
    print(f'{len(options.seed)} x {options.count} filters, {accepted} accepted, {some} select something, {len(wrong)} differ')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
