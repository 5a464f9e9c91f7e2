/* SPDX-License-Identifier: Apache-2.0 */
#include "web/pins.h"

#include <stdio.h>
#include <stdlib.h>

#include "archive/holds.h"
#include "base/log.h"

/* ---- holds ---- */

static uint32_t count_pin_holds(const struct hold_list *list)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < list->n; i++)
        n += strncmp(list->items[i].reason, "pin ", 4) == 0;
    return n;
}

/* 0: it stands without one; why is logged, because the pin itself is no less good. */
static int64_t hold_moment(const char *directory, const struct pin *pin, int64_t now_ns)
{
    struct hold_list list = { 0 };
    char reason[HOLD_TEXT_BYTES], owner[HOLD_TEXT_BYTES];
    struct hold hold = { .range = { pin->ts_ns, pin->ts_ns },
                         .owner = owner,
                         .reason = reason,
                         .created_ns = now_ns,
                         .expires_ns = now_ns + PIN_HOLD_NS,
                         .quota_bytes = PIN_HOLD_QUOTA_BYTES };
    struct error error;
    struct database *database = holds_open(directory, DATABASE_WRITE, &error);

    snprintf(owner, sizeof owner, "%s", pin->name[0] ? pin->name : pin->person);
    snprintf(reason, sizeof reason, "pin %lld on packet %llu of %s", (long long)pin->id,
             (unsigned long long)pin->number, pin->source);
    if (database && holds_load(database, &list, &error)) {
        if (count_pin_holds(&list) >= PIN_HOLDS_LIMIT)
            error_set(&error, ERROR_LIMIT, "%d pins hold packets already", PIN_HOLDS_LIMIT);
        else if (!holds_add(database, &hold, &error))
            hold.id = 0;
    }
    if (hold.id == 0)
        log_write(LEVEL_WARNING, "%s: is not held past retention: %s", reason, error.text);
    hold_list_clear(&list);
    database_close(database);
    return hold.id;
}

static void let_go(void *context, int64_t hold)
{
    const char *directory = context;
    struct error error;
    struct database *database = holds_open(directory, DATABASE_WRITE, &error);
    bool was_there;

    if (database == NULL || !holds_remove(database, hold, &was_there, &error))
        log_write(LEVEL_WARNING, "hold %lld of a pin that is gone cannot be removed: %s", (long long)hold,
                  error.text);
    database_close(database);
}

/* ---- rules ---- */

static enum pins_result look(const struct pins_cover *cover, const char *source, uint64_t number,
                             int64_t *ts_ns, struct error *error)
{
    *error = (struct error) { .kind = ERROR_NONE };
    if (cover->covers(cover->context, source, number, ts_ns, error))
        return PINS_DONE;
    return error->kind == ERROR_NONE ? PINS_NOT_HERE : PINS_FAULT;
}

static enum pins_result refusal(const struct error *error)
{
    return error->kind == ERROR_USAGE || error->kind == ERROR_LIMIT ? PINS_REFUSED : PINS_FAULT;
}

static enum pins_result put(struct database *database, const struct pins_author *author, struct pin *pin,
                            struct bytes text, int64_t now_ns, struct error *error)
{
    char *copy;
    bool is_added;

    if (author->role < ROLE_COMMENT)
        return PINS_FORBIDDEN;
    if (!pin_text_check(text, error))
        return PINS_REFUSED;
    copy = strndup((const char *)text.data, text.len);
    if (copy == NULL) {
        error_set(error, ERROR_SYSTEM, "no memory for a pin");
        return PINS_FAULT;
    }
    pin->text = copy;
    pin->person = author->person;
    pin->name = author->name;
    pin->link = author->link;
    pin->created_ns = now_ns;
    is_added = pin_table_add(database, pin, error);
    free(copy);
    return is_added ? PINS_DONE : refusal(error);
}

enum pins_result pins_add(const char *directory, const struct pins_author *author,
                          const struct pins_cover *cover, const char *source, uint64_t number,
                          struct bytes text, int64_t now_ns, int64_t *id, struct error *error)
{
    struct pin pin = { .source = source, .number = number, .ts_ns = PIN_TIME_UNKNOWN };
    enum pins_result result = look(cover, source, number, &pin.ts_ns, error);
    struct database *database;

    if (result != PINS_DONE)
        return result;
    database = pin_table_open(directory, error);
    if (database == NULL)
        return PINS_FAULT;
    result = put(database, author, &pin, text, now_ns, error);
    if (result == PINS_DONE) {
        struct error fault;

        *id = pin.id;
        pin.hold = hold_moment(directory, &pin, now_ns);
        if (pin.hold && !pin_table_set_hold(database, pin.id, pin.hold, &fault))
            let_go((void *)(uintptr_t)directory, pin.hold);
    }
    database_close(database);
    return result;
}

