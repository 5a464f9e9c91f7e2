// SPDX-License-Identifier: Apache-2.0
//
// presence_marks - where the others are (R11), as a tick each at a table's scrollbar and on a timeline: the person's colour,
// and their initials, for colour is only a second signal. What a place says is somebody else's: read with care.
import { effect } from '@preact/signals';
import { initials, person_hue, place_words } from '../shell/presence';
import { hello, people, type Person } from '../state/store';
import type { PacketView } from '../table/packet_view';
import type { Palette } from './palette';

export interface PresenceMark {
  person: string;
  hue: number;
  initials: string;
  words: string; // 'Ann, reading 1 204 102'
  first: number; // packet at the top of their table; 0: not known
  us: number | null; // its time
  is_following: boolean;
}

const ms_of_sync = 1000;
const label_px = 15;

/* Those others who look at a table of that source. */
export function presence_marks(all: readonly Person[], me: string, source: string): PresenceMark[] {
  return all.flatMap((person) => {
    const place = person.place;
    if (person.person === me || !place || place.source !== source || (place.screen !== 'live' && place.screen !== 'archive')) return [];
    const [first, packet] = [place.first, place.packet].map((number) => (Number.isSafeInteger(number) && number! > 0 ? number! : 0));
    const us = typeof place.time_ns === 'string' && /^\d{1,20}$/.test(place.time_ns) ? Number(BigInt(place.time_ns) / 1000n) : null;
    return [{
      person: person.person, hue: Number(person_hue(person).slice(4)), initials: initials(person.name), words: `${person.name}, ${place_words(person)}`,
      first: first || packet!, us, is_following: place.following === true,
    }];
  });
}

export function presence_now(source: string): PresenceMark[] {
  return presence_marks(people.value, hello.value?.you.person ?? '', source);
}

/* Places labels, each at its y or as little further down as keeps them apart; what would leave the bottom moves up. */
export function labels_apart(wanted: readonly number[], high: number, most: number): number[] {
  const order = wanted.map((y, i) => ({ y, i })).sort((a, b) => a.y - b.y || a.i - b.i);
  const placed = wanted.slice();
  let from = 0;
  for (const { y, i } of order) from = (placed[i] = Math.max(y, from)) + high;
  let to = most;
  for (const { i } of order.reverse()) to = placed[i] = Math.min(placed[i]!, to - high);
  return placed.map((y) => Math.max(0, y));
}

/* One tick on a timeline: a line in the colour, initials at its foot. */
export function presence_draw(pen: CanvasRenderingContext2D, palette: Palette, mark: PresenceMark, x: number, top: number, bottom: number): void {
  const width = mark.initials.length > 1 ? 19 : 14;
  const left = Math.max(0, Math.min(x - width / 2, pen.canvas.clientWidth - width));

  pen.fillStyle = palette.hues[mark.hue]!;
  pen.fillRect(Math.round(x) - 1, top, 2, bottom - top);
  pen.fillRect(left, bottom - 14, width, 14);
  pen.fillStyle = palette.ground;
  pen.fillRect(left + 1.5, bottom - 12.5, width - 3, 11);
  pen.fillStyle = palette.text;
  pen.font = `600 9px ${palette.font}`;
  pen.textAlign = 'center';
  pen.textBaseline = 'middle';
  pen.fillText(mark.initials, left + width / 2, bottom - 6.5);
  pen.textAlign = 'left';
}

/* The ticks beside a table's scrollbar, kept up to date; returns what takes them away. */
export function presence_ticks(view: PacketView, source: () => string): () => void {
  const { root } = view.table;
  const layer = document.createElement('div');
  const shown = new Map<string, HTMLElement>();
  layer.className = 'presence-ticks';
  root.parentElement!.append(layer);

  const place = () => {
    const { n } = view.lines;
    const marks = n === 0 ? [] : presence_now(source()).filter((mark) => mark.is_following || mark.first > 0);
    const head = root.querySelector<HTMLElement>('.grid-head')?.offsetHeight ?? 0;
    const high = root.clientHeight - head;
    const page = Math.min(n, view.table.page_lines);
    // Where the thumb would be, were it at their place.
    const y_of = (mark: PresenceMark) => ((mark.is_following ? n - page / 2 : Math.min(n, view.lines.line_of(mark.first) + page / 2)) / n) * high;
    const ys = marks.map(y_of);
    const labels = labels_apart(ys.map((y) => y - label_px / 2), label_px, high);
    layer.style.top = `${head}px`;
    layer.style.width = `${Math.max(8, root.offsetWidth - root.clientWidth)}px`;
    for (const [person, element] of shown)
      if (!marks.some((mark) => mark.person === person)) {
        element.remove();
        shown.delete(person);
      }
    marks.forEach((mark, i) => {
      let element = shown.get(mark.person);
      if (!element) {
        element = document.createElement('div');
        element.setAttribute('aria-hidden', 'true'); // said by the faces in the header
        element.append(document.createElement('i'), document.createElement('span'));
        layer.append(element);
        shown.set(mark.person, element);
      }
      const [tick, label] = element.children as unknown as [HTMLElement, HTMLElement];
      element.className = `presence-tick hue-${mark.hue}`;
      element.title = mark.words;
      tick.style.top = `${Math.round(ys[i]!)}px`;
      label.style.top = `${Math.round(labels[i]!)}px`;
      if (label.textContent !== mark.initials) label.textContent = mark.initials;
    });
  };
  const stop = effect(() => {
    void people.value;
    place();
  });
  const timer = setInterval(() => document.hidden || people.peek().length < 2 || place(), ms_of_sync);
  return () => {
    stop();
    clearInterval(timer);
    layer.remove();
  };
}
