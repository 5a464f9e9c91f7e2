// SPDX-License-Identifier: Apache-2.0
//
// Debian's Chromium by playwright-core, and small words for what tests look at. Where there is no browser, tests skip, and
// say so loudly.
import { existsSync } from 'node:fs';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';

export const chromium_path = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path)) ?? '';
export const no_browser = chromium_path === '' ? 'SKIPPED: no Chromium on this machine (script/install-deps installs Debian\'s)' : false;

let browser: Browser | null = null;
const launch = () => chromium.launch({ executablePath: chromium_path, args: ['--no-sandbox', '--disable-dev-shm-usage', '--force-color-profile=srgb'] });
const look = { viewport: { width: 1440, height: 900 }, locale: 'en-GB', timezoneId: 'UTC' };

export async function new_context(options: Parameters<Browser['newContext']>[0] = {}): Promise<BrowserContext> {
  browser ??= await launch();
  return browser.newContext({ ...look, ...options });
}

/* A browser of its own, whose pages can be stopped as a laptop's lid does: no CPU is taken meanwhile, and nobody else notices. */
export async function browser_to_stop(): Promise<{ context: BrowserContext; renderers: () => Promise<number[]>; stop: () => Promise<() => void>; close: () => Promise<void> }> {
  const own = await launch();
  const context = await own.newContext(look);
  const renderers = async () => {
    const session = await own.newBrowserCDPSession();
    const { processInfo } = await session.send('SystemInfo.getProcessInfo');
    return processInfo.filter((one) => one.type === 'renderer').map((one) => one.id);
  };
  const stop = async () => {
    const pids = await renderers();
    if (pids.length === 0) throw new Error('this browser has no renderer of its own');
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    return () => pids.forEach((pid) => process.kill(pid, 'SIGCONT'));
  };
  return { context, renderers, stop, close: () => own.close() };
}
export async function close_browser(): Promise<void> {
  await browser?.close();
  browser = null;
}

/* What the page says in the console that it should not. */
export function watch_faults(page: Page): string[] {
  const faults: string[] = [];
  page.on('pageerror', (fault) => faults.push(String(fault)));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/Failed to load resource|WebSocket connection/.test(message.text())) faults.push(message.text());
  });
  return faults;
}

export interface ShownRow {
  key: string;
  y: number;
  text: string;
  cells: string[];
  classes: string;
}

/* Rows that can be seen, from the top. */
export function shown_rows(page: Page): Promise<ShownRow[]> {
  return page.evaluate(() => {
    const layer = document.querySelector('.grid-layer')?.getBoundingClientRect();
    if (!layer) return []; // the page is on its way
    return [...document.querySelectorAll<HTMLElement>('.grid-row')]
      .filter((row) => row.style.display !== 'none')
      .map((row) => ({ row, box: row.getBoundingClientRect() }))
      .filter(({ box }) => box.bottom > layer.top + 1 && box.top < layer.bottom - 1)
      .sort((a, b) => a.box.top - b.box.top)
      .map(({ row, box }) => {
        const cells = [...row.querySelectorAll<HTMLElement>(':scope > .cell:not(.note-cell)')].map((cell) => cell.textContent ?? '');
        return {
          key: row.classList.contains('special') ? (row.querySelector('.note-words')?.textContent ?? '') : (cells[1] ?? '').replace(/\D/g, ''),
          y: Math.round(box.top * 10) / 10,
          text: row.innerText,
          cells,
          classes: row.className,
        };
      });
  });
}

export async function last_number(page: Page): Promise<number> {
  const rows = (await shown_rows(page)).filter((row) => /^\d+$/.test(row.key));
  return Number(rows[rows.length - 1]?.key ?? 0);
}

export async function until(what: string, is_so: () => Promise<boolean> | boolean, ms = 20_000): Promise<void> {
  const end = Date.now() + ms;
  for (;;) {
    if (await is_so()) return;
    if (Date.now() > end) throw new Error(`waited ${ms} ms in vain for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
}

/* The numbers of the rows one sees, and the words of those that are none. */
export const keys = async (page: Page): Promise<string[]> => (await shown_rows(page)).map((row) => row.key);

/* Keys are taken faster than pages are painted: one that is not waited for is passed over. */
export async function page_up(page: Page): Promise<void> {
  const first = (await keys(page))[0];
  await page.keyboard.press('PageUp');
  await until('a page up', async () => (await keys(page))[0] !== first, 20_000);
}
export async function stand_a_page_up(page: Page): Promise<void> {
  await page.keyboard.press('PageUp');
  await page.locator('.follow-bar').waitFor();
  await page.waitForTimeout(200);
}
