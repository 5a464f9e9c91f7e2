/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/decap.h"

#include <stdlib.h>

#include "packet/mirror_interfaces.h"
#include "protocol/dissection.h"
#include "protocol/state.h"
#include "source/vxlan_datagram.h"

struct decap {
    struct mirror_interfaces *mirrors;
    struct interface_table *interfaces;
    struct dissect_state *state; /* large inner frames come in outer fragments */
    struct demand demand;
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

/* The source address of the IP layer around the VXLAN layer, two layers down (IP, UDP, VXLAN). */
static struct ip_address sender_of(const struct dissection *d)
{
    const struct layer *ip = &d->layers[d->n_layers - 3];

    if (ip->protocol == PROTOCOL_IPV4)
        return ip_address_of(bytes_of(ip->data + 12, 4));
    return ip_address_of(bytes_of(ip->data + 8, 16));
}

enum decap_result decap_packet(struct decap *decap, struct packet *packet, struct error *error)
{
    struct dissection *d = &decap->dissection;
    const struct layer *vxlan;
    struct ip_address sender;
    struct bytes frame;
    uint32_t vni, len, interface;

    dissect(d, packet);
    if (!(d->present & PROTOCOL_BIT(PROTOCOL_VXLAN)) || d->n_layers < 3)
        return DECAP_PLAIN;
    vxlan = &d->layers[d->n_layers - 1];
    if (!vxlan_datagram_parse(bytes_of(vxlan->data, vxlan->header_len + vxlan->payload_caplen), &vni, &frame))
        return DECAP_PLAIN;
    sender = sender_of(d);
    interface = mirror_interfaces_get(decap->mirrors, decap->interfaces, &sender, vni, error);
    if (interface == UINT32_MAX)
        return DECAP_FAULT;
    len = ethernet_frame_len(frame);
    if (len < vxlan->payload_len)
        len = vxlan->payload_len;
    packet->data = frame.data;
    packet->caplen = (uint32_t)frame.len;
    packet->len = len;
    packet->linktype = LINKTYPE_ETHERNET;
    packet->interface = interface;
    return len > vxlan->payload_len ? DECAP_INNER_CUT : DECAP_INNER;
}
