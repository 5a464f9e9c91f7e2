/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/holds.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive/segment_file.h"

static const char *const steps[] = {
    "CREATE TABLE hold ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT," /* a number once given never means another hold */
    " device TEXT, from_ns INTEGER, to_ns INTEGER,"
    " owner TEXT NOT NULL, reason TEXT NOT NULL,"
    " created_ns INTEGER NOT NULL, expires_ns INTEGER NOT NULL,"
    " quota_bytes INTEGER CHECK (quota_bytes > 0),"
    " CHECK (device IS NOT NULL OR from_ns IS NOT NULL OR to_ns IS NOT NULL)) STRICT;"
    "CREATE TABLE setting (name TEXT PRIMARY KEY, value INTEGER) STRICT, WITHOUT ROWID",
};

struct database *holds_open(const char *directory, enum database_mode mode, struct error *error)
{
    return database_open(directory, HOLDS_FILE, steps, sizeof steps / sizeof *steps, mode, error);
}

bool holds_give(const char *directory, uid_t user, gid_t group, struct error *error)
{
    static const char *const suffixes[] = { "", "-wal", "-shm" };
    char path[SEGMENT_PATH_BYTES];

    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        snprintf(path, sizeof path, "%s/" HOLDS_FILE "%s", directory, suffixes[i]);
        if (lchown(path, user, group) != 0 && errno != ENOENT)
            return error_system(error, "%s: cannot be given to another user", path);
    }
    return true;
}

/* ---- reading ---- */

/* False without memory. NULL where the column is NULL. */
static bool copy_text(sqlite3_stmt *row, int column, char **text)
{
    const char *value = (const char *)sqlite3_column_text(row, column);

    *text = value ? strdup(value) : NULL;
    return (value == NULL && sqlite3_column_type(row, column) == SQLITE_NULL) || *text != NULL;
}

static int64_t number_or(sqlite3_stmt *row, int column, int64_t otherwise)
{
    return sqlite3_column_type(row, column) == SQLITE_NULL ? otherwise : sqlite3_column_int64(row, column);
}

static void clear_hold(struct hold *hold)
{
    free(hold->device);
    free(hold->owner);
    free(hold->reason);
}

void hold_list_clear(struct hold_list *list)
{
    for (uint32_t i = 0; i < list->n; i++)
        clear_hold(&list->items[i]);
    free(list->items);
    *list = (struct hold_list) { 0 };
}

static bool append_row(struct hold_list *list, sqlite3_stmt *row)
{
    struct hold *hold;

    if ((list->n & (list->n - 1)) == 0) { /* room is a power of two */
        struct hold *items = realloc(list->items, (list->n ? list->n * 2 : 1) * sizeof *items);

        if (items == NULL)
            return false;
        list->items = items;
    }
    hold = &list->items[list->n];
    *hold = (struct hold) {
        .id = sqlite3_column_int64(row, 0),
        .range = { number_or(row, 2, INT64_MIN), number_or(row, 3, INT64_MAX) },
        .created_ns = sqlite3_column_int64(row, 6),
        .expires_ns = sqlite3_column_int64(row, 7),
        .quota_bytes = (uint64_t)number_or(row, 8, 0),
    };
    if (!copy_text(row, 1, &hold->device) || !copy_text(row, 4, &hold->owner) ||
        !copy_text(row, 5, &hold->reason)) {
        clear_hold(hold);
        return false;
    }
    list->n++;
    return true;
}

static bool load_rows(struct database *database, struct hold_list *list, struct error *error)
{
    sqlite3_stmt *row;
    bool has_memory = true;
    int code = sqlite3_prepare_v2(database_handle(database),
                                  "SELECT id, device, from_ns, to_ns, owner, reason, created_ns, expires_ns,"
                                  " quota_bytes FROM hold ORDER BY id",
                                  -1, &row, NULL);

    if (code == SQLITE_OK) {
        while (has_memory && (code = sqlite3_step(row)) == SQLITE_ROW)
            has_memory = append_row(list, row);
    }
    if (!has_memory)
        error_set(error, ERROR_SYSTEM, "no memory for the holds");
    else if (code != SQLITE_DONE)
        database_fault(database, "the holds cannot be read", error);
    sqlite3_finalize(row);
    return has_memory && code == SQLITE_DONE;
}

