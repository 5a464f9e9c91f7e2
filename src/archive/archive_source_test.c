/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "archive/archive_fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "archive/archive_source.h"
#include "archive/check.h"
#include "archive/retain.h"

static struct fixture_indexer indexer;
static const struct reindexer reindexer = { &indexer, fixture_begin, fixture_add, fixture_finish, NULL };

static void write_sealed(const char *directory, enum codec codec, uint64_t first, uint64_t n)
{
    struct interface_table interfaces = { 0 };
    struct fixture_indexer own = { segment_index_builder_new(10000), 0 };
    struct error error;

    fixture_interfaces(&interfaces);
    assert_true(segment_writer_seal(fixture_write(directory, codec, &interfaces, first, n, 100, &own),
                                    own.builder, NULL, 0, NULL, &error));
    segment_index_builder_free(own.builder);
    interface_table_clear(&interfaces);
}

struct reading {
    uint64_t n, n_damaged, n_blocks, n_blocks_read;
    uint64_t first, last;                         /* packets, as they were made */
    bool is_in_order, is_gapless, is_numbered_so; /* by time; by i; number is i - first + 1 */
    char damage[512];
};

/* All that the archive gives for the hint. storage: of the batch; 0: packets are lent. */
static struct reading read_catalog(const struct catalog *catalog, const struct hint *hint, size_t storage)
{
    struct interface_table interfaces = { 0 };
    struct reading reading = { .is_in_order = true, .is_gapless = true, .is_numbered_so = true };
    struct error error;
    struct source *source = archive_source_open(catalog, hint, &interfaces, &error);
    const struct archive_counters *counters;
    int64_t before_ns = INT64_MIN;
    struct batch batch;

    assert_non_null(source);
    assert_true(batch_init(&batch, storage));
    while (source_next(source, &batch, 0, &error) == SOURCE_PACKETS) {
        for (uint32_t k = 0; k < batch.n; k++) {
            uint64_t i;

            memcpy(&i, batch.packets[k].data, sizeof i);
            assert_true(fixture_is(&batch.packets[k], i));
            if (reading.n == 0)
                reading.first = i;
            reading.is_in_order &= batch.packets[k].ts_ns >= before_ns;
            reading.is_gapless &= i == reading.first + reading.n;
            reading.is_numbered_so &= batch.packets[k].number == i - reading.first + 1;
            before_ns = batch.packets[k].ts_ns;
            reading.last = i;
            reading.n++;
        }
    }
    counters = archive_source_counters(source);
    reading.n_damaged = counters->n_damaged;
    reading.n_blocks = counters->n_blocks;
    reading.n_blocks_read = counters->n_blocks_read;
    memcpy(reading.damage, counters->first_damage, sizeof reading.damage);
    source_close(source);
    batch_clear(&batch);
    interface_table_clear(&interfaces);
    return reading;
}

static struct reading read_directory(const char *directory, const struct hint *hint, size_t storage)
{
    struct catalog catalog;
    struct error error;
    struct reading reading;

    assert_true(catalog_load(&catalog, directory, &error));
    reading = read_catalog(&catalog, hint, storage);
    catalog_clear(&catalog);
    return reading;
}

static const struct hint everything = { .kind = HINT_ALL };

static void segments_sealed_open_and_without_index_read_as_one_capture(void **state)
{
    static const size_t storages[] = { 0, 1000, 1 << 19 };
    struct interface_table interfaces = { 0 };
    struct segment_writer *writer;
    char directory[64], path[4096];
    struct error error;

    (void)state;
    fixture_directory(directory);
    fixture_interfaces(&interfaces);
    write_sealed(directory, CODEC_ZSTD, 0, 1000);
    fixture_find(directory, ".tdx", path);
    write_sealed(directory, CODEC_GZIP, 1000, 1000);
    writer = fixture_write(directory, CODEC_ZSTD, &interfaces, 2000, 500, 100, NULL);
    assert_true(segment_writer_flush(writer, &error));
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < 3; i++) {
            struct reading reading = read_directory(directory, &everything, storages[i]);

            assert_int_equal(reading.n, 2500);
            assert_true(reading.is_in_order && reading.is_gapless && reading.is_numbered_so);
            assert_int_equal(reading.n_damaged, 0);
        }
        assert_int_equal(unlink(path), round == 0 ? 0 : -1); /* and once more without the first one's index */
    }
    assert_true(segment_writer_seal(writer, NULL, NULL, 0, NULL, &error));
    interface_table_clear(&interfaces);
    fixture_remove(directory);
}

