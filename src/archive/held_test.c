/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/held.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <fcntl.h>
#include <string.h>

#include "archive/held_fixture.h"

enum { LIVING = 1000, NOW = 500, ALL_HOURS = 100 };

static const char *const devices[] = { "ab", "a", "b", "", "ab", "c" };

enum { HOURS = sizeof devices / sizeof *devices };

/* The hours that are kept. */
static const char *kept(struct held *held, const char *directory, int64_t now_ns, char text[static 256])
{
    struct catalog catalog;
    struct error error = { 0 };
    size_t len = 0;

    text[0] = '\0';
    assert_true(catalog_load(&catalog, directory, &error));
    if (!held_update(held, &catalog, now_ns, 0, &error))
        fail_msg("%s", error.text);
    assert_true(held_is_finished(held));
    for (uint32_t i = 0; i < catalog.n; i++) {
        if (held_keeps(held, i))
            len += (size_t)snprintf(text + len, 256 - len, "%s%d", len ? " " : "",
                                    (int)((catalog.entries[i].named_ts_ns - HELD_BEGIN_NS) / HELD_HOUR_NS));
    }
    catalog_clear(&catalog);
    return text;
}

static void a_hold_keeps_what_it_names(void **state)
{
    static const struct {
        const char *device;
        unsigned from, to;
        const char *kept;
    } cases[] = {
        { NULL, 2, 3, "2 3" },
        { NULL, 0, ALL_HOURS, "0 1 2 3 4 5" },
        { NULL, 50, 60, "" },
        { "a", 0, ALL_HOURS, "0 1 4" },
        { "b", 0, ALL_HOURS, "0 2 4" },
        { "dtls.psk=c", 0, ALL_HOURS, "5" },
        { "b", 2, 3, "2" },
        { "d", 0, ALL_HOURS, "" },
        { "a", 1, ALL_HOURS, "1 4" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char directory[64], text[256];
        struct held *held;

        held_archive(directory, devices, HOURS);
        held_add(directory, cases[i].device, cases[i].from, cases[i].to, LIVING, 0);
        held = held_new(directory);
        assert_string_equal(kept(held, directory, NOW, text), cases[i].kept);
        held_free(held);
        fixture_remove(directory);
    }
}

/* The first packet of a segment is at minute 5, its last at minute 15. */
static void a_range_that_touches_a_segment_keeps_it(void **state)
{
    static const struct {
        int64_t from_minute, to_minute;
        const char *kept;
    } cases[] = {
        { 0, 4, "" }, { 0, 5, "0" }, { 7, 8, "0" }, { 15, 16, "0" }, { 16, 59, "" }, { 15, 65, "0 1" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char directory[64], text[256];
        struct error error;
        struct hold hold = {
            .range = { HELD_BEGIN_NS + cases[i].from_minute * 60 * NS_PER_SECOND,
                       HELD_BEGIN_NS + cases[i].to_minute * 60 * NS_PER_SECOND },
            .owner = (char[]) { "anna" },
            .reason = (char[]) { "" },
            .expires_ns = LIVING,
        };
        struct database *database;
        struct held *held;

        held_archive(directory, devices, 2);
        database = holds_open(directory, DATABASE_WRITE, &error);
        assert_true(holds_add(database, &hold, &error));
        database_close(database);
        held = held_new(directory);
        assert_string_equal(kept(held, directory, NOW, text), cases[i].kept);
        held_free(held);
        fixture_remove(directory);
    }
}

static void holds_that_come_go_and_expire_are_followed(void **state)
{
    char directory[64], text[256];
    struct held *held;
    struct database *database;
    struct error error;
    int64_t id;
    bool was_there;

    (void)state;
    held_archive(directory, devices, 3);
    held = held_new(directory);
    assert_string_equal(kept(held, directory, NOW, text), ""); /* no database yet */
    id = held_add(directory, "a", 0, ALL_HOURS, LIVING, 0);
    assert_string_equal(kept(held, directory, NOW, text), "0 1");
    held_write(directory, 3, "a"); /* new segments too */
    held_write(directory, 4, "b");
    assert_string_equal(kept(held, directory, NOW, text), "0 1 3");
    held_add(directory, NULL, 4, 4, LIVING + 500, 0);
    assert_string_equal(kept(held, directory, NOW, text), "0 1 3 4");
    assert_string_equal(kept(held, directory, LIVING - 1, text), "0 1 3 4");
    assert_string_equal(kept(held, directory, LIVING, text), "4");
    assert_string_equal(kept(held, directory, NOW, text), "0 1 3 4"); /* a clock that was set back */
    database = holds_open(directory, DATABASE_WRITE, &error);
    assert_true(holds_remove(database, id, &was_there, &error));
    database_close(database);
    assert_string_equal(kept(held, directory, NOW, text), "4");
    held_free(held);
    fixture_remove(directory);
}

/* Quotas in segments: a segment with one device is of one size here. */
static void a_quota_lets_the_oldest_go(void **state)
{
    static const char *const one_each[] = { "a", "a", "b", "a", "a", "b" };
    static const struct {
        unsigned quota_a, quota_b, quota_all; /* 0: none */
        const char *kept;
        unsigned n_a, n_b, let_go_a, let_go_b;
    } cases[] = {
        { 0, 0, 0, "0 1 2 3 4 5", 4, 2, 0, 0 }, { 1, 0, 0, "2 4 5", 1, 2, 3, 0 },
        { 2, 1, 0, "3 4 5", 2, 1, 2, 1 },       { 9, 9, 0, "0 1 2 3 4 5", 4, 2, 0, 0 },
        { 0, 0, 3, "3 4 5", 2, 1, 2, 1 },       { 1, 0, 2, "4 5", 1, 1, 3, 1 },
        { 3, 0, 4, "2 3 4 5", 2, 2, 2, 0 },     { 0, 0, 6, "0 1 2 3 4 5", 4, 2, 0, 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char directory[64], text[256];
        const struct held_hold *holds;
        struct database *database;
        struct error error;
        struct held *held;
        uint64_t one;
        uint32_t n;

        held_archive(directory, one_each, 6);
        one = held_all_bytes(directory, 0, 1);
        assert_int_equal(held_all_bytes(directory, 0, 6), 6 * one);
        held_add(directory, "a", 0, ALL_HOURS, LIVING, cases[i].quota_a * one);
        held_add(directory, "b", 0, ALL_HOURS, LIVING, cases[i].quota_b * one);
        database = holds_open(directory, DATABASE_WRITE, &error);
        assert_true(holds_set_quota(database, cases[i].quota_all * one, &error));
        database_close(database);
        held = held_new(directory);
        assert_string_equal(kept(held, directory, NOW, text), cases[i].kept);
        holds = held_holds(held, &n);
        assert_int_equal(n, 2);
        assert_int_equal(holds[0].n_segments, cases[i].n_a);
        assert_int_equal(holds[1].n_segments, cases[i].n_b);
        assert_int_equal(holds[0].n_let_go, cases[i].let_go_a);
        assert_int_equal(holds[1].n_let_go, cases[i].let_go_b);
        assert_int_equal(holds[0].n_bytes, cases[i].n_a * one);
        assert_int_equal(holds[1].n_bytes_let_go, cases[i].let_go_b * one);
        assert_int_equal(held_bytes(held), held_segments(held) * one);
        held_free(held);
        fixture_remove(directory);
    }
}

static void a_segment_is_counted_once_for_all_and_once_for_each(void **state)
{
    char directory[64], text[256];
    const struct held_hold *holds;
    struct held *held;
    uint32_t n;

    (void)state;
    held_archive(directory, devices, HOURS);
    held_add(directory, "a", 0, ALL_HOURS, LIVING, 0);
    held_add(directory, "b", 0, ALL_HOURS, LIVING, 0);
    held = held_new(directory);
    assert_string_equal(kept(held, directory, NOW, text), "0 1 2 4");
    holds = held_holds(held, &n);
    assert_int_equal(holds[0].n_segments + holds[1].n_segments, 6);
    assert_int_equal(held_segments(held), 4);
    held_free(held);
    fixture_remove(directory);
}

static void what_cannot_be_ruled_out_is_kept(void **state)
{
    char directory[64], text[256], path[4096];
    struct held *held;
    int fd;

    (void)state;
    held_archive(directory, devices, 3);
    held_add(directory, "d", 0, ALL_HOURS, LIVING, 0);
    held = held_new(directory);
    assert_string_equal(kept(held, directory, NOW, text), "");
    held_free(held);
    fixture_find(directory, ".tdx", path);
    fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, "damage", 6, 200), 6);
    close(fd);
    held = held_new(directory);
    assert_int_equal(strlen(kept(held, directory, NOW, text)), 1);
    unlink(path);
    assert_int_equal(strlen(kept(held, directory, NOW, text)), 1);
    assert_string_equal(kept(held, directory, LIVING, text), "");
    held_free(held);
    fixture_remove(directory);
}

static void until_a_segment_was_looked_at_it_counts_as_held(void **state)
{
    char directory[64];
    struct catalog catalog;
    struct error error;
    struct held *held;
    unsigned n_passes = 0, n_kept_before = HOURS;

    (void)state;
    held_archive(directory, devices, HOURS);
    held_add(directory, "c", 0, ALL_HOURS, LIVING, 0);
    held = held_new(directory);
    assert_true(catalog_load(&catalog, directory, &error));
    do {
        unsigned n_kept = 0;

        assert_true(held_update(held, &catalog, NOW, 1, &error)); /* a nanosecond: one segment at most */
        for (uint32_t i = 0; i < catalog.n; i++)
            n_kept += held_keeps(held, i);
        assert_true(n_kept <= n_kept_before);
        assert_true(held_keeps(held, HOURS - 1));
        n_kept_before = n_kept;
    } while (!held_is_finished(held) && ++n_passes < 100);
    catalog_clear(&catalog);
    held_free(held);
    fixture_remove(directory);
}

static void a_database_that_cannot_be_read_is_a_fault_and_not_an_empty_one(void **state)
{
    char directory[64], path[128], text[256];
    struct catalog catalog;
    struct error error;
    struct held *held;
    int fd;

    (void)state;
    held_archive(directory, devices, 3);
    held_add(directory, "a", 0, ALL_HOURS, LIVING, 0);
    held = held_new(directory);
    assert_string_equal(kept(held, directory, NOW, text), "0 1");
    snprintf(path, sizeof path, "%s/tapdeck.db", directory);
    unlink(path); /* another file under the name, too, is seen */
    fd = open(path, O_WRONLY | O_CREAT, 0640);
    assert_int_equal(write(fd, "no database at all", 18), 18);
    close(fd);
    assert_true(catalog_load(&catalog, directory, &error));
    assert_false(held_update(held, &catalog, NOW, 0, &error));
    assert_int_equal(error.kind, ERROR_DAMAGED);
    assert_false(held_update(held, &catalog, NOW, 0, &error));
    catalog_clear(&catalog);
    unlink(path);
    assert_string_equal(kept(held, directory, NOW, text), "");
    held_free(held);
    fixture_remove(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hold_keeps_what_it_names),
        cmocka_unit_test(a_range_that_touches_a_segment_keeps_it),
        cmocka_unit_test(holds_that_come_go_and_expire_are_followed),
        cmocka_unit_test(a_quota_lets_the_oldest_go),
        cmocka_unit_test(a_segment_is_counted_once_for_all_and_once_for_each),
        cmocka_unit_test(what_cannot_be_ruled_out_is_kept),
        cmocka_unit_test(until_a_segment_was_looked_at_it_counts_as_held),
        cmocka_unit_test(a_database_that_cannot_be_read_is_a_fault_and_not_an_empty_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
