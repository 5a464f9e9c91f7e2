// SPDX-License-Identifier: Apache-2.0
//
// The live socket (docs/live-protocol.md): one for the whole page, for presence and pins are on every screen; a view runs
// while the live screen is open. It connects again by itself, ever more slowly, and asks who it is in between, for a
// browser does not say why an upgrade was refused. Nothing it receives throws past it.
import { frame_read, type RowFrame } from './frame';
import { api_url, gap_read } from './api';
import { alarm, health, health_set, hello, people, type Hello, type Person, type Pin, type Place, type SourceInfo } from '../state/store';
import { note } from '../shell/notes';
import { pin_came, pin_gone } from '../state/pins';
import type { Gap } from '../table/lines';

export interface Count {
  view: number;
  through: number;
  seen: number;
  matched: number;
  sent: number;
  left_out: number;
  per_second: number;
  tail: number;
  last_time_ns: string;
}

export interface FilterFault {
  text: string;
  column: number;
  length: number;
  suggestion: string;
}

/* Who looks: told of its own view only. */
export interface LiveListener {
  viewing: (view: number, next: number, warning: string) => void;
  frame: (frame: RowFrame) => void;
  count: (count: Count) => void;
  bars: (bars: [number, string, number][]) => void;
  gap: (gap: Gap) => void;
  filter_error: (fault: FilterFault) => void;
}

export interface ViewWish {
  source: string;
  filter: string;
  rows: 'all' | 'none';
}

type Message = Record<string, unknown>;
const text_of = (value: unknown) => (typeof value === 'string' ? value : '');
const number_of = (value: unknown) => (typeof value === 'number' && Number.isFinite(value) ? value : 0);

const retry_first_ms = 500;
const retry_most_ms = 10_000;
const ping_ms = 5_000;
const silence_ms = 12_000; // no pong for so long: the connection is dead, though nobody said so

export class LiveSocket {
  listener: LiveListener | null = null;
  /* Of people, on whatever screen: state/lead.ts. */
  on_lead: (person: string, place: Place | null, is_outside: boolean) => void = () => undefined;
  on_bring: (person: string, place: Place, is_outside: boolean) => void = () => undefined;
  private socket: WebSocket | null = null;
  private wish: ViewWish | null = null;
  private view = 0;
  private n_bytes = 0; // of frames taken in this view
  private acked = 0;
  private painted_number = 0;
  private ack_timer = 0;
  private retry_ms = retry_first_ms;
  private retry_timer = 0;
  private ping_timer = 0;
  private last_heard = 0;
  private last_place: Place | null = null;
  private place_timer = 0;
  private followed: string | null = null;
  private offsets: { rtt: number; offset_ms: number }[] = [];
  private is_ended = false;
  /* Asked when a connection was refused before it said hello: false = stay away (log in, link over). */
  may_retry: () => Promise<boolean> = async () => true;
  identity: { name?: string; color?: string; shape?: string } = {};
  n_bad_frames = 0;

  /* What is to be added to performance.timeOrigin + performance.now() for the server's time, in ms. */
  get clock_offset_ms(): number | null {
    return this.offsets.length === 0 ? null : this.offsets.reduce((best, one) => (one.rtt < best.rtt ? one : best)).offset_ms;
  }
  server_now_ms(): number {
    return performance.timeOrigin + performance.now() + (this.clock_offset_ms ?? 0);
  }

  connect(): void {
    clearTimeout(this.retry_timer);
    if (this.socket !== null) return;
    this.is_ended = false;
    const url = new URL(api_url('/live'), location.href);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    let socket: WebSocket;
    try {
      socket = new WebSocket(url, 'tapdeck.v1');
    } catch {
      this.lost();
      return;
    }
    socket.binaryType = 'arraybuffer';
    this.socket = socket;
    let has_opened = false;
    socket.onopen = () => {
      has_opened = true;
      this.last_heard = performance.now();
      this.send({ type: 'hello', ...this.identity });
      this.ping();
      if (this.wish) this.send_view();
      if (this.last_place) this.send({ type: 'place', place: this.last_place });
      if (this.followed) this.send({ type: 'follow', person: this.followed });
    };
    socket.onmessage = (event: MessageEvent) => {
      this.last_heard = performance.now();
      try {
        if (event.data instanceof ArrayBuffer) this.take_frame(event.data);
        else this.take_message(JSON.parse(String(event.data)) as Message);
      } catch (fault) {
        console.error('live socket: a message was passed over:', fault);
      }
    };
    socket.onclose = () => {
      if (this.socket !== socket) return;
      this.socket = null;
      clearInterval(this.ping_timer);
      if (this.is_ended) return;
      if (has_opened) this.lost();
      else void this.may_retry().then((may) => (may ? this.lost() : undefined));
    };
    clearInterval(this.ping_timer);
    this.ping_timer = window.setInterval(() => this.ping(), ping_ms);
  }

