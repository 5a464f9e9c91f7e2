/* SPDX-License-Identifier: Apache-2.0 */
/*
 * status_file - what a running recorder says of itself: DIR/<node>.status.json, rewritten every second by
 * rename, so that a reader never sees half of it. `tapdeck status` and anything that reads JSON are its
 * readers.
 *
 *   { "node": "box1", "pid": 4711, "started": "2024-08-29T10:00:00.000000000Z", "updated": "…",
 *     "sources": [ { "name": "eth0", "packets": 17, "bytes": 4096, "kernel": 0, "queue": 0, "disk": 0,
 *                    "truncated": 0, "refused": 0 } ],
 *     "packets": 17, "bytes": 4096, "written_bytes": 1234, "disk": 0, "segment": "….pcapng.zst.open",
 *     "trouble": "",
 *     "rates": { "packets_per_second": 17, "bytes_per_second": 4096 },
 *     "budget": { "keep_bytes": 0, "keep_age_ns": 0, "min_free_bytes": 0, "min_free_percent": 0 },
 *     "tap": { "connected": 3, "refused": 0, "stalled": 0, "dropped": 17,
 *              "readers": [ { "name": "unix:/run/tapdeck.tap, process 4712", "packets": 17, "dropped": 17,
 *                             "queued_bytes": 0 } ] } }
 *
 * The tap is missing where no --tap was given. The budget may be missing (an earlier recorder's file); a 0 in
 * it is a bound that was not set.
 *
 * A recorder that ends in order removes its file; one that was killed leaves it, which is how that is known.
 */
#pragma once

#include "archive/retain.h"
#include "base/bytes.h"
#include "base/error.h"

struct json_writer;

enum {
    STATUS_NODE_BYTES = 64,
    STATUS_NAME_BYTES = 128,
    STATUS_SEGMENT_BYTES = 256,
    STATUS_TROUBLE_BYTES = 768,
    STATUS_SOURCES = 64,               /* more are told in the totals only */
    STATUS_READERS = 64,               /* of taps; likewise */
    STATUS_FILE_LIMIT_BYTES = 1 << 20, /* a longer file is none of ours */
};

struct source_status {
    char name[STATUS_NAME_BYTES];
    uint64_t n_packets, n_bytes; /* received */
    uint64_t n_kernel;           /* dropped: the kernel had no room */
    uint64_t n_queue;            /* dropped: our queue had none */
    uint64_t n_disk;             /* dropped: the disk took nothing */
    uint64_t n_truncated;        /* kept, but cut by the mirror or a snaplen */
    uint64_t n_refused;          /* datagrams that were no mirrored frame */
};

struct tap_totals { /* since the start */
    uint64_t n_connected, n_refused, n_stalled, n_dropped;
};

struct reader_status { /* one that reads a tap now */
    char name[STATUS_NAME_BYTES];
    uint64_t n_packets, n_dropped; /* handed to its queue; lost because it was slow */
    uint64_t n_queued_bytes;
};

struct recorder_status {
    char node[STATUS_NODE_BYTES];
    int64_t pid;
    int64_t started_ns, updated_ns;
    struct source_status sources[STATUS_SOURCES];
    uint32_t n_sources;
    uint64_t n_packets, n_bytes; /* received, of all sources */
    uint64_t n_written_bytes;    /* in segments and indexes since the start */
    uint64_t n_disk;             /* dropped: no room on the disk, of packets no longer told apart by source */
    char segment[STATUS_SEGMENT_BYTES];            /* the open one's file name; "" none */
    char trouble[STATUS_TROUBLE_BYTES];            /* a fault with the disk that has not passed; "" none */
    uint64_t packets_per_second, bytes_per_second; /* of the last seconds */
    struct retention budget;
    bool has_tap;
    struct tap_totals tap;
    struct reader_status readers[STATUS_READERS];
    uint32_t n_readers;
};

enum recorder_life {
    RECORDER_ALIVE, /* its file is fresh */
    RECORDER_DEAD,  /* the file is old and its process is gone */
    RECORDER_STUCK, /* the file is old, a process of that number is there */
};

/* Writes DIR/<node>.status.json. Called by the recorder once a second, off the packets' road. */
bool status_file_write(const char *directory, const struct recorder_status *status, struct error *error);

/* The members as they stand in the file, into an object that the caller began and ends. */
void status_put_members(struct json_writer *json, const struct recorder_status *status);

/* At an orderly end; a missing file is fine. */
void status_file_remove(const char *directory, const char *node);

/* ERROR_SYSTEM: no such file; ERROR_DAMAGED: not what is drawn above. *status is set on success only. */
bool status_file_read(const char *path, struct recorder_status *status, struct error *error);
bool status_parse(struct bytes text, struct recorder_status *status, struct error *error);

/* now_ns as timestamp_now(); asks the system for the process. */
enum recorder_life recorder_life(const struct recorder_status *status, int64_t now_ns);
