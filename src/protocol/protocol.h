/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protocol - the contract between a protocol and everything that asks about packets: a field table, and a
 * dissect function. One protocol a file; adding one is that file and a line in PROTOCOL_LIST.
 */
#pragma once

#include <assert.h>

#include "base/reader.h"

struct dissection;

/* Every protocol: enumerator, C name of its `const struct protocol`. A filter's protocol masks hold 64 of
 * them. Segment indexes store the numbers: a new one goes to the end. */
#define PROTOCOL_LIST(X)      \
    X(FRAME, frame)           \
    X(ETHERNET, ethernet)     \
    X(VLAN, vlan)             \
    X(SLL, sll)               \
    X(NULL_LOOPBACK, null)    \
    X(RAW, raw)               \
    X(ARP, arp)               \
    X(IPV4, ipv4)             \
    X(IPV6, ipv6)             \
    X(ICMP, icmp)             \
    X(ICMPV6, icmpv6)         \
    X(UDP, udp)               \
    X(TCP, tcp)               \
    X(VXLAN, vxlan)           \
    X(DTLS, dtls)             \
    X(DATA, data)             \
    X(IEEE8021AD, ieee8021ad) \
    X(LLC, llc)

enum protocol_id {
    PROTOCOL_NONE, /* zero, so that an unset "next" means nothing follows */
#define X(id, name) PROTOCOL_##id,
    PROTOCOL_LIST(X)
#undef X
        PROTOCOL_COUNT
};

static_assert(PROTOCOL_COUNT <= 64, "a protocol mask is one 64-bit word");

enum field_type {             /* Wireshark's FT_*, what a filter may compare with */
                  FIELD_NONE, /* presence only */
                  FIELD_UINT, /* up to 64 bits; n_bits says the width */
                  FIELD_BOOL,
                  FIELD_IPV4,
                  FIELD_IPV6,
                  FIELD_ETHER,
                  FIELD_BYTES,
                  FIELD_STRING,
                  FIELD_TIME,     /* absolute, ns since 1970 */
                  FIELD_DURATION, /* relative, ns */
                  FIELD_FRAME,    /* a frame number */
};

enum field_base { /* how numbers are shown; filters do not care */
                  FIELD_BASE_DEC,
                  FIELD_BASE_HEX,
};

struct value_name {
    uint64_t value;
    const char *name;
};

/*
 * A field is found in one of three ways:
 *  - n_bits > 0: it lies in the layer's header, n_bits wide from at_bit on (bits counted as RFCs do, from the
 * most significant of byte 0). Nobody stores it; it is read when asked for, and is absent where the capture
 * ends before.
 *  - any_of: it stands for several fields of the same protocol ("ip.addr": "ip.src" and "ip.dst").
 *  - neither: the dissect function adds it as it meets it (dissection.h), if it is in demand.
 */
struct field {
    const char *name; /* "ip.src" */
    enum field_type type;
    enum field_base base;
    const char *title; /* "Source Address" */
    uint16_t at_bit;
    uint16_t n_bits;
    uint8_t any_of[2];              /* indexes into the same table; any_of[0] == any_of[1] == 0 for none */
    uint8_t ft_bits;                /* width of Wireshark's FT_UINT: 8 16 24 32 64; 0: see field_width */
    bool needs_all;                 /* its value depends on every layer of the packet */
    const struct value_name *names; /* ends with a NULL name; NULL for none */
};

enum dissect_result {
    DISSECT_OK,
    DISSECT_TRUNCATED, /* the capture ends here: what was decoded stays */
    DISSECT_MALFORMED, /* the sender broke the rules */
    DISSECT_REFUSED,   /* not this protocol after all (heuristics); nothing was pushed */
};

struct protocol {
    const char *name;  /* the filter's name: "ip" */
    const char *title; /* "Internet Protocol Version 4" */
    const struct field *fields;
    unsigned n_fields;
    uint64_t may_carry; /* mask (PROTOCOL_BIT) of what can be directly above it */
    /* Pushes its layer, adds values in demand, names what follows and shrinks *r to it (dissection_next). */
    enum dissect_result (*dissect)(struct dissection *d, struct reader *r);
};

#define PROTOCOL_BIT(id) (UINT64_C(1) << (id))

extern const struct protocol *const protocols[PROTOCOL_COUNT]; /* [PROTOCOL_NONE] is NULL */

/* A field's number in the whole language. */
#define FIELD_ID(protocol, index) ((uint16_t)((unsigned)(protocol) << 8 | (unsigned)(index)))
#define FIELD_PROTOCOL(id) ((enum protocol_id)((id) >> 8))
#define FIELD_INDEX(id) ((id)&0xffu)

enum { FIELD_ID_NONE = 0 };

static inline const struct field *field_of(uint16_t id)
{
    return &protocols[FIELD_PROTOCOL(id)]->fields[FIELD_INDEX(id)];
}

/* The field of that name, FIELD_ID_NONE if there is none; the protocol of that name, PROTOCOL_NONE likewise.
 */
uint16_t field_find(const char *name, size_t len);
enum protocol_id protocol_find(const char *name, size_t len);

/* The known field or protocol name nearest to a misspelt one; NULL when nothing is near. */
const char *field_nearest(const char *name, size_t len);

/* Bits of an unsigned field's type, for range checks and for hex digits: ft_bits, else n_bits rounded up. */
unsigned field_width(const struct field *field);

/* The name of a value ("Client Hello"), NULL for none. */
const char *field_value_name(const struct field *field, uint64_t value);
