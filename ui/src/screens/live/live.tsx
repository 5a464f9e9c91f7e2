// SPDX-License-Identifier: Apache-2.0
//
// The live screen: filter, timeline, table, packet. What it does is in live_model.ts; this is what it looks like.
import '../../table/table.css';
import './live.css';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { ComponentType } from 'preact';
import { keys_lend } from '../../shell/keys';
import { route, set_query } from '../../shell/router';
import { health, selected_packet } from '../../state/store';
import { settings } from '../../state/settings';
import { count_text } from '../../table/format';
import type { PaneTab } from '../../packet/packet_pane';
import { LiveModel } from './live_model';

type Parts = typeof import('./live_parts');
const load_parts = () => import('./live_parts');
const load_list = () => import('../../parts/row_list');
const load_pane = () => import('../../packet/packet_pane');

export default function Live() {
  const model = useMemo(() => new LiveModel(), []);
  const host = useRef<HTMLDivElement>(null);
  const [parts, set_parts] = useState<Parts | null>(null);
  const [Pane, set_pane] = useState<ComponentType<any> | null>(null);
  const [tab, set_tab] = useState<PaneTab>('details');
  const [is_large, set_large] = useState(false);
  const is_list = route.value.query.get('as') === 'list';
  const [List, set_list] = useState<ComponentType<any> | null>(null);
  const pane_open = model.pane_is_open.value && selected_packet.value !== null;

  useEffect(() => {
    load_parts().then(set_parts, () => undefined);
  }, []);
  useEffect(() => {
    model.start(host.current!);
    return () => model.close();
  }, [model]);

  useEffect(() => (parts && model.view ? parts.presence_ticks(model.view, () => model.source) : undefined), [model, parts]);

  useEffect(() => {
    if (is_list) load_list().then((module) => set_list(() => module.RowList), () => undefined);
  }, [is_list]);

  // The packet's part of the page: at rest, so that it is there when the first packet is opened.
  useEffect(() => {
    const load = () => load_pane().then((module) => set_pane(() => module.default), () => undefined);
    if (pane_open) {
      void load();
      return;
    }
    const timer = setTimeout(load, 1500);
    return () => clearTimeout(timer);
  }, [pane_open && Pane === null]);

  useEffect(() => parts?.keys_of && keys_lend(parts.keys_of(model, { set_large, set_tab })), [model, parts]);
  useEffect(() => set_query({ pane: pane_open ? (is_large ? 'large' : '1') : null }), [pane_open, is_large]);

  const filter_from = (filter: string, is_applied: boolean) => {
    if (is_applied) model.apply(filter);
    else parts?.prepare(model, filter);
  };
  return (
    <main class="live" aria-label="Live packets">
      {parts ? <parts.FilterBar model={model} /> : <div class="filter-place" />}
      <div class="strip-place">
        {parts ? <parts.TimelineStrip model={model} /> : <div class="strip" />}
        {parts && <parts.Banners model={model} />}
      </div>
      <div class="live-table">
        <div class="table-host" ref={host} inert={is_list} />
        {parts ? (
          <parts.Empty model={model} />
        ) : (
          <div class="empty skeletons" aria-busy="true">
            <p>connecting …</p>
          </div>
        )}
        {is_list && List && model.is_ready.value && parts && (
          <List question={model.view!.question} start={model.is_following.peek() ? 0 : model.view!.table.visible().first} format={model.time_format.value} {...parts.list_ways(model)} />
        )}
        {!is_list && <FollowBar model={model} />}
      </div>
      {pane_open && (
        <>
          {parts && <parts.Splitter />}
          <div class={`live-pane ${is_large ? 'large' : ''}`} style={{ height: is_large ? '70%' : `${settings.value.pane_height}px` }}>
            {Pane && (
              <Pane
                source={model.source}
                number={selected_packet.value!}
                tab={tab}
                set_tab={set_tab}
                on_filter={filter_from}
                on_close={() => {
                  model.pane_is_open.value = false;
                  parts?.focus_table();
                }}
                is_large={is_large}
                toggle_large={() => set_large(!is_large)}
              />
            )}
          </div>
        </>
      )}
      {parts ? <parts.StatusLine model={model} /> : <footer class="status" />}
      {parts && <parts.CellMenu model={model} filter_from={filter_from} />}
    </main>
  );
}

/* ---- bars over the table ---- */

function FollowBar({ model }: { model: LiveModel }) {
  const [, turn] = useState(0);
  const is_following = model.is_following.value;
  useEffect(() => {
    if (is_following) return;
    const timer = setInterval(() => turn((n) => n + 1), 1000);
    return () => clearInterval(timer);
  }, [is_following]);
  if (is_following || health.value.link === 'refused' || !model.is_ready.value) return null;
  const n = model.n_new.value;
  return (
    <button class="follow-bar" onClick={() => model.follow()} data-new={n}>
      <span aria-hidden="true">↓</span> <b>{count_text(n)} new</b> · {health.value.is_frozen ? 'frozen' : 'paused'} {model.age_words()} · Follow <kbd>End</kbd>
    </button>
  );
}
