/* SPDX-License-Identifier: Apache-2.0 */
#include "live/group_stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define MS INT64_C(1000000)

struct told {
    struct group_stream *stream;
    bool has_no_room;
    uint32_t n_frames, n_rows, n_counts, n_gaps, n_tail_frames;
    uint64_t last_number;
    struct hub_count count;
    struct hub_gap gap;
    uint64_t n_in_bars;
    uint32_t n_bars;
};

static void row_told(void *context, const struct row *row)
{
    struct told *told = context;

    assert_true(row->number > told->last_number);
    told->last_number = row->number;
    told->n_rows++;
}

static bool take_frame(void *context, struct shared_bytes *frame, uint32_t n_rows, uint64_t first,
                       uint64_t last)
{
    struct told *told = context;
    uint32_t view, flags, n_before = told->n_rows;
    uint64_t before = told->last_number;

    if (!told->has_no_room) {
        assert_true(row_frame_read(shared_bytes_view(frame), &view, &flags, row_told, told));
        assert_int_equal(told->n_rows - n_before, n_rows);
        assert_true(first > before);
        assert_int_equal(told->last_number, last);
        told->n_frames++;
        told->n_tail_frames += flags & ROW_FRAME_TAIL ? 1 : 0;
    }
    shared_bytes_release(frame);
    return !told->has_no_room;
}

static void take_count(void *context, const struct hub_count *count)
{
    struct told *told = context;

    told->n_counts++;
    told->count = *count;
    assert_int_equal(count->n_matched, count->n_framed + count->n_tail);
}

static void take_bars(void *context, const struct hub_bar *bars, uint32_t n)
{
    struct told *told = context;

    told->n_bars += n;
    for (uint32_t i = 0; i < n; i++)
        told->n_in_bars += bars[i].n;
}

static void take_gap(void *context, const struct hub_gap *gap)
{
    struct told *told = context;

    told->n_gaps++;
    told->gap = *gap;
}

static int set_up(void **state)
{
    struct told *told = calloc(1, sizeof *told);
    struct group_outlet outlet = { told, take_frame, take_count, take_bars, take_gap };
    struct question question = { .scope = scope_of_all() };
    struct error error;

    told->stream = group_stream_new(live_question_new(&question, NULL, &error), &outlet);
    group_stream_want_rows(told->stream, true);
    *state = told;
    return 0;
}

static int tear_down(void **state)
{
    struct told *told = *state;

    group_stream_free(told->stream);
    free(told);
    return 0;
}

static void pass(struct told *told, uint64_t number, const char *protocol, int64_t now_ns)
{
    char info[32];
    struct row row = {
        .number = number,
        .ts_ns = now_ns,
        .len = 100,
        .source = bytes_text("10.0.0.1:40020"),
        .destination = bytes_text("10.0.0.2:5683"),
        .device = bytes_text("sensor-7"),
        .protocol = bytes_text(protocol),
    };

    snprintf(info, sizeof info, "packet %llu", (unsigned long long)number);
    row.info = bytes_text(info);
    if (!group_stream_has_begun(told->stream, number))
        return;
    group_stream_saw(told->stream, number, row.ts_ns);
    group_stream_matched(told->stream, &row, protocol, now_ns);
}

/* Packets from number `first` on, so many a second, for so long. */
static uint64_t play(struct told *told, uint64_t first, uint32_t per_second, int64_t from_ns, int64_t for_ns)
{
    uint64_t number = first;

    for (int64_t at = 0; at < for_ns; at += 10 * MS) {
        for (uint32_t i = 0; i < per_second / 100; i++) {
            pass(told, number, number % 3 ? "CoAP" : "DTLSv1.2", from_ns + at);
            number++;
        }
        group_stream_tick(told->stream, from_ns + at);
    }
    return number;
}

static void rows_come_within_a_frames_age_and_counts_each_quarter_second(void **state)
{
    struct told *told = *state;

    pass(told, 1, "CoAP", 1000 * MS);
    group_stream_tick(told->stream, 1000 * MS);
    assert_int_equal(told->n_counts, 1);
    pass(told, 2, "CoAP", 1010 * MS);
    group_stream_tick(told->stream, 1040 * MS);
    assert_int_equal(told->n_rows, 1);
    group_stream_tick(told->stream, 1061 * MS);
    assert_int_equal(told->n_rows, 2);
    assert_int_equal(told->n_counts, 1);
    group_stream_tick(told->stream, 1250 * MS);
    assert_int_equal(told->n_counts, 2);
    assert_int_equal(told->count.n_matched, 2);
    assert_int_equal(told->count.through, 2);
    assert_int_equal(told->n_in_bars, 2);
    group_stream_tick(told->stream, 4000 * MS);
    group_stream_tick(told->stream, 8000 * MS);
    assert_in_range(told->n_counts, 3, 4); /* silence is told once */
    assert_int_equal(told->count.per_second, 0);
}

