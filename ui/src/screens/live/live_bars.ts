// SPDX-License-Identifier: Apache-2.0
//
// Packets a second by hue, for the strip above the table: the newest seconds in typed arrays. What came before the view
// began is asked for; the second in which it began is known by halves from either side, so it is asked for again when it
// is over, and taken whole.
import { signal } from '@preact/signals';
import { api, source_path } from '../../net/api';
import { hue_of } from '../../table/columns';
import type { Gap } from '../../table/lines';
import { instant_of_ns } from '../../table/time_format';
import type { Question } from '../../table/packet_view';

export const kept_seconds = 3600;
const n_hues = 6;
const history_seconds = 900;

interface TimelineAnswer {
  from_ns: string;
  bucket_ns: string;
  series: { protocol: string; bars: [number, number][] }[];
  gaps: { cause: string; from_ns?: string; to_ns?: string; n?: number }[];
}

export class LiveBars {
  /* Counts, hue by hue; the second s is at s % kept_seconds. */
  private counts = Array.from({ length: n_hues }, () => new Uint32Array(kept_seconds));
  private second_at = new Float64Array(kept_seconds).fill(-1); // which second a place holds
  private names: Map<string, number>[] = Array.from({ length: n_hues }, () => new Map());
  newest = 0;
  gaps: { from: number; to: number; is_truth: boolean }[] = [];
  readonly version = signal(0);
  private generation = 0;

  clear(): void {
    this.second_at.fill(-1);
    for (const hue of this.counts) hue.fill(0);
    for (const names of this.names) names.clear();
    this.gaps = [];
    this.newest = 0;
    this.generation++;
    this.version.value++;
  }

  private place(second: number): number {
    const at = second % kept_seconds;
    if (this.second_at[at] !== second) {
      if (this.second_at[at]! > second) return -1; // older than what is kept
      this.second_at[at] = second;
      for (const hue of this.counts) hue[at] = 0;
    }
    if (second > this.newest) this.newest = second;
    return at;
  }

  private put(second: number, protocol: string, n: number): void {
    if (second < 0 || n <= 0) return;
    const at = this.place(second);
    if (at < 0) return;
    const hue = hue_of(protocol);
    this.counts[hue]![at]! += n;
    const names = this.names[hue]!;
    if (names.size < 32 || names.has(protocol)) names.set(protocol, (names.get(protocol) ?? 0) + n);
  }

  add(bars: [number, string, number][]): void {
    for (const [second, protocol, n] of bars) this.put(second, protocol, n);
    this.version.value++;
  }

  add_gap(gap: { cause: string; from_ns?: string; to_ns?: string }): void {
    if (!gap.from_ns) return;
    const from = instant_of_ns(gap.from_ns).sec;
    const to = gap.to_ns ? instant_of_ns(gap.to_ns).sec : from;
    this.gaps.push({ from, to, is_truth: gap.cause !== 'viewer' });
    if (this.gaps.length > 500) this.gaps.shift();
    this.version.value++;
  }

  /* Counts of a second, hue by hue, added up into `sums`. */
  sum(from: number, to: number, sums: Float64Array): number {
    sums.fill(0);
    let all = 0;
    for (let second = Math.max(from, this.newest - kept_seconds + 1); second < to; second++) {
      const at = second % kept_seconds;
      if (this.second_at[at] !== second) continue;
      for (let hue = 0; hue < n_hues; hue++) {
        sums[hue]! += this.counts[hue]![at]!;
        all += this.counts[hue]![at]!;
      }
    }
    return all;
  }

  /* The most frequent protocols of a hue, for the legend. */
  legend(): { hue: number; names: string[] }[] {
    return this.names
      .map((names, hue) => ({ hue, names: [...names].sort((a, b) => b[1] - a[1]).slice(0, 3).map(([name]) => name) }))
      .filter((one) => one.names.length > 0);
  }

  /* A new view: what lies before now is fetched, the present second when it is over. */
  begin(question: Question, now_ms: number): void {
    this.clear();
    const generation = this.generation;
    const second = Math.floor(now_ms / 1000);
    this.newest = second;
    void this.fetch(question, second - history_seconds, second, generation);
    window.setTimeout(() => void this.fetch(question, second, second + 1, generation), 2600);
  }

  private async fetch(question: Question, from: number, to: number, generation: number): Promise<void> {
    let answer: TimelineAnswer;
    try {
      answer = await api.get<TimelineAnswer>(`${source_path(question.source)}/timeline`, {
        filter: question.filter,
        device: question.device,
        from_ns: `${from}000000000`,
        to_ns: `${to - 1}999999999`,
        buckets: to - from,
      });
    } catch {
      return; // the strip begins with what comes
    }
    if (generation !== this.generation) return;
    this.take(answer, from, to);
  }

  take(answer: TimelineAnswer, from: number, to: number): void {
    const base = instant_of_ns(answer.from_ns).sec;
    const step = Number(BigInt(answer.bucket_ns) / 1_000_000_000n) || 1;
    for (let second = from; second < to; second++) {
      const at = this.place(second);
      if (at >= 0) for (const hue of this.counts) hue[at] = 0;
    }
    for (const series of answer.series) for (const [bucket, n] of series.bars) if (base + bucket * step < to) this.put(base + bucket * step, series.protocol, n);
    for (const gap of answer.gaps) this.add_gap(gap);
    this.version.value++;
  }
}
export type { Gap };
