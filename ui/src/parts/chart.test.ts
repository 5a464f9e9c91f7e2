// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearest, value_axis } from './chart';

test('the axis holds the highest value, with few round ticks from zero', () => {
  for (const most of [0.003, 1, 7, 42, 99.9, 1500, 123_456]) {
    const axis = value_axis(most, 1, false);
    assert.ok(axis.most >= most * 0.999 && axis.most <= most * 1.8, `${most}: ${axis.most}`);
    assert.ok(axis.ticks.length >= 2 && axis.ticks.length <= 6, `${most}: ${axis.ticks.length}`);
    assert.equal(axis.ticks[0], 0);
  }
});

test('a logarithmic axis goes by tens and holds both ends', () => {
  const axis = value_axis(1730, 41, true);

  assert.deepEqual(axis.ticks.map(Math.round), [10, 100, 1000, 10000]);
  assert.deepEqual(value_axis(100, 100, true).ticks.length >= 2, true);
});

test('without a value there is an axis all the same', () => assert.deepEqual(value_axis(0, Infinity, true).ticks, [0, 1]));

test('the nearest point is found in a sorted column', () => {
  const us = Float64Array.of(10, 20, 40);

  assert.deepEqual([0, 14, 16, 29, 31, 99].map((at) => nearest(us, at)), [0, 0, 1, 1, 2, 2]);
  assert.equal(nearest(new Float64Array(0), 5), -1);
});
