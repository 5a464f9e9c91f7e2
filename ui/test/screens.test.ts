// SPDX-License-Identifier: Apache-2.0
//
// The screens in a real browser over the made-up fleet: axe on each state, light and dark; 320 px; the keyboard alone; strings
// that want to be markup.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { close_browser, new_context, no_browser, until as until_ms, watch_faults } from './browser';
import { HOSTILE, SOURCE } from './fixtures/fleet.mjs';
import { fixture_server, type FixtureServer } from './fixtures/server.mjs';
import { screen_states, type ScreenState, type Wish } from './screen_states';

const root = process.env['TAPDECK_UI']!;
// Patient: nothing here is about time, and two cores may have much else to do.
const until = (what: string, is_so: () => Promise<boolean> | boolean) => until_ms(what, is_so, 30_000);
const wish: Wish = {};
let server: FixtureServer;
let axe = '';

before(async () => {
  server = await fixture_server({ dist: join(root, 'dist'), state: wish });
  axe = readFileSync(join(root, 'node_modules/axe-core/axe.min.js'), 'utf8');
});
after(async () => {
  await close_browser();
  server.close();
});

// One state alone: STATE=share npm run test:browser -- screens
const states = screen_states.filter((state) => state.name.includes(process.env['STATE'] ?? ''));

async function show(page: Page, state: ScreenState): Promise<void> {
  wish.answer = state.server?.answer;
  await page.goto(server.url + state.path);
  await page.locator(state.ready).first().waitFor({ state: 'attached' });
  await state.act?.(page);
}

interface AxeResult {
  violations: { id: string; help: string; nodes: { html: string; failureSummary: string }[] }[];
}

// In the dark only colours are other than in the light.
const rules = {
  light: "{ type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }",
  dark: "{ type: 'rule', values: ['color-contrast'] }",
};

async function axe_faults(page: Page, scheme: 'light' | 'dark'): Promise<string[]> {
  await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
  const result = (await page.evaluate(`axe.run({ runOnly: ${rules[scheme]} })`)) as AxeResult;
  return result.violations.map((one) => `${scheme}: ${one.id}: ${one.help}\n    ${one.nodes.slice(0, 3).map((node) => `${node.html.slice(0, 160)}\n      ${node.failureSummary.replace(/\n/g, ' ')}`).join('\n    ')}`);
}

/* Whose right edge lies farthest out, of those that nothing around them clips. */
function widest(page: Page): Promise<string> {
  return page.evaluate(() => {
    let found = '', right = 320;
    for (const element of document.querySelectorAll('main *, header *')) {
      const edge = element.getBoundingClientRect().right;
      let around = element.parentElement;
      while (around && getComputedStyle(around).overflowX === 'visible') around = around.parentElement;
      if (edge > right && (around === null || around === document.documentElement)) [right, found] = [edge, `${element.tagName.toLowerCase()}.${element.className}`];
    }
    return found;
  });
}

test('axe finds nothing on any screen or state, light and dark; none is wider than 320 pixels; no fault is said, and what strangers wrote stays text', { skip: no_browser }, async () => {
  // Not high: axe takes its time for each cell, and a row is like the next.
  const context = await new_context({ reducedMotion: 'reduce', viewport: { width: 1280, height: 520 } });
  const found: string[] = [];

  for (const state of states) {
    const page = await context.newPage();
    const said = watch_faults(page);
    await show(page, state);
    assert.equal(await page.locator('img').count(), 0, state.name);
    assert.notEqual(await page.title(), 'owned', state.name);
    if (state.name === 'device-hostile') {
      const shown = await page.locator('h1').innerText();
      assert.ok(shown.includes('<img src=x') && shown.includes('\\u202e') && !shown.includes('\u202e'), `a reversed name is seen as one: ${shown}`);
    }
    found.push(...said.map((one) => `${state.name}: ${one}`));
    await page.evaluate(axe);
    for (const scheme of ['light', 'dark'] as const) found.push(...(await axe_faults(page, scheme)).map((one) => `${state.name}: ${one}`));
    await page.setViewportSize({ width: 320, height: 640 });
    const width = await page.evaluate(() => new Promise<number>((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve(document.documentElement.scrollWidth)))));
    if (width > 320) found.push(`${state.name}: ${width} px wide, ${await widest(page)}`);
    await page.close();
  }
  wish.answer = undefined;
  await context.close();
  assert.deepEqual(found, []);
  assert.ok(HOSTILE.includes('<img'));
});

