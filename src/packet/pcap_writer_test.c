/* SPDX-License-Identifier: Apache-2.0 */
/* What the bytes are; that every packing reads back is source/pcap_file_test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "packet/pcap_writer.h"
#include "packet/pcapng_read.h"

static uint8_t bytes[1 << 20];

/* A file of ours, to be read back and removed. */
static const char *temporary(char path[static 64])
{
    int fd;

    strcpy(path, "/tmp/tapdeck-test-XXXXXX");
    fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    return path;
}

static size_t read_back(const char *path)
{
    int fd = open(path, O_RDONLY);
    ssize_t n = read(fd, bytes, sizeof bytes);

    assert_true(n >= 0);
    close(fd);
    unlink(path);
    return (size_t)n;
}

static const struct packet packet = {
    .ts_ns = 1700000000123456789,
    .data = (const uint8_t *)"abcde",
    .caplen = 5,
    .len = 9,
    .linktype = 1,
};

static void names_say_format_and_packing(void **state)
{
    static const struct {
        const char *path;
        enum pcap_format format;
        enum pcap_packing packing;
    } cases[] = {
        { "x.pcapng", PCAP_FORMAT_PCAPNG, PCAP_PACKING_NONE },
        { "x.pcap", PCAP_FORMAT_PCAP, PCAP_PACKING_NONE },
        { "x.ntar.gz", PCAP_FORMAT_PCAPNG, PCAP_PACKING_GZIP },
        { "x.pcap.gz", PCAP_FORMAT_PCAP, PCAP_PACKING_GZIP },
        { "x.pcapng.zst", PCAP_FORMAT_PCAPNG, PCAP_PACKING_ZSTD },
        { "x.pcap.d/x", PCAP_FORMAT_PCAPNG, PCAP_PACKING_NONE },
        { "-", PCAP_FORMAT_PCAPNG, PCAP_PACKING_NONE },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum pcap_packing packing;
        enum pcap_format format;

        pcap_writer_formats_of(cases[i].path, &format, &packing);
        assert_int_equal(format, cases[i].format);
        assert_int_equal(packing, cases[i].packing);
    }
}

static void classic_pcap_is_little_endian_in_micro_or_nanoseconds(void **state)
{
    static const uint8_t header[] = { 0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0,
                                      0,    0,    0,    0,    0, 0, 4, 0, 1, 0, 0, 0 };
    static const uint8_t micro[] = { 0x00, 0xf1, 0x53, 0x65, 0x40, 0xe2, 0x01, 0x00, 5,   0,  0,
                                     0,    9,    0,    0,    0,    'a',  'b',  'c',  'd', 'e' };
    static const uint8_t nano[] = { 0x15, 0xcd, 0x5b, 0x07 };

    (void)state;
    for (int is_nano = 0; is_nano < 2; is_nano++) {
        struct interface_table interfaces = { 0 };
        struct pcap_writer *writer;
        struct error error;
        char path[64];

        writer = pcap_writer_open(temporary(path), is_nano ? PCAP_FORMAT_PCAP_NANO : PCAP_FORMAT_PCAP,
                                  PCAP_PACKING_NONE, &interfaces, &error);
        assert_non_null(writer);
        assert_true(pcap_writer_blocks(writer, bytes_text("nothing of this"), &error));
        assert_true(pcap_writer_add(writer, &packet, &error));
        assert_true(pcap_writer_close(writer, &error));
        assert_int_equal(read_back(path), sizeof header + sizeof micro);
        if (is_nano) {
            assert_memory_equal(bytes, "\x4d\x3c\xb2\xa1", 4);
            assert_memory_equal(bytes + 28, nano, sizeof nano);
        } else {
            assert_memory_equal(bytes, header, sizeof header);
            assert_memory_equal(bytes + sizeof header, micro, sizeof micro);
        }
    }
}

static void a_file_without_packets_is_a_whole_file(void **state)
{
    struct interface_table interfaces = { 0 };
    struct pcap_writer *writer;
    struct error error;
    char path[64];

    (void)state;
    writer = pcap_writer_open(temporary(path), PCAP_FORMAT_PCAP, PCAP_PACKING_NONE, &interfaces, &error);
    assert_true(pcap_writer_close(writer, &error));
    assert_int_equal(read_back(path), 24);
    writer = pcap_writer_open(temporary(path), PCAP_FORMAT_PCAPNG, PCAP_PACKING_NONE, &interfaces, &error);
    assert_true(pcap_writer_close(writer, &error));
    assert_true(read_back(path) > 28);
    assert_true(pcap_writer_close(NULL, &error));
}

