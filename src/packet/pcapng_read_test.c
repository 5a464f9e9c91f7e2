/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/buffer.h"
#include "packet/pcapng_encode.h"
#include "packet/pcapng_read.h"

/* Writes blocks in either byte order. */
struct author {
    struct buffer buffer;
    size_t block;
    bool is_big;
};

static void put(struct author *author, uint64_t value, size_t n)
{
    for (size_t i = 0; i < n; i++)
        assert_true(buffer_put_u8(&author->buffer, (uint8_t)(value >> 8 * (author->is_big ? n - 1 - i : i))));
}

static void put_padded(struct author *author, const void *data, size_t len)
{
    assert_true(buffer_put(&author->buffer, data, len));
    while (author->buffer.len % 4)
        put(author, 0, 1);
}

static void begin(struct author *author, uint32_t type)
{
    author->block = author->buffer.len;
    put(author, type, 4);
    put(author, 0, 4);
}

static void end(struct author *author)
{
    size_t length = author->buffer.len + 4 - author->block, len = author->buffer.len;

    author->buffer.len = author->block + 4;
    put(author, length, 4);
    author->buffer.len = len;
    put(author, length, 4);
}

static void put_option(struct author *author, uint16_t code, const void *value, uint16_t len)
{
    put(author, code, 2);
    put(author, len, 2);
    put_padded(author, value, len);
}

static void put_section(struct author *author)
{
    begin(author, 0x0a0d0d0a);
    put(author, 0x1a2b3c4d, 4);
    put(author, 1, 2);
    put(author, 0, 2);
    put(author, UINT64_MAX, 8);
    end(author);
}

static void put_interface(struct author *author, uint16_t linktype, const char *name, uint8_t tsresol,
                          int64_t tsoffset_s)
{
    begin(author, 1);
    put(author, linktype, 2);
    put(author, 0, 2);
    put(author, 96, 4);
    put_option(author, 2, name, (uint16_t)strlen(name));
    put_option(author, 9, &tsresol, 1);
    put(author, 14, 2);
    put(author, 8, 2);
    put(author, (uint64_t)tsoffset_s, 8);
    put(author, 0, 4);
    end(author);
}

static void begin_packet(struct author *author, uint32_t interface, uint64_t units, uint32_t caplen,
                         uint32_t len)
{
    begin(author, 6);
    put(author, interface, 4);
    put(author, units >> 32, 4);
    put(author, units & UINT32_MAX, 4);
    put(author, caplen, 4);
    put(author, len, 4);
}

static void put_packet(struct author *author, uint32_t interface, uint64_t units)
{
    begin_packet(author, interface, units, 5, 9);
    put_padded(author, "abcde", 5);
    end(author);
}

struct reading {
    struct interface_table interfaces;
    struct pcapng_reader *reader;
    struct packet packets[16];
    struct error error;
    enum pcap_result result;
    uint32_t n;
    size_t used, needed;
};

static void begin_reading(struct reading *reading)
{
    *reading = (struct reading) { 0 };
    reading->reader = pcapng_reader_new(&reading->interfaces);
    assert_non_null(reading->reader);
}

static void read_bytes(struct reading *reading, struct bytes bytes)
{
    reading->result = pcapng_read_packets(reading->reader, bytes, 0, reading->packets, 16, &reading->n,
                                          &reading->used, &reading->needed, &reading->error);
}

static void end_reading(struct reading *reading)
{
    pcapng_reader_free(reading->reader);
    interface_table_clear(&reading->interfaces);
}

