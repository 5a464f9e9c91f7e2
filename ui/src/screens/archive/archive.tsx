// SPDX-License-Identifier: Apache-2.0
export default function Archive() {
  return <main class="screen archive" aria-label="Archive" />;
}
