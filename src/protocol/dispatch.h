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
 * All answer PROTOCOL_DATA for numbers that nobody understands, but the ports: PROTOCOL_NONE; and
 * PROTOCOL_NONE for those that Wireshark understands and nobody here: it does not call that data. Inline:
 * asked for every layer.
 */

static inline enum protocol_id dispatch_linktype(uint16_t linktype)
{
    switch (linktype) {
    case LINKTYPE_ETHERNET:
        return PROTOCOL_ETHERNET;
    case LINKTYPE_LINUX_SLL:
    case LINKTYPE_LINUX_SLL2:
        return PROTOCOL_SLL;
    case LINKTYPE_NULL:
    case LINKTYPE_LOOP:
        return PROTOCOL_NULL_LOOPBACK;
    case LINKTYPE_RAW:
    case 12: /* the same under the numbers of other systems */
    case 14:
        return PROTOCOL_RAW;
    case LINKTYPE_IPV4:
        return PROTOCOL_IPV4;
    case LINKTYPE_IPV6:
        return PROTOCOL_IPV6;
    default:
        return foreign_linktype(linktype) ? PROTOCOL_NONE : PROTOCOL_DATA;
    }
}

static inline enum protocol_id dispatch_ethertype(uint16_t ethertype)
{
    switch (ethertype) { /* IEEE 802 numbers */
    case 0x0800:
        return PROTOCOL_IPV4;
    case 0x0806:
    case 0x8035: /* RARP, RFC 903: the same format */
        return PROTOCOL_ARP;
    case 0x86dd:
        return PROTOCOL_IPV6;
    case 0x8100: /* 802.1Q */
    case 0x9100: /* QinQ before 802.1ad */
        return PROTOCOL_VLAN;
    case 0x88a8:
        return PROTOCOL_IEEE8021AD;
    case 0x6558: /* transparent Ethernet bridging, RFC 1701 */
        return PROTOCOL_ETHERNET;
    case 0x8870: /* LLC of more than 1500 bytes, draft-ietf-isis-ext-eth */
        return PROTOCOL_LLC;
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
    case IP_PROTOCOL_ICMP:
        return PROTOCOL_ICMP;
    case IP_PROTOCOL_IPV4:
        return PROTOCOL_IPV4;
    case IP_PROTOCOL_TCP:
        return PROTOCOL_TCP;
    case IP_PROTOCOL_UDP:
        return PROTOCOL_UDP;
    case IP_PROTOCOL_IPV6:
        return PROTOCOL_IPV6;
    case IP_PROTOCOL_GRE:
        return PROTOCOL_GRE;
    case IP_PROTOCOL_ICMPV6:
        return PROTOCOL_ICMPV6;
    case IP_PROTOCOL_ETHERNET:
        return PROTOCOL_ETHERNET;
    default:
        return foreign_ip_protocol(number) ? PROTOCOL_NONE : PROTOCOL_DATA;
    }
}

/* Ports as Wireshark 4.0 gives them to the protocols that are known here. */
static inline enum protocol_id dispatch_udp_port(uint16_t port)
{
    switch (port) {
    case 53:
        return PROTOCOL_DNS;
    case 67:
    case 68:
    case 4011:
        return PROTOCOL_DHCP;
    case 123:
        return PROTOCOL_NTP;
    case 4754: /* RFC 8086 */
        return PROTOCOL_GRE;
    case UDP_PORT_VXLAN:
        return PROTOCOL_VXLAN;
    case 5353:
        return PROTOCOL_MDNS;
    case 5355: /* RFC 4795 section 2 */
        return PROTOCOL_LLMNR;
    case 5683:
        return PROTOCOL_COAP;
    case 853:
    case 2221:
    case 5684: /* coaps, RFC 7252 section 12.7 */
    case 5868:
        return PROTOCOL_DTLS;
    case 6081: /* RFC 8926 */
        return PROTOCOL_GENEVE;
    case 37008:
        return PROTOCOL_TZSP;
    default:
        return PROTOCOL_NONE;
    }
}

static inline enum protocol_id dispatch_tcp_port(uint16_t port)
{
    switch (port) {
    case 53:
    case 5353:
        return PROTOCOL_DNS;
    case 80:
    case 631:
    case 1900:
    case 2710:
    case 2869:
    case 3128:
    case 3132:
    case 3689:
    case 5985:
    case 8080:
    case 8088:
    case 11371:
        return PROTOCOL_HTTP;
    case 123:
        return PROTOCOL_NTP;
    case 1883:
        return PROTOCOL_MQTT;
    case 5683:
        return PROTOCOL_COAP;
    case 324:
    case 443:
    case 465:
    case 636:
    case 802:
    case 853:
    case 993:
    case 995:
    case 1300:
    case 2221:
    case 2443:
    case 3249:
    case 3250:
    case 3251:
    case 3252:
    case 3496:
    case 5061:
    case 5671:
    case 5684:
    case 5868:
    case 8883:
    case 11207:
    case 19999:
    case 27017:
        return PROTOCOL_TLS;
    default:
        return PROTOCOL_NONE;
    }
}

