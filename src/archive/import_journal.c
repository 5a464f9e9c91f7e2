/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/import_journal.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/catalog.h"
#include "archive/database.h"
#include "archive/segment_file.h"

enum { DISCARD_TRIES = 50, DISCARD_WAIT_US = 100000 };

static const char *const steps[] = {
    "CREATE TABLE setting (name TEXT PRIMARY KEY, value INTEGER) STRICT;"
    "CREATE TABLE file ("
    "  id INTEGER PRIMARY KEY, path TEXT NOT NULL, size_bytes INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,"
    "  first_digest INTEGER NOT NULL, n_packets INTEGER NOT NULL, chain INTEGER NOT NULL,"
    "  n_last INTEGER NOT NULL, is_whole INTEGER NOT NULL, UNIQUE (path, first_digest)) STRICT;"
    "CREATE INDEX file_content ON file (first_digest, n_packets);"
    "CREATE TABLE segment (stem TEXT PRIMARY KEY, is_settled INTEGER NOT NULL) STRICT;",
};

enum statement {
    KNOWS_FILE,
    FIND,
    KNOWS_SEGMENT,
    SEGMENTS,
    PENDING,
    DROP_UNSETTLED,
    PUT,
    SETTLE,
    ENTER,
    N_STATEMENTS
};

static const char *const statements[N_STATEMENTS] = {
    [KNOWS_FILE] = "SELECT n_packets FROM file WHERE path = ?1 AND size_bytes = ?2 AND mtime_ns = ?3 AND "
                   "is_whole = 1 LIMIT 1",
    [FIND] = "SELECT n_packets, chain, n_last, is_whole FROM file WHERE first_digest = ?1 AND n_packets > 0 "
             "GROUP BY n_packets, chain ORDER BY n_packets LIMIT ?2",
    [KNOWS_SEGMENT] = "SELECT 1 FROM segment WHERE stem = ?1",
    [SEGMENTS] = "SELECT stem FROM segment WHERE is_settled = ?1",
    [PENDING] = "SELECT path FROM file WHERE is_whole = 0",
    [DROP_UNSETTLED] = "DELETE FROM segment WHERE is_settled = 0",
    [PUT] = "INSERT INTO file (path, size_bytes, mtime_ns, first_digest, n_packets, chain, n_last, is_whole) "
            "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (path, first_digest) DO UPDATE SET "
            "size_bytes = ?2, mtime_ns = ?3, n_packets = ?5, chain = ?6, n_last = ?7, is_whole = ?8",
    [SETTLE] = "UPDATE segment SET is_settled = 1 WHERE is_settled = 0",
    [ENTER] = "INSERT INTO segment (stem, is_settled) VALUES (?1, 0) ON CONFLICT (stem) DO UPDATE SET "
              "is_settled = 0",
};

struct import_journal {
    struct database *database;
    sqlite3_stmt *prepared[N_STATEMENTS];
    char *directory;
    int lock; /* -1: reads only */
    uint64_t seed;
};

/* ---- statements ---- */

static sqlite3_stmt *statement_of(struct import_journal *journal, enum statement which, struct error *error)
{
    sqlite3_stmt **statement = &journal->prepared[which];

    if (*statement == NULL && sqlite3_prepare_v3(database_handle(journal->database), statements[which], -1,
                                                 SQLITE_PREPARE_PERSISTENT, statement, NULL) != SQLITE_OK) {
        database_fault(journal->database, "cannot be asked", error);
        return NULL;
    }
    sqlite3_reset(*statement);
    return *statement;
}

static bool bind_text(sqlite3_stmt *statement, int place, const char *text)
{
    return sqlite3_bind_text(statement, place, text, -1, SQLITE_TRANSIENT) == SQLITE_OK;
}

static bool bind(sqlite3_stmt *statement, int place, uint64_t value)
{
    return sqlite3_bind_int64(statement, place, (int64_t)value) == SQLITE_OK;
}

/* 1: a row; 0: none; -1: *error. */
static int next_row(struct import_journal *journal, sqlite3_stmt *statement, struct error *error)
{
    int code = sqlite3_step(statement);

    if (code == SQLITE_ROW)
        return 1;
    if (code != SQLITE_DONE)
        database_fault(journal->database, "cannot be read", error);
    sqlite3_reset(statement);
    return code == SQLITE_DONE ? 0 : -1;
}

