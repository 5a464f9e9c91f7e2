/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walk is segment_reader's, into an interface table of the segment's own, which therefore has the
 * section's order; a block that is read again is unpacked here, with those interfaces told to a second pcapng
 * reader. The unfinished block at the end is kept unpacked.
 */
#include "archive/segment_walker.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "archive/block_packets.h"
#include "archive/segment_file.h"
#include "archive/segment_format.h"
#include "archive/segment_reader_walk.h"
#include "base/reader.h"

struct segment_walker {
    char *path;
    struct segment_reader *walk;
    struct interface_table own, *stream;
    struct interface_twins twins;
    uint32_t *numbers; /* of own interfaces in the stream's table */
    uint32_t n_numbers;

    struct segment_block *rows; /* whole blocks */
    uint32_t n_rows, cap_rows;
    struct segment_block tail_row; /* without packets: there is no unfinished block */
    struct buffer tail;
    uint64_t n_packets;
    bool is_stuck; /* at damage: how many packets it held, and so the numbers behind it, nobody knows */

    struct pcapng_reader *pcapng;
    struct block_packets block;
};

struct segment_walker *segment_walker_new(const char *path, struct interface_table *interfaces,
                                          struct error *error)
{
    struct segment_walker *walker = calloc(1, sizeof *walker);
    const char *slash = strrchr(path, '/');
    struct segment_name name;

    if (walker)
        walker->block.fd = -1;
    if (walker == NULL || (walker->path = strdup(path)) == NULL ||
        (walker->pcapng = pcapng_reader_new(interfaces)) == NULL) {
        error_set(error, ERROR_SYSTEM, "%s: no memory to read it", path);
        segment_walker_free(walker);
        return NULL;
    }
    walker->stream = interfaces;
    buffer_init(&walker->tail, SEGMENT_RAW_LIMIT_BYTES);
    block_packets_init(&walker->block, walker->path, open(path, O_RDONLY | O_CLOEXEC));
    if (!segment_name_parse(slash ? slash + 1 : path, &name))
        error_set(error, ERROR_USAGE, "%s: is not named like a segment", path);
    else if (walker->block.fd < 0)
        error_system(error, "%s: cannot be opened", path);
    else if ((walker->walk = segment_reader_open(path, NULL, &walker->own, error)) != NULL) {
        walker->block.codec = name.codec;
        return walker;
    }
    segment_walker_free(walker);
    return NULL;
}

void segment_walker_free(struct segment_walker *walker)
{
    if (walker == NULL)
        return;
    segment_reader_close(walker->walk);
    if (walker->block.fd >= 0)
        close(walker->block.fd);
    interface_table_clear(&walker->own);
    interface_twins_clear(&walker->twins);
    free(walker->numbers);
    free(walker->rows);
    buffer_clear(&walker->tail);
    pcapng_reader_free(walker->pcapng);
    block_packets_clear(&walker->block);
    free(walker->path);
    free(walker);
}

/* ---- the walk ---- */

static bool append_row(struct segment_walker *walker, const struct segment_block *row)
{
    if (walker->n_rows == walker->cap_rows) {
        uint32_t cap = walker->cap_rows ? walker->cap_rows * 2 : 64;
        struct segment_block *rows = realloc(walker->rows, cap * sizeof *rows);

        if (rows == NULL)
            return false;
        walker->rows = rows;
        walker->cap_rows = cap;
    }
    walker->rows[walker->n_rows++] = *row;
    walker->tail_row.n_packets = 0;
    buffer_empty(&walker->tail);
    return true;
}

static bool note_block(struct segment_walker *walker)
{
    struct segment_walk walk;

    segment_reader_walk(walker->walk, &walk);
    walker->n_packets = walk.row.first_packet + walk.row.n_packets;
    if (walk.is_whole)
        return append_row(walker, &walk.row);
    walker->tail_row = walk.row;
    buffer_empty(&walker->tail);
    return buffer_put(&walker->tail, walk.raw.data, walk.raw.len);
}

uint64_t segment_walker_packets(struct segment_walker *walker)
{
    const struct packet *packets;
    enum segment_result result;
    struct error ignored;
    uint32_t n;

    while (!walker->is_stuck &&
           (result = segment_reader_next(walker->walk, &packets, &n, &ignored)) != SEGMENT_END)
        walker->is_stuck = result != SEGMENT_BLOCK || !note_block(walker);
    return walker->n_packets;
}

bool segment_walker_find(const struct segment_walker *walker, uint64_t n_before, uint32_t *block,
                         struct segment_block *row)
{
    uint32_t low = 0, high = walker->n_rows;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (walker->rows[middle].first_packet + walker->rows[middle].n_packets <= n_before)
            low = middle + 1;
        else
            high = middle;
    }
    *block = low;
    *row = low < walker->n_rows ? walker->rows[low] : walker->tail_row;
    return row->first_packet <= n_before && n_before - row->first_packet < row->n_packets;
}

/* ---- one block ---- */

static bool map_interfaces(struct segment_walker *walker)
{
    uint32_t *numbers = realloc(walker->numbers, (walker->own.n + 1) * sizeof *numbers);
    struct error ignored;

    if (numbers == NULL)
        return false;
    walker->numbers = numbers;
    for (; walker->n_numbers < walker->own.n; walker->n_numbers++) {
        uint32_t number = interface_table_enter(walker->stream, &walker->twins,
                                                &walker->own.items[walker->n_numbers], &ignored);

        if (number == UINT32_MAX)
            return false;
        numbers[walker->n_numbers] = number;
    }
    return true;
}

enum segment_result segment_walker_block(struct segment_walker *walker, uint32_t block,
                                         const struct packet **packets, uint32_t *n, struct error *error)
{
    const struct segment_block *row = block < walker->n_rows ? &walker->rows[block] : &walker->tail_row;
    struct bytes raw;
    size_t used;
    bool ok;

    *n = 0;
    if (block > walker->n_rows || (block == walker->n_rows && row->n_packets == 0))
        return SEGMENT_END;
    ok = block == walker->n_rows || block_packets_load(&walker->block, row, error);
    raw = buffer_bytes(block == walker->n_rows ? &walker->tail : &walker->block.raw);
    if (block == 0)
        raw = block_behind_section_header(raw);
    if (ok && (!map_interfaces(walker) ||
               !pcapng_reader_begin_section(walker->pcapng, walker->numbers, walker->n_numbers)))
        ok = error_set(error, ERROR_SYSTEM, "no memory for its interfaces");
    if (!ok || !block_packets_list(&walker->block, walker->pcapng, raw, n, &used, error)) {
        error_context(error, "%s: block %u at offset %llu", walker->path, block,
                      (unsigned long long)row->offset);
        *n = 0;
        return SEGMENT_DAMAGED;
    }
    for (uint32_t i = 0; i < *n; i++)
        walker->block.packets[i].number = row->first_packet + i + 1;
    *packets = walker->block.packets;
    return SEGMENT_BLOCK;
}

uint64_t segment_walker_first_number(const char *path)
{
    struct segment_recording recording = { .first_number = 0 };
    struct interface_table interfaces = { 0 };
    struct error ignored;
    struct segment_reader *reader = segment_reader_open(path, NULL, &interfaces, &ignored);
    const struct packet *packets;
    struct segment_walk walk;
    uint32_t n;

    if (reader) {
        segment_reader_next(reader, &packets, &n, &ignored); /* damaged: the header may still be there */
        segment_reader_walk(reader, &walk);
        recording_take_blocks(&recording, walk.raw);
    }
    segment_reader_close(reader);
    interface_table_clear(&interfaces);
    return recording.first_number;
}
