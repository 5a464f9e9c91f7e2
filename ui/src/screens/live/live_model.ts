// SPDX-License-Identifier: Apache-2.0
//
// What the live screen is: one source, one filter, a table that follows or stands, and the stream that feeds it. The rules
// R1-R8 that are not the table's own are here. The components below read the signals; nothing of Preact is in the row path.
import { effect, signal, untracked } from '@preact/signals';
import { api, rows_get, source_path } from '../../net/api';
import type { RowFrame } from '../../net/frame';
import { live, type Count, type FilterFault, type LiveListener } from '../../net/live_socket';
import { announce, note } from '../../shell/notes';
import { route, set_query } from '../../shell/router';
import { followed_person, health, health_set, hello, is_scoped, selected_packet, selected_range, source_named, type Place } from '../../state/store';
import { is_place_old, led, place_set } from '../../state/place';
import { pins, pins_by_number, pins_load } from '../../state/pins';
import { settings, settings_set } from '../../state/settings';
import { columns_write, gap_words, PacketView } from '../../table/packet_view';
import type { Column } from '../../table/columns';
import { count_text, duration_text } from '../../table/format';
import type { Gap } from '../../table/lines';
import { instant_of_ns, is_time_format, ms_of_instant, ns_of_instant, type Instant, type TimeFormat } from '../../table/time_format';
import { LiveBars } from './live_bars';

export interface MenuOf {
  x: number;
  y: number;
  number: number;
  column: Column;
  text: string;
}

const none_after_ms = 2000; // standing still for so long: rows are fetched by number, not sent
const behind_ms = 3000;
const small_gap = 250; // numbers: one question

export class LiveModel implements LiveListener {
  readonly filter = signal('');
  readonly filter_fault = signal<FilterFault | null>(null);
  readonly warning = signal('');
  readonly is_following = signal(true);
  readonly n_new = signal(0);
  readonly stood_at_ms = signal(0);
  readonly matched = signal<{ n: number; of: number; is_complete: boolean } | null>(null);
  readonly is_ready = signal(false); // a view stands
  readonly n_lines = signal(0); // for the states of an empty table; not exact while rows pour in
  readonly pane_is_open = signal(false);
  readonly time_format = signal<TimeFormat>('time');
  readonly menu = signal<MenuOf | null>(null);
  readonly asks_to_skip = signal(false);
  readonly timeline = new LiveBars();
  view: PacketView | null = null;

  private next = 0;
  private last_count: Count | null = null;
  private count_at_stand = { matched: 0, through: 0 };
  private history_count = { n: 0, seen: 0, is_complete: true };
  private rows_wish: 'all' | 'none' = 'all';
  private none_timer = 0;
  private is_resumed = false; // rows were switched on again: what lies before the next frame was not sent
  reference: Instant | null = null; // times are counted from it
  private lag_told = 0;
  private last_painted = 0;
  private restore: { number: number; px: number } | null = null;
  private wanted_packet = 0;
  match_filter = ''; // what n and N look for
  private count_generation = 0;
  private disposers: (() => void)[] = [];
  private is_closed = false;
  private summary = { n: 0, at: 0 };
  private is_leading_change = false;

  get source(): string {
    return source_named(route.value.source)?.name ?? route.value.source;
  }

