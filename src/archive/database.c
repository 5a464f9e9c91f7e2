/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/database.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/segment_file.h"
#include "base/buffer.h"
#include "base/file_identity.h"

enum {
    APPLICATION_ID = 0x7470646b, /* "tpdk": file(1) shows it, and other programs' files are told apart */
    WRITE_WAIT_MS = 5000,
    READ_WAIT_MS = 250, /* a reader waits only while a crashed writer's file is being mended */
    STEPS_LIMIT = 1000,
    SENTENCE_BYTES = 256,
};

struct database {
    sqlite3 *handle;
    struct file_identity identity;
    int64_t data_version; /* -1: not asked yet */
    char path[SEGMENT_PATH_BYTES];
};

/* ---- faults ---- */

static enum error_kind kind_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return ERROR_DAMAGED;
    case SQLITE_FULL:
        return ERROR_NO_SPACE;
    default:
        return ERROR_SYSTEM;
    }
}

static bool fault_of(const char *path, sqlite3 *handle, const char *doing, struct error *error)
{
    int code = handle ? sqlite3_extended_errcode(handle) : SQLITE_NOMEM;
    const char *why = handle ? sqlite3_errmsg(handle) : "no memory";

    error_set(error, kind_of(code), "%s: %s: %s", path, doing, why);
    if (error->kind == ERROR_DAMAGED)
        error_append(error, "it is left as it is: put back a copy of it, or move it away to go on without");
    return false;
}

bool database_fault(const struct database *database, const char *doing, struct error *error)
{
    return fault_of(database->path, database->handle, doing, error);
}

/* ---- small questions ---- */

static bool run(const char *path, sqlite3 *handle, const char *sql, const char *doing, struct error *error)
{
    return sqlite3_exec(handle, sql, NULL, NULL, NULL) == SQLITE_OK || fault_of(path, handle, doing, error);
}

/* The number in the first column of the first row. */
static bool ask_number(const char *path, sqlite3 *handle, const char *sql, int64_t *number,
                       struct error *error)
{
    sqlite3_stmt *statement;
    bool is_answered = sqlite3_prepare_v2(handle, sql, -1, &statement, NULL) == SQLITE_OK &&
                       sqlite3_step(statement) == SQLITE_ROW;

    if (is_answered)
        *number = sqlite3_column_int64(statement, 0);
    else
        fault_of(path, handle, "cannot be read", error);
    sqlite3_finalize(statement);
    return is_answered;
}

/* ---- connections ---- */

/* A name SQLite cannot take for anything but a path: one with "file:" in front would be an URI to it. */
static bool name_connection(struct buffer *name, const char *path, bool is_unwritable)
{
    if (!is_unwritable)
        return (path[0] == '/' || buffer_put_text(name, "./")) && buffer_put_text(name, path) &&
               buffer_put_u8(name, 0);
    buffer_put_text(name, "file:");
    for (const char *c = path; *c; c++) {
        if (*c == '%' || *c == '?' || *c == '#')
            buffer_printf(name, "%%%02x", (unsigned char)*c);
        else
            buffer_put_u8(name, (uint8_t)*c);
    }
    buffer_put_text(name, "?immutable=1");
    return buffer_put_u8(name, 0);
}

static sqlite3 *connect(const char *path, int flags, bool is_unwritable, int wait_ms, struct error *error)
{
    sqlite3 *handle = NULL;
    struct buffer name;
    bool is_open;

    buffer_init(&name, (size_t)3 * SEGMENT_PATH_BYTES + 32);
    if (!name_connection(&name, path, is_unwritable)) {
        buffer_clear(&name);
        error_set(error, ERROR_SYSTEM, "%s: no memory for its name", path);
        return NULL;
    }
    is_open = sqlite3_open_v2((const char *)name.data, &handle,
                              flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                                  (is_unwritable ? SQLITE_OPEN_URI : 0),
                              NULL) == SQLITE_OK;
    buffer_clear(&name);
    if (is_open) { /* nothing here may read the file: its faults are told where it is asked for something */
        sqlite3_busy_timeout(handle, wait_ms);
        sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
        sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
        sqlite3_exec(handle, "PRAGMA cell_size_check = ON", NULL, NULL, NULL);
    }
    if (is_open)
        return handle;
    fault_of(path, handle, "cannot be opened", error);
    sqlite3_close(handle);
    return NULL;
}

