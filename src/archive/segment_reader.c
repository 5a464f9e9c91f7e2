/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three ways to a block, the better ones first: the index's table, the seek table at the file's end, and the
 * file from its start. The first needs no other block: the section's interfaces are in the index. The second
 * gets over damaged blocks, the third does not, but reads files that are still written.
 */
#include "archive/segment_reader.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/block_packets.h"
#include "archive/seek_table.h"
#include "archive/segment_file.h"
#include "archive/segment_format.h"
#include "archive/segment_index_encode.h"
#include "archive/segment_index_map.h"
#include "archive/segment_reader_walk.h"
#include "archive/segment_scan.h"

struct segment_reader {
    char *path;
    const char *name;                  /* in path */
    const struct segment_index *index; /* NULL: read in file order */
    struct interface_table *table;
    uint32_t *numbers; /* of the index's interfaces in the table */
    uint32_t n_numbers, cap_numbers;
    struct interface_twins twins;
    struct pcapng_reader *pcapng;
    struct block_packets block;

    struct segment_scan *scan;  /* in file order, without seek table */
    size_t n_read;              /* of the block under the scan: bytes whose packets were given out */
    struct segment_block *rows; /* with seek table */
    uint32_t n_rows, next_row;
    uint64_t n_packets;    /* given out so far, in file order */
    uint64_t first_number; /* of its first packet; 0: not known, or no longer */
    bool is_stuck;         /* the scan met damage: there is no way on */
    bool has_damage;       /* not told yet */
    struct error damage;
    struct segment_walk walk;
};

/* ---- opening ---- */

static bool append_number(struct segment_reader *reader, uint32_t number)
{
    if (reader->n_numbers == reader->cap_numbers) {
        uint32_t cap = reader->cap_numbers ? reader->cap_numbers * 2 : 16;
        uint32_t *numbers = realloc(reader->numbers, cap * sizeof *numbers);

        if (numbers == NULL)
            return false;
        reader->numbers = numbers;
        reader->cap_numbers = cap;
    }
    reader->numbers[reader->n_numbers++] = number;
    return true;
}

/* Equal descriptions of one segment stay apart: the first equal one's number counts them. */
static bool map_interface(void *context, const struct interface *interface)
{
    struct segment_reader *reader = context;
    struct error error;
    uint32_t number = interface_table_enter(reader->table, &reader->twins, interface, &error);

    return number != UINT32_MAX && append_number(reader, number);
}

/* What is in the directory under that name: an index of another file's size is not used. */
static bool begin_indexed(struct segment_reader *reader, uint64_t file_bytes, struct error *error)
{
    struct segment_recording recording;

    if (reader->index->segment_bytes != file_bytes)
        return error_set(error, ERROR_DAMAGED,
                         "%s has %llu bytes, its index is of %llu: it was cut or changed", reader->path,
                         (unsigned long long)file_bytes, (unsigned long long)reader->index->segment_bytes);
    if (recording_read(reader->index->sections[INDEX_RECORDING], reader->index->sections[INDEX_SUMMARY],
                       &recording))
        reader->first_number = recording.first_number;
    if (!index_interfaces(reader->index, map_interface, reader))
        return error_set(error, ERROR_DAMAGED, "%s: the interfaces in its index cannot be read",
                         reader->path);
    return true;
}

struct segment_reader *segment_reader_open(const char *path, const struct segment_index *index,
                                           struct interface_table *interfaces, struct error *error)
{
    struct segment_reader *reader = calloc(1, sizeof *reader);
    struct segment_name name = { 0 };
    struct stat status;
    const char *slash;
    bool ok;

