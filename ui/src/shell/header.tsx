// SPDX-License-Identifier: Apache-2.0
//
// The one header of all screens: where one is, of which source, how the stream is, who else is here.
import type { ComponentType } from 'preact';
import { hello, may_control } from '../state/store';
import { href, route, screen_name, go, type ScreenName } from './router';
import { HealthChip } from './health_chip';
import { help_open } from './help';
import { dialog_open } from './dialog_open';

const places: { screen: ScreenName; text: string; also?: ScreenName[] }[] = [
  { screen: 'live', text: 'Live' },
  { screen: 'archive', text: 'Archive' },
  { screen: 'devices', text: 'Devices', also: ['device', 'session'] },
];

function Logo() {
  return (
    <svg viewBox="0 0 32 32" width="20" height="20" aria-hidden="true">
      <rect width="32" height="32" rx="7" class="logo-ground" />
      <path d="M7 9h18M7 16h11M7 23h15" stroke="#fff" stroke-width="3.4" stroke-linecap="round" />
      <circle cx="23.5" cy="16" r="2.6" fill="#ffcf5c" />
    </svg>
  );
}

function Sources() {
  const all = hello.value?.sources ?? [];
  const current = route.value.source || all[0]?.name || '';
  if (all.length <= 1) return current === '' ? null : <span class="source-name stranger">{current}</span>;
  return (
    <label class="sources">
      <span class="unseen">Source</span>
      <select class="input" value={current} onChange={(event) => go({ screen: screen_name.value, source: event.currentTarget.value })}>
        {all.map((source) => (
          <option key={source.name} value={source.name}>
            {source.name}
            {source.state === 'live' ? '' : ` (${source.state})`}
          </option>
        ))}
      </select>
    </label>
  );
}

/* Faces: who is here, once that part is loaded. */
export function Header({ Faces }: { Faces?: ComponentType | undefined }) {
  const here = screen_name.value;
  return (
    <header class="header">
      <a class="logo" href={href({ screen: 'live' })} aria-label="tapdeck, live view">
        <Logo />
        <span>tapdeck</span>
      </a>
      <nav aria-label="Screens">
        {places.map((place) => (
          <a
            key={place.screen}
            href={href({ screen: place.screen })}
            aria-current={here === place.screen || place.also?.includes(here) ? 'page' : undefined}
          >
            {place.text}
          </a>
        ))}
      </nav>
      <Sources />
      <HealthChip />
      <div class="header-end">
        {Faces && <Faces />}
        {may_control.value && (
          <button class="button" data-action="share" onClick={() => dialog_open(() => import('../dialogs/share'))}>
            Share
          </button>
        )}
        <button class="button quiet help-button" aria-label="Keys and settings" onClick={help_open}>
          ?
        </button>
      </div>
    </header>
  );
}
