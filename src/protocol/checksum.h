/* SPDX-License-Identifier: Apache-2.0 */
/*
 * checksum - the Internet checksum (RFC 1071), and Wireshark's words for what became of one.
 */
#pragma once

#include "protocol/protocol.h"

enum checksum_status {
    CHECKSUM_BAD,
    CHECKSUM_GOOD,
    CHECKSUM_UNVERIFIED,
    CHECKSUM_NOT_PRESENT,
    CHECKSUM_ILLEGAL,
};

extern const struct value_name checksum_status_names[];

/*
 * The one's complement sum of bytes, taken as 16-bit words, on top of sum. Every part but the last must have
 * an even length. checksum_fold of it is 0xffff when the bytes have a right checksum among them.
 */
uint32_t checksum_add(uint32_t sum, struct bytes bytes);
uint16_t checksum_fold(uint32_t sum);
