// SPDX-License-Identifier: Apache-2.0
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { frame_read, mark, type RowFrame } from './frame';
import { frame_write, plain_rows, type PlainRow } from './frame_write';

function told(frame: RowFrame): PlainRow[] {
  return Array.from({ length: frame.n }, (_, i) => ({
    number: frame.number(i),
    time_ns: BigInt(frame.sec(i)) * 1_000_000_000n + BigInt(frame.nsec(i)),
    length: frame.length(i),
    source: frame.source(i),
    destination: frame.destination(i),
    device: frame.device(i),
    protocol: frame.protocol(i),
    info: frame.info(i),
    marks: frame.marks(i),
  }));
}

function read(message: ArrayBuffer): RowFrame {
  const frame = frame_read(message);
  assert.ok(frame, 'is a frame');
  return frame;
}

test('what was written is what is read', () => {
  for (const n of [1, 2, 3, 5, 249, 250]) {
    const rows = plain_rows(7_000_000_000, n);
    assert.deepEqual(told(read(frame_write(rows, 3))), rows);
  }
});

test('times that are far apart keep their nanoseconds, in any order', () => {
  const rows = plain_rows(5, 4);
  rows[0]!.time_ns = 1_724_921_564_999_999_999n;
  rows[1]!.time_ns = 1_724_921_563_000_000_001n;
  rows[2]!.time_ns = 1_724_921_599_123_456_789n;
  rows[3]!.time_ns = 1_925_921_564_123_456_787n;
  assert.deepEqual(told(read(frame_write(rows))), rows);
});

test('text of strangers stays what it is', () => {
  const rows = plain_rows(1, 3);
  rows[0]!.info = '<img src=x onerror=alert(1)> \u202e ünï 🚰';
  rows[1]!.device = '"><script>';
  rows[2]!.info = '';
  assert.deepEqual(told(read(frame_write(rows))), rows);
});

test('bytes that are no UTF-8 become replacement characters', () => {
  const message = frame_write(plain_rows(1, 1, { info: 'abcd' }));
  const bytes = new Uint8Array(message);
  bytes[bytes.length - 4] = 0xff;
  assert.equal(read(message).info(0), '\ufffdbcd');
});

test('a packet is found by its number, and others are not', () => {
  const rows = plain_rows(100, 50).filter((row) => row.number % 3 === 0);
  const frame = read(frame_write(rows));
  for (let number = 90; number < 160; number++) assert.equal(frame.row_of(number), rows.findIndex((row) => row.number === number));
  assert.equal(frame.marks(0) & mark.error, 0);
});

test('a frame behind a text of the answer is read in place', () => {
  const frame = new Uint8Array(frame_write(plain_rows(1, 9)));
  const message = new Uint8Array(frame.length + 12);
  message.set(frame, 12);
  assert.equal(frame_read(message.buffer, 12)?.n, 9);
  assert.equal(frame_read(message.buffer, 11), null);
});

/* A generator that gives the same numbers again (mulberry32), so that a failure can be had again. */
function random_of(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/* Reads all that a frame tells; returns the bytes that its own arrays take beside the message. */
function read_all(message: ArrayBuffer): number {
  const frame = frame_read(message);
  if (frame === null) return 0;
  let bytes = 0;
  for (const part of Object.values(frame))
    if (ArrayBuffer.isView(part) && part.buffer !== message) bytes += part.byteLength;
  for (const row of told(frame)) bytes += 0 * row.info.length;
  for (let number = frame.first - 2; number < frame.first + 300; number++) frame.row_of(number);
  return bytes;
}

test('truncated, lengthened, flipped and random frames never throw, nor take four times their size', () => {
  const random = random_of(Number(process.env['TEST_SEED'] ?? 20240829));
  const whole = new Uint8Array(frame_write(plain_rows(1_000, 40)));
  for (let length = 0; length < whole.length; length++) {
    assert.equal(read_all(whole.slice(0, length).buffer), 0, `cut to ${length} bytes`);
  }
  for (let round = 0; round < 30_000; round++) {
    const kind = round % 4;
    let bytes: Uint8Array<ArrayBuffer>;
    if (kind === 0) {
      bytes = new Uint8Array(Math.floor(random() * 400)).map(() => random() * 256);
      if (bytes.length > 4) bytes.set([0x54, 0x44, 0x52, 1]);
    } else {
      bytes = whole.slice();
      for (let k = 0; k < kind * 2; k++) {
        // Mostly the head, where the lengths are.
        const at = Math.floor(random() * (random() < 0.7 ? 48 : bytes.length));
        bytes[at] = random() < 0.5 ? random() * 256 : bytes[at]! ^ (1 << Math.floor(random() * 8));
      }
      if (random() < 0.1) bytes = bytes.slice(0, Math.floor(random() * bytes.length));
    }
    const taken = read_all(bytes.buffer);
    assert.ok(taken <= 4 * bytes.length, `round ${round}: ${taken} bytes for a frame of ${bytes.length}`);
  }
});
