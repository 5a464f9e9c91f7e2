/* SPDX-License-Identifier: Apache-2.0 */
/*
 * archive_scan - packets of one node that answer a question, in the order of their numbers, from a number on:
 * the road under rows, counts, bars and downloads.
 *
 * What has an index is read by archive_source, as `find` does, with what came before in the conversations a
 * filter asks about, so the packets are those of `find`. What has none (the segment that is written), what is
 * asked for without a filter, and a filter whose past would take more than SCAN_PAST_BLOCKS blocks to read,
 * is read by number; there an answer that depends on earlier packets knows those of SCAN_LONG_CONTEXT_PACKETS
 * numbers before. A scan from the first packet on has everything before it, and is exact.
 */
#pragma once

#include <stdatomic.h>

#include "archive/number_reader.h"
#include "live/judge.h"
#include "live/number_map.h"

enum {
    SCAN_CONTEXT_PACKETS = 2048, /* dissected before, so that what is shown knows what it goes on from */
    SCAN_LONG_CONTEXT_PACKETS = 32768, /* when the answer depends on it */
    SCAN_PAST_BLOCKS = 128,
    SCAN_DISORDER_PACKETS = 8192, /* by number: so far beside a time its packets are looked for */
};

/* What one reader of an archive's node needs over and over, kept open from question to question. */
struct archive_reader {
    struct number_map map;
    struct interface_table interfaces;
    struct number_reader *numbers;
};

struct archive_reader *archive_reader_new(const char *directory, const char *node, struct error *error);
void archive_reader_free(struct archive_reader *reader);

/* The first number that is kept and the one behind the last that can be read now; false: none. */
bool archive_reader_span(struct archive_reader *reader, uint64_t *first, uint64_t *end);

/* The first packet at or after that time, by number; the span's end when there is none. Exact where times go
 * up with numbers. */
uint64_t archive_reader_at(struct archive_reader *reader, int64_t ts_ns);

/* Monotonic time in ms, for deadlines. */
int64_t scan_now_ms(void);

struct scan_options {
    struct archive_reader
        *reader;               /* borrowed, and this scan's alone; its map is as new as the answer is to be */
    struct judge *judge;       /* likewise */
    const struct demand *also; /* that is wanted of packets that match; NULL: nothing */
    uint64_t first, end;       /* numbers, end not included */
    const atomic_bool *stop;   /* may be NULL */
    int64_t deadline_ms;       /* of scan_now_ms; INT64_MAX: none */
};

struct archive_scan;

enum scan_result { SCAN_MATCH, SCAN_END, SCAN_TIME_OVER, SCAN_FAULT };

struct archive_scan *archive_scan_new(const struct scan_options *options, struct error *error);
void archive_scan_free(struct archive_scan *scan);

/* The next packet that answers, dissected: *d until the next call. packet->packet_id is its number. */
enum scan_result archive_scan_next(struct archive_scan *scan, const struct dissection **d,
                                   struct error *error);

/* Every packet below this number was looked at, or known not to answer; what was looked at lies from first
 * on. */
uint64_t archive_scan_through(const struct archive_scan *scan);

/* Parts that could not be read: their packets may be missing. */
uint64_t archive_scan_damaged(const struct archive_scan *scan);
