/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output_queue - what waits to be sent on one connection: references to shared bytes, in order, under a
 * ceiling.
 *
 * Nothing is copied. Each entry is charged with its length and its place, so that many small frames are
 * bounded too. What does not fit is not taken: whose frames they are decides what to drop, and counts it.
 */
#pragma once

#include <sys/uio.h>

#include "net/shared_bytes.h"

enum {
    OUTPUT_QUEUE_ENTRY_BYTES = 16, /* charged for each entry beside its length */
    OUTPUT_QUEUE_IOVECS = 16,      /* at most in one sendmsg; what that gains: bench/README.md */
};

struct output_entry;

struct output_queue {
    struct output_entry *entries; /* a ring of cap (a power of two) from first */
    uint32_t cap, first, n_entries;
    size_t sent_bytes; /* of the first entry */
    size_t n_bytes;    /* left to send, of all */
    size_t limit_bytes;
};

enum output_kind {
    OUTPUT_KEPT,      /* answers, control frames: never dropped once taken */
    OUTPUT_DROPPABLE, /* live data: output_queue_drop() may take it back */
};

void output_queue_init(struct output_queue *queue, size_t limit_bytes);
void output_queue_clear(struct output_queue *queue); /* lets go of all */

/* Takes a reference of its own. False when it would pass the ceiling, or no memory: nothing was taken then.
 */
bool output_queue_put(struct output_queue *queue, struct shared_bytes *bytes, enum output_kind kind);

/* What is counted against the ceiling, in bytes. */
size_t output_queue_charge(const struct output_queue *queue);

/* Fills at most cap pieces from the front; answers how many. They are valid until the queue is changed. */
int output_queue_pieces(const struct output_queue *queue, struct iovec *pieces, int cap);

/* len bytes from the front were sent; lets go of what is through. */
void output_queue_sent(struct output_queue *queue, size_t len);

/*
 * Takes droppable entries back, oldest first, that begin at or after the first n_begun_bytes left to send and
 * were not begun: a frame is sent whole or not at all. Answers how many, and adds their bytes to *n_bytes.
 */
size_t output_queue_drop(struct output_queue *queue, size_t n_begun_bytes, size_t *n_bytes);
