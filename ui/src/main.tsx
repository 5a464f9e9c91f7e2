// SPDX-License-Identifier: Apache-2.0
//
// Where the page begins.
import './styles/base.css';
import './styles/shell.css';
import { effect } from '@preact/signals';
import { render } from 'preact';
import { App } from './shell/app';
import { go, replace, route, route_path, router_start } from './shell/router';
import { keys_lend, keys_start } from './shell/keys';
import { help_open } from './shell/help';
import { settings_start } from './state/settings';
import { session_start } from './net/session';
import { place_start } from './state/place';
import { hello } from './state/store';

settings_start();
router_start();
keys_start();
place_start();
keys_lend({
  name: 'Everywhere',
  bindings: [
    { keys: ['1'], does: 'live', run: () => go({ screen: 'live' }) },
    { keys: ['2'], does: 'archive', run: () => go({ screen: 'archive' }) },
    { keys: ['3'], does: 'devices', run: () => go({ screen: 'devices' }) },
    { keys: ['4'], does: 'the session of the selected packet', run: () => void import('./parts/session_open').then((part) => part.session_open()) },
    { keys: ['s'], does: 'share', run: () => document.querySelector<HTMLElement>('[data-action=share]')?.click() },
    {
      keys: ['?'],
      does: 'keys and settings',
      run: help_open,
    },
  ],
});
/* The address names its source as soon as the server has said which there are: links are made from it, and one that is
   copied must lead there too when another source is first. */
effect(() => {
  const first = hello.value?.sources[0]?.name;
  if (first !== undefined && route.value.source === '') replace(route_path({ ...route.value, source: first }) + location.search);
});
document.getElementById('boot')?.remove();
render(<App />, document.getElementById('app')!);
void session_start();
