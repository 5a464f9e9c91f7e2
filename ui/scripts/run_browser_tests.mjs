// SPDX-License-Identifier: Apache-2.0
//
// Runs the browser tests (test/**/*.test.ts) one file after the other, bundled by esbuild: `npm run test:browser -- PART`.
// With --run FILE, runs that one program of test/ instead (screenshots).
import { build } from 'esbuild';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { spawnSync } from 'node:child_process';
import { run_node_tests } from './run_node_tests.mjs';

const root = new URL('..', import.meta.url).pathname;
const out = join(root, 'node_modules/.cache/browser-tests');
const program = process.argv[2] === '--run' ? process.argv[3] : null;
const wanted = program ? [] : process.argv.slice(2);

function files_below(folder, ending) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? files_below(path, ending) : path.endsWith(ending) ? [path] : [];
  });
}

const files = program
  ? [join(root, 'test', program)]
  : files_below(join(root, 'test'), '.test.ts').filter((file) => wanted.length === 0 || wanted.some((part) => relative(root, file).includes(part)));
if (files.length === 0) {
  console.error('run_browser_tests: no test of that name below ui/test');
  process.exit(2);
}
if (!existsSync(join(root, 'dist/index.html'))) {
  const built = spawnSync('npm', ['run', 'build'], { cwd: root, stdio: 'inherit' });
  if (built.status !== 0) process.exit(1);
}
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
await build({
  entryPoints: files,
  outdir: out,
  outbase: join(root, 'test'),
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node18',
  external: ['playwright-core', 'axe-core'],
  sourcemap: 'inline',
  logLevel: 'warning',
});
const bundled = files.map((file) => join(out, relative(join(root, 'test'), file).replace(/\.ts$/, '.mjs')));
if (program) {
  const run = spawnSync(process.execPath, ['--enable-source-maps', ...bundled], { stdio: 'inherit', env: { ...process.env, TAPDECK_UI: root } });
  process.exit(run.status ?? 1);
}
// ONLY='R1[12]': tests whose names match.
run_node_tests(bundled, ['--test-concurrency=1', ...(process.env['ONLY'] ? ['--test-name-pattern', process.env['ONLY']] : [])], { TAPDECK_UI: root });
