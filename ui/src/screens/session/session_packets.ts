// SPDX-License-Identifier: Apache-2.0
//
// session_packets - the server's account of a session turned into what the ladder draws. Pure.
import type { ApiJoin, ApiSession } from '../../net/api_types';
import { MARK_ERROR, MARK_WARNING } from '../../net/api_types';
import type { LadderPacket } from '../../parts/ladder_layout';
import { us_of_ns } from '../../parts/time_scale';

export interface SessionPacket extends LadderPacket {
  readonly source: string;
  readonly destination: string;
  readonly payload: number;
  readonly answer: { number: number; delay_us: number; label: string } | null; // of this request
  readonly join: ApiJoin | null; // that it begins or ends
}

export const LANE_DEVICE = 0;
export const LANE_SERVER = 1;

export function session_packets(session: Pick<ApiSession, 'packets' | 'joins'>): SessionPacket[] {
  const by_request = new Map<number, ApiJoin>();
  const by_answer = new Map<number, ApiJoin>();
  let address = '';

  for (const join of session.joins) {
    by_request.set(join.request, join);
    if (join.answer !== null && !by_answer.has(join.answer)) by_answer.set(join.answer, join);
  }
  return session.packets.map((message) => {
    const is_up = message.direction === 'from_device';
    const now = is_up ? message.source : message.destination;
    // Only what the device itself sent shows that it moved: an answer to the old address may still be under way.
    const notice = is_up && address !== '' && now !== address ? `address changed: ${address} → ${now}` : '';
    const asked = by_request.get(message.number);
    const answers = by_answer.get(message.number);

    if (is_up || address === '') address = now;
    return {
      number: message.number,
      us: us_of_ns(message.time_ns),
      from: is_up ? LANE_DEVICE : LANE_SERVER,
      to: is_up ? LANE_SERVER : LANE_DEVICE,
      protocol: message.protocol,
      label: message.info,
      length: message.length,
      payload: message.payload,
      source: message.source,
      destination: message.destination,
      is_error: (message.marks & MARK_ERROR) !== 0,
      is_warning: (message.marks & MARK_WARNING) !== 0,
      answers: answers?.request ?? null,
      repeats: message.repeats,
      awaits_answer: asked?.state === 'unanswered',
      notice,
      answer:
        asked && asked.answer !== null && asked.delay_ns !== null
          ? { number: asked.answer, delay_us: Math.round(Number(asked.delay_ns) / 1000), label: asked.label }
          : null,
      join: asked ?? answers ?? null,
    };
  });
}

/* Two parts of one session, the later asked for when the earlier was there. */
export function session_joined(first: ApiSession, next: ApiSession): ApiSession {
  const known = new Set(first.packets.map((packet) => packet.number));
  const joins = new Map(first.joins.map((join) => [join.request, join] as const));

  // What the first part saw unanswered at its end the second may know better.
  for (const join of next.joins) {
    const before = joins.get(join.request);
    if (!before || before.answer === null) joins.set(join.request, join);
  }
  return {
    ...next,
    from_ns: first.from_ns,
    packets: [...first.packets, ...next.packets.filter((packet) => !known.has(packet.number))],
    joins: [...joins.values()],
    silences: [...first.silences, ...next.silences],
    totals: {
      packets: first.totals.packets + next.totals.packets,
      from_device: first.totals.from_device + next.totals.from_device,
      to_device: first.totals.to_device + next.totals.to_device,
      bytes: first.totals.bytes + next.totals.bytes,
      repeats: first.totals.repeats + next.totals.repeats,
      unanswered: [...joins.values()].filter((join) => join.state === 'unanswered').length,
    },
  };
}

/* What an arrow says to somebody who does not see it. */
export function packet_words(packet: SessionPacket): string {
  const parts = [`packet ${packet.number}`, packet.from === LANE_DEVICE ? 'device to server' : 'server to device', `${packet.protocol} ${packet.label}`];

  if (packet.repeats !== null) parts.push(`repeats ${packet.repeats}`);
  if (packet.answers !== null) parts.push(`answers ${packet.answers}`);
  if (packet.awaits_answer) parts.push('no answer');
  if (packet.is_error) parts.push('error');
  else if (packet.is_warning) parts.push('warning');
  return parts.join(', ');
}