  /* Puts the table into its host and begins to look. */
  start(host: HTMLElement): void {
    const query = route.peek().query;
    const wanted_columns = query.get('cols')?.split(',') ?? settings.peek().columns;
    const format = query.get('tf') ?? settings.peek().time_format;
    if (is_time_format(format)) this.time_format.value = format;
    this.filter.value = query.get('f') ?? '';
    this.wanted_packet = Number(route.peek().subject || query.get('p') || 0) || 0;
    this.pane_is_open.value = query.get('pane') !== null || route.peek().subject !== '';

    this.view = new PacketView(
      host,
      {
        followed: (is_following) => this.followed(is_following),
        painted: (number) => this.painted(number),
        selected: (number, is_range) => this.selected(number, is_range),
        opened: () => {
          this.pane_is_open.value = true;
        },
        menu: (event, number, column, text) => {
          this.menu.value = { x: event.clientX, y: event.clientY, number, column, text };
        },
        columns_changed: (widths) => this.columns_changed(widths),
        failed: (words) => note({ text: words, kind: 'bad' }),
        is_pinned: (number) => pins_by_number.value.has(number),
      },
      wanted_columns,
    );
    this.view.set_time_format(this.time_format.value, null);
    live.listener = this;

    // A source that is there at last, or another one by the header.
    this.disposers.push(
      effect(() => {
        const name = hello.value === null ? '' : source_named(route.value.source)?.name ?? '';
        if (name !== '' && name !== this.looked_at) {
          this.looked_at = name;
          this.look();
        }
      }),
      effect(() => {
        void pins_by_number.value;
        this.view?.table.refill();
      }),
      effect(() => {
        const row = settings.value.density;
        void row;
        requestAnimationFrame(() => this.view?.table.measure());
      }),
      effect(() => {
        const now = led.value;
        if (now !== null && this.is_ready.value) untracked(() => this.lead(now.first, now.following));
      }),
      effect(() => {
        if (health.value.link === 'refused') this.view?.wipe();
      }),
    );
    document.addEventListener('visibilitychange', this.visibility);
  }
  private looked_at = '';

  close(): void {
    this.is_closed = true;
    document.removeEventListener('visibilitychange', this.visibility);
    for (const dispose of this.disposers) dispose();
    clearTimeout(this.none_timer);
    if (live.listener === this) live.listener = null;
    live.look_away();
    this.view?.close();
    this.view = null;
    selected_range.value = null;
  }

  /* ---- looking ---- */

  private look(): void {
    this.rows_wish = 'all';
    live.look({ source: this.source, filter: this.filter.peek(), rows: 'all' });
    pins_load(this.source).catch(() => undefined);
  }

  /* Enter: another filter. What is under the eye stays there, if it matches (R8). */
  apply(filter: string): void {
    const view = this.view;
    if (view) {
      const { number } = view.table.selection;
      const px = number === 0 ? null : view.table.place_of(number);
      const visible = view.table.visible();
      if (number !== 0) this.restore = { number, px: px ?? 120 };
      else if (!view.table.is_following && visible.first !== 0) this.restore = { number: visible.first, px: view.table.place_of(visible.first) ?? 0 };
    }
    this.filter.value = filter;
    this.filter_fault.value = null;
    set_query({ f: filter }, { push: true });
    if (filter !== '') settings_set({ filters: [filter, ...settings.value.filters.filter((one) => one !== filter)].slice(0, 50) });
    this.rows_wish = 'all';
    live.look({ source: this.source, filter, rows: 'all' });
    this.tell_place();
  }

  viewing(_view: number, next: number, warning: string): void {
    const view = this.view;
    if (!view) return;
    const source = source_named(this.source);
    const question = { source: this.source, filter: this.filter.peek(), device: '', from_ns: '', to_ns: '' };
    const is_same = this.is_ready.peek() && question.source === view.question.source && question.filter === view.question.filter;
    this.warning.value = warning;
    this.last_count = null;
    this.count_at_stand = { matched: 0, through: next - 1 };
    this.is_resumed = true;
    if (is_same) {
      // The same view after a lost connection: what came meanwhile is fetched by number.
      if (!view.lines.is_filtered) view.lines.extend(next);
      this.next = next;
      if (!view.table.is_following) this.missed_while_standing += Math.max(0, this.n_new.peek());
      view.table.changed(true);
    } else {
      this.next = next;
      this.missed_while_standing = 0;
      // A source that recorded nothing yet begins with the first number that comes.
      const first = Math.min(source?.first || next, next);
      view.open(question, first, next);
      this.is_ready.value = true;
      this.n_lines.value = view.lines.n;
      this.count_history(first, next);
      // A source just begun may not say yet from where on its archive can be read.
      if (source?.first == null) void this.ask_first(question.source);
      this.timeline.begin(question, live.server_now_ms());
      if (this.wanted_packet !== 0) {
        const number = this.wanted_packet;
        this.wanted_packet = 0;
        void this.go_to(number);
      } else if (this.restore !== null) {
        const { number, px } = this.restore;
        void this.keep_under_the_eye(number, px);
      } else view.table.follow();
      this.restore = null;
    }
    if (this.rows_wish === 'none') live.want_rows('none');
    this.tell_place();
  }
  private missed_while_standing = 0;

