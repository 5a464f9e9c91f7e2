/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/import_plan.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "packet/packet_digest.h"
#include "source/capture_head.h"
#include "source/openers.h"

enum {
    RECORDS_LIMIT = 16
}; /* files that begin alike, of other lengths: more are not held against this one */

/* ---- one file ---- */

struct first_packet {
    struct import_file *file;
    const struct import_archive *archive;
    uint64_t seed;
    bool takes_known;
    int is_held;
    char segment[256];
    struct error *error;
};

static void take_first(void *context, const struct packet *packet)
{
    struct first_packet *first = context;

    first->file->first_ns = packet->ts_ns;
    first->file->first_digest = packet_digest(packet, first->seed);
    if (first->archive->holds && !first->takes_known)
        first->is_held =
            first->archive->holds(first->archive->context, packet, true, first->segment, first->error);
}

static void set_trouble(struct import_file *file, const char *text)
{
    free(file->trouble);
    file->trouble = strdup(text);
}

/* How far the file and what was imported go together. */
struct walk {
    uint64_t n, chain, n_last;
    int64_t last_ns;
    struct packet newest; /* its bytes in `bytes` */
    struct buffer bytes;
};

static void walk_packet(struct walk *walk, const struct packet *packet, uint64_t seed)
{
    walk->n_last = walk->n && packet->ts_ns == walk->last_ns ? walk->n_last + 1 : 1;
    walk->last_ns = packet->ts_ns;
    walk->chain = packet_digest_chain(walk->chain, packet_digest(packet, seed));
    walk->n++;
}

static void walk_batch(struct walk *walk, const struct batch *batch, uint64_t seed, struct import_file *file,
                       const struct import_record *records, uint32_t n_records)
{
    const struct packet *newest = &batch->packets[batch->n - 1];

    for (uint32_t i = 0; i < batch->n; i++) {
        walk_packet(walk, &batch->packets[i], seed);
        for (uint32_t r = 0; r < n_records; r++) {
            if (walk->n != records[r].n_packets || walk->chain != records[r].chain)
                continue;
            file->n_known = walk->n;
            file->chain = walk->chain;
            file->n_last = walk->n_last;
        }
    }
    buffer_empty(&walk->bytes);
    buffer_put(&walk->bytes, newest->data, newest->caplen);
    walk->newest = *newest;
    walk->newest.data = walk->bytes.data;
}

/*
 * Reads a little further than the longest record, and notes in the file the longest that is its beginning.
 * False with *error when it cannot be read at all. ends_early: it is shorter than that record.
 */
static bool walk_file(struct walk *walk, struct import_file *file, const struct import_record *records,
                      uint32_t n_records, uint64_t seed, bool *ends_early, struct error *error)
{
    struct interface_table interfaces = { 0 };
    struct source *source = pcap_file_open(file->path, &interfaces, error);
    enum source_result result = SOURCE_IDLE;
    struct batch batch = { 0 };
    struct error ignored; /* what cuts it short was told when it was imported, or will be */
    bool ok = source && (batch_init(&batch, 0) || error_set(error, ERROR_SYSTEM, "no memory for packets"));

    if (ok)
        pcap_file_step_over_damage(source);
    while (
        ok && walk->n <= records[n_records - 1].n_packets &&
        ((result = source_next(source, &batch, -1, &ignored)) == SOURCE_PACKETS || result == SOURCE_IDLE)) {
        if (batch.n > 0)
            walk_batch(walk, &batch, seed, file, records, n_records);
    }
    *ends_early = walk->n < records[n_records - 1].n_packets;
    if (ok && (result == SOURCE_END || result == SOURCE_FAULT) && file->n_known == walk->n && walk->n > 0)
        file->state = IMPORT_KNOWN;
    source_close(source);
    batch_clear(&batch);
    interface_table_clear(&interfaces);
    return ok;
}

