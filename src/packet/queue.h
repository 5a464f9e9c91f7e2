/* SPDX-License-Identifier: Apache-2.0 */
/*
 * queue - hands whole batches from some threads that fill them to those that use them.
 *
 * Each producer brings its own batches, made once: they go round, full on the queue, then in use, then empty
 * again. So memory is bounded by what was made, a producer cannot take another's room, and full batches of
 * all come out in the order they went in. One lock round hands over a full batch and gets an empty one.
 */
#pragma once

#include "base/error.h"
#include "packet/batch.h"
#include "packet/interface.h"

struct queue;

/* A batch that goes round. */
struct queued {
    struct batch batch;
    struct interface *interfaces; /* first met in this batch; malloc'd, who takes the batch frees them */
    uint32_t n_interfaces;
    uint32_t producer;   /* from 0, in the order they were added */
    struct queued *next; /* the queue's own */
};

enum queue_result {
    QUEUE_BATCH,    /* *queued is the caller's until queue_give_back */
    QUEUE_IDLE,     /* nothing within the timeout */
    QUEUE_CLOSED,   /* *producer will bring no more; said once for each, behind its last batch */
    QUEUE_FINISHED, /* all have been said to be closed */
};

struct queue *queue_new(struct error *error);
void queue_free(struct queue *queue); /* every batch too, wherever it is; no thread may use them any more */

/* Before the first hand-over. n_batches of BATCH_PACKETS and cap_bytes each; a producer with one batch waits
 * for it to come back before it fills it again. */
bool queue_add_producer(struct queue *queue, uint32_t n_batches, size_t cap_bytes, struct error *error);

/* The producer's side. */

/* Waits up to timeout_ms for one; NULL: none at hand. */
struct queued *queue_take_empty(struct queue *queue, uint32_t producer, int timeout_ms);

/*
 * Hands over the full one and answers an empty one; waits up to timeout_ms for that, and if there is none,
 * NULL: then full remains the caller's.
 */
struct queued *queue_exchange(struct queue *queue, struct queued *full, int timeout_ms);

/*
 * Takes back the newest batch of the producer, if nobody has taken it and it has room for so many more
 * packets and bytes; else NULL. Handed over again it comes behind what others have brought since.
 */
struct queued *queue_take_back(struct queue *queue, uint32_t producer, uint32_t n_packets, size_t n_bytes);

void queue_put(struct queue *queue, struct queued *full); /* without an empty one in return */
void queue_close(struct queue *queue, uint32_t producer); /* it will bring no more */

/* The consumer's side; several threads may. */

enum queue_result queue_take(struct queue *queue, int timeout_ms, struct queued **queued, uint32_t *producer);
void queue_give_back(struct queue *queue, struct queued *queued); /* emptied, to its producer */
