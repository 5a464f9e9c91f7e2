// SPDX-License-Identifier: Apache-2.0
//
// packet_drawer - the packet's pane below a table or a ladder, loaded when the first packet is opened. Which part of it is
// shown stands in the address (`pane`), so that a link opens the same.
import './packet_drawer.css';
import { useEffect, useState } from 'preact/hooks';
import type { ComponentType } from 'preact';
import { note } from '../shell/notes';
import { route, set_query } from '../shell/router';
import { settings } from '../state/settings';
import type { PaneTab } from '../packet/packet_pane';

type Pane = ComponentType<any>;

let loaded: Pane | null = null;

export function pane_open(tab: PaneTab): void {
  set_query({ pane: tab });
}

/* number null: nothing is selected, and nothing is shown. */
export function PacketDrawer({ source, number, filter }: { source: string; number: number | null; filter: (text: string, is_applied: boolean) => void }) {
  const wanted = route.value.query.get('pane');
  const tab: PaneTab = wanted === 'comments' || wanted === 'bytes' ? wanted : 'details';
  const [, redraw] = useState(0);
  const [is_large, set_large] = useState(false);
  const is_open = wanted !== null && number !== null;

  useEffect(() => {
    if (!is_open || loaded) return;
    import('../packet/packet_pane').then(
      (module) => {
        loaded = module.default as Pane;
        redraw((n) => n + 1);
      },
      () => note({ text: 'That part of the page could not be loaded; reload the page.', kind: 'bad' }),
    );
  }, [is_open]);

  if (!is_open) return null;
  const Pane = loaded;
  return (
    <div class="drawer" style={{ height: is_large ? '70%' : `${settings.value.pane_height}px` }}>
      {Pane && (
        <Pane
          source={source}
          number={number}
          tab={tab}
          set_tab={pane_open}
          on_filter={filter}
          on_close={() => set_query({ pane: null })}
          is_large={is_large}
          toggle_large={() => set_large(!is_large)}
        />
      )}
    </div>
  );
}
