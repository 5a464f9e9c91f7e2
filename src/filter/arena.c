/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/arena.h"

#include <stdlib.h>

enum { ARENA_CHUNK_BYTES = 4096, ARENA_ALIGN = 16 };

struct arena_chunk {
    struct arena_chunk *next;
    size_t used;
    size_t cap;
    size_t unused_padding;
    _Alignas(ARENA_ALIGN) uint8_t data[];
};

void arena_init(struct arena *arena, size_t limit_bytes)
{
    *arena = (struct arena) { .limit_bytes = limit_bytes };
}

void arena_clear(struct arena *arena)
{
    while (arena->chunks) {
        struct arena_chunk *chunk = arena->chunks;

        arena->chunks = chunk->next;
        free(chunk);
    }
    arena_init(arena, arena->limit_bytes);
}

void *arena_take(struct arena *arena, size_t size)
{
    struct arena_chunk *chunk = arena->chunks;
    void *piece;

    if (size > arena->limit_bytes)
        return NULL;
    size = (size + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
    if (size > arena->limit_bytes - arena->taken_bytes)
        return NULL;
    if (chunk == NULL || size > chunk->cap - chunk->used) {
        size_t cap = size > ARENA_CHUNK_BYTES ? size : ARENA_CHUNK_BYTES;

        chunk = calloc(1, sizeof *chunk + cap);
        if (chunk == NULL)
            return NULL;
        chunk->cap = cap;
        chunk->next = arena->chunks;
        arena->chunks = chunk;
    }
    piece = chunk->data + chunk->used;
    chunk->used += size;
    arena->taken_bytes += size;
    return piece;
}
