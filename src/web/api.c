/* SPDX-License-Identifier: Apache-2.0 */
#include "web/api.h"

#include <stdlib.h>

#include "base/timestamp.h"
#include "live/filter_report.h"
#include "net/http_fields.h"
#include "net/http_status.h"
#include "web/problem.h"
#include "web/site.h"

static const char not_here[] = "there is nothing here, or nothing that you may see";

/* ---- the question ---- */

static bool keep(struct api_question *question, unsigned place, const char *text, const char **kept)
{
    *kept = NULL;
    if (text == NULL)
        return true;
    *kept = question->texts[place] = strdup(text);
    return *kept != NULL;
}

bool api_query_ns(struct exchange *exchange, const char *name, int64_t *ts_ns, bool *is_there)
{
    bool is_answered;
    const char *text = exchange_query(exchange, name, &is_answered);
    char *end;

    *is_there = text != NULL;
    if (is_answered || text == NULL)
        return !is_answered;
    *ts_ns = strtoll(text, &end, 10);
    if ((text[0] == '-' || (text[0] >= '0' && text[0] <= '9')) && *end == '\0' && strlen(text) <= 20)
        return true;
    exchange_problem(exchange, 400, "bad_time", "%s= takes nanoseconds since 1970, as a whole number", name);
    return false;
}

bool api_question_take(struct exchange *exchange, struct api_question *question)
{
    struct question asked = { 0 };
    int64_t from_ns = 0, to_ns = 0;
    bool has_from, has_to;

    *question = (struct api_question) { .archives = exchange->site->archives };
    if (!exchange_question(exchange, exchange->parameters[0], &asked) ||
        !api_query_ns(exchange, "from_ns", &from_ns, &has_from) ||
        !api_query_ns(exchange, "to_ns", &to_ns, &has_to))
        return false;
    question->question = asked;
    if (has_from && from_ns > asked.scope.range.from_ns)
        question->question.scope.range.from_ns = from_ns;
    if (has_to && to_ns < asked.scope.range.to_ns)
        question->question.scope.range.to_ns = to_ns;
    question->node = strndup((const char *)exchange->parameters[0].data, exchange->parameters[0].len);
    if (question->node && keep(question, 0, asked.filter, &question->question.filter) &&
        keep(question, 1, asked.device, &question->question.device) &&
        keep(question, 2, asked.scope.filter, &question->question.scope.filter) &&
        keep(question, 3, asked.scope.device, &question->question.scope.device)) {
        question->question.scope.source = question->node;
        return true;
    }
    exchange_problem(exchange, 503, "no_memory", "the server has no memory for this; try again later");
    return false;
}

void api_question_clear(struct api_question *question)
{
    for (size_t i = 0; i < sizeof question->texts / sizeof *question->texts; i++)
        free(question->texts[i]);
    free(question->node);
    *question = (struct api_question) { 0 };
}

bool api_parameter_number(struct exchange *exchange, unsigned place, uint64_t *number)
{
    struct bytes text = exchange->parameters[place];
    uint64_t value = 0;

    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' || value > UINT64_MAX / 16) {
            text.len = 0;
            break;
        }
        value = value * 10 + (uint64_t)(text.data[i] - '0');
    }
    if (text.len == 0) {
        exchange_not_here(exchange);
        return false;
    }
    *number = value;
    return true;
}

bool api_accepts(const struct exchange *exchange, const char *content_type)
{
    struct bytes accept, item, essence;

    if (!http_request_header(exchange->request, "Accept", &accept))
        return false;
    while (http_list_next(&accept, ',', &item)) {
        if (http_list_next(&item, ';', &essence) && http_text_equal(essence, content_type))
            return true;
    }
    return false;
}

/* ---- in a job ---- */

struct archive_reader *api_reader(struct job *job, const struct api_question *question)
{
    struct error error;
    struct archive_reader *reader = archive_pool_take(question->archives, question->node, &error);

    if (reader == NULL)
        api_fault(job, &error);
    return reader;
}

void api_tell_rows(struct job *job, const struct api_question *asked, struct rows_question *question,
                   const struct rows_teller *teller, void *context)
{
    struct archive_reader *reader = api_reader(job, asked);
    struct rows_answer *answer = reader ? malloc(sizeof *answer) : NULL;
    struct error error;

    if (answer == NULL) {
        if (reader)
            job_problem(job, 503, "no_memory", "the server has no memory for this; try again later");
        archive_pool_give(asked->archives, reader);
        return;
    }
    question->question = asked->question;
    question->stop = job_stop(job);
    switch (archive_rows(reader, archive_pool_devices(asked->archives), question, answer, &error)) {
    case ANSWER_DONE:
        teller->rows(job, context, answer);
        break;
    case ANSWER_REFUSED:
        teller->refused(job, context, &error);
        break;
    case ANSWER_FAULT:
        api_fault(job, &error);
        break;
    }
    rows_answer_clear(answer);
    free(answer);
    archive_pool_give(asked->archives, reader);
}

