/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Segments stand in the order of their numbers. One of them is open at a time, in one of two ways: by its
 * index, whose rows say how many packets lie before each block; or walked (segment_walker), which finds that
 * out. The directory is looked at again when nothing was found, since a segment may have begun or been
 * sealed.
 */
#include "archive/number_reader.h"

#include <stdlib.h>

#include "archive/catalog.h"
#include "archive/packet_numbers.h"
#include "archive/segment_account.h"
#include "archive/segment_reader.h"
#include "archive/segment_walker.h"

struct numbered_segment {
    char *path, *index_path;
    uint32_t serial;
    bool is_indexed;
    uint64_t first;     /* 0: its packets have no numbers */
    uint64_t n_packets; /* of an indexed one */
};

struct number_reader {
    char *directory, *node;
    struct interface_table *interfaces;
    struct numbered_segment *segments; /* by first number */
    uint32_t n_segments;

    const struct numbered_segment *open; /* one of them; NULL: none */
    struct segment_index *index;
    struct segment_reader *reader;
    struct segment_walker *walker;
    struct packet *packets; /* with their numbers */
    uint32_t cap_packets;
};

/* ---- which segments there are ---- */

static void close_segment(struct number_reader *reader)
{
    segment_reader_close(reader->reader);
    segment_index_close(reader->index);
    segment_walker_free(reader->walker);
    reader->reader = NULL;
    reader->index = NULL;
    reader->walker = NULL;
    reader->open = NULL;
}

static void forget_segments(struct number_reader *reader)
{
    close_segment(reader);
    for (uint32_t i = 0; i < reader->n_segments; i++) {
        free(reader->segments[i].path);
        free(reader->segments[i].index_path);
    }
    free(reader->segments);
    reader->segments = NULL;
    reader->n_segments = 0;
}

static int by_serial(const void *a, const void *b)
{
    const struct numbered_segment *x = a, *y = b;

    return (x->serial > y->serial) - (x->serial < y->serial);
}

static int by_number(const void *a, const void *b)
{
    const struct numbered_segment *x = a, *y = b;

    return x->first != y->first ? (x->first > y->first) - (x->first < y->first) : by_serial(a, b);
}

/* Segments from before there were numbers: counted backwards from where numbering began. */
static void number_old_ones(struct number_reader *reader)
{
    uint64_t end = packet_numbers_began(reader->directory, reader->node), sum = 1;

    for (uint32_t i = 0; i < reader->n_segments; i++) {
        const struct numbered_segment *segment = &reader->segments[i];

        if (segment->first == 0)
            sum += segment->n_packets;
    }
    if (end == 0)
        end = sum;
    for (uint32_t i = reader->n_segments; i-- > 0;) {
        struct numbered_segment *segment = &reader->segments[i];

        if (segment->first || segment->n_packets == 0)
            continue;
        if (segment->n_packets >= end)
            return; /* more packets than numbers: somebody brought them from elsewhere */
        end -= segment->n_packets;
        segment->first = end;
    }
}

static bool add_segment(struct number_reader *reader, const struct catalog_entry *entry)
{
    struct numbered_segment *segment = &reader->segments[reader->n_segments];
    struct segment_account account;

    segment_account_read(entry, &account);
    *segment = (struct numbered_segment) {
        .path = strdup(entry->path),
        .index_path = strdup(entry->index_path),
        .serial = entry->serial,
        .is_indexed = !account.is_open && account.is_known && entry->has_index,
        .first = account.recording.first_number,
        .n_packets = account.n_packets,
    };
    if (segment->path && !segment->is_indexed && segment->first == 0)
        segment->first = segment_walker_first_number(segment->path);
    reader->n_segments++;
    return segment->path && segment->index_path;
}

