/* SPDX-License-Identifier: Apache-2.0 */
/*
 * archive_bindings - every span of a device that an archive tells of: read from the indexes, and for segments
 * that have none (the open one first of all) found by a pass of the device tracker, which takes up where the
 * indexed ones left off.
 */
#pragma once

#include "archive/catalog.h"
#include "archive/segment_index.h"
#include "protocol/preferences.h"

struct archive_bindings_question {
    identity_test *is_wanted;              /* NULL: every identity */
    binding_function *function;            /* called in catalog order; false ends the walk */
    void *context;                         /* of both */
    bool counts_nameless;                  /* tell n_anonymous of indexed segments, too: all bindings are read */
    const struct preferences *preferences; /* for what has no index; NULL: tshark's defaults */
    uint64_t hash_seed;
};

struct archive_bindings_counters {
    uint32_t n_scanned;    /* segments without an index: read as a whole */
    uint32_t n_unreadable; /* segments that could not be, or not to their end */
    uint64_t n_anonymous;  /* sessions that nobody named, of the scanned ones at least */
    struct error first;    /* of the unreadable ones */
};

/* False with *error set without memory. What cannot be read is counted, and the rest is still told. */
bool archive_bindings(const struct catalog *catalog, const struct archive_bindings_question *question,
                      struct archive_bindings_counters *counters, struct error *error);
