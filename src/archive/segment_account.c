/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/segment_account.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/segment_file.h"
#include "archive/segment_format.h"
#include "archive/segment_reader_walk.h"
#include "base/reader.h"

/* ---- a sealed segment: its index ---- */

static bool read_summary(struct bytes section, uint64_t segment_bytes, struct segment_account *account)
{
    struct reader r = reader_over(section);
    uint64_t bytes, min_ts, max_ts, n_folds;
    uint32_t n_blocks, codec;

    if (!reader_u64le(&r, &bytes) || !reader_u64le(&r, &account->raw_bytes) ||
        !reader_u64le(&r, &account->n_packets) || !reader_u64le(&r, &min_ts) || !reader_u64le(&r, &max_ts) ||
        !reader_u32le(&r, &n_blocks) || !reader_u32le(&r, &codec) || !reader_u64le(&r, &n_folds) ||
        !reader_u64le(&r, &account->n_bindings_cut))
        return false;
    account->min_ts_ns = (int64_t)min_ts;
    account->max_ts_ns = (int64_t)max_ts;
    return bytes == segment_bytes;
}

static struct bytes section_in(struct bytes head, uint64_t offset, uint64_t len)
{
    if (offset > head.len || len > head.len - offset)
        return (struct bytes) { NULL, 0 };
    return bytes_of(head.data + offset, len);
}

bool segment_account_take(struct bytes summary, struct bytes recording, uint64_t segment_bytes,
                          struct segment_account *account)
{
    struct segment_account read = *account;

    if (!read_summary(summary, segment_bytes, &read))
        return false;
    if (recording.len > 0 && !recording_read(recording, summary, &read.recording))
        return false;
    read.is_known = true;
    *account = read;
    return true;
}

bool segment_account_parse(struct bytes head, uint64_t segment_bytes, struct segment_account *account)
{
    struct bytes summary = { NULL, 0 }, recording = { NULL, 0 };
    struct reader r = reader_over(head);
    struct bytes magic;
    uint32_t version, n_sections;

    if (!reader_bytes(&r, 8, &magic) || !bytes_equal(magic, bytes_of(INDEX_MAGIC, 8)) ||
        !reader_u32le(&r, &version) || version < INDEX_VERSION_LEAST || version > INDEX_VERSION ||
        !reader_u32le(&r, &n_sections) || n_sections > INDEX_SECTIONS_LIMIT ||
        !reader_skip(&r, INDEX_HEAD_BYTES - 16))
        return false;
    for (; n_sections > 0; n_sections--) {
        uint32_t kind, zero;
        uint64_t offset, len;

        if (!reader_u32le(&r, &kind) || !reader_u32le(&r, &zero) || !reader_u64le(&r, &offset) ||
            !reader_u64le(&r, &len))
            return false;
        if (kind == INDEX_SUMMARY)
            summary = section_in(head, offset, len);
        else if (kind == INDEX_RECORDING)
            recording = section_in(head, offset, len);
    }
    return segment_account_take(summary, recording, segment_bytes, account);
}

static void read_index(const struct catalog_entry *entry, uint64_t segment_bytes,
                       struct segment_account *account)
{
    uint8_t head[INDEX_FIRST_BYTES];
    struct error ignored;
    ptrdiff_t n;
    int fd = open(entry->index_path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return; /* without an index it is not known, which is what the account says already */
    n = segment_file_read(fd, entry->index_path, 0, head, sizeof head, &ignored);
    close(fd);
    if (n > 0)
        segment_account_parse(bytes_of(head, (size_t)n), segment_bytes, account);
}

/* ---- an open one: its first block, whose section header says since when ---- */

static void read_first_block(const struct catalog_entry *entry, struct segment_account *account)
{
    struct interface_table interfaces = { 0 };
    struct error ignored;
    struct segment_reader *reader = segment_reader_open(entry->path, NULL, &interfaces, &ignored);
    const struct packet *packets;
    struct segment_walk walk;
    uint32_t n;

    if (reader) {
        segment_reader_next(reader, &packets, &n,
                            &ignored); /* damaged or empty: the header may still be there */
        segment_reader_walk(reader, &walk);
        recording_take_blocks(&account->recording, walk.raw);
        account->is_known = walk.raw.len > 0;
    }
    segment_reader_close(reader);
    interface_table_clear(&interfaces);
}

/* Sealed since the catalog was made: under its new name. */
static void read_sealed_meanwhile(const struct catalog_entry *entry, struct segment_account *account)
{
    char path[SEGMENT_PATH_BYTES];
    struct stat status;

    snprintf(path, sizeof path, "%.*s", (int)(strlen(entry->path) - strlen(".open")), entry->path);
    if (stat(path, &status) < 0)
        return;
    account->is_open = false;
    read_index(entry, (uint64_t)status.st_size, account);
}

struct segment_account segment_account_begin(const struct catalog_entry *entry)
{
    return (struct segment_account) { .node = entry->node,
                                      .serial = entry->serial,
                                      .is_open = entry->is_open,
                                      .named_ts_ns = entry->named_ts_ns,
                                      .min_ts_ns = INT64_MAX,
                                      .max_ts_ns = INT64_MIN };
}

void segment_account_read(const struct catalog_entry *entry, struct segment_account *account)
{
    struct stat status;

    *account = segment_account_begin(entry);
    if (entry->is_open && stat(entry->path, &status) == 0) {
        account->written_ns = (int64_t)status.st_mtim.tv_sec * NS_PER_SECOND + status.st_mtim.tv_nsec;
        read_first_block(entry, account);
    } else if (entry->is_open) {
        read_sealed_meanwhile(entry, account);
    } else if (entry->has_index) {
        read_index(entry, entry->stored_bytes, account);
    }
}
