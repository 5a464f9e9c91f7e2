/* SPDX-License-Identifier: Apache-2.0 */
/*
 * packet_digest - a packet in 64 bits, by time, lengths, link type and bytes, however its file was packed;
 * and a run of packets, by chaining. With a seed that strangers do not know, or packets could be made that
 * look the same; it is no cryptographic hash.
 */
#pragma once

#include <xxhash.h>

#include "packet/packet.h"

static inline uint64_t packet_digest(const struct packet *packet, uint64_t seed)
{
    uint64_t head = (uint64_t)packet->ts_ns * UINT64_C(0x9e3779b97f4a7c15) ^ (uint64_t)packet->len << 32 ^
                    (uint64_t)packet->linktype << 24 ^ packet->caplen;

    return XXH3_64bits_withSeed(packet->data, packet->caplen, seed ^ head);
}

static inline uint64_t packet_digest_chain(uint64_t chain, uint64_t digest)
{
    return ((chain << 23 | chain >> 41) ^ digest) * UINT64_C(0xff51afd7ed558ccd) + 1;
}
