// SPDX-License-Identifier: Apache-2.0
//
// Session: what a device and a server said to each other, as a ladder or as a table of the same. In the address: `by`
// (even or true time), `as` (ladder or table), `side`, `p` (the packet).
import './session.css';
import { useCallback, useEffect, useMemo, useState } from 'preact/hooks';
import { api } from '../../net/api';
import type { ApiSession } from '../../net/api_types';
import { useAsked } from '../../parts/asked';
import { Ladder } from '../../parts/ladder';
import { ladder_layout, ladder_summary, type Spacing } from '../../parts/ladder_layout';
import { PacketDrawer, pane_open } from '../../parts/packet_drawer';
import { Moment, Refused, Segmented, Stranger, Waiting, path_part, source_now } from '../../parts/pieces';
import { hue_of } from '../../table/columns';
import { clock_words, duration_words, us_of_ns } from '../../parts/time_scale';
import { keys_lend } from '../../shell/keys';
import { note } from '../../shell/notes';
import { go, href, route, set_query } from '../../shell/router';
import { pins_by_number, pins_load } from '../../state/pins';
import { selected_packet, session_shown } from '../../state/store';
import { bytes_text, count_text } from '../../table/format';
import { LANE_DEVICE, packet_words, session_joined, session_packets, type SessionPacket } from './session_packets';

const PART = 500;

type Side = 'both' | 'device' | 'server';

