// SPDX-License-Identifier: Apache-2.0
//
// A packet's time as people want to read it. Instants are whole seconds and nanoseconds within, as frames give them.

export const time_formats = {
  time: 'time of day',
  utc: 'time of day, UTC',
  date: 'date and time',
  first: 'since the first shown',
  previous: 'since the one before',
  reference: 'since the reference',
} as const;
export type TimeFormat = keyof typeof time_formats;

export function is_time_format(name: string): name is TimeFormat {
  return Object.hasOwn(time_formats, name);
}

const two = (n: number) => (n < 10 ? '0' + n : String(n));
const digits = (n: number, width: number) => String(n).padStart(width, '0');

/* The offset of local time changes at most each quarter of an hour: asked once for each. */
let offset_of_quarter = NaN;
let offset_sec = 0;
function local_offset_sec(sec: number): number {
  const quarter = Math.floor(sec / 900);
  if (quarter !== offset_of_quarter) {
    offset_of_quarter = quarter;
    offset_sec = -60 * new Date(sec * 1000).getTimezoneOffset();
  }
  return offset_sec;
}

export function clock_text(sec: number, nsec: number, places = 6): string {
  const day = ((sec % 86400) + 86400) % 86400;
  const whole = `${two(Math.floor(day / 3600))}:${two(Math.floor(day / 60) % 60)}:${two(day % 60)}`;
  return places === 0 ? whole : `${whole}.${digits(Math.floor(nsec / 10 ** (9 - places)), places)}`;
}

export function time_of_day(sec: number, nsec: number, places = 6): string {
  return clock_text(sec + local_offset_sec(sec), nsec, places);
}

export function date_text(sec: number): string {
  const day = new Date((sec + local_offset_sec(sec)) * 1000);
  return `${day.getUTCFullYear()}-${two(day.getUTCMonth() + 1)}-${two(day.getUTCDate())}`;
}

/* '+0.000123', '-12.500000', '+1:02:03.000000' */
export function delta_text(sec: number, nsec: number): string {
  let sign = '+';
  if (sec < 0) {
    sign = '-';
    sec = -sec;
    if (nsec > 0) {
      sec--;
      nsec = 1e9 - nsec;
    }
  }
  const part = digits(Math.floor(nsec / 1000), 6);
  if (sec < 3600) return `${sign}${sec}.${part}`;
  return `${sign}${Math.floor(sec / 3600)}:${two(Math.floor(sec / 60) % 60)}:${two(sec % 60)}.${part}`;
}

export interface Instant {
  sec: number;
  nsec: number;
}

/* a - b, with nanoseconds in 0 … 999 999 999. */
export function since(a: Instant, b: Instant): Instant {
  const nsec = a.nsec - b.nsec;
  return nsec < 0 ? { sec: a.sec - b.sec - 1, nsec: nsec + 1e9 } : { sec: a.sec - b.sec, nsec };
}

/* base: what 'first', 'previous' and 'reference' count from; null: it is not known, or there is none. */
export function time_text(format: TimeFormat, at: Instant, base: Instant | null): string {
  switch (format) {
    case 'time':
      return time_of_day(at.sec, at.nsec);
    case 'utc':
      return clock_text(at.sec, at.nsec);
    case 'date':
      return `${date_text(at.sec)} ${time_of_day(at.sec, at.nsec)}`;
    default: {
      if (base === null) return '';
      const delta = since(at, base);
      return delta_text(delta.sec, delta.nsec);
    }
  }
}

/* '1724925600123456789' -> an instant. Strings of nanoseconds are not numbers: they do not fit into one. */
export function instant_of_ns(ns: string): Instant {
  const all = BigInt(/^-?\d{1,19}$/.test(ns) ? ns : '0');
  const sec = all / 1_000_000_000n;
  const nsec = all % 1_000_000_000n;
  return nsec < 0n ? { sec: Number(sec) - 1, nsec: Number(nsec + 1_000_000_000n) } : { sec: Number(sec), nsec: Number(nsec) };
}
export function ns_of_instant(at: Instant): string {
  return String(BigInt(at.sec) * 1_000_000_000n + BigInt(at.nsec));
}
/* Milliseconds since 1970, with what a double keeps of the rest. */
export function ms_of_instant(at: Instant): number {
  return at.sec * 1000 + at.nsec / 1e6;
}