test('from a part of a name to its packets by the keyboard alone', { skip: no_browser }, async () => {
  const context = await new_context();
  const page = await context.newPage();
  const path = () => decodeURIComponent(new URL(page.url()).pathname + new URL(page.url()).search);

  await page.goto(`${server.url}/live/${SOURCE}`);
  await page.locator('.header').waitFor();
  await page.keyboard.press('3');
  await page.locator('.device-table tbody a').first().waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('867412043897643');
  await until('one device', async () => (await page.locator('.device-table tbody tr').count()) === 1);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.locator('.sessions a').first().waitFor();
  assert.equal(path(), `/d/${SOURCE}/urn:imei:867412043897643`);
  await page.keyboard.press('p');
  await page.locator('.archive-count b').waitFor();
  assert.match(path(), /^\/a\/vpc-mirror-a\?d=urn:imei:867412043897643/);
  await page.goBack();
  await page.locator('.sessions a').first().waitFor();
  await page.locator('.sessions a').first().focus();
  await page.keyboard.press('Enter');
  await page.locator('.rung').first().waitFor();
  await page.getByRole('listbox').focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  assert.match(await page.locator('.rung[aria-selected=true] .unseen').innerText(), /server to device.*Hello Verify Request, answers/);
  await page.keyboard.press('c');
  await page.locator('.comment-field textarea').waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.tagName), 'TEXTAREA');
  await context.close();
});

test('filter, packet, field, comment, link: the live screen by the keyboard alone', { skip: no_browser }, async () => {
  const context = await new_context({ permissions: ['clipboard-read', 'clipboard-write'] });
  const page = await context.newPage();
  const focus = () => page.evaluate(() => document.activeElement?.closest('#filter, .grid, [role=tree], .comment-field, .dialog, .row-list, canvas')?.className || document.activeElement?.id || document.activeElement?.tagName);

  await page.goto(`${server.url}/live/${SOURCE}`);
  await page.locator('.filter input').waitFor();
  await until('rows', async () => (await page.locator('.grid-row:not(.skeleton)').count()) > 5);
  // From the top by Tab: each stop is seen (a ring of 2 px), none is a trap, and the table is one stop.
  const stops: string[] = [];
  for (let i = 0; i < 40 && !stops.includes('grid'); i++) {
    await page.keyboard.press('Tab');
    stops.push(await page.evaluate(() => {
      const now = document.activeElement as HTMLElement;
      const ring = [now, now.closest('.filter-field'), now.closest('.table-host')].some((one) => one && (parseFloat(getComputedStyle(one).outlineWidth) >= 2 || parseFloat(getComputedStyle(one, '::after').borderTopWidth) >= 2));
      return ring ? now.className.split(' ')[0] || now.id || now.tagName : `no ring: ${now.outerHTML.slice(0, 80)}`;
    }));
  }
  assert.equal(stops.at(-1), 'grid', stops.join(' > '));
  assert.deepEqual(stops.filter((stop) => stop.startsWith('no ring')), []);
  assert.ok(stops.includes('CANVAS'), 'the timeline is on the way');

  await page.keyboard.press('/');
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'filter');
  await page.keyboard.type('coap');
  await page.locator('.filter.ok').waitFor();
  await page.keyboard.press('Enter');
  await until('applied', () => new URL(page.url()).searchParams.get('f') === 'coap');
  for (let i = 0; i < 12 && (await focus()) !== 'grid'; i++) await page.keyboard.press('Tab');
  assert.match(String(await focus()), /grid/);
  await until('rows', async () => (await page.locator('.grid-row:not(.skeleton):not(.special):visible').count()) > 3);
  await page.keyboard.press('k');
  await page.locator('.grid-row.selected').waitFor();
  assert.equal(await page.locator('.grid').getAttribute('aria-activedescendant'), await page.locator('.grid-row.selected').getAttribute('id'));
  await page.keyboard.press('Enter');
  await page.locator('[role=treeitem]').first().waitFor();
  await page.keyboard.press('Tab');
  assert.ok(await page.evaluate(() => document.activeElement!.closest('.live-pane') !== null), 'into the pane');
  await page.locator('.grid').focus();
  await page.keyboard.press('c');
  await page.locator('.comment-field textarea').waitFor();
  await until('in the comment', () => page.evaluate(() => document.activeElement?.tagName === 'TEXTAREA'));
  await page.keyboard.type('looked at without a mouse');
  await page.keyboard.press('Control+Enter');
  await page.locator('.comment-text', { hasText: 'without a mouse' }).first().waitFor();
  await page.locator('.grid').focus();
  await page.keyboard.press('y');
  await until('copied', async () => /Copied/.test((await page.locator('.notes').textContent()) ?? ''));
  await page.keyboard.press('l');
  await page.locator('.row-list tbody tr').first().waitFor();
  assert.match(String(await focus()), /row-list/);
  await page.goBack();
  await until('the table again', async () => (await page.locator('.row-list').count()) === 0);
  await page.keyboard.press('?');
  await page.locator('.help').waitFor();
  await page.keyboard.press('Escape');
  await until('closed', async () => (await page.locator('.dialog').count()) === 0);
  await context.close();
});

