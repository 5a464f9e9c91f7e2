// SPDX-License-Identifier: Apache-2.0
//
// chart - numbers over time on a canvas of its own: dots or steps, two axes, what lies under the pointer in words.
//
// uPlot was measured (22.7 KB packed): what is needed of it here is one linear or logarithmic axis and a tip, which is this
// file. Its numbers are also a sentence and, by the screen that shows it, a table, for those who do not see it.
import './chart.css';
import { useEffect, useRef } from 'preact/hooks';
import { canvas_begin, palette_of, palette_watch, type Palette } from './palette';
import { clock_words, date_words, ticks_of, us_at, x_of, type TimeScale } from './time_scale';

export interface ChartSeries {
  readonly name: string;
  readonly hue: number;
  readonly shape: 'dot' | 'ring' | 'step'; // two series of dots are told apart by shape as well
  readonly us: Float64Array; // in order
  readonly values: Float64Array;
}

export interface ChartProps {
  title: string;
  sentence: string; // what it shows, for people who listen
  series: readonly ChartSeries[];
  from_us: number;
  to_us: number;
  is_log?: boolean;
  value_words: (value: number) => string;
  pick?: (us: number) => void;
  height?: number;
}

const LEFT_PX = 62;
const RIGHT_PX = 12;
const TOP_PX = 8;
const BOTTOM_PX = 30;

/* Where the value axis begins and ends, and its ticks. */
export function value_axis(most: number, least: number, is_log: boolean): { least: number; most: number; ticks: number[] } {
  if (!(most > 0)) return { least: 0, most: 1, ticks: [0, 1] };
  if (is_log) {
    const low = 10 ** Math.floor(Math.log10(Math.max(least, most / 1e9)));
    const high = 10 ** Math.ceil(Math.log10(most) + 1e-9);
    const ticks: number[] = [];
    for (let tick = low; tick <= high * 1.001; tick *= 10) ticks.push(tick);
    return { least: low, most: high === low ? low * 10 : high, ticks: ticks.length > 1 ? ticks : [low, low * 10] };
  }
  const power = 10 ** Math.floor(Math.log10(most / 3));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => most / one <= 4.2) ?? 10 * power;
  const n = Math.ceil(most / step - 1e-9);
  return { least: 0, most: n * step, ticks: [...Array(n + 1).keys()].map((i) => i * step) };
}

/* The index of the point nearest to a time, in a sorted column; -1 without any. */
export function nearest(us: Float64Array, at: number): number {
  let low = 0;
  let high = us.length;

  while (low < high) {
    const middle = (low + high) >> 1;
    if (us[middle]! < at) low = middle + 1;
    else high = middle;
  }
  if (us.length === 0) return -1;
  if (low === us.length) return low - 1;
  return low > 0 && at - us[low - 1]! < us[low]! - at ? low - 1 : low;
}

export function Chart({ title, sentence, series, from_us, to_us, is_log = false, value_words, pick, height = 150 }: ChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const tip = useRef<HTMLDivElement>(null);
  const pointer = useRef<number | null>(null);

  useEffect(() => {
    const element = host.current!;
    const canvas = element.querySelector('canvas')!;
    let palette: Palette | null = null;
    const draw = () => {
      const width = element.clientWidth;
      const context = canvas_begin(canvas, width, height);
      if (!context) return;
      palette ??= palette_of(element);
      draw_chart(context, palette, width, height, { series, from_us, to_us, is_log, value_words }, pointer.current);
      fill_tip(tip.current!, width, { series, from_us, to_us, value_words }, pointer.current);
    };
    const sized = new ResizeObserver(draw);
    const unwatch = palette_watch(() => {
      palette = null;
      draw();
    });
    const move = (event: PointerEvent) => {
      pointer.current = event.clientX - canvas.getBoundingClientRect().left;
      draw();
    };
    const leave = () => {
      pointer.current = null;
      draw();
    };
    sized.observe(element);
    canvas.addEventListener('pointermove', move);
    canvas.addEventListener('pointerleave', leave);
    return () => {
      sized.disconnect();
      unwatch();
      canvas.removeEventListener('pointermove', move);
      canvas.removeEventListener('pointerleave', leave);
    };
  }, [series, from_us, to_us, is_log, height]);

  return (
    <figure class="chart">
      <figcaption>
        <b>{title}</b>
        {series.length > 1 && series.map((one) => (
          <span key={one.name} class={`chart-key hue-${one.hue}`}>
            <i class={one.shape} aria-hidden="true" />
            {one.name}
          </span>
        ))}
      </figcaption>
      <div
        ref={host}
        class="chart-canvas"
        role="img"
        aria-label={`${title}. ${sentence}`}
        style={{ height: `${height}px`, cursor: pick ? 'pointer' : undefined }}
        onClick={(event) => {
          const box = event.currentTarget.getBoundingClientRect();
          const x = event.clientX - box.left - LEFT_PX;
          if (pick && x >= 0) pick(us_at({ from_us, to_us, width_px: box.width - LEFT_PX - RIGHT_PX }, x));
        }}
      >
        <canvas aria-hidden="true" />
        <div class="tall-tip" ref={tip} hidden />
      </div>
    </figure>
  );
}

