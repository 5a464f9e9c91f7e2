// SPDX-License-Identifier: Apache-2.0
export default function Device() {
  return <main class="screen device" aria-label="Device" />;
}
