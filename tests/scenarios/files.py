# SPDX-License-Identifier: Apache-2.0
"""What goes into an archive, or through find, comes out again byte for byte."""
import glob
import gzip
import os
import subprocess

from harness import CAPTURES, archive_packets, content, read_capture, segments, unpack, read_pcapng


def project_captures():
    return sorted(glob.glob(os.path.join(CAPTURES, '*.pcap')))


def import_and_compare(t, path, name, *options):
    archive = t.path(name)
    t.run('import', path, '-w', archive, *options)
    wanted = read_capture(path)
    got = archive_packets(archive)
    t.equal(content(got), content(wanted), f'import {path} {" ".join(options)}')
    named = {p.interface for p in wanted} - {None}
    t.check(named <= {p.interface for p in got}, f'{path}: interface names {named} became {({p.interface for p in got})}')
    return archive


def tshark_columns(path, data=None):
    fields = ['frame.time_epoch', 'frame.len', 'frame.cap_len', 'frame.protocols']
    command = ['tshark', '-n', '-r', path if data is None else '-', '-T', 'fields'] + [w for f in fields for w in ('-e', f)]
    return subprocess.run(command, input=data, check=True, capture_output=True).stdout.decode().splitlines()


def columns_at_nanoseconds(lines):
    return [line.split('\t')[0].ljust(20, '0')[:20] + '\t' + line.partition('\t')[2] for line in lines]


def case_import_keeps_every_packet_of_our_captures(t):
    for i, path in enumerate(project_captures()):
        import_and_compare(t, path, f'a{i}')


def case_import_keeps_every_packet_with_gzip_and_without_compression(t):
    for i, path in enumerate(project_captures()[:6]):
        import_and_compare(t, path, f'g{i}', '--compress', 'gzip')
        import_and_compare(t, path, f'n{i}', '--compress', 'none')


def case_tshark_reads_what_zstd_unpacks_of_a_segment(t):
    t.need('tshark')
    for name in ('dtls12-psk-ipv6-openssl', 'any-sll2', 'vxlan-linux'):
        path = os.path.join(CAPTURES, name + '.pcap')
        archive = import_and_compare(t, path, name)
        got = [line for segment in segments(archive) for line in tshark_columns('-', unpack(segment))]
        t.equal(columns_at_nanoseconds(got), columns_at_nanoseconds(tshark_columns(path)), f'tshark of {name}')


def case_tshark_opens_gzip_segments_in_place(t):
    t.need('tshark')
    path = os.path.join(CAPTURES, 'demo-fleet.pcap')
    archive = import_and_compare(t, path, 'gz', '--compress', 'gzip')
    got = [line for segment in segments(archive) for line in tshark_columns(segment)]
    t.equal(columns_at_nanoseconds(got), columns_at_nanoseconds(tshark_columns(path)), 'tshark of gzip segments')


def case_find_writes_what_it_read_in_every_format(t):
    path = os.path.join(CAPTURES, 'demo-fleet.pcap')
    archive = import_and_compare(t, path, 'archive')
    wanted = content(read_capture(path))
    for source in (('-r', path), ('-A', archive)):
        for ending in ('pcapng', 'pcap', 'pcapng.gz', 'pcap.gz', 'pcapng.zst', 'pcap.zst'):
            out = t.path('out-' + source[0][1] + '.' + ending)
            t.run('find', *source, '-w', out)
            t.equal(content(read_capture(out)), wanted, f'find {source[0]} -w {out}')


def case_tshark_opens_everything_that_find_writes(t):
    t.need('tshark')
    path = os.path.join(CAPTURES, 'dtls-cid-rebind.pcap')
    wanted = columns_at_nanoseconds(tshark_columns(path))
    for ending in ('pcapng', 'pcap', 'pcapng.gz', 'pcapng.zst'):
        out = t.path('out.' + ending)
        t.run('find', '-r', path, '-w', out)
        t.equal(columns_at_nanoseconds(tshark_columns(out)), wanted, f'tshark of {out}')


def case_packed_input_is_told_by_content(t):
    t.need('zstd')
    t.need('lz4')
    path = os.path.join(CAPTURES, 'demo-fleet.pcap')
    wanted = content(read_capture(path))
    data = open(path, 'rb').read()
    packed = {'gzip': gzip.compress(data), 'members': gzip.compress(data[:9000]) + gzip.compress(data[9000:]),
              'zstd': subprocess.run(['zstd', '-qc', path], check=True, stdout=subprocess.PIPE).stdout,
              'lz4': subprocess.run(['lz4', '-qc', path], check=True, stdout=subprocess.PIPE).stdout}
    for kind, text in packed.items():
        name = t.path('input-' + kind)
        with open(name, 'wb') as f:
            f.write(text)
        t.run('find', '-r', name, '-w', t.path('out.pcapng'))
        t.equal(content(read_capture(t.path('out.pcapng'))), wanted, f'{kind} input')
    out = t.run('find', '-r', '-', '-w', '-', stdin=data).stdout
    t.equal(content(read_pcapng(out)), wanted, 'standard input to standard output')


def case_several_files_are_read_as_one_in_time_order(t):
    parts = [read_capture(p) for p in (os.path.join(CAPTURES, 'dtls-resume.pcap'), os.path.join(CAPTURES, 'dtls-address-reuse.pcap'))]
    t.run('find', '-r', os.path.join(CAPTURES, 'dtls-resume.pcap'), '-r', os.path.join(CAPTURES, 'dtls-address-reuse.pcap'),
          '-w', t.path('merged.pcapng'))
    got = read_capture(t.path('merged.pcapng'))
    t.equal([p.ts_ns for p in got], sorted(p.ts_ns for part in parts for p in part), 'times of the merge')
    t.equal(content(got), content(parts[0] + parts[1]), 'packets of the merge')


def case_shared_captures_survive_import(t):
    folder = t.shared('captures')
    chosen = sorted(glob.glob(os.path.join(folder, 'pcapng-test-generator', 'output_*', '*', '*.pcapng')))
    chosen += sorted(glob.glob(os.path.join(folder, 'made', 'pcapng', '*'))) + sorted(glob.glob(os.path.join(folder, 'made', 'packed', '*')))
    chosen += sorted(glob.glob(os.path.join(folder, 'made', '*.pcap')))
    others = sorted(glob.glob(os.path.join(folder, 'tcpdump', '*.pcap')) + glob.glob(os.path.join(folder, 'wireshark-wiki', '*.pcap')))
    chosen += t.random.sample(others, min(len(others), 20 if t.sanitized or t.quick else 60))
    n, odd = 0, []
    for i, path in enumerate(chosen):
        if not os.path.isfile(path):
            continue
        try:
            wanted = read_capture(path)
        except Exception:
            odd.append(os.path.basename(path))  # damaged or of another format: cut_files tells that story
            continue
        if not wanted or any(len(p.data) > p.len for p in wanted):
            odd.append(os.path.basename(path))
            continue
        import_and_compare(t, path, f's{i}')
        n += 1
    t.note(f'{n} shared captures compared; {len(odd)} empty, damaged or of another format left out')
    t.check(n > 50 or t.quick, f'only {n} captures')


case_shared_captures_survive_import.slow = True
case_shared_captures_survive_import.hostile = True
