// SPDX-License-Identifier: Apache-2.0
//
// day_strip - 'when was it here': a row a day, a cell an hour, darker where more packets went; or one row where all there
// is fits into a day or two. Said in words for those who do not see it.
import './day_strip.css';
import type { ApiStrip } from '../net/api_types';
import { count_text } from '../table/format';
import { date_words, us_of_ns } from './time_scale';

const DAY_US = 86_400_000_000;
const HOUR_US = 3_600_000_000;
const MOST_DAYS = 31; // the newest; older ones are counted in a line

export interface DayRow {
  day_us: number;
  cells: Float64Array; // 24, packets an hour
  total: number;
}

/* Hours of the days (UTC) that anything was seen in; days between without a packet are rows too, for absence is the news. */
export function day_rows(strip: ApiStrip): DayRow[] {
  const from = us_of_ns(strip.from_ns);
  const slot_us = Number(BigInt(strip.slot_ns) / 1000n);
  const rows = new Map<number, DayRow>();

  for (const [slot, n] of strip.present) {
    // A slot longer than an hour is spread over its hours: what is known is that it was here somewhere in them.
    const begin = from + slot * slot_us;
    const hours = Math.max(1, Math.round(slot_us / HOUR_US));
    for (let i = 0; i < hours; i++) {
      const us = begin + i * HOUR_US;
      const day = Math.floor(us / DAY_US) * DAY_US;
      let row = rows.get(day);
      if (!row) rows.set(day, (row = { day_us: day, cells: new Float64Array(24), total: 0 }));
      row.cells[Math.floor((us - day) / HOUR_US)]! += n / hours;
      row.total += n / hours;
    }
  }
  if (rows.size === 0) return [];
  const days = [...rows.keys()];
  const all: DayRow[] = [];
  for (let day = Math.max(...days); day >= Math.min(...days); day -= DAY_US) all.push(rows.get(day) ?? { day_us: day, cells: new Float64Array(24), total: 0 });
  return all;
}

/* 0 nothing, 1 to 4: by the logarithm, for a bulk transfer would make all else look like nothing. */
export function shade(n: number, most: number): number {
  if (n <= 0) return 0;
  if (most <= 1) return 4;
  return 1 + Math.min(3, Math.floor((Math.log(Math.max(1, n)) / Math.log(most)) * 3.999));
}

export function DayStrip({ strip, pick }: { strip: ApiStrip; pick: (from_us: number, to_us: number) => void }) {
  const rows = day_rows(strip);
  const shown = rows.slice(0, MOST_DAYS);
  const most = rows.reduce((high, row) => Math.max(high, ...row.cells), 0);

  if (rows.length === 0) return <p class="quiet-text">Nothing was seen of it in this range.</p>;
  return (
    <div class="day-strip">
      <div class="day-hours" aria-hidden="true">
        {[0, 3, 6, 9, 12, 15, 18, 21].map((hour) => <span key={hour}>{String(hour).padStart(2, '0')}</span>)}
      </div>
      <ol aria-label="Days it was seen, newest first; hours are UTC">
        {shown.map((row) => {
          const hours = [...row.cells.keys()].filter((hour) => row.cells[hour]! > 0);
          return (
            <li key={row.day_us}>
              <button
                type="button"
                class="day-name"
                onClick={() => pick(row.day_us, row.day_us + DAY_US)}
                aria-label={`${date_words(row.day_us)}: ${hours.length === 0 ? 'not seen' : `seen in ${hours.length} hours, from ${hours[0]} to ${hours.at(-1)! + 1} o'clock, about ${count_text(Math.round(row.total))} packets`}. Show them.`}
              >
                {date_words(row.day_us).replace(/ \d+$/, '')}
              </button>
              <span class="day-cells" aria-hidden="true">
                {[...row.cells].map((n, hour) => (
                  <i
                    key={hour}
                    class={`shade-${shade(n, most)}`}
                    title={`${date_words(row.day_us)} ${String(hour).padStart(2, '0')}:00–${String(hour + 1).padStart(2, '0')}:00, ${n === 0 ? 'not seen' : `about ${count_text(Math.round(n))} packets`}`}
                    onClick={() => n > 0 && pick(row.day_us + hour * HOUR_US, row.day_us + (hour + 1) * HOUR_US)}
                  />
                ))}
              </span>
              <span class="day-total" aria-hidden="true">{row.total === 0 ? 'silent' : count_text(Math.round(row.total))}</span>
            </li>
          );
        })}
      </ol>
      {rows.length > shown.length && <p class="quiet-text">{rows.length - shown.length} earlier days are not listed.</p>}
    </div>
  );
}

