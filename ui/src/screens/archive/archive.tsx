// SPDX-License-Identifier: Apache-2.0
//
// Archive: months to milliseconds on a timeline, one box to search with, and the same table of packets as Live over rows on
// request. In the address: `f` filter, `d` device, `t` the range, `p` the packet.
import './archive.css';
import '../../table/table.css';
import type { ComponentType } from 'preact';
import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { ApiError } from '../../net/api';
import type { ApiCount, ApiTimeline } from '../../net/api_types';
import { copy_address } from '../../parts/copy_address';
import { Download } from '../../parts/download';
import { PacketDrawer, pane_open } from '../../parts/packet_drawer';
import { Stranger, Waiting, source_now } from '../../parts/pieces';
import { presence_now, presence_ticks } from '../../parts/presence_marks';
import { SeenNear } from '../../parts/seen_near';
import { TallTimeline } from '../../parts/tall_timeline';
import { bars_of, count_ask, gaps_of, marks_of, timeline_ask } from '../../parts/timeline_ask';
import { bars_wanted, type TimelineGap } from '../../parts/timeline_data';
import { ANY_TIME, range_of, range_params, range_text, range_words, type TimeRange } from '../../parts/time_range';
import { duration_words, ns_from, ns_until, us_of_ns } from '../../parts/time_scale';
import { keys_lend } from '../../shell/keys';
import { announce, note } from '../../shell/notes';
import { href, route, set_query } from '../../shell/router';
import { pins, pins_by_number, pins_load } from '../../state/pins';
import { is_place_old, led, place_set } from '../../state/place';
import { people, selected_packet, selected_range, source_named } from '../../state/store';
import { settings, settings_set } from '../../state/settings';
import { count_text } from '../../table/format';
import { PacketView, columns_write } from '../../table/packet_view';
import { ns_of_instant, type TimeFormat } from '../../table/time_format';
import { SearchBox, type Reading } from './search_box';
import { Side } from './side';

const REST_MS = 120;
const WHOLE_BARS = 500;
const FRESH_MS = 15_000; // a capture that goes on: the whole is asked for again so often

const shortcuts: [string, string][] = [['15 min', 'now-15m..now'], ['1 h', 'now-1h..now'], ['24 h', 'now-1d..now'], ['7 days', 'now-7d..now']];

