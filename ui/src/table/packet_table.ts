// SPDX-License-Identifier: Apache-2.0
//
// The table on the screen: lines and rows in, a pool of row elements out. No framework here: text layout and paint are what
// costs, so few elements change, at most 12 times a second while following, and the scroller itself is brought up to date
// only now and then (each setting of scrollTop is a second layout).
//
// The layer of rows is sticky within the scroller, so where rows stand is only this file's matter: `top_px`, in pixels of
// all lines together, which may be far more than a browser allows an element to be high (Chromium 16.7 or 33.5 M px). The
// scroller is at most 8 M px high; a wheel or a finger moves by pixels, the thumb by proportion.
//
// R1, standing still: unless it follows, the first packet in view keeps its place on the screen, whatever is put in
// before it, behind it, or taken away.
import type { RowFrame } from '../net/frame';
import { mark as frame_mark } from '../net/frame';
import type { Lines } from './lines';
import type { RowStore } from './row_store';
import { hue_of, type CellContext, type Column } from './columns';
import { count_text } from './format';
import type { Instant, TimeFormat } from './time_format';

export const scroll_cap_px = 8_000_000;
const follow_paint_ms = 1000 / 12;
const sync_ms = 1000;
const settle_ms = 140;
const text_limit = 400; // characters of one cell

export interface SpecialText {
  kind: 'truth' | 'viewer' | 'edge';
  text: string;
  action: string; // '' = none
}

export interface TableOwner {
  lines: () => Lines;
  store: () => RowStore;
  special_text: (key: number) => SpecialText | null;
  /* Rows that were wanted for the screen and are not at hand; edges in view (from: where one comes from). */
  need: (numbers: number[], first_line: number, last_line: number) => void;
  painted: (last_number: number) => void;
  followed: (is_following: boolean) => void;
  selected: (number: number, is_range: boolean) => void;
  opened: (number: number) => void;
  acted: (key: number) => void; // a gap's [Load]
  menu: (event: MouseEvent, number: number, column: Column, text: string) => void;
  columns_changed: (widths: Map<string, number>) => void;
  rate: () => number; // rows a second that come
  is_pinned: (number: number) => boolean;
  describe: string;
}

interface PoolRow {
  element: HTMLElement;
  gutter: Text;
  cells: { element: HTMLElement; text: Text }[];
  note: HTMLElement;
  note_text: Text;
  note_button: HTMLButtonElement;
  key: number;
  frame: RowFrame | null;
  state: string;
  y: number;
  is_shown: boolean;
}

export class PacketTable {
  readonly root: HTMLElement;
  private head: HTMLElement;
  private space: HTMLElement;
  private layer: HTMLElement;
  private pool: PoolRow[] = [];
  private row_px = 22;
  private head_px = 24;
  private view_px = 0;
  private top_px = 0;
  private anchor_key = 0;
  private anchor_px = 0; // of the anchor's line, from the top of the view
  private following = true;
  private is_sync_due = false;
  private frame_request = 0;
  private timer = 0;
  private last_paint = 0;
  private last_sync = 0;
  private last_scroll = 0;
  private last_direction = 1;
  private expected_scroll = 0;
  private is_dragging = false;
  private widths = new Map<string, number>();
  private format: TimeFormat = 'time';
  private reference: Instant | null = null;
  private selected_number = 0;
  private range_from = 0;
  private marked = new Set<number>();
  private ignored = new Set<number>();
  private layout_version = 0;
  private resize: ResizeObserver;
  private is_closed = false;
  n_paints = 0;

