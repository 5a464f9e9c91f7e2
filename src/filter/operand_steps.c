/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/operand_steps.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/ip_address.h"
#include "filter/operand_read.h"

/* ---- arithmetic ---- */

/* Bytes are masked as far as both go. */
static bool bytes_mask(struct operands *operands, const struct operand_value *a,
                       const struct operand_value *b, struct operand_value *result)
{
    size_t len = a->bytes.len < b->bytes.len ? a->bytes.len : b->bytes.len;
    uint8_t *out = operands_scratch(operands, len);

    if (out == NULL)
        return false;
    for (size_t i = 0; i < len; i++)
        out[i] = a->bytes.data[i] & b->bytes.data[i];
    *result = operand_of_bytes(OPERAND_BYTES, (struct bytes) { out, len });
    result->n_prefix_bits = a->n_prefix_bits;
    return true;
}

static bool arith(struct operands *operands, enum operation operation, const struct operand_value *a,
                  const struct operand_value *b, struct operand_value *result)
{
    if (operand_is_bytes(a) && operand_is_bytes(b))
        return bytes_mask(operands, a, b, result);
    return operand_compute(operation, a, b, result);
}

/* Of the two lists on top, each value with each. */
static void run_arith(struct operands *operands, enum operation operation)
{
    const struct operand_list *b = operands_top(operands);
    struct operand_list *a = &operands->lists[operands->n_lists - 2];
    uint32_t end = operands->n_values, n;

    for (uint32_t i = a->start; i < b->start; i++)
        for (uint32_t j = b->start; j < end; j++) {
            struct operand_value result;

            if (arith(operands, operation, &operands->values[i], &operands->values[j], &result))
                operands_add(operands, result);
        }
    n = operands->n_values - end;
    memmove(operands->values + a->start, operands->values + end, n * sizeof *operands->values);
    operands->n_values = a->start + n;
    a->is_absent = a->is_absent || b->is_absent;
    operands->n_lists--;
}

/* ---- slices ---- */

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
    out = operands_scratch(operands, most);
    if (out == NULL)
        return false;
    for (uint32_t i = 0; i < ranges->n && piece_resolve(&ranges->pieces[i], n, &first, &last); i++) {
        memcpy(out + len, bytes->data + first, (size_t)(last - first + 1));
        len += (size_t)(last - first + 1);
    }
    *bytes = (struct bytes) { out, len };
    return true;
}

/* ---- functions of one value ---- */

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
    out = operands_scratch(operands, (size_t)len);
    if (out == NULL)
        return false;
    memcpy(out, text, (size_t)len);
    *value = operand_of_bytes(OPERAND_TEXT, (struct bytes) { out, (size_t)len });
    return true;
}

static bool change_case(struct operands *operands, bool is_lower, struct operand_value *value)
{
    uint8_t *out = operands_scratch(operands, value->bytes.len);

    if (out == NULL)
        return false;
    for (size_t i = 0; i < value->bytes.len; i++) {
        uint8_t c = value->bytes.data[i];

        out[i] = is_lower ? (c >= 'A' && c <= 'Z' ? c + 32 : c) : (c >= 'a' && c <= 'z' ? c - 32 : c);
    }
    value->bytes.data = out;
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
        *value = operand_of_bytes(OPERAND_BYTES, value->bytes);
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

/* ---- lists ---- */

static void run_map(struct operands *operands, const struct node *node)
{
    uint32_t start = operands_top(operands)->start, kept = start;

    for (uint32_t i = start; i < operands->n_values; i++)
        if (map(operands, node, &operands->values[i]))
            operands->values[kept++] = operands->values[i];
    operands->n_values = kept;
}

static void run_count(struct operands *operands)
{
    uint32_t start = operands_top(operands)->start, n = operands->n_values - start;

    operands->n_values = start;
    if (n > 0) /* of what is absent there is no count either */
        operands_add(operands, (struct operand_value) { .kind = OPERAND_UNSIGNED, .number = n });
}

static void run_extreme(struct operands *operands, bool is_max)
{
    uint32_t start = operands_top(operands)->start;

    for (uint32_t i = start + 1; i < operands->n_values; i++) {
        int order;

        if (operand_order(&operands->values[i], &operands->values[start], &order) &&
            (is_max ? order > 0 : order < 0))
            operands->values[start] = operands->values[i];
    }
    if (operands->n_values > start)
        operands->n_values = start + 1;
}

static void run_function(struct operands *operands, const struct step *step)
{
    operands->n_lists -= step->n_arguments - 1; /* the arguments' lists become one */
    switch (step->node->function) {
    case FUNCTION_LEN:
        run_map(operands, step->node);
        return;
    case FUNCTION_COUNT:
        run_count(operands);
        break;
    case FUNCTION_MAX:
    case FUNCTION_MIN:
        run_extreme(operands, step->node->function == FUNCTION_MAX);
        break;
    default:
        run_map(operands, step->node);
        break;
    }
    /* max(a, b) is there when either is, and nothing is made of what could not be computed */
    operands_top(operands)->is_absent = operands->n_values == operands_top(operands)->start;
}

void operand_steps_run(struct operands *operands, const struct steps *steps)
{
    for (uint32_t i = 0; i < steps->n; i++) {
        const struct step *step = &steps->items[i];

        if (step->kind <= STEP_CONSTANT)
            operands_begin(operands);
        switch (step->kind) {
        case STEP_FIELD:
            operand_read_field(operands, step->node);
            break;
        case STEP_PROTOCOL:
            operand_read_protocol(operands, step->node);
            break;
        case STEP_CONSTANT:
            operand_read_constant(operands, step->node);
            break;
        case STEP_ARITH:
            run_arith(operands, step->node->operation);
            break;
        case STEP_NEGATE:
        case STEP_SLICE:
            run_map(operands, step->node);
            break;
        case STEP_FUNCTION:
            run_function(operands, step);
            break;
        }
    }
}
