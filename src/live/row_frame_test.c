/* SPDX-License-Identifier: Apache-2.0 */
#include "live/row_frame.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <cmocka.h>
#include <stdlib.h>

struct seen {
    struct row rows[ROW_FRAME_ROWS];
    uint32_t n;
};

static void see(void *context, const struct row *row)
{
    struct seen *seen = context;

    seen->rows[seen->n++] = *row;
}

static struct row row_of(uint64_t number, int64_t ts_ns)
{
    return (struct row) {
        .number = number,
        .ts_ns = ts_ns,
        .len = 60,
        .marks = ROW_TO_DEVICE,
        .source = bytes_of("10.1.2.3:40020", 14),
        .destination = bytes_of("10.0.0.1:5684", 13),
        .protocol = bytes_of("DTLSv1.2", 8),
        .info = bytes_of("Client Hello", 12),
    };
}

static void assert_text(struct bytes bytes, const char *text)
{
    assert_int_equal(bytes.len, strlen(text));
    assert_memory_equal(bytes.data, text, bytes.len);
}

static void what_goes_in_comes_out(void **state)
{
    struct row_frame *frame = row_frame_new();
    struct shared_bytes *bytes;
    struct seen seen = { .n = 0 };
    uint32_t view, flags;
    struct row row = row_of(1204101, 1724922764120394001);

    (void)state;
    assert_true(row_frame_add(frame, &row));
    row = row_of(1204103, 1724922764120394000); /* earlier, as merged sources may be */
    row.device = bytes_of("sensor-7944", 11);
    row.info = bytes_of("", 0);
    row.marks = ROW_ERROR | ROW_FROM_DEVICE;
    assert_true(row_frame_add(frame, &row));
    assert_int_equal(row_frame_rows(frame), 2);
    bytes = row_frame_end(frame, ROW_FRAME_TAIL);
    assert_non_null(bytes);
    assert_int_equal(bytes->len % 4, 0);
    assert_int_equal(row_frame_rows(frame), 0);

    assert_true(row_frame_read(shared_bytes_view(bytes), &view, &flags, see, &seen));
    assert_int_equal(view, 0);
    assert_int_equal(flags, ROW_FRAME_TAIL);
    assert_int_equal(seen.n, 2);
    assert_int_equal(seen.rows[0].number, 1204101);
    assert_true(seen.rows[0].ts_ns == 1724922764120394001);
    assert_int_equal(seen.rows[0].device.len, 0);
    assert_text(seen.rows[0].info, "Client Hello");
    assert_int_equal(seen.rows[1].number, 1204103);
    assert_true(seen.rows[1].ts_ns == 1724922764120394000);
    assert_text(seen.rows[1].source, "10.1.2.3:40020");
    assert_text(seen.rows[1].destination, "10.0.0.1:5684");
    assert_text(seen.rows[1].protocol, "DTLSv1.2");
    assert_text(seen.rows[1].device, "sensor-7944");
    assert_int_equal(seen.rows[1].info.len, 0);
    assert_int_equal(seen.rows[1].marks, ROW_ERROR | ROW_FROM_DEVICE);
    assert_int_equal(seen.rows[1].len, 60);
    shared_bytes_release(bytes);
    row_frame_free(frame);
}

static void times_far_apart_keep_their_nanoseconds(void **state)
{
    struct row_frame *frame = row_frame_new();
    struct row early = row_of(5, -1), late = row_of(6, INT64_MAX - 1);
    struct shared_bytes *bytes;
    struct seen seen = { .n = 0 };
    uint32_t view, flags;

    (void)state;
    assert_true(row_frame_add(frame, &early) && row_frame_add(frame, &late));
    bytes = row_frame_end(frame, 0);
    assert_true(row_frame_read(shared_bytes_view(bytes), &view, &flags, see, &seen));
    assert_int_equal(flags, ROW_FRAME_WIDE);
    assert_true(seen.rows[0].ts_ns == -1 && seen.rows[1].ts_ns == INT64_MAX - 1);
    shared_bytes_release(bytes);
    row_frame_free(frame);
}

