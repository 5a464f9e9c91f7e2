/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http - HTTP/1: RFC 9112. One layer for all messages of a segment, as Wireshark has it; a message goes on by
 * dissection_later when its body has been dissected by whoever its media type names. Of a connection it
 * remembers what was asked last: the response's length depends on it (HEAD, CONNECT), and who asks for the
 * request of a response wants it. What is no message in a connection that had one is a continuation.
 */
#include "protocol/http.h"

#include <zlib.h>

#include "protocol/dispatch.h"
#include "protocol/http_head.h"
#include "protocol/http_message.h"
#include "protocol/http_state.h"
#include "protocol/tcp_analysis.h"
#include "protocol/tcp.h"

/* ---- requests and their responses ---- */

static void begin_exchange(struct http_conversation *conversation)
{
    conversation->previous_request_frame = conversation->request_frame;
    conversation->previous_response_frame = conversation->response_frame;
    conversation->request_frame = 0;
    conversation->response_frame = 0;
    conversation->request_ts_ns = 0;
    conversation->n_exchanges++;
}

static void add_frame(struct dissection *d, unsigned field, uint64_t frame)
{
    if (frame)
        dissection_add_number(d, HTTP_ID(field), frame);
}

/* A response belongs to the request before it, as long as that has none. */
static void add_exchange(struct dissection *d, const struct http_head *message)
{
    struct http_conversation *conversation = message->conversation;
    bool is_request = message->kind == HTTP_KIND_REQUEST;

    if (message->kind == HTTP_KIND_NOTIFICATION)
        dissection_add_number(d, HTTP_ID(HTTP_NOTIFICATION), 1);
    if (!is_request && message->kind != HTTP_KIND_RESPONSE)
        return;
    dissection_add_number(d, HTTP_ID(is_request ? HTTP_REQUEST : HTTP_RESPONSE), 1);
    if (conversation == NULL)
        return;
    if (is_request || conversation->n_exchanges == 0 || conversation->response_frame)
        begin_exchange(conversation);
    dissection_add_number(d, HTTP_ID(is_request ? HTTP_REQUEST_NUMBER : HTTP_RESPONSE_NUMBER),
                          conversation->n_exchanges);
    add_frame(d, HTTP_PREV_REQUEST_IN, conversation->previous_request_frame);
    if (is_request) {
        conversation->request_frame = d->packet->number;
        conversation->request_ts_ns = d->packet_ts_ns;
        return;
    }
    conversation->response_frame = d->packet->number;
    if (conversation->request_frame) {
        dissection_add_number(d, HTTP_ID(HTTP_TIME),
                              (uint64_t)(d->packet_ts_ns - conversation->request_ts_ns));
        dissection_add_number(d, HTTP_ID(HTTP_REQUEST_IN), conversation->request_frame);
    }
    add_frame(d, HTTP_PREV_RESPONSE_IN, conversation->previous_response_frame);
    if (dissection_wants(d, PROTOCOL_HTTP, HTTP_RESPONSE_FOR_URI)) {
        struct bytes uri = http_remembered_uri(d, conversation);
        uint8_t *copy = uri.len ? dissection_scratch(d, uri.len) : NULL; /* a later request may replace it */

        if (copy) {
            memcpy(copy, uri.data, uri.len);
            http_add_text(d, HTTP_RESPONSE_FOR_URI, bytes_of(copy, uri.len));
        }
    }
}

/* ---- bodies ---- */

/*
 * The chunks' bytes one behind the other; a single chunk as it stands. *r goes on behind the chunked body.
 * False: not a chunk, or no room.
 */
