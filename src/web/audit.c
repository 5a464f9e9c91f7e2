/* SPDX-License-Identifier: Apache-2.0 */
#include "web/audit.h"

#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "archive/database.h"
#include "base/buffer.h"
#include "base/ip_address.h"
#include "base/log.h"
#include "base/timestamp.h"
#include "base/utf8.h"

enum { CUT_EVERY = 1000 };

static const char *const steps[] = {
    "CREATE TABLE line ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, ts_ns INTEGER NOT NULL, person TEXT NOT NULL, name TEXT,"
    " link TEXT, address TEXT, what TEXT NOT NULL, words TEXT NOT NULL) STRICT;",
};

struct audit {
    struct database *database;
    sqlite3_stmt *insert;
    uint64_t n_added, n_lost;
};

struct audit *audit_new(const char *directory, struct error *error)
{
    struct audit *audit = calloc(1, sizeof *audit);

    if (audit == NULL) {
        error_system(error, "audit log");
        return NULL;
    }
    audit->database =
        database_open(directory, "audit.db", steps, sizeof steps / sizeof *steps, DATABASE_WRITE, error);
    if (audit->database && database_run(audit->database, "PRAGMA synchronous = NORMAL", error)) {
        if (sqlite3_prepare_v3(database_handle(audit->database),
                               "INSERT INTO line (ts_ns, person, name, link, address, what, words)"
                               " VALUES (?, ?, ?, ?, ?, ?, ?)",
                               -1, SQLITE_PREPARE_PERSISTENT, &audit->insert, NULL) == SQLITE_OK)
            return audit;
        database_fault(audit->database, "cannot be written", error);
    }
    audit_free(audit);
    return NULL;
}

void audit_free(struct audit *audit)
{
    if (audit == NULL)
        return;
    sqlite3_finalize(audit->insert);
    database_close(audit->database);
    free(audit);
}

static void cut(struct audit *audit)
{
    char sql[128];
    struct error error;

    snprintf(sql, sizeof sql, "DELETE FROM line WHERE id <= (SELECT max(id) FROM line) - %d",
             AUDIT_LINES_LIMIT);
    database_run(audit->database, sql, &error); /* a line too many is nothing to stop for */
}

static void insert(struct audit *audit, const struct access *access, const char *name, const char *what,
                   struct bytes words)
{
    char address[IP_ADDRESS_TEXT_BYTES];
    sqlite3_stmt *line = audit->insert;
    struct error error;

    sqlite3_bind_int64(line, 1, timestamp_now());
    sqlite3_bind_text(line, 2, access->person, -1, SQLITE_STATIC);
    sqlite3_bind_text(line, 3, name, -1, SQLITE_STATIC);
    sqlite3_bind_text(line, 4, access->link[0] ? access->link : NULL, -1, SQLITE_STATIC);
    sqlite3_bind_text(
        line, 5, access->source && access->source->family ? ip_address_format(access->source, address) : NULL,
        -1, SQLITE_STATIC);
    sqlite3_bind_text(line, 6, what, -1, SQLITE_STATIC);
    sqlite3_bind_text(line, 7, (const char *)words.data, (int)words.len, SQLITE_STATIC);
    if (sqlite3_step(line) != SQLITE_DONE && audit->n_lost++ == 0) {
        database_fault(audit->database, "the audit log cannot be written", &error);
        log_write(LEVEL_ERROR, "%s", error.text);
    }
    sqlite3_reset(line);
    sqlite3_clear_bindings(line);
    if (++audit->n_added % CUT_EVERY == 0)
        cut(audit);
}

void audit_add(struct audit *audit, const struct access *access, const char *name, const char *what,
               const char *format, ...)
{
    char text[AUDIT_WORDS_BYTES];
    struct buffer words;
    va_list arguments;

    if (audit == NULL)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    buffer_init(&words, sizeof text * 4 + 1); /* escaped: text that is cut in a character, too */
    utf8_put_escaped(&words, bytes_text(text));
    insert(audit, access, name, what, words.len ? buffer_bytes(&words) : bytes_text(""));
    buffer_clear(&words);
}

/* ---- reading ---- */

static json_t *line_json(sqlite3_stmt *row)
{
    char time[TIMESTAMP_TEXT_BYTES];

    return json_pack("{s:s, s:s, s:s?, s:s?, s:s?, s:s, s:s}", "time",
                     timestamp_format(sqlite3_column_int64(row, 1), false, time), "person",
                     sqlite3_column_text(row, 2), "name", sqlite3_column_text(row, 3), "link",
                     sqlite3_column_text(row, 4), "address", sqlite3_column_text(row, 5), "what",
                     sqlite3_column_text(row, 6), "words", sqlite3_column_text(row, 7));
}

json_t *audit_json(struct audit *audit, int64_t before, uint32_t n, struct error *error)
{
    sqlite3_stmt *row = NULL;
    json_t *lines = json_array();
    int64_t last = 0;
    uint32_t n_rows = 0;
    int code = SQLITE_NOMEM;

    if (lines && sqlite3_prepare_v2(database_handle(audit->database),
                                    "SELECT id, ts_ns, person, name, link, address, what, words FROM line"
                                    " WHERE ?1 = 0 OR id < ?1 ORDER BY id DESC LIMIT ?2",
                                    -1, &row, NULL) == SQLITE_OK) {
        sqlite3_bind_int64(row, 1, before);
        sqlite3_bind_int64(row, 2, n);
        while ((code = sqlite3_step(row)) == SQLITE_ROW) {
            last = sqlite3_column_int64(row, 0);
            json_array_append_new(lines, line_json(row));
            n_rows++;
        }
    }
    if (code != SQLITE_DONE) {
        database_fault(audit->database, "the audit log cannot be read", error);
        json_decref(lines);
        sqlite3_finalize(row);
        return NULL;
    }
    sqlite3_finalize(row);
    return json_pack("{s:o, s:o}", "lines", lines, "next",
                     n_rows == n ? json_sprintf("%lld", (long long)last) : json_null());
}

uint64_t audit_lost(const struct audit *audit)
{
    return audit ? audit->n_lost : 0;
}