function y_of(value: number, axis: { least: number; most: number }, is_log: boolean, top: number, bottom: number): number {
  const share = is_log
    ? (Math.log10(Math.max(value, axis.least)) - Math.log10(axis.least)) / (Math.log10(axis.most) - Math.log10(axis.least))
    : (value - axis.least) / (axis.most - axis.least);

  return bottom - Math.max(0, Math.min(1, share)) * (bottom - top);
}

function draw_chart(
  context: CanvasRenderingContext2D,
  palette: Palette,
  width: number,
  height: number,
  { series, from_us, to_us, is_log, value_words }: Pick<ChartProps, 'series' | 'from_us' | 'to_us' | 'is_log' | 'value_words'>,
  pointer: number | null,
): void {
  const scale: TimeScale = { from_us, to_us: Math.max(to_us, from_us + 1), width_px: Math.max(1, width - LEFT_PX - RIGHT_PX) };
  const bottom = height - BOTTOM_PX;
  let most = 0;
  let least = Infinity;

  for (const one of series)
    for (const value of one.values) {
      if (value > most) most = value;
      if (value > 0 && value < least) least = value;
    }
  const axis = value_axis(most, least, is_log ?? false);

  context.font = `11px ${palette.font}`;
  context.textBaseline = 'middle';
  for (const tick of axis.ticks) {
    const y = Math.round(y_of(tick, axis, is_log ?? false, TOP_PX, bottom));
    context.fillStyle = palette.line;
    context.globalAlpha = tick === axis.least ? 1 : 0.6;
    context.fillRect(LEFT_PX, y, scale.width_px, 1);
    context.globalAlpha = 1;
    context.fillStyle = palette.text_3;
    context.textAlign = 'right';
    context.fillText(value_words(tick), LEFT_PX - 7, y);
  }
  context.textAlign = 'left';
  context.textBaseline = 'top';
  for (const tick of ticks_of(scale, 96)) {
    context.fillStyle = palette.line;
    context.fillRect(Math.round(LEFT_PX + tick.x), bottom, 1, 4);
    context.fillStyle = palette.text_3;
    const words = tick.context === '' ? tick.label : `${tick.label}  ${tick.context}`;
    if (LEFT_PX + tick.x + context.measureText(words).width < width) context.fillText(words, LEFT_PX + tick.x + 3, bottom + 5);
  }
  context.save();
  context.beginPath();
  context.rect(LEFT_PX - 4, 0, scale.width_px + 8, bottom + 1);
  context.clip();
  for (const one of series) {
    context.fillStyle = palette.hues[one.hue % 6]!;
    context.strokeStyle = palette.hues[one.hue % 6]!;
    context.lineWidth = 1.5;
    const size = one.us.length > 800 ? 1.6 : 2.6;
    if (one.shape === 'step') {
      const wide = one.us.length > 1 ? ((one.us[1]! - one.us[0]!) / (scale.to_us - scale.from_us)) * scale.width_px : scale.width_px;
      for (let i = 0; i < one.us.length; i++) {
        if (one.values[i] === 0) continue;
        const y = y_of(one.values[i]!, axis, is_log ?? false, TOP_PX, bottom);
        context.fillRect(LEFT_PX + x_of(scale, one.us[i]!), Math.min(y, bottom - 1), Math.max(1, wide - (wide > 3 ? 1 : 0)), Math.max(1, bottom - y));
      }
      continue;
    }
    for (let i = 0; i < one.us.length; i++) {
      const x = LEFT_PX + x_of(scale, one.us[i]!);
      const y = y_of(one.values[i]!, axis, is_log ?? false, TOP_PX, bottom);
      context.beginPath();
      context.arc(x, y, size, 0, 7);
      if (one.shape === 'dot') context.fill();
      else context.stroke();
    }
  }
  context.restore();
  if (pointer !== null && pointer >= LEFT_PX) {
    context.fillStyle = palette.text_3;
    context.fillRect(Math.round(pointer), TOP_PX, 1, bottom - TOP_PX);
  }
}

function fill_tip(tip: HTMLElement, width: number, { series, from_us, to_us, value_words }: Pick<ChartProps, 'series' | 'from_us' | 'to_us' | 'value_words'>, pointer: number | null): void {
  tip.hidden = pointer === null || pointer < LEFT_PX;
  if (tip.hidden) return;
  const at = us_at({ from_us, to_us, width_px: width - LEFT_PX - RIGHT_PX }, pointer! - LEFT_PX);
  const lines: HTMLElement[] = [];
  const add = (text: string, name: string) => {
    const line = document.createElement('div');
    line.className = name;
    line.textContent = text;
    lines.push(line);
  };

  for (const one of series) {
    const i = nearest(one.us, at);
    if (i < 0) continue;
    if (lines.length === 0) add(`${date_words(one.us[i]!)} ${clock_words(one.us[i]!, one.shape === 'step' ? 0 : 3)}`, 'tip-time');
    add(`${one.name}  ${value_words(one.values[i]!)}`, `tip-part hue-${one.hue % 6}`);
  }
  tip.replaceChildren(...lines);
  const wide = tip.offsetWidth;
  tip.style.transform = `translate(${Math.max(0, pointer! + 12 + wide > width ? pointer! - 12 - wide : pointer! + 12)}px, 4px)`;
}
