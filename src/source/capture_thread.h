/* SPDX-License-Identifier: Apache-2.0 */
/*
 * capture_thread - one thread for each source, which does nothing but read it; their batches come out of one
 * place. Capture never waits for what is done with the packets:
 *
 * - A live source that copies (a socket) is read on when the queue is full, and what has no place is dropped
 *   and counted as n_dropped_queue.
 * - A live source that lends (a ring) is itself the queue: its packets stay in the ring, uncopied, until
 * their batch is released; what the ring has no room for the kernel counts as n_dropped_kernel.
 * - A file waits: its packets live until the next are asked for, so that it is read on only when their batch
 *   has been released.
 *
 * A trickle of packets does not use up the batches: while nobody takes them, they are put together. The
 * threads never touch the stream's interface table: what they meet comes with the batch and is entered, and
 * the packets renumbered, by the thread that asks for the next one.
 *
 *   group = capture_group_new(&options, &interfaces, &error);
 *   capture_group_add(group, afpacket_open(..., &interfaces, &error), &error);
 *   drop privileges
 *   capture_group_start(group, &error);
 *   while ((result = capture_group_next(group, 200, &captured, &error)) != CAPTURE_END)
 *       if (result == CAPTURE_PACKETS) {
 *           ... captured.batch ...
 *           capture_group_release(group, &captured);
 *       }
 *   capture_group_close(group);
 */
#pragma once

#include "source/source.h"

struct capture_options {
    size_t memory_bytes; /* of all batches together, rings not counted; 0: 64 MiB */
};

struct capture_group;

struct captured {
    struct batch *batch;   /* packet.number is 0: the stream's counting is the caller's */
    uint32_t source;       /* from 0, in the order they were added */
    struct queued *queued; /* for the release */
};

enum capture_result {
    CAPTURE_PACKETS,      /* captured->batch, the caller's until capture_group_release */
    CAPTURE_IDLE,         /* nothing within the timeout */
    CAPTURE_SOURCE_END,   /* captured->source has no more; said once */
    CAPTURE_SOURCE_FAULT, /* captured->source ended by *error; said once, behind its last packets */
    CAPTURE_END,          /* of all sources it has been said */
};

/* interfaces is the stream's table, borrowed, and the one the sources were opened with. */
struct capture_group *capture_group_new(const struct capture_options *options,
                                        struct interface_table *interfaces, struct error *error);

/*
 * Takes the source, also at a fault. Not one of merge_open, whose parts would enter interfaces into the
 * stream's table from the thread: read that one directly. NULL answers false and leaves *error as it is.
 * Before the start.
 */
bool capture_group_add(struct capture_group *group, struct source *source, struct error *error);

/* From here on the sources are read, with all signals blocked. */
bool capture_group_start(struct capture_group *group, struct error *error);

/* One thread at a time; several batches may be held at once. */
enum capture_result capture_group_next(struct capture_group *group, int timeout_ms, struct captured *captured,
                                       struct error *error);
void capture_group_release(struct capture_group *group, struct captured *captured); /* any thread */

/*
 * Asks all sources to end: what came before this moment is still delivered, then CAPTURE_END. Call next until
 * then. Any thread, not a signal handler.
 */
void capture_group_stop(struct capture_group *group);

uint32_t capture_group_sources(const struct capture_group *group);
const char *capture_group_name(const struct capture_group *group, uint32_t source);
const char *capture_group_notice(const struct capture_group *group, uint32_t source); /* "" none */

/* Of one source, or with UINT32_MAX the sum. A glance: a moment old. Any thread. */
struct source_stats capture_group_stats(const struct capture_group *group, uint32_t source);

/* Stops at once, what is queued is lost; the sources are closed. NULL is fine. */
void capture_group_close(struct capture_group *group);
