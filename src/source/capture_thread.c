/* SPDX-License-Identifier: Apache-2.0 */
#include "source/capture_thread.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/timestamp.h"
#include "packet/queue.h"

enum {
    MEMORY_BYTES_DEFAULT = 64 << 20,
    TURN_MS = 100, /* a thread looks whether it shall stop this often */
    SOURCE_LIMIT = 64,
    MERGE_PACKETS =
        BATCH_PACKETS / 4, /* a batch with fewer joins the one before, if that was not taken yet */
    MERGE_BYTES = BATCH_BYTES / 4,
};

enum { CAPTURE_RUNNING, CAPTURE_STOPPING, CAPTURE_ABANDONED };

/* source_stats as the thread has last told it. */
struct told_stats {
    atomic_uint_least64_t n_packets, n_bytes, n_dropped_kernel, n_dropped_queue, n_truncated_mirror,
        n_refused;
};

struct capture_thread {
    struct capture_group *group;
    struct source *source;
    uint32_t number;
    pthread_t thread;
    bool is_started;
    struct interface_table interfaces; /* the thread's own: begins as the stream's at the start */
    uint32_t n_told_interfaces;
    struct told_stats told;
    bool is_faulty; /* with error: written before the queue is closed, read after */
    struct error error;

    /* the consumer's: the stream's number of each interface the thread has met since the start */
    uint32_t *numbers;
    uint32_t n_numbers;
    bool is_renumbered; /* some differ from the thread's own */
    atomic_bool
        is_given_up; /* its interfaces could not be entered: what it still brings cannot be told apart */
};

struct capture_group {
    struct interface_table *interfaces;
    size_t memory_bytes;
    struct queue *queue;
    struct capture_thread *threads[SOURCE_LIMIT];
    uint32_t n_threads;
    uint32_t n_first_interfaces; /* in the stream's table at the start */
    atomic_int state;
    atomic_int_least64_t stop_ns;
};

struct capture_group *capture_group_new(const struct capture_options *options,
                                        struct interface_table *interfaces, struct error *error)
{
    struct capture_group *group = calloc(1, sizeof *group);

    if (group == NULL) {
        error_system(error, "capture");
        return NULL;
    }
    group->interfaces = interfaces;
    group->memory_bytes =
        options && options->memory_bytes ? options->memory_bytes : (size_t)MEMORY_BYTES_DEFAULT;
    group->queue = queue_new(error);
    if (group->queue == NULL) {
        free(group);
        return NULL;
    }
    return group;
}

bool capture_group_add(struct capture_group *group, struct source *source, struct error *error)
{
    struct capture_thread *thread;

    if (source == NULL)
        return false;
    thread = group->n_threads < SOURCE_LIMIT ? calloc(1, sizeof *thread) : NULL;
    if (thread == NULL) {
        if (group->n_threads == SOURCE_LIMIT)
            error_set(error, ERROR_LIMIT, "capture: more than %d sources", SOURCE_LIMIT);
        else
            error_system(error, "capture");
        source_close(source);
        return false;
    }
    thread->group = group;
    thread->source = source;
    thread->number = group->n_threads;
    group->threads[group->n_threads++] = thread;
    return true;
}

static void tell_stats(struct capture_thread *thread)
{
    const struct source_stats *stats = &thread->source->stats;
    struct told_stats *told = &thread->told;

    atomic_store_explicit(&told->n_packets, stats->n_packets, memory_order_relaxed);
    atomic_store_explicit(&told->n_bytes, stats->n_bytes, memory_order_relaxed);
    atomic_store_explicit(&told->n_dropped_kernel, stats->n_dropped_kernel, memory_order_relaxed);
    atomic_store_explicit(&told->n_dropped_queue, stats->n_dropped_queue, memory_order_relaxed);
    atomic_store_explicit(&told->n_truncated_mirror, stats->n_truncated_mirror, memory_order_relaxed);
    atomic_store_explicit(&told->n_refused, stats->n_refused, memory_order_relaxed);
}

static int state_of(const struct capture_group *group)
{
    return atomic_load_explicit(&group->state, memory_order_acquire);
}

