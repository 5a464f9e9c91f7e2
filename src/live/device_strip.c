/* SPDX-License-Identifier: Apache-2.0 */
#include "live/device_strip.h"

#include <stdlib.h>

#include "base/timestamp.h"

static const int64_t hour_ns = 3600 * NS_PER_SECOND, day_ns = 24 * 3600 * NS_PER_SECOND;

static int64_t floor_to(int64_t ns, int64_t step_ns)
{
    int64_t rest = ns % step_ns;

    return ns - (rest < 0 ? rest + step_ns : rest);
}

/* Reckoned from the strip's begin, where nothing overflows whatever times a capture claims. */
static void add(struct device_strip *strip, const struct device_strip_span *span)
{
    uint64_t slot_ns = (uint64_t)strip->slot_ns;
    uint64_t from = (uint64_t)span->from_ns - (uint64_t)strip->from_ns;
    uint64_t to = (uint64_t)span->to_ns - (uint64_t)strip->from_ns;
    double lasted = (double)(to - from) + 1;

    for (uint64_t slot = from / slot_ns; slot <= to / slot_ns && slot < strip->n_slots; slot++) {
        uint64_t begin = slot * slot_ns > from ? slot * slot_ns : from;
        uint64_t end = (slot + 1) * slot_ns - 1 < to ? (slot + 1) * slot_ns - 1 : to;
        bool was_empty = strip->packets[slot] == 0;

        strip->packets[slot] +=
            (uint64_t)((double)span->n_packets * ((double)(end - begin) + 1) / lasted + 0.5);
        strip->packets[slot] += strip->packets[slot] == 0; /* it was there, somewhere around */
        strip->n_present += was_empty;
    }
}

/* False without memory. */
static bool fill(struct device_strip *strip, const struct device_strip_span *spans, uint32_t n,
                 int64_t first_ns, int64_t last_ns)
{
    strip->from_ns = floor_to(first_ns, strip->slot_ns);
    strip->n_slots = ((uint64_t)last_ns - (uint64_t)strip->from_ns) / (uint64_t)strip->slot_ns + 1;
    strip->n_present = 0;
    free(strip->packets);
    strip->packets = calloc(strip->n_slots, sizeof *strip->packets);
    for (uint32_t i = 0; strip->packets && i < n; i++)
        add(strip, &spans[i]);
    return strip->packets;
}

bool device_strip_make(struct device_strip *strip, const struct device_strip_span *spans, uint32_t n)
{
    int64_t first_ns = INT64_MAX, last_ns = INT64_MIN;

    *strip = (struct device_strip) { .slot_ns = hour_ns };
    for (uint32_t i = 0; i < n; i++) {
        first_ns = spans[i].from_ns < first_ns ? spans[i].from_ns : first_ns;
        last_ns = spans[i].to_ns > last_ns ? spans[i].to_ns : last_ns;
    }
    if (n == 0)
        return true;
    for (;; strip->slot_ns = strip->slot_ns < day_ns ? day_ns : 2 * strip->slot_ns) {
        if ((last_ns / strip->slot_ns) - (first_ns / strip->slot_ns) >= DEVICE_STRIP_SLOTS_LIMIT - 2)
            continue;
        if (!fill(strip, spans, n, first_ns, last_ns))
            return false;
        if (strip->n_present <= DEVICE_STRIP_PRESENT_LIMIT)
            return true;
    }
}

void device_strip_clear(struct device_strip *strip)
{
    free(strip->packets);
    *strip = (struct device_strip) { 0 };
}
