/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/retain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "archive/held.h"
#include "archive/segment_index.h"
#include "base/size_text.h"
#include "base/timestamp.h"

/* The recorder's one thread is here; its sources wait, and their queue is made for more than this. */
#define LOOK_LIMIT_NS (NS_PER_SECOND / 10)

struct retainer {
    const char *directory;
    struct held *held;
};

struct retainer *retainer_new(const char *directory)
{
    struct retainer *retainer = calloc(1, sizeof *retainer);

    if (retainer == NULL || (retainer->held = held_new(directory)) == NULL) {
        free(retainer);
        return NULL;
    }
    retainer->directory = directory;
    return retainer;
}

void retainer_free(struct retainer *retainer)
{
    if (retainer == NULL)
        return;
    held_free(retainer->held);
    free(retainer);
}

/* Index first: a segment whose index went but which stays is whole; the other way round is litter. */
static bool delete_segment(const struct catalog_entry *entry, struct retention_result *result,
                           struct error *error)
{
    if (unlink(entry->index_path) < 0 && errno != ENOENT)
        return error_system(error, "%s: cannot be deleted", entry->index_path);
    if (unlink(entry->path) < 0 && errno != ENOENT)
        return error_system(error, "%s: cannot be deleted", entry->path);
    result->n_deleted++;
    result->n_bytes_deleted += entry->stored_bytes + entry->index_bytes;
    return true;
}

/* The newest packet's time; that of the name, which is the first's, when there is no index to ask. */
static int64_t newest_ts(const struct catalog_entry *entry)
{
    struct error error;
    struct segment_index *index = entry->has_index ? segment_index_open(entry->index_path, &error) : NULL;
    int64_t ts_ns = entry->named_ts_ns;

    if (index && segment_index_packets(index) > 0)
        ts_ns = segment_index_max_ts(index);
    segment_index_close(index);
    return ts_ns;
}

static bool lacks_free_space(const char *directory, const struct retention *retention, struct error *error)
{
    struct statvfs status;
    uint64_t free_bytes, all_bytes;

    if (retention->min_free_bytes == 0 && retention->min_free_percent == 0)
        return false;
    if (statvfs(directory, &status) < 0) {
        error_system(error, "%s: free space cannot be asked", directory);
        return false;
    }
    free_bytes = (uint64_t)status.f_bavail * status.f_frsize;
    all_bytes = (uint64_t)status.f_blocks * status.f_frsize;
    return free_bytes < retention->min_free_bytes ||
           free_bytes < all_bytes / 100 * retention->min_free_percent;
}

static bool is_too_old(const struct catalog_entry *entry, const struct retention *retention, int64_t now_ns)
{
    int64_t oldest_ns;

    if (retention->keep_age_ns == 0 || __builtin_sub_overflow(now_ns, retention->keep_age_ns, &oldest_ns))
        return false;
    return entry->named_ts_ns < oldest_ns && newest_ts(entry) < oldest_ns;
}

/* ---- what is held ---- */

static bool look(struct retainer *retainer, const struct catalog *catalog, int64_t wall_now_ns,
                 struct retention_result *result, struct error *error)
{
    if (!held_update(retainer->held, catalog, wall_now_ns, LOOK_LIMIT_NS, error)) {
        error_context(error, "nothing is deleted, for all of it may be held");
        return false;
    }
    result->is_unfinished = !held_is_finished(retainer->held);
    return true;
}

static void note_let_go(const struct retainer *retainer, uint32_t entry, struct retention_result *result)
{
    const struct held_hold *hold = held_let_go(retainer->held, entry);
    char name[HELD_NAME_BYTES], size[SIZE_TEXT_BYTES];
    bool is_own;

    if (hold == NULL || result->note[0])
        return;
    is_own = hold->hold->quota_bytes && hold->n_bytes + hold->n_bytes_let_go > hold->hold->quota_bytes;
    snprintf(result->note, sizeof result->note, "%s: its oldest segments are let go, for %s of %s is reached",
             held_name(hold->hold, name), is_own ? "its quota" : "the quota of all holds",
             size_format(is_own ? hold->hold->quota_bytes : held_quota(retainer->held), size));
}

/* Says no amounts: it is said again and again, and to be the same sentence then. */
static bool tell_held(const struct retainer *retainer, const char *state, struct error *error)
{
    char name[HELD_NAME_BYTES];

    held_name_largest(retainer->held, name);
    return error_set(error, ERROR_LIMIT,
                     "%s: %s, and what could be deleted is held%s%s%s (tapdeck hold list)",
                     retainer->directory, state, name[0] ? "; " : "", name, name[0] ? " keeps most" : "");
}

/* ---- deleting ---- */

