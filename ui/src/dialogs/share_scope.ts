// SPDX-License-Identifier: Apache-2.0
//
// share_scope - what a link would give, in words before it is made, and where it leads. Pure.
import type { ApiBytesLevel, ApiRole, ApiShareNew } from '../net/api_types';
import { range_params, range_words, type TimeRange, ANY_TIME } from '../parts/time_range';
import { route_path } from '../shell/router';
import { count_text } from '../table/format';

export type ShareWhat = 'source' | 'view' | 'range' | 'device' | 'packets';

export interface ShareWish {
  what: ShareWhat;
  source: string;
  filter: string; // of the view one comes from
  device: string;
  range: TimeRange;
  packets: readonly [number, number] | null; // first and last that are selected
  role: ApiRole;
  bytes: ApiBytesLevel;
  hours: number; // 0: without an end
  most_viewers: number; // 0: any number
}

/* What is offered where one is: a device only where there is one, a range or packets only where they are chosen. */
export function share_choices(wish: Pick<ShareWish, 'filter' | 'device' | 'range' | 'packets'> & { is_session?: boolean }): [ShareWhat, string][] {
  const choices: [ShareWhat, string][] = [['source', 'Everything']];

  if (wish.filter !== '') choices.push(['view', 'What I see']);
  if (wish.device !== '') choices.push(['device', 'This device']);
  if (wish.range !== ANY_TIME) choices.push(['range', wish.is_session ? 'This session' : 'This time range']);
  if (wish.packets !== null) choices.push(['packets', wish.packets[0] === wish.packets[1] ? 'This packet' : 'These packets']);
  return choices;
}

export function share_new(wish: ShareWish, now_ns: bigint): ApiShareNew {
  const made: ApiShareNew = { source: wish.source, role: wish.role, bytes: wish.bytes };
  const { from_ns, to_ns } = range_params(wish.range);
  const is_packets = wish.what === 'packets' && wish.packets !== null;

  // Each choice keeps the narrower ones that one looks at: a range of a device is not the range of all.
  if (wish.what === 'device' || (wish.what !== 'source' && wish.device !== '')) made.device = wish.device;
  if ((wish.what === 'view' || wish.what === 'range' || is_packets) && wish.filter !== '') made.filter = wish.filter;
  if (is_packets) made.numbers = [[...wish.packets!]];
  if (wish.what === 'range' || (is_packets && wish.range !== ANY_TIME)) {
    if (from_ns !== null) made.from_ns = from_ns;
    if (to_ns !== null) made.to_ns = to_ns;
  }
  if (wish.hours > 0) made.expires_ns = `${now_ns + BigInt(wish.hours) * 3_600_000_000_000n}`;
  if (wish.most_viewers > 0) made.most_viewers = wish.most_viewers;
  return made;
}

export function scope_words(made: ApiShareNew, range: TimeRange): string {
  const parts: string[] = [];

  const which = made.numbers?.map(([first, last]) => (first === last ? `packet ${count_text(first)}` : `packets ${count_text(first)} – ${count_text(last)}`)).join(', ');
  if (which !== undefined) parts.push(made.filter !== undefined ? `${which}, those that match ${made.filter}` : which);
  else parts.push(made.filter !== undefined ? `packets that match ${made.filter}` : made.device !== undefined ? 'all packets' : 'every packet');
  if (made.device !== undefined) parts.push(`of ${made.device}`);
  parts.push(`on ${made.source}`);
  if (which !== undefined) return parts.join(', ').replace(', of ', ' of ').replace(', on ', ' on ');
  parts.push(made.from_ns !== undefined || made.to_ns !== undefined ? range_words(range) : 'kept now and to come');
  return parts.join(', ').replace(', of ', ' of ').replace(', on ', ' on ');
}

export const bytes_words: Record<ApiBytesLevel, string> = {
  none: 'addresses and a summary line',
  headers: 'decoded headers and fields, no payload',
  full: 'every byte, download too',
};

export const role_words: Record<ApiRole, string> = {
  view: 'may look, filter and follow',
  comment: 'and comment on packets',
  control: 'and make links, change others’ comments, bring everyone',
};

/* The address to give: the link's own, at the screen that shows what it is about, the secret behind the #. */
export function share_address(origin: string, path: string, wish: Pick<ShareWish, 'what' | 'source' | 'device'>, made: ApiShareNew): string {
  const [base = '', secret = ''] = path.split('#');
  const id = decodeURIComponent(base.split('/')[2] ?? '');
  const to =
    wish.what === 'device' && made.device !== undefined
      ? route_path({ screen: 'device', share: id, source: wish.source, subject: made.device })
      : route_path({ screen: wish.what === 'range' || wish.what === 'packets' ? 'archive' : 'live', share: id, source: wish.source });

  const first = made.numbers?.[0]?.[0];

  return `${origin}${to}${first === undefined ? '' : `?p=${first}`}#${secret}`;
}
