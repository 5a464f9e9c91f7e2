// SPDX-License-Identifier: Apache-2.0
//
// Every screen in every state worth looking at: how to get there, with the made-up fleet behind it. Held against axe, against
// 320 pixels, and photographed.
import type { Page } from 'playwright-core';
import { HOSTILE, SOURCE } from './fixtures/fleet.mjs';
import type { Answer } from './fixtures/server.mjs';
import { until } from './browser';

export type Wish = { answer?: (method: string, path: string, query: URLSearchParams) => Answer | 'wait' | undefined };

export interface ScreenState {
  name: string;
  path: string;
  ready: string; // what is there when it is
  server?: Wish;
  act?: (page: Page) => Promise<void>;
}

const DEVICE = 'urn:imei:867412043897643';
const SESSION = '17-1724925600123456789-42';
const RANGE = '2024-08-29T03:00:00Z..2024-08-29T09:00:00Z';
const problem = (status: number, code: string, detail: string): Answer => ({ status, body: { type: 'about:blank', title: code, status, code, detail } });
const rows_there = (page: Page) => until('rows', async () => (await page.locator('.grid-row:not(.skeleton)').count()) > 1, 30_000); // a low window with its drawer open has no more

const no_rows = { first: 1, last: 1_204_101, matched: 0, is_complete: true, gaps: [], span: { first: 1, end: 1_204_102 }, rows: [] };
const no_count = { matched: 0, seen: 0, bytes: 0, first: null, last: null, next: 0, share: 1, is_complete: true };
/* Nothing matches, and what was seen instead. */
const nothing_matches: Wish = {
  answer: (_method, path, query) => {
    if (path.endsWith('/rows')) return { status: 200, body: no_rows };
    if (path.endsWith('/count')) return { status: 200, body: no_count };
    if (!path.endsWith('/filter/values')) return undefined;
    return { status: 200, body: { field: query.get('field'), values: [{ value: '69', text: '2.05 Content', n: 9112 }, { value: '132', text: '4.04 Not Found', n: 31 }], seen: 100_000, is_complete: false } };
  },
};

