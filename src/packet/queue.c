/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/queue.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct producer {
    struct queued *items; /* all it has */
    uint32_t n_items;
    struct queued *empty;
    bool is_closed;
    bool is_told;
    pthread_cond_t given_back;
};

struct queue {
    pthread_mutex_t mutex;
    pthread_cond_t filled;
    struct queued *first, *last;
    struct producer *producers;
    uint32_t n_producers;
};

/* Timeouts by the clock that nobody sets. */
static bool cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t attributes;
    bool is_ready;

    if (pthread_condattr_init(&attributes) != 0)
        return false;
    is_ready = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 &&
               pthread_cond_init(cond, &attributes) == 0;
    pthread_condattr_destroy(&attributes);
    return is_ready;
}

static struct timespec deadline_in(int timeout_ms)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += timeout_ms / 1000;
    at.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_nsec -= 1000000000;
        at.tv_sec++;
    }
    return at;
}

struct queue *queue_new(struct error *error)
{
    struct queue *queue = calloc(1, sizeof *queue);

    if (queue && pthread_mutex_init(&queue->mutex, NULL) == 0) {
        if (cond_init(&queue->filled))
            return queue;
        pthread_mutex_destroy(&queue->mutex);
    }
    free(queue);
    error_set(error, ERROR_SYSTEM, "queue: no memory");
    return NULL;
}

static void producer_clear(struct producer *producer)
{
    for (uint32_t i = 0; i < producer->n_items; i++) {
        batch_clear(&producer->items[i].batch);
        free(producer->items[i].interfaces);
    }
    free(producer->items);
    pthread_cond_destroy(&producer->given_back);
}

void queue_free(struct queue *queue)
{
    if (queue == NULL)
        return;
    for (uint32_t i = 0; i < queue->n_producers; i++)
        producer_clear(&queue->producers[i]);
    free(queue->producers);
    pthread_cond_destroy(&queue->filled);
    pthread_mutex_destroy(&queue->mutex);
    free(queue);
}

bool queue_add_producer(struct queue *queue, uint32_t n_batches, size_t cap_bytes, struct error *error)
{
    struct producer *producers =
        realloc(queue->producers, (queue->n_producers + 1) * sizeof *queue->producers);
    struct producer *producer;

    assert(n_batches >= 1);
    if (producers == NULL)
        return error_set(error, ERROR_SYSTEM, "queue: no memory");
    queue->producers = producers;
    producer = &producers[queue->n_producers];
    *producer = (struct producer) { .items = calloc(n_batches, sizeof *producer->items) };
    if (producer->items == NULL || !cond_init(&producer->given_back)) {
        free(producer->items);
        return error_set(error, ERROR_SYSTEM, "queue: no memory");
    }
    for (; producer->n_items < n_batches; producer->n_items++) {
        struct queued *item = &producer->items[producer->n_items];

        if (!batch_init(&item->batch, cap_bytes)) {
            producer_clear(producer);
            return error_set(error, ERROR_SYSTEM, "queue: no memory for %u batches", n_batches);
        }
        item->producer = queue->n_producers;
        item->next = producer->empty;
        producer->empty = item;
    }
    queue->n_producers++;
    return true;
}

static struct queued *pop_empty(struct producer *producer)
{
    struct queued *item = producer->empty;

    if (item) {
        producer->empty = item->next;
        item->next = NULL;
    }
    return item;
}

static void push_full(struct queue *queue, struct queued *full)
{
    full->next = NULL;
    if (queue->last)
        queue->last->next = full;
    else
        queue->first = full;
    queue->last = full;
    pthread_cond_signal(&queue->filled);
}

static struct queued *wait_empty(struct queue *queue, struct producer *producer, int timeout_ms)
{
    struct queued *item = pop_empty(producer);

    if (item == NULL && timeout_ms > 0) {
        struct timespec until = deadline_in(timeout_ms);

        while ((item = pop_empty(producer)) == NULL)
            if (pthread_cond_timedwait(&producer->given_back, &queue->mutex, &until) == ETIMEDOUT)
                break;
    }
    return item;
}

