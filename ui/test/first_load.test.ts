// SPDX-License-Identifier: Apache-2.0
//
// What the first painted packet costs: bytes and requests, from nowhere but the page's own server. Counts only; how long it
// takes is `npm run budgets`.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { budget, sizes, sum } from '../scripts/sizes.mjs';
import { close_browser, new_context, no_browser, until } from './browser';
import { MockServer } from './mock_server';

const dist = join(process.env['TAPDECK_UI']!, 'dist');
after(() => close_browser());

test('the first load is at most 40 KB packed, all later parts at most 120 KB', () => {
  const { first, lazy } = sizes(dist);

  assert.equal(first.length, 2, 'one script, one style sheet');
  assert.ok(sum(first) <= budget.first_bytes, `${sum(first)} bytes`);
  assert.ok(sum(lazy) <= budget.lazy_bytes, `${sum(lazy)} bytes`);
});

test('packets are there after four requests at most for the page itself, none to anybody else', { skip: no_browser }, async () => {
  const server = new MockServer({ dist, history: 500, rate: 50 });
  const base = await server.listen();
  const context = await new_context();
  const page = await context.newPage();
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  // What comes later is held back: packets must not need it.
  const { first } = sizes(dist);
  const is_later = (url: string) => url.includes('/assets/') && !first.some((one) => url.endsWith(one.name));
  let release = () => undefined as void;
  const released = new Promise<void>((resolve) => (release = resolve));
  await page.route('**/assets/**', async (route) => {
    if (is_later(route.request().url())) await released;
    await route.continue();
  });
  try {
    await page.goto(`${base}/live/box`, { waitUntil: 'commit' });
    await until('packets', async () => (await page.locator('.grid-row:not(.skeleton):not(.special)').count()) > 5);
    const of_page = asked.filter((url) => !url.includes('/api/v1/') && !is_later(url));
    assert.ok(of_page.length <= budget.requests, of_page.join('\n'));
    release();
    await page.locator('.filter input').waitFor();
    await page.locator('.faces').waitFor();
    for (const url of asked) assert.ok(url.startsWith(base), url);
  } finally {
    release();
    await context.close();
    await server.close();
  }
});
