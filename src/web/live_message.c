/* SPDX-License-Identifier: Apache-2.0 */
#include "web/live_message.h"

#include <stdio.h>
#include <string.h>

#include "base/timestamp.h"
#include "web/site.h"

static void put_ns(struct json_writer *json, const char *name, int64_t ns)
{
    json_writer_name(json, name);
    json_writer_printf(json, "%lld", (long long)ns);
}

static void put_ns_or_null(struct json_writer *json, const char *name, int64_t ns, int64_t none)
{
    if (ns != none) {
        put_ns(json, name, ns);
        return;
    }
    json_writer_name(json, name);
    json_writer_null(json);
}

static void put_string(struct json_writer *json, const char *name, const char *text)
{
    json_writer_name(json, name);
    json_writer_string(json, text);
}

static void begin(struct json_writer *json, struct buffer *out, const char *type)
{
    json_writer_init(json, out, JSON_WRITER_COMPACT);
    json_writer_object(json);
    put_string(json, "type", type);
}

static void begin_of_view(struct json_writer *json, struct buffer *out, const char *type, uint32_t view)
{
    begin(json, out, type);
    json_writer_named_number(json, "view", view);
}

void live_put_gap(struct json_writer *json, const struct hub_gap *gap)
{
    put_string(json, "cause", hub_gap_cause_name(gap->cause));
    if (gap->first) {
        json_writer_named_number(json, "first", gap->first);
        json_writer_named_number(json, "last", gap->last);
    }
    if (gap->n)
        json_writer_named_number(json, "n", gap->n);
    if (gap->from_ns)
        put_ns(json, "from_ns", gap->from_ns);
    if (gap->to_ns)
        put_ns(json, "to_ns", gap->to_ns);
    put_string(json, "words", hub_gap_cause_words(gap->cause));
}

static void put_number_or_null(struct json_writer *json, const char *name, uint64_t number)
{
    json_writer_name(json, name);
    if (number)
        json_writer_number(json, number);
    else
        json_writer_null(json);
}

void live_put_source(struct json_writer *json, const struct site_source *source)
{
    uint64_t end = source->end;

    if (source->hub && hub_end(source->hub) > end)
        end = hub_end(source->hub);
    put_string(json, "name", source->name);
    put_string(json, "state", site_source_state_name(site_source_state(source)));
    put_ns_or_null(json, "since_ns", source->since_ns, 0);
    put_number_or_null(json, "first", source->first);
    put_number_or_null(json, "end", end);
    put_string(json, "words", site_source_words(source));
    put_ns_or_null(json, "from_ns", source->from_ns, 0);
    put_ns_or_null(json, "to_ns", source->to_ns, 0);
    json_writer_name(json, "interfaces");
    json_writer_array(json);
    for (size_t i = 0; i < source->n_interfaces; i++)
        json_writer_string(json, source->interfaces[i]);
    json_writer_end(json);
}

/* The writer has no tree: what comes as one (names and scope of a person) is written by jansson. */
static int append(const char *text, size_t len, void *out)
{
    return buffer_put(out, text, len) ? 0 : -1;
}

void live_put_hello(struct buffer *out, const struct site *site, const struct access *access,
                    const json_t *you)
{
    struct json_writer json;

    buffer_printf(out,
                  "{\"type\":\"hello\",\"protocol\":1,\"version\":\"" TAPDECK_VERSION
                  "\",\"now_ns\":\"%lld\",\"you\":",
                  (long long)timestamp_now());
    if (json_dump_callback(you, append, out, JSON_COMPACT) != 0)
        out->is_full = true;
    buffer_put_text(out, ",\"sources\":");
    json_writer_init(&json, out, JSON_WRITER_COMPACT);
    json_writer_array(&json);
    for (size_t i = 0; i < site->n_sources; i++) {
        if (!scope_has_source(&access->scope, site->sources[i].name))
            continue;
        json_writer_object(&json);
        live_put_source(&json, &site->sources[i]);
        json_writer_end(&json);
    }
    json_writer_end(&json);
    buffer_put_u8(out, '}');
}

