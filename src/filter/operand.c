/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/operand.h"

#include "filter/operand_steps.h"
#include "filter/regex.h"

/* Nothing is in all bytes that there are, but in no text and in no protocol: as in Wireshark. */
static bool contains(const struct operand_value *a, const struct operand_value *b)
{
    struct bytes haystack = a->bytes, needle = b->bytes;

    if (needle.len == 0)
        return b->kind != OPERAND_TEXT && !a->is_protocol && haystack.len > 0;
    return haystack.len > 0 && memmem(haystack.data, haystack.len, needle.data, needle.len) != NULL;
}

/* is_all: what cannot be compared stands in the way of "any", but not of "all". */
static bool agrees(const struct operands *operands, enum relation relation, bool is_all,
                   const struct operand_value *a, const struct operand_value *b, const struct regex *regex)
{
    int order;
    bool is_cut = false, is_match;

    if (relation == RELATION_CONTAINS)
        return contains(a, b);
    if (relation == RELATION_MATCHES) {
        is_match = regex && regex_match(regex, a->bytes, &is_cut);
        if (is_cut)
            operands_count_cut(&operands->limits->n_patterns_cut);
        return is_match;
    }
    if (!operand_order(a, b, &order))
        return is_all;
    switch (relation) {
    case RELATION_EQ:
        return order == 0;
    case RELATION_NE:
        return order != 0;
    case RELATION_GT:
        return order > 0;
    case RELATION_GE:
        return order >= 0;
    case RELATION_LT:
        return order < 0;
    default:
        return order <= 0;
    }
}

/* Compares the list on the left with the one on top. For "any" one pair suffices, for "all" every, also of
 * none. */
static bool compare_lists(const struct operands *operands, uint32_t n_left, uint32_t right,
                          enum relation relation, bool is_all, const struct regex *regex)
{
    for (uint32_t i = 0; i < n_left; i++)
        for (uint32_t j = right; j < operands->n_values; j++)
            if (agrees(operands, relation, is_all, &operands->values[i], &operands->values[j], regex) !=
                is_all)
                return !is_all;
    return is_all;
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
    return is_all;
}

/* "all x in {...}": all are the same element's, as Wireshark has it. */
static bool is_in_set(struct operands *operands, const struct general *general, bool is_all)
{
    uint32_t n_left = operands->n_values, n_scratch = operands->n_scratch;

    for (uint32_t r = 0; r < general->n_rights; r++) {
        const struct general_right *right = &general->rights[r];
        bool is_in;

        operands->n_lists = 1;
        operand_steps_run(operands, &right->low);
        is_in = !operands_top(operands)->is_absent;
        if (right->high.n) {
            uint32_t high = operands->n_values;

            operand_steps_run(operands, &right->high);
            is_in = is_in && !operands_top(operands)->is_absent &&
                    compare_range(operands, n_left, n_left, high, is_all);
        } else {
            is_in = is_in && compare_lists(operands, n_left, n_left, RELATION_EQ, is_all, NULL);
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
    operand_steps_run(&operands, &general->left);
    if (operands_top(&operands)->is_absent)
        return false;
    n_left = operands.n_values;
    if (general->n_rights == 0)
        return is_there(&operands, general->left.items[general->left.n - 1].node);
    if (general->is_set)
        return is_in_set(&operands, general, is_all);
    right = &general->rights[0].low;
    node = right->items[right->n - 1].node;
    operand_steps_run(&operands, right);
    if (operands_top(&operands)->is_absent)
        return false;
    return compare_lists(&operands, n_left, n_left, general->relation, is_all,
                         node->kind == NODE_CONSTANT ? node->regex : NULL);
}
