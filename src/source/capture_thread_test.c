/* SPDX-License-Identifier: Apache-2.0 */
#include "source/capture_thread.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/timestamp.h"

/* A source that brings n_batches of n_packets numbered in their first bytes, then ends as it is told to. */
struct fake {
    struct source source;
    struct source_ops ops;
    uint32_t n_batches, n_packets, n_done;
    uint32_t n_interfaces; /* a new one in each of the first so many batches */
    enum source_result end;
    uint32_t pause_ms;
    uint8_t ring[64];
    atomic_uint n_lent;
    bool is_closed_flag;
};

static void nap(uint32_t ms)
{
    nanosleep(&(struct timespec) { ms / 1000, (long)(ms % 1000) * 1000000 }, NULL);
}

static enum source_result fake_next(struct source *source, struct batch *batch, int timeout_ms,
                                    struct error *error)
{
    struct fake *fake = (struct fake *)source;
    uint32_t interface = 0;

    source_release(source, batch);
    batch_empty(batch);
    if (fake->n_done == fake->n_batches) {
        if (fake->end == SOURCE_FAULT)
            error_set(error, ERROR_SYSTEM, "%s: went down", source->name);
        if (fake->end == SOURCE_IDLE)
            nap((uint32_t)timeout_ms);
        return fake->end;
    }
    nap(fake->pause_ms);
    if (fake->n_interfaces) {
        struct interface item = { .linktype = LINKTYPE_ETHERNET };

        if (fake->n_done < fake->n_interfaces) {
            snprintf(item.name, sizeof item.name, "%s %u", source->name, fake->n_done);
            interface = interface_table_add(source->interfaces, &item, error);
        } else
            interface = source->interfaces->n - 1;
    }
    for (uint32_t i = 0; i < fake->n_packets; i++) {
        uint64_t number = (uint64_t)fake->n_done * fake->n_packets + i;

        memcpy(batch->data + batch->used_bytes, &number, sizeof number);
        batch->packets[batch->n++] = (struct packet) { .data = batch->data + batch->used_bytes,
                                                       .caplen = sizeof number,
                                                       .len = sizeof number,
                                                       .ts_ns = timestamp_now(),
                                                       .interface = interface };
        batch->used_bytes += sizeof number;
    }
    source->stats.n_packets += fake->n_packets;
    source->stats.n_bytes += fake->n_packets * sizeof(uint64_t);
    if (fake->ops.release) {
        batch->loan = fake->ring;
        atomic_fetch_add(&fake->n_lent, 1);
    }
    fake->n_done++;
    return SOURCE_PACKETS;
}

static void fake_release(struct source *source, struct batch *batch)
{
    if (batch->loan)
        atomic_fetch_sub(&((struct fake *)source)->n_lent, 1);
    batch->loan = NULL;
}

static void fake_close(struct source *source)
{
    ((struct fake *)source)->is_closed_flag = true;
}

static struct source *fake_source(struct fake *fake, const char *name, bool is_live, bool is_lending)
{
    fake->ops = (struct source_ops) { .is_live = is_live,
                                      .next = fake_next,
                                      .release = is_lending ? fake_release : NULL,
                                      .close = fake_close };
    fake->source.ops = &fake->ops;
    snprintf(fake->source.name, sizeof fake->source.name, "%s", name);
    return &fake->source;
}

static struct capture_group *group_of(struct source *a, struct source *b, struct interface_table *table)
{
    static const struct capture_options options = { .memory_bytes = 1 }; /* the least: 4 batches each */
    struct error error = { 0 };
    struct capture_group *group = capture_group_new(&options, table, &error);

    assert_non_null(group);
    assert_true(capture_group_add(group, a, &error));
    if (b)
        assert_true(capture_group_add(group, b, &error));
    assert_true(capture_group_start(group, &error));
    return group;
}

/* Every packet of the batch is numbered above the one before it; answers the last. */
static uint64_t check_order(const struct batch *batch, uint64_t next)
{
    for (uint32_t i = 0; i < batch->n; i++) {
        uint64_t number;

        memcpy(&number, batch->packets[i].data, sizeof number);
        assert_true(number >= next);
        next = number + 1;
    }
    return next;
}

static void a_file_waits_and_loses_nothing(void **state)
{
    struct fake fake = { .n_batches = 50, .n_packets = 300, .end = SOURCE_END };
    struct interface_table table = { 0 };
    struct capture_group *group = group_of(fake_source(&fake, "file", false, false), NULL, &table);
    struct captured captured;
    struct error error;
    enum capture_result result;
    uint64_t next = 0;
    uint32_t n_ends = 0;

    (void)state;
    nap(50);
    while ((result = capture_group_next(group, 1000, &captured, &error)) != CAPTURE_END) {
        if (result == CAPTURE_SOURCE_END) {
            n_ends++;
            continue;
        }
        assert_int_equal(result, CAPTURE_PACKETS);
        next = check_order(captured.batch, next);
        capture_group_release(group, &captured);
    }
    assert_int_equal(n_ends, 1);
    assert_int_equal(next, 50 * 300);
    assert_int_equal(capture_group_stats(group, 0).n_packets, 50 * 300);
    assert_int_equal(capture_group_stats(group, 0).n_dropped_queue, 0);
    capture_group_close(group);
    assert_true(fake.is_closed_flag);
    interface_table_clear(&table);
}

