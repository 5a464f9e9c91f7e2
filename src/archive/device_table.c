/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/device_table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "archive/device_pack_table.h"
#include "archive/device_table_parts.h"
#include "archive/segment_file.h"

#define FILE_NAME "devices.db"
/* docs/device-table.md. The same tables stand for the overlay, in the temporary schema. */
#define TABLES(schema)                                                                                 \
    "CREATE TABLE " schema "identity(id INTEGER PRIMARY KEY, scheme INTEGER NOT NULL, bytes BLOB NOT " \
    "NULL, device INTEGER, hash INTEGER NOT NULL);"                                                    \
    "CREATE INDEX " schema "identity_of_hash ON identity(hash);"                                       \
    "CREATE INDEX " schema "identity_of_device ON identity(device) WHERE device IS NOT NULL;"          \
    "CREATE TABLE " schema "server(id INTEGER PRIMARY KEY, endpoint BLOB NOT NULL UNIQUE);"            \
    "CREATE TABLE " schema "span_pack(id INTEGER PRIMARY KEY, spans BLOB NOT NULL);"

static const char *const steps[] = {
    /* Version 1, of which nothing is kept: the next step begins anew, from the indexes. */
    "CREATE TABLE segment(stem TEXT PRIMARY KEY, bytes INTEGER NOT NULL, from_ns INTEGER NOT NULL, to_ns "
    "INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE cid_length(bytes INTEGER PRIMARY KEY);"
    "CREATE TABLE seed(value INTEGER NOT NULL);"
    "INSERT INTO seed VALUES(random());",
    "DROP TABLE IF EXISTS identity; DROP TABLE IF EXISTS server; DROP TABLE IF EXISTS span; DROP TABLE IF "
    "EXISTS session_key; DELETE FROM segment; DELETE FROM cid_length;" TABLES(
        "") "CREATE TABLE key_pack(first INTEGER PRIMARY KEY, keys BLOB NOT NULL);",
    /* Of version 2 neither: tokens are found by fewer of their bytes. */
    ("DELETE FROM identity; DELETE FROM server; DELETE FROM span_pack; DELETE FROM key_pack; DELETE FROM "
     "segment; DELETE FROM cid_length;"),
};

enum { N_STEPS = sizeof steps / sizeof *steps };

static const char overlay_tables[] = TABLES(
    "temp.") "CREATE TEMP VIEW all_identity AS SELECT * FROM temp.identity UNION ALL SELECT * FROM "
             "main.identity WHERE "
             "id NOT IN (SELECT id FROM temp.identity);"
             "CREATE TEMP VIEW all_span AS SELECT * FROM span_overlay UNION ALL SELECT * FROM main.span;"
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
    [SQL_FIND_IDENTITY] = "SELECT id FROM {all}identity WHERE hash = ?3 AND bytes = ?1 AND scheme = ?2",
    [SQL_ADD_IDENTITY] = "INSERT INTO {to}identity(id, scheme, bytes, hash) VALUES(?1, ?2, ?3, ?4)",
    [SQL_FIND_SERVER] = "SELECT id FROM {all}server WHERE endpoint = ?1",
    [SQL_ADD_SERVER] = "INSERT INTO {to}server(id, endpoint) VALUES(?1, ?2)",
    [SQL_LAST_PACK] =
        "SELECT id, spans FROM {to}span_pack WHERE id BETWEEN ?1 AND ?2 ORDER BY id DESC LIMIT 1",
    [SQL_PUT_PACK] = "INSERT OR REPLACE INTO {to}span_pack VALUES(?1, ?2)",
    [SQL_DEVICE_OF] = "SELECT coalesce(device, id) FROM {all}identity WHERE id = ?1",
    [SQL_COUNT_NAMES] = "SELECT count(*) FROM {all}identity WHERE device = ?1",
    [SQL_JOIN] = NULL, /* below */
    [SQL_KEY_PACK] = "SELECT first, keys FROM main.key_pack WHERE first <= ?1 ORDER BY first DESC LIMIT 1",
    [SQL_NEXT_KEY_PACK] = "SELECT first FROM main.key_pack WHERE first > ?1 ORDER BY first LIMIT 1",
    [SQL_PUT_KEY_PACK] = "INSERT OR REPLACE INTO main.key_pack VALUES(?1, ?2)",
    [SQL_PUT_LENGTH] = "INSERT OR IGNORE INTO cid_length VALUES(?1)",
    [SQL_FIND_KEY] =
        ("SELECT k.session, k.seen_s, k.cid_to_client, i.scheme, i.bytes FROM main.session_key k JOIN "
         "main.identity i ON i.id = k.identity WHERE k.hash = ?1 ORDER BY k.seen_s DESC, k.session DESC"),
    [SQL_NAMED] = "SELECT id, scheme, bytes, device FROM {all}identity WHERE hash = ?2 AND bytes = ?1",
    [SQL_NAMES] =
        ("SELECT id, scheme, bytes FROM {all}identity WHERE id = ?1 UNION SELECT id, scheme, bytes FROM "
         "{all}identity WHERE device = ?1"),
    [SQL_SPANS] = DEVICE_SPAN_COLUMNS
    " FROM {all}span s JOIN {all}identity i ON i.id = s.identity "
    "JOIN {all}server v ON v.id = s.server WHERE s.identity IN (SELECT value FROM json_each(?1)) "
    "ORDER BY s.from_ns",
    [SQL_SPANS_AT] = DEVICE_SPAN_COLUMNS
    " FROM temp.client_span s JOIN {all}identity i ON i.id = s.identity "
    "JOIN {all}server v ON v.id = s.server WHERE s.client = ?1 ORDER BY s.from_ns DESC LIMIT ?2",
    [SQL_SPANS_AT_OVERLAY] = DEVICE_SPAN_COLUMNS
    " FROM span_overlay s JOIN {all}identity i ON i.id = s.identity "
    "JOIN {all}server v ON v.id = s.server WHERE s.client = ?1 ORDER BY s.from_ns DESC LIMIT ?2",
};

