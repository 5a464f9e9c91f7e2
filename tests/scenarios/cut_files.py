# SPDX-License-Identifier: Apache-2.0
"""A capture cut anywhere gives its whole packets, then an error that names file and offset, and exit code 2."""
import os
import re

from harness import CAPTURES, Failure, content, read_capture, read_pcap, read_pcapng

DEMO = os.path.join(CAPTURES, 'dtls-cid-rebind.pcap')


def whole_packets(data, is_pcapng):
    """How many packets lie whole in the bytes, by walking the records."""
    n, at = 0, 0
    if is_pcapng:
        while at + 12 <= len(data):
            total = int.from_bytes(data[at + 4:at + 8], 'little')
            if at + total > len(data):
                break
            n += int.from_bytes(data[at:at + 4], 'little') == 6
            at += total
    else:
        at = 24
        while at + 16 <= len(data):
            caplen = int.from_bytes(data[at + 8:at + 12], 'little')
            if at + 16 + caplen > len(data):
                break
            n += 1
            at += 16 + caplen
    return n, at


def cut_everywhere(t, path, is_pcapng):
    data = open(path, 'rb').read()
    packets = (read_pcapng if is_pcapng else read_pcap)(data)
    cuts = [3, 10, 23, 24, 25, 39, 40, len(data) - 1]
    cuts += [t.random.randrange(len(data)) for _ in range(8 if t.quick or t.sanitized else 40)]
    for cut in cuts:
        name = t.path('cut')
        with open(name, 'wb') as f:
            f.write(data[:cut])
        n, at = whole_packets(data[:cut], is_pcapng)
        clean = at == cut or cut == 0  # an empty file is an empty capture
        out = t.path('out.pcapng')
        if os.path.exists(out):
            os.unlink(out)
        done = t.run('find', '-r', name, '-w', out, exit=(0, 1) if clean else 2)
        text = done.stderr.decode(errors='replace')
        if not clean:
            t.check('cut' in text, f'cut at {cut}: the error does not name the file: {text}')
            if cut > 40:
                t.check(re.search(r'\d', text.replace(name, '')), f'cut at {cut}: the error names no offset: {text}')
        if n:
            t.equal(content(read_capture(out)), content(packets[:n]), f'packets before a cut at {cut}')


def case_a_cut_pcap_gives_its_whole_packets(t):
    cut_everywhere(t, DEMO, False)


def case_a_cut_pcapng_gives_its_whole_packets(t):
    t.run('find', '-r', DEMO, '-w', t.path('whole.pcapng'))
    cut_everywhere(t, t.path('whole.pcapng'), True)


def case_import_of_a_cut_file_keeps_the_whole_packets(t):
    data = open(DEMO, 'rb').read()
    with open(t.path('cut.pcap'), 'wb') as f:
        f.write(data[:-5])
    done = t.run('import', t.path('cut.pcap'), '-w', t.path('archive'), exit=2)
    t.check(b'cut.pcap' in done.stderr, done.stderr.decode())
    t.equal(t.find_count('-A', t.path('archive'), '-Y', 'frame'), len(read_pcap(data)) - 1, 'packets in the archive')
    t.run('check', '-A', t.path('archive'))


def case_damaged_bytes_end_in_an_error_not_in_a_crash(t):
    data = open(DEMO, 'rb').read()
    for _ in range(10 if t.sanitized or t.quick else 60):
        broken = bytearray(data)
        for _ in range(t.random.randrange(1, 12)):
            broken[t.random.randrange(len(broken))] = t.random.randrange(256)
        with open(t.path('broken'), 'wb') as f:
            f.write(broken)
        t.run('find', '-r', t.path('broken'), '-Y', 'dtls or tcp or ip.flags.mf == 1', '-T', 'json', exit=(0, 1, 2))
