// SPDX-License-Identifier: Apache-2.0
//
// protocol_hue - which of the six hues a protocol's stripe has. The name always stands beside it: six hues are as many as
// everybody can tell apart, so protocols share them by family.

const families: readonly RegExp[] = [
  /^(CoAP|LwM2M|OSCORE)/i,
  /^(DTLS|TLS|SSL|QUIC)/i,
  /^(MQTT|AMQP)/i,
  /^(DNS|mDNS|DHCP|NTP|SNMP|SSDP)/i,
  /^(HTTP|TCP|WebSocket)/i,
];

export function hue_of(protocol: string): number {
  const found = families.findIndex((family) => family.test(protocol));

  return found < 0 ? 5 : found;
}
