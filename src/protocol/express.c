/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/express.h"

#include "protocol/dispatch.h"
#include "protocol/udp.h"

enum {
    ETHERNET_BYTES = 14,
    IPV4_BYTES = 20,
    IPV4_PLAIN = 0x45,      /* version 4, no options */
    IPV4_FRAGMENT = 0x3fff, /* more fragments, or an offset */
    IPV6_BYTES = 40,
    UDP_BYTES = 8,
    VXLAN_BYTES = 8,
    ROUND = 4, /* layers from one Ethernet header to the next */
};

/* Where the walk is: kept in registers, for nobody takes its address but udp_next of what it must see. */
struct walk {
    const uint8_t *at, *end;
    uint32_t wire; /* bytes left on the wire at `at` */
};

static inline uint32_t u16(const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

static inline bool has(const struct walk *walk, size_t n)
{
    return (size_t)(walk->end - walk->at) >= n;
}

/* Moves behind a header of a layer that does not say how much it carries: all there is. */
static inline void pass_all(struct walk *walk, uint32_t header_bytes)
{
    walk->at += header_bytes;
    walk->wire -= header_bytes;
}

/* Moves behind a header; of what follows no more than wire bytes belong to it. */
static inline void pass(struct walk *walk, uint32_t header_bytes, uint32_t wire)
{
    walk->at += header_bytes;
    walk->wire = wire;
    if ((size_t)(walk->end - walk->at) > wire)
        walk->end = walk->at + wire;
}

/* The layer whose header began at start and was just passed; the next one's place. */
static inline struct layer *keep(struct layer *layer, enum protocol_id protocol, const uint8_t *start,
                                 uint32_t header_bytes, const struct walk *walk, uint8_t carries)
{
    layer->data = start;
    layer->header_len = header_bytes;
    layer->payload_caplen = (uint32_t)(walk->end - walk->at);
    layer->payload_len = walk->wire;
    layer->protocol = (uint8_t)protocol;
    layer->result = DISSECT_OK;
    layer->fragment = FRAGMENT_NO;
    layer->source = 0;
    layer->carries = carries;
    return layer + 1;
}

/* One label a header. Each leaves by `out` with everything as it was before that header, or goes on to the
 * next. */
void express_walk(struct dissection *d, struct reader *r)
{
    const uint64_t passable = d->demand->passable & d->demand->express, kept = d->demand->kept;
    const struct layer *const last = &d->layers[LAYER_LIMIT - ROUND]; /* deeper is for the others to refuse */
    struct walk walk = { r->at, r->end, d->left_wire };
    enum protocol_id next = (enum protocol_id)d->next;
    struct layer *layer = &d->layers[d->n_layers];
    const uint64_t stop_at = d->stop_at;
    uint64_t present = d->present;
    const uint8_t *start;
    uint32_t length;
    struct reader payload;

#define IS_PASSABLE(protocol) (passable & PROTOCOL_BIT(protocol))
#define IS_KEPT(protocol) (kept & PROTOCOL_BIT(protocol))

    switch (next) {
    case PROTOCOL_ETHERNET:
        goto ethernet;
    case PROTOCOL_IPV4:
        goto ipv4;
    case PROTOCOL_IPV6:
        goto ipv6;
    default:
        return;
    }

ethernet:
    next = PROTOCOL_ETHERNET;
    if (!IS_PASSABLE(PROTOCOL_ETHERNET) || !has(&walk, ETHERNET_BYTES) || layer > last)
        goto out;
    start = walk.at;
    length = u16(start + 12);
    if (length < ETHERTYPE_LEAST)
        goto out;
    present |= PROTOCOL_BIT(PROTOCOL_ETHERNET);
    pass_all(&walk, ETHERNET_BYTES);
    if (IS_KEPT(PROTOCOL_ETHERNET))
        layer = keep(layer, PROTOCOL_ETHERNET, start, ETHERNET_BYTES, &walk, 0);
    if (length == 0x0800)
        goto ipv4;
    if (length == 0x86dd)
        goto ipv6;
    next = dispatch_ethertype((uint16_t)length);
    goto out;

ipv4:
    next = PROTOCOL_IPV4;
    if (!IS_PASSABLE(PROTOCOL_IPV4) || !has(&walk, IPV4_BYTES))
        goto out;
    start = walk.at;
    length = u16(start + 2);
    if (start[0] != IPV4_PLAIN || u16(start + 6) & IPV4_FRAGMENT || length < IPV4_BYTES ||
        (start[9] != IP_PROTOCOL_UDP && start[9] != IP_PROTOCOL_TCP && start[9] != IP_PROTOCOL_ICMP))
        goto out;
    present |= PROTOCOL_BIT(PROTOCOL_IPV4);
    pass(&walk, IPV4_BYTES, (length < walk.wire ? length : walk.wire) - IPV4_BYTES);
    if (IS_KEPT(PROTOCOL_IPV4))
        layer = keep(layer, PROTOCOL_IPV4, start, IPV4_BYTES, &walk, start[9]);
    if (start[9] == IP_PROTOCOL_UDP)
        goto udp;
    next = dispatch_ip_protocol(start[9]);
    goto out;

ipv6:
    next = PROTOCOL_IPV6;
    if (!IS_PASSABLE(PROTOCOL_IPV6) || !has(&walk, IPV6_BYTES))
        goto out;
    start = walk.at;
    length = u16(start + 4);
    if (start[0] >> 4 != 6 || length == 0 ||
        (start[6] != IP_PROTOCOL_UDP && start[6] != IP_PROTOCOL_TCP && start[6] != IP_PROTOCOL_ICMPV6))
        goto out;
    present |= PROTOCOL_BIT(PROTOCOL_IPV6);
    pass(&walk, IPV6_BYTES, length < walk.wire - IPV6_BYTES ? length : walk.wire - IPV6_BYTES);
    if (IS_KEPT(PROTOCOL_IPV6))
        layer = keep(layer, PROTOCOL_IPV6, start, IPV6_BYTES, &walk, start[6]);
    if (start[6] == IP_PROTOCOL_UDP)
        goto udp;
    next = dispatch_ip_protocol(start[6]);
    goto out;

udp:
    next = PROTOCOL_UDP;
    if (!IS_PASSABLE(PROTOCOL_UDP) || !has(&walk, UDP_BYTES))
        goto out;
    start = walk.at;
    length = u16(start + 4);
    if (length < UDP_BYTES)
        goto out;
    present |= PROTOCOL_BIT(PROTOCOL_UDP);
    pass(&walk, UDP_BYTES, (length < walk.wire ? length : walk.wire) - UDP_BYTES);
    if (IS_KEPT(PROTOCOL_UDP))
        layer = keep(layer, PROTOCOL_UDP, start, UDP_BYTES, &walk, 0);
    payload = (struct reader) { walk.at, walk.end };
    next = udp_next(d, (uint16_t)u16(start), (uint16_t)u16(start + 2), &payload, walk.wire);
    if (next != PROTOCOL_VXLAN)
        goto out;

    if (!IS_PASSABLE(PROTOCOL_VXLAN) || !has(&walk, VXLAN_BYTES))
        goto out;
    start = walk.at;
    present |= PROTOCOL_BIT(PROTOCOL_VXLAN);
    pass_all(&walk, VXLAN_BYTES);
    if (IS_KEPT(PROTOCOL_VXLAN))
        layer = keep(layer, PROTOCOL_VXLAN, start, VXLAN_BYTES, &walk, 0);
    next = PROTOCOL_ETHERNET;
    if (present & stop_at)
        goto out;
    goto ethernet;

out:
    d->n_layers = (uint32_t)(layer - d->layers);
    d->present = present;
    d->next = (uint8_t)next;
    d->left_wire = walk.wire;
    *r = (struct reader) { walk.at, walk.end };
}
