/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dispatch - who comes next: the numbers by which one protocol names another, each registry in one table.
 */
#pragma once

#include "protocol/protocol.h"

enum { /* IP protocol numbers (IANA) that the code itself acts on */
       IP_PROTOCOL_ICMP = 1,
       IP_PROTOCOL_IPV4 = 4,
       IP_PROTOCOL_TCP = 6,
       IP_PROTOCOL_UDP = 17,
       IP_PROTOCOL_IPV6 = 41,
       IP_PROTOCOL_AH = 51,
       IP_PROTOCOL_ICMPV6 = 58,
};

enum { /* IEEE 802.3 section 3.2.6: up to here the field is a length, from there on a type */
       IEEE8023_LEN_MAX = 1500,
       ETHERTYPE_LEAST = 0x0600,
};

/* PROTOCOL_DATA for numbers that nobody here understands. */
enum protocol_id dispatch_linktype(uint16_t linktype);
enum protocol_id dispatch_ethertype(uint16_t ethertype);
enum protocol_id dispatch_ip_protocol(uint8_t number);
enum protocol_id dispatch_udp_port(uint16_t port);

/* What lies behind a length: LLC, but for IPX, which once came without. */
enum protocol_id dispatch_ieee8023(const struct reader *r);

/* Masks of what these registries can name, for may_carry. */
#define DISPATCH_ETHERTYPE_MASK                                                                     \
    (PROTOCOL_BIT(PROTOCOL_VLAN) | PROTOCOL_BIT(PROTOCOL_IEEE8021AD) | PROTOCOL_BIT(PROTOCOL_ARP) | \
     PROTOCOL_BIT(PROTOCOL_IPV4) | PROTOCOL_BIT(PROTOCOL_IPV6) | PROTOCOL_BIT(PROTOCOL_DATA))
#define DISPATCH_IP_MASK                                                                         \
    (PROTOCOL_BIT(PROTOCOL_ICMP) | PROTOCOL_BIT(PROTOCOL_ICMPV6) | PROTOCOL_BIT(PROTOCOL_IPV4) | \
     PROTOCOL_BIT(PROTOCOL_IPV6) | PROTOCOL_BIT(PROTOCOL_TCP) | PROTOCOL_BIT(PROTOCOL_UDP) |     \
     PROTOCOL_BIT(PROTOCOL_DATA))