static void what_a_classic_file_cannot_say_is_a_fault_that_stays(void **state)
{
    static const struct {
        uint16_t linktype;
        int64_t ts_ns;
        const char *says;
    } cases[] = {
        { 101, 0, "packet 2 is of link type 101, those before it of 1" },
        { 1, -1, "packet 2 is from before 1970" },
        { 1, INT64_C(4294967296000000000), "after 2106" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct interface_table interfaces = { 0 };
        struct packet second = packet;
        struct pcap_writer *writer;
        struct error error;
        char path[64];

        second.linktype = cases[i].linktype;
        second.ts_ns = cases[i].ts_ns;
        writer = pcap_writer_open(temporary(path), PCAP_FORMAT_PCAP, PCAP_PACKING_NONE, &interfaces, &error);
        assert_true(pcap_writer_add(writer, &packet, &error));
        assert_false(pcap_writer_add(writer, &second, &error));
        assert_non_null(strstr(error.text, cases[i].says));
        assert_non_null(strstr(error.text, "write pcapng"));
        assert_false(pcap_writer_add(writer, &packet, &error));
        assert_false(pcap_writer_close(writer, &error));
        assert_non_null(strstr(error.text, cases[i].says));
        unlink(path);
    }
}

static void interfaces_keep_their_numbers_until_there_are_too_many(void **state)
{
    static const uint32_t numbers[] = { 2, 0, 300, 255, 2, 999 };
    static const uint32_t expected[] = { 2, 0, 3, 4, 2, 5 };
    struct interface_table interfaces = { 0 }, read = { 0 };
    struct pcapng_reader *reader;
    struct pcap_writer *writer;
    struct packet packets[16];
    struct error error;
    size_t used, needed;
    char path[64];
    uint32_t n;

    (void)state;
    for (uint32_t i = 0; i < 1000; i++) {
        struct interface interface = { .linktype = 1 };

        snprintf(interface.name, sizeof interface.name, "eth%u", i);
        interface_table_add(&interfaces, &interface, &error);
    }
    writer = pcap_writer_open(temporary(path), PCAP_FORMAT_PCAPNG, PCAP_PACKING_NONE, &interfaces, &error);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct packet numbered = packet;

        numbered.interface = numbers[i];
        assert_true(pcap_writer_add(writer, &numbered, &error));
    }
    assert_true(pcap_writer_close(writer, &error));
    reader = pcapng_reader_new(&read);
    assert_int_equal(pcapng_read_packets(reader, bytes_of(bytes, read_back(path)), 0, packets, 16, &n, &used,
                                         &needed, &error),
                     PCAP_READ);
    assert_int_equal(n, 6);
    assert_int_equal(read.n, 6);
    for (uint32_t i = 0; i < n; i++) {
        char name[32];

        snprintf(name, sizeof name, "eth%u", numbers[i]);
        assert_int_equal(packets[i].interface, expected[i]);
        assert_string_equal(read.items[packets[i].interface].name, name);
    }
    pcapng_reader_free(reader);
    interface_table_clear(&interfaces);
    interface_table_clear(&read);
}

static void a_full_disk_is_told(void **state)
{
    static const enum pcap_packing packings[] = { PCAP_PACKING_NONE, PCAP_PACKING_GZIP, PCAP_PACKING_ZSTD };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct interface_table interfaces = { 0 };
        struct interface ethernet = { .linktype = 1 };
        struct error error = { 0 };
        struct pcap_writer *writer;

        interface_table_add(&interfaces, &ethernet, &error);
        writer = pcap_writer_open("/dev/full", PCAP_FORMAT_PCAPNG, packings[i], &interfaces, &error);
        assert_non_null(writer);
        assert_true(pcap_writer_add(writer, &packet, &error));
        assert_false(pcap_writer_close(writer, &error));
        assert_int_equal(error.kind, ERROR_NO_SPACE);
        assert_non_null(strstr(error.text, "/dev/full: cannot be written after 1 packets"));
        interface_table_clear(&interfaces);
    }
}

static void a_reader_gone_away_is_told(void **state)
{
    struct interface_table interfaces = { 0 };
    struct pcap_writer *writer;
    struct error error = { 0 };
    int fds[2], standard_output;

    (void)state;
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(pipe(fds), 0);
    fflush(stdout);
    standard_output = dup(STDOUT_FILENO);
    dup2(fds[1], STDOUT_FILENO);
    close(fds[0]);
    close(fds[1]);
    writer = pcap_writer_open("-", PCAP_FORMAT_PCAP, PCAP_PACKING_NONE, &interfaces, &error);
    (void)pcap_writer_add(writer, &packet, &error);
    bool is_written = pcap_writer_close(writer, &error);
    dup2(standard_output, STDOUT_FILENO);
    close(standard_output);
    assert_false(is_written);
    assert_int_equal(error.kind, ERROR_SYSTEM);
    assert_non_null(strstr(error.text, "standard output: cannot be written after 1 packets: Broken pipe"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_say_format_and_packing),
        cmocka_unit_test(classic_pcap_is_little_endian_in_micro_or_nanoseconds),
        cmocka_unit_test(a_file_without_packets_is_a_whole_file),
        cmocka_unit_test(what_a_classic_file_cannot_say_is_a_fault_that_stays),
        cmocka_unit_test(interfaces_keep_their_numbers_until_there_are_too_many),
        cmocka_unit_test(a_full_disk_is_told),
        cmocka_unit_test(a_reader_gone_away_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
