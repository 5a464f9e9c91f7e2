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

static bool put_bitmap(struct buffer *buffer, const uint64_t *bits, uint32_t n_blocks)
{
    for (uint32_t i = 0; i < (n_blocks + 7) / 8; i++) {
        if (!buffer_put_u8(buffer, (uint8_t)(bits[i / 8] >> (i % 8 * 8))))
            return false;
    }
    return true;
}

/* Rice coding: how many low bits of a gap stand as they are, from what both sides know. */
static unsigned rice_bits(uint64_t n, uint32_t n_blocks)
{
    uint64_t mean = n ? (n_blocks - n) * 11 / 16 / n : 0;

    return mean ? 63 - (unsigned)__builtin_clzll(mean) : 0;
}

struct bit_writer { /* the least significant bit of a byte comes first */
    struct buffer *buffer;
    uint64_t held;
    unsigned n_held;
};

static void put_bits(struct bit_writer *w, uint64_t bits, unsigned n)
{
    w->held |= bits << w->n_held;
    w->n_held += n;
    while (w->n_held >= 8) {
        buffer_put_u8(w->buffer, (uint8_t)w->held);
        w->held >>= 8;
        w->n_held -= 8;
    }
}

static void put_gap(struct bit_writer *w, uint32_t gap, unsigned k)
{
    for (uint32_t ones = gap >> k; ones; ones--)
        put_bits(w, 1, 1);
    put_bits(w, (uint64_t)(gap & ((UINT32_C(1) << k) - 1)) << 1, k + 1);
}

/* How many bits the gaps take. */
static uint64_t rice_size(const uint64_t *bits, uint32_t n_blocks, unsigned k)
{
    uint64_t size = 0;
    uint32_t next = 0;

    for (size_t word = 0; word < posting_words(n_blocks); word++) {
        for (uint64_t rest = bits[word]; rest; rest &= rest - 1) {
            uint32_t block = (uint32_t)(word * 64) + (uint32_t)__builtin_ctzll(rest);

            size += ((block - next) >> k) + 1 + k;
            next = block + 1;
        }
    }
    return size;
}

bool posting_encode(struct buffer *buffer, const uint64_t *bits, uint32_t n_blocks)
{
    uint32_t n = posting_count(bits, n_blocks);
    unsigned k = rice_bits(n, n_blocks);
    struct bit_writer w = { .buffer = buffer };
    uint32_t next = 0; /* the least block that may follow */

    if (n > 1 && rice_size(bits, n_blocks, k) >= n_blocks)
        return buffer_put_varint(buffer, (uint64_t)n << 1 | 1) && put_bitmap(buffer, bits, n_blocks);
    buffer_put_varint(buffer, (uint64_t)n << 1);
    for (size_t word = 0; word < posting_words(n_blocks); word++) {
        for (uint64_t rest = bits[word]; rest; rest &= rest - 1) {
            uint32_t block = (uint32_t)(word * 64) + (uint32_t)__builtin_ctzll(rest);

            put_gap(&w, block - next, k);
            next = block + 1;
        }
    }
    if (w.n_held)
        put_bits(&w, 0, 8 - w.n_held);
    return !buffer->is_full;
}

struct bit_reader {
    struct reader *r;
    uint64_t held;
    unsigned n_held;
};

static bool take_bits(struct bit_reader *b, unsigned n, uint64_t *bits)
{
    while (b->n_held < n) {
        uint8_t byte;

        if (!reader_u8(b->r, &byte))
            return false;
        b->held |= (uint64_t)byte << b->n_held;
        b->n_held += 8;
    }
    *bits = b->held & ((UINT64_C(1) << n) - 1);
    b->held >>= n;
    b->n_held -= n;
    return true;
}

/* k is at most 31, what is held at most 39 bits. */
static bool take_gap(struct bit_reader *b, unsigned k, uint32_t n_blocks, uint64_t *gap)
{
    uint64_t ones = 0, bit, low;

    do {
        if (!take_bits(b, 1, &bit) || ones > n_blocks)
            return false;
        ones += bit;
    } while (bit);
    if (!take_bits(b, k, &low))
        return false;
    *gap = ones << k | low;
    return true;
}

bool posting_decode(struct reader r, uint64_t *bits, uint32_t n_blocks)
{
    struct bit_reader b = { .r = &r };
    uint64_t head, next = 0;
    struct bytes bitmap;
    unsigned k;

    if (!reader_varint(&r, &head) || head >> 1 > n_blocks)
        return false;
    if (head & 1) {
        if (!reader_bytes(&r, ((size_t)n_blocks + 7) / 8, &bitmap))
            return false;
        for (uint32_t block = 0; block < n_blocks; block++) {
            if (bitmap.data[block / 8] >> (block % 8) & 1)
                posting_set_bit(bits, block);
        }
        return true;
    }
    k = rice_bits(head >> 1, n_blocks);
    for (uint64_t n = head >> 1; n; n--) {
        uint64_t gap;

        if (!take_gap(&b, k, n_blocks, &gap) || gap >= n_blocks || next + gap >= n_blocks)
            return false;
        posting_set_bit(bits, (uint32_t)(next + gap));
        next += gap + 1;
    }
    return true;
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
