/* SPDX-License-Identifier: Apache-2.0 */
/* GET /sources/{source}/devices, /devices/{device}, /sessions/{session}. */
#include "web/api_archive.h"

#include <stdlib.h>

#include "live/device_view.h"
#include "live/session_view.h"
#include "web/api.h"

struct devices_job {
    struct api_question asked;
    struct devices_question devices;
    char *text; /* like; or the device; or the session's id */
    uint64_t from, n;
};

static void devices_job_free(void *context)
{
    struct devices_job *devices = context;

    api_question_clear(&devices->asked);
    free(devices->text);
    free(devices);
}

static void answer(struct job *job, enum view_result result, struct buffer *out, const struct error *error)
{
    if (result == VIEW_FOUND) {
        api_answer(job, out);
        return;
    }
    if (result == VIEW_NOT_HERE)
        api_not_here(job);
    else
        api_fault(job, error);
    buffer_clear(out);
}

static void run_devices(struct job *job, void *context)
{
    struct devices_job *asked = context;
    struct json_writer json;
    struct buffer out;
    struct error error;
    enum view_result result;

    asked->devices.scope = asked->asked.question.scope;
    asked->devices.device.like = asked->text;
    buffer_init(&out, API_ANSWER_LIMIT_BYTES);
    json_writer_init(&json, &out, JSON_WRITER_COMPACT);
    result = devices_view_put(archive_pool_devices(asked->asked.archives), &asked->devices, &json, &error);
    answer(job, result, &out, &error);
}

static void run_device(struct job *job, void *context)
{
    struct devices_job *asked = context;
    struct json_writer json;
    struct buffer out;
    struct error error;
    enum view_result result;

    buffer_init(&out, API_ANSWER_LIMIT_BYTES);
    json_writer_init(&json, &out, JSON_WRITER_COMPACT);
    result = device_view_put(archive_pool_devices(asked->asked.archives), &asked->asked.question.scope,
                             asked->text, (uint32_t)asked->n, &json, &error);
    answer(job, result, &out, &error);
}

static void run_session(struct job *job, void *context)
{
    struct devices_job *asked = context;
    struct archive_reader *reader = api_reader(job, &asked->asked);
    struct session_question question = { .scope = asked->asked.question.scope,
                                         .id = asked->text,
                                         .from = asked->from,
                                         .n = (uint32_t)asked->n,
                                         .stop = job_stop(job) };
    struct json_writer json;
    struct buffer out;
    struct error error;
    enum session_result result;

    if (reader == NULL)
        return;
    buffer_init(&out, API_ANSWER_LIMIT_BYTES);
    json_writer_init(&json, &out, JSON_WRITER_COMPACT);
    result = session_view_put(reader, archive_pool_devices(asked->asked.archives), &question, &json, &error);
    answer(job,
           result == SESSION_FOUND      ? VIEW_FOUND
           : result == SESSION_NOT_HERE ? VIEW_NOT_HERE
                                        : VIEW_FAULT,
           &out, &error);
    archive_pool_give(asked->asked.archives, reader);
}

/* ---- what was asked ---- */

static bool take_order(struct exchange *exchange, enum device_order *order)
{
    static const char *const names[] = { [DEVICE_BY_LAST_SEEN] = "last_seen",
                                         [DEVICE_BY_FIRST_SEEN] = "first_seen",
                                         [DEVICE_BY_PACKETS] = "packets",
                                         [DEVICE_BY_NAME] = "name" };
    bool is_answered;
    const char *text = exchange_query(exchange, "order", &is_answered);

    if (is_answered || text == NULL)
        return !is_answered;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(text, names[i]) == 0) {
            *order = (enum device_order)i;
            return true;
        }
    }
    exchange_problem(exchange, 400, "bad_order", "order= takes last_seen, first_seen, packets or name");
    return false;
}

static bool take_kind(struct exchange *exchange, enum identity_scheme *kind)
{
    bool is_answered;
    const char *text = exchange_query(exchange, "kind", &is_answered);

    if (is_answered || text == NULL)
        return !is_answered;
    for (int scheme = 1; identity_scheme_name((enum identity_scheme)scheme); scheme++) {
        if (strcmp(text, identity_scheme_name((enum identity_scheme)scheme)) == 0) {
            *kind = (enum identity_scheme)scheme;
            return true;
        }
    }
    exchange_problem(exchange, 400, "bad_kind",
                     "kind= takes the kind of a name, as dtls.psk or mqtt.clientid");
    return false;
}

