/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/shape.h"

#include <assert.h>

#include "protocol/flow.h"

enum {
    ETHERNET_BYTES = 14,
    IPV4_BYTES = 20,
    IPV6_BYTES = 40,
    UDP_BYTES = 8,
    VXLAN_BYTES = 8,
};

static uint32_t add_layer(struct shape *shape, enum protocol_id protocol, uint32_t header_bytes)
{
    uint32_t at = shape->header_bytes;

    assert(shape->n_layers < SHAPE_LAYERS);
    shape->layers[shape->n_layers++] =
        (struct shape_layer) { (uint8_t)protocol, (uint8_t)at, (uint8_t)header_bytes };
    shape->present |= PROTOCOL_BIT(protocol);
    shape->header_bytes += header_bytes;
    return at;
}

static void add_length(struct shape *shape, uint32_t *n_lengths, uint32_t at, uint32_t from)
{
    assert(*n_lengths < SHAPE_LENGTHS);
    for (uint32_t i = (*n_lengths)++; i < SHAPE_LENGTHS; i++) {
        shape->length_at[i] = (uint8_t)at;
        shape->length_from[i] = (uint8_t)from;
    }
}

static void add_ip(struct shape *shape, uint32_t *n_lengths, bool is_ipv6)
{
    uint32_t at;

    add_layer(shape, PROTOCOL_ETHERNET, ETHERNET_BYTES);
    if (is_ipv6) {
        at = add_layer(shape, PROTOCOL_IPV6, IPV6_BYTES);
        add_length(shape, n_lengths, at + 4, at + IPV6_BYTES);
    } else {
        at = add_layer(shape, PROTOCOL_IPV4, IPV4_BYTES);
        add_length(shape, n_lengths, at + 2, at);
    }
}

static void add_udp(struct shape *shape, uint32_t *n_lengths)
{
    uint32_t at = add_layer(shape, PROTOCOL_UDP, UDP_BYTES);

    add_length(shape, n_lengths, at + 4, at);
}

static void make(struct shape *shape, bool is_tunnel, bool is_ipv6, bool is_inner_ipv6, bool is_udp)
{
    uint32_t n_lengths = 0;

    *shape = (struct shape) { .present = PROTOCOL_BIT(PROTOCOL_FRAME) };
    if (is_tunnel) {
        add_ip(shape, &n_lengths, is_ipv6);
        add_udp(shape, &n_lengths);
        add_layer(shape, PROTOCOL_VXLAN, VXLAN_BYTES);
        is_ipv6 = is_inner_ipv6;
    }
    add_ip(shape, &n_lengths, is_ipv6);
    if (is_udp)
        add_udp(shape, &n_lengths);
    shape->innermost_udp = is_udp ? UDP_BYTES : 0;
    shape->innermost_ip = shape->innermost_udp + (is_ipv6 ? 0 : IPV4_BYTES);
    if (shape->innermost_ip == 0) /* in IPv6 zero stands for something else */
        shape->innermost_ip = 1;
}

void shapes_make(struct shape shapes[SHAPES])
{
    unsigned n = 0;

    for (unsigned is_plain = 0; is_plain < 2; is_plain++)
        for (unsigned is_ipv6 = 0; is_ipv6 < 2; is_ipv6++)
            for (unsigned is_inner_ipv6 = 0; is_inner_ipv6 < (is_plain ? 1 : 2); is_inner_ipv6++)
                for (unsigned is_tcp = 0; is_tcp < 2; is_tcp++)
                    make(&shapes[n++], !is_plain, is_ipv6, is_inner_ipv6, !is_tcp);
    assert(n == SHAPES);
}

bool shape_flow(const struct shape *shape, const struct packet_glance *glance, struct flow_key *key)
{
    enum { PORTS_BYTES = 4 };
    const uint8_t *frame = glance->data;
    const bool is_tcp = shape->innermost_udp == 0;
    const struct shape_layer *ip = &shape->layers[shape->n_layers - (is_tcp ? 1 : 2)];
    const uint8_t *ports = frame + ip->at + ip->header_bytes;
    const uint8_t protocol = is_tcp ? IP_PROTOCOL_TCP : IP_PROTOCOL_UDP;

    if (is_tcp && glance->caplen - shape->header_bytes < PORTS_BYTES)
        return false;
    if (ip->protocol == PROTOCOL_IPV4) {
        flow_key_make_ipv4(key, frame + ip->at + 12, (uint16_t)shape_u16(ports),
                           (uint16_t)shape_u16(ports + 2), protocol);
    } else {
        struct ip_address source = ip_address_of(bytes_of(frame + ip->at + 8, 16));
        struct ip_address destination = ip_address_of(bytes_of(frame + ip->at + 24, 16));

        flow_key_make(key, &source, (uint16_t)shape_u16(ports), &destination, (uint16_t)shape_u16(ports + 2),
                      protocol);
    }
    return true;
}
