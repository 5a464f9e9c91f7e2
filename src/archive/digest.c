/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading walks over the records' heads once and notes for each entry of the catalog where its record is. The
 * file is mapped: it only grows, and is replaced by another name.
 */
#include "archive/digest_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "archive/segment_file.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

struct digest {
    const uint8_t *map; /* NULL: over borrowed bytes, or there is none */
    size_t map_bytes;
    struct bytes file;
    uint64_t seed;
    const struct catalog *catalog;
    uint64_t *offsets; /* by entry: of its record; 0 none */
    uint64_t live_bytes;
};

bool digest_path(const char *sibling, const char *name, char path[static SEGMENT_PATH_BYTES])
{
    const char *slash = strrchr(sibling, '/');
    int len = slash ? (int)(slash - sibling) : 1;

    return snprintf(path, SEGMENT_PATH_BYTES, "%.*s/%s", len, slash ? sibling : ".", name) <
           SEGMENT_PATH_BYTES;
}

struct bytes digest_stem(const char *index_path)
{
    const char *slash = strrchr(index_path, '/');
    const char *name = slash ? slash + 1 : index_path;
    size_t len = strlen(name);

    return bytes_of(name, len > strlen(".tdx") ? len - strlen(".tdx") : 0);
}

bool digest_head_read(struct bytes file, uint64_t *seed)
{
    struct reader r = reader_over(file);
    struct bytes magic;
    uint32_t version, zero;
    uint64_t checksum;

    return reader_bytes(&r, 8, &magic) && bytes_equal(magic, bytes_of(DIGEST_MAGIC, 8)) &&
           reader_u32le(&r, &version) && version == DIGEST_VERSION && reader_u32le(&r, &zero) &&
           reader_u64le(&r, seed) && reader_u64le(&r, &checksum) &&
           XXH3_64bits(file.data, DIGEST_HEAD_BYTES - 8) == checksum;
}

/* ---- stems of the catalog ---- */

struct stems { /* open addressing: 0 free, else entry + 1 */
    uint32_t *slots;
    uint32_t n_slots;
};

static uint64_t stem_hash(struct bytes stem)
{
    return XXH3_64bits(stem.data, stem.len);
}

static bool stems_make(struct stems *stems, const struct catalog *catalog)
{
    stems->n_slots = 16;
    while (stems->n_slots / 2 < catalog->n)
        stems->n_slots *= 2;
    stems->slots = calloc(stems->n_slots, sizeof *stems->slots);
    if (stems->slots == NULL)
        return false;
    for (uint32_t i = 0; i < catalog->n; i++) {
        uint32_t at = (uint32_t)stem_hash(digest_stem(catalog->entries[i].index_path)) & (stems->n_slots - 1);

        while (stems->slots[at])
            at = (at + 1) & (stems->n_slots - 1);
        stems->slots[at] = i + 1;
    }
    return true;
}

static uint32_t stems_find(const struct stems *stems, const struct catalog *catalog, struct bytes stem)
{
    for (uint32_t at = (uint32_t)stem_hash(stem);; at++) {
        uint32_t slot = stems->slots[at & (stems->n_slots - 1)];

        if (slot == 0 || bytes_equal(digest_stem(catalog->entries[slot - 1].index_path), stem))
            return slot - 1; /* UINT32_MAX: none */
    }
}

/* ---- reading ---- */

static bool is_of(const struct digest_record *record, const struct catalog_entry *entry)
{
    return entry->has_index && !entry->is_open && record->segment_bytes == entry->stored_bytes &&
           record->index_bytes == entry->index_bytes && record->index_changed_ns == entry->index_changed_ns;
}

static bool find_records(struct digest *digest)
{
    struct stems stems;
    size_t at = DIGEST_HEAD_BYTES;
    bool ok = stems_make(&stems, digest->catalog);

    while (ok && at < digest->file.len) {
        struct digest_record record;
        size_t len = 8; /* behind what is no record: the next place where one may begin */

        if (digest_record_read(bytes_of(digest->file.data + at, digest->file.len - at), digest->seed, &record,
                               &len)) {
            uint32_t entry = stems_find(&stems, digest->catalog, record.stem);

            if (entry != UINT32_MAX && is_of(&record, &digest->catalog->entries[entry])) {
                digest->live_bytes += digest->offsets[entry] ? 0 : len;
                digest->offsets[entry] = at;
            }
        }
        at += len;
    }
    free(stems.slots);
    return ok;
}

