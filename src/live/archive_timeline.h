/* SPDX-License-Identifier: Apache-2.0 */
/*
 * archive_timeline, archive_count - how many packets answer a question: over time by protocol, and in all.
 * Both in bounded time: each says how far it came, and goes on from there when it is asked again; parts are
 * added.
 */
#pragma once

#include "live/archive_rows.h"
#include "live/bar_cache.h"

enum {
    TIMELINE_BUCKETS_LIMIT = 2000,
    TIMELINE_TIME_MS = 1000,
    COUNT_TIME_MS = 1000,
};

struct timeline_question {
    struct question question; /* its scope's range is the asker's alone */
    struct time_range range;  /* INT64_MIN, INT64_MAX: all there is */
    uint32_t n_buckets;       /* at most */
    uint64_t from;            /* number to go on from; 0: the first */
    const atomic_bool *stop;
};

struct timeline {
    int64_t from_ns, to_ns, bucket_ns;
    uint32_t n_buckets;
    uint64_t n_matched;
    uint32_t *counts[BAR_PROTOCOLS]; /* a bucket each; NULL: none of that protocol */
    uint64_t n_of[BAR_PROTOCOLS];
    struct hub_gap gaps[ARCHIVE_GAPS_LIMIT];
    uint32_t n_gaps;
    uint64_t next;
    bool is_complete;
};

/* protocols: numbered by the cache. *timeline is cleared by the caller in any case. */
enum answer_result archive_timeline(struct archive_reader *reader, struct archive_devices *devices,
                                    struct bar_cache *cache, const struct timeline_question *question,
                                    struct timeline *timeline, struct error *error);
void timeline_clear(struct timeline *timeline);

struct count_question {
    struct question question;
    uint64_t first, last; /* both included; last UINT64_MAX: to the end */
    uint64_t from;        /* to go on from; 0: the first */
    const atomic_bool *stop;
};

struct count_answer {
    uint64_t n_matched, n_seen, n_bytes;
    uint64_t first, last;   /* that match; 0: none */
    int64_t from_ns, to_ns; /* of those; from > to: none */
    uint64_t next;
    double share;
    bool has_no_bytes; /* packets were counted without being read */
    bool is_complete;
};

enum answer_result archive_count(struct archive_reader *reader, struct archive_devices *devices,
                                 const struct count_question *question, struct count_answer *answer,
                                 struct error *error);
