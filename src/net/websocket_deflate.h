/* SPDX-License-Identifier: Apache-2.0 */
/*
 * websocket_deflate - the two halves of permessage-deflate (RFC 7692 section 7.2) without context takeover:
 * each message stands alone, so one deflated frame fits every connection, and the state (some 300 KiB here,
 * 40 KiB there) is one a thread, not one a connection.
 *
 * Raw deflate by zlib, ended by an empty stored block whose four last bytes are left out. Rejected:
 * libdeflate, faster, but it can only end a stream, which the RFC allows and not every client takes.
 */
#pragma once

#include "base/buffer.h"
#include "base/error.h"

struct websocket_deflater;
struct websocket_inflater;

/* level: zlib's, 1 to 9. NULL, with *error set, when there is no memory. */
struct websocket_deflater *websocket_deflater_new(int level, struct error *error);
void websocket_deflater_free(struct websocket_deflater *deflater);

/*
 * Appends the deflated form of payload to out. False when that is not shorter, or out is full: then out is as
 * it was, and the message is to be sent plain.
 */
bool websocket_deflate(struct websocket_deflater *deflater, struct bytes payload, struct buffer *out);

enum websocket_inflate {
    WEBSOCKET_INFLATED,
    WEBSOCKET_INFLATE_TOO_BIG,
    WEBSOCKET_INFLATE_DAMAGED,
};

/* NULL, with *error set, when there is no memory. */
struct websocket_inflater *websocket_inflater_new(struct error *error);
void websocket_inflater_free(struct websocket_inflater *inflater);

/* *message is valid until the next call with the same inflater. */
enum websocket_inflate websocket_inflate(struct websocket_inflater *inflater, struct bytes deflated,
                                         size_t limit_bytes, struct bytes *message);
