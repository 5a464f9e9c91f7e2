/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/retain.h"

#include <errno.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "archive/segment_index.h"

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

bool retain_apply(const char *directory, const struct retention *retention, int64_t now_ns,
                  struct retention_result *result, struct error *error)
{
    struct catalog catalog;
    struct error first = { .kind = ERROR_NONE };
    uint64_t bytes = 0;
    bool ok = true;

    *result = (struct retention_result) { 0 };
    if (!catalog_load(&catalog, directory, error))
        return false;
    for (uint32_t i = 0; i < catalog.n; i++)
        bytes += catalog.entries[i].stored_bytes + catalog.entries[i].index_bytes;

    for (uint32_t i = 0; i < catalog.n; i++) {
        const struct catalog_entry *entry = &catalog.entries[i];
        bool goes;
        struct error fault = { .kind = ERROR_NONE };

        if (entry->is_open)
            continue;
        goes = (retention->keep_bytes && bytes > retention->keep_bytes) ||
               is_too_old(entry, retention, now_ns) || lacks_free_space(directory, retention, &fault);
        if (goes && delete_segment(entry, result, &fault))
            bytes -= entry->stored_bytes + entry->index_bytes;
        if (fault.kind != ERROR_NONE && first.kind == ERROR_NONE)
            first = fault;
        ok = ok && fault.kind == ERROR_NONE;
    }
    catalog_clear(&catalog);
    if (!ok)
        *error = first;
    return ok;
}

bool retain_delete_oldest(const char *directory, struct retention_result *result, struct error *error)
{
    struct catalog catalog;
    bool is_deleted = false;

    *result = (struct retention_result) { 0 };
    if (!catalog_load(&catalog, directory, error))
        return false;
    error_set(error, ERROR_NO_SPACE, "%s: there is no sealed segment left to delete", directory);
    for (uint32_t i = 0; i < catalog.n && !is_deleted; i++)
        is_deleted = !catalog.entries[i].is_open && delete_segment(&catalog.entries[i], result, error);
    catalog_clear(&catalog);
    return is_deleted;
}
