/* SPDX-License-Identifier: Apache-2.0 */
#include "live/archive_pool.h"

#include <pthread.h>
#include <stdlib.h>

struct archive_pool {
    char *directory;
    struct archive_devices *devices;
    struct bar_cache *bars;
    struct sharkd *sharkd;
    pthread_mutex_t lock;
    struct archive_reader *idle[ARCHIVE_POOL_IDLE]; /* the one given back last at the end */
    uint32_t n_idle;
};

struct archive_pool *archive_pool_new(const char *directory, struct error *error)
{
    struct archive_pool *pool = calloc(1, sizeof *pool);

    if (pool == NULL || (pool->directory = strdup(directory)) == NULL) {
        free(pool);
        error_set(error, ERROR_SYSTEM, "%s: no memory to read it", directory);
        return NULL;
    }
    pthread_mutex_init(&pool->lock, NULL);
    pool->bars = bar_cache_new();
    pool->sharkd = sharkd_new();
    if (pool->bars == NULL || pool->sharkd == NULL)
        error_set(error, ERROR_SYSTEM, "%s: no memory to read it", directory);
    else
        pool->devices = archive_devices_new(directory, error);
    if (pool->devices)
        return pool;
    archive_pool_free(pool);
    return NULL;
}

void archive_pool_free(struct archive_pool *pool)
{
    if (pool == NULL)
        return;
    for (uint32_t i = 0; i < pool->n_idle; i++)
        archive_reader_free(pool->idle[i]);
    archive_devices_free(pool->devices);
    bar_cache_free(pool->bars);
    sharkd_free(pool->sharkd);
    pthread_mutex_destroy(&pool->lock);
    free(pool->directory);
    free(pool);
}

const char *archive_pool_directory(const struct archive_pool *pool)
{
    return pool->directory;
}

static struct archive_reader *take_idle(struct archive_pool *pool, const char *node)
{
    struct archive_reader *found = NULL;

    pthread_mutex_lock(&pool->lock);
    for (uint32_t i = pool->n_idle; i-- > 0 && found == NULL;) {
        if (strcmp(pool->idle[i]->map.node, node) != 0)
            continue;
        found = pool->idle[i];
        memmove(&pool->idle[i], &pool->idle[i + 1], (--pool->n_idle - i) * sizeof(struct archive_reader *));
    }
    pthread_mutex_unlock(&pool->lock);
    return found;
}

struct archive_reader *archive_pool_take(struct archive_pool *pool, const char *node, struct error *error)
{
    struct archive_reader *reader = take_idle(pool, node);

    if (reader == NULL)
        return archive_reader_new(pool->directory, node, error);
    if (number_map_update(&reader->map, error))
        return reader;
    archive_reader_free(reader);
    return NULL;
}

void archive_pool_give(struct archive_pool *pool, struct archive_reader *reader)
{
    struct archive_reader *over = NULL;

    if (reader == NULL)
        return;
    pthread_mutex_lock(&pool->lock);
    if (pool->n_idle == ARCHIVE_POOL_IDLE) {
        over = pool->idle[0];
        memmove(pool->idle, pool->idle + 1, --pool->n_idle * sizeof(struct archive_reader *));
    }
    pool->idle[pool->n_idle++] = reader;
    pthread_mutex_unlock(&pool->lock);
    archive_reader_free(over);
}

struct archive_devices *archive_pool_devices(struct archive_pool *pool)
{
    return pool->devices;
}

struct bar_cache *archive_pool_bars(struct archive_pool *pool)
{
    return pool->bars;
}

struct sharkd *archive_pool_sharkd(struct archive_pool *pool)
{
    return pool->sharkd;
}