  private async ask_first(source: string): Promise<void> {
    const answer = await rows_get(source, { n: 1 }).catch(() => null);
    const view = this.view;
    if (!answer || !view || view.question.source !== source || answer.span.first <= 0) return;
    view.lines.extend_back(answer.span.first);
    this.n_lines.value = view.lines.n;
    this.count_history(answer.span.first, this.next);
    view.table.changed(true);
  }

  private async keep_under_the_eye(number: number, px: number): Promise<void> {
    const shown = (await this.view?.show(number, px)) ?? 0;
    if (shown === 0) {
      note('No packet matches here yet.');
      this.view?.table.follow();
      return;
    }
    if (shown === number) return;
    const was_selected = this.view?.table.selection.number === number;
    if (was_selected) {
      this.view?.table.select(shown);
      note(`Packet ${count_text(number)} does not match; the nearest that does is ${count_text(shown)}.`);
    }
  }

  filter_error(fault: FilterFault): void {
    this.filter_fault.value = fault;
    note({ text: fault.text, kind: 'bad' });
    const kept = this.view?.question.filter ?? '';
    this.filter.value = kept;
    set_query({ f: kept });
  }

  frame(frame: RowFrame): void {
    const view = this.view;
    if (!view || health.peek().is_frozen) return;
    const is_tail = (frame.flags & 2) !== 0 || this.is_resumed;
    this.is_resumed = false;
    view.take(frame, view.lines.end || frame.first, is_tail);
    this.summary.n += frame.n;
  }

  count(count: Count): void {
    const view = this.view;
    if (!view) return;
    this.last_count = count;
    view.rate = count.per_second;
    view.is_tail = count.tail > 1;
    health_set({ rate: count.per_second, shown_one_in: count.tail > 1 ? count.tail : 1 });
    if (!view.lines.is_filtered && count.through > 0 && (!view.table.is_following || health.peek().is_frozen)) {
      view.lines.extend(count.through + 1);
      view.table.changed();
    }
    if (!view.table.is_following) this.n_new.value = this.missed_while_standing + count.matched - this.count_at_stand.matched;
    this.n_lines.value = view.lines.n;
    this.show_matched();
    this.summarize();
    this.check_lag();
  }

  bars(bars: [number, string, number][]): void {
    this.timeline.add(bars);
  }

  gap(gap: Gap): void {
    const view = this.view;
    if (!view) return;
    // A few rows that were not sent are fetched like any others; a line for them would say more than there is to it.
    if (gap.cause === 'viewer' && gap.first > 0 && gap.last - gap.first < small_gap) {
      if (!view.lines.is_filtered) view.lines.extend(gap.last + 1);
      else this.is_resumed = true;
      view.table.changed();
      return;
    }
    view.add_gap(gap, view.lines.end);
    if (gap.cause !== 'viewer' && gap.cause !== 'outside' && gap.cause !== 'evicted') {
      health_set({ n_lost: health.peek().n_lost + gap.n });
      announce(gap_words(gap));
    }
    this.timeline.add_gap(gap);
  }

  /* How many of all match: what came before by asking until it is complete, what comes by the stream's own count. */
  private count_history(first: number, next: number): void {
    const generation = ++this.count_generation;
    const filter = this.filter.peek();
    this.history_count = { n: 0, seen: next - first, is_complete: filter === '' && !is_scoped.peek() };
    this.show_matched();
    if (filter === '' && !is_scoped.peek()) return;
    const ask = async (from: number): Promise<void> => {
      const answer = await api.get<{ matched: number; next: number; is_complete: boolean }>(`${source_path(this.source)}/count`, { filter, from, last: next - 1 });
      if (generation !== this.count_generation || this.is_closed) return;
      this.history_count.n += answer.matched;
      this.history_count.is_complete = answer.is_complete;
      this.show_matched();
      if (!answer.is_complete && answer.next > from) await ask(answer.next);
    };
    if (next > first) ask(first).catch(() => undefined);
    else this.history_count.is_complete = true;
  }
  private show_matched(): void {
    const came = this.last_count;
    const of = this.history_count.seen + (came?.seen ?? 0);
    const n = this.filter.peek() === '' && !is_scoped.peek() ? of : this.history_count.n + (came?.matched ?? 0);
    this.matched.value = { n, of, is_complete: this.history_count.is_complete };
  }

