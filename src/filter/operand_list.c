/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/operand_list.h"

void operands_count_cut(_Atomic uint64_t *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

void operands_begin(struct operands *operands)
{
    operands->lists[operands->n_lists++] = (struct operand_list) { .start = operands->n_values };
}

void operands_add(struct operands *operands, struct operand_value value)
{
    if (operands->n_values == OPERAND_VALUES)
        operands_count_cut(&operands->limits->n_operands_cut);
    else
        operands->values[operands->n_values++] = value;
}

uint8_t *operands_scratch(struct operands *operands, size_t len)
{
    uint8_t *piece = operands->scratch + operands->n_scratch;

    if (len > OPERAND_SCRATCH - operands->n_scratch) {
        operands_count_cut(&operands->limits->n_operands_cut);
        return NULL;
    }
    operands->n_scratch += (uint32_t)len;
    return piece;
}
