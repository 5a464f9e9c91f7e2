/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dns - messages of the Domain Name System, for the protocols that have its format: DNS itself, mDNS, LLMNR.
 * Their layers carry the fields of DNS (struct protocol's lends_to).
 */
#pragma once

#include "protocol/dissection.h"

enum { DNS_TRANSACTIONS = 1 << 14 }; /* queries remembered for their responses; each some 150 bytes */

/*
 * Whether a datagram on a port that says nothing may be a message: a query or response of RFC 1035 (opcode
 * 0), with as many questions and records as such have. As Wireshark tells it; ten bytes have to fit, so that
 * little else passes.
 */
static inline bool dns_is_likely(const struct reader *r, uint32_t wire_len)
{
    enum { HEADER_BYTES = 12, OPCODE = 0x7800, RESPONSE = 0x8000 };
    struct reader header = *r;
    uint16_t id, flags, n_questions, n_answers, n_authorities, n_additional;

    if (wire_len <= HEADER_BYTES || !reader_u16(&header, &id) || !reader_u16(&header, &flags) ||
        flags & OPCODE || !reader_u16(&header, &n_questions) || n_questions > 1)
        return false;
    if (!reader_u16(&header, &n_answers) || !reader_u16(&header, &n_authorities) ||
        !reader_u16(&header, &n_additional))
        return false;
    if (flags & RESPONSE)
        return n_answers <= 100 && n_authorities <= 10 && n_additional <= 10;
    return n_questions == 1 && n_answers == 0 && n_authorities == 0 && n_additional <= 10;
}

/* Pushes a layer of protocol with the message that *r holds. */
enum dissect_result dns_message_dissect(struct dissection *d, struct reader *r, enum protocol_id protocol);
