// SPDX-License-Identifier: Apache-2.0
//
// Every colour that text or a stripe has, on every ground it stands on, light and dark: WCAG's contrast, from tokens.css
// itself.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

const css = readFileSync(new URL('../../../../src/styles/tokens.css', import.meta.url), 'utf8');

function token(name: string, theme: 0 | 1): string {
  const found = new RegExp(`--${name}:\\s*light-dark\\((#[0-9a-f]{6}),\\s*(#[0-9a-f]{6})\\)`).exec(css) ?? new RegExp(`--${name}:\\s*(#[0-9a-f]{6})`).exec(css);
  assert.ok(found, `--${name} is a colour`);
  return found[theme + 1] ?? found[1]!;
}
function luminance(colour: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const part = parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}
function contrast(a: string, b: string): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light! + 0.05) / (dark! + 0.05);
}

const grounds = ['ground', 'ground-2'];
const wanted: [string, string[], number][] = [
  ['text', [...grounds, 'ground-3', 'selected', 'warn-ground', 'bad-ground', 'good-ground'], 7],
  ['text-2', grounds, 7],
  ['text-2', ['ground-3', 'selected', 'warn-ground', 'bad-ground'], 4.5],
  ['text-3', grounds, 4.5],
  ['good', ['ground', 'good-ground'], 4.5],
  ['warn', ['ground', 'warn-ground'], 4.5],
  ['bad', ['ground', 'ground-2', 'bad-ground'], 4.5],
  ['link', grounds, 4.5],
  ['accent', [...grounds, 'selected', 'warn-ground', 'bad-ground'], 4.5],
  ['on-accent', ['accent-ground'], 4.5],
  ['line-strong', grounds, 3],
  ...[0, 1, 2, 3, 4, 5].map((n): [string, string[], number] => [`hue-${n}`, [...grounds, 'selected', 'warn-ground', 'bad-ground'], 3]),
];

for (const theme of [0, 1] as const)
  test(`contrast, ${theme === 0 ? 'light' : 'dark'}`, () => {
    const short = wanted.flatMap(([name, on, least]) =>
      on.map((ground) => ({ name, ground, least, is: contrast(token(name, theme), token(ground, theme)) })).filter((one) => one.is < one.least),
    );
    assert.deepEqual(short.map((one) => `${one.name} on ${one.ground}: ${one.is.toFixed(2)} < ${one.least}`), []);
  });
