// SPDX-License-Identifier: Apache-2.0
//
// search_box - one field for whatever somebody has: a device's name, an address, a filter, a word. It says what each
// reading of the text would be, the likeliest first; Enter takes that. (A combobox: arrows choose, Esc closes.)
import { useEffect, useRef, useState } from 'preact/hooks';
import { api } from '../../net/api';
import type { ApiDevices, ApiFilterVerdict } from '../../net/api_types';
import { Ago, Stranger, kind_words, path_part } from '../../parts/pieces';
import { bytes_level } from '../../state/store';
import { address_of, quoted } from '../devices/search_words';

export interface Reading {
  kind: 'device' | 'address' | 'filter' | 'text';
  title: string;
  beside: string;
  value: string; // the device, or the filter
  last_ns?: string;
}

const REST_MS = 150;

export function address_filter(address: string): string {
  const with_port = /^(.*\d|.*\]):(\d+)$/.exec(address);
  const is_six = address.includes('::') || address.startsWith('[') || address.split(':').length > 2;
  const host = (with_port && (!is_six || address.startsWith('[')) ? with_port[1]! : address).replace(/^\[|\]$/g, '');
  const port = with_port && (!is_six || address.startsWith('[')) ? with_port[2] : undefined;
  const field = is_six ? 'ipv6.addr' : 'ip.addr';

  return port === undefined ? `${field} == ${host}` : `${field} == ${host} && (udp.port == ${port} || tcp.port == ${port})`;
}

/* The likeliest reading first: what is exactly a name, a filter that stands, an address, parts of names, any word. */
export function readings_of(text: string, verdict: ApiFilterVerdict | null, devices: ApiDevices | null, may_look_into_bytes: boolean): Reading[] {
  const typed = text.trim();
  if (typed === '') return [];
  const address = address_of(typed);
  const found = (devices?.devices ?? []).map((device): Reading => {
    const hit = device.identities.find((identity) => identity.name.toLowerCase().includes(typed.toLowerCase())) ?? device.identities[0];
    return { kind: 'device', title: device.device, beside: hit ? kind_words(hit.kind) : 'device', value: device.device, last_ns: device.last_ns };
  });
  const exact = found.filter((one) => one.value === typed);
  const readings: Reading[] = [...exact];

  if (verdict !== null && verdict.state !== 'error') readings.push({ kind: 'filter', title: typed, beside: verdict.state === 'warning' ? verdict.warnings[0]?.text ?? 'filter' : 'packets that match', value: typed });
  if (address !== null) readings.push({ kind: 'address', title: address, beside: 'packets from or to it', value: address_filter(address) });
  readings.push(...found.filter((one) => !exact.includes(one)));
  if (may_look_into_bytes && verdict?.state === 'error') readings.push({ kind: 'text', title: typed, beside: 'packets with this text in them', value: `frame contains ${quoted(typed)}` });
  return readings;
}

const signs: Record<Reading['kind'], string> = { device: '▣', address: '⌂', filter: '▽', text: '“”' };

export function SearchBox({ source, filter, choose }: { source: string; filter: string; choose: (reading: Reading) => void }) {
  const [text, set_text] = useState(filter);
  const [readings, set_readings] = useState<Reading[]>([]);
  const [fault, set_fault] = useState<ApiFilterVerdict | null>(null);
  const [is_open, set_open] = useState(false);
  const [at, set_at] = useState(0);
  const field = useRef<HTMLInputElement>(null);
  const wants_first = useRef(false); // Enter was pressed before the readings came

  useEffect(() => set_text(filter), [filter]);
  const take = (reading: Reading | undefined) => {
    if (!reading) return;
    set_open(false);
    wants_first.current = false;
    if (reading.kind === 'device') set_text('');
    choose(reading);
  };
  useEffect(() => {
    if (text.trim() === '' || !is_open) {
      set_readings([]);
      set_fault(null);
      return;
    }
    const abort = new AbortController();
    const timer = setTimeout(async () => {
      const address = address_of(text);
      const [verdict, devices] = await Promise.all([
        api.get<ApiFilterVerdict>('/filter/check', { filter: text.trim() }, abort.signal).catch(() => null),
        api.get<ApiDevices>(`/sources/${path_part(source)}/devices`, { ...(address ? { address } : { like: text.trim() }), n: 6 }, abort.signal).catch(() => null),
      ]);
      if (abort.signal.aborted) return;
      const now = readings_of(text, verdict, devices, bytes_level.value === 'full');
      set_readings(now);
      set_fault(verdict);
      set_at(0);
      if (wants_first.current) take(now[0]);
    }, REST_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [text, source, is_open]);

  const key = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      set_open(true);
      if (readings.length > 0) set_at((at + (event.key === 'ArrowDown' ? 1 : -1) + readings.length) % readings.length);
    } else if (event.key === 'Enter') {
      event.preventDefault();
      if (readings.length > 0) take(readings[at]);
      else if (text.trim() === '') choose({ kind: 'filter', title: '', beside: '', value: '' });
      else {
        wants_first.current = true;
        set_open(true);
      }
    } else if (event.key === 'Escape') {
      event.preventDefault();
      event.stopPropagation();
      if (is_open && readings.length > 0) set_open(false);
      else set_text(filter);
    }
  };
  const is_listed = is_open && readings.length > 0;
  return (
    <div class="search-box">
      <input
        ref={field}
        class="input"
        type="search"
        role="combobox"
        list={undefined}
        aria-label="Search: identity, address, text or filter"
        aria-expanded={is_listed}
        aria-controls="search-readings"
        aria-autocomplete="list"
        aria-activedescendant={is_listed ? `reading-${at}` : undefined}
        placeholder="Identity, address, text, or filter such as coap.code >= 4.00"
        spellcheck={false}
        autocomplete="off"
        data-search
        value={text}
        onInput={(event) => {
          set_text(event.currentTarget.value);
          wants_first.current = false;
          set_open(true);
        }}
        onBlur={() => setTimeout(() => set_open(false), 120)}
        onKeyDown={key}
      />
      <ul id="search-readings" class="search-readings" role="listbox" aria-label="What it may mean" hidden={!is_listed}>
        {readings.map((reading, i) => (
          <li
            key={reading.kind + reading.value}
            id={`reading-${i}`}
            role="option"
            aria-selected={i === at}
            onPointerDown={(event) => {
              event.preventDefault();
              take(reading);
            }}
            onPointerEnter={() => set_at(i)}
          >
            <span class="sign" aria-hidden="true">{signs[reading.kind]}</span>
            <span class="reading-title mono"><Stranger text={reading.title} most={90} /></span>
            <span class="quiet-text">
              {reading.beside}
              {reading.last_ns !== undefined && <> · seen <Ago ns={reading.last_ns} /></>}
            </span>
          </li>
        ))}
        {fault?.state === 'error' && readings.every((reading) => reading.kind !== 'filter') && (
          <li class="no-filter" role="presentation">No filter: {fault.text}</li>
        )}
      </ul>
    </div>
  );
}
