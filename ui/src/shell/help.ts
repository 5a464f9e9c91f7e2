// SPDX-License-Identifier: Apache-2.0
//
// '?': the keys that work here and now, and what a person may set; loaded when it is asked for.
import { dialog_open } from './dialog_open';

export function help_open(): void {
  dialog_open(() => import('./help_dialog'));
}
