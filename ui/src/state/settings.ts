// SPDX-License-Identifier: Apache-2.0
//
// What a person has set for this browser: kept in localStorage, one value, read with care (it may be anybody's).
import { effect, signal } from '@preact/signals';

export interface Settings {
  theme: 'light' | 'dark' | 'system';
  density: 'dense' | 'comfortable';
  single_keys: boolean; // shortcuts that are a lone letter
  time_format: string;
  columns: string[]; // [] = as they come
  pane_height: number;
  filters: string[]; // history, newest first
  starred: string[]; // filters kept
  guest_name: string;
}

export const settings_first: Settings = {
  theme: 'system',
  density: 'dense',
  single_keys: true,
  time_format: 'time',
  columns: [],
  pane_height: 280,
  filters: [],
  starred: [],
  guest_name: '',
};

const place = 'tapdeck.settings';

/* Takes over what has the right type; anything else stays as it comes. */
export function settings_read(text: string | null): Settings {
  const read: Settings = { ...settings_first };
  try {
    const kept: unknown = JSON.parse(text ?? '{}');
    if (typeof kept !== 'object' || kept === null) return read;
    for (const [name, first] of Object.entries(settings_first)) {
      const value: unknown = (kept as Record<string, unknown>)[name];
      if (Array.isArray(first)) {
        if (Array.isArray(value) && value.every((one) => typeof one === 'string'))
          Object.assign(read, { [name]: value.slice(0, 100) });
      } else if (typeof value === typeof first) Object.assign(read, { [name]: value });
    }
    if (!['light', 'dark', 'system'].includes(read.theme)) read.theme = 'system';
    if (!['dense', 'comfortable'].includes(read.density)) read.density = 'dense';
  } catch {
    /* not JSON: as it comes */
  }
  return read;
}

function stored(): string | null {
  try {
    return localStorage.getItem(place);
  } catch {
    return null; // storage switched off
  }
}

export const settings = signal<Settings>(settings_read(typeof localStorage === 'undefined' ? null : stored()));

export function settings_set(change: Partial<Settings>): void {
  settings.value = { ...settings.value, ...change };
}

/* Keeps what is set, and puts theme and density on <html>; called once. */
export function settings_start(): void {
  effect(() => {
    const { theme, density } = settings.value;
    const root = document.documentElement;
    if (theme === 'system') delete root.dataset['theme'];
    else root.dataset['theme'] = theme;
    root.dataset['density'] = density;
    try {
      localStorage.setItem(place, JSON.stringify(settings.value));
    } catch {
      /* storage switched off: set for this visit */
    }
  });
}
