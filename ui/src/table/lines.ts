// SPDX-License-Identifier: Apache-2.0
//
// Which packet stands on which line, however many there are. Lines are kept as parts, one behind the other:
//
//   span   numbers first … end-1, all of them (no filter: every number is a line, its row loaded or not)
//   list   the numbers that match a filter, between lo and hi looked at without a hole
//   gap    one line that says what is not there and why (R6)
//   edge   one line for numbers lo … hi that were not looked at yet; shown, it is loaded from the side one comes from
//
// A line's key is its packet's number, or minus the part's id for gap and edge: what a table remembers to stand still by,
// whatever is put in before it. Nothing here knows of rows, pixels or the server.

export interface Gap {
  cause: string; // as in docs/live-protocol.md
  first: number; // 0: not known
  last: number;
  n: number; // packets; 0: not known
  from_ns: string;
  to_ns: string;
  words: string;
}

interface Span {
  kind: 'span';
  first: number;
  end: number;
}
interface List {
  kind: 'list';
  lo: number;
  hi: number;
  numbers: NumberList;
  is_tail: boolean; // came while only the tail was sent
}
export interface GapPart {
  kind: 'gap';
  id: number;
  gap: Gap;
}
export interface EdgePart {
  kind: 'edge';
  id: number;
  lo: number;
  hi: number;
  n: number | null; // how many lines it holds, if known
  is_loading: boolean;
}
type Part = Span | List | GapPart | EdgePart;

/* Ascending numbers, with room at both ends. */
export class NumberList {
  private room = new Float64Array(64);
  private from = 32;
  private to = 32;

  get n(): number {
    return this.to - this.from;
  }
  at(i: number): number {
    return this.room[this.from + i]!;
  }
  private make_room(before: number, after: number): void {
    if (this.from >= before && this.room.length - this.to >= after) return;
    const n = this.n;
    const more = new Float64Array(2 * (n + before + after) + 64);
    const from = before + Math.floor((more.length - before - after - n) / 2);
    more.set(this.room.subarray(this.from, this.to), from);
    this.room = more;
    this.from = from;
    this.to = from + n;
  }
  push(number: number): void {
    this.make_room(0, 1);
    this.room[this.to++] = number;
  }
  prepend(numbers: ArrayLike<number>): void {
    this.make_room(numbers.length, 0);
    this.from -= numbers.length;
    this.room.set(numbers, this.from);
  }
  append(numbers: ArrayLike<number>): void {
    this.make_room(0, numbers.length);
    this.room.set(numbers, this.to);
    this.to += numbers.length;
  }
  drop_first(n: number): void {
    this.from += Math.min(n, this.n);
  }
  /* How many are below that number. */
  below(number: number): number {
    let from = this.from;
    let to = this.to;
    while (from < to) {
      const middle = (from + to) >> 1;
      if (this.room[middle]! < number) from = middle + 1;
      else to = middle;
    }
    return from - this.from;
  }
  view(): Float64Array {
    return this.room.subarray(this.from, this.to);
  }
}

const truths = new Set(['kernel', 'queue', 'disk', 'mirror', 'stopped']);

export class Lines {
  private parts: Part[] = [];
  private starts: number[] = []; // line each part begins at
  private n_lines = 0;
  private is_stale = false;
  private n_ids = 0;
  private known_end = 0;
  readonly tail_lists_limit = 4;
  readonly list_limit = 500_000; // numbers of one list: beyond it the oldest become an edge again

  constructor(readonly is_filtered: boolean) {}

  private freshen(): void {
    if (!this.is_stale) return;
    this.starts.length = 0;
    let line = 0;
    for (const part of this.parts) {
      this.starts.push(line);
      line += part.kind === 'span' ? part.end - part.first : part.kind === 'list' ? part.numbers.n : 1;
    }
    this.n_lines = line;
    this.is_stale = false;
  }
  get n(): number {
    this.freshen();
    return this.n_lines;
  }

