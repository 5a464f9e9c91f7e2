/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_request - HTTP/1.1 requests out of a stream of bytes (RFC 9112): pure, bytes in, events out.
 *
 *      bytes ─▶ HEAD ─▶ BODY* ─▶ END ─▶ HEAD …      or REFUSED, after which nothing more is read
 *
 * However the bytes are cut into pieces, the events are the same (bodies come in the pieces they arrive in).
 * Requests that another reader on the way could take for something else are refused: see http_fields, and
 * both lengths at once, more than one, lists of them, chunk sizes that are no plain hexadecimal number, more
 * than one Host. Never answers, never looks at a path's meaning. Rejected: http_parser, which nobody
 * maintains, and llhttp, which Debian 12 has not.
 */
#pragma once

#include "base/buffer.h"
#include "net/http_fields.h"

enum {
    HTTP_HEAD_LIMIT_BYTES = 16 * 1024,   /* request line and header fields: 431 */
    HTTP_TARGET_LIMIT_BYTES = 8 * 1024,  /* 414 */
    HTTP_TRAILER_LIMIT_BYTES = 4 * 1024, /* behind the last chunk */
    HTTP_CHUNK_LINE_LIMIT_BYTES = 256,   /* size and extensions of one chunk */
};

enum http_method {
    HTTP_OTHER, /* a token that is none of these: 501, or 405 */
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_PUT,
    HTTP_DELETE,
    HTTP_OPTIONS,
    HTTP_PATCH,
};

struct http_request {
    enum http_method method;
    struct bytes method_text;
    struct bytes path;  /* as sent, percent-encoded: begins with "/"; "*" for OPTIONS */
    struct bytes query; /* what follows "?", as sent */
    struct bytes host;  /* of the target if that is in absolute form (RFC 9112 section 3.2.2), else Host */
    unsigned minor_version; /* 0 or 1 */
    bool keeps_alive;       /* another request may follow */
    bool expects_continue;  /* the client waits for "100 Continue" before its body */
    bool has_body;          /* one of length above 0, or chunked */
    struct http_fields fields;
};

enum http_event {
    HTTP_EVENT_MORE,    /* all bytes taken: bring more */
    HTTP_EVENT_HEAD,    /* request is filled in */
    HTTP_EVENT_BODY,    /* *body is a piece of it, borrowed from the input */
    HTTP_EVENT_END,     /* the request is whole */
    HTTP_EVENT_REFUSED, /* answer with refusal_status, then close */
};

struct http_parser {
    struct http_request request;
    uint64_t body_limit_bytes; /* the caller may change it at HTTP_EVENT_HEAD; over it: 413 */
    unsigned refusal_status;
    const char *refusal; /* for the log and the answer: a few words of ours, no stranger's bytes */

    int state;
    uint8_t before; /* the head's last byte */
    unsigned n_line_ends;
    bool is_chunked;
    uint64_t n_left;       /* of the body, or of the chunk */
    uint64_t n_body_bytes; /* so far */
    struct buffer head;    /* request borrows from it; freed after each request */
    struct buffer line;    /* a chunk's line, or the trailer */
};

void http_parser_init(struct http_parser *parser, uint64_t body_limit_bytes);
void http_parser_clear(struct http_parser *parser);

/*
 * Reads on from *input, past what it used. The request, which borrows from the parser, stays as it is until
 * the call after HTTP_EVENT_END. Pipelined requests come out one after the other; a caller that is not done
 * with one does not call for the next, and does not read on from that client.
 */
enum http_event http_parser_next(struct http_parser *parser, struct reader *input, struct bytes *body);

/* No request is half read: the place to end a connection that is idle or shutting down. */
bool http_parser_is_between(const struct http_parser *parser);

/* Shorthand for http_fields_find(&request->fields, …). */
bool http_request_header(const struct http_request *request, const char *name, struct bytes *value);
