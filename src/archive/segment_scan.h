/* SPDX-License-Identifier: Apache-2.0 */
/*
 * segment_scan - the blocks of a segment file one behind the other, without any table, also while it is being
 * written and when it ends anywhere. Internal to this folder.
 */
#pragma once

#include "archive/segment_writer.h"
#include "base/bytes.h"

struct segment_scan;

enum scan_result {
    SCAN_BLOCK,   /* a whole one */
    SCAN_PART,    /* all there is so far of an unfinished one; the next calls give more of it, or all of it */
    SCAN_END,     /* nothing new; a later call may find more */
    SCAN_DAMAGED, /* no way on from here; what could be unpacked of the block came before as SCAN_PART */
};

struct scan_block {
    uint64_t offset;
    uint64_t stored_bytes; /* of a whole one */
    struct bytes raw;      /* borrowed until the next call */
};

/* fd and path are borrowed. NULL without memory. */
struct segment_scan *segment_scan_new(int fd, const char *path, enum codec codec);
void segment_scan_free(struct segment_scan *scan);

enum scan_result segment_scan_next(struct segment_scan *scan, struct scan_block *block, struct error *error);
