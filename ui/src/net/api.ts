// SPDX-License-Identifier: Apache-2.0
//
// REST, described by docs/openapi.json. The only file that calls fetch(); the live stream is net/live_socket.ts.
// A guest's calls go below /s/<share>, to which the cookie of the link is bound.
import { route } from '../shell/router';
import type { Gap } from '../table/lines';
import { frame_read, type RowFrame } from './frame';

export class ApiError extends Error {
  constructor(
    public status: number, // 0: the server was not reached
    public code: string, // a word a program can act on: 'filter', 'not_in_link', 'expired' …
    message: string, // a sentence for people
    public detail: Record<string, unknown> = {},
  ) {
    super(message);
  }
}

export type Params = Record<string, string | number | boolean | null | undefined>;

export function api_url(path: string, params: Params = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params))
    if (value !== null && value !== undefined && value !== '') query.set(name, String(value));
  const share = route.value.share;
  const text = query.toString();
  return (share === '' ? '' : `/s/${encodeURIComponent(share)}`) + '/api/v1' + path + (text === '' ? '' : '?' + text);
}

async function refusal(response: Response): Promise<ApiError> {
  let body: Record<string, unknown> = {};
  try {
    const read: unknown = await response.json();
    if (typeof read === 'object' && read !== null) body = read as Record<string, unknown>;
  } catch {
    /* not JSON: the status speaks */
  }
  // RFC 9457: the detail is the sentence for people.
  const text = (name: string) => (typeof body[name] === 'string' && body[name] !== '' ? (body[name] as string) : undefined);
  return new ApiError(response.status, text('code') ?? String(response.status), text('detail') ?? text('title') ?? `The server answered ${response.status}.`, body);
}

async function call(
  method: string, path: string, params: Params, body: unknown, signal?: AbortSignal, accept = 'application/json',
): Promise<Response> {
  let response: Response;
  const init: RequestInit = { method, credentials: 'same-origin', headers: { accept } };
  if (signal) init.signal = signal;
  if (body !== undefined) {
    init.headers = { ...init.headers, 'content-type': 'application/json' };
    init.body = JSON.stringify(body);
  }
  try {
    response = await fetch(api_url(path, params), init);
  } catch (fault) {
    if (fault instanceof DOMException && fault.name === 'AbortError') throw fault;
    throw new ApiError(0, 'unreachable', 'The server cannot be reached.');
  }
  if (!response.ok) throw await refusal(response);
  return response;
}

async function json<T>(response: Promise<Response>): Promise<T> {
  const got = await response;
  return (got.status === 204 ? undefined : await got.json()) as T;
}

/* Each throws ApiError; an aborted one throws the DOMException 'AbortError'. */
export const api = {
  get: <T>(path: string, params: Params = {}, signal?: AbortSignal) => json<T>(call('GET', path, params, undefined, signal)),
  post: <T>(path: string, body?: unknown, params: Params = {}) => json<T>(call('POST', path, params, body ?? {})),
  put: <T>(path: string, body?: unknown, params: Params = {}) => json<T>(call('PUT', path, params, body ?? {})),
  patch: <T>(path: string, body?: unknown, params: Params = {}) => json<T>(call('PATCH', path, params, body ?? {})),
  delete: <T>(path: string, params: Params = {}) => json<T>(call('DELETE', path, params, undefined)),
  bytes: async (path: string, params: Params = {}, signal?: AbortSignal) =>
    new Uint8Array(await (await call('GET', path, params, undefined, signal, 'application/octet-stream')).arrayBuffer()),
};

/* ---- rows on request ---- */

export interface RowsAnswer {
  first: number | null; // numbers looked at, both included
  last: number | null;
  matched: number;
  is_complete: boolean; // false: the time for one answer was over
  gaps: Gap[];
  span: { first: number; end: number };
  frame: RowFrame | null; // null: no row matched
}

const number_or = (value: unknown, otherwise: number) => (typeof value === 'number' && Number.isSafeInteger(value) ? value : otherwise);
const text_or = (value: unknown) => (typeof value === 'string' ? value : '');

/* A gap as the server tells it; null: it is none. */
export function gap_read(told: unknown): Gap | null {
  if (typeof told !== 'object' || told === null) return null;
  const { cause, first, last, n, from_ns, to_ns, words } = told as Record<string, unknown>;
  if (typeof cause !== 'string') return null;
  return {
    cause,
    first: number_or(first, 0),
    last: number_or(last, 0),
    n: number_or(n, 0),
    from_ns: text_or(from_ns),
    to_ns: text_or(to_ns),
    words: text_or(words),
  };
}

/* The body: u32 length of a JSON text, the text, zeroes up to a multiple of 4, one frame or nothing. null: damaged. */
export function rows_read(body: ArrayBuffer): RowsAnswer | null {
  if (body.byteLength < 4) return null;
  const length = new DataView(body).getUint32(0, true);
  if (length > body.byteLength - 4) return null;
  const frame_at = 4 + ((length + 3) & ~3);
  let told: Record<string, unknown>;
  try {
    const read: unknown = JSON.parse(new TextDecoder().decode(new Uint8Array(body, 4, length)));
    if (typeof read !== 'object' || read === null) return null;
    told = read as Record<string, unknown>;
  } catch {
    return null;
  }
  const span = (told['span'] ?? {}) as Record<string, unknown>;
  const frame = frame_at < body.byteLength ? frame_read(body, frame_at) : null;
  if (frame_at < body.byteLength && frame === null) return null;
  return {
    first: typeof told['first'] === 'number' ? told['first'] : null,
    last: typeof told['last'] === 'number' ? told['last'] : null,
    matched: number_or(told['matched'], 0),
    is_complete: told['is_complete'] !== false,
    gaps: Array.isArray(told['gaps']) ? told['gaps'].map(gap_read).filter((gap) => gap !== null) : [],
    span: { first: number_or(span['first'], 0), end: number_or(span['end'], 0) },
    frame,
  };
}

export function source_path(source: string): string {
  return `/sources/${encodeURIComponent(source)}`;
}

export async function rows_get(source: string, params: Params, signal?: AbortSignal): Promise<RowsAnswer> {
  const response = await call('GET', `${source_path(source)}/rows`, params, undefined, signal, 'application/vnd.tapdeck.rows');
  const answer = rows_read(await response.arrayBuffer());
  if (answer === null) throw new ApiError(502, 'damaged', 'The answer with these rows is damaged; reload the page.');
  return answer;
}
