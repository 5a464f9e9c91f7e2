// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ApiSession, ApiStay } from '../../net/api_types';
import { points_of, rate_of } from './device_charts';
import { stay_rows } from './stays';

function stay(from_s: number, to_s: number, address: string, session: string | null): ApiStay {
  return { address, port: 1, server: null, from_ns: `${from_s}000000000`, to_ns: `${to_s}000000000`, packets: 1, bytes: 1, reason: 'handshake', confidence: 'strong', session };
}

test('a session that goes on at another address is a rebind; a new session there is none', () => {
  const rows = stay_rows([stay(0, 10, 'a', '1'), stay(10, 20, 'b', '1'), stay(20, 30, 'c', '2'), stay(30, 40, 'c', '2'), stay(50, 60, 'd', null)], 0, 100e6);

  assert.deepEqual(rows.map((row) => row.is_rebind), [false, true, false, false, false]);
  assert.deepEqual([rows[1]!.from_share, rows[1]!.to_share], [0.1, 0.2]);
});

test('points are in time order whatever order sessions come in', () => {
  const session = (number: number, at_s: number): Pick<ApiSession, 'packets' | 'joins'> => ({
    packets: [
      { number, time_ns: `${at_s}000000000`, direction: 'from_device', source: '', destination: '', protocol: '', info: '', length: 60, payload: 1, marks: 0, repeats: null },
      { number: number + 1, time_ns: `${at_s}062000000`, direction: 'to_device', source: '', destination: '', protocol: '', info: '', length: 90, payload: 1, marks: 0, repeats: null },
    ],
    joins: [
      { request: number, answer: number + 1, by: '', label: '', delay_ns: '62000000', state: 'answered', attempts: 1 },
      { request: 999, answer: null, by: '', label: '', delay_ns: null, state: 'unanswered', attempts: 3 },
    ],
  });
  const points = points_of([session(10, 50), session(1, 20)]);

  assert.deepEqual([...points.delays.us], [20e6, 50e6]);
  assert.deepEqual([...points.delays.values], [62_000, 62_000]);
  assert.deepEqual([[...points.sizes.up.values], [...points.sizes.down.values], points.n_unanswered], [[60, 60], [90, 90], 2]);
});

test('the rate adds up all protocols and takes no bucket beyond the end', () => {
  const rate = rate_of({
    from_ns: '0', to_ns: '4000000000', bucket_ns: '1000000000', buckets: 4, matched: 16, gaps: [], recording: [], pins: [], next: 0, is_complete: true,
    series: [{ protocol: 'a', n: 6, bars: [[0, 2], [3, 4]] }, { protocol: 'b', n: 10, bars: [[3, 1], [4, 9]] }],
  })!;

  assert.deepEqual([...rate.series[0]!.values], [2, 0, 0, 5]);
  assert.equal(rate.most, 5);
});
