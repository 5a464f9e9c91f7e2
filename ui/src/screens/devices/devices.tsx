// SPDX-License-Identifier: Apache-2.0
export default function Devices() {
  return <main class="screen devices" aria-label="Devices" />;
}
