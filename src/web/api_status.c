/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /me, /sources, /status, /openapi.json. The first three read status files and a block of each source: a
 * job.
 */
#include "web/api_archive.h"

#include <stdlib.h>
#include <sys/statvfs.h>

#include "base/timestamp.h"
#include "live/source_view.h"
#include "web/api.h"
#include "web/openapi.h"
#include "web/scope_words.h"
#include "web/site.h"

enum status_form { FORM_ME, FORM_SOURCES, FORM_STATUS };

struct status_job {
    enum status_form form;
    struct archive_pool *archives;
    struct access access; /* its texts in api_question's manner */
    struct api_question asked;
    char *sources[SITE_SOURCES_LIMIT];
    size_t n_sources;
};

static void status_job_free(void *context)
{
    struct status_job *status = context;

    for (size_t i = 0; i < status->n_sources; i++)
        free(status->sources[i]);
    for (size_t i = 0; i < 5; i++)
        free(status->asked.texts[i]);
    free(status);
}

/* ---- forms ---- */

static void put_scope(struct json_writer *json, const struct scope *scope)
{
    struct buffer words;

    buffer_init(&words, 1 << 16);
    scope_put_words(&words, scope, false);
    json_writer_name(json, "scope");
    json_writer_object(json);
    api_put_text(json, "words", buffer_bytes(&words));
    api_put_string(json, "source", scope->source);
    api_put_string(json, "filter", scope->filter);
    api_put_string(json, "device", scope->device);
    api_put_ns_or_null(json, "from_ns", scope->range.from_ns);
    api_put_ns_or_null(json, "to_ns", scope->range.to_ns);
    json_writer_name(json, "numbers");
    if (scope->numbers.n == 0)
        json_writer_null(json);
    else
        json_writer_array(json);
    for (uint32_t i = 0; i < scope->numbers.n; i++) {
        json_writer_array(json);
        json_writer_number(json, scope->numbers.ranges[i].first);
        json_writer_number(json, scope->numbers.ranges[i].last);
        json_writer_end(json);
    }
    if (scope->numbers.n)
        json_writer_end(json);
    json_writer_end(json);
    buffer_clear(&words);
}

static void put_person(struct json_writer *json, const struct access *access)
{
    static const char *const roles[] = {
        [ROLE_VIEW] = "view", [ROLE_COMMENT] = "comment", [ROLE_CONTROL] = "control"
    };

    json_writer_name(json, "you");
    json_writer_object(json);
    api_put_string(json, "person", access->person);
    api_put_string(json, "kind", access->kind == ACCESS_LINK ? "link" : "member");
    api_put_string(json, "role", roles[access->role]);
    api_put_string(json, "bytes", bytes_level_name(access->scope.bytes));
    api_put_string(json, "link", access->link[0] ? access->link : NULL);
    api_put_ns_or_null(json, "expires_ns", access->expires_ns);
    put_scope(json, &access->scope);
    json_writer_end(json);
}

static void put_source(struct json_writer *json, const char *name, const struct source_view *view,
                       const struct interface_table *interfaces)
{
    json_writer_object(json);
    api_put_string(json, "name", name);
    api_put_string(json, "state", source_state_name(view->state));
    if (view->since_ns)
        api_put_ns(json, "since_ns", view->since_ns);
    else
        api_put_string(json, "since_ns", NULL);
    if (view->end) {
        json_writer_named_number(json, "first", view->first);
        json_writer_named_number(json, "end", view->end);
    } else {
        api_put_string(json, "first", NULL);
        api_put_string(json, "end", NULL);
    }
    api_put_string(json, "words", view->words);
    api_put_ns_or_null(json, "from_ns", view->from_ns);
    api_put_ns_or_null(json, "to_ns", view->to_ns);
    json_writer_name(json, "interfaces");
    json_writer_array(json);
    for (uint32_t i = 0; i < interfaces->n; i++)
        json_writer_string(json, interfaces->items[i].name);
    json_writer_end(json);
    json_writer_end(json);
}

