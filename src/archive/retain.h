/* SPDX-License-Identifier: Apache-2.0 */
/*
 * retain - deletes the oldest sealed segments, with their indexes, until an archive is within its budget.
 * Never the open one.
 */
#pragma once

#include "base/error.h"
#include "archive/catalog.h"

struct retention {
    uint64_t keep_bytes;       /* of segments and indexes together; 0: no bound */
    int64_t keep_age_ns;       /* by the newest packet of a segment; 0: no bound */
    uint64_t min_free_bytes;   /* on the file system; 0: no bound */
    unsigned min_free_percent; /* likewise, of its size */
};

struct retention_result {
    uint32_t n_deleted;
    uint64_t n_bytes_deleted;
};

/* now_ns: for the age. Carries on past a file that cannot be deleted; *error is the first such fault. */
bool retain_apply(const char *directory, const struct retention *retention, int64_t now_ns,
                  struct retention_result *result, struct error *error);

/* Deletes the oldest sealed segment, for a disk that is full; false when there is none. */
bool retain_delete_oldest(const char *directory, struct retention_result *result, struct error *error);
