/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_status_json - the status of an archive as one JSON object. Amounts are bytes, spans seconds, times RFC
 * 3339; what is not known is null.
 */
#include "base/json_writer.h"
#include "cli/cmd_status.h"

static void put_text(struct json_writer *json, const char *name, const char *text)
{
    json_writer_name(json, name);
    json_writer_string(json, text);
}

static void put_time(struct json_writer *json, const char *name, bool is_known, int64_t ts_ns)
{
    char text[TIMESTAMP_TEXT_BYTES];

    put_text(json, name, is_known ? timestamp_format(ts_ns, false, text) : NULL);
}

static void put_fault(struct json_writer *json, const char *name, const struct error *error)
{
    put_text(json, name, error->kind == ERROR_NONE ? NULL : error->text);
}

static void put_holdings(struct json_writer *json, const struct holdings *held)
{
    bool has_span = held->min_ts_ns <= held->max_ts_ns;

    json_writer_name(json, "segments");
    json_writer_object(json);
    json_writer_named_number(json, "sealed", held->n_sealed);
    json_writer_named_number(json, "open", held->n_open);
    json_writer_named_number(json, "without_index", held->n_unindexed);
    put_fault(json, "why_without_index", &held->first);
    json_writer_end(json);
    put_time(json, "from", has_span, held->min_ts_ns);
    put_time(json, "to", has_span, held->max_ts_ns);
    json_writer_named_number(json, "packets", held->n_packets);
    json_writer_named_number(json, "raw_bytes", held->n_raw_bytes);
    json_writer_named_number(json, "stored_bytes", held->n_stored_bytes);
    json_writer_named_number(json, "index_bytes", held->n_index_bytes);
}

static void put_holds(struct json_writer *json, const struct holds_summary *holds)
{
    json_writer_name(json, "holds");
    json_writer_object(json);
    put_fault(json, "trouble", &holds->trouble);
    json_writer_named_number(json, "alive", holds->n_alive);
    json_writer_named_number(json, "expired", holds->n_expired);
    json_writer_named_number(json, "segments", holds->n_segments);
    json_writer_named_number(json, "bytes", holds->n_bytes);
    json_writer_end(json);
}

static void put_bound(struct json_writer *json, enum forecast_by by, const struct forecast_bound *bound)
{
    json_writer_object(json);
    put_text(json, "by", forecast_by_name(by));
    if (bound->limit_bytes || by != FORECAST_KEEP_AGE)
        json_writer_named_number(json, "limit_bytes", bound->limit_bytes);
    json_writer_named_number(json, "reaches_back_seconds", (uint64_t)(bound->reach_ns / NS_PER_SECOND));
    json_writer_named_number(json, "reached_in_seconds", (uint64_t)(bound->reached_in_ns / NS_PER_SECOND));
    json_writer_end(json);
}

static void put_forecast(struct json_writer *json, const struct forecast *forecast)
{
    json_writer_name(json, "forecast");
    json_writer_object(json);
    json_writer_named_number(json, "recorded_seconds", (uint64_t)(forecast->recorded_ns / NS_PER_SECOND));
    json_writer_name(json, "bytes_per_day");
    if (forecast->bytes_per_day > 0)
        json_writer_number(json, (uint64_t)forecast->bytes_per_day);
    else
        json_writer_null(json);
    put_text(json, "by", forecast->bounds[forecast->by].is_set ? forecast_by_name(forecast->by) : NULL);
    json_writer_name(json, "bounds");
    json_writer_array(json);
    for (unsigned by = 0; by < FORECAST_BOUNDS; by++) {
        if (forecast->bounds[by].is_set)
            put_bound(json, (enum forecast_by)by, &forecast->bounds[by]);
    }
    json_writer_end(json);
    json_writer_end(json);
}

static void put_recorder(struct json_writer *json, const struct recorder_status *status, int64_t now_ns)
{
    static const char *const lives[] = {
        [RECORDER_ALIVE] = "alive", [RECORDER_DEAD] = "dead", [RECORDER_STUCK] = "stuck"
    };

    json_writer_object(json);
    put_text(json, "state", lives[recorder_life(status, now_ns)]);
    status_put_members(json, status);
    json_writer_end(json);
}

void status_put_json(struct buffer *out, const struct status_report *report)
{
    struct json_writer json;

    json_writer_init(&json, out, JSON_WRITER_INDENTED);
    json_writer_object(&json);
    put_text(&json, "archive", report->directory);
    put_holdings(&json, &report->holdings);
    put_holds(&json, &report->holds);
    json_writer_name(&json, "disk");
    json_writer_object(&json);
    json_writer_named_number(&json, "bytes", report->disk.n_bytes);
    json_writer_named_number(&json, "free_bytes", report->disk.n_free_bytes);
    json_writer_end(&json);
    put_forecast(&json, &report->forecast);
    json_writer_name(&json, "recorders");
    json_writer_array(&json);
    for (uint32_t i = 0; i < report->n_recorders; i++)
        put_recorder(&json, report->recorders[i], report->now_ns);
    json_writer_end(&json);
    json_writer_named_number(&json, "unreadable_status_files", report->n_unreadable);
    json_writer_end(&json);
    buffer_put_u8(out, '\n');
}
