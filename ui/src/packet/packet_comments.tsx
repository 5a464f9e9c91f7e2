// SPDX-License-Identifier: Apache-2.0
//
// What people said about this packet.
import { pins_by_number } from '../state/pins';

export function PacketComments({ number }: { source: string; number: number }) {
  const here = pins_by_number.value.get(number) ?? [];
  if (here.length === 0) return <p class="pane-note quiet-text">No comments on this packet.</p>;
  return (
    <ul class="comments">
      {here.map((pin) => (
        <li key={pin.id}>
          <b class="stranger">{pin.name}</b> <span class="stranger">{pin.text}</span>
        </li>
      ))}
    </ul>
  );
}
