// SPDX-License-Identifier: Apache-2.0
//
// ladder - a session as lanes with an arrow a packet, requests joined to their answers. Only the rungs in sight are
// elements. Rungs are HTML (labels that end in an ellipsis, focus, forced colours come with it), the joins one SVG beside.
//
// A listbox: one tab stop, arrow keys move the selection, Enter opens the packet.
import './ladder.css';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { hue_of } from '../table/columns';
import { joins_between, ladder_layout, rungs_between, type LadderPacket, type Spacing } from './ladder_layout';
import { stranger_text } from './pieces';
import { clock_words, date_words, duration_words } from './time_scale';

const JOIN_PX = 13; // a column of brackets
const AHEAD_PX = 300; // drawn beyond the edges, for a quick wheel

export interface LadderProps<P extends LadderPacket> {
  packets: readonly P[];
  lanes: readonly { title: string; words: string }[];
  spacing: Spacing;
  selected: number | null;
  words_of: (packet: P) => string;
  select: (packet: P) => void;
  open: (packet: P) => void;
  pinned: ReadonlyMap<number, unknown>;
  reached_end?: () => void;
}

export function Ladder<P extends LadderPacket>({ packets, lanes, spacing, selected, words_of, select, open, pinned, reached_end }: LadderProps<P>) {
  const host = useRef<HTMLDivElement>(null);
  const [sight, set_sight] = useState({ top: 0, height: 700 });
  const ladder = useMemo(() => ladder_layout(packets, spacing), [packets, spacing]);
  const { first, end } = rungs_between(ladder, sight.top - AHEAD_PX, sight.top + sight.height + AHEAD_PX);
  const joins = joins_between(ladder, sight.top - AHEAD_PX, sight.top + sight.height + AHEAD_PX);
  const at = selected === null ? -1 : packets.findIndex((packet) => packet.number === selected);
  const id = (packet: LadderPacket) => `rung-${packet.number}`;
  const joins_px = Math.max(1, ladder.n_columns) * JOIN_PX + 8;

  useLayoutEffect(() => {
    const element = host.current!;
    const look = () => {
      set_sight({ top: element.scrollTop, height: element.clientHeight });
      if (element.scrollTop + element.clientHeight > element.scrollHeight - 400) reached_end?.();
    };
    const sized = new ResizeObserver(look);

    sized.observe(element);
    element.addEventListener('scroll', look, { passive: true });
    return () => {
      sized.disconnect();
      element.removeEventListener('scroll', look);
    };
  }, [reached_end]);

  // The selection is kept in sight when it moves, and under the eye when the spacing changes.
  useEffect(() => {
    const rung = ladder.rungs[at];
    const element = host.current!;
    if (!rung) return;
    const head = 60;
    if (rung.y < element.scrollTop + head) element.scrollTop = Math.max(0, rung.y - head - 20);
    else if (rung.y > element.scrollTop + element.clientHeight - 40) element.scrollTop = rung.y - element.clientHeight + 80;
  }, [at, ladder]);

  const key = (event: KeyboardEvent) => {
    const page = Math.max(1, Math.floor(sight.height / 32));
    const steps: Record<string, number> = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: page, PageUp: -page, Home: -packets.length, End: packets.length };
    const step = steps[event.key];

    if (event.ctrlKey || event.metaKey || event.altKey || packets.length === 0) return;
    if (step !== undefined) select(packets[Math.min(packets.length - 1, Math.max(0, at < 0 ? (step > 0 ? 0 : packets.length - 1) : at + step))]!);
    else if (event.key === 'Enter' && at >= 0) open(packets[at]!);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <div class="ladder" ref={host}>
      <div class="ladder-head" aria-hidden="true">
        <span class="ladder-time">Time (UTC)</span>
        <span class="ladder-lanes">
          {lanes.map((lane, i) => (
            <span key={i} class={`ladder-lane lane-${i}`}>
              <b>{lane.title}</b> <span class="stranger mono">{stranger_text(lane.words)}</span>
            </span>
          ))}
        </span>
        <span class="ladder-joins" style={{ width: `${joins_px + 66}px` }}>Answered in</span>
        <span class="ladder-number">No.</span>
      </div>
      <div
        class="ladder-rungs"
        role="listbox"
        tabIndex={0}
        aria-label="Packets of the session, in time order"
        aria-activedescendant={at >= first && at < end && at >= 0 ? id(packets[at]!) : undefined}
        style={{ height: `${ladder.height}px` }}
        onKeyDown={key}
      >
        <div class="ladder-rails" aria-hidden="true" style={{ right: `${joins_px + 66}px` }}>
          <i />
          <i />
        </div>
        {packets.slice(first, end).map((packet, i) => {
          const rung = ladder.rungs[first + i]!;
          const before = packets[first + i - 1];
          return (
            <Rung
              key={packet.number}
              id={id(packet)}
              packet={packet}
              y={rung.y}
              before_us={before ? before.us : null}
              is_selected={first + i === at}
              is_pinned={pinned.has(packet.number)}
              position={first + i + 1}
              size={packets.length}
              words={words_of(packet)}
              joins_px={joins_px + 66}
              select={() => select(packet)}
              open={() => open(packet)}
            />
          );
        })}
        {ladder.rungs.slice(first, end).map((rung) => {
          const packet = packets[rung.index]!;
          return (
            <>
              {rung.band && (
                <div key={`s${packet.number}`} class="ladder-silence" aria-hidden="true" style={{ transform: `translateY(${rung.band.y}px)`, height: `${rung.band.height}px` }}>
                  <span>{duration_words(rung.band.us)} of silence</span>
                </div>
              )}
              {packet.notice !== '' && (
                <div key={`n${packet.number}`} class="ladder-notice" aria-hidden="true" style={{ transform: `translateY(${rung.notice_y}px)` }}>
                  <span>{packet.notice}</span>
                </div>
              )}
            </>
          );
        })}
        <svg class="ladder-brackets" aria-hidden="true" width={joins_px + 66} height={ladder.height}>
          {joins.map((join) => {
            const x = 4 + (join.column + 1) * JOIN_PX - 3;
            const is_near = join.from === at || join.to === at;
            const packet = packets[join.to]!;
            return (
              <g key={`${join.from}-${join.to}`} class={`bracket ${join.kind} ${is_near ? 'near' : ''} ${packet.is_error ? 'bad' : ''}`}>
                <path d={`M 3 ${join.y1 + 0.5} H ${x - 4} q 4 0 4 4 V ${join.y2 - 3.5} q 0 4 -4 4 H 3`} />
                {join.kind === 'answer' && <path class="tip" d={`M 7 ${join.y2 - 2.5} L 2.5 ${join.y2 + 0.5} L 7 ${join.y2 + 3.5}`} />}
                {join.kind === 'answer' && (
                  <text x={joins_px + 2} y={join.y2 + 4.5}>
                    {duration_words(join.us)}
                  </text>
                )}
              </g>
            );
          })}
        </svg>
      </div>
    </div>
  );
}

