/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /filter/check, /fields, /sources/{source}/filter/values. The first two are asked at each rest of a
 * typing hand: they read tables in memory, and answer in the loop's thread.
 */
#include "web/api_archive.h"

#include <stdlib.h>
#include <strings.h>

#include "live/field_values.h"
#include "live/filter_report.h"
#include "web/api.h"

enum { FIELD_VALUE_NAMES = 64, FIELDS_MOST = 2000 };

/* ---- check ---- */

static void put_name(void *context, const char *name)
{
    json_writer_string(context, name);
}

void api_filter_check(struct exchange *exchange)
{
    bool is_answered;
    const char *text = exchange_query(exchange, "filter", &is_answered);
    struct filter_report report;
    struct json_writer json, names;
    struct buffer out, fields;

    static const char *const states[] = {
        [FILTER_OK] = "ok", [FILTER_WARNING] = "warning", [FILTER_ERROR] = "error"
    };

    if (is_answered)
        return;
    if (text == NULL) {
        exchange_problem(exchange, 400, "bad_query", "filter= is missing");
        return;
    }
    buffer_init(&out, API_ANSWER_LIMIT_BYTES);
    buffer_init(&fields, API_ANSWER_LIMIT_BYTES);
    json_writer_init(&names, &fields, JSON_WRITER_COMPACT);
    json_writer_array(&names);
    filter_report_make(text, exchange->access->scope.bytes, &report, put_name, &names);
    json_writer_end(&names);

    json_writer_init(&json, &out, JSON_WRITER_COMPACT);
    json_writer_object(&json);
    api_put_string(&json, "state", states[report.state]);
    api_put_string(&json, "text", report.text);
    if (report.has_place) {
        json_writer_named_number(&json, "column", report.column);
        json_writer_named_number(&json, "length", report.length);
    } else {
        api_put_string(&json, "column", NULL);
        api_put_string(&json, "length", NULL);
    }
    api_put_string(&json, "suggestion", report.suggestion[0] ? report.suggestion : NULL);
    json_writer_name(&json, "warnings");
    json_writer_array(&json);
    for (uint32_t i = 0; i < report.n_warnings; i++) {
        json_writer_object(&json);
        api_put_string(&json, "text", report.warnings[i]);
        json_writer_end(&json);
    }
    json_writer_end(&json);
    api_put_bool(&json, "is_covered", report.is_covered);
    json_writer_name(&json, "fields");
    json_writer_json(&json, buffer_bytes(&fields));
    json_writer_end(&json);
    exchange_answer_bytes(exchange, 200, "application/json", buffer_bytes(&out));
    buffer_clear(&out);
    buffer_clear(&fields);
}

/* ---- fields ---- */

struct listed {
    const char *name, *title;
    const struct field *field; /* NULL: a protocol */
    unsigned rank;
};

struct listing {
    const char *like;
    struct listed *items;
    size_t n, cap;
};

/* 0: does not fit; the less, the further up. */
static unsigned rank_of(const char *like, const char *name, const char *title)
{
    const char *found;

    if (like == NULL || like[0] == '\0')
        return 3;
    if (strcasecmp(name, like) == 0)
        return 1;
    found = strcasestr(name, like);
    if (found == name)
        return 2;
    if (found)
        return found[-1] == '.' ? 3 : 4;
    return title && strcasestr(title, like) ? 5 : 0;
}

static void offer(struct listing *listing, const char *name, const char *title, const struct field *field)
{
    unsigned rank = name ? rank_of(listing->like, name, title) : 0;

    if (rank == 0)
        return;
    if (listing->n == listing->cap) {
        size_t cap = listing->cap ? 2 * listing->cap : 256;
        struct listed *items = realloc(listing->items, cap * sizeof *items);

        if (items == NULL)
            return;
        listing->items = items;
        listing->cap = cap;
    }
    listing->items[listing->n++] = (struct listed) { name, title, field, rank };
}

static int by_rank(const void *left, const void *right)
{
    const struct listed *a = left, *b = right;

    return a->rank != b->rank ? (a->rank > b->rank) - (a->rank < b->rank) : strcmp(a->name, b->name);
}

static void put_type(struct json_writer *json, const struct field *field)
{
    static const char *const words[] = {
        [FIELD_NONE] = "presence",     [FIELD_DOUBLE] = "floating point",
        [FIELD_BOOL] = "boolean",      [FIELD_IPV4] = "IPv4",
        [FIELD_IPV6] = "IPv6",         [FIELD_ETHER] = "hardware address",
        [FIELD_BYTES] = "bytes",       [FIELD_STRING] = "text",
        [FIELD_TIME] = "time",         [FIELD_FRAME] = "frame",
        [FIELD_DURATION] = "duration",
    };

    json_writer_name(json, "type");
    if (field == NULL)
        json_writer_string(json, "protocol");
    else if (field->type == FIELD_UINT || field->type == FIELD_INT)
        json_writer_printf(json, "%s, %u bits", field->type == FIELD_UINT ? "unsigned" : "signed",
                           field_width(field));
    else
        json_writer_string(json, words[field->type]);
}