static void drop_batch(struct capture_thread *thread, struct batch *batch)
{
    struct source_stats *stats = &thread->source->stats;

    stats->n_dropped_queue += batch->n;
    stats->n_packets -= batch->n;
    for (uint32_t i = 0; i < batch->n; i++)
        stats->n_bytes -= batch->packets[i].caplen;
}

/* Interfaces the source has met since the last hand-over go with this batch. */
static bool attach_interfaces(struct capture_thread *thread, struct queued *full, struct error *error)
{
    uint32_t n = thread->interfaces.n - thread->n_told_interfaces;

    if (n == 0)
        return true;
    full->interfaces = malloc(n * sizeof *full->interfaces);
    if (full->interfaces == NULL)
        return error_system(error, "%s: a new interface", thread->source->name);
    memcpy(full->interfaces, thread->interfaces.items + thread->n_told_interfaces,
           n * sizeof *full->interfaces);
    full->n_interfaces = n;
    thread->n_told_interfaces = thread->interfaces.n;
    return true;
}

/* Not handed over after all: its interfaces are news again. */
static void detach_interfaces(struct capture_thread *thread, struct queued *full)
{
    thread->n_told_interfaces -= full->n_interfaces;
    free(full->interfaces);
    full->interfaces = NULL;
    full->n_interfaces = 0;
}

/* Adds the few packets of a batch to the one before it, when that still waits. */
static bool merge_into_newest(struct capture_thread *thread, const struct queued *from)
{
    struct queued *newest;

    if (from->batch.n > MERGE_PACKETS || from->batch.used_bytes > MERGE_BYTES || from->n_interfaces)
        return false;
    newest = queue_take_back(thread->group->queue, thread->number, from->batch.n, from->batch.used_bytes);
    if (newest == NULL)
        return false;
    memcpy(newest->batch.data + newest->batch.used_bytes, from->batch.data, from->batch.used_bytes);
    for (uint32_t i = 0; i < from->batch.n; i++) {
        struct packet *packet = &newest->batch.packets[newest->batch.n++];

        *packet = from->batch.packets[i];
        packet->data = newest->batch.data + newest->batch.used_bytes + (packet->data - from->batch.data);
    }
    newest->batch.used_bytes += from->batch.used_bytes;
    queue_put(thread->group->queue, newest);
    return true;
}

/* Answers the batch to fill next; NULL when nobody will give one back any more. */
static struct queued *hand_over(struct capture_thread *thread, struct queued *full)
{
    const struct source_ops *ops = thread->source->ops;
    struct queue *queue = thread->group->queue;
    struct queued *empty;

    if (!attach_interfaces(thread, full, &thread->error)) {
        drop_batch(thread, &full->batch); /* told with the next one, if there is memory again */
        return full;
    }
    if (ops->is_live && ops->release == NULL) {
        if (merge_into_newest(thread, full))
            return full;
        empty = queue_exchange(queue, full, 0);
    } else if (ops->is_live) {
        do
            empty = queue_exchange(queue, full, TURN_MS);
        while (empty == NULL && state_of(thread->group) != CAPTURE_ABANDONED);
    } else {
        queue_put(queue, full);
        do
            empty = queue_take_empty(queue, thread->number, TURN_MS);
        while (empty == NULL && state_of(thread->group) != CAPTURE_ABANDONED);
        return empty;
    }
    if (empty)
        return empty;
    drop_batch(thread, &full->batch);
    detach_interfaces(thread, full);
    return full;
}

/*
 * Once asked to stop: a live source is read until it is idle for a whole turn or its packets are younger than
 * the asking, a file not any further. was_asked: before the last call; one that was under way may have ended
 * idle just before a ring handed over the block that holds what came last.
 */
static bool is_done(const struct capture_thread *thread, bool was_asked, enum source_result result,
                    int64_t last_ns)
{
    int state = state_of(thread->group);

    if (atomic_load_explicit(&thread->is_given_up, memory_order_relaxed))
        return true;
    if (state == CAPTURE_RUNNING)
        return false;
    if (state == CAPTURE_ABANDONED || !thread->source->ops->is_live)
        return true;
    return was_asked && (result != SOURCE_PACKETS ||
                         last_ns > atomic_load_explicit(&thread->group->stop_ns, memory_order_relaxed));
}

