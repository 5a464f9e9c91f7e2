/* SPDX-License-Identifier: Apache-2.0 */
/*
 * job - work that takes files or time (rows from the archive, a timeline, an export), done in one of a few
 * worker threads, its answer sent as it comes.
 *
 * The worker writes, and waits when the client is slow: at most JOB_AHEAD_BYTES lie ready. When the client
 * leaves or the time is over, job_write says so, and job_is_stopped turns true: the worker ends. A worker
 * never touches the loop, the site's tables or another job.
 */
#pragma once

#include <stdatomic.h>

#include "base/bytes.h"
#include "base/error.h"

enum {
    JOB_WORKERS = 2,
    JOB_WAITING_LIMIT = 256,
    JOB_AHEAD_BYTES = 256 * 1024,
};

struct job;

typedef void job_function(struct job *job, void *context);

/* The answer's head, once, before the first write; without it the first write makes it 200. length_bytes
 * UINT64_MAX: not known (chunked). content_type NULL: there is no body. file_name: for a download; NULL:
 * none. */
void job_begin(struct job *job, unsigned status, const char *content_type, uint64_t length_bytes,
               const char *file_name);

/* One more header, before job_begin. */
void job_header(struct job *job, const char *name, const char *value);

/* False: the client is gone; end. Copies. */
bool job_write(struct job *job, struct bytes bytes);

/* As exchange_problem, instead of job_begin; behind it, the answer is cut off, so that nobody takes it for
 * whole. */
__attribute__((format(printf, 4, 5))) void job_problem(struct job *job, unsigned status, const char *code,
                                                       const char *format, ...);

/* For loops of the worker's, and to hand to what takes such a flag. */
const atomic_bool *job_stop(const struct job *job);
bool job_is_stopped(const struct job *job);
