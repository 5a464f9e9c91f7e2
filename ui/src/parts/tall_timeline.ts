// SPDX-License-Identifier: Apache-2.0
//
// tall_timeline - the archive's time on one canvas: packets by protocol, gaps, pins, starts and stops, a brush with two
// handles, and below it the whole archive as a strip with the part in sight.
//
// Imperative: a wheel turn must be answered in the same frame, and 500 stacked bars are not elements. What can be
// operated is elements all the same: the handles are sliders with their time in words, so that keyboard and screen readers
// get what the mouse gets. Never asks the server; says what is in sight, and its owner asks.
import { presence_draw, type PresenceMark } from './presence_marks';
import { canvas_begin, palette_of, palette_watch, type Palette } from './palette';
import {
  NO_BARS, axis_end, bar_at, bars_in_sight, bars_total, pins_bundled,
  type TimelineBars, type TimelineGap, type TimelineMark, type TimelinePin,
} from './timeline_data';
import {
  clock_words, date_words, duration_words, scale_moved, scale_within, scale_zoomed, ticks_of, time_words, us_at, x_of,
  type TimeScale,
} from './time_scale';
import { count_text } from '../table/format';

export interface Brush {
  readonly from_us: number;
  readonly to_us: number;
}

export interface TallTimelineEvents {
  view: (from_us: number, to_us: number) => void; // at each change: its owner waits for rest
  brush: (brush: Brush | null) => void; // when the hand lets go
  jump: (us: number) => void; // a click
  pin: (number: number) => void;
}

const TOP_PX = 20; // lane of pins and flags
const AXIS_PX = 34;
const STRIP_PX = 30;
const HANDLE_PX = 24;
const CLICK_PX = 4; // moved less: a click, no brush

export class TallTimeline {
  private scale: TimeScale = { from_us: 0, to_us: 1, width_px: 1 };
  private whole: Brush = { from_us: 0, to_us: 1 };
  private bars: TimelineBars = NO_BARS;
  private whole_bars: TimelineBars = NO_BARS;
  private gaps: readonly TimelineGap[] = [];
  private pins: readonly TimelinePin[] = [];
  private people: readonly PresenceMark[] = [];
  private marks: readonly TimelineMark[] = [];
  private brush: Brush | null = null;
  private cursor_us: number | null = null; // the selected packet
  private hover_x: number | null = null;
  private height_px = 1;
  private is_drawing = false;
  private palette: Palette | null = null;

  private readonly canvas = document.createElement('canvas');
  private readonly strip = document.createElement('canvas');
  private readonly tip = document.createElement('div');
  private readonly pin_lane = document.createElement('div');
  private readonly handles: [HTMLElement, HTMLElement];
  private readonly stops: (() => void)[] = [];

  constructor(
    private readonly host: HTMLElement,
    private readonly events: TallTimelineEvents,
  ) {
    host.classList.add('tall-timeline');
    this.canvas.className = 'tall-bars';
    this.strip.className = 'tall-strip';
    this.canvas.setAttribute('aria-hidden', 'true');
    this.strip.setAttribute('aria-hidden', 'true');
    this.tip.className = 'tall-tip';
    this.tip.hidden = true;
    this.pin_lane.className = 'tall-pins';
    this.handles = [this.handle_new('from', 'Range begins'), this.handle_new('to', 'Range ends')];
    host.append(this.canvas, this.pin_lane, ...this.handles, this.strip, this.tip);
    this.listen();
    const sized = new ResizeObserver(() => this.resize());
    sized.observe(host);
    this.stops.push(
      () => sized.disconnect(),
      palette_watch(() => {
        this.palette = null;
        this.draw_soon();
      }),
    );
    this.resize();
  }

  close(): void {
    for (const stop of this.stops) stop();
    this.host.replaceChildren();
  }

  // ---- what is shown ----

  set_whole(whole: Brush, bars: TimelineBars): void {
    this.whole = whole;
    this.whole_bars = bars;
    this.draw_soon();
  }

  set_bars(bars: TimelineBars): void {
    this.bars = bars;
    this.draw_soon();
  }

  set_notes(gaps: readonly TimelineGap[], pins: readonly TimelinePin[], marks: readonly TimelineMark[]): void {
    this.gaps = gaps;
    this.pins = pins;
    this.marks = marks;
    this.draw_soon();
  }

