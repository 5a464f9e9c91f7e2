// SPDX-License-Identifier: Apache-2.0
//
// download - 'Download what I see' (R15): pcapng of the same filter, device and time, with comments and notes of what is
// missing; how much that is stands on the button before it is pressed.
import { useEffect, useState } from 'preact/hooks';
import { api, api_url } from '../net/api';
import type { ApiEstimate } from '../net/api_types';
import { bytes_level } from '../state/store';
import { bytes_text, count_text } from '../table/format';
import { path_part } from './pieces';

const REST_MS = 700;

export interface Wanted {
  source: string;
  filter: string | null;
  device: string | null;
  from_ns: string | null;
  to_ns: string | null;
}

export function Download({ source, filter, device, from_ns, to_ns }: Wanted) {
  const [estimate, set_estimate] = useState<ApiEstimate | null>(null);
  const path = `/sources/${path_part(source)}/find`;
  const params = { filter, device, from_ns, to_ns };
  const key = JSON.stringify([source, params]);
  const is_allowed = bytes_level.value === 'full';

  useEffect(() => {
    set_estimate(null);
    if (!is_allowed || source === '') return;
    const abort = new AbortController();
    const timer = setTimeout(() => {
      api.get<ApiEstimate>(path, { ...params, estimate: 1 }, abort.signal).then((found) => abort.signal.aborted || set_estimate(found), () => undefined);
    }, REST_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [key, is_allowed]);

  if (!is_allowed) return <button class="button" disabled title="This link does not give the packets' bytes">Download: not in this link</button>;
  const words = estimate ? `${estimate.is_complete ? '' : 'at least '}${bytes_text(estimate.bytes)}` : 'size …';
  return (
    <a
      class="button"
      data-action="download"
      href={api_url(path, params)}
      download={estimate?.file_name ?? ''}
      title={estimate ? `${count_text(estimate.packets)} packets as pcapng, with ${estimate.pins} comments` : 'The packets shown, as pcapng'}
    >
      Download what I see <span class="quiet-text">{words}</span>
    </a>
  );
}
