/* SPDX-License-Identifier: Apache-2.0 */
#include "live/number_ranges.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

static void assert_spelt(const char *text, const char *wanted)
{
    struct number_ranges set;
    struct error error;
    struct buffer out;

    if (!number_ranges_parse(text, &set, &error))
        fail_msg("%s: %s", text, error.text);
    buffer_init(&out, NUMBER_RANGES_TEXT_BYTES + 1);
    number_ranges_put(&out, &set);
    buffer_put_u8(&out, 0);
    assert_string_equal((const char *)out.data, wanted);
    buffer_clear(&out);
}

static void ranges_are_put_in_order_and_joined(void **state)
{
    (void)state;
    assert_spelt("130,100-120", "100-120,130");
    assert_spelt("5, 1-4", "1-5");
    assert_spelt("1,3,5,2-4", "1-5");
    assert_spelt(" 7 ", "7");
    assert_spelt("9007199254740991", "9007199254740991");
    assert_spelt("1-10,20-30,5-25", "1-30");
}

static void what_is_no_list_of_numbers_is_refused_and_leaves_the_set(void **state)
{
    static const char *const texts[] = { "",
                                         "0",
                                         "0-5",
                                         "5-1",
                                         "1,",
                                         ",1",
                                         "1-",
                                         "-1",
                                         "a",
                                         "1;2",
                                         "1-2-3",
                                         "9007199254740992",
                                         "1 2",
                                         "1.5",
                                         "+1",
                                         "1,,2",
                                         "99999999999999999999999" };
    struct number_ranges set = { 0 };
    struct error error;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        error.text[0] = '\0';
        if (number_ranges_parse(texts[i], &set, &error))
            fail_msg("\"%s\" is taken", texts[i]);
        assert_true(error.text[0]);
        assert_int_equal(set.n, 0);
    }
}

static void one_range_too_many_is_refused_unless_it_touches_another(void **state)
{
    struct number_ranges set = { 0 };
    struct error error;

    (void)state;
    for (uint64_t i = 1; i <= NUMBER_RANGES_LIMIT; i++)
        assert_true(number_ranges_add(&set, 10 * i, 10 * i, &error));
    assert_false(number_ranges_add(&set, 5000, 5001, &error));
    assert_int_equal(set.n, NUMBER_RANGES_LIMIT);
    assert_true(number_ranges_add(&set, 11, 19, &error));
    assert_int_equal(set.n, NUMBER_RANGES_LIMIT - 1);
    assert_true(number_ranges_add(&set, 5000, 5001, &error));
}

/* Against a plain field of booleans. */
static void a_set_has_what_was_put_into_it_and_nothing_else(void **state)
{
    (void)state;
    srand(5);
    for (unsigned round = 0; round < 300; round++) {
        struct number_ranges set = { 0 };
        bool is_in[256] = { false };
        struct error error;

        for (unsigned n = 0; n < 12; n++) {
            uint64_t first = (uint64_t)rand() % 200 + 1, last = first + (uint64_t)rand() % 20;

            assert_true(number_ranges_add(&set, first, last, &error));
            for (uint64_t i = first; i <= last; i++)
                is_in[i] = true;
        }
        for (uint64_t i = 0; i < 256; i++) {
            uint64_t first, last, next = i;

            assert_int_equal(number_ranges_has(&set, i), is_in[i]);
            while (next < 256 && !is_in[next])
                next++;
            assert_int_equal(number_ranges_from(&set, i, &first, &last), next < 256);
            if (next < 256) {
                assert_int_equal(first, next);
                assert_true(is_in[last] && !is_in[last + 1]);
            }
        }
    }
}

static void an_empty_set_is_of_every_number_and_that_of_none_of_no_number(void **state)
{
    const struct number_ranges all = { 0 }, none = number_ranges_of_none();

    (void)state;
    for (uint64_t number = 1; number < 100; number++) {
        assert_true(number_ranges_has(&all, number));
        assert_false(number_ranges_has(&none, number));
    }
    assert_false(number_ranges_equal(&all, &none));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_are_put_in_order_and_joined),
        cmocka_unit_test(what_is_no_list_of_numbers_is_refused_and_leaves_the_set),
        cmocka_unit_test(one_range_too_many_is_refused_unless_it_touches_another),
        cmocka_unit_test(a_set_has_what_was_put_into_it_and_nothing_else),
        cmocka_unit_test(an_empty_set_is_of_every_number_and_that_of_none_of_no_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
