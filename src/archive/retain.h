/* SPDX-License-Identifier: Apache-2.0 */
/*
 * retain - deletes the oldest sealed segments, with their indexes, until an archive is within its budget.
 * Never the open one, and none that a hold keeps (held.h). While it cannot be known what is held, because the
 * database of the archive is damaged, nothing is deleted.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"

struct retention {
    uint64_t keep_bytes;       /* of segments and indexes together; 0: no bound */
    int64_t keep_age_ns;       /* by the newest packet of a segment; 0: no bound */
    uint64_t min_free_bytes;   /* on the file system; 0: no bound */
    unsigned min_free_percent; /* likewise, of its size */
};

enum { RETENTION_NOTE_BYTES = 320 };

struct retention_result {
    uint32_t n_deleted;
    uint64_t n_bytes_deleted;
    uint32_t n_kept;                 /* would have gone, but for a hold */
    bool is_unfinished;              /* segments are still to be looked at for holds: call again soon */
    char note[RETENTION_NOTE_BYTES]; /* what a person should know: a quota that was reached; "" nothing */
};

struct retainer;

/* directory is borrowed. NULL without memory. */
struct retainer *retainer_new(const char *directory);
void retainer_free(struct retainer *retainer);

/*
 * archive_now_ns: for the age of packets; wall_now_ns: for the expiry of holds. An import counts the first by
 * its packets. Carries on past a file that cannot be deleted; *error is the first such fault. ERROR_LIMIT:
 * the archive is over its budget, and cannot be brought within it since what is left is held.
 */
bool retainer_apply(struct retainer *retainer, const struct retention *retention, int64_t archive_now_ns,
                    int64_t wall_now_ns, struct retention_result *result, struct error *error);

/*
 * Deletes the oldest sealed segment, for a disk that is full. False with *error: ERROR_NO_SPACE when there is
 * none; ERROR_LIMIT when all that are left are held, naming the hold; or why it is not known what is held.
 */
bool retainer_delete_oldest(struct retainer *retainer, int64_t wall_now_ns, struct retention_result *result,
                            struct error *error);
