/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks follow each other in the file, and nearly always in time: what a row adds to the one before it is
 * small. All differences are modulo 2^64, those that may go back in zigzag.
 */
#include "archive/block_columns.h"

#include <stdlib.h>

#include "base/timestamp.h"

static const uint32_t units_ns[] = { NS_PER_SECOND, 1000000, 1000, 1 };

enum block_column { /* in the order of the file */
                    COLUMN_GAP,
                    COLUMN_STORED,
                    COLUMN_RAW,
                    COLUMN_PACKETS,
                    COLUMN_STEP,
                    COLUMN_LASTED,
                    COLUMN_PROTOCOLS,
                    BLOCK_COLUMNS,
};

static uint64_t zigzag(uint64_t step)
{
    return step << 1 ^ (step >> 63 ? UINT64_MAX : 0);
}

static uint64_t unzigzag(uint64_t number)
{
    return number >> 1 ^ (number & 1 ? UINT64_MAX : 0);
}

/* The longest that all times are whole in: most captures have microseconds. */
static uint32_t unit_of(const struct segment_block *rows, uint32_t n)
{
    const uint32_t *unit = units_ns;

    for (uint32_t i = 0; i < n; i++) {
        while (rows[i].n_packets && (rows[i].min_ts_ns % *unit || rows[i].max_ts_ns % *unit))
            unit++;
    }
    return *unit;
}

static void fill_column(enum block_column column, const struct segment_block *rows, uint32_t n,
                        uint32_t unit_ns, uint64_t *numbers)
{
    uint64_t end = 0, before = 0;

    for (uint32_t i = 0; i < n; i++) {
        const struct segment_block *row = &rows[i];
        bool has_time = row->n_packets;

        switch (column) {
        case COLUMN_GAP:
            numbers[i] = row->offset - end;
            end = row->offset + row->stored_bytes;
            break;
        case COLUMN_STORED:
            numbers[i] = row->stored_bytes;
            break;
        case COLUMN_RAW:
            numbers[i] = row->raw_bytes;
            break;
        case COLUMN_PACKETS:
            numbers[i] = row->n_packets;
            break;
        case COLUMN_STEP: /* of the first: since 1970 */
            numbers[i] = has_time ? zigzag((uint64_t)(row->min_ts_ns / unit_ns) - before) : 0;
            before = has_time ? (uint64_t)(row->max_ts_ns / unit_ns) : before;
            break;
        default: /* COLUMN_LASTED */
            numbers[i] =
                has_time ? (uint64_t)(row->max_ts_ns / unit_ns) - (uint64_t)(row->min_ts_ns / unit_ns) : 0;
            break;
        }
    }
}

bool block_columns_put(struct column_writer *columns, const struct segment_block *rows, uint32_t n,
                       const uint64_t *masks, uint32_t n_masks, uint64_t *room)
{
    uint32_t unit_ns = unit_of(rows, n);

    buffer_put_u32le(columns->to, unit_ns);
    for (int column = 0; column < COLUMN_PROTOCOLS; column++) {
        fill_column((enum block_column)column, rows, n, unit_ns, room);
        if (column == COLUMN_STEP && n) { /* apart, or it would make every row's as long */
            buffer_put_u64le(columns->to, room[0]);
            room[0] = 0;
        }
        if (!column_put_numbers(columns, room, n))
            return false;
    }
    for (uint32_t i = 0; i < n; i++)
        room[i] = i < n_masks ? masks[i] : 0;
    return column_put_numbers(columns, room, n);
}

/* ---- reading ---- */

struct block_numbers {
    struct column_numbers columns[BLOCK_COLUMNS];
    uint32_t unit_ns;
    uint64_t first;
};

static bool take_columns(struct column_reader *reader, uint32_t n, struct block_numbers *numbers)
{
    if (!reader_u32le(&reader->rest, &numbers->unit_ns))
        return false;
    for (int column = 0; column < BLOCK_COLUMNS; column++) {
        if ((column == COLUMN_STEP && n && !reader_u64le(&reader->rest, &numbers->first)) ||
            !column_take_numbers(reader, n, &numbers->columns[column]))
            return false;
    }
    return true;
}

static void fill_rows(const struct block_numbers *numbers, struct segment_block *rows, uint32_t n)
{
    uint64_t end = 0, n_packets = 0, before = 0;

    for (uint32_t i = 0; i < n; i++) {
        const struct column_numbers *columns = numbers->columns;
        uint64_t step = column_number(&columns[COLUMN_STEP], i) + (i ? 0 : numbers->first);
        uint64_t least = before + unzigzag(step), most = least + column_number(&columns[COLUMN_LASTED], i);

        rows[i] =
            (struct segment_block) { .offset = end + column_number(&columns[COLUMN_GAP], i),
                                     .stored_bytes = (uint32_t)column_number(&columns[COLUMN_STORED], i),
                                     .raw_bytes = (uint32_t)column_number(&columns[COLUMN_RAW], i),
                                     .first_packet = n_packets,
                                     .n_packets = (uint32_t)column_number(&columns[COLUMN_PACKETS], i),
                                     .min_ts_ns = INT64_MAX,
                                     .max_ts_ns = INT64_MIN,
                                     .protocols = column_number(&columns[COLUMN_PROTOCOLS], i) };
        end = rows[i].offset + rows[i].stored_bytes;
        n_packets += rows[i].n_packets;
        if (rows[i].n_packets == 0)
            continue;
        rows[i].min_ts_ns = (int64_t)(least * numbers->unit_ns);
        rows[i].max_ts_ns = (int64_t)(most * numbers->unit_ns);
        before = most;
    }
}

struct segment_block *block_columns_take(struct bytes section, uint32_t n)
{
    struct column_reader reader;
    struct block_numbers numbers = { 0 };
    struct segment_block *rows = NULL;

    column_reader_init(&reader, section);
    if (take_columns(&reader, n, &numbers) && (rows = calloc((size_t)n + 1, sizeof *rows)) != NULL)
        fill_rows(&numbers, rows, n);
    column_reader_clear(&reader);
    return rows;
}
