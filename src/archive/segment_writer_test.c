/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "archive/archive_fixture.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "archive/catalog.h"
#include "archive/segment_file.h"

static const struct {
    enum codec codec;
    const char *end;
} codecs[] = {
    { CODEC_ZSTD, ".pcapng.zst" },
    { CODEC_GZIP, ".pcapng.gz" },
    { CODEC_NONE, ".pcapng" },
};

enum { N_CODECS = sizeof codecs / sizeof codecs[0], N_PACKETS = 3000 };

/* Reads all of the segment in file order from packet `from` on; answers the packet behind the last. */
static uint64_t read_on(struct segment_reader *reader, uint64_t from)
{
    const struct packet *packets;
    struct error error;
    uint32_t n;

    while (segment_reader_next(reader, &packets, &n, &error) == SEGMENT_BLOCK) {
        for (uint32_t i = 0; i < n; i++, from++) {
            assert_true(fixture_is(&packets[i], from));
            assert_int_equal(packets[i].number, from + 1);
        }
    }
    return from;
}

static void what_is_sealed_is_read_back_by_index_and_without(void **state)
{
    (void)state;
    for (unsigned c = 0; c < N_CODECS; c++) {
        struct interface_table interfaces = { 0 }, met = { 0 };
        struct fixture_indexer indexer = { segment_index_builder_new(10000), 0 };
        char directory[64], path[4096], index_path[4096];
        struct segment_writer *writer;
        struct segment_index *index;
        struct segment_reader *reader;
        struct error error;
        uint64_t next = 0;

        fixture_directory(directory);
        fixture_interfaces(&interfaces);
        writer =
            fixture_write(directory, codecs[c].codec, &interfaces, 0, N_PACKETS, c == 1 ? 500 : 37, &indexer);
        assert_true(segment_writer_seal(writer, indexer.builder, NULL, 0, NULL, &error));
        fixture_find(directory, codecs[c].end, path);
        assert_true(segment_path_sibling(path, ".tdx", index_path));

        index = segment_index_open(index_path, &error);
        assert_non_null(index);
        assert_int_equal(segment_index_packets(index), N_PACKETS);
        reader = segment_reader_open(path, index, &met, &error);
        assert_non_null(reader);
        assert_int_equal(met.n, 2);
        assert_string_equal(met.items[1].filter, "udp port 4789");
        for (uint32_t block = 0; block < segment_index_blocks(index); block++) {
            const struct packet *packets;
            uint32_t n;

            assert_int_equal(segment_reader_block(reader, block, &packets, &n, &error), SEGMENT_BLOCK);
            for (uint32_t i = 0; i < n; i++, next++) {
                assert_true(fixture_is(&packets[i], next));
                assert_int_equal(packets[i].number, next + 1);
                assert_int_equal(packets[i].interface, next % 7 == 3);
            }
        }
        assert_int_equal(next, N_PACKETS);
        segment_reader_close(reader);
        segment_index_close(index);

        reader = segment_reader_open(path, NULL, &met, &error);
        assert_non_null(reader);
        assert_int_equal(read_on(reader, 0), N_PACKETS);
        assert_int_equal(met.n, 2); /* the same interfaces either way */
        segment_reader_close(reader);

        segment_index_builder_free(indexer.builder);
        interface_table_clear(&interfaces);
        interface_table_clear(&met);
        fixture_remove(directory);
    }
}

static void what_is_flushed_is_found_in_the_open_segment(void **state)
{
    (void)state;
    for (unsigned c = 0; c < N_CODECS; c++) {
        struct interface_table interfaces = { 0 }, met = { 0 };
        char directory[64], path[4096];
        struct segment_writer *writer;
        struct segment_reader *reader;
        struct error error;
        uint64_t next = 0;

        fixture_directory(directory);
        fixture_interfaces(&interfaces);
        writer = fixture_write(directory, codecs[c].codec, &interfaces, 0, 1, 1, NULL);
        fixture_find(directory, ".open", path);
        reader = segment_reader_open(path, NULL, &met, &error);
        assert_non_null(reader);
        for (uint64_t i = 1; i < 300; i++) {
            uint8_t data[FIXTURE_PACKET_BYTES];
            struct packet packet = fixture_packet(i, data);

            next = read_on(reader, next);
            assert_int_equal(next, i);
            assert_true(segment_writer_add(writer, &packet, &error));
            assert_true(segment_writer_flush(writer, &error));
        }
        assert_int_equal(read_on(reader, next), 300);
        segment_reader_close(reader);
        /* A packet a flush makes no frame a packet: the seek table says how many there are. */
        assert_true(segment_writer_seal(writer, NULL, NULL, 0, NULL, &error));
        interface_table_clear(&interfaces);
        interface_table_clear(&met);
        fixture_remove(directory);
    }
}

