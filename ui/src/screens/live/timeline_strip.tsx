// SPDX-License-Identifier: Apache-2.0
//
// The strip above the table: packets a second by protocol, gaps, pins, where one looks. A canvas, drawn at most four times
// a second; a slider to the keyboard, with its value in words. A click goes there, a drag takes a time to the archive.
import { useEffect, useRef, useState } from 'preact/hooks';
import { palette_of, palette_watch, type Palette } from '../../parts/palette';
import { presence_draw, presence_now } from '../../parts/presence_marks';
import { go } from '../../shell/router';
import { pins } from '../../state/pins';
import { live } from '../../net/live_socket';
import { count_text } from '../../table/format';
import { instant_of_ns, ms_of_instant, time_of_day } from '../../table/time_format';
import { go_to_time } from './live_actions';
import { kept_seconds } from './live_bars';
import type { LiveModel } from './live_model';

const draw_ms = 250;
const spans = [60, 300, 900, 3600]; // seconds on the strip

export function TimelineStrip({ model }: { model: LiveModel }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [span, set_span] = useState(300);
  const [hover, set_hover] = useState<{ x: number; words: string } | null>(null);
  const [brush, set_brush] = useState<{ from: number; to: number } | null>(null);
  const [at_ms, set_at] = useState(0); // the keyboard's place; 0 = now
  const state = useRef({ span, brush, palette: null as Palette | null, from_s: 0, to_s: 0 });
  state.current.span = span;
  state.current.brush = brush;

  useEffect(() => {
    const node = canvas.current!;
    const sums = new Float64Array(6);
    let timer = 0;
    let is_closed = false;
    state.current.palette = palette_of(node.parentElement!);
    const unwatch = palette_watch(() => {
      state.current.palette = palette_of(node.parentElement!);
      draw();
    });

    const draw = () => {
      const palette = state.current.palette!;
      const ratio = devicePixelRatio || 1;
      const width = node.clientWidth;
      const height = node.clientHeight;
      if (width === 0) return;
      if (node.width !== Math.round(width * ratio) || node.height !== Math.round(height * ratio)) {
        node.width = Math.round(width * ratio);
        node.height = Math.round(height * ratio);
      }
      const pen = node.getContext('2d')!;
      pen.setTransform(ratio, 0, 0, ratio, 0, 0);
      pen.clearRect(0, 0, width, height);
      const bars = model.timeline;
      const now_s = Math.max(bars.newest, Math.floor(live.server_now_ms() / 1000));
      const { span: seconds, brush: brushed } = state.current;
      const to = now_s + 1;
      const from = to - seconds;
      state.current.from_s = from;
      state.current.to_s = to;
      const px = width / seconds;
      const step = Math.max(1, Math.ceil(2.5 / px));
      // Steps begin at multiples of themselves, so that bars do not shimmer as time goes on.
      const first = Math.floor(from / step) * step;
      let most = 1;
      for (let second = first; second < to; second += step) most = Math.max(most, bars.sum(second, second + step, sums));
      const floor = height - 13;
      for (let second = first; second < to; second += step) {
        const all = bars.sum(second, second + step, sums);
        if (all === 0) continue;
        let y = floor;
        const x = (second - from) * px;
        for (let hue = 0; hue < 6; hue++) {
          if (sums[hue] === 0) continue;
          const h = Math.max(1, (sums[hue]! / most) * (floor - 4));
          pen.fillStyle = palette.hues[hue]!;
          pen.fillRect(x, y - h, Math.max(1, step * px - (step * px > 3 ? 1 : 0)), h);
          y -= h;
        }
      }
      for (const gap of bars.gaps) {
        if (gap.to < from || gap.from > to) continue;
        const x = (gap.from - from) * px;
        const w = Math.max(3, (gap.to - gap.from + 1) * px);
        pen.globalAlpha = 0.35;
        pen.fillStyle = gap.is_truth ? palette.bad : palette.text_3;
        pen.fillRect(x, 0, w, floor);
        pen.globalAlpha = 1;
        pen.fillRect(x, floor, w, 2);
      }
      // The axis: a label each 80 px or so, at round times.
      pen.strokeStyle = palette.line;
      pen.beginPath();
      pen.moveTo(0, floor + 0.5);
      pen.lineTo(width, floor + 0.5);
      pen.stroke();
      pen.font = `10px ${palette.font}`;
      pen.fillStyle = palette.text_3;
      pen.textBaseline = 'bottom';
      const tick = [5, 10, 15, 30, 60, 120, 300, 600, 900].find((one) => one * px >= 84) ?? 1800;
      for (let second = Math.ceil(from / tick) * tick; second < to - 46 / px; second += tick) {
        const x = (second - from) * px;
        pen.fillRect(x, floor, 1, 4);
        pen.fillText(time_of_day(second, 0, 0), x + 3, height);
      }
      pen.textAlign = 'right';
      pen.fillText('now', width - 2, height);
      pen.textAlign = 'left';
      for (const pin of pins.peek().values()) {
        const x = (ms_of_instant(instant_of_ns(pin.time_ns)) / 1000 - from) * px;
        if (x < 0 || x > width) continue;
        pen.fillStyle = palette.accent;
        pen.beginPath();
        pen.moveTo(x - 4, 0);
        pen.lineTo(x + 4, 0);
        pen.lineTo(x, 7);
        pen.fill();
      }
      for (const mark of presence_now(model.source)) {
        const x = mark.is_following ? width - 12 : mark.us === null ? -1 : (mark.us / 1e6 - from) * px;
        if (x >= 0 && x <= width) presence_draw(pen, palette, mark, x, 2, floor);
      }
      // Where one looks, while one stands.
      const view = model.view;
      if (view && !model.is_following.peek()) {
        const visible = view.table.visible();
        const [a, b] = [view.time_of(visible.first), view.time_of(visible.last)];
        if (a && b) {
          const x = (ms_of_instant(a) / 1000 - from) * px;
          const w = Math.max(2, ((ms_of_instant(b) - ms_of_instant(a)) / 1000) * px);
          pen.strokeStyle = palette.accent;
          pen.lineWidth = 1.5;
          pen.strokeRect(x - 0.5, 0.75, w + 1, floor - 1);
          pen.lineWidth = 1;
        }
      }
      if (brushed) {
        pen.globalAlpha = 0.2;
        pen.fillStyle = palette.accent;
        pen.fillRect(Math.min(brushed.from, brushed.to), 0, Math.abs(brushed.to - brushed.from), floor);
        pen.globalAlpha = 1;
      }
    };
    const turn = () => {
      if (is_closed) return;
      if (!document.hidden) draw();
      timer = window.setTimeout(turn, draw_ms);
    };
    turn();
    const resize = new ResizeObserver(draw);
    resize.observe(node);
    return () => {
      is_closed = true;
      clearTimeout(timer);
      resize.disconnect();
      unwatch();
    };
  }, [model]);

  const second_at = (x: number) => {
    const { from_s, to_s } = state.current;
    return from_s + (x / (canvas.current?.clientWidth || 1)) * (to_s - from_s);
  };
  const words_at = (second: number) => {
    const sums = new Float64Array(6);
    const whole = Math.floor(second);
    const n = model.timeline.sum(whole, whole + 1, sums);
    const legend = model.timeline.legend();
    const parts = legend.filter((one) => sums[one.hue]! > 0).map((one) => `${one.names[0]} ${count_text(sums[one.hue]!)}`);
    return `${time_of_day(whole, 0, 0)} · ${count_text(n)} packets${parts.length > 1 ? ' · ' + parts.join(', ') : ''}`;
  };

  const down = (event: PointerEvent) => {
    if (event.button !== 0) return;
    const node = canvas.current!;
    const left = node.getBoundingClientRect().left;
    const from = event.clientX - left;
    node.setPointerCapture(event.pointerId);
    let to = from;
    const move = (moved: PointerEvent) => {
      to = Math.max(0, Math.min(node.clientWidth, moved.clientX - left));
      if (Math.abs(to - from) > 4) set_brush({ from, to });
    };
    const up = () => {
      node.removeEventListener('pointermove', move);
      node.removeEventListener('pointerup', up);
      node.removeEventListener('pointercancel', up);
      set_brush(null);
      if (Math.abs(to - from) > 4) {
        const [a, b] = [second_at(Math.min(from, to)), second_at(Math.max(from, to))];
        const ns = (second: number) => `${Math.floor(second)}${String(Math.floor((second % 1) * 1e9)).padStart(9, '0')}`;
        go({ screen: 'archive', source: model.source, query: { t: `${ns(a)}..${ns(b)}`, f: model.filter.peek() } });
      } else void go_to_time(model, second_at(from) * 1000);
    };
    node.addEventListener('pointermove', move);
    node.addEventListener('pointerup', up);
    node.addEventListener('pointercancel', up);
  };

  const key = (event: KeyboardEvent) => {
    const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, PageUp: -30, PageDown: 30 };
    const now = Math.floor(live.server_now_ms());
    if (event.key in steps) {
      event.preventDefault();
      event.stopPropagation();
      const to = Math.max(now - kept_seconds * 1000, Math.min(now, (at_ms || now) + steps[event.key]! * 1000 * (span / 60)));
      set_at(to >= now ? 0 : to);
    } else if (event.key === 'Enter') {
      event.preventDefault();
      event.stopPropagation();
      if (at_ms === 0) model.follow();
      else void go_to_time(model, at_ms);
    }
  };

  const legend = (model.timeline.version.value, model.timeline.legend());
  return (
    <div class="strip">
      <div class="strip-canvas">
        <canvas
          ref={canvas}
          role="slider"
          tabIndex={0}
          aria-label="Timeline of packets; Enter goes to the time"
          aria-valuemin={0}
          aria-valuemax={span}
          aria-valuenow={at_ms === 0 ? span : Math.max(0, Math.round(span - (live.server_now_ms() - at_ms) / 1000))}
          aria-valuetext={at_ms === 0 ? 'now' : words_at(at_ms / 1000)}
          onPointerDown={down}
          onPointerMove={(event) => {
            const x = event.offsetX;
            set_hover({ x, words: words_at(second_at(x)) });
          }}
          onPointerLeave={() => set_hover(null)}
          onKeyDown={key}
        />
        {(hover || at_ms !== 0) && <div class="strip-words">{hover ? hover.words : words_at(at_ms / 1000)}</div>}
      </div>
      <div class="strip-side">
        <ul class="legend" aria-label="Colours">
          {legend.map((one) => (
            <li key={one.hue} class={`hue-${one.hue}`}>
              {one.names.join(', ')}
            </li>
          ))}
        </ul>
        <label>
          <span class="unseen">Shown time</span>
          <select class="input" value={String(span)} onChange={(event) => set_span(Number(event.currentTarget.value))}>
            {spans.map((one) => (
              <option key={one} value={String(one)}>
                {one < 3600 ? `${one / 60} min` : '1 h'}
              </option>
            ))}
          </select>
        </label>
      </div>
    </div>
  );
}