interface RungProps {
  id: string;
  packet: LadderPacket;
  y: number;
  before_us: number | null;
  is_selected: boolean;
  is_pinned: boolean;
  position: number;
  size: number;
  words: string;
  joins_px: number;
  select: () => void;
  open: () => void;
}

function Rung({ id, packet, y, before_us, is_selected, is_pinned, position, size, words, joins_px, select, open }: RungProps) {
  const state = packet.is_error ? 'bad' : packet.is_warning ? 'warn' : '';
  const day = before_us === null || date_words(before_us) !== date_words(packet.us);

  return (
    <div
      id={id}
      class={`rung ${packet.from < packet.to ? 'up' : 'down'} hue-${hue_of(packet.protocol)} ${packet.repeats !== null ? 'repeated' : ''} ${packet.awaits_answer ? 'unanswered' : ''} ${state}`}
      role="option"
      aria-selected={is_selected}
      aria-posinset={position}
      aria-setsize={size}
      style={{ transform: `translateY(${y - 14}px)` }}
      onClick={select}
      onDblClick={open}
    >
      <span class="unseen">{`${clock_words(packet.us, 3)}, ${words}`}</span>
      <span class="ladder-time" aria-hidden="true">
        <span class="clock">{clock_words(packet.us, 3)}</span>
        <span class="delta">{day ? date_words(packet.us) : `+${duration_words(packet.us - before_us!)}`}</span>
      </span>
      <span class="arrow" aria-hidden="true">
        <span class="arrow-label">
          {is_pinned && <b class="pin-sign">◆</b>}
          <b class="proto">{stranger_text(packet.protocol)}</b>
          {packet.is_error ? <b class="bad"> ✗</b> : packet.is_warning ? <b class="warn"> ⚠</b> : null}{' '}
          <span class="stranger">{stranger_text(packet.label.slice(0, 300))}</span>
          {packet.repeats !== null && <em>↻ sent again</em>}
        </span>
        <span class="arrow-line" />
        {packet.awaits_answer && <span class="arrow-end">✗ no answer</span>}
      </span>
      <span class="ladder-joins" style={{ width: `${joins_px}px` }} />
      <span class="ladder-number" aria-hidden="true">{packet.number}</span>
    </div>
  );
}
