/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_status - what `tapdeck status` knows, and the two forms it is printed in. For cmd_status*.c only.
 */
#pragma once

#include "archive/forecast.h"
#include "base/buffer.h"
#include "pipeline/status_file.h"

struct holdings { /* what lies in the archive */
    uint32_t n_sealed, n_open, n_unindexed;
    uint64_t n_packets, n_raw_bytes;        /* of sealed segments with an index */
    uint64_t n_indexed_bytes;               /* their files' */
    uint64_t n_stored_bytes, n_index_bytes; /* of all segments */
    int64_t min_ts_ns, max_ts_ns;           /* min > max: nothing known */
    struct error first;                     /* why an index could not be read */
    struct forecast_span *spans;            /* of sealed segments with an index and packets */
    uint32_t n_spans;
};

struct holds_summary {
    struct error trouble; /* it is not known what is held: nothing is deleted; else kind ERROR_NONE */
    uint32_t n_alive, n_expired;
    uint32_t n_segments; /* kept */
    uint64_t n_bytes, quota_bytes;
};

struct status_report {
    const char *directory;
    int64_t now_ns;
    struct holdings holdings;
    struct holds_summary holds;
    struct forecast_disk disk; /* n_bytes 0: cannot be asked */
    struct forecast forecast;
    struct recorder_status **recorders;
    uint32_t n_recorders;
    uint32_t n_unreadable; /* status files */
};

void status_put_text(struct buffer *out, const struct status_report *report, bool is_local);
void status_put_json(struct buffer *out, const struct status_report *report);
