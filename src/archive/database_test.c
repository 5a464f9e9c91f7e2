/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/database.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "archive/archive_fixture.h"

static const char *const steps[] = {
    "CREATE TABLE fruit (name TEXT NOT NULL) STRICT; INSERT INTO fruit VALUES ('apple')",
    "ALTER TABLE fruit ADD COLUMN n INTEGER NOT NULL DEFAULT 7",
    "INSERT INTO fruit VALUES ('pear', 8)",
};

enum { NEWEST = sizeof steps / sizeof *steps };

static struct database *open_version(const char *directory, uint32_t n, enum database_mode mode)
{
    struct error error;
    struct database *database = database_open(directory, "tapdeck.db", steps, n, mode, &error);

    if (database == NULL)
        fail_msg("%s", error.text);
    return database;
}

static void must_run(struct database *database, const char *sql)
{
    struct error error;

    if (!database_run(database, sql, &error))
        fail_msg("%s", error.text);
}

static int64_t number_of(struct database *database, const char *sql)
{
    sqlite3_stmt *statement;
    int64_t number = -1;

    if (sqlite3_prepare_v2(database_handle(database), sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return number;
}

static void path_of(const char *directory, const char *suffix, char path[static 128])
{
    snprintf(path, 128, "%s/tapdeck.db%s", directory, suffix);
}

static void store(const char *path, const void *data, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0640);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, len), (ssize_t)len);
    close(fd);
}

static void expect_refusal(const char *directory, enum database_mode mode, enum error_kind kind,
                           const char *says)
{
    struct error error;

    assert_null(database_open(directory, "tapdeck.db", steps, NEWEST, mode, &error));
    if (error.kind != kind || strstr(error.text, says) == NULL)
        fail_msg("kind %d, \"%s\"; wanted kind %d, \"%s\"", error.kind, error.text, kind, says);
}

static void reading_makes_nothing(void **state)
{
    char directory[64], path[128];
    struct error error = { .kind = ERROR_SYSTEM };

    (void)state;
    fixture_directory(directory);
    assert_null(database_open(directory, "tapdeck.db", steps, NEWEST, DATABASE_READ, &error));
    assert_int_equal(error.kind, ERROR_NONE);
    path_of(directory, "", path);
    assert_int_not_equal(access(path, F_OK), 0);
    fixture_remove(directory);
}

static void writing_makes_a_file_in_wal_mode_that_its_group_may_read(void **state)
{
    char directory[64], path[128], fresh[128];
    mode_t before = umask(077);
    struct database *database;
    struct stat status;

    (void)state;
    fixture_directory(directory);
    database = open_version(directory, NEWEST, DATABASE_WRITE);
    umask(before);
    path_of(directory, "", path);
    path_of(directory, ".new", fresh);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0640);
    assert_int_not_equal(access(fresh, F_OK), 0);
    assert_int_equal(number_of(database, "SELECT count(*) FROM fruit"), 2);
    assert_int_equal(number_of(database, "PRAGMA user_version"), NEWEST);
    assert_int_equal(number_of(database, "SELECT journal_mode = 'wal' FROM pragma_journal_mode"), 1);
    database_close(database);
    fixture_remove(directory);
}

static void an_older_file_is_brought_up_to_date_by_writers_and_readers(void **state)
{
    static const enum database_mode modes[] = { DATABASE_WRITE, DATABASE_READ };

    (void)state;
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        for (uint32_t version = 1; version <= NEWEST; version++) {
            char directory[64];
            struct database *database;

            fixture_directory(directory);
            database_close(open_version(directory, version, DATABASE_WRITE));
            database = open_version(directory, NEWEST, modes[i]);
            assert_int_equal(number_of(database, "SELECT sum(n) FROM fruit"), 15);
            assert_int_equal(number_of(database, "PRAGMA user_version"), NEWEST);
            database_close(database);
            fixture_remove(directory);
        }
    }
}

static void a_step_that_fails_leaves_the_version_before(void **state)
{
    static const char *const broken[] = { "CREATE TABLE a (x)", "CREATE TABLE b (x); CREATE TABLE a (x)" };
    char directory[64];
    struct database *database;
    struct error error;

    (void)state;
    fixture_directory(directory);
    database_close(database_open(directory, "tapdeck.db", broken, 1, DATABASE_WRITE, &error));
    assert_null(database_open(directory, "tapdeck.db", broken, 2, DATABASE_WRITE, &error));
    assert_non_null(strstr(error.text, "from version 1 to 2"));
    database = database_open(directory, "tapdeck.db", broken, 1, DATABASE_READ, &error);
    assert_non_null(database);
    assert_int_equal(number_of(database, "SELECT count(*) FROM sqlite_schema"), 1);
    database_close(database);
    fixture_remove(directory);
}

