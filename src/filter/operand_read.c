/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/operand_read.h"

#include "protocol/dissection.h"

static void add_number(struct operands *operands, enum operand_kind kind, bool is_wide, uint64_t number)
{
    operands_add(operands,
                 (struct operand_value) { .kind = (uint8_t)kind, .is_wide = is_wide, .number = number });
}

static void add_real(struct operands *operands, double real)
{
    operands_add(operands, (struct operand_value) { .kind = OPERAND_REAL, .real = real });
}

/* Layers count from 1, from the innermost back from -1. */
static bool is_layer_meant(const struct range_list *layers, int64_t nth, int64_t n)
{
    for (uint32_t i = 0; i < layers->n; i++) {
        const struct range_piece *piece = &layers->pieces[i];
        int64_t first = piece->from < 0 ? n + 1 + piece->from : piece->from;
        int64_t last = piece->is_open      ? n
                       : piece->has_length ? first + piece->to - 1
                       : piece->to < 0     ? n + 1 + piece->to
                                           : piece->to;

        if (nth >= first && nth <= last)
            return true;
    }
    return false;
}

/* Which of its protocol's layers a layer is: the outermost is the first. */
static uint32_t layer_rank(const struct dissection *d, uint32_t layer)
{
    uint32_t rank = 1;

    if (layer >= d->n_layers) /* the frame's own */
        return 1;
    for (uint32_t i = 0; i < layer; i++)
        rank += d->layers[i].protocol == d->layers[layer].protocol;
    return rank;
}

struct collect {
    struct operands *operands;
    const struct node *node;
    bool is_wide;
    uint32_t n_layers[PROTOCOL_COUNT]; /* where layers are picked: the last one that has the field */
};

/*
 * Whose layers are counted together with the one a value lies in: those of the field's protocol and of those
 * it lends all its fields to. A field that another protocol has by the same name is counted for itself
 * ("ip.version" of IPv6).
 */
static enum protocol_id counted_with(const struct collect *collect, const struct value *value)
{
    const struct dissection *d = collect->operands->d;
    uint8_t protocol = value->layer < d->n_layers ? d->layers[value->layer].protocol : 0;

    return field_of(collect->node->field)->lends_to >> protocol & 1 ? (enum protocol_id)protocol
                                                                    : collect->node->protocol;
}

static bool note_layer(void *context, const struct value *value)
{
    struct collect *collect = context;
    uint32_t rank = layer_rank(collect->operands->d, value->layer);
    uint32_t *n = &collect->n_layers[counted_with(collect, value)];

    if (rank > *n)
        *n = rank;
    return true;
}

static bool collect_value(void *context, const struct value *value)
{
    struct collect *collect = context;
    const struct range_list *layers = collect->node->layers;

    if (layers && !is_layer_meant(layers, layer_rank(collect->operands->d, value->layer),
                                  collect->n_layers[counted_with(collect, value)]))
        return true;
    switch ((enum field_type)value->type) {
    case FIELD_IPV4:
    case FIELD_IPV6:
    case FIELD_ETHER:
    case FIELD_BYTES:
        operands_add(collect->operands, operand_of_bytes(OPERAND_BYTES, value->bytes));
        break;
    case FIELD_STRING:
        operands_add(collect->operands, operand_of_bytes(OPERAND_TEXT, value->bytes));
        break;
    case FIELD_NONE:
        operands_add(collect->operands, operand_of_bytes(OPERAND_BYTES, (struct bytes) { 0 }));
        break;
    case FIELD_DOUBLE:
        add_real(collect->operands, value->real);
        break;
    case FIELD_INT:
        add_number(collect->operands, OPERAND_SIGNED, collect->is_wide, value->number);
        break;
    case FIELD_TIME:
    case FIELD_DURATION:
        add_number(collect->operands, OPERAND_SIGNED, true, value->number);
        break;
    default:
        add_number(collect->operands, OPERAND_UNSIGNED, collect->is_wide, value->number);
        break;
    }
    return true;
}

