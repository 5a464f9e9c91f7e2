// SPDX-License-Identifier: Apache-2.0
//
// Devices: who was seen, found by any of their names or by where they were. One table; the server searches and sorts, for
// there may be a hundred thousand. What is asked for stands in the address: `q`, `kind`, `by`.
import './devices.css';
import { useEffect, useRef, useState } from 'preact/hooks';
import { api } from '../../net/api';
import type { ApiDeviceLine, ApiDevices } from '../../net/api_types';
import { useAsked } from '../../parts/asked';
import { Ago, Refused, Stranger, Waiting, kind_names, kind_words, path_part, source_now } from '../../parts/pieces';
import { announce } from '../../shell/notes';
import { keys_lend } from '../../shell/keys';
import { href, route, set_query } from '../../shell/router';
import { hello } from '../../state/store';
import { bytes_text, count_text } from '../../table/format';
import { address_of } from './search_words';

const REST_MS = 180; // typing rests so long before the server is asked
const PAGE = 100;

type Order = 'last_seen' | 'first_seen' | 'packets' | 'name';

export default function Devices() {
  const source = source_now();
  const query = route.value.query;
  const asked_text = query.get('q') ?? '';
  const kind = query.get('kind') ?? '';
  const order = (query.get('by') ?? 'last_seen') as Order;
  const [text, set_text] = useState(asked_text);
  const [n, set_n] = useState(PAGE);
  const field = useRef<HTMLInputElement>(null);
  const table = useRef<HTMLTableElement>(null);
  const address = address_of(asked_text);
  const params = { like: address ? null : asked_text, address, kind, order };
  const asked = useAsked<ApiDevices>(hello.value === null && source === '' ? null : JSON.stringify([source, params, n]), async (signal) => {
    const found: ApiDevices = { devices: [], total: 0, is_complete: true };
    // At most 500 an answer; a long list is asked for in parts, so that it stays one list when its order changes.
    for (let offset = 0; offset < n; offset += 500) {
      const part = await api.get<ApiDevices>(`/sources/${path_part(source)}/devices`, { ...params, offset, n: Math.min(500, n - offset) }, signal);
      found.devices.push(...part.devices);
      found.total = part.total;
      found.is_complete &&= part.is_complete;
      if (part.devices.length === 0) break;
    }
    return found;
  });

  useEffect(() => set_text(asked_text), [asked_text]);
  useEffect(() => set_n(PAGE), [asked_text, kind, order, source]);
  useEffect(() => {
    if (text === asked_text) return;
    const timer = setTimeout(() => set_query({ q: text }), REST_MS);
    return () => clearTimeout(timer);
  }, [text]);
  useEffect(() => {
    if (asked.value && asked_text !== '') announce(`${count_text(asked.value.total)} devices`);
  }, [asked.value]);
  useEffect(() => {
    const move = (by: number) => () => {
      const links = [...(table.current?.querySelectorAll<HTMLElement>('a.row-link') ?? [])];
      const at = links.indexOf(document.activeElement as HTMLElement);
      links[Math.min(links.length - 1, Math.max(0, at < 0 ? (by > 0 ? 0 : links.length - 1) : at + by))]?.focus();
    };
    return keys_lend({
      name: 'Devices',
      bindings: [
        { keys: ['/'], does: 'search', run: () => field.current?.select() },
        { keys: ['j', 'ArrowDown'], does: 'next device', run: move(1) },
        { keys: ['k', 'ArrowUp'], does: 'device before', run: move(-1) },
      ],
    });
  }, []);

  const found = asked.value;
  return (
    <main class="screen devices" aria-label="Devices">
      <div class="screen-head">
        <h1>Devices</h1>
        <input
          ref={field}
          class="input devices-search"
          type="search"
          aria-label="Search by identity or address"
          placeholder="Identity, or address such as 10.1.2.3"
          spellcheck={false}
          autocomplete="off"
          value={text}
          onInput={(event) => set_text(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter') set_query({ q: text }, { push: true });
            if (event.key === 'Escape' && text !== '') {
              event.preventDefault();
              event.stopPropagation();
              set_text('');
            }
            if (event.key === 'ArrowDown') {
              event.preventDefault();
              table.current?.querySelector<HTMLElement>('a.row-link')?.focus();
            }
          }}
        />
        <label>
          <span class="unseen">Named by</span>
          <select class="input" value={kind} onChange={(event) => set_query({ kind: event.currentTarget.value }, { push: true })}>
            <option value="">any kind of name</option>
            {kind_names.map((name) => (
              <option key={name} value={name}>
                {kind_words(name)}
              </option>
            ))}
          </select>
        </label>
        <span class="quiet-text" aria-live="off">
          {found ? `${count_text(found.total)} ${found.total === 1 ? 'device' : 'devices'}${address ? ` at ${address}` : ''}` : <Waiting width={10} />}
          {found && !found.is_complete && ' so far: the archive is still being read'}
        </span>
      </div>
      {asked.fault ? (
        <Refused fault={asked.fault} what="list of devices" again={asked.again} />
      ) : found && found.devices.length === 0 ? (
        <Nobody text={asked_text} kind={kind} />
      ) : (
        <div class="scrolls" tabIndex={-1} aria-busy={asked.is_waiting}>
          <table class="data device-table" ref={table}>
            <thead>
              <tr>
                <Sorted by="name" order={order} text="Device" />
                <Sorted by="last_seen" order={order} text="Last seen" is_down />
                <Sorted by="first_seen" order={order} text="First seen" is_down />
                <Sorted by="packets" order={order} text="Packets" is_down class="num" />
                <th scope="col" class="num">Bytes</th>
                <th scope="col" class="num">Sessions</th>
                <th scope="col" class="num" title="Handshakes and registrations that never finished, or were refused">Failed</th>
                <th scope="col" class="num">Addresses</th>
                <th scope="col">Last address</th>
              </tr>
            </thead>
            <tbody>
              {found ? found.devices.map((device) => <DeviceRow key={device.device} device={device} />) : [...Array(14).keys()].map((i) => <EmptyRow key={i} />)}
            </tbody>
          </table>
          {found && found.devices.length < found.total && (
            <p class="more">
              <button class="button" disabled={asked.is_waiting} onClick={() => set_n(Math.min(found.total, n < 500 ? 500 : n + 500))}>
                Show {count_text(Math.min(found.total, n < 500 ? 500 : n + 500) - found.devices.length)} more of {count_text(found.total)}
              </button>
            </p>
          )}
        </div>
      )}
    </main>
  );
}

