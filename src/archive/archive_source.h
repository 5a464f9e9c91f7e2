/* SPDX-License-Identifier: Apache-2.0 */
/*
 * archive_source - an archive as a source of packets: those of the blocks that a hint does not rule out, in
 * time order. Packets that do not answer the question come along; the caller looks at each.
 */
#pragma once

#include "archive/catalog.h"
#include "filter/hint.h"
#include "source/source.h"

struct archive_counters {
    uint32_t n_segments, n_segments_read;
    uint64_t n_blocks, n_blocks_read;
    uint64_t n_blocks_before; /* chosen for what came before alone; known when it is open */
    uint64_t n_damaged;       /* blocks or segments that could not be read; find says so and exits 2 */
    char first_damage[512];
};

/*
 * catalog and hint are borrowed for the source's life. Segments that overlap in time are merged;
 * packet->number counts over the segments in catalog order. Open segments are read to their end as it is now.
 */
struct source *archive_source_open(const struct catalog *catalog, const struct hint *hint,
                                   struct interface_table *interfaces, struct error *error);

/*
 * The same, and with it what came before of the conversations that may answer: past (NULL: nothing) is the
 * hint as it is true of those packets (hint_of_past). Which conversations they are is told by the indexes; a
 * segment without one may hold any.
 */
struct source *archive_source_open_with_past(const struct catalog *catalog, const struct hint *hint,
                                             const struct hint *past, struct interface_table *interfaces,
                                             struct error *error);

const struct archive_counters *archive_source_counters(const struct source *source);