/* ---- versions ---- */

/* Inside a transaction: takes the steps that are missing. */
static bool take_steps(const char *path, sqlite3 *handle, const char *const *steps, uint32_t n_steps,
                       struct error *error)
{
    char sentence[SENTENCE_BYTES];
    int64_t version;

    if (!ask_number(path, handle, "PRAGMA user_version", &version, error))
        return false;
    for (uint32_t i = version < 0 ? n_steps : (uint32_t)version; i < n_steps; i++) {
        snprintf(sentence, sizeof sentence, "cannot be brought from version %u to %u", i, i + 1);
        if (!run(path, handle, steps[i], sentence, error))
            return false;
    }
    if (version >= n_steps) /* another process was quicker */
        return true;
    snprintf(sentence, sizeof sentence, "PRAGMA application_id = %d; PRAGMA user_version = %u",
             APPLICATION_ID, n_steps);
    return run(path, handle, sentence, "its version cannot be written", error);
}

static bool migrate(const char *path, sqlite3 *handle, const char *const *steps, uint32_t n_steps,
                    struct error *error)
{
    struct error ignored;

    if (!run(path, handle, "BEGIN IMMEDIATE", "cannot be written", error))
        return false;
    if (take_steps(path, handle, steps, n_steps, error) &&
        run(path, handle, "COMMIT", "cannot be written", error))
        return true;
    run(path, handle, "ROLLBACK", "", &ignored);
    return false;
}

/* Whose file is it, and of which version. */
static bool read_version(const char *path, sqlite3 *handle, uint32_t n_steps, int64_t *version,
                         struct error *error)
{
    int64_t application;

    if (!ask_number(path, handle, "PRAGMA application_id", &application, error) ||
        !ask_number(path, handle, "PRAGMA user_version", version, error))
        return false;
    if (application != APPLICATION_ID)
        return error_set(error, ERROR_UNSUPPORTED, "%s: is a database of another program, and left alone",
                         path);
    if (*version < 1 || *version > STEPS_LIMIT)
        return error_set(error, ERROR_DAMAGED, "%s: says it is of version %lld, which no tapdeck ever wrote",
                         path, (long long)*version);
    if (*version > n_steps)
        return error_set(error, ERROR_UNSUPPORTED,
                         "%s: was written by a later tapdeck (version %lld; this one knows up to %u): use "
                         "that one, or put back an older copy of the file",
                         path, (long long)*version, n_steps);
    return true;
}

/* ---- making one ---- */

/* The file that SQLite will fill: mode 0640 whatever the umask, and root's work belongs to the archive's
 * owner, or the recorder that runs as another user could not read it. */
static bool make_empty(int directory_fd, const char *path, struct error *error)
{
    struct stat owner;
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    bool is_made = fd >= 0 && fchmod(fd, 0640) == 0 && fstat(directory_fd, &owner) == 0 &&
                   (geteuid() != 0 || fchown(fd, owner.st_uid, owner.st_gid) == 0);

    if (!is_made)
        error_system(error, "%s: cannot be made", path);
    if (fd >= 0)
        close(fd);
    return is_made;
}

static bool fill(const char *path, const char *const *steps, uint32_t n_steps, struct error *error)
{
    sqlite3 *handle = connect(path, SQLITE_OPEN_READWRITE, false, WRITE_WAIT_MS, error);
    bool is_filled;

    if (handle == NULL)
        return false;
    is_filled = run(path, handle, "PRAGMA journal_mode = WAL", "cannot be made", error) &&
                migrate(path, handle, steps, n_steps, error);
    if (sqlite3_close(handle) != SQLITE_OK)
        is_filled = error_set(error, ERROR_SYSTEM, "%s: cannot be closed", path);
    return is_filled;
}

