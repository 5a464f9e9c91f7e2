// SPDX-License-Identifier: Apache-2.0
//
// ladder_layout - where each arrow of a session's ladder goes, and which brackets join what belongs together.
//
// Two ways to space the rungs. *Even*: one height each, and a band where nobody spoke for long. *True time*: the distance
// is the time between, but never less than a label needs nor more than a hand's breadth; where it was cut, the band says
// how long it truly was. (A plain linear axis was tried first: a session that sleeps an hour between two exchanges of
// 60 ms each shows two lines, an inch of ink and a yard of nothing.)
//
// Pure: takes packets, gives numbers. What is joined to what is the server's word (it knows tokens, message ids and
// flights); only what a join *means* for the drawing is decided here.

export interface LadderPacket {
  readonly number: number;
  readonly us: number; // since 1970
  readonly from: number; // lane it leaves
  readonly to: number;
  readonly protocol: string;
  readonly label: string;
  readonly length: number;
  readonly is_error: boolean;
  readonly is_warning: boolean;
  readonly answers: number | null; // packet number of the request
  readonly repeats: number | null; // packet number of what it sends once more
  readonly awaits_answer: boolean; // a request that nothing answered
  readonly notice: string; // what changed before it (an address): a line of its own; '' for nothing
}

export type Spacing = 'even' | 'time';

export interface Rung {
  readonly index: number; // in the packets
  readonly y: number; // of the arrow
  readonly band: Silence | null; // between the one before and this one
  readonly notice_y: number; // of the notice's line; meaningless without one
}

export interface Silence {
  readonly y: number; // top
  readonly height: number;
  readonly us: number;
}

export interface Join {
  readonly from: number; // indexes: request, answer
  readonly to: number;
  readonly y1: number;
  readonly y2: number;
  readonly column: number; // 0 is nearest to the ladder
  readonly us: number;
  readonly kind: 'answer' | 'repeat';
}

export interface Ladder {
  readonly rungs: readonly Rung[];
  readonly joins: readonly Join[];
  readonly height: number;
  readonly n_columns: number;
}

export const RUNG_PX = 28;
export const SILENCE_PX = 34; // the band's share of an even ladder
export const NOTICE_PX = 26;
const TOP_PX = 26;
const BOTTOM_PX = 26;
const LEAST_PX = 20; // in true time: a label's height
const MOST_PX = 132; // and where the axis is cut
const JOIN_COLUMNS = 6; // brackets side by side; further ones share the last

// What counts as silence here: much longer than this session's usual pause, and at least a second. A fleet's device that
// reports each 30 s is not silent each time, one that answers in 40 ms and then waits 20 s is.
export function silence_limit_us(packets: readonly LadderPacket[]): number {
  const pauses: number[] = [];

  for (let i = 1; i < packets.length; i++) pauses.push(packets[i]!.us - packets[i - 1]!.us);
  if (pauses.length === 0) return 1_000_000;
  pauses.sort((a, b) => a - b);
  return Math.max(1_000_000, 8 * pauses[pauses.length >> 1]!);
}

// Pixels a microsecond at which the usual pause is the height of a rung.
function time_rate(packets: readonly LadderPacket[]): number {
  const pauses: number[] = [];

  for (let i = 1; i < packets.length; i++) if (packets[i]!.us > packets[i - 1]!.us) pauses.push(packets[i]!.us - packets[i - 1]!.us);
  if (pauses.length === 0) return 0;
  pauses.sort((a, b) => a - b);
  return RUNG_PX / pauses[pauses.length >> 1]!;
}