static void times_of_every_resolution_become_nanoseconds_rounded_down(void **state)
{
    static const struct {
        uint8_t tsresol;
        int64_t tsoffset_s;
        uint64_t units;
        int64_t ts_ns;
    } cases[] = {
        { 6, 0, 1700000000123456, 1700000000123456000 },
        { 9, 0, 1700000000123456789, 1700000000123456789 },
        { 9, 0, (uint64_t)-5, -5 },
        { 0, 0, 1700000000, 1700000000000000000 },
        { 3, 0, 1700000000123, 1700000000123000000 },
        { 12, 0, 1999, 1 },
        { 127, 0, UINT64_MAX, 0 },
        { 0x80 | 10, 0, (UINT64_C(1700000000) << 10) + 512, 1700000000500000000 },
        { 0x80 | 63, 0, UINT64_C(3) << 62, 1500000000 },
        { 0x80 | 127, 0, UINT64_MAX, 0 },
        { 6, 1600000000, 100000000123456, 1700000000123456000 },
        { 6, -10, 5000000, -5000000000 },
        { 6, 0, UINT64_MAX, INT64_MAX },
        { 6, INT64_MIN, 0, INT64_MIN },
    };

    (void)state;
    for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
        struct author author = { .is_big = i % 2 };
        struct reading reading;

        buffer_init(&author.buffer, 65536);
        put_section(&author);
        put_interface(&author, 1, "eth0", cases[i / 2].tsresol, cases[i / 2].tsoffset_s);
        put_packet(&author, 0, cases[i / 2].units);
        begin_reading(&reading);
        read_bytes(&reading, buffer_bytes(&author.buffer));
        assert_int_equal(reading.result, PCAP_READ);
        assert_int_equal(reading.n, 1);
        assert_true(reading.packets[0].ts_ns == cases[i / 2].ts_ns);
        assert_int_equal(reading.packets[0].caplen, 5);
        assert_int_equal(reading.packets[0].len, 9);
        assert_memory_equal(reading.packets[0].data, "abcde", 5);
        assert_int_equal(reading.interfaces.items[0].tsresol, cases[i / 2].tsresol);
        assert_int_equal(reading.interfaces.items[0].snaplen, 96);
        assert_string_equal(reading.interfaces.items[0].name, "eth0");
        end_reading(&reading);
        buffer_clear(&author.buffer);
    }
}

static void options_come_out_little_endian_whatever_they_were(void **state)
{
    static const uint8_t expected[] = {
        1,    0,    3, 0, 'h',  'i',  '!',  0,                   /* comment */
        2,    0,    4, 0, 0x04, 0x03, 0x02, 0x01,                /* epb_flags */
        4,    0,    8, 0, 8,    7,    6,    5,    4,    3, 2, 1, /* epb_dropcount */
        3,    0,    5, 0, 2,    0xde, 0xad, 0xbe, 0xef, 0, 0, 0, /* epb_hash: bytes */
        0xac, 0x0b, 5, 0, 0x78, 0x56, 0,    0,    'x',  0, 0, 0, /* custom: its enterprise number */
    };

    (void)state;
    for (int is_big = 0; is_big < 2; is_big++) {
        struct author author = { .is_big = is_big };
        struct reading reading;

        buffer_init(&author.buffer, 65536);
        put_section(&author);
        put_interface(&author, 1, "eth0", 9, 0);
        begin_packet(&author, 0, 7, 2, 2);
        put_padded(&author, "ab", 2);
        put_option(&author, 1, "hi!", 3);
        put(&author, 2, 2), put(&author, 4, 2), put(&author, 0x01020304, 4);
        put(&author, 4, 2), put(&author, 8, 2), put(&author, 0x0102030405060708, 8);
        put_option(&author, 3, "\2\xde\xad\xbe\xef", 5);
        put(&author, 2988, 2), put(&author, 5, 2), put(&author, 0x5678, 4), put_padded(&author, "x", 1);
        put(&author, 0, 4);
        end(&author);
        begin_reading(&reading);
        read_bytes(&reading, buffer_bytes(&author.buffer));
        assert_int_equal(reading.n, 1);
        assert_int_equal(reading.packets[0].options_len, sizeof expected);
        assert_memory_equal(reading.packets[0].options, expected, sizeof expected);
        end_reading(&reading);
        buffer_clear(&author.buffer);
    }
}

static void sections_of_both_orders_follow_each_other_and_share_equal_interfaces(void **state)
{
    struct author author = { 0 };
    struct reading reading;

    (void)state;
    buffer_init(&author.buffer, 65536);
    for (int section = 0; section < 3; section++) {
        author.is_big = section == 1;
        put_section(&author);
        put_interface(&author, 1, "eth0", 9, 0);
        put_interface(&author, 1, "eth0", 9, 0);
        put_interface(&author, 113, section == 2 ? "any2" : "any", 6, 0);
        put_packet(&author, 1, 1);
        put_packet(&author, 2, 1);
    }
    begin_reading(&reading);
    read_bytes(&reading, buffer_bytes(&author.buffer));
    assert_int_equal(reading.result, PCAP_READ);
    assert_int_equal(reading.n, 6);
    assert_int_equal(reading.interfaces.n, 4);
    for (uint32_t i = 0; i < 6; i++)
        assert_int_equal(reading.packets[i].interface, i == 5 ? 3 : i % 2 + 1);
    assert_int_equal(reading.packets[5].linktype, 113);
    end_reading(&reading);
    buffer_clear(&author.buffer);
}

