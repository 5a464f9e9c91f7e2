/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/http_state.h"

#include <stdlib.h>

#include "base/lru_table.h"
#include "protocol/flow.h"
#include "protocol/state.h"
#include "protocol/tcp_stream.h"

struct http_uri { /* full_uri of a connection's last request that had one, else request_uri */
    uint16_t len;
    bool is_full;
    uint8_t text[HTTP_URI_BYTES];
};

struct body { /* put together; freed with the next packet */
    struct body *next;
    uint8_t bytes[];
};

struct http_state {
    struct lru_table *conversations;
    struct lru_table *uris; /* by the connection's number */
    struct body *bodies;
    uint64_t bodies_in; /* the packet: dissect_state_packets */
};

static void release_bodies(struct http_state *state)
{
    while (state->bodies) {
        struct body *next = state->bodies->next;

        free(state->bodies);
        state->bodies = next;
    }
}

void http_state_free(void *context)
{
    struct http_state *state = context;

    lru_table_free(state->conversations);
    lru_table_free(state->uris);
    release_bodies(state);
    free(state);
}

void *http_state_new(uint64_t hash_seed)
{
    struct lru_table_options conversations = { .key_bytes = sizeof(struct flow_key),
                                               .value_bytes = sizeof(struct http_conversation),
                                               .limit = HTTP_CONVERSATIONS,
                                               .hash_seed = hash_seed };
    struct lru_table_options uris = { .key_bytes = sizeof(uint32_t),
                                      .value_bytes = sizeof(struct http_uri),
                                      .limit = HTTP_URIS,
                                      .hash_seed = hash_seed };
    struct http_state *state = calloc(1, sizeof *state);

    if (state == NULL)
        return NULL;
    state->conversations = lru_table_new(&conversations);
    state->uris = lru_table_new(&uris);
    if (state->conversations == NULL || state->uris == NULL) {
        if (state->conversations)
            lru_table_free(state->conversations);
        if (state->uris)
            lru_table_free(state->uris);
        free(state);
        return NULL;
    }
    return state;
}

uint64_t http_state_forgotten(const void *context)
{
    const struct http_state *state = context;

    return lru_table_forgotten(state->conversations) + lru_table_forgotten(state->uris);
}

struct http_conversation *http_conversation(struct dissection *d, unsigned *direction)
{
    struct http_state *state = dissect_state_of(d->state, PROTOCOL_HTTP);
    struct http_conversation *conversation;
    struct conversation_ends ends;
    bool is_new;

    *direction = 0;
    if (state == NULL || !dissection_ends(d, &ends))
        return NULL;
    *direction = ends.is_forward ? 0 : 1;
    conversation = lru_table_put(state->conversations, &ends.flow, &is_new);
    if (conversation && conversation->stream != tcp_stream_number(d->state))
        *conversation = (struct http_conversation) { 0 };
    if (conversation)
        conversation->stream = tcp_stream_number(d->state);
    return conversation;
}

void http_remember_uri(struct dissection *d, const struct http_conversation *conversation, struct bytes uri,
                       bool is_full)
{
    struct http_state *state = dissect_state_of(d->state, PROTOCOL_HTTP);
    struct http_uri *kept;

    if (state == NULL || uri.len > HTTP_URI_BYTES)
        return;
    kept = lru_table_put(state->uris, &conversation->stream, NULL);
    if (kept == NULL || (kept->is_full && !is_full))
        return;
    memcpy(kept->text, uri.data, uri.len);
    kept->len = (uint16_t)uri.len;
    kept->is_full = is_full;
}

struct bytes http_remembered_uri(struct dissection *d, const struct http_conversation *conversation)
{
    struct http_state *state = dissect_state_of(d->state, PROTOCOL_HTTP);
    const struct http_uri *kept = state ? lru_table_find(state->uris, &conversation->stream) : NULL;

    return kept ? bytes_of(kept->text, kept->len) : bytes_of(NULL, 0);
}

uint8_t *http_body_room(struct dissection *d, size_t n)
{
    struct http_state *state = dissect_state_of(d->state, PROTOCOL_HTTP);
    struct body *body;

    if (state == NULL || n > HTTP_TEXT_BYTES)
        return NULL;
    if (state->bodies_in != dissect_state_packets(d->state))
        release_bodies(state);
    state->bodies_in = dissect_state_packets(d->state);
    body = malloc(sizeof *body + n);
    if (body == NULL)
        return NULL;
    body->next = state->bodies;
    state->bodies = body;
    return body->bytes;
}
