/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pcapng_option - the words and options that pcapng blocks are made of, read in either byte order.
 *
 *   code u16 | length u16 | value, padded to 4 | ... | opt_endofopt
 *
 * For pcapng_read.c, which knows the blocks.
 */
#pragma once

#include "base/reader.h"

enum {
    BLOCK_SECTION = 0x0a0d0d0a,
    BLOCK_INTERFACE = 1,
    BLOCK_OLD_PACKET = 2, /* obsolete, its options are those of an enhanced one */
    BLOCK_SIMPLE_PACKET = 3,
    BLOCK_NAMES = 4,
    BLOCK_STATISTICS = 5,
    BLOCK_PACKET = 6,
    BLOCK_SECRETS = 10,
};

#define PCAPNG_CHECKED __attribute__((warn_unused_result)) static inline

PCAPNG_CHECKED bool read_u16(struct reader *r, bool is_big, uint16_t *value)
{
    return is_big ? reader_u16(r, value) : reader_u16le(r, value);
}

PCAPNG_CHECKED bool read_u32(struct reader *r, bool is_big, uint32_t *value)
{
    return is_big ? reader_u32(r, value) : reader_u32le(r, value);
}

PCAPNG_CHECKED bool read_u64(struct reader *r, bool is_big, uint64_t *value)
{
    return is_big ? reader_u64(r, value) : reader_u64le(r, value);
}

static inline size_t round_up_to_word(size_t n)
{
    return (n + 3) & ~(size_t)3;
}

enum pcapng_option_result { OPTION_NEXT, OPTION_END, OPTION_BAD };

struct option_view {
    uint16_t code;
    struct bytes value;
};

PCAPNG_CHECKED enum pcapng_option_result next_option(struct reader *r, bool is_big,
                                                     struct option_view *option)
{
    uint16_t len;

    if (reader_left(r) == 0)
        return OPTION_END;
    if (!read_u16(r, is_big, &option->code) || !read_u16(r, is_big, &len))
        return OPTION_BAD;
    if (option->code == 0)
        return OPTION_END;
    if (!reader_bytes(r, len, &option->value) || !reader_skip(r, -(size_t)len & 3))
        return OPTION_BAD;
    return OPTION_NEXT;
}

static inline size_t option_bytes(const struct option_view *option)
{
    return 4 + round_up_to_word(option->value.len);
}

/*
 * Writes one option of such a block little endian, padded, where the caller made room for option_bytes;
 * returns behind it. Numbers within the value are turned.
 */
uint8_t *pcapng_store_option(uint8_t *at, uint32_t block_type, const struct option_view *option);