test('the range is two sliders that say their time, and the wheel zooms about the pointer', { skip: no_browser }, async () => {
  const context = await new_context();
  const page = await context.newPage();

  await page.goto(`${server.url}/a/${SOURCE}`);
  await page.locator('.archive-legend li').first().waitFor();
  const begin = page.getByRole('slider', { name: 'Range begins' });
  const before = await begin.getAttribute('aria-valuetext');
  await begin.focus();
  for (let i = 0; i < 5; i++) await page.keyboard.press('ArrowRight');
  await until('a range in the address', () => new URL(page.url()).searchParams.has('t'));
  assert.match(before ?? '', /^26 Aug 2024 \d\d:\d\d:\d\d UTC$/);
  assert.notEqual(await begin.getAttribute('aria-valuetext'), before);
  await page.keyboard.press('Escape');
  await until('any time again', () => !new URL(page.url()).searchParams.has('t'));

  const box = (await page.locator('.tall-bars').boundingBox())!;
  const words = () => page.locator('.archive-span').innerText();
  assert.equal(await words(), '3 days in sight');
  await page.mouse.move(box.x + box.width * 0.7, box.y + 60);
  await page.mouse.wheel(0, -1200);
  await until('closer', async () => !(await words()).includes('days'));
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.9, box.y + 60, { steps: 4 });
  await page.mouse.up();
  await until('a range in the address', () => new URL(page.url()).searchParams.has('t'));
  await page.locator('.archive-count b').waitFor();
  for (let i = 0; i < 60; i++) await page.mouse.wheel(0, -300);
  await until('milliseconds', async () => / ms in sight/.test(await words()));
  await context.close();
});

test('the archive gets to milliseconds and back by its buttons, and a hole leads to its time', { skip: no_browser }, async () => {
  const context = await new_context();
  const page = await context.newPage();
  const words = () => page.locator('.archive-span').innerText();

  await page.goto(`${server.url}/a/${SOURCE}`);
  await page.locator('.archive-legend li').first().waitFor();
  for (let i = 0; i < 30; i++) await page.getByRole('button', { name: 'Closer' }).click();
  await until('2 ms', async () => /^2\.0 ms/.test(await words()));
  await page.getByRole('button', { name: 'All', exact: true }).click();
  await until('all', async () => (await words()).startsWith('3 days'));
  await page.locator('.side-item').first().click();
  await until('the hole', async () => / h /.test(await words()));
  await context.close();
});

test('packets selected by Shift are what a link is made of, and what it says', { skip: no_browser }, async () => {
  const context = await new_context();
  const page = await context.newPage();
  let wished: Record<string, unknown> = {};
  page.on('request', (request) => {
    if (request.method() === 'POST' && request.url().endsWith('/shares')) wished = request.postDataJSON() as Record<string, unknown>;
  });
  await page.goto(`${server.url}/a/${SOURCE}?p=400000`);
  await page.locator('.grid-row.selected').waitFor();
  await page.locator('.grid').focus();
  for (let i = 0; i < 6; i++) await page.keyboard.press('Shift+ArrowDown');
  await until('seven', async () => (await page.locator('.grid-row.selected').count()) === 7);
  await page.keyboard.press('s');
  await page.getByRole('button', { name: 'These packets', pressed: true }).waitFor();
  assert.match((await page.locator('.share-scope').innerText()).replace(/\s/g, ' '), /^packets 400 000 – 400 006 on/);
  await page.getByRole('button', { name: 'Make link' }).click();
  await page.locator('.qr').waitFor();
  assert.deepEqual(wished['numbers'], [[400_000, 400_006]]);
  assert.match(await page.locator('.share-link').inputValue(), /\/a\/[^?]+\?p=400000#/);
  await context.close();
});
