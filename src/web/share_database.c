/* SPDX-License-Identifier: Apache-2.0 */
#include "web/share_database.h"

#include <sqlite3.h>
#include <stddef.h>

static const char *const steps[] = {
    "CREATE TABLE link ("
    " id TEXT PRIMARY KEY,"
    " kind INTEGER NOT NULL,"                                      /* link_kind */
    " secret_hash BLOB NOT NULL CHECK (length(secret_hash) = 32)," /* share_secret_hash */
    " label TEXT,"
    " source TEXT, filter TEXT, device TEXT, from_ns INTEGER, to_ns INTEGER,"
    " bytes INTEGER NOT NULL, role INTEGER NOT NULL, rights INTEGER NOT NULL,"
    " created_ns INTEGER NOT NULL, created_by TEXT NOT NULL,"
    " expires_ns INTEGER NOT NULL, revoked_ns INTEGER, most_viewers INTEGER NOT NULL,"
    " last_seen_ns INTEGER) STRICT;"
    "CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT) STRICT, WITHOUT ROWID;"
    "CREATE TABLE pin ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " source TEXT NOT NULL, number INTEGER NOT NULL, ts_ns INTEGER NOT NULL,"
    " parent INTEGER REFERENCES pin (id) ON DELETE CASCADE," /* a reply's pin */
    " text TEXT NOT NULL, author TEXT NOT NULL, author_name TEXT NOT NULL, link TEXT NOT NULL,"
    " created_ns INTEGER NOT NULL, edited_ns INTEGER, resolved_ns INTEGER, resolved_by TEXT,"
    " removed_ns INTEGER, hold INTEGER) STRICT;"
    "CREATE INDEX pin_by_packet ON pin (source, number);",
    "ALTER TABLE link ADD COLUMN numbers TEXT;", /* number_ranges; an older program must not open such a link
                                                    wide */
};

struct database *share_database_open(const char *directory, enum database_mode mode, struct error *error)
{
    return database_open(directory, SHARE_FILE, steps, sizeof steps / sizeof *steps, mode, error);
}

struct sqlite3_stmt *share_database_prepare(struct database *database, const char *sql, struct error *error)
{
    sqlite3_stmt *statement = NULL;

    if (sqlite3_prepare_v2(database_handle(database), sql, -1, &statement, NULL) == SQLITE_OK)
        return statement;
    database_fault(database, "cannot be asked", error);
    return NULL;
}

bool share_database_finish(struct database *database, struct sqlite3_stmt *statement, const char *doing,
                           struct error *error)
{
    bool is_done;

    if (statement == NULL)
        return false;
    is_done = sqlite3_step(statement) == SQLITE_DONE || database_fault(database, doing, error);
    sqlite3_finalize(statement);
    return is_done;
}
