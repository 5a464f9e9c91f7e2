// SPDX-License-Identifier: Apache-2.0
//
// The live screen's rules (R1-R9, R13, R14) in a real browser, against made-up packets.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { browser_to_stop, close_browser, keys, last_number, new_context, no_browser, page_up, shown_rows, stand_a_page_up, until, watch_faults } from './browser';
import { MockServer, credit, type MockOptions, type Viewer } from './mock_server';

const dist = join(process.env['TAPDECK_UI']!, 'dist');
const skip = no_browser;
if (skip) console.log(skip);

let context: BrowserContext;
before(async () => {
  if (!skip) context = await new_context({ permissions: ['clipboard-read', 'clipboard-write'] });
});
after(() => close_browser());

interface Stage {
  server: MockServer;
  page: Page;
  base: string;
  faults: string[];
}

/* A server and a page that shows its rows; both are gone afterwards, and the page has said nothing bad. */
async function with_page(options: Partial<MockOptions>, run: (stage: Stage) => Promise<void>, path = '/live/box'): Promise<void> {
  const server = new MockServer({ dist, history: 5000, rate: 100, ...options });
  const base = await server.listen();
  const page = await context.newPage();
  const faults = watch_faults(page);
  try {
    await page.goto(base + path);
    await until('rows', async () => (await page.locator('.grid-row:not(.skeleton):not(.special)').count()) > 5);
    await page.locator('.filter input').waitFor();
    await run({ server, page, base, faults });
    assert.deepEqual(faults, [], 'nothing in the console');
  } finally {
    await page.close();
    await server.close();
  }
}

const bar_count = async (page: Page) => Number((await page.locator('.follow-bar').getAttribute('data-new')) ?? -1);
async function to_table(page: Page): Promise<void> {
  await page.locator('.grid').focus();
}

test('it follows: the newest packet is the last line, within a moment', { skip }, () =>
  with_page({ rate: 400 }, async ({ server, page }) => {
    for (let i = 0; i < 5; i++) {
      await page.waitForTimeout(200);
      const behind = server.end - 1 - (await last_number(page));
      assert.ok(behind < 400, `${behind} packets behind`);
    }
    const rows = await shown_rows(page);
    const numbers = rows.map((row) => Number(row.key));
    numbers.slice(1).forEach((number, i) => assert.equal(number, numbers[i]! + 1, 'no number is left out'));
    // Every cell is what the packet is.
    for (const row of rows) {
      const packet = server.row(Number(row.key));
      assert.deepEqual(row.cells.slice(3, 6), [packet.device, packet.source, packet.destination]);
      assert.equal(row.cells[8], packet.info);
    }
    assert.match((await page.locator('.chip').textContent()) ?? '', /live \d+ ms/);
  }));

test('R1 a wheel upwards stands still: not one row moves, whatever comes', { skip }, () =>
  with_page({ rate: 1500 }, async ({ page }) => {
    await page.mouse.move(600, 500);
    await page.mouse.wheel(0, -300);
    await page.locator('.follow-bar').waitFor();
    await page.waitForTimeout(300);
    const at_first = await shown_rows(page);
    for (let i = 0; i < 5; i++) {
      await page.waitForTimeout(200);
      const now = await shown_rows(page);
      assert.deepEqual(now.map((row) => [row.key, row.y]), at_first.map((row) => [row.key, row.y]));
    }
  }));

test('R1 arrow, page up, selecting and the thumb stand still too', { skip }, () =>
  with_page({ rate: 500 }, async ({ page }) => {
    const ways: [string, () => Promise<void>][] = [
      ['ArrowUp', () => page.keyboard.press('ArrowUp')],
      ['PageUp', () => page.keyboard.press('PageUp')],
      ['click', () => page.mouse.click(500, 400)],
      ['thumb', () => page.evaluate(() => { document.querySelector('.grid')!.scrollTop -= 4000; })],
      ['menu', () => page.mouse.click(300, 400, { button: 'right' })],
    ];
    for (const [name, way] of ways) {
      await to_table(page);
      await page.keyboard.press('Escape');
      await page.keyboard.press('End');
      await until(`following again before ${name}`, async () => (await page.locator('.follow-bar').count()) === 0);
      await way();
      await page.locator('.follow-bar').waitFor({ timeout: 2000 }).catch(() => assert.fail(`${name} did not stop it`));
      await page.waitForTimeout(150);
      const before_it = await keys(page);
      await page.waitForTimeout(500);
      assert.deepEqual(await keys(page), before_it, name);
      await page.keyboard.press('Escape');
    }
  }));

