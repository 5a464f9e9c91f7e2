/* SPDX-License-Identifier: Apache-2.0 */
/*
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  |F|R|R|R| opcode|M| length 7    | length 16, or 64, when 126, 127 |
 *  |mask 32, when M                | payload …
 */
#include "net/websocket.h"

#include "base/utf8.h"
#include "net/websocket_deflate.h"

enum {
    STATE_HEAD,
    STATE_PAYLOAD,
    STATE_OVER,

    KEPT_MESSAGE_BYTES = 4096, /* memory kept between messages: more is given back */
    FIN = 0x80,
    RSV1 = 0x40,
    RSV2_RSV3 = 0x30,
    MASK = 0x80,
};

void websocket_init(struct websocket *ws, enum websocket_role role, size_t limit_bytes,
                    struct websocket_inflater *inflater)
{
    memset(ws, 0, sizeof *ws);
    ws->role = role;
    ws->limit_bytes = limit_bytes;
    ws->inflater = inflater;
    ws->head_len = 2;
    buffer_init(&ws->message, limit_bytes);
}

void websocket_clear(struct websocket *ws)
{
    buffer_clear(&ws->message);
}

bool websocket_close_code_is_valid(unsigned code)
{
    return (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006) ||
           (code >= 3000 && code <= 4999);
}

bool websocket_is_text(struct bytes bytes)
{
    while (bytes.len > 0) {
        uint32_t character;
        size_t n;

        while (bytes.len >= 8) {
            uint64_t eight;

            memcpy(&eight, bytes.data, 8);
            if (eight & UINT64_C(0x8080808080808080))
                break;
            bytes = bytes_of(bytes.data + 8, bytes.len - 8);
        }
        if (bytes.len == 0)
            return true;
        n = utf8_first(bytes, &character);
        if (n == 0)
            return false;
        bytes = bytes_of(bytes.data + n, bytes.len - n);
    }
    return true;
}

static enum websocket_event fail(struct websocket *ws, unsigned code, const char *why)
{
    ws->state = STATE_OVER;
    ws->close_code = (uint16_t)code;
    ws->failure = why;
    ws->payload = bytes_of(NULL, 0);
    return WEBSOCKET_EVENT_FAILED;
}

static enum websocket_event violate(struct websocket *ws, const char *why)
{
    return fail(ws, WEBSOCKET_CLOSE_PROTOCOL_ERROR, why);
}

static uint8_t head_len(const uint8_t *head)
{
    unsigned length = head[1] & 0x7f;

    return (uint8_t)(2 + (length == 127 ? 8 : length == 126 ? 2 : 0) + (head[1] & MASK ? 4 : 0));
}

/* What the first byte may be now: section 5.2, 5.4; RFC 7692 section 6. */
static enum websocket_event check_opcode(struct websocket *ws)
{
    uint8_t first = ws->head[0];
    bool is_data = ws->frame_opcode == WEBSOCKET_TEXT || ws->frame_opcode == WEBSOCKET_BINARY;

    if (ws->is_control && ws->frame_opcode > WEBSOCKET_PONG)
        return violate(ws, "reserved opcode");
    if (!ws->is_control && ws->frame_opcode > WEBSOCKET_BINARY)
        return violate(ws, "reserved opcode");
    if ((first & RSV2_RSV3) || ((first & RSV1) && !(ws->inflater && is_data)))
        return violate(ws, "reserved bit");
    if (ws->is_control)
        return ws->is_final ? WEBSOCKET_EVENT_MORE : violate(ws, "fragmented control frame");
    if (is_data && ws->is_fragmented)
        return violate(ws, "new message within a fragmented one");
    if (!is_data && !ws->is_fragmented)
        return violate(ws, "continuation of nothing");
    return WEBSOCKET_EVENT_MORE;
}

static void begin_message(struct websocket *ws)
{
    ws->opcode = ws->frame_opcode;
    ws->is_compressed = ws->head[0] & RSV1;
    ws->is_fragmented = true;
    buffer_empty(&ws->message);
}

