/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/buffer.h"
#include "packet/pcap_read.h"

/* What a file says, to be written in either byte order. */
struct layout {
    uint32_t magic;
    uint16_t major, minor;
    uint32_t linktype;
    uint32_t file_extra, record_extra; /* bytes behind the headers */
    bool is_big;
};

static void put(struct buffer *buffer, bool is_big, uint32_t value, size_t n)
{
    for (size_t i = 0; i < n; i++)
        assert_true(buffer_put_u8(buffer, (uint8_t)(value >> 8 * (is_big ? n - 1 - i : i))));
}

static void put_file_header(struct buffer *buffer, const struct layout *layout)
{
    put(buffer, layout->is_big, layout->magic, 4);
    put(buffer, layout->is_big, layout->major, 2);
    put(buffer, layout->is_big, layout->minor, 2);
    put(buffer, layout->is_big, 0, 4);
    put(buffer, layout->is_big, 0, 4);
    put(buffer, layout->is_big, 65535, 4);
    put(buffer, layout->is_big, layout->linktype, 4);
    for (uint32_t i = 0; i < layout->file_extra; i++)
        put(buffer, false, 0xee, 1);
}

static void put_record(struct buffer *buffer, const struct layout *layout, uint32_t seconds,
                       uint32_t fraction, uint32_t first, uint32_t second, uint32_t n_bytes)
{
    put(buffer, layout->is_big, seconds, 4);
    put(buffer, layout->is_big, fraction, 4);
    put(buffer, layout->is_big, first, 4);
    put(buffer, layout->is_big, second, 4);
    for (uint32_t i = 0; i < layout->record_extra; i++)
        put(buffer, false, i == 0 ? 2 : 0, 1); /* the interface's index, as a little-endian machine has it */
    for (uint32_t i = 0; i < n_bytes; i++)
        put(buffer, false, 0x40 + i, 1);
}

