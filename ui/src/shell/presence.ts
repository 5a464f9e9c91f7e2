// SPDX-License-Identifier: Apache-2.0
//
// How people are drawn: initials, never a picture.
import type { Person, Place } from '../state/store';
import { count_text } from '../table/format';

/* Two letters at most, whole characters. 'ann b. miller' -> 'AM' */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/).filter((word) => word !== '');
  const first = [...(words[0] ?? '?')][0] ?? '?';
  const last = words.length > 1 ? ([...words[words.length - 1]!][0] ?? '') : '';
  return (first + last).toUpperCase();
}

/* One of the six hues, the same for a person wherever they are drawn. */
export function person_hue(person: Person): string {
  const told = /^hue-[0-5]$/.exec(person.color ?? '');
  if (told) return told[0];
  let sum = 0;
  for (const letter of person.person) sum = (sum * 31 + letter.charCodeAt(0)) >>> 0;
  return `hue-${sum % 6}`;
}

export function place_words(person: Person): string {
  if (person.away) return 'away';
  const place = person.place;
  if (place?.following) return 'following live';
  if (typeof place?.packet === 'number') return `reading ${count_text(place.packet)}`;
  return place?.screen && place.screen !== 'live' ? `at ${place.screen}` : 'reading';
}

const screens: Record<string, string> = { live: 'the live view', archive: 'the archive', devices: 'the devices', device: 'a device', session: 'a session' };

/* 'the archive, packet 1 204 102, filter coap' */
export function where_words(place: Place): string {
  const words = [screens[place.screen ?? ''] ?? 'this page'];

  if (typeof place.packet === 'number' && place.following !== true) words.push(`packet ${count_text(place.packet)}`);
  else if (place.following === true) words.push('following what comes');
  if (typeof place.filter === 'string' && place.filter !== '') words.push(`filter ${place.filter.slice(0, 80)}`);
  return words.join(', ');
}
