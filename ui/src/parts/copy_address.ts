// SPDX-License-Identifier: Apache-2.0
//
// Copy link (R13): an address of this page into the clipboard, inside of a share with its secret, and what it is in words.
import { link_secret } from '../net/session';
import { note } from '../shell/notes';
import { route } from '../shell/router';
import { hello } from '../state/store';
import { instant_of_ns, ms_of_instant } from '../table/time_format';

export async function copy_address(url: URL): Promise<void> {
  const secret = link_secret();
  if (route.value.share !== '' && secret !== '') url.hash = secret;
  try {
    await navigator.clipboard.writeText(url.href);
  } catch {
    copy_by_hand(url.href);
  }
  const you = hello.value?.you;
  const until = you?.expires_ns ? `, until ${new Date(ms_of_instant(instant_of_ns(you.expires_ns))).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })}` : '';
  note(route.value.share === '' ? 'Copied. Link for members.' : `Copied. Anyone with this link, ${you?.role ?? 'view'}${until}.`);
}

function copy_by_hand(text: string): void {
  const field = document.createElement('textarea');
  field.value = text;
  field.className = 'unseen';
  document.body.append(field);
  field.select();
  document.execCommand('copy');
  field.remove();
}
