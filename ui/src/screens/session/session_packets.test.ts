// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ApiJoin, ApiMessage, ApiSession } from '../../net/api_types';
import { packet_words, session_joined, session_packets } from './session_packets';

function message(number: number, more: Partial<ApiMessage> = {}): ApiMessage {
  return {
    number, time_ns: `${1_724_940_000_000_000_000n + BigInt(number) * 1_000_000n}`, direction: 'from_device', source: '10.1.2.3:40020',
    destination: '10.20.0.10:5683', protocol: 'CoAP', info: 'CON GET /3/0', length: 60, payload: 18, marks: 0, repeats: null, ...more,
  };
}

const down = { direction: 'to_device', source: '10.20.0.10:5683', destination: '10.1.2.3:40020' } as const;

function join(request: number, answer: number | null, more: Partial<ApiJoin> = {}): ApiJoin {
  return { request, answer, by: 'coap.token', label: 'token 3f9a', delay_ns: answer === null ? null : '62000000', state: answer === null ? 'unanswered' : 'answered', attempts: 1, ...more };
}

function session(packets: ApiMessage[], joins: ApiJoin[]): ApiSession {
  return {
    session: 's', device: 'd', protocol: 'CoAP', client: '', server: '', from_ns: '0', to_ns: '0', lanes: [], packets, joins, silences: [],
    totals: { packets: packets.length, from_device: 0, to_device: 0, bytes: 0, repeats: 0, unanswered: 0 }, next: null, is_complete: true,
  };
}

test('a join names both of its ends, with the delay at the request', () => {
  const [asked, answered] = session_packets(session([message(1), message(63, down)], [join(1, 63)]));

  assert.deepEqual(asked!.answer, { number: 63, delay_us: 62_000, label: 'token 3f9a' });
  assert.equal(answered!.answers, 1);
  assert.deepEqual([asked!.from, asked!.to, answered!.from, answered!.to], [0, 1, 1, 0]);
  assert.equal(packet_words(answered!), 'packet 63, server to device, CoAP CON GET /3/0, answers 1');
});

test('what nobody answered says so; what may still be answered does not', () => {
  const [lost, waits] = session_packets(session([message(1), message(2)], [join(1, null), join(2, null, { state: 'waiting' })]));

  assert.deepEqual([lost!.awaits_answer, waits!.awaits_answer], [true, false]);
  assert.match(packet_words(lost!), /no answer/);
});

test('an address is told as changed when the device sends from a new one, once', () => {
  const moved = '198.18.0.7:1234';
  const packets = session_packets(session([
    message(1), message(2, down), message(3, { source: moved }), message(4, { ...down, destination: '10.1.2.3:40020' }),
    message(5, { ...down, destination: moved }), message(6, { source: moved }),
  ], []));

  assert.deepEqual(packets.map((packet) => packet.notice !== ''), [false, false, true, false, false, false]);
  assert.equal(packets[2]!.notice, 'address changed: 10.1.2.3:40020 → 198.18.0.7:1234');
});

test('parts of a session are one: no packet twice, and a late answer is known', () => {
  const first = session([message(1), message(2)], [join(1, null, { state: 'waiting' })]);
  const next = session([message(2), message(63, down)], [join(1, 63)]);
  const whole = session_joined(first, next);

  assert.deepEqual(whole.packets.map((packet) => packet.number), [1, 2, 63]);
  assert.deepEqual(whole.joins.map((one) => one.answer), [63]);
  assert.equal(whole.totals.unanswered, 0);
});