static void a_full_frame_takes_no_more_and_the_next_one_begins_afresh(void **state)
{
    struct row_frame *frame = row_frame_new();
    uint32_t view, flags;

    (void)state;
    for (uint32_t round = 0; round < 3; round++) {
        struct seen *seen = calloc(1, sizeof *seen);
        struct shared_bytes *bytes;
        char names[ROW_FRAME_ROWS][4][16];

        for (uint32_t i = 0; i < ROW_FRAME_ROWS; i++) {
            struct row row = row_of(i + 1, i);

            for (uint32_t k = 0; k < 4; k++) /* no string twice: the table is as full as it can be */
                snprintf(names[i][k], sizeof names[i][k], "%u-%u-%u", round, k, i);
            row.source = bytes_of(names[i][0], strlen(names[i][0]));
            row.destination = bytes_of(names[i][1], strlen(names[i][1]));
            row.protocol = bytes_of(names[i][2], strlen(names[i][2]));
            row.device = bytes_of(names[i][3], strlen(names[i][3]));
            assert_true(row_frame_add(frame, &row));
        }
        struct row one_more = row_of(ROW_FRAME_ROWS + 1, 0);
        assert_false(row_frame_add(frame, &one_more));
        bytes = row_frame_end(frame, 0);
        assert_true(row_frame_read(shared_bytes_view(bytes), &view, &flags, see, seen));
        assert_int_equal(seen->n, ROW_FRAME_ROWS);
        for (uint32_t i = 0; i < ROW_FRAME_ROWS; i++) {
            assert_text(seen->rows[i].source, names[i][0]);
            assert_text(seen->rows[i].device, names[i][3]);
        }
        shared_bytes_release(bytes);
        free(seen);
    }
    assert_null(row_frame_end(frame, 0)); /* nothing in it */
    row_frame_free(frame);
}

static void numbers_that_are_too_far_apart_go_into_another_frame(void **state)
{
    struct row_frame *frame = row_frame_new();
    struct row first = row_of(7, 0), far = row_of(UINT64_C(7) + UINT32_MAX + 1, 0), back = row_of(6, 0);

    (void)state;
    assert_true(row_frame_add(frame, &first));
    assert_false(row_frame_add(frame, &far));
    assert_false(row_frame_add(frame, &back));
    shared_bytes_release(row_frame_end(frame, 0));
    assert_true(row_frame_add(frame, &far));
    row_frame_free(frame);
}

static void a_long_info_is_cut_between_characters_and_marked(void **state)
{
    struct row_frame *frame = row_frame_new();
    char info[600];
    struct row row = row_of(1, 0);
    struct seen seen = { .n = 0 };
    struct shared_bytes *bytes;
    uint32_t view, flags;

    (void)state;
    memset(info, 'a', sizeof info);
    memcpy(info + ROW_INFO_LIMIT_BYTES - 1, "\xe2\x86\x92", 3); /* would be cut in its middle */
    row.info = bytes_of(info, sizeof info);
    assert_true(row_frame_add(frame, &row));
    bytes = row_frame_end(frame, 0);
    assert_true(row_frame_read(shared_bytes_view(bytes), &view, &flags, see, &seen));
    assert_int_equal(seen.rows[0].info.len, ROW_INFO_LIMIT_BYTES - 1);
    assert_int_equal(seen.rows[0].marks, ROW_TO_DEVICE | ROW_INFO_CUT);
    shared_bytes_release(bytes);
    row_frame_free(frame);
}

/* Each bit of a small frame changed, and each length of it: it is taken or refused, and nothing is read
 * beyond. */
static void a_broken_frame_is_refused_or_harmless(void **state)
{
    struct row_frame *frame = row_frame_new();
    struct row row = row_of(1, 0);
    struct shared_bytes *bytes;
    uint32_t view, flags, n_refused = 0;

    (void)state;
    assert_true(row_frame_add(frame, &row));
    bytes = row_frame_end(frame, 0);
    for (size_t len = 0; len < bytes->len; len++) {
        struct seen seen = { .n = 0 };
        uint8_t *cut = malloc(len + 1);

        memcpy(cut, bytes->own, len);
        assert_false(row_frame_read((struct bytes) { cut, len }, &view, &flags, see, &seen));
        free(cut);
    }
    for (size_t bit = 0; bit < bytes->len * 8; bit++) {
        struct seen seen = { .n = 0 };
        uint8_t *copy = malloc(bytes->len);

        memcpy(copy, bytes->own, bytes->len);
        copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
        n_refused += !row_frame_read((struct bytes) { copy, bytes->len }, &view, &flags, see, &seen);
        assert_true(seen.n <= 1);
        free(copy);
    }
    assert_true(n_refused > 100);
    shared_bytes_release(bytes);
    row_frame_free(frame);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_goes_in_comes_out),
        cmocka_unit_test(times_far_apart_keep_their_nanoseconds),
        cmocka_unit_test(a_full_frame_takes_no_more_and_the_next_one_begins_afresh),
        cmocka_unit_test(numbers_that_are_too_far_apart_go_into_another_frame),
        cmocka_unit_test(a_long_info_is_cut_between_characters_and_marked),
        cmocka_unit_test(a_broken_frame_is_refused_or_harmless),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
