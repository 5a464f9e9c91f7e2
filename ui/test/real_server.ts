// SPDX-License-Identifier: Apache-2.0
//
// The real thing: a recorder that listens for a mirror, a server beside it, and the demo fleet sent to it by `tapdeck
// replay`. The binary is TAPDECK, or ../build/tapdeck.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { createSocket } from 'node:dgram';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = process.env['TAPDECK_UI']!;
export const tapdeck = process.env['TAPDECK'] ?? join(root, '../build/tapdeck');
export const no_tapdeck = existsSync(tapdeck) ? false : `SKIPPED: no tapdeck at ${tapdeck} (build it, or name it in TAPDECK)`;
export const demo_fleet = join(root, '../tests/captures/demo-fleet.pcap');

async function free_port(kind: 'tcp' | 'udp'): Promise<number> {
  return new Promise((resolve) => {
    if (kind === 'tcp') {
      const server = createServer();
      server.listen(0, '127.0.0.1', () => {
        const { port } = server.address() as { port: number };
        server.close(() => resolve(port));
      });
    } else {
      const socket = createSocket('udp4');
      socket.bind(0, '127.0.0.1', () => {
        const { port } = socket.address();
        socket.close(() => resolve(port));
      });
    }
  });
}

/* Starts a program and waits until a line of it matches. */
function started(args: string[], line: RegExp, ms = 30_000): Promise<{ child: ChildProcess; found: RegExpExecArray }> {
  const child = spawn(tapdeck, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  return new Promise((resolve, reject) => {
    let said = '';
    const timer = setTimeout(() => reject(new Error(`${args[0]} did not say ${line} in ${ms} ms; it said:\n${said}`)), ms);
    const take = (data: Buffer) => {
      said += String(data);
      const found = line.exec(said);
      if (found) {
        clearTimeout(timer);
        resolve({ child, found });
      }
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('exit', (code) => reject(new Error(`${args[0]} ended with ${code}:\n${said}`)));
  });
}

function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.removeAllListeners('exit');
    child.on('exit', () => resolve());
    child.kill(signal);
  });
}

export class RealServer {
  readonly folder = mkdtempSync(join(tmpdir(), 'tapdeck-page-'));
  private recorder: ChildProcess | null = null;
  private server: ChildProcess | null = null;
  private vxlan_port = 0;
  private http_port = 0;
  token = '';

  get archive(): string {
    return join(this.folder, 'archive');
  }
  get base(): string {
    return `http://127.0.0.1:${this.http_port}`;
  }
  /* The address that logs a member in. */
  get door(): string {
    return `${this.base}/?token=${this.token}`;
  }

  async start(): Promise<void> {
    this.vxlan_port = await free_port('udp');
    this.http_port = await free_port('tcp');
    const tap = `unix:${join(this.folder, 'tap')}`;
    this.recorder = (await started(['record', '--vxlan', `127.0.0.1:${this.vxlan_port}`, '-w', this.archive, '--tap', tap], /recording vxlan/)).child;
    await this.serve();
  }
  async serve(): Promise<void> {
    const { child, found } = await started(
      ['serve', '-A', this.archive, '--tap', `unix:${join(this.folder, 'tap')}`, '--http', `127.0.0.1:${this.http_port}`],
      /token=(\S+)/,
    );
    this.server = child;
    this.token = found[1]!;
  }
  async kill_server(): Promise<void> {
    if (this.server) await ended(this.server, 'SIGKILL');
  }
  /* Sends the demo fleet; 240 packets. */
  replay(speed = 20): void {
    const sent = spawnSync(tapdeck, ['replay', demo_fleet, '--to', `vxlan://127.0.0.1:${this.vxlan_port}/42`, '--speed', String(speed)]);
    if (sent.status !== 0) throw new Error(`replay: ${sent.stderr}`);
  }
  /* The same, while the test goes on. */
  replay_slowly(speed: number): { stop: () => Promise<void> } {
    const child = spawn(tapdeck, ['replay', demo_fleet, '--to', `vxlan://127.0.0.1:${this.vxlan_port}/42`, '--speed', String(speed)], { stdio: 'ignore' });
    return { stop: () => ended(child, 'SIGTERM') };
  }
  async api<T>(path: string): Promise<T> {
    const response = await fetch(`${this.base}/api/v1${path}`, { headers: { authorization: `Bearer ${this.token}` } });
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
    return (await response.json()) as T;
  }
  async close(): Promise<void> {
    if (this.server) await ended(this.server, 'SIGTERM');
    if (this.recorder) await ended(this.recorder, 'SIGTERM');
    rmSync(this.folder, { recursive: true, force: true });
  }
}
