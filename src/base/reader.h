/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader - a bounded cursor over borrowed bytes: the only way bytes from outside are parsed.
 *
 * Every call checks what is left, moves on only when it succeeds, and must have its answer looked at.
 * A length-prefixed part gets a reader of its own by reader_sub, so that it cannot run over.
 */
#pragma once

#include "base/bytes.h"

struct reader {
    const uint8_t *at;
    const uint8_t *end;
};

#define READER_CHECKED __attribute__((warn_unused_result)) static inline

READER_CHECKED struct reader reader_over(struct bytes bytes)
{
    const uint8_t *at = bytes.data ? bytes.data : (const uint8_t *)""; /* NULL + 0 is undefined in C */

    return (struct reader) { at, at + bytes.len };
}

READER_CHECKED size_t reader_left(const struct reader *r)
{
    return (size_t)(r->end - r->at);
}

READER_CHECKED struct bytes reader_rest(const struct reader *r)
{
    return (struct bytes) { r->at, reader_left(r) };
}

READER_CHECKED bool reader_skip(struct reader *r, size_t n)
{
    if (reader_left(r) < n)
        return false;
    r->at += n;
    return true;
}

READER_CHECKED bool reader_u8(struct reader *r, uint8_t *value)
{
    if (reader_left(r) < 1)
        return false;
    *value = *r->at++;
    return true;
}

/* Big endian, as the network has it. */
READER_CHECKED bool reader_u16(struct reader *r, uint16_t *value)
{
    if (reader_left(r) < 2)
        return false;
    *value = (uint16_t)(r->at[0] << 8 | r->at[1]);
    r->at += 2;
    return true;
}

READER_CHECKED bool reader_u24(struct reader *r, uint32_t *value)
{
    if (reader_left(r) < 3)
        return false;
    *value = (uint32_t)r->at[0] << 16 | (uint32_t)r->at[1] << 8 | r->at[2];
    r->at += 3;
    return true;
}

READER_CHECKED bool reader_u32(struct reader *r, uint32_t *value)
{
    if (reader_left(r) < 4)
        return false;
    *value = (uint32_t)r->at[0] << 24 | (uint32_t)r->at[1] << 16 | (uint32_t)r->at[2] << 8 | r->at[3];
    r->at += 4;
    return true;
}

READER_CHECKED bool reader_u48(struct reader *r, uint64_t *value)
{
    if (reader_left(r) < 6)
        return false;
    *value = 0;
    for (int i = 0; i < 6; i++)
        *value = *value << 8 | r->at[i];
    r->at += 6;
    return true;
}

READER_CHECKED bool reader_u64(struct reader *r, uint64_t *value)
{
    uint32_t high, low;

    if (reader_left(r) < 8)
        return false;
    if (!reader_u32(r, &high) || !reader_u32(r, &low))
        return false;
    *value = (uint64_t)high << 32 | low;
    return true;
}

/* Little endian, as our files and most capture files have it. */
READER_CHECKED bool reader_u16le(struct reader *r, uint16_t *value)
{
    if (reader_left(r) < 2)
        return false;
    *value = (uint16_t)(r->at[1] << 8 | r->at[0]);
    r->at += 2;
    return true;
}

READER_CHECKED bool reader_u32le(struct reader *r, uint32_t *value)
{
    if (reader_left(r) < 4)
        return false;
    *value = (uint32_t)r->at[3] << 24 | (uint32_t)r->at[2] << 16 | (uint32_t)r->at[1] << 8 | r->at[0];
    r->at += 4;
    return true;
}

READER_CHECKED bool reader_u64le(struct reader *r, uint64_t *value)
{
    uint32_t high, low;

    if (reader_left(r) < 8)
        return false;
    if (!reader_u32le(r, &low) || !reader_u32le(r, &high))
        return false;
    *value = (uint64_t)high << 32 | low;
    return true;
}

/* Borrows the next len bytes. */
READER_CHECKED bool reader_bytes(struct reader *r, size_t len, struct bytes *bytes)
{
    if (reader_left(r) < len)
        return false;
    *bytes = (struct bytes) { r->at, len };
    r->at += len;
    return true;
}

/* A reader of its own over the next len bytes, which this one passes over. */
READER_CHECKED bool reader_sub(struct reader *r, size_t len, struct reader *sub)
{
    if (reader_left(r) < len)
        return false;
    *sub = (struct reader) { r->at, r->at + len };
    r->at += len;
    return true;
}

/* LEB128, at most 64 bits; refuses an overlong or unfinished number. */
READER_CHECKED bool reader_varint(struct reader *r, uint64_t *value)
{
    uint64_t result = 0;

    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte;

        if (!reader_u8(r, &byte))
            return false;
        if (shift == 63 && byte > 1)
            return false;
        result |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *value = result;
            return true;
        }
    }
    return false;
}
