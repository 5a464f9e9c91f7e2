/* SPDX-License-Identifier: Apache-2.0 */
#include "live/device_strip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/timestamp.h"

#define HOUR (3600 * NS_PER_SECOND)
#define DAY (24 * HOUR)
#define BEGIN INT64_C(1725000000000000000) /* 2024-08-30 06:40:00 */

static void packets_are_spread_over_the_hours_of_a_stay(void **state)
{
    const struct device_strip_span spans[] = {
        { BEGIN, BEGIN + 10 * 60 * NS_PER_SECOND - 1, 7 },          /* 06:40 to 06:50 */
        { BEGIN + HOUR / 3, BEGIN + HOUR / 3 + 2 * HOUR - 1, 100 }, /* 07:00 to 09:00 */
    };
    struct device_strip strip;

    (void)state;
    assert_true(device_strip_make(&strip, spans, 2));
    assert_int_equal(strip.slot_ns, HOUR);
    assert_int_equal(strip.from_ns, BEGIN - 40 * 60 * NS_PER_SECOND);
    assert_int_equal(strip.n_slots, 3);
    assert_int_equal(strip.n_present, 3);
    assert_int_equal(strip.packets[0], 7);
    assert_int_equal(strip.packets[1], 50);
    assert_int_equal(strip.packets[2], 50);
    device_strip_clear(&strip);
}

static void hours_stay_hours_however_far_they_lie_apart(void **state)
{
    const struct device_strip_span spans[] = { { BEGIN, BEGIN, 1 },
                                               { BEGIN + 800 * DAY, BEGIN + 800 * DAY, 2 } };
    struct device_strip strip;

    (void)state;
    assert_true(device_strip_make(&strip, spans, 2));
    assert_int_equal(strip.slot_ns, HOUR);
    assert_int_equal(strip.n_present, 2);
    assert_int_equal(strip.packets[0], 1);
    assert_int_equal(strip.packets[800 * 24], 2);
    device_strip_clear(&strip);
}

static void where_hours_would_be_too_many_there_are_days(void **state)
{
    const struct device_strip_span always = { BEGIN, BEGIN + 100 * DAY, 1000000 };
    struct device_strip strip;

    (void)state;
    assert_true(device_strip_make(&strip, &always, 1));
    assert_int_equal(strip.slot_ns, DAY);
    assert_int_equal(strip.n_present, 101);
    device_strip_clear(&strip);
}

static void a_long_stay_of_few_packets_is_there_all_the_time(void **state)
{
    const struct device_strip_span span = { BEGIN, BEGIN + 10 * HOUR, 2 };
    struct device_strip strip;

    (void)state;
    assert_true(device_strip_make(&strip, &span, 1));
    assert_int_equal(strip.n_present, 11);
    for (uint64_t slot = 0; slot < strip.n_slots; slot++)
        assert_true(strip.packets[slot] > 0);
    device_strip_clear(&strip);
}

static void times_of_all_ages_are_borne(void **state)
{
    const struct device_strip_span spans[] = { { 0, INT64_MAX, 5 },
                                               { INT64_MAX, INT64_MAX, UINT64_MAX / 4 } };
    struct device_strip strip;

    (void)state;
    assert_true(device_strip_make(&strip, spans, 2));
    assert_true(strip.n_present <= DEVICE_STRIP_PRESENT_LIMIT);
    assert_true(strip.packets[strip.n_slots - 1] > 1);
    device_strip_clear(&strip);
    assert_true(device_strip_make(&strip, spans, 0));
    assert_int_equal(strip.n_slots, 0);
    device_strip_clear(&strip);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_are_spread_over_the_hours_of_a_stay),
        cmocka_unit_test(hours_stay_hours_however_far_they_lie_apart),
        cmocka_unit_test(where_hours_would_be_too_many_there_are_days),
        cmocka_unit_test(a_long_stay_of_few_packets_is_there_all_the_time),
        cmocka_unit_test(times_of_all_ages_are_borne),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
