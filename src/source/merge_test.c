/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdlib.h>

#include "source/openers.h"

/* A source that gives out times, so many in a batch, then what `end` says; before each batch idle if told. */
struct script {
    struct source base;
    const int64_t *times;
    uint32_t n, at, batch;
    enum source_result end;
    bool is_idle_between, was_idle;
    uint64_t lent; /* what its packets point at: taken back by each call */
    uint32_t *n_open;
};

static enum source_result script_next(struct source *source, struct batch *batch, int timeout_ms,
                                      struct error *error)
{
    struct script *script = (struct script *)source;

    (void)timeout_ms;
    batch_empty(batch);
    script->lent++;
    if (script->is_idle_between && !script->was_idle) {
        script->was_idle = true;
        return SOURCE_IDLE;
    }
    script->was_idle = false;
    while (script->at < script->n && batch->n < script->batch) {
        batch->packets[batch->n++] = (struct packet) {
            .ts_ns = script->times[script->at++],
            .data = (const uint8_t *)&script->lent,
            .caplen = 8,
            .len = 8,
            .interface = (uint32_t)script->lent,
        };
    }
    if (batch->n > 0)
        return SOURCE_PACKETS;
    if (script->end == SOURCE_FAULT)
        error_set(error, ERROR_DAMAGED, "%s: was cut", source->name);
    return script->end;
}

static void script_close(struct source *source)
{
    --*((struct script *)source)->n_open;
    free(source);
}

static const struct source_ops script_ops = { script_next, script_close };

static struct source *script_new(const int64_t *times, uint32_t n, uint32_t batch, uint32_t *n_open)
{
    struct script *script = calloc(1, sizeof *script);

    assert_non_null(script);
    *script = (struct script) {
        .base = { .ops = &script_ops, .name = "script" },
        .times = times,
        .n = n,
        .batch = batch,
        .end = SOURCE_END,
        .n_open = n_open,
    };
    ++*n_open;
    return &script->base;
}

static void many_sources_come_out_in_time_order_and_ties_in_the_order_given(void **state)
{
    enum { N_SOURCES = 9, N_TIMES = 3000 };
    static int64_t times[N_SOURCES][N_TIMES];
    struct source *sources[N_SOURCES], *merge;
    int64_t last_time = INT64_MIN;
    uint32_t n = 0, n_open = 0;
    unsigned seed = 7;
    struct batch batch;
    struct error error;

    (void)state;
    for (uint32_t i = 0; i < N_SOURCES; i++) {
        int64_t time = 0;

        for (uint32_t k = 0; k < N_TIMES; k++)
            times[i][k] = time += rand_r(&seed) % 50 == 0 ? 1000 : rand_r(&seed) % 3;
        sources[i] = script_new(times[i], i == 4 ? 0 : N_TIMES, 1 + i * 60, &n_open);
    }
    merge = merge_open(sources, N_SOURCES, NULL, &error);
    assert_non_null(merge);
    assert_true(batch_init(&batch, 0));
    while (source_next(merge, &batch, -1, &error) == SOURCE_PACKETS) {
        for (uint32_t i = 0; i < batch.n; i++) {
            const struct packet *packet = &batch.packets[i];
            uint64_t lent;

            memcpy(&lent, packet->data, sizeof lent);
            assert_int_equal((uint32_t)lent, packet->interface); /* not taken back while it is ours */
            assert_true(packet->ts_ns >= last_time);
            assert_int_equal(packet->number, ++n);
            last_time = packet->ts_ns;
        }
    }
    assert_int_equal(n, (N_SOURCES - 1) * N_TIMES);
    assert_int_equal(merge->stats.n_packets, n);
    assert_int_equal(merge->stats.n_bytes, 8 * n);
    batch_clear(&batch);
    source_close(merge);
    assert_int_equal(n_open, 0);
}

