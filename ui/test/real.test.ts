// SPDX-License-Identifier: Apache-2.0
//
// The page on the real server: the demo fleet, replayed as a mirror would send it.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { BrowserContext, Page } from 'playwright-core';
import { close_browser, last_number, new_context, no_browser, page_up, shown_rows, stand_a_page_up, until, watch_faults } from './browser';
import { demo_fleet, no_tapdeck, RealServer } from './real_server';

const skip = no_browser || no_tapdeck;
if (skip) console.log(skip);
const axe_source = readFileSync(createRequire(`${process.env['TAPDECK_UI']}/`).resolve('axe-core/axe.min.js'), 'utf8');

const server = new RealServer();
let context: BrowserContext;
let source = '';
before(async () => {
  if (skip) return;
  await server.start();
  server.replay();
  await until('all recorded', async () => ((await server.api<{ sources: { end: number }[] }>('/sources')).sources[0]?.end ?? 0) > 240, 20_000);
  source = (await server.api<{ sources: { name: string }[] }>('/sources')).sources[0]!.name;
  context = await new_context();
}, { timeout: 120_000 });
after(async () => {
  await close_browser();
  if (!skip) await server.close();
});

async function open(path = ''): Promise<{ page: Page; faults: string[] }> {
  const page = await context.newPage();
  const faults = watch_faults(page);
  await page.goto(server.door);
  await page.locator('.grid').waitFor();
  if (path !== '') await page.goto(server.base + path);
  await until('rows', async () => (await page.locator('.grid-row:not(.skeleton):not(.special):visible').count()) > 5, 20_000);
  return { page, faults };
}

test('what lies in the archive is shown, and what comes joins it without a seam', { skip, timeout: 120_000 }, async () => {
  const { page, faults } = await open();
  await until('the newest', async () => (await last_number(page)) >= 240);
  const end = await last_number(page);
  server.replay();
  await until('240 more', async () => (await last_number(page)) === end + 240, 20_000);
  await page.locator('.grid').focus();
  const seen = new Set<number>();
  await stand_a_page_up(page);
  for (let i = 0; i < 40 && !seen.has(end - 100); i++) {
    await page_up(page);
    await until('rows', async () => (await shown_rows(page)).every((row) => !row.classes.includes('skeleton')), 10_000);
    for (const row of await shown_rows(page)) if (/^\d+$/.test(row.key)) seen.add(Number(row.key));
  }
  const numbers = [...seen].sort((a, b) => a - b);
  numbers.slice(1).forEach((number, i) => assert.equal(number, numbers[i]! + 1));
  assert.deepEqual(faults, []);
  await page.close();
});

test("from the server's own address one comes to a device and back", { skip, timeout: 120_000 }, async () => {
  const { page, faults } = await open();
  await until('the source in the address', () => page.url() === `${server.base}/live/${source}`);
  await page.locator('header').getByText('Devices').click();
  await page.getByText('D:79445e2600000005').first().click();
  await until("the device's address", () => page.url().includes(`/d/${source}/D%3A79445e2600000005`));
  await page.getByText('100.71.3.9').first().waitFor();
  await page.getByRole('link', { name: 'Live', exact: true }).click();
  await page.locator('.grid').waitFor();
  assert.deepEqual(faults, []);
  await page.close();
});

test('cells are what tshark says', { skip, timeout: 120_000 }, async (t) => {
  const told = spawnSync('tshark', ['-r', demo_fleet, '-T', 'fields', '-E', 'separator=|', '-e', 'ip.src', '-e', 'udp.srcport', '-e', 'ip.dst', '-e', 'udp.dstport', '-e', '_ws.col.Protocol', '-e', 'frame.len', '-c', '120'], { encoding: 'utf8' });
  if (told.status !== 0) return t.skip('SKIPPED: no tshark');
  const lines = told.stdout.trim().split('\n').map((line) => line.split('|'));
  const { page } = await open(`/live/${source}?p=1`);
  await page.locator('.grid').focus();
  await page.keyboard.press('Home');
  const cells = new Map<number, string[]>();
  for (let i = 0; i < 12 && cells.size < 100; i++) {
    await until('rows', async () => (await shown_rows(page)).every((row) => !row.classes.includes('skeleton')), 10_000);
    for (const row of await shown_rows(page)) if (/^\d+$/.test(row.key)) cells.set(Number(row.key), row.cells);
    await page.keyboard.press('PageDown');
    await page.waitForTimeout(60);
  }
  assert.ok(cells.size >= 60, `${cells.size} rows`);
  for (const [number, row] of cells) {
    const line = lines[number - 1];
    if (!line) continue;
    assert.equal(row[4], `${line[0]}:${line[1]}`, `source of ${number}`);
    assert.equal(row[5], `${line[2]}:${line[3]}`, `destination of ${number}`);
    assert.equal(row[6]!.replace(/ [✗⚠].*/, ''), line[4], `protocol of ${number}`);
    assert.equal(row[7], line[5], `length of ${number}`);
  }
  await page.close();
});

