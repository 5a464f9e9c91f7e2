/* SPDX-License-Identifier: Apache-2.0 */
#include "live/row_frame.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/reader.h"
#include "base/utf8.h"

enum {
    STRINGS_LIMIT = ROW_FRAME_ROWS * 4,
    PLACES =
        2048, /* of the table that finds a string again: twice as many as there can be, and a power of two */
    NO_STRING = 0xffff,
    STRING_LIMIT_BYTES = 2048, /* an identity may have 1 024 bytes, twice that in hex */
    STRINGS_LIMIT_BYTES = 1024 * 1024,
    MAGIC = 0x01524454, /* "TDR" and the version */
};

struct column_row { /* as it was added */
    uint64_t number;
    int64_t ts_ns;
    uint32_t len;
    uint16_t source, destination, device, protocol, info_bytes;
    uint8_t marks;
};

struct row_frame {
    uint32_t n, n_strings;
    uint32_t generation; /* places of earlier frames are free */
    uint32_t place_generation[PLACES];
    uint16_t place_string[PLACES];
    uint32_t string_at[STRINGS_LIMIT];
    uint16_t string_bytes[STRINGS_LIMIT];
    struct column_row rows[ROW_FRAME_ROWS];
    struct buffer strings, infos;
};

struct row_frame *row_frame_new(void)
{
    struct row_frame *frame = calloc(1, sizeof *frame);

    if (frame == NULL)
        return NULL;
    frame->generation = 1;
    buffer_init(&frame->strings, STRINGS_LIMIT_BYTES);
    buffer_init(&frame->infos, (size_t)ROW_FRAME_ROWS * ROW_INFO_LIMIT_BYTES);
    return frame;
}

void row_frame_free(struct row_frame *frame)
{
    if (frame == NULL)
        return;
    buffer_clear(&frame->strings);
    buffer_clear(&frame->infos);
    free(frame);
}

uint32_t row_frame_rows(const struct row_frame *frame)
{
    return frame->n;
}

/* FNV-1a: the table is as small as a frame, and strangers who choose their names win nothing but a longer
 * walk through at most a thousand places. */
static uint32_t hash_of(struct bytes text)
{
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < text.len; i++)
        hash = (hash ^ text.data[i]) * 16777619u;
    return hash;
}

/* The longest beginning of text that has at most `most` bytes and ends between characters. */
static struct bytes cut_between_characters(struct bytes text, size_t most)
{
    size_t len = most;

    if (text.len <= most)
        return text;
    while (len > 0 && (text.data[len] & 0xc0) == 0x80)
        len--;
    return (struct bytes) { text.data, len };
}

static bool string_number(struct row_frame *frame, struct bytes text, uint16_t *number)
{
    uint32_t place;

    text = cut_between_characters(text, STRING_LIMIT_BYTES);
    place = hash_of(text) % PLACES;
    for (; frame->place_generation[place] == frame->generation; place = (place + 1) % PLACES) {
        uint16_t i = frame->place_string[place];

        if (frame->string_bytes[i] == text.len &&
            (text.len == 0 || memcmp(frame->strings.data + frame->string_at[i], text.data, text.len) == 0)) {
            *number = i;
            return true;
        }
    }
    if (frame->n_strings == STRINGS_LIMIT)
        return false;
    *number = (uint16_t)frame->n_strings;
    frame->string_at[*number] = (uint32_t)frame->strings.len;
    if (!buffer_put(&frame->strings, text.data, text.len))
        return false;
    frame->place_generation[place] = frame->generation;
    frame->place_string[place] = *number;
    frame->string_bytes[*number] = (uint16_t)text.len;
    frame->n_strings++;
    return true;
}

bool row_frame_add(struct row_frame *frame, const struct row *row)
{
    struct column_row *to = &frame->rows[frame->n];
    struct bytes info = cut_between_characters(row->info, ROW_INFO_LIMIT_BYTES);

    if (frame->n == ROW_FRAME_ROWS || (frame->n > 0 && (row->number < frame->rows[0].number ||
                                                        row->number - frame->rows[0].number > UINT32_MAX)))
        return false;
    *to = (struct column_row) {
        .number = row->number,
        .ts_ns = row->ts_ns,
        .len = row->len,
        .device = NO_STRING,
        .info_bytes = (uint16_t)info.len,
        .marks = (uint8_t)(row->marks | (info.len < row->info.len ? ROW_INFO_CUT : 0)),
    };
    if (!string_number(frame, row->source, &to->source) ||
        !string_number(frame, row->destination, &to->destination) ||
        !string_number(frame, row->protocol, &to->protocol) ||
        (row->device.len > 0 && !string_number(frame, row->device, &to->device)) ||
        !buffer_put(&frame->infos, info.data, info.len)) {
        frame->strings.is_full = frame->infos.is_full =
            false; /* what was entered for this row only is let be */
        return false;
    }
    frame->n++;
    return true;
}

/* ---- columns ---- */

static size_t padded(size_t len)
{
    return (len + 3) & ~(size_t)3;
}

struct column_writer {
    uint8_t *at;
};

static void put_u8(struct column_writer *to, uint8_t value)
{
    *to->at++ = value;
}