    if (reader == NULL || (reader->path = strdup(path)) == NULL) {
        free(reader);
        error_set(error, ERROR_SYSTEM, "%s: no memory to read it", path);
        return NULL;
    }
    slash = strrchr(reader->path, '/');
    reader->name = slash ? slash + 1 : reader->path;
    reader->index = index;
    reader->table = interfaces;
    block_packets_init(&reader->block, reader->path, open(path, O_RDONLY | O_CLOEXEC));
    if (reader->block.fd < 0 || fstat(reader->block.fd, &status) < 0)
        ok = error_system(error, "%s: cannot be opened", path);
    else if (!segment_name_parse(reader->name, &name))
        ok = error_set(error, ERROR_USAGE, "%s: is not named like a segment", path);
    else if ((reader->pcapng = pcapng_reader_new(interfaces)) == NULL)
        ok = error_set(error, ERROR_SYSTEM, "%s: no memory to read it", path);
    else {
        reader->block.codec = name.codec;
        ok = true;
    }
    if (ok && index)
        ok = begin_indexed(reader, (uint64_t)status.st_size, error);
    if (ok && index == NULL && !name.is_open && name.codec == CODEC_ZSTD)
        seek_table_read(reader->block.fd, path, (uint64_t)status.st_size, &reader->rows, &reader->n_rows);
    if (ok && index == NULL && reader->rows == NULL) {
        reader->scan = segment_scan_new(reader->block.fd, reader->path, reader->block.codec);
        ok = reader->scan || error_set(error, ERROR_SYSTEM, "%s: no memory to read it", path);
    }
    if (ok)
        return reader;
    segment_reader_close(reader);
    return NULL;
}

void segment_reader_close(struct segment_reader *reader)
{
    if (reader == NULL)
        return;
    if (reader->block.fd >= 0)
        close(reader->block.fd);
    free(reader->path);
    free(reader->numbers);
    interface_twins_clear(&reader->twins);
    pcapng_reader_free(reader->pcapng);
    block_packets_clear(&reader->block);
    segment_scan_free(reader->scan);
    free(reader->rows);
    free(reader);
}

/* ---- packets of unpacked bytes ---- */

/* The section header, at the start of what is read in file order, says what the first packet's number is. */
static void note_first_number(struct segment_reader *reader, struct bytes raw)
{
    struct segment_recording recording = { .first_number = 0 };
    struct reader r = reader_over(raw);
    uint32_t type, len;

    if (!reader_u32le(&r, &type) || type != PCAPNG_SECTION || !reader_u32le(&r, &len) || len > raw.len)
        return;
    recording_take_blocks(&recording, bytes_of(raw.data, len));
    reader->first_number = recording.first_number;
}

/*
 * Lists the packets of all whole pcapng blocks in raw, numbered behind n_before. *used: how far those went.
 * False with *error at damage; *n packets before it are listed all the same.
 */
static bool list_packets(struct segment_reader *reader, struct bytes raw, uint64_t n_before, uint32_t *n,
                         size_t *used, struct error *error)
{
    bool ok;

    if (reader->index == NULL && n_before == 0)
        note_first_number(reader, raw);
    ok = block_packets_list(&reader->block, reader->pcapng, raw, n, used, error);
    for (uint32_t i = 0; i < *n; i++) {
        reader->block.packets[i].number = n_before + i + 1;
        reader->block.packets[i].packet_id = reader->first_number ? reader->first_number + n_before + i : 0;
    }
    return ok;
}

static enum segment_result damaged(const struct segment_reader *reader, uint32_t block, uint64_t offset,
                                   struct error *error)
{
    error->kind = error->kind == ERROR_SYSTEM ? ERROR_SYSTEM : ERROR_DAMAGED;
    error_context(error, "%s: block %u at offset %llu", reader->path, block, (unsigned long long)offset);
    return SEGMENT_DAMAGED;
}

enum segment_result segment_reader_block(struct segment_reader *reader, uint32_t block,
                                         const struct packet **packets, uint32_t *n, struct error *error)
{
    struct segment_block row;
    struct bytes raw;
    size_t used;

    *n = 0;
    if (reader->index == NULL || !segment_index_block(reader->index, block, &row))
        return SEGMENT_END;
    if (!block_packets_load(&reader->block, &row, error))
        return damaged(reader, block, row.offset, error);
    raw = buffer_bytes(&reader->block.raw);
    if (block == 0)
        raw = block_behind_section_header(raw);
    if (!pcapng_reader_begin_section(reader->pcapng, reader->numbers, reader->n_numbers)) {
        error_set(error, ERROR_SYSTEM, "no memory for its interfaces");
        return damaged(reader, block, row.offset, error);
    }
    if (!list_packets(reader, raw, row.first_packet, n, &used, error)) {
        *n = 0;
        return damaged(reader, block, row.offset, error);
    }
    if (used != raw.len || *n != row.n_packets) {
        error_set(error, ERROR_DAMAGED, "it holds %u packets, its index says %u", *n, row.n_packets);
        *n = 0;
        return damaged(reader, block, row.offset, error);
    }
    *packets = reader->block.packets;
    return SEGMENT_BLOCK;
}

/* ---- in file order ---- */