void operand_read_field(struct operands *operands, const struct node *node)
{
    struct collect collect;
    uint32_t n = operands->n_values;

    collect.operands = operands;
    collect.node = node;
    collect.is_wide = node->n_bits > 32 || node->type == FIELD_BOOL;
    if (!node->is_reference) { /* of a selected packet, and none is */
        if (node->layers) {
            memset(collect.n_layers, 0, sizeof collect.n_layers);
            dissection_values(operands->d, node->field, note_layer, &collect);
        }
        dissection_values(operands->d, node->field, collect_value, &collect);
    }
    operands_top(operands)->is_absent = operands->n_values == n;
}

/*
 * A protocol's bytes are its header's; a frame's are the packet's. Searched, a protocol is its header and all
 * behind it (to the end of the packet, or of the reassembled datagram), which is what "tcp contains" has
 * always meant.
 */
void operand_read_protocol(struct operands *operands, const struct node *node)
{
    const struct dissection *d = operands->d;
    uint32_t n = operands->n_values, n_layers = 0, rank = 0;

    for (uint32_t i = 0; i < d->n_layers; i++)
        n_layers += d->layers[i].protocol == node->protocol;
    for (uint32_t i = 0; i < d->n_layers && node->protocol != PROTOCOL_FRAME; i++) {
        const struct layer *layer = &d->layers[i];
        struct operand_value value;
        size_t len = layer->header_len;

        if (layer->protocol != node->protocol)
            continue;
        rank++;
        if (node->layers && !is_layer_meant(node->layers, rank, n_layers))
            continue;
        if (node->is_searched && layer->source == 0)
            len = (size_t)(d->packet->data + d->packet->caplen - layer->data);
        else if (node->is_searched)
            len += layer->payload_caplen;
        value = operand_of_bytes(OPERAND_BYTES, (struct bytes) { layer->data, len });
        value.is_protocol = node->is_searched;
        operands_add(operands, value);
    }
    if (node->protocol == PROTOCOL_FRAME && (node->layers == NULL || is_layer_meant(node->layers, 1, 1))) {
        struct operand_value value =
            operand_of_bytes(OPERAND_BYTES, (struct bytes) { d->packet->data, d->packet->caplen });

        value.is_protocol = node->is_searched;
        operands_add(operands, value);
    }
    operands_top(operands)->is_absent = operands->n_values == n;
}

/* An address, which may stand for all that begin as it does. */
static void add_address(struct operands *operands, const struct node *node)
{
    size_t n_bytes = node->type == FIELD_IPV4 ? 4 : node->type == FIELD_IPV6 ? 16 : 6;
    uint8_t *out = operands_scratch(operands, n_bytes);
    wide free_bits = node->constant.high ^ node->constant.low;
    struct operand_value value;

    if (out == NULL)
        return;
    for (size_t i = 0; i < n_bytes; i++)
        out[i] = (uint8_t)(node->constant.low >> 8 * (n_bytes - 1 - i));
    value = operand_of_bytes(OPERAND_BYTES, (struct bytes) { out, n_bytes });
    if (node->type != FIELD_ETHER)
        value.n_prefix_bits = (uint16_t)(n_bytes * 8);
    for (; free_bits; free_bits >>= 1)
        value.n_prefix_bits--;
    operands_add(operands, value);
}

void operand_read_constant(struct operands *operands, const struct node *node)
{
    uint64_t key = (uint64_t)node->constant.low;

    switch (node->type) {
    case FIELD_BYTES:
        operands_add(operands, operand_of_bytes(OPERAND_BYTES, node->constant.bytes));
        break;
    case FIELD_STRING:
        operands_add(operands, operand_of_bytes(OPERAND_TEXT, node->constant.bytes));
        break;
    case FIELD_DOUBLE:
        add_real(operands, node->constant.real);
        break;
    case FIELD_INT:
        add_number(operands, OPERAND_SIGNED, node->n_bits > 32, key_of_signed(key));
        break;
    case FIELD_TIME:
    case FIELD_DURATION:
        add_number(operands, OPERAND_SIGNED, true, key_of_signed(key));
        break;
    case FIELD_IPV4:
    case FIELD_IPV6:
    case FIELD_ETHER:
        add_address(operands, node);
        break;
    default:
        add_number(operands, node->is_negative ? OPERAND_SIGNED : OPERAND_UNSIGNED,
                   node->n_bits > 32 || node->type == FIELD_BOOL, key);
        break;
    }
}
