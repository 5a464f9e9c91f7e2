/* SPDX-License-Identifier: Apache-2.0 */
#include "base/number_set.h"

#include <stdlib.h>
#include <string.h>

void number_set_clear(struct number_set *set)
{
    for (uint32_t i = 0; i < set->n_pages; i++)
        free(set->pages[i]);
    free(set->pages);
    *set = (struct number_set) { 0 };
}

static bool grow(struct number_set *set, uint32_t n_pages)
{
    uint64_t **pages;

    if (n_pages < set->n_pages * 2)
        n_pages = set->n_pages * 2;
    pages = realloc(set->pages, n_pages * sizeof *pages);
    if (pages == NULL)
        return false;
    memset(pages + set->n_pages, 0, (n_pages - set->n_pages) * sizeof *pages);
    set->pages = pages;
    set->n_pages = n_pages;
    return true;
}

bool number_set_add(struct number_set *set, uint64_t number)
{
    uint32_t page = (uint32_t)(number >> NUMBER_SET_PAGE_BITS);
    uint64_t bit = number & ((1u << NUMBER_SET_PAGE_BITS) - 1), *word;

    if (number >= NUMBER_SET_END || (page >= set->n_pages && !grow(set, page + 1)))
        return false;
    if (set->pages[page] == NULL &&
        (set->pages[page] = calloc((1u << NUMBER_SET_PAGE_BITS) / 64, sizeof **set->pages)) == NULL)
        return false;
    word = &set->pages[page][bit >> 6];
    set->n += !(*word >> (bit & 63) & 1);
    *word |= UINT64_C(1) << (bit & 63);
    return true;
}
