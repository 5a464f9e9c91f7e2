/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_head - the lines before a message's body: request and status lines (RFC 9112 sections 3 and 4), header
 * fields and what some of them hold (credentials, cookies), and the URI that they make together. Adds their
 * values, and notes what the body is told by.
 */
#pragma once

#include "protocol/http.h"
#include "protocol/http_message.h"
#include "protocol/http_state.h"

struct http_head {
    struct http_conversation *conversation; /* NULL: nothing is remembered */
    enum http_kind kind;
    uint32_t status;
    bool has_length, is_chunked, is_packed, has_coding;
    uint64_t length;
    struct bytes host, uri, media_type, content_encoding, upgrade;
};

/* Text as ASCII has it: other bytes become U+FFFD, and it ends with a zero byte. HTTP_FIELD_COUNT: of no
 * field. */
void http_add_text(struct dissection *d, unsigned field, struct bytes text);

/*
 * Reads lines up to the empty one. False: what comes is no header; *is_broken when that was the last line,
 * and no other broke off before.
 */
bool http_add_head(struct dissection *d, struct reader *r, struct http_head *message, bool *is_broken);

/* http.request.full_uri, once the head is read. */
void http_add_full_uri(struct dissection *d, const struct http_head *message);
