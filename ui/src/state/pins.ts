// SPDX-License-Identifier: Apache-2.0
//
// pins - comments on packets, the same for all who look (R10). They sit on (source, packet number), so they outlive
// filters, reconnects and viewers.
//
// Written by the live socket (pin_came, pin_gone) and by pin_changes.ts; everything else reads.
import { computed, signal } from '@preact/signals';
import { api } from '../net/api';
import type { ApiPin } from '../net/api_types';
import { announce } from '../shell/notes';
import { pins, type Pin } from './store';

export type { Pin };
export { pins };

/* Ids of what the server has not confirmed yet. */
export const pins_sending = signal<ReadonlySet<string>>(new Set());
let source_of_pins = '';

/* What the table's gutter, the timeline and the comments ask. Open pins only count as pinned; resolved ones stay readable. */
export const pins_by_number = computed(() => {
  const by = new Map<number, Pin[]>();
  for (const pin of pins.value.values()) {
    const others = by.get(pin.number);
    if (others) others.push(pin);
    else by.set(pin.number, [pin]);
  }
  return by;
});

export const pins_in_order = computed(() => [...pins.value.values()].sort((a, b) => a.number - b.number || a.id.localeCompare(b.id)));

export function pin_put(pin: Pin, is_sending = false): void {
  pins.value = new Map(pins.value).set(pin.id, pin);
  set_sending(pin.id, is_sending);
}

export function pin_drop(id: string): void {
  const left = new Map(pins.value);
  left.delete(id);
  pins.value = left;
  set_sending(id, false);
}

function set_sending(id: string, is_sending: boolean): void {
  if (pins_sending.peek().has(id) === is_sending) return;
  const now = new Set(pins_sending.peek());
  if (is_sending) now.add(id);
  else now.delete(id);
  pins_sending.value = now;
}

export async function pins_load(source: string): Promise<void> {
  const answer = await api.get<{ pins: ApiPin[] }>(`/sources/${encodeURIComponent(source)}/pins`);
  const kept = source === source_of_pins ? [...pins.peek().values()].filter((pin) => pins_sending.peek().has(pin.id)) : [];

  source_of_pins = source;
  pins.value = new Map([...answer.pins, ...kept].map((pin) => [pin.id, pin] as const));
}

export function pins_forget(): void {
  pins.value = new Map();
  source_of_pins = '';
}

/* From the live socket. */
export function pin_came(pin: ApiPin): void {
  if (source_of_pins !== '' && pin.source !== source_of_pins) return;
  const is_new = !pins.peek().has(pin.id);
  const mine = [...pins.peek().values()].find((one) => one.id.startsWith('new-') && one.number === pin.number && one.text === pin.text);

  if (mine) pin_drop(mine.id);
  pin_put(pin);
  if (is_new && !mine) announce(`${pin.name} commented on packet ${pin.number}`);
}

export function pin_gone(id: string): void {
  pin_drop(id);
}
