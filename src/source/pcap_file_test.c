/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files: written by pcap_writer, packed, cut, truncated, merged, and read again as a source. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <lz4frame.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "packet/pcap_writer.h"
#include "source/openers.h"

enum { N_PACKETS = 20000, FRAME_BYTES = 200, PATH_BYTES = 128 };

struct place {
    char directory[64];
    struct interface_table interfaces;
};

static int make_place(void **state)
{
    struct place *place = calloc(1, sizeof *place);

    if (place == NULL)
        return -1;
    strcpy(place->directory, "/tmp/tapdeck-test-XXXXXX");
    if (mkdtemp(place->directory) == NULL)
        return -1;
    *state = place;
    return 0;
}

static int clear_place(void **state)
{
    struct place *place = *state;
    DIR *directory = opendir(place->directory);
    struct dirent *entry;

    while (directory && (entry = readdir(directory)) != NULL)
        unlinkat(dirfd(directory), entry->d_name, 0);
    if (directory)
        closedir(directory);
    rmdir(place->directory);
    interface_table_clear(&place->interfaces);
    free(place);
    return 0;
}

static const char *path_in(const struct place *place, const char *name, char path[static PATH_BYTES])
{
    snprintf(path, PATH_BYTES, "%s/%s", place->directory, name);
    return path;
}

/* Packet i of a file, the same whenever it is asked for. */
static struct packet make_packet(uint32_t i, uint8_t frame[static FRAME_BYTES])
{
    static const uint8_t comment[] = { 1, 0, 2, 0, 'h', 'i', 0, 0 };

    for (uint32_t k = 0; k < FRAME_BYTES; k++)
        frame[k] = (uint8_t)(i * 7 + k * k);
    return (struct packet) {
        .ts_ns = INT64_C(1700000000000000000) + (int64_t)i * 1001000,
        .data = frame,
        .caplen = i % FRAME_BYTES,
        .len = i % FRAME_BYTES + i % 3,
        .linktype = 1,
        .interface = i % 2,
        .options = i % 5 ? NULL : comment,
        .options_len = i % 5 ? 0 : sizeof comment,
    };
}

static void write_file(struct place *place, const char *path, uint32_t n)
{
    struct interface a = { .linktype = 1, .name = "a", .tsresol = 9 }, b = { .linktype = 1, .name = "b" };
    enum pcap_packing packing;
    enum pcap_format format;
    struct pcap_writer *writer;
    uint8_t frame[FRAME_BYTES];
    struct error error;

    if (place->interfaces.n == 0) {
        b.tsresol = 9;
        interface_table_add(&place->interfaces, &a, &error);
        interface_table_add(&place->interfaces, &b, &error);
    }
    pcap_writer_formats_of(path, &format, &packing);
    writer = pcap_writer_open(path, format, packing, &place->interfaces, &error);
    assert_non_null(writer);
    for (uint32_t i = 0; i < n; i++) {
        struct packet packet = make_packet(i, frame);

        assert_true(pcap_writer_add(writer, &packet, &error));
    }
    assert_true(pcap_writer_close(writer, &error));
}

static void assert_packet(const struct packet *read, uint32_t i, bool is_pcapng)
{
    uint8_t frame[FRAME_BYTES];
    struct packet packet = make_packet(i, frame);

    assert_true(read->ts_ns == packet.ts_ns);
    assert_int_equal(read->number, i + 1);
    assert_int_equal(read->caplen, packet.caplen);
    assert_int_equal(read->len, packet.len);
    assert_memory_equal(read->data, packet.data, packet.caplen);
    assert_int_equal(read->linktype, 1);
    if (!is_pcapng)
        return;
    assert_int_equal(read->interface, packet.interface);
    assert_int_equal(read->options_len, packet.options_len);
    if (packet.options_len)
        assert_memory_equal(read->options, packet.options, packet.options_len);
}

/* Reads to the end or a fault and looks at each packet; says how many there were. */
static uint32_t read_file(struct source *source, bool is_pcapng, enum source_result *result,
                          struct error *error)
{
    struct batch batch;
    uint32_t n = 0;

    assert_true(batch_init(&batch, 0));
    while ((*result = source_next(source, &batch, -1, error)) == SOURCE_PACKETS) {
        for (uint32_t i = 0; i < batch.n; i++)
            assert_packet(&batch.packets[i], n++, is_pcapng);
    }
    assert_int_equal(batch.n, 0);
    batch_clear(&batch);
    return n;
}