function Sorted({ by, order, text, is_down, class: name }: { by: Order; order: Order; text: string; is_down?: boolean; class?: string }) {
  return (
    <th scope="col" class={name} aria-sort={by === order ? (is_down ? 'descending' : 'ascending') : undefined}>
      <button type="button" onClick={() => set_query({ by: by === 'last_seen' ? null : by }, { push: true })}>
        {text}
        {by === order && <span class="arrow" aria-hidden="true">{is_down ? '↓' : '↑'}</span>}
      </button>
    </th>
  );
}

function DeviceRow({ device }: { device: ApiDeviceLine }) {
  const chief = device.identities.find((identity) => identity.name === device.device);
  const others = device.identities.filter((identity) => identity !== chief);

  return (
    <tr>
      <td class="device-name">
        <a class="row-link mono" href={href({ screen: 'device', subject: device.device })}>
          <Stranger text={device.device} most={80} />
        </a>{' '}
        {chief && <span class="kind" title={kind_words(chief.kind)}>{chief.kind}</span>}
        {others.length > 0 && (
          <span class="others" title={others.map((identity) => `${kind_words(identity.kind)}: ${identity.name}`).join('\n').slice(0, 1000)}>
            also <Stranger text={others[0]!.name} most={40} />
            {others.length > 1 && ` +${others.length - 1}`}
          </span>
        )}
      </td>
      <td><Ago ns={device.last_ns} /></td>
      <td class="first-seen"><Ago ns={device.first_ns} /></td>
      <td class="num">{count_text(device.packets)}</td>
      <td class="num bytes">{bytes_text(device.bytes)}</td>
      <td class="num sessions">{count_text(device.sessions)}</td>
      <td class={`num attempts ${device.attempts > 0 ? 'warn' : 'zero'}`}>{device.attempts > 0 ? `⚠ ${count_text(device.attempts)}` : '0'}</td>
      <td class="num addresses">{count_text(device.addresses)}</td>
      <td class="mono nowrap last-address">{device.address ?? ''}</td>
    </tr>
  );
}

function EmptyRow() {
  return (
    <tr aria-hidden="true">
      {[22, 8, 8, 5, 6, 3, 2, 2, 16].map((width, i) => (
        <td key={i}><Waiting width={width} /></td>
      ))}
    </tr>
  );
}

function Nobody({ text, kind }: { text: string; kind: string }) {
  const is_asked = text !== '' || kind !== '';

  return (
    <div class="nothing">
      <h2>{is_asked ? 'No device fits' : 'No device was seen yet'}</h2>
      {is_asked ? (
        <p>
          No device {address_of(text) ? 'was at' : 'has a name with'} <b class="stranger">{text || 'anything'}</b> in it{kind !== '' && ` that is a ${kind_words(kind)}`}.
        </p>
      ) : (
        <p>A device gets its name from a DTLS or TLS handshake, an LwM2M registration, an MQTT CONNECT or a DHCP lease; none of these was captured yet.</p>
      )}
      {is_asked && (
        <div class="buttons">
          <button class="button" onClick={() => set_query({ q: null, kind: null })}>Show all devices</button>
        </div>
      )}
    </div>
  );
}
