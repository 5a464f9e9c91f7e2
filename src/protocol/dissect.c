/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dissect - walks a packet from the outside in: each protocol pushes its layer and names the next, until
 * nothing follows or nothing in demand can lie deeper. A chain, not a recursion, so depth is bounded by
 * LAYER_LIMIT alone.
 */
#include "protocol/dispatch.h"
#include "protocol/dissection.h"
#include "protocol/express.h"
#include "protocol/flow.h"
#include "protocol/frame.h"
#include "protocol/state.h"

#define X(id, name) extern const struct protocol protocol_##name;
PROTOCOL_LIST(X)
#undef X

void dissection_init(struct dissection *d, const struct demand *demand, struct dissect_state *state,
                     const struct interface_table *interfaces)
{
    /* The arrays need no clearing: only their first n are ever read. */
    memset(d, 0, offsetof(struct dissection, layers));
    d->demand = demand;
    d->preferences = &preferences_default;
    d->state = state;
    d->interfaces = interfaces;
    d->first_ts_ns = INT64_MIN;
    d->displayed_ts_ns = INT64_MIN;
    d->values_limit = DISSECTION_VALUES;
}

/*
 * One layer. A switch over the list and not a call through the table: the compiler sees each function (the
 * build optimises over files), and keeps the cursor in registers from layer to layer.
 */
static inline enum dissect_result dissect_layer(struct dissection *d, struct reader *r,
                                                enum protocol_id protocol)
{
    switch (protocol) {
#define X(id, name)     \
    case PROTOCOL_##id: \
        return protocol_##name.dissect(d, r);
        PROTOCOL_LIST(X)
#undef X
    default:
        return DISSECT_REFUSED;
    }
}

static void note_result(struct dissection *d, enum dissect_result result)
{
    if (result != DISSECT_REFUSED && result != DISSECT_OK)
        d->top->result = (uint8_t)result;
    if (result == DISSECT_MALFORMED) {
        d->counters.n_malformed++;
        d->present |= PROTOCOL_BIT(PROTOCOL_MALFORMED);
    }
}

/* What the innermost layer with something left has to go on with. */
static __attribute__((noinline)) void go_on(struct dissection *d, struct reader *r)
{
    const struct dissection_later *later = &d->later[--d->n_later];

    *r = later->rest;
    d->top = later->top;
    d->left_wire = later->left_wire;
    d->source = later->source;
    d->next = PROTOCOL_NONE;
    note_result(d, later->function(d, r));
}

bool dissection_later(struct dissection *d, later_function *function, const struct reader *rest,
                      uint32_t left_wire)
{
    if (d->n_later == DISSECTION_LATER) {
        d->counters.n_layers_cut++;
        return false;
    }
    d->later[d->n_later++] = (struct dissection_later) { function, *rest, d->top, left_wire, d->source };
    return true;
}

void dissect(struct dissection *d, const struct packet *packet)
{
    struct reader r = reader_over(bytes_of(packet->data, packet->caplen));
    const struct demand *demand = d->demand;

    if (d->first_ts_ns == INT64_MIN) {
        d->first_ts_ns = packet->ts_ns;
        d->previous_ts_ns = packet->ts_ns;
    } else {
        d->previous_ts_ns = d->packet_ts_ns;
    }
    d->packet_ts_ns = packet->ts_ns;
    d->packet = packet;
    d->present = PROTOCOL_BIT(PROTOCOL_FRAME);
    d->top = d->layers;
    d->n_layers = 0;
    d->n_values = 0;
    d->scratch_used = 0;
    d->n_later = 0;
    d->foreign = NULL;
    d->source = 0;
    d->left_wire = packet->len;
    d->next = (uint8_t)dispatch_linktype(packet->linktype);
    if (d->state)
        dissect_state_begin(d->state);

    if (demand->protocols & PROTOCOL_BIT(PROTOCOL_FRAME))
        frame_begin(d);
    express_walk(d, &r);
    for (;;) {
        while (d->next != PROTOCOL_NONE && demand->passable >> d->next & 1 && !(d->present & d->stop_at)) {
            enum protocol_id protocol = (enum protocol_id)d->next;
            enum dissect_result result;

            d->next = PROTOCOL_NONE;
            result = dissect_layer(d, &r, protocol);
            if (__builtin_expect(result != DISSECT_OK, 0)) {
                note_result(d, result);
                break;
            }
        }
        if (__builtin_expect(d->n_later == 0, 1))
            break;
        go_on(d, &r);
    }
    if (demand->protocols & PROTOCOL_BIT(PROTOCOL_FRAME)) {
        d->values_limit = DISSECTION_VALUES + DISSECTION_FRAME_VALUES;
        frame_end(d);
        d->values_limit = DISSECTION_VALUES;
    }
}