export function ladder_layout(packets: readonly LadderPacket[], spacing: Spacing): Ladder {
  const limit_us = silence_limit_us(packets);
  const rate = time_rate(packets);
  const rungs: Rung[] = [];
  let y = TOP_PX;

  for (let i = 0; i < packets.length; i++) {
    const pause_us = i === 0 ? 0 : packets[i]!.us - packets[i - 1]!.us;
    let band: Silence | null = null;

    if (i > 0 && spacing === 'even') {
      if (pause_us >= limit_us) {
        band = { y: y + RUNG_PX / 2 - 3, height: SILENCE_PX - 8, us: pause_us };
        y += SILENCE_PX;
      }
      y += RUNG_PX;
    } else if (i > 0) {
      const true_px = pause_us * rate;
      const px = Math.min(MOST_PX, Math.max(LEAST_PX, true_px));

      if (true_px > MOST_PX) band = { y: y + (px - (SILENCE_PX - 8)) / 2, height: SILENCE_PX - 8, us: pause_us };
      y += px;
    }
    // The line of the notice stands right above its arrow, below the silence.
    const notice_y = y - RUNG_PX / 2;
    if (packets[i]!.notice !== '') y += NOTICE_PX;
    rungs.push({ index: i, y, band, notice_y });
  }
  const joins = joins_of(packets, rungs);

  return {
    rungs,
    joins,
    height: y + BOTTOM_PX,
    n_columns: joins.reduce((most, join) => Math.max(most, join.column + 1), 0),
  };
}

// Brackets, the short ones nearest to the ladder: one that holds others lies outside of them.
function joins_of(packets: readonly LadderPacket[], rungs: readonly Rung[]): Join[] {
  const at = new Map(packets.map((packet, index) => [packet.number, index] as const));
  const found: Omit<Join, 'column'>[] = [];

  for (const [to, packet] of packets.entries()) {
    const add = (other: number | null, kind: Join['kind']) => {
      const from = other === null ? undefined : at.get(other);
      if (from === undefined || from === to) return;
      const [first, last] = from < to ? [from, to] : [to, from];
      found.push({ from: first, to: last, y1: rungs[first]!.y, y2: rungs[last]!.y, us: packets[last]!.us - packets[first]!.us, kind });
    };
    add(packet.answers, 'answer');
    if (packet.answers === null) add(packet.repeats, 'repeat');
  }
  found.sort((a, b) => a.y2 - a.y1 - (b.y2 - b.y1) || a.y1 - b.y1);
  const columns: { y1: number; y2: number }[][] = [];

  return found.map((join) => {
    let column = 0;
    while (column < JOIN_COLUMNS - 1 && columns[column]?.some((other) => other.y1 < join.y2 && join.y1 < other.y2)) column++;
    (columns[column] ??= []).push(join);
    return { ...join, column };
  });
}

// The rungs between two heights, and one more on each side: what must be drawn.
export function rungs_between(ladder: Ladder, top: number, bottom: number): { first: number; end: number } {
  return { first: Math.max(0, rung_at(ladder, top) - 1), end: Math.min(ladder.rungs.length, rung_at(ladder, bottom) + 2) };
}

// The last rung at or above that height; 0 when there is none.
export function rung_at(ladder: Ladder, y: number): number {
  let low = 0;
  let high = ladder.rungs.length;

  while (low < high) {
    const middle = (low + high) >> 1;
    if (ladder.rungs[middle]!.y <= y) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}

export function joins_between(ladder: Ladder, top: number, bottom: number): Join[] {
  return ladder.joins.filter((join) => join.y2 >= top && join.y1 <= bottom);
}

// What the ladder tells, counted: for the headline, and for people who do not see it.
export function ladder_summary(packets: readonly LadderPacket[], ladder: Ladder): {
  n_answered: number;
  n_unanswered: number;
  n_repeated: number;
  n_errors: number;
  median_us: number | null;
  longest_silence_us: number;
} {
  const delays = ladder.joins.filter((join) => join.kind === 'answer').map((join) => join.us).sort((a, b) => a - b);

  return {
    n_answered: delays.length,
    n_unanswered: packets.filter((packet) => packet.awaits_answer).length,
    n_repeated: packets.filter((packet) => packet.repeats !== null).length,
    n_errors: packets.filter((packet) => packet.is_error).length,
    median_us: delays.length === 0 ? null : delays[delays.length >> 1]!,
    longest_silence_us: packets.reduce((most, packet, i) => (i === 0 ? 0 : Math.max(most, packet.us - packets[i - 1]!.us)), 0),
  };
}
