/* SPDX-License-Identifier: Apache-2.0 */
/*
 * segment_writer - writes one segment: packets in, a pcapng section in independently compressed blocks out,
 * beside it an index when it is sealed. docs/segment-format.md is the format. One thread; segment_writer_sync
 * from another.
 *
 * Knows nothing of protocols: which terms go into the index is told by its caller through the index builder.
 */
#pragma once

#include "base/error.h"
#include "packet/interface.h"
#include "packet/packet.h"
#include "archive/segment_index_builder.h"
#include "archive/segment_recording.h"

enum codec { CODEC_NONE, CODEC_ZSTD, CODEC_GZIP };

struct segment_options {
    const char *directory;
    const char *node; /* in the file's name; letters, digits, '-' , '_', '.' */
    enum codec codec;
    int level;            /* of the codec; 0: its default (block_codec.c) */
    uint32_t block_bytes; /* of pcapng in one block; 0: SEGMENT_BLOCK_BYTES */
    enum recording_kind recording;
    int64_t recording_since_ns; /* unless untold: the end of the segment before, in the same run */
    uint64_t first_number;      /* of its first packet (archive/packet_numbers.h); 0: not numbered */
};

/* Why packets of an interface are missing, since the segment began: its Interface Statistics Block. */
struct interface_drops {
    uint64_t n_received; /* delivered by the source, kept or not */
    uint64_t n_kernel, n_queue, n_disk, n_truncated_mirror;
};

struct segment_writer;

/*
 * Creates "<time>-<node>-<n>.pcapng[.zst|.gz].open" (first_ts_ns names it) under an exclusive flock, and
 * writes the section header. interfaces: the stream's table, borrowed for the writer's life; an interface is
 * described in the segment before its first packet, whenever that comes. NULL with *error set.
 */
struct segment_writer *segment_writer_open(const struct segment_options *options, int64_t first_ts_ns,
                                           const struct interface_table *interfaces, struct error *error);

/* The block that the next packet of this size will lie in: for the index builder. */
uint32_t segment_writer_block(struct segment_writer *writer, const struct packet *packet);

/*
 * Appends. False with ERROR_NO_SPACE or ERROR_SYSTEM: nothing of the packet was kept, earlier ones are safe,
 * and the call may be tried again.
 */
bool segment_writer_add(struct segment_writer *writer, const struct packet *packet, struct error *error);

/* Hands everything added so far to the kernel, so that readers and a kill -9 find it. Errors as above. */
bool segment_writer_flush(struct segment_writer *writer, struct error *error);

/* fdatasync of what was flushed; may be called from another thread while this one adds. */
bool segment_writer_sync(struct segment_writer *writer, struct error *error);

/*
 * Nothing is left to flush: the open file's modification time, which is when something was last written, is
 * made the present, so that who finds it later knows that nothing came until now.
 */
void segment_writer_touch(struct segment_writer *writer);

uint64_t segment_writer_bytes(const struct segment_writer *writer);     /* in the file, compressed */
uint64_t segment_writer_raw_bytes(const struct segment_writer *writer); /* pcapng bytes before compression */
const char *segment_writer_name(const struct segment_writer *writer);   /* its file, without the directory */

/* Of a recording that was told of at the opening: when and how it ends. Right before the seal. */
void segment_writer_recorded(struct segment_writer *writer, int64_t until_ns, enum recording_end end);

/* The latest of its packets; INT64_MIN when it has none. */
int64_t segment_writer_max_ts(const struct segment_writer *writer);

/*
 * Ends the section (statistics blocks from drops[interface]), writes seek table and index, syncs, renames to
 * the sealed names. The builder (may be NULL: no index, it can be rebuilt) is only read. Frees the writer in
 * every case; on a fault the ".open" stays for recovery. *stored_bytes (may be NULL): of segment and index on
 * the disk, unless there is a fault.
 */
bool segment_writer_seal(struct segment_writer *writer, const struct segment_index_builder *builder,
                         const struct interface_drops *drops, uint32_t n_drops, uint64_t *stored_bytes,
                         struct error *error);
