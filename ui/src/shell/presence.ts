// SPDX-License-Identifier: Apache-2.0
//
// How people are drawn: initials, never a picture.

/* Two letters at most, whole characters. 'ann b. miller' -> 'AM' */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/).filter((word) => word !== '');
  const first = [...(words[0] ?? '?')][0] ?? '?';
  const last = words.length > 1 ? ([...words[words.length - 1]!][0] ?? '') : '';
  return (first + last).toUpperCase();
}
