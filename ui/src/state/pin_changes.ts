// SPDX-License-Identifier: Apache-2.0
//
// pin_changes - making, changing and removing comments (R10). Optimistic: a pin is here before the server has it, under a
// name of its own (`new-1`), and goes again with the reason when it is refused. Taking one out waits ten seconds for a
// second thought: nothing is sent before.
import { api, ApiError } from '../net/api';
import type { ApiPin, ApiReply } from '../net/api_types';
import { note } from '../shell/notes';
import { pin_drop, pin_put } from './pins';
import { hello, type Pin } from './store';

export const TEXT_LIMIT = 500; // characters, as the server has it
const UNDO_MS = 10_000;

let n_new = 0;

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

  pin_put({ id, source, number, time_ns, person, name, text, replies: [], resolved: false, created_ns: now_ns() }, true);
  try {
    const pin = await api.post<ApiPin>(`/sources/${encodeURIComponent(source)}/pins`, { number, text });
    pin_drop(id);
    pin_put(pin);
    return true;
  } catch (fault) {
    pin_drop(id);
    refused('Not commented', fault);
    return false;
  }
}

async function change(pin: Pin, now: Pin, what: string, send: () => Promise<ApiPin>): Promise<boolean> {
  pin_put(now, true);
  try {
    pin_put(await send());
    return true;
  } catch (fault) {
    pin_put(pin);
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
  pin_drop(pin.id);
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
      pin_put(pin);
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
        pin_put(pin);
      },
    },
  });
}
