/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both ways read the segment in file order and tell the reindexer of every packet; what they gather (block
 * rows, interfaces, tail) is a `survey`.
 */
#include "archive/segment_mend.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/block_codec.h"
#include "archive/digest.h"
#include "archive/segment_file.h"
#include "archive/segment_format.h"
#include "archive/segment_index_map.h"
#include "archive/segment_reader_walk.h"
#include "archive/segment_seal.h"
#include "base/timestamp.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { MEND_FLOWS_LIMIT = 512 * 1024 };

struct survey {
    struct interface_table interfaces;     /* this segment's alone, so in its section's order */
    struct segment_index_builder *builder; /* NULL: no index is to be made */
    struct segment_block *blocks;
    uint32_t n_blocks, cap_blocks;
    struct segment_block tail_row; /* of the unfinished block */
    struct buffer tail;            /* its whole pcapng blocks; empty: there is none */
    uint64_t n_packets, end;       /* end: of the last whole block in the file */
    int64_t max_ts_ns;
    struct segment_recording recording; /* as far as the segment tells */
    bool is_damaged;
    struct error damage;
};

static void survey_clear(struct survey *survey)
{
    interface_table_clear(&survey->interfaces);
    segment_index_builder_free(survey->builder);
    buffer_clear(&survey->tail);
    free(survey->blocks);
}

static bool survey_append(struct survey *survey, const struct segment_block *row)
{
    if (survey->n_blocks == survey->cap_blocks) {
        uint32_t cap = survey->cap_blocks ? survey->cap_blocks * 2 : 256;
        struct segment_block *blocks = realloc(survey->blocks, cap * sizeof *blocks);

        if (blocks == NULL)
            return false;
        survey->blocks = blocks;
        survey->cap_blocks = cap;
    }
    survey->blocks[survey->n_blocks++] = *row;
    survey->end = row->offset + row->stored_bytes;
    return true;
}

static void note_damage(struct survey *survey, const struct error *damage)
{
    if (!survey->is_damaged)
        survey->damage = *damage;
    survey->is_damaged = true;
}

/* One block, or part of one, with its packets. */
static bool survey_block(struct survey *survey, const struct segment_reader *reader,
                         const struct reindexer *reindexer, const struct packet *packets, uint32_t n)
{
    struct segment_walk walk;

    segment_reader_walk(reader, &walk);
    survey->n_packets += n;
    for (uint32_t i = 0; survey->builder && i < n; i++)
        reindexer->add(reindexer->context, &packets[i], survey->n_blocks);
    for (uint32_t i = 0; i < n; i++) {
        survey->recording.n_cut += packets[i].caplen < packets[i].len;
        if (packets[i].ts_ns > survey->max_ts_ns)
            survey->max_ts_ns = packets[i].ts_ns;
    }
    if (walk.is_whole) {
        recording_take_blocks(&survey->recording, walk.raw);
        return survey_append(survey, &walk.row);
    }
    survey->tail_row = walk.row;
    buffer_empty(&survey->tail);
    return buffer_put(&survey->tail, walk.raw.data, walk.raw.len);
}

/* False with *error at a fault; damage is noted in the survey. */
static bool survey_segment(struct survey *survey, const char *path, const struct reindexer *reindexer,
                           struct error *error)
{
    struct segment_reader *reader;
    const struct packet *packets;
    struct segment_walk walk;
    enum segment_result result;
    uint32_t n;
    bool ok = true;

    *survey = (struct survey) { .max_ts_ns = INT64_MIN };
    buffer_init(&survey->tail, SEGMENT_RAW_LIMIT_BYTES);
    if (reindexer) {
        survey->builder = segment_index_builder_new(MEND_FLOWS_LIMIT);
        if (survey->builder == NULL)
            return error_set(error, ERROR_SYSTEM, "%s: no memory for its index", path);
        reindexer->begin(reindexer->context, survey->builder, &survey->interfaces);
    }
    reader = segment_reader_open(path, NULL, &survey->interfaces, error);
    while (ok && reader && (result = segment_reader_next(reader, &packets, &n, error)) != SEGMENT_END) {
        if (result == SEGMENT_BLOCK) {
            ok = survey_block(survey, reader, reindexer, packets, n);
        } else {
            note_damage(survey, error);
            segment_reader_walk(reader, &walk);
            if (walk.is_whole) /* known by the seek table: it keeps its number, without packets */
                ok = survey_append(survey, &walk.row);
        }
    }
    recording_take_blocks(&survey->recording, buffer_bytes(&survey->tail));
    if (survey->recording.kind == RECORDING_IMPORTED || !survey->recording.has_statistics)
        survey->recording.until_ns = survey->max_ts_ns;
    if (!ok)
        error_set(error, ERROR_SYSTEM, "%s: no memory to look through it", path);
    if (reindexer)
        reindexer->finish(reindexer->context);
    ok = ok && reader;
    segment_reader_close(reader);
    return ok;
}