static void segments_of_the_same_time_are_merged(void **state)
{
    char directory[64];
    struct reading reading;

    (void)state;
    fixture_directory(directory);
    write_sealed(directory, CODEC_ZSTD, 0, 1000);
    write_sealed(directory, CODEC_NONE, 500, 1000);
    write_sealed(directory, CODEC_ZSTD, 700, 100);
    for (size_t storage = 0; storage < 300000; storage += 100000) {
        reading = read_directory(directory, &everything, storage);
        assert_int_equal(reading.n, 2100);
        assert_true(reading.is_in_order);
        assert_int_equal(reading.last, 1499);
    }
    fixture_remove(directory);
}

static void a_hint_reads_few_blocks_and_misses_nothing(void **state)
{
    char directory[64];

    (void)state;
    fixture_directory(directory);
    write_sealed(directory, CODEC_ZSTD, 0, 5000);
    write_sealed(directory, CODEC_ZSTD, 5000, 5000);
    for (uint64_t of = 0; of < 2500; of += 333) {
        struct hint hint = { .kind = HINT_FLOW, .flow = { fixture_flow(of, 500), INT64_MIN, INT64_MAX } };
        struct reading reading = read_directory(directory, &hint, 0);

        assert_true(reading.n > 0 && reading.is_in_order && reading.n_damaged == 0);
        assert_true(reading.n_blocks_read < reading.n_blocks / 4);
    }
    fixture_remove(directory);
}

static void a_segment_deleted_or_sealed_while_it_is_read_is_said_or_found(void **state)
{
    struct interface_table interfaces = { 0 };
    struct segment_writer *writer;
    char directory[64], path[4096];
    struct catalog catalog;
    struct reading reading;
    struct error error;

    (void)state;
    fixture_directory(directory);
    fixture_interfaces(&interfaces);
    write_sealed(directory, CODEC_ZSTD, 0, 1000);
    fixture_find(directory, ".zst", path);
    writer = fixture_write(directory, CODEC_ZSTD, &interfaces, 1000, 500, 100, NULL);
    assert_true(catalog_load(&catalog, directory, &error));
    assert_true(segment_writer_seal(writer, NULL, NULL, 0, NULL, &error));
    assert_int_equal(read_catalog(&catalog, &everything, 0).n, 1500);
    assert_int_equal(unlink(path), 0);
    reading = read_catalog(&catalog, &everything, 0);
    assert_int_equal(reading.n, 500);
    assert_int_equal(reading.n_damaged, 1);
    assert_non_null(strstr(reading.damage, path));
    catalog_clear(&catalog);
    interface_table_clear(&interfaces);
    fixture_remove(directory);
}

static void collect_wrong(void *context, enum check_severity severity, const char *path, const char *sentence)
{
    char *text = context;

    if (severity == CHECK_WRONG)
        snprintf(text, 2048, "%s %s", path, sentence);
}