/* Masks of what these registries can name, for may_carry. */
#define DISPATCH_ETHERTYPE_MASK                                                                     \
    (PROTOCOL_BIT(PROTOCOL_VLAN) | PROTOCOL_BIT(PROTOCOL_IEEE8021AD) | PROTOCOL_BIT(PROTOCOL_ARP) | \
     PROTOCOL_BIT(PROTOCOL_IPV4) | PROTOCOL_BIT(PROTOCOL_IPV6) | PROTOCOL_BIT(PROTOCOL_ETHERNET) |  \
     PROTOCOL_BIT(PROTOCOL_LLC) | PROTOCOL_BIT(PROTOCOL_DATA))
#define DISPATCH_IP_MASK                                                                         \
    (PROTOCOL_BIT(PROTOCOL_ICMP) | PROTOCOL_BIT(PROTOCOL_ICMPV6) | PROTOCOL_BIT(PROTOCOL_IPV4) | \
     PROTOCOL_BIT(PROTOCOL_IPV6) | PROTOCOL_BIT(PROTOCOL_TCP) | PROTOCOL_BIT(PROTOCOL_UDP) |     \
     PROTOCOL_BIT(PROTOCOL_GRE) | PROTOCOL_BIT(PROTOCOL_ETHERNET) | PROTOCOL_BIT(PROTOCOL_DATA))
/* What -d may put behind a UDP port that carries whole frames or packets. (Not behind TCP: nobody who asks
 * for frames should pay for streams.) */
#define DISPATCH_WRAPPING_MASK                                                                    \
    (PROTOCOL_BIT(PROTOCOL_ETHERNET) | PROTOCOL_BIT(PROTOCOL_LLC) | PROTOCOL_BIT(PROTOCOL_IPV4) | \
     PROTOCOL_BIT(PROTOCOL_IPV6) | PROTOCOL_BIT(PROTOCOL_GRE) | PROTOCOL_BIT(PROTOCOL_VXLAN) |    \
     PROTOCOL_BIT(PROTOCOL_GENEVE) | PROTOCOL_BIT(PROTOCOL_TZSP))
#define DISPATCH_UDP_MASK                                                                        \
    (PROTOCOL_BIT(PROTOCOL_DNS) | PROTOCOL_BIT(PROTOCOL_DHCP) | PROTOCOL_BIT(PROTOCOL_NTP) |     \
     PROTOCOL_BIT(PROTOCOL_GRE) | PROTOCOL_BIT(PROTOCOL_VXLAN) | PROTOCOL_BIT(PROTOCOL_MDNS) |   \
     PROTOCOL_BIT(PROTOCOL_COAP) | PROTOCOL_BIT(PROTOCOL_DTLS) | PROTOCOL_BIT(PROTOCOL_GENEVE) | \
     PROTOCOL_BIT(PROTOCOL_TZSP) | PROTOCOL_BIT(PROTOCOL_QUIC) | PROTOCOL_BIT(PROTOCOL_JSON) |   \
     PROTOCOL_BIT(PROTOCOL_LLMNR) | PROTOCOL_BIT(PROTOCOL_DATA) | DISPATCH_WRAPPING_MASK)
#define DISPATCH_TCP_MASK                                                                     \
    (PROTOCOL_BIT(PROTOCOL_DNS) | PROTOCOL_BIT(PROTOCOL_HTTP) | PROTOCOL_BIT(PROTOCOL_NTP) |  \
     PROTOCOL_BIT(PROTOCOL_MQTT) | PROTOCOL_BIT(PROTOCOL_COAP) | PROTOCOL_BIT(PROTOCOL_TLS) | \
     PROTOCOL_BIT(PROTOCOL_DATA))
/* What -d may put behind a port besides, of either. */
#define DISPATCH_DECODED_MASK                                                                      \
    (PROTOCOL_BIT(PROTOCOL_DNS) | PROTOCOL_BIT(PROTOCOL_MDNS) | PROTOCOL_BIT(PROTOCOL_LLMNR) |     \
     PROTOCOL_BIT(PROTOCOL_DHCP) | PROTOCOL_BIT(PROTOCOL_NTP) | PROTOCOL_BIT(PROTOCOL_COAP) |      \
     PROTOCOL_BIT(PROTOCOL_MQTT) | PROTOCOL_BIT(PROTOCOL_MQTTSN) | PROTOCOL_BIT(PROTOCOL_HTTP) |   \
     PROTOCOL_BIT(PROTOCOL_TLS) | PROTOCOL_BIT(PROTOCOL_DTLS) | PROTOCOL_BIT(PROTOCOL_QUIC) |      \
     PROTOCOL_BIT(PROTOCOL_JSON) | PROTOCOL_BIT(PROTOCOL_CBOR) | PROTOCOL_BIT(PROTOCOL_LWM2MTLV) | \
     PROTOCOL_BIT(PROTOCOL_TEXT_LINES) | PROTOCOL_BIT(PROTOCOL_DATA))