static void *capture_run(void *arg)
{
    struct capture_thread *thread = arg;
    struct queue *queue = thread->group->queue;
    struct queued *current = queue_take_empty(queue, thread->number, 0);
    enum source_result result;
    int64_t last_ns = 0;
    bool was_asked;

    assert(current);
    do {
        was_asked = state_of(thread->group) != CAPTURE_RUNNING;
        result = source_next(thread->source, &current->batch, TURN_MS, &thread->error);
        if (result == SOURCE_PACKETS) {
            last_ns = current->batch.packets[current->batch.n - 1].ts_ns;
            current = hand_over(thread, current);
        }
        tell_stats(thread);
    } while (current && result != SOURCE_END && result != SOURCE_FAULT &&
             !is_done(thread, was_asked, result, last_ns));
    if (current) {
        source_release(thread->source, &current->batch);
        queue_give_back(queue, current);
    }
    thread->is_faulty = result == SOURCE_FAULT;
    queue_close(queue, thread->number);
    return NULL;
}

static bool interfaces_copy(struct interface_table *to, const struct interface_table *from,
                            struct error *error)
{
    for (uint32_t i = 0; i < from->n; i++)
        if (interface_table_add(to, &from->items[i], error) == UINT32_MAX)
            return false;
    return true;
}

static bool thread_start(struct capture_thread *thread, struct error *error)
{
    char name[16];
    int failure;

    thread->source->interfaces = &thread->interfaces;
    failure = pthread_create(&thread->thread, NULL, capture_run, thread);
    if (failure != 0)
        return error_set(error, ERROR_SYSTEM, "%s: no thread: %s", thread->source->name, strerror(failure));
    thread->is_started = true;
    snprintf(name, sizeof name, "capture %u", thread->number);
    (void)pthread_setname_np(thread->thread, name);
    return true;
}

bool capture_group_start(struct capture_group *group, struct error *error)
{
    size_t batch_bytes = BATCH_BYTES + BATCH_PACKETS * sizeof(struct packet);
    uint64_t n_batches = group->memory_bytes / batch_bytes / (group->n_threads ? group->n_threads : 1);
    sigset_t all, before;
    bool is_started = true;

    if (n_batches < 4) /* filled, waiting, used, and one to go on with */
        n_batches = 4;
    group->n_first_interfaces = group->interfaces->n;
    for (uint32_t i = 0; i < group->n_threads; i++) {
        struct capture_thread *thread = group->threads[i];
        uint32_t n = thread->source->ops->is_live ? (uint32_t)n_batches : 1;

        if (!queue_add_producer(group->queue, n, BATCH_BYTES, error) ||
            !interfaces_copy(&thread->interfaces, group->interfaces, error))
            return false;
        thread->n_told_interfaces = thread->interfaces.n;
    }
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (uint32_t i = 0; is_started && i < group->n_threads; i++)
        is_started = thread_start(group->threads[i], error);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return is_started;
}

/* Enters the batch's new interfaces into the stream's table. */
static bool interfaces_enter(struct capture_group *group, struct capture_thread *thread,
                             struct queued *queued, struct error *error)
{
    uint32_t *numbers;

    if (queued->n_interfaces == 0)
        return true;
    numbers = realloc(thread->numbers, (thread->n_numbers + queued->n_interfaces) * sizeof *numbers);
    if (numbers == NULL)
        return error_system(error, "%s: a new interface", thread->source->name);
    thread->numbers = numbers;
    for (uint32_t i = 0; i < queued->n_interfaces; i++) {
        uint32_t number = interface_table_add(group->interfaces, &queued->interfaces[i], error);

        if (number == UINT32_MAX)
            return false;
        if (number != group->n_first_interfaces + thread->n_numbers)
            thread->is_renumbered = true;
        numbers[thread->n_numbers++] = number;
    }
    return true;
}

static void renumber(const struct capture_group *group, const struct capture_thread *thread,
                     struct batch *batch)
{
    uint32_t first = group->n_first_interfaces;

    for (uint32_t i = 0; i < batch->n; i++)
        if (batch->packets[i].interface >= first)
            batch->packets[i].interface = thread->numbers[batch->packets[i].interface - first];
}

