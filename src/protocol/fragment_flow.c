/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/fragment_flow.h"

#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "protocol/dispatch.h"

enum {
    DATAGRAMS = 1 << 12, /* remembered at once; each hash has one place, the newer one takes it */
};

#define DATAGRAM_AGE_NS (INT64_C(30) * 1000000000) /* as state.c keeps fragments */

struct datagram_id {
    struct ip_address source, destination;
    uint8_t protocol;
    uint8_t zero; /* no hidden padding: hashed and compared whole */
    uint32_t id;
};

static_assert(sizeof(struct datagram_id) == 40, "hashed and compared whole");

struct datagram {
    struct datagram_id id;
    struct flow_key flow;
    int64_t seen_ns;
    uint32_t early_place;
    bool is_forward;
    bool has_ports;
};

struct fragment_flows {
    uint64_t hash_seed;
    struct datagram datagrams[DATAGRAMS];
};

struct fragment_flows *fragment_flows_new(uint64_t hash_seed)
{
    struct fragment_flows *flows = calloc(1, sizeof *flows);

    if (flows)
        flows->hash_seed = hash_seed;
    return flows;
}

void fragment_flows_free(struct fragment_flows *flows)
{
    free(flows);
}

static struct datagram_id id_of(const struct layer *layer, const struct flow_key *key, bool is_forward)
{
    struct datagram_id id = {
        .source = is_forward ? key->low : key->high,
        .destination = is_forward ? key->high : key->low,
        .protocol = key->protocol,
    };

    if (layer->protocol == PROTOCOL_IPV4) { /* not layer->carries: that looks past what stands between */
        id.protocol = layer->data[9];
        id.id = (uint32_t)layer->data[4] << 8 | layer->data[5];
    } else { /* the fragment header is the last eight bytes of what was read as header: ipv6.c */
        id.protocol = layer->data[layer->header_len - 8];
        for (uint32_t i = layer->header_len - 4; i < layer->header_len; i++)
            id.id = id.id << 8 | layer->data[i];
    }
    return id;
}

/* The ports in a first fragment, which lie behind its IP header. */
static bool first_ports(const struct layer *layer, uint16_t *source, uint16_t *destination)
{
    struct reader r = reader_over(bytes_of(layer->data + layer->header_len, layer->payload_caplen));

    if (layer->carries != IP_PROTOCOL_UDP && layer->carries != IP_PROTOCOL_TCP)
        return false;
    return reader_u16(&r, source) && reader_u16(&r, destination);
}

enum fragment_flow_result fragment_flow(struct fragment_flows *flows, const struct dissection *d, uint32_t i,
                                        uint32_t place, struct fragment_flow *found)
{
    const struct layer *layer = &d->layers[i];
    struct datagram_id id;
    struct datagram *datagram;
    bool is_known;

    found->datagram = 0;
    if (!dissection_flow(d, i, &found->key, &found->is_forward))
        return FRAGMENT_FLOW_NONE;
    if (__builtin_expect(layer->fragment == FRAGMENT_NO, 1))
        return FRAGMENT_FLOW_WHOLE;

    id = id_of(layer, &found->key, found->is_forward);
    found->datagram = XXH3_64bits_withSeed(&id, sizeof id, flows->hash_seed) | 1;
    datagram = &flows->datagrams[found->datagram >> 1 & (DATAGRAMS - 1)];
    is_known =
        memcmp(&datagram->id, &id, sizeof id) == 0 && d->packet->ts_ns - datagram->seen_ns < DATAGRAM_AGE_NS;
    if (layer->fragment == FRAGMENT_LATER || layer->fragment == FRAGMENT_COMPLETES) {
        if (is_known && datagram->has_ports) {
            found->key = datagram->flow;
            found->is_forward = datagram->is_forward;
            return FRAGMENT_FLOW_WHOLE;
        }
        if (layer->fragment == FRAGMENT_LATER) {
            if (!is_known)
                *datagram = (struct datagram) { .id = id, .seen_ns = d->packet->ts_ns, .early_place = place };
            return FRAGMENT_FLOW_EARLY;
        }
    }
    if (layer->fragment == FRAGMENT_FIRST) {
        uint16_t source = 0, destination = 0;

        if (first_ports(layer, &source, &destination)) {
            struct ip_address from = found->is_forward ? found->key.low : found->key.high;
            struct ip_address to = found->is_forward ? found->key.high : found->key.low;

            found->is_forward =
                flow_key_make(&found->key, &from, source, &to, destination, found->key.protocol);
        }
    }
    is_known = is_known && !datagram->has_ports;
    found->early_place = is_known ? datagram->early_place : place;
    *datagram = (struct datagram) { id, found->key, d->packet->ts_ns, place, found->is_forward, true };
    return is_known ? FRAGMENT_FLOW_FIRST_AFTER_EARLY : FRAGMENT_FLOW_WHOLE;
}
