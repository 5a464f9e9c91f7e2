// SPDX-License-Identifier: Apache-2.0
import { useState } from 'preact/hooks';
import { live } from '../net/live_socket';
import { dialog_close } from '../shell/dialog_open';
import { Dialog } from '../shell/dialogs';
import { hello } from '../state/store';
import { settings, settings_set } from '../state/settings';

const LIMIT = 40; // characters; the server has 64 bytes

/* The name that the others see. Said with the socket's first message, so it is opened anew. */
export default function Name({ on_close }: { on_close: () => void }) {
  const [name, set_name] = useState(settings.value.guest_name || (hello.value?.you.name ?? ''));

  return (
    <Dialog title="Your name" on_close={on_close}>
      <form
        class="name-form"
        onSubmit={(event) => {
          event.preventDefault();
          const said = name.trim().slice(0, LIMIT);
          settings_set({ guest_name: said });
          if (said === '') delete live.identity.name;
          else live.identity.name = said;
          live.drop();
          live.retry_now();
          dialog_close();
        }}
      >
        <label>
          What the others here see
          <input class="input" value={name} maxLength={LIMIT} autocomplete="nickname" onInput={(event) => set_name(event.currentTarget.value)} />
        </label>{' '}
        <button class="button primary">Use it</button>
      </form>
    </Dialog>
  );
}
