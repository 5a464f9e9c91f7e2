/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nearest - which of the known names a misspelt one was meant to be: "did you mean --device?"
 *
 *   struct nearest nearest;
 *   nearest_init(&nearest, word, strlen(word));
 *   for each known name: nearest_offer(&nearest, name);
 *   meant = nearest_name(&nearest);
 *
 * Offers instead of an array, since the names lie in tables of every shape.
 */
#pragma once

#include <stddef.h>

enum { NEAREST_NAME_BYTES = 64 }; /* longer words and names are not compared */

struct nearest {
    const char *word;
    size_t len;
    const char *best;
    unsigned distance; /* of best */
};

/* word is borrowed, and need not end with a zero. */
void nearest_init(struct nearest *nearest, const char *word, size_t len);

/* name is borrowed until nearest_name was asked and its answer used. */
void nearest_offer(struct nearest *nearest, const char *name);

/* NULL when nothing offered comes near. */
const char *nearest_name(const struct nearest *nearest);

/*
 * Insertions, deletions, replacements and swaps of neighbours (optimal string alignment) between two words,
 * letters compared without case; UINT_MAX when one is longer than NEAREST_NAME_BYTES.
 */
unsigned edit_distance(const char *a, size_t a_len, const char *b, size_t b_len);
