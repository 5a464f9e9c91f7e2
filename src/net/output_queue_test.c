/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "net/output_queue.h"

static bool put(struct output_queue *queue, const char *text, enum output_kind kind)
{
    struct shared_bytes *bytes = shared_bytes_copy(bytes_text(text));
    bool is_put = output_queue_put(queue, bytes, kind);

    shared_bytes_release(bytes);
    return is_put;
}

/* All that waits, as one text. */
static void assert_waits(const struct output_queue *queue, const char *expected)
{
    struct iovec pieces[64];
    struct buffer all;
    int n = output_queue_pieces(queue, pieces, 64);

    buffer_init(&all, 65536);
    for (int i = 0; i < n; i++)
        buffer_put(&all, pieces[i].iov_base, pieces[i].iov_len);
    assert_int_equal(all.len, queue->n_bytes);
    buffer_put_u8(&all, 0);
    assert_string_equal((const char *)all.data, expected);
    buffer_clear(&all);
}

static void bytes_leave_in_order_however_they_are_sent(void **state)
{
    struct output_queue queue;
    size_t n_put = 0, n_sent = 0;

    (void)state;
    output_queue_init(&queue, 1 << 20);
    srand(3);
    while (n_sent < 20000) {
        struct iovec pieces[OUTPUT_QUEUE_IOVECS];
        int n = output_queue_pieces(&queue, pieces, OUTPUT_QUEUE_IOVECS);
        size_t len = 0;

        for (int i = 0; i < n; i++)
            for (size_t k = 0; k < pieces[i].iov_len; k++)
                assert_int_equal(((const uint8_t *)pieces[i].iov_base)[k], (uint8_t)(n_sent + len++));
        len = len ? (size_t)rand() % (len + 1) : 0;
        output_queue_sent(&queue, len);
        n_sent += len;
        for (int i = rand() % 20; i > 0; i--) {
            struct shared_bytes *bytes = shared_bytes_new((size_t)(rand() % 20));

            for (size_t k = 0; k < bytes->len; k++)
                bytes->own[k] = (uint8_t)n_put++;
            assert_true(output_queue_put(&queue, bytes, OUTPUT_KEPT));
            shared_bytes_release(bytes);
        }
        assert_int_equal(queue.n_bytes, n_put - n_sent);
    }
    output_queue_clear(&queue);
}

static void what_does_not_fit_under_the_ceiling_is_not_taken(void **state)
{
    struct output_queue queue;

    (void)state;
    output_queue_init(&queue, 10 + 2 * OUTPUT_QUEUE_ENTRY_BYTES);
    assert_true(put(&queue, "12345", OUTPUT_KEPT));
    assert_false(put(&queue, "123456", OUTPUT_KEPT));
    assert_true(put(&queue, "12345", OUTPUT_KEPT));
    assert_false(put(&queue, "1", OUTPUT_KEPT));
    assert_int_equal(output_queue_charge(&queue), queue.limit_bytes);
    output_queue_sent(&queue, 5);
    assert_true(put(&queue, "1", OUTPUT_KEPT));
    assert_waits(&queue, "123451");
    output_queue_clear(&queue);
}

static void dropping_leaves_what_was_begun_and_what_is_kept(void **state)
{
    static const struct {
        size_t sent, begun;
        const char *left;
        size_t n_dropped, n_bytes;
    } cases[] = {
        { 0, 0, "BBDD", 2, 6 },    { 1, 0, "aaBBDD", 1, 3 },     { 0, 1, "aaaBBDD", 1, 3 },
        { 0, 4, "aaaBBDD", 1, 3 }, { 0, 6, "aaaBBcccDD", 0, 0 }, { 4, 0, "BDD", 1, 3 },
        { 5, 1, "cccDD", 0, 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct output_queue queue;
        size_t n_bytes = 0;

        output_queue_init(&queue, 4096);
        put(&queue, "aaa", OUTPUT_DROPPABLE);
        put(&queue, "BB", OUTPUT_KEPT);
        put(&queue, "ccc", OUTPUT_DROPPABLE);
        put(&queue, "DD", OUTPUT_KEPT);
        output_queue_sent(&queue, cases[i].sent);
        assert_int_equal(output_queue_drop(&queue, cases[i].begun, &n_bytes), cases[i].n_dropped);
        assert_int_equal(n_bytes, cases[i].n_bytes);
        assert_waits(&queue, cases[i].left);
        output_queue_clear(&queue);
    }
}

static void count_lent_back(void *context)
{
    ++*(int *)context;
}

static void lent_bytes_go_back_with_the_last_reference(void **state)
{
    int n_back = 0;
    struct shared_bytes *bytes = shared_bytes_over(bytes_text("asset"), count_lent_back, &n_back);
    struct output_queue queue;

    (void)state;
    output_queue_init(&queue, 4096);
    assert_true(output_queue_put(&queue, bytes, OUTPUT_KEPT));
    assert_true(output_queue_put(&queue, bytes, OUTPUT_KEPT));
    shared_bytes_release(bytes);
    output_queue_sent(&queue, 5);
    assert_int_equal(n_back, 0);
    output_queue_sent(&queue, 5);
    assert_int_equal(n_back, 1);
    output_queue_clear(&queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_leave_in_order_however_they_are_sent),
        cmocka_unit_test(what_does_not_fit_under_the_ceiling_is_not_taken),
        cmocka_unit_test(dropping_leaves_what_was_begun_and_what_is_kept),
        cmocka_unit_test(lent_bytes_go_back_with_the_last_reference),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
