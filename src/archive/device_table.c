/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/device_table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "archive/device_table_parts.h"
#include "archive/segment_file.h"

#define FILE_NAME "devices.db"
/* docs/device-table.md. The same tables stand for the overlay, in the temporary schema. */
#define TABLES(schema)                                                                                     \
    "CREATE TABLE " schema "identity(id INTEGER PRIMARY KEY, scheme INTEGER NOT NULL, bytes BLOB NOT "     \
    "NULL, device INTEGER);"                                                                               \
    "CREATE UNIQUE INDEX " schema "identity_of_bytes ON identity(bytes, scheme);"                          \
    "CREATE INDEX " schema "identity_of_device ON identity(device) WHERE device IS NOT NULL;"              \
    "CREATE TABLE " schema "server(id INTEGER PRIMARY KEY, endpoint BLOB NOT NULL UNIQUE);"                \
    "CREATE TABLE " schema "span(identity INTEGER NOT NULL, n INTEGER NOT NULL, client BLOB NOT NULL, "    \
    "server INTEGER NOT NULL, from_ns INTEGER NOT NULL, lasted_ns INTEGER NOT NULL, packets INTEGER NOT "  \
    "NULL, bytes INTEGER NOT NULL, session INTEGER NOT NULL, reason INTEGER NOT NULL, confidence INTEGER " \
    "NOT NULL, PRIMARY KEY(identity, n)) WITHOUT ROWID;"                                                   \
    "CREATE INDEX " schema "span_of_client ON span(client, identity, n);"

static const char *const steps[] = {
    TABLES(
        "") "CREATE TABLE segment(stem TEXT PRIMARY KEY, bytes INTEGER NOT NULL, from_ns INTEGER NOT NULL, "
            "to_ns INTEGER NOT NULL) WITHOUT ROWID;"
            "CREATE TABLE session_key(hash INTEGER NOT NULL, identity INTEGER NOT NULL, session INTEGER "
            "NOT NULL, seen_s INTEGER NOT NULL, cid_to_client BLOB, PRIMARY KEY(hash, identity)) WITHOUT "
            "ROWID;"
            "CREATE TABLE cid_length(bytes INTEGER PRIMARY KEY);"
            "CREATE TABLE seed(value INTEGER NOT NULL);"
            "INSERT INTO seed VALUES(random());",
};

static const char overlay_tables[] = TABLES(
    "temp.") "CREATE TEMP VIEW all_identity AS SELECT * FROM temp.identity UNION ALL SELECT * FROM "
             "main.identity WHERE "
             "id NOT IN (SELECT id FROM temp.identity);"
             "CREATE TEMP VIEW all_span AS SELECT * FROM temp.span UNION ALL SELECT * FROM main.span;"
             "CREATE TEMP VIEW all_server AS SELECT * FROM temp.server UNION ALL SELECT * FROM main.server;";

