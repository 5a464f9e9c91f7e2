// SPDX-License-Identifier: Apache-2.0
//
// Following a person (R12): a frame in their colour, and the way out. Whatever one does oneself ends it. And somebody who asks
// everybody to come: a banner that says where to, with yes and no.
import { useEffect } from 'preact/hooks';
import { keys_lend } from './keys';
import { announce } from './notes';
import { person_hue, where_words } from './presence';
import { followed_person, people } from '../state/store';
import { invitation, invitation_take, is_led_outside } from '../state/lead';

const quiet_keys = /^(Shift|Control|Alt|Meta|Tab|CapsLock|F\d+)$/;

export function FollowFrame() {
  const id = followed_person.value;
  const person = people.value.find((one) => one.person === id) ?? null;
  const is_on = id !== null;

  useEffect(() => {
    if (!is_on) return;
    const end = () => (followed_person.value = null);
    const own = (event: Event) => {
      if (event.target instanceof Element && event.target.closest('.led-bar, .faces, .note, .invitation')) return;
      if (event instanceof KeyboardEvent && (quiet_keys.test(event.key) || event.key === 'Escape')) return;
      end();
    };
    const give_back = keys_lend({ name: 'While following somebody', bindings: [{ keys: ['Escape'], does: 'no longer follow', in_fields: true, run: end as () => void }] });
    for (const kind of ['pointerdown', 'wheel', 'keydown'] as const) addEventListener(kind, own, { capture: true, passive: true });
    return () => {
      give_back();
      for (const kind of ['pointerdown', 'wheel', 'keydown'] as const) removeEventListener(kind, own, { capture: true });
    };
  }, [is_on]);
  useEffect(() => {
    if (person) announce(`Following ${person.name}. Escape ends it.`);
  }, [person?.person]);

  if (!person) return null;
  return (
    <div class={`follow-frame ${person_hue(person)}`}>
      <div class="led-bar">
        <span>
          {is_led_outside.value ? <><b class="stranger">{person.name}</b> is looking outside your link</> : <>Following <b class="stranger">{person.name}</b></>}
        </span>
        <button type="button" onClick={() => (followed_person.value = null)}>
          Stop <kbd>Esc</kbd>
        </button>
      </div>
    </div>
  );
}

export function Invitation() {
  const asked = invitation.value;
  const person = people.value.find((one) => one.person === asked?.person) ?? null;

  useEffect(() => {
    if (asked) announce(`${asked.name} asks everyone to come: ${where_words(asked.place)}`);
  }, [asked]);
  if (!asked) return null;
  return (
    <section class={`invitation ${person ? person_hue(person) : ''}`} aria-label="Invitation">
      <span>
        <b class="stranger">{asked.name}</b> asks everyone to come here: {asked.is_outside ? 'outside your link' : <span class="stranger">{where_words(asked.place)}</span>}
      </span>
      <span class="buttons">
        {!asked.is_outside && <button type="button" class="button primary" onClick={invitation_take}>Go there</button>}
        <button type="button" class="button" onClick={() => (invitation.value = null)}>{asked.is_outside ? 'Close' : 'Not now'}</button>
      </span>
    </section>
  );
}
