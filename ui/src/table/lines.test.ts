// SPDX-License-Identifier: Apache-2.0
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { Lines, NumberList, type Gap } from './lines';

const gap = (cause: string, first = 0, last = 0, n = 0): Gap => ({ cause, first, last, n, from_ns: `${cause}${first}`, to_ns: '', words: '' });

/* Every line has a key, and each key finds its line again. */
function check_keys(lines: Lines): void {
  for (let line = 0; line < lines.n; line++) {
    const key = lines.key(line);
    assert.notEqual(key, 0, `line ${line} of ${lines}`);
    assert.equal(lines.line_of(key), line, `key ${key} of ${lines}`);
  }
  assert.equal(lines.key(lines.n), 0);
  assert.equal(lines.key(-1), 0);
}

test('without a filter every number is a line', () => {
  const lines = new Lines(false);
  lines.reset(100, 200);
  assert.equal(lines.n, 100);
  assert.equal(lines.key(0), 100);
  lines.extend(1_000_000_100);
  assert.equal(lines.n, 1_000_000_000);
  assert.equal(lines.key(999_999_999), 1_000_000_099);
  assert.equal(lines.line_of(5), 0, 'a number before the first');
  assert.equal(lines.line_of(2_000_000_000), lines.n, 'a number behind the last');
});

test('packets that were never numbered have a line between numbers', () => {
  const lines = new Lines(false);
  lines.reset(1, 11);
  lines.add_gap(gap('kernel'), 6);
  assert.equal(String(lines), '1-5 gap(kernel) 6-10');
  assert.equal(lines.n, 11);
  lines.extend(12);
  assert.equal(lines.n, 12);
  lines.add_gap(gap('mirror'), 12);
  lines.extend(14);
  assert.equal(String(lines), '1-5 gap(kernel) 6-11 gap(mirror) 12-13');
  lines.add_gap(gap('kernel'), 3);
  assert.equal(String(lines), '1-5 gap(kernel) 6-11 gap(mirror) 12-13', 'the same gap is told once');
  check_keys(lines);
});

test('what this viewer was not sent is one line, and lines again once loaded', () => {
  const lines = new Lines(false);
  lines.reset(1, 101);
  lines.add_gap(gap('viewer', 101, 500, 400), 0);
  lines.extend(601);
  assert.equal(String(lines), '1-100 gap(viewer) 501-600');
  assert.equal(lines.n, 201);
  assert.equal(lines.line_of(300), 100, 'a number within it leads to it');
  assert.equal(lines.has(300), false);
  check_keys(lines);
  lines.open_gap(-lines.key(100));
  assert.equal(String(lines), '1-600');
});

test('gaps in the middle, at the ends, and over others keep every other number', () => {
  for (const [first, last, text] of [
    [40, 60, '1-39 gap(evicted) 61-100'],
    [1, 60, 'gap(evicted) 61-100'],
    [60, 100, '1-59 gap(evicted)'],
    [1, 100, 'gap(evicted)'],
  ] as const) {
    const lines = new Lines(false);
    lines.reset(1, 101);
    lines.add_gap(gap('evicted', first, last), 0);
    assert.equal(String(lines), text);
    check_keys(lines);
  }
});

test('with a filter, what was not looked at is an edge that is filled from either side', () => {
  const lines = new Lines(true);
  lines.reset(1, 1001);
  lines.append(1001, 1050, [1003, 1010]);
  assert.equal(String(lines), 'edge(1-1000) {1003,1010}');
  const edge = lines.edge_of(500)!;
  lines.fill(edge, 900, 1000, [910, 990]);
  assert.equal(String(lines), 'edge(1-899) {910,990,1003,1010}', 'from below');
  lines.fill(edge, 1, 100, [7]);
  assert.equal(String(lines), '{7} edge(101-899) {910,990,1003,1010}', 'from above');
  lines.fill(lines.edge_of(500)!, 400, 500, [444]);
  assert.equal(String(lines), '{7} edge(101-399) {444} edge(501-899) {910,990,1003,1010}', 'in the middle');
  check_keys(lines);
  lines.fill(lines.edge_of(300)!, 101, 399, []);
  lines.fill(lines.edge_of(600)!, 501, 899, [600]);
  assert.equal(String(lines), '{7,444,600,910,990,1003,1010}');
  assert.equal(lines.line_of(500), 2, 'a number that does not match leads to the next that does');
  check_keys(lines);
});

