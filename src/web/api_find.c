/* SPDX-License-Identifier: Apache-2.0 */
/* GET /sources/{source}/find: the packets as pcapng, or how much that would be. */
#include "web/api_archive.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/timestamp.h"
#include "live/archive_export.h"
#include "web/api.h"
#include "web/audit.h"
#include "web/pin_comments.h"
#include "web/scope_words.h"
#include "web/site.h"

struct find_job {
    struct api_question asked;
    struct export_question question;
    uint64_t estimate;
    struct job *job;
    char file_name[128];
    bool has_begun;
};

static void find_job_free(void *context)
{
    struct find_job *find = context;

    api_question_clear(&find->asked);
    free(find);
}

/* The first bytes are the proof that it is a good question: only then the answer is begun as a download. */
static bool write_on(void *context, struct bytes bytes)
{
    struct find_job *find = context;

    if (!find->has_begun)
        job_begin(find->job, 200, "application/x-pcapng", UINT64_MAX, find->file_name);
    find->has_begun = true;
    return job_write(find->job, bytes);
}

static void put_words(struct buffer *words, const struct find_job *find)
{
    const struct question *question = &find->asked.question;
    struct scope scope = question->scope;

    scope.source = NULL;
    buffer_printf(words, "tapdeck, source %s: ", find->asked.node);
    scope_put_words(words, &scope, false);
    if (question->filter && question->filter[0])
        buffer_printf(words, "; filter %s", question->filter);
    if (question->device && question->device[0])
        buffer_printf(words, "; device %s", question->device);
    buffer_put_u8(words, 0);
}

static void put_estimate(struct job *job, const struct find_job *find, const struct export_estimate *estimate)
{
    struct json_writer json;
    struct buffer out;

    buffer_init(&out, API_ANSWER_LIMIT_BYTES);
    json_writer_init(&json, &out, JSON_WRITER_COMPACT);
    json_writer_object(&json);
    json_writer_named_number(&json, "packets", estimate->n_packets);
    json_writer_named_number(&json, "bytes", estimate->n_bytes);
    json_writer_named_number(&json, "pins", estimate->n_comments);
    api_put_bool(&json, "is_complete", estimate->is_complete);
    api_put_string(&json, "file_name", find->file_name);
    json_writer_end(&json);
    api_answer(job, &out);
}

static void end(struct job *job, const struct find_job *find, enum answer_result result,
                const struct error *error)
{
    if (result == ANSWER_REFUSED)
        api_refuse(job, find->asked.question.filter, error);
    else if (result == ANSWER_FAULT)
        api_fault(job, error); /* an answer under way is cut off by it */
}

static void run(struct job *job, void *context)
{
    struct find_job *find = context;
    struct archive_reader *reader = api_reader(job, &find->asked);
    struct archive_devices *devices = archive_pool_devices(find->asked.archives);
    struct export_estimate estimate;
    struct pin_comments pins;
    struct buffer words;
    enum answer_result result;
    struct error error;

    if (reader == NULL)
        return;
    find->job = job;
    buffer_init(&words, 1 << 17);
    put_words(&words, find);
    pin_comments_load(archive_pool_directory(find->asked.archives), find->asked.node, &pins);
    find->question.question = find->asked.question;
    find->question.words = words.is_full ? NULL : (const char *)words.data;
    find->question.comments = pins.comments;
    find->question.n_comments = pins.n;
    find->question.stop = job_stop(job);
    find->question.write = write_on;
    find->question.context = find;
    if (find->estimate) {
        result = archive_export_estimate(reader, devices, &find->question, &estimate, &error);
        if (result == ANSWER_DONE)
            put_estimate(job, find, &estimate);
    } else {
        result = archive_export(reader, devices, &find->question, &error);
    }
    end(job, find, result, &error);
    pin_comments_clear(&pins);
    buffer_clear(&words);
    archive_pool_give(find->asked.archives, reader);
}

static void name_file(struct find_job *find)
{
    char now[TIMESTAMP_TEXT_BYTES], stamp[32];
    size_t n = 0;

    timestamp_format(timestamp_now(), false, now);
    for (const char *c = now; *c && *c != '.' && n + 1 < sizeof stamp; c++)
        if (*c != '-' && *c != ':')
            stamp[n++] = *c;
    stamp[n] = '\0';
    snprintf(find->file_name, sizeof find->file_name, "%.64s-%sZ.pcapng", find->asked.node, stamp);
}

void api_find(struct exchange *exchange)
{
    struct find_job *find = calloc(1, sizeof *find);
    const struct question *question;

    if (find == NULL) {
        exchange_problem(exchange, 503, "no_memory", "the server has no memory for this; try again later");
        return;
    }
    if (!api_question_take(exchange, &find->asked) ||
        !exchange_query_number(exchange, "first", 0, 0, INT64_MAX, &find->question.first) ||
        !exchange_query_number(exchange, "last", UINT64_MAX, 0, INT64_MAX, &find->question.last) ||
        !exchange_query_number(exchange, "estimate", 0, 0, 1, &find->estimate)) {
        find_job_free(find);
        return;
    }
    question = &find->asked.question;
    if (question->scope.bytes != BYTES_FULL) {
        exchange_problem(exchange, 403, "bytes",
                         "this link does not show bytes of packets, so there is no download");
        find_job_free(find);
        return;
    }
    name_file(find);
    if (!find->estimate && exchange->site->audit)
        audit_add(exchange->site->audit, exchange->access, NULL, "export", "packets of %s%s%s%s%s",
                  find->asked.node, question->filter && question->filter[0] ? ", filter " : "",
                  question->filter ? question->filter : "",
                  question->device && question->device[0] ? ", device " : "",
                  question->device ? question->device : "");
    exchange_start_job(exchange, run, find, find_job_free);
}
