/* SPDX-License-Identifier: Apache-2.0 */
/*
 * digest_record - what a digest says of one segment: made from its index, read with every offset checked, and
 * held against a question. docs/segment-format.md, "The digest". Internal to this folder.
 */
#pragma once

#include "archive/segment_index_map.h"
#include "base/buffer.h"

#define DIGEST_MAGIC "\x89TDD\r\n\x1a\n"
#define DIGEST_RECORD_MAGIC UINT32_C(0x52444454) /* "TDDR" */

enum {
    DIGEST_VERSION = 1,
    DIGEST_HEAD_BYTES = 32,
    DIGEST_RECORD_HEAD_BYTES = 96,
    DIGEST_RECORD_LIMIT_BYTES = 64 * 1024 * 1024, /* a longer one is not believed, and none is written */
    DIGEST_LINE_BYTES = 64,
    DIGEST_LINE_BITS = 480,
    DIGEST_LINE_KEYS = 40, /* 12 bits each: 1 in 200 others passes */
    DIGEST_PORT_BITMAP_BYTES = 8192,
};

enum { DIGEST_ANY_ADDRESS = 1, DIGEST_ANY_PORT = 2, DIGEST_ANY_IDENTITY = 4 };

enum digest_key { /* kinds; added to the seed */
                  DIGEST_IDENTITY = 1,
                  DIGEST_IPV4_32,
                  DIGEST_IPV4_24,
                  DIGEST_IPV4_16,
                  DIGEST_IPV6_128,
                  DIGEST_IPV6_64,
                  DIGEST_IPV6_48,
};

struct digest_record {
    uint64_t segment_bytes, index_bytes;
    int64_t index_changed_ns;
    uint64_t n_packets, protocols;
    int64_t min_ts_ns, max_ts_ns;
    uint32_t n_blocks, flags, n_lines;
    struct bytes stem;
    struct bytes summary, recording; /* the index's sections; empty in a record that lacks them */
    struct bytes ports;
    uint64_t ports_checksum;
    struct bytes lines;
};

/* Appends the record; false (buffer->is_full) without memory. index is of the entry's segment. */
bool digest_record_put(struct buffer *buffer, uint64_t seed, const char *stem, uint64_t index_bytes,
                       int64_t index_changed_ns, const struct segment_index *index);

/* The record at the start of bytes, borrowed. Its head's checksum is right; that of its parts is not looked
 * at. */
bool digest_record_read(struct bytes bytes, uint64_t seed, struct digest_record *record, size_t *len);

bool digest_record_may_match(const struct digest_record *record, uint64_t seed, const struct hint *hint);
