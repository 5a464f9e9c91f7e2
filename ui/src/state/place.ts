// SPDX-License-Identifier: Apache-2.0
//
// place - where one is, for the others (R11), and where the person is whom one follows (R12).
//
// A place is the address below the link, and what the address does not say: the first packet in view and whether one
// follows the live edge. Screens tell their part by place_set; the address is told by itself. What comes from others is
// read with care: it may be anybody's.
import { effect, signal } from '@preact/signals';
import { live } from '../net/live_socket';
import { note } from '../shell/notes';
import { replace, route, route_parse, type Route } from '../shell/router';
import { followed_person, people, type Place } from './store';

const PATH_LIMIT = 1500;

/* Where the followed person is: screens with a table bring `first` to their top. */
export const led = signal<{ first: number | null; following: boolean; turn: number } | null>(null);
/* They look at something that one's own link does not cover. */
export const is_led_outside = signal(false);

let mine: Place = {};
let n_turns = 0;

/* The path and query without the link's part: the same for all who look. */
export function path_below(path: string, search: string, share: string): string {
  const base = share === '' ? '' : `/s/${encodeURIComponent(share)}`;

  return (base !== '' && path.startsWith(base) ? path.slice(base.length) || '/' : path) + search;
}

/* A path that somebody else sent, as one of this page's own addresses; null: it is none. */
export function path_here(path: unknown, share: string): string | null {
  if (typeof path !== 'string' || path.length > PATH_LIMIT || !path.startsWith('/') || path.startsWith('//') || /[\\\u0000-\u001f#]/.test(path)) return null;
  const at = path.indexOf('?');
  const found: Route = route_parse(at < 0 ? path : path.slice(0, at), at < 0 ? '' : path.slice(at));
  if (found.share !== '' || !/^\/(live|a|d|x|c)(\/|$)/.test(path)) return null;
  return (share === '' ? '' : `/s/${encodeURIComponent(share)}`) + path;
}

export function place_set(change: Place): void {
  mine = { ...mine, ...change };
  live.place(mine);
}

export function place_now(): Place {
  return mine;
}

function lead_came(person: string, place: Place | null, is_outside: boolean): void {
  if (person !== followed_person.peek()) return;
  const name = people.peek().find((one) => one.person === person)?.name ?? 'That person';

  if (place === null) {
    followed_person.value = null;
    note(`${name} left`);
    return;
  }
  is_led_outside.value = is_outside;
  if (is_outside) return;
  const path = path_here(place.path, route.peek().share);
  if (path !== null && path !== location.pathname + location.search) replace(path);
  led.value = { first: typeof place.first === 'number' ? place.first : null, following: place.following === true, turn: ++n_turns };
}

function bring_came(person: string, place: Place): void {
  const name = people.peek().find((one) => one.person === person)?.name ?? 'Somebody';
  const path = path_here(place.path, route.peek().share);
  if (path === null || followed_person.peek() === person) return;
  note({ text: `${name} asks everyone to come and look`, ms: 20_000, action: { label: 'Go there', run: () => void (followed_person.value = person) } });
}

/* Called once. */
export function place_start(): void {
  live.on_lead = lead_came;
  live.on_bring = bring_came;
  effect(() => {
    const { screen, share, source, query, subject } = route.value;
    const packet = Number(query.get('p') ?? (screen === 'live' && subject !== '' ? subject : NaN));
    place_set({
      screen, source, filter: query.get('f') ?? '', packet: Number.isSafeInteger(packet) ? packet : null,
      path: path_below(location.pathname, location.search, share).slice(0, PATH_LIMIT),
      ...(screen === mine.screen ? {} : { first: undefined as never, following: false }),
    });
  });
  effect(() => {
    live.follow_person(followed_person.value);
    is_led_outside.value = false;
    if (followed_person.value === null) led.value = null;
  });
  // Who is not here any more cannot be followed.
  effect(() => {
    const followed = followed_person.value;
    if (followed !== null && people.value.length > 0 && !people.value.some((person) => person.person === followed)) followed_person.value = null;
  });
}