static void a_file_is_read_on_only_when_its_batch_was_released(void **state)
{
    struct fake fake = { .n_batches = 3, .n_packets = 10, .end = SOURCE_END };
    struct interface_table table = { 0 };
    struct capture_group *group = group_of(fake_source(&fake, "file", false, false), NULL, &table);
    struct captured captured, none;
    struct error error;

    (void)state;
    for (uint32_t i = 1; i <= 3; i++) {
        assert_int_equal(capture_group_next(group, 1000, &captured, &error), CAPTURE_PACKETS);
        assert_int_equal(capture_group_next(group, 30, &none, &error), CAPTURE_IDLE);
        assert_int_equal(fake.n_done, i);
        check_order(captured.batch, (i - 1) * 10);
        capture_group_release(group, &captured);
    }
    assert_int_equal(capture_group_next(group, 1000, &captured, &error), CAPTURE_SOURCE_END);
    capture_group_close(group);
    interface_table_clear(&table);
}

static void a_socket_is_read_on_and_what_has_no_place_is_counted(void **state)
{
    struct fake fake = { .n_batches = 50, .n_packets = 300, .end = SOURCE_END };
    struct interface_table table = { 0 };
    struct capture_group *group = group_of(fake_source(&fake, "socket", true, false), NULL, &table);
    struct captured captured;
    struct source_stats stats;
    struct error error;
    enum capture_result result;
    uint64_t next = 0, n = 0;

    (void)state;
    nap(100); /* stalls until the source has ended */
    while ((result = capture_group_next(group, 1000, &captured, &error)) != CAPTURE_END)
        if (result == CAPTURE_PACKETS) {
            next = check_order(captured.batch, next);
            n += captured.batch->n;
            capture_group_release(group, &captured);
        }
    stats = capture_group_stats(group, UINT32_MAX);
    assert_int_equal(stats.n_packets, n);
    assert_int_equal(stats.n_bytes, n * sizeof(uint64_t));
    assert_int_equal(stats.n_packets + stats.n_dropped_queue, 50 * 300);
    assert_int_equal(n, 3 * 300);
    capture_group_close(group);
    interface_table_clear(&table);
}

static void a_trickle_does_not_use_up_the_batches(void **state)
{
    struct fake a = { .n_batches = 200, .n_packets = 1, .end = SOURCE_END };
    struct fake b = { .n_batches = 200, .n_packets = 1, .end = SOURCE_END };
    struct interface_table table = { 0 };
    struct capture_group *group =
        group_of(fake_source(&a, "a", true, false), fake_source(&b, "b", true, false), &table);
    struct captured captured;
    struct error error;
    enum capture_result result;
    uint64_t next[2] = { 0 };

    (void)state;
    nap(100);
    while ((result = capture_group_next(group, 1000, &captured, &error)) != CAPTURE_END)
        if (result == CAPTURE_PACKETS) {
            next[captured.source] = check_order(captured.batch, next[captured.source]);
            capture_group_release(group, &captured);
        }
    assert_int_equal(next[0], 200);
    assert_int_equal(next[1], 200);
    assert_int_equal(capture_group_stats(group, UINT32_MAX).n_dropped_queue, 0);
    capture_group_close(group);
    interface_table_clear(&table);
}

static void a_ring_is_the_queue_and_gets_everything_back(void **state)
{
    struct fake fake = { .n_batches = 50, .n_packets = 300, .end = SOURCE_END };
    struct interface_table table = { 0 };
    struct capture_group *group = group_of(fake_source(&fake, "ring", true, true), NULL, &table);
    struct captured held[2], captured;
    struct error error;
    enum capture_result result;
    uint64_t next = 0;

    (void)state;
    for (int i = 0; i < 2; i++) { /* several are held at once and given back in any order */
        assert_int_equal(capture_group_next(group, 1000, &held[i], &error), CAPTURE_PACKETS);
        next = check_order(held[i].batch, next);
    }
    nap(30);
    assert_true(atomic_load(&fake.n_lent) <= 4);
    capture_group_release(group, &held[1]);
    capture_group_release(group, &held[0]);
    while ((result = capture_group_next(group, 1000, &captured, &error)) != CAPTURE_END)
        if (result == CAPTURE_PACKETS) {
            next = check_order(captured.batch, next);
            capture_group_release(group, &captured);
        }
    assert_int_equal(next, 50 * 300);
    assert_int_equal(atomic_load(&fake.n_lent), 0);
    assert_int_equal(capture_group_stats(group, 0).n_dropped_queue, 0);
    capture_group_close(group);
    interface_table_clear(&table);
}

