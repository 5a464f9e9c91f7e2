/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "device/tracker_private.h"
#include "protocol/dispatch.h"

enum {
    UDP_HEADER_BYTES = 8,
    TCP_HEADER_BYTES = 20,
    TCP_SEQUENCE_AT = 4,
    TCP_FLAGS_AT = 13,
    IPV4_HEADER_BYTES = 20,
    IPV6_HEADER_BYTES = 40,
    DATAGRAM_BYTES = IPV6_HEADER_BYTES + UINT16_MAX,
};

static uint16_t u16_at(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t u32_at(const uint8_t *at)
{
    return (uint32_t)u16_at(at) << 16 | u16_at(at + 2);
}

bool look_init(struct tracker *tracker)
{
    demand_init(&tracker->demand);
    for (unsigned s = 0; identity_sources[s]; s++) {
        const char *const *fields = identity_sources[s]->fields;

        assert(s < SOURCES_LIMIT);
        for (unsigned f = 0; fields && fields[f]; f++) {
            uint16_t id = field_find(fields[f], strlen(fields[f]));

            assert(id != FIELD_ID_NONE && f + 1 < IDENTITY_FIELDS);
            tracker->field_ids[s][f] = id;
            demand_add_field(&tracker->demand, id);
        }
    }
    demand_settle(&tracker->demand);
    tracker->state = dissect_state_new(tracker->options.hash_seed);
    tracker->dissection = malloc(sizeof *tracker->dissection);
    tracker->datagram = malloc(DATAGRAM_BYTES);
    if (!tracker->state || !tracker->dissection || !tracker->datagram)
        return false;
    dissection_init(tracker->dissection, &tracker->demand, tracker->state, NULL);
    return true;
}

void look_clear(struct tracker *tracker)
{
    dissect_state_free(tracker->state);
    free(tracker->dissection);
    free(tracker->datagram);
}

/* The UDP or TCP layer of the scene, whole; NULL for none. */
static const struct layer *transport_of(const struct scene *scene)
{
    const struct layer *layer = &scene->d->layers[scene->layer + 1];

    if (scene->layer + 1 >= scene->d->n_layers)
        return NULL;
    if (layer->protocol == PROTOCOL_UDP)
        return layer->header_len == UDP_HEADER_BYTES ? layer : NULL;
    return layer->protocol == PROTOCOL_TCP && layer->header_len >= TCP_HEADER_BYTES ? layer : NULL;
}

static bool glance_tcp(struct scene *scene, const struct layer *tcp)
{
    struct glance *glance = &scene->glance;

    scene->tcp_flags = tcp->data[TCP_FLAGS_AT];
    glance->has_sequence = true;
    glance->sequence = u32_at(tcp->data + TCP_SEQUENCE_AT);
    if (glance->payload.len > 0) {
        glance->is_news =
            glance->is_expected || identity_mqtt.is_mine(glance) || identity_tls.is_mine(glance);
    } else {
        glance->is_news = scene->tcp_flags & TCP_FLAG_SYN;
    }
    return true;
}

static bool glance_udp(struct scene *scene)
{
    static const struct identity_source *const by_bytes[] = { &identity_coap, &identity_dhcp,
                                                              &identity_mqttsn };
    const struct dissection *d = scene->d;
    struct glance *glance = &scene->glance;

    if (scene->layer + 2 < d->n_layers && d->layers[scene->layer + 2].protocol == PROTOCOL_DTLS) {
        scene->is_dtls = true;
        identity_dtls.glance(glance);
        return true;
    }
    for (unsigned i = 0; glance->payload.len > 0 && i < sizeof by_bytes / sizeof by_bytes[0]; i++) {
        if (by_bytes[i]->is_mine(glance)) {
            by_bytes[i]->glance(glance);
            return true;
        }
    }
    return scene->flow != NULL;
}

/* A layer within an ICMP error: nobody sends it now. */
static bool is_quotation(const struct scene *scene)
{
    for (uint32_t i = 0; i < scene->layer; i++) {
        if (scene->d->layers[i].protocol == PROTOCOL_ICMP || scene->d->layers[i].protocol == PROTOCOL_ICMPV6)
            return true;
    }
    return false;
}

/* Its numbers say nothing of where the flow is, but who is named in it stands on the wire once more. */
static bool glance_quotation(struct scene *scene, const struct layer *transport)
{
    const struct dissection *d = scene->d;
    struct glance glance = {
        .payload = bytes_of(transport->data + transport->header_len, transport->payload_caplen),
        .wire_len = transport->payload_len,
    };

    if (scene->layer + 2 < d->n_layers && d->layers[scene->layer + 2].protocol == PROTOCOL_DTLS) {
        identity_dtls.glance(&glance);
        scene->quotes_news = glance.is_news;
    }
    return scene->flow || scene->quotes_news;
}

bool look_glance(struct scene *scene)
{
    const struct layer *transport = transport_of(scene);
    struct glance *glance = &scene->glance;
    bool is_followed;

    if (transport == NULL)
        return scene->flow != NULL;
    if (scene->layer > 0 && is_quotation(scene))
        return glance_quotation(scene, transport);
    glance->payload = bytes_of(transport->data + transport->header_len, transport->payload_caplen);
    glance->wire_len = transport->payload_len;
    glance->source_port = u16_at(transport->data);
    glance->destination_port = u16_at(transport->data + 2);
    glance->is_expected = scene->flow && scene->flow->handshake != HANDSHAKE_NONE;
    is_followed = transport->protocol == PROTOCOL_TCP ? glance_tcp(scene, transport) : glance_udp(scene);
    return is_followed && (scene->flow || glance->is_news || glance->has_sealed || glance->has_cid);
}

/* ---- the closer look ---- */

/* What came in fragments lies elsewhere than its IP header: both put together again. */
static bool join_datagram(struct tracker *tracker, const struct scene *scene, const struct layer *udp,
                          struct packet *packet)
{
    const struct layer *ip = &scene->d->layers[scene->layer];
    size_t len = UDP_HEADER_BYTES + (size_t)udp->payload_caplen, header;
    uint8_t *at = tracker->datagram;

    if (len > UINT16_MAX - IPV4_HEADER_BYTES)
        return false;
    if (ip->protocol == PROTOCOL_IPV4) {
        header = IPV4_HEADER_BYTES;
        memset(at, 0, header);
        at[0] = 0x45;
        at[2] = (uint8_t)((header + len) >> 8);
        at[3] = (uint8_t)(header + len);
        at[9] = IP_PROTOCOL_UDP;
        memcpy(at + 12, ip->data + 12, 8);
    } else {
        header = IPV6_HEADER_BYTES;
        memset(at, 0, header);
        at[0] = 0x60;
        at[4] = (uint8_t)(len >> 8);
        at[5] = (uint8_t)len;
        at[6] = IP_PROTOCOL_UDP;
        memcpy(at + 8, ip->data + 8, 32);
    }
    memcpy(at + header, udp->data, len);
    packet->data = at;
    packet->caplen = packet->len = (uint32_t)(header + len);
    return true;
}

static bool packet_of(struct tracker *tracker, const struct scene *scene, struct packet *packet)
{
    const struct layer *ip = &scene->d->layers[scene->layer], *transport = transport_of(scene);

    if (transport == NULL)
        return false;
    *packet = (struct packet) { .ts_ns = scene->packet->ts_ns,
                                .linktype = LINKTYPE_RAW,
                                .number = ++tracker->n_looks };
    if (ip->fragment != FRAGMENT_NO || ip->source != transport->source)
        return ip->header_len >= (ip->protocol == PROTOCOL_IPV4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES) &&
               transport->protocol == PROTOCOL_UDP && join_datagram(tracker, scene, transport, packet);
    packet->data = ip->data;
    packet->caplen =
        (uint32_t)(transport->data - ip->data) + transport->header_len + transport->payload_caplen;
    packet->len = packet->caplen + (transport->payload_len - transport->payload_caplen);
    return true;
}

static void look_by(struct tracker *tracker, const struct scene *scene, unsigned source,
                    struct sighting *seen)
{
    const struct look look = {
        .d = tracker->dissection,
        .field_ids = tracker->field_ids[source],
        .payload = scene->glance.payload,
        .source = scene->is_forward ? scene->key->low : scene->key->high,
        .destination = scene->is_forward ? scene->key->high : scene->key->low,
        .source_port = scene->glance.source_port,
        .destination_port = scene->glance.destination_port,
    };

    identity_sources[source]->look(&look, seen);
}

bool look_closer(struct tracker *tracker, const struct scene *scene, struct sighting *seen)
{
    struct packet packet;

    memset(seen, 0, offsetof(struct sighting, joined));
    if (!packet_of(tracker, scene, &packet))
        return false;
    dissect(tracker->dissection, &packet);
    for (unsigned i = 0; identity_sources[i]; i++) {
        const struct identity_source *source = identity_sources[i];

        if (source->ip_protocol != scene->key->protocol)
            continue;
        if (source->fields ? !(tracker->dissection->present & PROTOCOL_BIT(source->protocol))
                           : !source->is_mine(&scene->glance))
            continue;
        look_by(tracker, scene, i, seen);
        return true;
    }
    return false;
}
