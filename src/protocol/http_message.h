/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_message - where an HTTP/1 message ends and what its body is: RFC 9112 sections 2 to 7. Reads what lies
 * in the bytes; what a connection says besides (the method that is answered) comes as a parameter.
 */
#pragma once

#include "protocol/dissection.h"

enum {
    HTTP_HEAD_BYTES = 64 << 10, /* a longer head is not waited for */
    HTTP_BODY_BYTES = 1 << 20,  /* of a body put together from chunks, or unpacked */
};

enum http_kind { HTTP_KIND_OTHER, HTTP_KIND_REQUEST, HTTP_KIND_RESPONSE, HTTP_KIND_NOTIFICATION };

/* The next line without its end (CRLF, or either alone). False: none ends here; *line is what is left. */
bool http_line(struct reader *r, struct bytes *line);

/* What a first line begins. *method: of a request or notification, without the prefix of RFC 2774. */
enum http_kind http_kind_of(struct bytes line, struct bytes *method);

/* The next word of a line, and the spaces behind it. */
struct bytes http_word(struct reader *line);

/* The three digits of a response's first line; 0 when there are none. */
uint32_t http_status_of(struct bytes line);

bool http_is(struct bytes text, const char *word); /* in letters of either case */

struct http_header {
    struct bytes name, value;
};

/* False: no colon. */
bool http_header_of(struct bytes line, struct http_header *header);

/* A whole number that the value consists of. */
bool http_number_of(struct bytes value, uint64_t *number);

struct http_coding { /* Transfer-Encoding, RFC 9112 section 6.1 */
    bool is_chunked;
    bool is_packed; /* gzip, deflate or compress besides */
    bool is_identity;
    bool is_unknown; /* holds words that are not known */
};

struct http_coding http_coding_of(struct bytes value);

/* A chunk at *r, as far as it is there; *r goes on behind it. False: none begins. The last one has no bytes.
 */
bool http_chunk(struct reader *r, struct bytes *chunk);

/* What comes behind the last chunk: header fields, without the empty line, behind which *r goes on. */
struct bytes http_trailer(struct reader *r);

/* Where a walk over chunks left off, so that a body that comes in many pieces is not walked again each time.
 */
struct http_chunks_seen {
    uint32_t offset;
    uint32_t len; /* of the message, then */
};

struct http_expected {
    bool is_to_head;    /* the request was HEAD */
    bool is_to_connect; /* or CONNECT */
    bool is_ending;     /* nothing comes behind these bytes */
};

/* The length of the message that begins with stream: as pdu_length has it. */
uint32_t http_message_length(struct bytes stream, struct http_expected expected,
                             struct http_chunks_seen *seen);

/* Who dissects a body of a media type, without parameters; PROTOCOL_NONE when nobody here does. */
enum protocol_id http_media_protocol(struct bytes media_type);
