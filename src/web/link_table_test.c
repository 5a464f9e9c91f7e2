/* SPDX-License-Identifier: Apache-2.0 */
#include "web/link_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "archive/archive_fixture.h"

enum { NOW_NS = 1000 };

static char made_by[] = "ann";

static struct link some_link(void)
{
    return (struct link) {
        .scope = scope_of_all(), .role = ROLE_COMMENT, .created_by = made_by, .expires_ns = NOW_NS * 10
    };
}

static struct database *open_to_write(const char *directory)
{
    struct error error;
    struct database *database = share_database_open(directory, DATABASE_WRITE, &error);

    if (database == NULL)
        fail_msg("%s", error.text);
    return database;
}

static void a_link_is_read_as_it_was_written(void **state)
{
    static char label[] = "call with Bob";
    struct link link = some_link(), *read;
    char directory[64], secret[SHARE_SECRET_CHARS + 1];
    struct database *database;
    struct link_list list;
    uint8_t hash[SHARE_HASH_BYTES];
    struct error error;

    (void)state;
    fixture_directory(directory);
    database = open_to_write(directory);
    link.label = label;
    link.scope = (struct scope) { .source = "box",
                                  .filter = "coap.code == 132",
                                  .device = "it's \"odd\"; -- ü",
                                  .range = { -5, 17 },
                                  .bytes = BYTES_HEADERS };
    link.most_viewers = 7;
    assert_true(link_table_add(database, &link, NOW_NS, secret, &error));
    assert_int_equal(strlen(secret), SHARE_SECRET_CHARS);
    assert_true(link_table_load(database, &list, &error));
    assert_int_equal(list.n, 1);
    read = &list.items[0];
    assert_string_equal(read->id, link.id);
    assert_true(share_id_is_plain(bytes_text(read->id)));
    share_secret_hash(bytes_text(read->id), bytes_text(secret), hash);
    assert_true(share_hash_equal(hash, read->secret_hash));
    assert_string_equal(read->label, label);
    assert_string_equal(read->scope.source, "box");
    assert_string_equal(read->scope.filter, "coap.code == 132");
    assert_string_equal(read->scope.device, "it's \"odd\"; -- ü");
    assert_memory_equal(&read->scope.range, &link.scope.range, sizeof link.scope.range);
    assert_int_equal(read->scope.bytes, BYTES_HEADERS);
    assert_int_equal(read->role, ROLE_COMMENT);
    assert_int_equal(read->most_viewers, 7);
    assert_int_equal(read->created_ns, NOW_NS);
    assert_string_equal(read->created_by, "ann");
    assert_int_equal(read->expires_ns, NOW_NS * 10);
    assert_int_equal(read->revoked_ns, 0);
    assert_int_equal(link_state(read, NOW_NS), LINK_ALIVE);
    assert_int_equal(link_state(read, NOW_NS * 10), LINK_IS_EXPIRED);
    link_list_clear(&list);
    database_close(database);
    fixture_remove(directory);
}

/* What a thief of the file gets is a hash, whatever page of it or of its log he looks at. */
static void the_secret_lies_nowhere_in_the_directory(void **state)
{
    static const char *const names[] = { "share.db", "share.db-wal" };
    char directory[64], path[128], secret[SHARE_SECRET_CHARS + 1];
    struct link link = some_link();
    struct database *database;
    struct error error;

    (void)state;
    fixture_directory(directory);
    database = open_to_write(directory);
    assert_true(link_table_add(database, &link, NOW_NS, secret, &error));
    for (size_t i = 0; i < 2; i++) {
        static char bytes[1 << 20];
        FILE *file;
        size_t n;

        snprintf(path, sizeof path, "%s/%s", directory, names[i]);
        file = fopen(path, "rb");
        assert_non_null(file);
        n = fread(bytes, 1, sizeof bytes, file);
        fclose(file);
        assert_null(memmem(bytes, n, secret, 20));
    }
    database_close(database);
    fixture_remove(directory);
}

