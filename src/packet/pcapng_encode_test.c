/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "packet/batch.h"
#include "packet/pcapng_encode.h"

static void assert_bytes(const struct buffer *buffer, const uint8_t *expected, size_t len)
{
    assert_int_equal(buffer->len, len);
    assert_memory_equal(buffer->data, expected, len);
}

static void an_interface_says_its_name_and_nanoseconds(void **state)
{
    static const uint8_t expected[] = {
        1,  0, 0, 0, 0x38, 0,   0,   0,   1, 0, 0, 0, 0, 0, 4, 0, /* IDB, Ethernet, snaplen */
        2,  0, 4, 0, 'e',  't', 'h', '0',                         /* if_name */
        9,  0, 1, 0, 9,    0,   0,   0,                           /* if_tsresol */
        11, 0, 4, 0, 0,    'u', 'd', 'p',                         /* if_filter */
        12, 0, 1, 0, 'L',  0,   0,   0,                           /* if_os */
        0,  0, 0, 0, 0x38, 0,   0,   0,
    };
    struct interface interface = {
        .linktype = 1,
        .snaplen = 262144,
        .name = "eth0",
        .filter = "udp",
        .os = "L",
        .tsresol = 6,
    };
    struct buffer buffer;

    (void)state;
    buffer_init(&buffer, 4096);
    assert_true(pcapng_put_interface(&buffer, &interface));
    assert_bytes(&buffer, expected, sizeof expected);
    buffer_clear(&buffer);
}

static void a_packet_is_padded_and_keeps_its_options(void **state)
{
    static const uint8_t options[] = { 1, 0, 2, 0, 'h', 'i', 0, 0 };
    static const struct {
        uint32_t caplen;
        uint16_t options_len;
        uint32_t total;
    } cases[] = { { 0, 0, 32 }, { 1, 0, 36 }, { 4, 0, 36 }, { 5, 8, 52 }, { 0, 8, 44 } };
    static const uint8_t five[] = {
        6,    0,    0,    0,    52, 0, 0,   0,   3, 0, 0, 0, 0xed, 0x88, 0x08, 0x17, /* EPB, interface 3,
                                                                                        time, high word */
        0x15, 0xcd, 0xcb, 0x07, 5,  0, 0,   0,   9, 0, 0, 0, 'a',  'b',  'c',  'd',  'e', 0,
        0,    0,    1,    0,    2,  0, 'h', 'i', 0, 0, 0, 0, 0,    0,    52,   0,    0,   0,
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct packet packet = {
            .ts_ns = 0x170888ed07cbcd15,
            .data = (const uint8_t *)"abcde",
            .caplen = cases[i].caplen,
            .len = 9,
            .options_len = cases[i].options_len,
            .options = options,
        };
        struct buffer buffer;

        buffer_init(&buffer, 4096);
        assert_true(pcapng_put_packet(&buffer, &packet, 3));
        assert_int_equal(buffer.len, cases[i].total);
        assert_int_equal(buffer.len, pcapng_packet_bytes(&packet));
        assert_int_equal(buffer.data[buffer.len - 4], cases[i].total);
        if (cases[i].caplen == 5)
            assert_bytes(&buffer, five, sizeof five);
        buffer_clear(&buffer);
    }
}

static void a_section_is_little_endian_and_names_the_application(void **state)
{
    static const uint8_t head[] = {
        0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255
    };
    struct buffer buffer;
    uint32_t length;

    (void)state;
    buffer_init(&buffer, 4096);
    assert_true(pcapng_put_section(&buffer, "tapdeck 1.2", ""));
    assert_memory_equal(buffer.data, "\n\r\r\n", 4);
    length = (uint32_t)(buffer.data[4] | buffer.data[5] << 8);
    assert_int_equal(length, buffer.len);
    assert_int_equal(length % 4, 0);
    assert_memory_equal(buffer.data + 8, head, sizeof head);
    assert_memory_equal(buffer.data + buffer.len - 8, "\0\0\0\0", 4);
    assert_non_null(memmem(buffer.data, buffer.len, "tapdeck 1.2", 11));
    buffer_clear(&buffer);
}

static void statistics_count_drops_and_give_times_high_word_first(void **state)
{
    static const uint8_t expected[] = {
        5, 0, 0, 0, 88, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2,  0, 0, 0,             /* ISB, interface, time */
        2, 0, 8, 0, 1,  0, 0, 0, 1, 0, 0, 0, 3, 0, 8, 0, 1,  0, 0, 0, 2, 0, 0, 0, /* start, end */
        4, 0, 8, 0, 7,  0, 0, 0, 0, 0, 0, 0, 5, 0, 8, 0, 8,  0, 0, 0, 0, 0, 0, 0, /* received, dropped */
        7, 0, 8, 0, 9,  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 88, 0, 0, 0,
    };
    struct pcapng_statistics statistics = {
        .interface = 2,
        .ts_ns = 0x100000002,
        .start_ns = 0x100000001,
        .end_ns = 0x100000002,
        .n_received = 7,
        .n_dropped = 8,
        .n_dropped_os = 9,
    };
    struct buffer buffer;

    (void)state;
    buffer_init(&buffer, 4096);
    assert_true(pcapng_put_statistics(&buffer, &statistics));
    assert_bytes(&buffer, expected, sizeof expected);
    statistics.comment = "queue full";
    assert_true(pcapng_put_statistics(&buffer, &statistics));
    assert_int_equal(buffer.len, 88 + 88 + 16);
    buffer_clear(&buffer);
}

static void a_block_that_does_not_fit_leaves_the_buffer_as_it_was(void **state)
{
    struct packet packet = { .data = (const uint8_t *)"abcde", .caplen = 5, .len = 5 };
    struct interface interface = { .linktype = 1, .name = "eth0" };
    struct pcapng_statistics statistics = { 0 };

    (void)state;
    for (size_t room = 0; room < 40; room++) {
        uint8_t filler[1000] = { 0 };
        struct buffer buffer;

        buffer_init(&buffer, sizeof filler + room);
        assert_true(buffer_put(&buffer, filler, sizeof filler));
        assert_false(pcapng_put_packet(&buffer, &packet, 0));
        assert_false(pcapng_put_section(&buffer, "x", "y"));
        assert_false(pcapng_put_interface(&buffer, &interface));
        assert_false(pcapng_put_statistics(&buffer, &statistics));
        assert_int_equal(buffer.len, sizeof filler);
        assert_true(buffer.is_full);
        buffer_clear(&buffer);
    }
}

static void a_batch_lends_or_owns(void **state)
{
    struct batch batch;

    (void)state;
    assert_true(batch_init(&batch, 0));
    assert_null(batch.data);
    batch_clear(&batch);
    assert_true(batch_init(&batch, BATCH_BYTES));
    batch.n = 3;
    batch.used_bytes = 7;
    batch_empty(&batch);
    assert_int_equal(batch.n + batch.used_bytes, 0);
    assert_int_equal(batch.cap_bytes, BATCH_BYTES);
    batch_clear(&batch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_interface_says_its_name_and_nanoseconds),
        cmocka_unit_test(a_packet_is_padded_and_keeps_its_options),
        cmocka_unit_test(a_section_is_little_endian_and_names_the_application),
        cmocka_unit_test(statistics_count_drops_and_give_times_high_word_first),
        cmocka_unit_test(a_block_that_does_not_fit_leaves_the_buffer_as_it_was),
        cmocka_unit_test(a_batch_lends_or_owns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
