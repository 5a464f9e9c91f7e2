// SPDX-License-Identifier: Apache-2.0
export default function Session() {
  return <main class="screen session" aria-label="Session" />;
}
