// SPDX-License-Identifier: Apache-2.0
//
// time_scale - where a time lies on a strip of so many pixels, from a century to a microsecond, and where its ticks are.
//
// Times here are whole microseconds since 1970 (UTC) as plain numbers: those stay exact until the year 2255, which
// nanoseconds in a double do not, and bigint is ten times slower where a thousand bars are placed on every wheel turn.
// What goes to the server is made of the microsecond's first or last nanosecond, so that no packet falls in between.
// Pure: knows neither the page nor the server.

export interface TimeScale {
  readonly from_us: number;
  readonly to_us: number; // not included; > from_us
  readonly width_px: number;
}

export interface Tick {
  readonly us: number;
  readonly x: number;
  readonly label: string; // of the tick itself: "14:03", "Aug"
  readonly context: string; // what holds from here on: "29 Aug 2024"; empty where it is the tick's before
}

const MS = 1_000;
const SECOND = 1_000_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MONTH = 30 * DAY;
const YEAR = 365 * DAY;

export const LEAST_SPAN_US = 2 * MS; // a strip of two milliseconds: further in there is only jitter
export const MOST_SPAN_US = 60 * YEAR;

// prettier-ignore
const STEPS_US = [
  1, 2, 5, 10, 20, 50, 100, 200, 500,
  MS, 2 * MS, 5 * MS, 10 * MS, 20 * MS, 50 * MS, 100 * MS, 200 * MS, 500 * MS,
  SECOND, 2 * SECOND, 5 * SECOND, 10 * SECOND, 15 * SECOND, 30 * SECOND,
  MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE,
  HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR,
  DAY, 2 * DAY, 7 * DAY,
];
const STEPS_MONTHS = [1, 3, 6, 12, 24, 60, 120];

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

export function us_of_ns(ns: string | bigint): number {
  return Number(BigInt(ns) / 1000n);
}

export function ns_from(us: number): string {
  return `${BigInt(Math.round(us)) * 1000n}`;
}

// The last nanosecond before us: for ends that the server includes.
export function ns_until(us: number): string {
  return `${BigInt(Math.round(us)) * 1000n - 1n}`;
}

export function x_of(scale: TimeScale, us: number): number {
  return ((us - scale.from_us) / (scale.to_us - scale.from_us)) * scale.width_px;
}

export function us_at(scale: TimeScale, x: number): number {
  return Math.round(scale.from_us + (x / scale.width_px) * (scale.to_us - scale.from_us));
}

// A scale of the same width that lies between the two bounds as far as it can, and spans what is sensible.
export function scale_within(scale: TimeScale, least_us: number, most_us: number): TimeScale {
  const whole = Math.max(LEAST_SPAN_US, most_us - least_us);
  const span = Math.min(Math.max(scale.to_us - scale.from_us, LEAST_SPAN_US), Math.min(whole, MOST_SPAN_US));
  let from = scale.from_us;

  if (from + span > least_us + whole) from = least_us + whole - span;
  if (from < least_us) from = least_us;
  from = Math.round(from);
  return { from_us: from, to_us: from + Math.round(span), width_px: scale.width_px };
}

// factor > 1 shows less time. What lies under x stays there.
export function scale_zoomed(scale: TimeScale, x: number, factor: number): TimeScale {
  const span = Math.max(LEAST_SPAN_US, (scale.to_us - scale.from_us) / factor);
  const at = scale.from_us + (x / scale.width_px) * (scale.to_us - scale.from_us);
  const from = at - (x / scale.width_px) * span;

  return { from_us: Math.round(from), to_us: Math.round(from + span), width_px: scale.width_px };
}

export function scale_moved(scale: TimeScale, dx: number): TimeScale {
  const by = Math.round((dx / scale.width_px) * (scale.to_us - scale.from_us));

  return { from_us: scale.from_us + by, to_us: scale.to_us + by, width_px: scale.width_px };
}

// The smallest step whose ticks are at least so far apart; months are counted, not measured.
export function tick_step(scale: TimeScale, least_px: number): { us: number; months: number } {
  const least_us = ((scale.to_us - scale.from_us) / scale.width_px) * least_px;

  for (const us of STEPS_US) if (us >= least_us) return { us, months: 0 };
  for (const months of STEPS_MONTHS) if (months * MONTH >= least_us) return { us: months * MONTH, months };
  return { us: 120 * MONTH, months: 120 };
}

