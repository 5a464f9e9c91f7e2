// SPDX-License-Identifier: Apache-2.0
//
// Who is not in yet: a member gives the token or password, a guest is told whom to ask.
import { useState } from 'preact/hooks';
import { access } from '../state/store';
import { login } from '../net/session';

export function Entrance() {
  const [words, set_words] = useState('');
  const [is_busy, set_busy] = useState(false);
  const now = access.value;
  if (now.state === 'refused')
    return (
      <main class="entrance" aria-label="No access">
        <h1>This is not open to you</h1>
        <p>{now.words}</p>
      </main>
    );
  return (
    <main class="entrance" aria-label="Log in">
      <h1>Log in</h1>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const token = String(new FormData(event.currentTarget).get('token') ?? '').trim();
          if (token === '') return;
          set_busy(true);
          login(token).then(
            () => set_busy(false),
            (fault: unknown) => {
              set_busy(false);
              set_words(fault instanceof Error ? fault.message : 'That did not work.');
            },
          );
        }}
      >
        <label for="token">Token, as <code>tapdeck serve</code> printed it at its start, or the password</label>
        <div class="entrance-line">
          <input class="input" id="token" name="token" type="password" autocomplete="current-password" autofocus aria-describedby="login-words" />
          <button class="button primary" disabled={is_busy}>
            Log in
          </button>
        </div>
        <p id="login-words" class="bad" role="alert">
          {words}
        </p>
      </form>
    </main>
  );
}
