/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/time_range.h"
#include "base/timestamp.h"

/* Thursday, 2024-08-29 12:00:00 UTC */
#define NOW_NS (INT64_C(1724932800) * NS_PER_SECOND)

static void lone_hour_in_to_belongs_to_the_day_of_from(void **state)
{
    static const struct {
        const char *from, *to, *from_means, *to_means;
    } cases[] = {
        { "thu 14:00", "15:00", "2024-08-22T14:00:00.000000000Z", "2024-08-22T15:00:00.000000000Z" },
        { "wed 23:00", "01:00", "2024-08-28T23:00:00.000000000Z", "2024-08-29T01:00:00.000000000Z" },
        { "10:00", "11:00", "2024-08-29T10:00:00.000000000Z", "2024-08-29T11:00:00.000000000Z" },
        { "2024-08-01", "now", "2024-08-01T00:00:00.000000000Z", "2024-08-29T12:00:00.000000000Z" },
        { "-2h", "-1h", "2024-08-29T10:00:00.000000000Z", "2024-08-29T11:00:00.000000000Z" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct time_range range;
        struct error error;
        char text[TIMESTAMP_TEXT_BYTES];

        assert_true(time_range_parse(cases[i].from, cases[i].to, NOW_NS, false, &range, &error));
        assert_string_equal(timestamp_format(range.from_ns, false, text), cases[i].from_means);
        assert_string_equal(timestamp_format(range.to_ns, false, text), cases[i].to_means);
    }
}

static void what_is_not_given_is_not_bounded(void **state)
{
    struct time_range range;
    struct error error;

    (void)state;
    assert_true(time_range_parse(NULL, NULL, NOW_NS, false, &range, &error));
    assert_true(range.from_ns == INT64_MIN && range.to_ns == INT64_MAX);
}

static void wrong_times_are_told_by_option_and_word(void **state)
{
    struct time_range range = { 1, 2 };
    struct error error;

    (void)state;
    assert_false(time_range_parse("soon", NULL, NOW_NS, false, &range, &error));
    assert_non_null(strstr(error.text, "--from \"soon\""));
    assert_false(time_range_parse(NULL, "25:00", NOW_NS, false, &range, &error));
    assert_non_null(strstr(error.text, "--to \"25:00\""));
    assert_false(time_range_parse("now", "-1h", NOW_NS, false, &range, &error));
    assert_non_null(strstr(error.text, "before --from"));
    assert_true(range.from_ns == 1 && range.to_ns == 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lone_hour_in_to_belongs_to_the_day_of_from),
        cmocka_unit_test(what_is_not_given_is_not_bounded),
        cmocka_unit_test(wrong_times_are_told_by_option_and_word),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
