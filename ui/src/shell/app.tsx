// SPDX-License-Identifier: Apache-2.0
//
// One header, one screen below it, and what may lie over both: help, notes, the dialog of the moment (around.tsx, loaded
// when one is in).
import { useEffect, useState } from 'preact/hooks';
import type { ComponentType } from 'preact';
import { screen_name, type ScreenName } from './router';
import { screens } from './screens';
import { Header } from './header';
import { Notes } from './notes';
import { access } from '../state/store';
import { Gate } from './gate';

function ScreenOf({ name }: { name: ScreenName }) {
  const [loaded, set_loaded] = useState<{ name: ScreenName; component: ComponentType | null; fault: string }>({
    name,
    component: null,
    fault: '',
  });
  useEffect(() => {
    let is_current = true;
    const found = screens[name].load();
    document.title = `${screens[name].title} · tapdeck`;
    if (!(found instanceof Promise)) {
      set_loaded({ name, component: found, fault: '' });
      return;
    }
    found.then(
      (module) => is_current && set_loaded({ name, component: module.default, fault: '' }),
      () => is_current && set_loaded({ name, component: null, fault: 'This part of the page could not be loaded.' }),
    );
    return () => {
      is_current = false;
    };
  }, [name]);

  if (loaded.name === name && loaded.component) {
    const Component = loaded.component;
    return <Component />;
  }
  return (
    <main class="screen-wait" aria-busy={loaded.fault === ''}>
      {loaded.fault === '' ? (
        <p class="quiet-text">Opening {screens[name].title} …</p>
      ) : (
        <p>
          {loaded.fault} The server may be newer than this page.{' '}
          <button class="button" onClick={() => location.reload()}>
            Reload
          </button>
        </p>
      )}
    </main>
  );
}

type Around = typeof import('./around');

export function App() {
  const [around, set_around] = useState<Around | null>(null);
  const is_in = access.value.state === 'in';

  useEffect(() => {
    if (is_in) import('./around').then(set_around, () => undefined);
  }, [is_in]);
  return (
    <div class="app">
      <Header Faces={around?.Faces} />
      <Gate>
        <ScreenOf name={screen_name.value} />
      </Gate>
      {around && <around.Overlays />}
      <Notes />
    </div>
  );
}