test('rows that come again, or overlap, are there once', () => {
  const lines = new Lines(true);
  lines.reset(1, 1);
  lines.append(1, 10, [2, 4]);
  lines.append(5, 20, [4, 12, 15]);
  lines.append(11, 20, [15]);
  assert.equal(String(lines), '{2,4,12,15}');
});

test('in tail mode only the newest frames stay apart', () => {
  const lines = new Lines(true);
  lines.reset(1, 1);
  lines.append(1, 10, [5]);
  for (let k = 1; k <= 20; k++) lines.append(k * 100, k * 100 + 9, [k * 100 + 3], true);
  assert.equal(String(lines), '{5} edge(11-1699) {1703} edge(1710-1799) {1803} edge(1810-1899) {1903} edge(1910-1999) {2003}');
  check_keys(lines);
});

test('a slow viewer with a filter: gap, then what comes after it', () => {
  const lines = new Lines(true);
  lines.reset(1, 1);
  lines.append(1, 10, [5]);
  lines.add_gap(gap('viewer', 11, 90, 30), 0);
  lines.append(91, 100, [95]);
  assert.equal(String(lines), '{5} gap(viewer) {95}');
  check_keys(lines);
  lines.open_gap(-lines.key(1));
  assert.equal(String(lines), '{5} edge(11-90) {95}');
  assert.equal(lines.edge_of(50)!.n, 30);
});

test('what was there before is added when one hears of it', () => {
  const plain = new Lines(false);
  plain.reset(240, 240);
  plain.extend_back(1);
  assert.equal(String(plain), '1-239');
  const filtered = new Lines(true);
  filtered.reset(240, 240);
  filtered.append(240, 250, [244]);
  filtered.extend_back(1);
  filtered.extend_back(5);
  assert.equal(String(filtered), 'edge(1-239) {244}');
  check_keys(filtered);
});

test('a list grows at both ends', () => {
  const list = new NumberList();
  for (let round = 0; round < 50; round++) {
    list.prepend([-10 * round - 10, -10 * round - 5]);
    list.push(10 * round + 3);
  }
  assert.equal(list.n, 150);
  for (let i = 1; i < list.n; i++) assert.ok(list.at(i - 1) < list.at(i));
  assert.equal(list.below(-3), 99 + (list.at(99) < -3 ? 1 : 0));
});

test('random parts: every key finds its line', () => {
  let seed = 7;
  const random = (n: number) => ((seed = (seed * 1103515245 + 12345) & 0x7fffffff) >> 8) % n;
  for (let round = 0; round < 300; round++) {
    const lines = new Lines(round % 2 === 0);
    lines.reset(1, 200);
    for (let step = 0; step < 30; step++) {
      const lo = lines.end;
      switch (random(5)) {
        case 0:
          if (lines.is_filtered) lines.append(lo + random(3), lo + 20, [lo + 5, lo + 11]);
          else lines.extend(lo + random(50));
          break;
        case 1:
          lines.add_gap({ ...gap(['kernel', 'mirror'][random(2)]!), from_ns: `${round}.${step}` }, 1 + random(lo));
          break;
        case 2: {
          const first = 1 + random(lo);
          lines.add_gap({ ...gap('evicted', first, Math.min(lo - 1, first + random(40))), from_ns: `${round}.${step}` }, 0);
          break;
        }
        case 3: {
          const edge = lines.edge_of(1 + random(lo));
          if (edge) lines.fill(edge, edge.lo + random(3), Math.min(edge.hi, edge.lo + random(60)), [edge.lo, edge.lo + 2]);
          break;
        }
        case 4: {
          const line = lines.next_gap(random(lines.n) - 1);
          if (line >= 0) lines.open_gap(-lines.key(line));
        }
      }
      check_keys(lines);
    }
  }
});
