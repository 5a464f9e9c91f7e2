# SPDX-License-Identifier: Apache-2.0
"""Exit codes, help and the wording of errors: what a script and a tired person rely on."""
import json
import os
import re

from harness import CAPTURES

COMMANDS = {
    'record': ['-i', '--vxlan', '-w', '-s', '-C', '-G', '--keep-bytes', '--keep-age', '--min-free', '--compress', '--decap'],
    'find': ['-A', '-r', '-Y', '--device', '--from', '--to', '-w', '-T', '-e', '-E', '-c', '--count', '--explain'],
    'fields': ['-T', '-v', '--values', 'u8 u16 u24 u32 u64', 'duration', 'mark', 'protocol'],
    'devices': ['-A', '--like', '--from', '--to', '-T'],
    'import': ['-w', '--decap'],
    'hold': ['hold add', 'hold list', 'hold remove', 'hold quota'],
    'check': ['-A', '--repair'],
    'status': ['-A'],
    'replay': ['--to', '--speed'],
}
DEMO = os.path.join(CAPTURES, 'demo-fleet.pcap')


def case_every_command_has_help_that_names_its_options(t):
    general = t.run('--help').stdout.decode()
    for command, options in COMMANDS.items():
        t.check(command in general, f'tapdeck --help does not name {command}')
        text = t.run(command, '--help').stdout.decode()
        for option in options:
            t.check(option in text, f'tapdeck {command} --help does not mention {option}:\n{text}')


def case_version_is_told(t):
    t.check(b'tapdeck' in t.run('--version').stdout, 'no version')


def case_find_answers_zero_one_and_two(t):
    t.run('find', '-r', DEMO, '-Y', 'dtls', '--count', exit=0)
    t.run('find', '-r', DEMO, '-Y', 'tcp', exit=1)
    t.run('find', '-r', DEMO, '--device', 'D:nobody', exit=1)
    t.run('find', '-r', DEMO, '-Y', 'ip.addr ==', exit=2)
    t.run('find', '-r', t.path('absent.pcap'), exit=2)
    t.run('find', '--no-such-option', exit=2)
    t.run('no-such-command', exit=2)
    t.run(exit=2)


def case_a_wrong_filter_points_at_its_column(t):
    text = t.run('find', '-r', DEMO, '-Y', 'udp.prot == 5684', exit=2).stderr.decode()
    t.check('udp.prot' in text and '^' in text and 'udp.port' in text, f'neither place nor suggestion:\n{text}')


def case_errors_name_file_and_reason(t):
    text = t.run('find', '-r', t.path('absent.pcap'), exit=2).stderr.decode()
    t.check('absent.pcap' in text and 'No such file' in text, text)
    with open(t.path('noise.bin'), 'wb') as f:
        f.write(b'this is no capture at all, just a sentence\n' * 4)
    text = t.run('find', '-r', t.path('noise.bin'), exit=2).stderr.decode()
    t.check('noise.bin' in text, text)
    text = t.run('find', '-A', t.path('absent'), '-Y', 'ip', exit=2).stderr.decode()
    t.check('absent' in text, text)
    text = t.run('import', t.path('absent.pcap'), '-w', t.path('archive'), exit=2).stderr.decode()
    t.check('absent.pcap' in text, text)


def case_a_mistyped_option_gets_a_suggestion(t):
    text = t.run('find', '-r', DEMO, '--devise', 'x', exit=2).stderr.decode()
    t.check('--devise' in text and '--device' in text, text)


def case_fields_lists_what_a_filter_may_ask_for(t):
    text = t.run('fields').stdout.decode()
    t.check(not re.search('[ \t]$', text, re.M), 'lines end with blanks')
    rows = json.loads(t.run('fields', '-T', 'json').stdout)
    t.equal([line.split()[0] for line in text.splitlines()], [row['name'] for row in rows], 'names as text and as JSON')
    by_name = {row['name']: row for row in rows}
    t.equal(len(by_name), len(rows), 'names, each once')
    for name, type_ in (('ip', 'protocol'), ('ip.src', 'ipv4'), ('eth.src', 'eth'), ('udp.port', 'u16'), ('frame.time', 'time'),
                        ('frame.time_delta', 'duration'), ('dtls.handshake.identity', 'bytes'), ('mqtt.topic', 'text'),
                        ('tcp.analysis.retransmission', 'mark'), ('dns.response_in', 'frame'), ('ntp.stratum', 'u8')):
        t.equal(by_name[name]['type'], type_, name)
    t.equal(by_name['ip.addr']['either_of'], ['ip.src', 'ip.dst'], 'what ip.addr stands for')


def case_fields_finds_by_name_and_description_and_answers_zero_one_and_two(t):
    text = t.run('fields', 'CLIENT id').stdout.decode()
    t.check('mqtt.clientid ' in text and 'ip.src' not in text, text)
    text = t.run('fields', 'Ip.AddR').stdout.decode()
    t.check('either of ip.src, ip.dst' in text, text)
    t.check(not t.run('fields', 'no such thing', exit=1).stdout, 'something is printed')
    t.equal(json.loads(t.run('fields', '-T', 'json', 'no such thing', exit=1).stdout), [], 'JSON of nothing')
    t.check('text and json' in t.run('fields', '-T', 'xml', exit=2).stderr.decode(), 'the formats are not named')
    t.check('one word too many' in t.run('fields', 'client', 'id', exit=2).stderr.decode(), 'two words are taken')


def case_fields_prints_names_of_values(t):
    text = t.run('fields', '-v', 'mqtt.msgtype').stdout.decode()
    t.check(re.search(r'^ +3  Publish Message$', text, re.M), text)
    values = json.loads(t.run('fields', '-v', 'mqtt.msgtype', '-T', 'json').stdout)[0]['values']
    t.check({'value': 3, 'name': 'Publish Message'} in values, values)
