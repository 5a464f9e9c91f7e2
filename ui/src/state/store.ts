// SPDX-License-Identifier: Apache-2.0
//
// What several parts of the page look at: who one is, what the server says of itself, how the stream is, who else is
// here. Written by net/ and by the screen that owns a value (said at each); everything else only reads.
import { computed, signal } from '@preact/signals';

export type Role = 'view' | 'comment' | 'control';

/* Written by net/: the server's first words. */
export interface Hello {
  version: string;
  viewer: string; // id of this viewer
  role: Role;
  sources: SourceInfo[];
}

export interface SourceInfo {
  name: string;
  is_recording: boolean;
}

export const hello = signal<Hello | null>(null);

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

/* Who is here (R11). Written by net/. */
export interface Person {
  id: string;
  name: string;
  role: Role;
  colour: number; // 0-5
  state: 'live' | 'reading' | 'away';
  packet: number | null; // the one they look at
  is_me: boolean;
}

export const people = signal<Person[]>([]);
export const followed_person = signal<string | null>(null);

/* The packet one looks at, on whatever screen. Written by the screen. */
export const selected_packet = signal<number | null>(null);

/* A red bar over all (disk full, recording stopped). Written by net/. */
export const alarm = signal<string | null>(null);

export const may_comment = computed(() => hello.value !== null && hello.value.role !== 'view');
export const may_control = computed(() => hello.value?.role === 'control');
