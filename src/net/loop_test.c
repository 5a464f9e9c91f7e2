/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/loop.h"
#include "net/loop_waker.h"

static struct loop *new_loop(void)
{
    struct error error;
    struct loop *loop = loop_new(&error);

    assert_non_null(loop);
    return loop;
}

static void turn(struct loop *loop, int64_t wait_ns)
{
    struct error error;

    assert_true(loop_turn(loop, wait_ns, &error));
}

enum { TIMERS = 500 };

struct fired {
    struct loop_timer timer;
    int64_t *last_ns;
    unsigned *n;
};

static void note_fired(void *context)
{
    struct fired *fired = context;

    assert_true(fired->timer.due_ns >= *fired->last_ns);
    *fired->last_ns = fired->timer.due_ns;
    (*fired->n)++;
}

static void timers_fire_in_order_and_cancelled_ones_do_not(void **state)
{
    static struct fired timers[TIMERS];
    struct loop *loop = new_loop();
    int64_t last_ns = 0, begin_ns = loop_now_ns(loop);
    unsigned n = 0, n_expected = 0;
    struct error error;

    (void)state;
    srand(7);
    for (int i = 0; i < TIMERS; i++) {
        timers[i] = (struct fired) { { .fire = note_fired, .context = &timers[i] }, &last_ns, &n };
        assert_true(loop_timer_add(loop, &timers[i].timer, &error));
        loop_timer_set(loop, &timers[i].timer, begin_ns + rand() % 5000000);
    }
    for (int i = 0; i < TIMERS; i += 2)
        loop_timer_set(loop, &timers[i].timer, begin_ns + rand() % 5000000);
    for (int i = 0; i < TIMERS; i += 3)
        loop_timer_cancel(loop, &timers[i].timer);
    for (int i = 0; i < TIMERS; i++)
        n_expected += timers[i].timer.place != 0;
    assert_int_equal(n_expected, TIMERS - (TIMERS + 2) / 3);
    while (loop_now_ns(loop) < begin_ns + 6000000)
        turn(loop, 2000000);
    assert_int_equal(n, n_expected);
    for (int i = 0; i < TIMERS; i++)
        loop_timer_remove(loop, &timers[i].timer);
    loop_free(loop);
}

struct pair {
    struct loop *loop;
    struct loop_watch watches[2];
    int n_told;
};

static void told(void *context, uint32_t epoll_events)
{
    struct pair *pair = context;

    (void)epoll_events;
    pair->n_told++;
    loop_watch_remove(pair->loop, &pair->watches[0]);
    loop_watch_remove(pair->loop, &pair->watches[1]);
}

static void a_watch_removed_in_the_same_turn_is_not_told(void **state)
{
    struct pair pair = { .loop = new_loop() };
    struct error error;
    int fds[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    for (int i = 0; i < 2; i++) {
        pair.watches[i] = (struct loop_watch) { .fd = -1, .ready = told, .context = &pair };
        assert_true(loop_watch_add(pair.loop, &pair.watches[i], fds[i], &error));
    }
    turn(pair.loop, 0);
    turn(pair.loop, 0);
    assert_int_equal(pair.n_told, 1);
    close(fds[0]);
    close(fds[1]);
    loop_free(pair.loop);
}

struct chain {
    struct loop *loop;
    struct loop_task task, other;
    int n_runs;
};

static void run_chain(void *context)
{
    struct chain *chain = context;

    if (++chain->n_runs == 1) {
        loop_task_cancel(&chain->other);
        loop_defer(chain->loop, &chain->task);
        loop_defer(chain->loop, &chain->task);
    }
}

static void run_never(void *context)
{
    (void)context;
    fail();
}

static void a_task_runs_once_and_one_asked_for_by_a_task_in_the_next_turn(void **state)
{
    struct chain chain = { .loop = new_loop() };

    (void)state;
    chain.task = (struct loop_task) { .run = run_chain, .context = &chain };
    chain.other = (struct loop_task) { .run = run_never };
    loop_defer(chain.loop, &chain.task);
    loop_defer(chain.loop, &chain.other);
    turn(chain.loop, -1); /* does not wait while a task does */
    assert_int_equal(chain.n_runs, 1);
    turn(chain.loop, -1);
    assert_int_equal(chain.n_runs, 2);
    loop_free(chain.loop);
}

struct woken {
    struct loop *loop;
    struct loop_waker waker;
    atomic_int n_queued;
    int n_seen;
};

enum { WAKES = 20000, THREADS = 3 };

static void take_all(void *context)
{
    struct woken *woken = context;

    woken->n_seen += atomic_exchange(&woken->n_queued, 0);
    if (woken->n_seen == WAKES * THREADS)
        loop_stop(woken->loop);
}

static void *wake_often(void *context)
{
    struct woken *woken = context;

    for (int i = 0; i < WAKES; i++) {
        atomic_fetch_add(&woken->n_queued, 1);
        loop_waker_wake(&woken->waker);
    }
    return NULL;
}

static void no_wake_of_another_thread_is_lost(void **state)
{
    struct woken woken = { .loop = new_loop() };
    pthread_t threads[THREADS];
    struct error error;

    (void)state;
    assert_true(loop_waker_open(&woken.waker, woken.loop, take_all, &woken, &error));
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, wake_often, &woken), 0);
    assert_true(loop_run(woken.loop, &error));
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(woken.n_seen, WAKES * THREADS);
    loop_waker_close(&woken.waker);
    loop_free(woken.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timers_fire_in_order_and_cancelled_ones_do_not),
        cmocka_unit_test(a_watch_removed_in_the_same_turn_is_not_told),
        cmocka_unit_test(a_task_runs_once_and_one_asked_for_by_a_task_in_the_next_turn),
        cmocka_unit_test(no_wake_of_another_thread_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