static bool change(struct import_journal *journal, sqlite3_stmt *statement, bool is_bound,
                   struct error *error)
{
    bool ok = is_bound && sqlite3_step(statement) == SQLITE_DONE;

    if (!ok)
        database_fault(journal->database, "cannot be written", error);
    sqlite3_reset(statement);
    return ok;
}

/* ---- life ---- */

static bool take_lock(struct import_journal *journal, struct error *error)
{
    char path[SEGMENT_PATH_BYTES];

    if (snprintf(path, sizeof path, "%s/import.lock", journal->directory) >= (int)sizeof path)
        return error_set(error, ERROR_USAGE, "%s: the path is too long", journal->directory);
    journal->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (journal->lock < 0)
        return error_system(error, "%s: cannot be opened", path);
    if (flock(journal->lock, LOCK_EX | LOCK_NB) == 0)
        return true;
    if (errno == EWOULDBLOCK)
        return error_set(error, ERROR_USAGE,
                         "another import into %s is running; wait for its end, or import into another "
                         "directory",
                         journal->directory);
    return error_system(error, "%s: cannot be locked", path);
}

static bool read_seed(struct import_journal *journal, struct error *error)
{
    sqlite3 *handle = database_handle(journal->database);
    sqlite3_stmt *statement = NULL;
    bool is_found = false;

    if (sqlite3_prepare_v2(handle, "SELECT value FROM setting WHERE name = 'digest_seed'", -1, &statement,
                           NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW) {
        journal->seed = (uint64_t)sqlite3_column_int64(statement, 0);
        is_found = true;
    }
    sqlite3_finalize(statement);
    if (!is_found && sqlite3_errcode(handle) != SQLITE_OK && sqlite3_errcode(handle) != SQLITE_DONE)
        return database_fault(journal->database, "cannot be read", error);
    return is_found || error_set(error, ERROR_NONE, "no seed");
}

static bool make_seed(struct import_journal *journal, struct error *error)
{
    char sql[128];

    if (getrandom(&journal->seed, sizeof journal->seed, 0) != sizeof journal->seed)
        return error_system(error, "import: random numbers");
    snprintf(sql, sizeof sql, "INSERT INTO setting VALUES ('digest_seed', %lld)",
             (long long)(int64_t)journal->seed);
    return database_run(journal->database, sql, error);
}

struct import_journal *import_journal_open(const char *directory, enum import_journal_mode mode,
                                           struct error *error)
{
    struct import_journal *journal = calloc(1, sizeof *journal);
    bool writes = mode == IMPORT_JOURNAL_WRITE;

    if (journal == NULL || (journal->directory = strdup(directory)) == NULL) {
        error_set(error, ERROR_SYSTEM, "no memory for the journal of imports");
        free(journal);
        return NULL;
    }
    journal->lock = -1;
    if (writes && !take_lock(journal, error))
        goto fail;
    journal->database = database_open(directory, "import.db", steps, sizeof steps / sizeof *steps,
                                      writes ? DATABASE_WRITE : DATABASE_READ, error);
    if (journal->database == NULL)
        goto fail;
    if (!read_seed(journal, error) && (error->kind != ERROR_NONE || !writes || !make_seed(journal, error)))
        goto fail;
    return journal;
fail:
    import_journal_close(journal);
    return NULL;
}

void import_journal_close(struct import_journal *journal)
{
    if (journal == NULL)
        return;
    for (int i = 0; i < N_STATEMENTS; i++)
        sqlite3_finalize(journal->prepared[i]);
    if (journal->database)
        database_close(journal->database);
    if (journal->lock >= 0)
        close(journal->lock);
    free(journal->directory);
    free(journal);
}

uint64_t import_journal_seed(const struct import_journal *journal)
{
    return journal->seed;
}

/* ---- questions ---- */

bool import_journal_knows_file(struct import_journal *journal, const char *path, uint64_t size_bytes,
                               int64_t mtime_ns, uint64_t *n_packets, struct error *error)
{
    sqlite3_stmt *statement = statement_of(journal, KNOWS_FILE, error);

    if (statement == NULL)
        return false;
    error->kind = ERROR_NONE;
    if (!bind_text(statement, 1, path) || !bind(statement, 2, size_bytes) ||
        !bind(statement, 3, (uint64_t)mtime_ns))
        return database_fault(journal->database, "cannot be asked", error);
    if (next_row(journal, statement, error) != 1)
        return false;
    *n_packets = (uint64_t)sqlite3_column_int64(statement, 0);
    sqlite3_reset(statement);
    return true;
}

bool import_journal_find(struct import_journal *journal, uint64_t first_digest, struct import_record *records,
                         uint32_t max, uint32_t *n, struct error *error)
{
    sqlite3_stmt *statement = statement_of(journal, FIND, error);
    int row = -1;

    *n = 0;
    if (statement == NULL)
        return false;
    if (!bind(statement, 1, first_digest) || !bind(statement, 2, max))
        return database_fault(journal->database, "cannot be asked", error);
    while (*n < max && (row = next_row(journal, statement, error)) == 1)
        records[(*n)++] = (struct import_record) {
            .first_digest = first_digest,
            .n_packets = (uint64_t)sqlite3_column_int64(statement, 0),
            .chain = (uint64_t)sqlite3_column_int64(statement, 1),
            .n_last = (uint64_t)sqlite3_column_int64(statement, 2),
            .is_whole = sqlite3_column_int(statement, 3),
        };
    sqlite3_reset(statement);
    return *n == max || row == 0;
}

bool import_journal_knows_segment(struct import_journal *journal, const char *stem)
{
    struct error error;
    sqlite3_stmt *statement = statement_of(journal, KNOWS_SEGMENT, &error);
    bool is_known = statement && bind_text(statement, 1, stem) && next_row(journal, statement, &error) == 1;

    if (statement)
        sqlite3_reset(statement);
    return is_known;
}

static bool list_segments(struct import_journal *journal, bool is_settled,
                          bool (*take)(void *context, const char *stem), void *context, struct error *error)
{
    sqlite3_stmt *statement = statement_of(journal, SEGMENTS, error);
    int row = -1;

    if (statement == NULL || !bind(statement, 1, is_settled))
        return false;
    while ((row = next_row(journal, statement, error)) == 1 &&
           take(context, (const char *)sqlite3_column_text(statement, 0)))
        ;
    sqlite3_reset(statement);
    return row >= 0;
}

bool import_journal_segments(struct import_journal *journal, bool (*take)(void *context, const char *stem),
                             void *context, struct error *error)
{
    return list_segments(journal, true, take, context, error);
}

/* ---- what a killed import left ---- */

/* Calls for each unsettled segment that is there. */
struct leftovers {
    struct import_journal *journal;
    const struct catalog *catalog;
    bool (*take)(void *context, const struct catalog_entry *entry, struct error *error);
    void *context;
    struct error *error;
    bool ok;
};

static bool leftover_is_there(void *context, const char *stem)
{
    struct leftovers *leftovers = context;
    size_t len = strlen(stem);

    for (uint32_t i = 0; i < leftovers->catalog->n && leftovers->ok; i++) {
        const struct catalog_entry *entry = &leftovers->catalog->entries[i];
        const char *name = strrchr(entry->path, '/') + 1;

        if (strncmp(name, stem, len) == 0 && strncmp(name + len, ".pcapng", 7) == 0)
            leftovers->ok = leftovers->take(leftovers->context, entry, leftovers->error);
    }
    return leftovers->ok;
}

static bool for_leftovers(struct import_journal *journal,
                          bool (*take)(void *context, const struct catalog_entry *entry, struct error *error),
                          void *context, struct error *error)
{
    struct catalog catalog;
    struct leftovers leftovers = { journal, &catalog, take, context, error, true };

    if (!catalog_load(&catalog, journal->directory, error))
        return false;
    leftovers.ok = list_segments(journal, false, leftover_is_there, &leftovers, error) && leftovers.ok;
    catalog_clear(&catalog);
    return leftovers.ok;
}

static bool count_leftover(void *context, const struct catalog_entry *entry, struct error *error)
{
    struct import_leftover *leftover = context;

    (void)error;
    if (leftover->n_segments++ == 0)
        snprintf(leftover->segment, sizeof leftover->segment, "%s", strrchr(entry->path, '/') + 1);
    leftover->n_bytes += entry->stored_bytes;
    return true;
}

bool import_journal_leftover(struct import_journal *journal, struct import_leftover *leftover,
                             struct error *error)
{
    sqlite3_stmt *statement;
    int row;

    *leftover = (struct import_leftover) { 0 };
    if (!for_leftovers(journal, count_leftover, leftover, error))
        return false;
    if (leftover->n_segments == 0)
        return true;
    statement = statement_of(journal, PENDING, error);
    if (statement == NULL)
        return false;
    while ((row = next_row(journal, statement, error)) == 1) {
        const char *path = (const char *)sqlite3_column_text(statement, 0);

        if (access(path, R_OK) != 0 && leftover->n_missing++ == 0)
            snprintf(leftover->first_missing, sizeof leftover->first_missing, "%s", path);
    }
    return row == 0;
}

static bool delete_if_there(const char *path, struct error *error)
{
    return unlink(path) == 0 || errno == ENOENT || error_system(error, "%s: cannot be deleted", path);
}

static bool discard(void *context, const struct catalog_entry *entry, struct error *error)
{
    char tail[SEGMENT_PATH_BYTES];
    int fd = -1, tries = 0;
    bool ok;

    (void)context;
    if (entry->is_open) {
        fd = open(entry->path, O_RDWR | O_CLOEXEC);
        while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
            if (++tries == DISCARD_TRIES) {
                close(fd);
                return error_set(error, ERROR_SYSTEM, "%s: another program is writing it; try again later",
                                 entry->path);
            }
            usleep(DISCARD_WAIT_US);
        }
    }
    ok = (!segment_path_sibling(entry->path, ".tail", tail) || delete_if_there(tail, error)) &&
         delete_if_there(entry->index_path, error) && delete_if_there(entry->path, error);
    if (fd >= 0)
        close(fd);
    return ok;
}

