/* SPDX-License-Identifier: Apache-2.0 */
/* GET /sources/{source}/timeline and /count. */
#include "web/api_archive.h"

#include <stdlib.h>

#include "base/timestamp.h"
#include "live/archive_timeline.h"
#include "pipeline/archive_coverage.h"
#include "web/api.h"
#include "web/pins.h"

struct timeline_job {
    struct api_question asked;
    struct time_range range; /* of the query */
    struct timeline_question timeline;
    struct count_question count;
};

static void timeline_job_free(void *context)
{
    struct timeline_job *timeline = context;

    api_question_clear(&timeline->asked);
    free(timeline);
}

static void put_series(struct json_writer *json, struct bar_cache *bars, const struct timeline *timeline)
{
    json_writer_name(json, "series");
    json_writer_array(json);
    for (unsigned p = 0; p < BAR_PROTOCOLS; p++) {
        if (timeline->counts[p] == NULL)
            continue;
        json_writer_object(json);
        api_put_string(json, "protocol", bar_cache_name(bars, (uint8_t)p));
        json_writer_named_number(json, "n", timeline->n_of[p]);
        json_writer_name(json, "bars");
        json_writer_array(json);
        for (uint32_t i = 0; i < timeline->n_buckets; i++) {
            if (timeline->counts[p][i] == 0)
                continue;
            json_writer_array(json);
            json_writer_number(json, i);
            json_writer_number(json, timeline->counts[p][i]);
            json_writer_end(json);
        }
        json_writer_end(json);
        json_writer_end(json);
    }
    json_writer_end(json);
}

/* What was recorded when, of this node: from what the segments say of themselves. */
static void put_recording(struct json_writer *json, const struct api_question *asked,
                          struct archive_reader *reader, const struct timeline *timeline)
{
    struct time_range range = { timeline->from_ns, timeline->to_ns };
    struct archive_coverage found;
    struct error ignored;

    json_writer_name(json, "recording");
    json_writer_array(json);
    if (timeline->n_buckets && archive_coverage_find(reader->map.directory, &reader->map.catalog, &range,
                                                     timestamp_now(), &found, &ignored)) {
        for (uint32_t n = 0; n < found.coverage.n_nodes; n++) {
            const struct coverage_node *node = &found.coverage.nodes[n];

            for (uint32_t i = 0; strcmp(node->name, asked->node) == 0 && i < node->n_spans; i++) {
                const struct coverage_span *span = &node->spans[i];

                json_writer_object(json);
                api_put_ns(json, "from_ns", span->from_ns);
                api_put_ns(json, "to_ns", span->to_ns);
                api_put_string(json, "state", coverage_state_name(span->state));
                api_put_string(json, "cause", span->cause ? coverage_cause_name(span->cause) : "");
                api_put_string(json, "words", span->cause ? coverage_cause_words(span->cause) : "");
                json_writer_end(json);
            }
        }
        archive_coverage_clear(&found);
    }
    json_writer_end(json);
}

static bool is_covered(void *context, const char *source, uint64_t number, int64_t *ts_ns,
                       struct error *error)
{
    (void)source;
    error->kind = ERROR_NONE;
    return *ts_ns != PIN_TIME_UNKNOWN && scope_has_number_and_time(context, number, *ts_ns);
}

/* Through a link about a device or a filter pins are told by /pins alone, which looks each packet up. */
static void put_pins(struct json_writer *json, const struct timeline_job *asked)
{
    struct scope scope = asked->asked.question.scope;
    const struct pins_cover cover = { is_covered, &scope };
    struct error ignored;
    json_t *pins = NULL, *pin;
    size_t i;

    if (scope_is_of_numbers_and_times(&scope))
        pins = pins_list(archive_pool_directory(asked->asked.archives), &cover, asked->asked.node, &ignored);
    json_writer_name(json, "pins");
    json_writer_array(json);
    json_array_foreach(pins, i, pin)
    {
        json_writer_object(json);
        api_put_string(json, "id", json_string_value(json_object_get(pin, "id")));
        json_writer_named_number(json, "number",
                                 (uint64_t)json_integer_value(json_object_get(pin, "number")));
        api_put_string(json, "time_ns", json_string_value(json_object_get(pin, "time_ns")));
        json_writer_end(json);
    }
    json_writer_end(json);
    json_decref(pins);
}

static void put_timeline(struct job *job, const struct timeline_job *asked, struct archive_reader *reader,
                         const struct timeline *timeline)
{
    struct json_writer json;
    struct buffer out;

    buffer_init(&out, API_ANSWER_LIMIT_BYTES);
    json_writer_init(&json, &out, JSON_WRITER_COMPACT);
    json_writer_object(&json);
    api_put_ns(&json, "from_ns", timeline->from_ns);
    api_put_ns(&json, "to_ns", timeline->to_ns);
    api_put_ns(&json, "bucket_ns", timeline->bucket_ns);
    json_writer_named_number(&json, "buckets", timeline->n_buckets);
    json_writer_named_number(&json, "matched", timeline->n_matched);
    put_series(&json, archive_pool_bars(asked->asked.archives), timeline);
    json_writer_name(&json, "gaps");
    json_writer_array(&json);
    for (uint32_t i = 0; i < timeline->n_gaps; i++)
        api_put_gap(&json, &timeline->gaps[i]);
    json_writer_end(&json);
    put_recording(&json, &asked->asked, reader, timeline);
    put_pins(&json, asked);
    json_writer_named_number(&json, "next", timeline->next);
    api_put_bool(&json, "is_complete", timeline->is_complete);
    json_writer_end(&json);
    api_answer(job, &out);
}

