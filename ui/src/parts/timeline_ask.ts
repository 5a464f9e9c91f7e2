// SPDX-License-Identifier: Apache-2.0
//
// timeline_ask - the timeline and the count of a question, asked until they are complete: the server answers within about a
// second with how far it came, and is asked again from there. Each part is shown as it comes.
import { api, type Params } from '../net/api';
import type { ApiCount, ApiTimeline } from '../net/api_types';
import { hue_of } from '../table/columns';
import { path_part } from './pieces';
import { us_of_ns } from './time_scale';
import type { TimelineBars, TimelineGap, TimelineMark } from './timeline_data';

const REST_MS = 500; // the server got nowhere in its second: it is busy
const PARTS_MOST = 600; // ten minutes of asking: then it stays as far as it came

/* Adds what a later part tells to what is known. Both have the same buckets. */
export function timeline_added(known: ApiTimeline, part: ApiTimeline): ApiTimeline {
  const series = new Map(known.series.map((one) => [one.protocol, new Map(one.bars)] as const));

  for (const one of part.series) {
    const bars = series.get(one.protocol) ?? new Map<number, number>();
    series.set(one.protocol, bars);
    for (const [bucket, n] of one.bars) bars.set(bucket, (bars.get(bucket) ?? 0) + n);
  }
  return {
    ...part,
    matched: known.matched + part.matched,
    series: [...series].map(([protocol, bars]) => ({ protocol, n: [...bars.values()].reduce((sum, n) => sum + n, 0), bars: [...bars] })),
    gaps: part.gaps.length > 0 ? part.gaps : known.gaps,
  };
}

export async function timeline_ask(source: string, params: Params, signal: AbortSignal, came: (timeline: ApiTimeline) => void): Promise<ApiTimeline> {
  const path = `/sources/${path_part(source)}/timeline`;
  let known = await api.get<ApiTimeline>(path, params, signal);

  // The same buckets in each part, though the capture goes on meanwhile.
  const fixed = { ...params, from_ns: known.from_ns, to_ns: known.to_ns, buckets: known.buckets };
  came(known);
  for (let i = 0; i < PARTS_MOST && !known.is_complete; i++) {
    const before = known.next;
    known = timeline_added(known, await api.get<ApiTimeline>(path, { ...fixed, from: known.next }, signal));
    came(known);
    if (known.next === before) await new Promise((rested) => setTimeout(rested, REST_MS));
  }
  return known;
}

export async function count_ask(source: string, params: Params, signal: AbortSignal, came: (count: ApiCount) => void): Promise<void> {
  const path = `/sources/${path_part(source)}/count`;
  let known = await api.get<ApiCount>(path, params, signal);

  came(known);
  for (let i = 0; i < PARTS_MOST && !known.is_complete; i++) {
    const part = await api.get<ApiCount>(path, { ...params, from: known.next }, signal);
    if (part.next === known.next) await new Promise((rested) => setTimeout(rested, REST_MS));
    known = { ...part, matched: known.matched + part.matched, seen: known.seen + part.seen, bytes: known.bytes + part.bytes, first: known.first ?? part.first, last: part.last ?? known.last };
    came(known);
  }
}

const NAMED = 6; // protocols with bars of their own; the rest is one

export function bars_of(timeline: ApiTimeline): TimelineBars {
  const families = new Map<string, { protocol: string; n: number; bars: [number, number][] }>();

  // Versions of a protocol are one bar: DTLSv1.2 is DTLS.
  for (const one of timeline.series) {
    const protocol = one.protocol.replace(/v[\d.]+$/, '');
    const family = families.get(protocol);
    if (family) {
      family.n += one.n;
      family.bars = family.bars.concat(one.bars);
    } else families.set(protocol, { protocol, n: one.n, bars: one.bars });
  }
  const sorted = [...families.values()].sort((a, b) => b.n - a.n);
  const columns = new Map<string, Float64Array>();

  for (const [i, one] of sorted.entries()) {
    const name = i < NAMED || one.protocol === 'other' ? one.protocol : 'other';
    let counts = columns.get(name);
    if (!counts) columns.set(name, (counts = new Float64Array(timeline.buckets)));
    for (const [bucket, n] of one.bars) if (bucket >= 0 && bucket < counts.length) counts[bucket]! += n;
  }
  return {
    from_us: us_of_ns(timeline.from_ns),
    step_us: Math.max(1, Number(BigInt(timeline.bucket_ns)) / 1000),
    n: timeline.buckets,
    series: [...columns].map(([name, counts]) => ({ name, hue: hue_of(name), counts })),
  };
}

export function gaps_of(timeline: ApiTimeline): TimelineGap[] {
  return timeline.gaps
    .filter((gap) => gap.from_ns !== undefined && gap.to_ns !== undefined)
    .map((gap) => ({ from_us: us_of_ns(gap.from_ns!), to_us: us_of_ns(gap.to_ns!), n: gap.n ?? null, cause: gap.cause, words: gap.words || gap.cause }));
}

/* Where recording began and ended, of the states of the time. */
export function marks_of(timeline: ApiTimeline): TimelineMark[] {
  const marks: TimelineMark[] = [];
  const is_there = (state: string | undefined) => state === 'recorded' || state === 'held';

  for (const [i, now] of timeline.recording.entries()) {
    const before = timeline.recording[i - 1]?.state;
    if (is_there(now.state) && !is_there(before)) marks.push({ us: us_of_ns(now.from_ns), kind: 'start', words: 'recording begins' });
    if (!is_there(now.state) && is_there(before)) marks.push({ us: us_of_ns(now.from_ns), kind: 'stop', words: now.words || 'recording ends' });
  }
  return marks;
}
