// SPDX-License-Identifier: Apache-2.0
//
// pieces - what several screens show alike: a moment, a device's name, an answer that did not come, numbers that wait.
import './parts.css';
import type { ComponentChildren } from 'preact';
import type { ApiError } from '../net/api';
import { go, href, route } from '../shell/router';
import { hello } from '../state/store';
import { clock_words, date_words, duration_words, us_of_ns } from './time_scale';

/* The source that the page looks at: that of the address, or the server's first. */
export function source_now(): string {
  return route.value.source || hello.value?.sources[0]?.name || '';
}

export const path_part = encodeURIComponent;

/* "today 09:12:44", "29 Aug 2024 09:12:44"; the full time for those who point at it. */
export function Moment({ ns, digits = 0, now_us = Date.now() * 1000 }: { ns: string; digits?: number; now_us?: number }) {
  const us = us_of_ns(ns);
  const day = date_words(us) === date_words(now_us) ? '' : `${date_words(us)} `;

  return (
    <time dateTime={new Date(us / 1000).toISOString()} title={`${date_words(us)} ${clock_words(us, 6)} UTC`} class="nowrap">
      {day}
      {clock_words(us, digits)}
    </time>
  );
}

export function Ago({ ns, now_us = Date.now() * 1000 }: { ns: string; now_us?: number }) {
  const us = us_of_ns(ns);
  const ago = now_us - us;

  return (
    <time dateTime={new Date(us / 1000).toISOString()} title={`${date_words(us)} ${clock_words(us, 3)} UTC`} class="nowrap">
      {ago < 5e6 && ago > -60e6 ? 'now' : `${duration_words(Math.max(0, ago))} ago`}
    </time>
  );
}

export function Length({ from_ns, to_ns }: { from_ns: string; to_ns: string }) {
  return <span class="nowrap">{duration_words(us_of_ns(to_ns) - us_of_ns(from_ns))}</span>;
}

/* "dtls.psk" as people say it; what is not known is shown as it is. */
const kinds: Record<string, string> = {
  'dtls.psk': 'DTLS PSK identity',
  'dtls.psk13': 'TLS 1.3 PSK identity',
  'cert.cn': 'certificate name',
  'cert.san': 'certificate, other name',
  'lwm2m.ep': 'LwM2M endpoint',
  'mqtt.clientid': 'MQTT client id',
  'mqtt.user': 'MQTT user name',
  'mqttsn.clientid': 'MQTT-SN client id',
  'oscore.kid': 'OSCORE key id',
  'dhcp.host': 'DHCP host name',
  'dhcp.clientid': 'DHCP client id',
  'tls.sni': 'TLS server name',
  mac: 'MAC address',
};

export function kind_words(kind: string): string {
  return kinds[kind] ?? kind;
}

export const kind_names = Object.keys(kinds);

/* What a stranger chose stays text, and hidden direction marks are seen as what they are. */
export function stranger_text(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f\u0080-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

export function Stranger({ text, most = 400 }: { text: string; most?: number }) {
  const shown = stranger_text(text.length > most ? `${text.slice(0, most)}…` : text);

  return <span class="stranger">{shown}</span>;
}

/* Instead of what was asked for. 404 has the same words for 'not there' and 'not in your link'. */
export function Refused({ fault, what, again, children }: { fault: ApiError; what: string; again: () => void; children?: ComponentChildren }) {
  return (
    <div class="nothing" role="alert">
      <h2>{fault.status === 0 ? 'The server cannot be reached' : fault.status === 404 ? `No such ${what} here` : `The ${what} cannot be shown`}</h2>
      <p>{fault.status === 404 ? 'It is not there any more, never was, or your link does not cover it.' : fault.message}</p>
      <div class="buttons">
        <button class="button" onClick={again}>
          Try again
        </button>
        {children}
      </div>
    </div>
  );
}

/* Grey where text will be, of about its length. */
export function Waiting({ width = 8 }: { width?: number }) {
  return (
    <span class="skeleton" aria-hidden="true">
      {'\u00a0'.repeat(width)}
    </span>
  );
}

export function Segmented<T extends string>({ label, value, choices, set }: { label: string; value: T; choices: [T, string][]; set: (value: T) => void }) {
  return (
    <div class="segmented" role="group" aria-label={label}>
      {choices.map(([name, text]) => (
        <button key={name} type="button" aria-pressed={name === value} onClick={() => set(name)}>
          {text}
        </button>
      ))}
    </div>
  );
}

/* To the packets of a device, or of a while, in the archive. */
export function go_archive(query: Record<string, string | null>): void {
  go(href({ screen: 'archive', query }));
}