static void simple_and_obsolete_packets_are_packets_and_other_blocks_are_passed_over(void **state)
{
    static const uint32_t others[] = { 5, 7, 9, 0xbad, 0x40000bad, 0x201, 0x12345678 };
    struct author author = { 0 };
    struct reading reading;
    uint8_t frame[100] = { 0xaa };

    (void)state;
    buffer_init(&author.buffer, 65536);
    put_section(&author);
    put_interface(&author, 1, "eth0", 6, 0);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        begin(&author, others[i]);
        put(&author, 0, 4);
        end(&author);
    }
    begin(&author, 3); /* simple: cut by the snaplen, 96 */
    put(&author, 100, 4);
    put_padded(&author, frame, 96);
    end(&author);
    begin(&author, 2); /* obsolete: interface and drops are 16 bit each */
    put(&author, 0, 2);
    put(&author, 7, 2);
    put(&author, 0, 4), put(&author, 5, 4), put(&author, 4, 4), put(&author, 8, 4);
    put_padded(&author, frame, 4);
    end(&author);
    begin_reading(&reading);
    read_bytes(&reading, buffer_bytes(&author.buffer));
    assert_int_equal(reading.result, PCAP_READ);
    assert_int_equal(reading.n, 2);
    assert_int_equal(reading.packets[0].caplen, 96);
    assert_int_equal(reading.packets[0].len, 100);
    assert_int_equal(reading.packets[1].caplen, 4);
    assert_int_equal(reading.packets[1].ts_ns, 5000);
    assert_int_equal(pcapng_reader_counts(reading.reader)->n_blocks_skipped, 6);
    end_reading(&reading);
    buffer_clear(&author.buffer);
}

static void secrets_and_names_are_kept_as_little_endian_blocks(void **state)
{
    struct author big = { .is_big = true }, little = { 0 };
    struct reading reading;

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct author *author = i ? &little : &big;

        buffer_init(&author->buffer, 65536);
        if (author == &big) {
            put_section(author);
        }
        begin(author, 10);
        put(author, 0x544c534b, 4);
        put(author, 5, 4);
        put_padded(author, "CLIEN", 5);
        end(author);
        begin(author, 4);
        put_option(author, 1, "\x0a\0\0\1host", 9);
        put(author, 0, 4);
        put_option(author, 2, "dns", 3);
        put(author, 0, 4);
        end(author);
    }
    begin_reading(&reading);
    read_bytes(&reading, buffer_bytes(&big.buffer));
    assert_int_equal(reading.result, PCAP_READ);
    assert_int_equal(pcapng_reader_extra_blocks(reading.reader).len, little.buffer.len);
    assert_memory_equal(pcapng_reader_extra_blocks(reading.reader).data, little.buffer.data,
                        little.buffer.len);
    end_reading(&reading);
    buffer_clear(&big.buffer);
    buffer_clear(&little.buffer);
}

