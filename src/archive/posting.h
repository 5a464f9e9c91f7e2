/* SPDX-License-Identifier: Apache-2.0 */
/*
 * posting - lists of block numbers: gathered while a segment is written, encoded into its index, and read
 * back into bits. docs/segment-format.md, section "postings".
 *
 * A conversation's packets come in bursts, so most lists are short: 32 byte pieces from one pool, no
 * allocation a list. roaring bitmaps were rejected: larger for such lists, and their bytes would be our
 * format.
 */
#pragma once

#include "base/buffer.h"
#include "base/reader.h"

enum { POSTING_PIECE_BLOCKS = 7, POSTING_PIECES_LIMIT = 2 * 1024 * 1024 };

struct posting_piece {
    uint32_t next; /* number of the piece before it in time; UINT32_MAX: none */
    uint32_t blocks[POSTING_PIECE_BLOCKS];
};

struct posting_pool {
    struct posting_piece *pieces;
    uint32_t n, cap;
    uint64_t n_overflows; /* lists that now say every block */
};

struct posting {
    uint32_t piece;          /* newest; UINT32_MAX: none */
    uint32_t latest, before; /* the last two blocks marked: repeats are nearly always of these */
    uint32_t n_in_piece;
    bool is_everywhere; /* no room for it: every block */
};

void posting_pool_clear(struct posting_pool *pool);

static inline struct posting posting_none(void)
{
    return (struct posting) { .piece = UINT32_MAX, .latest = UINT32_MAX, .before = UINT32_MAX };
}

void posting_mark_slow(struct posting_pool *pool, struct posting *posting, uint32_t block);

static inline void posting_mark(struct posting_pool *pool, struct posting *posting, uint32_t block)
{
    if (block != posting->latest && block != posting->before)
        posting_mark_slow(pool, posting, block);
}

/* Sets the bits of the list; those at or past n_blocks are left out. */
void posting_bits(const struct posting_pool *pool, const struct posting *posting, uint64_t *bits,
                  uint32_t n_blocks);

static inline size_t posting_words(uint32_t n_blocks) /* of 64 bits, for that many */
{
    return ((size_t)n_blocks + 63) / 64;
}

static inline void posting_set_bit(uint64_t *bits, uint32_t block)
{
    bits[block / 64] |= UINT64_C(1) << (block % 64);
}

static inline bool posting_has_bit(const uint64_t *bits, uint32_t block)
{
    return bits[block / 64] >> (block % 64) & 1;
}

void posting_set_all(uint64_t *bits, uint32_t n_blocks);
uint32_t posting_count(const uint64_t *bits, uint32_t n_blocks);
