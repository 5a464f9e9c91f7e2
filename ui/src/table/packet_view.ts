// SPDX-License-Identifier: Apache-2.0
//
// A table over a source: which packets (all, or those of a filter, a device, a time), their lines, their rows, and the
// asking for what is in view and not at hand. It knows nothing of the live stream: the live screen gives it frames, the
// archive screen only a span.
import { ApiError, rows_get, type Params, type RowsAnswer } from '../net/api';
import type { RowFrame } from '../net/frame';
import { Lines, type EdgePart, type Gap } from './lines';
import { is_scoped } from '../state/store';
import { RowStore } from './row_store';
import { PacketTable, type SpecialText, type TableOwner } from './packet_table';
import { columns_named, type Column } from './columns';
import { count_text } from './format';
import { instant_of_ns, since, time_of_day, type Instant, type TimeFormat } from './time_format';

export interface Question {
  source: string;
  filter: string;
  device: string;
  from_ns: string; // '' = open
  to_ns: string;
}

export interface ViewOwner {
  followed: (is_following: boolean) => void;
  painted: (last_number: number) => void;
  selected: (number: number, is_range: boolean) => void;
  opened: (number: number) => void;
  menu: (event: MouseEvent, number: number, column: Column, text: string) => void;
  columns_changed: (widths: Map<string, number>) => void;
  failed: (words: string) => void;
  is_pinned: (number: number) => boolean;
}

const chunk = 250;
const again_ms = 350;

export class PacketView {
  lines: Lines;
  readonly store = new RowStore();
  readonly table: PacketTable;
  question: Question = { source: '', filter: '', device: '', from_ns: '', to_ns: '' };
  rate = 0;
  is_tail = false;
  private generation = 0;
  private fetching: { first: number; last: number; abort: AbortController } | null = null;
  private again = 0;
  private asked = new Map<number, { at: number; tries: number }>(); // chunks that gave nothing, by first number
  private failing_until = 0;
  private is_closed = false;

  constructor(
    host: HTMLElement,
    private owner: ViewOwner,
    column_ids: string[],
  ) {
    this.lines = new Lines(false);
    const parsed = columns_read(column_ids);
    const table_owner: TableOwner = {
      lines: () => this.lines,
      store: () => this.store,
      special_text: (key) => this.special_text(key),
      need: (missing, first_line, last_line) => this.need(missing, first_line, last_line),
      painted: owner.painted,
      followed: owner.followed,
      selected: owner.selected,
      opened: owner.opened,
      acted: (key) => this.act(key),
      menu: owner.menu,
      columns_changed: owner.columns_changed,
      rate: () => this.rate,
      is_pinned: owner.is_pinned,
      describe: 'Packets',
    };
    this.table = new PacketTable(host, table_owner, parsed.columns);
    this.table.set_columns(parsed.columns, parsed.widths);
  }

  close(): void {
    this.is_closed = true;
    this.fetching?.abort.abort();
    clearTimeout(this.again);
    this.table.close();
    this.store.clear();
  }

  get is_filtered(): boolean {
    return this.question.filter !== '' || this.question.device !== '' || this.question.from_ns !== '' || this.question.to_ns !== '' || is_scoped.peek();
  }

  set_columns(ids: string[]): void {
    const { columns, widths } = columns_read(ids);
    this.table.set_columns(columns, widths);
  }
  set_time_format(format: TimeFormat, reference: Instant | null): void {
    this.table.set_time_format(format, reference);
  }

  /* Begins anew with another question: numbers first … end-1 of the source. Rows at hand stay good: a packet is a packet. */
  open(question: Question, first: number, end: number): void {
    if (question.source !== this.question.source) this.store.clear();
    this.question = question;
    this.generation++;
    this.fetching?.abort.abort();
    this.fetching = null;
    this.asked.clear();
    this.failing_until = 0;
    this.lines = new Lines(this.is_filtered);
    this.lines.reset(first, end);
    this.table.changed(true);
  }