  set_people(people: readonly PresenceMark[]): void {
    this.people = people;
    this.draw_soon();
  }

  set_cursor(us: number | null): void {
    this.cursor_us = us;
    this.draw_soon();
  }

  set_brush(brush: Brush | null): void {
    this.brush = brush;
    this.draw_soon();
  }

  /* Infinities: as far as there is something. */
  set_view(from_us: number, to_us: number): void {
    this.take_scale({ ...this.scale, from_us: Math.max(from_us, this.whole.from_us), to_us: Math.min(to_us, this.whole.to_us) }, false);
  }

  view(): TimeScale {
    return this.scale;
  }

  zoom(factor: number): void {
    this.take_scale(scale_zoomed(this.scale, this.scale.width_px / 2, factor), true);
  }

  // ---- drawing ----

  private resize(): void {
    this.scale = { ...this.scale, width_px: Math.max(1, this.host.clientWidth) };
    this.height_px = Math.max(60, this.host.clientHeight - STRIP_PX - 6);
    // At once: a canvas stretched for a frame is a flicker.
    this.draw();
  }

  private draw_soon(): void {
    if (this.is_drawing) return;
    this.is_drawing = true;
    requestAnimationFrame(() => {
      this.is_drawing = false;
      this.draw();
    });
  }

  private draw(): void {
    const context = canvas_begin(this.canvas, this.scale.width_px, this.height_px);
    if (!context || this.scale.to_us <= 1) return;
    const palette = (this.palette ??= palette_of(this.host));
    const bottom = this.height_px - AXIS_PX;

    this.canvas.style.height = `${this.height_px}px`;
    this.draw_axis(context, palette, bottom);
    this.draw_gaps(context, palette, bottom);
    this.draw_bars(context, palette, bottom);
    this.draw_marks(context, palette, bottom);
    this.draw_brush(context, palette, bottom);
    for (const mark of this.people) {
      const x = mark.us === null ? -1 : x_of(this.scale, mark.us);
      if (x >= 0 && x <= this.scale.width_px) presence_draw(context, palette, mark, x, TOP_PX, bottom);
    }
    this.draw_cursor(context, palette, bottom);
    this.draw_hover(context, palette, bottom);
    this.place_handles();
    this.place_pins();
    this.draw_strip(palette);
  }

  private draw_axis(context: CanvasRenderingContext2D, palette: Palette, bottom: number): void {
    context.fillStyle = palette.line;
    context.fillRect(0, bottom, this.scale.width_px, 1);
    context.textBaseline = 'top';
    for (const tick of ticks_of(this.scale)) {
      const x = Math.round(tick.x);
      context.fillStyle = palette.line;
      context.globalAlpha = 0.55;
      context.fillRect(x, TOP_PX, 1, bottom - TOP_PX);
      context.globalAlpha = 1;
      context.fillRect(x, bottom, 1, 5);
      context.font = `12px ${palette.font}`;
      context.fillStyle = palette.text_2;
      context.fillText(tick.label, x + 4, bottom + 3);
      if (tick.context !== '') {
        context.font = `11px ${palette.font}`;
        context.fillStyle = palette.text_3;
        context.fillText(tick.context, x + 4, bottom + 18);
      }
    }
  }

  private draw_bars(context: CanvasRenderingContext2D, palette: Palette, bottom: number): void {
    const { bars, scale } = this;
    const { first, end, most } = bars_in_sight(bars, scale);
    const axis = axis_end(most);
    const high = bottom - TOP_PX - 4;
    const wide = (bars.step_us / (scale.to_us - scale.from_us)) * scale.width_px;
    const space = wide >= 4 ? 1 : 0;

    for (let i = first; i < end; i++) {
      const x = x_of(scale, bars.from_us + i * bars.step_us);
      const left = space > 0 ? Math.round(x) : x;
      const width = Math.max(1, (space > 0 ? Math.round(x + wide) : x + wide) - left - space);
      let y = bottom;
      for (const one of bars.series) {
        const count = one.counts[i] ?? 0;
        if (count === 0) continue;
        // What was there is seen, however little it was.
        const px = Math.max(1, (count / axis) * high);
        context.fillStyle = palette.hues[one.hue % 6]!;
        context.fillRect(left, y - px, width, px);
        y -= px;
      }
    }
    if (most > 0) {
      const per_second = axis / (bars.step_us / 1e6);
      const words = per_second >= 10 ? `${count_text(Math.round(per_second))}/s` : `${count_text(Math.round(axis))} in ${duration_words(bars.step_us)}`;
      context.font = `11px ${palette.font}`;
      context.textBaseline = 'top';
      const width = context.measureText(words).width;
      context.fillStyle = palette.ground;
      context.globalAlpha = 0.8;
      context.fillRect(0, TOP_PX + 1, width + 8, 14);
      context.globalAlpha = 1;
      context.fillStyle = palette.text_3;
      context.fillText(words, 4, TOP_PX + 3);
    }
  }

