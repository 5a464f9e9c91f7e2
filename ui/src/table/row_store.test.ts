// SPDX-License-Identifier: Apache-2.0
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { frame_read } from '../net/frame';
import { frame_write, plain_rows } from '../net/frame_write';
import { RowStore } from './row_store';

const frame = (first: number, n: number) => frame_read(frame_write(plain_rows(first, n)))!;

test('a row is found by its number, over pages and frames', () => {
  const store = new RowStore();
  store.add(frame(1, 250));
  store.add(frame(251, 250));
  store.add(frame(7_000_000_000, 10));
  for (const number of [1, 250, 251, 256, 500, 7_000_000_009]) {
    assert.ok(store.find(number), String(number));
    assert.equal(store.frame!.number(store.row), number);
  }
  for (const number of [0, 501, 6_999_999_999, 7_000_000_010]) assert.equal(store.find(number), false);
});

test('the bytes stay within the limit, and what is looked at stays', () => {
  const one = frame(1, 250).size;
  const store = new RowStore(one * 10);
  store.add(frame(1, 250));
  for (let k = 1; k < 100; k++) {
    store.tick();
    assert.ok(store.find(1), 'looked at in each paint');
    store.add(frame(1 + 250 * k, 250));
    assert.ok(store.bytes <= one * 11, `${store.bytes} bytes`);
  }
  assert.ok(store.find(1));
  assert.ok(store.find(250 * 100));
  assert.equal(store.find(1000), false, 'the oldest went');
});

test('a burst between two paints does not grow it without bound', () => {
  const store = new RowStore(frame(1, 250).size * 4);
  for (let k = 0; k < 50; k++) store.add(frame(1 + 250 * k, 250));
  assert.ok(store.n_frames <= 5);
  assert.ok(store.find(250 * 50), 'the newest are there');
});