  /* The scope of the rows is gone (a link that ended): nothing of it stays in memory. */
  wipe(): void {
    this.store.clear();
    this.lines = new Lines(false);
    this.generation++;
    this.fetching?.abort.abort();
    this.fetching = null;
    this.table.refill();
  }

  /* A frame that came by itself. from: the first number that was looked at for it. */
  take(frame: RowFrame, from: number, is_tail: boolean): void {
    this.store.add(frame);
    if (this.lines.is_filtered) {
      const numbers = Array.from({ length: frame.n }, (_, i) => frame.number(i));
      this.lines.append(is_tail ? frame.first : from, frame.last, numbers, is_tail);
    } else this.lines.extend(frame.last + 1);
    this.table.changed();
  }

  add_gap(gap: Gap, before: number): void {
    this.lines.add_gap(gap, before);
    this.table.changed();
  }

  /* ---- what special lines say ---- */

  private special_text(key: number): SpecialText | null {
    const part = this.lines.special(key);
    if (part === null) return null;
    if (part.kind === 'edge') {
      const words = part.n === null ? 'packets not looked at yet' : `${count_text(part.n)} that match`;
      if (part.is_loading) return { kind: 'edge', text: `Looking from ${count_text(part.lo)} to ${count_text(part.hi)} …`, action: '' };
      return { kind: 'edge', text: `${count_text(part.lo)} – ${count_text(part.hi)}: ${words}`, action: 'Look' };
    }
    return { kind: part.gap.cause === 'viewer' ? 'viewer' : 'truth', text: gap_words(part.gap), action: part.gap.cause === 'viewer' ? 'Load' : '' };
  }

  private act(key: number): void {
    const part = this.lines.special(key);
    if (part === null) return;
    this.table.stand();
    if (part.kind === 'gap') this.lines.open_gap(part.id);
    else void this.load_edge(part, true);
    this.table.changed(true);
  }

  /* ---- asking for what is in view ---- */

  private need(missing: number[], first_line: number, last_line: number): void {
    if (this.is_closed || this.question.source === '') return;
    // While only the tail is sent and followed, what is not there now never stays long enough to be asked for.
    if (this.is_tail && this.table.is_following) return;
    if (performance.now() < this.failing_until) {
      this.look_again(this.failing_until - performance.now());
      return;
    }
    if (missing.length > 0) {
      this.need_rows(missing);
      return;
    }
    if (this.fetching !== null) return;
    const edges = this.lines.edges_between(first_line - 6, last_line + 6);
    if (edges.length > 0) {
      const { edge, line } = edges[edges.length - 1]!;
      // From the side one comes from: an edge above the middle is filled from its end.
      void this.load_edge(edge, line <= (first_line + last_line) / 2 || this.table.is_following);
    }
  }

  private look_again(wait_ms: number): void {
    if (this.again !== 0) return;
    this.again = window.setTimeout(() => {
      this.again = 0;
      this.table.changed(true);
    }, wait_ms + 5);
  }

  private need_rows(missing: number[]): void {
    const first = missing[0]!;
    const last = missing[missing.length - 1]!;
    const at = this.fetching;
    if (at !== null) {
      if (first <= at.last && last >= at.first) return; // it is under way
      at.abort.abort();
      this.fetching = null;
    }
    const now = performance.now();
    let from: number;
    if (this.lines.is_filtered || this.table.direction > 0) from = first;
    else from = Math.max(this.lines.first_number, last - chunk + 1);
    const before = this.asked.get(from);
    if (before && now < before.at + again_ms * 2 ** Math.min(before.tries, 5)) {
      this.look_again(again_ms);
      return;
    }
    if (before && before.tries > 6) return;
    const n = this.lines.is_filtered ? chunk : Math.min(chunk, Math.max(last - from + 1, 2 * missing.length));
    void this.fetch({ from, n }, from, from + n - 1).then((answer) => {
      if (answer === null) return;
      const has_first = missing.some((number) => this.store.find(number));
      if (has_first) this.asked.delete(from);
      else {
        // Not kept any more, or not on the disk yet.
        const tries = (this.asked.get(from)?.tries ?? 0) + 1;
        if (this.asked.size > 500) this.asked.clear();
        this.asked.set(from, { at: performance.now(), tries });
        if (answer.span.first > last && answer.gaps.every((gap) => gap.cause !== 'evicted'))
          this.lines.add_gap(
            { cause: 'evicted', first: this.lines.first_number, last: answer.span.first - 1, n: 0, from_ns: '', to_ns: '', words: 'no longer kept' },
            answer.span.first,
          );
      }
      this.table.changed(true);
    });
  }