void api_refuse(struct job *job, const char *filter, const struct error *error)
{
    struct filter_report report;
    struct json_writer json;
    struct buffer text;

    filter_report_fault(filter ? filter : "", error, &report);
    buffer_init(&text, API_ANSWER_LIMIT_BYTES);
    json_writer_init(&json, &text, JSON_WRITER_COMPACT);
    json_writer_object(&json);
    api_put_string(&json, "type", "about:blank");
    api_put_string(&json, "title", http_status_reason(400));
    json_writer_named_number(&json, "status", 400);
    api_put_string(&json, "code", "filter");
    api_put_string(&json, "detail", report.text);
    if (report.has_place) {
        json_writer_named_number(&json, "column", report.column);
        json_writer_named_number(&json, "length", report.length);
    }
    if (report.suggestion[0])
        api_put_string(&json, "suggestion", report.suggestion);
    json_writer_end(&json);
    job_begin(job, 400, PROBLEM_CONTENT_TYPE, text.len, NULL);
    job_write(job, buffer_bytes(&text));
    buffer_clear(&text);
}

void api_fault(struct job *job, const struct error *error)
{
    job_problem(job, 503, "archive", "the archive cannot be read now: %s", error->text);
}

void api_not_here(struct job *job)
{
    job_problem(job, 404, "not_here", "%s", not_here);
}

void api_answer(struct job *job, struct buffer *json)
{
    if (json->is_full) {
        job_problem(job, 503, "too_much", "this answer would be too large; ask for less of it");
    } else {
        job_begin(job, 200, "application/json", json->len, NULL);
        job_write(job, buffer_bytes(json));
    }
    buffer_clear(json);
}

/* ---- forms ---- */

void api_put_text(struct json_writer *json, const char *name, struct bytes text)
{
    json_writer_name(json, name);
    json_writer_text(json, text);
}

void api_put_string(struct json_writer *json, const char *name, const char *text)
{
    json_writer_name(json, name);
    json_writer_string(json, text);
}

void api_put_bool(struct json_writer *json, const char *name, bool is_true)
{
    json_writer_name(json, name);
    json_writer_bool(json, is_true);
}

void api_put_ns(struct json_writer *json, const char *name, int64_t ns)
{
    json_writer_name(json, name);
    json_writer_printf(json, "%lld", (long long)ns);
}

void api_put_ns_or_null(struct json_writer *json, const char *name, int64_t ns)
{
    if (ns == INT64_MIN || ns == INT64_MAX)
        api_put_string(json, name, NULL);
    else
        api_put_ns(json, name, ns);
}

void api_put_time(struct json_writer *json, const char *name, int64_t ts_ns)
{
    char text[TIMESTAMP_TEXT_BYTES];

    api_put_string(json, name, timestamp_format(ts_ns, false, text));
}

void api_put_row(struct json_writer *json, const struct row *row)
{
    json_writer_object(json);
    json_writer_named_number(json, "number", row->number);
    api_put_time(json, "time", row->ts_ns);
    if (row->device.len)
        api_put_text(json, "device", row->device);
    else
        api_put_string(json, "device", NULL);
    api_put_text(json, "source", row->source);
    api_put_text(json, "destination", row->destination);
    api_put_text(json, "protocol", row->protocol);
    json_writer_named_number(json, "length", row->len);
    api_put_text(json, "info", row->info);
    json_writer_named_number(json, "marks", row->marks);
    json_writer_end(json);
}

void api_put_gap(struct json_writer *json, const struct hub_gap *gap)
{
    json_writer_object(json);
    api_put_string(json, "cause", hub_gap_cause_name(gap->cause));
    if (gap->first) {
        json_writer_named_number(json, "first", gap->first);
        json_writer_named_number(json, "last", gap->last);
    }
    if (gap->n)
        json_writer_named_number(json, "n", gap->n);
    if (gap->from_ns != INT64_MIN && gap->from_ns != INT64_MAX)
        api_put_ns(json, "from_ns", gap->from_ns);
    if (gap->to_ns != INT64_MIN && gap->to_ns != INT64_MAX)
        api_put_ns(json, "to_ns", gap->to_ns);
    api_put_string(json, "words", hub_gap_cause_words(gap->cause));
    json_writer_end(json);
}
