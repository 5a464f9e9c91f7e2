/* SPDX-License-Identifier: Apache-2.0 */
#include "web/pin_table.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"

#define COLUMNS                                                                                   \
    "id, source, number, ts_ns, parent, text, author, author_name, link, created_ns, edited_ns, " \
    "resolved_ns, removed_ns, hold"

struct database *pin_table_open(const char *directory, struct error *error)
{
    struct database *database = share_database_open(directory, DATABASE_WRITE, error);

    /* A pin is not worth a wait for the disk while everybody watches; a link's end is (link_table). */
    if (database && !database_run(database, "PRAGMA synchronous = NORMAL", error)) {
        database_close(database);
        database = NULL;
    }
    return database;
}

bool pin_text_check(struct bytes text, struct error *error)
{
    size_t n = 0;
    uint32_t character;

    if (text.len == 0)
        return error_set(error, ERROR_USAGE, "the text is empty");
    if (!utf8_is_printable(text))
        return error_set(error, ERROR_USAGE, "the text has characters that are not plain text");
    for (size_t step; text.len > 0; text = bytes_of(text.data + step, text.len - step), n++)
        step = utf8_first(text, &character);
    return n <= PIN_TEXT_CHARS ||
           error_set(error, ERROR_USAGE, "the text has %zu characters; %d is the most", n, PIN_TEXT_CHARS);
}

static void bind_text(sqlite3_stmt *statement, int column, const char *text)
{
    sqlite3_bind_text(statement, column, text, -1, SQLITE_STATIC);
}

/* ---- writing ---- */

bool pin_table_add(struct database *database, struct pin *pin, struct error *error)
{
    sqlite3_stmt *statement = share_database_prepare(
        database,
        "INSERT INTO pin (source, number, ts_ns, parent, text, author, author_name, link, created_ns)"
        " SELECT ?1, ?2, ?3, nullif(?4, 0), ?5, ?6, ?7, ?8, ?9"
        " WHERE (?4 = 0 AND (SELECT count(*) FROM pin WHERE parent IS NULL) < ?10)"
        " OR (?4 <> 0 AND EXISTS (SELECT 1 FROM pin WHERE id = ?4 AND parent IS NULL AND removed_ns IS NULL)"
        "     AND (SELECT count(*) FROM pin WHERE parent = ?4) < ?11)",
        error);

    if (statement == NULL)
        return false;
    bind_text(statement, 1, pin->source);
    sqlite3_bind_int64(statement, 2, (int64_t)pin->number);
    sqlite3_bind_int64(statement, 3, pin->ts_ns);
    sqlite3_bind_int64(statement, 4, pin->parent);
    bind_text(statement, 5, pin->text);
    bind_text(statement, 6, pin->person);
    bind_text(statement, 7, pin->name);
    bind_text(statement, 8, pin->link);
    sqlite3_bind_int64(statement, 9, pin->created_ns);
    sqlite3_bind_int(statement, 10, PINS_LIMIT);
    sqlite3_bind_int(statement, 11, PIN_REPLIES_LIMIT);
    if (!share_database_finish(database, statement, "the pin cannot be written", error))
        return false;
    if (sqlite3_changes(database_handle(database)) == 0)
        return pin->parent
                   ? error_set(error, ERROR_LIMIT, "there is no room for another reply (%d)",
                               PIN_REPLIES_LIMIT)
                   : error_set(error, ERROR_LIMIT, "there are %d pins already: remove some", PINS_LIMIT);
    pin->id = sqlite3_last_insert_rowid(database_handle(database));
    return true;
}

