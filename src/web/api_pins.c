/* SPDX-License-Identifier: Apache-2.0 */
#include "web/api_pins.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/timestamp.h"
#include "live/archive_scan.h"
#include "web/api.h"
#include "web/audit.h"
#include "web/people.h"
#include "web/pin_sweeper.h"
#include "web/pins.h"
#include "web/site.h"

enum { LOOK_TIME_MS = 2000 /* for one packet against one scope */ };

enum pin_verb { PIN_LIST, PIN_ADD, PIN_CHANGE, PIN_REMOVE, PIN_REPLY };

struct pin_audience { /* guests of a link who are here */
    struct pin_audience *next;
    char link[ACCESS_ID_BYTES];
    struct scope scope; /* the link's own texts, which outlive jobs */
    bool is_covered;
};

struct pin_job {
    struct site *site; /* the loop's */
    struct api_question asked;
    struct archive_reader *reader;
    const char *directory;
    enum pin_verb verb;
    struct access access;
    char name[LINK_TEXT_BYTES + 1];
    uint64_t number;
    int64_t id;
    char *text;
    struct pin_change change;
    struct pin_audience *audiences;
    /* what came of it */
    int64_t pin_id, ts_ns;
    json_t *pin; /* NULL with is_news: it is gone */
    bool is_news;
};

/* ---- in the worker ---- */

/* The packet of that number, if the scope covers it. False with kind ERROR_NONE: no, or it is not kept. */
static bool scan_one(struct pin_job *pin, const struct scope *scope, uint64_t number, int64_t *ts_ns,
                     struct error *error)
{
    const struct question question = { .scope = *scope };
    struct scan_options options = {
        .reader = pin->reader, .first = number, .end = number + 1, .deadline_ms = scan_now_ms() + LOOK_TIME_MS
    };
    struct archive_scan *scan;
    const struct dissection *d;
    enum scan_result result;

    if (judge_new(&question, archive_pool_devices(pin->asked.archives), &options.judge, error) != JUDGE_READY)
        return false;
    scan = archive_scan_new(&options, error);
    result = scan ? archive_scan_next(scan, &d, error) : SCAN_FAULT;
    if (result == SCAN_MATCH)
        *ts_ns = d->packet->ts_ns;
    else if (result == SCAN_END)
        error->kind = ERROR_NONE;
    else if (result == SCAN_TIME_OVER)
        error_set(error, ERROR_SYSTEM, "looking the packet up took too long; try again");
    archive_scan_free(scan);
    judge_free(options.judge);
    return result == SCAN_MATCH;
}

/* Of a pin's packet that is gone by now its time still says whether a scope of all packets has it. */
static bool scope_covers(struct pin_job *pin, const struct scope *scope, uint64_t number, int64_t *ts_ns,
                         struct error *error)
{
    if (!scope_has_source(scope, pin->asked.node))
        return false;
    if (*ts_ns != PIN_TIME_UNKNOWN && scope_is_of_numbers_and_times(scope))
        return scope_has_number_and_time(scope, number, *ts_ns);
    return scan_one(pin, scope, number, ts_ns, error);
}

static bool covers(void *context, const char *source, uint64_t number, int64_t *ts_ns, struct error *error)
{
    struct pin_job *pin = context;

    if (strcmp(source, pin->asked.node) != 0)
        return false;
    return scope_covers(pin, &pin->asked.question.scope, number, ts_ns, error);
}

static void hold_against_audiences(struct pin_job *pin, uint64_t number)
{
    for (struct pin_audience *audience = pin->audiences; audience; audience = audience->next) {
        struct error error;
        int64_t ts_ns = pin->ts_ns;

        audience->is_covered = scope_covers(pin, &audience->scope, number, &ts_ns, &error);
    }
}

/* The pin as it is now, for the answer and for everybody. */
static bool take_news(struct pin_job *pin, struct error *error)
{
    struct database *database = pin_table_open(pin->directory, error);
    struct pin row;
    bool is_found;

    if (database == NULL)
        return false;
    is_found = pin_table_find(database, pin->pin_id, &row, error);
    if (is_found) {
        pin->ts_ns = row.ts_ns;
        pin->number = row.number;
        pin->pin = pin_table_json(database, pin->pin_id, error);
        is_found = pin->pin || error->kind == ERROR_NONE;
        pin->is_news = is_found;
        hold_against_audiences(pin, row.number);
        pin_clear(&row);
    }
    database_close(database);
    return is_found;
}

static void answer(struct job *job, unsigned status, json_t *json)
{
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

    if (json == NULL) {
        job_begin(job, status, NULL, 0, NULL);
    } else if (text == NULL) {
        job_problem(job, 503, "no_memory", "the server has no memory for this; try again later");
    } else {
        job_begin(job, status, "application/json", strlen(text), NULL);
        job_write(job, bytes_text(text));
    }
    free(text);
}

