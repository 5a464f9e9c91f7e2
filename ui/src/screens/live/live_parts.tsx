// SPDX-License-Identifier: Apache-2.0
//
// What the live screen does not need for its first packets: filter, timeline, status line, menus, keys. One chunk, fetched
// behind the first script, so that a link shows packets as soon as it can.
import './live_parts.css';
import { useEffect, useRef, useState } from 'preact/hooks';
import { api } from '../../net/api';
import type { ApiStatus } from '../../net/api_types';
import { useAsked } from '../../parts/asked';
import { Moment } from '../../parts/pieces';
import { SeenNear } from '../../parts/seen_near';
import type { KeyBinding } from '../../shell/keys';
import { note } from '../../shell/notes';
import { go, set_query } from '../../shell/router';
import { live } from '../../net/live_socket';
import { alarm, followed_person, health, selected_packet, selected_range, source_named, type SourceInfo } from '../../state/store';
import { settings, settings_set } from '../../state/settings';
import { columns } from '../../table/columns';
import { count_text, duration_text } from '../../table/format';
import { instant_of_ns, ms_of_instant, time_formats, time_of_day, type TimeFormat } from '../../table/time_format';
import type { PaneTab } from '../../packet/packet_pane';
import {
  conversation_filter, copy_link, cycle_time_format, endpoint_filter, follow_stream, next_gap, set_columns, set_reference, set_time_format, status_words, step_conversation, step_match,
} from './live_actions';
import type { LiveModel } from './live_model';

export { presence_ticks } from '../../parts/presence_marks';
export { FilterBar } from './filter_bar';
export { TimelineStrip } from './timeline_strip';

export function focus_table(): void {
  document.querySelector<HTMLElement>('.grid')?.focus({ preventScroll: true });
}

/* Puts a test into the field without applying it. */
export function prepare(model: LiveModel, filter: string): void {
  const field = document.getElementById('filter') as HTMLInputElement | null;
  if (!field) return;
  const now = field.value.trim() || model.filter.peek();
  field.value = now === '' ? filter : `${now} && ${filter}`;
  field.dispatchEvent(new Event('input', { bubbles: true }));
  field.focus();
}

/* ---- over the timeline and the table ---- */

export function Banners({ model }: { model: LiveModel }) {
  const [now, set_now] = useState(0);
  const { link, lost_at_ms, retry_at_ms, reason } = health.value;
  const is_lost = link === 'lost';
  useEffect(() => {
    if (!is_lost) return;
    set_now(performance.now());
    const timer = setInterval(() => set_now(performance.now()), 500);
    return () => clearInterval(timer);
  }, [is_lost]);
  const source = source_named(model.source);
  return (
    <div class="banners">
      {alarm.value !== null && (
        <div class="banner bad" role="alert">
          ✗ {alarm.value}
        </div>
      )}
      {is_lost && (
        <div class="banner warn" role="status">
          Connection lost {duration_text(Math.max(0, now - lost_at_ms))} ago, trying again
          {retry_at_ms > now ? ` in ${Math.ceil((retry_at_ms - now) / 1000)} s` : ' …'}. {age_words(model)}
          <button class="button" onClick={() => live.retry_now()}>
            Now
          </button>
        </div>
      )}
      {link === 'ended' && (
        <div class="banner" role="status">
          {reason}
          <button class="button" onClick={() => location.reload()}>
            Reload
          </button>
        </div>
      )}
      {link === 'refused' && (
        <div class="banner bad" role="alert">
          {reason}
        </div>
      )}
      {source && (source.state === 'ended' || source.state === 'lost' || source.state === 'disk_full') && (
        <div class={`banner ${source.state === 'ended' ? '' : 'bad'}`} role="status">
          {source.state !== 'ended' && '✗ '}
          {source_words(source)}
        </div>
      )}
      {model.asks_to_skip.value && (
        <div class="banner bad" role="status">
          This page cannot keep up: {duration_text(health.value.lag_ms ?? 0)} behind.
          <button class="button" onClick={() => model.skip_to_live()}>
            Skip to live
          </button>
        </div>
      )}
      {model.warning.value !== '' && (
        <div class="banner warn">
          △ {model.warning.value}
        </div>
      )}
    </div>
  );
}

