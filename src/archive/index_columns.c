/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/index_columns.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

enum { COLUMN_WORTH_BYTES = 16 };

/* ---- writing ---- */

bool column_writer_init(struct column_writer *writer, struct buffer *to)
{
    writer->to = to;
    writer->level = COLUMN_LEVEL;
    buffer_init(&writer->packed, COLUMNS_RAW_LIMIT_BYTES);
    writer->zstd = ZSTD_createCCtx();
    return writer->zstd != NULL;
}

void column_writer_clear(struct column_writer *writer)
{
    ZSTD_freeCCtx(writer->zstd);
    buffer_clear(&writer->packed);
}

bool column_put_bytes(struct column_writer *writer, struct bytes bytes)
{
    size_t bound = ZSTD_compressBound(bytes.len), len;

    buffer_empty(&writer->packed);
    buffer_put_varint(writer->to, bytes.len);
    if (bytes.len > COLUMN_WORTH_BYTES) {
        if (buffer_room(&writer->packed, bound) == NULL)
            return false;
        len =
            ZSTD_compressCCtx(writer->zstd, writer->packed.data, bound, bytes.data, bytes.len, writer->level);
        if (!ZSTD_isError(len) && len < bytes.len - bytes.len / 32) {
            buffer_put_varint(writer->to, len);
            return buffer_put(writer->to, writer->packed.data, len);
        }
    }
    buffer_put_varint(writer->to, 0);
    return buffer_put(writer->to, bytes.data, bytes.len);
}

bool column_put_numbers(struct column_writer *writer, const uint64_t *numbers, uint32_t n)
{
    uint64_t least = n ? numbers[0] : 0, most = least;
    uint8_t *plane = malloc((size_t)n + 1);
    unsigned n_planes = 0;
    bool is_put = plane != NULL;

    for (uint32_t i = 0; i < n; i++) {
        least = numbers[i] < least ? numbers[i] : least;
        most = numbers[i] > most ? numbers[i] : most;
    }
    for (uint64_t rest = most - least; rest; rest >>= 8)
        n_planes++;
    buffer_put_varint(writer->to, least);
    buffer_put_u8(writer->to, (uint8_t)n_planes);
    for (unsigned k = 0; is_put && k < n_planes; k++) {
        for (uint32_t i = 0; i < n; i++)
            plane[i] = (uint8_t)((numbers[i] - least) >> 8 * k);
        is_put = column_put_bytes(writer, bytes_of(plane, n));
    }
    free(plane);
    return is_put && !writer->to->is_full;
}

/* ---- reading ---- */

void column_reader_init(struct column_reader *reader, struct bytes section)
{
    reader->rest = reader_over(section);
    reader->n_raw = 0;
    reader->n_owned = 0;
}

void column_reader_clear(struct column_reader *reader)
{
    for (uint32_t i = 0; i < reader->n_owned; i++)
        free(reader->owned[i]);
    reader->n_owned = 0;
}

bool column_take_bytes(struct column_reader *reader, struct bytes *bytes)
{
    uint64_t n_raw, n_packed;
    struct bytes packed;
    void *raw;

    if (!reader_varint(&reader->rest, &n_raw) || !reader_varint(&reader->rest, &n_packed) ||
        n_raw > COLUMNS_RAW_LIMIT_BYTES - reader->n_raw)
        return false;
    if (n_packed == 0)
        return reader_bytes(&reader->rest, n_raw, bytes);
    if (n_packed > SIZE_MAX || !reader_bytes(&reader->rest, (size_t)n_packed, &packed) ||
        ZSTD_getFrameContentSize(packed.data, packed.len) != n_raw || reader->n_owned == COLUMNS_AT_ONCE)
        return false;
    raw = malloc(n_raw + 1);
    if (raw == NULL)
        return false;
    reader->owned[reader->n_owned++] = raw;
    reader->n_raw += n_raw;
    *bytes = bytes_of(raw, n_raw);
    return ZSTD_decompress(raw, n_raw, packed.data, packed.len) == n_raw;
}

bool column_take_numbers(struct column_reader *reader, uint32_t n, struct column_numbers *numbers)
{
    *numbers = (struct column_numbers) { .n = n };
    if (!reader_varint(&reader->rest, &numbers->base) || !reader_u8(&reader->rest, &numbers->n_planes) ||
        numbers->n_planes > COLUMN_PLANES)
        return false;
    for (unsigned k = 0; k < numbers->n_planes; k++) {
        struct bytes plane;

        if (!column_take_bytes(reader, &plane) || plane.len != n)
            return false;
        numbers->planes[k] = plane.data;
    }
    return true;
}

void column_spread(const struct column_numbers *numbers, uint32_t *to)
{
    for (uint32_t i = 0; i < numbers->n; i++)
        to[i] = (uint32_t)numbers->base;
    for (unsigned k = 0; k < numbers->n_planes && k < sizeof *to; k++) {
        const uint8_t *plane = numbers->planes[k];

        for (uint32_t i = 0; i < numbers->n; i++)
            to[i] += (uint32_t)plane[i] << 8 * k;
    }
}
