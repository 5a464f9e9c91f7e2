// SPDX-License-Identifier: Apache-2.0
//
// A frame of rows (docs/live-protocol.md) as typed views of the message it came in: nothing is copied, and text is
// decoded only for rows that are shown. The one thing here that reads a stranger's bytes: every length is held against
// the buffer before it is used; what does not fit is no frame (null), never an exception.
//
// Times are two numbers, whole seconds and nanoseconds within: nanoseconds since 1970 do not fit into one.

const magic = 0x01524454; // "TDR" 1, little endian
const head_bytes = 48;
export const frame_rows_limit = 250;
const nobody = 0xffff;

export const mark = { error: 1, warning: 2, cut: 4, from_device: 8, to_device: 16, info_cut: 32 } as const;
export const frame_flag = { wide: 1, tail: 2 } as const;

const utf8 = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true });

export class RowFrame {
  readonly texts: (string | undefined)[] = []; // decoded strings of the table, as they are asked for
  used = 0; // the store's stamp of its last use

  constructor(
    readonly view: number,
    readonly flags: number,
    readonly n: number,
    readonly size: number, // bytes
    readonly number_base: number,
    private readonly base_sec: number,
    private readonly base_ns: number,
    private readonly number_delta: Uint32Array,
    private readonly time_low: Uint32Array,
    private readonly time_high: Uint32Array | null,
    private readonly lengths: Uint32Array,
    private readonly sources: Uint16Array,
    private readonly destinations: Uint16Array,
    private readonly devices: Uint16Array,
    private readonly protocols: Uint16Array,
    private readonly mark_bits: Uint8Array,
    private readonly string_ends: Uint32Array,
    private readonly string_bytes: Uint8Array,
    private readonly info_ends: Uint32Array,
    private readonly info_bytes: Uint8Array,
  ) {}

  number(row: number): number {
    return this.number_base + this.number_delta[row]!;
  }
  get first(): number {
    return this.number(0);
  }
  get last(): number {
    return this.number(this.n - 1);
  }

  /*
   * The high word counts 2^32 ns. A thousand of those are 4294 s and 967 296 000 ns, one is 4 s and 294 967 296 ns: so each
   * product stays below 2^53, and rows decades apart in one frame keep their last nanosecond.
   */
  private rest_ns(row: number): number {
    const high = this.time_high === null ? 0 : this.time_high[row]!;
    return this.base_ns + this.time_low[row]! + Math.floor(high / 1000) * 967296000 + (high % 1000) * 294967296;
  }
  /* Whole seconds since 1970. */
  sec(row: number): number {
    const high = this.time_high === null ? 0 : this.time_high[row]!;
    return this.base_sec + Math.floor(high / 1000) * 4294 + (high % 1000) * 4 + Math.floor(this.rest_ns(row) / 1e9);
  }
  /* Nanoseconds within that second. */
  nsec(row: number): number {
    return this.rest_ns(row) % 1e9;
  }

  length(row: number): number {
    return this.lengths[row]!;
  }
  marks(row: number): number {
    return this.mark_bits[row]!;
  }
  source(row: number): string {
    return this.text(this.sources[row]!);
  }
  destination(row: number): string {
    return this.text(this.destinations[row]!);
  }
  /* '' when nobody is known. */
  device(row: number): string {
    const which = this.devices[row]!;
    return which === nobody ? '' : this.text(which);
  }
  protocol(row: number): string {
    return this.text(this.protocols[row]!);
  }
  info(row: number): string {
    return utf8.decode(this.info_bytes.subarray(row === 0 ? 0 : this.info_ends[row - 1]!, this.info_ends[row]!));
  }

  private text(which: number): string {
    let text = this.texts[which];
    if (text === undefined) {
      text = utf8.decode(this.string_bytes.subarray(which === 0 ? 0 : this.string_ends[which - 1]!, this.string_ends[which]!));
      this.texts[which] = text;
    }
    return text;
  }