  constructor(
    host: HTMLElement,
    private owner: TableOwner,
    private columns: Column[],
  ) {
    this.root = element('div', 'grid', { role: 'grid', tabindex: '0', 'aria-label': owner.describe, 'aria-multiselectable': 'true' });
    this.head = element('div', 'grid-head', { role: 'row', 'aria-rowindex': '1' });
    this.space = element('div', 'grid-space', { role: 'rowgroup' });
    this.layer = element('div', 'grid-layer', { role: 'presentation' });
    this.space.append(this.layer);
    this.root.append(this.head, this.space);
    host.append(this.root);
    this.make_head();
    this.root.addEventListener('scroll', this.on_scroll, { passive: true });
    this.root.addEventListener('pointerdown', this.on_pointer_down);
    addEventListener('pointerup', this.on_pointer_up);
    this.layer.addEventListener('click', this.on_click);
    this.layer.addEventListener('dblclick', this.on_double_click);
    this.layer.addEventListener('contextmenu', this.on_menu);
    // A wheel that cannot scroll (few lines) still says that one wants to stand.
    this.root.addEventListener('wheel', this.on_wheel, { passive: true });
    this.resize = new ResizeObserver(() => this.measure());
    this.resize.observe(this.root);
    this.measure();
  }

  close(): void {
    this.is_closed = true;
    this.resize.disconnect();
    removeEventListener('pointerup', this.on_pointer_up);
    cancelAnimationFrame(this.frame_request);
    clearTimeout(this.timer);
    this.root.remove();
  }

  /* ---- what it shows ---- */

  set_columns(columns: Column[], widths: Map<string, number>): void {
    this.columns = columns;
    this.widths = widths;
    this.make_head();
    this.drop_pool();
    this.measure();
  }
  get shown_columns(): readonly Column[] {
    return this.columns;
  }

  set_time_format(format: TimeFormat, reference: Instant | null): void {
    this.format = format;
    this.reference = reference;
    this.refill();
  }

  private make_head(): void {
    this.head.replaceChildren();
    const gutter = element('div', 'cell gutter', { role: 'columnheader' });
    gutter.append(element('span', 'unseen', {}, 'Pins and marks'));
    this.head.append(gutter);
    for (const column of this.columns) {
      const cell = element('div', `cell head-${column.id}${column.is_right ? ' right' : ''}`, { role: 'columnheader' }, column.title);
      if (column.width > 0) {
        const handle = element('div', 'grid-handle', { 'data-column': column.id });
        handle.addEventListener('pointerdown', (event) => this.resize_column(event, column, cell));
        cell.append(handle);
      }
      this.head.append(cell);
    }
    this.set_template();
  }

  private width_of(column: Column): number {
    return this.widths.get(column.id) ?? column.width;
  }

  private set_template(): void {
    const tracks = this.columns.map((column) => (column.width === 0 ? 'minmax(160px, 1fr)' : `${this.width_of(column)}px`));
    this.root.style.setProperty('--tracks', `24px ${tracks.join(' ')}`);
    const least = 24 + this.columns.reduce((sum, column) => sum + (column.width === 0 ? 160 : this.width_of(column)), 0);
    this.root.style.setProperty('--least', `${least}px`);
  }

  private resize_column(event: PointerEvent, column: Column, cell: HTMLElement): void {
    event.preventDefault();
    const from_x = event.clientX;
    const from_width = cell.getBoundingClientRect().width;
    const move = (moved: PointerEvent) => {
      this.widths.set(column.id, Math.round(Math.min(600, Math.max(36, from_width + moved.clientX - from_x))));
      this.set_template();
    };
    const up = () => {
      removeEventListener('pointermove', move);
      removeEventListener('pointerup', up);
      this.owner.columns_changed(this.widths);
    };
    addEventListener('pointermove', move);
    addEventListener('pointerup', up);
  }

  private drop_pool(): void {
    for (const row of this.pool) row.element.remove();
    this.pool = [];
  }

