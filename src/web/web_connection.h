/* SPDX-License-Identifier: Apache-2.0 */
/*
 * web_connection - one client's connection: requests in, one exchange at a time, its answer out; or, once a
 * handler took it over (WebSocket, an endless stream), whatever that makes of it.
 *
 *      READING ─▶ ANSWERING (handler, or a job) ─▶ READING …  ─▶ ENDING
 *                     └─▶ TAKEN ───────────────────────────────▶ ENDING
 *
 * What is pipelined behind a request waits in net/connection until its answer is out. For server.c,
 * exchange.c, job.c, web_socket.c and web_stream.c; handlers see exchange.h only.
 */
#pragma once

#include "net/connection.h"
#include "net/http_request.h"
#include "web/exchange.h"
#include "web/router.h"

struct server;
struct web_connection;

enum {
    WEB_OUTPUT_LIMIT_BYTES = 2 * 1024 * 1024, /* what waits on one connection, one JSON answer at most */
    WEB_HEADERS_LIMIT = 8,                    /* that a handler adds */
};

/* Why somebody's access ended while he was looking. */
enum access_end { ACCESS_REVOKED, ACCESS_EXPIRED, ACCESS_LOGGED_OUT, ACCESS_RESTART };

/* Who has a connection instead of exchanges. All but closed may be NULL. */
struct takeover {
    size_t (*received)(void *context, struct bytes bytes); /* NULL: what comes is thrown away */
    void (*drained)(void *context);
    void (*end)(void *context, enum access_end why); /* say so, and finish; NULL: it is cut off */
    void (*closed)(void *context);                   /* the last call */
};

enum web_connection_state { WEB_READING, WEB_ANSWERING, WEB_TAKEN, WEB_ENDING };

struct web_text { /* what lives as long as an exchange */
    struct web_text *next;
    char text[];
};

struct web_header {
    const char *name, *value; /* in the exchange's texts */
};

struct web_connection {
    struct web_connection *next, *previous; /* of the server's */
    struct server *server;
    struct connection *connection;
    enum web_connection_state state;
    struct http_parser parser;
    struct buffer body;
    struct route_match match;
    enum route_result routed;
    bool has_body_fault; /* no memory for the body */

    /* the exchange under way */
    struct exchange exchange;
    struct access access;
    struct ip_address source;
    struct web_text *texts;
    struct web_header headers[WEB_HEADERS_LIMIT];
    size_t n_headers;
    struct job *job; /* NULL: none */
    bool is_answered, is_chunked, keeps_alive;
    uint64_t n_promised_bytes; /* of Content-Length, not sent yet; UINT64_MAX: not told */

    const struct takeover *takeover;
    void *takeover_context;
};

/* Takes fd and its admission. Failing is a matter of memory, told in the counters. */
void web_connection_open(struct server *server, int fd, const struct ip_address *source);

/* ---- the answer, from exchange.c and job.c ---- */

/*
 * Writes the head. length_bytes UINT64_MAX: chunked, or up to the connection's end for an old client. False
 * when the connection is gone or a header could not be written: then it is being ended.
 */
bool web_answer_begin(struct web_connection *web, unsigned status, const char *content_type,
                      uint64_t length_bytes);

/* A piece of the body; left out when the answer has none (HEAD, 304). Borrows. False: gone, or too slow. */
bool web_answer_data(struct web_connection *web, struct shared_bytes *bytes);

/* The body is whole: the next request may come. */
void web_answer_end(struct web_connection *web);

/* The answer cannot be made whole: what there is of it goes out, and the connection ends where a client sees
 * that more should have come. */
void web_answer_break_off(struct web_connection *web);

/* The same at once, without what waits to be sent. */
void web_answer_cut(struct web_connection *web);

/* True when no body goes out: HEAD. */
bool web_answer_is_bodiless(const struct web_connection *web);

/* The answer begun goes on by somebody else's hand, without end: web_stream, web_socket. */
void web_take_over(struct web_connection *web, const struct takeover *takeover, void *context);

/* A copy of text, ended by a zero, that lives as long as the exchange. NULL without memory. */
char *web_text_copy(struct web_connection *web, struct bytes text);
