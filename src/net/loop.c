/* SPDX-License-Identifier: Apache-2.0 */
#include "net/loop.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum {
    EVENTS_A_TURN = 256, /* what is left over comes first in the next turn: the kernel keeps a queue */
    TIMERS_AT_FIRST = 16,
};

struct loop {
    int epoll_fd;
    int stop_fd;
    atomic_bool is_stopping;
    struct loop_watch stop_watch;
    int64_t now_ns;
    struct loop_timer **heap; /* heap[1] is due first; heap[0] is not used */
    size_t n_set, n_timers, timer_cap;
    struct loop_task tasks; /* the ring's head */
    int n_events, next_event;
    struct epoll_event events[EVENTS_A_TURN];
    uint8_t scratch[LOOP_SCRATCH_BYTES];
};

static int64_t monotonic_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void stop_asked(void *context, uint32_t epoll_events)
{
    struct loop *loop = context;
    uint64_t n;

    (void)epoll_events;
    while (read(loop->stop_fd, &n, sizeof n) > 0)
        continue;
}

struct loop *loop_new(struct error *error)
{
    struct loop *loop = calloc(1, sizeof *loop);

    if (loop == NULL) {
        error_set(error, ERROR_SYSTEM, "no memory for an event loop");
        return NULL;
    }
    loop->tasks.next = loop->tasks.previous = &loop->tasks;
    loop->stop_watch.fd = -1;
    loop->stop_watch.ready = stop_asked;
    loop->stop_watch.context = loop;
    loop->now_ns = monotonic_ns();
    loop->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop->stop_fd < 0 || loop->epoll_fd < 0) {
        error_system(error, "event loop");
        loop_free(loop);
        return NULL;
    }
    if (!loop_watch_add(loop, &loop->stop_watch, loop->stop_fd, error)) {
        loop_free(loop);
        return NULL;
    }
    return loop;
}

void loop_free(struct loop *loop)
{
    if (loop == NULL)
        return;
    assert(loop->n_timers == 0);
    if (loop->stop_fd >= 0)
        close(loop->stop_fd);
    if (loop->epoll_fd >= 0)
        close(loop->epoll_fd);
    free(loop->heap);
    free(loop);
}

int64_t loop_now_ns(const struct loop *loop)
{
    return loop->now_ns;
}

uint8_t *loop_scratch(struct loop *loop)
{
    return loop->scratch;
}

void loop_stop(struct loop *loop)
{
    uint64_t one = 1;

    atomic_store(&loop->is_stopping, true);
    /* It can only fail when the counter is full, and then the loop is awake anyway. */
    if (write(loop->stop_fd, &one, sizeof one) < 0)
        return;
}

bool loop_watch_add(struct loop *loop, struct loop_watch *watch, int fd, struct error *error)
{
    struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = watch };

    if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
        return error_system(error, "cannot watch a socket");
    watch->fd = fd;
    return true;
}

void loop_watch_remove(struct loop *loop, struct loop_watch *watch)
{
    if (watch->fd < 0)
        return;
    epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
    watch->fd = -1;
    for (int i = loop->next_event; i < loop->n_events; i++)
        if (loop->events[i].data.ptr == watch)
            loop->events[i].data.ptr = NULL;
}

static void heap_put(struct loop *loop, size_t place, struct loop_timer *timer)
{
    loop->heap[place] = timer;
    timer->place = place;
}

static void sift_up(struct loop *loop, size_t place)
{
    struct loop_timer *timer = loop->heap[place];

    for (; place > 1 && loop->heap[place / 2]->due_ns > timer->due_ns; place /= 2)
        heap_put(loop, place, loop->heap[place / 2]);
    heap_put(loop, place, timer);
}

static void sift_down(struct loop *loop, size_t place)
{
    struct loop_timer *timer = loop->heap[place];

    while (place * 2 <= loop->n_set) {
        size_t child = place * 2;

        if (child < loop->n_set && loop->heap[child + 1]->due_ns < loop->heap[child]->due_ns)
            child++;
        if (loop->heap[child]->due_ns >= timer->due_ns)
            break;
        heap_put(loop, place, loop->heap[child]);
        place = child;
    }
    heap_put(loop, place, timer);
}

bool loop_timer_add(struct loop *loop, struct loop_timer *timer, struct error *error)
{
    if (loop->n_timers + 1 >= loop->timer_cap) {
        size_t cap = loop->timer_cap ? loop->timer_cap * 2 : TIMERS_AT_FIRST;
        struct loop_timer **heap = realloc(loop->heap, cap * sizeof(struct loop_timer *));

        if (heap == NULL)
            return error_set(error, ERROR_SYSTEM, "no memory for a timer");
        loop->heap = heap;
        loop->timer_cap = cap;
    }
    loop->n_timers++;
    timer->place = 0;
    return true;
}

