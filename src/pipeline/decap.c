/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/decap.h"

#include <stdlib.h>

#include "packet/mirror_interfaces.h"
#include "protocol/dissection.h"
#include "protocol/shape.h"
#include "protocol/state.h"
#include "source/vxlan_datagram.h"

struct decap {
    struct mirror_interfaces *mirrors;
    struct interface_table *interfaces;
    struct dissect_state *state; /* large inner frames come in outer fragments */
    struct demand demand;
    struct shape shapes[SHAPES];
    struct dissection dissection;
};

struct decap *decap_new(struct interface_table *interfaces, uint64_t hash_seed, struct error *error)
{
    static const struct interface pattern = { .linktype = LINKTYPE_ETHERNET,
                                              .description = "decapsulated",
                                              .tsresol = 9 };
    struct decap *decap = calloc(1, sizeof *decap);

    if (decap == NULL || (decap->state = dissect_state_new(hash_seed)) == NULL) {
        error_system(error, "decapsulation");
        decap_free(decap);
        return NULL;
    }
    decap->interfaces = interfaces;
    shapes_make(decap->shapes);
    decap->mirrors = mirror_interfaces_new(&pattern, hash_seed, error);
    if (decap->mirrors == NULL) {
        decap_free(decap);
        return NULL;
    }
    demand_init(&decap->demand);
    demand_add_protocol(&decap->demand, PROTOCOL_IPV4);
    demand_add_protocol(&decap->demand, PROTOCOL_IPV6);
    demand_add_protocol(&decap->demand, PROTOCOL_UDP);
    demand_add_protocol(&decap->demand, PROTOCOL_VXLAN);
    demand_settle(&decap->demand);
    /* The way to a VXLAN layer, and not through it to another one inside. */
    decap->demand.passable &= ~(PROTOCOL_BIT(PROTOCOL_ICMP) | PROTOCOL_BIT(PROTOCOL_ICMPV6));
    dissection_init(&decap->dissection, &decap->demand, decap->state, NULL);
    decap->dissection.stop_at = PROTOCOL_BIT(PROTOCOL_VXLAN);
    return decap;
}

void decap_free(struct decap *decap)
{
    if (decap == NULL)
        return;
    mirror_interfaces_free(decap->mirrors);
    dissect_state_free(decap->state);
    free(decap);
}

/* What is around a mirrored frame. */
struct wrapping {
    struct ip_address sender;
    struct bytes vxlan; /* its header and the frame, as far as captured */
    uint32_t wire_len;  /* of both */
};

static struct ip_address sender_of(enum protocol_id ip, const uint8_t *header)
{
    return ip == PROTOCOL_IPV4 ? ip_address_of(bytes_of(header + 12, 4))
                               : ip_address_of(bytes_of(header + 8, 16));
}

/* Nearly all mirrored frames are wrapped in the same three headers, each at its place. */
static bool see_at_glance(const struct decap *decap, const struct packet *packet, struct wrapping *around)
{
    const struct packet_glance glance = { packet->data, packet->caplen, packet->len };
    const struct shape *shape = NULL;

    if (packet->linktype == LINKTYPE_ETHERNET)
        shape = shape_of(decap->shapes, &glance);
    if (shape == NULL || !shape_tunnel(shape, &glance, &around->vxlan, &around->wire_len))
        return false;
    around->sender =
        sender_of((enum protocol_id)shape->layers[1].protocol, packet->data + shape->layers[1].at);
    return true;
}

/* The rest is dissected: tags, options, fragments, other link types. IP, UDP and VXLAN are the last layers.
 */
static bool see_by_layers(struct decap *decap, const struct packet *packet, struct wrapping *around)
{
    struct dissection *d = &decap->dissection;
    const struct layer *vxlan, *ip;

    dissect(d, packet);
    if (!(d->present & PROTOCOL_BIT(PROTOCOL_VXLAN)) || d->n_layers < 3)
        return false;
    vxlan = &d->layers[d->n_layers - 1];
    ip = &d->layers[d->n_layers - 3];
    around->vxlan = bytes_of(vxlan->data, vxlan->header_len + vxlan->payload_caplen);
    around->wire_len = vxlan->header_len + vxlan->payload_len;
    around->sender = sender_of((enum protocol_id)ip->protocol, ip->data);
    return true;
}

enum decap_result decap_packet(struct decap *decap, struct packet *packet, struct error *error)
{
    struct wrapping around;
    struct bytes frame;
    uint32_t vni, len, wire_len, interface;

    if (!see_at_glance(decap, packet, &around) && !see_by_layers(decap, packet, &around))
        return DECAP_PLAIN;
    if (!vxlan_datagram_parse(around.vxlan, &vni, &frame))
        return DECAP_PLAIN;
    interface = mirror_interfaces_get(decap->mirrors, decap->interfaces, &around.sender, vni, error);
    if (interface == UINT32_MAX)
        return DECAP_FAULT;
    wire_len = around.wire_len - (uint32_t)(around.vxlan.len - frame.len);
    len = ethernet_frame_len(frame);
    if (len < wire_len)
        len = wire_len;
    packet->data = frame.data;
    packet->caplen = (uint32_t)frame.len;
    packet->len = len;
    packet->linktype = LINKTYPE_ETHERNET;
    packet->interface = interface;
    return len > wire_len ? DECAP_INNER_CUT : DECAP_INNER;
}