static bool load_quota(struct database *database, struct hold_list *list, struct error *error)
{
    sqlite3_stmt *row;
    int code =
        sqlite3_prepare_v2(database_handle(database),
                           "SELECT value FROM setting WHERE name = 'hold_quota_bytes'", -1, &row, NULL);

    if (code == SQLITE_OK)
        code = sqlite3_step(row);
    if (code == SQLITE_ROW)
        list->quota_bytes = (uint64_t)sqlite3_column_int64(row, 0);
    else if (code != SQLITE_DONE)
        database_fault(database, "the quota of holds cannot be read", error);
    sqlite3_finalize(row);
    return code == SQLITE_ROW || code == SQLITE_DONE;
}

bool holds_load(struct database *database, struct hold_list *list, struct error *error)
{
    *list = (struct hold_list) { 0 };
    if (load_rows(database, list, error) && load_quota(database, list, error))
        return true;
    hold_list_clear(list);
    return false;
}

bool hold_is_alive(const struct hold *hold, int64_t now_ns)
{
    return now_ns < hold->expires_ns;
}

/* ---- writing ---- */

/* Ends a writing statement. */
static bool finish(struct database *database, sqlite3_stmt *statement, const char *doing, struct error *error)
{
    bool is_done = statement && sqlite3_step(statement) == SQLITE_DONE;

    if (!is_done)
        database_fault(database, doing, error);
    sqlite3_finalize(statement);
    return is_done;
}

static void bind_bound(sqlite3_stmt *statement, int column, int64_t ns, int64_t unbounded)
{
    if (ns == unbounded)
        sqlite3_bind_null(statement, column);
    else
        sqlite3_bind_int64(statement, column, ns);
}

bool holds_add(struct database *database, struct hold *hold, struct error *error)
{
    sqlite3 *handle = database_handle(database);
    sqlite3_stmt *statement = NULL;

    if (hold->quota_bytes > INT64_MAX)
        return error_set(error, ERROR_USAGE, "a quota of %llu bytes is no bound",
                         (unsigned long long)hold->quota_bytes);
    /* In one statement, so that two at the same time cannot both be the last. */
    sqlite3_prepare_v2(handle,
                       "INSERT INTO hold (device, from_ns, to_ns, owner, reason, created_ns, expires_ns,"
                       " quota_bytes) SELECT ?, ?, ?, ?, ?, ?, ?, ? WHERE (SELECT count(*) FROM hold) < ?",
                       -1, &statement, NULL);
    sqlite3_bind_text(statement, 1, hold->device, -1, SQLITE_STATIC);
    bind_bound(statement, 2, hold->range.from_ns, INT64_MIN);
    bind_bound(statement, 3, hold->range.to_ns, INT64_MAX);
    sqlite3_bind_text(statement, 4, hold->owner, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 5, hold->reason, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 6, hold->created_ns);
    sqlite3_bind_int64(statement, 7, hold->expires_ns);
    bind_bound(statement, 8, (int64_t)hold->quota_bytes, 0);
    sqlite3_bind_int64(statement, 9, HOLDS_LIMIT);
    if (!finish(database, statement, "the hold cannot be written", error))
        return false;
    if (sqlite3_changes(handle) == 0)
        return error_set(error, ERROR_LIMIT,
                         "there are %d holds already, and there is room for no more: remove those that "
                         "expired (tapdeck hold list)",
                         HOLDS_LIMIT);
    hold->id = sqlite3_last_insert_rowid(handle);
    return true;
}

bool holds_remove(struct database *database, int64_t id, bool *was_there, struct error *error)
{
    sqlite3_stmt *statement = NULL;

    sqlite3_prepare_v2(database_handle(database), "DELETE FROM hold WHERE id = ?", -1, &statement, NULL);
    sqlite3_bind_int64(statement, 1, id);
    if (!finish(database, statement, "the hold cannot be removed", error))
        return false;
    *was_there = sqlite3_changes(database_handle(database)) > 0;
    return true;
}

bool holds_set_quota(struct database *database, uint64_t quota_bytes, struct error *error)
{
    sqlite3_stmt *statement = NULL;

    sqlite3_prepare_v2(database_handle(database),
                       "INSERT INTO setting VALUES ('hold_quota_bytes', ?1)"
                       " ON CONFLICT (name) DO UPDATE SET value = ?1",
                       -1, &statement, NULL);
    sqlite3_bind_int64(statement, 1, quota_bytes > INT64_MAX ? INT64_MAX : (int64_t)quota_bytes);
    return finish(database, statement, "the quota cannot be written", error);
}