static void every_variant_gives_the_same_packets(void **state)
{
    static const struct {
        const char *name;
        struct layout layout;
        uint32_t fraction_ns;
        bool is_swapped;
        uint16_t linktype;
    } cases[] = {
        { "micro", { 0xa1b2c3d4, 2, 4, 1, 0, 0, false }, 1000, false, 1 },
        { "micro big", { 0xa1b2c3d4, 2, 4, 1, 0, 0, true }, 1000, false, 1 },
        { "nano", { 0xa1b23c4d, 2, 4, 113, 0, 0, false }, 1, false, 113 },
        { "nano big", { 0xa1b23c4d, 2, 4, 113, 0, 0, true }, 1, false, 113 },
        { "modified", { 0xa1b2cd34, 2, 4, 1, 0, 8, false }, 1000, false, 1 },
        { "modified, longer", { 0xa1b2cd34, 2, 4, 1, 0, 12, false }, 1000, false, 1 },
        { "modified under the plain magic", { 0xa1b2c3d4, 2, 4, 1, 0, 8, false }, 1000, false, 1 },
        { "nokia", { 0xa1b2c3d4, 2, 4, 1, 0, 4, false }, 1000, false, 1 },
        { "ixia hardware", { 0x1c0001ac, 2, 4, 1, 4, 0, false }, 1, false, 1 },
        { "ixia software big", { 0x1c0001ab, 2, 4, 1, 4, 0, true }, 1000, false, 1 },
        { "lengths of 2.2", { 0xa1b2c3d4, 2, 2, 1, 0, 0, false }, 1000, true, 1 },
        { "lengths of 2.3, swapped", { 0xa1b2c3d4, 2, 3, 1, 0, 0, false }, 1000, true, 1 },
        { "lengths of 2.3, not swapped", { 0xa1b2c3d4, 2, 3, 1, 0, 0, false }, 1000, false, 1 },
        { "aix", { 0xa1b2c3d4, 2, 2, 6, 0, 0, true }, 1, false, 1 },
        { "fcs length above the link type", { 0xa1b2c3d4, 2, 4, 0x24000001, 0, 0, false }, 1000, false, 1 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct layout *layout = &cases[i].layout;
        struct packet packets[8];
        struct pcap_header header;
        struct buffer buffer;
        struct error error = { 0 };
        struct bytes bytes;
        size_t used, needed;
        uint32_t n;

        print_message("%s\n", cases[i].name);
        buffer_init(&buffer, 65536);
        put_file_header(&buffer, layout);
        for (uint32_t k = 0; k < 3; k++)
            put_record(&buffer, layout, 4000000000, 999999 - k, cases[i].is_swapped ? 60 : 20,
                       cases[i].is_swapped ? 20 : 60, 20);
        bytes = buffer_bytes(&buffer);
        assert_int_equal(pcap_read_header(bytes, &header, &needed, &error), PCAP_READ);
        assert_int_equal(header.linktype, cases[i].linktype);
        bytes = bytes_of(bytes.data + header.header_bytes, bytes.len - header.header_bytes);
        pcap_guess_records(&header, bytes);
        assert_int_equal(pcap_read_packets(&header, bytes, 24, packets, 8, &n, &used, &needed, &error),
                         PCAP_READ);
        assert_int_equal(n, 3);
        assert_int_equal(used, bytes.len);
        for (uint32_t k = 0; k < 3; k++) {
            assert_true(packets[k].ts_ns ==
                        4000000000 * INT64_C(1000000000) + (int64_t)(999999 - k) * cases[i].fraction_ns);
            assert_int_equal(packets[k].caplen, 20);
            assert_int_equal(packets[k].len, 60);
            assert_int_equal(packets[k].data[0], 0x40);
            assert_int_equal(packets[k].linktype, cases[i].linktype);
            assert_null(packets[k].options);
        }
        buffer_clear(&buffer);
    }
}

static const struct layout plain = { 0xa1b2c3d4, 2, 4, 1, 0, 0, false };

static void a_file_cut_anywhere_gives_its_whole_packets_and_asks_for_the_rest(void **state)
{
    struct packet packets[8];
    struct pcap_header header;
    struct buffer buffer;
    struct error error = { 0 };
    size_t used, needed;
    uint32_t n;

    (void)state;
    buffer_init(&buffer, 65536);
    put_file_header(&buffer, &plain);
    assert_int_equal(pcap_read_header(buffer_bytes(&buffer), &header, &needed, &error), PCAP_READ);
    buffer_empty(&buffer);
    put_record(&buffer, &plain, 1, 1, 10, 10, 10);
    put_record(&buffer, &plain, 1, 1, 30, 30, 30);
    for (size_t cut = 0; cut <= buffer.len; cut++) {
        enum pcap_result result = pcap_read_packets(&header, bytes_of(buffer.data, cut), 24, packets, 8, &n,
                                                    &used, &needed, &error);

        assert_int_equal(result, cut == 0 || cut == 26 || cut == 72 ? PCAP_READ : PCAP_SHORT);
        assert_int_equal(n, cut < 26 ? 0 : cut < 72 ? 1 : 2);
        assert_int_equal(used, cut < 26 ? 0 : cut < 72 ? 26 : 72);
        if (result == PCAP_SHORT) {
            assert_true(needed > cut - used);
            assert_true(used + needed <= buffer.len);
        }
    }
    buffer_clear(&buffer);
}

static void a_packet_too_long_to_be_true_is_damage_and_says_where(void **state)
{
    struct packet packets[8];
    struct pcap_header header;
    struct buffer buffer;
    struct error error = { 0 };
    size_t used, needed;
    uint32_t n;

    (void)state;
    buffer_init(&buffer, 1 << 20);
    put_file_header(&buffer, &plain);
    assert_int_equal(pcap_read_header(buffer_bytes(&buffer), &header, &needed, &error), PCAP_READ);
    buffer_empty(&buffer);
    put_record(&buffer, &plain, 1, 1, 262144, 5, 262144); /* the longest; its len is below its caplen */
    put_record(&buffer, &plain, 1, 1, 262145, 262145, 10);
    assert_int_equal(
        pcap_read_packets(&header, buffer_bytes(&buffer), 24, packets, 8, &n, &used, &needed, &error),
        PCAP_DAMAGED);
    assert_int_equal(n, 1);
    assert_int_equal(packets[0].len, 262144);
    assert_int_equal(used, 262160);
    assert_int_equal(error.kind, ERROR_DAMAGED);
    assert_non_null(strstr(error.text, "offset 262184"));
    buffer_clear(&buffer);
}

static void a_file_header_not_understood_is_refused(void **state)
{
    static const struct {
        struct layout layout;
        const char *says;
    } cases[] = {
        { { 0xa1b2c3d4, 1, 4, 1, 0, 0, false }, "version 1.4" },
        { { 0xa1b2c3d4, 2, 4, 0x00300000, 0, 0, false }, "reserved bits" },
        { { 0xdeadbeef, 2, 4, 1, 0, 0, false }, "no pcap" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct pcap_header header;
        struct buffer buffer;
        struct error error = { 0 };
        size_t needed;

        buffer_init(&buffer, 1024);
        put_file_header(&buffer, &cases[i].layout);
        assert_int_equal(pcap_read_header(bytes_of(buffer.data, 20), &header, &needed, &error), PCAP_SHORT);
        assert_int_equal(needed, 24);
        assert_int_equal(pcap_read_header(buffer_bytes(&buffer), &header, &needed, &error), PCAP_DAMAGED);
        assert_non_null(strstr(error.text, cases[i].says));
        buffer_clear(&buffer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_variant_gives_the_same_packets),
        cmocka_unit_test(a_file_cut_anywhere_gives_its_whole_packets_and_asks_for_the_rest),
        cmocka_unit_test(a_packet_too_long_to_be_true_is_damage_and_says_where),
        cmocka_unit_test(a_file_header_not_understood_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
