/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Appending, and writing anew. Whatever fails here costs time later and no answer, so it is not told: the
 * recorder goes on, and who misses a record adds it.
 */
#include "archive/digest_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

#include "archive/store_le.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

enum {
    TIDY_EACH_BYTES = 1024 * 1024,
    DRAIN_BYTES = 1024 * 1024,
    ADDITIONS_LIMIT_BYTES = 64 * 1024 * 1024, /* kept by a reader; what comes behind is for the next one */
};

static bool put_head(struct buffer *buffer)
{
    uint64_t seed;

    if (getrandom(&seed, sizeof seed, 0) != sizeof seed)
        return false;
    buffer_put(buffer, DIGEST_MAGIC, 8);
    buffer_put_u32le(buffer, DIGEST_VERSION);
    buffer_put_u32le(buffer, 0);
    buffer_put_u64le(buffer, seed);
    buffer_put_u64le(buffer, 0);
    if (buffer->is_full)
        return false;
    store_u64le(buffer->data + DIGEST_HEAD_BYTES - 8, XXH3_64bits(buffer->data, DIGEST_HEAD_BYTES - 8));
    return true;
}

/* ---- the file, locked ---- */

enum { MAY_CREATE = 1, MAY_WAIT = 2 };

/* -1: somebody else writes it, or it may not be written, or is not there. */
static int open_locked(const char *path, unsigned flags)
{
    int fd =
        open(path, O_RDWR | O_CLOEXEC | O_APPEND | O_NOFOLLOW | (flags & MAY_CREATE ? O_CREAT : 0), 0640);
    struct stat ours, named;

    if (fd < 0)
        return -1;
    if (flock(fd, LOCK_EX | (flags & MAY_WAIT ? 0 : LOCK_NB)) == 0 && fstat(fd, &ours) == 0 &&
        stat(path, &named) == 0 && ours.st_ino == named.st_ino && ours.st_dev == named.st_dev &&
        S_ISREG(ours.st_mode))
        return fd;
    close(fd);
    return -1;
}

/* The seed of the file under fd, or of a new head in an empty file. False: it is no digest (any more). */
static bool ensure_head(int fd, uint64_t *seed)
{
    uint8_t head[DIGEST_HEAD_BYTES];
    ssize_t n = pread(fd, head, sizeof head, 0);
    struct buffer fresh;
    bool ok;

    if (n != 0)
        return n == (ssize_t)sizeof head && digest_head_read(bytes_of(head, sizeof head), seed);
    buffer_init(&fresh, DIGEST_HEAD_BYTES);
    ok = put_head(&fresh) && write(fd, fresh.data, fresh.len) == (ssize_t)fresh.len &&
         digest_head_read(buffer_bytes(&fresh), seed);
    buffer_clear(&fresh);
    return ok;
}

/* Begins at a multiple of 8, whatever a torn write left. True when it is time to look for what is stale. */
static bool append(int fd, struct bytes records)
{
    static const uint8_t zeros[8];
    struct stat status;
    size_t gap;

    if (records.len == 0 || fstat(fd, &status) < 0)
        return false;
    gap = (size_t)(8 - status.st_size % 8) % 8;
    if (gap && write(fd, zeros, gap) != (ssize_t)gap)
        return false;
    if (write(fd, records.data, records.len) != (ssize_t)records.len)
        return false; /* torn: passed over by readers */
    return status.st_size / TIDY_EACH_BYTES != (status.st_size + (off_t)records.len) / TIDY_EACH_BYTES;
}

/* ---- anew ---- */

/* Empties the buffer into the file once there is much in it, or with is_last. */
static bool drain(int fd, const char *path, struct buffer *buffer, bool is_last, struct error *error)
{
    if (buffer->is_full)
        return error_set(error, ERROR_SYSTEM, "%s: no memory to write it", path);
    if (buffer->len < DRAIN_BYTES && !is_last)
        return true;
    if (write(fd, buffer->data, buffer->len) != (ssize_t)buffer->len)
        return error_system(error, "%s: cannot be written", path);
    buffer_empty(buffer);
    return true;
}

