/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/holds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "archive/archive_fixture.h"

static struct database *open_to_write(const char *directory)
{
    struct error error;
    struct database *database = holds_open(directory, DATABASE_WRITE, &error);

    if (database == NULL)
        fail_msg("%s", error.text);
    return database;
}

static struct hold some_hold(void)
{
    static char device[] = "urn:imei:867412043897643", owner[] = "anna", reason[] = "it's \"odd\"; -- ü";

    return (struct hold) { .device = device,
                           .range = { INT64_MIN, INT64_MAX },
                           .owner = owner,
                           .reason = reason,
                           .created_ns = 5,
                           .expires_ns = 1000 };
}

static void a_hold_is_read_as_it_was_written(void **state)
{
    static const struct {
        bool has_device;
        struct time_range range;
        uint64_t quota_bytes;
    } cases[] = {
        { true, { INT64_MIN, INT64_MAX }, 0 },
        { true, { -5, 17 }, UINT64_C(3000000000) },
        { false, { 0, INT64_MAX }, INT64_MAX },
        { false, { INT64_MIN, 0 }, 1 },
    };
    enum { N = sizeof cases / sizeof *cases };
    char directory[64];
    struct database *database;
    struct hold_list list;
    struct error error;

    (void)state;
    fixture_directory(directory);
    database = open_to_write(directory);
    for (size_t i = 0; i < N; i++) {
        struct hold hold = some_hold();

        hold.device = cases[i].has_device ? hold.device : NULL;
        hold.range = cases[i].range;
        hold.quota_bytes = cases[i].quota_bytes;
        assert_true(holds_add(database, &hold, &error));
        assert_int_equal(hold.id, i + 1);
    }
    assert_true(holds_load(database, &list, &error));
    assert_int_equal(list.n, N);
    for (uint32_t i = 0; i < N; i++) {
        struct hold wanted = some_hold(), *hold = &list.items[i];

        assert_int_equal(hold->id, i + 1);
        assert_int_equal(hold->device != NULL, cases[i].has_device);
        if (hold->device)
            assert_string_equal(hold->device, wanted.device);
        assert_memory_equal(&hold->range, &cases[i].range, sizeof hold->range);
        assert_string_equal(hold->owner, wanted.owner);
        assert_string_equal(hold->reason, wanted.reason);
        assert_int_equal(hold->created_ns, wanted.created_ns);
        assert_int_equal(hold->expires_ns, wanted.expires_ns);
        assert_int_equal(hold->quota_bytes, cases[i].quota_bytes);
    }
    hold_list_clear(&list);
    database_close(database);
    fixture_remove(directory);
}

static void what_makes_no_hold_is_refused(void **state)
{
    char directory[64];
    struct database *database;
    struct error error;
    struct hold nothing = some_hold(), endless = some_hold(), nameless = some_hold();

    (void)state;
    fixture_directory(directory);
    database = open_to_write(directory);
    nothing.device = NULL; /* and no range: it would hold everything */
    assert_false(holds_add(database, &nothing, &error));
    endless.quota_bytes = UINT64_MAX;
    assert_false(holds_add(database, &endless, &error));
    nameless.owner = NULL;
    assert_false(holds_add(database, &nameless, &error));
    database_close(database);
    fixture_remove(directory);
}

static void a_number_is_never_given_twice(void **state)
{
    char directory[64];
    struct database *database;
    struct error error;
    struct hold hold = some_hold();
    bool was_there;

    (void)state;
    fixture_directory(directory);
    database = open_to_write(directory);
    for (int64_t id = 1; id <= 3; id++) {
        assert_true(holds_add(database, &hold, &error));
        assert_int_equal(hold.id, id);
        assert_true(holds_remove(database, id, &was_there, &error));
        assert_true(was_there);
        assert_true(holds_remove(database, id, &was_there, &error));
        assert_false(was_there);
    }
    database_close(database);
    fixture_remove(directory);
}

static void the_number_of_holds_has_a_bound(void **state)
{
    char directory[64];
    struct database *database;
    struct error error;
    struct hold hold = some_hold();
    struct hold_list list;

    (void)state;
    fixture_directory(directory);
    database = open_to_write(directory);
    assert_true(database_run(database, "PRAGMA synchronous = OFF", &error));
    for (int i = 0; i < HOLDS_LIMIT; i++)
        assert_true(holds_add(database, &hold, &error));
    assert_false(holds_add(database, &hold, &error));
    assert_int_equal(error.kind, ERROR_LIMIT);
    assert_true(holds_load(database, &list, &error));
    assert_int_equal(list.n, HOLDS_LIMIT);
    hold_list_clear(&list);
    database_close(database);
    fixture_remove(directory);
}

static void the_quota_of_all_is_kept_and_can_be_taken_away(void **state)
{
    static const uint64_t quotas[] = { 5000000000, 7, 0 };
    char directory[64];
    struct database *database;
    struct hold_list list;
    struct error error;

    (void)state;
    fixture_directory(directory);
    database = open_to_write(directory);
    assert_true(holds_load(database, &list, &error));
    assert_int_equal(list.quota_bytes, 0);
    for (size_t i = 0; i < sizeof quotas / sizeof *quotas; i++) {
        assert_true(holds_set_quota(database, quotas[i], &error));
        assert_true(holds_load(database, &list, &error));
        assert_int_equal(list.quota_bytes, quotas[i]);
    }
    database_close(database);
    fixture_remove(directory);
}

static void a_hold_lives_until_it_expires(void **state)
{
    struct hold hold = { .expires_ns = 1000 };

    (void)state;
    assert_true(hold_is_alive(&hold, 999));
    assert_false(hold_is_alive(&hold, 1000));
    assert_false(hold_is_alive(&hold, INT64_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hold_is_read_as_it_was_written),
        cmocka_unit_test(what_makes_no_hold_is_refused),
        cmocka_unit_test(a_number_is_never_given_twice),
        cmocka_unit_test(the_number_of_holds_has_a_bound),
        cmocka_unit_test(the_quota_of_all_is_kept_and_can_be_taken_away),
        cmocka_unit_test(a_hold_lives_until_it_expires),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