  /* Those who listen hear sums, at most each 5 s. */
  private summarize(): void {
    const now = performance.now();
    if (this.summary.n === 0 || now - this.summary.at < 5000 || document.activeElement?.tagName === 'INPUT') return;
    if (this.is_following.peek()) announce(`${this.summary.n} new`);
    this.summary = { n: 0, at: now };
  }

  /* ---- following, standing, freezing ---- */

  private followed(is_following: boolean): void {
    this.is_following.value = is_following;
    health_set({ is_following, ...(is_following ? { is_frozen: false } : {}) });
    clearTimeout(this.none_timer);
    if (is_following) {
      this.n_new.value = 0;
      this.missed_while_standing = 0;
      this.want_rows('all');
      set_query({ live: null, p: this.view?.table.selection.number || null });
    } else {
      this.stood_at_ms.value = Date.now();
      this.count_at_stand = { matched: this.last_count?.matched ?? 0, through: this.last_count?.through ?? this.next - 1 };
      this.n_new.value = 0;
      this.missed_while_standing = 0;
      if (!this.is_leading_change) followed_person.value = null; // R12: an own scroll ends it
      this.none_timer = window.setTimeout(() => {
        if (this.view && !this.view.lines.is_filtered) this.want_rows('none');
      }, none_after_ms);
    }
    this.tell_place();
  }

  private want_rows(rows: 'all' | 'none'): void {
    if (rows === 'all' && document.hidden) return;
    if (this.rows_wish === 'none' && rows === 'all') this.is_resumed = true;
    this.rows_wish = rows;
    live.want_rows(rows);
  }

  /* R3: in the background is no pause, but rows need not be sent: they are fetched by number on return. */
  private visibility = (): void => {
    if (document.hidden) this.want_rows('none');
    else {
      if (this.is_following.peek()) this.want_rows('all');
      this.view?.table.changed(true);
    }
  };

  follow(): void {
    health_set({ is_frozen: false });
    this.view?.table.select(0, { reveal: false });
    this.view?.table.follow();
  }

  toggle_freeze(): void {
    const is_frozen = !health.peek().is_frozen;
    if (!is_frozen) {
      this.follow();
      return;
    }
    this.view?.table.stand();
    health_set({ is_frozen: true });
    this.want_rows('none');
    announce('Frozen. Recording goes on.');
  }

  /* ---- what was painted ---- */

  private painted(number: number): void {
    this.last_painted = number;
    live.painted(number);
    const n = this.view?.lines.n ?? 0;
    if ((n === 0) !== (this.n_lines.peek() === 0)) this.n_lines.value = n;
    if (!this.is_following.peek() && this.view && is_place_old(this.view)) this.tell_place();
    this.check_lag();
  }

  /* R7: capture to painted here, the clocks' difference taken out. */
  private check_lag(): void {
    const now = performance.now();
    const view = this.view;
    if (!view || now - this.lag_told < 250) return;
    this.lag_told = now;
    if (!this.is_following.peek() || document.hidden || source_named(this.source)?.state !== 'live' || live.clock_offset_ms === null) {
      this.asks_to_skip.value = false;
      if (this.is_following.peek()) health_set({ lag_ms: null });
      return;
    }
    // What lay in the archive when one came says nothing of how fast rows come.
    const at = this.last_painted < this.next ? null : view.time_of(this.last_painted);
    if (at === null) return;
    const newest_ms = this.last_count?.last_time_ns ? ms_of_instant(instant_of_ns(this.last_count.last_time_ns)) : 0;
    const painted_ms = ms_of_instant(at);
    // Nothing newer is known: what was painted last was in time, or it was told already.
    const is_behind = newest_ms > painted_ms + 1;
    const lag_ms = live.server_now_ms() - painted_ms;
    if (is_behind || now - this.last_fresh < 1000 || this.fresh_number !== this.last_painted) {
      if (this.fresh_number !== this.last_painted) {
        this.fresh_number = this.last_painted;
        this.last_fresh = now;
        health_set({ lag_ms: Math.max(0, lag_ms) });
      } else if (is_behind) health_set({ lag_ms: Math.max(0, lag_ms) });
    }
    this.asks_to_skip.value = is_behind && lag_ms > behind_ms;
  }
  private fresh_number = 0;
  private last_fresh = 0;