  private params(more: Params): Params {
    const { filter, device, from_ns, to_ns } = this.question;
    return { filter, device, from_ns, to_ns, ...more };
  }

  /* One question at a time; null: it failed, or is not wanted any more. */
  private async fetch(more: Params, first: number, last: number): Promise<RowsAnswer | null> {
    const generation = this.generation;
    const abort = new AbortController();
    const mine = { first, last, abort };
    this.fetching = mine;
    try {
      const answer = await rows_get(this.question.source, this.params(more), abort.signal);
      if (generation !== this.generation) return null;
      this.take_answer(answer);
      return answer;
    } catch (fault) {
      if (fault instanceof ApiError && generation === this.generation) {
        this.failing_until = performance.now() + (fault.status === 0 || fault.status >= 500 ? 2_000 : 20_000);
        if (fault.status !== 0) this.owner.failed(fault.message);
        this.table.changed(true);
      }
      return null;
    } finally {
      if (this.fetching === mine) this.fetching = null;
    }
  }

  private take_answer(answer: RowsAnswer): void {
    if (answer.frame) this.store.add(answer.frame);
    for (const gap of answer.gaps) this.add_gap(gap, gap_place(gap, answer));
  }

  private async load_edge(edge: EdgePart, is_from_end: boolean): Promise<boolean> {
    if (edge.is_loading) return false;
    edge.is_loading = true;
    const { lo, hi } = edge;
    const answer = await this.fetch(is_from_end ? { before: hi + 1, n: chunk } : { from: lo, n: chunk }, lo, hi);
    edge.is_loading = false;
    if (answer === null) return false;
    this.fill_edge(edge, answer, is_from_end);
    this.table.changed(true);
    return true;
  }

  private fill_edge(edge: EdgePart, answer: RowsAnswer, is_from_end: boolean): void {
    const frame = answer.frame;
    const numbers = frame ? Array.from({ length: frame.n }, (_, i) => frame.number(i)) : [];
    // first and last: numbers looked at. What the source does not have beyond them does not exist.
    let lo = answer.first ?? edge.lo;
    let hi = answer.last ?? edge.hi;
    const is_all = answer.is_complete && numbers.length < chunk;
    if (is_from_end) {
      hi = edge.hi;
      if (is_all) lo = edge.lo;
    } else {
      lo = edge.lo;
      // Not beyond what the archive has by now: the newest may be on their way to it.
      if (is_all) hi = Math.min(edge.hi, Math.max(answer.span.end - 1, hi));
    }
    if (lo > hi || (is_from_end && lo > edge.hi)) return;
    this.lines.fill(edge, lo, hi, numbers);
  }

