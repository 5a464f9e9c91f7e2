/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/forecast.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#define HOUR_NS (3600 * NS_PER_SECOND)
#define DAY_NS (24 * HOUR_NS)
#define GB UINT64_C(1000000000)

/* n segments of a gigabyte, an hour each, one behind the other from that hour on. */
static uint32_t hours(struct forecast_span *spans, uint32_t n, int64_t first)
{
    for (uint32_t i = 0; i < n; i++)
        spans[i] = (struct forecast_span) { (first + i) * HOUR_NS, (first + i + 1) * HOUR_NS - 1, GB };
    return n;
}

static void what_a_bound_allows_is_told_in_days(void **state)
{
    static const struct {
        struct retention retention;
        uint64_t held_gb;
        enum forecast_by by;
        int64_t reach_hours, reached_in_hours;
    } cases[] = {
        { { 0 }, 0, FORECAST_DISK, 1024, 1000 },
        { { .keep_bytes = 240 * GB }, 0, FORECAST_KEEP_BYTES, 240, 216 },
        { { .keep_bytes = 240 * GB }, 40, FORECAST_KEEP_BYTES, 200, 216 },
        { { .keep_bytes = 20 * GB }, 20, FORECAST_KEEP_BYTES, 0, 0 },
        { { .keep_bytes = 20 * GB }, 24, FORECAST_KEEP_BYTES, 0, 0 },
        { { .min_free_bytes = 900 * GB }, 0, FORECAST_MIN_FREE, 124, 100 },
        { { .min_free_percent = 10 }, 0, FORECAST_MIN_FREE, 824, 800 },
        { { .min_free_percent = 10, .min_free_bytes = 300 * GB }, 0, FORECAST_MIN_FREE, 724, 700 },
        { { .min_free_bytes = 5000 * GB }, 0, FORECAST_MIN_FREE, 0, 0 },
        { { .keep_age_ns = 7 * DAY_NS }, 0, FORECAST_KEEP_AGE, 168, 144 },
        { { .keep_age_ns = 100 * DAY_NS }, 0, FORECAST_DISK, 1024, 1000 },
        { { .keep_bytes = 240 * GB, .keep_age_ns = 2 * DAY_NS }, 0, FORECAST_KEEP_AGE, 48, 24 },
    };
    const struct forecast_disk disk = { 2000 * GB, 1000 * GB };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct forecast_span spans[24];
        struct forecast forecast;
        const struct forecast_bound *bound;

        forecast_make(&forecast, spans, hours(spans, 24, 100), 24 * GB, cases[i].held_gb * GB,
                      &cases[i].retention, &disk);
        bound = &forecast.bounds[forecast.by];
        if (forecast.by != cases[i].by || (bound->reach_ns + HOUR_NS / 2) / HOUR_NS != cases[i].reach_hours ||
            (bound->reached_in_ns + HOUR_NS / 2) / HOUR_NS != cases[i].reached_in_hours)
            fail_msg("case %zu: by %s, %lld and %lld hours", i, forecast_by_name(forecast.by),
                     (long long)(bound->reach_ns / HOUR_NS), (long long)(bound->reached_in_ns / HOUR_NS));
    }
}

/* Two hours with a gigabyte each, the second so far behind. */
static void long_gaps_are_no_recorded_time(void **state)
{
    static const struct {
        int64_t second_begins_ns, recorded_ns;
    } cases[] = {
        { HOUR_NS, 2 * HOUR_NS },      { HOUR_NS / 2, HOUR_NS + HOUR_NS / 2 }, { 0, HOUR_NS },
        { 2 * HOUR_NS, 3 * HOUR_NS },  { 3 * HOUR_NS, 2 * HOUR_NS },           { 300 * DAY_NS, 2 * HOUR_NS },
        { -5 * HOUR_NS, 2 * HOUR_NS },
    };
    const struct forecast_disk disk = { 2000 * GB, 1000 * GB };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t begin_ns = cases[i].second_begins_ns;
        struct forecast_span spans[] = { { 0, HOUR_NS, GB }, { begin_ns, begin_ns + HOUR_NS, GB } };
        struct forecast forecast;

        forecast_make(&forecast, spans, 2, 2 * GB, 0, &(struct retention) { 0 }, &disk);
        assert_int_equal(forecast.recorded_ns, cases[i].recorded_ns);
        assert_int_equal((uint64_t)(forecast.bytes_per_day + 0.5),
                         48 * GB * 3600 / (uint64_t)(cases[i].recorded_ns / NS_PER_SECOND));
    }
}

static void from_too_little_nothing_is_foretold(void **state)
{
    const struct forecast_disk disk = { 2000 * GB, 1000 * GB };
    const struct retention retention = { .keep_bytes = GB, .keep_age_ns = DAY_NS };
    struct forecast_span spans[] = { { 0, HOUR_NS - 1, GB }, { INT64_MIN, INT64_MAX, 0 } };
    struct forecast forecast;

    (void)state;
    forecast_make(&forecast, spans, 0, 0, 0, &retention, &disk);
    assert_true(forecast.bytes_per_day == 0);
    forecast_make(&forecast, spans, 1, GB, 0, &retention, &disk);
    assert_true(forecast.bytes_per_day == 0);
    for (unsigned by = 0; by < FORECAST_BOUNDS; by++)
        assert_false(forecast.bounds[by].is_set);
    forecast_make(&forecast, spans + 1, 1, GB, 0, &retention, &disk);
    assert_true(forecast.bytes_per_day == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_bound_allows_is_told_in_days),
        cmocka_unit_test(long_gaps_are_no_recorded_time),
        cmocka_unit_test(from_too_little_nothing_is_foretold),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