/* How old what one sees is, while nothing new can come. */
function age_words(model: LiveModel): string {
  const view = model.view;
  const at = view ? view.time_of(view.lines.last_number) : null;
  return at ? `The newest packet here is ${duration_text(Math.max(0, live.server_now_ms() - ms_of_instant(at)))} old.` : '';
}

export function Empty({ model }: { model: LiveModel }) {
  const { link } = health.value;
  if (!model.is_ready.value) {
    if (link === 'refused') return null;
    return (
      <div class="empty skeletons" aria-busy="true">
        <p>connecting{model.source ? ` to ${model.source}` : ''} …</p>
      </div>
    );
  }
  const source = source_named(model.source);
  if (model.n_lines.value > 0) return null;
  const filter = model.filter.value;
  if (filter !== '') {
    const matched = model.matched.value;
    return (
      <div class="empty">
        <h2>
          {matched && !matched.is_complete ? 'Still looking' : 'Nothing matches'}: 0 of {count_text(matched?.of ?? 0)}
        </h2>
        <p>
          <code class="stranger">{filter}</code>
        </p>
        {matched?.is_complete && <SeenNear source={model.source} filter={filter} apply={(wanted) => model.apply(wanted)} />}
        <button class="button" onClick={() => model.apply('')}>
          Clear the filter
        </button>
      </div>
    );
  }
  return <EmptySource source={source} />;
}

/* No packet at all: what is captured, since when, and why nothing may have come. */
function EmptySource({ source }: { source: SourceInfo | null }) {
  const status = useAsked<ApiStatus>(`status ${source?.name}`, (signal) => api.get<ApiStatus>('/status', {}, signal));
  const is_live = source?.state === 'live';
  const again = status.again;
  useEffect(() => {
    if (!is_live) return;
    const timer = setInterval(() => document.hidden || again(), 5000);
    return () => clearInterval(timer);
  }, [is_live]);
  const on = source?.interfaces?.filter((one) => one !== '').join(', ') ?? '';
  const recorder = status.value?.recorders.find((one) => one.node === source?.name);
  const n_lost = recorder ? recorder.lost_kernel + recorder.lost_queue + recorder.lost_disk + recorder.lost_mirror : 0;

  return (
    <div class="empty">
      <h2>{is_live ? `Capturing${on === '' ? '' : ` on ${on}`}` : 'No packets here'}</h2>
      {is_live && <p>0 packets{source.since_ns && <> since <Moment ns={source.since_ns} /></>}.</p>}
      {!is_live && source && <p>{source_words(source)}</p>}
      {is_live && recorder && (
        <ul class="why">
          <li>{recorder.state === 'alive' ? 'The recorder runs' : `The recorder is ${recorder.state}`}, and took {count_text(recorder.packets)} packets{n_lost > 0 ? `, lost ${count_text(n_lost)}` : ''}.</li>
          {recorder.packets === 0 && n_lost === 0 && <li>Nothing has arrived that its capture filter and VNI let through.</li>}
          {recorder.packets > 0 && <li>They are on their way into the archive.</li>}
          {recorder.trouble !== '' && <li class="bad">✗ {recorder.trouble}</li>}
        </ul>
      )}
      {is_live && (
        <p class="quiet-text">
          If a mirror should arrive: is it sent to this machine, at the recorder's address and port (UDP 4789), with a VNI that it takes? <code>tapdeck status</code> tells what the
          interfaces counted.
        </p>
      )}
    </div>
  );
}