  private draw_gaps(context: CanvasRenderingContext2D, palette: Palette, bottom: number): void {
    for (const gap of this.gaps) {
      const left = Math.max(-2, x_of(this.scale, gap.from_us));
      const right = Math.min(this.scale.width_px + 2, Math.max(x_of(this.scale, gap.to_us), left + 3));
      if (right < 0 || left > this.scale.width_px) continue;
      context.save();
      context.beginPath();
      context.rect(left, TOP_PX, right - left, bottom - TOP_PX);
      context.clip();
      const is_empty = gap.cause === 'stopped' || gap.cause === 'evicted';
      context.globalAlpha = is_empty ? 0.35 : 0.7;
      context.strokeStyle = is_empty ? palette.text_3 : palette.bad;
      context.lineWidth = 1.2;
      context.beginPath();
      for (let x = left - (bottom - TOP_PX) - ((left - (bottom - TOP_PX)) % 7); x < right; x += 7) {
        context.moveTo(x, bottom);
        context.lineTo(x + bottom - TOP_PX, TOP_PX);
      }
      context.stroke();
      context.restore();
      context.fillStyle = is_empty ? palette.line_strong : palette.bad;
      context.fillRect(left, bottom - 3, right - left, 3);
    }
  }

  private draw_marks(context: CanvasRenderingContext2D, palette: Palette, bottom: number): void {
    for (const mark of this.marks) {
      const x = Math.round(x_of(this.scale, mark.us));
      if (x < -10 || x > this.scale.width_px + 10) continue;
      context.fillStyle = palette.text_2;
      context.fillRect(x, 4, 1, bottom - 4);
      context.beginPath();
      if (mark.kind === 'start') {
        context.moveTo(x, 4);
        context.lineTo(x + 9, 8);
        context.lineTo(x, 12);
      } else context.rect(x - 8, 4, 8, 8);
      context.fill();
    }
  }

  private draw_brush(context: CanvasRenderingContext2D, palette: Palette, bottom: number): void {
    if (!this.brush) return;
    const left = x_of(this.scale, this.brush.from_us);
    const right = x_of(this.scale, this.brush.to_us);

    context.fillStyle = palette.ground_2;
    context.globalAlpha = 0.72;
    if (left > 0) context.fillRect(0, TOP_PX, left, bottom - TOP_PX);
    if (right < this.scale.width_px) context.fillRect(right, TOP_PX, this.scale.width_px - right, bottom - TOP_PX);
    context.globalAlpha = 1;
    context.fillStyle = palette.accent;
    context.fillRect(left, bottom - 1, right - left, 3);
    context.fillRect(left - 0.75, TOP_PX - 2, 1.5, bottom - TOP_PX + 4);
    context.fillRect(right - 0.75, TOP_PX - 2, 1.5, bottom - TOP_PX + 4);
  }

  private draw_cursor(context: CanvasRenderingContext2D, palette: Palette, bottom: number): void {
    if (this.cursor_us === null) return;
    const x = Math.round(x_of(this.scale, this.cursor_us));
    context.fillStyle = palette.text;
    context.fillRect(x, TOP_PX - 4, 1.5, bottom - TOP_PX + 4);
    context.beginPath();
    context.moveTo(x - 4, bottom + 6);
    context.lineTo(x + 5, bottom + 6);
    context.lineTo(x + 0.5, bottom);
    context.fill();
  }

  private draw_hover(context: CanvasRenderingContext2D, palette: Palette, bottom: number): void {
    if (this.hover_x === null) {
      this.tip.hidden = true;
      return;
    }
    const us = us_at(this.scale, this.hover_x);
    context.fillStyle = palette.text;
    context.globalAlpha = 0.5;
    context.fillRect(Math.round(this.hover_x), TOP_PX, 1, bottom - TOP_PX);
    context.globalAlpha = 1;
    this.fill_tip(us);
  }

