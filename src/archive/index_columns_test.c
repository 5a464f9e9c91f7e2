/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "archive/index_columns.h"

enum { N = 1000 };

static void numbers_and_bytes_come_back_packed_or_not(void **state)
{
    static const uint64_t bases[] = { 0, 1, 255, 256, UINT64_C(1) << 40, UINT64_MAX - N * 3 };
    uint8_t same[N] = { 0 };
    struct column_writer writer;
    struct column_reader reader;
    struct column_numbers column;
    struct buffer file;
    struct bytes bytes;
    uint64_t numbers[N];

    (void)state;
    buffer_init(&file, 1 << 20);
    assert_true(column_writer_init(&writer, &file));
    for (size_t b = 0; b < sizeof bases / sizeof *bases; b++) {
        for (uint32_t i = 0; i < N; i++)
            numbers[i] = bases[b] + i * 3;
        assert_true(column_put_numbers(&writer, numbers, N));
    }
    numbers[0] = UINT64_MAX;
    numbers[1] = 0;
    assert_true(column_put_numbers(&writer, numbers, 2));
    assert_true(column_put_numbers(&writer, numbers, 0));
    assert_true(column_put_bytes(&writer, bytes_of(same, N)));
    assert_true(column_put_bytes(&writer, bytes_text("short")));
    column_writer_clear(&writer);

    column_reader_init(&reader, buffer_bytes(&file));
    for (size_t b = 0; b < sizeof bases / sizeof *bases; b++) {
        assert_true(column_take_numbers(&reader, N, &column));
        assert_int_equal(column.n_planes, 2);
        for (uint32_t i = 0; i < N; i++)
            assert_int_equal(column_number(&column, i), bases[b] + i * 3);
    }
    assert_true(column_take_numbers(&reader, 2, &column));
    assert_int_equal(column_number(&column, 0), UINT64_MAX);
    assert_int_equal(column_number(&column, 1), 0);
    assert_true(column_take_numbers(&reader, 0, &column));
    assert_true(column_take_bytes(&reader, &bytes));
    assert_true(bytes_equal(bytes, bytes_of(same, N)));
    assert_true(column_take_bytes(&reader, &bytes));
    assert_true(bytes_equal(bytes, bytes_text("short")));
    assert_int_equal(reader_left(&reader.rest), 0);
    column_reader_clear(&reader);
    assert_true(file.len < sizeof bases / sizeof *bases * N * 2);
    buffer_clear(&file);
}

static void a_column_of_another_length_or_cut_is_refused(void **state)
{
    struct column_writer writer;
    struct column_reader reader;
    struct column_numbers column;
    struct buffer file;
    uint64_t numbers[N];

    (void)state;
    for (uint32_t i = 0; i < N; i++)
        numbers[i] = i / 100;
    buffer_init(&file, 1 << 20);
    assert_true(column_writer_init(&writer, &file));
    assert_true(column_put_numbers(&writer, numbers, N));
    column_writer_clear(&writer);
    column_reader_init(&reader, buffer_bytes(&file));
    assert_false(column_take_numbers(&reader, N - 1, &column));
    column_reader_clear(&reader);
    for (size_t cut = 0; cut < file.len; cut++) {
        column_reader_init(&reader, bytes_of(file.data, cut));
        assert_false(column_take_numbers(&reader, N, &column));
        column_reader_clear(&reader);
    }
    buffer_clear(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_and_bytes_come_back_packed_or_not),
        cmocka_unit_test(a_column_of_another_length_or_cut_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