static struct value *add_value(struct dissection *d, uint16_t field_id)
{
    struct value *value;

    if (__builtin_expect(field_of(field_id)->is_fault, 0))
        d->present |= PROTOCOL_BIT(PROTOCOL_MALFORMED);
    if (d->n_values == d->values_limit) {
        d->counters.n_values_cut++;
        return NULL;
    }
    value = &d->values[d->n_values++];
    value->field = field_id;
    value->layer = (uint8_t)(d->top - d->layers);
    value->type = (uint8_t)field_of(field_id)->type;
    return value;
}

void dissection_add_number_slow(struct dissection *d, uint16_t field_id, uint64_t number)
{
    struct value *value = add_value(d, field_id);

    if (value)
        value->number = number;
}

void dissection_add_bytes_slow(struct dissection *d, uint16_t field_id, struct bytes bytes)
{
    struct value *value = add_value(d, field_id);

    if (value)
        value->bytes = bytes;
}

void dissection_add_real_slow(struct dissection *d, uint16_t field_id, double real)
{
    struct value *value = add_value(d, field_id);

    if (value)
        value->real = real;
}

uint8_t *dissection_scratch(struct dissection *d, size_t n)
{
    uint8_t *room = d->scratch + d->scratch_used;

    if (n > DISSECTION_SCRATCH - d->scratch_used) {
        d->counters.n_scratch_cut++;
        return NULL;
    }
    d->scratch_used += (uint32_t)n;
    memset(room, 0, n);
    return room;
}

/* n_bits from at_bit on, most significant first, as RFC figures count. Only whole values that were captured.
 */
static bool header_bits(const struct layer *layer, unsigned at_bit, unsigned n_bits, uint64_t *number)
{
    unsigned first = at_bit / 8, last = (at_bit + n_bits - 1) / 8;
    uint64_t sum = 0;

    if (last >= layer->header_len)
        return false;
    for (unsigned i = first; i <= last; i++)
        sum = sum << 8 | layer->data[i];
    sum >>= (last + 1) * 8 - (at_bit + n_bits);
    *number = n_bits == 64 ? sum : sum & ((UINT64_C(1) << n_bits) - 1);
    return true;
}

bool layer_value(const struct layer *layer, uint16_t field_id, struct value *value)
{
    const struct field *field = field_of(field_id);

    if (layer->protocol != FIELD_PROTOCOL(field_id) || field->n_bits == 0)
        return false;
    value->field = field_id;
    value->type = (uint8_t)field->type;
    switch (field->type) {
    case FIELD_IPV4:
    case FIELD_IPV6:
    case FIELD_ETHER:
    case FIELD_BYTES:
        if (field->at_bit / 8u + field->n_bits / 8u > layer->header_len)
            return false;
        value->bytes = bytes_of(layer->data + field->at_bit / 8, field->n_bits / 8);
        return true;
    default:
        if (!header_bits(layer, field->at_bit, field->n_bits, &value->number))
            return false;
        if (__builtin_expect(value->number == 0 && field->zero_is_all, 0))
            value->number = (layer->header_len + layer->payload_len) & 0xffff;
        return true;
    }
}