static void copy_bytes(const char *from, const char *to, size_t n)
{
    static uint8_t bytes[32 << 20];
    int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ssize_t len = read(in, bytes, n < sizeof bytes ? n : sizeof bytes);

    assert_true(len >= 0 && write(out, bytes, (size_t)len) == len);
    close(in);
    close(out);
}

static void what_was_written_is_read_in_every_format_and_packing(void **state)
{
    static const char *const names[] = { "a.pcapng",  "a.pcap",     "a.pcapng.gz", "a.pcapng.zst",
                                         "a.pcap.gz", "a.pcap.zst", "a.other" };
    struct place *place = *state;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct interface_table interfaces = { 0 };
        uint64_t done_bytes, size_bytes;
        enum source_result result;
        struct source *source;
        char path[PATH_BYTES];
        struct error error;

        write_file(place, path_in(place, names[i], path), N_PACKETS);
        source = pcap_file_open(path, &interfaces, &error);
        assert_non_null(source);
        assert_int_equal(read_file(source, strstr(names[i], ".pcap.") == NULL && i != 1, &result, &error),
                         N_PACKETS);
        assert_int_equal(result, SOURCE_END);
        assert_int_equal(source->stats.n_packets, N_PACKETS);
        pcap_file_progress(source, &done_bytes, &size_bytes);
        assert_true(done_bytes == size_bytes && size_bytes > 0);
        source_close(source);
        interface_table_clear(&interfaces);
    }
}

static void a_pipe_gives_what_is_there_and_waits_no_longer_than_told(void **state)
{
    struct place *place = *state;
    struct interface_table interfaces = { 0 };
    char path[PATH_BYTES], pipe_path[PATH_BYTES];
    static uint8_t bytes[65536];
    struct source *source;
    struct batch batch;
    struct error error;
    int in, out;
    ssize_t n;

    write_file(place, path_in(place, "p.pcapng", path), 3);
    in = open(path, O_RDONLY);
    n = read(in, bytes, sizeof bytes);
    close(in);
    assert_int_equal(mkfifo(path_in(place, "fifo", pipe_path), 0600), 0);
    out = open(pipe_path, O_RDWR);
    source = pcap_file_open(pipe_path, &interfaces, &error);
    assert_non_null(source);
    assert_true(batch_init(&batch, 0));
    assert_int_equal(source_next(source, &batch, 0, &error), SOURCE_IDLE);
    assert_int_equal(write(out, bytes, (size_t)n - 10), n - 10); /* all but the end of the third */
    assert_int_equal(source_next(source, &batch, 0, &error), SOURCE_PACKETS);
    assert_int_equal(batch.n, 2);
    assert_packet(&batch.packets[1], 1, true);
    assert_int_equal(source_next(source, &batch, 1, &error), SOURCE_IDLE);
    assert_int_equal(write(out, bytes + n - 10, 10), 10);
    assert_int_equal(source_next(source, &batch, 0, &error), SOURCE_PACKETS);
    assert_int_equal(batch.n, 1);
    assert_packet(&batch.packets[0], 2, true);
    close(out);
    assert_int_equal(source_next(source, &batch, 0, &error), SOURCE_END);
    batch_clear(&batch);
    source_close(source);
    interface_table_clear(&interfaces);
}

static void a_cut_file_gives_its_whole_packets_and_then_says_where_it_was_cut(void **state)
{
    static const char *const names[] = { "c.pcap", "c.pcapng", "c.pcapng.gz", "c.pcap.zst" };
    struct place *place = *state;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[PATH_BYTES], cut_path[PATH_BYTES];
        struct stat status;
        uint32_t last = 0;

        write_file(place, path_in(place, names[i], path), 300);
        assert_int_equal(stat(path, &status), 0);
        for (size_t cut = 30; cut < (size_t)status.st_size; cut += 331) {
            struct interface_table interfaces = { 0 };
            enum source_result result;
            struct source *source;
            struct error error = { 0 };
            uint32_t n;

            copy_bytes(path, path_in(place, "cut", cut_path), cut);
            source = pcap_file_open(cut_path, &interfaces, &error);
            if (source) {
                n = read_file(source, strstr(names[i], "pcapng") != NULL, &result, &error);
                assert_true(n >= last && n < 300);
                last = n;
                if (result == SOURCE_FAULT) { /* else it was cut between two packets */
                    struct error again;
                    struct batch batch;

                    assert_true(batch_init(&batch, 0));
                    assert_int_equal(source_next(source, &batch, 0, &again), SOURCE_FAULT);
                    assert_string_equal(error.text, again.text);
                    batch_clear(&batch);
                }
                source_close(source);
            }
            if (source == NULL || result == SOURCE_FAULT) {
                assert_non_null(strstr(error.text, "/cut: "));
                assert_non_null(strstr(error.text, "offset "));
            }
            interface_table_clear(&interfaces);
        }
        if (i < 2)
            assert_true(last > 290);
    }
}

