/* SPDX-License-Identifier: Apache-2.0 */
#include "live/live_question.h"

#include <stdlib.h>

#include "archive/device_table.h"
#include "filter/filter.h"

/* A device by what the asker wrote, and by its other names that the archive knows. */
struct asked_device {
    const char *words; /* NULL: every packet */
    struct asked_name {
        enum identity_scheme scheme;
        struct bytes identity; /* owned */
    } names[DEVICE_NAMES_LIMIT];
    uint32_t n;
};

struct live_question {
    struct question asked;         /* texts are owned */
    struct filter *own, *of_scope; /* NULL: every packet */
    struct asked_device own_device, device_of_scope;
};

static const char *text_or_null(const char *text)
{
    return text && text[0] ? text : NULL;
}

static bool copy_text(const char *text, const char **copy, struct error *error)
{
    text = text_or_null(text);
    *copy = text ? strdup(text) : NULL;
    return *copy || text == NULL || error_set(error, ERROR_SYSTEM, "no memory for the question");
}

static bool copy_texts(struct live_question *question, const struct question *asked, struct error *error)
{
    question->asked.scope.range = asked->scope.range;
    question->asked.scope.numbers = asked->scope.numbers;
    question->asked.scope.bytes = asked->scope.bytes;
    return copy_text(asked->filter, &question->asked.filter, error) &&
           copy_text(asked->device, &question->asked.device, error) &&
           copy_text(asked->scope.filter, &question->asked.scope.filter, error) &&
           copy_text(asked->scope.device, &question->asked.scope.device, error);
}

static void add_name(void *context, enum identity_scheme scheme, struct bytes identity)
{
    struct asked_device *device = context;
    uint8_t *copy = device->n < DEVICE_NAMES_LIMIT ? malloc(identity.len ? identity.len : 1) : NULL;

    if (copy == NULL)
        return;
    if (identity.len)
        memcpy(copy, identity.data, identity.len);
    device->names[device->n++] = (struct asked_name) { scheme, bytes_of(copy, identity.len) };
}

/* Without a table, or one that cannot be read, the device is known by the asker's words alone. */
static void find_names(struct asked_device *device, const char *words, const char *archive)
{
    struct error ignored;
    struct device_table *table = NULL;

    device->words = words;
    if (words && archive)
        table = device_table_open(archive, DEVICE_TABLE_READ, &ignored);
    if (table == NULL)
        return;
    device_table_names(table, words, add_name, device, &ignored);
    device_table_close(table);
}

struct live_question *live_question_new(const struct question *asked, const char *archive,
                                        struct error *error)
{
    struct live_question *question = calloc(1, sizeof *question);
    bool is_ready;

    if (question == NULL) {
        error_set(error, ERROR_SYSTEM, "no memory for the question");
        return NULL;
    }
    is_ready = copy_texts(question, asked, error);
    if (is_ready && question->asked.filter) {
        question->own = filter_compile(question->asked.filter, error);
        is_ready =
            question->own && scope_allows(asked->scope.bytes, question->own, question->asked.filter, error);
    }
    if (is_ready && question->asked.scope.filter) {
        question->of_scope = filter_compile(question->asked.scope.filter, error);
        is_ready = question->of_scope != NULL;
        if (!is_ready)
            error_context(error, "the link's own filter");
    }
    if (!is_ready) {
        live_question_free(question);
        return NULL;
    }
    find_names(&question->own_device, question->asked.device, archive);
    find_names(&question->device_of_scope, question->asked.scope.device, archive);
    return question;
}

static void forget_names(struct asked_device *device)
{
    for (uint32_t i = 0; i < device->n; i++)
        free((void *)(uintptr_t)device->names[i].identity.data);
}

void live_question_free(struct live_question *question)
{
    const char *texts[4];

    if (question == NULL)
        return;
    texts[0] = question->asked.filter;
    texts[1] = question->asked.device;
    texts[2] = question->asked.scope.filter;
    texts[3] = question->asked.scope.device;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        free((void *)(uintptr_t)texts[i]);
    filter_free(question->own);
    filter_free(question->of_scope);
    forget_names(&question->own_device);
    forget_names(&question->device_of_scope);
    free(question);
}

static bool same_text(const char *a, const char *b)
{
    a = text_or_null(a);
    b = text_or_null(b);
    return a == b || (a && b && strcmp(a, b) == 0);
}

bool live_question_equals(const struct live_question *question, const struct question *other)
{
    const struct question *asked = &question->asked;

    return same_text(asked->filter, other->filter) && same_text(asked->device, other->device) &&
           same_text(asked->scope.filter, other->scope.filter) &&
           same_text(asked->scope.device, other->scope.device) &&
           asked->scope.range.from_ns == other->scope.range.from_ns &&
           asked->scope.range.to_ns == other->scope.range.to_ns &&
           number_ranges_equal(&asked->scope.numbers, &other->scope.numbers) &&
           asked->scope.bytes == other->scope.bytes;
}

void live_question_demand(const struct live_question *question, struct demand *demand)
{
    if (question->own)
        demand_merge(demand, filter_demand(question->own));
    if (question->of_scope)
        demand_merge(demand, filter_demand(question->of_scope));
}

static bool is_of_device(const struct asked_device *device, const struct packet_owner *owner)
{
    struct identity_name name;

    if (device->words == NULL)
        return true;
    if (owner->names == NULL)
        return false;
    for (size_t at = 0; names_next(owner->names, &at, &name);) {
        if (identity_is_named(name.scheme, name.identity, device->words))
            return true;
        for (uint32_t i = 0; i < device->n; i++)
            if (device->names[i].scheme == name.scheme &&
                bytes_equal(device->names[i].identity, name.identity))
                return true;
    }
    return false;
}

enum live_answer live_question_judge(const struct live_question *question, const struct dissection *d,
                                     const struct packet_owner *owner)
{
    if (!scope_has_number_and_time(&question->asked.scope, d->packet->packet_id, d->packet->ts_ns) ||
        !is_of_device(&question->device_of_scope, owner) ||
        (question->of_scope && !filter_match(question->of_scope, d)))
        return LIVE_OUTSIDE;
    return is_of_device(&question->own_device, owner) &&
                   (question->own == NULL || filter_match(question->own, d))
               ? LIVE_MATCH
               : LIVE_INSIDE;
}