static void equal_times_come_in_the_order_of_the_sources(void **state)
{
    static const int64_t times[3][4] = { { 5, 5, 7, 7 }, { 5, 6, 7, 8 }, { 4, 5, 7, 7 } };
    static const uint32_t expected[] = { 2, 0, 0, 1, 2, 1, 0, 0, 1, 2, 2, 1 };
    struct source *sources[3], *merge;
    uint32_t n = 0, n_open = 0;
    struct batch batch;
    struct error error;

    (void)state;
    for (uint32_t i = 0; i < 3; i++)
        sources[i] = script_new(times[i], 4, 2, &n_open);
    merge = merge_open(sources, 3, NULL, &error);
    assert_true(batch_init(&batch, 0));
    while (source_next(merge, &batch, -1, &error) == SOURCE_PACKETS) {
        for (uint32_t i = 0; i < batch.n; i++, n++)
            assert_ptr_equal(batch.packets[i].data, &((struct script *)sources[expected[n]])->lent);
    }
    assert_int_equal(n, 12);
    batch_clear(&batch);
    source_close(merge);
}

static void one_source_is_given_back_as_it_is(void **state)
{
    static const int64_t times[] = { 1 };
    uint32_t n_open = 0;
    struct source *source = script_new(times, 1, 1, &n_open);
    struct error error;

    (void)state;
    assert_ptr_equal(merge_open(&source, 1, NULL, &error), source);
    source_close(source);
}

static void a_fault_of_one_comes_when_the_others_have_ended(void **state)
{
    static const int64_t times[2][3] = { { 1, 2, 3 }, { 4, 5, 6 } };
    struct source *sources[2], *merge;
    uint32_t n = 0, n_open = 0;
    enum source_result result;
    struct batch batch;
    struct error error;

    (void)state;
    for (uint32_t i = 0; i < 2; i++)
        sources[i] = script_new(times[i], 3, 1, &n_open);
    ((struct script *)sources[0])->end = SOURCE_FAULT;
    merge = merge_open(sources, 2, NULL, &error);
    assert_true(batch_init(&batch, 0));
    while ((result = source_next(merge, &batch, -1, &error)) == SOURCE_PACKETS)
        n += batch.n;
    assert_int_equal(n, 6);
    assert_int_equal(result, SOURCE_FAULT);
    assert_string_equal(error.text, "script: was cut");
    assert_int_equal(source_next(merge, &batch, -1, &error), SOURCE_FAULT);
    batch_clear(&batch);
    source_close(merge);
}

static void an_idle_source_holds_others_up_only_when_waiting_is_without_limit(void **state)
{
    static const int64_t early[] = { 1, 2 }, late[] = { 3, 4 };

    (void)state;
    for (int timeout_ms = -1; timeout_ms <= 0; timeout_ms++) {
        struct source *sources[2], *merge;
        uint32_t n_open = 0;
        struct batch batch;
        struct error error;

        sources[0] = script_new(early, 2, 2, &n_open);
        sources[1] = script_new(late, 2, 2, &n_open);
        ((struct script *)sources[0])->is_idle_between = true;
        merge = merge_open(sources, 2, NULL, &error);
        assert_true(batch_init(&batch, 0));
        if (timeout_ms < 0) {
            assert_int_equal(source_next(merge, &batch, timeout_ms, &error), SOURCE_IDLE);
            assert_int_equal(source_next(merge, &batch, timeout_ms, &error), SOURCE_PACKETS);
            assert_int_equal(batch.packets[0].ts_ns, 1);
        } else {
            assert_int_equal(source_next(merge, &batch, timeout_ms, &error), SOURCE_PACKETS);
            assert_int_equal(batch.packets[0].ts_ns, 3);
        }
        batch_clear(&batch);
        source_close(merge);
    }
}

/* Twelve scripts of 100 packets, of which each overlaps the next by half. */
struct in_turn {
    int64_t times[12][100];
    uint32_t n_open, most_open, n_ended, n_faults;
};

static int64_t begins_ns(void *context, uint32_t input)
{
    return ((struct in_turn *)context)->times[input][0];
}

static struct source *open_script(void *context, uint32_t input, struct error *error)
{
    struct in_turn *in_turn = context;
    struct source *source;

