// SPDX-License-Identifier: Apache-2.0
//
// How people are drawn: initials, never a picture.
import type { Person } from '../state/store';
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
