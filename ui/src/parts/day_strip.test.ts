// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { day_rows, shade, type DayRow, type SilenceRow } from './day_strip';

const MIDNIGHT = BigInt(Date.UTC(2024, 7, 27)) * 1_000_000n;
const HOUR = 3_600_000_000_000n;

test('hours stand in their days, newest first, and silent days between are there', () => {
  const rows = day_rows({ from_ns: `${MIDNIGHT + 22n * HOUR}`, slot_ns: `${HOUR}`, slots: 60, present: [[0, 5], [2, 7], [53, 1]] }) as DayRow[];

  assert.deepEqual(rows.map((row) => [new Date(row.day_us / 1000).getUTCDate(), row.total]), [[30, 1], [29, 0], [28, 7], [27, 5]]);
  assert.equal(rows[3]!.cells[22], 5);
  assert.equal(rows[2]!.cells[0], 7);
  assert.equal(rows[0]!.cells[3], 1);
});

test('a long silence is one row, from its first day to its last', () => {
  const rows = day_rows({ from_ns: `${MIDNIGHT}`, slot_ns: `${HOUR}`, slots: 24 * 800 + 1, present: [[3, 5], [24 * 800, 1]] });
  const silence = rows[1] as SilenceRow;

  assert.equal(rows.length, 3);
  assert.deepEqual([silence.from_us, silence.to_us].map((us) => new Date(us / 1000).toISOString().slice(0, 10)), ['2024-08-28', '2026-11-04']);
});

test('a slot longer than an hour is one cell, one longer than a day is in each of its days', () => {
  const [row] = day_rows({ from_ns: `${MIDNIGHT}`, slot_ns: `${6n * HOUR}`, slots: 4, present: [[1, 60]] }) as DayRow[];
  assert.deepEqual([...row!.cells], [0, 60, 0, 0]);

  const days = day_rows({ from_ns: `${MIDNIGHT}`, slot_ns: `${48n * HOUR}`, slots: 1, present: [[0, 60]] }) as DayRow[];
  assert.deepEqual(days.map((day) => [...day.cells]), [[30], [30]]);
});

test('nothing seen is no row', () => assert.deepEqual(day_rows({ from_ns: '0', slot_ns: `${HOUR}`, slots: 0, present: [] }), []));

test('shades: nothing is nothing, the most is the darkest, one packet is seen', () => {
  assert.deepEqual([shade(0, 1000), shade(1, 1000), shade(31, 1000), shade(1000, 1000), shade(1, 1)], [0, 1, 2, 4, 4]);
});
