// SPDX-License-Identifier: Apache-2.0
//
// Node's test runner on bundled files: shows what it says, ends with "N passed, N failed, N skipped" as the project's other
// runners do, and takes its child along when it is told to end.
import { spawn } from 'node:child_process';

export function run_node_tests(files, options = [], environment = {}) {
  const child = spawn(process.execPath, ['--enable-source-maps', '--test', '--test-reporter=tap', ...options, ...files], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...environment },
  });
  let said = '';
  child.stdout.on('data', (data) => {
    // Tests that ONLY passes over are not worth their lines.
    process.stdout.write(String(data).replace(/^ *ok .*# SKIP test name does not match pattern\n(?: *---\n(?:.*\n)*? *\.\.\.\n)?/gm, ''));
    said += data;
  });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('close', (status) => {
    const count = (name) => Number(new RegExp(`^# ${name} (\\d+)$`, 'm').exec(said)?.[1] ?? 0);
    for (const [, why] of said.matchAll(/^\s*ok .* # SKIP (SKIPPED.*)$/gm)) console.log(why);
    const [passed, failed, skipped] = [count('pass'), count('fail') + count('cancelled'), count('skipped')];
    console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
    process.exit(status === 0 ? 0 : 1);
  });
}
