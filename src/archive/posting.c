/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/posting.h"

#include <stdlib.h>

#include "base/huge_pages.h"

enum { PIECES_FIRST = 1024 };

void posting_pool_clear(struct posting_pool *pool)
{
    free(pool->pieces);
    *pool = (struct posting_pool) { 0 };
}

static bool take_piece(struct posting_pool *pool, struct posting *posting)
{
    if (pool->n == pool->cap) {
        uint32_t cap = pool->cap ? pool->cap * 2 : PIECES_FIRST;
        struct posting_piece *pieces;

        if (cap > POSTING_PIECES_LIMIT)
            return false;
        pieces = realloc(pool->pieces, cap * sizeof *pieces);
        if (pieces == NULL)
            return false;
        huge_pages_wish(pieces, cap * sizeof *pieces);
        pool->pieces = pieces;
        pool->cap = cap;
    }
    pool->pieces[pool->n].next = posting->piece;
    posting->piece = pool->n++;
    posting->n_in_piece = 0;
    return true;
}

void posting_mark_slow(struct posting_pool *pool, struct posting *posting, uint32_t block)
{
    if (posting->is_everywhere)
        return;
    if ((posting->piece == UINT32_MAX || posting->n_in_piece == POSTING_PIECE_BLOCKS) &&
        !take_piece(pool, posting)) {
        posting->is_everywhere = true;
        pool->n_overflows++;
        return;
    }
    pool->pieces[posting->piece].blocks[posting->n_in_piece++] = block;
    posting->before = posting->latest;
    posting->latest = block;
}

void posting_bits(const struct posting_pool *pool, const struct posting *posting, uint64_t *bits,
                  uint32_t n_blocks)
{
    uint32_t n = posting->n_in_piece;

    if (posting->is_everywhere) {
        posting_set_all(bits, n_blocks);
        return;
    }
    for (uint32_t p = posting->piece; p != UINT32_MAX; p = pool->pieces[p].next) {
        for (uint32_t i = 0; i < n; i++) {
            if (pool->pieces[p].blocks[i] < n_blocks)
                posting_set_bit(bits, pool->pieces[p].blocks[i]);
        }
        n = POSTING_PIECE_BLOCKS; /* only the newest piece is partly filled */
    }
}

void posting_set_all(uint64_t *bits, uint32_t n_blocks)
{
    for (uint32_t block = 0; block < n_blocks; block++)
        posting_set_bit(bits, block);
}

uint32_t posting_count(const uint64_t *bits, uint32_t n_blocks)
{
    uint32_t n = 0;

    for (size_t word = 0; word < posting_words(n_blocks); word++)
        n += (uint32_t)__builtin_popcountll(bits[word]);
    return n;
}
