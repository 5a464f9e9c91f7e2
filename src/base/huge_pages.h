/* SPDX-License-Identifier: Apache-2.0 */
/*
 * huge_pages - asks the kernel for large pages under a large table that is looked into in no order: each look
 * then costs one miss and not two, for the page tables stay in the cache. A wish: nothing depends on it.
 *
 * For tables only that fill up from their start, or at once: a large page is there whole once it is touched.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

enum { HUGE_PAGE_BYTES = 2 << 20 };

static inline void huge_pages_wish(void *table, size_t n_bytes)
{
    const uintptr_t huge = HUGE_PAGE_BYTES;
    uintptr_t from = ((uintptr_t)table + huge - 1) & ~(huge - 1),
              to = ((uintptr_t)table + n_bytes) & ~(huge - 1);

    if (table && from < to)
        (void)madvise((uint8_t *)table + (from - (uintptr_t)table), to - from, MADV_HUGEPAGE);
}
