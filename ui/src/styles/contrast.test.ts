// SPDX-License-Identifier: Apache-2.0
//
// The colours of tokens.css held against WCAG 2.2: text 4.5:1 on every ground it stands on, body text 7:1, stripes and borders
// of controls 3:1; and the six hues apart from each other for people who see no red or no green.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

type Rgb = [number, number, number];

const text = readFileSync('src/styles/tokens.css', 'utf8');
const themes = ['light', 'dark'] as const;

function colour(name: string, theme: (typeof themes)[number]): Rgb {
  const pair = new RegExp(`--${name}: (?:light-dark\\((#\\w+), (#\\w+)\\)|(#\\w+))`).exec(text);
  assert.ok(pair, `--${name} is a colour of tokens.css`);
  const hex = (pair[3] ?? (theme === 'light' ? pair[1] : pair[2]))!;
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255) as Rgb;
}

const linear = (rgb: Rgb) => rgb.map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4)) as Rgb;
const encoded = (rgb: Rgb) => rgb.map((one) => (one <= 0.0031308 ? 12.92 * one : 1.055 * Math.max(0, Math.min(1, one)) ** (1 / 2.4) - 0.055)) as Rgb;

function luminance(rgb: Rgb): number {
  const [r, g, b] = linear(rgb);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: Rgb, b: Rgb): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

function lab(rgb: Rgb): Rgb {
  const [r, g, b] = linear(rgb);
  const f = (one: number) => (one > 216 / 24389 ? Math.cbrt(one) : ((24389 / 27) * one + 16) / 116);
  const x = f((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047);
  const y = f(0.2126729 * r + 0.7151522 * g + 0.072175 * b);
  const z = f((0.0193339 * r + 0.119192 * g + 0.9503041 * b) / 1.08883);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

const difference = (a: Rgb, b: Rgb) => Math.hypot(...lab(a).map((one, i) => one - lab(b)[i]!));

// How others see it: Machado, Oliveira and Fernandes 2009, severity 1, on linear light.
const eyes: Record<string, [Rgb, Rgb, Rgb]> = {
  everybody: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  protanopes: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
  deuteranopes: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
};

function seen(rgb: Rgb, by: string): Rgb {
  const light = linear(rgb);
  return encoded(eyes[by]!.map((row) => row[0] * light[0] + row[1] * light[1] + row[2] * light[2]) as Rgb);
}

const rules: [least: number, over: string[], on: string[]][] = [
  [7, ['text'], ['ground', 'ground-2', 'ground-3', 'selected', 'warn-ground', 'bad-ground']],
  [7, ['text-2'], ['ground', 'ground-2']],
  [4.5, ['text-2'], ['ground-3', 'selected', 'warn-ground', 'bad-ground']],
  [4.5, ['text-3'], ['ground', 'ground-2']],
  [4.5, ['link', 'accent', 'good', 'warn', 'bad'], ['ground', 'ground-2']],
  [4.5, ['on-accent'], ['accent-ground']],
  [4.5, ['good'], ['good-ground']],
  [4.5, ['warn'], ['warn-ground']],
  [4.5, ['bad'], ['bad-ground']],
  [3, ['line-strong', 'hue-0', 'hue-1', 'hue-2', 'hue-3', 'hue-4', 'hue-5'], ['ground', 'ground-2']],
  // Protocol names in the ladder are text in their hue.
  [4.5, ['hue-0', 'hue-1', 'hue-2', 'hue-3', 'hue-4', 'hue-5'], ['ground']],
];

for (const theme of themes)
  test(`every text is read on every ground it stands on (${theme})`, () => {
    const poor: string[] = [];
    for (const [least, over, on] of rules)
      for (const a of over)
        for (const b of on) {
          const found = contrast(colour(a, theme), colour(b, theme));
          if (found < least) poor.push(`${a} on ${b}: ${found.toFixed(2)}:1, ${least}:1 is needed`);
        }
    assert.deepEqual(poor, []);
  });

for (const theme of themes)
  for (const by of Object.keys(eyes))
    test(`the six hues are apart for ${by} (${theme})`, () => {
      const near: string[] = [];
      for (let a = 0; a < 6; a++)
        for (let b = a + 1; b < 6; b++) {
          const found = difference(seen(colour(`hue-${a}`, theme), by), seen(colour(`hue-${b}`, theme), by));
          if (found < 10) near.push(`hue-${a} and hue-${b}: ΔE ${found.toFixed(1)}`);
        }
      assert.deepEqual(near, []);
    });