static void interfaces_of_several_sources_are_numbered_in_one_table(void **state)
{
    struct fake a = { .n_batches = 20, .n_packets = 2, .n_interfaces = 10, .pause_ms = 1, .end = SOURCE_END };
    struct fake b = { .n_batches = 20, .n_packets = 2, .n_interfaces = 10, .pause_ms = 1, .end = SOURCE_END };
    struct interface_table table = { 0 };
    struct interface first = { .name = "eth0" };
    struct captured captured;
    struct capture_group *group;
    enum capture_result result;
    struct error error;
    uint32_t n[2] = { 0 };

    (void)state;
    assert_int_equal(interface_table_add(&table, &first, &error), 0);
    group = group_of(fake_source(&a, "a", false, false), fake_source(&b, "b", false, false), &table);
    while ((result = capture_group_next(group, 1000, &captured, &error)) != CAPTURE_END)
        if (result == CAPTURE_PACKETS) {
            char name[INTERFACE_TEXT_BYTES];
            uint32_t round = n[captured.source]++;

            snprintf(name, sizeof name, "%c %u", captured.source ? 'b' : 'a', round < 10 ? round : 9);
            assert_true(captured.batch->packets[1].interface < table.n);
            assert_string_equal(table.items[captured.batch->packets[1].interface].name, name);
            capture_group_release(group, &captured);
        }
    assert_int_equal(table.n, 21);
    assert_int_equal(n[0], 20);
    assert_int_equal(n[1], 20);
    capture_group_close(group);
    interface_table_clear(&table);
}

static void one_source_may_fail_while_the_others_go_on(void **state)
{
    struct fake a = { .n_batches = 1, .n_packets = 2, .end = SOURCE_FAULT };
    struct fake b = { .n_batches = 20, .n_packets = 2, .pause_ms = 5, .end = SOURCE_IDLE };
    struct interface_table table = { 0 };
    struct capture_group *group =
        group_of(fake_source(&a, "eth0", true, false), fake_source(&b, "eth1", true, false), &table);
    struct captured captured;
    struct error error = { 0 };
    enum capture_result result;
    uint64_t n[2] = { 0 };
    uint32_t n_faults = 0;

    (void)state;
    while ((result = capture_group_next(group, 1000, &captured, &error)) != CAPTURE_END) {
        if (result == CAPTURE_PACKETS) {
            n[captured.source] += captured.batch->n;
            capture_group_release(group, &captured);
            if (n[1] == 40)
                capture_group_stop(group);
        } else if (result == CAPTURE_SOURCE_FAULT) {
            n_faults++;
            assert_int_equal(captured.source, 0);
            assert_string_equal(error.text, "eth0: went down");
        }
    }
    assert_int_equal(n_faults, 1);
    assert_int_equal(n[0], 2);
    assert_int_equal(n[1], 40);
    capture_group_close(group);
    interface_table_clear(&table);
}

static void a_stopped_capture_delivers_what_came_before(void **state)
{
    struct fake fake = { .n_batches = 1000000, .n_packets = 100, .pause_ms = 1, .end = SOURCE_END };
    struct interface_table table = { 0 };
    struct capture_group *group = group_of(fake_source(&fake, "socket", true, false), NULL, &table);
    struct captured captured;
    struct error error;
    enum capture_result result;
    int64_t stop_ns, last_ns = 0;

    (void)state;
    nap(20);
    stop_ns = timestamp_now();
    capture_group_stop(group);
    while ((result = capture_group_next(group, 1000, &captured, &error)) != CAPTURE_END)
        if (result == CAPTURE_PACKETS) {
            last_ns = captured.batch->packets[captured.batch->n - 1].ts_ns;
            capture_group_release(group, &captured);
        }
    assert_true(last_ns >= stop_ns || capture_group_stats(group, 0).n_dropped_queue > 0);
    capture_group_close(group);
    interface_table_clear(&table);
}

static void a_group_can_be_closed_at_any_moment(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct fake fake = { .n_batches = 1000000, .n_packets = 100, .end = SOURCE_END };
        struct interface_table table = { 0 };
        struct capture_group *group = group_of(fake_source(&fake, "x", i < 2, i == 1), NULL, &table);

        nap(10);
        capture_group_close(group);
        assert_true(fake.is_closed_flag);
        interface_table_clear(&table);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_waits_and_loses_nothing),
        cmocka_unit_test(a_file_is_read_on_only_when_its_batch_was_released),
        cmocka_unit_test(a_socket_is_read_on_and_what_has_no_place_is_counted),
        cmocka_unit_test(a_trickle_does_not_use_up_the_batches),
        cmocka_unit_test(a_ring_is_the_queue_and_gets_everything_back),
        cmocka_unit_test(interfaces_of_several_sources_are_numbered_in_one_table),
        cmocka_unit_test(one_source_may_fail_while_the_others_go_on),
        cmocka_unit_test(a_stopped_capture_delivers_what_came_before),
        cmocka_unit_test(a_group_can_be_closed_at_any_moment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
