/* SPDX-License-Identifier: Apache-2.0 */
/*
 * archive_bindings - every span of a device that an archive tells of: from the device table, by one lookup;
 * from the indexes of segments that the table does not contain; and for segments that have none (the open one
 * first of all) found by a pass of the device tracker, which takes up where the others left off.
 */
#pragma once

#include "archive/catalog.h"
#include "archive/device_table.h"
#include "archive/segment_index.h"
#include "protocol/preferences.h"

struct archive_bindings_question {
    const char *device;             /* identity_is_named, and its other names; NULL: every identity */
    struct device_table *table;     /* NULL: there is none */
    binding_function *function;     /* the table's spans first; false ends the walk */
    void (*segment)(void *context); /* another segment's, with session numbers of its own; may be NULL */
    void *context;
    bool counts_nameless; /* tell n_anonymous of indexed segments, too: all bindings are read */
    const struct preferences *preferences; /* for what has no index; NULL: tshark's defaults */
    uint64_t hash_seed;
};

struct archive_bindings_counters {
    uint32_t n_indexes;    /* asked, since the table does not contain them */
    uint32_t n_scanned;    /* segments without an index: read as a whole */
    uint32_t n_unreadable; /* segments that could not be, or not to their end */
    uint64_t n_anonymous;  /* sessions that nobody named, of the scanned ones at least */
    struct error first;    /* of the unreadable ones */
};

/*
 * Without a device, what the table contains is not told: who has the table asks it.
 *
 * False with *error set without memory, or when the table is damaged. What cannot be read is counted, and
 * the rest is still told.
 */
bool archive_bindings(const struct catalog *catalog, const struct archive_bindings_question *question,
                      struct archive_bindings_counters *counters, struct error *error);
