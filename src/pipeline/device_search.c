/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/device_search.h"

#include <stdlib.h>

#include "archive/archive_source.h"
#include "archive/segment_index.h"
#include "pipeline/indexer.h"

struct device_search {
    const char *device;
    struct device_match *match;
    uint64_t hash_seed;
    uint64_t n_bindings, n_anonymous;
    bool is_out_of_memory;
    struct indexer *indexer; /* its tracker takes up in the open segment what the sealed ones said */
    struct interface_table interfaces; /* of the open segments */
};

struct device_search *device_search_new(const char *device, struct device_match *match, uint64_t hash_seed,
                                        struct error *error)
{
    struct device_search *search = calloc(1, sizeof *search);

    if (search == NULL) {
        error_system(error, "find --device");
        return NULL;
    }
    search->device = device;
    search->match = match;
    search->hash_seed = hash_seed;
    return search;
}

void device_search_free(struct device_search *search)
{
    if (search == NULL)
        return;
    indexer_free(search->indexer);
    interface_table_clear(&search->interfaces);
    free(search);
}

static void on_binding(void *context, const struct binding *binding)
{
    struct device_search *search = context;

    if (!identity_is_named(binding->scheme, binding->identity, search->device))
        return;
    search->n_bindings++;
    if (!device_match_add(search->match, &binding->flow, binding->from_ns, binding->to_ns))
        search->is_out_of_memory = true;
}

static bool is_well(struct device_search *search, struct error *error)
{
    if (search->is_out_of_memory)
        return error_set(error, ERROR_SYSTEM, "find --device: no memory for the device's spans");
    return true;
}

static struct indexer *new_tracker(struct device_search *search, const struct interface_table *interfaces,
                                   struct error *error)
{
    struct indexer *indexer = indexer_new(interfaces, search->hash_seed);

    if (indexer == NULL)
        error_set(error, ERROR_SYSTEM, "find --device: no memory for the device tracker");
    else
        indexer_listen(indexer, on_binding, search);
    return indexer;
}

static bool scan(struct device_search *search, struct indexer *indexer, struct source *source,
                 const atomic_bool *stop, void (*seen)(void *, uint64_t), void *context, struct error *error)
{
    enum source_result result = SOURCE_IDLE;
    uint64_t n_packets = 0;
    struct batch batch;

    if (!batch_init(&batch, BATCH_BYTES))
        return error_set(error, ERROR_SYSTEM, "find --device: no memory");
    while ((stop == NULL || !atomic_load_explicit(stop, memory_order_relaxed)) &&
           (result = source_next(source, &batch, 0, error)) == SOURCE_PACKETS) {
        for (uint32_t i = 0; i < batch.n; i++)
            indexer_packet(indexer, &batch.packets[i], 0);
        n_packets += batch.n;
        if (seen)
            seen(context, n_packets);
    }
    batch_clear(&batch);
    indexer_end(indexer, true);
    search->n_anonymous += indexer_tracker_counters(indexer)->n_anonymous;
    return result != SOURCE_FAULT && is_well(search, error);
}

bool device_search_source(struct device_search *search, struct source *source,
                          const struct interface_table *interfaces, const atomic_bool *stop,
                          void (*seen)(void *context, uint64_t n_packets), void *context, struct error *error)
{
    struct indexer *indexer = new_tracker(search, interfaces, error);
    bool is_done;

    if (indexer == NULL)
        return false;
    is_done = scan(search, indexer, source, stop, seen, context, error);
    indexer_free(indexer);
    return is_done;
}

struct sealed_reading {
    struct device_search *search;
    struct indexer *tracker; /* of the open segment; NULL when there is none */
};

static bool is_device(void *context, enum identity_scheme scheme, struct bytes identity)
{
    const struct sealed_reading *reading = context;

    return identity_is_named(scheme, identity, reading->search->device);
}

static bool on_indexed_binding(void *context, const struct binding *binding)
{
    struct sealed_reading *reading = context;

    on_binding(reading->search, binding);
    if (reading->tracker && identity_is_named(binding->scheme, binding->identity, reading->search->device))
        indexer_restore(reading->tracker, binding);
    return true;
}

/* The tracker's pass over one segment that has no index. */
static bool scan_segment(struct device_search *search, const struct catalog_entry *entry, struct error *error)
{
    struct catalog one = { (struct catalog_entry *)(uintptr_t)entry, 1 };
    static const struct hint everything = { .kind = HINT_ALL };
    struct source *source = archive_source_open(&one, &everything, &search->interfaces, error);
    bool is_done;

    if (source == NULL)
        return false;
    is_done = scan(search, search->indexer, source, NULL, NULL, NULL, error);
    source_close(source);
    return is_done;
}

bool device_search_catalog(struct device_search *search, const struct catalog *catalog, struct error *error)
{
    bool has_unindexed = false;

    for (uint32_t i = 0; i < catalog->n; i++)
        has_unindexed |= !catalog->entries[i].has_index;
    if (has_unindexed && (search->indexer = new_tracker(search, &search->interfaces, error)) == NULL)
        return false;
    for (uint32_t i = 0; i < catalog->n; i++) {
        const struct catalog_entry *entry = &catalog->entries[i];
        struct sealed_reading reading = { search, search->indexer };
        struct segment_index *index;

        index = entry->has_index ? segment_index_open(entry->index_path, error) : NULL;
        if (index) {
            segment_index_bindings_of(index, is_device, on_indexed_binding, &reading);
            segment_index_close(index);
            continue;
        }
        if (search->indexer == NULL &&
            (search->indexer = new_tracker(search, &search->interfaces, error)) == NULL)
            return false;
        if (!scan_segment(search, entry, error))
            return false;
    }
    return is_well(search, error);
}

uint64_t device_search_bindings(const struct device_search *search)
{
    return search->n_bindings;
}

uint64_t device_search_anonymous(const struct device_search *search)
{
    return search->n_anonymous;
}
