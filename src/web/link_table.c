/* SPDX-License-Identifier: Apache-2.0 */
#include "web/link_table.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/timestamp.h"
#include "base/utf8.h"
#include "filter/filter.h"

static const char *const role_names[] = {
    [ROLE_VIEW] = "view",
    [ROLE_COMMENT] = "comment",
    [ROLE_CONTROL] = "control",
};

enum { N_ROLES = sizeof role_names / sizeof *role_names };

const char *access_role_name(enum access_role role)
{
    return role_names[role];
}

bool access_role_parse(struct bytes text, enum access_role *role)
{
    for (unsigned i = 0; i < N_ROLES; i++) {
        if (bytes_equal(text, bytes_text(role_names[i]))) {
            *role = (enum access_role)i;
            return true;
        }
    }
    return false;
}

enum link_state link_state(const struct link *link, int64_t now_ns)
{
    if (link->revoked_ns)
        return LINK_IS_REVOKED;
    return now_ns >= link->expires_ns ? LINK_IS_EXPIRED : LINK_ALIVE;
}

const char *link_state_name(enum link_state state)
{
    static const char *const names[] = { "alive", "expired", "revoked" };

    return names[state];
}

void link_clear(struct link *link)
{
    free(link->label);
    free(link->created_by);
    free((char *)(uintptr_t)link->scope.source);
    free((char *)(uintptr_t)link->scope.filter);
    free((char *)(uintptr_t)link->scope.device);
    *link = (struct link) { 0 };
}

void link_list_clear(struct link_list *list)
{
    for (uint32_t i = 0; i < list->n; i++)
        link_clear(&list->items[i]);
    free(list->items);
    *list = (struct link_list) { 0 };
}

/* ---- reading ---- */

/* Adds to *is_whole what went wrong. NULL where the column is NULL. */
static char *text_of(sqlite3_stmt *row, int column, bool *is_whole)
{
    const char *value = (const char *)sqlite3_column_text(row, column);
    char *text = value ? strdup(value) : NULL;

    if (text == NULL && sqlite3_column_type(row, column) != SQLITE_NULL)
        *is_whole = false;
    return text;
}

static int64_t number_or(sqlite3_stmt *row, int column, int64_t otherwise)
{
    return sqlite3_column_type(row, column) == SQLITE_NULL ? otherwise : sqlite3_column_int64(row, column);
}

/* A number from 0 to most; what a later hand wrote into the file that is none closes, never opens. */
static unsigned bounded(sqlite3_stmt *row, int column, unsigned most)
{
    int64_t number = sqlite3_column_int64(row, column);

    return number >= 0 && number <= most ? (unsigned)number : 0;
}

/* In the order of the SELECT below. False without memory. */
static bool read_row(sqlite3_stmt *row, struct link *link)
{
    const char *id = (const char *)sqlite3_column_text(row, 0);
    const void *hash = sqlite3_column_blob(row, 2);
    const char *numbers = (const char *)sqlite3_column_text(row, 18);
    bool is_whole = id && hash && sqlite3_column_bytes(row, 2) == SHARE_HASH_BYTES;
    struct error ignored;

    *link = (struct link) {
        .kind = (enum link_kind)bounded(row, 1, LINK_OF_PROGRAMS),
        .label = text_of(row, 3, &is_whole),
        .scope = { .source = text_of(row, 4, &is_whole),
                   .filter = text_of(row, 5, &is_whole),
                   .device = text_of(row, 6, &is_whole),
                   .range = { number_or(row, 7, INT64_MIN), number_or(row, 8, INT64_MAX) },
                   .bytes = (enum bytes_level)bounded(row, 9, BYTES_FULL) },
        .role = (enum access_role)bounded(row, 10, ROLE_CONTROL),
        .rights = bounded(row, 11, RIGHT_SUBSCRIBE | RIGHT_PUBLISH),
        .created_ns = sqlite3_column_int64(row, 12),
        .created_by = text_of(row, 13, &is_whole),
        .expires_ns = sqlite3_column_int64(row, 14),
        .revoked_ns = number_or(row, 15, 0),
        .most_viewers = bounded(row, 16, LINK_VIEWERS_LIMIT),
        .last_seen_ns = number_or(row, 17, 0),
    };
    if (numbers && !number_ranges_parse(numbers, &link->scope.numbers, &ignored))
        link->scope.numbers = number_ranges_of_none();
    if (is_whole) {
        snprintf(link->id, sizeof link->id, "%s", id);
        memcpy(link->secret_hash, hash, SHARE_HASH_BYTES);
    }
    return is_whole;
}

