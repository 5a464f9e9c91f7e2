// SPDX-License-Identifier: Apache-2.0
//
// day_strip - 'when was it here': a row a day, a cell an hour (or as long as the server's slots are), darker where more
// packets went; days of silence that follow each other are one row. Said in words for those who do not see it.
import './day_strip.css';
import type { ApiStrip } from '../net/api_types';
import { count_text } from '../table/format';
import { date_words, us_of_ns } from './time_scale';

const DAY_US = 86_400_000_000;
const HOUR_US = 3_600_000_000;
const MOST_ROWS = 31; // the newest; earlier ones are counted in a line
const SILENCE_DAYS = 3; // fewer have a row each

export interface DayRow {
  day_us: number;
  cells: Float64Array; // packets of each part of the day: 24 of an hour, or fewer where slots are longer
  total: number;
}

export interface SilenceRow {
  from_us: number; // the first day of it, and the last
  to_us: number;
}

/* The days (UTC) that anything was seen in, newest first, and the silence between them, for absence is the news. */
export function day_rows(strip: ApiStrip): (DayRow | SilenceRow)[] {
  const from = us_of_ns(strip.from_ns);
  const slot_us = Number(BigInt(strip.slot_ns) / 1000n);
  const n_cells = Math.max(1, Math.round(DAY_US / Math.max(slot_us, HOUR_US)));
  const days = new Map<number, DayRow>();
  const day_of = (us: number) => Math.floor(us / DAY_US) * DAY_US;

  for (const [slot, n] of strip.present) {
    // A slot longer than a day is spread over its days: what is known is that it was here somewhere in them.
    const n_days = Math.max(1, Math.round(slot_us / DAY_US));
    for (let i = 0; i < n_days; i++) {
      const us = from + slot * slot_us + i * DAY_US;
      const day_us = day_of(us);
      let row = days.get(day_us);
      if (!row) days.set(day_us, (row = { day_us, cells: new Float64Array(n_cells), total: 0 }));
      row.cells[Math.floor(((us - day_us) / DAY_US) * n_cells)]! += n / n_days;
      row.total += n / n_days;
    }
  }
  const rows: (DayRow | SilenceRow)[] = [];
  let later = 0;
  for (const day of [...days.values()].sort((a, b) => b.day_us - a.day_us)) {
    const n_silent = later === 0 ? 0 : (later - day.day_us) / DAY_US - 1;
    if (n_silent >= SILENCE_DAYS) rows.push({ from_us: day.day_us + DAY_US, to_us: later - DAY_US });
    else for (let i = 1; i <= n_silent; i++) rows.push({ day_us: later - i * DAY_US, cells: new Float64Array(n_cells), total: 0 });
    rows.push(day);
    later = day.day_us;
  }
  return rows;
}

/* 0 nothing, 1 to 4: by the logarithm, for a bulk transfer would make all else look like nothing. */
export function shade(n: number, most: number): number {
  if (n <= 0) return 0;
  if (most <= 1) return 4;
  return 1 + Math.min(3, Math.floor((Math.log(Math.max(1, n)) / Math.log(most)) * 3.999));
}

type Pick = (from_us: number, to_us: number) => void;

const without_year = (words: string) => words.replace(/ \d{4}$/, '');

function hour_words(cell: number, n_cells: number): string {
  const hour = (at: number) => `${String(Math.round((at * 24) / n_cells)).padStart(2, '0')}:00`;
  return `${hour(cell)}–${hour(cell + 1)}`;
}

function Day({ row, most, has_year, pick }: { row: DayRow; most: number; has_year: boolean; pick: Pick }) {
  const n_cells = row.cells.length;
  const cell_us = DAY_US / n_cells;
  const date = date_words(row.day_us);
  const seen = [...row.cells.keys()].filter((cell) => row.cells[cell]! > 0);
  const when = seen.length === 0 ? 'not seen' : `seen ${n_cells === 1 ? 'that day' : `between ${hour_words(seen[0]!, n_cells).slice(0, 5)} and ${hour_words(seen.at(-1)!, n_cells).slice(6)}`}, about ${count_text(Math.round(row.total))} packets`;

  return (
    <li>
      <button type="button" class="day-name" onClick={() => pick(row.day_us, row.day_us + DAY_US)} aria-label={`${date}: ${when}. Show them.`}>
        {has_year ? date : without_year(date)}
      </button>
      <span class="day-cells" style={{ gridTemplateColumns: `repeat(${n_cells}, 1fr)` }} aria-hidden="true">
        {[...row.cells].map((n, cell) => (
          <i
            key={cell}
            class={`shade-${shade(n, most)}`}
            title={`${date} ${hour_words(cell, n_cells)}, ${n === 0 ? 'not seen' : `about ${count_text(Math.round(n))} packets`}`}
            onClick={() => n > 0 && pick(row.day_us + cell * cell_us, row.day_us + (cell + 1) * cell_us)}
          />
        ))}
      </span>
      <span class="day-total" aria-hidden="true">{row.total === 0 ? 'silent' : count_text(Math.round(row.total))}</span>
    </li>
  );
}

function Silence({ row }: { row: SilenceRow }) {
  return (
    <li class="day-silence">
      silent for {count_text(Math.round((row.to_us - row.from_us) / DAY_US) + 1)} days, {date_words(row.from_us)} to {date_words(row.to_us)}
    </li>
  );
}

export function DayStrip({ strip, pick }: { strip: ApiStrip; pick: Pick }) {
  const rows = day_rows(strip);
  const shown = rows.slice(0, MOST_ROWS);
  const days = rows.filter((row): row is DayRow => 'cells' in row);
  const most = days.reduce((high, row) => Math.max(high, ...row.cells), 0);
  const n_left = days.length - shown.filter((row) => 'cells' in row).length;
  const has_year = days.length > 0 && date_words(days[0]!.day_us).slice(-4) !== date_words(days.at(-1)!.day_us).slice(-4);

  if (rows.length === 0) return <p class="quiet-text">Nothing was seen of it in this range.</p>;
  return (
    <div class={has_year ? 'day-strip has-year' : 'day-strip'}>
      <div class="day-hours" aria-hidden="true">
        {[0, 3, 6, 9, 12, 15, 18, 21].map((hour) => <span key={hour}>{String(hour).padStart(2, '0')}</span>)}
      </div>
      <ol aria-label="Days it was seen, newest first; hours are UTC">
        {shown.map((row) => ('cells' in row ? <Day key={row.day_us} row={row} most={most} has_year={has_year} pick={pick} /> : <Silence key={row.from_us} row={row} />))}
      </ol>
      {n_left > 0 && <p class="quiet-text">{n_left === 1 ? 'One earlier day is not listed.' : `${count_text(n_left)} earlier days are not listed.`}</p>}
    </div>
  );
}