export const screen_states: ScreenState[] = [
  { name: 'live', path: `/live/${SOURCE}`, ready: '.legend', act: rows_there },
  {
    name: 'live-help', path: `/live/${SOURCE}`, ready: '.faces',
    act: async (page) => {
      await page.locator('.status-end button').first().waitFor();
      await page.keyboard.press('?');
      await page.locator('.help section').nth(2).waitFor();
    },
  },
  {
    name: 'live-name', path: `/live/${SOURCE}`, ready: '.faces',
    act: async (page) => {
      await page.getByRole('button', { name: /Change your name/ }).click();
      await page.locator('.name-form').waitFor();
    },
  },
  { name: 'live-list', path: `/live/${SOURCE}?as=list`, ready: '.row-list tbody tr' },
  { name: 'live-nothing', path: `/live/${SOURCE}?f=coap.code+==+255`, ready: '.seen-near li', server: nothing_matches },
  { name: 'archive-list', path: `/a/${SOURCE}?p=900000&as=list`, ready: '.row-list tbody tr' },
  { name: 'archive-nothing', path: `/a/${SOURCE}?f=coap.code+==+255`, ready: '.seen-near li', server: nothing_matches },
  {
    name: 'share-packets', path: `/a/${SOURCE}?p=400000`, ready: '.grid-row.selected',
    act: async (page) => {
      await page.locator('.grid').focus();
      for (let i = 0; i < 4; i++) await page.keyboard.press('Shift+ArrowDown');
      await page.keyboard.press('s');
      await page.getByRole('button', { name: 'These packets' }).waitFor();
    },
  },
  { name: 'archive', path: `/a/${SOURCE}?p=900000`, ready: '.archive-legend li', act: rows_there },
  { name: 'archive-range', path: `/a/${SOURCE}?t=${RANGE}&f=coap`, ready: '.archive-count b', act: rows_there },
  {
    name: 'archive-search', path: `/a/${SOURCE}`, ready: '.archive-legend li',
    act: async (page) => {
      await page.getByRole('combobox', { name: /Search/ }).fill('86741');
      await page.locator('[role=listbox] [role=option]').first().waitFor();
    },
  },
  {
    name: 'archive-packet', path: `/a/${SOURCE}?p=1002302&pane=comments`, ready: '.comments',
    act: async (page) => {
      await rows_there(page);
      await page.locator('.comment-field textarea').fill('Look at the cookie round trip.');
    },
  },
  {
    name: 'archive-empty', path: `/a/${SOURCE}?t=2024-08-27T03:30:00Z..2024-08-27T04:30:00Z`, ready: '.nothing h2',
    server: { answer: (_method, path) => (path.endsWith('/count') ? { status: 200, body: { matched: 0, seen: 0, bytes: 0, first: null, last: null, next: 0, share: 1, is_complete: true } } : undefined) },
  },
  {
    name: 'archive-filter-wrong', path: `/a/${SOURCE}?f=coap.cod`, ready: '.nothing[role=alert]',
    server: { answer: (_method, path) => (/\/(timeline|count|rows)$/.test(path) ? problem(400, 'filter', '"coap.cod" is no field; did you mean "coap.code"?') : undefined) },
  },
  { name: 'devices', path: `/d/${SOURCE}`, ready: '.device-table tbody a' },
  { name: 'devices-waiting', path: `/d/${SOURCE}`, ready: '.skeleton', server: { answer: (_method, path) => (path.endsWith('/devices') ? 'wait' : undefined) } },
  { name: 'devices-none', path: `/d/${SOURCE}?q=nobody-has-this`, ready: '.nothing h2' },
  { name: 'device', path: `/d/${SOURCE}/${DEVICE}`, ready: '.sessions tbody tr' },
  {
    name: 'device-charts', path: `/d/${SOURCE}/${DEVICE}`, ready: '.sessions tbody tr',
    act: async (page) => {
      await page.locator('.device-charts').scrollIntoViewIfNeeded();
      await page.locator('.device-charts canvas').nth(2).waitFor();
      await page.locator('.device').evaluate((main) => main.scrollTo(0, main.scrollHeight));
    },
  },
  { name: 'device-hostile', path: `/d/${SOURCE}/${encodeURIComponent(HOSTILE)}`, ready: '.stays tbody tr' },
  { name: 'device-gone', path: `/d/${SOURCE}/nobody`, ready: '.nothing[role=alert]' },
  { name: 'session', path: `/x/${SOURCE}/${SESSION}?p=1002855`, ready: '.rung' },
  { name: 'session-time', path: `/x/${SOURCE}/${SESSION}?by=time`, ready: '.rung' },
  { name: 'session-table', path: `/x/${SOURCE}/${SESSION}?as=table`, ready: '.session tbody tr' },
  { name: 'session-packet', path: `/x/${SOURCE}/${SESSION}?p=1002300&pane=details`, ready: '[role=treeitem]' },
  {
    name: 'share', path: `/a/${SOURCE}?d=${DEVICE}&t=${RANGE}`, ready: '[data-action=share]',
    act: async (page) => {
      await page.locator('[data-action=share]').click();
      await page.getByRole('button', { name: 'Make link' }).click();
      await page.locator('.qr').waitFor();
      await page.locator('.share-given li').first().waitFor();
    },
  },
  { name: 'login', path: `/a/${SOURCE}`, ready: '#token', server: { answer: (_method, path) => (path === '/me' ? problem(401, 'login', 'Log in.') : undefined) } },
  { name: 'link-ended', path: `/s/k3f9a/live/${SOURCE}`, ready: '.gate [role=alert]', server: { answer: (_method, path) => (path === '/me' ? problem(401, 'login', 'Log in.') : undefined) } },
];