  /*
   * Brings a packet's surroundings into the lines, and it into view. Answers the packet shown: itself, the nearest that
   * matches, or 0 when there is none. px: where on the screen (null: upper middle).
   */
  async show(number: number, px: number | null = null): Promise<number> {
    const generation = this.generation;
    let edge = this.lines.is_filtered ? this.lines.edge_of(number) : null;
    if (edge !== null) {
      const after = await this.fetch({ from: number, n: 120 }, number, number);
      if (after === null || generation !== this.generation) return 0;
      edge = this.lines.edge_of(number);
      if (edge) {
        const numbers = after.frame ? Array.from({ length: after.frame.n }, (_, i) => after.frame!.number(i)) : [];
        const is_all = after.is_complete && numbers.length < 120;
        this.lines.fill(edge, number, is_all ? edge.hi : Math.max(number, after.last ?? number), numbers);
      }
      const rest = this.lines.edge_of(number - 1);
      if (rest) await this.load_edge(rest, true);
      if (generation !== this.generation) return 0;
    }
    if (this.lines.n === 0) return 0;
    const line = Math.min(this.lines.line_of(number), this.lines.n - 1);
    let shown = this.lines.key(line);
    if (shown < 0) {
      const up = this.lines.key(line - 1);
      shown = up > 0 ? up : Math.max(0, this.lines.key(line + 1));
    }
    if (px === null) this.table.show_line(line);
    else this.table.show_number_at(shown > 0 ? shown : number, px);
    return Math.max(0, shown);
  }

  /* The first packet at or after a time, in view. */
  async show_time(ns: string): Promise<number> {
    const answer = await this.fetch({ at_ns: ns, n: 1 }, 0, 0);
    const number = answer?.frame?.first ?? 0;
    return number === 0 ? 0 : this.show(number);
  }

  time_of(number: number): Instant | null {
    return this.store.find(number) ? { sec: this.store.frame!.sec(this.store.row), nsec: this.store.frame!.nsec(this.store.row) } : null;
  }
}

/* Where a gap stands that has no numbers: before the first row that is later. */
function gap_place(gap: Gap, answer: RowsAnswer): number {
  if (gap.first > 0 && gap.last < gap.first) return gap.first;
  const frame = answer.frame;
  if (frame && gap.from_ns !== '') {
    const at = instant_of_ns(gap.from_ns);
    for (let row = 0; row < frame.n; row++) {
      const later = since({ sec: frame.sec(row), nsec: frame.nsec(row) }, at);
      if (later.sec >= 0) return frame.number(row);
    }
  }
  return (answer.last ?? 0) + 1;
}

const causes: Record<string, string> = {
  kernel: 'lost by the kernel or the network card',
  queue: 'lost because the recorder was busy',
  disk: 'not kept: the disk was full or too slow',
  mirror: 'missing in the mirror',
  stopped: 'The recorder was stopped',
  evicted: 'no longer kept',
  viewer: 'not shown here: this viewer was slow',
  outside: 'outside of this link',
};

export function gap_words(gap: Gap): string {
  const n = gap.n > 0 ? gap.n : gap.first > 0 && gap.last >= gap.first && (gap.cause === 'evicted' || gap.cause === 'outside') ? gap.last - gap.first + 1 : 0;
  let words = gap.cause === 'stopped' ? causes['stopped']! : `${n > 0 ? count_text(n) : 'Some'} packet${n === 1 ? '' : 's'} ${causes[gap.cause] ?? gap.words}`;
  if (gap.from_ns !== '' && gap.to_ns !== '') {
    const from = instant_of_ns(gap.from_ns);
    const to = instant_of_ns(gap.to_ns);
    const [a, b] = [time_of_day(from.sec, 0, 0), time_of_day(to.sec, 0, 0)];
    words += a === b ? ` (${a})` : ` (${a} – ${b})`;
  }
  return gap.cause === 'viewer' ? `${words}. They are in the archive.` : words;
}

/* 'time:140' -> the column and its width. */
export function columns_read(ids: string[]): { columns: Column[]; widths: Map<string, number> } {
  const widths = new Map<string, number>();
  const names = ids.map((id) => {
    const [name, width] = id.split(':');
    const px = Number(width);
    if (Number.isFinite(px) && px >= 36 && px <= 600) widths.set(name!, px);
    return name!;
  });
  return { columns: columns_named(names), widths };
}
export function columns_write(columns: readonly Column[], widths: Map<string, number>): string[] {
  return columns.map((column) => (widths.has(column.id) ? `${column.id}:${widths.get(column.id)}` : column.id));
}