  /* Behind: begin at the live edge again; what is left out is fetched by number when looked at. */
  skip_to_live(): void {
    this.is_resumed = true;
    live.look({ source: this.source, filter: this.filter.peek(), rows: 'all' });
    this.view?.table.follow();
  }

  /* ---- selecting, moving ---- */

  private selected(number: number, is_range: boolean): void {
    selected_packet.value = number === 0 ? null : number;
    const { from } = this.view!.table.selection;
    selected_range.value = is_range ? { from: Math.min(from, number), to: Math.max(from, number) } : null;
    if (number !== 0 && !this.is_leading_change) followed_person.value = null;
    set_query({ p: number || null, live: null });
    this.tell_place();
  }

  /* A packet by its number: a link, a pin, a person. Says so when it is not there. */
  async go_to(number: number): Promise<void> {
    const view = this.view;
    if (!view) return;
    const source = source_named(this.source);
    let shown = await view.show(number);
    // A source that was met this moment does not say yet what it has.
    for (let tries = 0; shown === 0 && tries < 10 && view === this.view; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 400));
      shown = await view.show(number);
    }
    if (view !== this.view) return;
    if (shown === number) {
      view.table.select(number, { reveal: false });
      return;
    }
    const pin = [...pins.value.values()].find((one) => one.number === number);
    const is_evicted = source?.first != null && number < source.first;
    const about = pin ? ` A pin says: ${pin.text}` : '';
    if (is_evicted) note({ text: `Packet ${count_text(number)} is no longer kept.${about}`, ms: 8000 });
    else if (shown !== 0) note({ text: `Packet ${count_text(number)} is not in this view; the nearest is ${count_text(shown)}.${about}`, ms: 8000 });
    else note({ text: `Packet ${count_text(number)} is not there.${about}`, ms: 8000 });
    if (shown !== 0) view.table.select(shown, { reveal: false });
    else view.table.follow();
  }

  /* ---- columns ---- */

  private columns_changed(widths: Map<string, number>): void {
    settings_set({ columns: columns_write(this.view!.table.shown_columns, widths) });
  }
  /* ---- the others ---- */

  tell_place(): void {
    const view = this.view;
    if (!view) return;
    const visible = view.table.visible();
    const at = view.time_of(visible.first);
    const place: Place = {
      screen: 'live',
      source: this.source,
      packet: view.table.selection.number || visible.first || null,
      filter: this.filter.peek(),
      following: view.table.is_following,
      first: visible.first,
    };
    place_set({ ...place, time_ns: at ? ns_of_instant(at) : undefined });
  }

  /* R12: my list goes with theirs. Address, filter and screen went already (state/place.ts). */
  private lead(first: number | null, is_following: boolean): void {
    const view = this.view;
    if (!view) return;
    const filter = route.peek().query.get('f') ?? '';
    const packet = Number(route.peek().query.get('p') ?? NaN);
    const led = () => {
      this.is_leading_change = true;
      if (Number.isSafeInteger(packet) && packet !== view.table.selection.number) view.table.select(packet, { reveal: false });
      this.is_leading_change = false;
    };

    this.is_leading_change = true;
    if (filter !== this.filter.peek()) this.apply(filter);
    if (is_following) view.table.follow();
    else if (first !== null && first > 0) void view.show(first, 0).then(led);
    else led();
    this.is_leading_change = false;
  }

  age_words(): string {
    return duration_text(Date.now() - this.stood_at_ms.value);
  }
}
