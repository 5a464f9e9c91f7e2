// SPDX-License-Identifier: Apache-2.0
//
// What the built page weighs, packed as the binary holds it (gzip -9): `npm run sizes`. First load is what index.html names
// and itself; all else is fetched later, by part.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

export const budget = { first_bytes: 40 * 1024, lazy_bytes: 120 * 1024, requests: 4 };

/* first and lazy: [{name, bytes}], of dist/. */
export function sizes(dist) {
  const html = readFileSync(join(dist, 'index.html'), 'utf8');
  const packed = (name) => ({ name, bytes: gzipSync(readFileSync(join(dist, name)), { level: 9 }).length });
  const all = readdirSync(join(dist, 'assets')).map((name) => packed(`assets/${name}`));
  const is_first = (one) => html.includes(`/${one.name}"`);
  return { html: packed('index.html'), first: all.filter(is_first), lazy: all.filter((one) => !is_first(one)) };
}

export const sum = (files) => files.reduce((bytes, one) => bytes + one.bytes, 0);

if (process.argv[1]?.endsWith('sizes.mjs')) {
  const { html, first, lazy } = sizes(new URL('../dist', import.meta.url).pathname);
  const line = (bytes, name) => console.log(`${String(bytes).padStart(7)}  ${name}`);
  for (const one of [...first, ...lazy].sort((a, b) => b.bytes - a.bytes)) line(one.bytes, `${one.name}${first.includes(one) ? '  (first load)' : ''}`);
  line(sum(first), `first load, JS and CSS (at most ${budget.first_bytes}; index.html is ${html.bytes} more)`);
  line(sum(lazy), `all parts fetched later (at most ${budget.lazy_bytes})`);
}
