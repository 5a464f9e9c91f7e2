/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/archive_bindings.h"

#include <stdlib.h>

#include "archive/archive_source.h"
#include "archive/session_keys.h"
#include "base/buffer.h"
#include "packet/batch.h"
#include "pipeline/indexer.h"

enum { NAMELESS_LIMIT_BYTES = 64 << 20 }; /* more of them are not counted */

enum { RESTORE_SEGMENTS = 64 }; /* in front of one without an index, when every device is asked for */

struct name { /* of the device, by the table */
    enum identity_scheme scheme;
    struct bytes identity; /* owned */
};

struct walk {
    const struct archive_bindings_question *question;
    struct archive_bindings_counters *counters;
    const struct catalog *catalog;
    bool *is_in_table;                 /* by entry */
    struct indexer *tracker;           /* for segments without an index; NULL when there are none */
    struct interface_table interfaces; /* of those */
    struct session_keys *sleepers;     /* asked by the tracker; NULL: none are known */
    struct session_store store;
    struct name *names;
    uint32_t n_names;
    struct buffer nameless; /* the numbers of sessions that nobody named, of indexed segments */
    int64_t restore_until_ns;
    bool has_restored, is_out_of_memory;
    bool is_ended;
};

/* ---- whose ---- */

static bool is_wanted(void *context, enum identity_scheme scheme, struct bytes identity)
{
    const struct walk *walk = context;

    if (walk->question->device == NULL || identity_is_named(scheme, identity, walk->question->device))
        return true;
    for (uint32_t i = 0; i < walk->n_names; i++) {
        if (walk->names[i].scheme == scheme && bytes_equal(walk->names[i].identity, identity))
            return true;
    }
    return false;
}

static void keep_name(void *context, enum identity_scheme scheme, struct bytes identity)
{
    struct walk *walk = context;
    struct name *names = realloc(walk->names, (walk->n_names + 1) * sizeof *names);
    uint8_t *copy = malloc(identity.len + 1);

    if (names)
        walk->names = names;
    if (names == NULL || copy == NULL) {
        free(copy);
        walk->is_out_of_memory = true;
        return;
    }
    if (identity.len)
        memcpy(copy, identity.data, identity.len);
    names[walk->n_names++] = (struct name) { scheme, bytes_of(copy, identity.len) };
}

static void walk_clear(struct walk *walk)
{
    for (uint32_t i = 0; i < walk->n_names; i++)
        free((void *)(uintptr_t)walk->names[i].identity.data);
    free(walk->names);
    free(walk->is_in_table);
    buffer_clear(&walk->nameless);
    indexer_free(walk->tracker);
    session_keys_free(walk->sleepers);
    interface_table_clear(&walk->interfaces);
}

/* ---- telling, and taking up ---- */

static void tell(struct walk *walk, const struct binding *binding)
{
    if (!walk->is_ended && is_wanted(walk, binding->scheme, binding->identity))
        walk->is_ended = !walk->question->function(walk->question->context, binding);
}

static void on_tracked(void *context, const struct binding *binding)
{
    tell(context, binding);
}

static bool on_indexed(void *context, const struct binding *binding)
{
    struct walk *walk = context;

    tell(walk, binding);
    if (walk->tracker)
        indexer_restore(walk->tracker, binding);
    return !walk->is_ended;
}

static bool on_table(void *context, const struct binding *binding)
{
    struct walk *walk = context;

    tell(walk, binding);
    return !walk->is_ended;
}

static bool restore_earlier(void *context, const struct binding *binding)
{
    struct walk *walk = context;

    if (binding->from_ns > walk->restore_until_ns)
        return false; /* by time */
    indexer_restore(walk->tracker, binding);
    return true;
}

static bool restore_any(void *context, const struct binding *binding)
{
    struct walk *walk = context;

    indexer_restore(walk->tracker, binding);
    return true;
}

/* What the table says of the time before a segment that is to be scanned. */
static bool restore_from_table(struct walk *walk, uint32_t entry, struct error *error)
{
    struct error ignored;

    if (walk->question->table == NULL)
        return true;
    if (walk->question->device) {
        walk->restore_until_ns = walk->catalog->entries[entry].named_ts_ns;
        return device_table_bindings(walk->question->table, walk->question->device, restore_earlier, walk,
                                     error);
    }
    for (uint32_t i = entry > RESTORE_SEGMENTS ? entry - RESTORE_SEGMENTS : 0;
         i < entry && !walk->has_restored; i++) {
        struct segment_index *index =
            walk->is_in_table[i] ? segment_index_open(walk->catalog->entries[i].index_path, &ignored) : NULL;

        if (index)
            segment_index_bindings(index, restore_any, walk);
        segment_index_close(index);
    }
    walk->has_restored = true;
    return true;
}

/* ---- whom nobody named ---- */

static bool count_nameless(void *context, const struct binding *binding)
{
    struct walk *walk = context;

    if (binding->scheme == IDENTITY_NONE)
        buffer_put(&walk->nameless, (const uint8_t *)&binding->session, sizeof binding->session);
    return true;
}

static int compare_numbers(const void *left, const void *right)
{
    uint64_t a, b;

    memcpy(&a, left, sizeof a);
    memcpy(&b, right, sizeof b);
    return a < b ? -1 : a > b;
}

