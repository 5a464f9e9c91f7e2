// SPDX-License-Identifier: Apache-2.0
//
// The program itself behind a browser: imports the small fleet of tests/captures into an archive of its own, serves it with the
// page it was built with, and is stopped again. TAPDECK names the program (else build/tapdeck); without one, tests skip.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const tree = join(process.env['TAPDECK_UI'] ?? '.', '..');
export const tapdeck = process.env['TAPDECK'] ?? join(tree, 'build/tapdeck');
export const no_program = existsSync(tapdeck) ? false : `SKIPPED: no program at ${tapdeck} (meson builds it; TAPDECK names another)`;

export interface RealServer {
  origin: string;
  entry: string; // with the token: who opens it is a member
  token: string;
  archive: string;
  close: () => Promise<void>;
}

export async function real_server(capture = join(tree, 'tests/captures/demo-fleet.pcap'), node = 'box'): Promise<RealServer> {
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
