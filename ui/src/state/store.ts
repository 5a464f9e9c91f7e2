// SPDX-License-Identifier: Apache-2.0
//
// What several parts of the page look at: who one is, what the server says of itself, how the stream is, who else is
// here. Written by net/ and by the screen that owns a value (said at each); everything else only reads.
import { computed, signal } from '@preact/signals';

export type Role = 'view' | 'comment' | 'control';

export type BytesLevel = 'none' | 'headers' | 'full';

export interface Scope {
  words: string;
  source: string | null;
  filter: string | null;
  device: string | null;
  from_ns: string | null;
  to_ns: string | null;
  numbers?: [number, number][] | null;
}

export interface You {
  person: string;
  kind: 'member' | 'link';
  role: Role;
  bytes: BytesLevel;
  link: string | null;
  expires_ns: string | null;
  scope: Scope;
  name?: string;
  color?: string;
  shape?: string;
}

export interface SourceInfo {
  name: string;
  state: 'live' | 'archive' | 'lost' | 'ended' | 'disk_full';
  since_ns: string | null;
  first: number | null;
  end: number | null; // one behind the last number
  words: string;
  from_ns?: string | null;
  to_ns?: string | null;
  interfaces?: string[];
}

/* Who one is and which sources there are: GET /me, then the live socket's hello and source. Written by net/. */
export interface Hello {
  version: string;
  you: You;
  sources: SourceInfo[];
}

export const hello = signal<Hello | null>(null);

/* Whether one may be here at all. Written by net/session. */
export type Access = { state: 'starting' } | { state: 'in' } | { state: 'login'; words: string } | { state: 'refused'; words: string };
export const access = signal<Access>({ state: 'starting' });

/* The stream's health (R7). Written by net/live_socket and the live screen. */
export type LinkState = 'connecting' | 'live' | 'lost' | 'ended' | 'refused';

export interface Health {
  link: LinkState;
  lag_ms: number | null; // capture -> painted here, clocks' difference taken out; null = not known yet
  rate: number; // packets a second, as the server counts them
  n_lost: number; // lost by the capture, all causes
  shown_one_in: number; // tail mode: 1 = every row is sent
  is_following: boolean;
  is_frozen: boolean;
  retry_at_ms: number; // link 'lost': performance.now() of the next try
  lost_at_ms: number;
  reason: string; // link 'refused' or 'ended': a sentence
}

export const health = signal<Health>({
  link: 'connecting',
  lag_ms: null,
  rate: 0,
  n_lost: 0,
  shown_one_in: 1,
  is_following: true,
  is_frozen: false,
  retry_at_ms: 0,
  lost_at_ms: 0,
  reason: '',
});

export function health_set(change: Partial<Health>): void {
  const now = health.peek();
  for (const name of Object.keys(change) as (keyof Health)[])
    if (now[name] !== change[name]) {
      health.value = { ...now, ...change };
      return;
    }
}

/* Where somebody is: what the page tells with `place`. Unknown members are passed over. */
export interface Place {
  screen?: string;
  source?: string;
  packet?: number | null;
  filter?: string;
  following?: boolean;
  first?: number;
  time_ns?: string | undefined;
  path?: string;
}

/* Who is here (R11). Written by net/. */
export interface Person {
  person: string;
  name: string;
  color: string;
  shape: string;
  role: Role;
  place: Place | null;
  away: boolean;
}

export const people = signal<Person[]>([]);
/* Oneself among them; null before the server said so. */
export const me = computed(() => people.value.find((person) => person.person === hello.value?.you.person) ?? null);
export const followed_person = signal<string | null>(null); // Person.person

/* The packet one looks at, on whatever screen. Written by the screen. */
export const selected_packet = signal<number | null>(null);
/* First and last number of a range one selected in a table; null: none, or one packet. Written by the screen. */
export const selected_range = signal<{ from: number; to: number } | null>(null);
/* The session one looks at; null: none. Written by its screen. */
export const session_shown = signal<{ device: string; from_us: number; to_us: number } | null>(null);

/* Pins of the present source, by packet. Written by net/ and by what makes, changes and removes them. */
export interface Pin {
  id: string;
  source: string;
  number: number;
  time_ns: string;
  person: string;
  name: string;
  text: string;
  replies: { id: string; person: string; name: string; text: string; created_ns: string }[];
  resolved: boolean;
  created_ns: string;
}
export const pins = signal<ReadonlyMap<string, Pin>>(new Map()); // by id

/* A red bar over all (disk full, recording stopped). Written by net/. */
export const alarm = signal<string | null>(null);

/* Through a link about a filter, a device or some packets: its rows stand one behind the other, as those of a filter. */
export const is_scoped = computed(() => {
  const scope = hello.value?.you.scope;
  return !!scope && (scope.filter !== null || scope.device !== null || !!scope.numbers);
});
export const may_comment = computed(() => hello.value !== null && hello.value.you.role !== 'view');
export const may_control = computed(() => hello.value?.you.role === 'control');
export const bytes_level = computed<BytesLevel>(() => hello.value?.you.bytes ?? 'none');

export function source_named(name: string): SourceInfo | null {
  const all = hello.value?.sources ?? [];
  return (name === '' ? all[0] : all.find((source) => source.name === name)) ?? null;
}
