// SPDX-License-Identifier: Apache-2.0
//
// seen_near - a filter that matches nothing: what was seen of the fields that it asks for, with counts, so that one sees
// what it might have been. Values come from the server, as for Tab's completion; of a protocol, which ones there were instead.
import './seen_near.css';
import { useEffect, useState } from 'preact/hooks';
import { api, source_path } from '../net/api';
import type { ApiFilterVerdict } from '../net/api_types';
import { count_text } from '../table/format';

interface Seen {
  field: string;
  values: { filter: string; text: string; n: number }[];
  of: number; // packets looked at
}

const FIELDS_MOST = 3;
const VALUES_MOST = 6;

interface Values {
  values: { value: string; text: string; n: number }[];
  seen: number;
}

/* 'eth:ethertype:ip:udp:dtls', 240 -> dtls, 240: what each packet carries innermost. */
export function protocols_of(values: Values['values']): { filter: string; text: string; n: number }[] {
  const by = new Map<string, number>();

  for (const { text, n } of values) {
    const name = text.split(':').at(-1)!;
    if (/^[a-z0-9_.-]+$/i.test(name)) by.set(name, (by.get(name) ?? 0) + n);
  }
  return [...by].sort((a, b) => b[1] - a[1]).slice(0, VALUES_MOST).map(([name, n]) => ({ filter: name, text: name, n }));
}

async function seen_of(source: string, filter: string, signal: AbortSignal): Promise<Seen[]> {
  const verdict = await api.get<ApiFilterVerdict & { fields: string[] }>('/filter/check', { filter }, signal);
  const all = await Promise.all(
    [...new Set(verdict.fields)].filter((field) => field.includes('.')).slice(0, FIELDS_MOST).map(async (field) => {
      const answer = await api.get<Values>(`${source_path(source)}/filter/values`, { field, n: VALUES_MOST }, signal).catch(() => null);
      return answer === null ? null : { field, of: answer.seen, values: answer.values.map((one) => ({ filter: `${field} == ${one.value}`, text: one.text || one.value, n: one.n })) };
    }),
  );
  const found = all.filter((one) => one !== null);
  if (found.some((one) => one.values.length > 0)) return found;
  const answer = await api.get<Values>(`${source_path(source)}/filter/values`, { field: 'frame.protocols', n: 50 }, signal).catch(() => null);
  return answer === null ? found : [...found, { field: 'protocols', of: answer.seen, values: protocols_of(answer.values) }];
}

export function SeenNear({ source, filter, apply }: { source: string; filter: string; apply: (filter: string) => void }) {
  const [seen, set_seen] = useState<Seen[]>([]);

  useEffect(() => {
    const abort = new AbortController();
    set_seen([]);
    seen_of(source, filter, abort.signal).then((now) => abort.signal.aborted || set_seen(now), () => undefined);
    return () => abort.abort();
  }, [source, filter]);
  if (seen.length === 0) return null;
  return (
    <div class="seen-near" role="status">
      {seen.map((one) => (
        <section key={one.field}>
          <h3>
            {one.values.length === 0 ? <><code>{one.field}</code> is in none of the newest {count_text(one.of)} packets</> : <>Seen of <code>{one.field}</code> in the newest {count_text(one.of)} packets</>}
          </h3>
          {one.values.length > 0 && (
            <ul>
              {one.values.map((value) => (
                <li key={value.filter}>
                  <button class="button" title={`Filter: ${value.filter}`} onClick={() => apply(value.filter)}>
                    <span class="mono stranger">{value.text.length > 60 ? `${value.text.slice(0, 59)}…` : value.text}</span> {count_text(value.n)}
                  </button>
                </li>
              ))}
            </ul>
          )}
        </section>
      ))}
    </div>
  );
}