export default function Archive() {
  const name = source_now();
  const source = source_named(name);
  const query = route.value.query;
  const filter = query.get('f') ?? '';
  const device = query.get('d') ?? '';
  const time_text = query.get('t');
  const newest_us = source?.to_ns != null ? us_of_ns(source.to_ns) : Date.now() * 1000;
  const range = useMemo(() => range_of(time_text, source?.state === 'live' ? Math.max(newest_us, Date.now() * 1000 - 60e6) : newest_us), [time_text, source?.name]);
  const question = JSON.stringify([name, filter, device]);

  const timeline_host = useRef<HTMLDivElement>(null);
  const table_host = useRef<HTMLDivElement>(null);
  const timeline = useRef<TallTimeline | null>(null);
  const view = useRef<PacketView | null>(null);
  const [whole, set_whole] = useState<ApiTimeline | null>(null);
  const [fault, set_fault] = useState<ApiError | null>(null);
  const [sight, set_sight] = useState<{ from_us: number; to_us: number } | null>(null);
  const [count, set_count] = useState<ApiCount | null>(null);
  const [is_side_open, set_side_open] = useState(false);
  const is_list = query.get('as') === 'list';
  const [List, set_list] = useState<ComponentType<any> | null>(null);
  useEffect(() => {
    if (is_list) import('../../parts/row_list').then((module) => set_list(() => module.RowList), () => undefined);
  }, [is_list]);

  const take_range = useCallback((now: TimeRange) => set_query({ t: range_text(now), p: null }, { push: true }), []);
  const show = useCallback(async (number: number) => {
    const shown = await view.current?.show(number);
    if (!shown) {
      note({ text: `Packet ${number} is not in what is shown`, action: { label: 'Show all', run: () => set_query({ f: null, d: null, t: null, p: number }, { push: true }) } });
      return;
    }
    if (shown !== number) note(`Packet ${number} does not match; this is the next one that does`);
    view.current?.table.select(shown);
  }, []);

  // ---- the timeline ----

  useEffect(() => {
    const made = new TallTimeline(timeline_host.current!, {
      view: (from_us, to_us) => set_sight({ from_us, to_us }),
      brush: (brush) => take_range(brush ?? ANY_TIME),
      jump: (us) => void view.current?.show_time(ns_from(us)).then((number) => number > 0 && view.current?.table.select(number)),
      pin: (number) => void show(number),
    });
    timeline.current = made;
    return () => made.close();
  }, []);

  // All of it: for the strip below, the gaps, and the first view.
  useEffect(() => {
    if (name === '') return;
    const abort = new AbortController();
    const params = { filter, device, buckets: WHOLE_BARS };
    let is_first = true;
    const ask = () =>
      timeline_ask(name, params, abort.signal, (part) => {
        if (abort.signal.aborted) return;
        const from_us = us_of_ns(part.from_ns);
        const to_us = Math.max(us_of_ns(part.to_ns) + 1, from_us + 2000);
        set_whole(part);
        set_fault(null);
        timeline.current?.set_whole({ from_us, to_us }, bars_of(part));
        if (!is_first) return;
        is_first = false;
        const asked = range_of(new URLSearchParams(location.search).get('t'), to_us);
        const span = (asked.to_us ?? to_us) - (asked.from_us ?? from_us);
        const margin = asked === ANY_TIME ? 0 : span * 0.15;
        timeline.current?.set_bars(bars_of(part));
        timeline.current?.set_view((asked.from_us ?? from_us) - margin, (asked.to_us ?? to_us) + margin);
        if (asked !== ANY_TIME) set_sight({ from_us: (asked.from_us ?? from_us) - margin, to_us: (asked.to_us ?? to_us) + margin });
        else set_sight(null);
      }).catch((failed: unknown) => {
        if (!abort.signal.aborted && failed instanceof ApiError) set_fault(failed);
      });
    void ask();
    const timer = source?.state === 'live' ? setInterval(() => document.hidden || void ask(), FRESH_MS) : 0;
    return () => {
      abort.abort();
      clearInterval(timer);
    };
  }, [question, source?.state]);

  // What is in sight, when the wheel rests.
  useEffect(() => {
    if (!sight || name === '') return;
    const abort = new AbortController();
    const timer = setTimeout(() => {
      const made = timeline.current;
      if (!made) return;
      const { from_us, to_us } = made.view();
      timeline_ask(name, { filter, device, from_ns: ns_from(from_us), to_ns: ns_until(to_us), buckets: bars_wanted(made.view()) }, abort.signal, (part) => {
        if (!abort.signal.aborted) made.set_bars(bars_of(part));
      }).catch(() => undefined);
    }, REST_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [sight, question]);

  useEffect(() => {
    timeline.current?.set_brush(range === ANY_TIME || !whole ? null : { from_us: range.from_us ?? us_of_ns(whole.from_ns), to_us: range.to_us ?? us_of_ns(whole.to_ns) + 1 });
  }, [range, whole]);

  const gaps: TimelineGap[] = useMemo(() => (whole ? gaps_of(whole) : []), [whole]);
  useEffect(() => {
    const marks = whole ? marks_of(whole) : [];
    timeline.current?.set_notes(gaps, [...pins.value.values()].filter((pin) => !pin.resolved).map((pin) => ({ us: us_of_ns(pin.time_ns), number: pin.number, text: pin.text })), marks);
    view.current?.table.refill();
  }, [whole, pins.value]);

  useEffect(() => timeline.current?.set_people(presence_now(name)), [people.value, name]);

  useEffect(() => {
    if (name !== '') pins_load(name).catch(() => undefined);
  }, [name]);

  // ---- the table ----

  useEffect(() => {
    const made = new PacketView(
      table_host.current!,
      {
        followed: () => undefined,
        painted: () => {
          if (!is_place_old(made)) return;
          const { first } = made.table.visible();
          const at = made.time_of(first);
          place_set({ source: made.question.source, first, following: false, time_ns: at ? ns_of_instant(at) : undefined });
        },
        selected: (number, is_range) => {
          const { from } = made.table.selection;
          selected_packet.value = number;
          selected_range.value = is_range ? { from: Math.min(from, number), to: Math.max(from, number) } : null;
          set_query({ p: number });
          const at = made.time_of(number);
          timeline.current?.set_cursor(at ? at.sec * 1e6 + Math.floor(at.nsec / 1000) : null);
        },
        opened: () => pane_open('details'),
        menu: () => undefined,
        columns_changed: (widths) => settings_set({ columns: columns_write(made.table.shown_columns, widths) }),
        failed: (words) => note({ text: words, kind: 'bad' }),
        is_pinned: (number) => pins_by_number.value.has(number),
      },
      settings.value.columns,
    );
    made.set_time_format(settings.value.time_format as TimeFormat, null);
    view.current = made;
    const untick = presence_ticks(made, () => made.question.source);
    return () => {
      untick();
      made.close();
      selected_range.value = null;
    };
  }, []);

  useEffect(() => {
    const made = view.current;
    if (!made || source?.first == null || source.end == null) return;
    const { from_ns, to_ns } = range_params(range);
    const packet = Number(new URLSearchParams(location.search).get('p') ?? NaN);

    made.open({ source: name, filter, device, from_ns: from_ns ?? '', to_ns: to_ns ?? '' }, source.first, source.end);
    made.table.stand();
    if (Number.isSafeInteger(packet)) void show(packet);
    else if (range.from_us !== null) void made.show_time(ns_from(range.from_us));
    else {
      // The newest: without a time that is what one most often looks for.
      made.table.show_line(made.lines.n - 1, 1);
    }
  }, [question, range, source?.first != null]);

  // R12: with the person one follows; filter and range came with the address.
  const led_now = led.value;
  useEffect(() => {
    const made = view.current;
    if (!led_now || !made) return;
    const packet = Number(new URLSearchParams(location.search).get('p') ?? NaN);
    const select = () => Number.isSafeInteger(packet) && packet !== made.table.selection.number && made.table.select(packet, { reveal: false });
    if (led_now.first !== null && led_now.first > 0) void made.show(led_now.first, 0).then(select);
    else select();
  }, [led_now?.turn]);

  useEffect(() => {
    set_count(null);
    if (name === '' || (filter === '' && device === '' && range === ANY_TIME)) return;
    const abort = new AbortController();
    count_ask(name, { filter, device, ...range_params(range) }, abort.signal, (now) => {
      if (abort.signal.aborted) return;
      set_count(now);
      if (now.is_complete) announce(`${count_text(now.matched)} packets match`);
    }).catch(() => undefined);
    return () => abort.abort();
  }, [question, range]);

  useEffect(
    () =>
      keys_lend({
        name: 'Archive',
        bindings: [
          { keys: ['/'], does: 'search', run: () => document.querySelector<HTMLInputElement>('[data-search]')?.select() },
          { keys: ['j', 'ArrowDown'], does: 'next packet', run: () => view.current?.table.select_by(1) },
          { keys: ['k', 'ArrowUp'], does: 'packet before', run: () => view.current?.table.select_by(-1) },
          { keys: ['Shift+ArrowDown', 'J'], does: 'select a range down', run: () => view.current?.table.select_by(1, true) },
          { keys: ['Shift+ArrowUp', 'K'], does: 'select a range up', run: () => view.current?.table.select_by(-1, true) },
          { keys: ['Home', 'g g'], does: 'the first packet', run: () => view.current?.table.show_line(0, 0) },
          { keys: ['End', 'G'], does: 'the last packet', run: () => view.current?.table.show_line(view.current.lines.n - 1, 1) },
          { keys: ['m'], does: 'mark', run: () => (selected_packet.value === null ? false : void view.current?.table.toggle_mark(selected_packet.value)) },
          { keys: ['x'], does: 'ignore', run: () => (selected_packet.value === null ? false : void view.current?.table.toggle_ignore(selected_packet.value)) },
          { keys: ['f'], does: 'its session', run: () => void import('../../parts/session_open').then((part) => part.session_open()) },
          { keys: ['l'], does: 'read as a list', run: () => set_query({ as: 'list' }, { push: true }) },
          { keys: ['y'], does: 'copy a link to this view', run: () => void copy_address(new URL(location.href)) },
          { keys: ['PageDown'], does: 'a page on', run: () => view.current?.table.select_by(view.current.table.page_lines) },
          { keys: ['PageUp'], does: 'a page back', run: () => view.current?.table.select_by(-view.current.table.page_lines) },
          { keys: ['+', '='], does: 'closer', run: () => timeline.current?.zoom(2) },
          { keys: ['-'], does: 'further away', run: () => timeline.current?.zoom(0.5) },
          { keys: ['0'], does: 'the whole archive', run: () => see_all() },
          { keys: ['Enter'], does: 'open the packet', run: () => (selected_packet.value === null ? false : pane_open('details')) },
          { keys: ['c', 'p'], does: 'comment on the packet', run: () => (selected_packet.value === null ? false : pane_open('comments')) },
          { keys: ['['], does: 'comment before', run: () => step_pin(-1) },
          { keys: [']'], does: 'next comment', run: () => step_pin(1) },
          {
            keys: ['Escape'],
            does: 'close the packet, any time again',
            run: () => {
              if (route.value.query.has('pane')) set_query({ pane: null });
              else if (route.value.query.has('t')) take_range(ANY_TIME);
              else return false;
              return undefined;
            },
          },
        ],
      }),
    [],
  );

  const step_pin = (by: 1 | -1) => {
    const at = selected_packet.peek() ?? (by > 0 ? -1 : Infinity);
    const numbers = [...pins_by_number.peek().keys()].sort((a, b) => by * (a - b));
    const next = numbers.find((number) => by * (number - at) > 0);
    if (next === undefined) note(by > 0 ? 'No comment behind this packet' : 'No comment before this packet');
    else void show(next);
  };
  const see_all = () => {
    const made = timeline.current;
    if (!made) return;
    made.set_view(-Infinity, Infinity);
    const { from_us, to_us } = made.view();
    set_sight({ from_us, to_us });
  };
  const look = (from_us: number, to_us: number) => {
    timeline.current?.set_view(from_us, to_us);
    set_sight({ from_us, to_us });
  };
  const choose = (reading: Reading) =>
    set_query(reading.kind === 'device' ? { d: reading.value, p: null } : { f: reading.value || null, p: null }, { push: true });
  const is_asked = filter !== '' || device !== '' || range !== ANY_TIME;
  const in_sight_us = sight ? sight.to_us - sight.from_us : whole ? us_of_ns(whole.to_ns) - us_of_ns(whole.from_ns) : 0;

  return (
    <main class="screen archive" aria-label="Archive">
      <div class="screen-head archive-head">
        <SearchBox source={name} filter={filter} choose={choose} />
        {device !== '' && (
          <span class="chosen">
            <a href={href({ screen: 'device', subject: device })}>▣ <Stranger text={device} most={60} /></a>
            <button type="button" aria-label={`No longer only ${device}`} onClick={() => set_query({ d: null, p: null }, { push: true })}>✕</button>
          </span>
        )}
        {range !== ANY_TIME && (
          <span class="chosen">
            <span>{range_words(range)}</span>
            <button type="button" aria-label="Any time" onClick={() => take_range(ANY_TIME)}>✕</button>
          </span>
        )}
        <span class="archive-count">
          {is_asked ? (
            count ? (
              <><b>{count.is_complete ? '' : '≥ '}{count_text(count.matched)}</b> {count.matched === 1 ? 'packet' : 'packets'}{!count.is_complete && <span class="quiet-text"> · {Math.round(count.share * 100)} % looked at</span>}</>
            ) : (
              <Waiting width={14} />
            )
          ) : source?.first != null && source.end != null ? (
            <><b>{count_text(source.end - source.first)}</b> packets</>
          ) : null}
        </span>
        <div class="end">
          <Download source={name} filter={filter || null} device={device || null} {...range_params(range)} />
          <button class="button quiet" title="Packets as pages of a plain table (l)" onClick={() => set_query({ as: 'list' }, { push: true })}>Read as list</button>
          <button class="button side-button" aria-expanded={is_side_open} onClick={() => set_side_open(!is_side_open)}>What is kept</button>
        </div>
      </div>
      <div class={`archive-body ${is_side_open ? 'side-open' : ''}`}>
        <Side source={source} gaps={gaps} look={look} show={(number) => void show(number)} />
        <div class="archive-main">
          <section class="archive-time" aria-label="Timeline">
            <div class="archive-tools">
              <span class="segmented" role="group" aria-label="Range">
                {shortcuts.map(([text, t]) => (
                  <button key={t} type="button" aria-pressed={time_text === t} onClick={() => { set_query({ t, p: null }, { push: true }); const asked = range_of(t, newest_us); look(asked.from_us! - (newest_us - asked.from_us!) * 0.05, newest_us); }}>{text}</button>
                ))}
                <button type="button" aria-pressed={range === ANY_TIME} onClick={() => { take_range(ANY_TIME); see_all(); }}>All</button>
              </span>
              <span class="quiet-text archive-span">{in_sight_us > 0 && `${duration_words(in_sight_us)} in sight`}</span>
              <Legend timeline={whole} />
              <button type="button" class="button quiet" aria-label="Closer" onClick={() => timeline.current?.zoom(2)}>+</button>
              <button type="button" class="button quiet" aria-label="Further away" onClick={() => timeline.current?.zoom(0.5)}>−</button>
            </div>
            <div class="archive-timeline" ref={timeline_host} aria-busy={whole === null} />
          </section>
          {fault && (
            <div class="nothing" role="alert">
              <h2>{fault.code === 'filter' ? 'This filter cannot be understood' : 'The archive cannot be read'}</h2>
              <p>{fault.message}</p>
              <div class="buttons"><button class="button" onClick={() => set_query({ f: null }, { push: true })}>Without the filter</button></div>
            </div>
          )}
          {!fault && count?.is_complete && count.matched === 0 && <Empty filter={filter} device={device} range={range} whole={whole} take={take_range} />}
          <div class="archive-rows" hidden={fault !== null || (count?.is_complete === true && count.matched === 0)}>
            <div class="archive-table" ref={table_host} inert={is_list} />
            {is_list && List && view.current && (
              <List
                question={view.current.question}
                start={view.current.table.visible().first}
                format={settings.value.time_format as TimeFormat}
                close={() => set_query({ as: null })}
                open={(number: number) => {
                  set_query({ as: null });
                  void show(number).then(() => pane_open('details'));
                }}
              />
            )}
          </div>
          <PacketDrawer source={name} number={selected_packet.value} filter={(text, is_applied) => set_query({ f: is_applied || filter === '' ? text : `(${filter}) && ${text}`, p: null }, { push: true })} />
        </div>
      </div>
    </main>
  );
}

/* Which colour is which protocol; the names are the point. */
function Legend({ timeline }: { timeline: ApiTimeline | null }) {
  const bars = useMemo(() => (timeline ? bars_of(timeline) : null), [timeline]);

  return (
    <ul class="archive-legend" aria-label="Protocols, by packets">
      {bars?.series.map((one) => (
        <li key={one.name} class={`hue-${one.hue}`}>
          <i aria-hidden="true" />
          {one.name}
        </li>
      ))}
    </ul>
  );
}

/* Nothing in this range: where the nearest packets are, and whether something is known to be missing here. */
function Empty({ filter, device, range, whole, take }: { filter: string; device: string; range: TimeRange; whole: ApiTimeline | null; take: (range: TimeRange) => void }) {
  const near = whole ? nearest_bars(whole, range) : { before: null, after: null };
  const hole = whole?.gaps.find((gap) => gap.from_ns && gap.to_ns && range.from_us !== null && us_of_ns(gap.from_ns) <= (range.to_us ?? Infinity) && us_of_ns(gap.to_ns) >= range.from_us);
  const what = [filter !== '' && 'that match the filter', device !== '' && `of ${device}`].filter(Boolean).join(' ');

  return (
    <div class="nothing">
      <h2>No packets {what} {range === ANY_TIME ? 'in this archive' : 'in this time'}</h2>
      {hole && <p class="bad">▒ {hole.words}</p>}
      {filter !== '' && device === '' && range === ANY_TIME && <SeenNear source={source_now()} filter={filter} apply={(wanted) => set_query({ f: wanted, p: null }, { push: true })} />}
      <div class="buttons">
        {near.before && <button class="button" onClick={() => take(near.before!)}>← Nearest before: {duration_words(range.from_us! - near.before.to_us!)}</button>}
        {near.after && <button class="button" onClick={() => take(near.after!)}>Nearest after: {duration_words(near.after.from_us! - range.to_us!)} →</button>}
        {filter !== '' && <button class="button" onClick={() => set_query({ f: null, p: null }, { push: true })}>Without the filter</button>}
        {range !== ANY_TIME && <button class="button" onClick={() => take(ANY_TIME)}>Any time</button>}
      </div>
    </div>
  );
}

/* The last bar with packets before a range, and the first one behind it. */
export function nearest_bars(whole: ApiTimeline, range: TimeRange): { before: { from_us: number; to_us: number } | null; after: { from_us: number; to_us: number } | null } {
  const from = us_of_ns(whole.from_ns);
  const step = Math.max(1, Math.round(Number(BigInt(whole.bucket_ns)) / 1000));
  let before: { from_us: number; to_us: number } | null = null;
  let after: { from_us: number; to_us: number } | null = null;

  for (const one of whole.series)
    for (const [bucket, n] of one.bars) {
      const bar = { from_us: from + bucket * step, to_us: from + (bucket + 1) * step };
      if (n === 0) continue;
      if (range.from_us !== null && bar.to_us <= range.from_us && (!before || bar.to_us > before.to_us)) before = bar;
      if (range.to_us !== null && bar.from_us >= range.to_us && (!after || bar.from_us < after.from_us)) after = bar;
    }
  return { before, after };
}