export default function Session() {
  const source = source_now();
  const id = route.value.subject;
  const query = route.value.query;
  const spacing = (query.get('by') === 'time' ? 'time' : 'even') as Spacing;
  const is_table = query.get('as') === 'table';
  const side = (['device', 'server'].includes(query.get('side') ?? '') ? query.get('side') : 'both') as Side;
  const selected = Number(query.get('p') ?? NaN);
  const [session, set_session] = useState<ApiSession | null>(null);
  const [is_loading, set_loading] = useState(false);
  const url = `/sources/${path_part(source)}/sessions/${path_part(id)}`;
  const asked = useAsked<ApiSession>(source === '' ? null : url, (signal) => api.get<ApiSession>(url, { n: PART }, signal));

  useEffect(() => set_session(asked.value), [asked.value]);
  useEffect(() => {
    session_shown.value = session && { device: session.device ?? '', from_us: us_of_ns(session.from_ns), to_us: us_of_ns(session.to_ns) + 1 };
    return () => (session_shown.value = null);
  }, [session]);
  useEffect(() => {
    if (source !== '') pins_load(source).catch(() => undefined);
  }, [source]);

  const more = useCallback(() => {
    if (!session || session.next === null || is_loading) return;
    set_loading(true);
    api.get<ApiSession>(url, { from: session.next, n: 4 * PART }).then(
      (next) => {
        set_session((before) => (before ? session_joined(before, next) : next));
        set_loading(false);
      },
      (fault: Error) => {
        set_loading(false);
        note({ text: fault.message, kind: 'bad' });
      },
    );
  }, [session, is_loading]);

  const all = useMemo(() => (session ? session_packets(session) : []), [session]);
  const shown = useMemo(() => (side === 'both' ? all : all.filter((packet) => (packet.from === LANE_DEVICE) === (side === 'device'))), [all, side]);
  const summary = useMemo(() => ladder_summary(all, ladder_layout(all, 'even')), [all]);

  const select = (packet: SessionPacket) => {
    selected_packet.value = packet.number;
    set_query({ p: packet.number });
  };
  const open = (packet: SessionPacket) => {
    select(packet);
    pane_open('details');
  };

  useEffect(
    () =>
      keys_lend({
        name: 'Session',
        bindings: [
          { keys: ['e'], does: 'even spacing or true time', run: () => set_query({ by: route.value.query.get('by') === 'time' ? null : 'time' }) },
          { keys: ['c'], does: 'comment on the packet', run: () => (selected_packet.peek() === null ? false : pane_open('comments')) },
          { keys: ['Escape'], does: 'close the packet', run: () => (route.value.query.has('pane') ? set_query({ pane: null }) : false) },
          { keys: ['l'], does: 'ladder or table', run: () => set_query({ as: route.value.query.get('as') === 'table' ? null : 'table' }) },
          {
            keys: ['d'],
            does: 'its device',
            run: () => {
              const link = document.querySelector<HTMLAnchorElement>('a.session-device');
              return link ? link.click() : false;
            },
          },
        ],
      }),
    [],
  );

  if (asked.fault) {
    return (
      <main class="screen session" aria-label="Session">
        <Refused fault={asked.fault} what="session" again={asked.again}>
          <a class="button" href={href({ screen: 'devices' })}>All devices</a>
        </Refused>
      </main>
    );
  }
  const lanes = session?.lanes ?? [];
  return (
    <main class="screen session" aria-label="Session" aria-busy={asked.is_waiting}>
      <div class="screen-head">
        <div class="session-title">
          {session?.device != null && (
            <a class="session-device mono" href={href({ screen: 'device', subject: session.device })}>
              <Stranger text={session.device} most={90} />
            </a>
          )}
          <h1>
            {session ? (
              <>
                {session.protocol ?? 'Session'} <span class="mono">{session.client} ⇄ {session.server ?? 'several servers'}</span>
              </>
            ) : (
              <Waiting width={44} />
            )}
          </h1>
        </div>
        <div class="end">
          <Segmented<Side> label="Which way" value={side} choices={[['both', 'Both ways'], ['device', 'From device'], ['server', 'To device']]} set={(value) => set_query({ side: value === 'both' ? null : value })} />
          <Segmented<Spacing> label="Spacing" value={spacing} choices={[['even', 'Even'], ['time', 'True time']]} set={(value) => set_query({ by: value === 'even' ? null : value })} />
          <Segmented<'ladder' | 'table'> label="Show as" value={is_table ? 'table' : 'ladder'} choices={[['ladder', 'Ladder'], ['table', 'Table']]} set={(value) => set_query({ as: value === 'ladder' ? null : value })} />
        </div>
      </div>
      {session && (
        <dl class="facts session-facts">
          <div><dt>Began</dt><dd><Moment ns={session.from_ns} /></dd></div>
          <div><dt>Lasted</dt><dd>{duration_words(us_of_ns(session.to_ns) - us_of_ns(session.from_ns))}</dd></div>
          <div><dt>Packets</dt><dd>{count_text(session.totals.packets)}{session.next !== null && '+'} <small>{count_text(session.totals.from_device)} from, {count_text(session.totals.to_device)} to the device</small></dd></div>
          <div><dt>Bytes</dt><dd>{bytes_text(session.totals.bytes)}</dd></div>
          <div><dt>Answered</dt><dd>{count_text(summary.n_answered)} <small>{summary.median_us === null ? 'none timed' : `half within ${duration_words(summary.median_us)}`}</small></dd></div>
          <div><dt>No answer</dt><dd class={summary.n_unanswered > 0 ? 'bad' : ''}>{summary.n_unanswered > 0 && '✗ '}{count_text(summary.n_unanswered)}</dd></div>
          <div><dt>Sent again</dt><dd class={summary.n_repeated > 0 ? 'warn' : ''}>{summary.n_repeated > 0 && '↻ '}{count_text(summary.n_repeated)}</dd></div>
          <div><dt>Longest silence</dt><dd>{duration_words(summary.longest_silence_us)}</dd></div>
        </dl>
      )}
      {!session ? (
        <div class="ladder-wait" aria-hidden="true">
          {[60, 44, 52, 38, 70, 48, 56, 40].map((width, i) => <p key={i}><Waiting width={width} /></p>)}
        </div>
      ) : is_table ? (
        <SessionTable packets={shown} selected={selected} select={select} more={session.next !== null ? more : null} />
      ) : (
        <Ladder
          packets={shown}
          lanes={[
            { title: 'Device', words: lanes.find((lane) => lane.name === 'device')?.addresses.at(-1) ?? session.client },
            { title: 'Server', words: lanes.find((lane) => lane.name === 'server')?.words ?? session.server ?? '' },
          ]}
          spacing={spacing}
          selected={Number.isNaN(selected) ? null : selected}
          words_of={packet_words}
          select={select}
          open={open}
          pinned={pins_by_number.value}
          reached_end={session.next !== null ? more : undefined}
        />
      )}
      {session && <PacketDrawer source={source} number={Number.isNaN(selected) ? null : selected} filter={(text) => go({ screen: 'archive', query: { f: text, d: session.device } })} />}
      {session && <Foot packet={all.find((packet) => packet.number === selected) ?? null} is_loading={is_loading} n_left={session.next} />}
    </main>
  );
}

