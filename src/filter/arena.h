/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena - memory of one filter, taken piece by piece and freed all at once, with a ceiling.
 *
 * A filter's text is a stranger's: a tree that would pass the ceiling is refused, not grown. Freeing node by
 * node was rejected, for a fault in the middle of parsing would have to find them all.
 */
#pragma once

#include "base/bytes.h"

struct arena_chunk;

struct arena {
    struct arena_chunk *chunks;
    size_t taken_bytes;
    size_t limit_bytes;
};

void arena_init(struct arena *arena, size_t limit_bytes);
void arena_clear(struct arena *arena);

/* Zeroed and aligned for anything; NULL over the ceiling or without memory. */
void *arena_take(struct arena *arena, size_t size);