static bool join_chunks(struct dissection *d, struct reader *r, struct bytes *joined)
{
    struct reader start = *r;
    uint8_t *body = NULL;
    size_t n_chunks = 0, len = 0;
    struct bytes chunk, trailer;

    *joined = bytes_of(r->at, 0);
    while (http_chunk(r, &chunk)) {
        dissection_add_number(d, HTTP_ID(HTTP_CHUNK_SIZE), chunk.len);
        if (chunk.len == 0) {
            trailer = http_trailer(r);
            if (trailer.len > 0)
                http_add_text(d, HTTP_CHUNKED_TRAILER_PART, trailer);
            break;
        }
        dissection_add_bytes(d, HTTP_ID(HTTP_CHUNK_DATA), chunk);
        if (chunk.len + 2 <= (size_t)(r->end - chunk.data))
            dissection_add_bytes(d, HTTP_ID(HTTP_CHUNK_BOUNDARY), bytes_of(chunk.data + chunk.len, 2));
        n_chunks++;
        len += chunk.len;
        if (n_chunks == 1)
            *joined = chunk;
    }
    if (n_chunks < 2)
        return r->at > start.at;
    body = http_body_room(d, len);
    if (body == NULL)
        return false;
    len = 0;
    while (n_chunks-- > 0 && http_chunk(&start, &chunk)) {
        memcpy(body + len, chunk.data, chunk.len);
        len += chunk.len;
    }
    *joined = bytes_of(body, len);
    return true;
}

/* gzip or deflate (with or without zlib's frame), up to HTTP_BODY_BYTES. */
static bool inflate_body(struct dissection *d, struct bytes packed, struct bytes *unpacked)
{
    static const int window_bits[] = { 15 + 32, -15 }; /* zlib or gzip by its header; raw */
    uint8_t *body = http_body_room(d, HTTP_BODY_BYTES);

    if (body == NULL)
        return false;
    for (size_t i = 0; i < sizeof window_bits / sizeof window_bits[0]; i++) {
        z_stream stream = { .next_in = (Bytef *)(uintptr_t)packed.data,
                            .avail_in = (uInt)packed.len,
                            .next_out = body,
                            .avail_out = HTTP_BODY_BYTES };

        int result;

        if (inflateInit2(&stream, window_bits[i]) != Z_OK)
            return false;
        result = inflate(&stream, Z_SYNC_FLUSH); /* what comes out counts: a body may be cut */
        inflateEnd(&stream);
        if (stream.total_out > 0 || result == Z_STREAM_END) {
            *unpacked = bytes_of(body, stream.total_out);
            return true;
        }
    }
    return false;
}

static bool is_packed_by_zlib(struct bytes encoding)
{
    return http_is(encoding, "gzip") || http_is(encoding, "deflate") || http_is(encoding, "x-gzip") ||
           http_is(encoding, "x-deflate");
}

/* Names who dissects the body and shrinks *r to it. */
static void hand_body(struct dissection *d, struct reader *r, const struct http_head *message,
                      struct bytes body, bool is_put_together)
{
    enum protocol_id next = PROTOCOL_DATA;

    if (!message->is_packed) {
        if (message->content_encoding.len > 0 && !http_is(message->content_encoding, "identity")) {
            struct bytes unpacked;

            if (is_packed_by_zlib(message->content_encoding) && inflate_body(d, body, &unpacked)) {
                body = unpacked;
                is_put_together = true;
            } else {
                dissection_add_number(d, HTTP_ID(HTTP_DECOMPRESSION_FAILED), 0);
                goto hand;
            }
        }
        http_add_text(d, HTTP_FILE_DATA, body);
        if (message->media_type.len > 0)
            next = http_media_protocol(message->media_type);
    }
hand:
    if (next == PROTOCOL_NONE || body.len == 0)
        return;
    d->source = (uint8_t)(d->source + is_put_together);
    d->left_wire = (uint32_t)body.len;
    d->next = (uint8_t)next;
    *r = reader_over(body);
}

/* How much of what is left belongs to the message's body. */
static size_t body_length(const struct http_head *message, size_t left)
{
    if (message->has_length && (!message->has_coding))
        return message->length < left ? (size_t)message->length : left;
    switch (message->kind) {
    case HTTP_KIND_REQUEST:
        return message->has_coding ? left : 0;
    case HTTP_KIND_RESPONSE:
        return message->status / 100 == 1 || message->status == 204 || message->status == 304 ? 0 : left;
    default:
        return left;
    }
}

/* ---- messages ---- */