static void put_listed(struct json_writer *json, const struct listed *item)
{
    unsigned n = 0;

    json_writer_object(json);
    api_put_string(json, "name", item->name);
    api_put_string(json, "title", item->title ? item->title : "");
    put_type(json, item->field);
    api_put_string(json, "kind", item->field ? "field" : "protocol");
    json_writer_name(json, "values");
    json_writer_array(json);
    for (const struct value_name *value = item->field ? item->field->names : NULL;
         value && value->name && n < FIELD_VALUE_NAMES; value++, n++) {
        json_writer_object(json);
        json_writer_name(json, "value");
        json_writer_printf(json, "%llu", (unsigned long long)value->value);
        api_put_string(json, "name", value->name);
        json_writer_end(json);
    }
    json_writer_end(json);
    json_writer_end(json);
}

void api_fields(struct exchange *exchange)
{
    struct listing listing = { 0 };
    struct json_writer json;
    struct buffer out;
    bool is_answered;
    uint64_t n;

    listing.like = exchange_query(exchange, "like", &is_answered);
    if (is_answered || !exchange_query_number(exchange, "n", 50, 1, FIELDS_MOST, &n))
        return;
    for (unsigned p = PROTOCOL_NONE + 1; p < PROTOCOL_COUNT; p++) {
        offer(&listing, protocols[p]->name, protocols[p]->title, NULL);
        for (unsigned i = 0; i < protocols[p]->n_fields; i++) {
            const struct field *field = &protocols[p]->fields[i];
            bool is_alias = field->any_of[0] || field->any_of[1];

            offer(&listing, field->name, field->title,
                  is_alias ? &protocols[p]->fields[field->any_of[0]] : field);
        }
    }
    if (listing.n)
        qsort(listing.items, listing.n, sizeof *listing.items, by_rank);
    buffer_init(&out, API_ANSWER_LIMIT_BYTES);
    json_writer_init(&json, &out, JSON_WRITER_COMPACT);
    json_writer_object(&json);
    json_writer_name(&json, "fields");
    json_writer_array(&json);
    for (size_t i = 0; i < listing.n && i < n; i++)
        put_listed(&json, &listing.items[i]);
    json_writer_end(&json);
    json_writer_named_number(&json, "total", listing.n);
    json_writer_end(&json);
    exchange_answer_bytes(exchange, 200, "application/json", buffer_bytes(&out));
    buffer_clear(&out);
    free(listing.items);
}

/* ---- values ---- */

struct values_job {
    struct api_question asked;
    char *field;
    uint32_t n;
};

static void values_job_free(void *context)
{
    struct values_job *values = context;

    api_question_clear(&values->asked);
    free(values->field);
    free(values);
}

static void put_values(struct job *job, const struct values_job *values, const struct field_values *found)
{
    struct json_writer json;
    struct buffer out;

    buffer_init(&out, API_ANSWER_LIMIT_BYTES);
    json_writer_init(&json, &out, JSON_WRITER_COMPACT);
    json_writer_object(&json);
    api_put_string(&json, "field", values->field);
    json_writer_name(&json, "values");
    json_writer_array(&json);
    for (uint32_t i = 0; i < found->n; i++) {
        json_writer_object(&json);
        api_put_text(&json, "value", found->values[i].value);
        api_put_text(&json, "text", found->values[i].text);
        json_writer_named_number(&json, "n", found->values[i].n);
        json_writer_end(&json);
    }
    json_writer_end(&json);
    json_writer_named_number(&json, "seen", found->n_seen);
    api_put_bool(&json, "is_complete", found->is_complete);
    json_writer_end(&json);
    api_answer(job, &out);
}

static void run_values(struct job *job, void *context)
{
    struct values_job *values = context;
    struct archive_reader *reader = api_reader(job, &values->asked);
    struct field_values found;
    struct error error;

    if (reader == NULL)
        return;
    switch (field_values_find(reader, archive_pool_devices(values->asked.archives), &values->asked.question,
                              values->field, values->n, job_stop(job), &found, &error)) {
    case ANSWER_DONE:
        put_values(job, values, &found);
        break;
    case ANSWER_REFUSED:
        api_refuse(job, values->asked.question.filter, &error);
        break;
    case ANSWER_FAULT:
        api_fault(job, &error);
        break;
    }
    field_values_clear(&found);
    archive_pool_give(values->asked.archives, reader);
}

void api_filter_values(struct exchange *exchange)
{
    struct values_job *values = calloc(1, sizeof *values);
    bool is_answered = false;
    const char *field = values ? exchange_query(exchange, "field", &is_answered) : NULL;
    struct filter_report report;
    uint64_t n = 0;

    if (values == NULL || field == NULL || is_answered || field_find(field, strlen(field)) == FIELD_ID_NONE) {
        if (values == NULL)
            exchange_problem(exchange, 503, "no_memory",
                             "the server has no memory for this; try again later");
        else if (!is_answered)
            exchange_problem(exchange, 400, "no_field",
                             "field= takes the name of a field; /fields lists them");
        free(values);
        return;
    }
    filter_report_make(field, exchange->access->scope.bytes, &report, NULL, NULL);
    if (!report.is_covered) {
        exchange_problem(exchange, 403, "bytes", "%s", report.text);
        free(values);
        return;
    }
    values->field = strdup(field);
    if (!exchange_query_number(exchange, "n", 20, 1, FIELD_VALUES_LIMIT, &n) ||
        !api_question_take(exchange, &values->asked)) {
        values_job_free(values);
        return;
    }
    values->n = (uint32_t)n;
    exchange_start_job(exchange, run_values, values, values_job_free);
}