/* {to}: the schema written to; {all}: in front of the tables that are asked. */
static const char *const texts[] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_HAS_SEGMENT] = "SELECT 1 FROM segment WHERE stem = ?1 AND bytes = ?2",
    [SQL_ADD_SEGMENT] = "INSERT OR REPLACE INTO segment(stem, bytes, from_ns, to_ns) VALUES(?1, ?2, ?3, ?4)",
    [SQL_DROP_SEGMENT] = "DELETE FROM segment WHERE stem = ?1",
    [SQL_SEGMENTS] = "SELECT stem, bytes FROM segment ORDER BY stem",
    [SQL_FIND_IDENTITY] = "SELECT id FROM {all}identity WHERE bytes = ?1 AND scheme = ?2",
    [SQL_ADD_IDENTITY] = "INSERT INTO {to}identity(id, scheme, bytes) VALUES(?1, ?2, ?3)",
    [SQL_FIND_SERVER] = "SELECT id FROM {all}server WHERE endpoint = ?1",
    [SQL_ADD_SERVER] = "INSERT INTO {to}server(id, endpoint) VALUES(?1, ?2)",
    [SQL_FIND_SPAN] =
        "SELECT n, from_ns, lasted_ns FROM {to}span WHERE client = ?1 AND identity = ?2 AND server = ?3 "
        "AND session = ?4 AND reason = ?5 AND confidence = ?7 AND from_ns <= ?6 ORDER BY n DESC LIMIT 1",
    [SQL_ADD_SPAN] = "INSERT INTO {to}span VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    [SQL_EXTEND_SPAN] =
        "UPDATE {to}span SET lasted_ns = max(lasted_ns, ?3), packets = packets + ?4, bytes = bytes + ?5 "
        "WHERE identity = ?1 AND n = ?2",
    [SQL_LAST_SPAN] = "SELECT max(n) FROM {to}span WHERE identity = ?1",
    [SQL_DEVICE_OF] = "SELECT coalesce(device, id) FROM {all}identity WHERE id = ?1",
    [SQL_COUNT_NAMES] = "SELECT count(*) FROM {all}identity WHERE device = ?1",
    [SQL_JOIN] = NULL, /* below */
    [SQL_PUT_KEY] =
        "INSERT INTO session_key VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT(hash, identity) DO UPDATE SET "
        "session = excluded.session, seen_s = excluded.seen_s, cid_to_client = excluded.cid_to_client "
        "WHERE excluded.seen_s >= seen_s",
    [SQL_PUT_LENGTH] = "INSERT OR IGNORE INTO cid_length VALUES(?1)",
    [SQL_FIND_KEY] =
        "SELECT k.session, k.seen_s, k.cid_to_client, i.scheme, i.bytes FROM session_key k JOIN "
        "main.identity i ON i.id = k.identity WHERE k.hash = ?1 ORDER BY k.seen_s DESC, k.session DESC",
    [SQL_NAMED] = "SELECT id, scheme, bytes, device FROM {all}identity WHERE bytes = ?1",
    [SQL_NAMES] =
        "SELECT id, scheme, bytes FROM {all}identity WHERE id = ?1 UNION SELECT id, scheme, bytes FROM "
        "{all}identity WHERE device = ?1",
    [SQL_SPANS] = DEVICE_SPAN_COLUMNS
    " FROM {all}span s JOIN {all}identity i ON i.id = s.identity "
    "JOIN {all}server v ON v.id = s.server WHERE s.identity IN (SELECT value FROM json_each(?1)) "
    "ORDER BY s.from_ns",
    [SQL_SPANS_AT] = DEVICE_SPAN_COLUMNS
    " FROM {all}span s JOIN {all}identity i ON i.id = s.identity "
    "JOIN {all}server v ON v.id = s.server WHERE s.client = ?1 ORDER BY s.from_ns DESC LIMIT ?2",
};

static const char join_main[] =
    "UPDATE main.identity SET device = ?1 WHERE id = ?1 OR id = ?2 OR device = ?2";
static const char join_overlay[] = "INSERT OR REPLACE INTO temp.identity SELECT id, scheme, bytes, ?1 FROM "
                                   "all_identity WHERE id = ?1 OR id = ?2 OR device = ?2";

/* ---- faults and statements ---- */

bool device_table_fault(const struct device_table *table, const char *doing, struct error *error)
{
    if (table->database == NULL)
        return error_set(error, ERROR_SYSTEM, "temporary device table: %s: %s", doing,
                         sqlite3_errmsg(table->handle));
    database_fault(table->database, doing, error);
    if (error->kind == ERROR_DAMAGED)
        error_set(error, ERROR_DAMAGED, "%s: %s: %s", table->path, doing, sqlite3_errmsg(table->handle));
    return false;
}

/* The template with its schemas put in. */
static bool spell(const struct device_table *table, const char *template, struct buffer *text)
{
    const char *to = table->has_overlay ? "temp." : "main.";
    const char *all = table->has_overlay ? "temp.all_" : "main.";

    for (const char *at = template; *at;) {
        if (strncmp(at, "{to}", 4) == 0) {
            buffer_put_text(text, to);
            at += 4;
        } else if (strncmp(at, "{all}", 5) == 0) {
            buffer_put_text(text, all);
            at += 5;
        } else {
            buffer_put_u8(text, (uint8_t)*at++);
        }
    }
    return buffer_put_u8(text, 0);
}

