// SPDX-License-Identifier: Apache-2.0
//
// The keyboard. Screens lend their bindings while they are shown; the newest lender is asked first. A lone letter or
// sign does nothing while a field has the focus, and can be switched off altogether (WCAG 2.1.4).
import { signal } from '@preact/signals';
import { settings } from '../state/settings';

export interface KeyBinding {
  keys: string[]; // 'j', 'ArrowDown', 'Ctrl+.', 'g g', 'Shift+Tab', '?'
  does: string; // as the help says it: 'next packet'
  run: (event: KeyboardEvent) => void | false; // false: not mine just now, ask the next one
  in_fields?: boolean; // also while a field has the focus (Esc)
}

export interface KeyGroup {
  name: string; // heading in the help
  bindings: KeyBinding[];
}

export const key_groups = signal<KeyGroup[]>([]);

/* Lends a group of bindings; returns what takes them back. */
export function keys_lend(group: KeyGroup): () => void {
  key_groups.value = [group, ...key_groups.value];
  return () => {
    key_groups.value = key_groups.value.filter((one) => one !== group);
  };
}

const named = /^(Arrow|Page|Home|End|Enter|Escape|Tab|Delete|Backspace|F\d)/;

function key_name(event: KeyboardEvent): string {
  const key = event.key === ' ' ? 'Space' : event.key;
  let name = '';
  if (event.ctrlKey || event.metaKey) name += 'Ctrl+';
  if (event.altKey) name += 'Alt+';
  if (event.shiftKey && (named.test(key) || key === 'Space')) name += 'Shift+';
  return name + key;
}

export function is_field(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

const sequence_ms = 900;
let before = ''; // the first key of a pair, such as g g
let before_ms = 0;

export function keys_handle(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing) return;
  // A dialog is over everything: its keys are its own, Esc before all.
  if (document.querySelector('dialog[open]')) return;
  const name = key_name(event);
  const in_field = is_field(event.target);
  const lone = [...name].length === 1;
  if (lone && !in_field && !settings.value.single_keys && name !== '?') return;
  const now = event.timeStamp;
  const pair = now - before_ms < sequence_ms && before !== '' ? `${before} ${name}` : '';
  before = '';
  // A button or link takes Enter and Space itself.
  const on_control = event.target instanceof Element && event.target.closest('button, a[href], summary, [role=tab], [role=slider]') !== null;
  for (const group of key_groups.value) {
    for (const binding of group.bindings) {
      if (in_field && !binding.in_fields) continue;
      if (on_control && (name === 'Enter' || name === 'Space')) continue;
      const hit = binding.keys.includes(name) || (pair !== '' && binding.keys.includes(pair));
      if (hit) {
        if (binding.run(event) === false) continue;
        event.preventDefault();
        return;
      }
      if (!in_field && binding.keys.some((key) => key.startsWith(name + ' '))) {
        before = name;
        before_ms = now;
      }
    }
  }
}

export function keys_start(): void {
  document.addEventListener('keydown', keys_handle);
}
