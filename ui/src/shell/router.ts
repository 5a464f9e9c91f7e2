// SPDX-License-Identifier: Apache-2.0
//
// The URL is the view: the path names the screen and its subject, the query the rest. This file alone reads and
// writes `location`; everything else asks `route` and calls `go` and `set_query`.
//
//   /live/<source>   /a/<source>?t=from..to   /d/<source>   /d/<source>/<device>   /x/<source>/<session>
//   /c/<source>/p/<number>     and each of them below /s/<share>, where a guest sees no more than the link gives
//
// A step to another screen or packet is one for the Back button (push); what changes while one looks (following, the
// time format, a pane) replaces.
import { computed, signal } from '@preact/signals';

export type ScreenName = 'live' | 'archive' | 'devices' | 'device' | 'session';

export interface Route {
  screen: ScreenName;
  share: string; // the share's id, '' for members
  source: string; // '' = the server's first one
  subject: string; // the device, the session, or the packet's number (screen 'live')
  query: URLSearchParams;
}

const letters: Record<string, ScreenName> = { live: 'live', a: 'archive', d: 'device', x: 'session', c: 'live' };

function decoded(part: string | undefined): string {
  if (part === undefined) return '';
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // a lone % that somebody typed
  }
}

export function route_parse(path: string, search: string): Route {
  let parts = path.split('/').filter((part) => part !== '');
  let share = '';
  if (parts[0] === 's' && parts[1] !== undefined) {
    share = decoded(parts[1]);
    parts = parts.slice(2);
  }
  let screen: ScreenName = letters[parts[0] ?? ''] ?? 'live';
  const source = letters[parts[0] ?? ''] ? decoded(parts[1]) : '';
  let subject = '';
  if (parts[0] === 'c') subject = parts[2] === 'p' ? decoded(parts[3]) : '';
  else if (screen === 'device' || screen === 'session') subject = parts.slice(2).map(decoded).join('/');
  if (screen === 'device' && subject === '') screen = 'devices';
  return { screen, share, source, subject, query: new URLSearchParams(search) };
}

export type Query = Record<string, string | number | null | undefined>;

/* The query as people read it: what may stand unescaped, does. */
function query_text(query: URLSearchParams): string {
  const text = [...query].map(([name, value]) => {
    const escaped = encodeURIComponent(value).replace(/%(3A|2C|2F|40|22|20|3D|3C|3E|28|29|7C)/g, (all, code) =>
      code === '20' ? '+' : code === '22' ? all : decodeURIComponent(all),
    );
    return escaped === '' ? name : `${name}=${escaped}`;
  });
  return text.length === 0 ? '' : '?' + text.join('&');
}

export function route_path(to: { screen: ScreenName; share?: string; source?: string; subject?: string }): string {
  const source = encodeURIComponent(to.source ?? '');
  const subject = encodeURIComponent(to.subject ?? '');
  const base = to.share ? `/s/${encodeURIComponent(to.share)}` : '';
  switch (to.screen) {
    case 'live':
      return subject === '' ? `${base}/live/${source}` : `${base}/c/${source}/p/${subject}`;
    case 'archive':
      return `${base}/a/${source}`;
    case 'devices':
      return `${base}/d/${source}`;
    case 'device':
      return `${base}/d/${source}/${subject}`;
    case 'session':
      return `${base}/x/${source}/${subject}`;
  }
}

const in_browser = typeof location !== 'undefined';

export const route = signal<Route>(in_browser ? route_parse(location.pathname, location.search) : route_parse('/', ''));
export const screen_name = computed(() => route.value.screen);

function reread(): void {
  route.value = route_parse(location.pathname, location.search);
}

/* A link to another screen: for href, so that it can be opened in a tab of its own. Keeps share and source. */
export function href(to: { screen: ScreenName; source?: string; subject?: string; query?: Query }): string {
  const { share, source } = route.value;
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(to.query ?? {}))
    if (value !== null && value !== undefined && value !== '') query.set(name, String(value));
  return route_path({ share, source, ...to }) + query_text(query);
}

export function go(to: Parameters<typeof href>[0] | string): void {
  history.pushState(null, '', typeof to === 'string' ? to : href(to));
  reread();
}

/* Another address of this page in place of this one: no step for the Back button. */
export function replace(path: string): void {
  history.replaceState(null, '', path);
  reread();
}

/* Changes parts of the query (null takes one out). push = a step for the Back button. */
export function set_query(change: Query, options: { push?: boolean } = {}): void {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(change)) {
    if (value === null || value === undefined || value === '') query.delete(name);
    else query.set(name, String(value));
  }
  const text = query_text(query);
  if (text === location.search) return;
  if (options.push) history.pushState(null, '', location.pathname + text);
  else history.replaceState(null, '', location.pathname + text);
  reread();
}

/* Own links change the screen without a load; called once. Clicks with a modifier stay the browser's. */
export function router_start(): void {
  addEventListener('popstate', reread);
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element | null)?.closest?.('a[href]');
    if (!(link instanceof HTMLAnchorElement) || link.target !== '' || link.hasAttribute('download')) return;
    const url = new URL(link.href);
    if (url.origin !== location.origin || /^\/(api|healthz|metrics|plain)(\/|$)/.test(url.pathname)) return;
    if (url.hash !== '' && url.pathname === location.pathname) return;
    event.preventDefault();
    go(url.pathname + url.search);
  });
}