static void damage_in_one_block_is_named_and_costs_that_block_only(void **state)
{
    char directory[64], path[4096], wrong[2048] = "";
    struct check_totals totals;
    struct reading reading;
    struct error error;
    struct stat status;
    int fd;

    (void)state;
    for (unsigned with_index = 0; with_index < 2; with_index++) {
        fixture_directory(directory);
        write_sealed(directory, CODEC_ZSTD, 0, 3000);
        fixture_find(directory, ".zst", path);
        assert_true(check_archive(directory, false, &reindexer, collect_wrong, wrong, &totals, &error));
        assert_string_equal(wrong, "");
        assert_int_equal(totals.n_packets, 3000);
        fd = open(path, O_RDWR);
        assert_int_equal(fstat(fd, &status), 0);
        assert_int_equal(pwrite(fd, "????????", 8, status.st_size / 2), 8);
        close(fd);
        if (!with_index) {
            fixture_find(directory, ".tdx", path);
            unlink(path);
        }
        reading = read_directory(directory, &everything, 0);
        assert_int_equal(reading.n_damaged, 1);
        assert_true(reading.n > 2900 && reading.n < 3000 && reading.last == 2999);
        assert_non_null(strstr(reading.damage, "block"));
        assert_true(check_archive(directory, false, &reindexer, collect_wrong, wrong, &totals, &error));
        assert_int_equal(totals.n_wrong, 1);
        assert_non_null(strstr(wrong, "offset"));
        wrong[0] = '\0';
        fixture_remove(directory);
    }
}

static void repair_makes_a_lost_or_damaged_index_anew(void **state)
{
    char directory[64], path[4096], wrong[2048] = "";
    struct check_totals totals;
    struct error error;
    int fd;

    (void)state;
    fixture_directory(directory);
    write_sealed(directory, CODEC_ZSTD, 0, 1000);
    fixture_find(directory, ".tdx", path);
    unlink(path);
    write_sealed(directory, CODEC_GZIP, 1000, 1000);
    fixture_find(directory, ".tdx", path);
    fd = open(path, O_RDWR);
    assert_int_equal(pwrite(fd, "????????", 8, 300), 8);
    close(fd);
    assert_true(check_archive(directory, false, &reindexer, collect_wrong, wrong, &totals, &error));
    assert_int_equal(totals.n_wrong, 2);
    wrong[0] = '\0';
    assert_true(check_archive(directory, true, &reindexer, collect_wrong, wrong, &totals, &error));
    assert_string_equal(wrong, "");
    assert_int_equal(totals.n_repaired, 2);
    assert_true(check_archive(directory, false, &reindexer, collect_wrong, wrong, &totals, &error));
    assert_int_equal(totals.n_wrong, 0);
    assert_int_equal(totals.n_packets, 2000);
    fixture_remove(directory);
}

static void the_oldest_go_first_and_never_the_open_one(void **state)
{
    struct interface_table interfaces = { 0 };
    struct retention_result result;
    struct retention retention = { 0 };
    struct segment_writer *writer;
    struct catalog catalog;
    struct retainer *retainer;
    char directory[64];
    struct error error;
    uint64_t bytes = 0;

    (void)state;
    fixture_directory(directory);
    fixture_interfaces(&interfaces);
    retainer = retainer_new(directory);
    writer = fixture_write(directory, CODEC_ZSTD, &interfaces, 0, 100, 10, NULL);
    for (uint64_t i = 1; i < 6; i++)
        write_sealed(directory, CODEC_ZSTD, i * 1000, 1000);
    assert_true(retainer_apply(retainer, &retention, INT64_MAX, 0, &result, &error));
    assert_int_equal(result.n_deleted, 0);

    assert_true(catalog_load(&catalog, directory, &error));
    for (uint32_t i = 0; i < catalog.n; i++)
        bytes += catalog.entries[i].stored_bytes + catalog.entries[i].index_bytes;
    retention.keep_bytes = bytes - 1;
    assert_true(retainer_apply(retainer, &retention, 0, 0, &result, &error));
    assert_int_equal(result.n_deleted, 1);
    assert_int_equal(read_directory(directory, &everything, 0).n,
                     4091); /* of the open one what was flushed */
    catalog_clear(&catalog);

    retention = (struct retention) { .keep_age_ns = 1 };
    assert_true(retainer_apply(retainer, &retention,
                               fixture_packet(3500, (uint8_t[FIXTURE_PACKET_BYTES]) { 0 }).ts_ns, 0, &result,
                               &error));
    assert_int_equal(result.n_deleted, 1); /* the one of 2000..2999 alone is all older */
    assert_true(retainer_delete_oldest(retainer, 0, &result, &error));
    assert_int_equal(result.n_deleted, 1);
    retention = (struct retention) { .min_free_percent = 101 };
    assert_true(retainer_apply(retainer, &retention, 0, 0, &result, &error));
    assert_int_equal(result.n_deleted, 2);
    assert_false(retainer_delete_oldest(retainer, 0, &result, &error));
    assert_int_equal(error.kind, ERROR_NO_SPACE);
    assert_int_equal(read_directory(directory, &everything, 0).n, 91);
    assert_true(segment_writer_seal(writer, NULL, NULL, 0, NULL, &error));
    retainer_free(retainer);
    interface_table_clear(&interfaces);
    fixture_remove(directory);
}

