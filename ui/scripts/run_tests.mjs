// SPDX-License-Identifier: Apache-2.0
//
// Runs the unit tests (src/**/*.test.ts) with Node's own runner: each is bundled by esbuild (which Vite brings), for
// Node 18 knows no TypeScript. Names given are parts of file names: `npm test -- decode`.
import { build } from 'esbuild';
import { readdirSync, rmSync, mkdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { run_node_tests } from './run_node_tests.mjs';

const root = new URL('..', import.meta.url).pathname;
const wanted = process.argv.slice(2);
const out = join(root, 'node_modules/.cache/unit-tests');

function tests_below(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return tests_below(path);
    return /\.test\.tsx?$/.test(entry.name) ? [path] : [];
  });
}

const files = tests_below(join(root, 'src')).filter(
  (file) => wanted.length === 0 || wanted.some((part) => relative(root, file).includes(part)),
);
if (files.length === 0) {
  console.error('run_tests: no test of that name below ui/src');
  process.exit(2);
}
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
await build({
  entryPoints: files,
  outdir: out,
  outbase: join(root, 'src'),
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node18',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  loader: { '.css': 'empty' },
  sourcemap: 'inline',
  logLevel: 'warning',
});
const bundled = files.map((file) => join(out, relative(join(root, 'src'), file).replace(/\.tsx?$/, '.mjs')));
run_node_tests(bundled);
