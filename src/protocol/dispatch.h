/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dispatch - who comes next: the numbers by which one protocol names another, each registry in one table.
 */
#pragma once

#include "packet/packet.h"
#include "protocol/foreign.h"
#include "protocol/protocol.h"

enum { /* IP protocol numbers (IANA) that the code itself acts on */
       IP_PROTOCOL_ICMP = 1,
       IP_PROTOCOL_IPV4 = 4,
       IP_PROTOCOL_TCP = 6,
       IP_PROTOCOL_UDP = 17,
       IP_PROTOCOL_IPV6 = 41,
       IP_PROTOCOL_GRE = 47,
       IP_PROTOCOL_AH = 51,
       IP_PROTOCOL_ICMPV6 = 58,
       IP_PROTOCOL_ETHERNET = 143, /* RFC 8986 section 10.1 */
};

enum { /* IEEE 802.3 section 3.2.6: up to here the field is a length, from there on a type */
       IEEE8023_LEN_MAX = 1500,
       ETHERTYPE_LEAST = 0x0600,
};

enum { UDP_PORT_VXLAN = 4789 }; /* RFC 7348 */

enum { /* GRE protocol types that say ERSPAN */
       GRE_TYPE_ERSPAN = 0x88be,
       GRE_TYPE_ERSPAN3 = 0x22eb,
};

/*
 * The registries: each names a number once, and its switch and its mask are made from that. X(number,
 * enumerator of PROTOCOL_LIST).
 */

#define DISPATCH_LINKTYPES(X)                     \
    X(LINKTYPE_ETHERNET, ETHERNET)                \
    X(LINKTYPE_LINUX_SLL, SLL)                    \
    X(LINKTYPE_LINUX_SLL2, SLL)                   \
    X(LINKTYPE_NULL, NULL_LOOPBACK)               \
    X(LINKTYPE_LOOP, NULL_LOOPBACK)               \
    X(LINKTYPE_RAW, RAW)                          \
    X(12, RAW) /* under other systems' numbers */ \
    X(14, RAW)                                    \
    X(LINKTYPE_IPV4, IPV4)                        \
    X(LINKTYPE_IPV6, IPV6)

/* IEEE 802 numbers */
#define DISPATCH_ETHERTYPES(X)                                        \
    X(0x0800, IPV4)                                                   \
    X(0x0806, ARP)                                                    \
    X(0x8035, ARP) /* RARP, RFC 903: the same format */               \
    X(0x86dd, IPV6)                                                   \
    X(0x8100, VLAN) /* 802.1Q */                                      \
    X(0x9100, VLAN) /* QinQ before 802.1ad */                         \
    X(0x88a8, IEEE8021AD)                                             \
    X(0x6558, ETHERNET) /* transparent Ethernet bridging, RFC 1701 */ \
    X(0x8870, LLC)      /* of more than 1500 bytes, draft-ietf-isis-ext-eth */

#define DISPATCH_IP_PROTOCOLS(X)        \
    X(IP_PROTOCOL_ICMP, ICMP)           \
    X(2, IGMP) /* RFC 3376 section 4 */ \
    X(IP_PROTOCOL_IPV4, IPV4)           \
    X(IP_PROTOCOL_TCP, TCP)             \
    X(IP_PROTOCOL_UDP, UDP)             \
    X(IP_PROTOCOL_IPV6, IPV6)           \
    X(IP_PROTOCOL_GRE, GRE)             \
    X(IP_PROTOCOL_ICMPV6, ICMPV6)       \
    X(IP_PROTOCOL_ETHERNET, ETHERNET)

/* Ports as Wireshark 4.0 gives them to the protocols that are known here. */
#define DISPATCH_UDP_PORTS(X)                        \
    X(53, DNS)                                       \
    X(67, DHCP)                                      \
    X(68, DHCP)                                      \
    X(4011, DHCP)                                    \
    X(123, NTP)                                      \
    X(4754, GRE) /* RFC 8086 */                      \
    X(UDP_PORT_VXLAN, VXLAN)                         \
    X(5353, MDNS)                                    \
    X(5355, LLMNR) /* RFC 4795 section 2 */          \
    X(5683, COAP)                                    \
    X(853, DTLS)                                     \
    X(2221, DTLS)                                    \
    X(5684, DTLS) /* coaps, RFC 7252 section 12.7 */ \
    X(5868, DTLS)                                    \
    X(6081, GENEVE) /* RFC 8926 */                   \
    X(37008, TZSP)

#define DISPATCH_TCP_PORTS(X) \
    X(53, DNS)                \
    X(5353, DNS)              \
    X(80, HTTP)               \
    X(631, HTTP)              \
    X(1900, HTTP)             \
    X(2710, HTTP)             \
    X(2869, HTTP)             \
    X(3128, HTTP)             \
    X(3132, HTTP)             \
    X(3689, HTTP)             \
    X(5985, HTTP)             \
    X(8080, HTTP)             \
    X(8088, HTTP)             \
    X(11371, HTTP)            \
    X(123, NTP)               \
    X(1883, MQTT)             \
    X(5683, COAP)             \
    X(324, TLS)               \
    X(443, TLS)               \
    X(465, TLS)               \
    X(636, TLS)               \
    X(802, TLS)               \
    X(853, TLS)               \
    X(993, TLS)               \
    X(995, TLS)               \
    X(1300, TLS)              \
    X(2221, TLS)              \
    X(2443, TLS)              \
    X(3249, TLS)              \
    X(3250, TLS)              \
    X(3251, TLS)              \
    X(3252, TLS)              \
    X(3496, TLS)              \
    X(5061, TLS)              \
    X(5671, TLS)              \
    X(5684, TLS)              \
    X(5868, TLS)              \
    X(8883, TLS)              \
    X(11207, TLS)             \
    X(19999, TLS)             \
    X(27017, TLS)