/* What begins with the same packet was imported: is it the same? */
static bool compare_with_journal(struct import_file *file, const struct import_archive *archive,
                                 uint64_t seed, bool *is_known_content, struct error *error)
{
    struct import_record records[RECORDS_LIMIT];
    struct walk walk = { 0 };
    bool ends_early, ok;
    char segment[256];
    int is_held = 0;
    uint32_t n;

    *is_known_content = false;
    if (!import_journal_find(archive->journal, file->first_digest, records, RECORDS_LIMIT, &n, error))
        return false;
    if (n == 0)
        return true;
    *is_known_content = true;
    buffer_init(&walk.bytes, SNAPLEN_MAX * (size_t)64);
    ok = walk_file(&walk, file, records, n, seed, &ends_early, error);
    if (!ok) {
        file->state = IMPORT_UNREADABLE;
        set_trouble(file, error->text);
    } else if (file->n_known == 0 && ends_early && archive->holds && !walk.bytes.is_full) {
        is_held = archive->holds(archive->context, &walk.newest, false, segment, error);
    }
    if (is_held > 0)
        file->state = IMPORT_COPY;
    file->is_new_name = file->state == IMPORT_KNOWN;
    buffer_clear(&walk.bytes);
    return is_held >= 0;
}

static bool look_into(struct import_file *file, const struct import_archive *archive, uint64_t seed,
                      bool takes_known, struct error *error)
{
    struct error trouble = { 0 };
    struct first_packet first = {
        .file = file, .archive = archive, .seed = seed, .takes_known = takes_known, .error = error
    };
    bool is_known_content = false;

    switch (capture_head_read(file->path, take_first, &first, &trouble)) {
    case CAPTURE_PACKETS:
        break;
    case CAPTURE_EMPTY:
        file->state = IMPORT_EMPTY;
        return true;
    case CAPTURE_FOREIGN:
        file->state = IMPORT_FOREIGN;
        set_trouble(file, trouble.text);
        return true;
    case CAPTURE_UNREADABLE:
        file->state = IMPORT_UNREADABLE;
        set_trouble(file, trouble.text);
        return true;
    }
    if (first.is_held < 0)
        return false;
    if (archive->journal && !takes_known &&
        !compare_with_journal(file, archive, seed, &is_known_content, error))
        return false;
    if (first.is_held > 0 && !is_known_content) {
        file->state = IMPORT_UNKNOWN;
        set_trouble(file, first.segment);
    }
    return true;
}

static bool begin_file(struct import_file *file, const struct listed_file *listed, struct error *error)
{
    char full[PATH_MAX];

    *file = (struct import_file) {
        .path = listed->path,
        .is_named = listed->is_named,
        .is_stream = listed->is_stream,
        .size_bytes = listed->size_bytes,
        .mtime_ns = listed->mtime_ns,
        .first_ns = INT64_MIN,
        .last_ns = INT64_MIN,
        .twin_of = IMPORT_NO_FILE,
    };
    if (listed->is_stream)
        return true;
    file->full_path = strdup(realpath(listed->path, full) ? full : listed->path);
    return file->full_path || error_set(error, ERROR_SYSTEM, "no memory for a plan");
}

static int by_identity(const void *left, const void *right)
{
    const struct listed_file *const *a = left, *const *b = right;

    if ((*a)->device != (*b)->device)
        return (*a)->device < (*b)->device ? -1 : 1;
    if ((*a)->inode != (*b)->inode)
        return (*a)->inode < (*b)->inode ? -1 : 1;
    return *a < *b ? -1 : *a > *b; /* the one listed first */
}

/* Marks each file that has a name before it in the list. */
static bool mark_second_names(struct import_plan *plan, const struct capture_list *list, struct error *error)
{
    const struct listed_file **sorted = calloc(list->n + 1, sizeof(const struct listed_file *));

    if (sorted == NULL)
        return error_set(error, ERROR_SYSTEM, "no memory for a plan");
    for (uint32_t i = 0; i < list->n; i++)
        sorted[i] = &list->files[i];
    qsort(sorted, list->n, sizeof(const struct listed_file *), by_identity);
    for (uint32_t i = 1; i < list->n; i++) {
        const struct listed_file *file = sorted[i], *before = sorted[i - 1];

        if (!file->is_stream && !file->is_absent && !before->is_stream && !before->is_absent &&
            file->device == before->device && file->inode == before->inode)
            plan->files[file - list->files].state = IMPORT_TWICE;
    }
    free(sorted);
    return true;
}

