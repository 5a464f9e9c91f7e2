// SPDX-License-Identifier: Apache-2.0
//
// place - where one is, for the others (R11). A place is the address below the link, and what the address does not say:
// the first packet in view and whether one follows the live edge. Screens tell their part by place_set; the address is
// told by itself. Where others are, and going with them, is lead.ts, which the first packets need not wait for.
import { effect, signal } from '@preact/signals';
import { live } from '../net/live_socket';
import { route } from '../shell/router';
import type { Place } from './store';

export const PATH_LIMIT = 1500;

/* Where the followed person is: screens with a table bring `first` to their top. Written by lead.ts. */
export const led = signal<{ first: number | null; following: boolean; turn: number } | null>(null);

let mine: Place = {};

/* The path and query without the link's part: the same for all who look. */
export function path_below(path: string, search: string, share: string): string {
  const base = share === '' ? '' : `/s/${encodeURIComponent(share)}`;

  return (base !== '' && path.startsWith(base) ? path.slice(base.length) || '/' : path) + search;
}

export function place_set(change: Place): void {
  mine = { ...mine, ...change };
  live.place(mine);
}

export function place_now(): Place {
  return mine;
}

/* A table shows another packet first than was told, or has met the time of that one since. */
export function is_place_old(view: { table: { visible: () => { first: number } }; time_of: (number: number) => unknown }): boolean {
  const { first } = view.table.visible();

  return first !== mine.first || (mine.time_ns === undefined && view.time_of(first) !== null);
}

/* Called once. */
export function place_start(): void {
  effect(() => {
    const { screen, share, source, query, subject } = route.value;
    const packet = Number(query.get('p') ?? (screen === 'live' && subject !== '' ? subject : NaN));
    place_set({
      screen, source, filter: query.get('f') ?? '', packet: Number.isSafeInteger(packet) ? packet : null,
      path: path_below(location.pathname, location.search, share).slice(0, PATH_LIMIT),
      ...(screen === mine.screen ? {} : { first: undefined as never, following: false }),
    });
  });
}
