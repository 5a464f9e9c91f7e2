// SPDX-License-Identifier: Apache-2.0
//
// palette - the page's colours, resolved for a canvas, which knows no light-dark() nor custom properties.
//
// A colour is what an element of that colour computes to: so themes, high contrast and forced colours hold on a canvas
// too. Asked once a theme, not once a frame.

export interface Palette {
  readonly ground: string;
  readonly ground_2: string;
  readonly ground_3: string;
  readonly line: string;
  readonly line_strong: string;
  readonly text: string;
  readonly text_2: string;
  readonly text_3: string;
  readonly accent: string;
  readonly bad: string;
  readonly warn: string;
  readonly hues: readonly string[];
  readonly font: string;
}

export function palette_of(host: HTMLElement): Palette {
  const probe = document.createElement('span');
  probe.style.display = 'none';
  host.append(probe);
  const of = (name: string) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const palette: Palette = {
    ground: of('--ground'),
    ground_2: of('--ground-2'),
    ground_3: of('--ground-3'),
    line: of('--line'),
    line_strong: of('--line-strong'),
    text: of('--text'),
    text_2: of('--text-2'),
    text_3: of('--text-3'),
    accent: of('--accent'),
    bad: of('--bad'),
    warn: of('--warn'),
    hues: [0, 1, 2, 3, 4, 5].map((n) => of(`--hue-${n}`)),
    font: getComputedStyle(host).fontFamily,
  };
  probe.remove();
  return palette;
}

// Calls back when colours may have changed; returns what stops that.
export function palette_watch(changed: () => void): () => void {
  const queries = ['(prefers-color-scheme: dark)', '(prefers-contrast: more)', '(forced-colors: active)'].map((query) => matchMedia(query));
  const seen = new MutationObserver(changed);

  for (const query of queries) query.addEventListener('change', changed);
  seen.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
  return () => {
    for (const query of queries) query.removeEventListener('change', changed);
    seen.disconnect();
  };
}

// A canvas of the host's size in the device's own pixels, cleared; null while it has none.
export function canvas_begin(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D | null {
  const ratio = Math.min(3, devicePixelRatio || 1);
  const context = canvas.getContext('2d');

  if (context === null || width <= 0 || height <= 0) return null;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}
