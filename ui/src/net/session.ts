// SPDX-License-Identifier: Apache-2.0
//
// Coming in: a guest's secret from the fragment, a member's token, and who the server says one is.
import { api, ApiError } from './api';
import { live } from './live_socket';
import { access, health_set, hello, type Hello } from '../state/store';
import { route } from '../shell/router';
import { settings } from '../state/settings';

const secret_place = () => `tapdeck.secret.${route.value.share}`;

/* The link's secret, for Copy link; '' for members. It is in the address bar only until it was sent. */
export function link_secret(): string {
  try {
    return sessionStorage.getItem(secret_place()) ?? '';
  } catch {
    return '';
  }
}

/* Whoever has the secret is told what became of the link and whom to ask; others only that there is nothing. */
async function refusal_words(response: Response): Promise<string> {
  if (response.status !== 404) {
    try {
      const { detail } = (await response.json()) as { detail?: unknown };
      if (typeof detail === 'string' && detail !== '') return `${detail.charAt(0).toUpperCase()}${detail.slice(1)}.`;
    } catch {
      /* no words of the server's: ours */
    }
  }
  return 'This link is not valid, or not any more. Ask the person who gave it to you for a new one.';
}

async function enter(secret: string): Promise<void> {
  const response = await fetch(`/s/${encodeURIComponent(route.value.share)}/enter`, {
    method: 'POST',
    credentials: 'same-origin',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ secret }),
  });
  if (!response.ok) throw new ApiError(response.status, 'link', await refusal_words(response));
  try {
    sessionStorage.setItem(secret_place(), secret);
  } catch {
    /* without storage, Copy link gives the address without the secret */
  }
  history.replaceState(null, '', location.pathname + location.search);
}

/* Asks who one is. true: one may stay. */
async function ask(): Promise<boolean> {
  try {
    hello.value = await api.get<Hello>('/me');
    access.value = { state: 'in' };
    return true;
  } catch (fault) {
    const status = fault instanceof ApiError ? fault.status : 0;
    if (route.value.share !== '' && (status === 401 || status === 404 || status === 403)) {
      const words = 'This link has ended, or was opened without its secret part (behind the #). Ask the person who gave it to you.';
      access.value = { state: 'refused', words };
      health_set({ link: 'refused', reason: words });
      return false;
    }
    if (status === 401) {
      access.value = { state: 'login', words: '' };
      return false;
    }
    if (hello.value === null && status !== 0) access.value = { state: 'refused', words: fault instanceof Error ? fault.message : '' };
    return status === 0 || status >= 500; // not reached, or not well: again later
  }
}

function come_in(): void {
  live.identity = { name: settings.value.guest_name || undefined } as typeof live.identity;
  live.may_retry = ask;
  live.connect();
}

export async function session_start(): Promise<void> {
  const secret = location.hash.slice(1);
  if (route.value.share !== '' && secret !== '') {
    try {
      await enter(secret);
    } catch (fault) {
      const words = fault instanceof ApiError ? fault.message : 'The server cannot be reached.';
      access.value = { state: 'refused', words };
      health_set({ link: 'refused', reason: words });
      return;
    }
  }
  if (await ask()) come_in();
}

/* A member's token or password. Throws ApiError with words for people. */
export async function login(token: string): Promise<void> {
  // One of the two is right: which, only the server knows.
  await api.post('/login', { token, password: token });
  if (await ask()) come_in();
}
