// SPDX-License-Identifier: Apache-2.0
//
// Rows at hand, by packet number: a cache over the server's archive, never "what came since I joined". A frame stays the
// message it came as (some 70 bytes a row); a row is found by page (256 numbers) and a search in its frame. When the bytes
// reach the limit, frames that were not looked at for longest go; whoever scrolls there asks again by number.
import type { RowFrame } from '../net/frame';

const page_numbers = 256;
const page_of = (number: number) => Math.floor(number / page_numbers);

export class RowStore {
  private pages = new Map<number, RowFrame[]>();
  private frames = new Set<RowFrame>(); // in the order they came
  private n_bytes = 0;
  private clock = 1;
  /* What find() found. */
  frame: RowFrame | null = null;
  row = -1;

  constructor(readonly limit_bytes = 48 * 1024 * 1024) {}

  get bytes(): number {
    return this.n_bytes;
  }
  get n_frames(): number {
    return this.frames.size;
  }

  private frame_pages(frame: RowFrame, each: (page: number) => void): void {
    let last = -1;
    for (let row = 0; row < frame.n; row++) {
      const page = page_of(frame.number(row));
      if (page !== last) each(page);
      last = page;
    }
  }

  add(frame: RowFrame): void {
    frame.used = this.clock;
    this.frames.add(frame);
    this.n_bytes += frame.size;
    this.frame_pages(frame, (page) => {
      const there = this.pages.get(page);
      if (there) there.push(frame);
      else this.pages.set(page, [frame]);
    });
    if (this.n_bytes > this.limit_bytes) this.evict();
  }

  /* Looks a packet's row up: `frame` and `row` are set. false: not at hand. */
  find(number: number): boolean {
    const there = this.pages.get(page_of(number));
    if (there)
      for (let i = there.length - 1; i >= 0; i--) {
        const frame = there[i]!;
        const row = frame.row_of(number);
        if (row >= 0) {
          frame.used = this.clock;
          this.frame = frame;
          this.row = row;
          return true;
        }
      }
    this.frame = null;
    this.row = -1;
    return false;
  }

  /* Called once a paint: what was found since the call before is in use. */
  tick(): void {
    this.clock++;
  }

  private remove(frame: RowFrame): void {
    this.frames.delete(frame);
    this.n_bytes -= frame.size;
    this.frame_pages(frame, (page) => {
      const there = this.pages.get(page);
      if (!there) return;
      const left = there.filter((other) => other !== frame);
      if (left.length === 0) this.pages.delete(page);
      else this.pages.set(page, left);
    });
  }

  private evict(): void {
    const goal = this.limit_bytes * 0.9;
    for (const frame of [...this.frames].sort((a, b) => a.used - b.used)) {
      if (this.n_bytes <= goal || frame.used >= this.clock - 1) break;
      this.remove(frame);
    }
    // All of it came since the last paint: the oldest go.
    for (const frame of this.frames) {
      if (this.n_bytes <= this.limit_bytes) break;
      this.remove(frame);
    }
  }

  clear(): void {
    this.pages.clear();
    this.frames.clear();
    this.n_bytes = 0;
    this.frame = null;
    this.row = -1;
  }
}