enum capture_result capture_group_next(struct capture_group *group, int timeout_ms, struct captured *captured,
                                       struct error *error)
{
    struct capture_thread *thread;
    struct queued *queued = NULL;
    enum queue_result result;

    *captured = (struct captured) { 0 };
    result = queue_take(group->queue, timeout_ms, &queued, &captured->source);
    if (result == QUEUE_FINISHED)
        return CAPTURE_END;
    if (result == QUEUE_IDLE)
        return CAPTURE_IDLE;
    thread = group->threads[captured->source];
    if (result == QUEUE_CLOSED) {
        if (atomic_load_explicit(&thread->is_given_up, memory_order_relaxed))
            return CAPTURE_IDLE; /* said already */
        if (!thread->is_faulty)
            return CAPTURE_SOURCE_END;
        *error = thread->error;
        return CAPTURE_SOURCE_FAULT;
    }
    captured->queued = queued;
    captured->batch = &queued->batch;
    if (atomic_load_explicit(&thread->is_given_up, memory_order_relaxed)) {
        capture_group_release(group, captured);
        return CAPTURE_IDLE;
    }
    if (!interfaces_enter(group, thread, queued, error)) {
        atomic_store_explicit(&thread->is_given_up, true, memory_order_relaxed);
        capture_group_release(group, captured);
        return CAPTURE_SOURCE_FAULT;
    }
    if (thread->is_renumbered)
        renumber(group, thread, captured->batch);
    return CAPTURE_PACKETS;
}

void capture_group_release(struct capture_group *group, struct captured *captured)
{
    struct queued *queued = captured->queued;

    free(queued->interfaces);
    queued->interfaces = NULL;
    queued->n_interfaces = 0;
    source_release(group->threads[queued->producer]->source, &queued->batch);
    queue_give_back(group->queue, queued);
    captured->queued = NULL;
    captured->batch = NULL;
}

void capture_group_stop(struct capture_group *group)
{
    int running = CAPTURE_RUNNING;

    atomic_store_explicit(&group->stop_ns, timestamp_now(), memory_order_relaxed);
    atomic_compare_exchange_strong(&group->state, &running, CAPTURE_STOPPING);
}

uint32_t capture_group_sources(const struct capture_group *group)
{
    return group->n_threads;
}

const char *capture_group_name(const struct capture_group *group, uint32_t source)
{
    return group->threads[source]->source->name;
}

const char *capture_group_notice(const struct capture_group *group, uint32_t source)
{
    return group->threads[source]->source->notice;
}

static void add_stats(struct source_stats *sum, const struct told_stats *told)
{
    sum->n_packets += atomic_load_explicit(&told->n_packets, memory_order_relaxed);
    sum->n_bytes += atomic_load_explicit(&told->n_bytes, memory_order_relaxed);
    sum->n_dropped_kernel += atomic_load_explicit(&told->n_dropped_kernel, memory_order_relaxed);
    sum->n_dropped_queue += atomic_load_explicit(&told->n_dropped_queue, memory_order_relaxed);
    sum->n_truncated_mirror += atomic_load_explicit(&told->n_truncated_mirror, memory_order_relaxed);
    sum->n_refused += atomic_load_explicit(&told->n_refused, memory_order_relaxed);
}

struct source_stats capture_group_stats(const struct capture_group *group, uint32_t source)
{
    struct source_stats sum = { 0 };

    for (uint32_t i = 0; i < group->n_threads; i++)
        if (source == UINT32_MAX || source == i)
            add_stats(&sum, &group->threads[i]->told);
    return sum;
}

void capture_group_close(struct capture_group *group)
{
    if (group == NULL)
        return;
    atomic_store_explicit(&group->state, CAPTURE_ABANDONED, memory_order_release);
    for (uint32_t i = 0; i < group->n_threads; i++)
        if (group->threads[i]->is_started)
            pthread_join(group->threads[i]->thread, NULL);
    queue_free(group->queue);
    for (uint32_t i = 0; i < group->n_threads; i++) {
        source_close(group->threads[i]->source);
        interface_table_clear(&group->threads[i]->interfaces);
        free(group->threads[i]->numbers);
        free(group->threads[i]);
    }
    free(group);
}