  /* Sizes may have changed: window, density, zoom, fonts. */
  measure(): void {
    const was_seen = this.selected_number !== 0 && this.place_of(this.selected_number) !== null;
    const is_narrow = this.root.clientWidth <= 640;
    this.root.classList.toggle('narrow', is_narrow);
    const style = getComputedStyle(this.root);
    const row_px = parseFloat(style.getPropertyValue('--row')) || 22;
    this.row_px = is_narrow ? Math.max(44, row_px * 2) : row_px;
    this.root.style.setProperty('--row-now', `${this.row_px}px`);
    this.head_px = is_narrow ? 0 : this.head.offsetHeight;
    this.view_px = Math.max(this.row_px, this.root.clientHeight - this.head_px);
    this.layer.style.height = `${this.view_px}px`;
    this.layer.style.top = `${this.head_px}px`;
    const wanted = Math.ceil(this.view_px / this.row_px) + 2;
    while (this.pool.length > wanted) this.pool.pop()!.element.remove();
    while (this.pool.length < wanted) this.pool.push(this.make_row(this.pool.length));
    this.layout_version++;
    for (const row of this.pool) row.y = NaN;
    if (!this.following && this.anchor_key !== 0) this.top_px = this.owner.lines().line_of(this.anchor_key) * this.row_px - this.anchor_px;
    // What was selected and seen stays seen: a pane that opens does not cover it.
    if (was_seen && !this.following) this.reveal(this.owner.lines().line_of(this.selected_number));
    this.sync_scroller(true);
    this.changed(true);
  }

  private make_row(i: number): PoolRow {
    const row = element('div', 'grid-row', { role: 'row', id: `row-${i}` });
    const gutter = document.createTextNode('');
    const first = element('div', 'cell gutter', { role: 'gridcell' });
    first.append(gutter);
    row.append(first);
    const cells = this.columns.map((column) => {
      const cell = element('div', `cell cell-${column.id}${column.is_right ? ' right' : ''}`, { role: 'gridcell' });
      const text = document.createTextNode('');
      cell.append(text);
      row.append(cell);
      return { element: cell, text };
    });
    const note = element('div', 'cell note-cell', { role: 'gridcell' });
    const note_text = document.createTextNode('');
    const note_button = document.createElement('button');
    note_button.className = 'button grid-load';
    note_button.tabIndex = -1;
    const words = element('span', 'note-words', {});
    words.append(note_text);
    note.append(words, note_button);
    row.append(note);
    row.style.display = 'none';
    this.layer.append(row);
    return { element: row, gutter, cells, note, note_text, note_button, key: 0, frame: null, state: '', y: NaN, is_shown: false };
  }

  /* ---- following and standing ---- */

  get is_following(): boolean {
    return this.following;
  }

  follow(): void {
    if (!this.following) {
      this.following = true;
      this.owner.followed(true);
    }
    this.changed(true);
  }

  /* R1: from now on not one visible row moves. */
  stand(): void {
    if (!this.following) return;
    this.following = false;
    this.take_anchor();
    this.owner.followed(false);
    this.sync_soon();
  }

  /* The first packet in view, and where it stands. */
  private take_anchor(): void {
    const lines = this.owner.lines();
    const first = Math.floor(this.top_px / this.row_px);
    const last = Math.ceil((this.top_px + this.view_px) / this.row_px);
    for (let line = Math.max(0, first); line <= last; line++) {
      const key = lines.key(line);
      if (key > 0) {
        this.anchor_key = key;
        this.anchor_px = line * this.row_px - this.top_px;
        return;
      }
    }
    this.anchor_key = lines.key(Math.max(0, first));
    this.anchor_px = Math.max(0, first) * this.row_px - this.top_px;
  }

  private limit_top(px: number): number {
    return Math.max(0, Math.min(px, this.owner.lines().n * this.row_px - this.view_px));
  }

  /* Numbers first … last that can be seen now; 0: none. */
  visible(): { first: number; last: number } {
    const lines = this.owner.lines();
    let first = 0;
    let last = 0;
    const from = Math.max(0, Math.ceil(this.top_px / this.row_px));
    const to = Math.floor((this.top_px + this.view_px) / this.row_px);
    for (let line = from; line < to; line++) {
      const key = lines.key(line);
      if (key > 0) {
        if (first === 0) first = key;
        last = key;
      }
    }
    return { first, last };
  }

  /* Lines that fit on the screen. */
  get page_lines(): number {
    return Math.max(1, Math.floor(this.view_px / this.row_px) - 1);
  }

