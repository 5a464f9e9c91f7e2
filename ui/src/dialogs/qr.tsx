// SPDX-License-Identifier: Apache-2.0
//
// qr - a link as a QR code, drawn here: the secret goes nowhere to become one.
import { generate } from 'lean-qr/nano';

const QUIET = 4; // modules of white around it: ISO/IEC 18004 section 9.1

export function QrCode({ text }: { text: string }) {
  const code = generate(text);
  let path = '';

  for (let y = 0; y < code.size; y++)
    for (let x = 0; x < code.size; x++) {
      if (!code.get(x, y)) continue;
      let end = x + 1;
      while (end < code.size && code.get(end, y)) end++;
      path += `M${x} ${y}h${end - x}v1h${x - end}z`;
      x = end;
    }
  const size = code.size + 2 * QUIET;
  // Black on white in every theme: many readers know no other.
  return (
    <svg class="qr" viewBox={`${-QUIET} ${-QUIET} ${size} ${size}`} role="img" aria-label="The link as a QR code" shape-rendering="crispEdges">
      <rect x={-QUIET} y={-QUIET} width={size} height={size} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}
