// SPDX-License-Identifier: Apache-2.0
//
// One number for health (R7): how old the newest row was when it was painted here, how fast packets come, how many the
// capture lost. Amber from 1 s, red and a way back from 3 s.
import { health, type Health } from '../state/store';
import { count_text, duration_text } from '../table/format';

export function chip_words(now: Health): { kind: 'good' | 'warn' | 'bad' | 'off'; text: string } {
  switch (now.link) {
    case 'connecting':
      return { kind: 'off', text: 'connecting' };
    case 'lost':
      return { kind: 'off', text: 'connection lost' };
    case 'ended':
      return { kind: 'off', text: 'capture ended' };
    case 'refused':
      return { kind: 'bad', text: 'no access' };
    case 'live':
      break;
  }
  if (now.is_frozen) return { kind: 'off', text: 'frozen' };
  if (now.lag_ms === null) return { kind: 'good', text: 'live' };
  if (now.lag_ms >= 3000) return { kind: 'bad', text: `behind ${duration_text(now.lag_ms)}` };
  return { kind: now.lag_ms >= 1000 ? 'warn' : 'good', text: `live ${duration_text(now.lag_ms)}` };
}

export function HealthChip() {
  const now = health.value;
  const { kind, text } = chip_words(now);
  const is_dim = now.link === 'live' && !now.is_following;
  return (
    <div class={`chip ${kind} ${is_dim ? 'dim' : ''}`} data-health={kind}>
      <span class="chip-state">
        <span class="dot" aria-hidden="true" />
        {text}
      </span>
      {now.link === 'live' && <span class="chip-rate">{count_text(now.rate)}/s</span>}
      {now.link === 'live' && (
        <span class={`chip-lost ${now.n_lost > 0 ? 'bad' : ''}`}>{count_text(now.n_lost)} lost</span>
      )}
      {now.shown_one_in > 1 && <span class="chip-tail">tail 1 in {now.shown_one_in} shown; all recorded</span>}
    </div>
  );
}