static void put_from_index(struct buffer *buffer, uint64_t seed, const struct catalog_entry *entry)
{
    struct bytes stem = digest_stem(entry->index_path);
    struct segment_index *index;
    struct error error;
    char text[SEGMENT_NAME_BYTES];

    if (!entry->has_index || entry->is_open || stem.len >= sizeof text)
        return;
    memcpy(text, stem.data, stem.len);
    text[stem.len] = '\0';
    index = segment_index_open(entry->index_path, &error);
    if (index && index->segment_bytes == entry->stored_bytes)
        digest_record_put(buffer, seed, text, entry->index_bytes, entry->index_changed_ns, index);
    segment_index_close(index);
}

/* What digest (NULL: nothing) has of the catalog's segments, or else what their indexes say. */
static bool write_all(int fd, const char *path, const struct catalog *catalog, const struct digest *digest,
                      struct error *error)
{
    struct bytes head = digest ? digest_head_bytes(digest) : (struct bytes) { NULL, 0 };
    struct buffer buffer;
    uint64_t seed = 0;
    bool ok;

    buffer_init(&buffer, DRAIN_BYTES + DIGEST_RECORD_LIMIT_BYTES);
    if (head.len)
        buffer_put(&buffer, head.data, head.len);
    else
        put_head(&buffer);
    ok = (buffer.len == DIGEST_HEAD_BYTES && digest_head_read(buffer_bytes(&buffer), &seed)) ||
         error_set(error, ERROR_SYSTEM, "%s: no memory to write it", path);
    for (uint32_t i = 0; ok && i < catalog->n; i++) {
        struct bytes record = head.len ? digest_record_bytes(digest, i) : (struct bytes) { NULL, 0 };

        if (record.len)
            buffer_put(&buffer, record.data, record.len);
        else
            put_from_index(&buffer, seed, &catalog->entries[i]);
        ok = drain(fd, path, &buffer, false, error);
    }
    ok = ok && drain(fd, path, &buffer, true, error);
    buffer_clear(&buffer);
    return ok;
}

/* The lock of the file at path is held: nobody else is at it. */
static bool replace(const char *path, const struct catalog *catalog, const struct digest *digest,
                    struct error *error)
{
    char temporary[SEGMENT_PATH_BYTES];
    bool ok;
    int fd;

    if (!digest_path(path, DIGEST_NAME ".tmp", temporary))
        return error_set(error, ERROR_USAGE, "%s: the path is too long", path);
    fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (fd < 0)
        return error_system(error, "%s: cannot be made", temporary);
    ok = write_all(fd, temporary, catalog, digest, error);
    close(fd);
    if (ok && rename(temporary, path) < 0)
        ok = error_system(error, "%s: cannot be renamed to %s", temporary, path);
    if (!ok)
        unlink(temporary);
    return ok;
}

static void tidy(const char *path)
{
    char directory[SEGMENT_PATH_BYTES];
    struct catalog catalog;
    struct digest *digest;
    struct error error;

    if (!digest_path(path, "", directory) || !catalog_load(&catalog, directory, &error))
        return;
    digest = digest_open(&catalog);
    if (digest && digest_stale_bytes(digest) > digest_live_bytes(digest))
        replace(path, &catalog, digest, &error);
    digest_close(digest);
    catalog_clear(&catalog);
}

bool digest_rebuild(const struct catalog *catalog, struct error *error)
{
    char path[SEGMENT_PATH_BYTES];
    bool ok;
    int fd;

    if (catalog->n == 0)
        return true;
    if (!digest_path(catalog->entries[0].index_path, DIGEST_NAME, path))
        return error_set(error, ERROR_USAGE, "%s: the path is too long", catalog->entries[0].index_path);
    fd = open_locked(path, MAY_CREATE | MAY_WAIT);
    if (fd < 0)
        return error_system(error, "%s: cannot be written", path);
    ok = replace(path, catalog, NULL, error);
    close(fd);
    return ok;
}

/* ---- one more ---- */

