// SPDX-License-Identifier: Apache-2.0
//
// Short words after an action: 'Link copied', 'Pin removed [Undo]', a refusal and its reason. Said to those who listen
// as well; rows are never announced, only summaries (announce()).
import { signal } from '@preact/signals';

export interface Note {
  text: string;
  kind?: 'info' | 'bad';
  action?: { label: string; run: () => void };
  ms?: number; // how long it stays; with an action 10 s, else 4 s
}

interface ShownNote extends Note {
  id: number;
}

const notes = signal<ShownNote[]>([]);
const spoken = signal('');
let n_notes = 0;

/* Shows a note; returns what takes it away early. */
export function note(what: Note | string): () => void {
  const one: ShownNote = { ...(typeof what === 'string' ? { text: what } : what), id: ++n_notes };
  const remove = () => {
    notes.value = notes.value.filter((other) => other.id !== one.id);
  };
  notes.value = [...notes.value.slice(-2), one];
  announce(one.text);
  setTimeout(remove, one.ms ?? (one.action ? 10_000 : 4_000));
  return remove;
}

/* Says something to those who listen, without showing it. */
export function announce(text: string): void {
  spoken.value = text;
}

export function Notes() {
  return (
    <>
      <div class="notes">
        {notes.value.map((one) => (
          <div key={one.id} class={`note ${one.kind ?? 'info'}`}>
            <span>{one.text}</span>
            {one.action && (
              <button
                class="button quiet"
                onClick={() => {
                  one.action!.run();
                  notes.value = notes.value.filter((other) => other.id !== one.id);
                }}
              >
                {one.action.label}
              </button>
            )}
          </div>
        ))}
      </div>
      <div class="unseen" role="status" aria-live="polite">
        {spoken.value}
      </div>
    </>
  );
}