static void damage_stops_behind_the_last_whole_packet_and_says_where(void **state)
{
    static const struct {
        const char *says;
        size_t at; /* of the second packet's block */
        uint8_t value[4];
    } cases[] = {
        { "8 bytes long, less", 4, { 8, 0, 0, 0 } },
        { "more than", 4, { 0, 0, 0, 0x7f } },
        { "40 bytes long, but 44 at its end", 36, { 44, 0, 0, 0 } },
        { "interface 9, but the section describes only 1", 8, { 9, 0, 0, 0 } },
        { "too short for its packet of 9 bytes", 20, { 9, 0, 0, 0 } },
        { "packet is 268435456 bytes", 20, { 0, 0, 0, 16 } },
        { "version 2.0", 0, { 0 } },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct author author = { 0 };
        struct reading reading;
        char offset[64];
        size_t second;

        buffer_init(&author.buffer, 65536);
        put_section(&author);
        put_interface(&author, 1, "eth0", 6, 0);
        put_packet(&author, 0, 1);
        second = author.buffer.len;
        if (cases[i].at) {
            put_packet(&author, 0, 1);
            memcpy(author.buffer.data + second + cases[i].at, cases[i].value, 4);
        } else {
            put_section(&author);
            author.buffer.data[second + 12] = 2;
        }
        begin_reading(&reading);
        read_bytes(&reading, buffer_bytes(&author.buffer));
        assert_int_equal(reading.result, PCAP_DAMAGED);
        assert_int_equal(reading.n, 1);
        assert_int_equal(reading.used, second);
        snprintf(offset, sizeof offset, "block at offset %zu: ", second);
        assert_non_null(strstr(reading.error.text, offset));
        assert_non_null(strstr(reading.error.text, cases[i].says));
        end_reading(&reading);
        buffer_clear(&author.buffer);
    }
}

static void bytes_cut_anywhere_and_continued_give_the_same_packets(void **state)
{
    struct author author = { .is_big = true };

    (void)state;
    buffer_init(&author.buffer, 65536);
    put_section(&author);
    put_interface(&author, 1, "eth0", 6, 0);
    for (int i = 0; i < 3; i++)
        put_packet(&author, 0, 1);
    for (size_t cut = 0; cut <= author.buffer.len; cut++) {
        struct reading reading;
        uint32_t n;

        begin_reading(&reading);
        read_bytes(&reading, bytes_of(author.buffer.data, cut));
        assert_int_not_equal(reading.result, PCAP_DAMAGED);
        assert_true(reading.result == PCAP_READ || reading.needed > cut - reading.used);
        n = reading.n;
        read_bytes(&reading, bytes_of(author.buffer.data + reading.used, author.buffer.len - reading.used));
        assert_int_equal(reading.result, PCAP_READ);
        assert_int_equal(n + reading.n, 3);
        end_reading(&reading);
    }
    buffer_clear(&author.buffer);
}

static void blocks_in_the_middle_of_a_known_section_can_be_read(void **state)
{
    static const uint32_t numbers[] = { 1, 0 };
    struct interface a = { .linktype = 1, .name = "a" }, b = { .linktype = 113, .name = "b" };
    struct packet packet = { .ts_ns = -1, .data = (const uint8_t *)"abcd", .caplen = 4, .len = 4 };
    struct reading reading;
    struct buffer buffer;

    (void)state;
    begin_reading(&reading);
    interface_table_add(&reading.interfaces, &a, &reading.error);
    interface_table_add(&reading.interfaces, &b, &reading.error);
    buffer_init(&buffer, 65536);
    pcapng_put_packet(&buffer, &packet, 0);
    pcapng_put_interface(&buffer, &a);
    pcapng_put_packet(&buffer, &packet, 1);
    for (int i = 0; i < 2; i++) {
        assert_true(pcapng_reader_begin_section(reading.reader, numbers, 2));
        read_bytes(&reading, buffer_bytes(&buffer));
        assert_int_equal(reading.n, 2);
        assert_int_equal(reading.packets[0].interface, 1);
        assert_int_equal(reading.packets[0].linktype, 113);
        assert_int_equal(reading.packets[1].interface, 0);
        assert_int_equal(reading.packets[1].ts_ns, -1);
        assert_int_equal(reading.interfaces.n, 2);
    }
    end_reading(&reading);
    buffer_clear(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_of_every_resolution_become_nanoseconds_rounded_down),
        cmocka_unit_test(options_come_out_little_endian_whatever_they_were),
        cmocka_unit_test(sections_of_both_orders_follow_each_other_and_share_equal_interfaces),
        cmocka_unit_test(simple_and_obsolete_packets_are_packets_and_other_blocks_are_passed_over),
        cmocka_unit_test(secrets_and_names_are_kept_as_little_endian_blocks),
        cmocka_unit_test(damage_stops_behind_the_last_whole_packet_and_says_where),
        cmocka_unit_test(bytes_cut_anywhere_and_continued_give_the_same_packets),
        cmocka_unit_test(blocks_in_the_middle_of_a_known_section_can_be_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
