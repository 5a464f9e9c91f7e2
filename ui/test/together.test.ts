// SPDX-License-Identifier: Apache-2.0
//
// Several browsers at once over the made-up fleet: comments arrive, are refused, taken back; one goes where another goes.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { close_browser, new_context, no_browser, until as until_ms } from './browser';
import { SOURCE } from './fixtures/fleet.mjs';
import { fixture_server, type FixtureServer } from './fixtures/server.mjs';
import type { Wish } from './screen_states';

// Patient: nothing here is about time, and two cores may have much else to do.
const until = (what: string, is_so: () => Promise<boolean> | boolean) => until_ms(what, is_so, 30_000);
const wish: Wish = {};
let server: FixtureServer;

before(async () => {
  server = await fixture_server({ dist: join(process.env['TAPDECK_UI']!, 'dist'), state: wish });
});
after(async () => {
  await close_browser();
  server.close();
});

async function somebody(name: string, path: string): Promise<Page> {
  const context = await new_context();
  await context.addInitScript((said) => localStorage.setItem('tapdeck.settings', JSON.stringify({ guest_name: said })), name);
  const page = await context.newPage();
  await page.goto(server.url + path);
  await until(`${name} is in`, async () => (await page.locator('.chip.good').count()) > 0);
  return page;
}

async function comment(page: Page, text: string): Promise<void> {
  const field = page.locator('.comment-field textarea').last();
  await field.fill(text);
  await field.press('Control+Enter');
}

test('ten comments alternating are in both browsers, in the same order, and in a third that comes later', { skip: no_browser }, async () => {
  const path = `/a/${SOURCE}?p=700001&pane=comments`;
  const ann = await somebody('Ann', path);
  const ben = await somebody('Ben', path);
  await ann.locator('.comment-field').waitFor();
  await ben.locator('.comment-field').waitFor();

  for (let i = 0; i < 10; i++) {
    await comment(i % 2 === 0 ? ann : ben, `comment ${i}`);
    await until(`comment ${i} in both`, async () => (await ann.locator('.comment').count()) === i + 1 && (await ben.locator('.comment').count()) === i + 1);
  }
  const texts = (page: Page) => page.locator('.comment > .comment-text').allInnerTexts();
  const expected = [...Array(10).keys()].map((i) => `comment ${i}`);
  const cem = await somebody('Cem', path);
  await until('all in the third', async () => (await cem.locator('.comment').count()) === 10);
  for (const page of [ann, ben, cem]) {
    assert.deepEqual(await texts(page), expected);
    assert.equal(await page.locator('.side-item', { hasText: '700' }).count() >= 10, true);
    await page.context().close();
  }
});

test('a refused comment goes again, with the reason, and its text is not lost', { skip: no_browser }, async () => {
  wish.answer = (method, path) => (method === 'POST' && path.endsWith('/pins') ? { status: 403, body: { status: 403, code: 'role', title: 'Forbidden', detail: 'This link may look, not comment.' } } : undefined);
  const ann = await somebody('Ann', `/a/${SOURCE}?p=700002&pane=comments`);

  await comment(ann, 'what I think');
  await until('the reason', async () => (await ann.locator('.note.bad').innerText()).includes('This link may look, not comment'));
  assert.equal(await ann.locator('.comment').count(), 0);
  assert.equal(await ann.locator('.comment-field textarea').inputValue(), 'what I think');
  wish.answer = undefined;
  await ann.reload();
  await ann.locator('.comment-field textarea').waitFor();
  assert.equal(await ann.locator('.comment-field textarea').inputValue(), 'what I think', 'kept over a reload');
  await ann.context().close();
});

test('a comment that was taken out comes back within ten seconds', { skip: no_browser }, async () => {
  const ann = await somebody('Ann', `/a/${SOURCE}?p=700003&pane=comments`);

  await comment(ann, 'a mistake');
  await ann.getByRole('button', { name: 'Remove' }).waitFor();
  await ann.getByRole('button', { name: 'Remove' }).click();
  await until('gone', async () => (await ann.locator('.comment').count()) === 0);
  await ann.getByRole('button', { name: 'Undo' }).click();
  await until('back', async () => (await ann.locator('.comment').count()) === 1);
  await ann.context().close();
});

test('who follows goes along from screen to screen, and any own doing ends it', { skip: no_browser }, async () => {
  const ann = await somebody('Ann', `/d/${SOURCE}`);
  const ben = await somebody('Ben', `/a/${SOURCE}`);
  const path = (page: Page) => new URL(page.url()).pathname;

  await ben.getByRole('button', { name: /^Follow Ann/ }).click();
  await ben.locator('.led-bar', { hasText: 'Following Ann' }).waitFor();
  await until('Ben is at the devices', () => path(ben) === `/d/${SOURCE}`);
  await ann.locator('.device-table tbody a').nth(2).click();
  await until('Ben is at the device', () => path(ben) === path(ann) && path(ben).length > `/d/${SOURCE}/`.length);
  await ann.locator('.device-grid').waitFor();
  await ann.keyboard.press('p');
  await until('Ben sees its packets', () => ben.url() === ann.url() && path(ben).startsWith('/a/'));

  // The same first packet at the top, when Ann jumps within a table.
  await ann.goto(`${server.url}/a/${SOURCE}?p=400000`);
  await until('Ann stands at 400000', async () => (await ann.locator('.grid-row.selected').count()) === 1);
  const anns = ben.getByRole('button', { name: /^Follow Ann/ }).last();
  await anns.waitFor();
  if ((await ben.locator('.led-bar').count()) === 0) await anns.click();
  await until('Ben sees 400000 selected', async () => (await ben.locator('.grid-row.selected').innerText().catch(() => '')).replace(/\D/g, '').startsWith('400000'));

  await ben.locator('.grid').hover();
  await ben.mouse.wheel(0, 300);
  await until('no longer following', async () => (await ben.locator('.led-bar').count()) === 0);
  await ann.keyboard.press('3');
  await until('Ann left', () => path(ann) === `/d/${SOURCE}`);
  await ben.waitForTimeout(400);
  assert.ok(path(ben).startsWith('/a/'), 'Ben stays');
  await ann.context().close();
  await ben.context().close();
});
