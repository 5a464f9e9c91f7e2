// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { axis_end, bar_at, bars_in_sight, bars_sum, bars_total, pins_bundled, type TimelineBars } from './timeline_data';

const bars: TimelineBars = {
  from_us: 1_000, step_us: 100, n: 5,
  series: [
    { name: 'CoAP', hue: 0, counts: Float64Array.of(10, 20, 30, 40, 50) },
    { name: 'DTLS', hue: 1, counts: Float64Array.of(1, 2, 3, 4, 5) },
  ],
};

test('only bars in sight decide how high the axis is', () => {
  assert.deepEqual(bars_in_sight(bars, { from_us: 1_150, to_us: 1_250, width_px: 100 }), { first: 1, end: 3, most: 33 });
  assert.deepEqual(bars_in_sight(bars, { from_us: 5_000, to_us: 6_000, width_px: 100 }), { first: 40, end: 40, most: 0 });
});

test('a time has its bar, and outside there is none', () => {
  assert.deepEqual([999, 1_000, 1_099, 1_100, 1_499, 1_500].map((us) => bar_at(bars, us)), [-1, 0, 0, 1, 4, -1]);
  assert.equal(bars_total(bars, 4), 55);
});

test('a range counts whole bars whole and cut ones in proportion', () => {
  assert.equal(bars_sum(bars, 0, 10_000), 165);
  assert.equal(bars_sum(bars, 1_100, 1_200), 22);
  assert.equal(bars_sum(bars, 1_050, 1_100), 6);
});

test('the axis ends a little above the highest bar', () => {
  assert.deepEqual([0, 1, 7, 93, 104, 1_450, 4_980].map(axis_end), [1, 1, 8, 100, 150, 1_500, 5_000]);
});

test('pins that would cover each other are one sign', () => {
  const pins = [10, 12, 90].map((us, i) => ({ us, number: i, text: '' }));
  const bundles = pins_bundled(pins, { from_us: 0, to_us: 100, width_px: 100 }, 12);

  assert.deepEqual(bundles.map((bundle) => bundle.pins.map((pin) => pin.number)), [[0, 1], [2]]);
});
