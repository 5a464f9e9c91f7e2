// SPDX-License-Identifier: Apache-2.0
//
// Numbers and durations as people read them. Narrow no-break spaces between thousands, as in the packet's number.

const space = '\u202f';

/* 1204102 -> '1 204 102' */
export function count_text(n: number): string {
  const digits = String(Math.trunc(n));
  if (digits.length <= 3) return digits;
  return digits.replace(/\B(?=(\d{3})+$)/g, space);
}

/* 62 -> '62 ms', 3210 -> '3.2 s', 75000 -> '1 min 15 s' */
export function duration_text(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 9950) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 59_500) return `${Math.round(ms / 1000)} s`;
  const minutes = Math.floor(Math.round(ms / 1000) / 60);
  if (minutes < 60) return `${minutes} min ${Math.round(ms / 1000) % 60} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

const units = ['B', 'kB', 'MB', 'GB', 'TB'];

/* 1536 -> '1.5 kB' (decimal, as everywhere in tapdeck) */
export function bytes_text(n: number): string {
  let unit = 0;
  let value = n;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 99.5 ? Math.round(value) : value.toFixed(1)}${space}${units[unit]}`;
}