/* A session that goes over several segments is one. */
static uint64_t nameless_sessions(struct walk *walk)
{
    size_t n = walk->nameless.len / sizeof(uint64_t);
    uint64_t n_sessions = 0;

    if (n > 0)
        qsort(walk->nameless.data, n, sizeof(uint64_t), compare_numbers);
    for (size_t i = 0; i < n; i++) {
        const uint8_t *at = walk->nameless.data + i * sizeof(uint64_t);

        n_sessions += i == 0 || compare_numbers(at - sizeof(uint64_t), at) != 0;
    }
    return n_sessions;
}

/* ---- segments without an index ---- */

static void note_unreadable(struct walk *walk, const struct error *error)
{
    if (walk->counters->n_unreadable++ == 0)
        walk->counters->first = *error;
}

static bool scan(struct walk *walk, const struct catalog_entry *entry, struct error *error)
{
    struct catalog one = { (struct catalog_entry *)(uintptr_t)entry, 1 };
    static const struct hint everything = { .kind = HINT_ALL };
    enum source_result result;
    struct source *source;
    struct error fault = { 0 };
    struct batch batch;

    walk->counters->n_scanned++;
    source = archive_source_open(&one, &everything, &walk->interfaces, &fault);
    if (source == NULL) {
        note_unreadable(walk, &fault);
        return true;
    }
    if (!batch_init(&batch, BATCH_BYTES)) {
        source_close(source);
        return error_set(error, ERROR_SYSTEM, "no memory for packets");
    }
    while (!walk->is_ended && (result = source_next(source, &batch, 0, &fault)) == SOURCE_PACKETS) {
        for (uint32_t i = 0; i < batch.n; i++)
            indexer_packet(walk->tracker, &batch.packets[i], 0);
    }
    if (archive_source_counters(source)->n_damaged) {
        error_set(&fault, ERROR_DAMAGED, "%s", archive_source_counters(source)->first_damage);
        note_unreadable(walk, &fault);
    }
    batch_clear(&batch);
    source_close(source);
    indexer_end(walk->tracker, true);
    return true;
}

static bool make_tracker(struct walk *walk, struct error *error)
{
    if (walk->question->table && device_table_directory(walk->question->table))
        walk->sleepers = session_keys_new(device_table_directory(walk->question->table), false);
    walk->tracker = indexer_new(&walk->interfaces, walk->question->hash_seed);
    if (walk->tracker == NULL)
        return error_set(error, ERROR_SYSTEM, "no memory for the device tracker");
    if (walk->sleepers) {
        walk->store = session_keys_store(walk->sleepers);
        indexer_wake_from(walk->tracker, &walk->store);
    }
    if (walk->question->preferences)
        indexer_prefer(walk->tracker, walk->question->preferences);
    indexer_listen(walk->tracker, on_tracked, walk);
    return true;
}

/* ---- the walk ---- */

static bool walk_entry(struct walk *walk, uint32_t number, struct error *error)
{
    const struct catalog_entry *entry = &walk->catalog->entries[number];
    struct segment_index *index;
    struct error fault;

    if (walk->is_in_table[number] && !walk->question->counts_nameless)
        return true;
    if (walk->question->segment && !walk->is_in_table[number])
        walk->question->segment(walk->question->context);
    index = entry->has_index ? segment_index_open(entry->index_path, &fault) : NULL;
    if (index && walk->question->counts_nameless)
        segment_index_bindings(index, count_nameless, walk);
    if (walk->is_in_table[number]) {
        segment_index_close(index);
        return true;
    }
    if (index == NULL)
        return (walk->tracker || make_tracker(walk, error)) && restore_from_table(walk, number, error) &&
               scan(walk, entry, error);
    walk->counters->n_indexes++;
    if (walk->question->device)
        segment_index_bindings_of(index, is_wanted, on_indexed, walk);
    else
        segment_index_bindings(index, on_indexed, walk);
    segment_index_close(index);
    return true;
}

static bool ask_table(struct walk *walk, struct error *error)
{
    struct device_table *table = walk->question->table;

    for (uint32_t i = 0; i < walk->catalog->n; i++)
        walk->is_in_table[i] = device_table_has(table, &walk->catalog->entries[i]);
    if (walk->question->device == NULL)
        return true;
    return device_table_names(table, walk->question->device, keep_name, walk, error) &&
           (!walk->is_out_of_memory || error_set(error, ERROR_SYSTEM, "no memory for the device's names")) &&
           device_table_bindings(table, walk->question->device, on_table, walk, error);
}

bool archive_bindings(const struct catalog *catalog, const struct archive_bindings_question *question,
                      struct archive_bindings_counters *counters, struct error *error)
{
    struct walk walk = { .question = question,
                         .counters = counters,
                         .catalog = catalog,
                         .is_in_table = calloc(catalog->n + 1, sizeof *walk.is_in_table) };
    bool is_done = true, has_unindexed = false;

    buffer_init(&walk.nameless, NAMELESS_LIMIT_BYTES);
    *counters = (struct archive_bindings_counters) { 0 };
    if (walk.is_in_table == NULL)
        return error_set(error, ERROR_SYSTEM, "no memory for the archive's segments");
    if (question->table)
        is_done = ask_table(&walk, error);
    for (uint32_t i = 0; i < catalog->n; i++)
        has_unindexed |= !catalog->entries[i].has_index;
    if (is_done && has_unindexed)
        is_done = make_tracker(&walk, error);
    for (uint32_t i = 0; is_done && !walk.is_ended && i < catalog->n; i++)
        is_done = walk_entry(&walk, i, error);
    if (walk.tracker)
        counters->n_anonymous = indexer_tracker_counters(walk.tracker)->n_anonymous;
    counters->n_anonymous += nameless_sessions(&walk);
    walk_clear(&walk);
    return is_done;
}
