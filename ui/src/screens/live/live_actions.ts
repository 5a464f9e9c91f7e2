// SPDX-License-Identifier: Apache-2.0
//
// What one does on the live screen now and then, apart from its model so that the first packets need not wait for it.
import { api, rows_get, source_path } from '../../net/api';
import { copy_address } from '../../parts/copy_address';
import { announce, note } from '../../shell/notes';
import { go, set_query } from '../../shell/router';
import { pins_by_number } from '../../state/pins';
import { settings, settings_set } from '../../state/settings';
import { selected_range } from '../../state/store';
import { count_text } from '../../table/format';
import { delta_text, ns_of_instant, since, time_formats, type TimeFormat } from '../../table/time_format';
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
  if (to < 0) note(is_back ? 'No pin or gap before this.' : 'No pin or gap behind this.');
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
  await copy_address(url);
}

export function status_words(model: LiveModel): string {
  const view = model.view;
  if (!view) return '';
  const range = selected_range.value;
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

/* n and N: the next packet that matches what is typed into the filter, applied or not, in the list as it is. */
export async function step_match(model: LiveModel, is_back: boolean): Promise<void> {
  const view = model.view;
  if (!view) return;
  const applied = model.filter.peek();
  const typed = (document.getElementById('filter') as HTMLInputElement | null)?.value.trim() ?? '';
  if (typed !== '' && typed !== applied) model.match_filter = typed;
  const wanted = model.match_filter;
  if (wanted === '' || wanted === applied) {
    if (applied === '') note('Type a filter (/), and n goes to the next packet that matches it, without applying it.');
    else view.table.select_by(is_back ? -1 : 1); // each line matches
    return;
  }
  const filter = applied === '' ? wanted : `(${applied}) && (${wanted})`;
  const visible = view.table.visible();
  const number = view.table.selection.number || (is_back ? visible.last + 1 : visible.first - 1);
  let at = is_back ? number : number + 1;
  view.table.stand();
  try {
    for (let rounds = 0; ; rounds++) {
      const answer = await rows_get(model.source, { filter, n: 1, ...(is_back ? { before: at } : { from: at }) });
      if (view !== model.view) return;
      if (answer.frame) {
        view.store.add(answer.frame);
        await model.go_to(is_back ? answer.frame.last : answer.frame.first);
        return;
      }
      const to = is_back ? answer.first : (answer.last ?? 0) + 1;
      if (answer.is_complete || to === null || (is_back ? to >= at : to <= at)) break;
      at = to;
      if (rounds === 0) note(`Looking for ${wanted} …`);
    }
    note(is_back ? `No packet before this matches ${wanted}.` : `No packet behind this matches ${wanted}, yet.`);
  } catch (fault) {
    if (fault instanceof Error) note({ text: fault.message, kind: 'bad' });
  }
}

/* f: the ladder that the packet is part of; without one, its conversation as a filter. */
export async function follow_stream(model: LiveModel, number: number): Promise<void> {
  const packet = await api.get<{ session: string | null }>(`${source_path(model.source)}/packets/${number}`).catch(() => null);
  if (packet?.session) go({ screen: 'session', source: model.source, subject: packet.session, query: { p: number } });
  else model.apply(conversation_filter(model));
}

/* ---- times and columns ---- */

export function cycle_time_format(model: LiveModel): void {
  const names = Object.keys(time_formats) as TimeFormat[];
  const usable = names.filter((name) => name !== 'reference' || model.reference !== null);
  set_time_format(model, usable[(usable.indexOf(model.time_format.peek()) + 1) % usable.length]!);
}

export function set_time_format(model: LiveModel, format: TimeFormat): void {
  if (format === 'reference' && model.reference === null && !set_reference(model)) return;
  model.time_format.value = format;
  settings_set({ time_format: format === 'reference' ? 'time' : format });
  set_query({ tf: format === 'time' ? null : format });
  model.view?.set_time_format(format, model.reference);
  announce(`Times: ${time_formats[format]}`);
}

/* T: the selected packet's time is zero. */
export function set_reference(model: LiveModel): boolean {
  const at = model.view?.time_of(model.view.table.selection.number) ?? null;
  if (at === null) {
    note('Select a packet to count times from.');
    return false;
  }
  model.reference = at;
  model.time_format.value = 'reference';
  set_query({ tf: 'reference' });
  model.view?.set_time_format('reference', at);
  return true;
}

export function set_columns(model: LiveModel, ids: string[]): void {
  model.view?.set_columns(ids);
  settings_set({ columns: ids });
}

export async function go_to_time(model: LiveModel, ms: number): Promise<void> {
  const ns = ns_of_instant({ sec: Math.floor(ms / 1000), nsec: Math.floor((ms % 1000) * 1e6) });
  const shown = (await model.view?.show_time(ns)) ?? 0;
  if (shown === 0) note('No packet at that time, or after it.');
  else model.view?.table.select(shown, { reveal: false });
}