static void run_timeline(struct job *job, void *context)
{
    struct timeline_job *asked = context;
    struct archive_reader *reader = api_reader(job, &asked->asked);
    struct timeline timeline;
    struct error error;

    if (reader == NULL)
        return;
    asked->timeline.question = asked->asked.question;
    asked->timeline.range = asked->range;
    asked->timeline.stop = job_stop(job);
    switch (archive_timeline(reader, archive_pool_devices(asked->asked.archives),
                             archive_pool_bars(asked->asked.archives), &asked->timeline, &timeline, &error)) {
    case ANSWER_DONE:
        put_timeline(job, asked, reader, &timeline);
        break;
    case ANSWER_REFUSED:
        api_refuse(job, asked->asked.question.filter, &error);
        break;
    case ANSWER_FAULT:
        api_fault(job, &error);
        break;
    }
    timeline_clear(&timeline);
    archive_pool_give(asked->asked.archives, reader);
}

static void put_count(struct job *job, const struct count_answer *answer)
{
    struct json_writer json;
    struct buffer out;

    buffer_init(&out, API_ANSWER_LIMIT_BYTES);
    json_writer_init(&json, &out, JSON_WRITER_COMPACT);
    json_writer_object(&json);
    json_writer_named_number(&json, "matched", answer->n_matched);
    json_writer_named_number(&json, "seen", answer->n_seen);
    if (answer->has_no_bytes)
        api_put_string(&json, "bytes", NULL);
    else
        json_writer_named_number(&json, "bytes", answer->n_bytes);
    if (answer->n_matched) {
        json_writer_named_number(&json, "first", answer->first);
        json_writer_named_number(&json, "last", answer->last);
    } else {
        api_put_string(&json, "first", NULL);
        api_put_string(&json, "last", NULL);
    }
    api_put_ns_or_null(&json, "from_ns", answer->from_ns);
    api_put_ns_or_null(&json, "to_ns", answer->to_ns);
    json_writer_named_number(&json, "next", answer->next);
    json_writer_name(&json, "share");
    json_writer_thousandths(&json, (uint64_t)(1000 * (answer->share < 1 ? answer->share : 1)));
    api_put_bool(&json, "is_complete", answer->is_complete);
    json_writer_end(&json);
    api_answer(job, &out);
}

static void run_count(struct job *job, void *context)
{
    struct timeline_job *asked = context;
    struct archive_reader *reader = api_reader(job, &asked->asked);
    struct count_answer answer;
    struct error error;

    if (reader == NULL)
        return;
    asked->count.question = asked->asked.question;
    asked->count.stop = job_stop(job);
    switch (
        archive_count(reader, archive_pool_devices(asked->asked.archives), &asked->count, &answer, &error)) {
    case ANSWER_DONE:
        put_count(job, &answer);
        break;
    case ANSWER_REFUSED:
        api_refuse(job, asked->asked.question.filter, &error);
        break;
    case ANSWER_FAULT:
        api_fault(job, &error);
        break;
    }
    archive_pool_give(asked->asked.archives, reader);
}

/* NULL: answered. The range of the query is taken out of the scope's, where the timeline wants them apart. */
static struct timeline_job *take(struct exchange *exchange, bool is_timeline)
{
    struct timeline_job *asked = calloc(1, sizeof *asked);
    uint64_t n_buckets = 0;
    bool has_from, has_to;

    if (asked == NULL) {
        exchange_problem(exchange, 503, "no_memory", "the server has no memory for this; try again later");
        return NULL;
    }
    asked->range = (struct time_range) { INT64_MIN, INT64_MAX };
    if (!api_question_take(exchange, &asked->asked) ||
        !exchange_query_number(exchange, "from", 0, 0, INT64_MAX, &asked->timeline.from) ||
        !api_query_ns(exchange, "from_ns", &asked->range.from_ns, &has_from) ||
        !api_query_ns(exchange, "to_ns", &asked->range.to_ns, &has_to) ||
        (is_timeline &&
         !exchange_query_number(exchange, "buckets", 600, 1, TIMELINE_BUCKETS_LIMIT, &n_buckets)) ||
        (!is_timeline &&
         (!exchange_query_number(exchange, "first", 0, 0, INT64_MAX, &asked->count.first) ||
          !exchange_query_number(exchange, "last", UINT64_MAX, 0, INT64_MAX, &asked->count.last)))) {
        timeline_job_free(asked);
        return NULL;
    }
    asked->count.from = asked->timeline.from;
    asked->timeline.n_buckets = (uint32_t)n_buckets;
    if (is_timeline)
        asked->asked.question.scope.range = exchange->access->scope.range;
    return asked;
}

void api_timeline(struct exchange *exchange)
{
    struct timeline_job *asked = take(exchange, true);

    if (asked)
        exchange_start_job(exchange, run_timeline, asked, timeline_job_free);
}

void api_count(struct exchange *exchange)
{
    struct timeline_job *asked = take(exchange, false);

    if (asked)
        exchange_start_job(exchange, run_count, asked, timeline_job_free);
}