static void a_file_truncated_while_it_is_read_is_a_fault_and_no_crash(void **state)
{
    struct place *place = *state;
    struct interface_table interfaces = { 0 };
    enum source_result result;
    uint32_t n = 0;
    char path[PATH_BYTES];
    struct source *source;
    struct batch batch;
    struct error error;

    write_file(place, path_in(place, "t.pcap", path), N_PACKETS);
    source = pcap_file_open(path, &interfaces, &error);
    assert_non_null(source);
    assert_true(batch_init(&batch, 0));
    assert_int_equal(source_next(source, &batch, 0, &error), SOURCE_PACKETS);
    assert_int_equal(truncate(path, 0), 0);
    do
        n += batch.n; /* what was read before the cut is whole */
    while ((result = source_next(source, &batch, 0, &error)) == SOURCE_PACKETS);
    assert_in_range(n, BATCH_PACKETS, N_PACKETS - 1);
    assert_int_equal(result, SOURCE_FAULT);
    assert_non_null(strstr(error.text, "was cut short by another program"));
    batch_clear(&batch);
    source_close(source);
    interface_table_clear(&interfaces);
}

static void what_is_no_capture_is_refused_with_a_reason(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *says;
    } cases[] = {
        { "hello, world", 12, "is no capture file: begins with 68 65 6c 6c" },
        { "BZh91AY&SY", 10, "bzip2 -dc" },
        { "\n\r\r", 3, "middle of a file header" },
        { "\xd4\xc3\xb2\xa1\2\0\4\0", 8, "24 bytes are needed, 8 are there" },
        { "\x1f\x8b\x08\0\0\0\0\0\0\3", 10, "the gzip data end too early, at offset 10" },
        { "\n\r\r\n\x1c\0\0\0\1\2\3\4\1\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\x1c\0\0\0", 28,
          "byte-order magic" },
    };
    struct place *place = *state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct interface_table interfaces = { 0 };
        char path[PATH_BYTES];
        struct source *source;
        struct error error = { 0 };
        struct batch batch;
        FILE *file = fopen(path_in(place, "bad", path), "w");

        assert_non_null(file);
        fwrite(cases[i].bytes, 1, cases[i].len, file);
        fclose(file);
        source = pcap_file_open(path, &interfaces, &error);
        if (source) {
            assert_true(batch_init(&batch, 0));
            assert_int_equal(source_next(source, &batch, 0, &error), SOURCE_FAULT);
            batch_clear(&batch);
            source_close(source);
        }
        assert_non_null(strstr(error.text, path));
        assert_non_null(strstr(error.text, cases[i].says));
        interface_table_clear(&interfaces);
    }
    assert_null(pcap_file_open("/nonexistent.pcap", &place->interfaces, &(struct error) { 0 }));
    assert_null(pcap_file_open("/tmp", &place->interfaces, &(struct error) { 0 }));
}

/* Packs `in` in pieces of 100 KB, as many members or frames; returns the length. */
static size_t pack_pieces(int kind, const uint8_t *in, size_t len, uint8_t *out, size_t cap)
{
    static const uint8_t skippable[] = { 0x5e, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 'x', 'y', 'z' };
    size_t at = 0;

    for (size_t done = 0; done < len; done += 100000) {
        size_t n = len - done < 100000 ? len - done : 100000;

        if (kind == 0) {
            z_stream z = { 0 };

            deflateInit2(&z, 1, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY);
            z.next_in = (uint8_t *)(uintptr_t)(in + done);
            z.avail_in = (uInt)n;
            z.next_out = out + at;
            z.avail_out = (uInt)(cap - at);
            assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
            at = cap - z.avail_out;
            deflateEnd(&z);
        } else if (kind == 1) {
            at += ZSTD_compress(out + at, cap - at, in + done, n, 1);
            memcpy(out + at, skippable, sizeof skippable);
            at += sizeof skippable;
        } else {
            at += LZ4F_compressFrame(out + at, cap - at, in + done, n, NULL);
        }
    }
    return at;
}

