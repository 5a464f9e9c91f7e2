// SPDX-License-Identifier: Apache-2.0
//
// What one does on the live screen now and then, apart from its model so that the first packets need not wait for it.
import { rows_get } from '../../net/api';
import { link_secret } from '../../net/session';
import { note } from '../../shell/notes';
import { route } from '../../shell/router';
import { pins_by_number } from '../../state/pins';
import { settings } from '../../state/settings';
import { hello } from '../../state/store';
import { count_text } from '../../table/format';
import { delta_text, instant_of_ns, ms_of_instant, since } from '../../table/time_format';
import type { LiveModel } from './live_model';

export function next_gap(model: LiveModel, is_back: boolean): void {
  const view = model.view;
  if (!view) return;
  const visible = view.table.visible();
  const from = view.lines.line_of(view.table.selection.number || (is_back ? visible.first : visible.last));
  const gap = view.lines.next_gap(from, is_back);
  const after = [...pins_by_number.value.keys()].filter((number) => (is_back ? number < (view.lines.key(from) || Infinity) : number > view.lines.key(from)));
  const pin = after.length === 0 ? 0 : is_back ? Math.max(...after) : Math.min(...after);
  const pin_line = pin === 0 ? -1 : view.lines.line_of(pin);
  const to = gap < 0 ? pin_line : pin_line < 0 ? gap : is_back ? Math.max(gap, pin_line) : Math.min(gap, pin_line);
  if (to < 0) note(is_back ? 'No pin or gap before model.' : 'No pin or gap behind model.');
  else if (to === pin_line) void model.go_to(pin);
  else view.table.show_line(to);
}

/* Conversation of the selected packet, as a filter. */
export function conversation_filter(model: LiveModel): string {
  const view = model.view;
  const number = view?.table.selection.number ?? 0;
  if (!view || !view.store.find(number)) return '';
  const [a, b] = [view.store.frame!.source(view.store.row), view.store.frame!.destination(view.store.row)];
  return [a, b].map(endpoint_filter).filter((part) => part !== '').join(' && ');
}

/* Ctrl+. and Ctrl+,: the next packet between the same two, whatever the filter. */
export async function step_conversation(model: LiveModel, is_back: boolean): Promise<void> {
  const view = model.view;
  const number = view?.table.selection.number ?? 0;
  const filter = conversation_filter(model);
  if (!view || number === 0 || filter === '') {
    note('Select a packet with addresses first.');
    return;
  }
  try {
    const answer = await rows_get(model.source, { filter, n: 1, ...(is_back ? { before: number } : { from: number + 1 }) });
    if (!answer.frame) {
      note(is_back ? 'No packet of this conversation before.' : 'No packet of this conversation after.');
      return;
    }
    view.store.add(answer.frame);
    await model.go_to(is_back ? answer.frame.last : answer.frame.first);
  } catch (fault) {
    if (fault instanceof Error) note({ text: fault.message, kind: 'bad' });
  }
}

/* y: exactly this view. */
export async function copy_link(model: LiveModel): Promise<void> {
  const url = new URL(location.href);
  const query = url.searchParams;
  const view = model.view;
  if (view?.table.is_following) {
    query.set('live', '1');
    query.delete('p');
  } else if (view) {
    const number = view.table.selection.number || view.table.visible().first;
    if (number) query.set('p', String(number));
    query.delete('live');
  }
  if (settings.value.columns.length > 0) query.set('cols', settings.value.columns.join(','));
  query.set('tf', model.time_format.value);
  const secret = link_secret();
  if (route.value.share !== '' && secret !== '') url.hash = secret;
  try {
    await navigator.clipboard.writeText(url.href);
  } catch {
    copy_by_hand(url.href);
  }
  const you = hello.value?.you;
  const until = you?.expires_ns ? `, until ${new Date(ms_of_instant(instant_of_ns(you.expires_ns))).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })}` : '';
  note(route.value.share === '' ? 'Copied. Link for members.' : `Copied. Anyone with this link, ${you?.role ?? 'view'}${until}.`);
}

export function status_words(model: LiveModel): string {
  const view = model.view;
  if (!view) return '';
  const range = model.range.value;
  if (range) {
    const [a, b] = [view.time_of(range.from), view.time_of(range.to)];
    const first = view.lines.line_of(range.from);
    const last = view.lines.line_of(range.to);
    let words = `${count_text(last - first + 1)} packets, ${count_text(range.from)} – ${count_text(range.to)}`;
    if (a && b) {
      const delta = since(b, a);
      words += `, ${delta_text(delta.sec, delta.nsec).slice(1)} s`;
    }
    let bytes = 0;
    let is_all = last - first < 20_000;
    for (let line = first; is_all && line <= last; line++) {
      const key = view.lines.key(line);
      if (key > 0 && view.store.find(key)) bytes += view.store.frame!.length(view.store.row);
      else if (key > 0) is_all = false;
    }
    return is_all ? `${words}, ${count_text(bytes)} bytes` : words;
  }
  return '';
}

/* '10.1.2.3:40020' -> 'ip.addr == 10.1.2.3 && udp.port == 40020' would miss TCP: the port of either. */
export function endpoint_filter(endpoint: string): string {
  const found = /^\[?([0-9a-f.:]+?)\]?(?::(\d+))?$/i.exec(endpoint);
  if (!found || !/[.:]/.test(found[1]!)) return '';
  const is_6 = endpoint.startsWith('[') || (found[1]!.match(/:/g)?.length ?? 0) > 1;
  const address = is_6 && !endpoint.startsWith('[') ? endpoint : found[1]!;
  const port = is_6 && !endpoint.startsWith('[') ? undefined : found[2];
  if (/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(endpoint)) return `eth.addr == ${endpoint}`;
  const host = `${is_6 ? 'ipv6' : 'ip'}.addr == ${address}`;
  return port ? `${host} && (udp.port == ${port} || tcp.port == ${port})` : host;
}

function copy_by_hand(text: string): void {
  const field = document.createElement('textarea');
  field.value = text;
  field.className = 'unseen';
  document.body.append(field);
  field.select();
  document.execCommand('copy');
  field.remove();
}
