// SPDX-License-Identifier: Apache-2.0
//
// timeline_data - counts by time and protocol as the tall timeline draws them, and what lies between.
//
// The bars of the moment are those that the server was asked for last; until they come the old ones are drawn where they
// belong on the new scale, so that a turn of the wheel is answered at once. Pure.
import { x_of, type TimeScale } from './time_scale';

export interface TimelineSeries {
  readonly name: string; // protocol, or "other"
  readonly hue: number; // of the six
  readonly counts: Float64Array;
}

export interface TimelineGap {
  readonly from_us: number;
  readonly to_us: number;
  readonly n: number | null; // packets, where anybody knows
  readonly cause: string;
  readonly words: string;
}

export interface TimelinePin {
  readonly us: number;
  readonly number: number;
  readonly text: string;
}

export interface TimelineMark {
  readonly us: number;
  readonly kind: 'start' | 'stop';
  readonly words: string;
}

export interface TimelineBars {
  readonly from_us: number;
  readonly step_us: number;
  readonly n: number;
  readonly series: readonly TimelineSeries[]; // the largest first: it stands at the bottom
}

export const NO_BARS: TimelineBars = { from_us: 0, step_us: 1, n: 0, series: [] };

export function bars_total(bars: TimelineBars, index: number): number {
  let total = 0;
  for (const one of bars.series) total += one.counts[index] ?? 0;
  return total;
}

// The bars that a scale shows, and the most in one of them.
export function bars_in_sight(bars: TimelineBars, scale: TimeScale): { first: number; end: number; most: number } {
  const first = Math.max(0, Math.floor((scale.from_us - bars.from_us) / bars.step_us));
  const end = Math.min(bars.n, Math.ceil((scale.to_us - bars.from_us) / bars.step_us));
  let most = 0;

  for (let i = first; i < end; i++) most = Math.max(most, bars_total(bars, i));
  return { first, end: Math.max(first, end), most };
}

export function bar_at(bars: TimelineBars, us: number): number {
  const index = Math.floor((us - bars.from_us) / bars.step_us);

  return index >= 0 && index < bars.n ? index : -1;
}

// How many packets a range holds, as well as whole bars tell.
export function bars_sum(bars: TimelineBars, from_us: number, to_us: number): number {
  let sum = 0;
  for (let i = 0; i < bars.n; i++) {
    const at = bars.from_us + i * bars.step_us;
    const share = (Math.min(at + bars.step_us, to_us) - Math.max(at, from_us)) / bars.step_us;
    if (share > 0) sum += bars_total(bars, i) * share;
  }
  return Math.round(sum);
}

// A bucket's least width on the screen is some three pixels: narrower ones cannot be told apart, and cost a request more.
export function bars_wanted(scale: TimeScale): number {
  return Math.max(10, Math.min(500, Math.floor(scale.width_px / 3)));
}

// A pleasant end for the axis: 1, 2 or 5 with zeroes.
export function axis_end(most: number): number {
  if (!(most > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(most));

  for (const factor of [1, 1.5, 2, 3, 4, 5, 6, 8, 10]) if (factor * power >= most) return factor * power;
  return 10 * power;
}

// Pins so close that their signs would cover each other are one sign with a number.
export function pins_bundled(pins: readonly TimelinePin[], scale: TimeScale, least_px: number): { x: number; pins: TimelinePin[] }[] {
  const bundles: { x: number; pins: TimelinePin[] }[] = [];

  for (const pin of [...pins].sort((a, b) => a.us - b.us)) {
    const x = x_of(scale, pin.us);
    const last = bundles.at(-1);
    if (x < -least_px || x > scale.width_px + least_px) continue;
    if (last && x - last.x < least_px) last.pins.push(pin);
    else bundles.push({ x, pins: [pin] });
  }
  return bundles;
}
