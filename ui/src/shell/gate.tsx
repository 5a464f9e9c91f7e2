// SPDX-License-Identifier: Apache-2.0
//
// The door: who is not let in sees why, and what to do about it, and nothing else. The screens are taken out of the page at
// once, and with them the rows that they held; the words come when they are loaded.
import { useEffect, useState } from 'preact/hooks';
import type { ComponentChildren, ComponentType } from 'preact';
import { access, health } from '../state/store';

type Words = ComponentType<{ words: string; is_login: boolean }>;

export function Gate({ children }: { children: ComponentChildren }) {
  const [Entrance, set_entrance] = useState<Words | null>(null);
  const now = access.value;
  const is_closed = now.state === 'login' || now.state === 'refused' || health.value.link === 'refused';

  useEffect(() => {
    if (is_closed) import('./entrance').then((module) => set_entrance(() => module.default as Words), () => undefined);
  }, [is_closed]);
  if (!is_closed) return <>{children}</>;
  const words = now.state === 'login' || now.state === 'refused' ? now.words : health.value.reason;
  return Entrance ? <Entrance words={words} is_login={now.state === 'login'} /> : <main aria-busy="true">{words}</main>;
}