sqlite3_stmt *device_table_prepare(struct device_table *table, const char *template, struct error *error)
{
    sqlite3_stmt *statement = NULL;
    struct buffer text;

    buffer_init(&text, 1 << 16);
    if (!spell(table, template, &text))
        error_set(error, ERROR_SYSTEM, "device table: no memory for a question");
    else if (sqlite3_prepare_v3(table->handle, (const char *)text.data, -1, SQLITE_PREPARE_PERSISTENT,
                                &statement, NULL) != SQLITE_OK)
        device_table_fault(table, "cannot be asked", error);
    buffer_clear(&text);
    return statement;
}

sqlite3_stmt *device_table_statement(struct device_table *table, enum device_sql which, struct error *error)
{
    if (table->statements[which]) {
        sqlite3_reset(table->statements[which]);
        return table->statements[which];
    }
    table->statements[which] = device_table_prepare(
        table, which == SQL_JOIN ? table->has_overlay ? join_overlay : join_main : texts[which], error);
    return table->statements[which];
}

static void forget_statements(struct device_table *table)
{
    for (size_t i = 0; i < SQL_COUNT; i++) {
        sqlite3_finalize(table->statements[i]);
        table->statements[i] = NULL;
    }
}

bool device_table_do(struct device_table *table, sqlite3_stmt *statement, struct error *error)
{
    bool is_done = sqlite3_step(statement) == SQLITE_DONE;

    if (!is_done)
        device_table_fault(table, "cannot be written", error);
    sqlite3_reset(statement);
    return is_done;
}

bool device_table_run(struct device_table *table, enum device_sql which, struct error *error)
{
    sqlite3_stmt *statement = device_table_statement(table, which, error);

    return statement && device_table_do(table, statement, error);
}

bool device_table_run_text(struct device_table *table, const char *sql, struct error *error)
{
    return sqlite3_exec(table->handle, sql, NULL, NULL, NULL) == SQLITE_OK ||
           device_table_fault(table, "cannot be written", error);
}

/* ---- life ---- */

/* A damaged table holds nothing that the indexes do not: it makes way, and stays for whoever wonders. */
static bool set_aside(struct device_table *table, struct error *error)
{
    static const char *const suffixes[] = { "-wal", "-shm" };
    char log[sizeof table->path + 8];

    snprintf(table->set_aside, sizeof table->set_aside, "%s.damaged", table->path);
    if (rename(table->path, table->set_aside) < 0 && errno != ENOENT)
        return error_system(error, "%s: is damaged, and cannot be renamed", table->path);
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        snprintf(log, sizeof log, "%s%s", table->path, suffixes[i]);
        unlink(log);
    }
    return true;
}

static bool read_seed(struct device_table *table, struct error *error)
{
    sqlite3_stmt *statement = device_table_prepare(table, "SELECT value FROM main.seed", error);
    bool is_read = statement && sqlite3_step(statement) == SQLITE_ROW;

    if (is_read)
        table->seed = (uint64_t)sqlite3_column_int64(statement, 0);
    else if (statement)
        device_table_fault(table, "cannot be read", error);
    sqlite3_finalize(statement);
    return is_read;
}

static bool open_file(struct device_table *table, const char *directory, enum device_table_mode mode,
                      struct error *error)
{
    enum database_mode wanted = mode == DEVICE_TABLE_WRITE ? DATABASE_WRITE : DATABASE_READ;

    *error = (struct error) { 0 };
    table->database = database_open(directory, FILE_NAME, steps, sizeof steps / sizeof *steps, wanted, error);
    if (table->database == NULL) {
        char *advice = error->kind == ERROR_DAMAGED ? strchr(error->text, '\n') : NULL;

        if (advice) /* to put back a copy: but it can be made anew */
            *advice = '\0';
        return false;
    }
    table->handle = database_handle(table->database);
    return read_seed(table, error) &&
           (mode == DEVICE_TABLE_READ ||
            /* Made again from the indexes if need be: no commit waits for the disk. */
            device_table_run_text(
                table,
                "PRAGMA synchronous = NORMAL; PRAGMA temp_store = FILE; PRAGMA cache_size = -16384; PRAGMA "
                "wal_autocheckpoint = 8192",
                error));
}