export function ticks_of(scale: TimeScale, least_px = 84): Tick[] {
  const step = tick_step(scale, least_px);
  const ticks: Tick[] = [];
  let context = '';

  for (const us of step.months > 0 ? month_starts(scale, step.months) : step_starts(scale, step.us)) {
    const now = context_of(us, step);

    ticks.push({ us, x: x_of(scale, us), label: label_of(us, step), context: now === context ? '' : now });
    context = now;
  }
  return ticks;
}

function* step_starts(scale: TimeScale, step_us: number): Generator<number> {
  // Weeks begin on Mondays; 1970 began on a Thursday.
  const offset = step_us === 7 * DAY ? 4 * DAY : 0;

  for (let us = Math.ceil((scale.from_us - offset) / step_us) * step_us + offset; us < scale.to_us; us += step_us) yield us;
}

function* month_starts(scale: TimeScale, months: number): Generator<number> {
  const first = new Date(Math.floor(scale.from_us / MS));
  let month = Math.floor((first.getUTCFullYear() * 12 + first.getUTCMonth()) / months) * months;

  for (;; month += months) {
    const us = Date.UTC(Math.floor(month / 12), month % 12) * MS;

    if (us >= scale.to_us) return;
    if (us >= scale.from_us) yield us;
  }
}

function label_of(us: number, step: { us: number; months: number }): string {
  const date = new Date(Math.floor(us / MS));
  const two = (n: number) => String(n).padStart(2, '0');

  if (step.months >= 12) return String(date.getUTCFullYear());
  if (step.months > 0) return MONTHS[date.getUTCMonth()]!;
  if (step.us >= DAY) return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}`;
  if (step.us >= MINUTE) return `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}`;
  if (step.us >= SECOND) return `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
  const digits = step.us >= MS ? 3 : 6;
  const fraction = ((us % SECOND) + SECOND) % SECOND;

  return `.${String(fraction).padStart(6, '0').slice(0, digits)}`;
}

function context_of(us: number, step: { us: number; months: number }): string {
  if (step.months >= 12) return '';
  if (step.us >= DAY) return String(new Date(Math.floor(us / MS)).getUTCFullYear());
  if (step.us >= SECOND) return date_words(us);
  return `${date_words(us)} ${clock_words(us, 0)}`;
}

// "29 Aug 2024"
export function date_words(us: number): string {
  const date = new Date(Math.floor(us / MS));

  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
}

// "09:12:44.120394", with so many digits behind the second
export function clock_words(us: number, digits: number): string {
  const seconds = new Date(Math.floor(us / MS)).toISOString().slice(11, 19);
  const fraction = String(((us % SECOND) + SECOND) % SECOND).padStart(6, '0');

  return digits === 0 ? seconds : `${seconds}.${fraction.slice(0, digits)}`;
}

// For people who hear it, as exact as a span of that length needs.
export function time_words(us: number, span_us: number): string {
  const digits = span_us < SECOND ? 6 : span_us < 2 * MINUTE ? 3 : 0;

  return `${date_words(us)} ${clock_words(us, digits)} UTC`;
}

// "62 ms", "4.2 s", "3 min 5 s", "2 h 10 min", "12 days"
export function duration_words(us: number): string {
  const n = Math.abs(us);

  if (n < MS) return `${Math.round(n)} µs`;
  if (n < 10 * MS) return `${(n / MS).toFixed(1)} ms`;
  if (n < SECOND) return `${Math.round(n / MS)} ms`;
  if (n < 10 * SECOND) return `${(n / SECOND).toFixed(2)} s`;
  if (n < MINUTE) return `${(n / SECOND).toFixed(1)} s`;
  if (n < HOUR) return two_units(n, MINUTE, 'min', SECOND, 's');
  if (n < 2 * DAY) return two_units(n, HOUR, 'h', MINUTE, 'min');
  if (n < 90 * DAY) return `${Math.round(n / DAY)} days`;
  return `${Math.round(n / MONTH)} months`;
}

function two_units(n: number, large: number, large_name: string, small: number, small_name: string): string {
  let whole = Math.floor(n / large);
  let rest = Math.round((n - whole * large) / small);

  if (rest * small >= large) {
    whole++;
    rest = 0;
  }
  return rest === 0 ? `${whole} ${large_name}` : `${whole} ${large_name} ${rest} ${small_name}`;
}
