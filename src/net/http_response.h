/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_response - the head of an HTTP/1.1 response, and bodies whose length is not known beforehand (RFC 9112
 * sections 4 and 7.1), appended to a buffer.
 *
 * A header that could end its line is refused, whoever made it: with CR, LF or NUL in a value a stranger's
 * text would become a header, or a second response. As with the buffer, a fault is kept: a run of calls is
 * checked once, by http_response_end…(), and what was begun is then taken back.
 */
#pragma once

#include "base/buffer.h"

struct http_response {
    struct buffer *out;
    size_t begins_at;
    unsigned status;
    bool is_bad;
};

enum { HTTP_CHUNK_HEAD_BYTES = 18 };

#define HTTP_LAST_CHUNK "0\r\n\r\n"

/* Appends the status line and, unless it is 1xx, Date (now_ns: since 1970, UTC). */
void http_response_begin(struct http_response *response, struct buffer *out, unsigned status, int64_t now_ns);

/* One header. Not for Content-Length, Transfer-Encoding, Connection: the calls below write those. */
void http_response_header(struct http_response *response, const char *name, struct bytes value);
__attribute__((format(printf, 3, 4))) void
http_response_header_printf(struct http_response *response, const char *name, const char *format, ...);

/*
 * The end of the head. length_bytes is that of the body which follows, or would follow a GET when this
 * answers a HEAD; left out for statuses that have no body. keeps_alive false: "Connection: close". False when
 * a header was refused or the buffer is full: out is then as it was before http_response_begin().
 */
bool http_response_end(struct http_response *response, uint64_t length_bytes, bool keeps_alive);

/* The same when the body comes in chunks: to HTTP/1.1 clients only. */
bool http_response_end_chunked(struct http_response *response, bool keeps_alive);

/* The same when the body ends with the connection (HTTP/1.0 clients). */
bool http_response_end_by_close(struct http_response *response);

/* The same for 101 and other heads that say how it goes on by themselves. */
bool http_response_end_bare(struct http_response *response);

/* One chunk; an empty one is left out, because it would end the body. HTTP_LAST_CHUNK ends it. */
bool http_put_chunk(struct buffer *out, struct bytes data);

/* What stands before a chunk's len bytes (above 0), for data sent without copying: CR LF must follow them. */
size_t http_chunk_head(char text[static HTTP_CHUNK_HEAD_BYTES], size_t len);