static void put_u16(struct column_writer *to, uint16_t value)
{
    put_u8(to, (uint8_t)value);
    put_u8(to, (uint8_t)(value >> 8));
}

static void put_u32(struct column_writer *to, uint32_t value)
{
    put_u16(to, (uint16_t)value);
    put_u16(to, (uint16_t)(value >> 16));
}

static void put_u64(struct column_writer *to, uint64_t value)
{
    put_u32(to, (uint32_t)value);
    put_u32(to, (uint32_t)(value >> 32));
}

static void put_bytes(struct column_writer *to, const uint8_t *data, size_t len)
{
    if (len > 0)
        memcpy(to->at, data, len);
    to->at += len;
}

static void put_padding(struct column_writer *to, const uint8_t *begin)
{
    while ((to->at - begin) % 4 != 0)
        put_u8(to, 0);
}

struct frame_shape {
    int64_t earliest_ns;
    bool is_wide;
    size_t bytes;
};

static struct frame_shape shape_of(const struct row_frame *frame)
{
    struct frame_shape shape = { .earliest_ns = frame->rows[0].ts_ns };
    int64_t latest_ns = frame->rows[0].ts_ns;
    size_t n = frame->n;

    for (uint32_t i = 1; i < frame->n; i++) {
        int64_t ts_ns = frame->rows[i].ts_ns;

        shape.earliest_ns = ts_ns < shape.earliest_ns ? ts_ns : shape.earliest_ns;
        latest_ns = ts_ns > latest_ns ? ts_ns : latest_ns;
    }
    shape.is_wide = (uint64_t)latest_ns - (uint64_t)shape.earliest_ns > UINT32_MAX;
    shape.bytes = ROW_FRAME_HEAD_BYTES + n * (shape.is_wide ? 16 : 12) + 5 * padded(2 * n) + padded(n) +
                  padded(2 * (size_t)frame->n_strings) + padded(frame->strings.len) +
                  padded(frame->infos.len);
    return shape;
}

static void put_columns(const struct row_frame *frame, const struct frame_shape *shape, uint32_t flags,
                        uint8_t *begin)
{
    struct column_writer to = { begin };
    const struct column_row *rows = frame->rows;
    uint32_t n = frame->n;

    put_u32(&to, MAGIC);
    put_u32(&to, 0);
    put_u32(&to, n);
    put_u32(&to, flags | (shape->is_wide ? ROW_FRAME_WIDE : 0));
    put_u64(&to, rows[0].number);
    put_u64(&to, (uint64_t)shape->earliest_ns);
    put_u32(&to, frame->n_strings);
    put_u32(&to, (uint32_t)frame->strings.len);
    put_u32(&to, (uint32_t)frame->infos.len);
    put_u32(&to, 0);
    for (uint32_t i = 0; i < n; i++)
        put_u32(&to, (uint32_t)(rows[i].number - rows[0].number));
    for (uint32_t i = 0; i < n; i++)
        put_u32(&to, (uint32_t)((uint64_t)rows[i].ts_ns - (uint64_t)shape->earliest_ns));
    for (uint32_t i = 0; shape->is_wide && i < n; i++)
        put_u32(&to, (uint32_t)(((uint64_t)rows[i].ts_ns - (uint64_t)shape->earliest_ns) >> 32));
    for (uint32_t i = 0; i < n; i++)
        put_u32(&to, rows[i].len);

#define PUT_U16_COLUMN(member)            \
    do {                                  \
        for (uint32_t i = 0; i < n; i++)  \
            put_u16(&to, rows[i].member); \
        put_padding(&to, begin);          \
    } while (0)
    PUT_U16_COLUMN(source);
    PUT_U16_COLUMN(destination);
    PUT_U16_COLUMN(device);
    PUT_U16_COLUMN(protocol);
    PUT_U16_COLUMN(info_bytes);
#undef PUT_U16_COLUMN

    for (uint32_t i = 0; i < n; i++)
        put_u8(&to, rows[i].marks);
    put_padding(&to, begin);
    for (uint32_t i = 0; i < frame->n_strings; i++)
        put_u16(&to, frame->string_bytes[i]);
    put_padding(&to, begin);
    put_bytes(&to, frame->strings.data, frame->strings.len);
    put_padding(&to, begin);
    put_bytes(&to, frame->infos.data, frame->infos.len);
    put_padding(&to, begin);
}

struct shared_bytes *row_frame_end(struct row_frame *frame, uint32_t flags)
{
    struct shared_bytes *bytes = NULL;

    if (frame->n > 0) {
        struct frame_shape shape = shape_of(frame);

        bytes = shared_bytes_new(shape.bytes);
        if (bytes)
            put_columns(frame, &shape, flags & ~(uint32_t)ROW_FRAME_WIDE, bytes->own);
    }
    frame->n = frame->n_strings = 0;
    if (++frame->generation == 0) { /* once in four thousand million frames the marks have to be wiped */
        memset(frame->place_generation, 0, sizeof frame->place_generation);
        frame->generation = 1;
    }
    buffer_empty(&frame->strings);
    buffer_empty(&frame->infos);
    return bytes;
}
