// SPDX-License-Identifier: Apache-2.0
//
// A server of made-up packets that speaks docs/live-protocol.md and what the live screen asks of REST: for states that a
// real one gets into seldom (tail mode, gaps, a viewer that is slow, a server that goes away), at any rate, the same each
// time. Packet n is a function of n alone, so that what the page shows can be reckoned. Everything else is tested with the
// real server.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { frame_write, type PlainRow } from '../src/net/frame_write';

const types: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

export interface MockOptions {
  dist: string;
  history: number; // packets before the start
  rate: number; // packets a second
  filter_every?: number; // any filter matches each such packet
  turn_ms?: number; // how often rows are sent; 50
  tail_above?: number; // rows a second that begin tail mode; 2,000
  hostile?: boolean; // names and texts that want to be markup
}

export interface Viewer {
  socket: Socket;
  view: number;
  filter: string;
  wants_rows: boolean;
  sent_bytes: number;
  acked: number;
  matched: number;
  seen: number;
  sent: number;
  left_out: number;
  through: number;
  gap_from: number; // packets not sent since: 0 none
  person: string;
  name: string;
  place: unknown;
  follows: string | null;
}

export const credit = 256 * 1024;

export class MockServer {
  private server: Server;
  readonly viewers = new Set<Viewer>();
  private sockets = new Set<Socket>();
  private timer: NodeJS.Timeout | null = null;
  private count_timer: NodeJS.Timeout | null = null;
  private due = 0;
  private last_turn = 0;
  readonly start_ms = Date.now();
  first = 1;
  end: number; // one behind the last
  rate: number;
  tail_above: number;
  port = 0;
  is_down = false; // refuses everything
  rows_asked: string[] = [];
  role = 'control';
  bytes = 'full';
  csp_reports = 0;
  state = 'live';
  words: string | null = null;
  brings_outside = false;
  is_stalled = false; // rows are on their way for ever: only counts come through
  private n_persons = 0;
  /* ms since 1970 of the packet `end_at_start - 1`, and of each since: when it was made. */
  private made: number[] = [];
  private readonly end_at_start: number;

