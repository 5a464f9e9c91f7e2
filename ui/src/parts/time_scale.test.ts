// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  LEAST_SPAN_US, clock_words, duration_words, ns_from, ns_until, scale_moved, scale_within, scale_zoomed, ticks_of,
  time_words, us_at, us_of_ns, x_of,
} from './time_scale';

const AUG_29 = Date.UTC(2024, 7, 29, 14, 3, 12) * 1000;

test('a time is where it was put, to the microsecond', () => {
  const scale = { from_us: AUG_29, to_us: AUG_29 + 4_000, width_px: 1000 };

  for (const offset of [0, 1, 4, 1999, 3999]) assert.ok(Math.abs(us_at(scale, x_of(scale, AUG_29 + offset)) - AUG_29 - offset) <= 1);
});

test('nanoseconds of the server keep their microsecond, and its end includes the last one', () => {
  assert.equal(us_of_ns('1724940192123456789'), 1724940192123456);
  assert.equal(ns_from(1724940192123456), '1724940192123456000');
  assert.equal(ns_until(1724940192123456), '1724940192123455999');
});

test('the wheel keeps what is under the pointer', () => {
  const scale = { from_us: AUG_29, to_us: AUG_29 + 3_600_000_000, width_px: 1200 };

  for (const x of [0, 300, 600, 1200]) {
    const before = us_at(scale, x);
    let zoomed = scale;
    for (let turn = 0; turn < 12; turn++) zoomed = scale_zoomed(zoomed, x, 1.5);
    assert.ok(Math.abs(us_at(zoomed, x) - before) < 30, `at ${x} px`);
  }
});

test('zooming in ends at two milliseconds, and out at what there is', () => {
  let scale = { from_us: AUG_29, to_us: AUG_29 + 3_600_000_000, width_px: 1200 };
  const whole = scale;

  for (let turn = 0; turn < 100; turn++) scale = scale_within(scale_zoomed(scale, 700, 2), whole.from_us, whole.to_us);
  assert.equal(scale.to_us - scale.from_us, LEAST_SPAN_US);
  for (let turn = 0; turn < 100; turn++) scale = scale_within(scale_zoomed(scale, 700, 0.5), whole.from_us, whole.to_us);
  assert.deepEqual(scale, whole);
});

test('moving stops at both ends', () => {
  const whole = { from_us: AUG_29, to_us: AUG_29 + 10_000_000, width_px: 1000 };
  const part = { ...whole, to_us: AUG_29 + 1_000_000 };

  assert.deepEqual(scale_within(scale_moved(part, -50), whole.from_us, whole.to_us), part);
  assert.equal(scale_within(scale_moved(part, 1e6), whole.from_us, whole.to_us).to_us, whole.to_us);
});

test('ticks of every span are apart, in order, inside, and named differently', () => {
  for (let span = 2_000; span < 40 * 365 * 86_400_000_000; span = Math.round(span * 1.7)) {
    const scale = { from_us: AUG_29 + 137, to_us: AUG_29 + 137 + span, width_px: 1000 };
    const ticks = ticks_of(scale);

    assert.ok(ticks.length >= 2 && ticks.length <= 13, `${ticks.length} ticks in ${span} µs`);
    for (const [i, tick] of ticks.entries()) {
      assert.ok(tick.x >= 0 && tick.x < 1000);
      if (i === 0) continue;
      assert.ok(tick.x - ticks[i - 1]!.x >= 70, `${span}: ${tick.x - ticks[i - 1]!.x} px apart`);
      assert.notEqual(`${tick.context} ${tick.label}`, `${ticks[i - 1]!.context} ${ticks[i - 1]!.label}`);
    }
  }
});

test('days begin at midnight UTC, months at their first, weeks on Mondays', () => {
  const day = 86_400_000_000;
  const of = (span: number) => ticks_of({ from_us: AUG_29, to_us: AUG_29 + span, width_px: 1000 });

  for (const tick of of(8 * day)) assert.equal(tick.us % day, 0);
  for (const tick of of(60 * day)) assert.equal(new Date(tick.us / 1000).getUTCDay(), 1);
  for (const tick of of(300 * day)) assert.equal(new Date(tick.us / 1000).getUTCDate(), 1);
  assert.deepEqual(of(400 * day).slice(0, 3).map((tick) => `${tick.context}|${tick.label}`), ['2024|Oct', '2025|Jan', '|Apr']);
});

test('words say what a person would', () => {
  assert.equal(duration_words(850), '850 µs');
  assert.equal(duration_words(62_300), '62 ms');
  assert.equal(duration_words(4_200_000), '4.20 s');
  assert.equal(duration_words(185_000_000), '3 min 5 s');
  assert.equal(duration_words(3_599_900_000), '60 min');
  assert.equal(duration_words(7_800_000_000), '2 h 10 min');
  assert.equal(duration_words(12 * 86_400_000_000), '12 days');
  assert.equal(clock_words(AUG_29 + 120_394, 6), '14:03:12.120394');
  assert.equal(time_words(AUG_29, 3_600_000_000), '29 Aug 2024 14:03:12 UTC');
});
