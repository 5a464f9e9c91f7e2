/* SPDX-License-Identifier: Apache-2.0 */
/*
 * segment_recording - from when to when a segment's recorder listened, how it ended, and what it lost: apart
 * from its packets, for a time without packets may be a quiet one or one that nobody watched.
 *
 * Stands in the segment in words (section header, statistics blocks), so that an index can be made anew, and
 * in the index in numbers. docs/segment-format.md, "What the recording covered".
 */
#pragma once

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/timestamp.h"

enum recording_kind {
    RECORDING_UNTOLD,   /* nothing but the packets' times is known */
    RECORDING_LIVE,     /* whatever came between since and until is here, or among the drops */
    RECORDING_IMPORTED, /* of capture files: what they lacked nobody knows */
};

enum recording_end {
    RECORDING_CUT,     /* the recorder was killed */
    RECORDING_GOES_ON, /* in the same recorder's next segment */
    RECORDING_STOPPED, /* in order */
};

struct segment_recording {
    enum recording_kind kind;
    enum recording_end end;
    bool has_statistics; /* else the drops are not known */
    int64_t since_ns, until_ns;
    uint64_t n_received; /* delivered by the sources, kept or not */
    uint64_t n_kernel, n_queue, n_disk, n_truncated_mirror;
    uint64_t n_cut;        /* packets that are shorter than they were on the wire, for whatever reason */
    uint64_t first_number; /* of its first packet, among all that its node recorded; 0: not told */
};

enum { RECORDING_COMMENT_BYTES = 256 };

/* What came so shortly before the last sign of life of an open segment may have been on its way. */
#define RECORDING_IN_FLIGHT_NS NS_PER_SECOND

/* The section header's comment; "" of an untold one. */
const char *recording_section_comment(const struct segment_recording *recording,
                                      char text[static RECORDING_COMMENT_BYTES]);

/* A statistics block's comment: this interface's drops, and how the recording ended. */
const char *recording_statistics_comment(const struct segment_recording *recording,
                                         char text[static RECORDING_COMMENT_BYTES]);

/*
 * Adds what the section header and the statistics among whole pcapng blocks of a segment say. Blocks are
 * given once each, in any pieces; what is not understood is left out. n_cut is not told there.
 */
void recording_take_blocks(struct segment_recording *recording, struct bytes blocks);

/* The index's section over its summary section's bytes, and back; false when the checksum is wrong. */
bool recording_put(struct buffer *file, const struct segment_recording *recording, struct bytes summary);
bool recording_read(struct bytes section, struct bytes summary, struct segment_recording *recording);