/* A source that is not live, in a sentence with its time. */
function source_words(source: SourceInfo): string {
  const at = source.since_ns ? time_of_day(instant_of_ns(source.since_ns).sec, 0, 0) : '';
  switch (source.state) {
    case 'ended':
      return `Capture ended${at === '' ? '' : ` ${at}`}. Everything here stays in the archive.`;
    case 'lost':
      return `The recorder gives no sign of life${at === '' ? '' : ` since ${at}`}. What it recorded stays.`;
    case 'disk_full':
      return `Recording is in trouble${at === '' ? '' : ` since ${at}`}: ${source.words}`;
    default:
      return source.words;
  }
}

/* ---- under the table ---- */

export function Splitter() {
  const drag = (event: PointerEvent) => {
    const from_y = event.clientY;
    const from_height = settings.value.pane_height;
    const move = (moved: PointerEvent) =>
      settings_set({ pane_height: Math.round(Math.max(90, Math.min(innerHeight - 260, from_height + from_y - moved.clientY))) });
    const up = () => {
      removeEventListener('pointermove', move);
      removeEventListener('pointerup', up);
    };
    addEventListener('pointermove', move);
    addEventListener('pointerup', up);
    event.preventDefault();
  };
  const height = settings.value.pane_height;
  return (
    <div
      class="splitter"
      role="separator"
      aria-orientation="horizontal"
      aria-label="Height of the packet's pane"
      aria-valuenow={height}
      aria-valuemin={90}
      aria-valuemax={900}
      tabIndex={0}
      onPointerDown={drag}
      onKeyDown={(event) => {
        const step = event.key === 'ArrowUp' ? 24 : event.key === 'ArrowDown' ? -24 : 0;
        if (step === 0) return;
        event.preventDefault();
        event.stopPropagation();
        settings_set({ pane_height: Math.max(90, height + step) });
      }}
    />
  );
}

export function StatusLine({ model }: { model: LiveModel }) {
  const { pane_is_open } = model;
  const words = (selected_range.value, selected_packet.value, status_words(model));
  const format = model.time_format.value;
  const shown = settings.value.columns.length === 0 ? columns.map((one) => one.id) : settings.value.columns.map((one) => one.split(':')[0]!);
  return (
    <footer class="status">
      <span class="status-words">{words}</span>
      <span class="status-end">
        <button class={`button quiet ${health.value.is_frozen ? 'on' : ''}`} aria-pressed={health.value.is_frozen} title="Freeze this view (Space). Recording goes on." onClick={() => model.toggle_freeze()}>
          {health.value.is_frozen ? '▶ Go on' : '❚❚ Freeze'}
        </button>
        <label>
          Time{' '}
          <select class="input" value={format} onChange={(event) => set_time_format(model, event.currentTarget.value as TimeFormat)}>
            {Object.entries(time_formats).map(([name, text]) => (
              <option key={name} value={name}>
                {text}
              </option>
            ))}
          </select>
        </label>
        <details class="columns-menu">
          <summary class="button quiet">Columns</summary>
          <div class="popup" role="group" aria-label="Columns">
            {columns.map((column) => (
              <label key={column.id}>
                <input
                  type="checkbox"
                  checked={shown.includes(column.id)}
                  onChange={(event) =>
                    set_columns(model, columns.filter((one) => (one.id === column.id ? event.currentTarget.checked : shown.includes(one.id))).map((one) => one.id))
                  }
                />{' '}
                {column.title}
              </label>
            ))}
          </div>
        </details>
        <button class="button quiet" title="Packets as pages of a plain table (l)" onClick={() => list_open()}>
          Read as list
        </button>
        <button class="button quiet" title="Copy a link to exactly this view (y)" onClick={() => void copy_link(model)}>
          Copy link
        </button>
        <button class="button quiet" aria-pressed={pane_is_open.value} title="Details of the selected packet (Enter)" onClick={() => (pane_is_open.value = !pane_is_open.value)}>
          Details
        </button>
      </span>
    </footer>
  );
}

