// SPDX-License-Identifier: Apache-2.0
//
// pins - comments on packets, the same for all who look (R10). They sit on (source, packet number), so they outlive
// filters, reconnects and viewers.
//
// Optimistic: a pin is here before the server has it, under a name of its own (`new-1`), and goes again with the reason
// when it is refused. Taking one out waits ten seconds for a second thought: nothing is sent before. Written here and
// by the live socket (pin_came, pin_gone); everything else reads.
import { computed, signal } from '@preact/signals';
import { api, ApiError } from '../net/api';
import type { ApiPin, ApiReply } from '../net/api_types';
import { announce, note } from '../shell/notes';
import { hello, pins, type Pin } from './store';

export const TEXT_LIMIT = 500; // characters, as the server has it
const UNDO_MS = 10_000;

export type { Pin };
export { pins };

/* Ids of what the server has not confirmed yet. */
export const pins_sending = signal<ReadonlySet<string>>(new Set());
let source_of_pins = '';
let n_new = 0;

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

function put(pin: Pin, is_sending = false): void {
  pins.value = new Map(pins.value).set(pin.id, pin);
  set_sending(pin.id, is_sending);
}

function drop(id: string): void {
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

  if (mine) drop(mine.id);
  put(pin);
  if (is_new && !mine) announce(`${pin.name} commented on packet ${pin.number}`);
}

export function pin_gone(id: string): void {
  drop(id);
}

const now_ns = () => `${Date.now()}000000`;

function me(): { person: string; name: string } {
  const you = hello.peek()?.you;
  return { person: you?.person ?? '', name: you?.name ?? 'me' };
}

function refused(what: string, fault: unknown): void {
  note({ text: `${what}: ${fault instanceof ApiError ? fault.message : 'the page failed'}`, kind: 'bad' });
}

/* Resolves to false when it was refused; the text is then the caller's to keep. */
export async function pin_add(source: string, number: number, time_ns: string, text: string): Promise<boolean> {
  const id = `new-${++n_new}`;
  const { person, name } = me();

  put({ id, source, number, time_ns, person, name, text, replies: [], resolved: false, created_ns: now_ns() }, true);
  try {
    const pin = await api.post<ApiPin>(`/sources/${encodeURIComponent(source)}/pins`, { number, text });
    drop(id);
    put(pin);
    return true;
  } catch (fault) {
    drop(id);
    refused('Not commented', fault);
    return false;
  }
}

async function change(pin: Pin, now: Pin, what: string, send: () => Promise<ApiPin>): Promise<boolean> {
  put(now, true);
  try {
    put(await send());
    return true;
  } catch (fault) {
    put(pin);
    refused(what, fault);
    return false;
  }
}

const path_of = (pin: Pin) => `/sources/${encodeURIComponent(pin.source)}/pins/${encodeURIComponent(pin.id)}`;

export function pin_edit(pin: Pin, text: string): Promise<boolean> {
  return change(pin, { ...pin, text }, 'Not changed', () => api.patch<ApiPin>(path_of(pin), { text }));
}

export function pin_resolve(pin: Pin, resolved: boolean): Promise<boolean> {
  return change(pin, { ...pin, resolved }, resolved ? 'Not resolved' : 'Not opened again', () => api.patch<ApiPin>(path_of(pin), { resolved }));
}

export function pin_reply(pin: Pin, text: string): Promise<boolean> {
  const reply: ApiReply = { id: `new-${++n_new}`, ...me(), text, created_ns: now_ns() };

  return change(pin, { ...pin, replies: [...pin.replies, reply] }, 'Not answered', () => api.post<ApiPin>(`${path_of(pin)}/replies`, { text }));
}

/* Gone here at once, at the server after ten seconds, if nobody wants it back until then. */
export function pin_remove(pin: Pin): void {
  drop(pin.id);
  const timer = setTimeout(() => void send(), UNDO_MS);
  const hurry = () => {
    clearTimeout(timer);
    void send();
  };

  // Whoever leaves has made up his mind.
  addEventListener('pagehide', hurry, { once: true });
  async function send(): Promise<void> {
    removeEventListener('pagehide', hurry);
    try {
      await api.delete(path_of(pin));
    } catch (fault) {
      if (fault instanceof ApiError && fault.status === 404) return;
      put(pin);
      refused('Not removed', fault);
    }
  }
  note({
    text: 'Comment removed',
    ms: UNDO_MS,
    action: {
      label: 'Undo',
      run: () => {
        clearTimeout(timer);
        removeEventListener('pagehide', hurry);
        put(pin);
      },
    },
  });
}