static void close_file(struct device_table *table)
{
    forget_statements(table);
    database_close(table->database);
    table->database = NULL;
    table->handle = NULL;
}

static bool open_temporary(struct device_table *table, struct error *error)
{
    if (sqlite3_open_v2("", &table->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK)
        return error_set(error, ERROR_SYSTEM, "no temporary device table can be made");
    return device_table_run_text(
               table, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -32768",
               error) &&
           device_table_run_text(table, steps[0], error);
}

static struct device_table *open_at(const char *directory, enum device_table_mode mode, bool wants_new,
                                    struct error *error)
{
    struct device_table *table = calloc(1, sizeof *table);
    bool is_open;

    if (table == NULL) {
        error_system(error, "device table");
        return NULL;
    }
    if (directory == NULL) {
        is_open = open_temporary(table, error);
    } else {
        snprintf(table->directory, sizeof table->directory, "%s", directory);
        snprintf(table->path, sizeof table->path, "%s/" FILE_NAME, directory);
        is_open = !wants_new && open_file(table, directory, mode, error);
        if (!is_open && mode == DEVICE_TABLE_WRITE && (wants_new || error->kind == ERROR_DAMAGED)) {
            close_file(table);
            is_open = set_aside(table, error) && open_file(table, directory, mode, error);
        }
    }
    if (is_open)
        return table;
    device_table_close(table);
    return NULL;
}

struct device_table *device_table_open(const char *directory, enum device_table_mode mode,
                                       struct error *error)
{
    return open_at(directory, mode, false, error);
}

struct device_table *device_table_replace(const char *directory, struct error *error)
{
    return open_at(directory, DEVICE_TABLE_WRITE, true, error);
}

void device_table_close(struct device_table *table)
{
    if (table == NULL)
        return;
    lru_table_free(table->bearers);
    if (table->database)
        close_file(table);
    forget_statements(table);
    sqlite3_close(table->handle);
    free(table);
}

const char *device_table_directory(const struct device_table *table)
{
    return table->directory[0] ? table->directory : NULL;
}

const char *device_table_set_aside(const struct device_table *table)
{
    return table->set_aside[0] ? table->set_aside : NULL;
}

bool device_table_verify(struct device_table *table, struct error *error)
{
    return table->database == NULL || database_verify(table->database, error);
}

bool device_table_overlay(struct device_table *table, struct error *error)
{
    if (table->has_overlay || table->database == NULL)
        return device_table_overlay_segment(table, error);
    if (!device_table_run_text(table, "PRAGMA temp_store = FILE", error) ||
        !device_table_run_text(table, overlay_tables, error))
        return false;
    forget_statements(table);
    table->has_overlay = true;
    return device_table_overlay_segment(table, error);
}

bool device_table_overlay_segment(struct device_table *table, struct error *error)
{
    struct lru_table_options bearers = {
        sizeof(uint64_t), sizeof(int64_t), 1 << 18, table->seed, NULL, NULL
    };

    lru_table_free(table->bearers);
    table->bearers = lru_table_new(&bearers);
    return table->bearers || error_set(error, ERROR_SYSTEM, "device table: no memory");
}

bool device_table_overlay_add(struct device_table *table, const struct binding *binding, struct error *error)
{
    return device_table_put(table, binding, error);
}

static bool note_all(struct device_table *table, struct session_keys *keys, const char *sql, bool are_lengths,
                     struct error *error)
{
    sqlite3_stmt *statement = device_table_prepare(table, sql, error);
    int code;

    if (statement == NULL)
        return false;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        int64_t number = sqlite3_column_int64(statement, 0);

        if (are_lengths)
            session_keys_note_length(keys, (size_t)number);
        else
            session_keys_note(keys, number);
    }
    sqlite3_finalize(statement);
    return code == SQLITE_DONE || device_table_fault(table, "cannot be read", error);
}