struct queued *queue_take_empty(struct queue *queue, uint32_t producer, int timeout_ms)
{
    struct queued *item;

    pthread_mutex_lock(&queue->mutex);
    item = wait_empty(queue, &queue->producers[producer], timeout_ms);
    pthread_mutex_unlock(&queue->mutex);
    return item;
}

struct queued *queue_exchange(struct queue *queue, struct queued *full, int timeout_ms)
{
    struct queued *item;

    pthread_mutex_lock(&queue->mutex);
    item = wait_empty(queue, &queue->producers[full->producer], timeout_ms);
    if (item)
        push_full(queue, full);
    pthread_mutex_unlock(&queue->mutex);
    return item;
}

struct queued *queue_take_back(struct queue *queue, uint32_t producer, uint32_t n_packets, size_t n_bytes)
{
    struct queued *newest = NULL, *before = NULL, *last = NULL;

    pthread_mutex_lock(&queue->mutex);
    for (struct queued *item = queue->first; item; last = item, item = item->next)
        if (item->producer == producer) {
            newest = item;
            before = last;
        }
    if (newest && (newest->batch.n + n_packets > BATCH_PACKETS ||
                   newest->batch.used_bytes + n_bytes > newest->batch.cap_bytes))
        newest = NULL;
    if (newest) {
        *(before ? &before->next : &queue->first) = newest->next;
        if (queue->last == newest)
            queue->last = before;
        newest->next = NULL;
    }
    pthread_mutex_unlock(&queue->mutex);
    return newest;
}

void queue_put(struct queue *queue, struct queued *full)
{
    pthread_mutex_lock(&queue->mutex);
    push_full(queue, full);
    pthread_mutex_unlock(&queue->mutex);
}

void queue_close(struct queue *queue, uint32_t producer)
{
    pthread_mutex_lock(&queue->mutex);
    queue->producers[producer].is_closed = true;
    pthread_cond_broadcast(&queue->filled);
    pthread_mutex_unlock(&queue->mutex);
}

/* What can be said without waiting. */
static enum queue_result look(struct queue *queue, struct queued **queued, uint32_t *producer)
{
    uint32_t n_told = 0;

    if (queue->first) {
        *queued = queue->first;
        queue->first = (*queued)->next;
        if (queue->first == NULL)
            queue->last = NULL;
        (*queued)->next = NULL;
        *producer = (*queued)->producer;
        return QUEUE_BATCH;
    }
    for (uint32_t i = 0; i < queue->n_producers; i++) {
        if (queue->producers[i].is_closed && !queue->producers[i].is_told) {
            queue->producers[i].is_told = true;
            *producer = i;
            return QUEUE_CLOSED;
        }
        n_told += queue->producers[i].is_told;
    }
    return n_told == queue->n_producers ? QUEUE_FINISHED : QUEUE_IDLE;
}

enum queue_result queue_take(struct queue *queue, int timeout_ms, struct queued **queued, uint32_t *producer)
{
    enum queue_result result;

    pthread_mutex_lock(&queue->mutex);
    result = look(queue, queued, producer);
    if (result == QUEUE_IDLE && timeout_ms > 0) {
        struct timespec until = deadline_in(timeout_ms);

        while ((result = look(queue, queued, producer)) == QUEUE_IDLE)
            if (pthread_cond_timedwait(&queue->filled, &queue->mutex, &until) == ETIMEDOUT)
                break;
    }
    pthread_mutex_unlock(&queue->mutex);
    return result;
}

void queue_give_back(struct queue *queue, struct queued *queued)
{
    struct producer *producer = &queue->producers[queued->producer];

    batch_empty(&queued->batch);
    pthread_mutex_lock(&queue->mutex);
    queued->next = producer->empty;
    producer->empty = queued;
    pthread_cond_signal(&producer->given_back);
    pthread_mutex_unlock(&queue->mutex);
}