static void remove_with_journal(const char *path)
{
    static const char *const suffixes[] = { "", "-wal", "-shm", "-journal" };
    char file[SEGMENT_PATH_BYTES + 16];

    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        snprintf(file, sizeof file, "%s%s", path, suffixes[i]);
        unlink(file);
    }
}

/* Under the lock. A log that lost its file would be played into the new one. */
static bool make_locked(int directory_fd, const char *directory, const char *path, const char *const *steps,
                        uint32_t n_steps, struct error *error)
{
    char fresh[SEGMENT_PATH_BYTES + 8], log[SEGMENT_PATH_BYTES + 8];

    if (access(path, F_OK) == 0)
        return true; /* another process was quicker */
    snprintf(log, sizeof log, "%s-wal", path);
    if (access(log, F_OK) == 0)
        return error_set(error, ERROR_DAMAGED, "%s: lies there without its database %s: move it away, too",
                         log, path);
    snprintf(fresh, sizeof fresh, "%s.new", path);
    remove_with_journal(fresh); /* of one that was killed just here */
    if (make_empty(directory_fd, fresh, error) && fill(fresh, steps, n_steps, error)) {
        if (rename(fresh, path) == 0)
            return segment_directory_sync(directory, error);
        error_system(error, "%s: cannot be made", path);
    }
    remove_with_journal(fresh);
    return false;
}

static bool make(const char *directory, const char *path, const char *const *steps, uint32_t n_steps,
                 struct error *error)
{
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_made;

    if (fd < 0)
        return error_system(error, "%s", directory);
    if (flock(fd, LOCK_EX) != 0)
        is_made = error_system(error, "%s: cannot be locked", directory);
    else
        is_made = make_locked(fd, directory, path, steps, n_steps, error);
    close(fd); /* and unlocks */
    return is_made;
}

/* ---- opening ---- */

/*
 * Who may read the archive but not write into it cannot make the files beside it that WAL mode takes. Where
 * nobody is writing, and so no log lies there, the file can be read as it stands.
 */
static sqlite3 *connect_reader(const char *path, struct error *error)
{
    sqlite3 *handle = connect(path, SQLITE_OPEN_READONLY, false, READ_WAIT_MS, error);
    char log[SEGMENT_PATH_BYTES + 8];
    struct stat status;
    struct error fault;
    int64_t version;
    int code;

    if (handle == NULL || ask_number(path, handle, "PRAGMA user_version", &version, &fault))
        return handle;
    snprintf(log, sizeof log, "%s-wal", path);
    code = sqlite3_errcode(handle) & 0xff;
    if ((code != SQLITE_CANTOPEN && code != SQLITE_READONLY) ||
        (stat(log, &status) == 0 && status.st_size > 0)) {
        *error = fault;
        sqlite3_close(handle);
        return NULL;
    }
    sqlite3_close(handle);
    return connect(path, SQLITE_OPEN_READONLY, true, READ_WAIT_MS, error);
}

static bool bring_up(const char *path, const char *const *steps, uint32_t n_steps, struct error *error)
{
    sqlite3 *handle = connect(path, SQLITE_OPEN_READWRITE, false, WRITE_WAIT_MS, error);
    bool is_done = handle && migrate(path, handle, steps, n_steps, error);

    sqlite3_close(handle);
    return is_done;
}

static bool open_there(struct database *database, const char *const *steps, uint32_t n_steps,
                       enum database_mode mode, struct error *error)
{
    const char *path = database->path;
    int64_t version;

