/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tap_reader - one program that reads a tap: what waits for it, and how much it lost. The tap thread's own;
 * knows sockets, and nothing of how packets got into chunks.
 */
#pragma once

#include "base/buffer.h"
#include "base/error.h"

/* A run of whole pcapng blocks, shared by all readers that still have to be sent it. */
struct tap_chunk {
    struct tap_chunk *next; /* on its way to the thread */
    struct buffer blocks;
    uint32_t n_packets;
    uint32_t n_lost;       /* packets before it that nobody was given, for want of memory */
    uint32_t n_interfaces; /* that must have been described before */
    uint32_t n_owners;
};

/* Room for cap bytes; one owner. NULL without memory. */
struct tap_chunk *tap_chunk_new(size_t cap);
bool tap_chunk_release(struct tap_chunk *chunk); /* true: that was the last owner, it is gone */

enum { TAP_QUEUE_CHUNKS = 4096 };

struct tap_reader {
    int fd; /* -1: free */
    char name[128];
    struct tap_chunk **queue; /* a ring of TAP_QUEUE_CHUNKS */
    uint32_t first, n_queued;
    size_t queued_bytes;
    size_t n_sent;         /* bytes of the first */
    uint32_t n_interfaces; /* described, or about to be */
    uint64_t n_packets;    /* entered into the queue, and not lost since */
    uint64_t n_dropped, n_dropped_told;
    bool is_dropping; /* until half of its queue is free again: one gap, not many */
    bool is_blocked;  /* the socket takes nothing more for now */
    int64_t blocked_since_ns;
};

/* fd is taken, also on failure. */
bool tap_reader_init(struct tap_reader *reader, int fd, const char *name);

/* Closes. Answers the bytes of chunks that had no other owner. */
size_t tap_reader_clear(struct tap_reader *reader);

/* Whether a chunk of so many bytes may be queued, under the bound; else its packets are lost, and counted. */
bool tap_reader_admits(struct tap_reader *reader, const struct tap_chunk *chunk, size_t queue_bytes);

/* Takes a part in it (tap_chunk.n_owners). */
void tap_reader_queue(struct tap_reader *reader, struct tap_chunk *chunk);

/* All that waits is lost, but the chunk that is half sent. Answers the bytes freed. */
size_t tap_reader_shed(struct tap_reader *reader);

/*
 * Sends what the socket takes; *freed_bytes is added to. False: the other end is gone. Progress ends a stall.
 */
bool tap_reader_send(struct tap_reader *reader, int64_t now_ns, size_t *freed_bytes);
