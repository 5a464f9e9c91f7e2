/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/buffer.h"
#include "packet/pcap_resume.h"

enum { SECONDS = 1725000000, LIMIT_BYTES = 8 << 20 };

static const struct pcap_header header = { .record_header_bytes = 16,
                                           .fraction_ns = 1000,
                                           .packet_limit_bytes = PCAP_PACKET_LIMIT_BYTES };

static void put_record(struct buffer *out, uint32_t seconds, uint32_t caplen)
{
    buffer_put_u32le(out, seconds);
    buffer_put_u32le(out, 999999);
    buffer_put_u32le(out, caplen);
    buffer_put_u32le(out, caplen + 4);
    for (uint32_t i = 0; i < caplen; i++)
        buffer_put_u8(out, (uint8_t)(i * 7 + seconds));
}

static void records_behind_noise_are_found(void **state)
{
    struct buffer bytes;
    size_t noise = 5000, at;
    unsigned seed = 1;

    (void)state;
    buffer_init(&bytes, LIMIT_BYTES);
    for (size_t i = 0; i < noise; i++) {
        seed = seed * 1103515245 + 12345;
        buffer_put_u8(&bytes, (uint8_t)(seed >> 16));
    }
    for (uint32_t i = 0; i < 5; i++)
        put_record(&bytes, SECONDS + i, 100 + i);
    assert_true(pcap_resume(&header, SECONDS, buffer_bytes(&bytes), true, 1, &at));
    assert_int_equal(at, noise);
    /* Without a time to go by it is found, too. */
    assert_true(pcap_resume(&header, 0, buffer_bytes(&bytes), true, 1, &at));
    assert_int_equal(at, noise);
    buffer_clear(&bytes);
}

static void records_of_another_time_are_not_taken(void **state)
{
    struct buffer bytes;
    size_t at;

    (void)state;
    buffer_init(&bytes, LIMIT_BYTES);
    for (uint32_t i = 0; i < 5; i++)
        put_record(&bytes, SECONDS + i, 60);
    assert_false(pcap_resume(&header, SECONDS - 500 * 86400, buffer_bytes(&bytes), true, 0, &at));
    assert_int_equal(at, bytes.len);
    buffer_clear(&bytes);
}

static void zeroes_are_no_records(void **state)
{
    struct buffer bytes;
    size_t at;

    (void)state;
    buffer_init(&bytes, LIMIT_BYTES);
    for (int i = 0; i < 4096; i++)
        buffer_put_u8(&bytes, 0);
    put_record(&bytes, SECONDS, 60);
    assert_true(pcap_resume(&header, SECONDS, buffer_bytes(&bytes), true, 0, &at));
    assert_int_equal(at, 4096); /* a single one, that ends with the file */
    buffer_clear(&bytes);
}

static void without_the_end_a_place_too_near_to_it_is_left_for_later(void **state)
{
    struct buffer bytes;
    size_t at;

    (void)state;
    buffer_init(&bytes, LIMIT_BYTES);
    for (uint32_t i = 0; i < 3; i++)
        put_record(&bytes, SECONDS, 1000);
    assert_false(pcap_resume(&header, SECONDS, buffer_bytes(&bytes), false, 0, &at));
    assert_int_equal(at, 0);
    for (uint32_t i = 0; i < PCAP_RESUME_BYTES / 1000; i++)
        put_record(&bytes, SECONDS, 1000);
    assert_true(pcap_resume(&header, SECONDS, buffer_bytes(&bytes), false, 1, &at));
    assert_int_equal(at, 1016);
    buffer_clear(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_behind_noise_are_found),
        cmocka_unit_test(records_of_another_time_are_not_taken),
        cmocka_unit_test(zeroes_are_no_records),
        cmocka_unit_test(without_the_end_a_place_too_near_to_it_is_left_for_later),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
