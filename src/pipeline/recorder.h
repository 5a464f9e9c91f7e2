/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recorder - packets in, an archive out: decapsulates if asked, writes segments, indexes them, rotates, keeps
 * the budget, and goes on when the disk is full. Knows no sources and no threads: who has packets calls it,
 * from one thread.
 */
#pragma once

#include "archive/retain.h"
#include "archive/segment_writer.h"
#include "base/error.h"
#include "device/tracker.h"

struct recorder;
struct tap;

struct recorder_options {
    struct segment_options segment;
    struct retention retention;
    uint64_t rotate_bytes; /* of a segment's file; 0: never by size */
    int64_t rotate_ns;     /* at whole multiples since 1970; 0: never by time */
    int64_t flush_ns;      /* what came is readable after so long; 0: at once */
    bool spares_older;     /* a full disk is no reason to delete: it drops what does not fit */
    bool is_live;          /* the wall clock rotates and flushes too, and data goes to the disk (fdatasync) */
    bool wants_decap;
    struct tap *tap; /* is given each packet, with its number; borrowed; NULL: nobody is */
};

struct recorder_counters {
    uint64_t n_packets, n_bytes; /* written; caplen of those */
    uint64_t n_raw_bytes;        /* pcapng before compression */
    uint64_t n_stored_bytes;     /* segments and indexes, after */
    uint64_t n_open_bytes;       /* in the open segment so far */
    uint64_t n_dropped_disk;     /* no room or an error, and not to be had by deleting the oldest */
    uint64_t n_truncated_mirror; /* inner frames whose length --decap rebuilt */
    uint32_t n_segments;         /* sealed */
    uint32_t n_begun;            /* segments, sealed since or not */
    uint32_t n_deleted;          /* by the budget or for room */
    uint64_t n_deleted_bytes;
    uint64_t n_index_folds; /* conversations kept coarser than they were */
    char segment[256];      /* the open one's file name; "" none */
    char trouble[768];      /* the last fault with the disk that has not passed; "" none */
};

/*
 * Recovers what an earlier run left in the directory, takes up its devices, and is ready. interfaces: the
 * stream's table, borrowed. NULL with *error set.
 */
struct recorder *recorder_open(const struct recorder_options *options, struct interface_table *interfaces,
                               struct error *error);

/* One packet in time order; what is kept gets the node's next number. Faults with the disk are counted, not
 * answered: capture goes on. */
void recorder_packet(struct recorder *recorder, const struct packet *packet);

/* packets[at] of n will be given next: what those behind it need is fetched (indexer_look_ahead). A hint. */
void recorder_look_ahead(struct recorder *recorder, const struct packet *packets, uint32_t n, uint32_t at);

/* Why packets of an interface never arrived, since the recorder was opened; for the statistics in the
 * segments. */
void recorder_drops(struct recorder *recorder, uint32_t interface, const struct interface_drops *drops);

/* Time passes: flush, rotation, retention, another try with the disk. Call at least every flush_ns when live.
 */
void recorder_tick(struct recorder *recorder, int64_t now_ns);

/* Seals the open segment now (a signal asked for it). */
void recorder_rotate(struct recorder *recorder);

/* The same without looking at the budget. False with *error: the segment stays for recovery. */
bool recorder_seal(struct recorder *recorder, struct error *error);

const struct recorder_counters *recorder_counters(struct recorder *recorder);
const struct tracker_counters *recorder_tracker_counters(const struct recorder *recorder);
struct dissect_counters recorder_dissect_counters(const struct recorder *recorder);

/*
 * No packet will follow: seals the last segment, so that the counters are final. False with *error set when
 * something of what was given could not be written.
 */
bool recorder_finish(struct recorder *recorder, struct error *error);

void recorder_close(struct recorder *recorder); /* frees; what was not finished stays for recovery */