static void refuse(struct job *job, const struct pin_job *pin, enum pins_result result,
                   const struct error *error)
{
    switch (result) {
    case PINS_NOT_HERE:
        api_not_here(job);
        break;
    case PINS_FORBIDDEN:
        if (pin->access.role < ROLE_COMMENT)
            job_problem(job, 403, "role", "pinning needs the role comment; yours is view");
        else
            job_problem(job, 403, "not_yours",
                        "this is somebody else's; only its author, or the role control, may change it");
        break;
    case PINS_REFUSED:
        job_problem(job, error->kind == ERROR_LIMIT ? 409 : 400,
                    error->kind == ERROR_LIMIT ? "too_many" : "bad_text", "%s", error->text);
        break;
    case PINS_FAULT:
    case PINS_DONE:
        api_fault(job, error);
    }
}

static enum pins_result act(struct pin_job *pin, const struct pins_cover *cover, struct error *error)
{
    const struct pins_author author = {
        .role = pin->access.role, .person = pin->access.person, .name = pin->name, .link = pin->access.link
    };
    const char *node = pin->asked.node;
    struct bytes text = bytes_text(pin->text ? pin->text : "");
    int64_t now_ns = timestamp_now(), id;

    if (pin->verb == PIN_ADD)
        return pins_add(pin->directory, &author, cover, node, pin->number, text, now_ns, &pin->pin_id, error);
    if (pin->verb == PIN_REPLY) {
        pin->pin_id = pin->id;
        return pins_reply(pin->directory, &author, cover, node, pin->id, text, now_ns, &id, error);
    }
    return pins_change(pin->directory, &author, cover, node, pin->id, &pin->change, now_ns, &pin->pin_id,
                       error);
}

static void run_list(struct job *job, struct pin_job *pin, const struct pins_cover *cover)
{
    struct error error;
    json_t *list = pins_list(pin->directory, cover, pin->asked.node, &error), *json;

    if (list == NULL) {
        api_fault(job, &error);
        return;
    }
    json = json_pack("{s:o}", "pins", list);
    answer(job, 200, json);
    json_decref(json);
}

static void run(struct job *job, void *context)
{
    struct pin_job *pin = context;
    const struct pins_cover cover = { covers, pin };
    enum pins_result result;
    struct error error;

    pin->reader = api_reader(job, &pin->asked);
    if (pin->reader == NULL)
        return;
    if (pin->verb == PIN_LIST) {
        run_list(job, pin, &cover);
    } else {
        result = act(pin, &cover, &error);
        if (result != PINS_DONE)
            refuse(job, pin, result, &error);
        else if (!take_news(pin, &error))
            api_fault(job, &error);
        else if (pin->pin == NULL)
            answer(job, 204, NULL);
        else
            answer(job, pin->verb == PIN_CHANGE ? 200 : 201, pin->pin);
    }
    archive_pool_give(pin->asked.archives, pin->reader);
}

/* ---- in the loop ---- */

static bool is_covered(void *context, const char *link)
{
    const struct pin_job *pin = context;

    for (const struct pin_audience *audience = pin->audiences; audience; audience = audience->next) {
        if (strcmp(audience->link, link) == 0)
            return audience->is_covered;
    }
    return false; /* came meanwhile: he asks for all pins himself */
}

static void tell(struct pin_job *pin)
{
    static const char *const verbs[] = { "saw", "pinned", "changed", "removed", "answered" };
    char id[24];

    snprintf(id, sizeof id, "%lld", (long long)pin->pin_id);
    people_tell_pin(pin->site->people, pin->asked.node, pin->number, pin->ts_ns, pin->pin, id, is_covered,
                    pin);
    audit_add(pin->site->audit, &pin->access, pin->name, "pin", "%s pin %s of %s", verbs[pin->verb], id,
              pin->asked.node);
}

static void done(void *context)
{
    struct pin_job *pin = context;

    if (pin->is_news)
        tell(pin);
    if (pin->change.removed == 1)
        pin_sweeper_expect(pin->site->pins);
    json_decref(pin->pin);
    while (pin->audiences) {
        struct pin_audience *audience = pin->audiences;

        pin->audiences = audience->next;
        free(audience);
    }
    api_question_clear(&pin->asked);
    free(pin->text);
    free(pin);
}

static void take_audience(void *context, const struct access *access)
{
    struct pin_job *pin = context;
    struct pin_audience *audience;

    if (scope_is_of_numbers_and_times(&access->scope))
        return; /* people can tell */
    audience = calloc(1, sizeof *audience);
    if (audience == NULL)
        return; /* they are not told, and see it when they ask again */
    snprintf(audience->link, sizeof audience->link, "%s", access->link);
    audience->scope = access->scope;
    audience->next = pin->audiences;
    pin->audiences = audience;
}