static bool decide(struct import_file *file, const struct listed_file *listed,
                   const struct import_archive *archive, uint64_t seed, bool takes_known, struct error *error)
{
    error->kind = ERROR_NONE;
    if (listed->is_absent) {
        file->state = IMPORT_UNREADABLE;
        error_set(error, ERROR_SYSTEM, "%s: cannot be looked at: no right to, or it went away", file->path);
        set_trouble(file, error->text);
        return true;
    }
    if (file->is_stream || file->state == IMPORT_TWICE)
        return true;
    if (listed->size_bytes == 0) {
        file->state = IMPORT_EMPTY;
        return true;
    }
    if (archive->journal && !takes_known &&
        import_journal_knows_file(archive->journal, file->full_path, file->size_bytes, file->mtime_ns,
                                  &file->n_known, error)) {
        file->state = IMPORT_KNOWN;
        return true;
    }
    return error->kind == ERROR_NONE && look_into(file, archive, seed, takes_known, error);
}

/* ---- the plan ---- */

static int by_time(const void *left, const void *right)
{
    const struct import_file *a = left, *b = right;
    bool takes_a = a->state == IMPORT_TAKE, takes_b = b->state == IMPORT_TAKE;

    if (takes_a != takes_b)
        return takes_a ? -1 : 1;
    if (a->first_ns != b->first_ns)
        return a->first_ns < b->first_ns ? -1 : 1;
    return strcmp(a->path, b->path);
}

void import_plan_order(struct import_plan *plan)
{
    if (plan->n)
        qsort(plan->files, plan->n, sizeof *plan->files, by_time);
    plan->n_take = 0;
    plan->take_bytes = plan->n_known_packets = 0;
    for (uint32_t i = 0; i < plan->n; i++) {
        const struct import_file *file = &plan->files[i];

        plan->n_known_packets += file->n_known;
        if (file->state != IMPORT_TAKE)
            continue;
        plan->n_take++;
        plan->take_bytes += file->size_bytes;
    }
}

int64_t import_plan_gap(const struct import_file *file, int64_t latest_ns)
{
    int64_t gap_ns;

    if (latest_ns == INT64_MIN)
        return 0;
    if (__builtin_sub_overflow(file->first_ns, latest_ns, &gap_ns))
        return file->first_ns > latest_ns ? INT64_MAX : INT64_MIN;
    return gap_ns;
}

bool import_plan_make(struct import_plan *plan, const struct capture_list *list,
                      const struct import_archive *archive, uint64_t seed, bool takes_known,
                      struct error *error)
{
    *plan = (struct import_plan) { .files = calloc(list->n + 1, sizeof *plan->files) };
    if (plan->files == NULL)
        return error_set(error, ERROR_SYSTEM, "no memory for a plan");
    for (uint32_t i = 0; i < list->n; i++, plan->n++) {
        if (!begin_file(&plan->files[i], &list->files[i], error))
            return false;
        plan->has_stream |= list->files[i].is_stream;
    }
    if (!mark_second_names(plan, list, error))
        return false;
    for (uint32_t i = 0; i < list->n; i++) {
        if (!decide(&plan->files[i], &list->files[i], archive, seed, takes_known, error))
            return false;
    }
    import_plan_order(plan);
    return true;
}

void import_plan_clear(struct import_plan *plan)
{
    for (uint32_t i = 0; i < plan->n; i++) {
        free(plan->files[i].full_path);
        free(plan->files[i].trouble);
    }
    free(plan->files);
    *plan = (struct import_plan) { 0 };
}
