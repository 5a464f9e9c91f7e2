/* SPDX-License-Identifier: Apache-2.0 */
/*
 * row_frame_read - a frame of rows taken apart again, from whoever it came: docs/live-protocol.md. Nothing in
 * it is believed: every length is held against the frame's, every string's number against the table.
 */
#include "live/row_frame.h"

#include "base/reader.h"

enum { MAGIC = 0x54445201, NO_STRING = 0xffff };

struct columns {
    struct reader number, time, time_high, len, source, destination, device, protocol, info_bytes, marks;
    struct reader string_bytes, strings, infos;
};

static bool take(struct reader *all, uint64_t bytes, struct reader *column)
{
    uint64_t padding = (4 - bytes % 4) % 4;

    return bytes <= SIZE_MAX && reader_sub(all, (size_t)bytes, column) && reader_skip(all, (size_t)padding);
}

static bool take_columns(struct reader *all, uint64_t n, bool is_wide, uint64_t n_strings,
                         uint64_t strings_bytes, uint64_t infos_bytes, struct columns *columns)
{
    return take(all, 4 * n, &columns->number) && take(all, 4 * n, &columns->time) &&
           take(all, is_wide ? 4 * n : 0, &columns->time_high) && take(all, 4 * n, &columns->len) &&
           take(all, 2 * n, &columns->source) && take(all, 2 * n, &columns->destination) &&
           take(all, 2 * n, &columns->device) && take(all, 2 * n, &columns->protocol) &&
           take(all, 2 * n, &columns->info_bytes) && take(all, n, &columns->marks) &&
           take(all, 2 * n_strings, &columns->string_bytes) && take(all, strings_bytes, &columns->strings) &&
           take(all, infos_bytes, &columns->infos);
}

static bool string_table(struct columns *columns, uint32_t n, struct bytes table[static 4 * ROW_FRAME_ROWS])
{
    for (uint32_t i = 0; i < n; i++) {
        uint16_t len;

        if (!reader_u16le(&columns->string_bytes, &len) || !reader_bytes(&columns->strings, len, &table[i]))
            return false;
    }
    return reader_left(&columns->strings) == 0;
}

static bool string_at(struct reader *column, const struct bytes *table, uint32_t n, bool may_be_none,
                      struct bytes *text)
{
    uint16_t number;

    if (!reader_u16le(column, &number))
        return false;
    if (number == NO_STRING && may_be_none) {
        *text = (struct bytes) { 0 };
        return true;
    }
    if (number >= n)
        return false;
    *text = table[number];
    return true;
}

bool row_frame_read(struct bytes bytes, uint32_t *view, uint32_t *flags,
                    void (*told)(void *context, const struct row *row), void *context)
{
    struct reader all = reader_over(bytes);
    struct bytes table[4 * ROW_FRAME_ROWS];
    uint32_t magic, n, n_strings, strings_bytes, infos_bytes, nothing;
    uint64_t first, earliest;
    struct columns columns;

    if (!reader_u32(&all, &magic) || magic != MAGIC || !reader_u32le(&all, view) || !reader_u32le(&all, &n) ||
        !reader_u32le(&all, flags) || !reader_u64le(&all, &first) || !reader_u64le(&all, &earliest) ||
        !reader_u32le(&all, &n_strings) || !reader_u32le(&all, &strings_bytes) ||
        !reader_u32le(&all, &infos_bytes) || !reader_u32le(&all, &nothing) || n > ROW_FRAME_ROWS ||
        n_strings > 4 * ROW_FRAME_ROWS)
        return false;
    if (!take_columns(&all, n, *flags & ROW_FRAME_WIDE, n_strings, strings_bytes, infos_bytes, &columns) ||
        reader_left(&all) > 0 || !string_table(&columns, n_strings, table))
        return false;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t number, low, high = 0;
        uint16_t info_len;
        struct row row = { 0 };

        if (!reader_u32le(&columns.number, &number) || !reader_u32le(&columns.time, &low) ||
            ((*flags & ROW_FRAME_WIDE) && !reader_u32le(&columns.time_high, &high)) ||
            !reader_u32le(&columns.len, &row.len) ||
            !string_at(&columns.source, table, n_strings, false, &row.source) ||
            !string_at(&columns.destination, table, n_strings, false, &row.destination) ||
            !string_at(&columns.device, table, n_strings, true, &row.device) ||
            !string_at(&columns.protocol, table, n_strings, false, &row.protocol) ||
            !reader_u16le(&columns.info_bytes, &info_len) ||
            !reader_bytes(&columns.infos, info_len, &row.info) || !reader_u8(&columns.marks, &row.marks))
            return false;
        row.number = first + number;
        row.ts_ns = (int64_t)(earliest + ((uint64_t)high << 32 | low));
        told(context, &row);
    }
    return reader_left(&columns.infos) == 0;
}
