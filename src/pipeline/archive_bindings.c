/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/archive_bindings.h"

#include <stdlib.h>

#include "archive/archive_source.h"
#include "base/buffer.h"
#include "packet/batch.h"
#include "pipeline/indexer.h"

enum { NAMELESS_LIMIT_BYTES = 64 << 20 }; /* more of them are not counted */

struct walk {
    const struct archive_bindings_question *question;
    struct archive_bindings_counters *counters;
    struct indexer *tracker;           /* for segments without an index; NULL when there are none */
    struct interface_table interfaces; /* of those */
    struct buffer nameless;            /* the numbers of sessions that nobody named, of indexed segments */
    bool is_ended;
};

static bool is_wanted(const struct walk *walk, enum identity_scheme scheme, struct bytes identity)
{
    return walk->question->is_wanted == NULL ||
           walk->question->is_wanted(walk->question->context, scheme, identity);
}

static void tell(struct walk *walk, const struct binding *binding)
{
    if (!walk->is_ended && is_wanted(walk, binding->scheme, binding->identity))
        walk->is_ended = !walk->question->function(walk->question->context, binding);
}

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

static bool is_asked_for(void *context, enum identity_scheme scheme, struct bytes identity)
{
    return is_wanted(context, scheme, identity);
}

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
    walk->tracker = indexer_new(&walk->interfaces, walk->question->hash_seed);
    if (walk->tracker == NULL)
        return error_set(error, ERROR_SYSTEM, "no memory for the device tracker");
    if (walk->question->preferences)
        indexer_prefer(walk->tracker, walk->question->preferences);
    indexer_listen(walk->tracker, on_tracked, walk);
    return true;
}

static bool walk_entry(struct walk *walk, const struct catalog_entry *entry, struct error *error)
{
    struct error fault;
    struct segment_index *index = entry->has_index ? segment_index_open(entry->index_path, &fault) : NULL;

    if (index == NULL)
        return (walk->tracker || make_tracker(walk, error)) && scan(walk, entry, error);
    if (walk->question->counts_nameless)
        segment_index_bindings(index, count_nameless, walk);
    if (walk->question->is_wanted)
        segment_index_bindings_of(index, is_asked_for, on_indexed, walk);
    else
        segment_index_bindings(index, on_indexed, walk);
    segment_index_close(index);
    return true;
}

bool archive_bindings(const struct catalog *catalog, const struct archive_bindings_question *question,
                      struct archive_bindings_counters *counters, struct error *error)
{
    struct walk walk = { .question = question, .counters = counters };
    bool is_done = true, has_unindexed = false;

    buffer_init(&walk.nameless, NAMELESS_LIMIT_BYTES);
    *counters = (struct archive_bindings_counters) { 0 };
    for (uint32_t i = 0; i < catalog->n; i++)
        has_unindexed |= !catalog->entries[i].has_index;
    if (has_unindexed)
        is_done = make_tracker(&walk, error);
    for (uint32_t i = 0; is_done && !walk.is_ended && i < catalog->n; i++)
        is_done = walk_entry(&walk, &catalog->entries[i], error);
    if (walk.tracker)
        counters->n_anonymous = indexer_tracker_counters(walk.tracker)->n_anonymous;
    counters->n_anonymous += nameless_sessions(&walk);
    buffer_clear(&walk.nameless);
    indexer_free(walk.tracker);
    interface_table_clear(&walk.interfaces);
    return is_done;
}
