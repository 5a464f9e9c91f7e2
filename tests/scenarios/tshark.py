# SPDX-License-Identifier: Apache-2.0
"""The shared list of filters on real captures, held against tshark: a part of it in each run, the whole of it by
tests/compare_filters."""
import os
import subprocess
import sys

from harness import HERE

COMPARE = os.path.join(HERE, '..', 'compare_filters')


def case_filters_agree_with_tshark_on_real_captures(t):
    every = '11' if t.quick else '4'
    done = subprocess.run([sys.executable, COMPARE, t.tapdeck, '--every', every], capture_output=True, text=True)
    if done.returncode == 77:
        t.skip(done.stdout.strip().replace('skipped: ', ''))
    t.check(done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:])
    t.notes.append(done.stdout.strip().splitlines()[-1])


case_filters_agree_with_tshark_on_real_captures.heavy = True