struct pass {
    struct retainer *retainer;
    const struct retention *retention;
    int64_t now_ns;
    uint64_t bytes; /* of all that is left */
    struct retention_result *result;
};

static bool is_over(const struct pass *pass, const struct catalog_entry *entry, struct error *fault)
{
    return (pass->retention->keep_bytes && pass->bytes > pass->retention->keep_bytes) ||
           is_too_old(entry, pass->retention, pass->now_ns) ||
           lacks_free_space(pass->retainer->directory, pass->retention, fault);
}

static void consider(struct pass *pass, const struct catalog *catalog, uint32_t number, struct error *fault)
{
    const struct catalog_entry *entry = &catalog->entries[number];

    if (entry->is_open || !is_over(pass, entry, fault))
        return;
    if (held_keeps(pass->retainer->held, number)) {
        pass->result->n_kept++;
        return;
    }
    note_let_go(pass->retainer, number, pass->result);
    if (delete_segment(entry, pass->result, fault))
        pass->bytes -= entry->stored_bytes + entry->index_bytes;
}

/* Age is no bound that a disk feels: what is held may be as old as it likes. */
static bool is_within(const struct pass *pass, struct error *error)
{
    struct error ignored;

    if (pass->result->n_kept == 0 || pass->result->is_unfinished)
        return true;
    if (pass->retention->keep_bytes && pass->bytes > pass->retention->keep_bytes)
        return tell_held(pass->retainer, "the archive is over its --keep-bytes", error);
    if (lacks_free_space(pass->retainer->directory, pass->retention, &ignored))
        return tell_held(pass->retainer, "the disk has less room than --min-free", error);
    return true;
}

static bool apply(struct retainer *retainer, const struct catalog *catalog, const struct retention *retention,
                  int64_t now_ns, struct retention_result *result, struct error *error)
{
    struct pass pass = { retainer, retention, now_ns, 0, result };
    struct error first = { .kind = ERROR_NONE };

    for (uint32_t i = 0; i < catalog->n; i++)
        pass.bytes += catalog->entries[i].stored_bytes + catalog->entries[i].index_bytes;
    for (uint32_t i = 0; i < catalog->n; i++) {
        struct error fault = { .kind = ERROR_NONE };

        consider(&pass, catalog, i, &fault);
        if (fault.kind != ERROR_NONE && first.kind == ERROR_NONE)
            first = fault;
    }
    if (first.kind != ERROR_NONE) {
        *error = first;
        return false;
    }
    return is_within(&pass, error);
}

bool retainer_apply(struct retainer *retainer, const struct retention *retention, int64_t archive_now_ns,
                    int64_t wall_now_ns, struct retention_result *result, struct error *error)
{
    struct catalog catalog;
    bool is_done;

    *result = (struct retention_result) { 0 };
    if (!catalog_load(&catalog, retainer->directory, error))
        return false;
    is_done = look(retainer, &catalog, wall_now_ns, result, error) &&
              apply(retainer, &catalog, retention, archive_now_ns, result, error);
    catalog_clear(&catalog);
    return is_done;
}

/* ERROR_NONE in *error: none of those that were looked at is free to go. */
static bool delete_first(struct retainer *retainer, const struct catalog *catalog,
                         struct retention_result *result, struct error *error)
{
    bool is_deleted = false;

    error->kind = ERROR_NONE;
    result->n_kept = 0;
    for (uint32_t i = 0; i < catalog->n && !is_deleted; i++) {
        if (catalog->entries[i].is_open)
            continue;
        if (held_keeps(retainer->held, i)) {
            result->n_kept++;
            continue;
        }
        note_let_go(retainer, i, result);
        is_deleted = delete_segment(&catalog->entries[i], result, error);
    }
    return is_deleted;
}

bool retainer_delete_oldest(struct retainer *retainer, int64_t wall_now_ns, struct retention_result *result,
                            struct error *error)
{
    struct catalog catalog;
    bool is_deleted = false, is_known;

    *result = (struct retention_result) { 0 };
    if (!catalog_load(&catalog, retainer->directory, error))
        return false;
    do { /* nothing can be written anyway: look until one is found that may go */
        is_known = look(retainer, &catalog, wall_now_ns, result, error);
        is_deleted = is_known && delete_first(retainer, &catalog, result, error);
    } while (is_known && !is_deleted && error->kind == ERROR_NONE && result->is_unfinished);
    catalog_clear(&catalog);
    if (is_deleted || !is_known || error->kind != ERROR_NONE)
        return is_deleted;
    if (result->n_kept)
        return tell_held(retainer, "the disk is full", error);
    return error_set(error, ERROR_NO_SPACE, "%s: there is no sealed segment left to delete",
                     retainer->directory);
}
