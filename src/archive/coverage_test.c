/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stories are told in minutes past some hour; a story's coverage is told as "10-20 recorded, 20-30 gap
 * killed".
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "archive/coverage.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "archive/archive_fixture.h"

#define MINUTE_NS (60 * NS_PER_SECOND)
#define HOUR_NS INT64_C(1724925600000000000)

enum { ACCOUNTS = 8, RECORDERS = 2, OPEN_END = -1 };

static int64_t at(int minute)
{
    return HOUR_NS + minute * MINUTE_NS;
}

static struct segment_account live(uint32_t serial, int since, int until, enum recording_end end)
{
    return (struct segment_account) {
        .node = "a",
        .serial = serial,
        .is_known = true,
        .named_ts_ns = at(since) + NS_PER_SECOND,
        .min_ts_ns = at(since) + NS_PER_SECOND,
        .max_ts_ns = at(since) + 2 * NS_PER_SECOND, /* quiet from then on: no gap */
        .recording = { .kind = RECORDING_LIVE,
                       .end = end,
                       .has_statistics = end != RECORDING_CUT,
                       .since_ns = at(since),
                       .until_ns = at(until) },
    };
}

static struct segment_account of(const char *node, struct segment_account account)
{
    account.node = node;
    return account;
}

static struct segment_account imported(uint32_t serial, int since, int until)
{
    struct segment_account account = live(serial, since, until, RECORDING_STOPPED);

    account.recording.kind = RECORDING_IMPORTED;
    account.min_ts_ns = at(since);
    account.max_ts_ns = at(until) - 1;
    return account;
}

static struct segment_account opened(uint32_t serial, int since, int written)
{
    struct segment_account account = live(serial, since, 0, RECORDING_CUT);

    account.is_open = true;
    account.min_ts_ns = INT64_MAX;
    account.max_ts_ns = INT64_MIN;
    account.written_ns = at(written) + RECORDING_IN_FLIGHT_NS;
    return account;
}

static struct segment_account importing(uint32_t serial, int since, int written)
{
    struct segment_account account = opened(serial, since, written);

    account.recording.kind = RECORDING_IMPORTED;
    account.named_ts_ns = at(since);
    return account;
}

static struct segment_account unindexed(uint32_t serial, int named)
{
    return (struct segment_account) { .node = "a",
                                      .serial = serial,
                                      .named_ts_ns = at(named),
                                      .min_ts_ns = INT64_MAX,
                                      .max_ts_ns = INT64_MIN };
}

static struct coverage_recorder status(int started, int alive, bool is_alive)
{
    return (struct coverage_recorder) {
        .node = "a", .started_ns = at(started), .alive_ns = at(alive), .is_alive = is_alive
    };
}

static size_t tell_minute(char *text, size_t room, int64_t ts_ns)
{
    int64_t seconds = (ts_ns - HOUR_NS) / NS_PER_SECOND;

    if (seconds % 60 == 0)
        return (size_t)snprintf(text, room, "%d", (int)(seconds / 60));
    return (size_t)snprintf(text, room, "%d:%02d", (int)(seconds / 60), (int)(seconds % 60));
}

static void tell(const struct coverage *coverage, char *text, size_t room)
{
    size_t n = 0;

    text[0] = '\0';
    for (uint32_t i = 0; i < coverage->n_nodes; i++) {
        const struct coverage_node *node = &coverage->nodes[i];

        n += (size_t)snprintf(text + n, room - n, "%s%s%s:", i ? "; " : "", node->name,
                              node->is_elsewhere ? " elsewhere" : "");
        for (uint32_t s = 0; s < node->n_spans; s++) {
            const struct coverage_span *span = &node->spans[s];

            n += (size_t)snprintf(text + n, room - n, "%s ", s ? "," : "");
            n += tell_minute(text + n, room - n, span->from_ns);
            n += (size_t)snprintf(text + n, room - n, "-");
            n += tell_minute(text + n, room - n, span->to_ns);
            n += (size_t)snprintf(text + n, room - n, " %s%s%s", coverage_state_name(span->state),
                                  span->cause ? " " : "", coverage_cause_name(span->cause));
        }
    }
}