static void a_small_segment_cut_at_every_byte_gives_the_whole_packets_before_the_cut(void **state)
{
    (void)state;
    for (unsigned c = 0; c < N_CODECS; c++) {
        struct interface_table interfaces = { 0 };
        char directory[64], path[4096], cut_path[4096];
        struct segment_writer *writer;
        struct error error;
        struct stat status;
        uint64_t before = 0;

        fixture_directory(directory);
        fixture_interfaces(&interfaces);
        writer = fixture_write(directory, codecs[c].codec, &interfaces, 0, 30, 5, NULL);
        assert_true(segment_writer_seal(writer, NULL, NULL, 0, NULL, &error));
        fixture_find(directory, codecs[c].end, path);
        assert_int_equal(stat(path, &status), 0);
        snprintf(cut_path, sizeof cut_path, "%s/20200101T000000.000000000Z-cut-1%s", directory,
                 codecs[c].end);
        for (off_t cut = 0; cut <= status.st_size; cut++) {
            struct interface_table met = { 0 };
            struct segment_reader *reader;
            int from = open(path, O_RDONLY), to = open(cut_path, O_RDWR | O_CREAT | O_TRUNC, 0600);
            uint8_t *bytes = malloc((size_t)cut + 1);
            uint64_t n;

            assert_int_equal(pread(from, bytes, (size_t)cut, 0), cut);
            assert_int_equal(pwrite(to, bytes, (size_t)cut, 0), cut);
            reader = segment_reader_open(cut_path, NULL, &met, &error);
            assert_non_null(reader);
            n = read_on(reader, 0);
            assert_true(n >= before); /* more bytes never give fewer packets */
            before = n;
            segment_reader_close(reader);
            interface_table_clear(&met);
            free(bytes);
            close(from);
            close(to);
        }
        assert_int_equal(before, 30);
        interface_table_clear(&interfaces);
        fixture_remove(directory);
    }
}

static void names_are_read_as_they_are_written(void **state)
{
    static const char *const wrong[] = {
        "",
        "x.pcapng",
        "20240829T100000.123456789Z-gw-17.tdx",
        "20240829T100000.123456789Z--17.pcapng",
        "20240829T100000.123456789Z-gw-.pcapng",
        "20240829T100000.12345678Z-gw-1.pcapng",
        "20240829T100000.123456789Z-gw-99999999999.pcapng",
        "00000829T100000.123456789Z-gw-1.pcapng",
        "20240829T100000.123456789Z-g/w-1.pcapng",
        "20240829T100000.123456789Z-gw-1.pcapng.open.zst",
    };
    static const int64_t times[] = { 0, -1, INT64_C(1724925600123456789), INT64_MAX / 2, INT64_MIN / 2 };

    (void)state;
    for (unsigned i = 0; i < sizeof times / sizeof times[0]; i++) {
        struct segment_name name = { times[i], "eu-west-1.gw_2", 17 + i, (enum codec)(i % 3), i % 2 == 0, 0 };
        struct segment_name parsed;
        char text[SEGMENT_NAME_BYTES];

        segment_name_format(&name, text);
        assert_true(segment_name_parse(text, &parsed));
        name.stem_len = parsed.stem_len;
        assert_int_equal(parsed.ts_ns, name.ts_ns);
        assert_string_equal(parsed.node, name.node);
        assert_int_equal(parsed.serial, name.serial);
        assert_int_equal(parsed.codec, name.codec);
        assert_int_equal(parsed.is_open, name.is_open);
        assert_memory_equal(text + parsed.stem_len, ".pcapng", 7);
    }
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct segment_name parsed;

        assert_false(segment_name_parse(wrong[i], &parsed));
    }
}

