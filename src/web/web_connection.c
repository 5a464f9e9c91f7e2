/* SPDX-License-Identifier: Apache-2.0 */
#include "web/web_connection.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/timestamp.h"
#include "net/http_response.h"
#include "net/url.h"
#include "web/gate.h"
#include "web/job_pool.h"
#include "web/security_headers.h"
#include "web/server.h"
#include "web/site.h"

enum {
    IDLE_MS = 75000,         /* between requests */
    HANDSHAKE_MS = 10000,    /* TLS */
    WRITE_STALL_MS = 30000,  /* a client that takes nothing */
    JOB_SILENCE_MS = 120000, /* a job that says nothing */
    ANSWER_HEAD_LIMIT_BYTES = 16 * 1024,
    TEXTS_LIMIT_BYTES = 64 * 1024,
};

static int64_t in_ms(const struct web_connection *web, int64_t ms)
{
    return loop_now_ns(web->server->loop) + ms * (NS_PER_SECOND / 1000);
}

/* ---- the exchange's own memory ---- */

char *web_text_copy(struct web_connection *web, struct bytes text)
{
    struct web_text *copy = malloc(sizeof *copy + text.len + 1);

    if (copy == NULL)
        return NULL;
    if (text.len)
        memcpy(copy->text, text.data, text.len);
    copy->text[text.len] = '\0';
    copy->next = web->texts;
    web->texts = copy;
    return copy->text;
}

static void forget_exchange(struct web_connection *web)
{
    while (web->texts) {
        struct web_text *text = web->texts;

        web->texts = text->next;
        free(text);
    }
    web->n_headers = 0;
    web->is_answered = web->is_chunked = web->has_body_fault = false;
    buffer_clear(&web->body);
}

/* ---- the answer ---- */

bool web_answer_is_bodiless(const struct web_connection *web)
{
    return web->exchange.request->method == HTTP_HEAD;
}

static bool has_header(const struct web_connection *web, const char *name)
{
    for (size_t i = 0; i < web->n_headers; i++)
        if (strcmp(web->headers[i].name, name) == 0)
            return true;
    return false;
}

static bool end_head(struct web_connection *web, struct http_response *response, uint64_t length_bytes)
{
    if (length_bytes != UINT64_MAX)
        return http_response_end(response, length_bytes, web->keeps_alive);
    if (web->exchange.request->minor_version > 0) {
        web->is_chunked = !web_answer_is_bodiless(web);
        return http_response_end_chunked(response, web->keeps_alive);
    }
    web->keeps_alive = false;
    return http_response_end_by_close(response);
}

bool web_answer_begin(struct web_connection *web, unsigned status, const char *content_type,
                      uint64_t length_bytes)
{
    struct http_response response;
    struct buffer head;
    bool is_sent;

    assert(!web->is_answered);
    web->is_answered = true;
    web->n_promised_bytes = length_bytes;
    buffer_init(&head, ANSWER_HEAD_LIMIT_BYTES);
    http_response_begin(&response, &head, status, timestamp_now());
    if (content_type)
        http_response_header(&response, "Content-Type", bytes_text(content_type));
    if (!has_header(web, "Cache-Control"))
        http_response_header(&response, "Cache-Control", bytes_text("no-store"));
    security_headers_put(&response);
    for (size_t i = 0; i < web->n_headers; i++)
        http_response_header(&response, web->headers[i].name, bytes_text(web->headers[i].value));
    is_sent = end_head(web, &response, length_bytes) &&
              connection_send_copy(web->connection, buffer_bytes(&head)) == CONNECTION_SENT;
    buffer_clear(&head);
    web->server->n_answers[status < 600 ? status / 100 : 0]++;
    if (!is_sent)
        web_answer_cut(web);
    return is_sent;
}

bool web_answer_data(struct web_connection *web, struct shared_bytes *bytes)
{
    char head[HTTP_CHUNK_HEAD_BYTES];
    bool is_sent;

    if (web_answer_is_bodiless(web) || bytes->len == 0)
        return true;
    if (web->n_promised_bytes != UINT64_MAX) {
        if (bytes->len > web->n_promised_bytes) { /* a reader would take the rest for the next answer */
            web_answer_cut(web);
            return false;
        }
        web->n_promised_bytes -= bytes->len;
    }
    if (web->is_chunked)
        is_sent = connection_send_copy(web->connection, bytes_of(head, http_chunk_head(head, bytes->len))) ==
                      CONNECTION_SENT &&
                  connection_send(web->connection, bytes, OUTPUT_KEPT) == CONNECTION_SENT &&
                  connection_send_copy(web->connection, bytes_text("\r\n")) == CONNECTION_SENT;
    else
        is_sent = connection_send(web->connection, bytes, OUTPUT_KEPT) == CONNECTION_SENT;
    if (!is_sent)
        web_answer_cut(web);
    else if (web->state == WEB_ANSWERING)
        connection_set_deadline(web->connection, in_ms(web, JOB_SILENCE_MS));
    return is_sent;
}

