// SPDX-License-Identifier: Apache-2.0
//
// What stands in place of the screens for whom they are not open: a member gives the token or password; a link that ended
// says whom to ask. Loaded only then.
import './gate.css';
import { useState } from 'preact/hooks';
import { ApiError } from '../net/api';
import { login } from '../net/session';

export default function Entrance({ words, is_login }: { words: string; is_login: boolean }) {
  return is_login ? <Login words={words} /> : <Closed words={words} />;
}

function Login({ words }: { words: string }) {
  const [token, set_token] = useState('');
  const [fault, set_fault] = useState(words);
  const [is_sending, set_sending] = useState(false);

  return (
    <main class="gate" aria-label="Log in">
      <form
        class="card"
        onSubmit={(event) => {
          event.preventDefault();
          set_sending(true);
          set_fault('');
          login(token.trim()).catch((failed: unknown) => {
            set_sending(false);
            set_fault(failed instanceof ApiError ? (failed.status === 403 || failed.status === 401 ? 'That is not it. Look again at what tapdeck serve printed.' : failed.message) : 'The page failed.');
          });
        }}
      >
        <h1>Log in</h1>
        <p>This capture is for members. The token was printed when <code>tapdeck serve</code> started; a password does too, where one was set.</p>
        <label for="token">Token or password</label>
        <input
          id="token"
          class="input mono"
          type="password"
          autocomplete="current-password"
          required
          autofocus
          value={token}
          aria-invalid={fault !== ''}
          aria-describedby="token-fault"
          onInput={(event) => set_token(event.currentTarget.value)}
        />
        <p id="token-fault" class="bad" role="alert">{fault !== '' && `✗ ${fault}`}</p>
        <button class="button primary" disabled={is_sending || token.trim() === ''}>{is_sending ? 'Asking …' : 'Log in'}</button>
        <p class="quiet-text">Were you given a link? Open it whole, with what stands behind the #.</p>
      </form>
    </main>
  );
}

function Closed({ words }: { words: string }) {
  return (
    <main class="gate" aria-label="No access">
      <div class="card" role="alert">
        <h1>Nothing to see here any more</h1>
        <p>{words || 'This link has ended. Ask the person who gave it to you.'}</p>
        <p class="quiet-text">What it had shown is gone from this page’s memory.</p>
        <button class="button" onClick={() => location.reload()}>Try again</button>
      </div>
    </main>
  );
}