  // The tip is made of elements, not painted: it may hold a stranger's text, which is text.
  private fill_tip(us: number): void {
    const span_us = this.scale.to_us - this.scale.from_us;
    const index = bar_at(this.bars, us);
    const step_us = this.bars.step_us;
    const at = index < 0 ? us : this.bars.from_us + index * step_us;
    const digits = step_us < 1000 ? 6 : step_us < 1e6 ? 3 : 0;
    const line = (text: string, name: string, hue = -1) => {
      const one = document.createElement('div');
      one.className = name;
      if (hue >= 0) one.classList.add(`hue-${hue}`);
      one.textContent = text;
      return one;
    };
    const lines = [line(span_us > 60 * 86_400e6 ? date_words(at) : `${date_words(at)} ${clock_words(at, digits)}`, 'tip-time')];

    if (index >= 0) {
      const total = bars_total(this.bars, index);
      lines.push(line(`${count_text(total)} ${total === 1 ? 'packet' : 'packets'} in ${duration_words(step_us)}`, 'tip-total'));
      for (const one of this.bars.series) if (one.counts[index]) lines.push(line(`${one.name}  ${count_text(one.counts[index]!)}`, 'tip-part', one.hue % 6));
    }
    const near_us = (span_us / this.scale.width_px) * 3;
    for (const gap of this.gaps) if (us >= gap.from_us - near_us && us <= gap.to_us + near_us) lines.push(line(gap.words, 'tip-gap'));
    for (const mark of this.marks) if (Math.abs(mark.us - us) <= near_us) lines.push(line(mark.words, 'tip-mark'));
    this.tip.replaceChildren(...lines.slice(0, 12));
    this.tip.hidden = false;
    const width = this.tip.offsetWidth;
    const x = this.hover_x! + 14 + width > this.scale.width_px ? this.hover_x! - 14 - width : this.hover_x! + 14;
    this.tip.style.transform = `translate(${Math.max(0, Math.round(x))}px, ${TOP_PX + 4}px)`;
  }

  private draw_strip(palette: Palette): void {
    const width = this.scale.width_px;
    const context = canvas_begin(this.strip, width, STRIP_PX);
    if (!context) return;
    const scale: TimeScale = { ...this.whole, width_px: width };
    const { first, end, most } = bars_in_sight(this.whole_bars, scale);
    const wide = (this.whole_bars.step_us / (this.whole.to_us - this.whole.from_us)) * width;

    context.fillStyle = palette.ground_3;
    context.fillRect(0, 0, width, STRIP_PX);
    context.fillStyle = palette.text_3;
    for (let i = first; i < end; i++) {
      const total = bars_total(this.whole_bars, i);
      if (total === 0) continue;
      const px = Math.max(1, (total / most) * (STRIP_PX - 6));
      context.fillRect(x_of(scale, this.whole_bars.from_us + i * this.whole_bars.step_us), STRIP_PX - px, Math.max(1, wide - (wide > 3 ? 1 : 0)), px);
    }
    context.fillStyle = palette.bad;
    for (const gap of this.gaps) {
      const left = x_of(scale, gap.from_us);
      context.fillRect(left, STRIP_PX - 3, Math.max(2, x_of(scale, gap.to_us) - left), 3);
    }
    const left = x_of(scale, this.scale.from_us);
    const right = Math.max(left + 4, x_of(scale, this.scale.to_us));
    context.fillStyle = palette.ground_3;
    context.globalAlpha = 0.62;
    context.fillRect(0, 0, left, STRIP_PX);
    context.fillRect(right, 0, width - right, STRIP_PX);
    context.globalAlpha = 1;
    context.strokeStyle = palette.accent;
    context.lineWidth = 1.5;
    context.strokeRect(Math.max(0.75, left), 0.75, Math.min(width - 0.75, right) - Math.max(0.75, left), STRIP_PX - 1.5);
  }