  /* Puts a line at a place of the screen: 0 top, 0.5 middle, 1 bottom. Stops following. */
  show_line(line: number, place = 0.4): void {
    this.stand();
    this.top_px = this.limit_top(line * this.row_px - place * (this.view_px - this.row_px));
    this.take_anchor();
    this.sync_soon();
    this.changed(true);
  }

  /* Puts a packet's line at that many pixels from the top, as it stood before (R8). */
  show_number_at(number: number, px: number): void {
    this.stand();
    this.top_px = this.limit_top(this.owner.lines().line_of(number) * this.row_px - px);
    this.take_anchor();
    this.sync_soon();
    this.changed(true);
  }

  /* Pixels of a packet's line from the top of the view; null: not on the screen. */
  place_of(number: number): number | null {
    const lines = this.owner.lines();
    const line = lines.line_of(number);
    if (lines.key(line) !== number) return null;
    const px = line * this.row_px - this.top_px;
    return px < 0 || px > this.view_px - this.row_px ? null : px;
  }

  /* Moves as little as needed for the line to be seen whole. */
  private reveal(line: number): void {
    const y = line * this.row_px;
    if (y < this.top_px) this.top_px = y;
    else if (y + this.row_px > this.top_px + this.view_px) this.top_px = y + this.row_px - this.view_px;
    else return;
    this.top_px = this.limit_top(this.top_px);
    this.take_anchor();
    this.sync_soon();
  }

  scroll_lines(n: number): void {
    this.stand();
    const to = this.limit_top(this.top_px + n * this.row_px);
    this.last_direction = n < 0 ? -1 : 1;
    this.top_px = to;
    this.take_anchor();
    this.sync_soon();
    this.changed(true);
  }

  /* ---- selecting ---- */

  get selection(): { number: number; from: number } {
    return { number: this.selected_number, from: this.range_from };
  }

  select(number: number, options: { is_range?: boolean; reveal?: boolean } = {}): void {
    const lines = this.owner.lines();
    if (number !== 0) this.stand();
    if (options.is_range && this.selected_number !== 0) {
      if (this.range_from === 0) this.range_from = this.selected_number;
    } else this.range_from = 0;
    this.selected_number = number;
    if (number !== 0 && options.reveal !== false) {
      const line = lines.line_of(number);
      if (lines.key(line) === number) this.reveal(line);
    }
    this.changed(true);
    this.owner.selected(number, this.range_from !== 0);
  }

  /* The next line that is a packet, n further (or back); from the selection, else from the middle of the screen. */
  select_by(n: number, is_range = false): void {
    const lines = this.owner.lines();
    if (lines.n === 0) return;
    let line = lines.line_of(this.selected_number);
    if (this.selected_number === 0 || lines.key(line) !== this.selected_number) {
      const visible = this.visible();
      line = lines.line_of(n > 0 && !this.following ? visible.first : visible.last);
      n = 0;
    }
    let to = Math.min(lines.n - 1, Math.max(0, line + n));
    const step = n < 0 ? -1 : 1;
    while (to >= 0 && to < lines.n && (lines.key(to) <= 0 || this.ignored.has(lines.key(to)))) to += step;
    const key = lines.key(to);
    if (key > 0) this.select(key, { is_range });
    else this.scroll_lines(step);
  }

  toggle_mark(number: number): boolean {
    if (!this.marked.delete(number)) this.marked.add(number);
    this.refill();
    return this.marked.has(number);
  }
  toggle_ignore(number: number): boolean {
    if (!this.ignored.delete(number)) this.ignored.add(number);
    this.refill();
    return this.ignored.has(number);
  }
  get marks(): ReadonlySet<number> {
    return this.marked;
  }

  /* ---- painting ---- */

