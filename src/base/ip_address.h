/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ip_address - an IPv4 or IPv6 address as a plain value, to and from text, and prefixes of it.
 */
#pragma once

#include "base/bytes.h"

enum { IP_ADDRESS_TEXT_BYTES = 46 };

struct ip_address {
    uint8_t
        bytes[16];  /* network order; IPv4 uses the first four, the rest is zero, so values compare whole */
    uint8_t family; /* 4, 6; 0: none */
};

static inline struct ip_address ip_address_of(struct bytes bytes)
{
    struct ip_address address = { .family = bytes.len == 4 ? 4 : bytes.len == 16 ? 6 : 0 };

    if (address.family)
        memcpy(address.bytes, bytes.data, bytes.len);
    return address;
}

static inline bool ip_address_equal(const struct ip_address *a, const struct ip_address *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

static inline unsigned ip_address_bits(const struct ip_address *address)
{
    return address->family == 4 ? 32 : address->family == 6 ? 128 : 0;
}

/* True when both have one family and their first n_bits agree. */
bool ip_address_in_prefix(const struct ip_address *address, const struct ip_address *prefix, unsigned n_bits);

/* "10.1.2.3", "2001:db8::1" as inet_ntop writes them; "-" for none. */
const char *ip_address_format(const struct ip_address *address, char text[static IP_ADDRESS_TEXT_BYTES]);

/* Exactly what inet_pton takes. */
bool ip_address_parse(const char *text, struct ip_address *address);
