/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/operand.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/ip_address.h"
#include "base/timestamp.h"
#include "filter/operand_value.h"
#include "filter/regex.h"
#include "protocol/dissection.h"

struct operands {
    const struct dissection *d;
    struct program_limits *limits;
    uint32_t n_values;
    uint32_t n_scratch;
    uint32_t n_lists;
    uint32_t starts[3 * OPERAND_LISTS]; /* where each list on the stack begins */
    struct operand_value values[OPERAND_VALUES];
    uint8_t scratch[OPERAND_SCRATCH];
};

static void count(_Atomic uint64_t *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

static struct operand_value *add(struct operands *operands)
{
    struct operand_value *value;

    if (operands->n_values == OPERAND_VALUES) {
        count(&operands->limits->n_operands_cut);
        return NULL;
    }
    value = &operands->values[operands->n_values++];
    *value = (struct operand_value) { 0 };
    return value;
}

static void add_number(struct operands *operands, enum operand_kind kind, bool is_wide, uint64_t number)
{
    struct operand_value *value = add(operands);

    if (value == NULL)
        return;
    value->kind = (uint8_t)kind;
    value->is_wide = is_wide;
    value->number = number;
}

static void add_real(struct operands *operands, double real)
{
    struct operand_value *value = add(operands);

    if (value == NULL)
        return;
    value->kind = OPERAND_REAL;
    value->real = real;
}

static void add_bytes(struct operands *operands, enum operand_kind kind, struct bytes bytes)
{
    struct operand_value *value = add(operands);

    if (value == NULL)
        return;
    value->kind = (uint8_t)kind;
    value->bytes = value->last = bytes;
}

static uint8_t *scratch_take(struct operands *operands, size_t len)
{
    uint8_t *piece = operands->scratch + operands->n_scratch;

    if (len > OPERAND_SCRATCH - operands->n_scratch) {
        count(&operands->limits->n_operands_cut);
        return NULL;
    }
    operands->n_scratch += (uint32_t)len;
    return piece;
}

/* ---- fields and protocols ---- */

/* Turns a piece counted from either end into first..last of n, both included; false when outside. */
static bool piece_resolve(const struct range_piece *piece, int64_t n, int64_t *first, int64_t *last)
{
    *first = piece->from < 0 ? n + piece->from : piece->from;
    if (piece->is_open)
        *last = n - 1;
    else if (piece->has_length)
        *last = *first + piece->to - 1;
    else
        *last = piece->to < 0 ? n + piece->to : piece->to;
    return *first >= 0 && *first < n && *last < n && *first <= *last;
}

/* Layers count from 1, from the innermost back from -1. */
static bool is_layer_meant(const struct range_list *layers, int64_t nth, int64_t n)
{
    if (layers == NULL)
        return true;
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

struct collect {
    struct operands *operands;
    const struct range_list *layers;
    bool is_wide;
    int64_t n_layers; /* of the protocol; of one it lends its fields to, where that has more */
    uint32_t nth_of[LAYER_LIMIT];
};

static bool collect_value(void *context, const struct value *value)
{
    struct collect *collect = context;

    if (value->layer < LAYER_LIMIT &&
        !is_layer_meant(collect->layers, collect->nth_of[value->layer], collect->n_layers))
        return true;
    switch ((enum field_type)value->type) {
    case FIELD_IPV4:
    case FIELD_IPV6:
    case FIELD_ETHER:
    case FIELD_BYTES:
        add_bytes(collect->operands, OPERAND_BYTES, value->bytes);
        break;
    case FIELD_STRING:
        add_bytes(collect->operands, OPERAND_TEXT, value->bytes);
        break;
    case FIELD_NONE:
        add_bytes(collect->operands, OPERAND_BYTES, (struct bytes) { 0 });
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

static void collect_init(struct collect *collect, struct operands *operands, const struct node *node)
{
    collect->operands = operands;
    collect->layers = node->layers;
    collect->is_wide = node->n_bits > 32 || node->type == FIELD_BOOL;
    collect->n_layers = 0;
    for (uint32_t i = 0; i < operands->d->n_layers; i++) {
        uint8_t protocol = operands->d->layers[i].protocol;

        collect->nth_of[i] = 0;
        if (protocol != node->protocol && !(protocols[node->protocol]->lends_to >> protocol & 1))
            continue;
        for (uint32_t l = 0; l <= i; l++)
            collect->nth_of[i] += operands->d->layers[l].protocol == protocol;
        if (collect->nth_of[i] > collect->n_layers)
            collect->n_layers = collect->nth_of[i];
    }
}

static void push_field(struct operands *operands, const struct node *node)
{
    struct collect collect;

    if (node->is_reference) /* of a selected packet, and none is */
        return;
    collect_init(&collect, operands, node);
    dissection_values(operands->d, node->field, collect_value, &collect);
}

/*
 * A protocol's bytes are its header's; a frame's are the packet's. Searched, a protocol is its header and all
 * behind it (to the end of the packet, or of the reassembled datagram), which is what "tcp contains" has
 * always meant.
 */
static void push_protocol(struct operands *operands, const struct node *node)
{
    const struct dissection *d = operands->d;
    struct collect collect;

    if (node->is_reference)
        return;
    if (node->protocol == PROTOCOL_FRAME) {
        if (is_layer_meant(node->layers, 1, 1))
            add_bytes(operands, OPERAND_BYTES, (struct bytes) { d->packet->data, d->packet->caplen });
        return;
    }
    collect_init(&collect, operands, node);
    for (uint32_t i = 0; i < d->n_layers; i++) {
        const struct layer *layer = &d->layers[i];
        size_t len = layer->header_len;

        if (layer->protocol != node->protocol ||
            !is_layer_meant(node->layers, collect.nth_of[i], collect.n_layers))
            continue;
        if (node->is_searched && layer->source == 0)
            len = (size_t)(d->packet->data + d->packet->caplen - layer->data);
        else if (node->is_searched)
            len += layer->payload_caplen;
        add_bytes(operands, OPERAND_BYTES, (struct bytes) { layer->data, len });
    }
}

static void push_constant(struct operands *operands, const struct node *node)
{
    size_t n_bytes = node->type == FIELD_IPV4 ? 4 : node->type == FIELD_IPV6 ? 16 : 6;
    struct operand_value *value;
    uint8_t *low, *high;

    switch (node->type) {
    case FIELD_BYTES:
        add_bytes(operands, OPERAND_BYTES, node->constant.bytes);
        return;
    case FIELD_STRING:
        add_bytes(operands, OPERAND_TEXT, node->constant.bytes);
        return;
    case FIELD_DOUBLE:
        add_real(operands, node->constant.real);
        return;
    case FIELD_INT:
        add_number(operands, OPERAND_SIGNED, node->n_bits > 32, key_of_signed((uint64_t)node->constant.low));
        return;
    case FIELD_TIME:
    case FIELD_DURATION:
        add_number(operands, OPERAND_SIGNED, true, key_of_signed((uint64_t)node->constant.low));
        return;
    case FIELD_IPV4:
    case FIELD_IPV6:
    case FIELD_ETHER:
        break;
    default:
        add_number(operands, node->is_negative ? OPERAND_SIGNED : OPERAND_UNSIGNED,
                   node->n_bits > 32 || node->type == FIELD_BOOL, (uint64_t)node->constant.low);
        return;
    }
    low = scratch_take(operands, n_bytes);
    high = scratch_take(operands, n_bytes);
    value = low && high ? add(operands) : NULL;
    if (value == NULL)
        return;
    value->kind = OPERAND_BYTES;
    for (size_t i = 0; i < n_bytes; i++) {
        low[i] = (uint8_t)(node->constant.low >> 8 * (n_bytes - 1 - i));
        high[i] = (uint8_t)(node->constant.high >> 8 * (n_bytes - 1 - i));
    }
    value->bytes = (struct bytes) { low, n_bytes };
    value->last = (struct bytes) { high, n_bytes };
}

/* ---- what is computed: the arguments' lists are on top of the stack, and the result takes their place ----
 */

/* Bytes are masked as far as both go. */
static bool bytes_mask(struct operands *operands, struct bytes a, struct bytes b,
                       struct operand_value *result)
{
    size_t len = a.len < b.len ? a.len : b.len;
    uint8_t *out = scratch_take(operands, len);

    if (out == NULL)
        return false;
    for (size_t i = 0; i < len; i++)
        out[i] = a.data[i] & b.data[i];
    *result = (struct operand_value) { .kind = OPERAND_BYTES, .bytes = { out, len }, .last = { out, len } };
    return true;
}

static bool arith(struct operands *operands, enum operation operation, const struct operand_value *a,
                  const struct operand_value *b, struct operand_value *result)
{
    if (operand_is_bytes(a) && operand_is_bytes(b))
        return bytes_mask(operands, a->bytes, b->bytes, result);
    return operand_compute(operation, a, b, result);
}

/* Moves the list that begins at from down over the lists from start on. */
static void replace_lists(struct operands *operands, uint32_t start, uint32_t from)
{
    uint32_t n = operands->n_values - from;

    memmove(operands->values + start, operands->values + from, n * sizeof *operands->values);
    operands->n_values = start + n;
}

static void push_arith(struct operands *operands, enum operation operation)
{
    uint32_t b = operands->starts[--operands->n_lists], a = operands->starts[operands->n_lists - 1];
    uint32_t end = operands->n_values;

    for (uint32_t i = a; i < b; i++)
        for (uint32_t j = b; j < end; j++) {
            struct operand_value result, *value;

            if (!arith(operands, operation, &operands->values[i], &operands->values[j], &result))
                continue;
            value = add(operands);
            if (value)
                *value = result;
        }
    replace_lists(operands, a, end);
}

/*
 * The pieces one behind the other, up to the first that the bytes do not have: what is too short for a slice
 * has an empty one, which differs from everything, as in Wireshark.
 */
static bool slice(struct operands *operands, const struct range_list *ranges, struct bytes *bytes)
{
    int64_t first, last, n = (int64_t)bytes->len;
    uint8_t *out;
    size_t len = 0, most = 0;

    if (ranges->n == 1) {
        *bytes = piece_resolve(&ranges->pieces[0], n, &first, &last)
                     ? (struct bytes) { bytes->data + first, (size_t)(last - first + 1) }
                     : (struct bytes) { (const uint8_t *)"", 0 };
        return true;
    }
    for (uint32_t i = 0; i < ranges->n && piece_resolve(&ranges->pieces[i], n, &first, &last); i++)
        most += (size_t)(last - first + 1);
    out = scratch_take(operands, most);
    if (out == NULL)
        return false;
    for (uint32_t i = 0; i < ranges->n && piece_resolve(&ranges->pieces[i], n, &first, &last); i++) {
        memcpy(out + len, bytes->data + first, (size_t)(last - first + 1));
        len += (size_t)(last - first + 1);
    }
    *bytes = (struct bytes) { out, len };
    return true;
}

static bool text_of(struct operands *operands, enum field_type type, struct operand_value *value)
{
    char text[IP_ADDRESS_TEXT_BYTES];
    int len = 0;
    uint8_t *out;

    if (type == FIELD_IPV4 || type == FIELD_IPV6) {
        struct ip_address address = ip_address_of(value->bytes);

        ip_address_format(&address, text);
        len = (int)strlen(text);
    } else if (type == FIELD_ETHER) {
        for (size_t i = 0; i < value->bytes.len && i < 6; i++)
            len +=
                snprintf(text + len, sizeof text - (size_t)len, "%s%02x", i ? ":" : "", value->bytes.data[i]);
    } else if (value->kind == OPERAND_REAL) {
        len = snprintf(text, sizeof text, "%.17g", value->real);
    } else if (value->kind == OPERAND_SIGNED) {
        len = snprintf(text, sizeof text, "%" PRId64, (int64_t)value->number);
    } else {
        len = snprintf(text, sizeof text, "%" PRIu64, value->number);
    }
    out = scratch_take(operands, (size_t)len);
    if (out == NULL)
        return false;
    memcpy(out, text, (size_t)len);
    *value = (struct operand_value) { .kind = OPERAND_TEXT,
                                      .bytes = { out, (size_t)len },
                                      .last = { out, (size_t)len } };
    return true;
}

static bool change_case(struct operands *operands, bool is_lower, struct operand_value *value)
{
    uint8_t *out = scratch_take(operands, value->bytes.len);

    if (out == NULL)
        return false;
    for (size_t i = 0; i < value->bytes.len; i++) {
        uint8_t c = value->bytes.data[i];

        out[i] = is_lower ? (c >= 'A' && c <= 'Z' ? c + 32 : c) : (c >= 'a' && c <= 'z' ? c - 32 : c);
    }
    value->bytes.data = value->last.data = out;
    return true;
}

/* How long a value of a field is: for numbers and addresses as Wireshark's type is. */
static uint64_t length_of(const struct node *node, const struct operand_value *value)
{
    switch (node->type) {
    case FIELD_UINT:
    case FIELD_INT:
    case FIELD_FRAME:
        return node->n_bits / 8u;
    case FIELD_NONE:
    case FIELD_BOOL:
    case FIELD_DOUBLE:
    case FIELD_TIME:
    case FIELD_DURATION:
        return 0;
    default:
        return value->bytes.len;
    }
}

/* Changes a value in place; false drops it. */
static bool map(struct operands *operands, const struct node *node, struct operand_value *value)
{
    if (node->kind == NODE_SLICE) {
        if (!slice(operands, node->ranges, &value->bytes))
            return false;
        value->last = value->bytes;
        value->kind = OPERAND_BYTES;
        return true;
    }
    if (node->kind == NODE_NEGATE)
        return operand_negate(value);
    switch (node->function) {
    case FUNCTION_LOWER:
    case FUNCTION_UPPER:
        return change_case(operands, node->function == FUNCTION_LOWER, value);
    case FUNCTION_LEN:
        *value = (struct operand_value) { .number = length_of(node->first, value) };
        return true;
    case FUNCTION_STRING:
        return text_of(operands, node->first->type, value);
    case FUNCTION_ABS:
        if (value->kind == OPERAND_REAL)
            return value->real >= 0 || operand_negate(value);
        return operand_number_of(value) >= 0 || operand_negate(value);
    default:
        return true;
    }
}

static void push_function(struct operands *operands, const struct step *step)
{
    const struct node *node = step->node;
    uint32_t start, kept;

    operands->n_lists -= step->n_arguments - 1; /* the arguments' lists become one */
    start = kept = operands->starts[operands->n_lists - 1];
    if (node->kind == NODE_FUNCTION && node->function == FUNCTION_COUNT) {
        uint64_t n = operands->n_values - start;

        operands->n_values = start;
        if (n > 0) /* of what is absent there is no count either */
            add_number(operands, OPERAND_UNSIGNED, false, n);
        return;
    }
    if (node->kind == NODE_FUNCTION && (node->function == FUNCTION_MAX || node->function == FUNCTION_MIN)) {
        for (uint32_t i = start + 1; i < operands->n_values; i++) {
            int order;

            if (operand_order(&operands->values[i], &operands->values[start], &order) &&
                (node->function == FUNCTION_MAX ? order > 0 : order < 0))
                operands->values[start] = operands->values[i];
        }
        if (operands->n_values > start)
            operands->n_values = start + 1;
        return;
    }
    for (uint32_t i = start; i < operands->n_values; i++)
        if (map(operands, node, &operands->values[i]))
            operands->values[kept++] = operands->values[i];
    operands->n_values = kept;
}

/* Pushes one list. Room for the lists on the way to it was checked when the program was made. */
static void push(struct operands *operands, const struct steps *steps)
{
    for (uint32_t i = 0; i < steps->n; i++) {
        const struct step *step = &steps->items[i];

        if (step->kind <= STEP_CONSTANT)
            operands->starts[operands->n_lists++] = operands->n_values;
        switch (step->kind) {
        case STEP_FIELD:
            push_field(operands, step->node);
            break;
        case STEP_PROTOCOL:
            push_protocol(operands, step->node);
            break;
        case STEP_CONSTANT:
            push_constant(operands, step->node);
            break;
        case STEP_ARITH:
            push_arith(operands, step->node->operation);
            break;
        case STEP_NEGATE:
        case STEP_SLICE:
        case STEP_FUNCTION:
            push_function(operands, step);
            break;
        }
    }
}

/* ---- comparing ---- */

/* In bytes nothing is everywhere, in a text nowhere: as in Wireshark. */
static bool contains(const struct operand_value *a, struct bytes needle)
{
    struct bytes haystack = a->bytes;

    if (needle.len == 0)
        return a->kind != OPERAND_TEXT;
    return (haystack.len > 0 && memmem(haystack.data, haystack.len, needle.data, needle.len) != NULL);
}

/* is_all: what cannot be compared stands in the way of "any", but not of "all". */
static bool agrees(const struct operands *operands, enum relation relation, bool is_all,
                   const struct operand_value *a, const struct operand_value *b, const struct regex *regex)
{
    int low, high;
    bool is_cut = false, is_match;

    if (relation == RELATION_CONTAINS)
        return contains(a, b->bytes);
    if (relation == RELATION_MATCHES) {
        is_match = regex && regex_match(regex, a->bytes, &is_cut);
        if (is_cut)
            count(&operands->limits->n_patterns_cut);
        return is_match;
    }
    if (!operand_order(a, b, &low))
        return is_all;
    high = low; /* a prefix is the range of its addresses, and only on the right */
    if (operand_is_bytes(b) && b->last.data != b->bytes.data)
        high = bytes_compare(a->bytes, b->last);

    switch (relation) {
    case RELATION_EQ:
        return low >= 0 && high <= 0;
    case RELATION_NE:
        return low < 0 || high > 0;
    case RELATION_GT:
        return high > 0;
    case RELATION_GE:
        return low >= 0;
    case RELATION_LT:
        return low < 0;
    default:
        return high <= 0;
    }
}

/* Compares the list on the left with the one on top. For "any" one pair suffices, for "all" every. */
static bool compare_lists(const struct operands *operands, uint32_t n_left, uint32_t right,
                          enum relation relation, bool is_all, const struct regex *regex)
{
    for (uint32_t i = 0; i < n_left; i++)
        for (uint32_t j = right; j < operands->n_values; j++)
            if (agrees(operands, relation, is_all, &operands->values[i], &operands->values[j], regex) !=
                is_all)
                return !is_all;
    return is_all && n_left > 0 && operands->n_values > right;
}

/* The same for low..high, lists of values that begin at low and high: each end may be a field. */
static bool compare_range(const struct operands *operands, uint32_t n_left, uint32_t low, uint32_t high,
                          bool is_all)
{
    for (uint32_t i = 0; i < n_left; i++) {
        bool is_above = false, is_below = false;

        for (uint32_t j = low; j < high; j++)
            is_above |=
                agrees(operands, RELATION_GE, is_all, &operands->values[i], &operands->values[j], NULL);
        for (uint32_t j = high; j < operands->n_values; j++)
            is_below |=
                agrees(operands, RELATION_LE, is_all, &operands->values[i], &operands->values[j], NULL);
        if ((is_above && is_below) != is_all)
            return !is_all;
    }
    return is_all && high > low && operands->n_values > high;
}

/* "all x in {...}": all are the same element's, as Wireshark has it. */
static bool is_in_set(struct operands *operands, const struct general *general, bool is_all)
{
    uint32_t n_left = operands->n_values, n_scratch = operands->n_scratch;

    for (uint32_t r = 0; r < general->n_rights; r++) {
        const struct general_right *right = &general->rights[r];
        bool is_in;

        operands->n_lists = 1;
        push(operands, &right->low);
        if (right->high.n) {
            uint32_t high = operands->n_values;

            push(operands, &right->high);
            is_in = compare_range(operands, n_left, n_left, high, is_all);
        } else {
            is_in = compare_lists(operands, n_left, n_left, RELATION_EQ, is_all, NULL);
        }
        operands->n_values = n_left;
        operands->n_scratch = n_scratch;
        if (is_in)
            return true;
    }
    return false;
}

/*
 * What is computed and stands by itself ("udp.port & 1") asks whether it is not zero, a slice whether there
 * is any of it, and anything else whether it is there.
 */
static bool is_there(const struct operands *operands, const struct node *node)
{
    bool is_computed = node->kind == NODE_ARITH || node->kind == NODE_NEGATE;

    for (uint32_t i = 0; i < operands->n_values; i++) {
        const struct operand_value *value = &operands->values[i];

        if (!is_computed) {
            if (node->kind != NODE_SLICE || value->bytes.len > 0)
                return true;
            continue;
        }
        if (value->kind == OPERAND_REAL ? value->real != 0 : operand_is_integer(value) && value->number != 0)
            return true;
        for (size_t k = 0; k < value->bytes.len; k++)
            if (value->bytes.data[k] != 0)
                return true;
    }
    return false;
}

bool operand_test(const struct general *general, bool is_all, const struct dissection *d,
                  struct program_limits *limits)
{
    struct operands operands;
    const struct steps *right;
    const struct node *node;
    uint32_t n_left;

    operands.d = d;
    operands.limits = limits;
    operands.n_values = operands.n_scratch = operands.n_lists = 0;
    push(&operands, &general->left);
    if (operands.n_values == 0)
        return false;
    n_left = operands.n_values;
    if (general->n_rights == 0)
        return is_there(&operands, general->left.items[general->left.n - 1].node);
    if (general->is_set)
        return is_in_set(&operands, general, is_all);
    right = &general->rights[0].low;
    node = right->items[right->n - 1].node;
    push(&operands, right);
    return compare_lists(&operands, n_left, n_left, general->relation, is_all,
                         node->kind == NODE_CONSTANT ? node->regex : NULL);
}