static void count_packets(struct segment_reader *reader, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        segment_block_count(&reader->walk.row, reader->block.packets[i].ts_ns);
    reader->n_packets += n;
}

static enum segment_result next_by_table(struct segment_reader *reader, uint32_t *n, struct error *error)
{
    struct segment_walk *walk = &reader->walk;
    uint32_t block = reader->next_row;
    size_t used;
    bool ok;

    if (block == reader->n_rows)
        return SEGMENT_END;
    reader->next_row++;
    walk->row = segment_block_begin(reader->rows[block].offset, reader->n_packets);
    walk->row.stored_bytes = reader->rows[block].stored_bytes;
    walk->row.raw_bytes = reader->rows[block].raw_bytes;
    walk->is_whole = true;
    walk->raw = (struct bytes) { NULL, 0 };
    if (!block_packets_load(&reader->block, &walk->row, error)) {
        reader->first_number = 0;
        return damaged(reader, block, walk->row.offset, error);
    }
    walk->raw = buffer_bytes(&reader->block.raw);
    ok = list_packets(reader, walk->raw, reader->n_packets, n, &used, error);
    if (ok && used != walk->raw.len)
        ok = error_set(error, ERROR_DAMAGED, "it ends within a packet");
    if (!ok) {
        reader->first_number = 0;
        *n = 0;
        return damaged(reader, block, walk->row.offset, error);
    }
    count_packets(reader, *n);
    return SEGMENT_BLOCK;
}

/* Damage behind packets that are good is told by the call after theirs. */
static enum segment_result tell_damage(struct segment_reader *reader, struct error *error)
{
    *error = reader->damage;
    reader->has_damage = false;
    reader->walk.is_whole = false; /* what was told before was another block's */
    return SEGMENT_DAMAGED;
}

/* Takes what is new in the block under the scan. False with reader->damage. */
static bool take_scanned(struct segment_reader *reader, const struct scan_block *block, bool is_whole,
                         uint32_t *n)
{
    struct segment_walk *walk = &reader->walk;
    struct bytes fresh = bytes_of(block->raw.data + reader->n_read, block->raw.len - reader->n_read);
    size_t used;
    bool ok;

    if (reader->n_read == 0)
        walk->row = segment_block_begin(block->offset, reader->n_packets);
    ok = list_packets(reader, fresh, reader->n_packets, n, &used, &reader->damage);
    reader->n_read += used;
    if (ok && is_whole && reader->n_read != block->raw.len)
        ok = error_set(&reader->damage, ERROR_DAMAGED, "it ends within a packet");
    if (!ok)
        damaged(reader, reader->next_row, block->offset, &reader->damage);
    walk->raw = bytes_of(block->raw.data, reader->n_read);
    walk->row.raw_bytes = (uint32_t)reader->n_read;
    walk->row.stored_bytes = (uint32_t)block->stored_bytes;
    walk->is_whole = is_whole && ok;
    count_packets(reader, *n);
    if (is_whole) {
        reader->n_read = 0;
        reader->next_row++;
    }
    return ok;
}

static enum segment_result next_by_scan(struct segment_reader *reader, uint32_t *n, struct error *error)
{
    struct scan_block block;

    if (reader->has_damage)
        return tell_damage(reader, error);
    while (!reader->is_stuck) {
        enum scan_result result = segment_scan_next(reader->scan, &block, &reader->damage);

        if (result == SCAN_END)
            return SEGMENT_END;
        if (result == SCAN_DAMAGED) {
            reader->is_stuck = true;
            return tell_damage(reader, error);
        }
        if (!take_scanned(reader, &block, result == SCAN_BLOCK, n)) {
            reader->is_stuck = true;
            reader->has_damage = true;
            return *n ? SEGMENT_BLOCK : tell_damage(reader, error);
        }
        if (*n > 0 || result == SCAN_BLOCK)
            return SEGMENT_BLOCK;
    }
    return SEGMENT_END;
}

enum segment_result segment_reader_next(struct segment_reader *reader, const struct packet **packets,
                                        uint32_t *n, struct error *error)
{
    enum segment_result result;

    *n = 0;
    if (reader->index)
        return SEGMENT_END;
    result = reader->rows ? next_by_table(reader, n, error) : next_by_scan(reader, n, error);
    *packets = reader->block.packets;
    return result;
}

void segment_reader_walk(const struct segment_reader *reader, struct segment_walk *walk)
{
    *walk = reader->walk;
}