static const char join_main[] =
    "UPDATE main.identity SET device = ?1 WHERE id = ?1 OR id = ?2 OR device = ?2";
static const char join_overlay[] =
    "INSERT OR REPLACE INTO temp.identity SELECT id, scheme, bytes, ?1, hash FROM "
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
    table->database = database_open(directory, FILE_NAME, steps, N_STEPS, wanted, error);
    if (table->database == NULL) {
        char *advice = error->kind == ERROR_DAMAGED ? strchr(error->text, '\n') : NULL;

        if (advice) /* to put back a copy: but it can be made anew */
            *advice = '\0';
        return false;
    }
    table->handle = database_handle(table->database);
    if (!device_pack_table_register(table->handle))
        return device_table_fault(table, "cannot be asked", error);
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
           device_table_run_text(table, steps[0], error) && device_table_run_text(table, steps[1], error) &&
           (device_pack_table_register(table->handle) ||
            device_table_fault(table, "cannot be asked", error)) &&
           read_seed(table, error);
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
    buffer_init(&table->blob, 1 << 24);
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
    device_table_end_segment(table);
    free(table->spans.items);
    free(table->pending.items);
    free(table->keys_there.items);
    buffer_clear(&table->blob);
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

/* What SQLite does not know the inside of. */
static bool read_through(struct device_table *table, const char *sql, struct error *error)
{
    sqlite3_stmt *statement = device_table_prepare(table, sql, error);
    bool is_read = statement && sqlite3_step(statement) == SQLITE_ROW;

    if (statement && !is_read)
        device_table_fault(table, "cannot be read", error);
    sqlite3_finalize(statement);
    return is_read;
}

bool device_table_verify(struct device_table *table, struct error *error)
{
    return table->database == NULL ||
           (database_verify(table->database, error) &&
            read_through(table, "SELECT max(from_ns) FROM main.span", error) &&
            read_through(table, "SELECT max(seen_s) FROM main.session_key", error));
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
    return device_table_begin_segment(table, error);
}

bool device_table_overlay_add(struct device_table *table, const struct binding *binding, struct error *error)
{
    struct binding one = *binding;

    return device_table_put(table, &one, 1, error);
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

struct gathering { /* bindings of a segment, until they are many */
    struct device_table *table;
    struct binding *items;
    uint32_t n;
    struct error trouble;
};

static bool put_gathered(struct gathering *gathering)
{
    bool is_put = device_table_put(gathering->table, gathering->items, gathering->n, &gathering->trouble);

    gathering->n = 0;
    return is_put;
}

static bool gather_one(void *context, const struct binding *binding)
{
    struct gathering *gathering = context;

    gathering->items[gathering->n++] = *binding;
    return gathering->n < DEVICE_PUT_AT_ONCE || put_gathered(gathering);
}

static bool add_indexed(struct device_table *table, const struct catalog_entry *entry,
                        const struct segment_index *index, struct error *error)
{
    struct gathering gathering = { .table = table,
                                   .items = calloc(DEVICE_PUT_AT_ONCE, sizeof *gathering.items) };
    sqlite3_stmt *statement;
    bool is_put;

    if (gathering.items == NULL)
        return error_set(error, ERROR_SYSTEM, "device table: no memory");
    segment_index_bindings(index, gather_one, &gathering);
    is_put = gathering.trouble.kind == ERROR_NONE && put_gathered(&gathering);
    free(gathering.items);
    if (!is_put) {
        *error = gathering.trouble;
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
    struct segment_index *index = segment_index_open(entry->index_path, error);
    bool is_done;

    if (index == NULL)
        return false;
    is_done = device_table_begin_segment(table, error) && device_table_run(table, SQL_BEGIN, error) &&
              device_table_commit(
                  table, device_table_has(table, entry) || add_indexed(table, entry, index, error), error);
    device_table_end_segment(table);
    segment_index_close(index);
    return is_done;
}

bool device_table_clear(struct device_table *table, struct error *error)
{
    return device_table_run(table, SQL_BEGIN, error) &&
           device_table_commit(
               table,
               device_table_run_text(table,
                                     "DELETE FROM segment; DELETE FROM span_pack; DELETE FROM key_pack; "
                                     "DELETE FROM cid_length; DELETE FROM identity; "
                                     "DELETE FROM server",
                                     error),
               error);
}
