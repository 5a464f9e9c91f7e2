/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/operand.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/ip_address.h"
#include "base/timestamp.h"
#include "filter/regex.h"
#include "protocol/dissection.h"

/* Numbers are signed once they are computed with: 64 - 65 is -1. Addresses are bytes. */
struct operand_value {
    bool is_number;
    int64_t number;
    struct bytes bytes;
    struct bytes last; /* of a prefix: its last address; else as bytes */
};

struct operands {
    const struct dissection *d;
    uint32_t n_values;
    uint32_t n_scratch;
    uint32_t n_lists;
    uint32_t starts[3 * OPERAND_LISTS]; /* where each list on the stack begins */
    struct operand_value values[OPERAND_VALUES];
    uint8_t scratch[OPERAND_BYTES];
};

static struct operand_value *add(struct operands *operands)
{
    struct operand_value *value;

    if (operands->n_values == OPERAND_VALUES)
        return NULL;
    value = &operands->values[operands->n_values++];
    *value = (struct operand_value) { 0 };
    return value;
}

static void add_number(struct operands *operands, int64_t number)
{
    struct operand_value *value = add(operands);

    if (value) {
        value->is_number = true;
        value->number = number;
    }
}

static void add_bytes(struct operands *operands, struct bytes bytes)
{
    struct operand_value *value = add(operands);

    if (value)
        value->bytes = value->last = bytes;
}

static uint8_t *scratch_take(struct operands *operands, size_t len)
{
    uint8_t *piece = operands->scratch + operands->n_scratch;

    if (len > OPERAND_BYTES - operands->n_scratch)
        return NULL;
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
    enum protocol_id protocol;
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
    case FIELD_STRING:
        add_bytes(collect->operands, value->bytes);
        break;
    case FIELD_NONE:
        add_bytes(collect->operands, (struct bytes) { 0 });
        break;
    default:
        add_number(collect->operands, (int64_t)value->number);
        break;
    }
    return true;
}

static void collect_init(struct collect *collect, struct operands *operands, const struct node *node)
{
    collect->operands = operands;
    collect->layers = node->layers;
    collect->protocol = node->protocol;
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

    if (node->protocol == PROTOCOL_FRAME) {
        if (is_layer_meant(node->layers, 1, 1))
            add_bytes(operands, (struct bytes) { d->packet->data, d->packet->caplen });
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
        add_bytes(operands, (struct bytes) { layer->data, len });
    }
}

static void push_constant(struct operands *operands, const struct node *node)
{
    size_t n_bytes = node->type == FIELD_IPV4 ? 4 : node->type == FIELD_IPV6 ? 16 : 6;
    struct operand_value *value;
    uint8_t *low, *high;

    switch (node->type) {
    case FIELD_BYTES:
    case FIELD_STRING:
        add_bytes(operands, node->constant.bytes);
        return;
    case FIELD_TIME:
    case FIELD_DURATION:
        add_number(operands, (int64_t)key_of_signed((uint64_t)node->constant.low));
        return;
    case FIELD_IPV4:
    case FIELD_IPV6:
    case FIELD_ETHER:
        break;
    default:
        add_number(operands, (int64_t)(uint64_t)node->constant.low);
        return;
    }
    low = scratch_take(operands, n_bytes);
    high = scratch_take(operands, n_bytes);
    value = low && high ? add(operands) : NULL;
    if (value == NULL)
        return;
    for (size_t i = 0; i < n_bytes; i++) {
        low[i] = (uint8_t)(node->constant.low >> 8 * (n_bytes - 1 - i));
        high[i] = (uint8_t)(node->constant.high >> 8 * (n_bytes - 1 - i));
    }
    value->bytes = (struct bytes) { low, n_bytes };
    value->last = (struct bytes) { high, n_bytes };
}

/* ---- what is computed: the arguments' lists are on top of the stack, and the result takes their place ----
 */