static void put_recorder(struct json_writer *json, const struct recorder_status *status, int64_t now_ns)
{
    static const char *const lives[] = {
        [RECORDER_ALIVE] = "alive", [RECORDER_DEAD] = "dead", [RECORDER_STUCK] = "stuck"
    };
    uint64_t n_kernel = 0, n_queue = 0, n_mirror = 0;

    for (uint32_t i = 0; i < status->n_sources; i++) {
        n_kernel += status->sources[i].n_kernel;
        n_queue += status->sources[i].n_queue;
        n_mirror += status->sources[i].n_truncated;
    }
    json_writer_object(json);
    api_put_string(json, "node", status->node);
    api_put_string(json, "state", lives[recorder_life(status, now_ns)]);
    api_put_ns(json, "started_ns", status->started_ns);
    json_writer_named_number(json, "packets", status->n_packets);
    json_writer_named_number(json, "bytes", status->n_bytes);
    json_writer_named_number(json, "lost_kernel", n_kernel);
    json_writer_named_number(json, "lost_queue", n_queue);
    json_writer_named_number(json, "lost_disk", status->n_disk);
    json_writer_named_number(json, "lost_mirror", n_mirror);
    api_put_string(json, "trouble", status->trouble);
    json_writer_end(json);
}

struct telling {
    struct json_writer json, recorders, trouble;
    struct buffer out, recorders_out, trouble_out;
    uint64_t n_packets;
    bool has_trouble;
};

/* One source, as far as it can be read. */
static void tell_source(struct status_job *status, const char *name, int64_t now_ns, struct telling *telling)
{
    struct error error;
    struct archive_reader *reader = archive_pool_take(status->archives, name, &error);
    struct source_view *view = reader ? malloc(sizeof *view) : NULL;

    if (view && source_view_find(reader, &status->access.scope, now_ns, view, &error)) {
        put_source(&telling->json, name, view, &reader->interfaces);
        telling->n_packets += view->end - view->first;
        if (view->has_recorder)
            put_recorder(&telling->recorders, &view->recorder, now_ns);
        if (view->has_recorder && view->recorder.trouble[0] && !telling->has_trouble) {
            telling->has_trouble = true;
            json_writer_object(&telling->trouble);
            api_put_string(&telling->trouble, "words", view->recorder.trouble);
            api_put_string(&telling->trouble, "since_ns", NULL);
            json_writer_end(&telling->trouble);
        }
    }
    free(view);
    archive_pool_give(status->archives, reader);
}

static void put_archive(struct json_writer *json, const char *directory, uint64_t n_packets)
{
    uint64_t n_stored_bytes = 0, n_index_bytes = 0;
    struct catalog catalog = { 0 };
    struct statvfs disk = { 0 };
    struct error ignored;

    json_writer_name(json, "archive");
    if (!catalog_load(&catalog, directory, &ignored) || statvfs(directory, &disk) < 0) {
        catalog_clear(&catalog);
        json_writer_null(json);
        return;
    }
    for (uint32_t i = 0; i < catalog.n; i++) {
        n_stored_bytes += catalog.entries[i].stored_bytes;
        n_index_bytes += catalog.entries[i].index_bytes;
    }
    json_writer_object(json);
    json_writer_named_number(json, "segments", catalog.n);
    json_writer_named_number(json, "packets", n_packets);
    json_writer_named_number(json, "stored_bytes", n_stored_bytes);
    json_writer_named_number(json, "index_bytes", n_index_bytes);
    json_writer_named_number(json, "disk_bytes", (uint64_t)disk.f_blocks * disk.f_frsize);
    json_writer_named_number(json, "disk_free_bytes", (uint64_t)disk.f_bavail * disk.f_frsize);
    json_writer_end(json);
    catalog_clear(&catalog);
}

static void put_sharkd(struct json_writer *json, struct sharkd *sharkd)
{
    struct sharkd_statistics statistics;

    sharkd_statistics(sharkd, &statistics);
    json_writer_name(json, "sharkd");
    json_writer_object(json);
    api_put_bool(json, "is_installed", sharkd_is_installed());
    json_writer_named_number(json, "restarts", statistics.n_restarts);
    json_writer_named_number(json, "timeouts", statistics.n_timeouts);
    json_writer_named_number(json, "answers", statistics.n_answers);
    json_writer_end(json);
}

