// SPDX-License-Identifier: Apache-2.0
//
// search_words - what somebody typed into the one box: an address goes to the address search, all else is part of a name.

/* '10.1.2.3', '10.1.2.3:5684', '[2001:db8::1]:5684', '2001:db8::1': as it is asked of the server; null: no address. */
export function address_of(text: string): string | null {
  const typed = text.trim();
  const four = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?::(\d{1,5}))?$/.exec(typed);

  if (four) return four.slice(1, 5).every((part) => Number(part) <= 255) && Number(four[5] ?? 0) <= 65535 ? typed : null;
  const six = /^\[?([0-9a-f:.]+)\]?(?:(?<=\]):(\d{1,5}))?$/i.exec(typed);
  if (!six || (typed.startsWith('[') && !typed.includes(']'))) return null;
  const groups = six[1]!.split(':');
  const is_six = groups.length >= 3 && groups.length <= 8 && groups.every((group) => /^[0-9a-f]{0,4}$/i.test(group) || /^\d+\.\d+\.\d+\.\d+$/.test(group));

  // A MAC address has six groups of two: a name of a device, not where it was.
  return is_six && (six[1]!.includes('::') || groups.length === 8) ? typed : null;
}

/* Text for a filter's string: quotes and backslashes escaped. */
export function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, (sign) => `\\${sign}`)}"`;
}
