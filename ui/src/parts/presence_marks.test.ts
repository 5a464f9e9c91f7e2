// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Person } from '../state/store';
import { labels_apart, presence_marks } from './presence_marks';

const person = (id: string, place: unknown): Person => ({ person: id, name: `${id} B`, color: 'hue-3', shape: '', role: 'view', place: place as never, away: false });

test('others at a table of the same source have a tick; oneself, others elsewhere and nonsense have none', () => {
  const all = [
    person('me', { screen: 'live', source: 'box', first: 5 }),
    person('ann', { screen: 'archive', source: 'box', first: 700, packet: 710, time_ns: '1724925600123456789' }),
    person('ben', { screen: 'live', source: 'other', first: 5 }),
    person('cem', { screen: 'device', source: 'box' }),
    person('dan', null),
    person('eve', { screen: 'live', source: 'box', first: 'x', packet: -3, time_ns: 'soon', following: true }),
  ];
  assert.deepEqual(presence_marks(all, 'me', 'box').map((mark) => [mark.person, mark.hue, mark.initials, mark.first, mark.us, mark.is_following]), [
    ['ann', 3, 'AB', 700, 1724925600123456, false],
    ['eve', 3, 'EB', 0, null, true],
  ]);
});

test('labels that would lie over each other are moved apart, and stay within', () => {
  assert.deepEqual(labels_apart([10, 100], 15, 200), [10, 100]);
  assert.deepEqual(labels_apart([50, 52, 10], 15, 200), [50, 65, 10]);
  assert.deepEqual(labels_apart([195, 195], 15, 200), [170, 185]);
  assert.deepEqual(labels_apart([-7], 15, 200), [0]);
});
