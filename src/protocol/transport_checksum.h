/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transport_checksum - RFC 1071's sum over a TCP segment or UDP datagram and the pseudo header of the IP
 * layer below it (RFC 9293 section 3.1, RFC 8200 section 8.1).
 */
#pragma once

#include "protocol/checksum.h"
#include "protocol/dissection.h"

enum { PSEUDO_ADDRESSES_BYTES = 32 };

/*
 * The addresses that the pseudo header has, of an IPv4 or IPv6 layer, source first; they lie in room or in
 * the packet. Behind a routing header that has segments left the destination is the last one of the route
 * (RFC 8200 section 8.1). False: they were cut.
 */
bool pseudo_header_addresses(const struct layer *ip, uint8_t room[PSEUDO_ADDRESSES_BYTES],
                             struct bytes *addresses);

/*
 * What the checksum at at_byte of the segment should be. False: the addresses below are not known. The
 * innermost IP layer must be kept (needs_flow).
 */
bool transport_checksum(const struct dissection *d, uint8_t ip_protocol, struct bytes segment, size_t at_byte,
                        uint16_t *expected);