  /* Lines, rows or marks changed: paint soon. is_urgent: with the next frame, whatever the rate. */
  changed(is_urgent = false): void {
    if (this.is_closed || this.frame_request !== 0) return;
    const wait = is_urgent || !this.following || this.owner.rate() <= 300 ? 0 : this.last_paint + follow_paint_ms - performance.now();
    if (wait <= 4) {
      clearTimeout(this.timer);
      this.timer = 0;
      this.frame_request = requestAnimationFrame(this.paint);
    } else if (this.timer === 0) {
      this.timer = window.setTimeout(() => {
        this.timer = 0;
        if (this.frame_request === 0) this.frame_request = requestAnimationFrame(this.paint);
      }, wait);
    }
  }

  /* What rows say changed (time format, marks): all are written anew. */
  refill(): void {
    this.layout_version++;
    this.changed(true);
  }

  private base_of = (number: number): Instant | null => {
    const lines = this.owner.lines();
    const store = this.owner.store();
    if (this.format === 'reference') return this.reference;
    const of = this.format === 'first' ? lines.first_number : lines.key(lines.line_of(number) - 1);
    return of > 0 && store.find(of) ? { sec: store.frame!.sec(store.row), nsec: store.frame!.nsec(store.row) } : null;
  };

  private paint = (): void => {
    this.frame_request = 0;
    if (this.is_closed) return;
    const now = performance.now();
    const lines = this.owner.lines();
    const store = this.owner.store();
    const n = lines.n;
    this.last_paint = now;
    this.n_paints++;
    store.tick();

    if (this.following) this.top_px = Math.max(0, n * this.row_px - this.view_px);
    else {
      if (this.anchor_key !== 0) this.top_px = lines.line_of(this.anchor_key) * this.row_px - this.anchor_px;
      this.top_px = this.limit_top(this.top_px);
    }
    const first = Math.floor(this.top_px / this.row_px);
    const offset = this.top_px - first * this.row_px;
    const missing: number[] = [];
    let last_painted = 0;
    let active = '';
    const [range_lo, range_hi] =
      this.range_from === 0 ? [0, -1] : [Math.min(this.range_from, this.selected_number), Math.max(this.range_from, this.selected_number)];

    for (let i = 0; i < this.pool.length; i++) {
      const line = first + i;
      const row = this.pool[line % this.pool.length]!;
      const key = lines.key(line);
      if (key === 0) {
        if (row.is_shown) {
          row.element.style.display = 'none';
          row.is_shown = false;
          row.key = 0;
        }
        continue;
      }
      const y = i * this.row_px - offset;
      if (row.y !== y) {
        row.element.style.transform = `translateY(${y}px)`;
        row.y = y;
      }
      let is_there = false;
      if (key > 0) {
        is_there = store.find(key);
        if (is_there) last_painted = key;
        else missing.push(key);
        if (key === this.selected_number) active = row.element.id;
      }
      const is_selected = key === this.selected_number || (key >= range_lo && key <= range_hi);
      const state =
        (is_selected ? 's' : '') +
        (key > 0 && this.marked.has(key) ? 'm' : '') +
        (key > 0 && this.ignored.has(key) ? 'i' : '') +
        (key > 0 && this.owner.is_pinned(key) ? 'p' : '') +
        this.layout_version +
        (key < 0 || this.format === 'previous' ? `#${this.n_paints}` : '');
      if (row.key !== key || row.frame !== store.frame || row.state !== state || key < 0) {
        const was_line = row.element.getAttribute('aria-rowindex');
        if (key > 0) this.fill(row, key, is_there ? store.frame : null, store.row, state);
        else this.fill_special(row, key);
        row.key = key;
        row.frame = key > 0 && is_there ? row.frame : null;
        row.state = state;
        const index = String(line + 2);
        if (was_line !== index) row.element.setAttribute('aria-rowindex', index);
      }
      if (!row.is_shown) {
        row.element.style.display = '';
        row.is_shown = true;
      }
    }
    const count = String(n + 1);
    if (!this.following && this.root.getAttribute('aria-rowcount') !== count) this.root.setAttribute('aria-rowcount', count);
    if (this.root.getAttribute('aria-activedescendant') !== active) {
      if (active === '') this.root.removeAttribute('aria-activedescendant');
      else this.root.setAttribute('aria-activedescendant', active);
    }
    if (this.following && now - this.last_sync > sync_ms) this.sync_scroller(false);
    else if (this.following) this.sync_later(sync_ms - (now - this.last_sync));
    if (!this.following) this.take_anchor();
    this.owner.painted(last_painted);
    this.owner.need(missing, first, first + this.pool.length);
  };