static enum websocket_event parse_head(struct websocket *ws)
{
    struct reader r = reader_over(bytes_of(ws->head, ws->n_head));
    uint8_t first, second;
    uint16_t length_16 = 0;
    uint64_t length;
    struct bytes mask = { NULL, 0 };
    enum websocket_event event;

    if (!reader_u8(&r, &first) || !reader_u8(&r, &second))
        return violate(ws, "head");
    ws->is_final = first & FIN;
    ws->frame_opcode = first & 0x0f;
    ws->is_control = ws->frame_opcode & 8;
    event = check_opcode(ws);
    if (event != WEBSOCKET_EVENT_MORE)
        return event;
    if (((second & MASK) != 0) != (ws->role == WEBSOCKET_SERVER))
        return violate(ws, second & MASK ? "masked frame of a server" : "unmasked frame of a client");
    length = second & 0x7f;
    if (ws->is_control && length > WEBSOCKET_CONTROL_LIMIT_BYTES)
        return violate(ws, "control frame too long");
    if (length == 126) {
        if (!reader_u16(&r, &length_16) || length_16 < 126)
            return violate(ws, "length not in its shortest form");
        length = length_16;
    } else if (length == 127) {
        if (!reader_u64(&r, &length) || length <= UINT16_MAX || length >> 63)
            return violate(ws, "length not in its shortest form");
    }
    if ((second & MASK) && !reader_bytes(&r, 4, &mask))
        return violate(ws, "head");
    if (mask.data)
        memcpy(ws->mask, mask.data, 4);
    if (!ws->is_control && ws->frame_opcode != WEBSOCKET_CONTINUATION)
        begin_message(ws);
    /* Before its bytes are waited for. What is compressed cannot be longer than what it becomes by much. */
    if (!ws->is_control && (length > ws->limit_bytes || ws->message.len > ws->limit_bytes - length))
        return fail(ws, WEBSOCKET_CLOSE_TOO_BIG, "message too long");
    ws->n_left = length;
    ws->n_read = 0;
    ws->n_control = 0;
    ws->state = STATE_PAYLOAD;
    return WEBSOCKET_EVENT_MORE;
}

static enum websocket_event read_head(struct websocket *ws, struct reader *input)
{
    while (ws->n_head < ws->head_len && reader_u8(input, &ws->head[ws->n_head]))
        if (++ws->n_head == 2)
            ws->head_len = head_len(ws->head);
    return ws->n_head < ws->head_len ? WEBSOCKET_EVENT_MORE : parse_head(ws);
}

/* Section 5.3; at is the offset in the payload of the first byte. */
static void unmask(uint8_t *out, struct bytes in, const uint8_t mask[static 4], uint64_t at)
{
    uint8_t turned[8];
    uint64_t eight, key;
    size_t i = 0;

    for (size_t k = 0; k < 8; k++)
        turned[k] = mask[(at + k) & 3];
    memcpy(&key, turned, 8);
    for (; i + 8 <= in.len; i += 8) {
        memcpy(&eight, in.data + i, 8);
        eight ^= key;
        memcpy(out + i, &eight, 8);
    }
    for (; i < in.len; i++)
        out[i] = in.data[i] ^ turned[i & 7];
}

static enum websocket_event deliver_message(struct websocket *ws, struct bytes payload)
{
    ws->is_fragmented = false;
    if (ws->is_compressed) {
        switch (websocket_inflate(ws->inflater, payload, ws->limit_bytes, &ws->payload)) {
        case WEBSOCKET_INFLATED:
            break;
        case WEBSOCKET_INFLATE_TOO_BIG:
            return fail(ws, WEBSOCKET_CLOSE_TOO_BIG, "message too long when inflated");
        case WEBSOCKET_INFLATE_DAMAGED:
            return fail(ws, WEBSOCKET_CLOSE_INVALID_DATA, "compressed message damaged");
        }
    } else {
        ws->payload = payload;
    }
    if (ws->opcode == WEBSOCKET_TEXT && !websocket_is_text(ws->payload))
        return fail(ws, WEBSOCKET_CLOSE_INVALID_DATA, "text that is not UTF-8");
    return WEBSOCKET_EVENT_MESSAGE;
}

