/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operand_list - the stack of lists that computed operands are worked out on: a field may have many values.
 *
 * All lists lie one behind the other in one array with a ceiling, for a packet is not worth an allocation;
 * what does not fit is left out, and counted.
 */
#pragma once

#include "filter/operand.h"
#include "filter/operand_value.h"

struct operand_list {
    uint32_t start; /* it goes up to the next one's, or to n_values */
    /*
     * Something in it is not in the packet, so that its test is false. A list can be empty without: of what
     * could not be computed ("x % 0") "all" is true, as of any empty set.
     */
    bool is_absent;
};

struct operands {
    const struct dissection *d;
    struct program_limits *limits;
    uint32_t n_values;
    uint32_t n_scratch;
    uint32_t n_lists;
    struct operand_list lists[3 * OPERAND_LISTS];
    struct operand_value values[OPERAND_VALUES];
    uint8_t scratch[OPERAND_SCRATCH];
};

void operands_count_cut(_Atomic uint64_t *counter);

/* Begins a list on top of the stack. Room for the lists on the way to it was checked when the program was
 * made. */
void operands_begin(struct operands *operands);

/* A value more at the end of the list on top; left out where there is no room. */
void operands_add(struct operands *operands, struct operand_value value);

/* Memory for computed bytes, until the test is over; NULL where there is no room. */
uint8_t *operands_scratch(struct operands *operands, size_t len);

static inline struct operand_list *operands_top(struct operands *operands)
{
    return &operands->lists[operands->n_lists - 1];
}