void web_answer_cut(struct web_connection *web)
{
    web->state = WEB_ENDING;
    connection_abort(web->connection);
}

void web_answer_break_off(struct web_connection *web)
{
    bool is_seen = web->is_chunked || (web->n_promised_bytes != UINT64_MAX && web->n_promised_bytes > 0);

    if (!is_seen) {
        web_answer_cut(web);
        return;
    }
    web->state = WEB_ENDING;
    connection_finish(web->connection);
}

void web_answer_end(struct web_connection *web)
{
    bool was_waiting = web->state == WEB_ANSWERING;

    if (web->state == WEB_ENDING || web->state == WEB_TAKEN)
        return;
    if (web->is_chunked)
        connection_send_copy(web->connection, bytes_text(HTTP_LAST_CHUNK));
    else if (web->n_promised_bytes != UINT64_MAX && web->n_promised_bytes > 0 &&
             !web_answer_is_bodiless(web)) {
        web_answer_break_off(web);
        return;
    }
    forget_exchange(web);
    connection_set_deadline(web->connection, 0);
    if (!web->keeps_alive) {
        web->state = WEB_ENDING;
        connection_finish(web->connection);
        return;
    }
    web->state = WEB_READING;
    connection_set_idle(web->connection, IDLE_MS);
    if (was_waiting)
        connection_resume(web->connection);
}

void web_take_over(struct web_connection *web, const struct takeover *takeover, void *context)
{
    web->state = WEB_TAKEN;
    web->takeover = takeover;
    web->takeover_context = context;
    web->server->n_taken++;
    connection_set_deadline(web->connection, 0);
    connection_set_idle(web->connection, 0);
}

/* ---- the request ---- */

static void refuse(struct web_connection *web, unsigned status, const char *code, const char *words)
{
    web->keeps_alive = false;
    exchange_problem(&web->exchange, status, code, "%s", words);
}

static void meet_head(struct web_connection *web)
{
    const struct http_request *request = &web->parser.request;

    web->exchange = (struct exchange) {
        .request = request, .access = &web->access, .site = web->server->site, .connection = web
    };
    web->access = (struct access) { .kind = ACCESS_NOBODY, .source = &web->source };
    web->keeps_alive = request->keeps_alive && !web->server->is_closing;
    web->routed = url_path_is_plain(request->path) ? router_find(web->server->routes, web->server->n_routes,
                                                                 request->method, request->path, &web->match)
                                                   : ROUTE_UNKNOWN;
    web->parser.body_limit_bytes = web->routed == ROUTE_FOUND && web->match.route->body_limit_bytes
                                       ? web->match.route->body_limit_bytes
                                       : EXCHANGE_BODY_LIMIT_BYTES;
    buffer_init(&web->body, web->parser.body_limit_bytes);
    if (request->has_body)
        connection_set_deadline(web->connection, in_ms(web, web->server->body_ms));
    if (request->expects_continue)
        connection_send_copy(web->connection, bytes_text("HTTP/1.1 100 Continue\r\n\r\n"));
}

static bool decode_parameters(struct web_connection *web)
{
    for (size_t i = 0; i < EXCHANGE_PARAMETERS; i++) {
        struct buffer decoded;
        const char *copy;

        if (web->match.parameters[i].len == 0)
            continue;
        buffer_init(&decoded, HTTP_TARGET_LIMIT_BYTES);
        copy = url_decode(web->match.parameters[i], &decoded) ? web_text_copy(web, buffer_bytes(&decoded))
                                                              : NULL;
        web->exchange.parameters[i] = bytes_of(copy, copy ? decoded.len : 0);
        buffer_clear(&decoded);
        if (copy == NULL)
            return false;
    }
    return true;
}

static void answer_wrong_method(struct web_connection *web)
{
    char allowed[64];

    exchange_header(&web->exchange, "Allow", router_allow(web->match.allowed, allowed));
    exchange_problem(&web->exchange, 405, "wrong_method", "this address takes %s", allowed);
}