void digest_add(const char *index_path, uint64_t segment_bytes, const struct segment_index *index)
{
    char path[SEGMENT_PATH_BYTES], stem[SEGMENT_NAME_BYTES];
    struct bytes name = digest_stem(index_path);
    struct stat status;
    struct buffer record;
    bool is_tidying_due = false;
    uint64_t seed;
    int fd;

    if (index == NULL || index->segment_bytes != segment_bytes || name.len >= sizeof stem ||
        stat(index_path, &status) < 0 || !digest_path(index_path, DIGEST_NAME, path))
        return;
    memcpy(stem, name.data, name.len);
    stem[name.len] = '\0';
    fd = open_locked(path, MAY_CREATE);
    if (fd < 0)
        return;
    buffer_init(&record, DIGEST_RECORD_LIMIT_BYTES);
    if (ensure_head(fd, &seed) &&
        digest_record_put(&record, seed, stem, (uint64_t)status.st_size, file_changed_ns(&status), index))
        is_tidying_due = append(fd, buffer_bytes(&record));
    buffer_clear(&record);
    if (is_tidying_due)
        tidy(path);
    close(fd);
}

/* ---- what a reader missed ---- */

struct digest_additions {
    int fd; /* locked */
    char path[SEGMENT_PATH_BYTES];
    uint64_t seed;
    struct buffer records;
};

/* Whoever owns the directory may begin a digest in it; others only add to one. */
static bool owns_directory(const char *path)
{
    char directory[SEGMENT_PATH_BYTES];
    struct stat status;

    return digest_path(path, "", directory) && stat(directory, &status) == 0 && status.st_uid == geteuid();
}

struct digest_additions *digest_additions_new(const struct catalog *catalog)
{
    struct digest_additions *additions = malloc(sizeof *additions);

    if (additions == NULL)
        return NULL;
    additions->fd = -1;
    buffer_init(&additions->records, ADDITIONS_LIMIT_BYTES);
    if (catalog->n && digest_path(catalog->entries[0].index_path, DIGEST_NAME, additions->path))
        additions->fd = open_locked(additions->path, owns_directory(additions->path) ? MAY_CREATE : 0);
    if (additions->fd >= 0 && ensure_head(additions->fd, &additions->seed))
        return additions;
    digest_additions_write(additions);
    return NULL;
}

void digest_additions_put(struct digest_additions *additions, const struct catalog_entry *entry,
                          const struct segment_index *index)
{
    struct bytes name = digest_stem(entry->index_path);
    char stem[SEGMENT_NAME_BYTES];

    if (name.len >= sizeof stem || entry->is_open || !entry->has_index ||
        index->segment_bytes != entry->stored_bytes || additions->records.is_full)
        return;
    memcpy(stem, name.data, name.len);
    stem[name.len] = '\0';
    digest_record_put(&additions->records, additions->seed, stem, entry->index_bytes, entry->index_changed_ns,
                      index);
}

void digest_additions_write(struct digest_additions *additions)
{
    if (additions == NULL)
        return;
    if (additions->fd >= 0 && append(additions->fd, buffer_bytes(&additions->records)))
        tidy(additions->path);
    if (additions->fd >= 0)
        close(additions->fd);
    buffer_clear(&additions->records);
    free(additions);
}

/* ---- held against the indexes ---- */

static bool is_as_index_says(const struct digest *digest, struct bytes record,
                             const struct catalog_entry *entry)
{
    struct buffer expected;
    bool is_same;

    buffer_init(&expected, DIGEST_RECORD_LIMIT_BYTES);
    put_from_index(&expected, digest_seed(digest), entry);
    is_same = bytes_equal(buffer_bytes(&expected), record);
    buffer_clear(&expected);
    return is_same;
}

bool digest_check(const struct catalog *catalog, struct digest_verdict *verdict, struct error *error)
{
    struct digest *digest = digest_open(catalog);

    *verdict = (struct digest_verdict) { 0 };
    if (digest == NULL)
        return error_set(error, ERROR_SYSTEM, "no memory for the archive's digest");
    verdict->is_there = digest_is_there(digest);
    verdict->stale_bytes = digest_stale_bytes(digest);
    for (uint32_t i = 0; i < catalog->n; i++) {
        struct bytes record = digest_record_bytes(digest, i);

        verdict->n_known += record.len > 0;
        verdict->n_unknown +=
            record.len == 0 && catalog->entries[i].has_index && !catalog->entries[i].is_open;
        verdict->n_wrong += record.len && !is_as_index_says(digest, record, &catalog->entries[i]);
    }
    digest_close(digest);
    return true;
}
