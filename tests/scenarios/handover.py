# SPDX-License-Identifier: Apache-2.0
"""Fields that only Wireshark knows: find hands the packets that depend on them to tshark, and answers as tshark does;
without tshark, or with one that fails, it says so."""
import glob
import os
import re
import subprocess

from full_disk import small_disk
from harness import CAPTURES
from language import merge

# Known here and not, in one filter; what is not known must stay so for these to test anything.
FILTERS = [
    '_ws.expert',
    'not _ws.expert',
    '_ws.expert.severity >= 2 and udp',
    'udp.port == 5684 or _ws.expert',
    '(_ws.expert or icmp) and not (udp and dtls.handshake.random_time)',
    'dtls.handshake.random_time',
    'dtls.handshake.random_time != "2020-01-01 00:00:00" and ip.ttl == 64',
    'udp xor _ws.expert',
    'not dtls.handshake.random_time in {"1971-01-01 00:00:00" .. "2030-01-01 00:00:00"}',
    'dtls.handshake.random_time not in {"1971-01-01 00:00:00" .. "2030-01-01 00:00:00"}',
    'any dtls.handshake.random_bytes contains 00',
    'len(dtls.handshake.random_bytes) == 28 and not ip.src == 10.0.0.0/8',
    'ip.geoip.country or rtp.ssrc == 1',
    'sip.Method == "INVITE" or ip',
    'ip.ttl == 64 and not rtp',
    'frame.file_off > 100',
]


def tshark_numbers(capture, text):
    done = subprocess.run(['tshark', '-n', '-r', capture, '-Y', text, '-T', 'fields', '-e', 'frame.number'], capture_output=True)
    return None if done.returncode else [int(n) for n in done.stdout.split()]


def compare(t, source, capture, filters):
    wrong, some = [], 0
    for text in filters:
        wanted = tshark_numbers(capture, text.replace('udp xor _ws.expert', '(udp and not _ws.expert) or (_ws.expert and not udp)'))
        if wanted is None:
            continue
        some += bool(wanted)
        got = t.find_numbers(*source, '-Y', text)
        if got != wanted:
            wrong.append(f'{text}: {len(got)} frames {got[:8]}, tshark {len(wanted)} {wanted[:8]}')
    t.check(some > 2, f'only {some} filters select anything')
    t.check(not wrong, '\n'.join(wrong))


def case_unknown_fields_are_answered_as_tshark_does(t):
    t.need('tshark')
    capture = merge(t.folder, sorted(glob.glob(os.path.join(CAPTURES, '*.pcap'))))
    compare(t, ('-r', capture), capture, FILTERS[:6] if t.quick or t.sanitized else FILTERS)


def case_an_archive_and_standard_input_are_answered_too(t):
    t.need('tshark')
    capture, archive = merge(t.folder, sorted(glob.glob(os.path.join(CAPTURES, '*.pcap')))), t.path('archive')
    t.run('import', capture, '-w', archive)
    text = 'dtls and _ws.expert or dtls.handshake.random_time'
    plain = t.find_numbers('-r', capture, '-Y', text)
    t.check(plain, 'nothing is found in the file')
    t.equal(t.find_numbers('-A', archive, '-Y', text), plain, 'from an archive')
    done = t.run('find', '-r', '-', '-Y', text, '-T', 'fields', '-e', 'frame.number', stdin=open(capture, 'rb').read())
    t.equal([int(n) for n in done.stdout.split()], plain, 'from standard input')


def case_only_what_depends_on_tshark_is_handed_over(t):
    t.need('tshark')
    capture = os.path.join(CAPTURES, 'demo-fleet.pcap')
    said = t.run('find', '-r', capture, '-Y', 'icmp and _ws.expert', '--count', '--explain', exit=(0, 1)).stderr.decode()
    handed = re.search(r'handed over to tshark: (\d+) packets', said)
    t.check(handed, said)
    t.check(int(handed.group(1)) < t.find_count('-r', capture), said)


def with_path(t, folder, *words, exit):
    path = os.environ['PATH']
    os.environ['PATH'] = folder
    try:
        return t.run(*words, exit=exit).stderr.decode()
    finally:
        os.environ['PATH'] = path


def fake(t, script):
    folder = t.path('bin')
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, 'tshark'), 'w') as file:
        file.write('#!/bin/sh\n' + script)
    os.chmod(os.path.join(folder, 'tshark'), 0o755)
    return folder


def case_without_tshark_an_unknown_field_is_an_error_that_says_what_would_help(t):
    os.makedirs(t.path('empty'))
    said = with_path(t, t.path('empty'), 'find', '-r', os.path.join(CAPTURES, 'demo-fleet.pcap'), '-Y', 'udp and sip.Method', exit=2)
    for part in ('"sip.Method" is not a field', '^~', 'tshark is not installed'):
        t.check(part in said, said)


