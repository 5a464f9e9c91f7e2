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
  { id: 'proto', title: 'Protocol', width: 112, is_right: false, field: '', text: (frame, row) => frame.protocol(row) },
  { id: 'len', title: 'Length', width: 58, is_right: true, field: 'frame.len', text: (frame, row) => String(frame.length(row)) },
  { id: 'info', title: 'Info', width: 0, is_right: false, field: '', text: (frame, row) => frame.info(row) },
];

export function columns_named(ids: readonly string[]): Column[] {
  const found = ids.map((id) => columns.find((column) => column.id === id)).filter((column) => column !== undefined);
  return found.length === 0 ? [...columns] : found;
}

/* Six hues are as many as everybody can tell apart: protocols share them by family. The name always stands beside it. */
const families: readonly RegExp[] = [/^(CoAP|LwM2M|OSCORE)/i, /^(DTLS|TLS|SSL|QUIC)/i, /^(MQTT|AMQP)/i, /^(m?DNS|DHCP|NTP|SNMP|SSDP)/i, /^(HTTP|TCP|WebSocket)/i];
const hues = new Map<string, number>(); // asked for every row that is painted, so remembered
export function hue_of(protocol: string): number {
  let hue = hues.get(protocol);
  if (hue === undefined) {
    const found = families.findIndex((family) => family.test(protocol));
    hue = found < 0 ? 5 : found;
    if (hues.size < 1000) hues.set(protocol, hue);
  }
  return hue;
}
