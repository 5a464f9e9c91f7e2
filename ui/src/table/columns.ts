// SPDX-License-Identifier: Apache-2.0
//
// The columns of the packet table: Wireshark's, and the device. What a cell says is here, how it looks in table.css.
import type { RowFrame } from '../net/frame';
import { count_text } from './format';
import { time_text, type Instant, type TimeFormat } from './time_format';

export interface CellContext {
  time_format: TimeFormat;
  /* What a time is counted from, for the formats that count. */
  base_of: (number: number) => Instant | null;
}

export interface Column {
  id: string;
  title: string;
  width: number; // px; 0: what is left
  is_right: boolean;
  field: string; // what a filter calls it; '' = nothing does
  text: (frame: RowFrame, row: number, context: CellContext) => string;
}

export const columns: readonly Column[] = [
  { id: 'no', title: 'No.', width: 92, is_right: true, field: 'frame.number', text: (frame, row) => count_text(frame.number(row)) },
  {
    id: 'time',
    title: 'Time',
    width: 124,
    is_right: false,
    field: 'frame.time',
    text: (frame, row, { time_format, base_of }) =>
      time_text(time_format, { sec: frame.sec(row), nsec: frame.nsec(row) }, time_format === 'time' ? null : base_of(frame.number(row))),
  },
  { id: 'device', title: 'Device', width: 186, is_right: false, field: 'tapdeck.device', text: (frame, row) => frame.device(row) },
  { id: 'src', title: 'Source', width: 166, is_right: false, field: 'ip.src', text: (frame, row) => frame.source(row) },
  { id: 'dst', title: 'Destination', width: 166, is_right: false, field: 'ip.dst', text: (frame, row) => frame.destination(row) },
  { id: 'proto', title: 'Protocol', width: 92, is_right: false, field: '', text: (frame, row) => frame.protocol(row) },
  { id: 'len', title: 'Length', width: 58, is_right: true, field: 'frame.len', text: (frame, row) => String(frame.length(row)) },
  { id: 'info', title: 'Info', width: 0, is_right: false, field: '', text: (frame, row) => frame.info(row) },
];

export function columns_named(ids: readonly string[]): Column[] {
  const found = ids.map((id) => columns.find((column) => column.id === id)).filter((column) => column !== undefined);
  return found.length === 0 ? [...columns] : found;
}

/* Protocol -> one of six hues. The name is always there in text: colour is the second signal. */
const hues: Record<string, number> = {
  CoAP: 0, LwM2M: 0, MQTT: 2, 'MQTT-SN': 2, DTLS: 1, TLS: 3, TLSv1: 3, QUIC: 3, DNS: 4, mDNS: 4, MDNS: 4, NTP: 4, DHCP: 4, HTTP: 2,
};
export function hue_of(protocol: string): number {
  return hues[protocol] ?? hues[protocol.replace(/v[\d.]+$/, '')] ?? 5;
}