test('R2 the bar counts exactly what came, and End follows', { skip }, () =>
  with_page({ rate: 0 }, async ({ server, page }) => {
    server.grow(50);
    await until('those', async () => (await last_number(page)) === server.end - 1);
    await to_table(page);
    await page.keyboard.press('PageUp');
    await page.locator('.follow-bar').waitFor();
    await page.waitForTimeout(300);
    server.grow(777);
    await until('777 new', async () => (await bar_count(page)) === 777);
    server.grow(1);
    await until('778 new', async () => (await bar_count(page)) === 778);
    assert.match((await page.locator('.chip').getAttribute('class')) ?? '', /dim/);
    await page.keyboard.press('End');
    await until('the newest', async () => (await last_number(page)) === server.end - 1);
    assert.equal(await page.locator('.follow-bar').count(), 0);
  }));

test('R2 scrolling to the very end follows', { skip }, () =>
  with_page({ rate: 50 }, async ({ page }) => {
    await page.mouse.move(600, 500);
    await page.mouse.wheel(0, -200);
    await page.locator('.follow-bar').waitFor();
    await page.waitForTimeout(400);
    for (let i = 0; i < 60 && (await page.locator('.follow-bar').count()) > 0; i++) {
      await page.mouse.wheel(0, 4000);
      await page.waitForTimeout(100);
    }
    assert.equal(await page.locator('.follow-bar').count(), 0);
  }));

test('R3 Space freezes this viewer only; Space again goes on', { skip }, () =>
  with_page({ rate: 300 }, async ({ server, page }) => {
    await to_table(page);
    await page.keyboard.press('Space');
    await until('frozen', async () => /frozen/.test((await page.locator('.chip').textContent()) ?? ''));
    await page.waitForTimeout(200);
    const before_it = await keys(page);
    await page.waitForTimeout(700);
    assert.deepEqual(await keys(page), before_it);
    await page.keyboard.press('Space');
    await until('caught up', async () => server.end - (await last_number(page)) < 200);
  }));

test('R5 above 2,000 a second the tail is shown and said; rows scrolled to are fetched by number', { skip }, () =>
  with_page({ rate: 5000 }, async ({ server, page }) => {
    await until('said', async () => /tail 1 in \d+ shown; all recorded/.test((await page.locator('.chip').textContent()) ?? ''));
    assert.ok(server.end - (await last_number(page)) < 3000);
    assert.equal(await page.locator('.grid-row.skeleton:visible').count(), 0);
    await page.mouse.move(600, 500);
    await page.mouse.wheel(0, -2000);
    await page.locator('.follow-bar').waitFor();
    await until('no skeleton', async () => (await page.locator('.grid-row.skeleton:visible').count()) === 0);
    const numbers = (await keys(page)).map(Number);
    numbers.slice(1).forEach((number, i) => assert.equal(number, numbers[i]! + 1));
  }));

test('R6 packets that the capture lost are a row, counted in the chip', { skip }, () =>
  with_page({ rate: 0 }, async ({ server, page }) => {
    server.grow(10);
    await until('those', async () => (await last_number(page)) === server.end - 1);
    server.lose(31_662);
    server.grow(5);
    await page.locator('.grid-row.truth').waitFor();
    await until('the packets behind it', async () => (await last_number(page)) === server.end - 1);
    const rows = await shown_rows(page);
    const gap = rows.findIndex((row) => row.classes.includes('truth'));
    assert.match(rows[gap]!.key, /31\D662 packets lost by the kernel/);
    assert.equal(Number(rows[gap + 1]!.key), Number(rows[gap - 1]!.key) + 1, 'between the packets it lies between');
    assert.match((await page.locator('.chip').textContent()) ?? '', /31\D662 lost/);
  }));