  private place_pins(): void {
    const signs = pins_bundled(this.pins, this.scale, 26).map(({ x, pins }) => {
      const sign = document.createElement('button');
      sign.className = 'tall-pin';
      sign.type = 'button';
      sign.style.left = `${Math.round(Math.min(this.scale.width_px - 12, Math.max(12, x)))}px`;
      const first = pins[0]!;
      const words = pins.length === 1 ? `Pin on packet ${first.number}: ${first.text}` : `${pins.length} pins, first on packet ${first.number}: ${first.text}`;
      sign.setAttribute('aria-label', words);
      sign.title = words;
      sign.textContent = pins.length === 1 ? '' : String(pins.length);
      sign.onclick = () => this.events.pin(first.number);
      return sign;
    });
    // Redrawn at each frame of a zoom: keep the focus where it was.
    const focused = [...this.pin_lane.children].indexOf(document.activeElement as Element);
    this.pin_lane.replaceChildren(...signs);
    if (focused >= 0) signs[Math.min(focused, signs.length - 1)]?.focus();
  }

  // ---- the handles: sliders ----

  private handle_new(end: 'from' | 'to', label: string): HTMLElement {
    const handle = document.createElement('div');
    handle.className = `tall-handle ${end}`;
    handle.tabIndex = 0;
    handle.setAttribute('role', 'slider');
    handle.setAttribute('aria-label', label);
    handle.setAttribute('aria-valuenow', '0');
    handle.setAttribute('aria-valuetext', 'not known yet');
    handle.addEventListener('keydown', (event) => this.handle_key(end, event));
    return handle;
  }

  private place_handles(): void {
    const { from_us, to_us } = this.scale;
    const brush = this.brush ?? { from_us, to_us };

    for (const [i, us] of [brush.from_us, brush.to_us].entries()) {
      const handle = this.handles[i]!;
      const x = x_of(this.scale, us);
      handle.style.transform = `translateX(${Math.round(Math.min(this.scale.width_px, Math.max(0, x)) - HANDLE_PX / 2)}px)`;
      handle.style.height = `${this.height_px - AXIS_PX - TOP_PX}px`;
      handle.classList.toggle('outside', x < -1 || x > this.scale.width_px + 1);
      handle.setAttribute('aria-valuemin', String(this.whole.from_us));
      handle.setAttribute('aria-valuemax', String(this.whole.to_us));
      handle.setAttribute('aria-valuenow', String(us));
      handle.setAttribute('aria-valuetext', time_words(us, to_us - from_us));
    }
  }

  private handle_key(end: 'from' | 'to', event: KeyboardEvent): void {
    const span_us = this.scale.to_us - this.scale.from_us;
    const step_us = Math.max(1, Math.round(span_us / 200));
    const brush = this.brush ?? { from_us: this.scale.from_us, to_us: this.scale.to_us };
    let us = brush[`${end}_us`];

    switch (event.key) {
      case 'ArrowLeft': case 'ArrowDown': us -= event.shiftKey ? 10 * step_us : step_us; break;
      case 'ArrowRight': case 'ArrowUp': us += event.shiftKey ? 10 * step_us : step_us; break;
      case 'PageDown': us -= 20 * step_us; break;
      case 'PageUp': us += 20 * step_us; break;
      case 'Home': us = end === 'from' ? this.whole.from_us : brush.from_us + step_us; break;
      case 'End': us = end === 'to' ? this.whole.to_us : brush.to_us - step_us; break;
      case '+': case '=': this.zoom(2); event.preventDefault(); event.stopPropagation(); return;
      case '-': this.zoom(0.5); event.preventDefault(); event.stopPropagation(); return;
      case 'Escape': if (!this.brush) return; this.take_brush(null); event.preventDefault(); event.stopPropagation(); return;
      default: return;
    }
    event.preventDefault();
    event.stopPropagation();
    us = Math.min(this.whole.to_us, Math.max(this.whole.from_us, us));
    this.take_brush(end === 'from' ? { from_us: Math.min(us, brush.to_us - 1), to_us: brush.to_us } : { from_us: brush.from_us, to_us: Math.max(us, brush.from_us + 1) });
    if (us < this.scale.from_us || us > this.scale.to_us) {
      const from_us = us < this.scale.from_us ? us - span_us * 0.1 : us - span_us * 0.9;
      this.take_scale({ ...this.scale, from_us, to_us: from_us + span_us }, true);
    }
  }

  private take_brush(brush: Brush | null): void {
    this.brush = brush;
    this.draw_soon();
    this.events.brush(brush);
  }

  // Within the range, or without one: to that time. Outside of the range: away with it.
  private click(us: number): void {
    if (this.brush && (us < this.brush.from_us || us >= this.brush.to_us)) this.take_brush(null);
    else this.events.jump(us);
  }

