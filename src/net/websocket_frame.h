/* SPDX-License-Identifier: Apache-2.0 */
/*
 * websocket_frame - outgoing WebSocket frames (RFC 6455 section 5.2): made once, sent to many.
 *
 * A server's frame is the same for everyone, so it is a shared_bytes; each connection's queue holds a
 * reference. What is large and shared already goes behind a head of its own.
 */
#pragma once

#include "net/shared_bytes.h"
#include "net/websocket.h"
#include "net/websocket_deflate.h"

enum { WEBSOCKET_HEAD_LIMIT_BYTES = 14 };

/* A whole, final frame with a copy of payload. NULL when there is no memory. */
struct shared_bytes *websocket_frame_new(enum websocket_opcode opcode, struct bytes payload);

/* The same deflated, for connections that agreed on it; plain when that is not shorter. NULL: no memory. */
struct shared_bytes *websocket_frame_new_deflated(enum websocket_opcode opcode, struct bytes payload,
                                                  struct websocket_deflater *deflater);

/* Only the head of a final frame of payload_len bytes, which are to be sent behind it. NULL: no memory. */
struct shared_bytes *websocket_frame_head_new(enum websocket_opcode opcode, uint64_t payload_len);

/*
 * A close frame (section 5.5.1); code WEBSOCKET_CLOSE_NO_CODE: without one. The reason is cut to 123 bytes,
 * at a character's border. NULL when there is no memory.
 */
struct shared_bytes *websocket_frame_close_new(unsigned code, const char *reason);

/* A client's frame, masked with four bytes that its peer cannot foresee. NULL when there is no memory. */
struct shared_bytes *websocket_frame_masked_new(enum websocket_opcode opcode, struct bytes payload,
                                                const uint8_t mask[static 4]);
