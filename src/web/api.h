/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api - what the handlers share that answer from the archive: the question of an exchange as a job may keep
 * it, and the forms in which docs/openapi.json has times, numbers, gaps and faults.
 *
 * A handler (api_NOUN.c) reads the exchange's parameters, and starts a job; the job takes a reader, asks one
 * function of live/, and writes what it says. Nothing here decides what may be seen: that is the question's
 * scope, and who answers it.
 */
#pragma once

#include "base/json_writer.h"
#include "live/archive_pool.h"
#include "live/archive_rows.h"
#include "live/hub.h"
#include "live/row.h"
#include "web/exchange.h"

enum { API_ANSWER_LIMIT_BYTES = 32 << 20 }; /* one answer of JSON */

struct api_question {
    struct archive_pool *archives;
    char *node;
    struct question question; /* texts of its own */
    char *texts[5];
};

/*
 * Of {source}, filter=, device=, from_ns= and to_ns=, which narrow the scope's time. False: answered. Cleared
 * by api_question_clear in any case.
 */
bool api_question_take(struct exchange *exchange, struct api_question *question);
void api_question_clear(struct api_question *question);

/* A whole time in ns of the query: *is_there tells. False: answered with 400. */
bool api_query_ns(struct exchange *exchange, const char *name, int64_t *ts_ns, bool *is_there);

/* {number} of the path, the parameter of that place; false: answered with 404. */
bool api_parameter_number(struct exchange *exchange, unsigned place, uint64_t *number);

/* Whether the client would rather have that type than JSON. */
bool api_accepts(const struct exchange *exchange, const char *content_type);

/* ---- in a job ---- */

/* NULL: answered. Given back with archive_pool_give. */
struct archive_reader *api_reader(struct job *job, const struct api_question *question);

/* Rows of the archive, told by one of the two; what went wrong otherwise is answered. asked is the question's
 * own. */
struct rows_teller {
    void (*rows)(struct job *job, void *context, const struct rows_answer *answer);
    void (*refused)(struct job *job, void *context, const struct error *error); /* the asker's filter */
};
void api_tell_rows(struct job *job, const struct api_question *asked, struct rows_question *question,
                   const struct rows_teller *teller, void *context);

/* The asker's filter is refused: 400, with the place. The archive cannot be read: 503. Not here: 404. */
void api_refuse(struct job *job, const char *filter, const struct error *error);
void api_fault(struct job *job, const struct error *error);
void api_not_here(struct job *job);

/* The buffer as the answer, and cleared. */
void api_answer(struct job *job, struct buffer *json);

/* ---- forms ---- */

void api_put_text(struct json_writer *json, const char *name, struct bytes text);
void api_put_string(struct json_writer *json, const char *name, const char *text); /* NULL: null */
void api_put_bool(struct json_writer *json, const char *name, bool is_true);
void api_put_ns(struct json_writer *json, const char *name, int64_t ns);         /* "1724925600123456789" */
void api_put_ns_or_null(struct json_writer *json, const char *name, int64_t ns); /* open ends: null */
void api_put_time(struct json_writer *json, const char *name, int64_t ts_ns);    /* RFC 3339 */
void api_put_row(struct json_writer *json, const struct row *row);               /* an object */
void api_put_gap(struct json_writer *json, const struct hub_gap *gap);           /* an object */
