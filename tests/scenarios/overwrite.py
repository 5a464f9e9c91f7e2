# SPDX-License-Identifier: Apache-2.0
"""find never writes onto what it reads, under whatever name."""
import os
import shutil
import subprocess

from harness import CAPTURES, segments

DEMO = os.path.join(CAPTURES, 'demo-fleet.pcap')


def refused(t, kept, *words):
    """find with these words fails with a clear sentence and leaves the file `kept` as it was."""
    with open(kept, 'rb') as f:
        before = f.read()
    text = t.run('find', *words, exit=2).stderr.decode()
    with open(kept, 'rb') as f:
        t.check(f.read() == before, f'find {" ".join(words)} changed {kept}')
    t.check('overwrite' in text and os.path.basename(kept)[:8] in text, f'find {" ".join(words)} said:\n{text}')


def case_a_file_that_is_read_is_not_written(t):
    path, other = t.path('capture.pcap'), t.path('other.pcap')
    shutil.copy(DEMO, path)
    shutil.copy(DEMO, other)
    os.symlink(path, t.path('symlink.pcap'))
    os.link(path, t.path('hardlink.pcap'))
    for name in ('capture.pcap', '../' + os.path.basename(os.path.dirname(path)) + '/capture.pcap', 'symlink.pcap',
                 'hardlink.pcap'):
        refused(t, path, '-r', other, '-r', path, '-w', t.path(name))
    refused(t, path, '-r', path, '--device', 'D:nobody', '-w', path)
    t.run('find', '-r', path, '-w', other)


def case_neither_are_segments_and_indexes_of_the_archive(t):
    archive = t.path('archive')
    t.run('import', DEMO, '-w', archive)
    segment = segments(archive)[0]
    refused(t, segment, '-A', archive, '-Y', 'udp', '-w', segment)
    index = segment.partition('.pcapng')[0] + '.tdx'
    refused(t, index, '-A', archive, '-Y', 'udp', '-w', index)
    t.run('find', '-A', archive, '-Y', 'udp', '--count')


def case_standard_streams_are_files_too(t):
    path = t.path('capture.pcap')
    shutil.copy(DEMO, path)
    size = os.path.getsize(path)
    with open(path, 'ab') as out:
        child = subprocess.run([t.tapdeck, 'find', '-r', path, '-w', '-'], stdout=out, stderr=subprocess.PIPE)
    t.equal(child.returncode, 2, 'find -w - onto its input')
    t.equal(os.path.getsize(path), size, 'size of the input')
    with open(path, 'rb') as source:
        child = subprocess.run([t.tapdeck, 'find', '-r', '-', '-w', path], stdin=source, stderr=subprocess.PIPE)
    t.equal(child.returncode, 2, 'find -r - onto its input')
    t.equal(os.path.getsize(path), size, 'size of the input')


def case_what_is_no_file_may_be_both(t):
    t.run('find', '-r', DEMO, '-w', '/dev/null')
