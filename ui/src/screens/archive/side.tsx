// SPDX-License-Identifier: Apache-2.0
//
// side - beside the archive's table: what is kept, what is missing and why, and what people said about it.
import { useState } from 'preact/hooks';
import { api } from '../../net/api';
import type { ApiStatus } from '../../net/api_types';
import { useAsked } from '../../parts/asked';
import { Stranger } from '../../parts/pieces';
import { clock_words, date_words, duration_words, us_of_ns } from '../../parts/time_scale';
import type { TimelineGap } from '../../parts/timeline_data';
import { pins_in_order } from '../../state/pins';
import type { SourceInfo } from '../../state/store';
import { bytes_text, count_text } from '../../table/format';

export function Side({ source, gaps, look, show }: { source: SourceInfo | null; gaps: readonly TimelineGap[]; look: (from_us: number, to_us: number) => void; show: (number: number) => void }) {
  const status = useAsked<ApiStatus>('status', (signal) => api.get<ApiStatus>('/status', {}, signal));
  const [n, set_n] = useState(30);
  const kept = status.value?.archive ?? null;
  const pins = pins_in_order.value;
  const day = (us: number) => date_words(us).replace(` ${new Date().getUTCFullYear()}`, ''); // the year where it is another

  return (
    <aside class="archive-side" aria-label="What is kept">
      <section>
        <h2>Kept</h2>
        {source?.from_ns != null && source.to_ns != null ? (
          <dl class="side-facts">
            <div><dt>since</dt><dd>{day(us_of_ns(source.from_ns))} {clock_words(us_of_ns(source.from_ns), 0)}</dd></div>
            <div><dt>for</dt><dd>{duration_words(us_of_ns(source.to_ns) - us_of_ns(source.from_ns))}</dd></div>
            {source.first !== null && source.end !== null && <div><dt>packets</dt><dd>{count_text(source.end - source.first)}</dd></div>}
            {kept && <div><dt>on disk</dt><dd>{bytes_text(kept.stored_bytes)}</dd></div>}
            {kept && <div><dt>free</dt><dd>{bytes_text(kept.disk_free_bytes)}</dd></div>}
          </dl>
        ) : (
          <p class="quiet-text">Nothing yet.</p>
        )}
      </section>
      <section>
        <h2>Missing {gaps.length > 0 && <span class="quiet-text">{gaps.length}</span>}</h2>
        {gaps.length === 0 ? (
          <p class="quiet-text">Nothing that anybody knows of.</p>
        ) : (
          <ul>
            {gaps.slice(0, n).map((gap) => {
              const margin = Math.max(1000, (gap.to_us - gap.from_us) / 2);
              return (
                <li key={`${gap.from_us}${gap.cause}`}>
                  <button type="button" class="side-item" onClick={() => look(gap.from_us - margin, gap.to_us + margin)}>
                    <span class={gap.cause === 'stopped' || gap.cause === 'evicted' ? '' : 'bad'}>▒ {day(gap.from_us)} {clock_words(gap.from_us, 0)}, {duration_words(gap.to_us - gap.from_us)}</span>
                    <small>{gap.words}</small>
                  </button>
                </li>
              );
            })}
            {gaps.length > n && <li><button type="button" class="button quiet" onClick={() => set_n(n + 200)}>{gaps.length - n} more</button></li>}
          </ul>
        )}
      </section>
      <section>
        <h2>Comments {pins.length > 0 && <span class="quiet-text">{pins.length}</span>}</h2>
        {pins.length === 0 ? (
          <p class="quiet-text">None. Select a packet and press c.</p>
        ) : (
          <ul>
            {pins.slice(0, 200).map((pin) => (
              <li key={pin.id}>
                <button type="button" class={`side-item ${pin.resolved ? 'is-resolved' : ''}`} onClick={() => show(pin.number)}>
                  <span>◆ {count_text(pin.number)} {pin.resolved && <span class="kind">resolved</span>}</span>
                  <small><b class="stranger">{pin.name}</b> <Stranger text={pin.text} most={120} /></small>
                </button>
              </li>
            ))}
          </ul>
        )}
      </section>
    </aside>
  );
}
