// SPDX-License-Identifier: Apache-2.0
//
// The main story with the program itself: a member finds a device by a part of its identity, opens its ladder, comments on a
// packet; a guest with a link sees it, is refused what the link does not give, and is out when it is revoked.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { close_browser, new_context, no_browser, until as until_ms, watch_faults } from './browser';
import { no_program, real_server, type RealServer } from './archive_server';

const skip = no_browser || no_program;
const until = (what: string, is_so: () => Promise<boolean> | boolean) => until_ms(what, is_so, 30_000);
let server: RealServer;
let device = '';
let source = '';

before(async () => {
  if (skip) return;
  server = await real_server();
  const bearer = { headers: { authorization: `Bearer ${server.token}` } };
  const me = (await (await fetch(`${server.origin}/api/v1/me`, bearer)).json()) as { sources: { name: string }[] };
  source = me.sources[0]!.name;
  const found = (await (await fetch(`${server.origin}/api/v1/sources/${source}/devices?kind=dtls.psk&order=packets&n=1`, bearer)).json()) as { devices: { device: string }[] };
  device = found.devices[0]!.device;
});
after(async () => {
  await close_browser();
  if (!skip) await server.close();
});

async function member(): Promise<Page> {
  const page = await (await new_context()).newPage();
  await page.goto(server.entry);
  await until('a member is in', async () => (await page.locator('[data-action=share]').count()) > 0);
  return page;
}

/* A link made in the dialog; its address. */
async function link_made(page: Page, choices: string[]): Promise<string> {
  await page.locator('[data-action=share]').click();
  for (const name of choices) await page.getByRole('button', { name, exact: true }).click();
  await page.getByRole('button', { name: 'Make link' }).click();
  await page.locator('.qr').waitFor();
  const link = await page.locator('.share-link').inputValue();
  await page.keyboard.press('Escape');
  return link;
}

test('a device is found by its identity, its ladder opened, a packet commented, and a guest sees it', { skip }, async () => {
  const ann = await member();
  const faults = watch_faults(ann);
  const link = await link_made(ann, ['Everything', 'views', 'full bytes']);
  assert.match(link, new RegExp(`^${server.origin}/s/[^/]+/live/${source}#.{16,}$`));

  const guest = await (await new_context()).newPage();
  await guest.goto(link);
  await until('the guest is in', async () => (await guest.locator('.chip.good').count()) > 0);
  assert.equal(new URL(guest.url()).hash, '', 'the secret is not left in the address');

  await ann.goto(`${server.origin}/a/${source}`);
  const box = ann.getByRole('combobox', { name: /Search/ });
  await box.fill(device.slice(-8));
  await ann.locator('[role=option]', { hasText: device }).first().waitFor();
  await box.press('Enter');
  await until('its packets', async () => Number((await ann.locator('.archive-count b').innerText().catch(() => '0')).replace(/\D/g, '')) > 0);
  await ann.locator('.chosen a').click();
  await ann.locator('.sessions a').first().click();
  await ann.locator('.rung').nth(1).click();
  await ann.getByRole('button', { name: 'Comment', exact: true }).click();
  const field = ann.locator('.comment-field textarea');
  await field.fill('<b>here</b> it gives its name');
  await field.press('Control+Enter');
  await until('the comment', async () => (await ann.locator('.comment:not(.is-sending)').count()) === 1);
  const number = new URL(ann.url()).searchParams.get('p')!;

  await guest.goto(`${new URL(link).origin}${new URL(link).pathname.replace('/live/', '/a/')}?p=${number}&pane=comments`);
  await until('the guest sees it', async () => (await guest.locator('.comment-text').innerText().catch(() => '')) === '<b>here</b> it gives its name');
  assert.equal(await guest.locator('.comment-field').count(), 0, 'a guest who may look may not comment');
  assert.deepEqual(faults, []);

  // Whoever has only the right to look is refused by the server, too.
  const refused = await guest.evaluate(async (path) => (await fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"number":1,"text":"forged"}' })).status, `${new URL(link).pathname.split('/live/')[0]}/api/v1/sources/${source}/pins`);
  assert.equal(refused, 403);

  // Revoked: out within a second or so, and nothing of it is left in the page.
  await ann.locator('[data-action=share]').click();
  await ann.getByRole('button', { name: /^Revoke link/ }).first().click();
  await ann.getByRole('button', { name: /^Revoke/ }).first().click();
  await guest.locator('.gate [role=alert]').waitFor();
  assert.equal(await guest.locator('.grid-row, .comment').count(), 0);
  await ann.context().close();
  await guest.context().close();
});

test('a link to one device leads to it, and to no other', { skip }, async () => {
  const ann = await member();
  await ann.goto(`${server.origin}/d/${source}/${encodeURIComponent(device)}`);
  await ann.locator('.sessions tbody tr').first().waitFor();
  const link = await link_made(ann, ['This device', 'decoded']);

  const guest = await (await new_context()).newPage();
  await guest.goto(link);
  await guest.locator('.sessions tbody tr').first().waitFor();
  assert.equal(await guest.locator('h1').innerText(), device);
  await guest.getByRole('link', { name: 'Devices' }).first().click();
  await guest.locator('.device-table tbody a').first().waitFor();
  assert.deepEqual(await guest.locator('.device-table tbody a').allInnerTexts(), [device]);
  await guest.goto(`${new URL(link).origin}${new URL(link).pathname.split('/d/')[0]}/a/${source}`);
  await guest.locator('.archive-head').waitFor();
  assert.match(await guest.getByRole('button', { name: /not in this link/ }).innerText(), /Download/);
  await ann.context().close();
  await guest.context().close();
});

test('a link to these packets shows them and no other', { skip }, async () => {
  const ann = await member();
  await ann.goto(`${server.origin}/live/${source}?p=20`);
  await ann.locator('.grid-row.selected').waitFor();
  await ann.locator('.grid').focus();
  for (let i = 0; i < 9; i++) await ann.keyboard.press('Shift+ArrowDown');
  await until('ten', async () => (await ann.locator('.grid-row.selected').count()) === 10);
  const link = await link_made(ann, ['These packets', 'decoded']);

  const guest = await (await new_context()).newPage();
  await guest.goto(link);
  await until('ten packets', async () => (await guest.locator('.grid-row:visible:not(.special):not(.skeleton)').count()) === 10);
  const numbers = await guest.locator('.grid-row:visible:not(.special) .cell-no').allInnerTexts();
  assert.deepEqual(numbers.map(Number).sort((a, b) => a - b), [...Array(10).keys()].map((i) => 20 + i));
  const base = `${new URL(link).pathname.split('/a/')[0]}/api/v1/sources/${source}`;
  const status = (path: string) => guest.evaluate(async (asked) => (await fetch(asked)).status, base + path);
  assert.deepEqual([await status('/packets/25'), await status('/packets/19'), await status('/packets/30')], [200, 404, 404]);
  await ann.context().close();
  await guest.context().close();
});