bool link_table_load(struct database *database, struct link_list *list, struct error *error)
{
    sqlite3_stmt *row = share_database_prepare(
        database,
        "SELECT id, kind, secret_hash, label, source, filter, device, from_ns, to_ns, bytes, role, rights,"
        " created_ns, created_by, expires_ns, revoked_ns, most_viewers, last_seen_ns, numbers"
        " FROM link ORDER BY created_ns DESC, id LIMIT ?",
        error);
    int code = SQLITE_NOMEM;

    *list = (struct link_list) { 0 };
    if (row == NULL)
        return false;
    sqlite3_bind_int(row, 1, LINKS_LIMIT);
    list->items = calloc(LINKS_LIMIT, sizeof *list->items);
    while (list->items && (code = sqlite3_step(row)) == SQLITE_ROW) {
        if (!read_row(row, &list->items[list->n++])) {
            code = SQLITE_NOMEM;
            break;
        }
    }
    if (code == SQLITE_NOMEM)
        error_set(error, ERROR_SYSTEM, "no memory for the links");
    else if (code != SQLITE_DONE)
        database_fault(database, "the links cannot be read", error);
    sqlite3_finalize(row);
    if (code != SQLITE_DONE)
        link_list_clear(list);
    return code == SQLITE_DONE;
}

/* ---- judging ---- */

static bool text_check(const char *what, const char *text, size_t limit, struct error *error)
{
    if (text == NULL)
        return true;
    if (strlen(text) > limit)
        return error_set(error, ERROR_USAGE, "the %s is longer than %zu bytes", what, limit);
    if (!utf8_is_printable(bytes_text(text)))
        return error_set(error, ERROR_USAGE, "the %s is empty, or no plain text", what);
    return true;
}

/* A filter that only says something once it is asked would let in nobody, or everybody, when it is too late.
 */
static bool filter_check(const char *text, struct error *error)
{
    struct filter *filter = filter_compile(text, error);

    filter_free(filter);
    return filter != NULL;
}

bool link_check(const struct link *link, int64_t now_ns, struct error *error)
{
    if (!text_check("label", link->label, LINK_TEXT_BYTES, error) ||
        !text_check("name of who made it", link->created_by, LINK_TEXT_BYTES, error) ||
        !text_check("source", link->scope.source, LINK_TEXT_BYTES, error) ||
        !text_check("filter", link->scope.filter, LINK_FILTER_BYTES, error) ||
        !text_check("device", link->scope.device, LINK_DEVICE_BYTES, error))
        return false;
    if (link->scope.filter && !filter_check(link->scope.filter, error))
        return false;
    if (link->scope.numbers.n && link->scope.source == NULL)
        return error_set(error, ERROR_USAGE,
                         "each source counts its own packets: say whose numbers they are");
    if (link->expires_ns <= now_ns)
        return error_set(error, ERROR_USAGE, "its end is over already");
    if (link->scope.range.from_ns > link->scope.range.to_ns)
        return error_set(error, ERROR_USAGE, "its time ends before it begins");
    if (link->most_viewers > LINK_VIEWERS_LIMIT)
        return error_set(error, ERROR_USAGE, "at most %d people at once can be let in", LINK_VIEWERS_LIMIT);
    if (link->kind == LINK_OF_PROGRAMS && link->rights == 0)
        return error_set(error, ERROR_USAGE, "a key that may neither subscribe nor publish opens nothing");
    return true;
}

/* ---- writing ---- */

static void bind_text(sqlite3_stmt *statement, int column, const char *text)
{
    sqlite3_bind_text(statement, column, text, -1, SQLITE_STATIC);
}

static void bind_bound(sqlite3_stmt *statement, int column, int64_t ns, int64_t unbounded)
{
    if (ns == unbounded)
        sqlite3_bind_null(statement, column);
    else
        sqlite3_bind_int64(statement, column, ns);
}

static bool forget_ended(struct database *database, int64_t now_ns, struct error *error)
{
    sqlite3_stmt *statement =
        share_database_prepare(database,
                               "DELETE FROM link WHERE min(expires_ns, coalesce(revoked_ns,"
                               " expires_ns)) < ?",
                               error);

    if (statement == NULL)
        return false;
    sqlite3_bind_int64(statement, 1, now_ns - LINK_FORGET_NS);
    return share_database_finish(database, statement, "old links cannot be forgotten", error);
}

