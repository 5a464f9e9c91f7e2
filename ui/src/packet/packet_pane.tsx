// SPDX-License-Identifier: Apache-2.0
//
// One packet: its layers as a tree, its bytes, what people said about it. A field lights its bytes, a byte opens its field.
// Bytes are asked for only when they are shown (R14); a link that does not give them says so.
import './packet.css';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { api, ApiError, source_path } from '../net/api';
import { bytes_level } from '../state/store';
import { note } from '../shell/notes';
import { count_text } from '../table/format';
import { HexView } from './hex_view';
import { filter_of, node_at, nodes_of, visible_nodes, type ApiLayer, type Node } from './tree';
import { Comments } from '../parts/comments';
import { href } from '../shell/router';

interface ApiPacket {
  row: { number: number; protocol: string; info: string };
  time_ns: string;
  device: string | null;
  session: string | null;
  interface: string | null;
  caplen: number;
  length: number;
  bytes: string;
  engine: string;
  engine_words?: string;
  layers: ApiLayer[];
}

export type PaneTab = 'details' | 'bytes' | 'comments';

interface Props {
  source: string;
  number: number;
  tab: PaneTab;
  set_tab: (tab: PaneTab) => void;
  on_filter: (filter: string, is_applied: boolean) => void;
  on_close: () => void;
  is_large: boolean;
  toggle_large: () => void;
}

/* Open from packet to packet, by protocol and name; the innermost layer is open anyway. */
const open_paths = new Map<string, boolean>();

