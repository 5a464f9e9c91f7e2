/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/operand_value.h"

/* Whether a result fits the kind and width it is computed in. */
static bool number_fits(const struct operand_value *value, operand_number number)
{
    operand_number most = value->is_wide ? (value->kind == OPERAND_SIGNED ? INT64_MAX : UINT64_MAX)
                                         : (value->kind == OPERAND_SIGNED ? INT32_MAX : UINT32_MAX);

    return number <= most && number >= (value->kind == OPERAND_SIGNED ? -most - 1 : 0);
}

operand_number operand_number_of(const struct operand_value *value)
{
    return value->kind == OPERAND_SIGNED ? (operand_number)(int64_t)value->number
                                         : (operand_number)value->number;
}

static bool integer_arith(enum operation operation, const struct operand_value *a,
                          const struct operand_value *b, struct operand_value *result)
{
    struct operand_value same = { .kind = a->kind, .is_wide = a->is_wide, .number = b->number };
    operand_number x = operand_number_of(a), y, z = 0;

    if (!a->is_wide) /* -1 beside unsigned numbers is the largest of them */
        same.number = a->kind == OPERAND_SIGNED ? (uint64_t)(int32_t)b->number : (uint32_t)b->number;
    y = operand_number_of(&same);
    *result = (struct operand_value) { .kind = a->kind, .is_wide = a->is_wide };
    switch (operation) {
    case OPERATION_ADD:
        z = x + y;
        break;
    case OPERATION_SUBTRACT:
        z = x - y;
        if (a->kind == OPERAND_UNSIGNED && z < 0) {
            result->kind = OPERAND_SIGNED;
            if (!number_fits(result, x) || !number_fits(result, y))
                return false;
        }
        break;
    case OPERATION_MULTIPLY:
        if (__builtin_mul_overflow(x, y, &z))
            return false;
        break;
    case OPERATION_DIVIDE:
        if (y == 0)
            return false;
        z = x / y;
        break;
    case OPERATION_MODULO:
        if (y == 0)
            return false;
        z = x % y;
        break;
    case OPERATION_AND:
        z = x & y;
        break;
    }
    result->number = (uint64_t)z;
    return number_fits(result, z);
}

static bool real_arith(enum operation operation, double a, double b, double *result)
{
    switch (operation) {
    case OPERATION_ADD:
        *result = a + b;
        return true;
    case OPERATION_SUBTRACT:
        *result = a - b;
        return true;
    case OPERATION_MULTIPLY:
        *result = a * b;
        return true;
    case OPERATION_DIVIDE:
        *result = a / b;
        return true;
    default:
        return false;
    }
}

bool operand_compute(enum operation operation, const struct operand_value *a, const struct operand_value *b,
                     struct operand_value *result)
{
    if (operand_is_integer(a) && operand_is_integer(b))
        return integer_arith(operation, a, b, result);
    *result = (struct operand_value) { .kind = OPERAND_REAL };
    return a->kind == OPERAND_REAL && b->kind == OPERAND_REAL &&
           real_arith(operation, a->real, b->real, &result->real);
}

bool operand_negate(struct operand_value *value)
{
    operand_number number = -operand_number_of(value);

    if (value->kind == OPERAND_REAL) {
        value->real = -value->real;
        return true;
    }
    value->kind = OPERAND_SIGNED;
    value->number = (uint64_t)number;
    return number_fits(value, number);
}

/* Addresses as far as both go. */
static int prefix_order(const struct operand_value *a, const struct operand_value *b)
{
    size_t n = a->n_prefix_bits < b->n_prefix_bits ? a->n_prefix_bits : b->n_prefix_bits, i = 0;
    size_t len = a->bytes.len < b->bytes.len ? a->bytes.len : b->bytes.len;

    for (; i < len && n > 0; i++) {
        unsigned mask = n >= 8 ? 0xff : 0xff & 0xff << (8 - n);

        if ((a->bytes.data[i] & mask) != (b->bytes.data[i] & mask))
            return (a->bytes.data[i] & mask) < (b->bytes.data[i] & mask) ? -1 : 1;
        n -= n < 8 ? n : 8;
    }
    return 0;
}

bool operand_order(const struct operand_value *a, const struct operand_value *b, int *order)
{
    if (operand_is_integer(a) && operand_is_integer(b)) {
        operand_number x = operand_number_of(a), y = operand_number_of(b);

        *order = x < y ? -1 : x > y;
        return a->kind == b->kind || (a->kind == OPERAND_UNSIGNED ? y >= 0 : y <= INT64_MAX);
    }
    if (a->kind == OPERAND_REAL && b->kind == OPERAND_REAL) {
        *order = a->real < b->real ? -1 : a->real > b->real;
        return true;
    }
    if (a->n_prefix_bits != UINT16_MAX || b->n_prefix_bits != UINT16_MAX)
        *order = prefix_order(a, b);
    else if (a->bytes.len != b->bytes.len && (a->kind == OPERAND_BYTES || b->kind == OPERAND_BYTES))
        *order = a->bytes.len < b->bytes.len ? -1 : 1;
    else
        *order = bytes_compare(a->bytes, b->bytes);
    return true;
}