/* The pin or reply, if the asker may know of it. *pin: pin_clear. */
static enum pins_result find(struct database *database, const struct pins_cover *cover, const char *source,
                             int64_t id, struct pin *pin, struct error *error)
{
    enum pins_result result;

    if (!pin_table_find(database, id, pin, error))
        return PINS_FAULT;
    if (pin->id == 0) { /* takes as long as one that is outside of the scope */
        int64_t ts_ns = PIN_TIME_UNKNOWN;

        result = look(cover, source, 1, &ts_ns, error);
        return result == PINS_FAULT ? result : PINS_NOT_HERE;
    }
    result = strcmp(pin->source, source) == 0 ? look(cover, source, pin->number, &pin->ts_ns, error)
                                              : PINS_NOT_HERE;
    if (result != PINS_DONE)
        pin_clear(pin);
    return result;
}

enum pins_result pins_reply(const char *directory, const struct pins_author *author,
                            const struct pins_cover *cover, const char *source, int64_t pin_id,
                            struct bytes text, int64_t now_ns, int64_t *id, struct error *error)
{
    struct database *database = pin_table_open(directory, error);
    enum pins_result result;
    struct pin pin;

    if (database == NULL)
        return PINS_FAULT;
    result = find(database, cover, source, pin_id, &pin, error);
    if (result == PINS_DONE) {
        struct pin reply = {
            .source = pin.source, .number = pin.number, .ts_ns = pin.ts_ns, .parent = pin.id
        };

        result =
            pin.parent || pin.removed_ns ? PINS_NOT_HERE : put(database, author, &reply, text, now_ns, error);
        *id = reply.id;
        pin_clear(&pin);
    }
    database_close(database);
    return result;
}

static enum pins_result change_one(struct database *database, const struct pins_author *author,
                                   const struct pin *pin, struct pin_change *change, int64_t now_ns,
                                   struct error *error)
{
    bool was_there;

    if (author->role < ROLE_COMMENT ||
        (author->role < ROLE_CONTROL && strcmp(pin->person, author->person) != 0))
        return PINS_FORBIDDEN;
    if (change->text && !pin_text_check(bytes_text(change->text), error))
        return PINS_REFUSED;
    change->by = author->person;
    if (!pin_table_change(database, pin->id, change, now_ns, &was_there, error))
        return refusal(error);
    return was_there ? PINS_DONE : PINS_NOT_HERE;
}

enum pins_result pins_change(const char *directory, const struct pins_author *author,
                             const struct pins_cover *cover, const char *source, int64_t id,
                             struct pin_change *change, int64_t now_ns, int64_t *pin_id, struct error *error)
{
    struct database *database = pin_table_open(directory, error);
    enum pins_result result;
    struct pin pin;

    if (database == NULL)
        return PINS_FAULT;
    result = find(database, cover, source, id, &pin, error);
    if (result == PINS_DONE) {
        result = change_one(database, author, &pin, change, now_ns, error);
        *pin_id = pin.parent ? pin.parent : pin.id;
        pin_clear(&pin);
    }
    database_close(database);
    return result;
}

bool pins_forget(const char *directory, int64_t now_ns, struct error *error)
{
    struct database *database = share_database_open(directory, DATABASE_READ, error);
    bool is_done;

    if (database == NULL) /* nobody ever pinned */
        return error->kind == ERROR_NONE;
    database_close(database);
    database = pin_table_open(directory, error);
    is_done = database && pin_table_forget(database, now_ns, let_go, (void *)(uintptr_t)directory, error);
    database_close(database);
    return is_done;
}

/* ---- lists ---- */

struct ids {
    struct {
        int64_t id;
        uint64_t number;
        int64_t ts_ns;
    } items[PINS_ANSWER_LIMIT];
    uint32_t n;
};

static void remember(void *context, const struct pin *pin)
{
    struct ids *ids = context;

    if (ids->n < PINS_ANSWER_LIMIT) {
        ids->items[ids->n].id = pin->id;
        ids->items[ids->n].ts_ns = pin->ts_ns;
        ids->items[ids->n++].number = pin->number;
    }
}

static bool append(struct database *database, const struct pins_cover *cover, const char *source,
                   const struct ids *ids, json_t *list, struct error *error)
{
    for (uint32_t i = 0; i < ids->n; i++) {
        int64_t ts_ns = ids->items[i].ts_ns;
        enum pins_result result = look(cover, source, ids->items[i].number, &ts_ns, error);
        json_t *pin = NULL;

        if (result == PINS_FAULT)
            return false;
        if (result == PINS_DONE)
            pin = pin_table_json(database, ids->items[i].id, error);
        if (result == PINS_DONE && pin == NULL && error->kind != ERROR_NONE)
            return false;
        if (pin)
            json_array_append_new(list, pin);
    }
    return true;
}

json_t *pins_list(const char *directory, const struct pins_cover *cover, const char *source,
                  struct error *error)
{
    struct database *database = share_database_open(directory, DATABASE_READ, error);
    struct ids *ids = calloc(1, sizeof *ids);
    json_t *list = json_array();

    if (ids == NULL || list == NULL)
        error_set(error, ERROR_SYSTEM, "no memory for pins");
    if (ids == NULL || list == NULL ||
        (database == NULL ? error->kind != ERROR_NONE
                          : !pin_table_each(database, source, remember, ids, error) ||
                                !append(database, cover, source, ids, list, error))) {
        json_decref(list);
        list = NULL;
    }
    free(ids);
    database_close(database);
    return list;
}