/* False where there is no answer: division by zero, overflow, runs of different length. */
static bool arith(struct operands *operands, enum operation operation, const struct operand_value *a,
                  const struct operand_value *b, struct operand_value *result)
{
    *result = (struct operand_value) { .is_number = true };
    if (!a->is_number || !b->is_number) {
        uint8_t *out;

        if (a->is_number || b->is_number || a->bytes.len != b->bytes.len)
            return false;
        out = scratch_take(operands, a->bytes.len);
        if (out == NULL)
            return false;
        for (size_t i = 0; i < a->bytes.len; i++)
            out[i] = a->bytes.data[i] & b->bytes.data[i];
        result->is_number = false;
        result->bytes = result->last = (struct bytes) { out, a->bytes.len };
        return true;
    }
    switch (operation) {
    case OPERATION_ADD:
        return !__builtin_add_overflow(a->number, b->number, &result->number);
    case OPERATION_SUBTRACT:
        return !__builtin_sub_overflow(a->number, b->number, &result->number);
    case OPERATION_MULTIPLY:
        return !__builtin_mul_overflow(a->number, b->number, &result->number);
    case OPERATION_DIVIDE:
    case OPERATION_MODULO:
        if (b->number == 0 || (a->number == INT64_MIN && b->number == -1))
            return false;
        result->number = operation == OPERATION_DIVIDE ? a->number / b->number : a->number % b->number;
        return true;
    case OPERATION_AND:
        result->number = a->number & b->number;
        return true;
    }
    return false;
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

static bool slice(struct operands *operands, const struct range_list *ranges, struct bytes *bytes)
{
    int64_t first, last, n = (int64_t)bytes->len;
    uint8_t *out;
    size_t len = 0;

    if (ranges->n == 1) {
        if (!piece_resolve(&ranges->pieces[0], n, &first, &last))
            return false;
        *bytes = (struct bytes) { bytes->data + first, (size_t)(last - first + 1) };
        return true;
    }
    for (uint32_t i = 0; i < ranges->n; i++) {
        if (!piece_resolve(&ranges->pieces[i], n, &first, &last))
            return false;
        len += (size_t)(last - first + 1);
    }
    out = scratch_take(operands, len);
    if (out == NULL)
        return false;
    len = 0;
    for (uint32_t i = 0; i < ranges->n; i++) {
        if (!piece_resolve(&ranges->pieces[i], n, &first, &last))
            return false;
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
    } else if (type == FIELD_BOOL) {
        len = snprintf(text, sizeof text, "%s", value->number ? "True" : "False");
    } else if (type_is_signed(type)) {
        uint64_t size = value->number < 0 ? 0 - (uint64_t)value->number : (uint64_t)value->number;

        len = snprintf(text, sizeof text, "%s%" PRIu64 ".%09" PRIu64, value->number < 0 ? "-" : "",
                       size / NS_PER_SECOND, size % NS_PER_SECOND);
    } else {
        len = snprintf(text, sizeof text, "%" PRIu64, (uint64_t)value->number);
    }
    out = scratch_take(operands, (size_t)len);
    if (out == NULL)
        return false;
    memcpy(out, text, (size_t)len);
    *value = (struct operand_value) { .bytes = { out, (size_t)len }, .last = { out, (size_t)len } };
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

/* Changes a value in place; false drops it. */
static bool map(struct operands *operands, const struct node *node, struct operand_value *value)
{
    if (node->kind == NODE_SLICE) {
        if (!slice(operands, node->ranges, &value->bytes))
            return false;
        value->last = value->bytes;
        return true;
    }
    if (node->kind == NODE_NEGATE)
        return !__builtin_sub_overflow((int64_t)0, value->number, &value->number);
    switch (node->function) {
    case FUNCTION_LOWER:
    case FUNCTION_UPPER:
        return change_case(operands, node->function == FUNCTION_LOWER, value);
    case FUNCTION_LEN:
        *value = (struct operand_value) { .is_number = true, .number = (int64_t)value->bytes.len };
        return true;
    case FUNCTION_STRING:
        return text_of(operands, node->first->type, value);
    case FUNCTION_ABS:
        return value->number >= 0 || !__builtin_sub_overflow((int64_t)0, value->number, &value->number);
    default:
        return true;
    }
}

static int order_of(const struct operand_value *a, const struct operand_value *b)
{
    if (a->is_number && b->is_number)
        return a->number < b->number ? -1 : a->number > b->number;
    return bytes_compare(a->bytes, b->bytes);
}

static void push_function(struct operands *operands, const struct step *step)
{
    const struct node *node = step->node;
    uint32_t start, kept;

    operands->n_lists -= step->n_arguments - 1; /* the arguments' lists become one */
    start = kept = operands->starts[operands->n_lists - 1];
    if (node->kind == NODE_FUNCTION && node->function == FUNCTION_COUNT) {
        int64_t n = operands->n_values - start;

        operands->n_values = start;
        if (n > 0) /* of what is absent there is no count either */
            add_number(operands, n);
        return;
    }
    if (node->kind == NODE_FUNCTION && (node->function == FUNCTION_MAX || node->function == FUNCTION_MIN)) {
        for (uint32_t i = start + 1; i < operands->n_values; i++) {
            int order = order_of(&operands->values[i], &operands->values[start]);

            if (node->function == FUNCTION_MAX ? order > 0 : order < 0)
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

static bool contains(struct bytes haystack, struct bytes needle)
{
    return needle.len == 0 ||
           (haystack.len > 0 && memmem(haystack.data, haystack.len, needle.data, needle.len) != NULL);
}

static bool agrees(enum relation relation, const struct operand_value *a, const struct operand_value *b,
                   const struct regex *regex)
{
    /* A prefix is the range of its addresses, and only on the right. */
    int low = order_of(a, b);
    int high = a->is_number || b->last.data == b->bytes.data ? low : bytes_compare(a->bytes, b->last);

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
    case RELATION_LE:
        return high <= 0;
    case RELATION_CONTAINS:
        return contains(a->bytes, b->bytes);
    case RELATION_MATCHES:
        return regex && regex_match(regex, a->bytes);
    }
    return false;
}

/* Compares the list on the left with the one or two on top. For "any" one pair suffices, for "all" every. */
static bool compare_lists(const struct operands *operands, uint32_t n_left, uint32_t right,
                          enum relation relation, bool is_all, const struct regex *regex)
{
    for (uint32_t i = 0; i < n_left; i++)
        for (uint32_t j = right; j < operands->n_values; j++)
            if (agrees(relation, &operands->values[i], &operands->values[j], regex) != is_all)
                return !is_all;
    return is_all && n_left > 0 && operands->n_values > right;
}

/* Is one value in low..high, both lists of values. */
static bool is_in_range(const struct operands *operands, const struct operand_value *value, uint32_t low,
                        uint32_t high)
{
    bool is_above = false;

    for (uint32_t i = low; i < high; i++)
        is_above = is_above || agrees(RELATION_GE, value, &operands->values[i], NULL);
    if (!is_above)
        return false;
    for (uint32_t i = high; i < operands->n_values; i++)
        if (agrees(RELATION_LE, value, &operands->values[i], NULL))
            return true;
    return false;
}

static bool is_in_set(struct operands *operands, const struct general *general,
                      const struct operand_value *value)
{
    uint32_t n_values = operands->n_values, n_scratch = operands->n_scratch;

    for (uint32_t r = 0; r < general->n_rights; r++) {
        const struct general_right *right = &general->rights[r];
        bool is_in = false;
        uint32_t high;

        operands->n_lists = 1;
        push(operands, &right->low);
        high = operands->n_values;
        if (right->high.n) {
            push(operands, &right->high);
            is_in = is_in_range(operands, value, n_values, high);
        } else {
            for (uint32_t i = n_values; i < high; i++)
                is_in = is_in || agrees(RELATION_EQ, value, &operands->values[i], NULL);
        }
        operands->n_values = n_values;
        operands->n_scratch = n_scratch;
        if (is_in)
            return true;
    }
    return false;
}

/* "udp.port & 1" by itself asks whether a bit is set, so zero is not enough; anything else, whether it is
 * there. */
static bool is_there(const struct operands *operands, const struct node *node)
{
    for (uint32_t i = 0; i < operands->n_values; i++) {
        const struct operand_value *value = &operands->values[i];

        if (node->kind != NODE_ARITH || node->operation != OPERATION_AND)
            return true;
        if (value->is_number && value->number != 0)
            return true;
        for (size_t k = 0; k < value->bytes.len; k++)
            if (value->bytes.data[k] != 0)
                return true;
    }
    return false;
}

bool operand_test(const struct general *general, bool is_all, const struct dissection *d)
{
    struct operands operands;
    const struct steps *right;
    const struct node *node;
    uint32_t n_left;

    operands.d = d;
    operands.n_values = operands.n_scratch = operands.n_lists = 0;
    push(&operands, &general->left);
    if (operands.n_values == 0)
        return false;
    n_left = operands.n_values;
    if (general->n_rights == 0)
        return is_there(&operands, general->left.items[general->left.n - 1].node);
    right = &general->rights[0].low;
    if (!general->is_set) {
        node = right->items[right->n - 1].node;
        push(&operands, right);
        return compare_lists(&operands, n_left, n_left, general->relation, is_all,
                             node->kind == NODE_CONSTANT ? node->regex : NULL);
    }
    for (uint32_t i = 0; i < n_left; i++) {
        struct operand_value value = operands.values[i];

        if (is_in_set(&operands, general, &value) != is_all)
            return !is_all;
    }
    return is_all;
}
