/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shape - the common rows of headers, each known at one glance: Ethernet, IPv4 or IPv6, UDP or TCP, and the
 * same once more behind VXLAN. In a packet of such a shape every header lies at a place that is known
 * beforehand; so what is asked of it is a load and a comparison, without a walk.
 *
 * A packet has a shape when it is dissected into exactly the shape's layers, then TCP, or what udp_next says
 * (unless a decode rule gives VXLAN's port, or the one beside it, to another protocol): sieve_test.c holds it
 * against dissect(). Whatever differs (a tag, options, a fragment, a length that does not hold what follows,
 * a byte not captured) has none, and is left to dissect().
 *
 * Words under masks, and differences that are summed up: packets of different kinds follow each other in no
 * order, so that each branch on what is inside would be guessed wrong. That the outermost headers are of one
 * kind is what the branches bet on. (Masks and places of each shape in a table were half as fast.)
 */
#pragma once

#include "packet/packet_sieve.h"
#include "protocol/dispatch.h"

enum { SHAPE_LAYERS = 7, SHAPE_LENGTHS = 4, SHAPES = 12 };

struct shape_layer {
    uint8_t protocol; /* enum protocol_id */
    uint8_t at;       /* of its header */
    uint8_t header_bytes;
};

struct shape {
    uint32_t header_bytes;  /* of all layers: so many are captured */
    uint32_t innermost_ip;  /* the least an IP header may say about its length when these headers lie in it */
    uint32_t innermost_udp; /* the same of a UDP header; 0: TCP follows, which is not among the layers */
    uint32_t n_layers;
    struct shape_layer layers[SHAPE_LAYERS];
    uint64_t present;                 /* mask of the layers' protocols, and the frame */
    uint8_t length_at[SHAPE_LENGTHS]; /* header fields that say how far something reaches: where they lie, */
    uint8_t length_from[SHAPE_LENGTHS]; /* and from where they count; those too many repeat the last */
};

/* All SHAPES: behind VXLAN first, by outer and inner version of IP and by TCP; then the plain ones. */
void shapes_make(struct shape shapes[SHAPES]);

static inline uint32_t shape_u16(const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

static inline uint64_t shape_word(const uint8_t *at)
{
    uint64_t word;

    memcpy(&word, at, sizeof word);
    return __builtin_bswap64(word);
}

/* Zero when the 16 bytes from an EtherType on begin IPv4 without options and fragments, or IPv6. */
static inline uint64_t shape_differs(const uint8_t *ethertype, uint32_t is_ipv6)
{
    static const uint64_t first_mask[] = { 0xffffff0000000000, 0xfffff00000000000 };
    static const uint64_t first[] = { 0x0800450000000000, 0x86dd600000000000 };
    static const uint64_t second_mask[] = { 0x3fff000000000000, 0 };

    return ((shape_word(ethertype) & first_mask[is_ipv6]) ^ first[is_ipv6]) |
           (shape_word(ethertype + 8) & second_mask[is_ipv6]);
}

/* What the IP header behind an EtherType carries, and says about its length. */
static inline uint8_t shape_carries(const uint8_t *ethertype, uint32_t is_ipv6)
{
    return ethertype[11 - 3 * is_ipv6];
}

static inline uint32_t shape_ip_length(const uint8_t *ethertype, uint32_t is_ipv6)
{
    return shape_u16(ethertype + 4 + 2 * is_ipv6);
}

/* Inlined once for each version of the outermost IP header. */
__attribute__((always_inline)) static inline const struct shape *
shape_behind(const struct shape shapes[SHAPES], const struct packet_glance *glance, const uint32_t is_ipv6)
{
    enum { ETHERTYPE_AT = 12, UDP_BYTES = 8, TO_ETHERTYPE = 16 + 12 /* UDP, VXLAN, addresses */, NEED = 24 };
    const uint32_t udp_at = ETHERTYPE_AT + 22 + 20 * is_ipv6;
    const uint8_t *data = glance->data, *ethertype = data + ETHERTYPE_AT, *udp = data + udp_at;
    const struct shape *shape;
    uint32_t is_short;
    uint64_t differs;
    uint8_t carries;

    if (glance->caplen < udp_at + UDP_BYTES || shape_differs(ethertype, is_ipv6))
        return NULL;
    carries = shape_carries(ethertype, is_ipv6);
    if (carries == IP_PROTOCOL_UDP && shape_u16(udp + 2) == UDP_PORT_VXLAN) {
        const uint8_t *inner = udp + TO_ETHERTYPE;
        uint32_t is_inner_ipv6;

        if (glance->caplen < udp_at + TO_ETHERTYPE + NEED)
            return NULL;
        is_inner_ipv6 = inner[0] >> 7; /* 0x86dd or 0x0800 */
        carries = shape_carries(inner, is_inner_ipv6);
        shape = &shapes[4 * is_ipv6 + 2 * is_inner_ipv6 + (carries == IP_PROTOCOL_TCP)];
        if (glance->caplen < shape->header_bytes)
            return NULL;
        differs = shape_differs(inner, is_inner_ipv6);
        /* Signs of differences. A smaller source port would be asked first: udp_next. */
        is_short = (shape_ip_length(ethertype, is_ipv6) - (shape->header_bytes - 14 - 40 * is_ipv6)) |
                   (shape_u16(udp + 4) - (shape->header_bytes - udp_at)) | (shape_u16(udp) - UDP_PORT_VXLAN) |
                   (shape_ip_length(inner, is_inner_ipv6) - shape->innermost_ip);
    } else {
        shape = &shapes[8 + 2 * is_ipv6 + (carries == IP_PROTOCOL_TCP)];
        differs = 0;
        is_short = shape_ip_length(ethertype, is_ipv6) - shape->innermost_ip;
    }
    differs |= (uint64_t)(carries != IP_PROTOCOL_TCP) & (carries != IP_PROTOCOL_UDP);
    is_short |= shape_u16(data + shape->header_bytes - 4) - shape->innermost_udp;
    return differs | is_short >> 31 ? NULL : shape;
}

/* The shape of an Ethernet frame; NULL when it has none. */
static inline const struct shape *shape_of(const struct shape shapes[SHAPES],
                                           const struct packet_glance *glance)
{
    if (glance->caplen < 34)
        return NULL;
    return __builtin_expect(glance->data[12] >> 7, 0) ? shape_behind(shapes, glance, 1)
                                                      : shape_behind(shapes, glance, 0);
}

/*
 * Of a frame of this shape that carries another one: the VXLAN header and what follows it, as far as it was
 * captured, and how many bytes that was on the wire. False: it carries none.
 */
static inline bool shape_tunnel(const struct shape *shape, const struct packet_glance *glance,
                                struct bytes *vxlan, uint32_t *wire_len)
{
    enum { VXLAN_LAYER = 3, OUTER_LENGTHS = 2 }; /* behind Ethernet, IP and UDP; the last two say a length */
    uint32_t at = shape->layers[VXLAN_LAYER].at, end = glance->len;

    if (shape->n_layers <= VXLAN_LAYER || shape->layers[VXLAN_LAYER].protocol != PROTOCOL_VXLAN)
        return false;
    for (uint32_t i = 0; i < OUTER_LENGTHS; i++) {
        uint32_t reach = shape->length_from[i] + shape_u16(glance->data + shape->length_at[i]);

        end = reach < end ? reach : end;
    }
    *wire_len = end - at;
    *vxlan = bytes_of(glance->data + at, (end < glance->caplen ? end : glance->caplen) - at);
    return true;
}

/*
 * The innermost conversation of a frame of this shape, as dissection_flow has it unless UDP carries VXLAN
 * once more. False: TCP's ports were not captured.
 */
struct flow_key;
bool shape_flow(const struct shape *shape, const struct packet_glance *glance, struct flow_key *key);

/* What follows the headers of a frame of this shape: captured bytes, and how many it was on the wire. */
static inline void shape_payload(const struct shape *shape, const struct packet_glance *glance,
                                 struct reader *payload, uint32_t *wire_len)
{
    uint32_t end = glance->len;

#pragma GCC unroll 4
    for (uint32_t i = 0; i < SHAPE_LENGTHS; i++) {
        uint32_t reach = shape->length_from[i] + shape_u16(glance->data + shape->length_at[i]);

        end = reach < end ? reach : end;
    }
    *wire_len = end - shape->header_bytes;
    payload->at = glance->data + shape->header_bytes;
    payload->end = glance->data + (end < glance->caplen ? end : glance->caplen);
}
