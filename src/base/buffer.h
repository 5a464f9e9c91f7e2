/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buffer - growing output with a ceiling fixed at init. A put that would pass the ceiling, or finds no
 * memory, leaves the buffer as it was, sets is_full, and answers false; so a run of puts may be
 * checked once, at its end, by is_full.
 */
#pragma once

#include "base/bytes.h"

struct buffer {
    uint8_t *data;
    size_t len;
    size_t cap;
    size_t limit_bytes;
    bool is_full;
};

void buffer_init(struct buffer *buffer, size_t limit_bytes);
void buffer_clear(struct buffer *buffer); /* frees; the buffer may be used again */
void buffer_empty(struct buffer *buffer); /* len = 0, keeps the memory */

/* Room for n more bytes at data + len, which the caller fills and adds to len; NULL when over the limit. */
uint8_t *buffer_room(struct buffer *buffer, size_t n);

bool buffer_put(struct buffer *buffer, const void *data, size_t len);
bool buffer_put_u8(struct buffer *buffer, uint8_t value);
bool buffer_put_u16le(struct buffer *buffer, uint16_t value);
bool buffer_put_u32le(struct buffer *buffer, uint32_t value);
bool buffer_put_u64le(struct buffer *buffer, uint64_t value);
bool buffer_put_varint(struct buffer *buffer, uint64_t value); /* LEB128 */
bool buffer_put_text(struct buffer *buffer, const char *text);
__attribute__((format(printf, 2, 3))) bool buffer_printf(struct buffer *buffer, const char *format, ...);

static inline struct bytes buffer_bytes(const struct buffer *buffer)
{
    return (struct bytes) { buffer->data, buffer->len };
}