static void what_makes_no_link_is_refused(void **state)
{
    static const struct {
        const char *filter, *device;
        int64_t from_ns, to_ns, expires_ns;
        uint32_t most_viewers;
        enum link_kind kind;
        const char *why;
    } cases[] = {
        { "coap.code ==", NULL, INT64_MIN, INT64_MAX, NOW_NS * 10, 0, LINK_OF_PEOPLE, "^" },
        { "coap.cod == 1", NULL, INT64_MIN, INT64_MAX, NOW_NS * 10, 0, LINK_OF_PEOPLE, "coap.code" },
        { NULL, "", INT64_MIN, INT64_MAX, NOW_NS * 10, 0, LINK_OF_PEOPLE, "device" },
        { NULL, "a\nb", INT64_MIN, INT64_MAX, NOW_NS * 10, 0, LINK_OF_PEOPLE, "device" },
        { NULL, NULL, 5, 4, NOW_NS * 10, 0, LINK_OF_PEOPLE, "before it begins" },
        { NULL, NULL, INT64_MIN, INT64_MAX, NOW_NS, 0, LINK_OF_PEOPLE, "over already" },
        { NULL, NULL, INT64_MIN, INT64_MAX, NOW_NS * 10, 1 << 20, LINK_OF_PEOPLE, "at once" },
        { NULL, NULL, INT64_MIN, INT64_MAX, NOW_NS * 10, 0, LINK_OF_PROGRAMS, "opens nothing" },
    };
    char directory[64], secret[SHARE_SECRET_CHARS + 1];
    struct database *database;
    struct link_list list;
    struct error error;

    (void)state;
    fixture_directory(directory);
    database = open_to_write(directory);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct link link = some_link();

        link.scope.filter = cases[i].filter;
        link.scope.device = cases[i].device;
        link.scope.range = (struct time_range) { cases[i].from_ns, cases[i].to_ns };
        link.expires_ns = cases[i].expires_ns;
        link.most_viewers = cases[i].most_viewers;
        link.kind = cases[i].kind;
        assert_false(link_table_add(database, &link, NOW_NS, secret, &error));
        if (strstr(error.text, cases[i].why) == NULL)
            fail_msg("case %zu: %s", i, error.text);
    }
    assert_true(link_table_load(database, &list, &error));
    assert_int_equal(list.n, 0);
    link_list_clear(&list);
    database_close(database);
    fixture_remove(directory);
}

static void a_link_is_revoked_once_and_forgotten_later(void **state)
{
    char directory[64], secret[SHARE_SECRET_CHARS + 1];
    struct link first = some_link(), second = some_link();
    struct database *database;
    struct link_list list;
    struct error error;
    bool was_alive;

    (void)state;
    fixture_directory(directory);
    database = open_to_write(directory);
    assert_true(link_table_add(database, &first, NOW_NS, secret, &error));
    assert_true(link_table_revoke(database, first.id, NOW_NS + 1, &was_alive, &error));
    assert_true(was_alive);
    assert_true(link_table_revoke(database, first.id, NOW_NS + 2, &was_alive, &error));
    assert_false(was_alive);
    assert_true(link_table_revoke(database, "nosuchlink22", NOW_NS + 2, &was_alive, &error));
    assert_false(was_alive);
    assert_true(link_table_load(database, &list, &error));
    assert_int_equal(list.items[0].revoked_ns, NOW_NS + 1);
    assert_int_equal(link_state(&list.items[0], NOW_NS), LINK_IS_REVOKED);
    link_list_clear(&list);
    second.expires_ns = INT64_MAX;
    assert_true(link_table_add(database, &second, NOW_NS + 2 + LINK_FORGET_NS, secret, &error));
    assert_true(link_table_load(database, &list, &error));
    assert_int_equal(list.n, 1);
    assert_string_equal(list.items[0].id, second.id);
    link_list_clear(&list);
    database_close(database);
    fixture_remove(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_link_is_read_as_it_was_written),
        cmocka_unit_test(the_secret_lies_nowhere_in_the_directory),
        cmocka_unit_test(what_makes_no_link_is_refused),
        cmocka_unit_test(a_link_is_revoked_once_and_forgotten_later),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
