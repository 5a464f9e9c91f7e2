/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json - whether a payload that nothing else claims is JSON.
 */
#pragma once

#include "base/bytes.h"

/* Objects and arrays throughout, and at least one. */
bool json_is_likely(struct bytes payload);

/* Likewise in a datagram: Wireshark looks for it only where Dropbox announces itself, on port 17500. */
static inline bool json_over_udp(uint16_t source_port, uint16_t destination_port, struct bytes payload)
{
    return (source_port == 17500 || destination_port == 17500) && json_is_likely(payload);
}
