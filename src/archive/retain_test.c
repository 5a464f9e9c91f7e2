/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/retain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <fcntl.h>
#include <string.h>

#include "archive/held_fixture.h"

enum { LIVING = 1000, NOW = 500, ALL_HOURS = 100 };

static const char *const devices[] = { "a", "a", "b", "a", "b", "b" };

enum { HOURS = sizeof devices / sizeof *devices };

#define HOLDS_LEAST 3 /* in a case's table */

struct wanted_hold {
    const char *device; /* "": hours; NULL: no hold */
    unsigned from, to;
    unsigned quota; /* in segments; 0: none */
};

static void the_budget_takes_the_oldest_that_no_hold_keeps(void **state)
{
    static const struct {
        struct wanted_hold holds[HOLDS_LEAST];
        unsigned keep; /* segments; 0: none, but age instead */
        int64_t now_ns;
        const char *left;
        bool is_over;
        const char *note;
    } cases[] = {
        { { { NULL } }, 2, NOW, "4 5", false, "" },
        { { { "", 0, 1, 0 } }, 4, NOW, "0 1 4 5", false, "" },
        { { { "", 0, 1, 0 } }, 4, LIVING, "2 3 4 5", false, "" }, /* expired */
        { { { "a", 0, ALL_HOURS, 0 } }, 4, NOW, "0 1 3 5", false, "" },
        { { { "a", 0, ALL_HOURS, 0 } }, 2, NOW, "0 1 3", true, "" },
        { { { "a", 0, ALL_HOURS, 2 } },
          3,
          NOW,
          "1 3 5",
          false,
          "hold 1 of anna: its oldest segments are let go" },
        { { { "a", 0, ALL_HOURS, 1 } }, 1, NOW, "3", false, "for its quota of" },
        { { { "a", 0, ALL_HOURS, 0 }, { "b", 0, ALL_HOURS, 0 } }, 1, NOW, "0 1 2 3 4 5", true, "" },
        { { { "a", 0, ALL_HOURS, 0 }, { "", 5, 5, 0 } }, 0, NOW, "0 1 3 5", false, "" },
        { { { NULL } }, 0, NOW, "", false, "" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char directory[64], text[256];
        struct retention retention = { 0 };
        struct retention_result result;
        struct error error = { 0 };
        struct retainer *retainer;
        uint64_t one;

        held_archive(directory, devices, HOURS);
        one = held_all_bytes(directory, 0, 1);
        for (unsigned h = 0; h < HOLDS_LEAST && cases[i].holds[h].device; h++) {
            const struct wanted_hold *hold = &cases[i].holds[h];

            held_add(directory, hold->device[0] ? hold->device : NULL, hold->from, hold->to, LIVING,
                     hold->quota * one);
        }
        retention.keep_bytes = cases[i].keep * one;
        retention.keep_age_ns = cases[i].keep ? 0 : HELD_HOUR_NS;
        retainer = retainer_new(directory);
        if (retainer_apply(retainer, &retention, INT64_MAX, cases[i].now_ns, &result, &error) ==
            cases[i].is_over)
            fail_msg("case %zu: %s", i, error.text);
        if (cases[i].is_over) {
            assert_int_equal(error.kind, ERROR_LIMIT);
            assert_non_null(strstr(error.text, "hold 1 of anna keeps most"));
        }
        assert_string_equal(held_hours(directory, text), cases[i].left);
        if (cases[i].note[0] ? strstr(result.note, cases[i].note) == NULL : result.note[0] != '\0')
            fail_msg("case %zu says \"%s\"", i, result.note);
        retainer_free(retainer);
        fixture_remove(directory);
    }
}

static void a_full_disk_takes_them_one_by_one_until_all_are_held(void **state)
{
    static const char *const left[] = { "0 1 3 4 5", "0 1 3 5", "0 1 3" };
    char directory[64], text[256];
    struct retention_result result;
    struct retainer *retainer;
    struct error error;

    (void)state;
    held_archive(directory, devices, HOURS);
    held_add(directory, "a", 0, ALL_HOURS, LIVING, 0);
    retainer = retainer_new(directory);
    for (size_t i = 0; i < sizeof left / sizeof *left; i++) {
        assert_true(retainer_delete_oldest(retainer, NOW, &result, &error));
        assert_int_equal(result.n_deleted, 1);
        assert_string_equal(held_hours(directory, text), left[i]);
    }
    assert_false(retainer_delete_oldest(retainer, NOW, &result, &error));
    assert_int_equal(error.kind, ERROR_LIMIT);
    assert_non_null(strstr(error.text, "the disk is full"));
    assert_non_null(strstr(error.text, "hold 1 of anna keeps most"));
    assert_string_equal(held_hours(directory, text), left[2]);
    for (unsigned i = 0; i < 3; i++)
        assert_true(retainer_delete_oldest(retainer, LIVING, &result, &error));
    assert_false(retainer_delete_oldest(retainer, LIVING, &result, &error));
    assert_int_equal(error.kind, ERROR_NO_SPACE);
    retainer_free(retainer);
    fixture_remove(directory);
}

/* Written over as it lies there, which SQLite has open, and found so at the start. */
static void nothing_is_deleted_while_it_is_not_known_what_is_held(void **state)
{
    (void)state;
    for (int is_open_before = 0; is_open_before < 2; is_open_before++) {
        char directory[64], path[128], noise[2048], text[256];
        struct retention retention = { .keep_bytes = 1 };
        struct retention_result result;
        struct retainer *retainer;
        struct error error;
        int fd;

        held_archive(directory, devices, HOURS);
        held_add(directory, "c", 0, ALL_HOURS, LIVING, 0);
        retainer = retainer_new(directory);
        if (is_open_before)
            assert_true(retainer_apply(retainer, &(struct retention) { 0 }, 0, NOW, &result, &error));
        snprintf(path, sizeof path, "%s/tapdeck.db", directory);
        memset(noise, 'x', sizeof noise);
        unlink(path);
        fd = open(path, O_WRONLY | O_CREAT, 0640);
        assert_int_equal(write(fd, noise, sizeof noise), sizeof noise);
        close(fd);
        for (int i = 0; i < 2; i++) {
            assert_false(retainer_apply(retainer, &retention, 0, NOW, &result, &error));
            assert_non_null(strstr(error.text, "nothing is deleted"));
            assert_non_null(strstr(error.text, path));
            assert_false(retainer_delete_oldest(retainer, NOW, &result, &error));
            assert_int_equal(error.kind, ERROR_DAMAGED);
        }
        assert_string_equal(held_hours(directory, text), "0 1 2 3 4 5");
        unlink(path); /* taken away: without holds, then */
        assert_true(retainer_apply(retainer, &retention, 0, NOW, &result, &error));
        assert_string_equal(held_hours(directory, text), "");
        retainer_free(retainer);
        fixture_remove(directory);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_budget_takes_the_oldest_that_no_hold_keeps),
        cmocka_unit_test(a_full_disk_takes_them_one_by_one_until_all_are_held),
        cmocka_unit_test(nothing_is_deleted_while_it_is_not_known_what_is_held),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
