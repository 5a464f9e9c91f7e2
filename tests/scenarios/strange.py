# SPDX-License-Identifier: Apache-2.0
"""Captures from other projects, many of them made to crash a reader, and tshark's values beside ours."""

import glob
import os
import subprocess
import sys
import time


def case_no_capture_crashes_the_dissection(t):
    folder = t.shared('captures')
    if t.quick:
        folder = os.path.join(folder, 'crashers')
    files = [path for path in glob.glob(os.path.join(folder, '**'), recursive=True) if os.path.isfile(path)]
    t.check(files, f'no file under {folder}')
    if t.sanitized:  # ten times slower: others each time
        files = t.random.sample(files, len(files) // 3)
        t.note(f'{len(files)} captures')
    for path in files:
        done = subprocess.run([t.tapdeck, 'find', '-r', path, '-T', 'json'], stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, timeout=120)
        said = done.stderr.decode(errors='replace')
        t.check(done.returncode in (0, 1, 2) and 'Sanitizer' not in said and 'runtime error' not in said,
                f'{path}: status {done.returncode}: {said[-2000:]}')


def case_no_damaged_capture_crashes_a_filter(t):
    """With fewer fields in demand than for JSON, other roads are taken: the sieve, the walk of plain headers."""
    folder = t.shared('captures', 'crashers')
    files = sorted(path for path in glob.glob(os.path.join(folder, '**'), recursive=True) if os.path.isfile(path))
    t.check(files, f'no file under {folder}')
    text = '_ws.malformed or tls or coap or mqtt or dns or http or quic or tcp.analysis.flags'
    until = time.monotonic() + 60
    for n, path in enumerate(files):
        if time.monotonic() > until:
            t.note(f'{n} of {len(files)} looked at in the time there is')
            break
        done = subprocess.run([t.tapdeck, 'find', '-r', path, '--no-tshark', '-Y', text],
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=120)
        said = done.stderr.decode(errors='replace')
        t.check(done.returncode in (0, 1, 2) and 'Sanitizer' not in said and 'runtime error' not in said,
                f'{path}: status {done.returncode}: {said[-2000:]}')


def case_values_are_those_of_tshark(t):
    t.need('tshark')
    if t.sanitized:
        t.skip('the same values as without')
    here = os.path.dirname(os.path.abspath(__file__))
    done = subprocess.run([sys.executable, os.path.join(here, '..', 'compare_fields'), t.tapdeck,
                           os.path.join(here, '..', 'captures')], capture_output=True)
    t.equal(done.returncode, 0, done.stdout.decode(errors='replace'))
