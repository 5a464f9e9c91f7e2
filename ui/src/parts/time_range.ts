// SPDX-License-Identifier: Apache-2.0
//
// time_range - the `t=` of an address: what stretch of time is looked at. `a..b`, either end open; an end is nanoseconds since
// 1970, an RFC 3339 time, or reckoned from now: `now-15m..now`. Pure.
import { clock_words, date_words, duration_words, ns_from, ns_until, us_of_ns } from './time_scale';

export interface TimeRange {
  readonly from_us: number | null; // included
  readonly to_us: number | null; // not included
}

export const ANY_TIME: TimeRange = { from_us: null, to_us: null };

const UNITS_US: Record<string, number> = { s: 1e6, m: 60e6, h: 3600e6, d: 86_400e6, w: 7 * 86_400e6 };

/* now_us: the newest packet's time for a capture that ended, else the clock's. What is not understood is open. */
export function range_of(text: string | null, now_us: number): TimeRange {
  if (text === null || text === '') return ANY_TIME;
  const at = text.indexOf('..');
  const from_us = time_of(at < 0 ? text : text.slice(0, at), now_us, false);
  const to_us = at < 0 ? null : time_of(text.slice(at + 2), now_us, true);

  return from_us !== null && to_us !== null && to_us <= from_us ? ANY_TIME : { from_us, to_us };
}

function time_of(text: string, now_us: number, is_end: boolean): number | null {
  const one = text.trim();
  const ago = /^now(?:-(\d{1,6}(?:\.\d+)?)([smhdw]))?$/.exec(one);

  if (ago) return ago[1] === undefined ? (is_end ? null : now_us) : Math.round(now_us - Number(ago[1]) * UNITS_US[ago[2]!]!);
  // A nanosecond that is an end belongs to the range: the next microsecond does not.
  if (/^\d{16,19}$/.test(one)) return us_of_ns(one) + (is_end ? 1 : 0);
  if (!/^\d{4}-\d\d-\d\d/.test(one)) return null;
  const ms = Date.parse(/[zZ]|[+-]\d\d:?\d\d$/.test(one) || one.length <= 10 ? one : `${one}Z`);
  return Number.isNaN(ms) ? null : ms * 1000;
}

export function range_text(range: TimeRange): string | null {
  if (range.from_us === null && range.to_us === null) return null;
  return `${range.from_us === null ? '' : ns_from(range.from_us)}..${range.to_us === null ? '' : ns_until(range.to_us)}`;
}

/* As REST asks for it. */
export function range_params(range: TimeRange): { from_ns: string | null; to_ns: string | null } {
  return { from_ns: range.from_us === null ? null : ns_from(range.from_us), to_ns: range.to_us === null ? null : ns_until(range.to_us) };
}

/* "29 Aug 2024 14:00:00 – 14:05:12 (5 min 12 s)" */
export function range_words(range: TimeRange): string {
  if (range.from_us === null && range.to_us === null) return 'all there is';
  const digits = range.from_us !== null && range.to_us !== null && range.to_us - range.from_us < 60e6 ? 3 : 0;
  const words = (us: number, with_date: boolean) => `${with_date ? `${date_words(us)} ` : ''}${clock_words(us, digits)}`;

  if (range.from_us === null) return `until ${words(range.to_us!, true)}`;
  if (range.to_us === null) return `from ${words(range.from_us, true)}`;
  return `${words(range.from_us, true)} – ${words(range.to_us, date_words(range.from_us) !== date_words(range.to_us))} (${duration_words(range.to_us - range.from_us)})`;
}