    if (input == 5) {
        error_set(error, ERROR_SYSTEM, "it went away");
        return NULL;
    }
    source = script_new(in_turn->times[input], 100, 7, &in_turn->n_open);
    if (input == 7)
        ((struct script *)source)->end = SOURCE_FAULT;
    in_turn->most_open = in_turn->n_open > in_turn->most_open ? in_turn->n_open : in_turn->most_open;
    return source;
}

static void note_end(void *context, uint32_t input, struct source *source, const struct error *fault)
{
    struct in_turn *in_turn = context;

    assert_non_null(source);
    assert_true((input == 7) == (fault != NULL));
    in_turn->n_ended++;
    in_turn->n_faults += fault != NULL;
}

static void what_is_wrong_with_inputs_opened_in_turn_comes_when_the_others_have_ended(void **state)
{
    static struct in_turn in_turn;
    const struct merge_plan plan = { &in_turn, 12, begins_ns, open_script, note_end, .gives_faults = true };
    enum source_result result;
    struct source *merge;
    struct batch batch;
    struct error error;
    uint32_t n = 0;

    (void)state;
    for (int64_t i = 0; i < 12; i++)
        for (int64_t k = 0; k < 100; k++)
            in_turn.times[i][k] = 50 * i + k;
    merge = merge_open_in_turn(&plan, NULL, &error);
    assert_non_null(merge);
    assert_true(batch_init(&batch, 0));
    while ((result = source_next(merge, &batch, -1, &error)) == SOURCE_PACKETS)
        n += batch.n;
    assert_int_equal(result, SOURCE_FAULT);
    assert_int_equal(n, 1100);
    assert_string_equal(error.text, "2 of 12 sources, the first: it went away");
    batch_clear(&batch);
    source_close(merge);
}

static void inputs_opened_in_turn_come_in_order_with_few_open_at_once(void **state)
{
    static struct in_turn in_turn;
    const struct merge_plan plan = { &in_turn, 12, begins_ns, open_script, note_end };
    enum source_result result;
    int64_t last_ns = INT64_MIN;
    uint32_t n = 0, n_runs, of[12] = { 0 };
    struct source *merge;
    struct batch batch;
    struct error error;

    (void)state;
    for (int64_t i = 0; i < 12; i++)
        for (int64_t k = 0; k < 100; k++)
            in_turn.times[i][k] = 50 * (11 - i) + k; /* the last one listed begins first */
    merge = merge_open_in_turn(&plan, NULL, &error);
    assert_non_null(merge);
    assert_true(batch_init(&batch, 0));
    while ((result = source_next(merge, &batch, -1, &error)) == SOURCE_PACKETS) {
        const struct merge_run *runs = merge_runs(merge, &n_runs);
        uint32_t at = 0;

        for (uint32_t r = 0; r < n_runs; r++) {
            of[runs[r].input] += runs[r].n_packets;
            at += runs[r].n_packets;
        }
        assert_int_equal(at, batch.n);
        for (uint32_t i = 0; i < batch.n; i++) {
            assert_true(batch.packets[i].ts_ns >= last_ns);
            last_ns = batch.packets[i].ts_ns;
        }
        n += batch.n;
    }
    assert_int_equal(result, SOURCE_END);
    assert_int_equal(n, 1100);
    for (uint32_t i = 0; i < 12; i++)
        assert_int_equal(of[i], i == 5 ? 0 : 100);
    assert_int_equal(in_turn.n_ended, 11);
    assert_int_equal(in_turn.n_faults, 1);
    assert_int_equal(in_turn.n_open, 0);
    assert_true(in_turn.most_open <= 3);
    batch_clear(&batch);
    source_close(merge);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_sources_come_out_in_time_order_and_ties_in_the_order_given),
        cmocka_unit_test(equal_times_come_in_the_order_of_the_sources),
        cmocka_unit_test(one_source_is_given_back_as_it_is),
        cmocka_unit_test(a_fault_of_one_comes_when_the_others_have_ended),
        cmocka_unit_test(an_idle_source_holds_others_up_only_when_waiting_is_without_limit),
        cmocka_unit_test(inputs_opened_in_turn_come_in_order_with_few_open_at_once),
        cmocka_unit_test(what_is_wrong_with_inputs_opened_in_turn_comes_when_the_others_have_ended),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
