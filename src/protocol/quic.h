/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quic - what others need of RFC 9000: its numbers, and what tells it from other datagrams.
 */
#pragma once

#include "base/reader.h"

struct dissection;

/* RFC 9000 section 16: two bits of length, then the number. */
READER_CHECKED bool quic_varint(struct reader *r, uint64_t *value)
{
    uint64_t number;
    unsigned n;

    if (reader_left(r) < 1 || reader_left(r) < (n = 1u << (r->at[0] >> 6)))
        return false;
    number = r->at[0] & 0x3f;
    for (unsigned i = 1; i < n; i++)
        number = number << 8 | r->at[i];
    r->at += n;
    *value = number;
    return true;
}

/* True when a datagram behind UDP looks like QUIC, or belongs to a connection that is known. */
bool quic_is_likely(const struct dissection *d, const struct reader *r);