static void a_full_disk_takes_nothing_back_and_can_be_tried_again(void **state)
{
    struct interface_table interfaces = { 0 }, met = { 0 };
    char directory[64], path[4096], ballast_path[4096];
    struct segment_options options = { .node = "full", .codec = CODEC_ZSTD, .block_bytes = 65536 };
    struct segment_writer *writer;
    struct segment_reader *reader;
    struct error error;
    uint64_t n_added = 0, n_refused = 0;
    int ballast;

    (void)state;
    fixture_directory(directory);
    if (geteuid() != 0 || mount("none", directory, "tmpfs", 0, "size=1m") < 0) {
        print_message("NOT RUN: a full disk is made with a small tmpfs, which only root may mount\n");
        rmdir(directory);
        skip();
    }
    snprintf(ballast_path, sizeof ballast_path, "%s/ballast", directory);
    ballast = open(ballast_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(posix_fallocate(ballast, 0, 960 * 1024), 0);

    fixture_interfaces(&interfaces);
    options.directory = directory;
    writer = segment_writer_open(&options, fixture_packet(0, (uint8_t[FIXTURE_PACKET_BYTES]) { 0 }).ts_ns,
                                 &interfaces, &error);
    assert_non_null(writer);
    while (n_added < 8000) {
        uint8_t data[FIXTURE_PACKET_BYTES];
        struct packet packet = fixture_packet(n_added, data);

        if (segment_writer_add(writer, &packet, &error)) {
            n_added++;
            if (n_added % 100 == 0 && !segment_writer_flush(writer, &error))
                assert_int_equal(error.kind, ERROR_NO_SPACE);
            continue;
        }
        assert_int_equal(error.kind, ERROR_NO_SPACE);
        if (++n_refused == 3) /* somebody makes room */
            assert_int_equal(ftruncate(ballast, 0), 0);
        assert_true(n_refused < 10);
    }
    assert_true(n_refused >= 3);
    assert_true(segment_writer_seal(writer, NULL, NULL, 0, NULL, &error));
    fixture_find(directory, ".pcapng.zst", path);
    reader = segment_reader_open(path, NULL, &met, &error);
    assert_non_null(reader);
    assert_int_equal(read_on(reader, 0), n_added);
    segment_reader_close(reader);
    close(ballast);
    interface_table_clear(&interfaces);
    interface_table_clear(&met);
    assert_int_equal(umount(directory), 0);
    rmdir(directory);
}

static bool has_program(const char *name)
{
    char command[256];

    snprintf(command, sizeof command, "command -v %s >/dev/null 2>&1", name);
    if (system(command) == 0)
        return true;
    print_message("NOT RUN: %s is not installed\n", name);
    return false;
}

/* What the shell command prints, cut at the room. */
static void output_of(char *text, size_t room, const char *format, const char *path)
{
    char command[8192];
    FILE *pipe;
    size_t n;

    snprintf(command, sizeof command, format, path);
    pipe = popen(command, "r");
    assert_non_null(pipe);
    n = fread(text, 1, room - 1, pipe);
    text[n] = '\0';
    assert_int_equal(pclose(pipe), 0);
}

static void other_programs_read_sealed_segments(void **state)
{
    static const struct {
        enum codec codec;
        const char *end, *test, *packets, *statistics;
    } cases[] = {
        { CODEC_ZSTD, ".pcapng.zst", "zstd -q -t %s 2>&1",
          "zstd -dc %s | tshark -r - -T fields -e frame.time_epoch -e frame.cap_len -e frame.len -e "
          "frame.interface_name 2>/dev/null",
          "zstd -dc %s > /tmp/tapdeck-$$.pcapng; capinfos -M -c -D /tmp/tapdeck-$$.pcapng; rm "
          "/tmp/tapdeck-$$.pcapng" },
        { CODEC_GZIP, ".pcapng.gz", "gzip -t %s 2>&1",
          "tshark -r %s -T fields -e frame.time_epoch -e frame.cap_len -e frame.len -e frame.interface_name "
          "2>/dev/null",
          "capinfos -M -c -D %s" },
        { CODEC_NONE, ".pcapng", "true %s",
          "tshark -r %s -T fields -e frame.time_epoch -e frame.cap_len -e frame.len -e frame.interface_name "
          "2>/dev/null",
          "capinfos -M -c -D %s" },
    };
    enum { N = 500, ROOM = 128 * 1024 };
    char *printed = malloc(ROOM), *wanted = malloc(ROOM);
    size_t wanted_len = 0;

    (void)state;
    if (!has_program("tshark") || !has_program("capinfos") || !has_program("zstd")) {
        free(printed);
        free(wanted);
        skip();
    }
    for (uint64_t i = 0; i < N; i++) {
        uint8_t data[FIXTURE_PACKET_BYTES];
        struct packet packet = fixture_packet(i, data);

        wanted_len += (size_t)snprintf(wanted + wanted_len, ROOM - wanted_len, "%lld.%09lld\t%u\t%u\t%s\n",
                                       (long long)(packet.ts_ns / 1000000000),
                                       (long long)(packet.ts_ns % 1000000000), packet.caplen, packet.len,
                                       packet.interface ? "vxlan 10.20.1.10 vni 42" : "eth0");
    }
    for (unsigned c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        struct interface_table interfaces = { 0 };
        struct interface_drops drops[2] = { { .n_received = 500, .n_kernel = 3, .n_queue = 2, .n_disk = 1 },
                                            { .n_received = 7 } };
        char directory[64], path[4096];
        struct error error;

        fixture_directory(directory);
        fixture_interfaces(&interfaces);
        assert_true(segment_writer_seal(fixture_write(directory, cases[c].codec, &interfaces, 0, N, 50, NULL),
                                        NULL, drops, 2, NULL, &error));
        fixture_find(directory, cases[c].end, path);
        output_of(printed, ROOM, cases[c].test, path);
        output_of(printed, ROOM, cases[c].packets, path);
        assert_string_equal(printed, wanted);
        output_of(printed, ROOM, cases[c].statistics, path);
        assert_non_null(strstr(printed, "500"));
        interface_table_clear(&interfaces);
        fixture_remove(directory);
    }
    free(printed);
    free(wanted);
}

/* Few bytes in the file hold many packets: more than the reader unpacks at once. */
static void what_packs_well_is_all_found_before_the_end(void **state)
{
    static const enum codec packings[] = { CODEC_ZSTD, CODEC_GZIP, CODEC_NONE };
    static const unsigned counts[] = { 100, 160, 300, 440, 600 }; /* 400 bytes each */

    (void)state;
    for (size_t c = 0; c < 5 * sizeof packings / sizeof *packings; c++) {
        struct segment_options options = { .node = "flat", .codec = packings[c / 5] };
        struct interface_table interfaces = { 0 }, read = { 0 };
        static const uint8_t data[FIXTURE_PACKET_BYTES];
        const struct packet *packets;
        struct segment_reader *reader;
        struct segment_writer *writer;
        struct error error = { 0 };
        char directory[64], path[4096];
        uint32_t n, n_found = 0;

        fixture_directory(directory);
        fixture_interfaces(&interfaces);
        options.directory = directory;
        writer = segment_writer_open(&options, 1, &interfaces, &error);
        assert_non_null(writer);
        for (unsigned i = 0; i < counts[c % 5]; i++) {
            struct packet packet = { .ts_ns = 1,
                                     .data = data,
                                     .caplen = sizeof data,
                                     .len = sizeof data,
                                     .linktype = LINKTYPE_ETHERNET };

            assert_true(segment_writer_add(writer, &packet, &error));
        }
        assert_true(segment_writer_flush(writer, &error));
        fixture_find(directory, ".open", path);
        reader = segment_reader_open(path, NULL, &read, &error);
        assert_non_null(reader);
        while (segment_reader_next(reader, &packets, &n, &error) == SEGMENT_BLOCK)
            n_found += n;
        assert_int_equal(n_found, counts[c % 5]);
        segment_reader_close(reader);
        assert_true(segment_writer_seal(writer, NULL, NULL, 0, NULL, &error));
        interface_table_clear(&interfaces);
        interface_table_clear(&read);
        fixture_remove(directory);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sealed_is_read_back_by_index_and_without),
        cmocka_unit_test(what_is_flushed_is_found_in_the_open_segment),
        cmocka_unit_test(a_small_segment_cut_at_every_byte_gives_the_whole_packets_before_the_cut),
        cmocka_unit_test(names_are_read_as_they_are_written),
        cmocka_unit_test(a_full_disk_takes_nothing_back_and_can_be_tried_again),
        cmocka_unit_test(other_programs_read_sealed_segments),
        cmocka_unit_test(what_packs_well_is_all_found_before_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
