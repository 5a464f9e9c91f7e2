/* SPDX-License-Identifier: Apache-2.0 */
/*
 * segment_account - what one segment says of its time and losses, at the price of one short read: of the head
 * of its index, or, of an open segment, of its first block.
 *
 * The index's own checksum, which is over all of it, is not asked: summary and recording have one together.
 */
#pragma once

#include "archive/catalog.h"
#include "archive/segment_recording.h"

struct segment_account {
    const char *node; /* borrowed from the catalog */
    uint32_t serial;
    bool is_open;
    bool is_known; /* else only the time in its name is: there is no index, or not one that can be used */
    int64_t named_ts_ns;
    int64_t written_ns;           /* modification time of the file */
    int64_t min_ts_ns, max_ts_ns; /* of its packets; min > max: not known */
    uint64_t n_packets, raw_bytes;
    uint64_t n_bindings_cut; /* of devices, left out of the index for want of room */
    struct segment_recording recording;
};

void segment_account_read(const struct catalog_entry *entry, struct segment_account *account);

/* What the name says, and nothing else yet. */
struct segment_account segment_account_begin(const struct catalog_entry *entry);

/* What an index's two sections say; recording may be empty. False when they do not tell. */
bool segment_account_take(struct bytes summary, struct bytes recording, uint64_t segment_bytes,
                          struct segment_account *account);

/* The same of an index's first bytes: for tests and fuzzing. False when they do not tell. */
bool segment_account_parse(struct bytes head, uint64_t segment_bytes, struct segment_account *account);
