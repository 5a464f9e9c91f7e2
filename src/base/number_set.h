/* SPDX-License-Identifier: Apache-2.0 */
/*
 * number_set - a set of packet numbers: a bit each, in pages that are there once one of their numbers is.
 *
 * Numbers are below NUMBER_SET_END; a page is 8 KiB for 65 536 of them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define NUMBER_SET_END (UINT64_C(1) << 36)

struct number_set {
    uint64_t **pages;
    uint32_t n_pages;
    uint64_t n; /* numbers in it */
};

void number_set_clear(struct number_set *set);

bool number_set_add(struct number_set *set, uint64_t number); /* false without memory, or at the end */

enum { NUMBER_SET_PAGE_BITS = 16 };

static inline bool number_set_has(const struct number_set *set, uint64_t number)
{
    uint64_t page = number >> NUMBER_SET_PAGE_BITS;
    uint64_t bit = number & ((1u << NUMBER_SET_PAGE_BITS) - 1);

    return page < set->n_pages && set->pages[page] && set->pages[page][bit >> 6] >> (bit & 63) & 1;
}