/* 101: the connection speaks something else from here on (RFC 9110 section 7.8). */
static void note_switch(const struct http_head *message)
{
    struct http_conversation *conversation = message->conversation;

    if (conversation == NULL || message->kind != HTTP_KIND_RESPONSE || !conversation->has_request)
        return;
    if (message->upgrade.data && conversation->status == 101) {
        conversation->is_switched = true;
        /* nobody here reads WebSocket or HTTP/2 */
        conversation->becomes = http_is(message->upgrade, "websocket") || http_is(message->upgrade, "h2c")
                                    ? PROTOCOL_NONE
                                    : PROTOCOL_DATA;
    }
    if (conversation->is_connect && conversation->status == 200)
        conversation->is_tunnel = true;
}

static enum dissect_result http_later(struct dissection *d, struct reader *r);

/* Is it HTTP at all? Else nothing is shown of it. */
static bool is_message(struct bytes bytes, const struct http_conversation *conversation)
{
    struct reader r = reader_over(bytes);
    struct http_header header;
    struct bytes line, method;

    if (conversation && conversation->has_request)
        return true;
    if (bytes.len == 0 || bytes.data[0] < 0x20 || bytes.data[0] > 0x7e)
        return false;
    http_line(&r, &line);
    return line.len == 0 || http_kind_of(line, &method) != HTTP_KIND_OTHER || http_header_of(line, &header);
}

/* One message at *r, whose layer is on top. */
static enum dissect_result add_message(struct dissection *d, struct reader *r,
                                       struct http_conversation *conversation, struct layer *pushed)
{
    struct http_head message = { .conversation = conversation };
    struct reader start = *r;
    struct bytes body;
    bool is_broken = false, has_body, is_put_together = false;
    size_t len;

    if (reader_left(r) > 3 && r->at[0] == '\r' && r->at[1] == '\n') {
        dissection_add_number(d, HTTP_ID(HTTP_LEADING_CRLF), 0);
        r->at += 2;
    }
    if (*r->at < 0x20 || *r->at > 0x7e) { /* in the midst of a body */
        if (pushed)
            pushed->header_len = 0;
        dissection_next(d, &start, PROTOCOL_DATA, (uint32_t)reader_left(&start));
        *r = start;
        return DISSECT_OK;
    }
    http_add_head(d, r, &message, &is_broken);
    if (pushed)
        pushed->header_len = (uint32_t)(r->at - pushed->data);
    http_add_full_uri(d, &message);
    if (is_broken)
        return DISSECT_MALFORMED;
    add_exchange(d, &message);
    note_switch(&message);
    len = body_length(&message, reader_left(r));
    body = bytes_of(r->at, len);
    if (message.is_chunked && len > 0) {
        struct reader chunks = *r;

        is_put_together = true;
        has_body = join_chunks(d, &chunks, &body);
        r->at = has_body ? chunks.at : r->end;
    } else {
        has_body = len > 0;
        r->at += len;
    }
    d->left_wire = (uint32_t)reader_left(r);
    if (reader_left(r) > 0)
        (void)dissection_later(d, http_later, r, (uint32_t)reader_left(r));
    r->at = r->end;
    if (has_body)
        hand_body(d, r, &message, body, is_put_together);
    return DISSECT_OK;
}

/* What follows a response that switched the protocol. */
static enum dissect_result hand_switched(struct dissection *d, struct reader *r,
                                         const struct http_conversation *conversation)
{
    if (conversation->becomes != PROTOCOL_NONE)
        dissection_next(d, r, (enum protocol_id)conversation->becomes, d->left_wire);
    return DISSECT_OK;
}

static enum dissect_result http_later(struct dissection *d, struct reader *r)
{
    unsigned direction;
    struct http_conversation *conversation = http_conversation(d, &direction);

    if (conversation && conversation->is_switched)
        return hand_switched(d, r, conversation);
    return add_message(d, r, conversation, NULL);
}

/* ---- CONNECT: a tunnel to "host:port" ---- */

static bool tunnel_port(struct dissection *d, const struct http_conversation *conversation,
                        struct bytes *host, uint16_t *port)
{
    struct bytes uri = http_remembered_uri(d, conversation);
    const uint8_t *colon = uri.len ? memchr(uri.data, ':', uri.len) : NULL;
    uint64_t number = 0;

    if (colon == NULL)
        return false;
    *host = bytes_of(uri.data, (size_t)(colon - uri.data));
    if (!http_number_of(bytes_of(colon + 1, uri.len - host->len - 1), &number) || number > UINT16_MAX)
        return false;
    *port = (uint16_t)number;
    return true;
}

