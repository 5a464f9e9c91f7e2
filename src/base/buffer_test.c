/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buffer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void a_limit_is_kept_to_the_byte(void **state)
{
    static const size_t limits[] = { 0, 1, 2, 10, 255, 256, 257, 300, 511, 512, 513, 1000, 4096, 100000 };

    (void)state;
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        struct buffer buffer;

        buffer_init(&buffer, limits[i]);
        for (size_t n = 0; n < limits[i]; n++)
            assert_true(buffer_put_u8(&buffer, (uint8_t)n));
        assert_false(buffer.is_full);
        assert_false(buffer_put_u8(&buffer, 0));
        assert_true(buffer.is_full);
        assert_int_equal(buffer.len, limits[i]);
        assert_true(buffer.cap <= limits[i]);
        for (size_t n = 0; n < limits[i]; n++)
            assert_int_equal(buffer.data[n], (uint8_t)n);
        buffer_clear(&buffer);
    }
}

static void what_does_not_fit_leaves_the_buffer_as_it_was(void **state)
{
    struct buffer buffer;

    (void)state;
    buffer_init(&buffer, 10);
    assert_true(buffer_put(&buffer, "12345678", 8));
    assert_false(buffer_put(&buffer, "abc", 3));
    assert_true(buffer.is_full);
    assert_int_equal(buffer.len, 8);
    assert_memory_equal(buffer.data, "12345678", 8);
    assert_true(buffer_put(&buffer, "ab", 2)); /* less still fits; is_full stays, for a run of puts */
    assert_true(buffer.is_full);
    assert_null(buffer_room(&buffer, SIZE_MAX));
    assert_null(buffer_room(&buffer, 1));
    buffer_clear(&buffer);
}

static void an_emptied_buffer_keeps_its_memory_and_a_cleared_one_its_limit(void **state)
{
    struct buffer buffer;
    size_t cap;

    (void)state;
    buffer_init(&buffer, 1000);
    assert_non_null(buffer_room(&buffer, 600));
    cap = buffer.cap;
    assert_null(buffer_room(&buffer, 1001));
    buffer_empty(&buffer);
    assert_int_equal(buffer.cap, cap);
    assert_false(buffer.is_full);
    buffer_clear(&buffer);
    assert_null(buffer.data);
    assert_int_equal(buffer.cap, 0);
    assert_null(buffer_room(&buffer, 1001));
    assert_non_null(buffer_room(&buffer, 1000));
    buffer_clear(&buffer);
}

static void numbers_are_little_endian(void **state)
{
    static const uint8_t expected[] = { 0x12, 0x34, 0x12, 0x78, 0x56, 0x34, 0x12, 8, 7, 6, 5, 4, 3, 2, 1 };
    struct buffer buffer;

    (void)state;
    buffer_init(&buffer, 64);
    buffer_put_u8(&buffer, 0x12);
    buffer_put_u16le(&buffer, 0x1234);
    buffer_put_u32le(&buffer, 0x12345678);
    buffer_put_u64le(&buffer, 0x0102030405060708);
    assert_int_equal(buffer.len, sizeof expected);
    assert_memory_equal(buffer.data, expected, sizeof expected);
    buffer_clear(&buffer);
}

static void varints_are_leb128(void **state)
{
    static const struct {
        uint64_t value;
        uint8_t bytes[10];
        size_t len;
    } cases[] = {
        { 0, { 0 }, 1 },
        { 0x7f, { 0x7f }, 1 },
        { 0x80, { 0x80, 1 }, 2 },
        { 624485, { 0xe5, 0x8e, 0x26 }, 3 },
        { UINT64_MAX, { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1 }, 10 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer buffer;

        buffer_init(&buffer, 10);
        assert_true(buffer_put_varint(&buffer, cases[i].value));
        assert_int_equal(buffer.len, cases[i].len);
        assert_memory_equal(buffer.data, cases[i].bytes, cases[i].len);
        buffer_clear(&buffer);
    }
}

static void printed_text_needs_room_for_its_end_but_does_not_count_it(void **state)
{
    struct buffer buffer;

    (void)state;
    buffer_init(&buffer, 10);
    assert_true(buffer_put_text(&buffer, "ab"));
    assert_true(buffer_printf(&buffer, "%d-%s", 12, "xyz"));
    assert_int_equal(buffer.len, 8);
    assert_memory_equal(buffer.data, "ab12-xyz", 8);
    assert_false(buffer_printf(&buffer, "%s", "34"));
    assert_int_equal(buffer.len, 8);
    assert_true(buffer_printf(&buffer, "%s", "3"));
    assert_true(bytes_equal(buffer_bytes(&buffer), bytes_text("ab12-xyz3")));
    buffer_clear(&buffer);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_limit_is_kept_to_the_byte),
        cmocka_unit_test(what_does_not_fit_leaves_the_buffer_as_it_was),
        cmocka_unit_test(an_emptied_buffer_keeps_its_memory_and_a_cleared_one_its_limit),
        cmocka_unit_test(numbers_are_little_endian),
        cmocka_unit_test(varints_are_leb128),
        cmocka_unit_test(printed_text_needs_room_for_its_end_but_does_not_count_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
