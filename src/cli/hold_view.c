/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/hold_view.h"

#include <stdio.h>

#include "base/json_writer.h"
#include "base/size_text.h"
#include "base/timestamp.h"
#include "base/utf8.h"

bool hold_view_open(struct hold_view *view, const char *directory, struct error *error)
{
    if (!catalog_load(&view->catalog, directory, error))
        return false;
    view->held = held_new(directory);
    if (view->held == NULL)
        return error_set(error, ERROR_SYSTEM, "out of memory");
    return held_update(view->held, &view->catalog, timestamp_now(), 0, error);
}

void hold_view_close(struct hold_view *view)
{
    held_free(view->held);
    catalog_clear(&view->catalog);
}

void hold_put_amount(struct buffer *out, uint32_t n_segments, uint64_t n_bytes)
{
    char size[SIZE_TEXT_BYTES];

    buffer_printf(out, "%u segment%s, %s", n_segments, n_segments == 1 ? "" : "s",
                  size_format(n_bytes, size));
}

/* ---- for people ---- */

static void put_time(struct buffer *out, int64_t ts_ns, bool is_local)
{
    char text[TIMESTAMP_TEXT_BYTES];

    timestamp_format(ts_ns, is_local, text);
    buffer_put(out, text, 19);
    buffer_put_text(out, text + 29);
}

static void put_what(struct buffer *out, const struct hold *hold, bool is_local)
{
    if (hold->device) {
        buffer_put_text(out, "device ");
        utf8_put_escaped(out, bytes_text(hold->device));
        if (hold->range.from_ns == INT64_MIN && hold->range.to_ns == INT64_MAX)
            return;
        buffer_put_text(out, ", ");
    }
    if (hold->range.from_ns != INT64_MIN) {
        buffer_put_text(out, "from ");
        put_time(out, hold->range.from_ns, is_local);
    }
    if (hold->range.to_ns != INT64_MAX) {
        buffer_put_text(out, hold->range.from_ns != INT64_MIN ? " to " : "up to ");
        put_time(out, hold->range.to_ns, is_local);
    }
}

static void put_life(struct buffer *out, const struct held_hold *held, int64_t now_ns, bool is_local)
{
    char left[SIZE_TEXT_BYTES];

    buffer_put_text(out, held->is_alive ? "until " : "EXPIRED ");
    put_time(out, held->hold->expires_ns, is_local);
    if (held->is_alive)
        buffer_printf(out, " (%s left)", duration_format(held->hold->expires_ns - now_ns, left));
}

void hold_put_quota(struct buffer *out, uint64_t quota_bytes)
{
    char size[SIZE_TEXT_BYTES];

    if (quota_bytes)
        buffer_printf(out, ", of a quota of %s", size_format(quota_bytes, size));
}

static void put_hold(struct buffer *out, const struct held_hold *held, int64_t now_ns, bool is_local)
{
    buffer_printf(out, "hold %lld of ", (long long)held->hold->id);
    utf8_put_escaped(out, bytes_text(held->hold->owner));
    buffer_put_text(out, ", ");
    put_life(out, held, now_ns, is_local);
    buffer_put_text(out, ": ");
    utf8_put_escaped(out, bytes_text(held->hold->reason));
    buffer_put_text(out, "\n  holds   ");
    put_what(out, held->hold, is_local);
    buffer_put_text(out, "\n  keeps   ");
    if (held->is_alive)
        hold_put_amount(out, held->n_segments, held->n_bytes);
    else
        buffer_put_text(out, "nothing any more");
    hold_put_quota(out, held->hold->quota_bytes);
    if (held->n_let_go) {
        buffer_put_text(out, "\n  let go  ");
        hold_put_amount(out, held->n_let_go, held->n_bytes_let_go);
        buffer_put_text(out, " beyond the quota: deleted when their time comes");
    }
    buffer_put_u8(out, '\n');
}

void hold_put_list(struct buffer *out, const struct held *held, bool is_local)
{
    uint32_t n;
    const struct held_hold *holds = held_holds(held, &n);

    for (uint32_t i = 0; i < n; i++)
        put_hold(out, &holds[i], timestamp_now(), is_local);
    if (n == 0)
        buffer_put_text(out, "no holds");
    else {
        buffer_put_text(out, "all together keep ");
        hold_put_amount(out, held_segments(held), held_bytes(held));
    }
    hold_put_quota(out, held_quota(held));
    buffer_put_u8(out, '\n');
}

/* ---- for programs ---- */

static void json_time(struct json_writer *json, const char *name, int64_t ts_ns)
{
    char text[TIMESTAMP_TEXT_BYTES];

    json_writer_name(json, name);
    if (ts_ns == INT64_MIN || ts_ns == INT64_MAX)
        json_writer_null(json);
    else
        json_writer_string(json, timestamp_format(ts_ns, false, text));
}

static void json_number(struct json_writer *json, const char *name, uint64_t number)
{
    json_writer_name(json, name);
    json_writer_number(json, number);
}

static void json_text(struct json_writer *json, const char *name, const char *text)
{
    json_writer_name(json, name);
    json_writer_string(json, text);
}

static void json_quota(struct json_writer *json, uint64_t quota_bytes)
{
    json_writer_name(json, "quota_bytes");
    if (quota_bytes)
        json_writer_number(json, quota_bytes);
    else
        json_writer_null(json);
}

static void json_hold(struct json_writer *json, const struct held_hold *held)
{
    const struct hold *hold = held->hold;

    json_writer_object(json);
    json_number(json, "id", (uint64_t)hold->id);
    json_text(json, "state", held->is_alive ? "alive" : "expired");
    json_text(json, "owner", hold->owner);
    json_text(json, "reason", hold->reason);
    json_text(json, "device", hold->device);
    json_time(json, "from", hold->range.from_ns);
    json_time(json, "to", hold->range.to_ns);
    json_time(json, "created", hold->created_ns);
    json_time(json, "expires", hold->expires_ns);
    json_quota(json, hold->quota_bytes);
    json_number(json, "segments", held->n_segments);
    json_number(json, "bytes", held->n_bytes);
    json_number(json, "let_go_segments", held->n_let_go);
    json_number(json, "let_go_bytes", held->n_bytes_let_go);
    json_writer_end(json);
}

void hold_json_list(struct buffer *out, const struct held *held)
{
    struct json_writer json;
    uint32_t n;
    const struct held_hold *holds = held_holds(held, &n);

    json_writer_init(&json, out, JSON_WRITER_INDENTED);
    json_writer_object(&json);
    json_number(&json, "segments", held_segments(held));
    json_number(&json, "bytes", held_bytes(held));
    json_quota(&json, held_quota(held));
    json_writer_name(&json, "holds");
    json_writer_array(&json);
    for (uint32_t i = 0; i < n; i++)
        json_hold(&json, &holds[i]);
    json_writer_end(&json);
    json_writer_end(&json);
    buffer_put_u8(out, '\n');
}
