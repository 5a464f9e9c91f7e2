/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exchange - one request and its answer, as a handler sees them. Headers that every answer bears (security,
 * caching, connection) are written here and nowhere else.
 *
 * A handler answers exactly once: with text, with JSON, with a problem, by a job, or by taking the connection
 * over (WebSocket). It runs in the loop's thread and must not read files of any size or wait: that is what
 * jobs are for.
 */
#pragma once

#include <jansson.h>

#include "base/buffer.h"
#include "net/http_request.h"
#include "net/websocket_handshake.h"
#include "web/access.h"
#include "web/job.h"

struct site;

enum { EXCHANGE_PARAMETERS = 3, EXCHANGE_BODY_LIMIT_BYTES = 64 * 1024 };

struct exchange {
    const struct http_request *request;
    struct bytes parameters[EXCHANGE_PARAMETERS]; /* of the path, decoded, in order: {source}, {number} */
    struct bytes body;                            /* whole */
    const struct access *access;
    struct site *site;
    struct web_connection *connection; /* the answer's way; web/server.c */
};

typedef void handler_function(struct exchange *exchange);

/* ---- what was asked ---- */

/* A parameter of the query, decoded, as text in the exchange's own memory; NULL when it is absent. With a NUL
 * or bad encoding: NULL, and the exchange has been answered with 400 (*is_answered). */
const char *exchange_query(struct exchange *exchange, const char *name, bool *is_answered);

/* A whole number from least to most; otherwise answers 400 and returns false. */
bool exchange_query_number(struct exchange *exchange, const char *name, uint64_t otherwise, uint64_t least,
                           uint64_t most, uint64_t *number);

/* The body as a JSON object (the caller's reference), or NULL, having answered 400 or 415. */
json_t *exchange_json_body(struct exchange *exchange);

/* The question of filter= and device= within the access's scope; texts live as long as the exchange. False:
 * answered (a source outside of the scope is 404). source: the path's parameter. */
bool exchange_question(struct exchange *exchange, struct bytes source, struct question *question);

/* ---- the answer ---- */

/* Takes the reference. */
void exchange_answer_json(struct exchange *exchange, unsigned status, json_t *json);
void exchange_answer_bytes(struct exchange *exchange, unsigned status, const char *content_type,
                           struct bytes bytes);
void exchange_answer_empty(struct exchange *exchange, unsigned status);

/* application/problem+json. code: for programs, "no_such_packet"; the detail says what, where, what to do. */
__attribute__((format(printf, 4, 5))) void exchange_problem(struct exchange *exchange, unsigned status,
                                                            const char *code, const char *format, ...);

/* What is not there, and what the access does not cover: the same words. */
void exchange_not_here(struct exchange *exchange);

/* Adds a header to the answer to come (Set-Cookie, Content-Disposition). */
void exchange_header(struct exchange *exchange, const char *name, const char *value);

/*
 * Hands the exchange to a worker. context is the job's (freed by free_context, in the loop's thread, when all
 * is done or the client is gone). What the handler borrowed from the exchange must have been copied. False
 * when too many wait: answered with 503.
 */
bool exchange_start_job(struct exchange *exchange, job_function *run, void *context,
                        void (*free_context)(void *context));
