/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/device_search.h"

#include <stdlib.h>

#include "pipeline/archive_bindings.h"
#include "pipeline/indexer.h"

struct device_search {
    const char *device;
    struct device_match *match;
    const struct preferences *preferences;
    uint64_t hash_seed;
    uint64_t n_bindings, n_left_out, n_anonymous;
    uint64_t n_taken[BINDING_LEASE + 1][CONFIDENCE_CERTAIN + 1];
    bool is_out_of_memory;
    struct error trouble; /* a segment that could not be read; kind ERROR_NONE: none */
};

struct device_search *device_search_new(const char *device, struct device_match *match,
                                        const struct preferences *preferences, uint64_t hash_seed,
                                        struct error *error)
{
    struct device_search *search = calloc(1, sizeof *search);

    if (search == NULL) {
        error_system(error, "find --device");
        return NULL;
    }
    search->device = device;
    search->match = match;
    search->preferences = preferences;
    search->hash_seed = hash_seed;
    return search;
}

void device_search_free(struct device_search *search)
{
    free(search);
}

static void on_binding(void *context, const struct binding *binding)
{
    struct device_search *search = context;

    if (!identity_is_named(binding->scheme, binding->identity, search->device))
        return;
    search->n_bindings++;
    if (binding->confidence < CONFIDENCE_PROBABLE && binding->reason != BINDING_ATTEMPT) {
        search->n_left_out++;
        return;
    }
    if ((size_t)binding->reason <= BINDING_LEASE && (size_t)binding->confidence <= CONFIDENCE_CERTAIN)
        search->n_taken[binding->reason][binding->confidence]++;
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

    if (indexer == NULL) {
        error_set(error, ERROR_SYSTEM, "find --device: no memory for the device tracker");
        return NULL;
    }
    indexer_prefer(indexer, search->preferences);
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

static bool is_device(void *context, enum identity_scheme scheme, struct bytes identity)
{
    const struct device_search *search = context;

    return identity_is_named(scheme, identity, search->device);
}

static bool on_archived_binding(void *context, const struct binding *binding)
{
    on_binding(context, binding);
    return true;
}

bool device_search_catalog(struct device_search *search, const struct catalog *catalog, bool counts_nameless,
                           struct error *error)
{
    struct archive_bindings_question question = {
        .is_wanted = is_device,
        .function = on_archived_binding,
        .context = search,
        .counts_nameless = counts_nameless,
        .preferences = search->preferences,
        .hash_seed = search->hash_seed,
    };
    struct archive_bindings_counters counters;

    if (!archive_bindings(catalog, &question, &counters, error))
        return false;
    search->n_anonymous += counters.n_anonymous;
    if (counters.n_unreadable)
        search->trouble = counters.first;
    return is_well(search, error);
}

uint64_t device_search_bindings(const struct device_search *search)
{
    return search->n_bindings;
}

uint64_t device_search_left_out(const struct device_search *search)
{
    return search->n_left_out;
}

uint64_t device_search_taken(const struct device_search *search, enum binding_reason reason,
                             enum binding_confidence confidence)
{
    return search->n_taken[reason][confidence];
}

uint64_t device_search_anonymous(const struct device_search *search)
{
    return search->n_anonymous;
}

const struct error *device_search_trouble(const struct device_search *search)
{
    return search->trouble.kind == ERROR_NONE ? NULL : &search->trouble;
}
