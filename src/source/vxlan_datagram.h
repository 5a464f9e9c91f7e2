/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vxlan_datagram - the payload of a VXLAN datagram (RFC 7348 section 5) as a mirror sends it. Pure functions
 * over bytes; sockets are the listener's and the replay's.
 *
 *    0                   1                   2                   3
 *    |R|R|R|R|I|R|R|R|            Reserved                           |
 *    |                VXLAN Network Identifier (VNI) |   Reserved    |
 *    |                inner Ethernet frame ...
 */
#pragma once

#include "base/bytes.h"

enum { VXLAN_PORT = 4789, VXLAN_HEADER_BYTES = 8, VXLAN_VNI_LIMIT = 1 << 24 };

/*
 * False when it is no mirrored frame: too short for the header and an inner Ethernet header, or without the I
 * flag. *frame borrows from payload.
 */
bool vxlan_datagram_parse(struct bytes payload, uint32_t *vni, struct bytes *frame);

void vxlan_header_write(uint32_t vni, uint8_t header[static VXLAN_HEADER_BYTES]);

/*
 * The bytes an Ethernet frame had on the wire, when a mirror kept only its beginning: rebuilt from the IPv4
 * total length or the IPv6 payload length, behind VLAN tags. frame.len when it holds all (Ethernet padding
 * included), or when its header does not say.
 */
uint32_t ethernet_frame_len(struct bytes frame);