bool import_journal_discard(struct import_journal *journal, struct error *error)
{
    return for_leftovers(journal, discard, journal, error) &&
           segment_directory_sync(journal->directory, error) && import_journal_begin(journal, error) &&
           change(journal, statement_of(journal, DROP_UNSETTLED, error), true, error) &&
           import_journal_commit(journal, error);
}

/* ---- changes ---- */

bool import_journal_begin(struct import_journal *journal, struct error *error)
{
    return database_run(journal->database, "BEGIN IMMEDIATE", error);
}

bool import_journal_put(struct import_journal *journal, const struct import_record *record,
                        struct error *error)
{
    sqlite3_stmt *statement = statement_of(journal, PUT, error);

    return statement &&
           change(journal, statement,
                  bind_text(statement, 1, record->path) && bind(statement, 2, record->size_bytes) &&
                      bind(statement, 3, (uint64_t)record->mtime_ns) &&
                      bind(statement, 4, record->first_digest) && bind(statement, 5, record->n_packets) &&
                      bind(statement, 6, record->chain) && bind(statement, 7, record->n_last) &&
                      bind(statement, 8, record->is_whole),
                  error);
}

bool import_journal_settle(struct import_journal *journal, struct error *error)
{
    sqlite3_stmt *statement = statement_of(journal, SETTLE, error);

    return statement && change(journal, statement, true, error);
}

bool import_journal_enter(struct import_journal *journal, const char *segment, struct error *error)
{
    sqlite3_stmt *statement = statement_of(journal, ENTER, error);
    const char *end = strstr(segment, ".pcapng");
    char stem[SEGMENT_NAME_BYTES];

    snprintf(stem, sizeof stem, "%.*s", (int)(end ? end - segment : (ptrdiff_t)strlen(segment)), segment);
    return statement && change(journal, statement, bind_text(statement, 1, stem), error);
}

bool import_journal_commit(struct import_journal *journal, struct error *error)
{
    struct error ignored;

    if (database_run(journal->database, "COMMIT", error))
        return true;
    database_run(journal->database, "ROLLBACK", &ignored);
    return false;
}