static void what_is_covered_follows_from_what_segments_and_recorders_say(void **state)
{
    const struct {
        const char *story;
        struct segment_account accounts[ACCOUNTS];
        struct coverage_recorder recorders[RECORDERS];
        int from, to, now;
        bool is_complete;
        const char *covered;
    } stories[] = {
        { "an empty archive", { { 0 } }, { { 0 } }, 0, 60, 100, false, "" },
        { "a clean rotation has no gap, and quiet time is recorded",
          { live(1, 0, 20, RECORDING_GOES_ON), live(2, 20, 60, RECORDING_STOPPED) },
          { { 0 } },
          0,
          60,
          100,
          true,
          "a: 0-60 recorded" },
        { "segments are told of in any order",
          { live(2, 20, 60, RECORDING_STOPPED), live(1, 0, 20, RECORDING_GOES_ON) },
          { { 0 } },
          10,
          50,
          100,
          true,
          "a: 10-50 recorded" },
        { "stopped and started again",
          { live(1, 0, 20, RECORDING_STOPPED), live(2, 40, 60, RECORDING_STOPPED) },
          { { 0 } },
          0,
          60,
          100,
          false,
          "a: 0-20 recorded, 20-40 gap stopped, 40-60 recorded" },
        { "killed: from its last flush to the next start",
          { live(1, 0, 10, RECORDING_CUT), live(2, 40, 60, RECORDING_STOPPED) },
          { { 0 } },
          0,
          60,
          100,
          false,
          "a: 0-10 recorded, 10-40 gap killed, 40-60 recorded" },
        { "a gap beside the asked time is none",
          { live(1, 0, 10, RECORDING_CUT), live(2, 40, 60, RECORDING_STOPPED) },
          { { 0 } },
          41,
          59,
          100,
          true,
          "a: 41-59 recorded" },
        { "rotated, then gone: nobody knows until when it listened",
          { live(1, 0, 10, RECORDING_GOES_ON), live(2, 40, 60, RECORDING_STOPPED) },
          { { 0 } },
          0,
          60,
          100,
          false,
          "a: 0-10 recorded, 10-40 unknown unwatched, 40-60 recorded" },
        { "the budget took the beginning",
          { live(7, 20, 40, RECORDING_GOES_ON), live(8, 40, 60, RECORDING_STOPPED) },
          { { 0 } },
          0,
          60,
          100,
          false,
          "a: 0-20 gap deleted, 20-60 recorded" },
        { "a hold kept the first, the budget took the next",
          { live(1, 0, 10, RECORDING_GOES_ON), live(5, 30, 60, RECORDING_STOPPED) },
          { { 0 } },
          0,
          60,
          100,
          false,
          "a: 0-10 recorded, 10-30 gap deleted, 30-60 recorded" },
        { "asked beyond both ends, and into the future",
          { live(1, 20, 40, RECORDING_STOPPED) },
          { { 0 } },
          0,
          120,
          60,
          false,
          "a: 0-20 gap not_begun, 20-40 recorded, 40-60 gap stopped, 60-120 gap future" },
        { "open ends are closed by what is there",
          { live(7, 20, 40, RECORDING_STOPPED) },
          { { 0 } },
          OPEN_END,
          OPEN_END,
          100,
          true,
          "a: 20-40 recorded" },
        { "an open segment of a living recorder, up to its last flush",
          { live(1, 0, 20, RECORDING_GOES_ON), opened(2, 20, 50) },
          { status(0, 50, true) },
          0,
          OPEN_END,
          51,
          true,
          "a: 0-50 recorded" },
        { "asked up to now, what is not flushed is missing",
          { live(1, 0, 20, RECORDING_GOES_ON), opened(2, 20, 50) },
          { status(0, 50, true) },
          0,
          51,
          51,
          false,
          "a: 0-50 recorded, 50-51 gap unflushed" },
        { "an open segment that nobody writes any more",
          { live(1, 0, 20, RECORDING_GOES_ON), opened(2, 20, 50) },
          { { 0 } },
          0,
          OPEN_END,
          60,
          false,
          "a: 0-50 recorded, 50-60 gap killed" },
        { "what an import has not sealed is no recorder's: nobody is asked about up to now",
          { imported(1, 0, 20), importing(2, 20, 600) },
          { { 0 } },
          OPEN_END,
          OPEN_END,
          600,
          true,
          "a: 0-20 held" },
        { "nor when it was killed: an open end",
          { imported(1, 0, 20), importing(2, 20, 600) },
          { { 0 } },
          OPEN_END,
          OPEN_END,
          900,
          true,
          "a: 0-20 held" },
        { "nor when it was killed",
          { imported(1, 0, 20), importing(2, 20, 600) },
          { { 0 } },
          0,
          30,
          900,
          false,
          "a: 0-20 held, 20-30 unknown importing" },
        { "an import beside a recorder that is quiet",
          { live(1, 0, 20, RECORDING_GOES_ON), importing(2, 5, 40) },
          { status(0, 40, true) },
          0,
          OPEN_END,
          40,
          true,
          "a: 0-40 recorded" },
        { "a recorder that is alive has been quiet since it rotated",
          { live(1, 0, 20, RECORDING_GOES_ON) },
          { status(0, 50, true) },
          0,
          OPEN_END,
          50,
          true,
          "a: 0-50 recorded" },
        { "killed while it was quiet: its status says until when it lived",
          { live(1, 0, 20, RECORDING_GOES_ON) },
          { status(0, 40, false) },
          0,
          OPEN_END,
          50,
          false,
          "a: 0-40 recorded, 40-50 gap killed" },
        { "started again, and nothing came yet",
          { live(1, 0, 20, RECORDING_STOPPED) },
          { status(30, 50, true) },
          0,
          OPEN_END,
          50,
          false,
          "a: 0-20 recorded, 20-30 gap stopped, 30-50 recorded" },
        { "a recorder whose archive is still empty",
          { { 0 } },
          { status(30, 50, true) },
          OPEN_END,
          OPEN_END,
          50,
          true,
          "a: 30-50 recorded" },
        { "imported files are held, and between two imports nobody knows",
          { imported(1, 0, 20), imported(2, 20, 30), imported(3, 40, 60) },
          { { 0 } },
          0,
          70,
          100,
          false,
          "a: 0-30 held, 30-40 unknown between, 40-60 held, 60-70 gap ended" },
        { "a damaged index: where its segment ends is not known",
          { live(1, 0, 20, RECORDING_GOES_ON), unindexed(2, 25), live(3, 40, 60, RECORDING_STOPPED) },
          { { 0 } },
          0,
          60,
          100,
          false,
          "a: 0-20 recorded, 20-25 unknown between, 25-40 unknown unindexed, 40-60 recorded" },
        { "two nodes, each with its own gaps",
          { live(1, 0, 60, RECORDING_STOPPED), of("b", live(1, 0, 10, RECORDING_CUT)),
            of("b", live(2, 30, 60, RECORDING_STOPPED)) },
          { { 0 } },
          0,
          60,
          100,
          false,
          "a: 0-60 recorded; b: 0-10 recorded, 10-30 gap killed, 30-60 recorded" },
        { "a node that was not there yet is no gap where another one was",
          { live(1, 0, 60, RECORDING_STOPPED), of("b", live(1, 70, 80, RECORDING_STOPPED)) },
          { { 0 } },
          0,
          60,
          100,
          true,
          "a: 0-60 recorded; b elsewhere: 0-60 gap not_begun" },
        { "a clock set back leaves the packets' times",
          { live(1, 20, 10, RECORDING_STOPPED) },
          { { 0 } },
          OPEN_END,
          OPEN_END,
          100,
          true,
          "a: 20:01-20:02 held" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof stories / sizeof stories[0]; i++) {
        struct segment_account accounts[ACCOUNTS];
        struct coverage_question question = {
            .range = { stories[i].from == OPEN_END ? INT64_MIN : at(stories[i].from),
                       stories[i].to == OPEN_END ? INT64_MAX : at(stories[i].to) },
            .now_ns = at(stories[i].now),
            .recorders = stories[i].recorders,
        };
        struct coverage coverage;
        struct error error;
        char covered[1000];
        uint32_t n = 0;

        memcpy(accounts, stories[i].accounts, sizeof accounts);
        while (n < ACCOUNTS && accounts[n].node)
            n++;
        while (question.n_recorders < RECORDERS && question.recorders[question.n_recorders].node)
            question.n_recorders++;
        assert_true(coverage_reckon(accounts, n, &question, &coverage, &error));
        tell(&coverage, covered, sizeof covered);
        if (strcmp(covered, stories[i].covered) != 0 ||
            coverage_is_complete(&coverage) != stories[i].is_complete)
            fail_msg("%s: %s, %s", stories[i].story, covered,
                     coverage_is_complete(&coverage) ? "complete" : "incomplete");
        coverage_clear(&coverage);
    }
}

static void drops_are_those_of_the_segments_that_touch_the_time(void **state)
{
    struct segment_account accounts[] = {
        live(1, 0, 20, RECORDING_GOES_ON),
        live(2, 20, 40, RECORDING_GOES_ON),
        opened(3, 40, 59),
    };
    struct coverage_recorder recorder = status(0, 59, true);
    struct coverage_question question = { .now_ns = at(60), .recorders = &recorder, .n_recorders = 1 };
    struct coverage coverage;
    struct error error;

    (void)state;
    accounts[0].recording.n_kernel = 5;
    accounts[1].recording.n_queue = 7;
    accounts[1].recording.n_cut = 3;
    recorder.n_kernel = 9; /* four of them in the open segment */
    recorder.n_queue = 7;

    question.range = (struct time_range) { at(1), at(19) };
    assert_true(coverage_reckon(accounts, 3, &question, &coverage, &error));
    assert_int_equal(coverage.nodes[0].losses.n_kernel, 5);
    assert_int_equal(coverage.nodes[0].losses.n_queue, 0);
    assert_false(coverage_is_complete(&coverage)); /* although there is no gap */
    coverage_clear(&coverage);

    question.range = (struct time_range) { at(21), at(30) };
    assert_true(coverage_reckon(accounts, 3, &question, &coverage, &error));
    assert_int_equal(coverage.nodes[0].losses.n_kernel, 0);
    assert_int_equal(coverage.nodes[0].losses.n_queue, 7);
    assert_int_equal(coverage.nodes[0].losses.n_cut, 3);
    coverage_clear(&coverage);

    question.range = (struct time_range) { at(45), at(50) };
    assert_true(coverage_reckon(accounts, 3, &question, &coverage, &error));
    assert_int_equal(coverage.nodes[0].losses.n_kernel, 4);
    assert_int_equal(coverage.nodes[0].losses.n_queue, 0);
    coverage_clear(&coverage);

    question.n_recorders = 0; /* nobody tells of the open segment */
    assert_true(coverage_reckon(accounts, 3, &question, &coverage, &error));
    assert_int_equal(coverage.nodes[0].n_without_counters, 1);
    coverage_clear(&coverage);
}

/* ---- what segments on disk say ---- */

static struct segment_writer *write_live(const char *directory, const struct interface_table *interfaces,
                                         int64_t since_ns)
{
    struct segment_options options = { .directory = directory,
                                       .node = "test-1",
                                       .codec = CODEC_ZSTD,
                                       .recording = RECORDING_LIVE,
                                       .recording_since_ns = since_ns };
    struct segment_writer *writer;
    struct error error;

    writer = segment_writer_open(&options, fixture_packet(0, (uint8_t[FIXTURE_PACKET_BYTES]) { 0 }).ts_ns,
                                 interfaces, &error);
    assert_non_null(writer);
    for (uint64_t i = 0; i < 3; i++) { /* numbers 1 and 2 are cut; the mirror's interface has none */
        uint8_t data[FIXTURE_PACKET_BYTES];
        struct packet packet = fixture_packet(i, data);

        assert_true(segment_writer_add(writer, &packet, &error));
    }
    assert_true(segment_writer_flush(writer, &error));
    return writer;
}

static void account_of_the_only_segment(const char *directory, struct segment_account *account,
                                        struct catalog *catalog)
{
    struct error error;

    assert_true(catalog_load(catalog, directory, &error));
    assert_int_equal(catalog->n, 1);
    segment_account_read(&catalog->entries[0], account);
}

static void a_sealed_segment_tells_its_recording_by_index_made_at_once_and_made_anew(void **state)
{
    const int64_t since_ns = HOUR_NS - 5 * NS_PER_SECOND, until_ns = HOUR_NS + 9 * NS_PER_SECOND;
    struct interface_drops drops[2] = { { .n_received = 4, .n_disk = 1 },
                                        { .n_kernel = 20, .n_queue = 30, .n_truncated_mirror = 2 } };
    struct fixture_indexer indexer = { .builder = segment_index_builder_new(100) };
    struct reindexer reindexer = { &indexer, fixture_begin, fixture_add, fixture_finish, NULL };
    struct interface_table interfaces = { 0 };
    struct segment_account account;
    struct segment_writer *writer;
    struct recovery_report report;
    struct catalog catalog;
    struct error error;
    char directory[64];

    (void)state;
    fixture_directory(directory);
    fixture_interfaces(&interfaces);
    writer = write_live(directory, &interfaces, since_ns);
    segment_writer_recorded(writer, until_ns, RECORDING_GOES_ON);
    assert_true(segment_writer_seal(writer, indexer.builder, drops, 2, NULL, &error));
    segment_index_builder_free(indexer.builder);
    for (unsigned round = 0; round < 2; round++) {
        account_of_the_only_segment(directory, &account, &catalog);
        assert_true(account.is_known);
        assert_int_equal(account.n_packets, 3);
        assert_int_equal(account.recording.kind, RECORDING_LIVE);
        assert_int_equal(account.recording.end, RECORDING_GOES_ON);
        assert_true(account.recording.has_statistics);
        assert_int_equal(account.recording.since_ns, since_ns);
        assert_int_equal(account.recording.until_ns, until_ns);
        assert_int_equal(account.recording.n_received, 4);
        assert_int_equal(account.recording.n_disk, 1);
        assert_int_equal(account.recording.n_kernel, 20);
        assert_int_equal(account.recording.n_queue, 30);
        assert_int_equal(account.recording.n_truncated_mirror, 2);
        assert_int_equal(account.recording.n_cut, 2);
        unlink(catalog.entries[0].index_path);
        catalog_clear(&catalog);
        assert_true(recover_directory(directory, &reindexer, &report, &error));
        assert_int_equal(report.n_reindexed, 1);
    }
    interface_table_clear(&interfaces);
    fixture_remove(directory);
}

static void an_open_segment_and_a_recovered_one_end_at_their_last_sign_of_life(void **state)
{
    const int64_t since_ns = HOUR_NS - 5 * NS_PER_SECOND, written_ns = HOUR_NS + 100 * NS_PER_SECOND;
    const struct timespec times[2] = { { .tv_sec = written_ns / NS_PER_SECOND },
                                       { .tv_sec = written_ns / NS_PER_SECOND } };
    struct fixture_indexer indexer;
    struct reindexer reindexer = { &indexer, fixture_begin, fixture_add, fixture_finish, NULL };
    struct interface_table interfaces = { 0 };
    struct segment_account account;
    struct recovery_report report;
    struct catalog catalog;
    struct error error;
    char directory[64];
    pid_t child;

    (void)state;
    fixture_directory(directory);
    fixture_interfaces(&interfaces);
    child = fork(); /* a writer that goes away without a word */
    if (child == 0) {
        write_live(directory, &interfaces, since_ns);
        _exit(0);
    }
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_true(catalog_load(&catalog, directory, &error));
    assert_int_equal(utimensat(AT_FDCWD, catalog.entries[0].path, times, 0), 0);
    catalog_clear(&catalog);

    account_of_the_only_segment(directory, &account, &catalog);
    assert_true(account.is_open);
    assert_int_equal(account.recording.since_ns, since_ns);
    assert_int_equal(account.written_ns, written_ns);
    catalog_clear(&catalog);

    assert_true(recover_directory(directory, &reindexer, &report, &error));
    account_of_the_only_segment(directory, &account, &catalog);
    assert_true(account.is_known);
    assert_int_equal(account.recording.end, RECORDING_CUT);
    assert_false(account.recording.has_statistics);
    assert_int_equal(account.recording.since_ns, since_ns);
    assert_int_equal(account.recording.until_ns, written_ns - RECORDING_IN_FLIGHT_NS);
    assert_int_equal(account.recording.n_cut, 2);
    catalog_clear(&catalog);
    interface_table_clear(&interfaces);
    fixture_remove(directory);
}

static void a_damaged_index_tells_nothing(void **state)
{
    struct fixture_indexer indexer = { .builder = segment_index_builder_new(100) };
    struct interface_table interfaces = { 0 };
    struct segment_account account;
    struct segment_writer *writer;
    struct catalog catalog;
    struct error error;
    char directory[64];
    FILE *file;

    (void)state;
    fixture_directory(directory);
    fixture_interfaces(&interfaces);
    writer = write_live(directory, &interfaces, HOUR_NS);
    segment_writer_recorded(writer, HOUR_NS + NS_PER_SECOND, RECORDING_STOPPED);
    assert_true(segment_writer_seal(writer, indexer.builder, NULL, 0, NULL, &error));
    segment_index_builder_free(indexer.builder);
    assert_true(catalog_load(&catalog, directory, &error));
    for (long offset = 280; offset < 400; offset += 40) { /* in the summary, and in the recording */
        int byte;

        file = fopen(catalog.entries[0].index_path, "r+b");
        assert_non_null(file);
        fseek(file, offset, SEEK_SET);
        byte = fgetc(file);
        fseek(file, offset, SEEK_SET);
        fputc(byte ^ 1, file);
        fclose(file);
        segment_account_read(&catalog.entries[0], &account);
        assert_false(account.is_known);
        file = fopen(catalog.entries[0].index_path, "r+b");
        fseek(file, offset, SEEK_SET);
        fputc(byte, file);
        fclose(file);
        segment_account_read(&catalog.entries[0], &account);
        assert_true(account.is_known);
    }
    catalog_clear(&catalog);
    interface_table_clear(&interfaces);
    fixture_remove(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_covered_follows_from_what_segments_and_recorders_say),
        cmocka_unit_test(drops_are_those_of_the_segments_that_touch_the_time),
        cmocka_unit_test(a_sealed_segment_tells_its_recording_by_index_made_at_once_and_made_anew),
        cmocka_unit_test(an_open_segment_and_a_recovered_one_end_at_their_last_sign_of_life),
        cmocka_unit_test(a_damaged_index_tells_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
