/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { BUFFER_FIRST_BYTES = 256 };

void buffer_init(struct buffer *buffer, size_t limit_bytes)
{
    *buffer = (struct buffer) { .limit_bytes = limit_bytes };
}

void buffer_clear(struct buffer *buffer)
{
    free(buffer->data);
    buffer_init(buffer, buffer->limit_bytes);
}

void buffer_empty(struct buffer *buffer)
{
    buffer->len = 0;
    buffer->is_full = false;
}

uint8_t *buffer_room(struct buffer *buffer, size_t n)
{
    size_t cap = buffer->cap;
    uint8_t *data;

    if (n <= buffer->cap - buffer->len)
        return buffer->data + buffer->len;
    if (n > buffer->limit_bytes - buffer->len) {
        buffer->is_full = true;
        return NULL;
    }
    if (cap == 0)
        cap = buffer->limit_bytes < BUFFER_FIRST_BYTES ? buffer->limit_bytes : BUFFER_FIRST_BYTES;
    while (cap - buffer->len < n)
        cap = cap > buffer->limit_bytes / 2 ? buffer->limit_bytes : cap * 2;
    data = realloc(buffer->data, cap);
    if (data == NULL) {
        buffer->is_full = true;
        return NULL;
    }
    buffer->data = data;
    buffer->cap = cap;
    return data + buffer->len;
}

bool buffer_put(struct buffer *buffer, const void *data, size_t len)
{
    uint8_t *room;

    if (len == 0)
        return true;
    room = buffer_room(buffer, len);
    if (room == NULL)
        return false;
    memcpy(room, data, len);
    buffer->len += len;
    return true;
}

bool buffer_put_u8(struct buffer *buffer, uint8_t value)
{
    return buffer_put(buffer, &value, 1);
}

static bool put_little_endian(struct buffer *buffer, uint64_t value, size_t n)
{
    uint8_t bytes[8];

    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
    return buffer_put(buffer, bytes, n);
}

bool buffer_put_u16le(struct buffer *buffer, uint16_t value)
{
    return put_little_endian(buffer, value, 2);
}

bool buffer_put_u32le(struct buffer *buffer, uint32_t value)
{
    return put_little_endian(buffer, value, 4);
}

bool buffer_put_u64le(struct buffer *buffer, uint64_t value)
{
    return put_little_endian(buffer, value, 8);
}

bool buffer_put_varint(struct buffer *buffer, uint64_t value)
{
    uint8_t bytes[10];
    size_t n = 0;

    while (value >= 0x80) {
        bytes[n++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    bytes[n++] = (uint8_t)value;
    return buffer_put(buffer, bytes, n);
}

bool buffer_put_text(struct buffer *buffer, const char *text)
{
    return buffer_put(buffer, text, strlen(text));
}

bool buffer_printf(struct buffer *buffer, const char *format, ...)
{
    va_list args;
    char *room;
    int n;

    va_start(args, format);
    n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n < 0)
        return false;
    room = (char *)buffer_room(buffer, (size_t)n + 1);
    if (room == NULL)
        return false;
    va_start(args, format);
    vsnprintf(room, (size_t)n + 1, format, args);
    va_end(args);
    buffer->len += (size_t)n;
    return true;
}