static void many_members_and_frames_and_one_packing_inside_another_are_one_stream(void **state)
{
    static uint8_t plain[8 << 20], packed[9 << 20], twice[10 << 20];
    struct place *place = *state;
    char path[PATH_BYTES];
    size_t len;
    int in;

    write_file(place, path_in(place, "m.pcapng", path), N_PACKETS);
    in = open(path, O_RDONLY);
    len = (size_t)read(in, plain, sizeof plain);
    close(in);
    for (int kind = 0; kind < 6; kind++) {
        struct interface_table interfaces = { 0 };
        enum source_result result;
        struct source *source;
        struct error error = { 0 };
        size_t n = pack_pieces(kind % 3, plain, len, packed, sizeof packed);
        const uint8_t *bytes = packed;
        FILE *file = fopen(path_in(place, "packed", path), "w");

        if (kind >= 3) {
            n = pack_pieces((kind + 1) % 3, packed, n, twice, sizeof twice);
            bytes = twice;
        }
        assert_non_null(file);
        fwrite(bytes, 1, n, file);
        fclose(file);
        source = pcap_file_open(path, &interfaces, &error);
        assert_non_null(source);
        assert_int_equal(read_file(source, true, &result, &error), N_PACKETS);
        assert_int_equal(result, SOURCE_END);
        source_close(source);
        interface_table_clear(&interfaces);
    }
}

/* Every file of the capture collection, where it is at hand: read to its end, whatever that is. */
static uint32_t read_all_below(const char *folder, unsigned depth)
{
    DIR *directory = opendir(folder);
    struct dirent *entry;
    uint32_t n_files = 0;

    while (directory && (entry = readdir(directory)) != NULL) {
        struct interface_table interfaces = { 0 };
        struct source *source;
        char path[1024];
        struct error error;

        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (entry->d_name[0] == '.')
            continue;
        if (entry->d_type == DT_DIR) {
            n_files += depth > 0 ? read_all_below(path, depth - 1) : 0;
            continue;
        }
        n_files++;
        source = pcap_file_open(path, &interfaces, &error);
        if (source) {
            enum source_result result;
            uint64_t sum = 0;
            struct batch batch;

            assert_true(batch_init(&batch, 0));
            while ((result = source_next(source, &batch, 0, &error)) == SOURCE_PACKETS) {
                assert_true(batch.n > 0 && batch.n <= BATCH_PACKETS);
                for (uint32_t i = 0; i < batch.n; i++) {
                    const struct packet *packet = &batch.packets[i];

                    assert_true(packet->len >= packet->caplen && packet->interface < interfaces.n);
                    assert_int_equal(packet->linktype, interfaces.items[packet->interface].linktype);
                    assert_int_equal(packet->options_len % 4, 0);
                    for (uint32_t k = 0; k < packet->caplen; k++)
                        sum += packet->data[k];
                    for (uint32_t k = 0; k < packet->options_len; k++)
                        sum += packet->options[k];
                }
            }
            assert_true(result == SOURCE_END || result == SOURCE_FAULT);
            assert_true(sum < UINT64_MAX); /* every byte was touched, so that a sanitizer sees it */
            batch_clear(&batch);
            source_close(source);
        }
        interface_table_clear(&interfaces);
    }
    if (directory)
        closedir(directory);
    return n_files;
}

static void every_capture_at_hand_is_read_or_refused(void **state)
{
    uint32_t n_files;

    (void)state;
    if (access("../shared/captures/index.tsv", R_OK) != 0) {
        print_message("SKIPPED: no captures at ../shared/captures\n");
        skip();
    }
    n_files = read_all_below("../shared/captures", 8);
    print_message("%u files read\n", n_files);
    assert_true(n_files > 1000);
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, clear_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_PLACE(what_was_written_is_read_in_every_format_and_packing),
        IN_PLACE(a_pipe_gives_what_is_there_and_waits_no_longer_than_told),
        IN_PLACE(a_cut_file_gives_its_whole_packets_and_then_says_where_it_was_cut),
        IN_PLACE(a_file_truncated_while_it_is_read_is_a_fault_and_no_crash),
        IN_PLACE(what_is_no_capture_is_refused_with_a_reason),
        IN_PLACE(many_members_and_frames_and_one_packing_inside_another_are_one_stream),
        cmocka_unit_test(every_capture_at_hand_is_read_or_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