void dissection_values(const struct dissection *d, uint16_t field_id, value_function *function, void *context)
{
    const struct field *field = field_of(field_id);
    enum protocol_id protocol = FIELD_PROTOCOL(field_id);
    uint16_t members[2] = { field_id, field_id };
    unsigned n_members = 1;

    if (field->any_of[0] != field->any_of[1]) {
        members[0] = FIELD_ID(protocol, field->any_of[0]);
        members[1] = FIELD_ID(protocol, field->any_of[1]);
        n_members = 2;
    }
    for (uint32_t i = 0; i < d->n_layers; i++) {
        if (d->layers[i].protocol != protocol &&
            !((protocols[protocol]->lends_to | field->lends_to) >> d->layers[i].protocol & 1))
            continue;
        for (unsigned m = 0; m < n_members; m++) {
            struct value value;

            if (field_of(members[m])->n_bits > 0) {
                value.layer = (uint8_t)i;
                if (layer_value(&d->layers[i], members[m], &value) && !function(context, &value))
                    return;
                continue;
            }
            for (uint32_t v = 0; v < d->n_values; v++) {
                if (d->values[v].field == members[m] && d->values[v].layer == i &&
                    !function(context, &d->values[v]))
                    return;
            }
        }
    }
}

/* The ports of a UDP or TCP header at data; len bytes of it are there. */
static bool ports_of(const uint8_t *data, size_t len, uint16_t *source, uint16_t *destination)
{
    struct reader r = reader_over(bytes_of(data, len));

    return reader_u16(&r, source) && reader_u16(&r, destination);
}

bool dissection_flow(const struct dissection *d, uint32_t i, struct flow_key *key, bool *is_forward)
{
    const struct layer *layer = &d->layers[i];
    uint16_t source_port = 0, destination_port = 0;
    uint8_t any_port = FLOW_ANY_NONE;
    size_t addresses, size;
    uint8_t protocol = 0;

    if (layer->protocol == PROTOCOL_IPV4) {
        addresses = 12;
        size = 4;
    } else if (layer->protocol == PROTOCOL_IPV6) {
        addresses = 8;
        size = 16;
    } else {
        return false;
    }
    if (layer->header_len < addresses + 2 * size)
        return false;
    protocol = layer->carries;
    if (i + 1 < d->n_layers) {
        const struct layer *above = &d->layers[i + 1];

        if ((above->protocol == PROTOCOL_UDP || above->protocol == PROTOCOL_TCP) &&
            ports_of(above->data, above->header_len, &source_port, &destination_port) &&
            i + 2 < d->n_layers && d->layers[i + 2].protocol == PROTOCOL_VXLAN) {
            /* RFC 7348 section 5: the outer source port is a hash, it names no one. */
            source_port = 0;
            any_port = 1;
        }
    }
    if (__builtin_expect(size == 4, 1)) {
        *is_forward =
            flow_key_make_ipv4(key, layer->data + addresses, source_port, destination_port, protocol);
    } else {
        struct ip_address source = ip_address_of(bytes_of(layer->data + addresses, 16));
        struct ip_address destination = ip_address_of(bytes_of(layer->data + addresses + 16, 16));

        *is_forward = flow_key_make(key, &source, source_port, &destination, destination_port, protocol);
    }
    if (any_port)
        key->any_port = *is_forward ? FLOW_ANY_PORT_LOW : FLOW_ANY_PORT_HIGH;
    return true;
}

bool dissection_ends(const struct dissection *d, struct conversation_ends *ends)
{
    uint32_t i = d->n_layers;

    while (i > 0 && d->layers[i - 1].protocol != PROTOCOL_IPV4 && d->layers[i - 1].protocol != PROTOCOL_IPV6)
        i--;
    if (i == 0 || !dissection_flow(d, i - 1, &ends->flow, &ends->is_forward))
        return false;
    ends->source = ends->is_forward ? ends->flow.low : ends->flow.high;
    ends->destination = ends->is_forward ? ends->flow.high : ends->flow.low;
    ends->source_port = ends->is_forward ? ends->flow.port_low : ends->flow.port_high;
    ends->destination_port = ends->is_forward ? ends->flow.port_high : ends->flow.port_low;
    return true;
}
