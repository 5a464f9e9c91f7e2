// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANY_TIME, range_of, range_params, range_text, range_words } from './time_range';

const NOW = Date.UTC(2024, 7, 29, 14, 0, 0) * 1000;

test('ends are nanoseconds, times, or reckoned from now', () => {
  assert.deepEqual(range_of('now-15m..now', NOW), { from_us: NOW - 900e6, to_us: null });
  assert.deepEqual(range_of('now-2h..now-1h', NOW), { from_us: NOW - 7200e6, to_us: NOW - 3600e6 });
  assert.deepEqual(range_of('2024-08-29T13:00:00Z..2024-08-29T13:30', NOW), { from_us: NOW - 3600e6, to_us: NOW - 1800e6 });
  assert.deepEqual(range_of('1724936400000000000..1724936400000000999', NOW), { from_us: 1724936400000000, to_us: 1724936400000001 });
  assert.deepEqual(range_of('..2024-08-29', NOW), { from_us: null, to_us: Date.UTC(2024, 7, 29) * 1000 });
});

test('what is not understood, or runs backwards, is any time', () => {
  for (const text of [null, '', 'yesterday', 'now..now-1h', '2024-13-77..', '5..4', '<img>..']) assert.deepEqual(range_of(text, NOW), text === 'now..now-1h' ? ANY_TIME : ANY_TIME, String(text));
});

test('a range survives its text, to the last packet of its last microsecond', () => {
  const range = { from_us: NOW, to_us: NOW + 312_000_001 };

  assert.deepEqual(range_of(range_text(range), 0), range);
  assert.deepEqual(range_params(range), { from_ns: '1724940000000000000', to_ns: '1724940312000000999' });
  assert.equal(range_text(ANY_TIME), null);
});

test('words name the date once', () => {
  assert.equal(range_words({ from_us: NOW, to_us: NOW + 312e6 }), '29 Aug 2024 14:00:00 – 14:05:12 (5 min 12 s)');
  assert.equal(range_words({ from_us: NOW, to_us: NOW + 1500 }), '29 Aug 2024 14:00:00.000 – 14:00:00.001 (1.5 ms)');
  assert.equal(range_words(ANY_TIME), 'all there is');
});