bool pin_table_change(struct database *database, int64_t id, const struct pin_change *change, int64_t now_ns,
                      bool *was_there, struct error *error)
{
    sqlite3_stmt *statement = share_database_prepare(
        database,
        "UPDATE pin SET text = coalesce(?2, text),"
        " edited_ns = CASE WHEN ?2 IS NULL THEN edited_ns ELSE ?5 END,"
        " resolved_ns = CASE ?3 WHEN 0 THEN NULL WHEN 1 THEN coalesce(resolved_ns, ?5) ELSE resolved_ns END,"
        " resolved_by = CASE ?3 WHEN 0 THEN NULL WHEN 1 THEN coalesce(resolved_by, ?6) ELSE resolved_by END,"
        " removed_ns = CASE ?4 WHEN 0 THEN NULL WHEN 1 THEN coalesce(removed_ns, ?5) ELSE removed_ns END"
        " WHERE id = ?1 AND (removed_ns IS NULL OR (?4 = 0 AND removed_ns > ?5 - ?7))",
        error);

    if (statement == NULL)
        return false;
    sqlite3_bind_int64(statement, 1, id);
    bind_text(statement, 2, change->text);
    sqlite3_bind_int(statement, 3, change->resolved);
    sqlite3_bind_int(statement, 4, change->removed);
    sqlite3_bind_int64(statement, 5, now_ns);
    bind_text(statement, 6, change->by);
    sqlite3_bind_int64(statement, 7, PIN_UNDO_NS);
    if (!share_database_finish(database, statement, "the pin cannot be changed", error))
        return false;
    *was_there = sqlite3_changes(database_handle(database)) > 0;
    return true;
}

bool pin_table_set_hold(struct database *database, int64_t id, int64_t hold, struct error *error)
{
    sqlite3_stmt *statement =
        share_database_prepare(database, "UPDATE pin SET hold = nullif(?2, 0) WHERE id = ?1", error);

    if (statement == NULL)
        return false;
    sqlite3_bind_int64(statement, 1, id);
    sqlite3_bind_int64(statement, 2, hold);
    return share_database_finish(database, statement, "the pin cannot be changed", error);
}

bool pin_table_forget(struct database *database, int64_t now_ns, void (*told)(void *context, int64_t hold),
                      void *context, struct error *error)
{
    sqlite3_stmt *statement =
        share_database_prepare(database, "DELETE FROM pin WHERE removed_ns <= ? RETURNING hold", error);
    int code;

    if (statement == NULL)
        return false;
    sqlite3_bind_int64(statement, 1, now_ns - PIN_UNDO_NS);
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        if (sqlite3_column_type(statement, 0) != SQLITE_NULL)
            told(context, sqlite3_column_int64(statement, 0));
    }
    if (code != SQLITE_DONE)
        database_fault(database, "pins cannot be deleted", error);
    sqlite3_finalize(statement);
    return code == SQLITE_DONE;
}

/* ---- reading ---- */

static const char *column_text(sqlite3_stmt *row, int column)
{
    const char *text = (const char *)sqlite3_column_text(row, column);

    return text ? text : "";
}

/* Of COLUMNS; borrowed until the next step. */
static void read_row(sqlite3_stmt *row, struct pin *pin)
{
    *pin = (struct pin) {
        .id = sqlite3_column_int64(row, 0),
        .source = column_text(row, 1),
        .number = (uint64_t)sqlite3_column_int64(row, 2),
        .ts_ns = sqlite3_column_int64(row, 3),
        .parent = sqlite3_column_int64(row, 4),
        .text = column_text(row, 5),
        .person = column_text(row, 6),
        .name = column_text(row, 7),
        .link = column_text(row, 8),
        .created_ns = sqlite3_column_int64(row, 9),
        .edited_ns = sqlite3_column_int64(row, 10),
        .resolved_ns = sqlite3_column_int64(row, 11),
        .removed_ns = sqlite3_column_int64(row, 12),
        .hold = sqlite3_column_int64(row, 13),
    };
}

static bool copy_texts(struct pin *pin)
{
    const char **texts[] = { &pin->source, &pin->text, &pin->person, &pin->name, &pin->link };
    bool is_whole = true;

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        *texts[i] = strdup(*texts[i]);
        is_whole = is_whole && *texts[i];
    }
    return is_whole;
}

void pin_clear(struct pin *pin)
{
    const char *texts[] = { pin->source, pin->text, pin->person, pin->name, pin->link };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        free((char *)(uintptr_t)texts[i]);
    *pin = (struct pin) { 0 };
}