void live_put_source_message(struct buffer *out, const struct site_source *source)
{
    struct json_writer json;

    begin(&json, out, "source");
    json_writer_name(&json, "source");
    json_writer_object(&json);
    live_put_source(&json, source);
    json_writer_end(&json);
    json_writer_end(&json);
}

void live_put_viewing(struct buffer *out, uint32_t view, uint64_t next, const char *warning)
{
    struct json_writer json;

    begin_of_view(&json, out, "viewing", view);
    json_writer_named_number(&json, "next", next);
    put_string(&json, "fields_warning", warning);
    json_writer_end(&json);
}

/* A fault's text is the sentence, the filter again, a line that marks the place, and maybe advice. */
static void put_suggestion(struct json_writer *json, const char *text)
{
    static const char words[] = "did you mean ";
    const char *at = strstr(text, words);
    size_t len;

    json_writer_name(json, "suggestion");
    if (at == NULL) {
        json_writer_null(json);
        return;
    }
    at += sizeof words - 1;
    len = strcspn(at, "?\n");
    if (len >= 2 && *at == '"' && at[len - 1] == '"') {
        at++;
        len -= 2;
    }
    json_writer_text(json, bytes_of(at, len));
}

void live_put_filter_error(struct buffer *out, uint32_t view, const struct error *error)
{
    struct json_writer json;

    begin_of_view(&json, out, "filter_error", view);
    json_writer_name(&json, "text");
    json_writer_text(&json, bytes_of(error->text, strcspn(error->text, "\n")));
    json_writer_named_number(&json, "column", error->at);
    json_writer_named_number(&json, "length", error->len);
    put_suggestion(&json, error->text);
    json_writer_end(&json);
}

void live_put_gap_message(struct buffer *out, uint32_t view, const struct hub_gap *gap)
{
    struct json_writer json;

    begin_of_view(&json, out, "gap", view);
    live_put_gap(&json, gap);
    json_writer_end(&json);
}

void live_put_bars(struct buffer *out, uint32_t view, const struct hub_bar *bars, uint32_t n)
{
    struct json_writer json;

    begin_of_view(&json, out, "bars", view);
    json_writer_name(&json, "bars");
    json_writer_array(&json);
    for (uint32_t i = 0; i < n; i++) {
        json_writer_array(&json);
        json_writer_signed(&json, bars[i].second);
        json_writer_string(&json, bars[i].protocol);
        json_writer_number(&json, bars[i].n);
        json_writer_end(&json);
    }
    json_writer_end(&json);
    json_writer_end(&json);
}

void live_put_count(struct buffer *out, const struct live_count *count)
{
    struct json_writer json;

    begin_of_view(&json, out, "count", count->view);
    json_writer_named_number(&json, "through", count->through);
    json_writer_named_number(&json, "seen", count->n_seen);
    json_writer_named_number(&json, "matched", count->n_matched);
    json_writer_named_number(&json, "sent", count->n_sent);
    json_writer_named_number(&json, "left_out", count->n_matched - count->n_sent);
    json_writer_named_number(&json, "per_second", count->per_second);
    json_writer_named_number(&json, "tail", count->tail);
    put_ns(&json, "last_time_ns", count->last_ts_ns);
    json_writer_end(&json);
}

void live_put_pong(struct buffer *out, double t)
{
    /* As it came: 17 digits hold any number of the page's. */
    buffer_printf(out, "{\"type\":\"pong\",\"t\":%.17g,\"now_ns\":\"%lld\"}", t, (long long)timestamp_now());
}

void live_put_error(struct buffer *out, const char *code, const char *words)
{
    struct json_writer json;

    begin(&json, out, "error");
    put_string(&json, "code", code);
    put_string(&json, "words", words);
    json_writer_end(&json);
}

void live_put_trouble(struct buffer *out, const char *words, int64_t since_ns)
{
    struct json_writer json;

    begin(&json, out, "trouble");
    put_string(&json, "words", words);
    put_ns(&json, "since_ns", since_ns);
    json_writer_end(&json);
}

void live_put_ended(struct buffer *out, const char *why, const char *words)
{
    struct json_writer json;

    begin(&json, out, "ended");
    put_string(&json, "why", why);
    put_string(&json, "words", words);
    json_writer_end(&json);
}