/* "10.1.2.3", "10.1.2.3:40020", "2001:db8::1", "[2001:db8::1]:5684". */
static bool take_address(struct exchange *exchange, struct device_question *question)
{
    bool is_answered;
    const char *text = exchange_query(exchange, "address", &is_answered), *port = NULL;
    char address[IP_ADDRESS_TEXT_BYTES], *end;
    size_t len;

    question->port = -1;
    if (is_answered || text == NULL)
        return !is_answered;
    len = strlen(text);
    if (text[0] == '[' && strchr(text, ']')) {
        text++;
        len = (size_t)(strchr(text, ']') - text);
        port = text[len + 1] == ':' ? text + len + 2 : NULL;
    } else if (strchr(text, ':') && strchr(text, ':') == strrchr(text, ':')) {
        len = (size_t)(strchr(text, ':') - text);
        port = text + len + 1;
    }
    if (len < sizeof address) {
        memcpy(address, text, len);
        address[len] = '\0';
        if (port)
            question->port = (int32_t)strtoul(port, &end, 10);
        if (ip_address_parse(address, &question->address) && question->port <= UINT16_MAX &&
            (port == NULL || (end != port && *end == '\0')))
            return true;
    }
    exchange_problem(exchange, 400, "bad_address",
                     "address= takes 10.1.2.3, 10.1.2.3:40020, 2001:db8::1 or [2001:db8::1]:5684");
    return false;
}

static struct devices_job *take(struct exchange *exchange)
{
    struct devices_job *asked = calloc(1, sizeof *asked);

    if (asked == NULL) {
        exchange_problem(exchange, 503, "no_memory", "the server has no memory for this; try again later");
        return NULL;
    }
    if (api_question_take(exchange, &asked->asked))
        return asked;
    devices_job_free(asked);
    return NULL;
}

void api_devices(struct exchange *exchange)
{
    struct devices_job *asked = take(exchange);
    bool is_answered;
    const char *like;

    if (asked == NULL)
        return;
    asked->devices.device = (struct device_question) {
        .from_ns = INT64_MIN, .to_ns = INT64_MAX, .seen_since_ns = INT64_MIN, .port = -1
    };
    like = exchange_query(exchange, "like", &is_answered);
    if (is_answered || !take_kind(exchange, &asked->devices.device.kind) ||
        !take_order(exchange, &asked->devices.device.order) ||
        !take_address(exchange, &asked->devices.device) ||
        !exchange_query_number(exchange, "offset", 0, 0, 100000, &asked->devices.offset) ||
        !exchange_query_number(exchange, "n", 100, 1, DEVICES_LISTED_LIMIT, &asked->devices.n)) {
        devices_job_free(asked);
        return;
    }
    asked->text = like && like[0] ? strdup(like) : NULL;
    exchange_start_job(exchange, run_devices, asked, devices_job_free);
}

static void start_with_text(struct exchange *exchange, struct devices_job *asked, uint64_t otherwise,
                            uint64_t most, job_function *run)
{
    struct bytes text = exchange->parameters[1];

    if (asked == NULL)
        return;
    if (!exchange_query_number(exchange, "n", otherwise, 1, most, &asked->n) ||
        !exchange_query_number(exchange, "from", 0, 0, INT64_MAX, &asked->from)) {
        devices_job_free(asked);
        return;
    }
    asked->text = strndup((const char *)text.data, text.len);
    if (asked->text == NULL) {
        exchange_problem(exchange, 503, "no_memory", "the server has no memory for this; try again later");
        devices_job_free(asked);
        return;
    }
    exchange_start_job(exchange, run, asked, devices_job_free);
}

void api_device(struct exchange *exchange)
{
    start_with_text(exchange, take(exchange), 1000, DEVICE_STAYS_LIMIT, run_device);
}

void api_session(struct exchange *exchange)
{
    start_with_text(exchange, take(exchange), 500, SESSION_PACKETS_LIMIT, run_session);
}