  /* The row of that packet, or -1. */
  row_of(number: number): number {
    const wanted = number - this.number_base;
    let from = 0;
    let to = this.n;
    while (from < to) {
      const middle = (from + to) >> 1;
      if (this.number_delta[middle]! < wanted) from = middle + 1;
      else to = middle;
    }
    return from < this.n && this.number_delta[from] === wanted ? from : -1;
  }
}

const padded = (n: number) => (n + 3) & ~3;

/* Ends of texts that lie one behind the other, from their lengths; null unless they fill exactly `bytes`. */
function ends_of(lengths: Uint16Array, bytes: number): Uint32Array | null {
  const ends = new Uint32Array(lengths.length);
  let end = 0;
  for (let i = 0; i < lengths.length; i++) ends[i] = end += lengths[i]!;
  return end === bytes ? ends : null;
}

function all_below(column: Uint16Array, n: number, also: number): boolean {
  for (let i = 0; i < column.length; i++) if (column[i]! >= n && column[i] !== also) return false;
  return true;
}

/*
 * Reads the frame at `at` (a multiple of 4) of a message. The frame borrows the message's memory, which is the
 * caller's to leave alone from then on. null: no frame. (Columns are the machine's own typed arrays: every machine that
 * runs a browser today is little endian.)
 */
export function frame_read(message: ArrayBuffer, at = 0): RowFrame | null {
  const size = message.byteLength - at;
  if (size < head_bytes || at % 4 !== 0) return null;
  const head = new DataView(message, at, head_bytes);
  if (head.getUint32(0, true) !== magic) return null;
  const view = head.getUint32(4, true);
  const n = head.getUint32(8, true);
  const flags = head.getUint32(12, true);
  const number_base = head.getUint32(16, true) + head.getUint32(20, true) * 4294967296;
  const n_strings = head.getUint32(32, true);
  const string_bytes = head.getUint32(36, true);
  const info_bytes = head.getUint32(40, true);
  if (n === 0 || n > frame_rows_limit || n_strings > 4 * frame_rows_limit) return null;
  if (!Number.isSafeInteger(number_base + 4294967295)) return null;
  if (string_bytes > size || info_bytes > size) return null;

  const is_wide = (flags & frame_flag.wide) !== 0;
  const needed =
    head_bytes +
    n * (is_wide ? 16 : 12) +
    5 * padded(2 * n) +
    padded(n) +
    padded(2 * n_strings) +
    padded(string_bytes) +
    padded(info_bytes);
  if (needed !== size) return null;

  let place = at + head_bytes;
  const u32 = () => {
    const column = new Uint32Array(message, place, n);
    place += 4 * n;
    return column;
  };
  const u16 = (length: number) => {
    const column = new Uint16Array(message, place, length);
    place += padded(2 * length);
    return column;
  };
  const u8 = (length: number) => {
    const column = new Uint8Array(message, place, length);
    place += padded(length);
    return column;
  };
  const number_delta = u32();
  const time_low = u32();
  const time_high = is_wide ? u32() : null;
  const lengths = u32();
  const sources = u16(n);
  const destinations = u16(n);
  const devices = u16(n);
  const protocols = u16(n);
  const info_lengths = u16(n);
  const marks = u8(n);
  const string_lengths = u16(n_strings);
  const strings = u8(string_bytes);
  const infos = u8(info_bytes);

  for (let i = 1; i < n; i++) if (number_delta[i]! <= number_delta[i - 1]!) return null;
  if (!all_below(sources, n_strings, -1) || !all_below(destinations, n_strings, -1)) return null;
  if (!all_below(devices, n_strings, nobody) || !all_below(protocols, n_strings, -1)) return null;
  const string_ends = ends_of(string_lengths, string_bytes);
  const info_ends = ends_of(info_lengths, info_bytes);
  if (string_ends === null || info_ends === null) return null;

  const base = head.getBigUint64(24, true);
  return new RowFrame(
    view, flags, n, size, number_base, Number(base / 1_000_000_000n), Number(base % 1_000_000_000n),
    number_delta, time_low, time_high, lengths, sources, destinations, devices, protocols, marks,
    string_ends, strings, info_ends, infos,
  );
}
