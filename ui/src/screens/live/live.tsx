// SPDX-License-Identifier: Apache-2.0
export default function Live() {
  return <main class="screen live" aria-label="Live" />;
}
