/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operand - the long way: comparisons in which something is computed (slices, functions, arithmetic), one
 * layer is picked, or field stands against field.
 *
 * Both sides become lists of values, for a field may have many, and lists are compared pair by pair. They
 * live on the stack with a ceiling (OPERAND_VALUES, OPERAND_SCRATCH); what does not fit is left out, and
 * counted.
 */
#pragma once

#include "filter/program.h"

enum {
    OPERAND_VALUES = 1024,       /* in all lists of one test together */
    OPERAND_SCRATCH = 32 * 1024, /* of computed text */
};

/* Is the test true; with is_all for every value on the left (and there is one). */
bool operand_test(const struct general *general, bool is_all, const struct dissection *d,
                  struct program_limits *limits);
