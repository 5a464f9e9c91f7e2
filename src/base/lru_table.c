/* SPDX-License-Identifier: Apache-2.0 */
#include "base/lru_table.h"

#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { CHUNK_ENTRIES_AT_FIRST = 8, CHUNK_ENTRIES_LIMIT = 256, BUCKETS_AT_FIRST = 64 };

struct entry {
    struct entry *chain;         /* of its bucket; free entries are chained too */
    struct entry *newer, *older; /* by use */
    uint64_t hash;
    /* key, then value, each aligned */
};

struct chunk {
    struct chunk *next;
};

struct lru_table {
    struct lru_table_options options;
    size_t value_at, entry_bytes;
    struct entry **buckets;
    uint32_t n_buckets; /* a power of two */
    uint32_t n;
    struct entry *free_entries;
    struct entry *newest, *oldest;
    struct chunk *chunks;
    uint64_t n_forgotten;
};

static size_t aligned(size_t n)
{
    return (n + 15) / 16 * 16;
}

static uint8_t *key_of(struct entry *entry)
{
    return (uint8_t *)entry + aligned(sizeof *entry);
}

static void *value_of(const struct lru_table *table, struct entry *entry)
{
    return (uint8_t *)entry + table->value_at;
}

struct lru_table *lru_table_new(const struct lru_table_options *options)
{
    struct lru_table *table = calloc(1, sizeof *table);

    if (table == NULL)
        return NULL;
    table->options = *options;
    table->value_at = aligned(sizeof(struct entry)) + aligned(options->key_bytes);
    table->entry_bytes = table->value_at + aligned(options->value_bytes);
    table->n_buckets = BUCKETS_AT_FIRST;
    table->buckets = calloc(table->n_buckets, sizeof(struct entry *));
    if (table->buckets == NULL) {
        free(table);
        return NULL;
    }
    return table;
}

void lru_table_free(struct lru_table *table)
{
    if (table == NULL)
        return;
    for (struct entry *entry = table->newest; entry && table->options.let_go; entry = entry->older)
        table->options.let_go(table->options.context, key_of(entry), value_of(table, entry));
    while (table->chunks) {
        struct chunk *next = table->chunks->next;

        free(table->chunks);
        table->chunks = next;
    }
    free(table->buckets);
    free(table);
}

static void list_take_out(struct lru_table *table, struct entry *entry)
{
    *(entry->newer ? &entry->newer->older : &table->newest) = entry->older;
    *(entry->older ? &entry->older->newer : &table->oldest) = entry->newer;
}

static void list_put_first(struct lru_table *table, struct entry *entry)
{
    entry->newer = NULL;
    entry->older = table->newest;
    *(table->newest ? &table->newest->newer : &table->oldest) = entry;
    table->newest = entry;
}

static struct entry **bucket_of(struct lru_table *table, uint64_t hash)
{
    return &table->buckets[hash & (table->n_buckets - 1)];
}

static uint64_t hash_of(const struct lru_table *table, const void *key)
{
    return XXH3_64bits_withSeed(key, table->options.key_bytes, table->options.hash_seed);
}

static struct entry *find(struct lru_table *table, const void *key, uint64_t hash)
{
    struct entry *entry = *bucket_of(table, hash);

    while (entry && (entry->hash != hash || memcmp(key_of(entry), key, table->options.key_bytes) != 0))
        entry = entry->chain;
    if (entry && entry != table->newest) {
        list_take_out(table, entry);
        list_put_first(table, entry);
    }
    return entry;
}

void *lru_table_find(struct lru_table *table, const void *key)
{
    struct entry *entry = find(table, key, hash_of(table, key));

    return entry ? value_of(table, entry) : NULL;
}

static void remove_entry(struct lru_table *table, struct entry *entry)
{
    struct entry **link = bucket_of(table, entry->hash);

    while (*link != entry)
        link = &(*link)->chain;
    *link = entry->chain;
    list_take_out(table, entry);
    if (table->options.let_go)
        table->options.let_go(table->options.context, key_of(entry), value_of(table, entry));
    entry->chain = table->free_entries;
    table->free_entries = entry;
    table->n--;
}

/* A failure leaves longer chains, and that is all. */
static void grow_buckets(struct lru_table *table)
{
    uint32_t n_buckets = table->n_buckets * 2;
    struct entry **buckets = calloc(n_buckets, sizeof(struct entry *));

    if (buckets == NULL)
        return;
    free(table->buckets);
    table->buckets = buckets;
    table->n_buckets = n_buckets;
    for (struct entry *entry = table->newest; entry; entry = entry->older) {
        struct entry **bucket = bucket_of(table, entry->hash);

        entry->chain = *bucket;
        *bucket = entry;
    }
}

static bool add_chunk(struct lru_table *table)
{
    /* As many as there are: most tables of a short capture stay small. */
    uint32_t n_entries = table->n < CHUNK_ENTRIES_AT_FIRST ? CHUNK_ENTRIES_AT_FIRST
                         : table->n > CHUNK_ENTRIES_LIMIT  ? CHUNK_ENTRIES_LIMIT
                                                           : table->n;
    struct chunk *chunk = malloc(aligned(sizeof *chunk) + n_entries * table->entry_bytes);

    if (chunk == NULL)
        return false;
    chunk->next = table->chunks;
    table->chunks = chunk;
    for (size_t i = 0; i < n_entries; i++) {
        struct entry *entry =
            (struct entry *)(void *)((uint8_t *)chunk + aligned(sizeof *chunk) + i * table->entry_bytes);

        entry->chain = table->free_entries;
        table->free_entries = entry;
    }
    return true;
}

static struct entry *take_entry(struct lru_table *table)
{
    struct entry *entry;

    if (table->n >= table->options.limit ||
        (table->free_entries == NULL && !add_chunk(table) && table->oldest)) {
        remove_entry(table, table->oldest);
        table->n_forgotten++;
    }
    entry = table->free_entries;
    if (entry)
        table->free_entries = entry->chain;
    return entry;
}

void *lru_table_put(struct lru_table *table, const void *key, bool *is_new)
{
    uint64_t hash = hash_of(table, key);
    struct entry *entry = find(table, key, hash);
    struct entry **bucket;

    if (is_new)
        *is_new = entry == NULL;
    if (entry)
        return value_of(table, entry);
    entry = take_entry(table);
    if (entry == NULL)
        return NULL;
    if (table->n >= table->n_buckets)
        grow_buckets(table);
    bucket = bucket_of(table, hash);
    entry->hash = hash;
    entry->chain = *bucket;
    *bucket = entry;
    memcpy(key_of(entry), key, table->options.key_bytes);
    memset(value_of(table, entry), 0, table->options.value_bytes);
    list_put_first(table, entry);
    table->n++;
    return value_of(table, entry);
}

void lru_table_remove(struct lru_table *table, const void *key)
{
    struct entry *entry = find(table, key, hash_of(table, key));

    if (entry)
        remove_entry(table, entry);
}

uint32_t lru_table_count(const struct lru_table *table)
{
    return table->n;
}

uint64_t lru_table_forgotten(const struct lru_table *table)
{
    return table->n_forgotten;
}
