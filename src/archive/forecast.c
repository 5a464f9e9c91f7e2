/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/forecast.h"

#include <stdlib.h>

#define DAY_NS (86400.0 * (double)NS_PER_SECOND)

static int compare_spans(const void *left, const void *right)
{
    const struct forecast_span *a = left, *b = right;

    return a->from_ns < b->from_ns ? -1 : a->from_ns > b->from_ns;
}

/* The time they cover together, short gaps with it. Differences of stamps are taken so that none overflows.
 */
static double cover(struct forecast_span *spans, uint32_t n)
{
    double covered = 0;
    int64_t end_ns = INT64_MIN;

    if (n)
        qsort(spans, n, sizeof *spans, compare_spans);
    for (uint32_t i = 0; i < n; i++) {
        int64_t from_ns = spans[i].from_ns;

        if (end_ns != INT64_MIN &&
            ((double)from_ns - (double)end_ns <= (double)FORECAST_GAP_NS || from_ns < end_ns))
            from_ns = end_ns;
        if (spans[i].to_ns > from_ns)
            covered += (double)spans[i].to_ns - (double)from_ns;
        if (spans[i].to_ns > end_ns)
            end_ns = spans[i].to_ns;
    }
    return covered;
}

static int64_t bounded(double ns)
{
    return ns <= 0 ? 0 : ns >= (double)FORECAST_MOST_NS ? FORECAST_MOST_NS : (int64_t)ns;
}

static double less(uint64_t a, uint64_t b)
{
    return a > b ? (double)(a - b) : 0;
}

static struct forecast_bound bound_bytes(uint64_t limit_bytes, uint64_t n_stored_bytes, uint64_t n_held_bytes,
                                         double bytes_per_day)
{
    return (struct forecast_bound) {
        .is_set = true,
        .limit_bytes = limit_bytes,
        .reach_ns = bounded(less(limit_bytes, n_held_bytes) / bytes_per_day * DAY_NS),
        .reached_in_ns = bounded(less(limit_bytes, n_stored_bytes) / bytes_per_day * DAY_NS),
    };
}

static uint64_t min_free(const struct retention *retention, const struct forecast_disk *disk)
{
    uint64_t share = disk->n_bytes / 100 * retention->min_free_percent;

    return share > retention->min_free_bytes ? share : retention->min_free_bytes;
}

void forecast_make(struct forecast *forecast, struct forecast_span *spans, uint32_t n,
                   uint64_t n_stored_bytes, uint64_t n_held_bytes, const struct retention *retention,
                   const struct forecast_disk *disk)
{
    double covered = cover(spans, n), rate;
    uint64_t n_bytes = 0, room = n_stored_bytes + disk->n_free_bytes, free_least = min_free(retention, disk);

    *forecast = (struct forecast) { .recorded_ns = covered < (double)INT64_MAX ? (int64_t)covered : INT64_MAX,
                                    .by = FORECAST_DISK };
    for (uint32_t i = 0; i < n; i++)
        n_bytes += spans[i].n_bytes;
    if (covered < (double)FORECAST_LEAST_NS || n_bytes == 0)
        return;
    rate = (double)n_bytes / covered * DAY_NS;
    forecast->bytes_per_day = rate;
    if (disk->n_bytes)
        forecast->bounds[FORECAST_DISK] = bound_bytes(room, n_stored_bytes, n_held_bytes, rate);
    if (disk->n_bytes && free_least)
        forecast->bounds[FORECAST_MIN_FREE] =
            bound_bytes(room > free_least ? room - free_least : 0, n_stored_bytes, n_held_bytes, rate);
    if (retention->keep_bytes)
        forecast->bounds[FORECAST_KEEP_BYTES] =
            bound_bytes(retention->keep_bytes, n_stored_bytes, n_held_bytes, rate);
    if (retention->keep_age_ns)
        forecast->bounds[FORECAST_KEEP_AGE] = (struct forecast_bound) {
            .is_set = true,
            .reach_ns = bounded((double)retention->keep_age_ns),
            .reached_in_ns = bounded((double)retention->keep_age_ns - covered),
        };
    for (unsigned by = 0; by < FORECAST_BOUNDS; by++) {
        const struct forecast_bound *bound = &forecast->bounds[by], *least = &forecast->bounds[forecast->by];

        if (bound->is_set && (!least->is_set || bound->reach_ns < least->reach_ns))
            forecast->by = (enum forecast_by)by;
    }
}

const char *forecast_by_name(enum forecast_by by)
{
    static const char *const names[FORECAST_BOUNDS] = {
        [FORECAST_KEEP_BYTES] = "--keep-bytes",
        [FORECAST_MIN_FREE] = "--min-free",
        [FORECAST_KEEP_AGE] = "--keep-age",
        [FORECAST_DISK] = "the disk",
    };

    return names[by];
}
