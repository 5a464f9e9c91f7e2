/* SPDX-License-Identifier: Apache-2.0 */
#include "device/device_match.h"

#include <stdlib.h>

#include "device/binding.h"
#include "protocol/dispatch.h"
#include "protocol/fragment_flow.h"

enum { ADDRESS_BITS = 1 << 14 };

struct device_match {
    struct device_span *spans;
    uint32_t n, cap;
    struct fragment_flows *fragments;
    uint64_t addresses[ADDRESS_BITS / 64]; /* a bit for what each end's address hashes to */
    uint64_t alone[ADDRESS_BITS / 64]; /* likewise: those that are the device's whoever the other end is */
    bool has_alone;
};

struct device_match *device_match_new(uint64_t hash_seed)
{
    struct device_match *match = calloc(1, sizeof *match);

    if (match == NULL)
        return NULL;
    match->fragments = fragment_flows_new(hash_seed);
    if (match->fragments == NULL) {
        free(match);
        return NULL;
    }
    return match;
}

void device_match_free(struct device_match *match)
{
    if (match == NULL)
        return;
    fragment_flows_free(match->fragments);
    free(match->spans);
    free(match);
}

/* The last four bytes tell neighbours apart in both families. */
static uint32_t address_bit(const uint8_t *last4)
{
    uint32_t word;

    memcpy(&word, last4, sizeof word);
    return (word * 0x9e3779b1u) >> 18;
}

static_assert(ADDRESS_BITS == 1 << (32 - 18), "address_bit leaves as many bits");

static void note_address(uint64_t *bits, const struct ip_address *address)
{
    uint32_t bit = address_bit(address->bytes + (address->family == 4 ? 0 : 12));

    bits[bit >> 6] |= UINT64_C(1) << (bit & 63);
}

static bool is_noted(const uint64_t *bits, const uint8_t *last4)
{
    uint32_t bit = address_bit(last4);

    return bits[bit >> 6] >> (bit & 63) & 1;
}

bool device_match_add(struct device_match *match, const struct flow_key *flow, int64_t from_ns, int64_t to_ns)
{
    if (match->n == match->cap) {
        uint32_t cap = match->cap ? match->cap * 2 : 16;
        struct device_span *spans = realloc(match->spans, cap * sizeof *spans);

        if (spans == NULL)
            return false;
        match->spans = spans;
        match->cap = cap;
    }
    match->spans[match->n++] = (struct device_span) { *flow, from_ns, to_ns };
    if (flow_key_is_address(flow)) {
        match->has_alone = true;
        note_address(match->alone, &flow->low);
        return true;
    }
    note_address(match->addresses, &flow->low);
    note_address(match->addresses, &flow->high);
    return true;
}

static int compare_spans(const void *a, const void *b)
{
    const struct device_span *left = a, *right = b;
    int order = memcmp(&left->flow, &right->flow, sizeof left->flow);

    if (order != 0)
        return order;
    return left->from_ns < right->from_ns ? -1 : left->from_ns > right->from_ns;
}

void device_match_settle(struct device_match *match)
{
    uint32_t n = 0;

    if (match->n == 0)
        return;
    qsort(match->spans, match->n, sizeof *match->spans, compare_spans);
    for (uint32_t i = 1; i < match->n; i++) {
        struct device_span *last = &match->spans[n], *span = &match->spans[i];

        if (flow_key_equal(&last->flow, &span->flow) && span->from_ns <= last->to_ns) {
            if (span->to_ns > last->to_ns)
                last->to_ns = span->to_ns;
        } else {
            match->spans[++n] = *span;
        }
    }
    match->n = n + 1;
}

const struct device_span *device_match_spans(const struct device_match *match, uint32_t *n)
{
    *n = match->n;
    return match->spans;
}

void device_match_demand(struct demand *demand)
{
    demand_add_protocol(demand, PROTOCOL_IPV4);
    demand_add_protocol(demand, PROTOCOL_IPV6);
    demand_add_protocol(demand, PROTOCOL_UDP);
    demand_add_protocol(demand, PROTOCOL_TCP);
}

/* True when one of the flow's spans holds the moment. */
static bool is_in_span(const struct device_match *match, const struct flow_key *flow, int64_t ts_ns)
{
    uint32_t low = 0, high = match->n; /* the first span of a greater flow, or of this one begun later */

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = memcmp(&match->spans[middle].flow, flow, sizeof *flow);

        if (order < 0 || (order == 0 && match->spans[middle].from_ns <= ts_ns))
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 && flow_key_equal(&match->spans[low - 1].flow, flow) &&
           ts_ns <= match->spans[low - 1].to_ns;
}