/* In one statement, so that two at the same time cannot both be the last. */
static bool insert(struct database *database, const struct link *link, struct error *error)
{
    sqlite3_stmt *statement = share_database_prepare(
        database,
        "INSERT INTO link (id, kind, secret_hash, label, source, filter, device, from_ns, to_ns, bytes, role,"
        " rights, created_ns, created_by, expires_ns, most_viewers, numbers)"
        " SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? WHERE (SELECT count(*) FROM link) < ?",
        error);
    struct buffer numbers;
    bool is_full;

    if (statement == NULL)
        return false;
    bind_text(statement, 1, link->id);
    sqlite3_bind_int(statement, 2, (int)link->kind);
    sqlite3_bind_blob(statement, 3, link->secret_hash, SHARE_HASH_BYTES, SQLITE_STATIC);
    bind_text(statement, 4, link->label);
    bind_text(statement, 5, link->scope.source);
    bind_text(statement, 6, link->scope.filter);
    bind_text(statement, 7, link->scope.device);
    bind_bound(statement, 8, link->scope.range.from_ns, INT64_MIN);
    bind_bound(statement, 9, link->scope.range.to_ns, INT64_MAX);
    sqlite3_bind_int(statement, 10, (int)link->scope.bytes);
    sqlite3_bind_int(statement, 11, (int)link->role);
    sqlite3_bind_int(statement, 12, (int)link->rights);
    sqlite3_bind_int64(statement, 13, link->created_ns);
    bind_text(statement, 14, link->created_by);
    sqlite3_bind_int64(statement, 15, link->expires_ns);
    sqlite3_bind_int64(statement, 16, link->most_viewers);
    buffer_init(&numbers, NUMBER_RANGES_TEXT_BYTES + 1);
    number_ranges_put(&numbers, &link->scope.numbers);
    if (numbers.len)
        sqlite3_bind_text(statement, 17, (const char *)numbers.data, (int)numbers.len, SQLITE_TRANSIENT);
    is_full = numbers.is_full;
    buffer_clear(&numbers);
    sqlite3_bind_int(statement, 18, LINKS_LIMIT);
    if (is_full) {
        sqlite3_finalize(statement);
        return error_set(error, ERROR_SYSTEM, "no memory for the link's packet numbers");
    }
    if (!share_database_finish(database, statement, "the link cannot be written", error))
        return false;
    if (sqlite3_changes(database_handle(database)) == 0)
        return error_set(error, ERROR_LIMIT,
                         "there are %d links already, and there is room for no more: revoke some; what ended "
                         "is forgotten after 30 days",
                         LINKS_LIMIT);
    return true;
}

bool link_table_add(struct database *database, struct link *link, int64_t now_ns,
                    char secret[static SHARE_SECRET_CHARS + 1], struct error *error)
{
    bool is_added;

    if (!link_check(link, now_ns, error))
        return false;
    if (!share_id_make(link->id) || !share_secret_make(secret))
        return error_system(error, "no random numbers for a secret");
    share_secret_hash(bytes_text(link->id), bytes_text(secret), link->secret_hash);
    link->created_ns = now_ns;
    if (!database_run(database, "PRAGMA synchronous = FULL", error))
        return false;
    is_added = forget_ended(database, now_ns, error) && insert(database, link, error);
    if (!is_added)
        memset(secret, 0, SHARE_SECRET_CHARS + 1);
    return is_added;
}

bool link_table_revoke(struct database *database, const char *id, int64_t now_ns, bool *was_alive,
                       struct error *error)
{
    sqlite3_stmt *statement;

    if (!database_run(database, "PRAGMA synchronous = FULL", error))
        return false;
    statement = share_database_prepare(
        database, "UPDATE link SET revoked_ns = ?1 WHERE id = ?2 AND revoked_ns IS NULL AND expires_ns > ?1",
        error);
    if (statement == NULL)
        return false;
    sqlite3_bind_int64(statement, 1, now_ns);
    bind_text(statement, 2, id);
    if (!share_database_finish(database, statement, "the link cannot be revoked", error))
        return false;
    *was_alive = sqlite3_changes(database_handle(database)) > 0;
    return true;
}

bool link_table_saw(struct database *database, const char *id, int64_t last_seen_ns, struct error *error)
{
    sqlite3_stmt *statement =
        share_database_prepare(database, "UPDATE link SET last_seen_ns = ?1 WHERE id = ?2", error);

    if (statement == NULL)
        return false;
    sqlite3_bind_int64(statement, 1, last_seen_ns);
    bind_text(statement, 2, id);
    return share_database_finish(database, statement, "a visit cannot be written", error);
}

bool link_table_set_server(struct database *database, const char *url, struct error *error)
{
    sqlite3_stmt *statement = share_database_prepare(database,
                                                     "INSERT INTO setting VALUES ('server', ?1)"
                                                     " ON CONFLICT (name) DO UPDATE SET value = ?1",
                                                     error);

    if (statement == NULL)
        return false;
    bind_text(statement, 1, url);
    return share_database_finish(database, statement, "the server's address cannot be written", error);
}

bool link_table_server(struct database *database, char *url, size_t url_bytes, struct error *error)
{
    sqlite3_stmt *row =
        share_database_prepare(database, "SELECT value FROM setting WHERE name = 'server'", error);
    const char *value;
    int code;

    url[0] = '\0';
    if (row == NULL)
        return false;
    code = sqlite3_step(row);
    value = code == SQLITE_ROW ? (const char *)sqlite3_column_text(row, 0) : NULL;
    if (value && strlen(value) < url_bytes)
        strcpy(url, value);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        database_fault(database, "cannot be read", error);
    sqlite3_finalize(row);
    return code == SQLITE_ROW || code == SQLITE_DONE;
}
