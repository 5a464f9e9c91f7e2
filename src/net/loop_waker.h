/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loop_waker - lets other threads have a function called in a loop's thread.
 *
 * Wakes are not counted: ten before the loop came to it are one call. What is to be told lies in a queue of
 * the owner's, which the call empties.
 */
#pragma once

#include <stdatomic.h>

#include "net/loop.h"

struct loop_waker {
    struct loop *loop;
    struct loop_watch watch;
    int fd;
    atomic_bool is_awake;
    void (*woken)(void *context);
    void *context;
};

/* The waker must stay where it is until closed. False, with *error set, when there is no descriptor. */
bool loop_waker_open(struct loop_waker *waker, struct loop *loop, void (*woken)(void *context), void *context,
                     struct error *error);

/* In the loop's thread, when no other thread will wake it any more. */
void loop_waker_close(struct loop_waker *waker);

/* From any thread, and from a signal handler. What was written before the call is seen by woken(). */
void loop_waker_wake(struct loop_waker *waker);
