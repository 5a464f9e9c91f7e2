/* SPDX-License-Identifier: Apache-2.0 */
#include "device/handshake_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct ip_address address(uint8_t last)
{
    uint8_t bytes[] = { 192, 0, 2, last };

    return ip_address_of(bytes_of(bytes, 4));
}

static void the_one_untouched_for_longest_has_to_go(void **state)
{
    struct handshake_table *table = handshake_table_new(3, 1);
    struct ip_address one = address(1), two = address(2);

    (void)state;
    for (uint32_t flow = 0; flow < 3; flow++) {
        assert_int_equal(handshake_table_victim(table, &one), HANDSHAKE_NONE);
        handshake_table_begin(table, &one, flow, 0);
    }
    handshake_table_touch(table, handshake_table_at(table, 0));
    assert_int_equal(handshake_table_victim(table, &two), 1);
    handshake_table_end(table, handshake_table_at(table, 1));
    assert_int_equal(handshake_table_victim(table, &two), HANDSHAKE_NONE);
    assert_int_equal(handshake_table_oldest(table), 2);
    handshake_table_free(table);
}

static void a_source_of_too_many_pushes_out_its_own(void **state)
{
    struct handshake_table *table = handshake_table_new(HANDSHAKES_LIMIT, 1);
    struct ip_address device = address(1), scanner = address(2);
    uint32_t first;

    (void)state;
    handshake_table_begin(table, &device, 0, 0); /* the oldest of all */
    first = handshake_table_index(table, handshake_table_begin(table, &scanner, 1, 0));
    for (uint32_t i = 1; i < HANDSHAKES_OF_SOURCE; i++) {
        assert_int_equal(handshake_table_victim(table, &scanner), HANDSHAKE_NONE);
        handshake_table_begin(table, &scanner, i + 1, 0);
    }
    assert_int_equal(handshake_table_victim(table, &scanner), first);
    assert_int_equal(handshake_table_victim(table, &device), HANDSHAKE_NONE);
    handshake_table_free(table);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_one_untouched_for_longest_has_to_go),
        cmocka_unit_test(a_source_of_too_many_pushes_out_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
