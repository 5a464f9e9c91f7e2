// SPDX-License-Identifier: Apache-2.0
//
// Device: who it is, where it was and when, what it did. The identity is the subject, an address only where it was for a while.
import './device.css';
import { useEffect, useState } from 'preact/hooks';
import { api } from '../../net/api';
import type { ApiDevice, ApiRows, ApiSessionLine } from '../../net/api_types';
import { useAsked } from '../../parts/asked';
import { DayStrip } from '../../parts/day_strip';
import { Ago, Length, Moment, Refused, Stranger, Waiting, kind_words, path_part, source_now } from '../../parts/pieces';
import { ns_from, ns_until, us_of_ns } from '../../parts/time_scale';
import { dialog_open } from '../../shell/dialog_open';
import { keys_lend } from '../../shell/keys';
import { note } from '../../shell/notes';
import { go, href, route } from '../../shell/router';
import { pins_in_order, pins_load, type Pin } from '../../state/pins';
import { hello, may_control } from '../../state/store';
import { bytes_text, count_text } from '../../table/format';
import DeviceCharts from './device_charts';
import { Stays } from './stays';

const HERE_US = 5 * 60e6; // seen so short before the capture's newest packet: here now
const PINS_ASKED = 40; // each is one question: whether its packet is this device's

export default function Device() {
  const source = source_now();
  const name = route.value.subject;
  const url = `/sources/${path_part(source)}/devices/${path_part(name)}`;
  const asked = useAsked<ApiDevice>(source === '' ? null : url, (signal) => api.get<ApiDevice>(url, {}, signal));
  const device = asked.value?.device !== undefined ? asked.value : null;
  const now_ns = hello.value?.sources.find((one) => one.name === source)?.to_ns;

  const packets = (from_us?: number, to_us?: number, p?: number) =>
    go({
      screen: 'archive',
      query: { d: name, t: from_us !== undefined ? `${ns_from(from_us)}..${ns_until(to_us!)}` : null, p: p ?? null },
    });

  useEffect(
    () =>
      keys_lend({
        name: 'Device',
        bindings: [
          { keys: ['p'], does: 'its packets', run: () => packets() },
          { keys: ['y'], does: 'copy its name', run: () => void copy(name) },
        ],
      }),
    [name],
  );

  if (asked.fault)
    return (
      <main class="screen device" aria-label="Device">
        <Refused fault={asked.fault} what="device" again={asked.again}>
          <a class="button" href={href({ screen: 'devices', query: { q: name } })}>Search for it</a>
        </Refused>
      </main>
    );
  const last_us = device ? us_of_ns(device.last_ns) : 0;
  const is_here = device !== null && now_ns != null && us_of_ns(now_ns) - last_us < HERE_US;
  const chief = device?.identities.find((identity) => identity.name === device.device);

  return (
    <main class="screen device scrolls" aria-label="Device" aria-busy={asked.is_waiting}>
      <div class="screen-head device-head">
        <div class="device-title">
          <a class="crumb" href={href({ screen: 'devices' })}>Devices</a>
          <h1 class="mono"><Stranger text={device?.device ?? name} most={200} /></h1>
        </div>
        {is_here && <span class="kind good">● here now</span>}
        <div class="end">
          <button class="button" onClick={() => void copy(device?.device ?? name)}>Copy name</button>
          {may_control.value && (
            <button class="button" onClick={() => dialog_open(() => import('../../dialogs/share'), { what: 'device', device: device?.device ?? name })}>Share …</button>
          )}
          <button class="button primary" onClick={() => packets()}>Show its packets</button>
        </div>
      </div>
      <div class="device-grid">
        <section class="card identity" aria-label="Identity">
          <h2>Identity {chief && <span class="kind">{kind_words(chief.kind)}</span>}</h2>
          <div class="in">
            <dl class="facts">
              <div><dt>Last seen</dt><dd>{device ? <Ago ns={device.last_ns} /> : <Waiting />}{device && <small><Moment ns={device.last_ns} /></small>}</dd></div>
              <div><dt>First seen</dt><dd>{device ? <Ago ns={device.first_ns} /> : <Waiting />}{device && <small><Moment ns={device.first_ns} /></small>}</dd></div>
              <div><dt>Packets</dt><dd>{device ? count_text(device.packets) : <Waiting />}{device && <small>{bytes_text(device.bytes)}</small>}</dd></div>
              <div><dt>Sessions</dt><dd>{device ? count_text(device.sessions_total) : <Waiting />}{device && <small>{device.attempts.length === 0 ? 'none failed' : `${device.attempts.length} failed attempts`}</small>}</dd></div>
              <div><dt>Addresses</dt><dd>{device ? count_text(new Set(device.stays.map((stay) => stay.address)).size) : <Waiting />}{device && <small>{count_text(device.sessions.reduce((sum, session) => sum + session.rebinds, 0))} moves within a session</small>}</dd></div>
            </dl>
            <table class="identities">
              <caption class="unseen">All its names</caption>
              <tbody>
                {device?.identities.map((identity) => (
                  <tr key={identity.kind + identity.name}>
                    <th scope="row">{kind_words(identity.kind)}</th>
                    <td class="mono"><Stranger text={identity.name} /></td>
                    <td class="quiet-text">since <Moment ns={identity.first_ns} /></td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </section>
        <section class="card" aria-label="When it was here">
          <h2>When it was here <span class="quiet-text">UTC</span></h2>
          <div class="in">{device ? <DayStrip strip={device.strip} pick={(from, to) => packets(from, to)} /> : <Waiting width={60} />}</div>
        </section>
        <section class="card wide" aria-label="Where it was">
          <h2>Where it was <span class="quiet-text">an address change within a session is ↳ moved</span></h2>
          <div class="table-in">
            {device && <Stays stays={device.stays} from_us={us_of_ns(device.first_ns)} to_us={last_us + 1} pick={(stay) => packets(us_of_ns(stay.from_ns), us_of_ns(stay.to_ns) + 1)} />}
          </div>
        </section>
        <section class="card wide" aria-label="Sessions">
          <h2>Sessions {device && <span class="quiet-text">{count_text(device.sessions_total)}{device.sessions_total > device.sessions.length && `, the newest ${device.sessions.length} listed`}</span>}</h2>
          <div class="table-in">{device && <Sessions lines={device.sessions} />}</div>
        </section>
        {device && device.attempts.length > 0 && (
          <section class="card wide" aria-label="Failed attempts">
            <h2 class="warn">⚠ Failed attempts <span class="quiet-text">it was named, but the handshake never finished or was refused</span></h2>
            <div class="table-in"><Sessions lines={device.attempts} /></div>
          </section>
        )}
        <section class="card wide" aria-label="Charts">
          <h2>Answers, sizes, rate <span class="quiet-text">of the newest sessions; click for the packets then</span></h2>
          <div class="in">{device && <DeviceCharts source={source} device={device} pick={(us) => packets(us - 60e6, us + 60e6)} />}</div>
        </section>
        {device && <DevicePins source={source} device={device.device} />}
      </div>
    </main>
  );
}

async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    note('Name copied');
  } catch {
    note({ text: 'The browser did not allow copying.', kind: 'bad' });
  }
}

function Sessions({ lines }: { lines: readonly ApiSessionLine[] }) {
  const [n, set_n] = useState(50);

  if (lines.length === 0) return <p class="quiet-text none">None was captured.</p>;
  return (
    <>
      <table class="data sessions">
        <thead>
          <tr>
            <th scope="col">Began</th><th scope="col" class="num">Lasted</th><th scope="col">Protocol</th><th scope="col">Device at</th>
            <th scope="col">Server</th><th scope="col">Known by</th><th scope="col" class="num">Moves</th><th scope="col" class="num">Packets</th><th scope="col" class="num">Bytes</th>
          </tr>
        </thead>
        <tbody>
          {lines.slice(0, n).map((line) => (
            <tr key={line.session}>
              <td><a class="row-link" href={href({ screen: 'session', subject: line.session })}><Moment ns={line.from_ns} digits={3} /></a></td>
              <td class="num"><Length from_ns={line.from_ns} to_ns={line.to_ns} /></td>
              <td>{line.protocol ?? ''}</td>
              <td class="mono nowrap">{line.client}</td>
              <td class="mono nowrap">{line.server ?? ''}</td>
              <td class="nowrap">{line.reason} <span class={`kind ${line.confidence === 'weak' || line.confidence === 'guess' ? 'warn' : ''}`}>{line.confidence}</span></td>
              <td class={`num ${line.rebinds === 0 ? 'zero' : ''}`}>{line.rebinds}</td>
              <td class="num">{count_text(line.packets)}</td>
              <td class="num">{bytes_text(line.bytes)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {lines.length > n && <p class="more"><button class="button" onClick={() => set_n(n + 200)}>Show {Math.min(200, lines.length - n)} more</button></p>}
    </>
  );
}

/* Pins know a number only: whether that packet is this device's is the server's to say. */
function DevicePins({ source, device }: { source: string; device: string }) {
  const [mine, set_mine] = useState<ReadonlySet<number>>(new Set());
  const all = pins_in_order.value;
  const numbers = [...new Set(all.map((pin) => pin.number))].slice(-PINS_ASKED);
  const key = numbers.join(' ');

  useEffect(() => {
    pins_load(source).catch(() => undefined);
  }, [source]);
  useEffect(() => {
    const abort = new AbortController();
    const ask = async (number: number) => {
      const answer = await api.get<ApiRows>(`/sources/${path_part(source)}/rows`, { from: number, n: 1, device }, abort.signal).catch(() => null);
      return answer?.rows[0]?.number === number ? number : null;
    };
    Promise.all(numbers.map(ask)).then((found) => abort.signal.aborted || set_mine(new Set(found.filter((one) => one !== null))));
    return () => abort.abort();
  }, [key, device, source]);

  const shown: Pin[] = all.filter((pin) => mine.has(pin.number));
  if (shown.length === 0) return null;
  return (
    <section class="card wide" aria-label="Comments">
      <h2>Comments <span class="quiet-text">on its packets</span></h2>
      <ul class="device-pins">
        {shown.map((pin) => (
          <li key={pin.id} class={pin.resolved ? 'is-resolved' : ''}>
            <a class="mono" href={href({ screen: 'live', subject: String(pin.number) })}>◆ {pin.number}</a> <b class="stranger">{pin.name}</b>: <Stranger text={pin.text} most={500} />
          </li>
        ))}
      </ul>
    </section>
  );
}
