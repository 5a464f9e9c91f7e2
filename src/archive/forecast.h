/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forecast - how far back an archive will reach: from what was recorded so far, and the bounds of its budget.
 *
 * The rate is that of the recorded time: of all sealed segments' bytes over the time they span. A gap longer
 * than FORECAST_GAP_NS between two of them was no recording, as far as can be told, and left out; a shorter
 * one was a quiet hour. Where that errs, the rate is too high and the forecast too short: better than the
 * other way round. From less than FORECAST_LEAST_NS of recording nothing is foretold.
 *
 * What is held takes its room from every bound, for while the rest moves on, all of it will be older than the
 * rest.
 */
#pragma once

#include "archive/retain.h"
#include "base/timestamp.h"

#define FORECAST_GAP_NS (3600 * NS_PER_SECOND)
#define FORECAST_LEAST_NS (3600 * NS_PER_SECOND)
#define FORECAST_MOST_NS (INT64_C(10) * 365 * 86400 * NS_PER_SECOND) /* further off, it says nothing */

struct forecast_span { /* of a sealed segment */
    int64_t from_ns, to_ns;
    uint64_t n_bytes;
};

enum forecast_by {
    FORECAST_KEEP_BYTES,
    FORECAST_MIN_FREE,
    FORECAST_KEEP_AGE,
    FORECAST_DISK,
    FORECAST_BOUNDS
};

struct forecast_bound {
    bool is_set;
    uint64_t limit_bytes;  /* of the archive with what is held; 0 for age */
    int64_t reach_ns;      /* it will reach back so far; 0: what is held leaves no room */
    int64_t reached_in_ns; /* and from then on the oldest go; 0: they do now */
};

struct forecast {
    int64_t recorded_ns;
    double bytes_per_day; /* 0: too little history, and no bound is set */
    struct forecast_bound bounds[FORECAST_BOUNDS];
    enum forecast_by by; /* the one that counts: reaches back least */
};

struct forecast_disk {
    uint64_t n_bytes, n_free_bytes;
};

/* spans are sorted here. n_stored_bytes: of the archive with its open segments; n_held_bytes: kept by holds.
 */
void forecast_make(struct forecast *forecast, struct forecast_span *spans, uint32_t n,
                   uint64_t n_stored_bytes, uint64_t n_held_bytes, const struct retention *retention,
                   const struct forecast_disk *disk);

const char *forecast_by_name(enum forecast_by by); /* "--keep-bytes"; "the disk" */