static void a_live_writer_is_left_alone_and_a_leftover_without_packets_goes(void **state)
{
    struct interface_table interfaces = { 0 };
    struct recovery_report report;
    struct segment_writer *writer;
    char directory[64], path[4096];
    struct error error;

    (void)state;
    fixture_directory(directory);
    fixture_interfaces(&interfaces);
    writer = fixture_write(directory, CODEC_ZSTD, &interfaces, 0, 100, 10, NULL);
    snprintf(path, sizeof path, "%s/20200101T000000.000000000Z-dead-1.pcapng.zst.open", directory);
    close(open(path, O_RDWR | O_CREAT, 0600));
    assert_true(recover_directory(directory, &reindexer, &report, &error));
    assert_int_equal(report.n_recovered, 0);
    assert_int_equal(report.n_discarded, 1);
    assert_int_equal(access(path, F_OK), -1);
    assert_true(segment_writer_seal(writer, NULL, NULL, 0, NULL, &error));
    interface_table_clear(&interfaces);
    fixture_remove(directory);
}

/* Writes until it is killed; says how many packets were flushed. */
static void write_until_killed(const char *directory, enum codec codec, volatile uint64_t *n_flushed)
{
    struct interface_table interfaces = { 0 };
    struct segment_writer *writer;
    struct error error;

    fixture_interfaces(&interfaces);
    writer = fixture_write(directory, codec, &interfaces, 0, 1, 0, NULL);
    for (uint64_t i = 1;; i++) {
        uint8_t data[FIXTURE_PACKET_BYTES];
        struct packet packet = fixture_packet(i, data);

        if (!segment_writer_add(writer, &packet, &error))
            _exit(1);
        if (i % 11 == 0 && segment_writer_flush(writer, &error))
            *n_flushed = i + 1;
        if (i == 40000 && !segment_writer_seal(writer, NULL, NULL, 0, NULL, &error))
            _exit(1);
        if (i == 40000)
            _exit(0);
    }
}

static void kill_soon(pid_t child, uint64_t *random)
{
    struct timespec pause = { 0, (long)(fixture_random(random) % 8000000) };
    int status;

    nanosleep(&pause, NULL);
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
}

/* The writer is killed at any moment, then so is the recovery; what was flushed is there in the end. */
static void what_was_flushed_survives_kill_9_of_recorder_and_of_recovery(void **state)
{
    volatile uint64_t *n_flushed =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    uint64_t random = (uint64_t)time(NULL) << 20 | (uint64_t)getpid();

    (void)state;
    print_message("seed %llu\n", (unsigned long long)random);
    for (unsigned round = 0; round < 45; round++) {
        static const enum codec codecs[] = { CODEC_ZSTD, CODEC_GZIP, CODEC_NONE };
        struct recovery_report report;
        struct reading reading;
        char directory[64], path[4096];
        struct error error;
        pid_t child;

        fixture_directory(directory);
        *n_flushed = 0;
        child = fork();
        if (child == 0)
            write_until_killed(directory, codecs[round % 3], n_flushed);
        kill_soon(child, &random);
        if (round % 2) {
            child = fork();
            if (child == 0)
                _exit(recover_directory(directory, &reindexer, &report, &error) ? 0 : 1);
            kill_soon(child, &random);
        }
        if (!recover_directory(directory, &reindexer, &report, &error))
            fail_msg("%s", error.text);
        fixture_find(directory, ".open", path);
        assert_string_equal(path, "");
        fixture_find(directory, ".tail", path);
        assert_string_equal(path, "");
        reading = read_directory(directory, &everything, 0);
        assert_true(reading.n >= *n_flushed);
        assert_true(reading.n == 0 || (reading.first == 0 && reading.is_gapless && reading.is_numbered_so));
        assert_int_equal(reading.n_damaged, 0);
        fixture_remove(directory);
    }
    munmap((void *)(uintptr_t)n_flushed, 4096);
}

