// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANY_TIME } from '../parts/time_range';
import { scope_words, share_address, share_choices, share_new, type ShareWish } from './share_scope';

const range = { from_us: 1724940000000000, to_us: 1724940300000000 };
const wish: ShareWish = { what: 'source', source: 'box', filter: 'coap', device: 'ep-1', range, packets: null, role: 'view', bytes: 'headers', hours: 1, most_viewers: 0 };

test('everything is everything, whatever one looks at', () => {
  assert.deepEqual(share_new(wish, 0n), { source: 'box', role: 'view', bytes: 'headers', expires_ns: '3600000000000' });
});

test('a narrower choice never gives more than is seen', () => {
  assert.deepEqual(share_new({ ...wish, what: 'range', hours: 0, most_viewers: 3 }, 0n), {
    source: 'box', role: 'view', bytes: 'headers', device: 'ep-1', filter: 'coap', from_ns: '1724940000000000000', to_ns: '1724940299999999999', most_viewers: 3,
  });
  const device = share_new({ ...wish, what: 'device', hours: 0 }, 0n);
  assert.deepEqual([device.device, device.filter, device.from_ns], ['ep-1', undefined, undefined]);
});

test('choices are those that mean something here', () => {
  assert.deepEqual(share_choices({ filter: '', device: '', range: ANY_TIME, packets: null }).map(([what]) => what), ['source']);
  assert.deepEqual(share_choices(wish).map(([what]) => what), ['source', 'view', 'device', 'range']);
  assert.deepEqual(share_choices({ ...wish, is_session: true }).at(-1), ['range', 'This session']);
});

test('the scope says all that bounds it', () => {
  assert.equal(scope_words(share_new({ ...wish, what: 'range' }, 0n), range), 'packets that match coap of ep-1 on box, 29 Aug 2024 14:00:00 – 14:05:00 (5 min)');
  assert.equal(scope_words(share_new({ ...wish, what: 'source' }, 0n), range), 'every packet on box, kept now and to come');
});

test('the address leads to what is shared, its secret behind the #', () => {
  const made = share_new({ ...wish, what: 'device' }, 0n);

  assert.equal(share_address('https://h', '/s/k3#Zm9v', { ...wish, what: 'device', device: 'a/b#c' }, { ...made, device: 'a/b#c' }), 'https://h/s/k3/d/box/a%2Fb%23c#Zm9v');
  assert.equal(share_address('https://h', '/s/k3#Zm9v', { ...wish, what: 'view' }, made), 'https://h/s/k3/live/box#Zm9v');
  assert.equal(share_address('https://h', '/s/k3#Zm9v', { ...wish, what: 'range' }, made), 'https://h/s/k3/a/box#Zm9v');
});

test('packets are a range of numbers, of what one sees, and the address leads to the first', () => {
  const these: ShareWish = { ...wish, what: 'packets', device: '', range: ANY_TIME, packets: [17, 29], hours: 0 };
  const made = share_new(these, 0n);

  assert.deepEqual(made, { source: 'box', role: 'view', bytes: 'headers', filter: 'coap', numbers: [[17, 29]] });
  assert.deepEqual(share_choices(these).map(([, text]) => text), ['Everything', 'What I see', 'These packets']);
  assert.deepEqual(share_choices({ ...these, packets: [17, 17] }).at(-1), ['packets', 'This packet']);
  assert.equal(scope_words(made, ANY_TIME), 'packets 17 – 29, those that match coap on box');
  assert.equal(scope_words(share_new({ ...these, filter: '', packets: [17, 17] }, 0n), ANY_TIME), 'packet 17 on box');
  assert.equal(share_address('https://h', '/s/k3#Zm9v', these, made), 'https://h/s/k3/a/box?p=17#Zm9v');
  assert.equal(share_new({ ...these, what: 'source' }, 0n).numbers, undefined);
});