def case_no_tshark_refuses_what_is_unknown(t):
    folder = fake(t, 'echo asked >"$0.asked"\n')
    said = with_path(t, folder, 'find', '-r', os.path.join(CAPTURES, 'demo-fleet.pcap'), '--no-tshark', '-Y', 'sip.Method', exit=2)
    t.check('"sip.Method" is not a field' in said and 'not installed' not in said, said)
    t.check(not os.path.exists(os.path.join(folder, 'tshark.asked')), 'tshark was run')


def case_a_tshark_that_fails_is_reported(t):
    capture = os.path.join(CAPTURES, 'demo-fleet.pcap')
    knows = 'case "$*" in *"-Y sip.Method ==")exit 2;; *"-Y sip.Method") exit 0;; esac\n'
    for script, part in (('echo "tshark: out of luck" >&2; exit 3\n', 'out of luck'), ('kill -SEGV $$\n', 'signal 11'),
                         ('exit 2\n', 'said nothing')):
        said = with_path(t, fake(t, knows + script), 'find', '-r', capture, '-Y', 'sip.Method == "INVITE"', exit=2)
        t.check(part in said and 'sip.Method == "INVITE"' in said, said)


def case_a_filter_with_a_slip_in_the_unknown_part_is_refused_by_tshark(t):
    t.need('tshark')
    said = t.run('find', '-r', os.path.join(CAPTURES, 'demo-fleet.pcap'), '-Y', 'sip.Status-Code == "abc"', exit=2).stderr.decode()
    t.check('tshark could not tell' in said, said)


def case_a_column_that_only_tshark_knows_is_an_error_that_says_so(t):
    folder = fake(t, 'case "$*" in *"-Y sip.Method") exit 0;; esac; exit 2\n')
    capture = os.path.join(CAPTURES, 'demo-fleet.pcap')
    said = with_path(t, folder, 'find', '-r', capture, '-T', 'fields', '-e', 'sip.Method', exit=2)
    for part in ('"sip.Method"', 'tshark knows', 'tapdeck does not', '-Y can'):
        t.check(part in said, said)
    said = with_path(t, folder, 'find', '-r', capture, '-T', 'fields', '-e', 'ip.scr', exit=2)
    t.check('did you mean ip.src' in said and 'tshark' not in said, said)
    said = with_path(t, folder, 'find', '-r', capture, '--no-tshark', '-T', 'fields', '-e', 'sip.Method', exit=2)
    t.check('is not a field' in said and 'tshark' not in said.replace('--no-tshark', ''), said)


def case_a_device_and_an_unknown_field_may_be_asked_for_together(t):
    t.need('tshark')
    capture, archive = os.path.join(CAPTURES, 'demo-fleet.pcap'), t.path('archive')
    device, text = 'D:79445e2600000005', 'dtls.handshake.type and not frame.file_off > 20000'
    t.run('import', capture, '-w', archive)
    of_device = set(t.find_numbers('-r', capture, '--device', device))
    wanted = sorted(of_device & set(tshark_numbers(capture, text)))
    t.check(wanted and len(wanted) < len(of_device), f'{len(wanted)} of {len(of_device)} packets: nothing is told apart')
    t.equal(t.find_numbers('-r', capture, '--device', device, '-Y', text), wanted, 'in a file')
    text = 'dtls.handshake.type and not _ws.lua.text'
    wanted = len(of_device & set(tshark_numbers(capture, text)))
    t.check(wanted > 0, 'the device has no hello')
    t.equal(t.find_count('-A', archive, '--device', device, '-Y', text), wanted, 'in an archive')


def case_a_full_disk_in_the_middle_is_told_and_nothing_is_left(t):
    t.need('tshark')
    disk, before = small_disk(t, '16k'), os.environ.get('TMPDIR')
    os.environ['TMPDIR'] = disk
    try:
        said = t.run('find', '-r', os.path.join(CAPTURES, 'demo-fleet.pcap'), '-Y', 'dtls.handshake.random_bytes or _ws.expert', exit=2)
    finally:
        os.environ.pop('TMPDIR') if before is None else os.environ.update(TMPDIR=before)
    text = said.stderr.decode()
    for part in ('handed over to tshark', disk, 'TMPDIR', 'No space left'):
        t.check(part in text, text)
    t.check(not said.stdout, 'packets are printed before the answers are there')
    t.equal(os.listdir(disk), [], 'what is left')
    room = os.statvfs(disk)
    t.equal(room.f_bfree, room.f_blocks, 'free blocks')


case_unknown_fields_are_answered_as_tshark_does.heavy = True