test('a filter shows as many as tshark counts', { skip, timeout: 120_000 }, async (t) => {
  const filter = 'dtls.handshake.type == 1';
  const told = spawnSync('tshark', ['-r', demo_fleet, '-Y', filter, '-T', 'fields', '-e', 'frame.number'], { encoding: 'utf8' });
  if (told.status !== 0) return t.skip('SKIPPED: no tshark');
  const each = told.stdout.trim().split('\n').length;
  const { sources } = await server.api<{ sources: { end: number }[] }>('/sources');
  const n_replays = Math.floor((sources[0]!.end - 1) / 240);
  const { page } = await open(`/live/${source}?f=${encodeURIComponent(filter)}`);
  await until('counted', async () => (await page.locator('.matched').getAttribute('data-matched')) === String(each * n_replays), 20_000);
  await page.close();
});

test('details and bytes of a packet', { skip, timeout: 120_000 }, async () => {
  const { page, faults } = await open(`/c/${source}/p/5?pane=1`);
  await page.locator('[role=treeitem]').nth(2).waitFor();
  await page.locator('.hex-line').first().waitFor();
  // The packet's own bytes: an Ethernet header of the fleet's, with IPv4 behind it.
  assert.match((await page.locator('.hex-line').first().textContent()) ?? '', /02\s?00\s?5e\s?00\s?00\s?0[12]/);
  assert.match((await page.locator('[role=tree]').textContent()) ?? '', /User Datagram Protocol/);
  assert.deepEqual(faults, []);
  await page.close();
});

test('the server is killed and started again: rows stay, numbers go on', { skip, timeout: 120_000 }, async () => {
  const { page } = await open();
  const end = await last_number(page);
  await server.kill_server();
  await page.locator('.banner', { hasText: 'Connection lost' }).waitFor({ timeout: 20_000 });
  assert.ok((await shown_rows(page)).length > 10);
  server.replay(); // recorded while nobody served
  await server.serve();
  await page.goto(server.door); // the token is another one
  await until('what was recorded meanwhile', async () => (await last_number(page)) >= end + 240, 30_000);
  await page.close();
});

for (const scheme of ['light', 'dark'] as const)
  test(`axe finds nothing on the live screen, ${scheme}`, { skip, timeout: 120_000 }, async () => {
    const { page } = await open(`/c/${source}/p/5?pane=1`);
    await page.emulateMedia({ colorScheme: scheme });
    await page.locator('[role=treeitem]').nth(2).waitFor();
    await page.waitForTimeout(300);
    // The security policy refuses scripts that are not the page's: axe is run in the browser's own world.
    const session = await page.context().newCDPSession(page);
    const { frameTree } = await session.send('Page.getFrameTree');
    const world = await session.send('Page.createIsolatedWorld', { frameId: frameTree.frame.id, worldName: 'axe' });
    const run = async (expression: string) => (await session.send('Runtime.evaluate', { expression, contextId: world.executionContextId, awaitPromise: true, returnByValue: true })).result.value as string;
    await run(axe_source + ';0');
    const found = JSON.parse(await run(`axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']}).then((r) => JSON.stringify(r.violations.map((v) => [v.id, v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160) + ' // ' + n.failureSummary.slice(0, 200))])))`)) as unknown[];
    assert.deepEqual(found, []);
    await page.close();
  });

test('nothing lies beyond the edge at 320 px', { skip, timeout: 120_000 }, async () => {
  const { page } = await open();
  await page.setViewportSize({ width: 320, height: 640 });
  await page.waitForTimeout(400);
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= 320));
  assert.ok((await shown_rows(page)).length > 4);
  await page.close();
});