static void a_frame_is_told_when_it_is_full(void **state)
{
    struct told *told = *state;

    for (uint32_t i = 0; i < ROW_FRAME_ROWS + 1; i++)
        pass(told, 1 + i, "CoAP", 1000 * MS);
    assert_int_equal(told->n_frames, 1);
    assert_int_equal(told->n_rows, ROW_FRAME_ROWS);
}

static void packets_from_before_the_beginning_are_not_seen(void **state)
{
    struct told *told = *state;

    group_stream_begin(told->stream, 10);
    pass(told, 9, "CoAP", 1000 * MS);
    pass(told, 10, "CoAP", 1000 * MS);
    group_stream_tick(told->stream, 1300 * MS);
    assert_int_equal(told->count.n_seen, 1);
    assert_int_equal(told->n_rows, 1);
}

static void above_two_thousand_a_second_only_the_newest_are_told_and_all_are_counted(void **state)
{
    struct told *told = *state;
    uint64_t next = play(told, 1, 1900, 1000 * MS, 3000 * MS);
    uint32_t n_rows;

    assert_false(told->count.is_tail);
    assert_int_equal(told->count.n_tail, 0);
    next = play(told, next, 5000, 4000 * MS, 4000 * MS);
    assert_true(told->count.is_tail);
    assert_true(told->n_tail_frames > 40);
    n_rows = told->n_rows;
    next = play(told, next, 5000, 8000 * MS, 1000 * MS);
    assert_in_range(told->n_rows - n_rows, 600, 60 * 17); /* 60 each 80 ms, and at each count */
    assert_in_range(told->count.per_second, 4900, 5100);
    next = play(told, next, 1600, 9000 * MS, 2000 * MS);
    assert_true(told->count.is_tail);
    next = play(told, next, 1000, 11000 * MS, 2000 * MS);
    assert_false(told->count.is_tail);
    group_stream_tick(told->stream, 14000 * MS);
    assert_int_equal(told->count.n_matched, next - 1);
    assert_int_equal(told->count.n_framed, told->n_rows);
    assert_int_equal(told->n_in_bars, next - 1);
    assert_int_equal(told->last_number, next - 1);
}

static void frames_without_room_are_one_gap_and_are_counted_as_left_out(void **state)
{
    struct told *told = *state;
    uint64_t next = play(told, 1, 1000, 1000 * MS, 1000 * MS), first = next;

    told->has_no_room = true;
    next = play(told, next, 1000, 2000 * MS, 200 * MS);
    told->has_no_room = false;
    play(told, next, 1000, 2200 * MS, 1000 * MS);
    group_stream_tick(told->stream, 4000 * MS);
    assert_in_range(told->n_gaps, 1, 2);
    assert_int_equal(told->gap.cause, HUB_GAP_VIEWER);
    assert_true(told->gap.first >= first - 60);
    assert_in_range(told->count.n_tail, 100, 250);
    assert_int_equal(told->count.n_framed, told->n_rows);
}

static void who_wants_no_rows_is_told_counts_alone(void **state)
{
    struct told *told = *state;
    uint64_t next;

    group_stream_want_rows(told->stream, false);
    next = play(told, 1, 1000, 1000 * MS, 1000 * MS);
    assert_int_equal(told->n_frames, 0);
    assert_true(told->n_counts >= 3);
    assert_true(told->n_bars >= 2);
    group_stream_want_rows(told->stream, true);
    pass(told, next, "CoAP", 2000 * MS);
    group_stream_tick(told->stream, 2100 * MS);
    assert_int_equal(told->n_rows, 1);
    assert_int_equal(told->last_number, next);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rows_come_within_a_frames_age_and_counts_each_quarter_second, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_frame_is_told_when_it_is_full, set_up, tear_down),
        cmocka_unit_test_setup_teardown(packets_from_before_the_beginning_are_not_seen, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            above_two_thousand_a_second_only_the_newest_are_told_and_all_are_counted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(frames_without_room_are_one_gap_and_are_counted_as_left_out, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(who_wants_no_rows_is_told_counts_alone, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
