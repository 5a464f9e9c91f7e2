/* SPDX-License-Identifier: Apache-2.0 */
#include "web/exchange.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "net/url.h"
#include "web/html.h"
#include "web/job_pool.h"
#include "web/problem.h"
#include "web/site.h"
#include "web/web_connection.h"

enum { DETAIL_BYTES = 2048, PROBLEM_LIMIT_BYTES = 6 * DETAIL_BYTES + 512 };

/* ---- what was asked ---- */

const char *exchange_query(struct exchange *exchange, const char *name, bool *is_answered)
{
    struct buffer value;
    const char *text = NULL;

    *is_answered = false;
    buffer_init(&value, HTTP_TARGET_LIMIT_BYTES);
    switch (url_query_find(exchange->request->query, name, &value)) {
    case URL_QUERY_ABSENT:
        break;
    case URL_QUERY_FOUND:
        if (value.len == 0 || memchr(value.data, '\0', value.len) == NULL)
            text = web_text_copy(exchange->connection, buffer_bytes(&value));
        *is_answered = text == NULL;
        break;
    case URL_QUERY_MALFORMED:
        *is_answered = true;
        break;
    }
    buffer_clear(&value);
    if (*is_answered)
        exchange_problem(exchange, 400, "bad_query", "%s= is there twice, or is badly encoded", name);
    return text;
}

bool exchange_query_number(struct exchange *exchange, const char *name, uint64_t otherwise, uint64_t least,
                           uint64_t most, uint64_t *number)
{
    bool is_answered;
    const char *text = exchange_query(exchange, name, &is_answered);
    uint64_t value = 0;
    size_t len = 0;

    if (is_answered)
        return false;
    if (text == NULL) {
        *number = otherwise;
        return true;
    }
    for (; text[len] >= '0' && text[len] <= '9' && len < 19; len++)
        value = value * 10 + (uint64_t)(text[len] - '0');
    if (len == 0 || text[len] != '\0' || value < least || value > most) {
        exchange_problem(exchange, 400, "bad_number", "%s= takes a whole number from %llu to %llu", name,
                         (unsigned long long)least, (unsigned long long)most);
        return false;
    }
    *number = value;
    return true;
}

static bool is_json(const struct http_request *request)
{
    struct bytes type, essence;

    if (!http_request_header(request, "Content-Type", &type) || !http_list_next(&type, ';', &essence))
        return false;
    return http_text_equal(essence, "application/json");
}

json_t *exchange_json_body(struct exchange *exchange)
{
    json_error_t fault;
    json_t *json;

    /* Also what keeps a form of another page from posting JSON as text. */
    if (!is_json(exchange->request)) {
        exchange_problem(exchange, 415, "not_json", "send the body as Content-Type: application/json");
        return NULL;
    }
    json = json_loadb((const char *)exchange->body.data, exchange->body.len, JSON_REJECT_DUPLICATES, &fault);
    if (json == NULL) {
        exchange_problem(exchange, 400, "bad_json", "the body is no JSON: line %d, column %d: %s", fault.line,
                         fault.column, fault.text);
        return NULL;
    }
    if (!json_is_object(json)) {
        json_decref(json);
        exchange_problem(exchange, 400, "bad_json", "the body is no JSON object");
        return NULL;
    }
    return json;
}

bool exchange_question(struct exchange *exchange, struct bytes source, struct question *question)
{
    const struct scope *scope = &exchange->access->scope;
    bool is_answered;

    if ((scope->source && !bytes_equal(source, bytes_text(scope->source))) ||
        site_source_find(exchange->site, source) == NULL) {
        exchange_not_here(exchange);
        return false;
    }
    question->scope = *scope;
    question->filter = exchange_query(exchange, "filter", &is_answered);
    if (is_answered)
        return false;
    question->device = exchange_query(exchange, "device", &is_answered);
    return !is_answered;
}

/* ---- the answer ---- */

void exchange_header(struct exchange *exchange, const char *name, const char *value)
{
    struct web_connection *web = exchange->connection;
    const char *name_copy = web_text_copy(web, bytes_text(name)),
               *value_copy = web_text_copy(web, bytes_text(value));

    if (name_copy && value_copy && web->n_headers < WEB_HEADERS_LIMIT)
        web->headers[web->n_headers++] = (struct web_header) { name_copy, value_copy };
}

static void answer_shared(struct exchange *exchange, unsigned status, const char *content_type,
                          struct shared_bytes *bytes)
{
    struct web_connection *web = exchange->connection;

    if (bytes == NULL) {
        web_answer_cut(web);
        return;
    }
    if (web_answer_begin(web, status, content_type, bytes->len) && web_answer_data(web, bytes))
        web_answer_end(web);
    shared_bytes_release(bytes);
}

void exchange_answer_bytes(struct exchange *exchange, unsigned status, const char *content_type,
                           struct bytes bytes)
{
    answer_shared(exchange, status, content_type, shared_bytes_copy(bytes));
}

static void free_text(void *text)
{
    free(text);
}

void exchange_answer_json(struct exchange *exchange, unsigned status, json_t *json)
{
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    struct shared_bytes *bytes = text ? shared_bytes_over(bytes_text(text), free_text, text) : NULL;

    if (bytes == NULL)
        free(text);
    json_decref(json);
    answer_shared(exchange, status, "application/json", bytes);
}

void exchange_answer_empty(struct exchange *exchange, unsigned status)
{
    struct web_connection *web = exchange->connection;

    if (web_answer_begin(web, status, NULL, 0))
        web_answer_end(web);
}

/* An address that somebody typed or followed: a browser then asks for HTML first. Programs, and the page's
 * own scripts, do not. */
static bool is_for_a_person(const struct exchange *exchange)
{
    struct bytes accept, first;

    return http_request_header(exchange->request, "Accept", &accept) &&
           http_list_next(&accept, ',', &first) && http_text_equal(first, "text/html");
}

void exchange_problem(struct exchange *exchange, unsigned status, const char *code, const char *format, ...)
{
    char detail[DETAIL_BYTES];
    bool is_page = is_for_a_person(exchange);
    struct buffer text;
    va_list args;

    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    buffer_init(&text, PROBLEM_LIMIT_BYTES);
    if (is_page)
        problem_put_page(&text, status, detail);
    else
        problem_put(&text, status, code, detail);
    exchange_answer_bytes(exchange, status, is_page ? HTML_CONTENT_TYPE : PROBLEM_CONTENT_TYPE,
                          buffer_bytes(&text));
    buffer_clear(&text);
}

void exchange_not_here(struct exchange *exchange)
{
    exchange_problem(exchange, 404, "not_here", "there is nothing here, or nothing that you may see");
}

bool exchange_start_job(struct exchange *exchange, job_function *run, void *context,
                        void (*free_context)(void *context))
{
    struct web_connection *web = exchange->connection;

    web->job = job_start(exchange->site->jobs, web, run, context, free_context);
    if (web->job)
        return true;
    if (free_context)
        free_context(context);
    exchange_header(exchange, "Retry-After", "1");
    exchange_problem(exchange, 503, "busy", "too many questions wait for an answer; ask again in a moment");
    return false;
}
