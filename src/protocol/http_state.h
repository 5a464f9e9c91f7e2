/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_state - what HTTP remembers of each connection: what was asked last, and its URI when somebody asks
 * for the request of a response; and the bodies put together for the packet at hand.
 */
#pragma once

#include "protocol/http_message.h"

enum {
    HTTP_CONVERSATIONS = 1 << 12, /* remembered at once */
    HTTP_URIS = 1 << 11,          /* of so many the URI too, when it is in demand */
    HTTP_URI_BYTES = 4 << 10,     /* the longest that is remembered */
};

struct http_conversation {
    uint64_t request_frame, response_frame;                   /* of the exchange under way; 0: none */
    uint64_t previous_request_frame, previous_response_frame; /* of the one before */
    int64_t request_ts_ns;
    uint32_t stream;
    uint32_t n_exchanges;
    struct http_chunks_seen chunks[2]; /* of each direction, [0]: from flow.low */
    uint16_t status;
    uint8_t becomes; /* enum protocol_id, once it is switched */
    bool is_switched, is_tunnel;
    bool has_request, is_head, is_connect;
};

void *http_state_new(uint64_t hash_seed);
void http_state_free(void *state);
uint64_t http_state_forgotten(const void *state);

/* The conversation the packet is in, and its direction; NULL when nothing is remembered. */
struct http_conversation *http_conversation(struct dissection *d, unsigned *direction);

/* is_full: http.request.full_uri, which one without a host does not replace. */
void http_remember_uri(struct dissection *d, const struct http_conversation *conversation, struct bytes uri,
                       bool is_full);
struct bytes http_remembered_uri(struct dissection *d, const struct http_conversation *conversation);

enum {
    HTTP_TEXT_BYTES = 3 * HTTP_BODY_BYTES
}; /* of a body as text: a byte that is none is replaced by three */

/* Room for n bytes of a body, until the next packet; NULL when that is more than HTTP_TEXT_BYTES. */
uint8_t *http_body_room(struct dissection *d, size_t n);
