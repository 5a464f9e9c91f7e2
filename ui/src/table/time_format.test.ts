// SPDX-License-Identifier: Apache-2.0
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { clock_text, delta_text, instant_of_ns, ns_of_instant, since, time_text } from './time_format';

test('an instant keeps every nanosecond, before 1970 too', () => {
  for (const ns of ['1724925600123456789', '0', '-1', '-1000000000', '-1500000001', '9223372036854775807'])
    assert.equal(ns_of_instant(instant_of_ns(ns)), ns);
  assert.deepEqual(instant_of_ns('-1'), { sec: -1, nsec: 999_999_999 });
  assert.deepEqual(instant_of_ns('no number'), { sec: 0, nsec: 0 });
});

test('time of day is cut, not rounded: 59.9999999 does not become a minute', () => {
  assert.equal(clock_text(1724925599, 999_999_999), '09:59:59.999999');
  assert.equal(clock_text(-1, 0, 0), '23:59:59');
});

test('differences have a sign, and hours when there are some', () => {
  const cases: [string, string, string][] = [
    ['1000000000', '999999000', '+0.000001'],
    ['1000000000', '2500000000', '-1.500000'],
    ['3723000000000', '0', '+1:02:03.000000'],
  ];
  for (const [a, b, text] of cases) {
    const { sec, nsec } = since(instant_of_ns(a), instant_of_ns(b));
    assert.equal(delta_text(sec, nsec), text);
  }
  assert.equal(time_text('reference', instant_of_ns('5'), null), '');
});