static enum protocol_id tunnel_protocol(struct dissection *d, const struct http_conversation *conversation,
                                        struct bytes bytes)
{
    enum protocol_id next;
    struct bytes host;
    uint16_t port;

    if (!tunnel_port(d, conversation, &host, &port))
        return PROTOCOL_NONE;
    next = tcp_by_port(d, port, port, 0);
    if (next == PROTOCOL_NONE)
        next = tcp_by_content(bytes);
    return next == PROTOCOL_NONE || next == PROTOCOL_HTTP ? PROTOCOL_DATA : next;
}

static enum dissect_result add_tunnel(struct dissection *d, struct reader *r,
                                      const struct http_conversation *conversation)
{
    struct bytes host;
    uint16_t port;

    if (!tunnel_port(d, conversation, &host, &port))
        return DISSECT_OK;
    if (!dissection_push(d, PROTOCOL_HTTP, r, 0))
        return DISSECT_OK;
    http_add_text(d, HTTP_PROXY_CONNECT_HOST, host);
    dissection_add_number(d, HTTP_ID(HTTP_PROXY_CONNECT_PORT), port);
    dissection_next(d, r, tunnel_protocol(d, conversation, reader_rest(r)), d->left_wire);
    return DISSECT_OK;
}

/* ---- the whole ---- */

static enum dissect_result http_dissect(struct dissection *d, struct reader *r)
{
    struct http_conversation *conversation;
    struct layer *layer;
    unsigned direction;

    if (reader_left(r) == 0)
        return DISSECT_OK;
    conversation = http_conversation(d, &direction);
    if (conversation) {
        conversation->chunks[direction] = (struct http_chunks_seen) { 0 };
        if (conversation->is_switched)
            return hand_switched(d, r, conversation);
        if (conversation->is_tunnel)
            return add_tunnel(d, r, conversation);
    }
    if (!is_message(reader_rest(r), conversation))
        return DISSECT_OK;
    layer = dissection_push(d, PROTOCOL_HTTP, r, (uint32_t)reader_left(r));
    if (layer == NULL)
        return DISSECT_OK;
    return add_message(d, r, conversation, layer);
}

static uint32_t http_pdu_length(struct dissection *d, struct bytes stream)
{
    unsigned direction;
    struct http_conversation *conversation = http_conversation(d, &direction);
    struct http_expected expected = { 0 };

    if (conversation && conversation->is_switched)
        return (uint32_t)stream.len;
    if (conversation && conversation->is_tunnel) {
        enum protocol_id next = tunnel_protocol(d, conversation, stream);

        return next != PROTOCOL_NONE && protocols[next]->pdu_length ? protocols[next]->pdu_length(d, stream)
                                                                    : (uint32_t)stream.len;
    }
    if (conversation) {
        expected.is_to_head = conversation->is_head;
        expected.is_to_connect = conversation->is_connect;
    }
    if (d->top->protocol == PROTOCOL_TCP && d->top->header_len > 13)
        expected.is_ending = d->top->data[13] & TCP_FIN;
    return http_message_length(stream, expected, conversation ? &conversation->chunks[direction] : NULL);
}

const struct protocol protocol_http = {
    .name = "http",
    .title = "Hypertext Transfer Protocol",
    .fields = http_fields,
    .n_fields = sizeof http_fields / sizeof http_fields[0],
    /* NOLINTBEGIN(misc-redundant-expression): the sets overlap */
    .may_carry = PROTOCOL_BIT(PROTOCOL_JSON) | PROTOCOL_BIT(PROTOCOL_CBOR) |
                 PROTOCOL_BIT(PROTOCOL_TEXT_LINES) | PROTOCOL_BIT(PROTOCOL_LWM2MTLV) |
                 DISPATCH_TCP_MASK, /* with DNS, over HTTP too */
    /* NOLINTEND(misc-redundant-expression) */
    .needs_flow = true,
    .dissect = http_dissect,
    .pdu_length = http_pdu_length,
    .state_new = http_state_new,
    .state_free = http_state_free,
    .state_forgotten = http_state_forgotten,
};
