// SPDX-License-Identifier: Apache-2.0
//
// Who is here: initials in a colour and a shape, and what a click does: follow that person, or say who one is.
import { dialog_open } from './dialog_open';
import { initials, person_hue, place_words } from './presence';
import { followed_person, hello, type Person } from '../state/store';

const shapes = ['circle', 'square', 'diamond', 'hexagon'];

/* Two who have the same colour still look different, to everybody. */
export function person_shape(person: Person): string {
  if (shapes.includes(person.shape)) return person.shape;
  let sum = 7;
  for (const letter of person.person) sum = (sum * 17 + letter.charCodeAt(0)) >>> 0;
  return shapes[sum % shapes.length]!;
}

/* is_still: only a picture of who it is. */
export function Face({ person, is_still }: { person: Person; is_still?: boolean }) {
  const is_me = person.person === hello.value?.you.person;
  const is_followed = followed_person.value === person.person;
  const where = place_words(person);
  const look = `face ${person_hue(person)} shape-${person_shape(person)} ${person.away ? 'away' : ''} ${is_followed ? 'followed' : ''}`;

  if (is_still) return <span class={look} aria-hidden="true" data-initials={initials(person.name)} />;
  return (
    <button
      class={look}
      data-initials={initials(person.name)}
      title={is_me ? `${person.name} (you): change your name` : `${person.name}, ${where}`}
      aria-label={is_me ? `${person.name} (you). Change your name` : `Follow ${person.name}, ${where}`}
      aria-pressed={is_me ? undefined : is_followed}
      onClick={() => {
        if (is_me) dialog_open(() => import('../dialogs/name'));
        else followed_person.value = is_followed ? null : person.person;
      }}
    />
  );
}
