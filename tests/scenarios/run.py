#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the stories of this folder against a tapdeck: run.py --tapdeck PATH [--seed N] [--quick] [--sanitized]
[--jobs N] [STORY[.CASE]...]. A line a case, failures in full; the last line is "N passed, N failed[, N skipped]".

--quick leaves out cases marked slow (under a sanitizer not those with strangers' bytes, marked hostile), --sanitized
those marked heavy (a sanitizer makes tapdeck some ten times slower). As many cases at once as there are processors, or
--jobs; stories or cases marked alone, which look at how long something takes, come after the others, one by one."""
import argparse
import collections
import glob
import importlib
import multiprocessing
import os
import sys
import time
import traceback
import zlib

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness


def outcome_of(full, case, options):
    """Runs one case: what became of it, and what is to be printed."""
    test = harness.Test(options.tapdeck, zlib.crc32(f'{options.seed} {full}'.encode()), options.quick,
                        options.sanitized)
    began = time.monotonic()
    try:
        case(test)
        outcome, text = 'passed', f'ok       {full}  ({time.monotonic() - began:.1f} s)'
    except harness.Skipped as why:
        outcome, text = 'skipped', f'skipped: {full}: {why}'
    except harness.Failure as failure:
        outcome, text = 'failed', f'FAILED   {full}  ({time.monotonic() - began:.1f} s)\n{failure}'
    except Exception:
        outcome, text = 'failed', f'FAILED   {full}\n{traceback.format_exc()}'
    finally:
        test.close()
    return outcome, '\n'.join([text] + [f'         {note}' for note in test.notes])


def cases_of(options):
    """(full name, function, whether it must be alone) of all that are asked for."""
    cases = []
    stories = sorted(os.path.basename(path)[:-3] for path in glob.glob(os.path.join(harness.HERE, '*.py')))
    for story in stories:
        if story in ('run', 'harness'):
            continue
        module = importlib.import_module(story)
        for name, case in list(vars(module).items()):
            if not name.startswith('case_'):
                continue
            full = f'{story}.{name[5:]}'
            if options.names and not any(full == n or story == n for n in options.names):
                continue
            if (not options.names and options.quick and getattr(case, 'slow', False) and
                    not (options.sanitized and getattr(case, 'hostile', False))):
                continue
            if options.sanitized and getattr(case, 'heavy', False):
                continue
            cases.append((full, case, getattr(module, 'ALONE', False) or getattr(case, 'alone', False)))
    return cases


def run_numbered(number):
    full, case, _ = chosen[number]
    return outcome_of(full, case, options)


parser = argparse.ArgumentParser()
parser.add_argument('--tapdeck', required=True)
parser.add_argument('--seed', default=str(int(time.time())))
parser.add_argument('--quick', action='store_true')
parser.add_argument('--sanitized', action='store_true')
parser.add_argument('--jobs', type=int, default=os.cpu_count())
parser.add_argument('names', nargs='*')
options = parser.parse_args()
chosen = cases_of(options)


def main():
    counts = collections.Counter()
    beside = [number for number, case in enumerate(chosen) if not case[2]]
    alone = [number for number, case in enumerate(chosen) if case[2]]
    print(f'seed {options.seed}', flush=True)
    # A process a case: what one leaves behind in Python, a next one does not meet.
    for jobs, numbers in ((options.jobs, beside), (1, alone)):
        with multiprocessing.get_context('fork').Pool(jobs, maxtasksperchild=1) as pool:
            for outcome, text in pool.imap_unordered(run_numbered, numbers):
                counts[outcome] += 1
                print(text, flush=True)
    print(f'{counts["passed"]} passed, {counts["failed"]} failed' +
          (f', {counts["skipped"]} skipped' if counts['skipped'] else ''))
    return 1 if counts['failed'] or not counts['passed'] else 0


sys.exit(main())
