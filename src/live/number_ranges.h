/* SPDX-License-Identifier: Apache-2.0 */
/*
 * number_ranges - some of a source's packets, by their numbers: "100-120,130". A plain value: whoever copies
 * a scope has its numbers, so that none can be left behind on the way to who judges.
 *
 * Its ranges go up, and neither touch nor overlap, so that one set has one spelling and is compared by it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

enum { NUMBER_RANGES_LIMIT = 32, NUMBER_RANGES_TEXT_BYTES = NUMBER_RANGES_LIMIT * 34 };

#define NUMBER_RANGES_MOST ((UINT64_C(1) << 53) - 1) /* what a JSON number says exactly */

struct number_range {
    uint64_t first, last; /* both included */
};

struct number_ranges {
    uint32_t n; /* 0: every number */
    struct number_range ranges[NUMBER_RANGES_LIMIT];
};

/* Puts a range in its place; those that it touches become one with it. False: a number that is none (0, or
 * above NUMBER_RANGES_MOST), the last below the first, or no room for one more range: *error says which. */
bool number_ranges_add(struct number_ranges *set, uint64_t first, uint64_t last, struct error *error);

/* "100-120,130". False with *error; *set is written on success only. */
bool number_ranges_parse(const char *text, struct number_ranges *set, struct error *error);
void number_ranges_put(struct buffer *out,
                       const struct number_ranges *set); /* the same; nothing of every number */

/* What a set is that cannot be read: no packet is in it. */
struct number_ranges number_ranges_of_none(void);

bool number_ranges_equal(const struct number_ranges *a, const struct number_ranges *b);
bool number_ranges_has(const struct number_ranges *set, uint64_t number);

/* The first number from this one on that is in it, and the last of the run it is in. False: none is. */
bool number_ranges_from(const struct number_ranges *set, uint64_t number, uint64_t *first, uint64_t *last);
