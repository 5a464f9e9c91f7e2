/* SPDX-License-Identifier: Apache-2.0 */
#include "base/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "base/buffer.h"

/* Each number, read by its own call and widened, so that one table holds them all. */
#define READ_AS(name, type)                             \
    static bool name(struct reader *r, uint64_t *value) \
    {                                                   \
        type read = 0;                                  \
        bool is_read = reader_##name(r, &read);         \
                                                        \
        *value = read;                                  \
        return is_read;                                 \
    }

READ_AS(u8, uint8_t)
READ_AS(u16, uint16_t)
READ_AS(u24, uint32_t)
READ_AS(u32, uint32_t)
READ_AS(u48, uint64_t)
READ_AS(u64, uint64_t)
READ_AS(u16le, uint16_t)
READ_AS(u32le, uint32_t)
READ_AS(u64le, uint64_t)

static void a_number_is_read_whole_or_not_at_all(void **state)
{
    static const struct {
        bool (*read)(struct reader *r, uint64_t *value);
        size_t len;
        uint64_t value;
    } cases[] = {
        { u8, 1, 0xf1 },        { u16, 2, 0xf1f2 },         { u24, 3, 0xf1f2f3 },
        { u32, 4, 0xf1f2f3f4 }, { u48, 6, 0xf1f2f3f4f5f6 }, { u64, 8, 0xf1f2f3f4f5f6f7f8 },
        { u16le, 2, 0xf2f1 },   { u32le, 4, 0xf4f3f2f1 },   { u64le, 8, 0xf8f7f6f5f4f3f2f1 },
    };
    static const uint8_t bytes[] = { 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8 };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t len = 0; len <= sizeof bytes; len++) {
            struct reader r = reader_over(bytes_of(bytes, len));
            uint64_t value;
            bool is_read = cases[i].read(&r, &value);

            assert_int_equal(is_read, len >= cases[i].len);
            assert_int_equal(reader_left(&r), is_read ? len - cases[i].len : len);
            if (is_read)
                assert_int_equal(value, cases[i].value);
        }
}

static void nothing_can_be_read_from_nothing(void **state)
{
    struct reader r = reader_over((struct bytes) { NULL, 0 }), sub;
    struct bytes bytes;
    uint8_t value;

    (void)state;
    assert_int_equal(reader_left(&r), 0);
    assert_false(reader_u8(&r, &value));
    assert_false(reader_skip(&r, 1));
    assert_false(reader_bytes(&r, SIZE_MAX, &bytes));
    assert_true(reader_bytes(&r, 0, &bytes));
    assert_int_equal(bytes.len, 0);
    assert_true(reader_sub(&r, 0, &sub));
    assert_int_equal(reader_left(&sub), 0);
}

static void a_sub_reader_ends_where_its_part_ends(void **state)
{
    struct reader r = reader_over(bytes_text("abcdef")), sub;
    struct bytes rest;
    uint8_t value;

    (void)state;
    assert_true(reader_skip(&r, 1));
    assert_false(reader_sub(&r, 6, &sub));
    assert_int_equal(reader_left(&r), 5);
    assert_true(reader_sub(&r, 2, &sub));
    assert_true(reader_u8(&sub, &value) && value == 'b');
    assert_true(reader_u8(&sub, &value) && value == 'c');
    assert_false(reader_u8(&sub, &value));
    rest = reader_rest(&r);
    assert_true(bytes_equal(rest, bytes_text("def")));
    assert_true(reader_bytes(&r, 3, &rest));
    assert_true(bytes_equal(rest, bytes_text("def")));
    assert_false(reader_skip(&r, SIZE_MAX));
}

static void varints_come_back_as_they_were_written(void **state)
{
    (void)state;
    for (unsigned shift = 0; shift < 64; shift++)
        for (int d = -1; d <= 1; d++) {
            uint64_t written = ((uint64_t)1 << shift) + (uint64_t)d, read;
            struct buffer buffer;
            struct reader r;

            buffer_init(&buffer, 16);
            assert_true(buffer_put_varint(&buffer, written));
            r = reader_over(buffer_bytes(&buffer));
            assert_true(reader_varint(&r, &read));
            assert_int_equal(read, written);
            assert_int_equal(reader_left(&r), 0);
            r = reader_over(bytes_of(buffer.data, buffer.len - 1));
            assert_false(reader_varint(&r, &read)); /* unfinished */
            buffer_clear(&buffer);
        }
}

static void a_varint_of_more_than_64_bits_is_refused(void **state)
{
    static const struct {
        uint8_t bytes[11];
        bool is_read;
    } cases[] = {
        { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01 }, true },
        { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02 }, false },
        { { 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01 }, false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct reader r = reader_over(bytes_of(cases[i].bytes, sizeof cases[i].bytes));
        uint64_t value;

        assert_int_equal(reader_varint(&r, &value), cases[i].is_read);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_is_read_whole_or_not_at_all),
        cmocka_unit_test(nothing_can_be_read_from_nothing),
        cmocka_unit_test(a_sub_reader_ends_where_its_part_ends),
        cmocka_unit_test(varints_come_back_as_they_were_written),
        cmocka_unit_test(a_varint_of_more_than_64_bits_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