/* NULL: answered. */
static struct pin_job *begin(struct exchange *exchange, enum pin_verb verb)
{
    struct pin_job *pin = calloc(1, sizeof *pin);
    const char *name = people_name(exchange->site->people, exchange->access->person);

    if (pin == NULL) {
        exchange_problem(exchange, 503, "no_memory", "the server has no memory for this; try again later");
        return NULL;
    }
    *pin = (struct pin_job) { .site = exchange->site,
                              .directory = exchange->site->archive,
                              .verb = verb,
                              .access = *exchange->access,
                              .change = { .resolved = -1, .removed = -1 } };
    pin->access.source = NULL; /* the connection's */
    snprintf(pin->name, sizeof pin->name, "%s",
             name                                      ? name
             : exchange->access->kind == ACCESS_MEMBER ? "Member"
                                                       : "Guest");
    if (api_question_take(exchange, &pin->asked)) {
        if (verb != PIN_LIST)
            people_each_link(exchange->site->people, take_audience, pin);
        return pin;
    }
    done(pin);
    return NULL;
}

static void start(struct exchange *exchange, struct pin_job *pin)
{
    if (!exchange_start_job(exchange, run, pin, done))
        done(pin);
}

/* {pin} of the path: a number from 1 on; what is none is no pin's. */
static bool take_id(struct exchange *exchange, struct pin_job *pin)
{
    uint64_t id;

    if (!api_parameter_number(exchange, 1, &id))
        return false;
    pin->id = id > INT64_MAX ? 0 : (int64_t)id;
    return true;
}

/* The body's text, if there is one. False: answered. */
static bool take_text(struct exchange *exchange, struct pin_job *pin, const json_t *body, bool is_needed)
{
    const json_t *text = json_object_get(body, "text");
    struct error error;

    if (text == NULL && !is_needed)
        return true;
    if (!json_is_string(text)) {
        exchange_problem(exchange, 400, "bad_text", "text is missing, or no text");
        return false;
    }
    if (!pin_text_check(bytes_of(json_string_value(text), json_string_length(text)), &error)) {
        exchange_problem(exchange, 400, "bad_text", "%s", error.text);
        return false;
    }
    pin->text = strdup(json_string_value(text));
    if (pin->text == NULL)
        exchange_problem(exchange, 503, "no_memory", "the server has no memory for this; try again later");
    return pin->text != NULL;
}

static bool take_switch(struct exchange *exchange, const json_t *body, const char *name, int *wanted)
{
    const json_t *value = json_object_get(body, name);

    if (value && !json_is_boolean(value)) {
        exchange_problem(exchange, 400, "bad_change", "%s is true or false", name);
        return false;
    }
    if (value)
        *wanted = json_is_true(value);
    return true;
}

static bool take_number(struct exchange *exchange, struct pin_job *pin, const json_t *body)
{
    const json_t *number = json_object_get(body, "number");

    if (!json_is_integer(number) || json_integer_value(number) < 1) {
        exchange_problem(exchange, 400, "bad_number", "number is missing, or no packet's");
        return false;
    }
    pin->number = (uint64_t)json_integer_value(number);
    return true;
}

void api_pins(struct exchange *exchange)
{
    struct pin_job *pin = begin(exchange, PIN_LIST);

    if (pin)
        start(exchange, pin);
}

/* Verbs with a body. */
static void begin_with_body(struct exchange *exchange, enum pin_verb verb)
{
    json_t *body = exchange_json_body(exchange);
    struct pin_job *pin = body ? begin(exchange, verb) : NULL;
    bool is_fine = pin != NULL;

    if (is_fine && verb == PIN_ADD)
        is_fine = take_number(exchange, pin, body);
    else if (is_fine)
        is_fine = take_id(exchange, pin);
    is_fine = is_fine && take_text(exchange, pin, body, verb != PIN_CHANGE);
    if (is_fine && verb == PIN_CHANGE) {
        is_fine = take_switch(exchange, body, "resolved", &pin->change.resolved) &&
                  take_switch(exchange, body, "removed", &pin->change.removed);
        pin->change.text = pin->text;
    }
    json_decref(body);
    if (is_fine)
        start(exchange, pin);
    else if (pin)
        done(pin);
}

void api_pin_add(struct exchange *exchange)
{
    begin_with_body(exchange, PIN_ADD);
}

void api_pin_change(struct exchange *exchange)
{
    begin_with_body(exchange, PIN_CHANGE);
}

void api_pin_reply(struct exchange *exchange)
{
    begin_with_body(exchange, PIN_REPLY);
}

void api_pin_remove(struct exchange *exchange)
{
    struct pin_job *pin = begin(exchange, PIN_REMOVE);

    if (pin == NULL)
        return;
    pin->change.removed = 1;
    if (take_id(exchange, pin))
        start(exchange, pin);
    else
        done(pin);
}