/* Apply and prepare as filter, from any cell. */
export function CellMenu({ model, filter_from }: { model: LiveModel; filter_from: (filter: string, is_applied: boolean) => void }) {
  const menu = model.menu.value;
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!menu) return;
    box.current?.querySelector<HTMLElement>('button')?.focus();
    const away = (event: Event) => {
      if (!box.current?.contains(event.target as Element)) model.menu.value = null;
    };
    addEventListener('pointerdown', away, true);
    return () => removeEventListener('pointerdown', away, true);
  }, [menu]);
  if (!menu) return null;
  const filter = cell_filter(menu.column.id, menu.text);
  const close = () => {
    model.menu.value = null;
    focus_table();
  };
  const items: { text: string; run: () => void }[] = [];
  if (filter !== '') {
    items.push({ text: 'Apply as filter', run: () => filter_from(filter, true) });
    items.push({ text: 'Prepare as filter', run: () => filter_from(filter, false) });
    items.push({ text: 'Everything but this', run: () => filter_from(`!(${filter})`, true) });
  }
  const conversation = (model.view?.table.select(menu.number, { reveal: false }), conversation_filter(model));
  if (conversation !== '') items.push({ text: 'This conversation', run: () => filter_from(conversation, true) });
  if (menu.column.id === 'device' && menu.text !== '') items.push({ text: 'Open the device', run: () => go({ screen: 'device', source: model.source, subject: menu.text }) });
  items.push({ text: 'Copy', run: () => void navigator.clipboard.writeText(menu.text).then(() => note('Copied.'), () => undefined) });
  return (
    <div
      ref={box}
      class="popup cell-menu"
      role="menu"
      aria-label="Cell"
      style={{ left: `${Math.min(menu.x, innerWidth - 240)}px`, top: `${Math.min(menu.y, innerHeight - 40 - items.length * 28)}px` }}
      onKeyDown={(event) => {
        const all = [...box.current!.querySelectorAll<HTMLElement>('button')];
        const at = all.indexOf(document.activeElement as HTMLElement);
        if (event.key === 'ArrowDown') all[(at + 1) % all.length]?.focus();
        else if (event.key === 'ArrowUp') all[(at + all.length - 1) % all.length]?.focus();
        else if (event.key === 'Escape' || event.key === 'Tab') close();
        else return;
        event.preventDefault();
        event.stopPropagation();
      }}
    >
      {filter !== '' && <code class="menu-filter stranger">{filter}</code>}
      {items.map((item) => (
        <button
          key={item.text}
          role="menuitem"
          onClick={() => {
            close();
            item.run();
          }}
        >
          {item.text}
        </button>
      ))}
    </div>
  );
}

function cell_filter(column: string, text: string): string {
  const quoted = `"${text.replace(/["\\]/g, '\\$&')}"`;
  switch (column) {
    case 'device':
      return text === '' ? '!tapdeck.device' : `tapdeck.device == ${quoted}`;
    case 'src':
    case 'dst':
      return endpoint_filter(text).replaceAll('.addr ', column === 'src' ? '.src ' : '.dst ').replaceAll('.port ', column === 'src' ? '.srcport ' : '.dstport ');
    case 'proto': {
      const name = text.split(' ')[0]!.toLowerCase().replace(/v[\d.]+$/, '');
      return /^[a-z0-9_-]+$/.test(name) ? name : '';
    }
    case 'len':
      return `frame.len == ${text}`;
    default:
      return '';
  }
}

/* ---- keys ---- */

