// SPDX-License-Identifier: Apache-2.0
//
// asked - an answer of the server as a component sees it: not there yet, there, or refused and why. What was there stays
// while the next one is awaited, so that nothing flickers; an answer that nobody waits for any more is dropped.
import { useEffect, useState } from 'preact/hooks';
import { ApiError } from '../net/api';

export interface Asked<T> {
  value: T | null;
  fault: ApiError | null;
  is_waiting: boolean;
}

/* key: what is asked for; null: nothing. ask is called again when it changes. */
export function useAsked<T>(key: string | null, ask: (signal: AbortSignal) => Promise<T>): Asked<T> & { again: () => void } {
  const [state, set_state] = useState<Asked<T> & { key: string | null }>({ key: null, value: null, fault: null, is_waiting: true });
  const [turn, set_turn] = useState(0);

  useEffect(() => {
    if (key === null) return;
    const abort = new AbortController();
    set_state((before) => ({ ...before, is_waiting: true }));
    ask(abort.signal).then(
      (value) => abort.signal.aborted || set_state({ key, value, fault: null, is_waiting: false }),
      (fault: unknown) => {
        if (abort.signal.aborted) return;
        const told = fault instanceof ApiError ? fault : new ApiError(0, 'page', 'The page could not read the answer.');
        set_state({ key, value: null, fault: told, is_waiting: false });
      },
    );
    return () => abort.abort();
  }, [key, turn]);

  return { value: state.value, fault: state.fault, is_waiting: state.is_waiting || state.key !== key, again: () => set_turn((n) => n + 1) };
}
