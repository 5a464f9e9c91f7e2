// SPDX-License-Identifier: Apache-2.0
//
// REST, described by docs/openapi.json. The only file that calls fetch(); the live stream is net/live_socket.ts.
// A guest's calls go below /s/<share>, to which the cookie of the link is bound.
import { route } from '../shell/router';

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
  const inner = typeof body['error'] === 'object' && body['error'] !== null ? (body['error'] as Record<string, unknown>) : body;
  const message = [inner['message'], inner['detail'], inner['title']].find((one) => typeof one === 'string') as string | undefined;
  const code = [inner['code'], inner['type'], inner['kind']].find((one) => typeof one === 'string') as string | undefined;
  return new ApiError(response.status, code ?? String(response.status), message ?? `The server answered ${response.status}.`, inner);
}

async function call(method: string, path: string, params: Params, body: unknown, signal?: AbortSignal): Promise<Response> {
  let response: Response;
  const init: RequestInit = { method, credentials: 'same-origin', headers: { accept: 'application/json' } };
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
    new Uint8Array(await (await call('GET', path, params, undefined, signal)).arrayBuffer()),
};