  private fill(row: PoolRow, key: number, frame: RowFrame | null, at: number, state: string): void {
    row.frame = frame;
    const is_pinned = state.includes('p');
    const is_marked = state.includes('m');
    set_text(row.gutter, is_pinned ? '◆' : is_marked ? '●' : '');
    let name = 'grid-row';
    if (state.startsWith('s')) name += ' selected';
    if (is_marked) name += ' marked';
    if (state.includes('i')) name += ' ignored';
    if (frame === null) {
      this.columns.forEach((column, i) => set_text(row.cells[i]!.text, column.id === 'no' ? count_text(key) : ''));
      set_class(row.element, name + ' skeleton');
      row.element.setAttribute('aria-selected', String(state.startsWith('s')));
      return;
    }
    const context: CellContext = { time_format: this.format, base_of: this.base_of };
    const bits = frame.marks(at);
    for (let i = 0; i < this.columns.length; i++) {
      const column = this.columns[i]!;
      let text = column.text(frame, at, context);
      if (column.id === 'proto') {
        name += ` hue-${hue_of(text)}`;
        if (bits & frame_mark.error) text += ' ✗ error';
        else if (bits & frame_mark.warning) text += ' ⚠ warn';
      }
      if (text.length > text_limit) text = text.slice(0, text_limit) + '…';
      set_text(row.cells[i]!.text, text);
    }
    if (bits & frame_mark.error) name += ' error';
    else if (bits & frame_mark.warning) name += ' warning';
    if (bits & frame_mark.from_device) name += ' from';
    if (bits & frame_mark.to_device) name += ' to';
    set_class(row.element, name);
    row.element.setAttribute('aria-selected', String(state.startsWith('s')));
  }

  private fill_special(row: PoolRow, key: number): void {
    const special = this.owner.special_text(key);
    set_text(row.gutter, '');
    set_class(row.element, `grid-row special ${special?.kind ?? 'edge'}`);
    set_text(row.note_text, special?.text ?? '');
    if (row.note_button.textContent !== (special?.action ?? '')) row.note_button.textContent = special?.action ?? '';
    row.note_button.hidden = !special?.action;
    row.element.removeAttribute('aria-selected');
  }

  /* ---- the scroller ---- */

  private get max_scroll(): number {
    return Math.max(0, this.root.scrollHeight - this.root.clientHeight);
  }

  private sync_scroller(is_now: boolean): void {
    this.last_sync = performance.now();
    // Somebody scrolled, and the event of it is still on its way: what he wants is not to be overwritten.
    if (!is_now && this.following && this.expected_scroll - this.root.scrollTop > 0.6) {
      this.on_scroll();
      return;
    }
    const { n } = this.owner.lines();
    const total = n * this.row_px;
    if (this.root.getAttribute('aria-rowcount') !== String(n + 1)) this.root.setAttribute('aria-rowcount', String(n + 1));
    const height = Math.max(this.view_px, Math.min(total, scroll_cap_px));
    const text = `${Math.round(height)}px`;
    if (this.space.style.height !== text) this.space.style.height = text;
    const most = total - this.view_px;
    const at = most <= 0 ? 0 : this.following ? height : total <= scroll_cap_px ? this.top_px : (this.top_px / most) * (height - this.view_px);
    if (is_now || Math.abs(this.root.scrollTop - at) > 0.5) this.root.scrollTop = at;
    this.expected_scroll = this.root.scrollTop;
  }

  /* The last paint before nothing more comes: the scroller is brought up to date all the same. */
  private sync_later(wait_ms: number): void {
    if (this.is_sync_due) return;
    this.is_sync_due = true;
    window.setTimeout(() => {
      this.is_sync_due = false;
      if (!this.is_closed && this.following) this.sync_scroller(false);
    }, wait_ms + 1);
  }

