#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Builds the page and writes it as C: embed.py UI_FOLDER OUT.c DEPFILE NPM|none --when-absent plain|fail

Each file of dist/ becomes its bytes, packed by gzip -9 without a time stamp (the same page gives the same binary),
with the path it is served at, its content type, an entity tag, and whether its name holds a hash of its content.
Without npm, or where the packages cannot be had, one plain page that says so is built in instead.

node_modules lies in the source folder, for all build folders together, and is made by `npm ci` alone: never anything
but what the lock file says. A lock keeps two builds from making it at once.
"""

import argparse
import fcntl
import gzip
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

CONTENT_TYPES = {
    '.html': 'text/html; charset=utf-8',
    '.js': 'text/javascript; charset=utf-8',
    '.css': 'text/css; charset=utf-8',
    '.svg': 'image/svg+xml',
    '.json': 'application/json',
    '.txt': 'text/plain; charset=utf-8',
}

ABSENT = '''<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>tapdeck</title></head>
<body><h1>tapdeck was built without its page</h1>
<p>The server runs: <a href="/openapi.json">the interface for programs</a> and <a href="/plain">the last 100 packets</a> are there.
To have the page, install Node.js 18 or newer with npm, and build with <code>meson configure build -Dui=enabled &amp;&amp; ninja -C build</code>.</p>
</body></html>
'''


class Unbuilt(Exception):
    """The page cannot be built here; the text says why, and what to do."""


def run(npm, ui, *arguments, **environment):
    done = subprocess.run([npm, *arguments], cwd=ui, env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace')
    if done.returncode != 0:
        raise Unbuilt(f'`npm {" ".join(arguments)}` in {ui} failed:\n{done.stdout}')


def install(npm, ui):
    """npm ci, unless it was done for this very lock file."""
    lock_digest = hashlib.sha256((ui / 'package-lock.json').read_bytes()).hexdigest()
    mark = ui / 'node_modules/.tapdeck-lock'
    with open(ui / '.install-lock', 'w') as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if mark.exists() and mark.read_text() == lock_digest:
            return
        run(npm, ui, 'ci', '--prefer-offline', '--no-audit', '--no-fund')
        mark.write_text(lock_digest)


def node_is_new_enough():
    node = shutil.which('node')
    if node is None:
        return False
    version = subprocess.run([node, '--version'], stdout=subprocess.PIPE, text=True).stdout
    found = re.match(r'v(\d+)\.', version)
    return found is not None and int(found.group(1)) >= 18


def build_page(npm, ui):
    """The built files: path as it is asked for -> bytes."""
    if npm == 'none':
        raise Unbuilt('npm is not installed; script/install-deps installs it')
    if not node_is_new_enough():
        raise Unbuilt('Node.js 18 or newer is not installed')
    install(npm, ui)
    with tempfile.TemporaryDirectory() as out:
        run(npm, ui, 'run', 'build', '--', '--logLevel', 'warn', TAPDECK_UI_OUT=out)
        return {'/' + str(path.relative_to(out)): path.read_bytes() for path in pathlib.Path(out).rglob('*') if path.is_file()}


def c_text(text):
    return '"' + text.replace('\\', '\\\\').replace('"', '\\"') + '"'


def c_source(files):
    lines = ['/* Made by ui/embed.py. */', '#include "web/assets.h"', '']
    table = []
    for number, (path, plain) in enumerate(sorted(files.items())):
        packed = gzip.compress(plain, compresslevel=9, mtime=0)
        suffix = pathlib.PurePosixPath(path).suffix
        if suffix not in CONTENT_TYPES:
            raise SystemExit(f'embed.py: {path}: no content type is known for {suffix}; add it to CONTENT_TYPES')
        lines.append(f'static const uint8_t packed_{number}[] = {{')
        lines += ['    ' + ', '.join(str(byte) for byte in packed[at:at + 32]) + ',' for at in range(0, len(packed), 32)]
        lines.append('};')
        etag = hashlib.sha256(plain).hexdigest()[:20]
        is_hashed = re.search(r'/assets/.*-[A-Za-z0-9_-]{8}\.\w+$', path) is not None
        table.append(f'    {{ {c_text(path)}, {c_text(CONTENT_TYPES[suffix])}, {c_text(chr(34) + etag + chr(34))}, '
                     f'{{ packed_{number}, sizeof packed_{number} }}, {len(plain)}, {"true" if is_hashed else "false"} }},')
    lines += ['', 'const struct asset asset_table[] = {', *table, '};', '',
              'const size_t asset_count = sizeof asset_table / sizeof *asset_table;', '']
    return '\n'.join(lines)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('ui', type=pathlib.Path)
    parser.add_argument('out', type=pathlib.Path)
    parser.add_argument('depfile', type=pathlib.Path)
    parser.add_argument('npm')
    parser.add_argument('--when-absent', choices=['plain', 'fail'], required=True)
    arguments = parser.parse_args()
    ui = arguments.ui.resolve()

    try:
        files = build_page(arguments.npm, ui)
    except Unbuilt as why:
        if arguments.when_absent == 'fail':
            sys.exit(f'embed.py: the page was not built: {why}')
        print(f'embed.py: the page is NOT in this binary: {why}', file=sys.stderr)
        files = {'/index.html': ABSENT.encode()}
    arguments.out.write_text(c_source(files))

    parts = [ui / name for name in ('package.json', 'package-lock.json', 'vite.config.ts', 'index.html', 'tsconfig.json')]
    for folder in ('src', 'public'):
        parts += [path for path in (ui / folder).rglob('*') if path.is_file() and '.test.' not in path.name]
    arguments.depfile.write_text(f'{arguments.out}: ' + ' '.join(str(path).replace(' ', '\\ ') for path in sorted(parts)) + '\n')


if __name__ == '__main__':
    main()
