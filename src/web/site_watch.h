/* SPDX-License-Identifier: Apache-2.0 */
/*
 * site_watch - looks what there is: which nodes an archive has, who records them, what recorders say of
 * themselves. A worker reads; the loop is told what changed, and tells the viewers.
 */
#pragma once

#include "pipeline/status_file.h"
#include "web/site.h"

enum {
    SITE_WATCH_MS = 1000,           /* between two looks at the status files */
    SITE_WATCH_SEGMENTS_MS = 10000, /* and at the segments */
};

struct site_watch;

/* Looks for the first time before it returns. NULL with *error set: the archive cannot be read. */
struct site_watch *site_watch_new(struct site *site, struct error *error);
void site_watch_free(struct site_watch *watch); /* before job_pool_free() */

/* What recorders said last; borrowed until the loop's next turn. */
const struct recorder_status *site_watch_recorders(const struct site_watch *watch, size_t *n);
bool site_watch_is_alive(const struct site_watch *watch, size_t i);

struct site_holdings {            /* what lies in the archive */
    uint64_t n_segments, n_bytes; /* segments and their indexes */
    uint64_t disk_bytes, disk_free_bytes;
};
const struct site_holdings *site_watch_holdings(const struct site_watch *watch);
