/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow - the two ends of a conversation at one IP layer, written so that both directions give the same key.
 */
#pragma once

#include <assert.h>
#include <endian.h>
#include <stddef.h>

#include "base/ip_address.h"

enum flow_any { /* ends whose port says nothing and is left out (zero) */
                FLOW_ANY_NONE = 0,
                FLOW_ANY_PORT_LOW = 1,
                FLOW_ANY_PORT_HIGH = 2,
};

struct flow_key {
    struct ip_address low, high;  /* by address bytes, then port: low first */
    uint16_t port_low, port_high; /* zero where there is none (ICMP, later fragments) */
    uint8_t protocol;             /* IP protocol number of what the layer carries */
    uint8_t any_port;             /* mask of enum flow_any */
};

static_assert(sizeof(struct flow_key) == 40, "hashed and compared whole: no hidden padding");

/* is_forward: source is the low end. */
bool flow_key_make(struct flow_key *key, const struct ip_address *source, uint16_t source_port,
                   const struct ip_address *destination, uint16_t destination_port, uint8_t protocol);

/*
 * The same of IPv4, from the header's addresses (source, destination: 8 bytes). Most packets are: the key is
 * put together in words, for whoever compares or hashes it loads words, and would wait for bytes stored one
 * by one.
 */
static inline bool flow_key_make_ipv4(struct flow_key *key, const uint8_t *addresses, uint16_t source_port,
                                      uint16_t destination_port, uint8_t protocol)
{
    enum { HIGH_FAMILY_AT = 33, PORTS_AT = 34 };
    uint32_t source, destination;
    uint64_t low, high, words[5];
    bool is_forward;

    static_assert(offsetof(struct flow_key, high) == 17 && offsetof(struct flow_key, port_low) == PORTS_AT &&
                      offsetof(struct flow_key, any_port) == 39,
                  "the words below");
    memcpy(&source, addresses, sizeof source);
    memcpy(&destination, addresses + sizeof source, sizeof destination);
    low = (uint64_t)be32toh(source) << 16 | source_port;
    high = (uint64_t)be32toh(destination) << 16 | destination_port;
    is_forward = low <= high;
    words[0] = htole64(le32toh(is_forward ? source : destination));
    words[1] = 0;
    words[2] = htole64(4 | (uint64_t)le32toh(is_forward ? destination : source) << 8);
    words[3] = 0;
    words[4] = htole64(UINT64_C(4) << 8 * (HIGH_FAMILY_AT - 32) |
                       (uint64_t)le16toh(is_forward ? source_port : destination_port) << 16 |
                       (uint64_t)le16toh(is_forward ? destination_port : source_port) << 32 |
                       (uint64_t)protocol << 48);
    memcpy(key, words, sizeof *key);
    return is_forward;
}

static_assert(sizeof(struct flow_key) % 8 == 0, "compared in words");

static inline bool flow_key_equal(const struct flow_key *a, const struct flow_key *b)
{
    uint64_t left[sizeof *a / 8], right[sizeof *a / 8], differs = 0; /* asked for every packet: no call */

    memcpy(left, a, sizeof *a);
    memcpy(right, b, sizeof *b);
    for (size_t i = 0; i < sizeof *a / 8; i++)
        differs |= left[i] ^ right[i];
    return differs == 0;
}

/* seed: random per process, for strangers choose the keys. */
uint64_t flow_key_hash(const struct flow_key *key, uint64_t seed);

/* A conversation with its ends as this packet goes. */
struct conversation_ends {
    struct flow_key flow;
    struct ip_address source, destination;
    uint16_t source_port, destination_port;
    bool is_forward; /* source is flow.low */
};