  constructor(readonly options: MockOptions) {
    this.end = this.end_at_start = options.history + 1;
    this.rate = options.rate;
    this.tail_above = options.tail_above ?? 2000;
    this.server = createServer((request, response) => this.answer(request, response));
    this.server.on('upgrade', (request, socket) => this.upgrade(request, socket as Socket));
    this.server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
      if (this.is_down) socket.destroy();
    });
  }

  async listen(port = 0): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(port, '127.0.0.1', resolve));
    this.port = (this.server.address() as { port: number }).port;
    this.last_turn = Date.now();
    this.timer = setInterval(() => this.turn(), this.options.turn_ms ?? 50);
    this.count_timer = setInterval(() => this.tell_counts(), 250);
    return `http://127.0.0.1:${this.port}`;
  }
  async close(): Promise<void> {
    if (this.timer) clearInterval(this.timer);
    if (this.count_timer) clearInterval(this.count_timer);
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
  /* As kill -9 and a start later do: all connections go, none is taken. */
  set_down(is_down: boolean): void {
    this.is_down = is_down;
    if (is_down) for (const socket of this.sockets) socket.destroy();
  }

  /* ---- packets ---- */

  row(number: number): PlainRow {
    const protocols = ['DTLS', 'CoAP', 'DTLS', 'MQTT', 'DTLS', 'CoAP', 'DNS', 'TLS', 'TCP'];
    const protocol = protocols[number % protocols.length]!;
    const device = number % 37;
    const infos: Record<string, string> = {
      DTLS: 'Application Data',
      CoAP: number % 3 === 0 ? `ACK, MID:${number % 65536}, 2.05 Content` : `CON, MID:${number % 65536}, GET, /3303/0/5700`,
      MQTT: `Publish Message [sensors/${device}/temperature]`,
      DNS: `Standard query 0x${(number % 65536).toString(16).padStart(4, '0')} A telemetry.example.net`,
      TLS: 'Application Data, Application Data',
      TCP: '40020 → 443 [ACK] Seq=1 Ack=1 Win=501 Len=0',
    };
    const is_error = number % 211 === 0;
    const is_warning = number % 97 === 0;
    const hostile = this.options.hostile;
    return {
      number,
      time_ns: this.time_ns(number),
      length: 60 + ((number * 7919) % 900),
      source: number % 2 ? `100.64.${device}.${(number * 31) % 250}:40020` : '10.20.0.10:5684',
      destination: number % 2 ? '10.20.0.10:5684' : `100.64.${device}.${(number * 31) % 250}:40020`,
      device: device === 0 ? '' : hostile ? `<img src=x onerror="window.pwned=1">${device}\u202e` : `urn:imei:8674120438${97000 + device}`,
      protocol: hostile && number % 5 === 0 ? '"><script>window.pwned=1</script>' : protocol,
      info: hostile ? `</div><svg onload=window.pwned=1> \u202e ${'A'.repeat(number % 7 === 0 ? 480 : 3)}` : is_error ? `${infos[protocol]} [Malformed Packet]` : infos[protocol]!,
      marks: (is_error ? 1 : 0) | (is_warning ? 2 : 0) | (number % 2 ? 8 : 16),
    };
  }
  time_ns(number: number): bigint {
    const made = this.made[number - this.end_at_start];
    const ms = made ?? this.start_ms - (this.end_at_start - number) * 20;
    return BigInt(Math.floor(ms * 1000)) * 1000n + BigInt(number % 1000);
  }
  matches(filter: string, number: number): boolean {
    return filter === '' || (!filter.includes('nothing') && number % (this.options.filter_every ?? 10) === 0);
  }

  private turn(): void {
    const now = Date.now();
    this.due += ((now - this.last_turn) / 1000) * this.rate;
    this.last_turn = now;
    const n = Math.floor(this.due);
    this.due -= n;
    if (n > 0) this.grow(n);
  }

  /* n more packets. */
  grow(n: number): void {
    const from = this.end;
    const now = Date.now();
    for (let i = 0; i < n; i++) this.made.push(now - (n - 1 - i) * Math.min(0.2, 40 / n));
    this.end += n;
    const bars = new Map<string, [number, string, number]>();
    for (let number = from; number < this.end; number++) {
      const { protocol } = this.row(number);
      const second = Number(this.time_ns(number) / 1_000_000_000n);
      const bar = bars.get(`${second} ${protocol}`);
      if (bar) bar[2]++;
      else bars.set(`${second} ${protocol}`, [second, protocol, 1]);
    }
    for (const viewer of this.viewers) {
      if (viewer.view === 0) continue;
      const numbers: number[] = [];
      for (let number = from; number < this.end; number++) if (this.matches(viewer.filter, number)) numbers.push(number);
      viewer.seen += n;
      viewer.matched += numbers.length;
      viewer.through = this.end - 1;
      this.say(viewer, { type: 'bars', view: viewer.view, bars: [...bars.values()] });
      if (!viewer.wants_rows) {
        viewer.left_out += numbers.length;
        continue;
      }
      let is_tail = false;
      let rows = numbers;
      if (this.rate > this.tail_above && numbers.length > 60) {
        rows = numbers.slice(-60);
        viewer.left_out += numbers.length - rows.length;
        is_tail = true;
      }
      if (this.is_stalled || viewer.sent_bytes - viewer.acked > credit) {
        if (viewer.gap_from === 0) viewer.gap_from = numbers[0] ?? 0;
        viewer.left_out += rows.length;
        continue;
      }
      if (viewer.gap_from !== 0 && rows.length > 0) {
        const first = viewer.gap_from;
        viewer.gap_from = 0;
        const last = rows[0]! - 1;
        if (last >= first)
          this.say(viewer, {
            type: 'gap', view: viewer.view, cause: 'viewer', first, last, n: last - first + 1,
            from_ns: String(this.time_ns(first)), to_ns: String(this.time_ns(last)), words: 'this viewer was slow',
          });
      }
      for (let at = 0; at < rows.length; at += 250) {
        const part = rows.slice(at, at + 250).map((number) => this.row(number));
        viewer.sent += part.length;
        this.say_bytes(viewer, Buffer.from(frame_write(part, viewer.view, is_tail ? 2 : 0)));
      }
    }
  }

  /* A gap of the capture's, before the next packet. */
  lose(n: number, cause = 'kernel'): void {
    const now = BigInt(Date.now()) * 1_000_000n;
    for (const viewer of this.viewers)
      this.say(viewer, { type: 'gap', view: viewer.view, cause, n, from_ns: String(now - 500_000_000n), to_ns: String(now), words: 'lost' });
  }

  private tell_counts(): void {
    for (const viewer of this.viewers)
      if (viewer.view !== 0 && viewer.through !== 0)
        this.say(viewer, {
          type: 'count', view: viewer.view, through: viewer.through, seen: viewer.seen, matched: viewer.matched, sent: viewer.sent,
          left_out: viewer.left_out, per_second: viewer.filter === '' ? this.rate : Math.round(this.rate / (this.options.filter_every ?? 10)),
          tail: this.rate > this.tail_above ? Math.round(this.rate / 750) : 0, last_time_ns: String(this.time_ns(this.end - 1)),
        });
  }

  /* ---- the socket ---- */

  private upgrade(request: IncomingMessage, socket: Socket): void {
    if (this.is_down || !request.url?.endsWith('/api/v1/live')) {
      socket.destroy();
      return;
    }
    const accept = createHash('sha1').update(request.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: tapdeck.v1\r\n\r\n`,
    );
    const viewer: Viewer = {
      socket, view: 0, filter: '', wants_rows: false, sent_bytes: 0, acked: 0, matched: 0, seen: 0, sent: 0, left_out: 0, through: 0, gap_from: 0,
      person: `p-${++this.n_persons}`, name: this.n_persons === 1 ? 'Ann Miller' : 'Ben', place: null, follows: null,
    };
    this.viewers.add(viewer);
    socket.on('close', () => {
      this.viewers.delete(viewer);
      this.tell_people();
    });
    socket.on('error', () => socket.destroy());
    let held = Buffer.alloc(0);
    socket.on('data', (data) => {
      held = Buffer.concat([held, data]);
      for (;;) {
        if (held.length < 6) return;
        let length = held[1]! & 127;
        let at = 2;
        if (length === 126) {
          if (held.length < 8) return;
          length = held.readUInt16BE(2);
          at = 4;
        }
        if (held.length < at + 4 + length) return;
        const mask = held.subarray(at, at + 4);
        const payload = Buffer.from(held.subarray(at + 4, at + 4 + length)).map((byte, i) => byte ^ mask[i % 4]!);
        const opcode = held[0]! & 15;
        held = held.subarray(at + 4 + length);
        if (opcode === 8) socket.end();
        else if (opcode === 1) this.take(viewer, JSON.parse(Buffer.from(payload).toString()) as Record<string, unknown>);
      }
    });
    this.say(viewer, { type: 'hello', protocol: 1, version: '0.1.0', now_ns: this.now_ns(), you: this.you(viewer.person, viewer.name), sources: [this.source()] });
    this.tell_people();
  }
  private now_ns(): string {
    return String(BigInt(Date.now()) * 1_000_000n);
  }
  private you(person: string, name = 'Ann Miller'): object {
    return {
      person, name, kind: 'member', role: this.role, bytes: this.bytes, link: null, expires_ns: null,
      scope: { words: 'everything', source: null, filter: null, device: null, from_ns: null, to_ns: null },
    };
  }
  source(): object {
    return {
      name: 'box', state: this.state, since_ns: String(BigInt(this.start_ms) * 1_000_000n), first: this.first === this.end ? null : this.first, end: this.end,
      words: this.words ?? (this.state === 'live' ? 'it is recorded now' : this.state === 'ended' ? 'its recording was ended' : 'its recorder gives no sign of life'), interfaces: ['vxlan 10.20.1.10 vni 42'],
    };
  }
  tell(message: object): void {
    for (const viewer of this.viewers) this.say(viewer, message);
  }
  private tell_people(): void {
    const people = [...this.viewers].map((one) => ({
      person: one.person, name: one.name, color: '', shape: '', role: this.role, place: one.place, away: false,
    }));
    this.tell({ type: 'people', people });
  }

  private take(viewer: Viewer, message: Record<string, unknown>): void {
    switch (message['type']) {
      case 'view':
        if (String(message['filter'] ?? '').includes('bad')) {
          this.say(viewer, { type: 'filter_error', view: message['view'], text: 'no such field', column: 0, length: 3, suggestion: 'coap' });
          return;
        }
        Object.assign(viewer, { view: message['view'], filter: message['filter'] ?? '', wants_rows: message['rows'] !== 'none' });
        Object.assign(viewer, { sent_bytes: 0, acked: 0, matched: 0, seen: 0, sent: 0, left_out: 0, through: 0, gap_from: 0 });
        this.say(viewer, { type: 'viewing', view: viewer.view, next: this.end });
        return;
      case 'rows':
        viewer.wants_rows = message['rows'] !== 'none';
        viewer.gap_from = 0;
        return;
      case 'painted':
        if (message['view'] === viewer.view) viewer.acked = Number(message['bytes']);
        return;
      case 'ping':
        this.say(viewer, { type: 'pong', t: message['t'], now_ns: this.now_ns() });
        return;
      case 'place':
        viewer.place = message['place'];
        this.tell_people();
        for (const other of this.viewers) if (other.follows === viewer.person) this.say(other, { type: 'lead', person: viewer.person, place: viewer.place, outside: false });
        return;
      case 'hello':
        if (typeof message['name'] === 'string') viewer.name = message['name'];
        this.tell_people();
        return;
      case 'bring':
        for (const other of this.viewers) if (other !== viewer) this.say(other, { type: 'bring', person: viewer.person, place: message['place'], outside: this.brings_outside });
        return;
      case 'follow':
        viewer.follows = message['person'] as string | null;
        for (const other of this.viewers) if (other.person === viewer.follows) this.say(viewer, { type: 'lead', person: other.person, place: other.place, outside: false });
    }
  }
  private say(viewer: Viewer, message: object): void {
    const text = Buffer.from(JSON.stringify(message));
    viewer.socket.write(Buffer.concat([ws_head(1, text.length), text]));
  }
  private say_bytes(viewer: Viewer, bytes: Buffer): void {
    viewer.sent_bytes += bytes.length;
    viewer.socket.write(Buffer.concat([ws_head(2, bytes.length), bytes]));
  }

  /* ---- REST ---- */

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', 'http://mock');
    const query = url.searchParams;
    const json = (body: unknown, status = 200) => {
      response.writeHead(status, { 'content-type': status < 400 ? 'application/json' : 'application/problem+json' });
      response.end(JSON.stringify(body));
    };
    const path = url.pathname.replace(/^\/s\/[^/]+/, '');
    if (!path.startsWith('/api/v1/')) {
      const file = extname(path) === '' ? '/index.html' : path;
      try {
        const body = readFileSync(join(this.options.dist, file));
        response.writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream', 'content-security-policy': policy });
        response.end(body);
      } catch {
        json({ status: 404 }, 404);
      }
      return;
    }
    const asked = path.slice('/api/v1'.length);
    if (asked === '/me') return json({ version: '0.1.0', now_ns: this.now_ns(), you: this.you('p-1'), sources: [this.source()] });
    if (asked === '/status')
      return json({ version: '0.1.0', now_ns: this.now_ns(), sources: [this.source()], archive: null, recorders: [{ node: 'box', state: 'alive', packets: 0, bytes: 0, lost_kernel: 0, lost_queue: 0, lost_disk: 0, lost_mirror: 0, trouble: '' }] });
    if (asked === '/filter/check') return json(this.verdict(query.get('filter') ?? ''));
    if (asked === '/fields')
      return json({
        fields: ['coap', 'coap.code', 'coap.mid', 'coap.opt.uri_path', 'coap.token', 'coap.type', 'dtls', 'ip.addr', 'tapdeck.device', 'udp.port']
          .filter((name) => name.includes(query.get('like') ?? ''))
          .map((name) => ({ name, title: name.replace(/.*\./, ''), type: 'unsigned, 8 bits', kind: name.includes('.') ? 'field' : 'protocol', values: [] })),
        total: 9,
      });
    const found = /^\/sources\/box\/(.*)$/.exec(asked);
    if (!found) return json({ type: 'about:blank', title: 'Not Found', status: 404, code: 'not_here', detail: 'there is nothing here' }, 404);
    const rest = found[1]!;
    if (rest === 'rows') {
      this.rows_asked.push(url.search);
      return this.answer_rows(query, response);
    }
    if (rest === 'count') {
      let matched = 0;
      const last = Math.min(this.end - 1, Number(query.get('last') ?? this.end - 1));
      for (let number = Math.max(this.first, Number(query.get('from') ?? 1)); number <= last; number++) if (this.matches(query.get('filter') ?? '', number)) matched++;
      return json({ matched, seen: last, bytes: 0, first: null, last: null, from_ns: null, to_ns: null, next: last + 1, share: 1, is_complete: true });
    }
    if (rest === 'timeline') {
      const [from, to] = [BigInt(query.get('from_ns') ?? '0'), BigInt(query.get('to_ns') ?? '0')];
      const bars = new Map<string, Map<number, number>>();
      for (let number = Math.max(this.first, this.end - 200_000); number < this.end; number++) {
        const at = this.time_ns(number);
        if (at < from || at > to) continue;
        const { protocol } = this.row(number);
        const series = bars.get(protocol) ?? new Map<number, number>();
        bars.set(protocol, series);
        const bucket = Number((at - from) / 1_000_000_000n);
        series.set(bucket, (series.get(bucket) ?? 0) + 1);
      }
      return json({
        from_ns: String(from), to_ns: String(to), bucket_ns: '1000000000', buckets: Number((to - from) / 1_000_000_000n) + 1, matched: 0,
        series: [...bars].map(([protocol, all]) => ({ protocol, n: 0, bars: [...all] })), gaps: [], recording: [], pins: [], next: this.end, is_complete: true,
      });
    }
    if (rest === 'pins') return json({ pins: [] });
    if (rest === 'filter/values' && query.get('field') === 'coap.mid') return json({ field: 'coap.mid', values: [], seen: 100000, is_complete: false });
    if (rest === 'filter/values') return json({ field: query.get('field'), values: [{ value: '69', text: '2.05 Content', n: 9112 }, { value: '132', text: '4.04 Not Found', n: 31 }], seen: 100000, is_complete: false });
    const packet = /^packets\/(\d+)(\/bytes)?$/.exec(rest);
    if (packet) {
      const number = Number(packet[1]);
      if (number < this.first || number >= this.end) return json({ type: 'about:blank', title: 'Not Found', status: 404, code: 'no_such_packet', detail: 'there is no such packet' }, 404);
      const row = this.row(number);
      const bytes = Buffer.from(Array.from({ length: row.length }, (_, i) => (i < 14 ? i : (number * 31 + i * 7) & 255)));
      if (packet[2]) {
        response.writeHead(200, { 'content-type': 'application/octet-stream' });
        response.end(bytes);
        return;
      }
      const field = (name: string, label: string, value: string, offset: number, length: number, more = {}) => ({ name, label, text: `${label}: ${value}`, value, offset, length, layer: 0, ...more });
      return json({
        row: { ...row, time: '', time_ns: undefined, number }, time_ns: String(row.time_ns), interface: 'vxlan 10.20.1.10 vni 42', linktype: 1, caplen: row.length, length: row.length,
        bytes: 'full', device: row.device, session: null, engine: 'tapdeck',
        layers: [
          { protocol: 'frame', title: 'Frame', text: `Frame ${number}: ${row.length} bytes on wire`, offset: 0, length: row.length, layer: 0, severity: 'ok', fields: [field('frame.len', 'Frame Length', String(row.length), 0, 0)] },
          { protocol: 'eth', title: 'Ethernet II', text: 'Ethernet II, 02:00:00:00:00:01 → 02:00:00:00:00:02', offset: 0, length: 14, layer: 1, severity: 'ok', fields: [field('eth.dst', 'Destination', '02:00:00:00:00:02', 0, 6), field('eth.src', 'Source', '02:00:00:00:00:01', 6, 6), field('eth.type', 'Type', 'IPv4 (0x0800)', 12, 2)] },
          { protocol: 'ip', title: 'Internet Protocol Version 4', text: `Internet Protocol Version 4, ${row.source} → ${row.destination}`, offset: 14, length: 20, layer: 2, severity: 'ok', fields: [field('ip.flags', 'Flags', "0x2, Don't fragment", 20, 1, { children: [field('ip.flags.df', "Don't fragment", 'Set', 20, 1)] }), field('ip.src', 'Source Address', row.source.replace(/:\d+$/, ''), 26, 4), field('ip.dst', 'Destination Address', row.destination.replace(/:\d+$/, ''), 30, 4)] },
          { protocol: 'udp', title: 'User Datagram Protocol', text: 'User Datagram Protocol, 40020 → 5684', offset: 34, length: 8, layer: 3, severity: 'ok', fields: [field('udp.srcport', 'Source Port', '40020', 34, 2), field('udp.dstport', 'Destination Port', '5684', 36, 2)] },
          { protocol: 'coap', title: 'Constrained Application Protocol', text: `Constrained Application Protocol, ${row.info}`, offset: 42, length: row.length - 42, layer: 4, severity: row.marks & 1 ? 'error' : 'ok', fields: [field('coap.type', 'Type', 'Confirmable (0)', 42, 1), field('coap.code', 'Code', '2.05 Content (69)', 43, 1), field('coap.mid', 'Message ID', String(number % 65536), 44, 2), field('coap.response_time', 'Response Time', '0.042 s', 42, 0, { is_generated: true, offset: null })] },
        ],
      });
    }
    json({ type: 'about:blank', title: 'Not Found', status: 404, code: 'not_here', detail: 'there is nothing here' }, 404);
  }

  private verdict(filter: string): object {
    const at = filter.search(/coap\.cod\b/);
    if (at >= 0)
      return { state: 'error', text: '"coap.cod" is no field or protocol; did you mean "coap.code"?', column: at, length: 8, suggestion: 'coap.code', warnings: [], fields: [], is_covered: true };
    if (filter.includes('bad')) return { state: 'error', text: 'no such field', column: 0, length: 3, suggestion: null, warnings: [], fields: [], is_covered: true };
    if (filter.includes('!='))
      return { state: 'warning', text: '', column: null, length: null, suggestion: null, warnings: [{ text: 'ip.addr stands twice in a packet: != holds only when both differ.' }], fields: [], is_covered: true };
    return { state: 'ok', text: '', column: null, length: null, suggestion: null, warnings: [], fields: filter.match(/[a-z]+\.[a-z_.]+/g) ?? [], is_covered: true };
  }

  private answer_rows(query: URLSearchParams, response: ServerResponse): void {
    const filter = query.get('filter') ?? '';
    const n = Number(query.get('n') ?? 100);
    const rows: number[] = [];
    let first: number | null = null;
    let last: number | null = null;
    if (query.has('before')) {
      let number = Math.min(this.end, Number(query.get('before'))) - 1;
      last = number;
      for (; number >= this.first && rows.length < n; number--) if (this.matches(filter, number)) rows.unshift(number);
      first = number + 1;
    } else {
      let number = Math.max(this.first, Number(query.get('from') ?? this.first));
      if (query.has('at_ns')) {
        const at = BigInt(query.get('at_ns')!);
        while (number < this.end && this.time_ns(number) < at) number++;
      }
      first = number;
      for (; number < this.end && rows.length < n; number++) if (this.matches(filter, number)) rows.push(number);
      last = number - 1;
    }
    const text = Buffer.from(
      JSON.stringify({ first, last, matched: rows.length, is_complete: true, gaps: [], span: { first: this.first, end: this.end } }),
    );
    const head = Buffer.alloc(4);
    head.writeUInt32LE(text.length);
    const parts = [head, text, Buffer.alloc((4 - (text.length % 4)) % 4)];
    if (rows.length > 0) parts.push(Buffer.from(frame_write(rows.map((number) => this.row(number)))));
    response.writeHead(200, { 'content-type': 'application/vnd.tapdeck.rows' });
    response.end(Buffer.concat(parts));
  }
}

function ws_head(opcode: number, length: number): Buffer {
  if (length < 126) return Buffer.from([0x80 | opcode, length]);
  if (length < 65536) return Buffer.from([0x80 | opcode, 126, length >> 8, length & 255]);
  const head = Buffer.alloc(10);
  head[0] = 0x80 | opcode;
  head[1] = 127;
  head.writeUInt32BE(length, 6);
  return head;
}
