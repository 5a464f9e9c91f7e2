/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /sources/{source}/rows: as JSON, or as a head of JSON and a frame (docs/live-protocol.md, "Rows on
 * request").
 */
#include "web/api_archive.h"

#include <stdlib.h>

#include "live/archive_rows.h"
#include "live/row_frame.h"
#include "web/api.h"

#define ROWS_CONTENT_TYPE "application/vnd.tapdeck.rows"

struct rows_job {
    struct api_question asked;
    struct rows_question question;
    bool wants_frame;
};

static void rows_job_free(void *context)
{
    struct rows_job *rows = context;

    api_question_clear(&rows->asked);
    free(rows);
}

/* All but the rows. */
static void put_head(struct json_writer *json, const struct rows_answer *answer)
{
    if (answer->last) {
        json_writer_named_number(json, "first", answer->first);
        json_writer_named_number(json, "last", answer->last);
    } else {
        api_put_string(json, "first", NULL);
        api_put_string(json, "last", NULL);
    }
    json_writer_named_number(json, "matched", answer->n);
    api_put_bool(json, "is_complete", answer->is_complete);
    json_writer_name(json, "gaps");
    json_writer_array(json);
    for (uint32_t i = 0; i < answer->n_gaps; i++)
        api_put_gap(json, &answer->gaps[i]);
    json_writer_end(json);
    json_writer_name(json, "span");
    json_writer_object(json);
    json_writer_named_number(json, "first", answer->span_first);
    json_writer_named_number(json, "end", answer->span_end);
    json_writer_end(json);
}

static void answer_json(struct job *job, const struct rows_answer *answer)
{
    struct json_writer json;
    struct buffer text;

    buffer_init(&text, API_ANSWER_LIMIT_BYTES);
    json_writer_init(&json, &text, JSON_WRITER_COMPACT);
    json_writer_object(&json);
    put_head(&json, answer);
    json_writer_name(&json, "rows");
    json_writer_array(&json);
    for (uint32_t i = 0; i < answer->n; i++)
        api_put_row(&json, &answer->rows[i]);
    json_writer_end(&json);
    json_writer_end(&json);
    api_answer(job, &text);
}

static struct shared_bytes *make_frame(const struct rows_answer *answer)
{
    struct row_frame *frame = row_frame_new();
    struct shared_bytes *bytes = NULL;
    bool is_well = frame != NULL;

    for (uint32_t i = 0; is_well && i < answer->n; i++)
        is_well = row_frame_add(frame, &answer->rows[i]);
    if (is_well)
        bytes = row_frame_end(frame, 0);
    row_frame_free(frame);
    return bytes;
}

static void answer_frame(struct job *job, const struct rows_answer *answer)
{
    struct shared_bytes *frame = answer->n ? make_frame(answer) : NULL;
    struct json_writer json;
    struct buffer text, body;

    buffer_init(&text, API_ANSWER_LIMIT_BYTES);
    buffer_init(&body, API_ANSWER_LIMIT_BYTES);
    json_writer_init(&json, &text, JSON_WRITER_COMPACT);
    json_writer_object(&json);
    put_head(&json, answer);
    json_writer_end(&json);
    buffer_put_u32le(&body, (uint32_t)text.len);
    buffer_put(&body, text.data, text.len);
    while (body.len % 4 && !body.is_full)
        buffer_put_u8(&body, 0);
    if (frame)
        buffer_put(&body, frame->data, frame->len);
    if (text.is_full || body.is_full || (answer->n && frame == NULL)) {
        job_problem(job, 503, "no_memory", "the server has no memory for this; try again later");
    } else {
        job_begin(job, 200, ROWS_CONTENT_TYPE, body.len, NULL);
        job_write(job, buffer_bytes(&body));
    }
    shared_bytes_release(frame);
    buffer_clear(&text);
    buffer_clear(&body);
}

static void tell(struct job *job, void *context, const struct rows_answer *answer)
{
    const struct rows_job *rows = context;

    (rows->wants_frame ? answer_frame : answer_json)(job, answer);
}

static void refuse(struct job *job, void *context, const struct error *error)
{
    const struct rows_job *rows = context;

    api_refuse(job, rows->asked.question.filter, error);
}

static void run(struct job *job, void *context)
{
    static const struct rows_teller teller = { tell, refuse };
    struct rows_job *rows = context;

    api_tell_rows(job, &rows->asked, &rows->question, &teller, rows);
}

/* From, before, at: one of them. False: answered. */
static bool take_mode(struct exchange *exchange, struct rows_question *question)
{
    uint64_t from, before, n;
    bool has_at;

    if (!exchange_query_number(exchange, "from", UINT64_MAX, 0, INT64_MAX, &from) ||
        !exchange_query_number(exchange, "before", UINT64_MAX, 0, INT64_MAX, &before) ||
        !exchange_query_number(exchange, "n", 100, 1, ARCHIVE_ROWS_LIMIT, &n) ||
        !api_query_ns(exchange, "at_ns", &question->at_ns, &has_at))
        return false;
    if ((from != UINT64_MAX) + (before != UINT64_MAX) + has_at > 1) {
        exchange_problem(exchange, 400, "bad_query", "give one of from=, before= and at_ns=");
        return false;
    }
    question->n = (uint32_t)n;
    question->mode = has_at                 ? ROWS_AT
                     : before != UINT64_MAX ? ROWS_BEFORE
                     : from != UINT64_MAX   ? ROWS_FROM
                                            : ROWS_FROM_START;
    question->number = before != UINT64_MAX ? before : from;
    return true;
}

void api_rows(struct exchange *exchange)
{
    struct rows_job *rows = calloc(1, sizeof *rows);

    if (rows == NULL) {
        exchange_problem(exchange, 503, "no_memory", "the server has no memory for this; try again later");
        return;
    }
    if (!api_question_take(exchange, &rows->asked) || !take_mode(exchange, &rows->question)) {
        rows_job_free(rows);
        return;
    }
    rows->wants_frame = api_accepts(exchange, ROWS_CONTENT_TYPE);
    exchange_start_job(exchange, run, rows, rows_job_free);
}