static bool are_noted(const struct device_match *match, const uint8_t *source4, const uint8_t *destination4)
{
    if (is_noted(match->addresses, source4) && is_noted(match->addresses, destination4))
        return true;
    return match->has_alone && (is_noted(match->alone, source4) || is_noted(match->alone, destination4));
}

/* Whether a layer between such addresses is worth a closer look. */
static bool is_candidate(const struct device_match *match, const struct layer *layer)
{
    switch (layer->protocol) {
    case PROTOCOL_IPV4:
        return layer->header_len >= 20 && are_noted(match, layer->data + 12, layer->data + 16);
    case PROTOCOL_IPV6:
        return layer->header_len >= 40 && are_noted(match, layer->data + 20, layer->data + 36);
    default:
        return false;
    }
}

/* By its flow, or by either of its addresses. */
static bool is_devices(const struct device_match *match, const struct flow_key *flow, int64_t ts_ns)
{
    struct flow_key low, high;

    if (is_in_span(match, flow, ts_ns))
        return true;
    if (!match->has_alone || flow->any_port)
        return false;
    low = flow_key_of_address(&flow->low);
    high = flow_key_of_address(&flow->high);
    return is_in_span(match, &low, ts_ns) || is_in_span(match, &high, ts_ns);
}

enum {
    ETHERNET_BYTES = 14,
    IPV4_BYTES = 20,
    IPV6_BYTES = 40,
    PORTS_BYTES = 4,
};

/* UDP or TCP, which lead to no IP header further in. */
static bool is_innermost(const struct demand *demand, uint8_t protocol, const uint8_t *ports)
{
    enum protocol_id low = dispatch_udp_port((uint16_t)(ports[0] << 8 | ports[1]));
    enum protocol_id high = dispatch_udp_port((uint16_t)(ports[2] << 8 | ports[3]));

    return protocol == IP_PROTOCOL_TCP ||
           (protocol == IP_PROTOCOL_UDP && !(demand->passable >> low & 1) && !(demand->passable >> high & 1));
}

bool device_match_may_be(const struct device_match *match, const struct demand *demand,
                         const struct packet *packet)
{
    const uint8_t *frame = packet->data, *ip = frame + ETHERNET_BYTES;

    if (packet->linktype != LINKTYPE_ETHERNET || packet->caplen < ETHERNET_BYTES + IPV4_BYTES + PORTS_BYTES)
        return true;
    if (frame[12] == 0x08 && frame[13] == 0x00 && ip[0] == 0x45) {
        bool is_piece = (ip[6] & 0x3f) != 0 || ip[7] != 0;

        return is_piece || are_noted(match, ip + 12, ip + 16) ||
               !is_innermost(demand, ip[9], ip + IPV4_BYTES);
    }
    if (frame[12] == 0x86 && frame[13] == 0xdd && ip[0] >> 4 == 6 &&
        packet->caplen >= ETHERNET_BYTES + IPV6_BYTES + PORTS_BYTES)
        return are_noted(match, ip + 20, ip + 36) || !is_innermost(demand, ip[6], ip + IPV6_BYTES);
    return true;
}

enum device_match_result device_match_packet(struct device_match *match, const struct dissection *d,
                                             uint64_t *datagram)
{
    enum device_match_result answer = DEVICE_OTHER;

    *datagram = 0;
    for (uint32_t i = 0; i < d->n_layers; i++) {
        struct fragment_flow flow;

        if (!is_candidate(match, &d->layers[i]))
            continue;
        switch (fragment_flow(match->fragments, d, i, 0, &flow)) {
        case FRAGMENT_FLOW_WHOLE:
        case FRAGMENT_FLOW_FIRST_AFTER_EARLY:
            if (is_devices(match, &flow.key, d->packet->ts_ns)) {
                *datagram = flow.datagram;
                return DEVICE_PACKET;
            }
            break;
        case FRAGMENT_FLOW_EARLY:
            *datagram = flow.datagram;
            answer = DEVICE_UNDECIDED;
            break;
        case FRAGMENT_FLOW_NONE:
            break;
        }
    }
    return answer;
}
