#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the stories of this folder against a tapdeck: run.py --tapdeck PATH [--seed N] [--quick] [--sanitized]
[STORY[.CASE]...]. A line a case, failures in full; the last line is "N passed, N failed[, N skipped]".

--quick leaves out cases marked slow, --sanitized those marked heavy (a sanitizer makes tapdeck some ten times
slower)."""
import argparse
import glob
import importlib
import os
import sys
import time
import traceback
import zlib

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--tapdeck', required=True)
    parser.add_argument('--seed', default=str(int(time.time())))
    parser.add_argument('--quick', action='store_true')
    parser.add_argument('--sanitized', action='store_true')
    parser.add_argument('names', nargs='*')
    options = parser.parse_args()
    print(f'seed {options.seed}')
    passed = failed = skipped = 0
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
            if not options.names and options.quick and getattr(case, 'slow', False):
                continue
            if options.sanitized and getattr(case, 'heavy', False):
                continue
            test = harness.Test(options.tapdeck, zlib.crc32(f'{options.seed} {full}'.encode()), options.quick,
                                options.sanitized)
            began = time.monotonic()
            try:
                case(test)
                passed += 1
                print(f'ok       {full}  ({time.monotonic() - began:.1f} s)')
            except harness.Skipped as why:
                skipped += 1
                print(f'skipped: {full}: {why}')
            except harness.Failure as failure:
                failed += 1
                print(f'FAILED   {full}  ({time.monotonic() - began:.1f} s)\n{failure}')
            except Exception:
                failed += 1
                print(f'FAILED   {full}\n{traceback.format_exc()}')
            finally:
                for note in test.notes:
                    print(f'         {note}')
                test.close()
            sys.stdout.flush()
    print(f'{passed} passed, {failed} failed' + (f', {skipped} skipped' if skipped else ''))
    return 1 if failed or not passed else 0


sys.exit(main())