test('R6 a viewer that is stopped loses its own rows only, told exactly, and [Load] brings them; the other one loses none', { skip }, () =>
  with_page({ rate: 0 }, async ({ server, page, base }) => {
    const other = await browser_to_stop();
    const slow = await other.context.newPage();
    await slow.goto(`${base}/live/box`);
    await until('rows', async () => (await slow.locator('.grid-row:not(.skeleton):not(.special)').count()) > 5);
    server.grow(20);
    await until('both follow', async () => (await last_number(slow)) === server.end - 1 && (await last_number(page)) === server.end - 1);
    const [ann, ben] = [...server.viewers] as [Viewer, Viewer];

    const go_on = await other.stop();
    try {
      // What the credit allows is under way, the rest is left out; whoever is awake sees each of them meanwhile.
      for (let i = 0; i < 40 && ben.left_out < 3000; i++) {
        server.grow(500);
        await until('the other one keeps up', async () => (await last_number(page)) === server.end - 1);
      }
    } finally {
      go_on();
    }
    assert.ok(ben.left_out >= 3000, `${ben.left_out} left out`);
    assert.deepEqual([ann.left_out, ann.sent], [0, ann.matched], 'the other one was sent everything');
    await until('it is awake', () => ben.sent_bytes - ben.acked < 100_000);
    server.grow(3);
    await until('the newest', async () => (await last_number(slow)) === server.end - 1);
    assert.equal(ben.sent + ben.left_out, ben.matched, 'shown + not shown = sent');
    await to_table(slow);
    await slow.locator('.filter input').waitFor();
    await slow.keyboard.press('[');
    await slow.locator('.grid-row.viewer').waitFor();
    const gap = (await shown_rows(slow)).find((row) => row.classes.includes('viewer'))!;
    assert.equal(Number(/^([\d\u202f]+) packets not shown here/.exec(gap.key)![1]!.replace(/\D/g, '')), ben.left_out);
    await slow.getByRole('button', { name: 'Load' }).click();
    await until('rows instead', async () => (await slow.locator('.grid-row.viewer').count()) === 0 && (await slow.locator('.grid-row.skeleton:visible').count()) === 0);
    const numbers = (await keys(slow)).map(Number);
    numbers.slice(1).forEach((number, i) => assert.equal(number, numbers[i]! + 1));
    await other.close();
  }));

test('R7 behind is said, red, with a way back: skip to live, and nothing is missing', { skip }, () =>
  with_page({ rate: 400 }, async ({ server, page }) => {
    await until('live', async () => /live \d+ ms/.test((await page.locator('.chip').textContent()) ?? ''));
    server.is_stalled = true;
    await page.locator('.chip.warn').waitFor();
    await page.locator('.chip.bad', { hasText: /behind \d/ }).waitFor();
    const stuck = await last_number(page);
    const skip_to_live = page.getByRole('button', { name: 'Skip to live' });
    await skip_to_live.waitFor();
    assert.match((await page.locator('.banner.bad').textContent()) ?? '', /cannot keep up/);
    // The number in the banner changes as one aims at the button.
    await skip_to_live.dispatchEvent('click');
    server.is_stalled = false;
    await until('at the live edge', async () => server.end - (await last_number(page)) < 400 && (await page.locator('.chip.good').count()) === 1);
    assert.equal(await page.locator('.banner').count(), 0);
    // What was skipped is fetched by number when one looks.
    await to_table(page);
    const seen = new Set<number>();
    await stand_a_page_up(page);
    for (let i = 0; i < 120 && !seen.has(stuck); i++) {
      await until('rows', async () => (await shown_rows(page)).every((row) => /^\d+$/.test(row.key) && !row.classes.includes('skeleton')));
      for (const key of await keys(page)) seen.add(Number(key));
      await page_up(page);
    }
    const numbers = [...seen].sort((a, b) => a - b);
    numbers.slice(1).forEach((number, i) => assert.equal(number, numbers[i]! + 1));
    assert.ok(seen.has(stuck));
  }));