  private ping(): void {
    if (this.socket?.readyState === WebSocket.OPEN && performance.now() - this.last_heard > silence_ms && !document.hidden) {
      this.drop();
      return;
    }
    this.send({ type: 'ping', t: performance.now() });
  }

  /* Gives the connection up and begins anew at once (a dead one, or [Now]). */
  drop(): void {
    const socket = this.socket;
    this.socket = null;
    socket?.close();
    this.lost();
  }

  retry_now(): void {
    this.retry_ms = retry_first_ms;
    this.connect();
  }

  private lost(): void {
    const now = performance.now();
    // Not all at the same moment, when a server comes back.
    const wait = this.retry_ms * (0.8 + 0.4 * Math.random());
    this.retry_ms = Math.min(retry_most_ms, this.retry_ms * 1.7);
    health_set({ link: 'lost', retry_at_ms: now + wait, lost_at_ms: health.peek().link === 'lost' ? health.peek().lost_at_ms : now });
    this.offsets = [];
    clearTimeout(this.retry_timer);
    this.retry_timer = window.setTimeout(() => this.connect(), wait);
  }

  private end(link: 'ended' | 'refused', reason: string): void {
    this.is_ended = true;
    clearTimeout(this.retry_timer);
    health_set({ link, reason });
  }

  private send(message: Message): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  /* ---- the view ---- */

  /* Rows that match, from now on; replaces the view before. Returns its number. */
  look(wish: ViewWish): number {
    this.wish = { ...wish };
    this.send_view();
    return this.view;
  }
  private send_view(): void {
    this.view++;
    this.n_bytes = this.acked = 0;
    this.send({ type: 'view', view: this.view, ...this.wish });
  }
  look_away(): void {
    if (this.wish) this.want_rows('none');
    this.wish = null;
  }
  want_rows(rows: 'all' | 'none'): void {
    if (!this.wish || this.wish.rows === rows) return;
    this.wish.rows = rows;
    this.send({ type: 'rows', view: this.view, rows });
  }

  /* What was taken is on the screen: the server may send more. Told at most each 40 ms. */
  painted(number: number): void {
    if (number > this.painted_number) this.painted_number = number;
    if (this.n_bytes === this.acked || this.ack_timer !== 0) return;
    this.ack_timer = window.setTimeout(() => {
      this.ack_timer = 0;
      this.acked = this.n_bytes;
      this.send({ type: 'painted', view: this.view, bytes: this.n_bytes, number: this.painted_number });
    }, 40);
  }

  /* ---- the others ---- */

  place(place: Place): void {
    this.last_place = place;
    if (this.place_timer !== 0) return;
    this.place_timer = window.setTimeout(() => {
      this.place_timer = 0;
      if (this.last_place) this.send({ type: 'place', place: this.last_place });
    }, 100);
  }
  follow_person(person: string | null): void {
    this.followed = person;
    this.send({ type: 'follow', person });
  }
  bring(place: Place): void {
    this.send({ type: 'bring', place });
  }

  /* ---- what the server says ---- */

  private take_frame(message: ArrayBuffer): void {
    const frame = frame_read(message);
    if (frame === null) {
      this.n_bad_frames++;
      console.error('live socket: a frame of rows is damaged and was passed over');
      return;
    }
    if (frame.view !== this.view) return; // of a view that was replaced
    this.n_bytes += message.byteLength;
    this.listener?.frame(frame);
  }

