# SPDX-License-Identifier: Apache-2.0
"""The lines of find, which are the rows of the live page too, against the columns that tshark prints."""
import glob
import os
import subprocess
import sys

from harness import HERE

COMPARE = os.path.join(HERE, '..', 'compare_summaries')


def case_lines_say_what_tsharks_columns_say(t):
    captures = sorted(glob.glob(os.path.join(HERE, '..', 'captures', '*.pcap')))
    done = subprocess.run([sys.executable, COMPARE, '--tapdeck', t.tapdeck, *captures[::4 if t.quick else 2]],
                          capture_output=True, text=True)
    if done.returncode == 77:
        t.skip(done.stdout.strip())
    t.check(done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:])
    t.notes.append(done.stdout.strip().splitlines()[-1])