  private sync_soon(): void {
    // Not while somebody scrolls: it would end a finger's momentum.
    const wait = Math.max(16, this.last_scroll + settle_ms - performance.now());
    window.setTimeout(() => {
      if (this.is_closed) return;
      if (this.is_dragging || performance.now() - this.last_scroll < settle_ms - 5) this.sync_soon();
      else if (!this.following) this.sync_scroller(false);
    }, wait);
  }

  private on_scroll = (): void => {
    const at = this.root.scrollTop;
    const moved = at - this.expected_scroll;
    if (Math.abs(moved) < 0.6) return; // our own, or sideways
    this.expected_scroll = at;
    this.last_scroll = performance.now();
    this.last_direction = moved < 0 ? -1 : 1;
    const total = this.owner.lines().n * this.row_px;
    const is_far = Math.abs(moved) > 4 * this.view_px;
    const is_at_end = at >= this.max_scroll - 1;
    if (is_at_end && moved > 0) {
      // R2: to the very end is following.
      if (!this.following) this.follow();
      return;
    }
    if (this.is_dragging || is_far) {
      const share = at / Math.max(1, this.max_scroll);
      this.stand();
      this.top_px = this.limit_top(total <= scroll_cap_px ? at : share * (total - this.view_px));
    } else {
      const from = this.top_px;
      this.stand();
      this.top_px = this.limit_top(from + moved);
    }
    this.take_anchor();
    this.sync_soon();
    this.changed(true);
  };

  get direction(): number {
    return this.last_direction;
  }

  private on_wheel = (event: WheelEvent): void => {
    if (event.ctrlKey) return;
    if (event.deltaY < 0) this.stand();
    // R2: pushed on at the scroller's end, which may lag behind what came since and then says nothing of it by itself.
    else if (event.deltaY > 0 && !this.following && this.root.scrollTop >= this.max_scroll - 1) this.follow();
  };
  private on_pointer_down = (event: PointerEvent): void => {
    if (event.target === this.root && event.offsetX >= this.root.clientWidth) this.is_dragging = true;
  };
  private on_pointer_up = (): void => {
    if (!this.is_dragging) return;
    this.is_dragging = false;
    if (!this.following) this.sync_soon();
  };

  private row_at(event: Event): PoolRow | null {
    const at = (event.target as Element).closest('.grid-row');
    return this.pool.find((row) => row.element === at) ?? null;
  }

  private on_click = (event: MouseEvent): void => {
    const row = this.row_at(event);
    if (row === null) return;
    if (row.key < 0) {
      if ((event.target as Element).closest('.grid-load')) this.owner.acted(row.key);
      return;
    }
    if (getSelection()?.toString() && !event.shiftKey) return; // text is being taken
    if (event.shiftKey) getSelection()?.removeAllRanges();
    this.select(row.key, { is_range: event.shiftKey, reveal: false });
  };
  private on_double_click = (event: MouseEvent): void => {
    const row = this.row_at(event);
    if (row !== null && row.key > 0) this.owner.opened(row.key);
  };
  private on_menu = (event: MouseEvent): void => {
    const row = this.row_at(event);
    if (row === null || row.key <= 0) return;
    const cell = (event.target as Element).closest('.cell');
    const i = row.cells.findIndex((one) => one.element === cell);
    if (i < 0) return;
    event.preventDefault();
    this.stand();
    this.owner.menu(event, row.key, this.columns[i]!, row.cells[i]!.text.data);
  };
}

function set_text(node: Text, text: string): void {
  if (node.data !== text) node.data = text;
}
function set_class(node: HTMLElement, name: string): void {
  if (node.className !== name) node.className = name;
}
function element(tag: string, name: string, attributes: Record<string, string>, text = ''): HTMLElement {
  const made = document.createElement(tag);
  made.className = name;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== '') made.textContent = text;
  return made;
}
