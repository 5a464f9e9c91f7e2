/* SPDX-License-Identifier: Apache-2.0 */
/*
 * segment_index_encode - what is known of a finished segment, as the bytes of its index, and those into their
 * file. docs/segment-format.md, "The index". Internal to this folder.
 */
#pragma once

#include "archive/segment_index.h"
#include "archive/segment_index_builder.h"
#include "archive/segment_writer.h"
#include "base/buffer.h"

struct segment_description {
    enum codec codec;
    uint64_t segment_bytes;             /* the whole file */
    const struct segment_block *blocks; /* protocols are the builder's to say */
    uint32_t n_blocks;
    const struct interface *interfaces; /* in the section's order */
    uint32_t n_interfaces;
    struct segment_recording recording;
};

/* A row without packets yet. */
static inline struct segment_block segment_block_begin(uint64_t offset, uint64_t first_packet)
{
    return (struct segment_block) {
        .offset = offset, .first_packet = first_packet, .min_ts_ns = INT64_MAX, .max_ts_ns = INT64_MIN
    };
}

static inline void segment_block_count(struct segment_block *row, int64_t ts_ns)
{
    row->n_packets++;
    if (ts_ns < row->min_ts_ns)
        row->min_ts_ns = ts_ns;
    if (ts_ns > row->max_ts_ns)
        row->max_ts_ns = ts_ns;
}

/* file is emptied first. The builder must be sound. */
bool segment_index_encode(const struct segment_description *segment,
                          const struct segment_index_builder *builder, struct buffer *file,
                          struct error *error);

/* XXH3-64 over all of it but the checksum itself; file holds at least INDEX_HEAD_BYTES. */
uint64_t segment_index_checksum(struct bytes file);

/* Writes it whole, synced, under a temporary name, then renames. Does not sync the directory. */
bool segment_index_store(const char *path, struct bytes file, struct error *error);
