#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Counts the cases of a `meson test` run, from its testlog.json: each cmocka case is one. A program that ends
badly without naming a failed case (a crash, a sanitizer's report, a time limit) is one failure more. What failed
is printed in full."""
import json
import re
import sys


def main():
    passed = failed = skipped = 0
    try:
        lines = open(sys.argv[1], encoding='utf-8', errors='replace').read().splitlines()
    except OSError as problem:
        print(f'no test log: {problem}')
        lines = []
    for line in lines:
        run = json.loads(line)
        text = run.get('stdout', '') + '\n' + run.get('stderr', '')
        ok = len(re.findall(r'^\[       OK \] ', text, re.M))
        # cmocka names a failed case where it fails and once more in its summary.
        bad = set(re.findall(r'^\[  FAILED  \] (?!\d+ test)(\S+)', text, re.M))
        skip = set(re.findall(r'^\[  SKIPPED \] (?!\d+ test)(\S+)', text, re.M))
        for name in sorted(skip):
            print(f'skipped: {run["name"]}: {name}')
        n_bad = len(bad)
        if run['result'] not in ('OK', 'EXPECTEDFAIL', 'SKIP') and n_bad == 0:
            n_bad = 1
        if ok + n_bad + len(skip) == 0:
            ok = 1  # a test program that is no cmocka one counts as one case
        if n_bad:
            print(f'--- {run["name"]}: {run["result"]}, exit status {run["returncode"]}')
            print(text.strip())
        passed += ok
        failed += n_bad
        skipped += len(skip)
    if passed + failed + skipped == 0:
        print('no unit test was run')
        failed = 1
    print(f'{passed} passed, {failed} failed' + (f', {skipped} skipped' if skipped else ''))
    return 1 if failed else 0


sys.exit(main())