static void run_exchange(struct web_connection *web)
{
    struct exchange *exchange = &web->exchange;

    web->state = WEB_ANSWERING;
    exchange->body = buffer_bytes(&web->body);
    connection_set_deadline(web->connection, in_ms(web, JOB_SILENCE_MS));
    connection_set_idle(web->connection, 0);
    web->server->n_requests++;
    if (web->has_body_fault)
        refuse(web, 503, "no_memory", "the server has no memory for this request; try again later");
    else if (exchange->request->method == HTTP_OTHER)
        exchange_problem(exchange, 501, "unknown_method",
                         "this server knows GET, HEAD, POST, PUT, PATCH and DELETE");
    else if (web->routed == ROUTE_WRONG_METHOD)
        answer_wrong_method(web);
    else if (web->routed == ROUTE_UNKNOWN || !decode_parameters(web))
        exchange_not_here(exchange);
    else if (gate_open(web->server->site->gate, exchange, &web->match, &web->access))
        web->match.route->handler(exchange);
    /* else the gate has answered */
}

/* ---- the connection ---- */

static void answer_refused(struct web_connection *web)
{
    /* The head may not have come: nothing of it is trusted but that somebody waits for an answer. */
    web->exchange = (struct exchange) {
        .request = &web->parser.request, .access = &web->access, .site = web->server->site, .connection = web
    };
    web->server->n_refused_requests++;
    refuse(web, web->parser.refusal_status, "bad_request", web->parser.refusal);
}

static void take_requests(struct web_connection *web, struct reader *input)
{
    struct bytes piece;

    while (web->state == WEB_READING) {
        switch (http_parser_next(&web->parser, input, &piece)) {
        case HTTP_EVENT_MORE:
            return;
        case HTTP_EVENT_HEAD:
            meet_head(web);
            break;
        case HTTP_EVENT_BODY:
            web->has_body_fault |= !buffer_put(&web->body, piece.data, piece.len);
            break;
        case HTTP_EVENT_END:
            run_exchange(web);
            break;
        case HTTP_EVENT_REFUSED:
            answer_refused(web);
            return;
        }
    }
}

static size_t received(struct connection *connection, void *context, struct bytes bytes)
{
    struct web_connection *web = context;
    struct reader input = reader_over(bytes);
    size_t n_left;

    /* The time for a head begins with its first byte, and does not move while it trickles in. */
    if (web->state == WEB_READING && http_parser_is_between(&web->parser))
        connection_set_deadline(connection, in_ms(web, web->server->head_ms));
    take_requests(web, &input);
    n_left = reader_left(&input);
    if (web->state == WEB_TAKEN && n_left > 0)
        n_left -= web->takeover->received
                      ? web->takeover->received(web->takeover_context, reader_rest(&input))
                      : n_left;
    if (web->state == WEB_ENDING)
        n_left = 0;
    return bytes.len - n_left;
}

/*
 * Who ends his side while he waits for an answer has gone away: as other servers do, nothing more is worked
 * out for him (a search would go on for nobody). What was answered already still goes out.
 */
static void peer_ended(struct connection *connection, void *context)
{
    struct web_connection *web = context;

    if (web->state == WEB_ANSWERING)
        connection_abort(connection);
    else
        connection_finish(connection);
}

static void drained(struct connection *connection, void *context)
{
    struct web_connection *web = context;

    (void)connection;
    if (web->job)
        job_pump(web->job);
    else if (web->state == WEB_TAKEN && web->takeover->drained)
        web->takeover->drained(web->takeover_context);
}

static void closed(struct connection *connection, void *context, enum connection_end end)
{
    struct web_connection *web = context;

    (void)connection;
    web->server->n_ends[end]++;
    if (web->takeover) {
        web->server->n_taken--;
        web->takeover->closed(web->takeover_context);
    }
    if (web->job)
        job_abandon(web->job);
    server_forget(web->server, web);
    forget_exchange(web);
    http_parser_clear(&web->parser);
    free(web);
}

static const struct connection_handler handler = {
    .received = received, .peer_ended = peer_ended, .drained = drained, .closed = closed
};

void web_connection_open(struct server *server, int fd, const struct ip_address *source)
{
    struct web_connection *web = calloc(1, sizeof *web);
    struct connection_options options = {
        .handler = &handler,
        .context = web,
        .tls = server->tls,
        .admission = server->admission,
        .source = *source,
        .output_limit_bytes = WEB_OUTPUT_LIMIT_BYTES,
        .handshake_ms = HANDSHAKE_MS,
        .idle_ms = IDLE_MS,
        .write_stall_ms = WRITE_STALL_MS,
    };
    struct error error;

    if (web == NULL) {
        server->n_failed_connections++;
        close(fd);
        admission_leave(server->admission, source);
        return;
    }
    web->server = server;
    web->source = *source;
    http_parser_init(&web->parser, EXCHANGE_BODY_LIMIT_BYTES);
    web->connection = connection_new(server->loop, fd, &options, &error);
    if (web->connection == NULL) {
        server->n_failed_connections++;
        http_parser_clear(&web->parser);
        free(web);
        return;
    }
    server_remember(server, web);
}
