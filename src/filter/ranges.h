/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ranges - what stands in the brackets of a slice or behind a "#": 0:2, 1-3, -1, :4, 4:
 */
#pragma once

#include "filter/tree.h"

enum ranges_result {
    RANGES_GOOD,
    RANGES_WRONG,
    RANGES_TOO_MANY, /* FILTER_RANGES */
};

/* Numbers as in C: 010 is eight. */
enum ranges_result ranges_parse(struct bytes text, struct range_list *list);