test('R7 with a quarter of the CPU at 5,000 a second: the lag stays bounded, and is never silent', { skip }, () =>
  with_page({ rate: 5000 }, async ({ server, page }) => {
    const session = await page.context().newCDPSession(page);
    await session.send('Emulation.setCPUThrottlingRate', { rate: 4 });
    const viewer = [...server.viewers][0]!;
    let most_under_way = 0;
    for (let i = 0; i < 6; i++) {
      const [number, words] = await page.evaluate(() => {
        const rows = [...document.querySelectorAll<HTMLElement>('.grid-row')].filter((row) => row.style.display !== 'none').map((row) => Number((row.children[1]!.textContent ?? '').replace(/\D/g, '')));
        return [Math.max(...rows), document.querySelector('.chip')!.textContent ?? ''] as [number, string];
      });
      most_under_way = Math.max(most_under_way, viewer.sent_bytes - viewer.acked);
      // Whatever it shows is at most as old as it says, give or take what this test itself waits for.
      const old_ms = Date.now() - Number(server.time_ns(number) / 1_000_000n);
      if (old_ms > 6000) assert.match(words, /behind/, `${old_ms} ms old, and the chip says ${words}`);
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    assert.ok(most_under_way <= credit + 64 * 1024, `${most_under_way} bytes under way`);
    await session.send('Emulation.setCPUThrottlingRate', { rate: 1 });
    server.rate = 0;
    await until('the newest', async () => (await last_number(page)) === server.end - 1);
    assert.equal(viewer.sent + viewer.left_out, viewer.matched);
  }));

test('R8 typing is judged and changes nothing; Enter applies; Esc puts back; a fix is offered', { skip }, () =>
  with_page({ rate: 20 }, async ({ server, page }) => {
    const field = page.locator('#filter');
    await page.keyboard.press('/');
    await page.keyboard.type('coap.cod == 69');
    await page.locator('.filter.error').waitFor();
    assert.match((await page.locator('.filter-words').textContent()) ?? '', /did you mean/);
    assert.equal(await page.locator('.filter-caret mark').textContent(), 'coap.cod');
    const asked = server.rows_asked.length;
    await page.keyboard.press('Enter');
    await page.waitForTimeout(200);
    assert.equal(new URL(page.url()).searchParams.get('f'), null, 'a wrong filter is not applied');
    assert.equal(server.rows_asked.length, asked);
    await page.getByRole('button', { name: /Use/ }).click();
    assert.equal(await field.inputValue(), 'coap.code == 69');
    await page.locator('.filter.ok').waitFor();
    await field.press('Escape');
    assert.equal(await field.inputValue(), '');
    await field.fill('coap.code == 69');
    await page.locator('.filter.ok').waitFor();
    await field.press('Enter');
    await until('only what matches', async () => {
      const numbers = (await keys(page)).map(Number);
      return numbers.length > 20 && numbers.every((number) => number % 10 === 0);
    });
    assert.equal(new URL(page.url()).searchParams.get('f'), 'coap.code == 69');
    await until('counted', async () => /^(\d+)$/.test((await page.locator('.matched').getAttribute('data-matched')) ?? ''));
    await field.fill('');
    await field.press('ArrowUp');
    assert.equal(await field.inputValue(), 'coap.code == 69', 'history');
    await page.goBack();
    await until('Back takes the filter away', () => new URL(page.url()).searchParams.get('f') === null);
  }));

test('R8 history and tail are one stream: scrolling up in a filtered view shows every match, in order, without a seam', { skip }, () =>
  with_page({ rate: 200, history: 20_000 }, async ({ server, page }) => {
    await until('some of the tail', async () => (await last_number(page)) > 20_020);
    const seen = new Set<number>();
    await to_table(page);
    await page.keyboard.press('k'); // stands still; what is in view is the tail
    await page.locator('.follow-bar').waitFor();
    for (let i = 0; i < 60 && !seen.has(18_500); i++) {
      await until('rows', async () => (await shown_rows(page)).every((row) => /^\d+$/.test(row.key) && !row.classes.includes('skeleton')), 20_000);
      for (const key of await keys(page)) seen.add(Number(key));
      await page_up(page);
    }
    const numbers = [...seen].sort((a, b) => a - b);
    assert.ok(numbers[0]! <= 18_500 && numbers[numbers.length - 1]! > 20_000, `${numbers[0]} to ${numbers[numbers.length - 1]}`);
    numbers.slice(1).forEach((number, i) => assert.equal(number, numbers[i]! + 10));
    assert.ok(server.rows_asked.length < 20, `${server.rows_asked.length} questions`);
  }, '/live/box?f=coap'));

test('R8 applying keeps the selected packet under the eye, or says which is nearest', { skip }, () =>
  with_page({ rate: 50 }, async ({ page }) => {
    await to_table(page);
    // Far enough from the end that the view can stand there with a tenth of the packets, too.
    for (let i = 0; i < 14; i++) await page.keyboard.press('PageUp');
    await page.locator('.follow-bar').waitFor();
    await until('rows', async () => (await page.locator('.grid-row.skeleton:visible').count()) === 0);
    const rows = await shown_rows(page);
    const match = rows.find((row) => Number(row.key) % 10 === 0 && row.y > 300)!;
    await page.mouse.click(400, match.y + 10);
    await page.locator('#filter').fill('coap');
    await page.locator('#filter').press('Enter');
    await until('filtered', async () => (await keys(page)).every((key) => Number(key) % 10 === 0));
    const again = (await shown_rows(page)).find((row) => row.key === match.key)!;
    assert.ok(again, 'it is still there');
    assert.ok(Math.abs(again.y - match.y) <= 22, `at ${again.y}, was at ${match.y}`);
    assert.match(again.classes, /selected/);
    await page.getByRole('button', { name: 'Clear the filter' }).click();
    await until('all again', async () => (await keys(page)).some((key) => Number(key) % 10 !== 0));
    const other = (await shown_rows(page)).find((row) => Number(row.key) % 10 === 4 && row.y > 300)!;
    await page.mouse.click(400, other.y + 10);
    await page.locator('#filter').fill('coap');
    await page.locator('#filter').press('Enter');
    await until('said in words', async () => /does not match; the nearest that does is/.test((await page.locator('.notes').textContent()) ?? ''));
  }));

test('R9 a range says its packets, time and bytes', { skip }, () =>
  with_page({ rate: 0 }, async ({ server, page }) => {
    await to_table(page);
    await page.keyboard.press('k');
    for (let i = 0; i < 4; i++) await page.keyboard.press('Shift+ArrowUp');
    const selected = async () => (await shown_rows(page)).filter((row) => row.classes.includes('selected'));
    await until('five are selected', async () => (await selected()).length === 5);
    const rows = await selected();
    const bytes = rows.reduce((sum, row) => sum + server.row(Number(row.key)).length, 0);
    assert.equal(((await page.locator('.status-words').textContent()) ?? '').replace(/\u202f/g, '').includes(`5 packets`), true);
    assert.equal(((await page.locator('.status-words').textContent()) ?? '').replace(/\u202f/g, '').includes(`${bytes} bytes`), true);
  }));

test('n and N go to what the typed filter matches, in the list as it is', { skip }, () =>
  with_page({ rate: 0, history: 3000 }, async ({ page }) => {
    const chosen = async () => Number((await shown_rows(page)).find((row) => row.classes.includes('selected'))?.key ?? 0);
    await page.keyboard.press('n');
    await until('what n is for', async () => /Type a filter/.test((await page.locator('.notes').textContent()) ?? ''));
    await page.locator('#filter').fill('coap');
    await page.locator('.filter.ok').waitFor();
    await to_table(page);
    await page.keyboard.press('PageUp');
    await page.locator('.follow-bar').waitFor();
    const numbers = (await keys(page)).map(Number);
    await page.keyboard.press('n');
    await until('a match', async () => (await chosen()) % 10 === 0 && (await chosen()) > 0);
    const first = await chosen();
    assert.ok(numbers.includes(first), 'the next one, in sight already');
    await page.keyboard.press('n');
    await until('the one after', async () => (await chosen()) === first + 10);
    for (const wanted of [first, first - 10]) {
      await page.keyboard.press('N');
      await until(`back at ${wanted}`, async () => (await chosen()) === wanted);
    }
    assert.ok((await keys(page)).some((key) => Number(key) % 10 !== 0), 'nothing was filtered away');
    assert.equal(new URL(page.url()).searchParams.get('f'), null);
  }));

test('R13 the copied link shows the same packet, filter, time format; an old one that is gone says so', { skip }, () =>
  with_page({ rate: 20 }, async ({ server, page, base }) => {
    await to_table(page);
    await page.keyboard.press('PageUp');
    await page.keyboard.press('k');
    await page.keyboard.press('t');
    const chosen = (await shown_rows(page)).find((row) => row.classes.includes('selected'))!;
    await page.keyboard.press('y');
    await until('the note', async () => /Link for members/.test((await page.locator('.notes').textContent()) ?? ''));
    const link = await page.evaluate(() => navigator.clipboard.readText());
    const other = await context.newPage();
    await other.goto(link);
    await until('the same packet', async () => (await shown_rows(other)).some((row) => row.key === chosen.key && row.classes.includes('selected')));
    assert.equal(await other.locator('.status select').first().inputValue(), 'utc');
    await other.close();
    server.first = 4000;
    const late = await context.newPage();
    await late.goto(`${base}/c/box/p/17`);
    await until('gone, and said', async () => /17 is no longer kept/.test((await late.locator('.notes').textContent().catch(() => '')) ?? ''));
    await late.close();
  }));

test('R14 bytes are asked for only when a packet is opened; field and byte light each other', { skip }, () =>
  with_page({ rate: 0 }, async ({ page }) => {
    const asked: string[] = [];
    page.on('request', (request) => { if (request.url().includes('/packets/')) asked.push(request.url()); });
    await to_table(page);
    await page.keyboard.press('k');
    await page.waitForTimeout(300);
    assert.deepEqual(asked, []);
    await page.keyboard.press('Enter');
    await page.locator('[role=treeitem]').first().waitFor();
    await page.locator('.hex-line').first().waitFor();
    await page.locator('[role=treeitem]', { hasText: 'Message ID' }).click();
    const lit = await page.locator('.hex mark').allTextContents();
    assert.equal(lit[0]!.trim().split(/\s+/).length, 2, 'two bytes');
    // Byte 30 is in ip.dst, whose layer is closed.
    const offset = await page.evaluate(() => {
      const line = [...document.querySelectorAll('.hex-line')].find((one) => one.textContent!.startsWith('0010'))!;
      const first = line.firstElementChild!.getBoundingClientRect();
      const letter = first.width / 6;
      return { x: first.right + letter * (14 * 3 + 1 + 0.5), y: first.top + 6 };
    });
    await page.mouse.click(offset.x, offset.y);
    await until('its field', async () => /Destination Address/.test((await page.locator('[role=treeitem][aria-selected=true]').textContent()) ?? ''));
  }));

test('R14 a link without bytes says so', { skip }, async () => {
  const server = new MockServer({ dist, history: 500, rate: 0 });
  server.bytes = 'none';
  const base = await server.listen();
  const page = await context.newPage();
  await page.goto(`${base}/c/box/p/300?pane=1`);
  await until('said', async () => /not in this link/.test((await page.locator('.pane-bytes').textContent().catch(() => '')) ?? ''));
  await page.close();
  await server.close();
});

test('a lost connection: rows stay, the banner tells, and on return nothing is missing or double', { skip }, () =>
  with_page({ rate: 60 }, async ({ server, page }) => {
    const before_it = await last_number(page);
    server.set_down(true);
    await page.locator('.banner', { hasText: 'Connection lost' }).waitFor();
    assert.ok((await keys(page)).length > 20, 'rows stay');
    const fell = server.end;
    await until('some came meanwhile', () => server.end > fell + 60);
    server.set_down(false);
    await page.getByRole('button', { name: 'Now' }).click();
    await until('no banner', async () => (await page.locator('.banner').count()) === 0, 15_000);
    await until('the newest', async () => server.end - (await last_number(page)) < 200);
    await to_table(page);
    const seen = new Set<number>();
    await stand_a_page_up(page);
    for (let i = 0; i < 60 && !seen.has(before_it); i++) {
      await until('rows', async () => (await shown_rows(page)).every((row) => /^\d+$/.test(row.key) && !row.classes.includes('skeleton')), 20_000);
      for (const key of await keys(page)) seen.add(Number(key));
      await page_up(page);
    }
    const numbers = [...seen].sort((a, b) => a - b);
    numbers.slice(1).forEach((number, i) => assert.equal(number, numbers[i]! + 1));
    assert.ok(seen.has(before_it));
  }));

test('what devices and packets call themselves is text', { skip }, () =>
  with_page({ rate: 100, hostile: true }, async ({ page }) => {
    await page.waitForTimeout(500);
    await to_table(page);
    await page.keyboard.press('k');
    await page.keyboard.press('Enter');
    await page.locator('[role=treeitem]').first().waitFor();
    assert.equal(await page.evaluate(() => (window as unknown as { pwned?: number }).pwned), undefined);
    assert.equal(await page.locator('.grid img, .grid script, .grid svg').count(), 0);
    assert.ok((await shown_rows(page)).some((row) => row.cells[3]!.includes('<img')));
  }));

test('it scrolls through 40 million packets, the thumb by proportion, the wheel by pixels', { skip, timeout: 60_000 }, () =>
  with_page({ rate: 0, history: 40_000_000 }, async ({ page }) => {
    const height = () => page.evaluate(() => document.querySelector<HTMLElement>('.grid-space')!.offsetHeight);
    await until('a scroller for all of them', async () => (await height()) > 1_000_000);
    assert.ok((await height()) <= 8_000_000);
    await until('the end', async () => (await last_number(page)) === 40_000_000 && (await page.locator('.grid-row.skeleton:visible').count()) === 0);
    await page.evaluate(() => { const grid = document.querySelector('.grid')!; grid.scrollTop = grid.scrollHeight / 2; });
    await until('the middle', async () => Math.abs((await last_number(page)) - 20_000_000) < 200_000 && (await page.locator('.grid-row.skeleton:visible').count()) === 0);
    await page.waitForTimeout(300);
    const before_it = Number((await keys(page))[0]);
    await page.mouse.move(600, 500);
    await page.mouse.wheel(0, 44);
    await until('two rows on', async () => Number((await keys(page))[0]) === before_it + 2);
    await to_table(page);
    await page.keyboard.press('Home');
    await until('the first', async () => (await keys(page))[0] === '1');
  }));

test('R11 R12 where the others are is seen at the scrollbar; who may control asks all to come, each says yes or no', { skip }, () =>
  with_page({ rate: 20, history: 4000 }, async ({ server, page, base }) => {
    const bens = await new_context();
    await bens.addInitScript(() => localStorage.setItem('tapdeck.settings', JSON.stringify({ guest_name: 'Ben Ode' })));
    const ben = await bens.newPage();
    const faults = watch_faults(ben);
    await ben.goto(`${base}/live/box`);
    await until('Ben is seen', async () => (await page.locator('.presence-tick').count()) === 1);
    const tick_y = async () => (await page.locator('.presence-tick i').boundingBox())!.y;
    const grid = (await page.locator('.grid').boundingBox())!;
    // A row that is cut at the top is not the first one.
    const is_with_ben = async () => Math.abs(Number((await keys(page))[0]) - Number((await keys(ben))[0])) <= 1;
    assert.equal(await page.locator('.presence-tick span').textContent(), 'BO');
    assert.ok((await tick_y()) > grid.y + grid.height * 0.9, 'who follows is at the end');

    // While it follows the scroller's length is brought up to date once a second.
    await until('the whole length', () => ben.evaluate(() => document.querySelector('.grid')!.scrollHeight > 4000 * 20));
    // Ben reads in the middle, by pages as by the thumb: seen at the scrollbar, and by who follows him.
    await ben.evaluate(() => { const all = document.querySelector('.grid')!; all.scrollTop = all.scrollHeight / 2; });
    await until('Ben in the middle', async () => Math.abs((await tick_y()) - (grid.y + grid.height / 2)) < grid.height * 0.1);
    await page.getByRole('button', { name: /^Follow Ben Ode/ }).click();
    await until('the same first packet', is_with_ben);
    await ben.keyboard.press('PageUp');
    await ben.locator('.grid').focus();
    await page_up(ben);
    await until('along with Ben', is_with_ben);
    await page.keyboard.press('Escape');

    // Ben asks everybody; Ann says no, and the next time yes.
    const bring = ben.getByRole('button', { name: 'Bring everyone here' });
    await bring.click();
    const asked = page.locator('.invitation');
    await asked.waitFor();
    assert.match(((await asked.textContent()) ?? '').replace(/\u202f/g, ' '), /Ben Ode asks everyone to come here: the live view, packet [\d ]+/);
    await page.getByRole('button', { name: 'Not now' }).click();
    await until('put away', async () => (await asked.count()) === 0 && (await page.locator('.led-bar').count()) === 0);
    await page.locator('.grid').focus();
    await page.keyboard.press('End');
    await bring.click();
    await page.getByRole('button', { name: 'Go there' }).click();
    await page.locator('.led-bar', { hasText: 'Following Ben Ode' }).waitFor();
    await until('with Ben', is_with_ben);
    server.brings_outside = true;
    await page.keyboard.press('Escape');
    await bring.click();
    await until('outside', async () => /outside your link/.test((await asked.textContent().catch(() => '')) ?? ''));
    assert.equal(await page.getByRole('button', { name: 'Go there' }).count(), 0);
    assert.deepEqual(faults, []);
    await page.screenshot({ path: process.env['SHOT'] || '/dev/null', type: 'png' }).catch(() => undefined);
    await bens.close();
  }));

/* A page without rows: a state of the table that says why. */
async function with_state(options: Partial<MockOptions>, set: (server: MockServer) => void, path: string, run: (stage: Stage) => Promise<void>): Promise<void> {
  const server = new MockServer({ dist, history: 2000, rate: 0, ...options });
  set(server);
  const base = await server.listen();
  const page = await context.newPage();
  const faults = watch_faults(page);
  await page.goto(base + path);
  try {
    await run({ server, page, base, faults });
    assert.deepEqual(faults, []);
  } finally {
    await page.close();
    await server.close();
  }
}
const said = async (page: Page, where: string) => ((await page.locator(where).allTextContents()).join(' ')).replace(/\u202f/g, ' ');

test('a filter that matches nothing says what was seen of its fields, and a click asks for that', { skip }, () =>
  with_state({}, () => undefined, `/live/box?f=${encodeURIComponent('coap.code == 255 && coap.mid == 1 && nothing')}`, async ({ page }) => {
    await page.locator('.seen-near li').first().waitFor();
    assert.match(await said(page, '.empty'), /Nothing matches: 0 of 2 000/);
    assert.match(await said(page, '.seen-near'), /Seen of coap.code in the newest 100 000 packets/);
    assert.match(await said(page, '.seen-near'), /2.05 Content 9 112/);
    assert.match(await said(page, '.seen-near'), /coap.mid is in none/);
    await page.getByRole('button', { name: /2.05 Content/ }).click();
    await until('another filter', () => new URL(page.url()).searchParams.get('f') === 'coap.code == 69');
    await until('rows', async () => (await shown_rows(page)).length > 5);
  }));

test('nothing captured yet: on what, since when, and what the recorder counted; the first packet takes its place', { skip }, () =>
  with_state({ history: 0 }, () => undefined, '/live/box', async ({ server, page }) => {
    await page.locator('.why').waitFor();
    assert.match(await said(page, '.empty'), /Capturing on vxlan 10.20.1.10 vni 42.*0 packets since .*\d\d:\d\d:\d\d.*took 0 packets.*Nothing has arrived/);
    server.grow(3);
    await until('rows', async () => (await shown_rows(page)).length === 3 && (await page.locator('.empty').count()) === 0);
  }));

test('ended, lost and disk full are a bar for all, with since when; rows stay', { skip }, () =>
  with_page({ rate: 0 }, async ({ server, page }) => {
    const states: [string, string | null, RegExp][] = [
      ['ended', null, /Capture ended \d\d:\d\d:\d\d\. Everything here stays/],
      ['lost', null, /✗ The recorder gives no sign of life since \d\d:\d\d:\d\d/],
      ['disk_full', 'no space left on /var/lib/tapdeck', /✗ Recording is in trouble since \d\d:\d\d:\d\d: no space left on/],
    ];
    for (const [state, words, expected] of states) {
      Object.assign(server, { state, words });
      server.tell({ type: 'source', source: server.source() });
      await until(state, async () => expected.test(await said(page, '.banner')));
      assert.equal(await page.locator('.banner.bad').count(), state === 'ended' ? 0 : 1);
      assert.ok((await keys(page)).length > 20, 'rows stay');
    }
    server.tell({ type: 'trouble', words: 'Recording stopped: the disk is full', since_ns: '1' });
    await page.locator('.banner[role=alert]', { hasText: 'the disk is full' }).waitFor();
    server.tell({ type: 'trouble', words: '', since_ns: null });
    await until('over', async () => (await page.locator('.banner[role=alert]').count()) === 0);
  }));

test('read as list: pages of 50 in a table, and from a row back to the packet', { skip }, () =>
  with_page({ rate: 50 }, async ({ page }) => {
    await to_table(page);
    await page.keyboard.press('PageUp');
    await page.locator('.follow-bar').waitFor();
    await page.keyboard.press('l');
    const row = page.locator('.row-list tbody tr');
    await until('a page', async () => (await row.count()) === 50);
    const first = async () => Number((await row.first().locator('th').textContent())!.replace(/\D/g, ''));
    const began = await first();
    assert.deepEqual(await page.locator('.row-list thead th').allTextContents(), ['No.', 'Time', 'Device', 'Source', 'Destination', 'Protocol', 'Length', 'Info']);
    await page.getByRole('button', { name: '50 before' }).click();
    await until('the page before', async () => (await first()) === began - 50);
    await page.getByRole('button', { name: '50 after' }).click();
    await until('and on again', async () => (await first()) === began);
    await page.getByRole('button', { name: 'First' }).click();
    await until('the first', async () => (await first()) === 1);
    assert.ok(await page.getByRole('button', { name: '50 before' }).isDisabled());
    await row.nth(9).locator('button').click();
    await until('that packet', async () => (await shown_rows(page)).some((one) => one.key === '10' && one.classes.includes('selected')));
    assert.equal(await page.locator('.row-list').count(), 0);
  }));
