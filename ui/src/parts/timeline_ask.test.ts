// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ApiTimeline } from '../net/api_types';
import { bars_of, gaps_of, marks_of, timeline_added } from './timeline_ask';

function timeline(more: Partial<ApiTimeline>): ApiTimeline {
  return { from_ns: '1000000', to_ns: '5000000', bucket_ns: '1000000', buckets: 4, matched: 0, series: [], gaps: [], recording: [], pins: [], next: 0, is_complete: true, ...more };
}

test('parts of a timeline add up, bucket by bucket and protocol by protocol', () => {
  const whole = timeline_added(
    timeline({ matched: 3, is_complete: false, series: [{ protocol: 'CoAP', n: 3, bars: [[0, 1], [2, 2]] }] }),
    timeline({ matched: 12, next: 99, series: [{ protocol: 'CoAP', n: 5, bars: [[2, 5]] }, { protocol: 'DTLS', n: 7, bars: [[3, 7]] }] }),
  );

  assert.deepEqual([whole.matched, whole.is_complete, whole.next], [15, true, 99]);
  assert.deepEqual(whole.series, [{ protocol: 'CoAP', n: 8, bars: [[0, 1], [2, 7]] }, { protocol: 'DTLS', n: 7, bars: [[3, 7]] }]);
});

test('the largest protocol stands at the bottom; many small ones are one', () => {
  const bars = bars_of(timeline({ series: [...Array(9).keys()].map((i) => ({ protocol: `p${i}`, n: i, bars: [[0, i], [9, 1]] as [number, number][] })) }));

  assert.deepEqual(bars.series.map((one) => one.name), ['p8', 'p7', 'p6', 'p5', 'p4', 'p3', 'other']);
  assert.equal(bars.series[6]!.counts[0], 0 + 1 + 2);
  assert.deepEqual([bars.from_us, bars.step_us, bars.n], [1000, 1000, 4]);
});

test('a gap without a time has no place; recording begins and ends with flags', () => {
  assert.equal(gaps_of(timeline({ gaps: [{ cause: 'kernel', n: 3, words: '' }, { cause: 'mirror', from_ns: '1000', to_ns: '2000', words: 'w' }] })).length, 1);
  const state = (state: 'recorded' | 'held' | 'gap', at: number) => ({ from_ns: `${at}000`, to_ns: `${at + 1}000`, state, cause: '', words: '' });
  assert.deepEqual(marks_of(timeline({ recording: [state('recorded', 1), state('held', 2), state('gap', 3), state('recorded', 4)] })).map((mark) => `${mark.kind} ${mark.us}`), ['start 1', 'stop 3', 'start 4']);
});
