// SPDX-License-Identifier: Apache-2.0
//
// Following a person (R12): a frame in their colour, and the way out. Whatever one does oneself ends it.
import './follow.css';
import { useEffect } from 'preact/hooks';
import { keys_lend } from './keys';
import { announce } from './notes';
import { person_hue } from './presence';
import { followed_person, people } from '../state/store';
import { is_led_outside } from '../state/place';

const quiet_keys = /^(Shift|Control|Alt|Meta|Tab|CapsLock|F\d+)$/;

export function FollowFrame() {
  const id = followed_person.value;
  const person = people.value.find((one) => one.person === id) ?? null;
  const is_on = id !== null;

  useEffect(() => {
    if (!is_on) return;
    const end = () => (followed_person.value = null);
    const own = (event: Event) => {
      if (event.target instanceof Element && event.target.closest('.led-bar, .faces, .note')) return;
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