/* What is selected, in a line, with the ways on from it. */
function Foot({ packet, is_loading, n_left }: { packet: SessionPacket | null; is_loading: boolean; n_left: number | null }) {
  return (
    <footer class="session-foot">
      {packet ? (
        <>
          <span class="mono">{packet.number}</span>
          <span class={`hue-${hue_of(packet.protocol)} foot-proto`}>{packet.protocol}</span>
          <span class="foot-info"><Stranger text={packet.label} most={200} /></span>
          <span class="quiet-text">{packet.length} bytes, {packet.payload} of payload{packet.answer && `; answered by ${packet.answer.number} after ${duration_words(packet.answer.delay_us)} (${packet.answer.label})`}</span>
          <button class="button" type="button" onClick={() => pane_open('details')}>Open packet</button>
          <button class="button" type="button" onClick={() => pane_open('comments')}>Comment</button>
        </>
      ) : (
        <span class="quiet-text">{is_loading ? 'Reading on …' : n_left !== null ? 'Scroll on for more packets.' : 'Click a packet, or use the arrow keys; Enter opens it.'}</span>
      )}
    </footer>
  );
}

function SessionTable({ packets, selected, select, more }: { packets: readonly SessionPacket[]; selected: number; select: (packet: SessionPacket) => void; more: (() => void) | null }) {
  const [n, set_n] = useState(200);

  return (
    <div class="scrolls" tabIndex={0} role="region" aria-label="Packets of the session">
      <table class="data">
        <caption class="unseen">Packets of the session with what each answers</caption>
        <thead>
          <tr>
            <th scope="col" class="num">No.</th><th scope="col">Time (UTC)</th><th scope="col" class="num">Since before</th><th scope="col">Way</th>
            <th scope="col">Protocol</th><th scope="col" class="num">Length</th><th scope="col">Info</th><th scope="col">Belongs to</th>
          </tr>
        </thead>
        <tbody>
          {packets.slice(0, n).map((packet, i) => (
            <tr key={packet.number} class={packet.number === selected ? 'is-selected' : ''} onClick={() => select(packet)}>
              <td class="num mono"><a class="row-link" href={href({ screen: 'live', subject: String(packet.number) })}>{packet.number}</a></td>
              <td class="mono nowrap">{clock_words(packet.us, 6)}</td>
              <td class="num">{i === 0 ? '' : duration_words(packet.us - packets[i - 1]!.us)}</td>
              <td class="nowrap">{packet.from === LANE_DEVICE ? 'device → server' : 'server → device'}</td>
              <td class="nowrap"><span class={`stripe hue-${hue_of(packet.protocol)}`} />{packet.protocol}{packet.is_error ? <b class="bad"> ✗ error</b> : packet.is_warning ? <b class="warn"> ⚠ warning</b> : ''}</td>
              <td class="num">{packet.length}</td>
              <td><Stranger text={packet.label} /></td>
              <td class="nowrap">
                {packet.awaits_answer ? <b class="bad">✗ no answer</b> : packet.answer ? `answered by ${packet.answer.number} after ${duration_words(packet.answer.delay_us)}` : packet.answers !== null ? `answers ${packet.answers}` : ''}
                {packet.repeats !== null && ` ↻ repeats ${packet.repeats}`}
                {packet.notice}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {(n < packets.length || more) && (
        <p class="more">
          <button class="button" onClick={() => (n < packets.length ? set_n(n + 500) : more?.())}>Show more</button>
        </p>
      )}
    </div>
  );
}
