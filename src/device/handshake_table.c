/* SPDX-License-Identifier: Apache-2.0 */
#include "device/handshake_table.h"

#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { SOURCE_BUCKETS = 1 << 12 };

struct source {
    uint32_t oldest, newest, n;
};

struct handshake_table {
    struct handshake *handshakes;
    uint32_t limit, n_used, free; /* free: chained by newer */
    uint32_t oldest, newest;
    uint64_t hash_seed;
    struct source sources[SOURCE_BUCKETS];
};

struct handshake_table *handshake_table_new(uint32_t limit, uint64_t hash_seed)
{
    struct handshake_table *table = calloc(1, sizeof *table);

    if (table == NULL)
        return NULL;
    table->handshakes = calloc(limit, sizeof *table->handshakes);
    if (table->handshakes == NULL) {
        free(table);
        return NULL;
    }
    table->limit = limit;
    table->hash_seed = hash_seed;
    table->free = table->oldest = table->newest = HANDSHAKE_NONE;
    for (uint32_t i = 0; i < SOURCE_BUCKETS; i++)
        table->sources[i] = (struct source) { HANDSHAKE_NONE, HANDSHAKE_NONE, 0 };
    return table;
}

void handshake_table_free(struct handshake_table *table)
{
    if (table == NULL)
        return;
    for (uint32_t i = 0; i < table->n_used; i++)
        names_clear(&table->handshakes[i].names);
    free(table->handshakes);
    free(table);
}

struct handshake *handshake_table_at(struct handshake_table *table, uint32_t index)
{
    return &table->handshakes[index];
}

uint32_t handshake_table_index(const struct handshake_table *table, const struct handshake *handshake)
{
    return (uint32_t)(handshake - table->handshakes);
}

uint32_t handshake_table_oldest(const struct handshake_table *table)
{
    return table->oldest;
}

static uint32_t source_of(const struct handshake_table *table, const struct ip_address *address)
{
    return (uint32_t)(XXH3_64bits_withSeed(address->bytes, sizeof address->bytes, table->hash_seed) &
                      (SOURCE_BUCKETS - 1));
}

uint32_t handshake_table_victim(const struct handshake_table *table, const struct ip_address *address)
{
    const struct source *source = &table->sources[source_of(table, address)];

    if (source->n >= HANDSHAKES_OF_SOURCE)
        return source->oldest;
    return table->free == HANDSHAKE_NONE && table->n_used == table->limit ? table->oldest : HANDSHAKE_NONE;
}

static void link_both(struct handshake_table *table, struct handshake *handshake)
{
    struct source *source = &table->sources[handshake->source];
    uint32_t i = handshake_table_index(table, handshake);

    handshake->older = table->newest;
    handshake->newer = HANDSHAKE_NONE;
    if (table->newest != HANDSHAKE_NONE)
        table->handshakes[table->newest].newer = i;
    else
        table->oldest = i;
    table->newest = i;

    handshake->older_of_source = source->newest;
    handshake->newer_of_source = HANDSHAKE_NONE;
    if (source->newest != HANDSHAKE_NONE)
        table->handshakes[source->newest].newer_of_source = i;
    else
        source->oldest = i;
    source->newest = i;
    source->n++;
}

static void unlink_both(struct handshake_table *table, const struct handshake *handshake)
{
    struct source *source = &table->sources[handshake->source];

    if (handshake->older != HANDSHAKE_NONE)
        table->handshakes[handshake->older].newer = handshake->newer;
    else
        table->oldest = handshake->newer;
    if (handshake->newer != HANDSHAKE_NONE)
        table->handshakes[handshake->newer].older = handshake->older;
    else
        table->newest = handshake->older;

    if (handshake->older_of_source != HANDSHAKE_NONE)
        table->handshakes[handshake->older_of_source].newer_of_source = handshake->newer_of_source;
    else
        source->oldest = handshake->newer_of_source;
    if (handshake->newer_of_source != HANDSHAKE_NONE)
        table->handshakes[handshake->newer_of_source].older_of_source = handshake->older_of_source;
    else
        source->newest = handshake->older_of_source;
    source->n--;
}

struct handshake *handshake_table_begin(struct handshake_table *table, const struct ip_address *source,
                                        uint32_t flow, int64_t ts_ns)
{
    struct handshake *handshake;
    uint32_t i = table->free;

    if (i != HANDSHAKE_NONE)
        table->free = table->handshakes[i].newer;
    else
        i = table->n_used++;
    handshake = &table->handshakes[i];
    memset(handshake, 0, offsetof(struct handshake, cid_to_server));
    handshake->flow = flow;
    handshake->from_ns = ts_ns;
    handshake->last_ns = ts_ns;
    handshake->source = source_of(table, source);
    link_both(table, handshake);
    return handshake;
}

void handshake_table_end(struct handshake_table *table, struct handshake *handshake)
{
    unlink_both(table, handshake);
    names_clear(&handshake->names);
    handshake->flow = HANDSHAKE_NONE;
    handshake->newer = table->free;
    table->free = handshake_table_index(table, handshake);
}

void handshake_table_touch(struct handshake_table *table, struct handshake *handshake)
{
    if (handshake->newer == HANDSHAKE_NONE)
        return;
    unlink_both(table, handshake);
    link_both(table, handshake);
}