export function keys_of(model: LiveModel, pane: { set_large: (change: (is: boolean) => boolean) => void; set_tab: (change: (tab: PaneTab) => PaneTab) => void }) {
  const table = () => model.view?.table;
  const selected = () => table()?.selection.number ?? 0;
  const need_one = (run: (number: number) => void) => () => {
    const number = selected();
    if (number === 0) note('Select a packet first.');
    else run(number);
  };
  return {
    name: 'Packets',
    bindings: [
      { keys: ['/'], does: 'filter', run: () => document.getElementById('filter')?.focus() },
      { keys: ['j', 'ArrowDown'], does: 'next packet', run: () => table()?.select_by(1) },
      { keys: ['k', 'ArrowUp'], does: 'previous packet', run: () => table()?.select_by(-1) },
      { keys: ['Shift+ArrowDown', 'J'], does: 'select a range down', run: () => table()?.select_by(1, true) },
      { keys: ['Shift+ArrowUp', 'K'], does: 'select a range up', run: () => table()?.select_by(-1, true) },
      { keys: ['PageUp'], does: 'a page up', run: () => table()?.scroll_lines(-table()!.page_lines) },
      { keys: ['PageDown'], does: 'a page down', run: () => table()?.scroll_lines(table()!.page_lines) },
      { keys: ['Home', 'g g'], does: 'the first packet', run: () => table()?.show_line(0, 0) },
      { keys: ['End', 'G'], does: 'follow the newest', run: () => model.follow() },
      { keys: ['Space'], does: 'freeze, go on', run: () => model.toggle_freeze() },
      { keys: ['n'], does: 'next that matches what is typed as filter', run: () => void step_match(model, false) },
      { keys: ['N'], does: 'previous that matches it', run: () => void step_match(model, true) },
      { keys: [']'], does: 'next pin or gap', run: () => next_gap(model, false) },
      { keys: ['['], does: 'previous pin or gap', run: () => next_gap(model, true) },
      { keys: ['Enter'], does: 'details', run: need_one(() => (model.pane_is_open.value = true)) },
      { keys: ['Tab'], does: 'next pane', run: () => (model.pane_is_open.value && document.activeElement?.matches('.grid') ? focus_pane() : false) as false },
      { keys: ['\\'], does: 'larger pane', run: () => pane.set_large((is) => !is) },
      { keys: ['m'], does: 'mark', run: need_one((number) => table()!.toggle_mark(number)) },
      { keys: ['x'], does: 'ignore', run: need_one((number) => table()!.toggle_ignore(number)) },
      {
        keys: ['p', 'c'],
        does: 'pin with a comment, for all',
        run: need_one(() => {
          model.pane_is_open.value = true;
          pane.set_tab(() => 'comments');
        }),
      },
      { keys: ['t'], does: 'time format', run: () => cycle_time_format(model) },
      { keys: ['T'], does: 'count times from this packet', run: () => void set_reference(model) },
      { keys: ['Ctrl+.'], does: 'next in the conversation', run: () => void step_conversation(model, false) },
      { keys: ['Ctrl+,'], does: 'previous in the conversation', run: () => void step_conversation(model, true) },
      { keys: ['f'], does: 'follow the stream: its ladder, or a filter on the conversation', run: need_one((number) => void follow_stream(model, number)) },
      {
        keys: ['d'],
        does: 'the device',
        run: need_one((number) => {
          const store = model.view!.store;
          const device = store.find(number) ? store.frame!.device(store.row) : '';
          if (device === '') note('Nobody is known at this address then.');
          else go({ screen: 'device', source: model.source, subject: device });
        }),
      },
      { keys: ['l'], does: 'read as a list', run: list_open },
      { keys: ['y'], does: 'copy a link to this view', run: () => void copy_link(model) },
      {
        keys: ['Escape'],
        does: 'back one step',
        run: () => {
          if (model.menu.value) model.menu.value = null;
          else if (followed_person.value) followed_person.value = null;
          else if (model.pane_is_open.value && selected() !== 0) {
            model.pane_is_open.value = false;
            focus_table();
          } else if (selected() !== 0) table()?.select(0, { reveal: false });
          else return false;
          return undefined;
        },
      },
    ] as KeyBinding[],
  };
}

/* From the list back to the table, at a packet or where one was. */
export function list_ways(model: LiveModel) {
  const close = () => {
    set_query({ as: null });
    requestAnimationFrame(focus_table);
  };
  const open = (number: number) => {
    close();
    model.pane_is_open.value = true;
    void model.go_to(number);
  };
  return { close, open };
}

function list_open(): void {
  set_query({ as: 'list' }, { push: true });
}

function focus_pane(): void {
  document.querySelector<HTMLElement>('.live-pane [tabindex="0"]')?.focus();
}
