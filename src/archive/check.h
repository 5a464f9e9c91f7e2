/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check - verifies every segment, index and checksum of an archive, and the database of holds, and says what
 * is wrong.
 */
#pragma once

#include "archive/recover.h"

enum check_severity { CHECK_OK, CHECK_NOTE, CHECK_WRONG };

/* Called for each finding: path, what is wrong, what to do. */
typedef void check_report(void *context, enum check_severity severity, const char *path,
                          const char *sentence);

struct check_totals {
    uint32_t n_segments;
    uint32_t n_wrong; /* segments, or the database */
    uint32_t n_repaired;
    uint64_t n_packets, n_blocks, n_bytes;
};

/* repair: leftovers are sealed, indexes rebuilt; nothing with packets in it is deleted. */
bool check_archive(const char *directory, bool repair, const struct reindexer *reindexer,
                   check_report *report, void *context, struct check_totals *totals, struct error *error);