static struct segment_description describe(const struct survey *survey, enum codec codec, uint64_t bytes)
{
    return (struct segment_description) {
        .codec = codec,
        .segment_bytes = bytes,
        .blocks = survey->blocks,
        .n_blocks = survey->n_blocks,
        .interfaces = survey->interfaces.items,
        .n_interfaces = survey->interfaces.n,
        .recording = survey->recording,
    };
}

/* ---- the tail ---- */

static bool tail_store(const char *tail_path, uint64_t offset, struct bytes frame, struct error *error)
{
    struct buffer file;
    bool ok;

    buffer_init(&file, SIZE_MAX / 2);
    buffer_put(&file, TAIL_MAGIC, sizeof TAIL_MAGIC - 1);
    buffer_put_u64le(&file, offset);
    buffer_put_u64le(&file, XXH3_64bits(frame.data, frame.len));
    ok = buffer_put(&file, frame.data, frame.len) ||
         error_set(error, ERROR_SYSTEM, "%s: no memory for it", tail_path);
    ok = ok && segment_file_store(tail_path, buffer_bytes(&file), error) &&
         segment_directory_sync_of(tail_path, error);
    buffer_clear(&file);
    return ok;
}

/* Puts the frame at the offset, as the last bytes of the file, for good. */
static bool tail_place(int fd, const char *path, uint64_t offset, struct bytes frame, struct error *error)
{
    if (ftruncate(fd, (off_t)offset) < 0)
        return error_system(error, "%s: cannot be cut", path);
    if (!segment_file_append(fd, path, offset, frame, error))
        return false;
    return fdatasync(fd) == 0 || error_system(error, "%s: cannot be synced", path);
}

/* A recovery that was killed itself may have cut the file already: then the frame is in the tail file. */
static bool tail_redo(int fd, const char *path, const char *tail_path, struct error *error)
{
    int tail_fd = open(tail_path, O_RDONLY | O_CLOEXEC);
    struct stat status = { 0 };
    struct bytes magic;
    struct reader r;
    uint64_t offset, checksum;
    uint8_t *file;
    bool ok = true;

    if (tail_fd < 0)
        return errno == ENOENT || error_system(error, "%s: cannot be opened", tail_path);
    if (fstat(tail_fd, &status) < 0 || status.st_size > SEGMENT_RAW_LIMIT_BYTES * 2)
        status.st_size = 0;
    file = malloc((size_t)status.st_size + 1);
    if (file && segment_file_read(tail_fd, tail_path, 0, file, (size_t)status.st_size, error) ==
                    (ptrdiff_t)status.st_size) {
        r = reader_over(bytes_of(file, (size_t)status.st_size));
        if (reader_bytes(&r, 8, &magic) && bytes_equal(magic, bytes_of(TAIL_MAGIC, 8)) &&
            reader_u64le(&r, &offset) && reader_u64le(&r, &checksum) &&
            XXH3_64bits(r.at, reader_left(&r)) == checksum)
            ok = tail_place(fd, path, offset, reader_rest(&r), error);
    }
    free(file);
    close(tail_fd);
    if (ok && unlink(tail_path) < 0)
        ok = error_system(error, "%s: cannot be deleted", tail_path);
    return ok;
}

/* Packs what the unfinished block yielded as a block of its own, in its place. */
static bool finish_tail(struct survey *survey, int fd, const char *path, const char *tail_path,
                        enum codec codec, struct error *error)
{
    struct segment_block row = survey->tail_row;
    struct block_packer packer;
    struct buffer frame;
    bool ok;

    buffer_init(&frame, SIZE_MAX / 2);
    ok = block_packer_init(&packer, codec, 0, SEGMENT_BLOCK_BYTES, error) &&
         block_pack(&packer, buffer_bytes(&survey->tail), &frame, error);
    block_packer_clear(&packer);
    ok = ok && tail_store(tail_path, row.offset, buffer_bytes(&frame), error) &&
         tail_place(fd, path, row.offset, buffer_bytes(&frame), error);
    if (ok && unlink(tail_path) < 0)
        ok = error_system(error, "%s: cannot be deleted", tail_path);
    row.stored_bytes = (uint32_t)frame.len;
    row.raw_bytes = (uint32_t)survey->tail.len;
    ok = ok && (survey_append(survey, &row) || error_set(error, ERROR_SYSTEM, "%s: no memory", path));
    buffer_clear(&frame);
    return ok;
}

/* ---- an open segment ---- */

static int64_t modified_ns(const struct stat *status)
{
    return (int64_t)status->st_mtim.tv_sec * NS_PER_SECOND + status->st_mtim.tv_nsec;
}

static bool discard(const struct catalog_entry *entry, struct error *error)
{
    if (unlink(entry->index_path) < 0 && errno != ENOENT)
        return error_system(error, "%s: cannot be deleted", entry->index_path);
    return unlink(entry->path) == 0 || error_system(error, "%s: cannot be deleted", entry->path);
}

