/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loop - waits for sockets and for times, and calls who waits: one thread, one loop.
 *
 * Watches, timers, tasks and wakers are structs inside their owners: nothing is allocated for an event.
 * Sockets are watched edge-triggered, once, for reading and writing: an owner remembers that it may read, and
 * no epoll_ctl is made while it lives. A turn is: sockets, then timers, then tasks; so what many events ask
 * of one connection (a hundred frames to send) can wait for one task at the turn's end.
 *
 * Everything here belongs to the loop's thread, except loop_stop() and loop_waker_wake(). Signals are the
 * caller's. Rejected: libuv and libevent, which are made to be portable, and allocate or copy for that.
 */
#pragma once

#include "base/bytes.h"
#include "base/error.h"

struct loop;

enum { LOOP_SCRATCH_BYTES = 64 * 1024 };

struct loop_watch {
    int fd; /* -1: not watched */
    void (*ready)(void *context, uint32_t epoll_events);
    void *context;
};

struct loop_timer {
    int64_t due_ns; /* CLOCK_MONOTONIC */
    size_t place;   /* in the heap, from 1; 0: not set */
    void (*fire)(void *context);
    void *context;
};

struct loop_task {
    struct loop_task *next, *previous; /* NULL: not waiting */
    void (*run)(void *context);
    void *context;
};

/* NULL, with *error set, when the system has no descriptor or memory for it. */
struct loop *loop_new(struct error *error);

/* All watches, timers and wakers must have been removed. */
void loop_free(struct loop *loop);

/* Turns until loop_stop(). False, with *error set, when waiting itself fails. */
bool loop_run(struct loop *loop, struct error *error);

/* One turn, which waits at most wait_ns (negative: for ever). False, with *error set, when waiting fails. */
bool loop_turn(struct loop *loop, int64_t wait_ns, struct error *error);

/* Ends loop_run() after the turn under way. From any thread, and from a signal handler. */
void loop_stop(struct loop *loop);

/* CLOCK_MONOTONIC when this turn's events were fetched, in nanoseconds. */
int64_t loop_now_ns(const struct loop *loop);

/* LOOP_SCRATCH_BYTES to read into: whose they are ends with the callback they were asked for in. */
uint8_t *loop_scratch(struct loop *loop);

/*
 * Watches fd for EPOLLIN, EPOLLOUT and EPOLLRDHUP, edge-triggered, until removed; ready gets the bits
 * (EPOLLERR and EPOLLHUP too). The watch, and the descriptor, stay the caller's. False, with *error set, when
 * refused.
 */
bool loop_watch_add(struct loop *loop, struct loop_watch *watch, int fd, struct error *error);

/* Nothing more is told of it, not even what was fetched already. Does not close fd. Fine when not watched. */
void loop_watch_remove(struct loop *loop, struct loop_watch *watch);

/* Makes room for it, so that setting it later cannot fail; fire and context are set by the caller before. */
bool loop_timer_add(struct loop *loop, struct loop_timer *timer, struct error *error);
void loop_timer_remove(struct loop *loop, struct loop_timer *timer);

/* Fires once, in the first turn at or after due_ns; set again, it moves. */
void loop_timer_set(struct loop *loop, struct loop_timer *timer, int64_t due_ns);
void loop_timer_cancel(struct loop *loop, struct loop_timer *timer);

/* Runs once at the end of this turn; when asked for by a task, at the end of the next one, which does not
 * wait. */
void loop_defer(struct loop *loop, struct loop_task *task);
void loop_task_cancel(struct loop_task *task);
