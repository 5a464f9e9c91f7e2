// SPDX-License-Identifier: Apache-2.0
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { bytes_text, count_text, duration_text } from './format';

test('thousands are set apart', () => {
  assert.equal(count_text(0), '0');
  assert.equal(count_text(999), '999');
  assert.equal(count_text(1204102), '1\u202f204\u202f102');
});

test('durations have the unit that fits, and never sixty of one', () => {
  const cases: [number, string][] = [
    [-3, '0 ms'], [62.4, '62 ms'], [3210, '3.2 s'], [9949, '9.9 s'], [9951, '10 s'], [59_499, '59 s'], [59_600, '1 min 0 s'],
    [75_000, '1 min 15 s'], [3_600_000, '1 h 0 min'], [200_000_000, '2 d 7 h'],
  ];
  for (const [ms, text] of cases) assert.equal(duration_text(ms), text);
});

test('sizes are decimal', () => {
  assert.equal(bytes_text(315), '315\u202fB');
  assert.equal(bytes_text(1536), '1.5\u202fkB');
  assert.equal(bytes_text(999_600), '1.0\u202fMB');
});
