/* SPDX-License-Identifier: Apache-2.0 */
#include "net/loop_waker.h"

#include <sys/eventfd.h>
#include <unistd.h>

static void waker_ready(void *context, uint32_t epoll_events)
{
    struct loop_waker *waker = context;
    uint64_t n;

    (void)epoll_events;
    if (read(waker->fd, &n, sizeof n) < 0)
        return; /* the edge for writing that every descriptor begins with */
    /* Before the call: who adds something after it has looked must wake it again. */
    atomic_store(&waker->is_awake, false);
    waker->woken(waker->context);
}

bool loop_waker_open(struct loop_waker *waker, struct loop *loop, void (*woken)(void *context), void *context,
                     struct error *error)
{
    *waker = (struct loop_waker) { .loop = loop, .woken = woken, .context = context };
    waker->watch = (struct loop_watch) { .fd = -1, .ready = waker_ready, .context = waker };
    waker->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (waker->fd < 0)
        return error_system(error, "cannot make a wake-up");
    if (!loop_watch_add(loop, &waker->watch, waker->fd, error)) {
        close(waker->fd);
        waker->fd = -1;
        return false;
    }
    return true;
}

void loop_waker_close(struct loop_waker *waker)
{
    loop_watch_remove(waker->loop, &waker->watch);
    if (waker->fd >= 0)
        close(waker->fd);
    waker->fd = -1;
}

void loop_waker_wake(struct loop_waker *waker)
{
    uint64_t one = 1;

    if (atomic_exchange(&waker->is_awake, true))
        return;
    /* It can only fail when the counter is full, and then the loop is awake anyway. */
    if (write(waker->fd, &one, sizeof one) < 0)
        return;
}
