// SPDX-License-Identifier: Apache-2.0
//
// Which dialog is open: one at a time. Dialogs are loaded when they are opened:
//   dialog_open(() => import('../dialogs/share'), { what: 'view' })
// What draws them is dialogs.tsx, which the first packets need not wait for.
import { signal } from '@preact/signals';
import type { ComponentType } from 'preact';

export type DialogLoader = () => Promise<{ default: ComponentType<any> }>;

export const dialog_now = signal<{ load: DialogLoader; props: Record<string, unknown> } | null>(null);

export function dialog_open(load: DialogLoader, props: Record<string, unknown> = {}): void {
  dialog_now.value = { load, props };
}

export function dialog_close(): void {
  dialog_now.value = null;
}