#define DISPATCH_CASE(number, id) \
    case number:                  \
        return PROTOCOL_##id;

/*
 * All answer PROTOCOL_DATA for numbers that nobody understands, but the ports: PROTOCOL_NONE; and
 * PROTOCOL_NONE for those that Wireshark understands and nobody here: it does not call that data. Inline:
 * asked for every layer.
 */

static inline enum protocol_id dispatch_linktype(uint16_t linktype)
{
    switch (linktype) {
        DISPATCH_LINKTYPES(DISPATCH_CASE)
    default:
        return foreign_linktype(linktype) ? PROTOCOL_NONE : PROTOCOL_DATA;
    }
}

static inline enum protocol_id dispatch_ethertype(uint16_t ethertype)
{
    switch (ethertype) {
        DISPATCH_ETHERTYPES(DISPATCH_CASE)
    default:
        return foreign_ethertype(ethertype) ? PROTOCOL_NONE : PROTOCOL_DATA;
    }
}

/* What lies behind a length: LLC, but for IPX, which once came without. */
static inline enum protocol_id dispatch_ieee8023(const struct reader *r)
{
    struct reader peek = *r;
    uint16_t first;

    return reader_u16(&peek, &first) && first != 0xffff ? PROTOCOL_LLC : PROTOCOL_DATA;
}

static inline enum protocol_id dispatch_ip_protocol(uint8_t number)
{
    switch (number) {
        DISPATCH_IP_PROTOCOLS(DISPATCH_CASE)
    default:
        return foreign_ip_protocol(number) ? PROTOCOL_NONE : PROTOCOL_DATA;
    }
}

static inline enum protocol_id dispatch_udp_port(uint16_t port)
{
    switch (port) {
        DISPATCH_UDP_PORTS(DISPATCH_CASE)
    default:
        return PROTOCOL_NONE;
    }
}

static inline enum protocol_id dispatch_tcp_port(uint16_t port)
{
    switch (port) {
        DISPATCH_TCP_PORTS(DISPATCH_CASE)
    default:
        return PROTOCOL_NONE;
    }
}

#undef DISPATCH_CASE

/* Masks of what these registries can name, for may_carry. */
#define DISPATCH_OR_BIT(number, id) | PROTOCOL_BIT(PROTOCOL_##id)
#define DISPATCH_ETHERTYPE_MASK (PROTOCOL_BIT(PROTOCOL_DATA) DISPATCH_ETHERTYPES(DISPATCH_OR_BIT))
#define DISPATCH_IP_MASK (PROTOCOL_BIT(PROTOCOL_DATA) DISPATCH_IP_PROTOCOLS(DISPATCH_OR_BIT))
#define DISPATCH_UDP_PORT_MASK (UINT64_C(0) DISPATCH_UDP_PORTS(DISPATCH_OR_BIT))
#define DISPATCH_TCP_MASK (PROTOCOL_BIT(PROTOCOL_DATA) DISPATCH_TCP_PORTS(DISPATCH_OR_BIT))
/* What -d may put behind a UDP port that carries whole frames or packets. (Not behind TCP: nobody who asks
 * for frames should pay for streams.) */
#define DISPATCH_WRAPPING_MASK                                                                    \
    (PROTOCOL_BIT(PROTOCOL_ETHERNET) | PROTOCOL_BIT(PROTOCOL_LLC) | PROTOCOL_BIT(PROTOCOL_IPV4) | \
     PROTOCOL_BIT(PROTOCOL_IPV6) | PROTOCOL_BIT(PROTOCOL_GRE) | PROTOCOL_BIT(PROTOCOL_VXLAN) |    \
     PROTOCOL_BIT(PROTOCOL_GENEVE) | PROTOCOL_BIT(PROTOCOL_TZSP))
/* By a port, by its looks (udp.h), or wrapping. */
#define DISPATCH_UDP_MASK                                                                 \
    (DISPATCH_UDP_PORT_MASK | PROTOCOL_BIT(PROTOCOL_QUIC) | PROTOCOL_BIT(PROTOCOL_JSON) | \
     PROTOCOL_BIT(PROTOCOL_DATA) | DISPATCH_WRAPPING_MASK)
/* What -d may put behind a port besides, of either: what has one, and what has none. */
#define DISPATCH_DECODED_MASK                                                                    \
    (((DISPATCH_UDP_PORT_MASK | DISPATCH_TCP_MASK) & ~DISPATCH_WRAPPING_MASK) |                  \
     PROTOCOL_BIT(PROTOCOL_MQTTSN) | PROTOCOL_BIT(PROTOCOL_QUIC) | PROTOCOL_BIT(PROTOCOL_JSON) | \
     PROTOCOL_BIT(PROTOCOL_CBOR) | PROTOCOL_BIT(PROTOCOL_LWM2MTLV) | PROTOCOL_BIT(PROTOCOL_TEXT_LINES))
