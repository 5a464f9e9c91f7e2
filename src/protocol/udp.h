/* SPDX-License-Identifier: Apache-2.0 */
/*
 * udp - who comes next behind a UDP header.
 */
#pragma once

#include "protocol/dispatch.h"
#include "protocol/dissection.h"
#include "protocol/dns.h"
#include "protocol/dtls.h"
#include "protocol/quic.h"
#include "protocol/json.h"

/* What -d says about either port, the lower one first. */
enum protocol_id udp_decoded(const struct dissection *d, uint16_t source, uint16_t destination);

/* What Wireshark calls a protocol that only it has, by either port, the lower one first. NULL: none. */
const char *udp_foreign(uint16_t source, uint16_t destination);

/* What udp_next may find without a port that stands for it. */
#define UDP_BY_LOOKS_MASK                                                                     \
    (PROTOCOL_BIT(PROTOCOL_DTLS) | PROTOCOL_BIT(PROTOCOL_DNS) | PROTOCOL_BIT(PROTOCOL_QUIC) | \
     PROTOCOL_BIT(PROTOCOL_JSON) | PROTOCOL_BIT(PROTOCOL_DATA))

/*
 * By -d; by a known port, the lower one first as Wireshark does it; else DTLS if the payload at *r, wire_len
 * bytes on the wire, looks like it; QUIC and DNS likewise, where somebody asks for them; else data, but for
 * what Wireshark finds by a port and nobody here reads: that is nothing. Tells by ports,
 * bytes, preferences and demand alone, for a sieve asks too, without a packet and a state (filter/sieve.h):
 * but for QUIC, whose later datagrams are known by their ends. A sieve keeps all of them that might be.
 */
static inline __attribute__((always_inline)) enum protocol_id udp_next(const struct dissection *d,
                                                                       uint16_t source, uint16_t destination,
                                                                       const struct reader *r,
                                                                       uint32_t wire_len)
{
    enum protocol_id next = PROTOCOL_NONE;

    if (__builtin_expect(d->preferences->n_rules > 0, 0))
        next = udp_decoded(d, source, destination);
    if (next == PROTOCOL_NONE)
        next = dispatch_udp_port(source < destination ? source : destination);

    if (next == PROTOCOL_NONE)
        next = dispatch_udp_port(source < destination ? destination : source);
    if (next == PROTOCOL_NONE && json_over_udp(source, destination, reader_rest(r)))
        next = PROTOCOL_JSON;
    if (next == PROTOCOL_NONE)
        next = dtls_is_likely(r, wire_len) ? PROTOCOL_DTLS : PROTOCOL_DATA;
    if (__builtin_expect(d->demand->passable >> PROTOCOL_QUIC & 1, 0) && next == PROTOCOL_DATA &&
        quic_is_likely(d, r))
        next = PROTOCOL_QUIC;
    if (next != PROTOCOL_DATA ||
        !(d->demand->passable & (PROTOCOL_BIT(PROTOCOL_DATA) | PROTOCOL_BIT(PROTOCOL_DNS))))
        return next;
    if (dns_is_likely(r, wire_len))
        next = PROTOCOL_DNS;
    if (udp_foreign(source, destination))
        next = PROTOCOL_NONE;
    return next;
}
