/* SPDX-License-Identifier: Apache-2.0 */
#include "net/websocket_frame.h"

enum {
    FIN = 0x80,
    RSV1 = 0x40,
    MASK = 0x80,
    REASON_LIMIT_BYTES = WEBSOCKET_CONTROL_LIMIT_BYTES - 2,
};

/* Without the mask itself; answers the head's length. */
static size_t put_head(uint8_t head[static WEBSOCKET_HEAD_LIMIT_BYTES], uint8_t first, uint8_t mask_bit,
                       uint64_t payload_len)
{
    size_t n_length = payload_len < 126 ? 0 : payload_len <= UINT16_MAX ? 2 : 8;

    head[0] = first;
    head[1] = (uint8_t)(mask_bit | (n_length == 0 ? payload_len : n_length == 2 ? 126 : 127));
    for (size_t i = 0; i < n_length; i++)
        head[2 + i] = (uint8_t)(payload_len >> (8 * (n_length - 1 - i)));
    return 2 + n_length;
}

static struct shared_bytes *frame_new(uint8_t first, struct bytes payload, const uint8_t *mask)
{
    uint8_t head[WEBSOCKET_HEAD_LIMIT_BYTES];
    size_t n = put_head(head, first, mask ? MASK : 0, payload.len);
    struct shared_bytes *frame = shared_bytes_new(n + (mask ? 4 : 0) + payload.len);

    if (frame == NULL)
        return NULL;
    memcpy(frame->own, head, n);
    if (mask) {
        memcpy(frame->own + n, mask, 4);
        n += 4;
    }
    for (size_t i = 0; mask && i < payload.len; i++)
        frame->own[n + i] = payload.data[i] ^ mask[i & 3];
    if (mask == NULL && payload.len > 0)
        memcpy(frame->own + n, payload.data, payload.len);
    return frame;
}

struct shared_bytes *websocket_frame_new(enum websocket_opcode opcode, struct bytes payload)
{
    return frame_new((uint8_t)(FIN | opcode), payload, NULL);
}

struct shared_bytes *websocket_frame_new_deflated(enum websocket_opcode opcode, struct bytes payload,
                                                  struct websocket_deflater *deflater)
{
    struct shared_bytes *frame;
    struct buffer deflated;

    buffer_init(&deflated, payload.len + 64);
    if (websocket_deflate(deflater, payload, &deflated))
        frame = frame_new((uint8_t)(FIN | RSV1 | opcode), buffer_bytes(&deflated), NULL);
    else
        frame = websocket_frame_new(opcode, payload);
    buffer_clear(&deflated);
    return frame;
}

struct shared_bytes *websocket_frame_head_new(enum websocket_opcode opcode, uint64_t payload_len)
{
    uint8_t head[WEBSOCKET_HEAD_LIMIT_BYTES];

    return shared_bytes_copy(bytes_of(head, put_head(head, (uint8_t)(FIN | opcode), 0, payload_len)));
}

struct shared_bytes *websocket_frame_close_new(unsigned code, const char *reason)
{
    uint8_t payload[WEBSOCKET_CONTROL_LIMIT_BYTES] = { (uint8_t)(code >> 8), (uint8_t)code };
    size_t len = strlen(reason);

    if (code == WEBSOCKET_CLOSE_NO_CODE)
        return websocket_frame_new(WEBSOCKET_CLOSE, bytes_of(NULL, 0));
    if (len > REASON_LIMIT_BYTES) {
        len = REASON_LIMIT_BYTES;
        while (len > 0 && ((uint8_t)reason[len] & 0xc0) == 0x80)
            len--;
    }
    memcpy(payload + 2, reason, len);
    return websocket_frame_new(WEBSOCKET_CLOSE, bytes_of(payload, 2 + len));
}

struct shared_bytes *websocket_frame_masked_new(enum websocket_opcode opcode, struct bytes payload,
                                                const uint8_t mask[static 4])
{
    return frame_new((uint8_t)(FIN | opcode), payload, mask);
}
