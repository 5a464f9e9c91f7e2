/* SPDX-License-Identifier: Apache-2.0 */
/*
 * web_stream - an answer without end: lines go out as they come, until the client leaves.
 */
#pragma once

#include "web/exchange.h"
#include "web/web_connection.h"

struct web_stream;

struct web_stream_handler {
    void (*drained)(void *context);
    void (*closed)(void *context); /* the last call */
};

/* Answers 200 with that content type. NULL: the client is gone; nothing more is told. */
struct web_stream *web_stream_open(struct exchange *exchange, const char *content_type,
                                   const struct web_stream_handler *handler, void *context);

/* False: it does not fit into what may wait for that client (limit_bytes); nothing was taken. */
bool web_stream_send(struct web_stream *stream, struct bytes bytes, size_t limit_bytes);

/* Ends the answer in order. */
void web_stream_end(struct web_stream *stream);
