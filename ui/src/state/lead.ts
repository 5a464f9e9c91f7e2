// SPDX-License-Identifier: Apache-2.0
//
// lead - going where somebody else is: a person one follows (R12), and one who asks everybody to come. What comes from
// others is read with care: it may be anybody's.
import { effect, signal } from '@preact/signals';
import { live } from '../net/live_socket';
import { note } from '../shell/notes';
import { replace, route, route_parse, route_path, type Route } from '../shell/router';
import { PATH_LIMIT, led, place_now } from './place';
import { followed_person, people, type Place } from './store';

/* They look at something that one's own link does not cover. */
export const is_led_outside = signal(false);
/* Somebody asks everybody to come, until it is answered. */
export const invitation = signal<{ person: string; name: string; place: Place; is_outside: boolean } | null>(null);

let n_turns = 0;

/* A path that somebody else sent, as one of this page's own addresses; null: it is none. */
export function path_here(path: unknown, share: string): string | null {
  if (typeof path !== 'string' || path.length > PATH_LIMIT || !path.startsWith('/') || path.startsWith('//') || /[\\\u0000-\u001f#]/.test(path)) return null;
  const at = path.indexOf('?');
  const found: Route = route_parse(at < 0 ? path : path.slice(0, at), at < 0 ? '' : path.slice(at));
  if (found.share !== '' || !/^\/(live|a|d|x|c)(\/|$)/.test(path)) return null;
  return (share === '' ? '' : `/s/${encodeURIComponent(share)}`) + path;
}

/* Where that place is for me: guests of another link are told no path, only the screen, the source and the packet. */
export function place_path(place: Place, share: string): string | null {
  if (place.path !== undefined) return path_here(place.path, share);
  if (typeof place.source !== 'string' || place.source === '' || (place.screen !== 'live' && place.screen !== 'archive')) return null;
  const number = Number.isSafeInteger(place.packet) && place.packet! > 0 ? place.packet! : 0;

  return route_path({ screen: place.screen, share, source: place.source }) + (number > 0 ? `?p=${number}` : '');
}

function name_of(person: string): string {
  return people.peek().find((one) => one.person === person)?.name ?? 'Somebody';
}

function lead_came(person: string, place: Place | null, is_outside: boolean): void {
  if (person !== followed_person.peek()) return;
  is_led_outside.value = is_outside;
  if (is_outside) return;
  if (place === null) {
    followed_person.value = null;
    note(`${name_of(person)} left`);
    return;
  }
  const path = place_path(place, route.peek().share);
  if (path !== null && path !== location.pathname + location.search) replace(path);
  led.value = { first: typeof place.first === 'number' ? place.first : null, following: place.following === true, turn: ++n_turns };
}

/* Somebody whom one follows already brings one along without asking. */
function bring_came(person: string, place: Place, is_outside: boolean): void {
  if (followed_person.peek() === person) return;
  invitation.value = { person, name: name_of(person), place, is_outside };
}

export function invitation_take(): void {
  const asked = invitation.peek();
  invitation.value = null;
  if (asked === null) return;
  const path = place_path(asked.place, route.peek().share);
  if (path !== null && path !== location.pathname + location.search) replace(path);
  if (people.peek().some((one) => one.person === asked.person)) followed_person.value = asked.person;
}

/* Control only: each of the others is asked once. */
export function everyone_bring(): void {
  const n = people.peek().length - 1;

  live.bring(place_now());
  if (n > 0) note(n === 1 ? 'One other was asked to come here' : `${n} others were asked to come here`);
}

/* Called once, before anybody can be followed. */
export function lead_start(): void {
  live.on_lead = lead_came;
  live.on_bring = bring_came;
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
