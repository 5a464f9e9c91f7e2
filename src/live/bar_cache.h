/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bar_cache - how many packets of which protocol there were in each second, of runs of BAR_CHUNK_PACKETS
 * numbers, once somebody looked through them: what a timeline of a whole archive is put together from. Of all
 * packets of a node; who sees fewer is counted for anew. Any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    BAR_CHUNK_PACKETS = 1 << 16,
    BAR_CACHE_LIMIT_BYTES = 64 << 20, /* of all chunks: those untouched for longest are let go */
    BAR_PROTOCOLS = 128,              /* names; further ones are counted as the last */
};

struct bar_cache;

struct bar_item {
    int64_t second; /* since 1970 */
    uint32_t n;
    uint8_t protocol; /* of bar_cache_name */
};

struct bar_cache *bar_cache_new(void); /* NULL without memory */
void bar_cache_free(struct bar_cache *cache);

/* The number of a protocol's name, which is a constant, and back. */
uint8_t bar_cache_protocol(struct bar_cache *cache, const char *name);
const char *bar_cache_name(struct bar_cache *cache, uint8_t protocol);

/*
 * What is known of a node's chunk: told item by item. *first, *through: its numbers looked through, end not
 * included. False: nothing.
 */
bool bar_cache_find(struct bar_cache *cache, const char *node, uint64_t chunk, uint64_t *first,
                    uint64_t *through, void (*told)(void *context, const struct bar_item *item),
                    void *context);

/* Puts it, instead of what was there. Copied; not kept without memory. */
void bar_cache_put(struct bar_cache *cache, const char *node, uint64_t chunk, uint64_t first,
                   uint64_t through, const struct bar_item *items, uint32_t n);
