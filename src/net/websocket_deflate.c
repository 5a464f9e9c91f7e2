/* SPDX-License-Identifier: Apache-2.0 */
#include "net/websocket_deflate.h"

#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

enum {
    WINDOW_BITS = -15, /* negative: no zlib head and checksum */
    DEFLATE_MEMORY_LEVEL = 8,
    INFLATE_STEP_BYTES = 16 * 1024,
    KEPT_BYTES = 256 * 1024,
};

static const uint8_t stored_block_end[4] = { 0x00, 0x00, 0xff, 0xff };

struct websocket_deflater {
    z_stream stream;
};

struct websocket_inflater {
    z_stream stream;
    struct buffer message;
};

struct websocket_deflater *websocket_deflater_new(int level, struct error *error)
{
    struct websocket_deflater *deflater = calloc(1, sizeof *deflater);

    if (deflater == NULL || deflateInit2(&deflater->stream, level, Z_DEFLATED, WINDOW_BITS,
                                         DEFLATE_MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK) {
        error_set(error, ERROR_SYSTEM, "no memory to compress WebSocket messages");
        free(deflater);
        return NULL;
    }
    return deflater;
}

void websocket_deflater_free(struct websocket_deflater *deflater)
{
    if (deflater == NULL)
        return;
    deflateEnd(&deflater->stream);
    free(deflater);
}

bool websocket_deflate(struct websocket_deflater *deflater, struct bytes payload, struct buffer *out)
{
    z_stream *stream = &deflater->stream;
    uint8_t *room;
    size_t n;

    if (payload.len < 16 || payload.len > INT_MAX)
        return false;
    /* Room for one byte less than what it would save; the tail is cut off again. */
    room = buffer_room(out, payload.len + sizeof stored_block_end);
    if (room == NULL || deflateReset(stream) != Z_OK)
        return false;
    stream->next_in = (Bytef *)(uintptr_t)payload.data;
    stream->avail_in = (uInt)payload.len;
    stream->next_out = room;
    stream->avail_out = (uInt)(payload.len + sizeof stored_block_end - 1);
    if (deflate(stream, Z_SYNC_FLUSH) != Z_OK || stream->avail_in > 0 || stream->avail_out == 0)
        return false;
    n = (size_t)(stream->next_out - room);
    if (n < sizeof stored_block_end ||
        memcmp(room + n - sizeof stored_block_end, stored_block_end, sizeof stored_block_end) != 0)
        return false;
    out->len += n - sizeof stored_block_end;
    return true;
}

struct websocket_inflater *websocket_inflater_new(struct error *error)
{
    struct websocket_inflater *inflater = calloc(1, sizeof *inflater);

    if (inflater == NULL || inflateInit2(&inflater->stream, WINDOW_BITS) != Z_OK) {
        error_set(error, ERROR_SYSTEM, "no memory to unpack WebSocket messages");
        free(inflater);
        return NULL;
    }
    return inflater;
}

void websocket_inflater_free(struct websocket_inflater *inflater)
{
    if (inflater == NULL)
        return;
    inflateEnd(&inflater->stream);
    buffer_clear(&inflater->message);
    free(inflater);
}

/* Inflates what stream->next_in has; answers as inflate(), or Z_MEM_ERROR when the message gets too long. */
static int inflate_all(struct websocket_inflater *inflater)
{
    z_stream *stream = &inflater->stream;
    struct buffer *message = &inflater->message;

    for (;;) {
        size_t left = message->limit_bytes - message->len;
        size_t step = left < INFLATE_STEP_BYTES ? left : INFLATE_STEP_BYTES;
        uint8_t spill; /* when the message is as long as it may be: does anything follow? */
        uint8_t *room = step ? buffer_room(message, step) : &spill;
        int status;

        if (room == NULL)
            return Z_MEM_ERROR;
        stream->next_out = room;
        stream->avail_out = step ? (uInt)step : 1;
        status = inflate(stream, Z_SYNC_FLUSH);
        if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
            return status;
        if (step == 0 && stream->avail_out == 0)
            return Z_MEM_ERROR;
        if (step)
            message->len += step - stream->avail_out;
        if (status == Z_STREAM_END || stream->avail_out > 0)
            return status;
    }
}

enum websocket_inflate websocket_inflate(struct websocket_inflater *inflater, struct bytes deflated,
                                         size_t limit_bytes, struct bytes *message)
{
    z_stream *stream = &inflater->stream;
    int status;

    if (inflater->message.cap > KEPT_BYTES)
        buffer_clear(&inflater->message);
    buffer_empty(&inflater->message);
    inflater->message.limit_bytes = limit_bytes > inflater->message.cap ? limit_bytes : inflater->message.cap;
    if (deflated.len > INT_MAX || inflateReset(stream) != Z_OK)
        return WEBSOCKET_INFLATE_DAMAGED;
    stream->next_in = (Bytef *)(uintptr_t)deflated.data;
    stream->avail_in = (uInt)deflated.len;
    status = deflated.len ? inflate_all(inflater) : Z_OK;
    if (status == Z_OK || status == Z_BUF_ERROR) {
        stream->next_in = (Bytef *)(uintptr_t)stored_block_end;
        stream->avail_in = sizeof stored_block_end;
        status = inflate_all(inflater);
    }
    if (status == Z_MEM_ERROR || inflater->message.len > limit_bytes)
        return WEBSOCKET_INFLATE_TOO_BIG;
    /* Ended by a final block (section 7.2.3.4), it has at most that block's padding behind it; else it stands
     * at the end of the empty block, which data_type tells by 128. */
    if (status == Z_STREAM_END ? stream->avail_in > sizeof stored_block_end
                               : (status != Z_OK && status != Z_BUF_ERROR) || !(stream->data_type & 128))
        return WEBSOCKET_INFLATE_DAMAGED;
    *message = buffer_bytes(&inflater->message);
    return WEBSOCKET_INFLATED;
}