struct digest *digest_over(struct bytes file, const struct catalog *catalog)
{
    struct digest *digest = calloc(1, sizeof *digest);
    bool ok = digest != NULL;

    if (ok) {
        digest->catalog = catalog;
        digest->offsets = calloc((size_t)catalog->n + 1, sizeof *digest->offsets);
        ok = digest->offsets != NULL;
    }
    if (ok && digest_head_read(file, &digest->seed)) {
        digest->file = file;
        ok = find_records(digest);
    }
    if (ok)
        return digest;
    digest_close(digest);
    return NULL;
}

struct digest *digest_open(const struct catalog *catalog)
{
    char path[SEGMENT_PATH_BYTES];
    struct bytes file = { NULL, 0 };
    struct digest *digest;
    struct stat status;
    int fd = -1;

    if (catalog->n && digest_path(catalog->entries[0].index_path, DIGEST_NAME, path))
        fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0) {
        void *map = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED, fd, 0);

        if (map != MAP_FAILED)
            file = bytes_of(map, (size_t)status.st_size);
    }
    if (fd >= 0)
        close(fd);
    digest = digest_over(file, catalog);
    if (digest && file.data) {
        digest->map = file.data;
        digest->map_bytes = file.len;
    } else if (file.data) {
        munmap((void *)(uintptr_t)file.data, file.len);
    }
    return digest;
}

void digest_close(struct digest *digest)
{
    if (digest == NULL)
        return;
    if (digest->map)
        munmap((void *)(uintptr_t)digest->map, digest->map_bytes);
    free(digest->offsets);
    free(digest);
}

struct bytes digest_record_bytes(const struct digest *digest, uint32_t entry)
{
    struct digest_record record;
    size_t at = digest->offsets[entry], len;

    if (at == 0 || !digest_record_read(bytes_of(digest->file.data + at, digest->file.len - at), digest->seed,
                                       &record, &len))
        return (struct bytes) { NULL, 0 };
    return bytes_of(digest->file.data + at, len);
}

static bool record_of(const struct digest *digest, uint32_t entry, struct digest_record *record)
{
    size_t at = digest->offsets[entry], len;

    return at && digest_record_read(bytes_of(digest->file.data + at, digest->file.len - at), digest->seed,
                                    record, &len);
}

bool digest_knows(const struct digest *digest, uint32_t entry, struct digest_segment *segment)
{
    struct digest_record record;

    if (!record_of(digest, entry, &record))
        return false;
    *segment =
        (struct digest_segment) { record.n_packets, record.n_blocks, record.min_ts_ns, record.max_ts_ns };
    return true;
}

bool digest_account(const struct digest *digest, uint32_t entry, struct segment_account *account)
{
    const struct catalog_entry *known = &digest->catalog->entries[entry];
    struct digest_record record;

    *account = segment_account_begin(known);
    return record_of(digest, entry, &record) && record.summary.len > 0 &&
           segment_account_take(record.summary, record.recording, known->stored_bytes, account);
}

bool digest_may_match(const struct digest *digest, uint32_t entry, const struct hint *hint)
{
    struct digest_record record;

    return !record_of(digest, entry, &record) || digest_record_may_match(&record, digest->seed, hint);
}

uint64_t digest_seed(const struct digest *digest)
{
    return digest->seed;
}

bool digest_is_there(const struct digest *digest)
{
    return digest->file.len > 0;
}

uint64_t digest_live_bytes(const struct digest *digest)
{
    return digest->live_bytes;
}

struct bytes digest_head_bytes(const struct digest *digest)
{
    return bytes_of(digest->file.data, digest->file.len ? DIGEST_HEAD_BYTES : 0);
}

uint64_t digest_stale_bytes(const struct digest *digest)
{
    return digest->file.len ? digest->file.len - DIGEST_HEAD_BYTES - digest->live_bytes : 0;
}
