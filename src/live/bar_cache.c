/* SPDX-License-Identifier: Apache-2.0 */
#include "live/bar_cache.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct chunk {
    struct chunk *next; /* used last first */
    char *node;
    uint64_t number, first, through;
    struct bar_item *items;
    uint32_t n;
};

struct bar_cache {
    pthread_mutex_t lock;
    struct chunk *chunks;
    size_t n_bytes;
    const char *names[BAR_PROTOCOLS];
    uint32_t n_names;
};

struct bar_cache *bar_cache_new(void)
{
    struct bar_cache *cache = calloc(1, sizeof *cache);

    if (cache)
        pthread_mutex_init(&cache->lock, NULL);
    return cache;
}

static size_t bytes_of_chunk(const struct chunk *chunk)
{
    return sizeof *chunk + strlen(chunk->node) + 1 + chunk->n * sizeof *chunk->items;
}

static void chunk_free(struct chunk *chunk)
{
    if (chunk == NULL)
        return;
    free(chunk->node);
    free(chunk->items);
    free(chunk);
}

void bar_cache_free(struct bar_cache *cache)
{
    if (cache == NULL)
        return;
    while (cache->chunks) {
        struct chunk *chunk = cache->chunks;

        cache->chunks = chunk->next;
        chunk_free(chunk);
    }
    pthread_mutex_destroy(&cache->lock);
    free(cache);
}

uint8_t bar_cache_protocol(struct bar_cache *cache, const char *name)
{
    uint32_t i = 0;

    pthread_mutex_lock(&cache->lock);
    while (i < cache->n_names && strcmp(cache->names[i], name) != 0)
        i++;
    if (i == cache->n_names && i < BAR_PROTOCOLS - 1)
        cache->names[cache->n_names++] = name;
    else if (i == cache->n_names)
        cache->names[i] = "other";
    pthread_mutex_unlock(&cache->lock);
    return (uint8_t)i;
}

const char *bar_cache_name(struct bar_cache *cache, uint8_t protocol)
{
    const char *name;

    pthread_mutex_lock(&cache->lock);
    name = cache->names[protocol];
    pthread_mutex_unlock(&cache->lock);
    return name;
}

/* Takes it out of the list; with the lock. */
static struct chunk *take_out(struct bar_cache *cache, const char *node, uint64_t number)
{
    for (struct chunk **at = &cache->chunks; *at; at = &(*at)->next) {
        struct chunk *chunk = *at;

        if (chunk->number != number || strcmp(chunk->node, node) != 0)
            continue;
        *at = chunk->next;
        return chunk;
    }
    return NULL;
}

bool bar_cache_find(struct bar_cache *cache, const char *node, uint64_t number, uint64_t *first,
                    uint64_t *through, void (*told)(void *context, const struct bar_item *item),
                    void *context)
{
    struct chunk *chunk;

    pthread_mutex_lock(&cache->lock);
    chunk = take_out(cache, node, number);
    if (chunk) {
        chunk->next = cache->chunks;
        cache->chunks = chunk;
        *first = chunk->first;
        *through = chunk->through;
        for (uint32_t i = 0; i < chunk->n; i++)
            told(context, &chunk->items[i]);
    }
    pthread_mutex_unlock(&cache->lock);
    return chunk != NULL;
}

static void let_go_the_last(struct bar_cache *cache)
{
    struct chunk **at = &cache->chunks;

    while ((*at)->next)
        at = &(*at)->next;
    cache->n_bytes -= bytes_of_chunk(*at);
    chunk_free(*at);
    *at = NULL;
}

void bar_cache_put(struct bar_cache *cache, const char *node, uint64_t number, uint64_t first,
                   uint64_t through, const struct bar_item *items, uint32_t n)
{
    struct chunk *chunk = calloc(1, sizeof *chunk), *old;

    if (chunk) {
        *chunk =
            (struct chunk) { .node = strdup(node), .number = number, .first = first, .through = through };
        chunk->items = malloc((n + 1) * sizeof *items);
    }
    if (chunk == NULL || chunk->node == NULL || chunk->items == NULL) {
        chunk_free(chunk);
        return;
    }
    if (n)
        memcpy(chunk->items, items, n * sizeof *items);
    chunk->n = n;
    pthread_mutex_lock(&cache->lock);
    old = take_out(cache, node, number);
    if (old)
        cache->n_bytes -= bytes_of_chunk(old);
    chunk->next = cache->chunks;
    cache->chunks = chunk;
    cache->n_bytes += bytes_of_chunk(chunk);
    while (cache->n_bytes > BAR_CACHE_LIMIT_BYTES && cache->chunks->next)
        let_go_the_last(cache);
    pthread_mutex_unlock(&cache->lock);
    chunk_free(old);
}