    database->handle = mode == DATABASE_READ
                           ? connect_reader(path, error)
                           : connect(path, SQLITE_OPEN_READWRITE, false, WRITE_WAIT_MS, error);
    if (database->handle == NULL || !read_version(path, database->handle, n_steps, &version, error))
        return false;
    if (version < n_steps && !bring_up(path, steps, n_steps, error))
        return false;
    return mode == DATABASE_READ ||
           run(path, database->handle, "PRAGMA synchronous = FULL", "cannot be written", error);
}

/* Whether the file is there and has anything in it. */
static bool look_at_file(struct database *database, bool *is_there, struct error *error)
{
    struct stat status;

    *is_there = stat(database->path, &status) == 0;
    if (!*is_there)
        return errno == ENOENT || error_system(error, "%s", database->path);
    if (!S_ISREG(status.st_mode))
        return error_set(error, ERROR_UNSUPPORTED, "%s: is no regular file", database->path);
    if (status.st_size == 0)
        return error_set(error, ERROR_DAMAGED,
                         "%s: is empty, so what it held is lost\nput back a copy of it, or move it away to "
                         "go on without",
                         database->path);
    return true;
}

static bool open_path(struct database *database, const char *directory, const char *const *steps,
                      uint32_t n_steps, enum database_mode mode, struct error *error)
{
    bool is_there;

    if (!look_at_file(database, &is_there, error))
        return false;
    if (!is_there && mode == DATABASE_READ)
        return false;
    if (!is_there && !make(directory, database->path, steps, n_steps, error))
        return false;
    if (!file_identity_of(database->path, -1, &database->identity))
        return error_system(error, "%s", database->path);
    return open_there(database, steps, n_steps, mode, error);
}

struct database *database_open(const char *directory, const char *name, const char *const *steps,
                               uint32_t n_steps, enum database_mode mode, struct error *error)
{
    struct database *database = calloc(1, sizeof *database);

    *error = (struct error) { .kind = ERROR_NONE };
    if (database == NULL) {
        error_system(error, "%s/%s", directory, name);
        return NULL;
    }
    database->data_version = -1;
    if (snprintf(database->path, sizeof database->path, "%s/%s", directory, name) >=
        (int)sizeof database->path)
        error_set(error, ERROR_USAGE, "%s: the name is too long", directory);
    else if (open_path(database, directory, steps, n_steps, mode, error))
        return database;
    database_close(database);
    return NULL;
}

void database_close(struct database *database)
{
    if (database == NULL)
        return;
    sqlite3_close_v2(database->handle);
    free(database);
}

/* ---- use ---- */

struct sqlite3 *database_handle(struct database *database)
{
    return database->handle;
}

bool database_run(struct database *database, const char *sql, struct error *error)
{
    return run(database->path, database->handle, sql, "cannot be written", error);
}

enum database_change database_look(struct database *database, struct error *error)
{
    struct file_identity identity;
    int64_t version, before = database->data_version;

    if (!file_identity_of(database->path, -1, &identity) ||
        !file_identity_equal(&identity, &database->identity))
        return DATABASE_REPLACED;
    if (!ask_number(database->path, database->handle, "PRAGMA data_version", &version, error))
        return DATABASE_UNKNOWN;
    database->data_version = version;
    return version == before ? DATABASE_SAME : DATABASE_CHANGED;
}

bool database_verify(struct database *database, struct error *error)
{
    sqlite3_stmt *statement;
    bool is_sound = false;

    if (sqlite3_prepare_v2(database->handle, "PRAGMA integrity_check(1)", -1, &statement, NULL) !=
            SQLITE_OK ||
        sqlite3_step(statement) != SQLITE_ROW) {
        database_fault(database, "cannot be verified", error);
    } else {
        const char *finding = (const char *)sqlite3_column_text(statement, 0);

        is_sound = finding && strcmp(finding, "ok") == 0;
        if (!is_sound)
            error_set(error, ERROR_DAMAGED, "%s: is damaged: %s", database->path,
                      finding ? finding : "no memory to say how");
    }
    sqlite3_finalize(statement);
    return is_sound;
}
