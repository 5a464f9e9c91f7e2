/* SPDX-License-Identifier: Apache-2.0 */
/* GET /sources/{source}/packets/{number} and its /bytes. */
#include "web/api_archive.h"

#include <stdlib.h>

#include "live/packet_details.h"
#include "live/scope.h"
#include "protocol/value_format.h"
#include "web/api.h"

struct packet_job {
    struct api_question asked;
    uint64_t number;
    bool wants_bytes, wants_raw; /* only the bytes; as they are */
    bool wants_sharkd;
};

static void packet_job_free(void *context)
{
    struct packet_job *packet = context;

    api_question_clear(&packet->asked);
    free(packet);
}

/* sharkd's layers instead of ours, for who sees all bytes: its tree shows them. words: why not. */
static bool ask_sharkd(struct job *job, const struct packet_job *asked, struct archive_reader *reader,
                       const struct packet_details *details, struct buffer *layers, struct error *error)
{
    const struct scope *scope = &asked->asked.question.scope;
    struct buffer capture;
    uint32_t n_frames = 0;
    bool is_done;

    error->kind = ERROR_NONE;
    if (!asked->wants_sharkd || scope->bytes != BYTES_FULL)
        return false;
    if (!sharkd_is_installed())
        return error_set(error, ERROR_UNSUPPORTED, "sharkd is not installed");
    buffer_init(&capture, API_ANSWER_LIMIT_BYTES);
    is_done = packet_context_put(reader, archive_pool_devices(asked->asked.archives), scope, details,
                                 job_stop(job), &capture, &n_frames, error) &&
              sharkd_layers(archive_pool_sharkd(asked->asked.archives), buffer_bytes(&capture), n_frames,
                            layers, error);
    buffer_clear(&capture);
    return is_done;
}

static void put_packet(struct job *job, const struct packet_job *asked, struct archive_reader *reader,
                       const struct packet_details *details)
{
    struct buffer layers;
    struct error error;
    bool is_sharkd;

    const struct row *row = &details->row;
    struct json_writer json;
    struct buffer out;

    buffer_init(&layers, API_ANSWER_LIMIT_BYTES);
    is_sharkd = ask_sharkd(job, asked, reader, details, &layers, &error);
    buffer_init(&out, API_ANSWER_LIMIT_BYTES);
    json_writer_init(&json, &out, JSON_WRITER_COMPACT);
    json_writer_object(&json);
    json_writer_name(&json, "row");
    api_put_row(&json, row);
    api_put_ns(&json, "time_ns", row->ts_ns);
    api_put_string(&json, "interface", details->interface[0] ? details->interface : NULL);
    json_writer_named_number(&json, "linktype", details->linktype);
    json_writer_named_number(&json, "caplen", details->caplen);
    json_writer_named_number(&json, "length", row->len);
    api_put_string(&json, "bytes", bytes_level_name(asked->asked.question.scope.bytes));
    if (row->device.len)
        api_put_text(&json, "device", row->device);
    else
        api_put_string(&json, "device", NULL);
    api_put_string(&json, "session", details->session[0] ? details->session : NULL);
    api_put_string(&json, "engine", is_sharkd ? "sharkd" : "tapdeck");
    if (!is_sharkd && error.kind != ERROR_NONE)
        api_put_string(&json, "engine_words", error.text);
    json_writer_name(&json, "layers");
    json_writer_json(&json, buffer_bytes(is_sharkd ? &layers : &details->layers));
    json_writer_end(&json);
    buffer_clear(&layers);
    api_answer(job, &out);
}

static void put_bytes(struct job *job, const struct packet_job *asked, const struct packet_details *details)
{
    struct json_writer json;
    struct buffer out, hex;

    if (asked->wants_raw) {
        job_begin(job, 200, "application/octet-stream", details->bytes.len, NULL);
        job_write(job, buffer_bytes(&details->bytes));
        return;
    }
    buffer_init(&out, API_ANSWER_LIMIT_BYTES);
    buffer_init(&hex, API_ANSWER_LIMIT_BYTES);
    hex_format(&hex, buffer_bytes(&details->bytes));
    json_writer_init(&json, &out, JSON_WRITER_COMPACT);
    json_writer_object(&json);
    json_writer_named_number(&json, "number", asked->number);
    json_writer_named_number(&json, "caplen", details->caplen);
    json_writer_named_number(&json, "length", details->row.len);
    api_put_text(&json, "hex", buffer_bytes(&hex));
    json_writer_end(&json);
    buffer_clear(&hex);
    api_answer(job, &out);
}

static void run(struct job *job, void *context)
{
    struct packet_job *asked = context;
    struct archive_reader *reader = api_reader(job, &asked->asked);
    struct packet_details details;
    struct error error;

    if (reader == NULL)
        return;
    switch (packet_details_find(reader, archive_pool_devices(asked->asked.archives),
                                &asked->asked.question.scope, asked->number, job_stop(job), &details,
                                &error)) {
    case DETAILS_FOUND:
        if (asked->wants_bytes)
            put_bytes(job, asked, &details);
        else
            put_packet(job, asked, reader, &details);
        break;
    case DETAILS_NOT_HERE:
        api_not_here(job);
        break;
    case DETAILS_FAULT:
        api_fault(job, &error);
        break;
    }
    packet_details_clear(&details);
    archive_pool_give(asked->asked.archives, reader);
}

static void start(struct exchange *exchange, bool wants_bytes)
{
    struct packet_job *asked = calloc(1, sizeof *asked);
    const char *engine;
    bool is_answered;

    if (asked == NULL) {
        exchange_problem(exchange, 503, "no_memory", "the server has no memory for this; try again later");
        return;
    }
    asked->wants_bytes = wants_bytes;
    engine = exchange_query(exchange, "engine", &is_answered);
    if (is_answered) {
        packet_job_free(asked);
        return;
    }
    asked->wants_sharkd = engine == NULL || strcmp(engine, "tapdeck") != 0;
    asked->wants_raw = wants_bytes && api_accepts(exchange, "application/octet-stream");
    if (!api_parameter_number(exchange, 1, &asked->number) || !api_question_take(exchange, &asked->asked)) {
        packet_job_free(asked);
        return;
    }
    if (wants_bytes && asked->asked.question.scope.bytes != BYTES_FULL) {
        exchange_problem(exchange, 403, "bytes", "this link does not show bytes of packets");
        packet_job_free(asked);
        return;
    }
    exchange_start_job(exchange, run, asked, packet_job_free);
}

void api_packet(struct exchange *exchange)
{
    start(exchange, false);
}

void api_packet_bytes(struct exchange *exchange)
{
    start(exchange, true);
}
