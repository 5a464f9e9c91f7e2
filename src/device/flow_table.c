/* SPDX-License-Identifier: Apache-2.0 */
#include "device/flow_table.h"

#include <stdlib.h>

#include "base/huge_pages.h"

enum { NAMELESS_SHARE = 4 }; /* a quarter of the table may be nobody's while somebody's wait */

struct flow_list {
    uint32_t oldest, newest, n;
};

struct flow_table {
    struct flow *flows;
    uint32_t *buckets;
    uint32_t n_buckets, limit, n_used, free;
    uint64_t hash_seed;
    struct flow_list lists[2]; /* [1]: named */
};

struct flow_table *flow_table_new(uint32_t limit, uint64_t hash_seed)
{
    struct flow_table *table = calloc(1, sizeof *table);

    if (table == NULL)
        return NULL;
    table->limit = limit;
    table->hash_seed = hash_seed;
    table->n_buckets = 1;
    while (table->n_buckets < limit)
        table->n_buckets *= 2;
    table->flows = calloc(limit, sizeof *table->flows); /* and so without pages until used */
    table->buckets = malloc(table->n_buckets * sizeof *table->buckets);
    if (!table->flows || !table->buckets) {
        flow_table_free(table);
        return NULL;
    }
    huge_pages_wish(table->flows, limit * sizeof *table->flows);
    huge_pages_wish(table->buckets, table->n_buckets * sizeof *table->buckets);
    for (uint32_t i = 0; i < table->n_buckets; i++)
        table->buckets[i] = FLOW_NONE;
    table->free = FLOW_NONE;
    for (unsigned i = 0; i < 2; i++)
        table->lists[i] = (struct flow_list) { FLOW_NONE, FLOW_NONE, 0 };
    return table;
}

void flow_table_free(struct flow_table *table)
{
    if (table == NULL)
        return;
    free(table->flows);
    free(table->buckets);
    free(table);
}

uint32_t flow_table_index(const struct flow_table *table, const struct flow *flow)
{
    return (uint32_t)(flow - table->flows);
}

struct flow *flow_table_at(struct flow_table *table, uint32_t index)
{
    return &table->flows[index];
}

void flow_table_prefetch(const struct flow_table *table, uint64_t hash)
{
    __builtin_prefetch(&table->buckets[hash & (table->n_buckets - 1)]);
}

const struct flow *flow_table_guess(const struct flow_table *table, uint64_t hash)
{
    uint32_t i = table->buckets[hash & (table->n_buckets - 1)];

    return i == FLOW_NONE ? NULL : &table->flows[i];
}

struct flow *flow_table_find(struct flow_table *table, const struct flow_key *key, uint64_t hash)
{
    for (uint32_t i = table->buckets[hash & (table->n_buckets - 1)]; i != FLOW_NONE;
         i = table->flows[i].next_in_bucket) {
        if (flow_key_equal(&table->flows[i].key, key))
            return &table->flows[i];
    }
    return NULL;
}

static void list_unlink(struct flow_table *table, const struct flow *flow)
{
    struct flow_list *list = &table->lists[flow->is_named];

    if (flow->older != FLOW_NONE)
        table->flows[flow->older].newer = flow->newer;
    else
        list->oldest = flow->newer;
    if (flow->newer != FLOW_NONE)
        table->flows[flow->newer].older = flow->older;
    else
        list->newest = flow->older;
    list->n--;
}

static void list_append(struct flow_table *table, struct flow *flow)
{
    struct flow_list *list = &table->lists[flow->is_named];
    uint32_t i = flow_table_index(table, flow);

    flow->older = list->newest;
    flow->newer = FLOW_NONE;
    if (list->newest != FLOW_NONE)
        table->flows[list->newest].newer = i;
    else
        list->oldest = i;
    list->newest = i;
    list->n++;
}

void flow_table_touch(struct flow_table *table, struct flow *flow)
{
    if (flow->newer == FLOW_NONE)
        return;
    list_unlink(table, flow);
    list_append(table, flow);
}

void flow_table_set_named(struct flow_table *table, struct flow *flow, bool is_named)
{
    if (flow->is_named == is_named)
        return;
    list_unlink(table, flow);
    flow->is_named = is_named;
    list_append(table, flow);
}

struct flow *flow_table_victim(struct flow_table *table)
{
    bool is_named;

    if (table->free != FLOW_NONE || table->n_used < table->limit)
        return NULL;
    is_named = table->lists[0].n <= table->limit / NAMELESS_SHARE && table->lists[1].n > 0;
    return &table->flows[table->lists[is_named].oldest];
}

struct flow *flow_table_add(struct flow_table *table, const struct flow_key *key, uint64_t hash)
{
    uint32_t *bucket = &table->buckets[hash & (table->n_buckets - 1)], i = table->free;

    if (i != FLOW_NONE)
        table->free = table->flows[i].next_in_bucket;
    else
        i = table->n_used++;
    table->flows[i] = (struct flow) {
        .key = *key, .next_in_bucket = *bucket, .session = UINT32_MAX, .handshake = UINT32_MAX
    };
    *bucket = i;
    list_append(table, &table->flows[i]);
    return &table->flows[i];
}

void flow_table_remove(struct flow_table *table, struct flow *flow)
{
    uint32_t i = flow_table_index(table, flow);
    uint32_t *link = &table->buckets[flow_key_hash(&flow->key, table->hash_seed) & (table->n_buckets - 1)];

    while (*link != i)
        link = &table->flows[*link].next_in_bucket;
    *link = flow->next_in_bucket;
    list_unlink(table, flow);
    flow->next_in_bucket = table->free;
    table->free = i;
}

struct flow *flow_table_next(struct flow_table *table, const struct flow *flow, bool is_named)
{
    uint32_t i = flow ? flow->newer : table->lists[is_named].oldest;

    return i == FLOW_NONE ? NULL : &table->flows[i];
}
