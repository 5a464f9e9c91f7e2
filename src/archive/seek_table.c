/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/seek_table.h"

#include <stdlib.h>

#include "archive/segment_file.h"
#include "archive/segment_format.h"
#include "base/reader.h"

enum { SEEK_TABLE_ROWS_LIMIT = 8 * 1024 * 1024 };

bool seek_table_put(struct buffer *buffer, const struct segment_block *blocks, uint32_t n_blocks)
{
    buffer_put_u32le(buffer, SEEK_TABLE_MAGIC);
    buffer_put_u32le(buffer, n_blocks * SEEK_TABLE_ROW_BYTES + SEEK_TABLE_FOOT_BYTES);
    for (uint32_t i = 0; i < n_blocks; i++) {
        buffer_put_u32le(buffer, blocks[i].stored_bytes);
        buffer_put_u32le(buffer, blocks[i].raw_bytes);
    }
    buffer_put_u32le(buffer, n_blocks);
    buffer_put_u8(buffer, 0);
    return buffer_put_u32le(buffer, SEEK_TABLE_FOOT_MAGIC) && !buffer->is_full;
}

/* How many rows of which size the foot tells of; false when it is no foot. */
static bool read_foot(int fd, const char *path, uint64_t file_bytes, uint32_t *n_rows, uint32_t *row_bytes)
{
    uint8_t foot[SEEK_TABLE_FOOT_BYTES];
    struct reader r = reader_over(bytes_of(foot, sizeof foot));
    struct error error;
    uint8_t descriptor;
    uint32_t magic;

    if (file_bytes < SEEK_TABLE_HEAD_BYTES + SEEK_TABLE_FOOT_BYTES ||
        segment_file_read(fd, path, file_bytes - sizeof foot, foot, sizeof foot, &error) != sizeof foot)
        return false;
    if (!reader_u32le(&r, n_rows) || !reader_u8(&r, &descriptor) || !reader_u32le(&r, &magic))
        return false;
    *row_bytes = SEEK_TABLE_ROW_BYTES + (descriptor & SEEK_TABLE_HAS_CHECKSUMS ? 4 : 0);
    return magic == SEEK_TABLE_FOOT_MAGIC && *n_rows <= SEEK_TABLE_ROWS_LIMIT;
}

static bool read_rows(struct reader r, uint32_t row_bytes, uint64_t end, struct segment_block *blocks,
                      uint32_t n)
{
    uint64_t offset = 0;

    for (uint32_t i = 0; i < n; i++) {
        struct segment_block *row = &blocks[i];
        struct reader columns;

        if (!reader_sub(&r, row_bytes, &columns) || !reader_u32le(&columns, &row->stored_bytes) ||
            !reader_u32le(&columns, &row->raw_bytes))
            return false;
        if (row->raw_bytes > SEGMENT_RAW_LIMIT_BYTES || row->stored_bytes > end - offset)
            return false;
        row->offset = offset;
        offset += row->stored_bytes;
    }
    return offset == end;
}

bool seek_table_read(int fd, const char *path, uint64_t file_bytes, struct segment_block **blocks,
                     uint32_t *n_blocks)
{
    uint32_t n, row_bytes, magic, len;
    uint64_t table_bytes;
    uint8_t *table;
    struct error error;
    struct reader r;
    bool ok = false;

    *blocks = NULL;
    if (!read_foot(fd, path, file_bytes, &n, &row_bytes))
        return false;
    table_bytes = SEEK_TABLE_HEAD_BYTES + (uint64_t)n * row_bytes + SEEK_TABLE_FOOT_BYTES;
    if (table_bytes > file_bytes)
        return false;
    table = malloc(table_bytes);
    *blocks = calloc((size_t)n + 1, sizeof **blocks);
    if (table && *blocks &&
        segment_file_read(fd, path, file_bytes - table_bytes, table, table_bytes, &error) ==
            (ptrdiff_t)table_bytes) {
        r = reader_over(bytes_of(table, table_bytes));
        ok = reader_u32le(&r, &magic) && reader_u32le(&r, &len) && magic == SEEK_TABLE_MAGIC &&
             len == table_bytes - SEEK_TABLE_HEAD_BYTES &&
             read_rows(r, row_bytes, file_bytes - table_bytes, *blocks, n);
    }
    free(table);
    if (!ok) {
        free(*blocks);
        *blocks = NULL;
    }
    *n_blocks = ok ? n : 0;
    return ok;
}