void loop_timer_remove(struct loop *loop, struct loop_timer *timer)
{
    loop_timer_cancel(loop, timer);
    assert(loop->n_timers > loop->n_set);
    loop->n_timers--;
}

void loop_timer_set(struct loop *loop, struct loop_timer *timer, int64_t due_ns)
{
    if (timer->place == 0) {
        assert(loop->n_set < loop->n_timers);
        timer->due_ns = due_ns;
        heap_put(loop, ++loop->n_set, timer);
        sift_up(loop, timer->place);
    } else if (due_ns < timer->due_ns) {
        timer->due_ns = due_ns;
        sift_up(loop, timer->place);
    } else {
        timer->due_ns = due_ns;
        sift_down(loop, timer->place);
    }
}

void loop_timer_cancel(struct loop *loop, struct loop_timer *timer)
{
    size_t place = timer->place;
    struct loop_timer *last;

    if (place == 0)
        return;
    timer->place = 0;
    last = loop->heap[loop->n_set--];
    if (last == timer)
        return;
    heap_put(loop, place, last);
    sift_up(loop, place);
    sift_down(loop, last->place);
}

void loop_defer(struct loop *loop, struct loop_task *task)
{
    if (task->next)
        return;
    task->next = &loop->tasks;
    task->previous = loop->tasks.previous;
    task->previous->next = task;
    loop->tasks.previous = task;
}

void loop_task_cancel(struct loop_task *task)
{
    if (task->next == NULL)
        return;
    task->next->previous = task->previous;
    task->previous->next = task->next;
    task->next = task->previous = NULL;
}

static void run_tasks(struct loop *loop)
{
    struct loop_task now;

    if (loop->tasks.next == &loop->tasks)
        return;
    /* Taken off as a ring of its own, so that tasks asked for meanwhile wait for the next turn. */
    now.next = loop->tasks.next;
    now.previous = loop->tasks.previous;
    now.next->previous = now.previous->next = &now;
    loop->tasks.next = loop->tasks.previous = &loop->tasks;
    while (now.next != &now) {
        struct loop_task *task = now.next;

        loop_task_cancel(task);
        task->run(task->context);
    }
}

static void run_timers(struct loop *loop)
{
    /* One that a fired timer sets anew for the past waits for the next turn, or sockets would starve. */
    for (size_t n = loop->n_set; n > 0 && loop->n_set > 0 && loop->heap[1]->due_ns <= loop->now_ns; n--) {
        struct loop_timer *timer = loop->heap[1];

        loop_timer_cancel(loop, timer);
        timer->fire(timer->context);
    }
}

/* Rounded up, or the last part of a millisecond would be spent turning. */
static int wait_ms(const struct loop *loop, int64_t wait_ns)
{
    if (loop->tasks.next != &loop->tasks)
        return 0;
    if (loop->n_set > 0) {
        int64_t until_ns = loop->heap[1]->due_ns - monotonic_ns();

        if (until_ns < 0)
            until_ns = 0;
        if (wait_ns < 0 || until_ns < wait_ns)
            wait_ns = until_ns;
    }
    if (wait_ns < 0)
        return -1;
    wait_ns = (wait_ns + 999999) / 1000000;
    return wait_ns > 60000 ? 60000 : (int)wait_ns;
}

bool loop_turn(struct loop *loop, int64_t wait_ns, struct error *error)
{
    int n = epoll_wait(loop->epoll_fd, loop->events, EVENTS_A_TURN, wait_ms(loop, wait_ns));

    if (n < 0 && errno != EINTR)
        return error_system(error, "cannot wait for sockets");
    loop->now_ns = monotonic_ns();
    loop->n_events = n < 0 ? 0 : n;
    for (loop->next_event = 0; loop->next_event < loop->n_events;) {
        const struct epoll_event *event = &loop->events[loop->next_event++];
        struct loop_watch *watch = event->data.ptr;

        if (watch)
            watch->ready(watch->context, event->events);
    }
    loop->n_events = loop->next_event = 0;
    run_timers(loop);
    run_tasks(loop);
    return true;
}

bool loop_run(struct loop *loop, struct error *error)
{
    while (!atomic_load(&loop->is_stopping))
        if (!loop_turn(loop, -1, error))
            return false;
    atomic_store(&loop->is_stopping, false);
    return true;
}
