// SPDX-License-Identifier: Apache-2.0
//
// `npm run budgets`: the page held against the budgets of its design, as a table. Made-up packets at 5,000 a second behind a
// million that are there already. Times depend on the machine and on what else it does (its load is printed): they are a
// trend to look at, and no test asserts them; bytes and counts are asserted in first_load.test.ts.
import { readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import type { CDPSession, Page } from 'playwright-core';
import { budget, sizes, sum } from '../scripts/sizes.mjs';
import { browser_to_stop, until } from './browser';
import { MockServer } from './mock_server';

const dist = join(process.env['TAPDECK_UI']!, 'dist');
const seconds = Number(process.env['SECONDS'] ?? 20);
const rate = 5000;
const lines: [string, string, string][] = [];

const nth = (values: number[], share: number) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? NaN;
const ms = (value: number) => `${value.toFixed(value < 10 ? 1 : 0)} ms`;
const mb = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
const pause = (wait_ms: number) => new Promise((resolve) => setTimeout(resolve, wait_ms));
const rows_there = (page: Page) => until('rows', async () => (await page.locator('.grid-row:not(.skeleton):not(.special)').count()) > 5);

async function metrics(session: CDPSession): Promise<Record<string, number>> {
  const { metrics: all } = await session.send('Performance.getMetrics');
  return Object.fromEntries(all.map((one) => [one.name, one.value]));
}

/* Time between frames and tasks above 50 ms, while something runs. */
async function frames(page: Page, run: () => Promise<void>): Promise<{ between: number[]; long: number[] }> {
  await page.evaluate(() => {
    const kept = ((window as any).budget = { between: [] as number[], long: [] as number[], is_on: true });
    let last = performance.now();
    const turn = (now: number) => {
      kept.between.push(now - last);
      last = now;
      if (kept.is_on) requestAnimationFrame(turn);
    };
    requestAnimationFrame(turn);
    new PerformanceObserver((list) => list.getEntries().forEach((entry) => kept.long.push(entry.duration))).observe({ type: 'longtask' });
  });
  await run();
  return page.evaluate(() => {
    const kept = (window as any).budget;
    kept.is_on = false;
    return { between: kept.between.slice(1), long: kept.long };
  });
}

const server = new MockServer({ dist, history: 1_000_000, rate: 0, tail_above: Infinity, turn_ms: 80 });
const base = await server.listen();
const load_before = loadavg()[0]!;

// ---- opening ----
const opened: number[] = [];
for (let i = 0; i < 8; i++) {
  const browser = await browser_to_stop();
  const page = await browser.context.newPage();
  await page.addInitScript(() => {
    const seen = new MutationObserver(() => {
      const row = document.querySelector('.grid-row:not(.skeleton):not(.special) .cell-info');
      if (!row?.textContent) return;
      seen.disconnect();
      requestAnimationFrame(() => setTimeout(() => ((window as any).first_packet = performance.now())));
    });
    seen.observe(document, { subtree: true, childList: true, characterData: true });
  });
  await page.goto(`${base}/live/box`, { waitUntil: 'commit' });
  await page.waitForFunction(() => (window as any).first_packet > 0);
  opened.push(await page.evaluate(() => (window as any).first_packet as number));
  await browser.close();
}
lines.push(['opening → first packet painted, cold, p50', '600 ms', ms(nth(opened, 0.5))], ['the same, p95 (of 8)', '1200 ms', ms(nth(opened, 0.95))]);

// ---- following at 5,000 a second ----
const browser = await browser_to_stop();
const page = await browser.context.newPage();
await page.goto(`${base}/live/box`);
await rows_there(page);
const session = await page.context().newCDPSession(page);
// CPU time of the main thread, not the time that went by: others may use the cores, too.
await session.send('Performance.enable', { timeDomain: 'threadTicks' });
server.rate = rate;
await pause(3000);
const [viewer] = [...server.viewers];
const before = await metrics(session);
const bytes_before = viewer!.socket.bytesWritten;
const [sent_before, began] = [viewer!.sent, Date.now()];
const lags: number[] = [];
const following = await frames(page, async () => {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; ) {
    await pause(500);
    const words = /live ([\d.]+) (ms|s)/.exec((await page.locator('.chip').textContent()) ?? '');
    if (words) lags.push(Number(words[1]) * (words[2] === 's' ? 1000 : 1));
  }
});
const after = await metrics(session);
const took = (Date.now() - began) / 1000;
const share = (name: string) => `${(((after[name]! - before[name]!) / took) * 100).toFixed(1)} % (${name.replace('Duration', '')})`;
lines.push(
  [`main thread at ${rate} rows/s`, '25 %', share('TaskDuration')],
  ['of it', '', [share('ScriptDuration'), share('LayoutDuration'), share('RecalcStyleDuration')].join(', ')],
  ['capture → painted, following, p50', '100 ms', ms(nth(lags, 0.5))],
  ['the same, p95', '250 ms', ms(nth(lags, 0.95))],
  ['frames while following, 1 M rows, p50', '', ms(nth(following.between, 0.5))],
  ['the same, p95', '34 ms', ms(nth(following.between, 0.95))],
  ['longest task', '200 ms', ms(Math.max(0, ...following.long))],
  ['traffic of a viewer, each row', '350 KB/s', `${((viewer!.socket.bytesWritten - bytes_before) / took / 1000).toFixed(0)} KB/s at ${((viewer!.sent - sent_before) / took).toFixed(0)} rows/s`],
  ['rows not shown to it', '0', String(viewer!.left_out)],
);

// ---- tail ----
server.tail_above = 2000;
await pause(1500);
const tail_before = viewer!.socket.bytesWritten;
await pause(4000);
lines.push(['traffic of a viewer, tail mode', '60 KB/s', `${((viewer!.socket.bytesWritten - tail_before) / 4 / 1000).toFixed(0)} KB/s`]);

// ---- scrolling ----
server.rate = 0;
await pause(1000);
await page.mouse.move(600, 500);
const scrolling = await frames(page, async () => {
  for (let i = 0; i < 120; i++) await page.mouse.wheel(0, i % 2 ? -900 : -350);
});
lines.push(['frames while scrolling 1 M rows, p50', '', ms(nth(scrolling.between, 0.5))], ['the same, p95', '34 ms', ms(nth(scrolling.between, 0.95))]);

// ---- memory ----
await session.send('HeapProfiler.collectGarbage');
const heap = (await metrics(session))['JSHeapUsedSize']!;
const rss = Math.max(...(await browser.renderers()).map((pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024));
lines.push(['JS heap (the store is a window of 48 MiB)', mb(64e6), mb(heap)], ['renderer, resident', mb(330e6), mb(rss)]);
await browser.close();
await server.close();

// ---- bytes ----
const { first, lazy } = sizes(dist);
lines.push(['first load, JS and CSS, packed', `${budget.first_bytes} B`, `${sum(first)} B`], ['all later parts', `${budget.lazy_bytes} B`, `${sum(lazy)} B`]);

const wide = [0, 1].map((i) => Math.max(...lines.map((line) => line[i]!.length)));
console.log(`load of the machine: ${load_before.toFixed(1)} before, ${loadavg()[0]!.toFixed(1)} at the end; ${seconds} s of following`);
console.log(`| ${'what'.padEnd(wide[0]!)} | ${'budget'.padEnd(wide[1]!)} | seen`);
for (const [what, most, seen] of lines) console.log(`| ${what.padEnd(wide[0]!)} | ${most.padEnd(wide[1]!)} | ${seen}`);
process.exit(0);
