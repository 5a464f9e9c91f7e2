// SPDX-License-Identifier: Apache-2.0
//
// `npm run screenshots`: the live screen in its states, light and dark, into test/screenshots/. Made-up packets, so that
// each run shows the same.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { close_browser, new_context, until, watch_faults } from './browser';
import { MockServer } from './mock_server';
import { shoot_screens } from './screens_shots';

const root = process.env['TAPDECK_UI']!;
const out = join(root, 'test/screenshots');
const only = process.env['ONLY'] ?? '';
mkdirSync(out, { recursive: true });

const server = new MockServer({ dist: join(root, 'dist'), history: 12_000, rate: 180 });
const base = await server.listen();

// ONLY=screen-… asks for the screens over the made-up fleet alone.
for (const scheme of only.startsWith('screen-') ? [] : (['light', 'dark'] as const)) {
  const context = await new_context({ colorScheme: scheme });
  const page = await context.newPage();
  const faults = watch_faults(page);
  const shot = (name: string) => (only === '' || name.includes(only) ? page.screenshot({ path: join(out, `live-${name}-${scheme}.png`) }) : undefined);
  await page.goto(`${base}/live/box`);
  await until('rows', async () => (await page.locator('.grid-row:not(.skeleton)').count()) > 20);
  await page.waitForTimeout(4200);
  await shot('following');

  await page.keyboard.press('k');
  for (let i = 0; i < 9; i++) await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Enter');
  await until('details', async () => (await page.locator('[role=treeitem]').count()) > 3);
  await page.locator('[role=treeitem]', { hasText: 'Constrained' }).first().click();
  await page.locator('[role=treeitem]', { hasText: 'Code:' }).first().click();
  await page.waitForTimeout(1200);
  await shot('details');

  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await page.keyboard.press('/');
  await page.keyboard.type('ip.addr == 10.0.0.0/8 && coap.cod >= 4.00');
  await page.waitForTimeout(700);
  await shot('filter-wrong');
  await page.keyboard.press('Escape');
  await page.keyboard.type('coap');
  await page.waitForTimeout(600);
  await shot('filter-choices');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Enter');
  await page.waitForTimeout(900);
  await shot('filtered');
  await page.keyboard.press('Escape');
  server.lose(31_662);
  server.grow(14);
  await page.keyboard.press('?');
  await page.waitForTimeout(500);
  await shot('help');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Clear the filter' }).click();
  await page.waitForTimeout(400);
  server.lose(31_662);
  server.grow(14);
  await page.waitForTimeout(400);
  await page.keyboard.press('Escape');
  await page.locator('.grid').focus();
  await page.keyboard.press('k');
  await page.waitForTimeout(600);
  server.set_down(true);
  await until('the banner', async () => (await page.locator('.banner').count()) > 0);
  await page.waitForTimeout(700);
  await shot('lost');
  server.set_down(false);
  await until('connected again', async () => (await page.locator('.banner').count()) === 0, 15_000);

  await page.setViewportSize({ width: 390, height: 780 });
  await page.waitForTimeout(700);
  await shot('phone');
  await page.setViewportSize({ width: 320, height: 640 });
  await page.waitForTimeout(500);
  await shot('phone-320');
  // Somebody else reads further up, and asks everyone to come.
  const bens = await new_context();
  await bens.addInitScript(() => localStorage.setItem('tapdeck.settings', JSON.stringify({ guest_name: 'Ben Ode' })));
  const ben = await bens.newPage();
  await ben.goto(`${base}/live/box`);
  await until('Ben is seen', async () => (await page.locator('.presence-tick').count()) === 1);
  await ben.evaluate(() => { const all = document.querySelector('.grid')!; all.scrollTop = all.scrollHeight * 0.6; });
  await ben.getByRole('button', { name: 'Bring everyone here' }).click();
  await page.locator('.invitation').waitFor();
  await shot('together-320');
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.waitForTimeout(1200);
  await shot('together');
  await bens.close();
  if (faults.length > 0) console.log(`${scheme}: the page said:\n  ${faults.join('\n  ')}`);
  await context.close();
}
await shoot_screens(root, out, only);
await close_browser();
await server.close();
console.log(`screenshots in ${out}`);