bool device_table_feed_keys(struct device_table *table, struct session_keys *keys, struct error *error)
{
    session_keys_begin(keys, table->seed);
    if (!note_all(table, keys, "SELECT bytes FROM main.cid_length", true, error) ||
        !note_all(table, keys, "SELECT hash FROM main.session_key", false, error))
        return false;
    table->keys = keys;
    session_keys_ready(keys);
    return true;
}

/* ---- segments ---- */

struct bytes device_table_stem(const struct catalog_entry *entry)
{
    const char *slash = strrchr(entry->path, '/'), *name = slash ? slash + 1 : entry->path;
    const char *end = strstr(name, ".pcapng");

    return bytes_of(name, end ? (size_t)(end - name) : strlen(name));
}

static void bind_text(sqlite3_stmt *statement, int column, struct bytes text)
{
    sqlite3_bind_text(statement, column, (const char *)text.data, (int)text.len, SQLITE_STATIC);
}

bool device_table_has(struct device_table *table, const struct catalog_entry *entry)
{
    struct error ignored;
    sqlite3_stmt *statement;
    bool has;

    if (entry->is_open || (statement = device_table_statement(table, SQL_HAS_SEGMENT, &ignored)) == NULL)
        return false;
    bind_text(statement, 1, device_table_stem(entry));
    sqlite3_bind_int64(statement, 2, (int64_t)entry->stored_bytes);
    has = sqlite3_step(statement) == SQLITE_ROW;
    sqlite3_reset(statement);
    return has;
}

static bool put_one(void *context, const struct binding *binding)
{
    struct device_table *table = context;

    return device_table_put(table, binding, &table->trouble);
}

static bool add_indexed(struct device_table *table, const struct catalog_entry *entry,
                        const struct segment_index *index, struct error *error)
{
    sqlite3_stmt *statement;

    table->trouble = (struct error) { 0 };
    segment_index_bindings(index, put_one, table);
    if (table->trouble.kind != ERROR_NONE) {
        *error = table->trouble;
        return false;
    }
    statement = device_table_statement(table, SQL_ADD_SEGMENT, error);
    if (statement == NULL)
        return false;
    bind_text(statement, 1, device_table_stem(entry));
    sqlite3_bind_int64(statement, 2, (int64_t)entry->stored_bytes);
    sqlite3_bind_int64(statement, 3, segment_index_min_ts(index));
    sqlite3_bind_int64(statement, 4, segment_index_max_ts(index));
    return device_table_do(table, statement, error);
}

bool device_table_commit(struct device_table *table, bool is_well, struct error *error)
{
    struct error ignored;

    if (is_well && device_table_run(table, SQL_COMMIT, error))
        return true;
    device_table_run(table, SQL_ROLLBACK, &ignored);
    memset(table->cid_lengths, 0, sizeof table->cid_lengths);
    return false;
}

bool device_table_add_segment(struct device_table *table, const struct catalog_entry *entry,
                              struct error *error)
{
    struct lru_table_options bearers = {
        sizeof(uint64_t), sizeof(int64_t), 1 << 18, table->seed, NULL, NULL
    };
    struct segment_index *index = segment_index_open(entry->index_path, error);
    bool is_done;

    if (index == NULL)
        return false;
    table->bearers = lru_table_new(&bearers);
    if (table->bearers == NULL) {
        segment_index_close(index);
        return error_set(error, ERROR_SYSTEM, "device table: no memory");
    }
    is_done = device_table_run(table, SQL_BEGIN, error) &&
              device_table_commit(
                  table, device_table_has(table, entry) || add_indexed(table, entry, index, error), error);
    lru_table_free(table->bearers);
    table->bearers = NULL;
    segment_index_close(index);
    return is_done;
}

bool device_table_clear(struct device_table *table, struct error *error)
{
    return device_table_run(table, SQL_BEGIN, error) &&
           device_table_commit(
               table,
               device_table_run_text(table,
                                     "DELETE FROM segment; DELETE FROM span; DELETE FROM session_key; "
                                     "DELETE FROM cid_length; DELETE FROM identity; "
                                     "DELETE FROM server",
                                     error),
               error);
}
