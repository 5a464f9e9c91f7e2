/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protocol - the contract between a protocol and everything that asks about packets: a field table, and a
 * dissect function. One protocol a file; adding one is that file and a line in PROTOCOL_LIST.
 */
#pragma once

#include <assert.h>

#include "base/reader.h"

struct demand;
struct dissection;
struct dissect_state;

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
    X(LLC, llc)               \
    X(GENEVE, geneve)         \
    X(GRE, gre)               \
    X(ERSPAN, erspan)         \
    X(TZSP, tzsp)             \
    X(TLS, tls)               \
    X(X509SAT, x509sat)       \
    X(X509CE, x509ce)         \
    X(X509AF, x509af)         \
    X(COAP, coap)             \
    X(OSCORE, oscore)         \
    X(LWM2MTLV, lwm2mtlv)     \
    X(MQTT, mqtt)             \
    X(MQTTSN, mqttsn)         \
    X(DNS, dns)               \
    X(MDNS, mdns)             \
    X(HTTP, http)             \
    X(DHCP, dhcp)             \
    X(NTP, ntp)               \
    X(QUIC, quic)             \
    X(JSON, json)             \
    X(CBOR, cbor)             \
    X(TEXT_LINES, text_lines) \
    X(MALFORMED, malformed)   \
    X(LLMNR, llmnr)           \
    X(IGMP, igmp)

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
                  FIELD_INT,  /* signed: a value's number is an int64_t */
                  FIELD_DOUBLE,
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
                  FIELD_BASE_NTP, /* of times: zero says that there is none, and is shown as NULL */
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
    bool counts_packets;            /* its value depends on all packets before (stream and frame numbers) */
    bool needs_flow;                /* its value is of the conversation: the layers below it are kept */
    const struct value_name *names; /* ends with a NULL name; NULL for none */
    uint64_t lends_to;              /* as struct protocol's, for this field alone (ip.version) */
    bool is_fault;                  /* where it is found, so is `_ws.malformed` */
    bool zero_is_all; /* at a fixed place: 0 says that the layer is as long as what there is (ip.len) */
};

enum dissect_result {
    DISSECT_OK,
    DISSECT_TRUNCATED, /* the capture ends here: what was decoded stays */
    DISSECT_MALFORMED, /* the sender broke the rules */
    DISSECT_REFUSED,   /* not this protocol after all (heuristics); nothing was pushed */
};

/* For whom a datagram is idle or not. */
struct idle_question {
    const struct demand *asked;  /* by the filter */
    const struct demand *demand; /* likewise, and by what is shown of packets that match */
    struct bytes
        needle; /* unless empty: values of this protocol without these bytes in them are as good as none */
};

struct protocol {
    const char *name;  /* the filter's name: "ip" */
    const char *title; /* "Internet Protocol Version 4" */
    const struct field *fields;
    unsigned n_fields;
    uint64_t
        may_carry; /* mask (PROTOCOL_BIT) of what can be directly above it, or beside (dissection_aside) */
    uint64_t only_by_rule; /* those of may_carry that nothing but a decode rule puts there (preferences.h) */
    uint64_t lends_to;     /* mask of protocols whose layers may have fields of this table too (dns, mdns) */
    bool needs_flow;       /* asks for the conversation it is in: the layers below it are kept */
    /* Pushes its layer, adds values in demand, names what follows and shrinks *r to it (dissection_next). */
    enum dissect_result (*dissect)(struct dissection *d, struct reader *r);
    /*
     * For protocols in byte streams: how many bytes the PDU has that begins with stream, of which stream.len
     * are there already. PDU_MORE: that many do not tell; PDU_UNTIL_END: as far as the stream goes. NULL:
     * takes segments as they come. dissect() is given whole PDUs, one or several, and what comes broken.
     */
    uint32_t (*pdu_length)(struct dissection *d, struct bytes stream);
    /*
     * True when the datagram at *r, wire_len bytes on the wire, would be one layer of this protocol and
     * nothing more: no value that is asked for, nothing in it, no fault, and nothing remembered on which a
     * value in demand might depend. From the bytes alone; false where they do not tell. A scan passes over
     * such datagrams. NULL: none are.
     */
    bool (*is_idle)(const struct idle_question *question, const struct reader *r, uint32_t wire_len);
    bool shows_begun; /* dissect() is given a PDU that has only begun, too, to show that it is there */
    /* What it remembers from packet to packet, made when first asked for by dissect_state_of(). NULL:
     * nothing. */
    void *(*state_new)(uint64_t hash_seed);
    void (*state_free)(void *state);
    uint64_t (*state_forgotten)(const void *state); /* entries let go for want of room; may be NULL */
};

enum { PDU_MORE = 0 };
#define PDU_UNTIL_END UINT32_MAX

#define PROTOCOL_BIT(id) (UINT64_C(1) << (id))

/*
 * Those that segment indexes tell blocks apart by: what can be told of a packet without streams of bytes, and
 * without what is kept from packet to packet but fragments. Others are looked for where these may carry them.
 */
#define PROTOCOLS_INDEXED                                                                             \
    (PROTOCOL_BIT(PROTOCOL_ETHERNET) | PROTOCOL_BIT(PROTOCOL_VLAN) | PROTOCOL_BIT(PROTOCOL_SLL) |     \
     PROTOCOL_BIT(PROTOCOL_NULL_LOOPBACK) | PROTOCOL_BIT(PROTOCOL_RAW) | PROTOCOL_BIT(PROTOCOL_ARP) | \
     PROTOCOL_BIT(PROTOCOL_IPV4) | PROTOCOL_BIT(PROTOCOL_IPV6) | PROTOCOL_BIT(PROTOCOL_ICMP) |        \
     PROTOCOL_BIT(PROTOCOL_ICMPV6) | PROTOCOL_BIT(PROTOCOL_UDP) | PROTOCOL_BIT(PROTOCOL_TCP) |        \
     PROTOCOL_BIT(PROTOCOL_VXLAN) | PROTOCOL_BIT(PROTOCOL_DTLS) | PROTOCOL_BIT(PROTOCOL_IEEE8021AD) | \
     PROTOCOL_BIT(PROTOCOL_LLC) | PROTOCOL_BIT(PROTOCOL_GENEVE) | PROTOCOL_BIT(PROTOCOL_GRE) |        \
     PROTOCOL_BIT(PROTOCOL_ERSPAN) | PROTOCOL_BIT(PROTOCOL_TZSP))

/* In the same masks, at the place of no protocol: pieces of IP datagrams, which need the others to be
 * understood. */
#define INDEXED_FRAGMENTS PROTOCOL_BIT(PROTOCOL_NONE)

extern const struct protocol *const protocols[PROTOCOL_COUNT]; /* [PROTOCOL_NONE] is NULL */

/* A field's number in the whole language: six bits of protocol, ten of index. */
enum { FIELDS_LIMIT = 1024 }; /* in a protocol */
#define FIELD_ID(protocol, index) ((uint16_t)((unsigned)(protocol)*FIELDS_LIMIT | (unsigned)(index)))
#define FIELD_PROTOCOL(id) ((enum protocol_id)((id) / FIELDS_LIMIT))
#define FIELD_INDEX(id) ((unsigned)(id) % FIELDS_LIMIT)

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
