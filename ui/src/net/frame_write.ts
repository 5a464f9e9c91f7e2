// SPDX-License-Identifier: Apache-2.0
//
// The server's side of a frame, for tests only: straight from docs/live-protocol.md, so that reader and writer are two
// readings of one text.

export interface PlainRow {
  number: number;
  time_ns: bigint;
  length: number;
  source: string;
  destination: string;
  device: string;
  protocol: string;
  info: string;
  marks: number;
}

export function frame_write(rows: PlainRow[], view = 0, flags = 0): ArrayBuffer {
  const encoder = new TextEncoder();
  const table = new Map<string, number>();
  const strings: Uint8Array[] = [];
  const id = (text: string) => {
    let found = table.get(text);
    if (found === undefined) {
      found = strings.length;
      table.set(text, found);
      strings.push(encoder.encode(text));
    }
    return found;
  };
  const n = rows.length;
  const infos = rows.map((row) => encoder.encode(row.info));
  const base_number = Math.min(...rows.map((row) => row.number));
  const base_time = rows.reduce((least, row) => (row.time_ns < least ? row.time_ns : least), rows[0]!.time_ns);
  const is_wide = rows.some((row) => row.time_ns - base_time > 0xffffffffn);
  const columns: [number, number[]][] = [
    [4, rows.map((row) => row.number - base_number)],
    [4, rows.map((row) => Number((row.time_ns - base_time) & 0xffffffffn))],
    ...(is_wide ? [[4, rows.map((row) => Number((row.time_ns - base_time) >> 32n))] as [number, number[]]] : []),
    [4, rows.map((row) => row.length)],
    [2, rows.map((row) => id(row.source))],
    [2, rows.map((row) => id(row.destination))],
    [2, rows.map((row) => (row.device === '' ? 0xffff : id(row.device)))],
    [2, rows.map((row) => id(row.protocol))],
    [2, infos.map((info) => info.length)],
    [1, rows.map((row) => row.marks)],
  ];
  columns.push([2, strings.map((text) => text.length)]);
  const string_bytes = strings.flatMap((text) => [...text]);
  const info_bytes = infos.flatMap((text) => [...text]);
  columns.push([1, string_bytes], [1, info_bytes]);

  const size = columns.reduce((sum, [width, values]) => sum + ((width * values.length + 3) & ~3), 48);
  const message = new ArrayBuffer(size);
  const out = new DataView(message);
  [0x54, 0x44, 0x52, 0x01].forEach((byte, i) => out.setUint8(i, byte));
  out.setUint32(4, view, true);
  out.setUint32(8, n, true);
  out.setUint32(12, flags | (is_wide ? 1 : 0), true);
  out.setBigUint64(16, BigInt(base_number), true);
  out.setBigUint64(24, base_time, true);
  out.setUint32(32, strings.length, true);
  out.setUint32(36, string_bytes.length, true);
  out.setUint32(40, info_bytes.length, true);
  let at = 48;
  for (const [width, values] of columns) {
    values.forEach((value, i) => {
      if (width === 4) out.setUint32(at + 4 * i, value, true);
      else if (width === 2) out.setUint16(at + 2 * i, value, true);
      else out.setUint8(at + i, value);
    });
    at += (width * values.length + 3) & ~3;
  }
  return message;
}

/* Rows as plain as they come, numbered from `first`. */
export function plain_rows(first: number, n: number, change: Partial<PlainRow> = {}): PlainRow[] {
  return Array.from({ length: n }, (_, i) => ({
    number: first + i,
    time_ns: 1_724_921_564_000_000_000n + BigInt(first + i) * 200_000n,
    length: 60 + ((first + i) % 900),
    source: `10.1.2.${i % 9}:40020`,
    destination: '10.9.0.1:5684',
    device: i % 5 === 0 ? '' : `sensor-${i % 7}`,
    protocol: ['DTLS', 'CoAP', 'MQTT'][i % 3]!,
    info: `CON, MID ${first + i}, POST /r/${i}`,
    marks: 0,
    ...change,
  }));
}
