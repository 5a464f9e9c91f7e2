/* SPDX-License-Identifier: Apache-2.0 */
/*
 * archive_coverage - archive/coverage with what the recorders of the directory say of themselves: their
 * status files tell whether a time without a segment is a quiet one or one that nobody watches.
 */
#pragma once

#include "archive/coverage.h"

struct archive_coverage {
    struct coverage coverage;
    struct recorder_status *statuses; /* NULL: none */
    struct coverage_recorder *recorders;
};

/* catalog is borrowed for the coverage's life. False with *error set without memory. */
bool archive_coverage_find(const char *directory, const struct catalog *catalog,
                           const struct time_range *range, int64_t now_ns, struct archive_coverage *found,
                           struct error *error);
void archive_coverage_clear(struct archive_coverage *found);
