# SPDX-License-Identifier: Apache-2.0
"""Programs written for AWS AppSync Events subscribe and publish at tapdeck's door: Amazon's own client does."""
import json
import os
import shutil
import subprocess

from harness import CAPTURES, PROJECT, Failure

CLIENT = os.path.join(PROJECT, 'tests', 'appsync')


def need_client(t):
    """npm ci once for all runs: what the lock file says is there already is left alone."""
    t.need('node')
    t.need('npm')
    lock = open(os.path.join(CLIENT, 'package-lock.json')).read()
    mark = os.path.join(CLIENT, 'node_modules', '.lock')
    if os.path.exists(mark) and open(mark).read() == lock:
        return
    done = subprocess.run(['npm', 'ci', '--ignore-scripts'], cwd=CLIENT, capture_output=True, text=True)
    if done.returncode != 0:
        t.skip(f'npm ci cannot fetch the client: {done.stderr.strip()[-300:]}')
    with open(mark, 'w') as file:
        file.write(lock)


def key(t, archive, server, *words):
    return t.run('share', 'create', '-A', archive, '--appsync', '--until', '+1h', '--server', server,
                 *words).stdout.decode().strip()


def case_amplify_connects_subscribes_posts_and_comes_back(t):
    need_client(t)
    archive = t.path('a')
    t.run('import', os.path.join(CAPTURES, 'demo-fleet.pcap'), '-w', archive, '--decap')
    server = t.server(archive)
    what = {'endpoint': f'{server.url}/event', 'reader': key(t, archive, server.url),
            'writer': key(t, archive, server.url, '--publish')}
    done = subprocess.run(['node', 'amplify.mjs', json.dumps(what)], cwd=CLIENT, capture_output=True, text=True,
                          timeout=120)
    if done.returncode != 0:
        raise Failure(done.stdout + done.stderr)
    t.equal(done.stdout.count('ok  '), 11, 'checks of the client')


case_amplify_connects_subscribes_posts_and_comes_back.heavy = True
