/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transport_checksum - RFC 1071's sum over a TCP segment or UDP datagram and the pseudo header of the IP
 * layer below it (RFC 9293 section 3.1, RFC 8200 section 8.1).
 */
#pragma once

#include "protocol/checksum.h"
#include "protocol/dissection.h"

/*
 * What the checksum at at_byte of the segment should be. False: the addresses below are not known. The
 * innermost IP layer must be kept (needs_flow).
 */
bool transport_checksum(const struct dissection *d, uint8_t ip_protocol, struct bytes segment, size_t at_byte,
                        uint16_t *expected);
