/* SPDX-License-Identifier: Apache-2.0 */
/*
 * icmp_echo - which echo request a reply answers; ICMP and ICMPv6 keep one table each. As Wireshark pairs
 * them: by the two addresses, identifier, sequence number and checksum, each request answered once.
 */
#pragma once

#include "protocol/dissection.h"

struct icmp_echo { /* what makes a request and its reply equal */
    uint16_t identifier, sequence;
    uint16_t checksum; /* of the request, or what the request's was, computed from the reply's */
};

enum { ICMP_ECHO_REQUESTS = 1 << 14 }; /* remembered; the one untouched for longest is let go */

/* state_new, state_free, state_forgotten of both protocols. */
void *icmp_echo_new(uint64_t hash_seed);
void icmp_echo_free(void *state);
uint64_t icmp_echo_forgotten(const void *state);

void icmp_echo_request(struct dissection *d, enum protocol_id protocol, const struct icmp_echo *echo);

/* The frame number of the request and how long ago it was; false when it is not known, or was answered
 * before. */
bool icmp_echo_reply(struct dissection *d, enum protocol_id protocol, const struct icmp_echo *echo,
                     uint64_t *request, int64_t *after_ns);

/* True within a quotation: in a packet that an error of ICMP or ICMPv6 quotes. */
static inline bool icmp_is_quoted(const struct dissection *d)
{
    return d->present & (PROTOCOL_BIT(PROTOCOL_ICMP) | PROTOCOL_BIT(PROTOCOL_ICMPV6));
}

/* The innermost IP layer below, NULL where none was kept. */
const struct layer *icmp_ip_below(const struct dissection *d);

/*
 * What a checksum is, that covers all from *whole on and starts from sum; UNVERIFIED where it cannot be told:
 * cut, quoted, or the first of several fragments.
 */
unsigned icmp_checksum_status(const struct dissection *d, const struct reader *whole, uint32_t sum,
                              bool is_quoted);