static void what_cannot_be_trusted_is_refused_and_left_alone(void **state)
{
    static const struct {
        const char *sql; /* run on a sound file; NULL: bytes instead */
        const void *bytes;
        size_t len;
        enum error_kind kind;
        const char *says;
    } cases[] = {
        { "PRAGMA user_version = 4", NULL, 0, ERROR_UNSUPPORTED,
          "later tapdeck (version 4; this one knows up to 3)" },
        { "PRAGMA application_id = 7", NULL, 0, ERROR_UNSUPPORTED, "another program" },
        { "PRAGMA user_version = -1", NULL, 0, ERROR_DAMAGED, "no tapdeck ever wrote" },
        { NULL, "", 0, ERROR_DAMAGED, "is empty" },
        { NULL, "Lorem ipsum dolor sit amet", 26, ERROR_DAMAGED, "not a database" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char directory[64], path[128];
        struct stat before, after;

        fixture_directory(directory);
        path_of(directory, "", path);
        if (cases[i].sql) {
            struct database *database = open_version(directory, NEWEST, DATABASE_WRITE);

            must_run(database, cases[i].sql);
            database_close(database);
        } else {
            store(path, cases[i].bytes, cases[i].len);
        }
        assert_int_equal(stat(path, &before), 0);
        expect_refusal(directory, DATABASE_READ, cases[i].kind, cases[i].says);
        expect_refusal(directory, DATABASE_WRITE, cases[i].kind, cases[i].says);
        assert_int_equal(stat(path, &after), 0);
        assert_int_equal(after.st_size, before.st_size);
        assert_int_equal(after.st_ino, before.st_ino);
        assert_int_equal(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
        fixture_remove(directory);
    }
}

static void a_log_without_its_database_is_not_played_into_a_new_one(void **state)
{
    char directory[64], path[128], fresh[128];

    (void)state;
    fixture_directory(directory);
    path_of(directory, "-wal", path);
    store(path, "x", 1);
    expect_refusal(directory, DATABASE_WRITE, ERROR_DAMAGED, "without its database");
    path_of(directory, "", fresh);
    assert_int_not_equal(access(fresh, F_OK), 0);
    fixture_remove(directory);
}

/* A page of a table overwritten: opening reads no page of it, verifying reads all. */
static void damage_inside_is_found_by_verifying(void **state)
{
    char directory[64], path[128], page[4096];
    struct database *database;
    struct error error;
    int fd;

    (void)state;
    fixture_directory(directory);
    database = open_version(directory, NEWEST, DATABASE_WRITE);
    assert_true(database_verify(database, &error));
    database_close(database);
    path_of(directory, "", path);
    fd = open(path, O_WRONLY);
    memset(page, 0x5a, sizeof page);
    assert_int_equal(pwrite(fd, page, sizeof page, sizeof page), sizeof page);
    close(fd);
    database = open_version(directory, NEWEST, DATABASE_READ);
    assert_false(database_verify(database, &error));
    assert_int_equal(error.kind, ERROR_DAMAGED);
    assert_non_null(strstr(error.text, path));
    database_close(database);
    fixture_remove(directory);
}

static void what_others_write_is_seen_and_their_replacing_too(void **state)
{
    char directory[64], path[128], away[128];
    struct database *reader, *writer;
    struct error error;

    (void)state;
    fixture_directory(directory);
    writer = open_version(directory, NEWEST, DATABASE_WRITE);
    reader = open_version(directory, NEWEST, DATABASE_READ);
    assert_int_equal(database_look(reader, &error), DATABASE_CHANGED); /* the first look */
    assert_int_equal(database_look(reader, &error), DATABASE_SAME);
    must_run(writer, "INSERT INTO fruit VALUES ('fig', 1)");
    assert_int_equal(database_look(reader, &error), DATABASE_CHANGED);
    assert_int_equal(number_of(reader, "SELECT count(*) FROM fruit"), 3);
    assert_int_equal(database_look(reader, &error), DATABASE_SAME);
    database_close(writer);
    path_of(directory, "", path);
    path_of(directory, ".away", away);
    assert_int_equal(rename(path, away), 0);
    assert_int_equal(database_look(reader, &error), DATABASE_REPLACED);
    database_close(reader);
    fixture_remove(directory);
}

static void a_reader_does_not_wait_for_a_writer(void **state)
{
    char directory[64];
    struct database *reader, *writer;

    (void)state;
    fixture_directory(directory);
    writer = open_version(directory, NEWEST, DATABASE_WRITE);
    must_run(writer, "BEGIN IMMEDIATE; DELETE FROM fruit");
    reader = open_version(directory, NEWEST, DATABASE_READ);
    assert_int_equal(number_of(reader, "SELECT count(*) FROM fruit"), 2);
    database_close(reader);
    database_close(writer);
    fixture_remove(directory);
}

/* All begin at once; each adds a row; no row is lost and the steps are taken once. */
static void many_may_make_it_at_the_same_time(void **state)
{
    enum { PROCESSES = 8 };
    char directory[64];
    struct database *database;
    int status;

    (void)state;
    fixture_directory(directory);
    for (int i = 0; i < PROCESSES; i++) {
        if (fork() == 0) {
            struct error error;

            database = database_open(directory, "tapdeck.db", steps, NEWEST, DATABASE_WRITE, &error);
            _exit(database && database_run(database, "INSERT INTO fruit VALUES ('fig', 1)", &error) ? 0 : 1);
        }
    }
    for (int i = 0; i < PROCESSES; i++) {
        wait(&status);
        assert_int_equal(status, 0);
    }
    database = open_version(directory, NEWEST, DATABASE_READ);
    assert_int_equal(number_of(database, "SELECT count(*) FROM fruit"), 2 + PROCESSES);
    database_close(database);
    fixture_remove(directory);
}

/* Someone who may read the archive but not write into it; as root, by another user's eyes. */
static void it_is_read_without_the_right_to_write_beside_it(void **state)
{
    char directory[64], path[128];
    int status;

    (void)state;
    if (geteuid() != 0)
        skip();
    fixture_directory(directory);
    database_close(open_version(directory, NEWEST, DATABASE_WRITE));
    path_of(directory, "", path);
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(chmod(directory, 0755), 0);
    if (fork() == 0) {
        struct error error;
        struct database *database;

        if (setgid(65534) != 0 || setuid(65534) != 0)
            _exit(3);
        database = database_open(directory, "tapdeck.db", steps, NEWEST, DATABASE_READ, &error);
        if (database == NULL)
            fprintf(stderr, "%s\n", error.text);
        _exit(database && number_of(database, "SELECT count(*) FROM fruit") == 2 ? 0 : 1);
    }
    wait(&status);
    assert_int_equal(status, 0);
    fixture_remove(directory);
}

static void what_root_makes_belongs_to_the_archives_owner(void **state)
{
    char directory[64], path[128];
    struct stat status;

    (void)state;
    if (geteuid() != 0)
        skip();
    fixture_directory(directory);
    assert_int_equal(chown(directory, 65534, 65534), 0);
    database_close(open_version(directory, NEWEST, DATABASE_WRITE));
    path_of(directory, "", path);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_uid, 65534);
    assert_int_equal(status.st_gid, 65534);
    fixture_remove(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reading_makes_nothing),
        cmocka_unit_test(writing_makes_a_file_in_wal_mode_that_its_group_may_read),
        cmocka_unit_test(an_older_file_is_brought_up_to_date_by_writers_and_readers),
        cmocka_unit_test(a_step_that_fails_leaves_the_version_before),
        cmocka_unit_test(what_cannot_be_trusted_is_refused_and_left_alone),
        cmocka_unit_test(a_log_without_its_database_is_not_played_into_a_new_one),
        cmocka_unit_test(damage_inside_is_found_by_verifying),
        cmocka_unit_test(what_others_write_is_seen_and_their_replacing_too),
        cmocka_unit_test(a_reader_does_not_wait_for_a_writer),
        cmocka_unit_test(many_may_make_it_at_the_same_time),
        cmocka_unit_test(it_is_read_without_the_right_to_write_beside_it),
        cmocka_unit_test(what_root_makes_belongs_to_the_archives_owner),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
