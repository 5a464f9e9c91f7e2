/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "packet/interface.h"

static struct interface ethernet(const char *name)
{
    struct interface interface = { .linktype = 1, .snaplen = 262144, .tsresol = 9 };

    snprintf(interface.name, sizeof interface.name, "%s", name);
    return interface;
}

static void interfaces_are_numbered_in_the_order_they_come(void **state)
{
    struct interface_table table = { 0 };
    struct error error = { 0 };

    (void)state;
    for (uint32_t i = 0; i < 1000; i++) {
        char name[32];
        struct interface interface;

        snprintf(name, sizeof name, "eth%u", i);
        interface = ethernet(name);
        assert_int_equal(interface_table_add(&table, &interface, &error), i);
    }
    assert_int_equal(table.n, 1000);
    assert_string_equal(table.items[999].name, "eth999");
    interface_table_clear(&table);
}

static void twins_of_one_file_stay_apart_and_two_files_share_numbers(void **state)
{
    struct interface_table table = { 0 };
    struct interface a = ethernet("eth0"), b = ethernet("eth1");
    struct error error = { 0 };

    (void)state;
    for (int file = 0; file < 2; file++) {
        assert_int_equal(interface_table_map(&table, &a, 0, &error), 0);
        assert_int_equal(interface_table_map(&table, &b, 0, &error), 1);
        assert_int_equal(interface_table_map(&table, &a, 1, &error), 2);
    }
    assert_int_equal(interface_table_map(&table, &a, 2, &error), 3);
    assert_int_equal(table.n, 4);
    interface_table_clear(&table);
}

static void added_interfaces_are_found_again(void **state)
{
    struct interface_table table = { 0 };
    struct interface a = ethernet("eth0");
    struct error error = { 0 };

    (void)state;
    assert_int_equal(interface_table_add(&table, &a, &error), 0);
    assert_int_equal(interface_table_add(&table, &a, &error), 1);
    assert_int_equal(interface_table_map(&table, &a, 1, &error), 1);
    interface_table_clear(&table);
}

static void a_difference_in_any_member_makes_another_interface(void **state)
{
    struct interface_table table = { 0 };
    struct interface variants[8];
    struct error error = { 0 };

    (void)state;
    for (int i = 0; i < 8; i++)
        variants[i] = ethernet("eth0");
    variants[1].linktype = 113;
    variants[2].snaplen = 96;
    variants[3].tsresol = 6;
    variants[4].name[0] = 'x';
    variants[5].description[0] = 'x';
    variants[6].filter[0] = 'x';
    variants[7].os[0] = 'x';
    for (uint32_t i = 0; i < 8; i++)
        assert_int_equal(interface_table_map(&table, &variants[i], 0, &error), i);
    interface_table_clear(&table);
}

static void bytes_after_the_end_of_a_text_do_not_count(void **state)
{
    struct interface_table table = { 0 };
    struct interface a = ethernet("eth0"), b = ethernet("eth0");
    struct error error = { 0 };

    (void)state;
    b.name[100] = 'x';
    assert_int_equal(interface_table_map(&table, &a, 0, &error), 0);
    assert_int_equal(interface_table_map(&table, &b, 0, &error), 0);
    interface_table_clear(&table);
}

static void the_limit_is_an_error_that_says_so(void **state)
{
    struct interface_table table = { 0 };
    struct interface a = ethernet("eth0");
    struct error error = { 0 };

    (void)state;
    for (uint32_t i = 0; i < INTERFACE_LIMIT; i++)
        assert_int_equal(interface_table_map(&table, &a, i, &error), i);
    assert_int_equal(interface_table_add(&table, &a, &error), UINT32_MAX);
    assert_int_equal(error.kind, ERROR_LIMIT);
    assert_non_null(strstr(error.text, "65536"));
    assert_int_equal(interface_table_map(&table, &a, 7, &error), 7);
    interface_table_clear(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(interfaces_are_numbered_in_the_order_they_come),
        cmocka_unit_test(twins_of_one_file_stay_apart_and_two_files_share_numbers),
        cmocka_unit_test(added_interfaces_are_found_again),
        cmocka_unit_test(a_difference_in_any_member_makes_another_interface),
        cmocka_unit_test(bytes_after_the_end_of_a_text_do_not_count),
        cmocka_unit_test(the_limit_is_an_error_that_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
