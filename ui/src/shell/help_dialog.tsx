// SPDX-License-Identifier: Apache-2.0
//
// The keys that work here and now, from the same table that handles them; and what a person may set.
import { key_groups } from './keys';
import { Dialog } from './dialogs';
import { settings, settings_set } from '../state/settings';

function Key({ name }: { name: string }) {
  const parts = name.split(' ');
  return (
    <>
      {parts.map((part, i) => (
        <kbd key={i}>{part.replace('Arrow', '').replace('Page', 'Page ').replace('Escape', 'Esc')}</kbd>
      ))}
    </>
  );
}

export default function HelpDialog({ on_close }: { on_close: () => void }) {
  const { theme, density, single_keys } = settings.value;
  return (
    <Dialog title="Keys and settings" on_close={on_close}>
      <div class="help">
        {key_groups.value.map((group) => (
          <section key={group.name}>
            <h3>{group.name}</h3>
            <dl>
              {group.bindings.map((binding) => (
                <div key={binding.does}>
                  <dt>
                    {binding.keys.map((key, i) => (
                      <Key key={i} name={key} />
                    ))}
                  </dt>
                  <dd>{binding.does}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
        <section>
          <h3>Settings of this browser</h3>
          <p>
            <label>
              Colours{' '}
              <select class="input" value={theme} onChange={(event) => settings_set({ theme: event.currentTarget.value as typeof theme })}>
                <option value="system">as the system</option>
                <option value="light">light</option>
                <option value="dark">dark</option>
              </select>
            </label>
          </p>
          <p>
            <label>
              Rows{' '}
              <select
                class="input"
                value={density}
                onChange={(event) => settings_set({ density: event.currentTarget.value as typeof density })}
              >
                <option value="dense">dense</option>
                <option value="comfortable">comfortable</option>
              </select>
            </label>
          </p>
          <p>
            <label>
              <input type="checkbox" checked={single_keys} onChange={(event) => settings_set({ single_keys: event.currentTarget.checked })} />{' '}
              Shortcuts that are a single letter
            </label>
          </p>
        </section>
      </div>
    </Dialog>
  );
}