  private part_index(line: number): number {
    this.freshen();
    let from = 0;
    let to = this.starts.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      if (this.starts[middle]! <= line) from = middle + 1;
      else to = middle;
    }
    // An empty part has no line: the one that begins there and is not empty is the last of them.
    return from - 1;
  }

  /* The key of a line, 0 beyond the end: a packet's number, or minus the id of a gap or edge. */
  key(line: number): number {
    if (line < 0 || line >= this.n) return 0;
    const i = this.part_index(line);
    const part = this.parts[i]!;
    if (part.kind === 'span') return part.first + line - this.starts[i]!;
    if (part.kind === 'list') return part.numbers.at(line - this.starts[i]!);
    return -part.id;
  }

  special(key: number): GapPart | EdgePart | null {
    for (const part of this.parts) if ((part.kind === 'gap' || part.kind === 'edge') && part.id === -key) return part;
    return null;
  }

  /* The line of a key; of a number that has none, the line of the next one that has (n at the end). */
  line_of(key: number): number {
    this.freshen();
    let standing_for = -1; // the gap that stands for that number, unless it has a line after all
    for (let i = 0; i < this.parts.length; i++) {
      const part = this.parts[i]!;
      const start = this.starts[i]!;
      if (part.kind === 'gap' || part.kind === 'edge') {
        if (key === -part.id) return start;
        const [lo, hi] = part.kind === 'edge' ? [part.lo, part.hi] : truths.has(part.gap.cause) ? [0, -1] : [part.gap.first, part.gap.last];
        if (standing_for < 0 && lo > 0 && key >= lo && key <= hi) standing_for = start;
      } else if (key > 0) {
        const lo = part.kind === 'span' ? part.first : part.lo;
        const n = part.kind === 'span' ? part.end - part.first : part.numbers.n;
        const offset = part.kind === 'span' ? Math.max(0, key - lo) : part.numbers.below(key);
        if (key < lo && standing_for >= 0) return standing_for;
        if (offset < n) return start + offset;
      }
    }
    return standing_for >= 0 ? standing_for : this.n_lines;
  }

  /* True when that packet has a line of its own. */
  has(number: number): boolean {
    const line = this.line_of(number);
    return line < this.n && this.key(line) === number;
  }

  /* Least and greatest packet number that has a line; 0: none. */
  get first_number(): number {
    for (const part of this.parts) {
      if (part.kind === 'span' && part.end > part.first) return part.first;
      if (part.kind === 'list' && part.numbers.n > 0) return part.numbers.at(0);
    }
    return 0;
  }
  get last_number(): number {
    for (let i = this.parts.length - 1; i >= 0; i--) {
      const part = this.parts[i]!;
      if (part.kind === 'span' && part.end > part.first) return part.end - 1;
      if (part.kind === 'list' && part.numbers.n > 0) return part.numbers.at(part.numbers.n - 1);
    }
    return 0;
  }
  /* One behind the last number that the lines speak of, be it as an edge or a gap. */
  get end(): number {
    return this.known_end;
  }

  /* Begins anew: numbers first … end-1, all as lines, or (filtered) all still to be looked at. */
  reset(first: number, end: number): void {
    this.parts = [];
    this.known_end = end;
    if (!this.is_filtered) this.parts.push({ kind: 'span', first, end });
    else if (end > first) this.parts.push(this.edge(first, end - 1, null));
    this.is_stale = true;
  }

  private edge(lo: number, hi: number, n: number | null): EdgePart {
    return { kind: 'edge', id: ++this.n_ids, lo, hi, n, is_loading: false };
  }

  /* ---- no filter ---- */

  /* All numbers below end exist now. */
  extend(end: number): void {
    const last = this.parts[this.parts.length - 1];
    const from = this.end;
    if (end <= from) return;
    this.known_end = end;
    if (last?.kind === 'span') {
      last.end = end;
      if (!this.is_stale) this.n_lines += end - from;
    } else {
      this.parts.push({ kind: 'span', first: from, end });
      this.is_stale = true;
    }
  }

  /* Numbers from `first` on exist, as one hears later: lines, or (filtered) an edge, before all others. */
  extend_back(first: number): void {
    const part = this.parts[0];
    if (this.known_end === 0 || first <= 0) return;
    const lo = part === undefined ? this.known_end : part.kind === 'span' ? part.first : part.kind === 'gap' ? 0 : part.lo;
    if (first >= lo) return;
    if (part?.kind === 'span') part.first = first;
    else if (part?.kind === 'edge') part.lo = first;
    else this.parts.unshift(this.is_filtered ? this.edge(first, lo - 1, null) : { kind: 'span', first, end: lo });
    this.is_stale = true;
  }

  /* ---- a filter ---- */

  /* Rows that came by themselves: numbers match, all from lo to hi was looked at. A hole before lo becomes an edge. */
  append(lo: number, hi: number, numbers: ArrayLike<number>, is_tail = false): void {
    const from = this.end;
    if (hi < from) return;
    this.known_end = hi + 1;
    let skip = 0;
    while (skip < numbers.length && numbers[skip]! < from) skip++;
    const fresh = skip === 0 ? numbers : Array.prototype.slice.call(numbers, skip);
    const last = this.parts[this.parts.length - 1];
    if (last?.kind === 'list' && lo <= last.hi + 1) {
      last.hi = hi;
      last.numbers.append(fresh);
      if (!this.is_stale) this.n_lines += fresh.length;
      if (last.numbers.n > this.list_limit) this.forget_first(last, last.numbers.n - this.list_limit);
      return;
    }
    if (from > 0 && lo > from) this.parts.push(this.edge(from, lo - 1, null));
    const list: List = { kind: 'list', lo: Math.max(lo, from), hi, numbers: new NumberList(), is_tail };
    list.numbers.append(fresh);
    this.parts.push(list);
    this.is_stale = true;
    if (is_tail) this.fold_tails();
  }

  /* The oldest lines of a list become an edge again (they are loaded when somebody scrolls there). */
  private forget_first(list: List, n: number): void {
    const i = this.parts.indexOf(list);
    const lo = list.lo;
    list.numbers.drop_first(n);
    list.lo = list.numbers.at(0);
    const before = this.parts[i - 1];
    if (before?.kind === 'edge') {
      before.hi = list.lo - 1;
      before.n = null;
    } else this.parts.splice(i, 0, this.edge(lo, list.lo - 1, n));
    this.is_stale = true;
  }

  /* In tail mode each frame leaves a hole before itself: only the newest few stay apart. */
  private fold_tails(): void {
    let n_tails = 0;
    for (let i = this.parts.length - 1; i > 0; i--) {
      const part = this.parts[i]!;
      if (part.kind !== 'list' || !part.is_tail || ++n_tails <= this.tail_lists_limit) continue;
      const before = this.parts[i - 1]!;
      const after = this.parts[i + 1]!;
      if (before.kind === 'edge' && after.kind === 'edge') {
        after.lo = before.lo;
        after.n = null;
        this.parts.splice(i - 1, 2);
        this.is_stale = true;
        i--;
      }
    }
  }

  /*
   * What was asked for within an edge: numbers match, lo … hi was looked at. side: from which end of the edge. The rest of
   * the edge stays. Returns false when that edge is not there any more.
   */
  fill(edge: EdgePart, lo: number, hi: number, numbers: ArrayLike<number>): boolean {
    const i = this.parts.indexOf(edge);
    if (i < 0) return false;
    edge.is_loading = false;
    lo = Math.max(lo, edge.lo);
    hi = Math.min(hi, edge.hi);
    if (lo > hi) return true;
    const inside: number[] = [];
    for (let k = 0; k < numbers.length; k++) if (numbers[k]! >= lo && numbers[k]! <= hi) inside.push(numbers[k]!);
    const list: List = { kind: 'list', lo, hi, numbers: new NumberList(), is_tail: false };
    list.numbers.append(inside);
    const instead: Part[] = [];
    if (lo > edge.lo) instead.push(hi < edge.hi ? this.edge(edge.lo, lo - 1, null) : Object.assign(edge, { hi: lo - 1, n: null }));
    instead.push(list);
    if (hi < edge.hi && !(lo > edge.lo && instead[0] === edge)) instead.push(Object.assign(edge, { lo: hi + 1, n: null }));
    this.parts.splice(i, 1, ...instead);
    this.join_lists();
    this.is_stale = true;
    return true;
  }

  private join_lists(): void {
    for (let i = this.parts.length - 1; i > 0; i--) {
      const part = this.parts[i]!;
      const before = this.parts[i - 1]!;
      if (part.kind === 'list' && before.kind === 'list' && before.hi + 1 >= part.lo) {
        // The shorter one moves.
        if (before.numbers.n <= part.numbers.n) {
          part.numbers.prepend(before.numbers.view().slice());
          part.lo = before.lo;
          this.parts.splice(i - 1, 1);
        } else {
          before.numbers.append(part.numbers.view());
          before.hi = part.hi;
          this.parts.splice(i, 1);
        }
      } else if (part.kind === 'span' && before.kind === 'span' && before.end === part.first) {
        before.end = part.end;
        this.parts.splice(i, 1);
      }
    }
  }

  /* Edges whose line is between from and to (both included). */
  edges_between(from: number, to: number): { edge: EdgePart; line: number }[] {
    this.freshen();
    const found: { edge: EdgePart; line: number }[] = [];
    this.parts.forEach((part, i) => {
      const line = this.starts[i]!;
      if (part.kind === 'edge' && line >= from && line <= to) found.push({ edge: part, line });
    });
    return found;
  }
  edge_of(number: number): EdgePart | null {
    for (const part of this.parts) if (part.kind === 'edge' && number >= part.lo && number <= part.hi) return part;
    return null;
  }

  /* ---- gaps ---- */

  private is_known(gap: Gap): boolean {
    return this.parts.some(
      (part) =>
        part.kind === 'gap' &&
        part.gap.cause === gap.cause &&
        ((gap.first > 0 && part.gap.first === gap.first) || (gap.from_ns !== '' && part.gap.from_ns === gap.from_ns)),
    );
  }

  /*
   * Tells a gap once. Packets that were never numbered (kernel, mirror …) get a line before the packet `before`; numbers
   * that are not to be had, or not shown here, are taken out of the lines, and one line stands for them.
   */
  add_gap(gap: Gap, before: number): void {
    if (this.is_known(gap)) return;
    const has_numbers = gap.first > 0 && gap.last >= gap.first && !truths.has(gap.cause);
    const line: GapPart = { kind: 'gap', id: ++this.n_ids, gap };
    if (has_numbers) {
      // What lies between the end so far and the gap exists too.
      if (gap.first > this.known_end && !this.is_filtered) this.extend(gap.first);
      else if (gap.first > this.known_end && this.known_end > 0) this.parts.push(this.edge(this.known_end, gap.first - 1, null));
      this.is_stale = true;
      this.cut(gap.first, gap.last, line);
      this.known_end = Math.max(this.known_end, gap.last + 1);
    } else this.cut(before, before - 1, line);
    this.is_stale = true;
  }

  /* Puts `line` in place of numbers first … last (none when last < first). */
  private cut(first: number, last: number, line: GapPart): void {
    const out: Part[] = [];
    let is_put = false;
    const put = () => {
      if (!is_put) out.push(line);
      is_put = true;
    };
    for (const part of this.parts) {
      if (part.kind === 'gap') {
        out.push(part);
        continue;
      }
      const lo = part.kind === 'span' ? part.first : part.lo;
      const hi = part.kind === 'span' ? part.end - 1 : part.hi;
      if (hi < first) {
        out.push(part);
        continue;
      }
      if (lo > last && lo >= first) {
        put();
        out.push(part);
        continue;
      }
      const above = Math.max(first, lo); // what stays before the line: lo … above-1
      const below = Math.max(last + 1, lo); // what stays behind it: below … hi
      if (part.kind === 'span') {
        if (above > lo) out.push({ kind: 'span', first: lo, end: above });
        put();
        if (below <= hi) out.push({ kind: 'span', first: below, end: hi + 1 });
      } else if (part.kind === 'edge') {
        if (above > lo) out.push(this.edge(lo, above - 1, null));
        put();
        if (below <= hi) out.push(this.edge(below, hi, null));
      } else {
        const numbers = part.numbers.view();
        const head = { ...part, hi: above - 1, numbers: new NumberList() };
        const tail = { ...part, lo: below, numbers: new NumberList() };
        head.numbers.append(numbers.subarray(0, part.numbers.below(above)));
        tail.numbers.append(numbers.subarray(part.numbers.below(below)));
        if (above > lo) out.push(head);
        put();
        if (below <= hi) out.push(tail);
      }
    }
    put();
    this.parts = out;
  }

  /* [Load]: the numbers that a gap stands for become lines, or an edge, again. */
  open_gap(id: number): void {
    const i = this.parts.findIndex((part) => part.kind === 'gap' && part.id === id);
    if (i < 0) return;
    const { gap } = this.parts[i] as GapPart;
    if (gap.first === 0 || gap.last < gap.first) return;
    // Where gaps overlap, a number that has its line already keeps that one.
    let lo = gap.first;
    let hi = gap.last;
    this.parts.forEach((part, k) => {
      if (part.kind === 'gap') return;
      if (k < i) lo = Math.max(lo, (part.kind === 'span' ? part.end - 1 : part.hi) + 1);
      else hi = Math.min(hi, (part.kind === 'span' ? part.first : part.lo) - 1);
    });
    if (lo > hi) this.parts.splice(i, 1);
    else this.parts.splice(i, 1, this.is_filtered ? this.edge(lo, hi, gap.n || null) : { kind: 'span', first: lo, end: hi + 1 });
    this.join_lists();
    this.is_stale = true;
  }

  /* Next gap's line after (or, back, before) a line; -1: none. */
  next_gap(line: number, is_back = false): number {
    this.freshen();
    let best = -1;
    this.parts.forEach((part, i) => {
      if (part.kind !== 'gap') return;
      const at = this.starts[i]!;
      if (is_back ? at < line : at > line && best < 0) best = at;
    });
    return best;
  }

  /* For tests and the eye: '1-99 gap(kernel) 100-200 edge(…) {5,7,9}'. */
  toString(): string {
    return this.parts
      .map((part) => {
        if (part.kind === 'span') return `${part.first}-${part.end - 1}`;
        if (part.kind === 'gap') return `gap(${part.gap.cause})`;
        if (part.kind === 'edge') return `edge(${part.lo}-${part.hi})`;
        return `{${[...part.numbers.view()].join(',')}}`;
      })
      .join(' ');
  }
}