bool pin_table_find(struct database *database, int64_t id, struct pin *pin, struct error *error)
{
    sqlite3_stmt *row = share_database_prepare(database, "SELECT " COLUMNS " FROM pin WHERE id = ?", error);
    bool is_read = true;
    int code;

    *pin = (struct pin) { 0 };
    if (row == NULL)
        return false;
    sqlite3_bind_int64(row, 1, id);
    code = sqlite3_step(row);
    if (code == SQLITE_ROW) {
        read_row(row, pin);
        is_read = copy_texts(pin) || error_set(error, ERROR_SYSTEM, "no memory for a pin");
        if (!is_read)
            pin_clear(pin);
    } else if (code != SQLITE_DONE) {
        is_read = database_fault(database, "a pin cannot be read", error);
    }
    sqlite3_finalize(row);
    return is_read;
}

static json_t *json_ns(int64_t ns)
{
    return json_sprintf("%lld", (long long)ns);
}

static json_t *reply_json(const struct pin *pin)
{
    return json_pack("{s:o, s:s, s:s, s:s, s:o}", "id", json_ns(pin->id), "person", pin->person, "name",
                     pin->name, "text", pin->text, "created_ns", json_ns(pin->created_ns));
}

static json_t *pin_json(const struct pin *pin)
{
    return json_pack("{s:o, s:s, s:I, s:o, s:s, s:s, s:s, s:[], s:b, s:o}", "id", json_ns(pin->id), "source",
                     pin->source, "number", (json_int_t)pin->number, "time_ns", json_ns(pin->ts_ns), "person",
                     pin->person, "name", pin->name, "text", pin->text, "replies", "resolved",
                     pin->resolved_ns != 0, "created_ns", json_ns(pin->created_ns));
}

json_t *pin_table_json(struct database *database, int64_t id, struct error *error)
{
    sqlite3_stmt *row = share_database_prepare(database,
                                               "SELECT " COLUMNS " FROM pin"
                                               " WHERE (id = ?1 AND parent IS NULL) OR parent = ?1"
                                               " ORDER BY parent IS NOT NULL, id",
                                               error);
    json_t *json = NULL;
    struct pin pin;
    int code;

    if (row == NULL)
        return NULL;
    *error = (struct error) { .kind = ERROR_NONE };
    sqlite3_bind_int64(row, 1, id);
    while ((code = sqlite3_step(row)) == SQLITE_ROW) {
        read_row(row, &pin);
        if (pin.parent == 0 && pin.removed_ns == 0)
            json = pin_json(&pin);
        else if (json && pin.removed_ns == 0)
            json_array_append_new(json_object_get(json, "replies"), reply_json(&pin));
        if (json == NULL)
            break;
    }
    if (code != SQLITE_DONE && code != SQLITE_ROW) {
        database_fault(database, "a pin cannot be read", error);
        json_decref(json);
        json = NULL;
    }
    sqlite3_finalize(row);
    return json;
}

bool pin_table_each(struct database *database, const char *source,
                    void (*told)(void *context, const struct pin *pin), void *context, struct error *error)
{
    sqlite3_stmt *row =
        share_database_prepare(database,
                               "SELECT * FROM (SELECT " COLUMNS
                               " FROM pin WHERE source = ?1 AND parent IS NULL AND removed_ns IS NULL"
                               " ORDER BY id DESC LIMIT ?2) ORDER BY number, id",
                               error);
    struct pin pin;
    int code;

    if (row == NULL)
        return false;
    bind_text(row, 1, source);
    sqlite3_bind_int(row, 2, PINS_ANSWER_LIMIT);
    while ((code = sqlite3_step(row)) == SQLITE_ROW) {
        read_row(row, &pin);
        told(context, &pin);
    }
    if (code != SQLITE_DONE)
        database_fault(database, "pins cannot be read", error);
    sqlite3_finalize(row);
    return code == SQLITE_DONE;
}
