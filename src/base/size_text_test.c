/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/size_text.h"
#include "base/timestamp.h"

static void sizes_show_three_figures(void **state)
{
    static const struct {
        uint64_t size_bytes;
        const char *text;
    } cases[] = {
        { 0, "0 B" },         { 999, "999 B" },      { 1000, "1.00 kB" },       { 1234, "1.23 kB" },
        { 12345, "12.3 kB" }, { 123456, "123 kB" },  { 9996, "10.0 kB" },       { 99960, "100 kB" },
        { 999499, "999 kB" }, { 999500, "1.00 MB" }, { 1234567890, "1.23 GB" }, { UINT64_MAX, "18.4 EB" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[SIZE_TEXT_BYTES];

        assert_string_equal(size_format(cases[i].size_bytes, text), cases[i].text);
    }
}

static void counts_are_grouped_by_thousands(void **state)
{
    static const struct {
        uint64_t count;
        const char *text;
    } cases[] = {
        { 0, "0" },
        { 999, "999" },
        { 1000, "1,000" },
        { 4310223, "4,310,223" },
        { UINT64_MAX, "18,446,744,073,709,551,615" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[SIZE_TEXT_BYTES];

        assert_string_equal(count_format(cases[i].count, text), cases[i].text);
    }
}

static void spans_show_their_two_largest_units(void **state)
{
    static const struct {
        int64_t duration_ns;
        const char *text;
    } cases[] = {
        { 0, "0s" },
        { 17, "17ns" },
        { 12000000, "12ms" },
        { 7560000000, "7.5s" },
        { 42 * NS_PER_SECOND, "42s" },
        { 200 * NS_PER_SECOND, "3m 20s" },
        { 7260 * NS_PER_SECOND, "2h 1m" },
        { 100 * 3600 * NS_PER_SECOND, "4d 4h" },
        { -200 * NS_PER_SECOND, "-3m 20s" },
        { INT64_MIN, "-106751d 23h" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[SIZE_TEXT_BYTES];

        assert_string_equal(duration_format(cases[i].duration_ns, text), cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_show_three_figures),
        cmocka_unit_test(counts_are_grouped_by_thousands),
        cmocka_unit_test(spans_show_their_two_largest_units),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