static bool load_segments(struct number_reader *reader, struct error *error)
{
    struct catalog catalog;
    uint32_t n_numbered = 0;
    bool ok;

    if (!catalog_load(&catalog, reader->directory, error))
        return false;
    forget_segments(reader);
    reader->segments = calloc((size_t)catalog.n + 1, sizeof *reader->segments);
    ok = reader->segments != NULL;
    for (uint32_t i = 0; ok && i < catalog.n; i++) {
        if (strcmp(catalog.entries[i].node, reader->node) == 0)
            ok = add_segment(reader, &catalog.entries[i]);
    }
    catalog_clear(&catalog);
    if (!ok)
        return error_set(error, ERROR_SYSTEM, "%s: no memory for its segments", reader->directory);
    qsort(reader->segments, reader->n_segments, sizeof *reader->segments, by_serial);
    number_old_ones(reader);
    qsort(reader->segments, reader->n_segments, sizeof *reader->segments, by_number);
    for (uint32_t i = 0; i < reader->n_segments; i++) { /* those without numbers stand in front */
        if (reader->segments[i].first) {
            n_numbered = reader->n_segments - i;
            break;
        }
        free(reader->segments[i].path);
        free(reader->segments[i].index_path);
    }
    memmove(reader->segments, reader->segments + (reader->n_segments - n_numbered),
            n_numbered * sizeof *reader->segments);
    reader->n_segments = n_numbered;
    return true;
}

struct number_reader *number_reader_open(const char *directory, const char *node,
                                         struct interface_table *interfaces, struct error *error)
{
    struct number_reader *reader = calloc(1, sizeof *reader);

    if (reader) {
        reader->interfaces = interfaces;
        reader->directory = strdup(directory);
        reader->node = strdup(node);
    }
    if (reader == NULL || reader->directory == NULL || reader->node == NULL)
        error_set(error, ERROR_SYSTEM, "%s: no memory to read it", directory);
    else if (load_segments(reader, error))
        return reader;
    number_reader_close(reader);
    return NULL;
}

void number_reader_close(struct number_reader *reader)
{
    if (reader == NULL)
        return;
    forget_segments(reader);
    free(reader->directory);
    free(reader->node);
    free(reader->packets);
    free(reader);
}

/* ---- one segment ---- */

static bool open_segment(struct number_reader *reader, const struct numbered_segment *segment,
                         struct error *error)
{
    if (reader->open == segment)
        return true;
    close_segment(reader);
    if (segment->is_indexed) {
        reader->index = segment_index_open(segment->index_path, error);
        if (reader->index)
            reader->reader = segment_reader_open(segment->path, reader->index, reader->interfaces, error);
    } else {
        reader->walker = segment_walker_new(segment->path, reader->interfaces, error);
    }
    if (reader->reader == NULL && reader->walker == NULL) {
        close_segment(reader);
        return false;
    }
    reader->open = segment;
    return true;
}

/* How many packets the open segment has: so far, if it is walked. */
static uint64_t count_packets(struct number_reader *reader)
{
    return reader->walker ? segment_walker_packets(reader->walker) : segment_index_packets(reader->index);
}

/* The block with the packet that has so many before it. */
static bool find_block(struct number_reader *reader, uint64_t n_before, uint32_t *block,
                       struct segment_block *row)
{
    uint32_t low = 0, high;

    if (reader->walker)
        return segment_walker_find(reader->walker, n_before, block, row);
    high = segment_index_blocks(reader->index);
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (!segment_index_block(reader->index, middle, row))
            return false;
        if (row->first_packet + row->n_packets <= n_before)
            low = middle + 1;
        else
            high = middle;
    }
    *block = low;
    return segment_index_block(reader->index, low, row) && row->first_packet <= n_before &&
           n_before - row->first_packet < row->n_packets;
}

static bool make_room(struct number_reader *reader, uint32_t n)
{
    struct packet *packets;

    if (n <= reader->cap_packets)
        return true;
    packets = realloc(reader->packets, n * sizeof *packets);
    if (packets == NULL)
        return false;
    reader->packets = packets;
    reader->cap_packets = n;
    return true;
}

/* The block that holds the nth packet of the open segment, all of it. */
static enum number_result read_block(struct number_reader *reader, uint64_t n_before, struct number_run *run,
                                     struct error *error)
{
    const struct packet *packets;
    struct segment_block row;
    enum segment_result result;
    uint32_t block, n;