/* Section 5.5.1 */
static enum websocket_event deliver_close(struct websocket *ws)
{
    struct reader r = reader_over(bytes_of(ws->control, ws->n_control));

    ws->state = STATE_OVER;
    ws->payload = bytes_of(NULL, 0);
    ws->close_code = WEBSOCKET_CLOSE_NO_CODE;
    if (reader_left(&r) == 0)
        return WEBSOCKET_EVENT_CLOSE;
    if (!reader_u16(&r, &ws->close_code) || !websocket_close_code_is_valid(ws->close_code))
        return violate(ws, "close code");
    ws->payload = reader_rest(&r);
    if (!websocket_is_text(ws->payload))
        return fail(ws, WEBSOCKET_CLOSE_INVALID_DATA, "close reason that is not UTF-8");
    return WEBSOCKET_EVENT_CLOSE;
}

static enum websocket_event deliver_control(struct websocket *ws)
{
    if (ws->frame_opcode == WEBSOCKET_CLOSE)
        return deliver_close(ws);
    ws->payload = bytes_of(ws->control, ws->n_control);
    return ws->frame_opcode == WEBSOCKET_PING ? WEBSOCKET_EVENT_PING : WEBSOCKET_EVENT_PONG;
}

static enum websocket_event read_payload(struct websocket *ws, struct reader *input)
{
    size_t n = reader_left(input) < ws->n_left ? reader_left(input) : (size_t)ws->n_left;
    bool is_whole = n == ws->n_left;
    struct bytes piece;
    uint8_t *room;

    if (!reader_bytes(input, n, &piece))
        return WEBSOCKET_EVENT_MORE;
    /* A client's usual case, a whole frame in what was read, needs no copy. */
    if (is_whole && ws->role == WEBSOCKET_CLIENT && ws->is_final && !ws->is_control && ws->n_read == 0 &&
        ws->message.len == 0) {
        ws->state = STATE_HEAD;
        ws->n_head = 0;
        ws->head_len = 2;
        return deliver_message(ws, piece);
    }
    if (ws->is_control) {
        unmask(ws->control + ws->n_control, piece, ws->mask, ws->n_read);
        ws->n_control = (uint8_t)(ws->n_control + n);
    } else if (n > 0) {
        room = buffer_room(&ws->message, n);
        if (room == NULL)
            return fail(ws, WEBSOCKET_CLOSE_TOO_BIG, "no memory for the message");
        unmask(room, piece, ws->mask, ws->n_read);
        ws->message.len += n;
    }
    ws->n_read += n;
    ws->n_left -= n;
    if (!is_whole)
        return WEBSOCKET_EVENT_MORE;
    ws->state = STATE_HEAD;
    ws->n_head = 0;
    ws->head_len = 2;
    if (ws->is_control)
        return deliver_control(ws);
    return ws->is_final ? deliver_message(ws, buffer_bytes(&ws->message)) : WEBSOCKET_EVENT_MORE;
}

enum websocket_event websocket_next(struct websocket *ws, struct reader *input)
{
    for (;;) {
        enum websocket_event event;
        int state = ws->state;

        if (state == STATE_OVER) {
            input->at = input->end;
            return WEBSOCKET_EVENT_MORE;
        }
        if (state == STATE_HEAD && !ws->is_fragmented && ws->message.cap > KEPT_MESSAGE_BYTES)
            buffer_clear(&ws->message); /* the event before is done with */
        event = state == STATE_HEAD ? read_head(ws, input) : read_payload(ws, input);
        if (event != WEBSOCKET_EVENT_MORE || (ws->state == state && reader_left(input) == 0))
            return event;
    }
}
