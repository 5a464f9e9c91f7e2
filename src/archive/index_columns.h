/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index_columns - tables of an index, written a column at a time and each byte of its numbers apart: what
 * repeats is packed by zstd, what does not stands as it is. docs/segment-format.md, "Columns". Internal to
 * this folder.
 *
 * Rejected: rows packed whole (a third larger: numbers of different kinds share one code), bits packed by
 * hand (a fiftieth smaller).
 */
#pragma once

#include "base/buffer.h"
#include "base/reader.h"

enum {
    COLUMN_PLANES = 8,                   /* bytes of a number */
    COLUMNS_RAW_LIMIT_BYTES = 192 << 20, /* of one section, unpacked */
    COLUMNS_AT_ONCE = 64,                /* columns of one section */
};

/* ---- writing ---- */

struct column_writer {
    struct buffer *to;
    struct buffer packed; /* room */
    struct ZSTD_CCtx_s *zstd;
    int level; /* COLUMN_LEVEL, but for what repeats in longer runs */
};

enum { COLUMN_LEVEL = 1, COLUMN_LEVEL_OF_RUNS = 7 };

bool column_writer_init(struct column_writer *writer, struct buffer *to);
void column_writer_clear(struct column_writer *writer);

/* Both answer false as buffer_put. */
bool column_put_bytes(struct column_writer *writer, struct bytes bytes);
bool column_put_numbers(struct column_writer *writer, const uint64_t *numbers, uint32_t n);

/* ---- reading ---- */

struct column_numbers { /* n numbers, the way they lie in the section */
    uint64_t base;
    uint32_t n;
    uint8_t n_planes;
    const uint8_t *planes[COLUMN_PLANES];
};

static inline uint64_t column_number(const struct column_numbers *numbers, uint32_t i)
{
    uint64_t number = 0;

    for (unsigned k = 0; k < numbers->n_planes; k++)
        number |= (uint64_t)numbers->planes[k][i] << 8 * k;
    return number + numbers->base;
}

/* The low 32 bits of all of them into numbers->n places, a plane at a time: quick. */
void column_spread(const struct column_numbers *numbers, uint32_t *to);

struct column_reader {
    struct reader rest;
    size_t n_raw; /* unpacked so far */
    uint32_t n_owned;
    void *owned[COLUMNS_AT_ONCE]; /* what was unpacked: lives until column_reader_clear */
};

void column_reader_init(struct column_reader *reader, struct bytes section);
void column_reader_clear(struct column_reader *reader);

/* False: it makes no sense, or there is no memory. */
bool column_take_bytes(struct column_reader *reader, struct bytes *bytes);
bool column_take_numbers(struct column_reader *reader, uint32_t n, struct column_numbers *numbers);