  private take_message(message: Message): void {
    const is_mine = message['view'] === undefined || message['view'] === this.view;
    switch (message['type']) {
      case 'hello':
        this.take_hello(message);
        return;
      case 'source': {
        const told = message['source'] as SourceInfo;
        const known = hello.value;
        if (!known || typeof told?.name !== 'string') return;
        const has_it = known.sources.some((one) => one.name === told.name);
        hello.value = {
          ...known,
          sources: has_it ? known.sources.map((one) => (one.name === told.name ? { ...one, ...told } : one)) : [...known.sources, told],
        };
        return;
      }
      case 'viewing':
        if (is_mine) this.listener?.viewing(this.view, number_of(message['next']), text_of(message['fields_warning']));
        return;
      case 'filter_error':
        if (is_mine)
          this.listener?.filter_error({
            text: text_of(message['text']),
            column: number_of(message['column']),
            length: number_of(message['length']),
            suggestion: text_of(message['suggestion']),
          });
        return;
      case 'count':
        if (is_mine)
          this.listener?.count({
            view: this.view,
            through: number_of(message['through']),
            seen: number_of(message['seen']),
            matched: number_of(message['matched']),
            sent: number_of(message['sent']),
            left_out: number_of(message['left_out']),
            per_second: number_of(message['per_second']),
            tail: number_of(message['tail']),
            last_time_ns: text_of(message['last_time_ns']),
          });
        return;
      case 'bars':
        if (is_mine && Array.isArray(message['bars']))
          this.listener?.bars(
            (message['bars'] as unknown[]).filter(
              (bar): bar is [number, string, number] => Array.isArray(bar) && typeof bar[0] === 'number' && typeof bar[1] === 'string' && typeof bar[2] === 'number',
            ),
          );
        return;
      case 'gap': {
        const gap = gap_read(message);
        if (is_mine && gap) this.listener?.gap(gap);
        return;
      }
      case 'pong':
        this.take_pong(number_of(message['t']), text_of(message['now_ns']));
        return;
      case 'people':
        if (Array.isArray(message['people'])) people.value = message['people'] as Person[];
        return;
      case 'lead':
        this.on_lead(text_of(message['person']), (message['place'] ?? null) as Place | null, message['outside'] === true);
        return;
      case 'bring':
        this.on_bring(text_of(message['person']), (message['place'] ?? {}) as Place, message['outside'] === true);
        return;
      case 'pin': {
        const pin = message['pin'] as Pin | undefined;
        if (typeof message['removed'] === 'string') pin_gone(message['removed']);
        if (pin && typeof pin.id === 'string') pin_came(pin);
        return;
      }
      case 'trouble':
        alarm.value = text_of(message['words']) || null;
        return;
      case 'ended':
        if (message['why'] !== 'restart') this.end(message['why'] === 'logged_out' ? 'ended' : 'refused', text_of(message['words']));
        return;
      case 'error':
        if (message['code'] === 'too_often') note({ text: `Not asked: ${text_of(message['words'])}.`, kind: 'bad' });
        else console.warn(`live socket: ${text_of(message['code'])}: ${text_of(message['words'])}`);
        return;
      default:
        this.send({ type: 'error', code: 'unknown_type' });
    }
  }

  private take_hello(message: Message): void {
    if (message['protocol'] !== 1) {
      reload_once();
      return;
    }
    this.retry_ms = retry_first_ms;
    hello.value = { version: text_of(message['version']), you: message['you'] as Hello['you'], sources: (message['sources'] ?? []) as SourceInfo[] };
    health_set({ link: 'live' });
  }

  private take_pong(sent: number, now_ns: string): void {
    const now = performance.now();
    if (!/^\d+$/.test(now_ns)) return;
    const server_ms = Number(BigInt(now_ns) / 1000n) / 1000;
    this.offsets.push({ rtt: now - sent, offset_ms: server_ms - (performance.timeOrigin + (sent + now) / 2) });
    if (this.offsets.length > 8) this.offsets.shift();
  }
}

/* A server of another version speaks otherwise: its own page will do, unless that was tried just now. */
function reload_once(): void {
  try {
    if (Date.now() - Number(sessionStorage.getItem('tapdeck.reloaded') ?? 0) < 60_000) {
      health_set({ link: 'refused', reason: 'The server speaks another version than this page, and reloading did not help.' });
      return;
    }
    sessionStorage.setItem('tapdeck.reloaded', String(Date.now()));
  } catch {
    return; // no storage: not over and over
  }
  location.reload();
}

export const live = new LiveSocket();
