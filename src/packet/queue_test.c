/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>

static struct queue *queue_of(uint32_t n_producers, uint32_t n_batches)
{
    struct error error;
    struct queue *queue = queue_new(&error);

    assert_non_null(queue);
    for (uint32_t i = 0; i < n_producers; i++)
        assert_true(queue_add_producer(queue, n_batches, 1024, &error));
    return queue;
}

static uint32_t take_and_give_back(struct queue *queue, uint32_t *producer)
{
    struct queued *queued;
    uint32_t n;

    assert_int_equal(queue_take(queue, 0, &queued, producer), QUEUE_BATCH);
    n = queued->batch.n;
    queue_give_back(queue, queued);
    return n;
}

static void batches_come_out_in_the_order_they_went_in(void **state)
{
    struct queue *queue = queue_of(2, 3);
    struct queued *a = queue_take_empty(queue, 0, 0), *b = queue_take_empty(queue, 1, 0);
    uint32_t producer;

    (void)state;
    a->batch.n = 1;
    a = queue_exchange(queue, a, 0);
    b->batch.n = 2;
    b = queue_exchange(queue, b, 0);
    a->batch.n = 3;
    queue_put(queue, a);
    queue_put(queue, b);
    assert_int_equal(take_and_give_back(queue, &producer), 1);
    assert_int_equal(producer, 0);
    assert_int_equal(take_and_give_back(queue, &producer), 2);
    assert_int_equal(producer, 1);
    assert_int_equal(take_and_give_back(queue, &producer), 3);
    queue_free(queue);
}

static void without_an_empty_batch_the_full_one_stays_with_its_producer(void **state)
{
    struct queue *queue = queue_of(1, 2);
    struct queued *first = queue_take_empty(queue, 0, 0), *second;
    uint32_t producer;

    (void)state;
    first->batch.n = 1;
    second = queue_exchange(queue, first, 0);
    assert_non_null(second);
    second->batch.n = 2;
    assert_null(queue_exchange(queue, second, 0));
    assert_null(queue_exchange(queue, second, 10));
    assert_int_equal(take_and_give_back(queue, &producer), 1);
    assert_ptr_equal(queue_exchange(queue, second, 0), first);
    assert_int_equal(take_and_give_back(queue, &producer), 2);
    queue_free(queue);
}

static void the_newest_batch_is_taken_back_only_while_it_waits_and_has_room(void **state)
{
    struct queue *queue = queue_of(2, 3);
    struct queued *a, *b, *taken;
    uint32_t producer;

    (void)state;
    a = queue_take_empty(queue, 0, 0);
    b = queue_take_empty(queue, 1, 0);
    assert_null(queue_take_back(queue, 0, 1, 1));
    a->batch.n = 1;
    a->batch.used_bytes = 1000;
    queue_put(queue, a);
    b->batch.n = 2;
    queue_put(queue, b);
    assert_null(queue_take_back(queue, 0, 1, 25));
    assert_null(queue_take_back(queue, 0, BATCH_PACKETS, 1));
    taken = queue_take_back(queue, 0, 1, 24);
    assert_ptr_equal(taken, a);
    queue_put(queue, taken);
    assert_int_equal(take_and_give_back(queue, &producer), 2);
    assert_int_equal(take_and_give_back(queue, &producer), 1);
    assert_null(queue_take_back(queue, 0, 1, 1));
    queue_free(queue);
}

static void an_end_is_said_once_for_each_producer_and_behind_its_batches(void **state)
{
    struct queue *queue = queue_of(2, 2);
    struct queued *a = queue_take_empty(queue, 0, 0), *queued;
    uint32_t producer = 9;

    (void)state;
    a->batch.n = 1;
    queue_put(queue, a);
    queue_close(queue, 0);
    assert_int_equal(take_and_give_back(queue, &producer), 1);
    assert_int_equal(queue_take(queue, 0, &queued, &producer), QUEUE_CLOSED);
    assert_int_equal(producer, 0);
    assert_int_equal(queue_take(queue, 5, &queued, &producer), QUEUE_IDLE);
    queue_close(queue, 1);
    assert_int_equal(queue_take(queue, 0, &queued, &producer), QUEUE_CLOSED);
    assert_int_equal(producer, 1);
    assert_int_equal(queue_take(queue, 0, &queued, &producer), QUEUE_FINISHED);
    queue_free(queue);
}

enum { N_ROUNDS = 20000 };

struct feeder {
    struct queue *queue;
    uint32_t producer;
};

static void *feed(void *arg)
{
    struct feeder *feeder = arg;
    struct queued *current = queue_take_empty(feeder->queue, feeder->producer, 0);

    for (uint64_t i = 1; i <= N_ROUNDS; i++) {
        struct queued *empty;

        current->batch.n = 1;
        current->batch.packets[0].number = i;
        while ((empty = queue_exchange(feeder->queue, current, 100)) == NULL)
            ;
        current = empty;
    }
    queue_close(feeder->queue, feeder->producer);
    return NULL;
}

static void threads_lose_and_swap_nothing(void **state)
{
    struct queue *queue = queue_of(3, 4);
    struct feeder feeders[3];
    pthread_t threads[3];
    uint64_t last[3] = { 0 };
    struct queued *queued;
    enum queue_result result;
    uint32_t producer;

    (void)state;
    for (uint32_t i = 0; i < 3; i++) {
        feeders[i] = (struct feeder) { queue, i };
        assert_int_equal(pthread_create(&threads[i], NULL, feed, &feeders[i]), 0);
    }
    while ((result = queue_take(queue, 1000, &queued, &producer)) != QUEUE_FINISHED) {
        assert_int_not_equal(result, QUEUE_IDLE);
        if (result == QUEUE_BATCH) {
            assert_int_equal(queued->batch.packets[0].number, ++last[producer]);
            queue_give_back(queue, queued);
        }
    }
    for (uint32_t i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(last[i], N_ROUNDS);
    }
    queue_free(queue);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(batches_come_out_in_the_order_they_went_in),
        cmocka_unit_test(without_an_empty_batch_the_full_one_stays_with_its_producer),
        cmocka_unit_test(the_newest_batch_is_taken_back_only_while_it_waits_and_has_room),
        cmocka_unit_test(an_end_is_said_once_for_each_producer_and_behind_its_batches),
        cmocka_unit_test(threads_lose_and_swap_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
