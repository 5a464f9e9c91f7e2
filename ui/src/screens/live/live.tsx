// SPDX-License-Identifier: Apache-2.0
//
// The live screen: filter, timeline, table, packet. What it does is in live_model.ts; this is what it looks like.
import '../../table/table.css';
import './live.css';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { ComponentType } from 'preact';
import { keys_lend } from '../../shell/keys';
import { set_query } from '../../shell/router';
import { alarm, health, selected_packet, source_named } from '../../state/store';
import { settings } from '../../state/settings';
import { count_text, duration_text } from '../../table/format';
import { live } from '../../net/live_socket';
import type { PaneTab } from '../../packet/packet_pane';
import { LiveModel } from './live_model';

type Parts = typeof import('./live_parts');
const load_parts = () => import('./live_parts');
const load_pane = () => import('../../packet/packet_pane');

export default function Live() {
  const model = useMemo(() => new LiveModel(), []);
  const host = useRef<HTMLDivElement>(null);
  const [parts, set_parts] = useState<Parts | null>(null);
  const [Pane, set_pane] = useState<ComponentType<any> | null>(null);
  const [tab, set_tab] = useState<PaneTab>('details');
  const [is_large, set_large] = useState(false);
  const pane_open = model.pane_is_open.value && selected_packet.value !== null;

  useEffect(() => {
    load_parts().then(set_parts, () => undefined);
  }, []);
  useEffect(() => {
    model.start(host.current!);
    return () => model.close();
  }, [model]);

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
        <Banners model={model} />
      </div>
      <div class="live-table">
        <div class="table-host" ref={host} />
        <Empty model={model} />
        <FollowBar model={model} />
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

function Banners({ model }: { model: LiveModel }) {
  const [now, set_now] = useState(0);
  const { link, lost_at_ms, retry_at_ms, reason } = health.value;
  const is_lost = link === 'lost';
  useEffect(() => {
    if (!is_lost) return;
    set_now(performance.now());
    const timer = setInterval(() => set_now(performance.now()), 500);
    return () => clearInterval(timer);
  }, [is_lost]);
  const source = source_named(model.source);
  return (
    <div class="banners">
      {alarm.value !== null && (
        <div class="banner bad" role="alert">
          ✗ {alarm.value}
        </div>
      )}
      {is_lost && (
        <div class="banner warn" role="status">
          Connection lost {duration_text(Math.max(0, now - lost_at_ms))} ago, trying again
          {retry_at_ms > now ? ` in ${Math.ceil((retry_at_ms - now) / 1000)} s` : ' …'}
          <button class="button" onClick={() => live.retry_now()}>
            Now
          </button>
        </div>
      )}
      {link === 'ended' && (
        <div class="banner" role="status">
          {reason}
          <button class="button" onClick={() => location.reload()}>
            Reload
          </button>
        </div>
      )}
      {link === 'refused' && (
        <div class="banner bad" role="alert">
          {reason}
        </div>
      )}
      {source && (source.state === 'ended' || source.state === 'lost' || source.state === 'disk_full') && (
        <div class={`banner ${source.state === 'ended' ? '' : 'bad'}`} role="status">
          {source.words}
          {source.state === 'ended' ? '. Everything here stays in the archive.' : ''}
        </div>
      )}
      {model.asks_to_skip.value && (
        <div class="banner bad" role="status">
          This page cannot keep up: {duration_text(health.value.lag_ms ?? 0)} behind.
          <button class="button" onClick={() => model.skip_to_live()}>
            Skip to live
          </button>
        </div>
      )}
      {model.warning.value !== '' && (
        <div class="banner warn">
          △ {model.warning.value}
        </div>
      )}
    </div>
  );
}

function Empty({ model }: { model: LiveModel }) {
  const { link } = health.value;
  if (!model.is_ready.value) {
    if (link === 'refused') return null;
    return (
      <div class="empty skeletons" aria-busy="true">
        <p>connecting{model.source ? ` to ${model.source}` : ''} …</p>
      </div>
    );
  }
  const source = source_named(model.source);
  if (model.n_lines.value > 0) return null;
  const filter = model.filter.value;
  if (filter !== '') {
    const matched = model.matched.value;
    return (
      <div class="empty">
        <h2>
          {matched && !matched.is_complete ? 'Still looking' : 'Nothing matches'}: 0 of {count_text(matched?.of ?? 0)}
        </h2>
        <p>
          <code class="stranger">{filter}</code>
        </p>
        <button class="button" onClick={() => model.apply('')}>
          Clear the filter
        </button>
      </div>
    );
  }
  return (
    <div class="empty">
      <h2>{source?.state === 'live' ? 'Capturing. No packet yet.' : 'No packets here.'}</h2>
      {source && <p>{source.words}</p>}
      {source?.interfaces && source.interfaces.length > 0 && <p>On {source.interfaces.join(', ')}.</p>}
      <p class="quiet-text">
        If a mirror should arrive: is it sent to this machine, at the recorder's address and port (UDP 4789), with a VNI that it takes? <code>tapdeck status</code> tells what the
        interfaces counted.
      </p>
    </div>
  );
}
