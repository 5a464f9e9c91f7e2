/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/timestamp.h"

/* Thursday, 2024-08-29 12:00:00 UTC */
#define NOW_NS (INT64_C(1724932800) * NS_PER_SECOND)

static void timestamp_is_written_as_rfc_3339_with_nanoseconds(void **state)
{
    static const struct {
        int64_t ts_ns;
        const char *text;
    } cases[] = {
        { 0, "1970-01-01T00:00:00.000000000Z" },
        { -1, "1969-12-31T23:59:59.999999999Z" },
        { NOW_NS + 123456789, "2024-08-29T12:00:00.123456789Z" },
        { INT64_C(951782400) * NS_PER_SECOND, "2000-02-29T00:00:00.000000000Z" },
        { INT64_MAX, "2262-04-11T23:47:16.854775807Z" },
        { INT64_MIN, "1677-09-21T00:12:43.145224192Z" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[TIMESTAMP_TEXT_BYTES];

        assert_string_equal(timestamp_format(cases[i].ts_ns, false, text), cases[i].text);
    }
}

static void written_timestamp_is_read_back_the_same(void **state)
{
    int64_t ts_ns = -INT64_C(9000000000123456789);

    (void)state;
    for (int i = 0; i < 2000; i++, ts_ns += INT64_C(8999999999987654)) {
        char text[TIMESTAMP_TEXT_BYTES];
        int64_t read_ns;

        assert_true(timestamp_parse(timestamp_format(ts_ns, false, text), NOW_NS, false, &read_ns));
        assert_true(read_ns == ts_ns);
        assert_true(timestamp_parse(timestamp_format(ts_ns, true, text), NOW_NS, false, &read_ns));
        assert_true(read_ns == ts_ns);
    }
}

static void times_are_read_in_every_form_that_the_header_names(void **state)
{
    static const struct {
        const char *text, *means;
    } cases[] = {
        { "now", "2024-08-29T12:00:00.000000000Z" },
        { "-15m", "2024-08-29T11:45:00.000000000Z" },
        { "-1d", "2024-08-28T12:00:00.000000000Z" },
        { "-1h30m", "2024-08-29T10:30:00.000000000Z" },
        { "-2w", "2024-08-15T12:00:00.000000000Z" },
        { "2024-08-29T10:00:00Z", "2024-08-29T10:00:00.000000000Z" },
        { "2024-08-29t10:00:00.5z", "2024-08-29T10:00:00.500000000Z" },
        { "2024-08-29T10:00:00+02:00", "2024-08-29T08:00:00.000000000Z" },
        { "2024-08-29T10:00:00-0930", "2024-08-29T19:30:00.000000000Z" },
        { "2024-08-29 10:00", "2024-08-29T10:00:00.000000000Z" },
        { "2024-08-29 10:00:01", "2024-08-29T10:00:01.000000000Z" },
        { "2024-08-29 10:00:01.1234567891", "2024-08-29T10:00:01.123456789Z" },
        { "2024-08-29", "2024-08-29T00:00:00.000000000Z" },
        { "2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000000000Z" },
        { "10:00", "2024-08-29T10:00:00.000000000Z" },
        { "23:59:59.9", "2024-08-29T23:59:59.900000000Z" },
        { "thu", "2024-08-29T00:00:00.000000000Z" },
        { "thu 11:00", "2024-08-29T11:00:00.000000000Z" },
        { "thu 14:00", "2024-08-22T14:00:00.000000000Z" },
        { "Friday 14:00", "2024-08-23T14:00:00.000000000Z" },
        { "wed 14:00", "2024-08-28T14:00:00.000000000Z" },
        { "1725000000", "2024-08-30T06:40:00.000000000Z" },
        { "1725000000.25", "2024-08-30T06:40:00.250000000Z" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[TIMESTAMP_TEXT_BYTES];
        int64_t ts_ns;

        if (!timestamp_parse(cases[i].text, NOW_NS, false, &ts_ns))
            fail_msg("%s was refused", cases[i].text);
        assert_string_equal(timestamp_format(ts_ns, false, text), cases[i].means);
    }
}

static void what_is_no_time_is_refused(void **state)
{
    static const char *const cases[] = {
        "",
        "yesterdayish",
        "2024-13-01",
        "2024-02-30",
        "2023-02-29",
        "24:00",
        "10:60",
        "2024-08-29 ",
        "2024-08-29T",
        "2024-08-29T10",
        "2024-08-29T10:00:00ZZ",
        "2024-08-29T10:00:00+2",
        "1000-01-01",
        "9999-01-01",
        "-",
        "-15x",
        "-99999999w",
        "99999999999999",
        "1725000000.",
        "thux 10:00",
        "thu 25:00",
        "10:00:00.",
        "now ",
        "2024-08-29T10:00:00 Z",
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t ts_ns = 42;

        if (timestamp_parse(cases[i], NOW_NS, false, &ts_ns))
            fail_msg("%s was taken", cases[i]);
        assert_true(ts_ns == 42);
    }
}

static void local_times_carry_their_offset_and_are_read_in_that_zone(void **state)
{
    char text[TIMESTAMP_TEXT_BYTES];
    int64_t ts_ns;

    (void)state;
    setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    tzset();
    assert_string_equal(timestamp_format(NOW_NS, true, text), "2024-08-29T14:00:00.000000000+02:00");
    assert_true(timestamp_parse("2024-08-29 14:00", NOW_NS, true, &ts_ns));
    assert_true(ts_ns == NOW_NS);
    assert_true(timestamp_parse("2024-01-29 13:00", NOW_NS, true, &ts_ns));
    assert_string_equal(timestamp_format(ts_ns, false, text), "2024-01-29T12:00:00.000000000Z");
    assert_true(timestamp_parse("2024-08-29T14:00:00Z", NOW_NS, true, &ts_ns));
    assert_string_equal(timestamp_format(ts_ns, false, text), "2024-08-29T14:00:00.000000000Z");
    setenv("TZ", "UTC", 1);
    tzset();
}

static void spans_are_read_with_and_without_units(void **state)
{
    static const struct {
        const char *text;
        int64_t duration_ns; /* -1: refused */
    } cases[] = {
        { "0", 0 },
        { "60", 60 * NS_PER_SECOND },
        { "0.5", NS_PER_SECOND / 2 },
        { ".5s", NS_PER_SECOND / 2 },
        { "250ms", 250000000 },
        { "10us", 10000 },
        { "7ns", 7 },
        { "90s", 90 * NS_PER_SECOND },
        { "15m", 900 * NS_PER_SECOND },
        { "2h", 7200 * NS_PER_SECOND },
        { "1.5h", 5400 * NS_PER_SECOND },
        { "7d", 7 * 86400 * NS_PER_SECOND },
        { "2w", 14 * 86400 * NS_PER_SECOND },
        { "1h30m", 5400 * NS_PER_SECOND },
        { "", -1 },
        { "-5s", -1 },
        { "5x", -1 },
        { "1h30", -1 },
        { "h", -1 },
        { "5 m", -1 },
        { "99999999999999999999", -1 },
        { "9999999999d", -1 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t duration_ns = -1;

        assert_int_equal(duration_parse(cases[i].text, &duration_ns), cases[i].duration_ns >= 0);
        assert_true(duration_ns == cases[i].duration_ns);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timestamp_is_written_as_rfc_3339_with_nanoseconds),
        cmocka_unit_test(written_timestamp_is_read_back_the_same),
        cmocka_unit_test(times_are_read_in_every_form_that_the_header_names),
        cmocka_unit_test(what_is_no_time_is_refused),
        cmocka_unit_test(local_times_carry_their_offset_and_are_read_in_that_zone),
        cmocka_unit_test(spans_are_read_with_and_without_units),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
