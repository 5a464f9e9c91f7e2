// SPDX-License-Identifier: Apache-2.0
//
// The answers of REST, as docs/openapi.json describes them: the part that screens look at. Names are the server's own.

export type Ns = string; // nanoseconds since 1970, in decimal

export interface ApiGap {
  cause: 'kernel' | 'queue' | 'disk' | 'mirror' | 'stopped' | 'evicted' | 'viewer' | 'outside';
  first?: number;
  last?: number;
  n?: number;
  from_ns?: Ns;
  to_ns?: Ns;
  words: string;
}

export interface ApiRow {
  number: number;
  time: string;
  device: string | null;
  source: string;
  destination: string;
  protocol: string;
  length: number;
  info: string;
  marks: number;
}

export const MARK_ERROR = 1;
export const MARK_WARNING = 2;

export interface ApiRows {
  first: number | null;
  last: number | null;
  matched: number;
  is_complete: boolean;
  gaps: ApiGap[];
  span: { first: number; end: number };
  rows: ApiRow[];
}

export interface ApiSource {
  name: string;
  state: 'live' | 'archive' | 'lost' | 'ended' | 'disk_full';
  since_ns?: Ns | null;
  first: number | null;
  end: number | null;
  words: string;
  from_ns?: Ns | null;
  to_ns?: Ns | null;
  interfaces?: string[];
}

export interface ApiRecording {
  from_ns: Ns;
  to_ns: Ns;
  state: 'recorded' | 'held' | 'gap' | 'unknown';
  cause: string;
  words: string;
}

export interface ApiTimeline {
  from_ns: Ns;
  to_ns: Ns;
  bucket_ns: Ns;
  buckets: number;
  matched: number;
  series: { protocol: string; n: number; bars: [number, number][] }[];
  gaps: ApiGap[];
  recording: ApiRecording[];
  pins: { id: string; number: number; time_ns: Ns }[];
  next: number;
  is_complete: boolean;
}

export interface ApiCount {
  matched: number;
  seen: number;
  bytes: number;
  first: number | null;
  last: number | null;
  next: number;
  share: number;
  is_complete: boolean;
}

export interface ApiEstimate {
  packets: number;
  bytes: number;
  pins: number;
  is_complete: boolean;
  file_name: string;
}

export interface ApiIdentity {
  kind: string;
  name: string;
  first_ns: Ns;
  last_ns: Ns;
}

export interface ApiDeviceLine {
  device: string;
  identities: ApiIdentity[];
  first_ns: Ns;
  last_ns: Ns;
  packets: number;
  bytes: number;
  sessions: number;
  handshakes: number;
  attempts: number;
  addresses: number;
  address: string | null;
}

export interface ApiDevices {
  devices: ApiDeviceLine[];
  total: number;
  is_complete: boolean;
}

export interface ApiStay {
  address: string;
  port: number | null;
  server: string | null;
  from_ns: Ns;
  to_ns: Ns;
  packets: number;
  bytes: number;
  reason: string;
  confidence: string;
  session: string | null;
}

export interface ApiSessionLine {
  session: string;
  protocol: string | null;
  client: string;
  server: string | null;
  from_ns: Ns;
  to_ns: Ns;
  packets: number;
  bytes: number;
  reason: string;
  confidence: string;
  rebinds: number;
  state: 'open' | 'attempt';
}

export interface ApiStrip {
  from_ns: Ns;
  slot_ns: Ns;
  slots: number;
  present: [number, number][];
}

export interface ApiDevice {
  device: string;
  identities: ApiIdentity[];
  first_ns: Ns;
  last_ns: Ns;
  packets: number;
  bytes: number;
  stays: ApiStay[];
  sessions: ApiSessionLine[];
  sessions_total: number;
  attempts: ApiSessionLine[];
  strip: ApiStrip;
  is_complete: boolean;
}

export interface ApiMessage {
  number: number;
  time_ns: Ns;
  direction: 'from_device' | 'to_device';
  source: string;
  destination: string;
  protocol: string;
  info: string;
  length: number;
  payload: number;
  marks: number;
  repeats: number | null;
}

export interface ApiJoin {
  request: number;
  answer: number | null;
  by: string;
  label: string;
  delay_ns: Ns | null;
  state: 'answered' | 'unanswered' | 'waiting';
  attempts: number;
}

export interface ApiSession {
  session: string;
  device: string | null;
  protocol: string | null;
  client: string;
  server: string | null;
  from_ns: Ns;
  to_ns: Ns;
  lanes: { name: 'device' | 'server'; words: string; addresses: string[] }[];
  packets: ApiMessage[];
  joins: ApiJoin[];
  silences: { after: number; from_ns: Ns; to_ns: Ns }[];
  totals: { packets: number; from_device: number; to_device: number; bytes: number; repeats: number; unanswered: number };
  next: number | null;
  is_complete: boolean;
}

export interface ApiReply {
  id: string;
  person: string;
  name: string;
  text: string;
  created_ns: Ns;
}

export interface ApiPin {
  id: string;
  source: string;
  number: number;
  time_ns: Ns;
  person: string;
  name: string;
  text: string;
  replies: ApiReply[];
  resolved: boolean;
  created_ns: Ns;
}

export type ApiRole = 'view' | 'comment' | 'control';
export type ApiBytesLevel = 'none' | 'headers' | 'full';

export interface ApiShare {
  id: string;
  words: string;
  role: ApiRole;
  bytes: ApiBytesLevel;
  filter: string | null;
  device: string | null;
  source: string | null;
  from_ns: Ns | null;
  to_ns: Ns | null;
  expires_ns: Ns | null;
  most_viewers: number;
  viewers: number;
  seen_ns: Ns | null;
  created_ns: Ns;
  revoked: boolean;
  numbers?: [number, number][] | null;
}

export interface ApiShareNew {
  role?: ApiRole;
  bytes?: ApiBytesLevel;
  filter?: string;
  device?: string;
  source?: string;
  from_ns?: Ns;
  to_ns?: Ns;
  expires_ns?: Ns;
  most_viewers?: number;
  numbers?: [number, number][]; // first and last of each, both included
}

export interface ApiShareMade {
  share: ApiShare;
  secret: string;
  path: string;
}

export interface ApiFilterVerdict {
  state: 'ok' | 'warning' | 'error';
  text: string;
  column: number | null;
  length: number | null;
  suggestion: string | null;
  warnings: { text: string }[];
  fields: string[];
  is_covered: boolean;
}

export interface ApiStatus {
  version: string;
  now_ns: Ns;
  sources: ApiSource[];
  archive: { segments: number; packets: number; stored_bytes: number; index_bytes: number; disk_bytes: number; disk_free_bytes: number } | null;
  recorders: {
    node: string; state: 'alive' | 'dead' | 'stuck'; packets: number; bytes: number; lost_kernel: number; lost_queue: number; lost_disk: number; lost_mirror: number; trouble: string;
  }[];
}
