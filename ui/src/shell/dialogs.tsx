// SPDX-License-Identifier: Apache-2.0
//
// The dialog of the moment: modal, closed by Esc, a click outside or its own button; the focus goes back where it was (the
// <dialog> element's own doing).
import './dialogs.css';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ComponentChildren, ComponentType } from 'preact';
import { dialog_close, dialog_now } from './dialog_open';
import { note } from './notes';

/* The frame that each dialog draws itself in. */
export function Dialog({ title, children, on_close }: { title: string; children: ComponentChildren; on_close: () => void }) {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (!ref.current?.open) ref.current?.showModal();
  }, []);
  return (
    <dialog
      ref={ref}
      class="dialog"
      aria-label={title}
      onClose={on_close}
      onClick={(event) => event.target === ref.current && ref.current?.close()}
    >
      <header>
        <h2>{title}</h2>
        <button class="button quiet" aria-label="Close" onClick={() => ref.current?.close()}>
          ✕
        </button>
      </header>
      <div class="body">{children}</div>
    </dialog>
  );
}

export function Dialogs() {
  const open = dialog_now.value;
  const [loaded, set_loaded] = useState<{ of: unknown; component: ComponentType<any> } | null>(null);
  useEffect(() => {
    if (!open) return;
    open.load().then(
      (module) => set_loaded({ of: open, component: module.default }),
      () => {
        dialog_close();
        note({ text: 'That part of the page could not be loaded; reload the page.', kind: 'bad' });
      },
    );
  }, [open]);
  if (!open || loaded?.of !== open) return null;
  const Component = loaded.component;
  return <Component {...open.props} on_close={dialog_close} />;
}
