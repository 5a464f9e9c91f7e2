// SPDX-License-Identifier: Apache-2.0
//
// Read as list: the packets of a table as pages of 50 in a real <table>, for those who listen or read with a magnifier. It
// stands still by nature: a page is asked for by number, and changes only when one asks for another. `as=list` in the address.
import './row_list.css';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, rows_get, type RowsAnswer } from '../net/api';
import { mark } from '../net/frame';
import { announce } from '../shell/notes';
import { columns, type CellContext } from '../table/columns';
import { count_text } from '../table/format';
import type { Question } from '../table/packet_view';
import type { TimeFormat } from '../table/time_format';

const PAGE = 50;

type Wish = { from: number } | { before: number };

interface Page {
  rows: { number: number; cells: string[]; severity: string }[];
  first: number; // numbers looked at
  last: number;
  span: { first: number; end: number };
}

function page_of(answer: RowsAnswer, format: TimeFormat): Page {
  const { frame } = answer;
  const context: CellContext = { time_format: format === 'utc' || format === 'date' ? format : 'time', base_of: () => null };
  const rows = frame === null ? [] : Array.from({ length: frame.n }, (_, row) => {
    const bits = frame.marks(row);
    const severity = bits & mark.error ? '✗ error' : bits & mark.warning ? '⚠ warning' : '';
    return { number: frame.number(row), cells: columns.map((column) => column.text(frame, row, context)), severity };
  });

  return { rows, first: answer.first ?? rows[0]?.number ?? 0, last: answer.last ?? rows.at(-1)?.number ?? 0, span: answer.span };
}

export function RowList({ question, start, format, open, close }: { question: Question; start: number; format: TimeFormat; open: (number: number) => void; close: () => void }) {
  const [wish, set_wish] = useState<Wish>(start > 0 ? { from: start } : { before: Number.MAX_SAFE_INTEGER });
  const [page, set_page] = useState<Page | null>(null);
  const [fault, set_fault] = useState('');
  const scroller = useRef<HTMLDivElement>(null);
  const { source, filter, device, from_ns, to_ns } = question;

  useEffect(() => {
    const abort = new AbortController();
    rows_get(source, { filter, device, from_ns, to_ns, n: PAGE, ...wish }, abort.signal).then(
      (answer) => {
        const now = page_of(answer, format);
        set_page(now);
        set_fault('');
        scroller.current?.scrollTo(0, 0);
        announce(now.rows.length === 0 ? 'No packets here' : `${now.rows.length} packets, ${now.rows[0]!.number} to ${now.rows.at(-1)!.number}`);
      },
      (failed: unknown) => {
        if (failed instanceof ApiError) set_fault(failed.message);
      },
    );
    return () => abort.abort();
  }, [source, filter, device, from_ns, to_ns, wish, format]);
  useEffect(() => scroller.current?.focus(), []);

  const has_before = page !== null && page.first > page.span.first;
  const has_after = page !== null && page.last + 1 < page.span.end;
  return (
    <section class="row-list" aria-label="Packets as a list" aria-busy={page === null && fault === ''}>
      <header>
        <button class="button" disabled={!has_before} onClick={() => set_wish({ from: page!.span.first })}>First</button>
        <button class="button" disabled={!has_before} onClick={() => set_wish({ before: page!.first })}>← {PAGE} before</button>
        <button class="button" disabled={!has_after} onClick={() => set_wish({ from: page!.last + 1 })}>{PAGE} after →</button>
        <button class="button" onClick={() => set_wish({ before: Number.MAX_SAFE_INTEGER })}>Newest</button>
        <button class="button primary" onClick={close}>Back to the table</button>
      </header>
      {fault !== '' && <p class="bad" role="alert">✗ {fault}</p>}
      <div class="row-list-scroll" ref={scroller} tabIndex={0} role="region" aria-label="The page">
        <table>
          <caption>
            {page === null ? 'Asking …' : page.rows.length === 0 ? 'No packets here' : `Packets ${count_text(page.rows[0]!.number)} – ${count_text(page.rows.at(-1)!.number)}`}
            {filter !== '' && <>, those that match <code class="stranger">{filter}</code></>}
            {device !== '' && <>, of <span class="stranger">{device}</span></>}
          </caption>
          <thead>
            <tr>
              {columns.map((column) => <th key={column.id} scope="col" class={column.is_right ? 'right' : ''}>{column.title}</th>)}
            </tr>
          </thead>
          <tbody>
            {page?.rows.map((row) => (
              <tr key={row.number} class={row.severity === '' ? '' : row.severity.includes('error') ? 'bad' : 'warn'}>
                {row.cells.map((text, i) => {
                  const { id, is_right } = columns[i]!;
                  if (id === 'no') return <th key={id} scope="row" class="right"><button type="button" title="Open it in the table" onClick={() => open(row.number)}>{text}</button></th>;
                  return <td key={id} class={`${is_right ? 'right' : ''} stranger`}>{text}{id === 'proto' && row.severity !== '' && ` ${row.severity}`}</td>;
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
