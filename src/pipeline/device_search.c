/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/device_search.h"

#include <libgen.h>
#include <stdlib.h>
#include <string.h>

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
    struct error table_trouble; /* why the device table was not asked; kind ERROR_NONE: nothing */
    struct error trouble;       /* a segment that could not be read; kind ERROR_NONE: none */
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

static void add_binding(struct device_search *search, const struct binding *binding)
{
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

static void on_binding(void *context, const struct binding *binding)
{
    struct device_search *search = context;

    if (identity_is_named(binding->scheme, binding->identity, search->device))
        add_binding(search, binding);
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

static bool are_default(const struct preferences *preferences)
{
    return preferences == NULL ||
           (preferences->n_rules == 0 &&
            memcmp(preferences, &preferences_default, offsetof(struct preferences, n_rules)) == 0);
}

static bool is_wanted(void *context, enum identity_scheme scheme, struct bytes identity)
{
    const struct device_search *search = context;

    return identity_is_named(scheme, identity, search->device);
}

static bool scan(struct device_search *search, struct indexer *indexer, bool is_passing,
                 struct source *source, const atomic_bool *stop, void (*seen)(void *, uint64_t),
                 void *context, struct error *error)
{
    enum source_result result = SOURCE_IDLE;
    uint64_t n_packets = 0;
    struct batch batch;

    if (!batch_init(&batch, BATCH_BYTES))
        return error_set(error, ERROR_SYSTEM, "find --device: no memory");
    while ((stop == NULL || !atomic_load_explicit(stop, memory_order_relaxed)) &&
           (result = source_next(source, &batch, 0, error)) == SOURCE_PACKETS) {
        for (uint32_t i = 0; i < batch.n; i++) {
            if (!is_passing || !indexer_passes_over(indexer, &batch.packets[i]))
                indexer_packet(indexer, &batch.packets[i], 0);
        }
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
                          const struct interface_table *interfaces, bool counts_nameless,
                          const atomic_bool *stop, void (*seen)(void *context, uint64_t n_packets),
                          void *context, struct error *error)
{
    struct indexer *indexer = new_tracker(search, interfaces, error);
    bool is_done, is_passing;

    if (indexer == NULL)
        return false;
    is_passing = !counts_nameless && are_default(search->preferences);
    if (is_passing && !indexer_look_for(indexer, is_wanted, search)) {
        indexer_free(indexer);
        return error_set(error, ERROR_SYSTEM, "find --device: no memory");
    }
    is_done = scan(search, indexer, is_passing, source, stop, seen, context, error);
    indexer_free(indexer);
    return is_done;
}

/* Its name is one of the device's: archive_bindings saw to that. */
static bool on_archived_binding(void *context, const struct binding *binding)
{
    add_binding(context, binding);
    return true;
}

/* The table beside an archive's segments; NULL when there is none, or it is of no use, which is noted. */
static struct device_table *open_table(struct device_search *search, const struct catalog *catalog)
{
    struct device_table *table;
    struct error error;
    char *directory;

    if (catalog->n == 0 || (directory = strdup(catalog->entries[0].path)) == NULL)
        return NULL;
    table = device_table_open(dirname(directory), DEVICE_TABLE_READ, &error);
    free(directory);
    if (table == NULL && error.kind != ERROR_NONE)
        search->table_trouble = error;
    return table;
}

bool device_search_catalog(struct device_search *search, const struct catalog *catalog, bool counts_nameless,
                           struct error *error)
{
    struct archive_bindings_question question = {
        .device = search->device,
        .table = open_table(search, catalog),
        .function = on_archived_binding,
        .context = search,
        .counts_nameless = counts_nameless,
        .preferences = search->preferences,
        .hash_seed = search->hash_seed,
    };
    struct archive_bindings_counters counters;
    bool is_done = archive_bindings(catalog, &question, &counters, error);

    if (!is_done && question.table) { /* damaged further in: spans told twice melt into one */
        search->table_trouble = *error;
        search->n_bindings = search->n_left_out = 0;
        memset(search->n_taken, 0, sizeof search->n_taken);
        device_table_close(question.table);
        question.table = NULL;
        is_done = archive_bindings(catalog, &question, &counters, error);
    }
    device_table_close(question.table);
    if (!is_done)
        return false;
    search->n_anonymous += counters.n_anonymous;
    if (counters.n_unreadable)
        search->trouble = counters.first;
    return is_well(search, error);
}

const struct error *device_search_table_trouble(const struct device_search *search)
{
    return search->table_trouble.kind == ERROR_NONE ? NULL : &search->table_trouble;
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
