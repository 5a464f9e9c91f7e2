// SPDX-License-Identifier: Apache-2.0
//
// Bytes as a hex dump, of packets up to 16 MiB: only the lines in view exist. A range can be lit; a click tells which byte.
// Text is one node a line, cut at the borders of the range, so that a line costs nothing to speak of.

const bytes_a_line = 16;

function hex(byte: number): string {
  return byte < 16 ? '0' + byte.toString(16) : byte.toString(16);
}
function shown(byte: number): string {
  return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.';
}

export class HexView {
  readonly root: HTMLElement;
  private space: HTMLElement;
  private lines = new Map<number, HTMLElement>();
  private bytes: Uint8Array = new Uint8Array();
  private from = 0;
  private to = 0;
  private line_px = 18;
  private resize: ResizeObserver;

  constructor(
    host: HTMLElement,
    private picked: (at: number) => void,
  ) {
    this.root = document.createElement('div');
    this.root.className = 'hex mono';
    this.root.tabIndex = 0;
    this.root.setAttribute('role', 'region');
    this.root.setAttribute('aria-label', 'Bytes');
    this.space = document.createElement('div');
    this.space.className = 'hex-space';
    this.root.append(this.space);
    host.append(this.root);
    this.root.addEventListener('scroll', this.draw, { passive: true });
    this.root.addEventListener('click', this.on_click);
    this.resize = new ResizeObserver(this.draw);
    this.resize.observe(this.root);
  }
  close(): void {
    this.resize.disconnect();
    this.root.remove();
  }

  show(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.from = this.to = 0;
    for (const line of this.lines.values()) line.remove();
    this.lines.clear();
    this.root.scrollTop = 0;
    this.draw();
  }

  /* Lights bytes from … to-1, and brings them into view. */
  light(from: number, to: number, is_revealed: boolean): void {
    this.from = Math.max(0, Math.min(from, this.bytes.length));
    this.to = Math.max(this.from, Math.min(to, this.bytes.length));
    if (is_revealed && this.to > this.from) {
      const y = Math.floor(this.from / bytes_a_line) * this.line_px;
      const last = Math.floor((this.to - 1) / bytes_a_line) * this.line_px;
      if (y < this.root.scrollTop) this.root.scrollTop = y;
      else if (last + this.line_px > this.root.scrollTop + this.root.clientHeight)
        this.root.scrollTop = Math.min(y, last + this.line_px - this.root.clientHeight);
    }
    for (const [i, line] of this.lines) this.fill(line, i);
    this.draw();
  }

  private draw = (): void => {
    const n = Math.ceil(this.bytes.length / bytes_a_line);
    this.space.style.height = `${n * this.line_px}px`;
    const first = Math.max(0, Math.floor(this.root.scrollTop / this.line_px) - 4);
    const last = Math.min(n - 1, Math.ceil((this.root.scrollTop + this.root.clientHeight) / this.line_px) + 4);
    for (const [i, line] of this.lines)
      if (i < first || i > last) {
        line.remove();
        this.lines.delete(i);
      }
    for (let i = first; i <= last; i++) {
      if (this.lines.has(i)) continue;
      const line = document.createElement('div');
      line.className = 'hex-line';
      line.style.transform = `translateY(${i * this.line_px}px)`;
      this.fill(line, i);
      this.lines.set(i, line);
      this.space.append(line);
    }
  };

  private fill(line: HTMLElement, i: number): void {
    const from = i * bytes_a_line;
    const to = Math.min(this.bytes.length, from + bytes_a_line);
    const offset = document.createElement('span');
    offset.className = 'hex-offset';
    offset.textContent = from.toString(16).padStart(4, '0') + '  ';
    const digits: (string | HTMLElement)[] = [];
    const letters: (string | HTMLElement)[] = [];
    const put = (list: (string | HTMLElement)[], text: string, is_lit: boolean) => {
      if (text === '') return;
      if (is_lit) {
        const mark = document.createElement('mark');
        mark.textContent = text;
        list.push(mark);
      } else list.push(text);
    };
    const cuts = [from, Math.max(from, Math.min(this.from, to)), Math.max(from, Math.min(this.to, to)), to];
    for (let part = 0; part < 3; part++) {
      const [a, b] = [cuts[part]!, cuts[part + 1]!];
      const is_lit = part === 1;
      let text = '';
      let ascii = '';
      for (let at = a; at < b; at++) {
        text += hex(this.bytes[at]!);
        // Space behind the last lit byte is not lit.
        if (!(is_lit && at === b - 1)) text += at % 16 === 7 ? '  ' : ' ';
        ascii += shown(this.bytes[at]!);
      }
      put(digits, text, is_lit);
      if (is_lit && b > a) digits.push((b - 1) % 16 === 7 ? '  ' : ' ');
      put(letters, ascii, is_lit);
    }
    const rest = bytes_a_line - (to - from);
    digits.push(' '.repeat(rest * 3 + (rest > 8 ? 1 : rest === 8 ? 1 : 0)) + ' ');
    const text = document.createElement('span');
    text.className = 'hex-letters';
    text.append(...letters);
    line.replaceChildren(offset, ...digits, text);
  }

  /* Which byte was clicked, by the width of a letter: all are alike. */
  private on_click = (event: MouseEvent): void => {
    const line = (event.target as Element).closest('.hex-line');
    if (!line) return;
    const i = [...this.lines].find(([, one]) => one === line)?.[0];
    if (i === undefined) return;
    const offset = line.firstElementChild!.getBoundingClientRect();
    const letter_px = offset.width / 6;
    const letters = line.lastElementChild!.getBoundingClientRect();
    let at: number;
    if (event.clientX >= letters.left) at = Math.floor((event.clientX - letters.left) / letter_px);
    else {
      const column = (event.clientX - offset.right) / letter_px;
      at = Math.floor((column - (column >= 24 ? 1 : 0)) / 3);
    }
    const byte = i * bytes_a_line + Math.max(0, Math.min(bytes_a_line - 1, at));
    if (byte < this.bytes.length) this.picked(byte);
  };
}
