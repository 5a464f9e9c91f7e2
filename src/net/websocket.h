/* SPDX-License-Identifier: Apache-2.0 */
/*
 * websocket - incoming WebSocket frames (RFC 6455 section 5, RFC 7692), either end: pure, bytes in, events
 * out.
 *
 * Messages come whole, unmasked, put together from their fragments, inflated, and text is UTF-8. Whatever the
 * RFC forbids ends it with the close code to send. Answers nothing: pongs and closing are the owner's.
 *
 * Rejected: wslay. It asks for bytes by callbacks, copies each message twice, allocates what a frame's head
 * claims before the payload came, checks compressed text for UTF-8 (so permessage-deflate needs its lower
 * half only, which parses 14 bytes and keeps 4 KiB a connection), answers pings from a queue of its own, and
 * takes a close frame of one byte.
 */
#pragma once

#include "base/buffer.h"
#include "base/reader.h"

struct websocket_inflater;

enum { WEBSOCKET_CONTROL_LIMIT_BYTES = 125 };

enum websocket_opcode {
    WEBSOCKET_CONTINUATION = 0,
    WEBSOCKET_TEXT = 1,
    WEBSOCKET_BINARY = 2,
    WEBSOCKET_CLOSE = 8,
    WEBSOCKET_PING = 9,
    WEBSOCKET_PONG = 10,
};

/* RFC 6455 section 7.4.1 */
enum websocket_close_code {
    WEBSOCKET_CLOSE_NORMAL = 1000,
    WEBSOCKET_CLOSE_GOING_AWAY = 1001,
    WEBSOCKET_CLOSE_PROTOCOL_ERROR = 1002,
    WEBSOCKET_CLOSE_UNSUPPORTED = 1003,
    WEBSOCKET_CLOSE_NO_CODE = 1005,  /* never sent: the peer gave none */
    WEBSOCKET_CLOSE_ABNORMAL = 1006, /* never sent: the connection ended without a close frame */
    WEBSOCKET_CLOSE_INVALID_DATA = 1007,
    WEBSOCKET_CLOSE_POLICY = 1008,
    WEBSOCKET_CLOSE_TOO_BIG = 1009,
    WEBSOCKET_CLOSE_INTERNAL = 1011,
    WEBSOCKET_CLOSE_TRY_AGAIN_LATER = 1013,
};

enum websocket_event {
    WEBSOCKET_EVENT_MORE,    /* all bytes taken: bring more */
    WEBSOCKET_EVENT_MESSAGE, /* opcode text or binary, and payload */
    WEBSOCKET_EVENT_PING,    /* payload: send it back in a pong */
    WEBSOCKET_EVENT_PONG,    /* payload */
    WEBSOCKET_EVENT_CLOSE,   /* close_code, payload is the reason (UTF-8): send a close, then finish */
    WEBSOCKET_EVENT_FAILED,  /* close_code to send, failure says why; nothing more is read */
};

enum websocket_role {
    WEBSOCKET_SERVER, /* reads masked frames */
    WEBSOCKET_CLIENT, /* reads unmasked ones */
};

struct websocket {
    /* of the event told last; payload is valid until the next call, and while the input is */
    enum websocket_opcode opcode;
    struct bytes payload;
    uint16_t close_code;
    const char *failure;

    enum websocket_role role;
    size_t limit_bytes;                  /* of a message, after inflating: 1009 */
    struct websocket_inflater *inflater; /* borrowed; NULL: permessage-deflate was not agreed on */
    int state;
    uint8_t head[14];
    uint8_t n_head, head_len;
    bool is_final, is_control, is_compressed, is_fragmented;
    uint8_t frame_opcode, mask[4], n_control;
    uint8_t control[WEBSOCKET_CONTROL_LIMIT_BYTES];
    uint64_t n_left, n_read; /* of the frame's payload */
    struct buffer message;
};

/* inflater may serve all connections of one thread, because no context is taken over. */
void websocket_init(struct websocket *ws, enum websocket_role role, size_t limit_bytes,
                    struct websocket_inflater *inflater);
void websocket_clear(struct websocket *ws);

/* Reads on from *input, past what it used. After CLOSE and FAILED it takes all bytes and tells no more. */
enum websocket_event websocket_next(struct websocket *ws, struct reader *input);

/* May be sent in a close frame (RFC 6455 section 7.4, and the codes registered since). */
bool websocket_close_code_is_valid(unsigned code);

/* Well-formed UTF-8 throughout (RFC 3629), control characters and all. */
bool websocket_is_text(struct bytes bytes);
