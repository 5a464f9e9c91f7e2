// SPDX-License-Identifier: Apache-2.0
import { Dialog } from '../shell/dialogs';

export default function Share({ on_close }: { on_close: () => void }) {
  return (
    <Dialog title="Share" on_close={on_close}>
      <p>Links are made with <code>tapdeck share create</code>.</p>
    </Dialog>
  );
}