/* Until when a killed recorder is known to have had all that came; written_ns: its last sign of life. */
static void end_of_killed(struct segment_recording *recording, int64_t written_ns)
{
    if (recording->kind == RECORDING_LIVE && !recording->has_statistics &&
        written_ns - RECORDING_IN_FLIGHT_NS > recording->until_ns)
        recording->until_ns = written_ns - RECORDING_IN_FLIGHT_NS;
}

static enum mend_result mend_locked(const struct catalog_entry *entry, int fd, const struct stat *status,
                                    const struct reindexer *reindexer, struct recovery_report *report,
                                    struct error *error)
{
    char tail_path[SEGMENT_PATH_BYTES];
    struct segment_description segment;
    struct survey survey = { 0 };
    enum mend_result result = MEND_FAULT;
    uint64_t end;
    bool ok = segment_path_sibling(entry->path, ".tail", tail_path) ||
              error_set(error, ERROR_USAGE, "%s: the path is too long", entry->path);

    ok = ok && tail_redo(fd, entry->path, tail_path, error) &&
         survey_segment(&survey, entry->path, reindexer, error);
    if (ok && survey.n_packets == 0) {
        result = discard(entry, error) ? MEND_DISCARDED : MEND_FAULT;
    } else if (ok) {
        end = survey.end;
        end_of_killed(&survey.recording, modified_ns(status));
        if (survey.tail.len > 0)
            ok = finish_tail(&survey, fd, entry->path, tail_path, entry->codec, error);
        else if (ftruncate(fd, (off_t)end) < 0)
            ok = error_system(error, "%s: cannot be cut", entry->path);
        segment = describe(&survey, entry->codec, survey.end);
        if (ok && segment_seal(fd, entry->path, &segment, survey.builder, error)) {
            result = MEND_DONE;
            report->n_packets += survey.n_packets;
            if (survey.is_damaged || survey.tail.len == 0)
                report->n_bytes_cut += (uint64_t)status->st_size > end ? (uint64_t)status->st_size - end : 0;
        }
    }
    survey_clear(&survey);
    return result;
}

enum mend_result mend_open_segment(const struct catalog_entry *entry, const struct reindexer *reindexer,
                                   struct recovery_report *report, struct error *error)
{
    int fd = open(entry->path, O_RDWR | O_CLOEXEC);
    struct stat ours, named;
    enum mend_result result = MEND_LIVE;

    if (fd < 0 && errno == ENOENT)
        return MEND_LIVE; /* sealed meanwhile */
    if (fd < 0) {
        error_system(error, "%s: cannot be opened", entry->path);
        return MEND_FAULT;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
        if (fstat(fd, &ours) == 0 && stat(entry->path, &named) == 0 && ours.st_ino == named.st_ino)
            result = mend_locked(entry, fd, &ours, reindexer, report, error);
    } else if (errno != EWOULDBLOCK) {
        error_system(error, "%s: cannot be locked", entry->path);
        result = MEND_FAULT;
    }
    close(fd);
    return result;
}

/* ---- an index ---- */

enum mend_result mend_index(const struct catalog_entry *entry, const struct reindexer *reindexer,
                            struct error *error)
{
    struct survey survey = { 0 };
    struct segment_description segment;
    struct buffer file;
    enum mend_result result = MEND_FAULT;

    buffer_init(&file, UINT32_MAX);
    if (survey_segment(&survey, entry->path, reindexer, error)) {
        segment = describe(&survey, entry->codec, entry->stored_bytes);
        if (survey.tail.len > 0 && !survey.is_damaged)
            error_set(&survey.damage, ERROR_DAMAGED, "%s: ends within a block", entry->path);
        if (survey.is_damaged || survey.tail.len > 0) {
            *error = survey.damage;
            result = MEND_DAMAGED;
        } else if (!segment_index_builder_is_sound(survey.builder)) {
            error_set(error, ERROR_SYSTEM, "%s: no memory for its index", entry->path);
        } else if (segment_index_encode(&segment, survey.builder, &file, error) &&
                   segment_index_store(entry->index_path, buffer_bytes(&file), error) &&
                   segment_directory_sync_of(entry->index_path, error)) {
            struct error ignored;
            struct segment_index *index =
                segment_index_over(buffer_bytes(&file), entry->index_path, &ignored);

            digest_add(entry->index_path, entry->stored_bytes, index);
            segment_index_close(index);
            result = MEND_DONE;
        }
    }
    buffer_clear(&file);
    survey_clear(&survey);
    return result;
}

bool mend_index_is_good(const struct catalog_entry *entry, struct error *error)
{
    struct segment_index *index;
    bool ok;

    if (!entry->has_index)
        return error_set(error, ERROR_SYSTEM, "%s: is missing", entry->index_path);
    index = segment_index_open(entry->index_path, error);
    ok = index != NULL;
    if (ok && index->segment_bytes != entry->stored_bytes)
        ok = error_set(error, ERROR_DAMAGED, "%s: is of a segment of %llu bytes, this one has %llu",
                       entry->index_path, (unsigned long long)index->segment_bytes,
                       (unsigned long long)entry->stored_bytes);
    segment_index_close(index);
    return ok;
}