/* Left by a power cut: the file ends anywhere, or in zeros. */
static void an_open_segment_cut_at_any_byte_is_recovered(void **state)
{
    static const struct {
        enum codec codec;
        const char *end;
    } cases[] = { { CODEC_ZSTD, ".zst" }, { CODEC_GZIP, ".gz" }, { CODEC_NONE, ".pcapng" } };

    (void)state;
    for (unsigned c = 0; c < 3; c++) {
        char directory[64], path[4096], cut_path[4096];
        uint64_t before = 0;
        struct stat status;
        uint8_t *bytes;
        int fd;

        fixture_directory(directory);
        write_sealed(directory, cases[c].codec, 0, 120);
        fixture_find(directory, cases[c].end, path);
        fd = open(path, O_RDONLY);
        assert_int_equal(fstat(fd, &status), 0);
        bytes = calloc(1, (size_t)status.st_size + 64);
        assert_int_equal(read(fd, bytes, (size_t)status.st_size), status.st_size);
        close(fd);
        fixture_remove(directory);
        for (off_t cut = 0; cut <= status.st_size; cut += 1 + cut / 100) {
            for (unsigned zeros = 0; zeros <= 64; zeros += 64) {
                struct recovery_report report;
                struct reading reading;
                struct error error;
                uint8_t kept[64];

                fixture_directory(directory);
                snprintf(cut_path, sizeof cut_path, "%s/20200101T000000.000000000Z-cut-1%s%s.open", directory,
                         c == 2 ? "" : ".pcapng", cases[c].end);
                memcpy(kept, bytes + cut, sizeof kept);
                memset(bytes + cut, 0, zeros);
                fd = open(cut_path, O_RDWR | O_CREAT, 0600);
                assert_int_equal(pwrite(fd, bytes, (size_t)cut + zeros, 0), cut + zeros);
                close(fd);
                memcpy(bytes + cut, kept, sizeof kept);
                if (!recover_directory(directory, &reindexer, &report, &error))
                    fail_msg("cut at %lld: %s", (long long)cut, error.text);
                assert_int_equal(report.n_recovered + report.n_discarded, 1);
                reading = read_directory(directory, &everything, 0);
                if (reading.n_damaged)
                    fail_msg("cut at %lld, %u zeros: %s", (long long)cut, zeros, reading.damage);
                assert_true(reading.is_gapless);
                assert_int_equal(reading.n, report.n_packets);
                if (zeros == 0)
                    assert_true(reading.n >= before);
                if (zeros == 0)
                    before = reading.n;
                fixture_remove(directory);
            }
        }
        assert_true(before > 0);
        free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(segments_sealed_open_and_without_index_read_as_one_capture),
        cmocka_unit_test(segments_of_the_same_time_are_merged),
        cmocka_unit_test(a_hint_reads_few_blocks_and_misses_nothing),
        cmocka_unit_test(a_segment_deleted_or_sealed_while_it_is_read_is_said_or_found),
        cmocka_unit_test(damage_in_one_block_is_named_and_costs_that_block_only),
        cmocka_unit_test(repair_makes_a_lost_or_damaged_index_anew),
        cmocka_unit_test(the_oldest_go_first_and_never_the_open_one),
        cmocka_unit_test(a_live_writer_is_left_alone_and_a_leftover_without_packets_goes),
        cmocka_unit_test(what_was_flushed_survives_kill_9_of_recorder_and_of_recovery),
        cmocka_unit_test(an_open_segment_cut_at_any_byte_is_recovered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
