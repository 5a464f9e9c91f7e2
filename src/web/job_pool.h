/* SPDX-License-Identifier: Apache-2.0 */
/*
 * job_pool - the threads behind job.h, and what the loop does with what they write.
 *
 * JOB_WORKERS of them work at a time. One that waits for a slow client does not count, and one that wrote for
 * JOB_SLICE_MS gives way to those who wait: so ten slow downloads, or two long ones, do not keep a page from
 * its rows. Rejected: a queue in front of two threads, which they did.
 *
 * All functions: the loop's thread.
 */
#pragma once

#include "net/loop.h"
#include "web/job.h"

enum {
    JOB_THREADS_LIMIT = 32, /* jobs begun at once, most of them waiting for their clients */
    JOB_SLICE_MS = 50,
    JOB_PIECE_BYTES = 32 * 1024, /* gathered before it is handed to the loop, */
    JOB_PIECE_MS = 50,           /* unless it lay so long */
};

struct job_pool;
struct web_connection;

struct job_pool *job_pool_new(struct loop *loop, struct error *error);

/* Stops what runs, and waits for it. */
void job_pool_free(struct job_pool *pool);

/* NULL when too many wait: context is still the caller's then. web NULL: work without an answer; free_context
 * is told when it is done. */
struct job *job_start(struct job_pool *pool, struct web_connection *web, job_function *run, void *context,
                      void (*free_context)(void *context));

/* The connection has room again. */
void job_pump(struct job *job);

/* The connection is gone: the job is stopped, and freed when it noticed. */
void job_abandon(struct job *job);

struct job_pool_statistics {
    uint64_t n_started, n_done, n_abandoned, n_refused;
    uint32_t n_waiting, n_begun, n_threads;
};
void job_pool_statistics(struct job_pool *pool, struct job_pool_statistics *statistics);