export default function PacketPane(props: Props) {
  const { source, number, tab } = props;
  const [packet, set_packet] = useState<ApiPacket | null>(null);
  const [fault, set_fault] = useState('');
  const [bytes, set_bytes] = useState<Uint8Array | null>(null);
  const [at, set_at] = useState<string>('');
  const [hover, set_hover] = useState<Node | null>(null);
  const [, redraw] = useState(0);
  const level = bytes_level.value;

  useEffect(() => {
    const abort = new AbortController();
    // Held down, ↓ passes many packets: the one it stops at is asked for.
    const timer = setTimeout(() => {
      api.get<ApiPacket>(`${source_path(source)}/packets/${number}`, {}, abort.signal).then(
        (answer) => {
          set_packet(answer);
          set_fault('');
        },
        (failed) => {
          if (!(failed instanceof ApiError)) return;
          set_packet(null);
          set_fault(failed.message);
        },
      );
      if (level === 'full')
        api.bytes(`${source_path(source)}/packets/${number}/bytes`, {}, abort.signal).then(
          (got) => set_bytes(got),
          () => set_bytes(null),
        );
    }, 60);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [source, number, level]);

  const is_current = packet?.row.number === number;
  const roots = useMemo(() => (packet ? nodes_of(packet.layers) : []), [packet]);
  const is_open = (node: Node) => open_paths.get(node.path) ?? (node.depth === 0 && node === roots[roots.length - 1]);
  const shown = visible_nodes(roots, is_open);
  const selected = shown.find((node) => node.id === at) ?? null;
  const lit = selected ?? hover;

  const set_open = (node: Node, open: boolean) => {
    open_paths.set(node.path, open);
    redraw((n) => n + 1);
  };
  const pick_byte = (byte: number) => {
    const node = node_at(roots, byte);
    if (!node) return;
    for (let up = node.parent; up; up = up.parent) open_paths.set(up.path, true);
    set_at(node.id);
    requestAnimationFrame(() => document.getElementById(`node-${node.id}`)?.scrollIntoView({ block: 'nearest' }));
  };

  const key = (event: KeyboardEvent) => {
    const i = shown.findIndex((node) => node.id === at);
    const node = shown[i];
    const to = (next: Node | undefined) => {
      if (!next) return;
      set_at(next.id);
      document.getElementById(`node-${next.id}`)?.scrollIntoView({ block: 'nearest' });
    };
    switch (event.key) {
      case 'ArrowDown':
        to(shown[i + 1] ?? (i < 0 ? shown[0] : undefined));
        break;
      case 'ArrowUp':
        to(shown[Math.max(0, i - 1)]);
        break;
      case 'ArrowRight':
        if (node && node.children.length > 0 && !is_open(node)) set_open(node, true);
        else to(node?.children[0]);
        break;
      case 'ArrowLeft':
        if (node && node.children.length > 0 && is_open(node)) set_open(node, false);
        else to(node?.parent ?? undefined);
        break;
      case 'Home':
        to(shown[0]);
        break;
      case 'End':
        to(shown[shown.length - 1]);
        break;
      case 'Enter':
      case ' ':
        if (node) set_open(node, !is_open(node));
        break;
      default:
        return;
    }
    event.preventDefault();
    event.stopPropagation();
  };

  const filter = selected ? filter_of(selected) : '';
  return (
    <section class={`pane ${is_current ? '' : 'stale'}`} aria-label={`Packet ${count_text(number)}`}>
      <header class="pane-head">
        <h2>
          Packet {count_text(number)}
          {packet && is_current && (
            <span class="quiet-text">
              {' '}
              {packet.row.protocol} · {count_text(packet.length)} bytes{packet.caplen < packet.length ? `, ${count_text(packet.caplen)} kept` : ''}
              {packet.interface ? ` · ${packet.interface}` : ''}
            </span>
          )}
        </h2>
        <div class="tabs" role="tablist" aria-label="Parts of the packet">
          {(['details', 'bytes', 'comments'] as const).map((one) => (
            <button key={one} role="tab" aria-selected={tab === one} tabIndex={tab === one ? 0 : -1} class={`tab tab-${one}`} onClick={() => props.set_tab(one)}>
              {one === 'details' ? 'Details' : one === 'bytes' ? 'Bytes' : 'Comments'}
            </button>
          ))}
        </div>
        <div class="pane-actions">
          {is_current && packet.session !== null && (
            <a class="button quiet" data-action="ladder" href={href({ screen: 'session', subject: packet.session, query: { p: number } })}>
              Ladder
            </a>
          )}
          {is_current && packet.device !== null && (
            <a class="button quiet" data-action="device" href={href({ screen: 'device', subject: packet.device })}>
              Device
            </a>
          )}
          {filter !== '' && (
            <>
              <button class="button" title={`Show only packets with ${filter}`} onClick={() => props.on_filter(filter, true)}>
                Apply <code class="stranger">{filter.length > 40 ? filter.slice(0, 38) + '…' : filter}</code>
              </button>
              <button class="button quiet" onClick={() => props.on_filter(filter, false)}>
                Prepare
              </button>
              <button
                class="button quiet"
                onClick={() => navigator.clipboard.writeText(selected?.value ?? selected?.text ?? '').then(() => note('Copied.'), () => undefined)}
              >
                Copy value
              </button>
            </>
          )}
          <button class="button quiet" aria-label={props.is_large ? 'Smaller pane' : 'Larger pane'} title="\" onClick={props.toggle_large}>
            {props.is_large ? '▾' : '▴'}
          </button>
          <button class="button quiet" aria-label="Close the packet" onClick={props.on_close}>
            ✕
          </button>
        </div>
      </header>
      <div class={`pane-body show-${tab}`}>
        <div class="pane-tree" data-part="details">
          {fault !== '' ? (
            <p class="pane-note">{fault}</p>
          ) : packet === null ? (
            <div class="pane-wait" aria-busy="true">
              {[60, 44, 52, 38].map((width) => (
                <div key={width} class="bar" style={{ width: `${width}%` }} />
              ))}
            </div>
          ) : roots.length === 0 ? (
            <p class="pane-note hatched">▒ Layers and fields are not in this link.</p>
          ) : (
            <ul
              role="tree"
              tabIndex={0}
              aria-label="Layers and fields"
              aria-activedescendant={selected ? `node-${selected.id}` : undefined}
              onKeyDown={key}
              onMouseLeave={() => set_hover(null)}
            >
              {shown.map((node) => (
                <li
                  key={node.id}
                  id={`node-${node.id}`}
                  role="treeitem"
                  aria-level={node.depth + 1}
                  aria-expanded={node.children.length > 0 ? is_open(node) : undefined}
                  aria-selected={node.id === at}
                  class={`node depth-${Math.min(node.depth, 12)} ${node.severity} ${node.is_generated ? 'generated' : ''}`}
                  style={{ paddingLeft: `${8 + node.depth * 15}px` }}
                  onMouseEnter={() => set_hover(node)}
                  onClick={(event) => {
                    if ((event.target as Element).closest('.twist')) set_open(node, !is_open(node));
                    else set_at(node.id === at ? '' : node.id);
                  }}
                  onDblClick={() => node.children.length > 0 && set_open(node, !is_open(node))}
                >
                  <span class="twist" aria-hidden="true">
                    {node.children.length > 0 ? (is_open(node) ? '▾' : '▸') : ''}
                  </span>
                  <span class="stranger">
                    {node.severity === 'error' ? '✗ ' : node.severity === 'warning' ? '⚠ ' : ''}
                    {node.is_generated ? `[${node.text}]` : node.text}
                  </span>
                </li>
              ))}
            </ul>
          )}
          {packet?.engine_words && <p class="pane-note quiet-text">{packet.engine_words}</p>}
        </div>
        <div class="pane-bytes" data-part="bytes">
          {level !== 'full' ? (
            <p class="pane-note hatched">▒ The bytes are not in this link.</p>
          ) : bytes === null ? (
            <p class="pane-note quiet-text">…</p>
          ) : (
            <Hex bytes={bytes} from={lit?.from ?? -1} to={lit?.to ?? -1} is_revealed={selected !== null} picked={pick_byte} />
          )}
        </div>
        <div class="pane-comments" data-part="comments">
          <Comments source={source} number={number} time_ns={is_current ? packet.time_ns : '0'} is_wanted={tab === 'comments'} />
        </div>
      </div>
    </section>
  );
}

function Hex(props: { bytes: Uint8Array; from: number; to: number; is_revealed: boolean; picked: (at: number) => void }) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<HexView | null>(null);
  const picked = useRef(props.picked);
  picked.current = props.picked;
  useEffect(() => {
    view.current = new HexView(host.current!, (at) => picked.current(at));
    return () => view.current?.close();
  }, []);
  useEffect(() => view.current?.show(props.bytes), [props.bytes]);
  useEffect(() => view.current?.light(props.from, props.to, props.is_revealed), [props.bytes, props.from, props.to, props.is_revealed]);
  return <div class="hex-host" ref={host} />;
}