static void run(struct job *job, void *context)
{
    struct status_job *status = context;
    bool is_member = status->access.kind == ACCESS_MEMBER;
    struct telling telling = { 0 };
    int64_t now_ns = timestamp_now();

    buffer_init(&telling.out, API_ANSWER_LIMIT_BYTES);
    buffer_init(&telling.recorders_out, API_ANSWER_LIMIT_BYTES);
    buffer_init(&telling.trouble_out, API_ANSWER_LIMIT_BYTES);
    json_writer_init(&telling.json, &telling.out, JSON_WRITER_COMPACT);
    json_writer_init(&telling.recorders, &telling.recorders_out, JSON_WRITER_COMPACT);
    json_writer_init(&telling.trouble, &telling.trouble_out, JSON_WRITER_COMPACT);
    json_writer_object(&telling.json);
    json_writer_array(&telling.recorders);
    if (status->form != FORM_SOURCES) {
        api_put_string(&telling.json, "version", TAPDECK_VERSION);
        api_put_ns(&telling.json, "now_ns", now_ns);
    }
    if (status->form == FORM_ME)
        put_person(&telling.json, &status->access);
    json_writer_name(&telling.json, "sources");
    json_writer_array(&telling.json);
    for (size_t i = 0; i < status->n_sources && !job_is_stopped(job); i++)
        tell_source(status, status->sources[i], now_ns, &telling);
    json_writer_end(&telling.json);
    json_writer_end(&telling.recorders);
    if (status->form == FORM_STATUS) {
        if (is_member)
            put_archive(&telling.json, archive_pool_directory(status->archives), telling.n_packets);
        else
            api_put_string(&telling.json, "archive", NULL);
        json_writer_name(&telling.json, "recorders");
        json_writer_json(&telling.json, is_member ? buffer_bytes(&telling.recorders_out) : bytes_text("[]"));
        put_sharkd(&telling.json, archive_pool_sharkd(status->archives));
        json_writer_name(&telling.json, "trouble");
        json_writer_json(&telling.json,
                         telling.has_trouble ? buffer_bytes(&telling.trouble_out) : bytes_text("null"));
    }
    json_writer_end(&telling.json);
    api_answer(job, &telling.out);
    buffer_clear(&telling.recorders_out);
    buffer_clear(&telling.trouble_out);
}

/* ---- handlers ---- */

static bool keep_scope(struct status_job *status, const struct access *access)
{
    struct scope *scope = &status->access.scope;
    const char *texts[] = { scope->source, scope->filter, scope->device };
    const char **places[] = { &scope->source, &scope->filter, &scope->device };

    (void)access;
    for (size_t i = 0; i < 3; i++) {
        if (texts[i] && (*places[i] = status->asked.texts[i] = strdup(texts[i])) == NULL)
            return false;
    }
    status->access.source = NULL;
    return true;
}

static void start(struct exchange *exchange, enum status_form form)
{
    struct status_job *status = calloc(1, sizeof *status);
    struct site *site = exchange->site;
    bool is_well = status != NULL;

    if (is_well) {
        status->form = form;
        status->archives = site->archives;
        status->access = *exchange->access;
        is_well = keep_scope(status, exchange->access);
    }
    for (size_t i = 0; is_well && i < site->n_sources; i++) {
        if (!scope_has_source(&exchange->access->scope, site->sources[i].name))
            continue;
        status->sources[status->n_sources] = strdup(site->sources[i].name);
        is_well = status->sources[status->n_sources++] != NULL;
    }
    if (is_well) {
        exchange_start_job(exchange, run, status, status_job_free);
        return;
    }
    if (status)
        status_job_free(status);
    exchange_problem(exchange, 503, "no_memory", "the server has no memory for this; try again later");
}

void api_me(struct exchange *exchange)
{
    start(exchange, FORM_ME);
}

void api_sources(struct exchange *exchange)
{
    start(exchange, FORM_SOURCES);
}

void api_status(struct exchange *exchange)
{
    start(exchange, FORM_STATUS);
}

void api_description(struct exchange *exchange)
{
    exchange_answer_bytes(exchange, 200, "application/json", openapi_description());
}