    if (!find_block(reader, n_before, &block, &row)) {
        error_set(error, ERROR_DAMAGED, "%s: no block has packet %llu", reader->open->path,
                  (unsigned long long)n_before + 1);
        return NUMBER_NONE;
    }
    run->first = reader->open->first + row.first_packet;
    run->end = run->first + row.n_packets;
    result = reader->walker ? segment_walker_block(reader->walker, block, &packets, &n, error)
                            : segment_reader_block(reader->reader, block, &packets, &n, error);
    if (result == SEGMENT_BLOCK && n != row.n_packets) {
        error_set(error, ERROR_DAMAGED, "%s: block %u holds %u packets, not %u", reader->open->path, block, n,
                  row.n_packets);
        result = SEGMENT_DAMAGED;
    }
    if (result != SEGMENT_BLOCK)
        return NUMBER_DAMAGED;
    if (!make_room(reader, n)) {
        error_set(error, ERROR_SYSTEM, "%s: no memory for the packets of a block", reader->open->path);
        return NUMBER_DAMAGED;
    }
    for (uint32_t i = 0; i < n; i++) {
        reader->packets[i] = packets[i];
        reader->packets[i].packet_id = run->first + i;
    }
    run->packets = reader->packets;
    run->n = n;
    return NUMBER_PACKETS;
}

/* ---- a number ---- */

/* The segments before it have only smaller first numbers: how many there are with one up to this. */
static uint32_t count_up_to(const struct number_reader *reader, uint64_t number)
{
    uint32_t low = 0, high = reader->n_segments;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (reader->segments[middle].first <= number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static enum number_result look_from(struct number_reader *reader, uint64_t number, struct number_run *run,
                                    struct error *error)
{
    uint32_t i = count_up_to(reader, number);
    enum number_result result = NUMBER_NONE;

    for (i = i ? i - 1 : 0; i < reader->n_segments && result == NUMBER_NONE; i++) {
        const struct numbered_segment *segment = &reader->segments[i];
        uint64_t n_before = number > segment->first ? number - segment->first : 0;

        if (segment->is_indexed && n_before >= segment->n_packets)
            continue;
        if (!open_segment(reader, segment, error) || n_before >= count_packets(reader))
            continue; /* deleted or sealed meanwhile, or nothing came yet */
        result = read_block(reader, n_before, run, error);
        if (result == NUMBER_PACKETS && run->first < number) {
            run->packets += number - run->first;
            run->n -= (uint32_t)(number - run->first);
            run->first = number;
        }
    }
    return result;
}

static enum number_result look_before(struct number_reader *reader, uint64_t number, struct number_run *run,
                                      struct error *error)
{
    enum number_result result = NUMBER_NONE;

    for (uint32_t i = number ? count_up_to(reader, number - 1) : 0; i-- > 0 && result == NUMBER_NONE;) {
        const struct numbered_segment *segment = &reader->segments[i];
        uint64_t n_packets;

        if (!open_segment(reader, segment, error))
            continue;
        n_packets = count_packets(reader);
        if (n_packets > number - segment->first)
            n_packets = number - segment->first;
        if (n_packets == 0)
            continue;
        result = read_block(reader, n_packets - 1, run, error);
        if (result == NUMBER_PACKETS && run->end > number) {
            run->n -= (uint32_t)(run->end - number);
            run->end = number;
        }
    }
    return result;
}

enum number_result number_reader_from(struct number_reader *reader, uint64_t number, struct number_run *run,
                                      struct error *error)
{
    enum number_result result;

    *run = (struct number_run) { .n = 0 };
    result = look_from(reader, number, run, error);
    if (result != NUMBER_NONE)
        return result;
    if (!load_segments(reader, error))
        return NUMBER_DAMAGED;
    return look_from(reader, number, run, error);
}

enum number_result number_reader_before(struct number_reader *reader, uint64_t number, struct number_run *run,
                                        struct error *error)
{
    enum number_result result;

    *run = (struct number_run) { .n = 0 };
    result = look_before(reader, number, run, error);
    if (result == NUMBER_PACKETS && run->end == number)
        return result;
    /* What was begun since the last look would be missed without a word. */
    if (result == NUMBER_DAMAGED || !load_segments(reader, error))
        return NUMBER_DAMAGED;
    *run = (struct number_run) { .n = 0 };
    return look_before(reader, number, run, error);
}

bool number_reader_span(struct number_reader *reader, uint64_t *first, uint64_t *end)
{
    struct number_run run;
    struct error ignored;

    if (reader->n_segments == 0 && (!load_segments(reader, &ignored) || reader->n_segments == 0))
        return false;
    if (number_reader_before(reader, UINT64_MAX, &run, &ignored) == NUMBER_NONE || run.end == 0)
        return false;
    *first = reader->segments[0].first;
    *end = run.end;
    return true;
}
