/* SPDX-License-Identifier: Apache-2.0 */
#include "web/web_stream.h"

#include <stdlib.h>

#include "net/http_response.h"

struct web_stream {
    struct web_connection *web;
    const struct web_stream_handler *handler;
    void *context;
    bool is_ended;
};

static void drained(void *context)
{
    struct web_stream *stream = context;

    if (!stream->is_ended && stream->handler->drained)
        stream->handler->drained(stream->context);
}

static void end(void *context, enum access_end why)
{
    (void)why;
    web_stream_end(context);
}

static void closed(void *context)
{
    struct web_stream *stream = context;

    stream->handler->closed(stream->context);
    free(stream);
}

static const struct takeover takeover = { .drained = drained, .end = end, .closed = closed };

struct web_stream *web_stream_open(struct exchange *exchange, const char *content_type,
                                   const struct web_stream_handler *handler, void *context)
{
    struct web_connection *web = exchange->connection;
    struct web_stream *stream = calloc(1, sizeof *stream);

    if (stream == NULL) {
        exchange_problem(exchange, 503, "no_memory",
                         "the server has no memory for another viewer; try again later");
        return NULL;
    }
    *stream = (struct web_stream) { .web = web, .handler = handler, .context = context };
    if (!web_answer_begin(web, 200, content_type, UINT64_MAX)) {
        free(stream);
        return NULL;
    }
    if (web_answer_is_bodiless(web)) {
        web_answer_end(web);
        free(stream);
        return NULL;
    }
    web_take_over(web, &takeover, stream);
    return stream;
}

bool web_stream_send(struct web_stream *stream, struct bytes bytes, size_t limit_bytes)
{
    struct shared_bytes *copy;
    bool is_sent;

    if (stream->is_ended || connection_queued_bytes(stream->web->connection) + bytes.len > limit_bytes)
        return false;
    copy = shared_bytes_copy(bytes);
    is_sent = copy && web_answer_data(stream->web, copy);
    shared_bytes_release(copy);
    return is_sent;
}

void web_stream_end(struct web_stream *stream)
{
    if (stream->is_ended)
        return;
    stream->is_ended = true;
    if (stream->web->is_chunked)
        connection_send_copy(stream->web->connection, bytes_text(HTTP_LAST_CHUNK));
    connection_finish(stream->web->connection);
}
