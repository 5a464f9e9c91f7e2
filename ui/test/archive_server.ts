// SPDX-License-Identifier: Apache-2.0
//
// The program over an archive that is there already: imports a capture and serves it, with the page it was built with. Where
// packets come as one looks, it is real_server.ts.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { demo_fleet, tapdeck } from './real_server';

export interface ArchiveServer {
  origin: string;
  entry: string; // with the token: who opens it is a member
  token: string;
  archive: string;
  close: () => Promise<void>;
}

export async function archive_server(capture = demo_fleet, node = 'box'): Promise<ArchiveServer> {
  const folder = mkdtempSync(join(tmpdir(), 'tapdeck-ui-'));
  const archive = join(folder, 'archive');
  const imported = spawnSync(tapdeck, ['import', capture, '-w', archive, '--decap', '--node', node], { encoding: 'utf8' });
  if (imported.status !== 0) throw new Error(`tapdeck import: ${imported.stderr}`);
  const server: ChildProcess = spawn(tapdeck, ['serve', '-A', archive, '--http', '127.0.0.1:0'], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  server.stdout!.on('data', (part) => (said += part));
  server.stderr!.on('data', (part) => (said += part));
  const end = Date.now() + 30_000;
  for (;;) {
    const found = /(http:\/\/[^/\s]+)\/\?token=(\S+)/.exec(said);
    if (found) {
      const close = () =>
        new Promise<void>((resolve) => {
          server.once('exit', () => {
            rmSync(folder, { recursive: true, force: true });
            resolve();
          });
          server.kill('SIGTERM');
        });
      return { origin: found[1]!, entry: found[0], token: found[2]!, archive, close };
    }
    if (server.exitCode !== null || Date.now() > end) throw new Error(`tapdeck serve printed no address: ${said}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
