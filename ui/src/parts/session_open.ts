// SPDX-License-Identifier: Apache-2.0
//
// From a packet to the session that it is part of, whatever the screen.
import { api, source_path } from '../net/api';
import { note } from '../shell/notes';
import { go } from '../shell/router';
import { selected_packet } from '../state/store';
import { source_now } from './pieces';

export async function session_open(): Promise<void> {
  const number = selected_packet.peek();
  const source = source_now();

  if (number === null) {
    note('Select a packet first: 4 opens its session.');
    return;
  }
  try {
    const { session } = await api.get<{ session: string | null }>(`${source_path(source)}/packets/${number}`);
    if (session === null) note('This packet belongs to no session.');
    else go({ screen: 'session', source, subject: session, query: { p: number } });
  } catch (fault) {
    note({ text: fault instanceof Error ? fault.message : 'The page failed.', kind: 'bad' });
  }
}