  private take_scale(scale: TimeScale, is_told: boolean): void {
    this.scale = scale_within(scale, this.whole.from_us, this.whole.to_us);
    this.draw_soon();
    if (is_told) this.events.view(this.scale.from_us, this.scale.to_us);
  }

  // ---- the mouse, a finger ----

  private listen(): void {
    const x_in = (event: { clientX: number }) => event.clientX - this.canvas.getBoundingClientRect().left;

    this.host.addEventListener('wheel', (event) => {
      event.preventDefault();
      const unit = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? 400 : 1;
      const across = event.shiftKey && event.deltaX === 0 ? event.deltaY : event.deltaX;

      if (Math.abs(across) > Math.abs(event.deltaY) || event.shiftKey) this.take_scale(scale_moved(this.scale, across * unit), true);
      else this.take_scale(scale_zoomed(this.scale, x_in(event), Math.exp(-Math.max(-300, Math.min(300, event.deltaY * unit)) / 420)), true);
    }, { passive: false });

    this.canvas.addEventListener('pointermove', (event) => {
      this.hover_x = x_in(event);
      this.draw_soon();
    });
    this.canvas.addEventListener('pointerleave', () => {
      this.hover_x = null;
      this.draw_soon();
    });
    this.canvas.addEventListener('dblclick', () => {
      if (this.brush) this.take_scale({ ...this.scale, ...widened(this.brush) }, true);
    });
    this.canvas.addEventListener('pointerdown', (event) => {
      const start_x = x_in(event);
      const start = this.scale;
      const is_move = event.button === 1 || event.altKey || event.ctrlKey;

      if (event.button > 1) return;
      event.preventDefault();
      this.drag(this.canvas, event, (x) => {
        if (is_move) this.take_scale(scale_moved(start, start_x - x), true);
        else if (Math.abs(x - start_x) >= CLICK_PX) this.set_brush(brush_of(us_at(this.scale, start_x), us_at(this.scale, x)));
      }, (x) => {
        if (is_move) return;
        if (Math.abs(x - start_x) >= CLICK_PX) this.take_brush(this.brush);
        else this.click(us_at(this.scale, x));
      });
    });
    for (const [i, handle] of this.handles.entries())
      handle.addEventListener('pointerdown', (event) => {
        if (event.button !== 0) return;
        event.preventDefault();
        handle.focus({ preventScroll: true });
        const brush = this.brush ?? { from_us: this.scale.from_us, to_us: this.scale.to_us };
        const other = i === 0 ? brush.to_us : brush.from_us;
        this.drag(handle, event, (x) => this.set_brush(brush_of(other, us_at(this.scale, x))), () => this.take_brush(this.brush));
      });
    this.strip.addEventListener('pointerdown', (event) => {
      event.preventDefault();
      const to = (x: number) => {
        const span = this.scale.to_us - this.scale.from_us;
        const middle = this.whole.from_us + (x / this.scale.width_px) * (this.whole.to_us - this.whole.from_us);
        this.take_scale({ ...this.scale, from_us: middle - span / 2, to_us: middle + span / 2 }, true);
      };
      to(x_in(event));
      this.drag(this.strip, event, to, () => {});
    });
  }

  private drag(of: HTMLElement, event: PointerEvent, moved: (x: number) => void, done: (x: number) => void): void {
    const left = this.canvas.getBoundingClientRect().left;
    const within = (x: number) => Math.min(this.scale.width_px, Math.max(0, x - left));
    const move = (now: PointerEvent) => moved(within(now.clientX));
    const end = (now: PointerEvent) => {
      of.removeEventListener('pointermove', move);
      of.removeEventListener('pointerup', end);
      of.removeEventListener('pointercancel', end);
      done(within(now.clientX));
    };

    of.setPointerCapture(event.pointerId);
    of.addEventListener('pointermove', move);
    of.addEventListener('pointerup', end);
    of.addEventListener('pointercancel', end);
  }
}

function brush_of(a_us: number, b_us: number): Brush {
  return { from_us: Math.min(a_us, b_us), to_us: Math.max(a_us, b_us, Math.min(a_us, b_us) + 1) };
}

function widened(brush: Brush): Brush {
  const span = brush.to_us - brush.from_us;

  return { from_us: Math.round(brush.from_us - span * 0.06), to_us: Math.round(brush.to_us + span * 0.06) };
}
