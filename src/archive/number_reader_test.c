/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/number_reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "archive/archive_fixture.h"
#include "archive/packet_numbers.h"

/* What was written: packet i of the fixture has number i + shift, for these. */
struct world {
    char directory[64];
    struct interface_table written, read;
    struct segment_writer *open;
};

static void world_init(struct world *w)
{
    *w = (struct world) { .open = NULL };
    fixture_directory(w->directory);
    fixture_interfaces(&w->written);
}

static void world_clear(struct world *w)
{
    struct error error;

    if (w->open)
        segment_writer_seal(w->open, NULL, NULL, 0, NULL, &error);
    interface_table_clear(&w->written);
    interface_table_clear(&w->read);
    fixture_remove(w->directory);
}

static void add(struct world *w, uint64_t first, uint64_t n)
{
    uint8_t data[FIXTURE_PACKET_BYTES];
    struct error error = { 0 };

    for (uint64_t i = first; i < first + n; i++) {
        struct packet packet = fixture_packet(i, data);

        assert_true(segment_writer_add(w->open, &packet, &error));
        if (i % 97 == 0)
            assert_true(segment_writer_flush(w->open, &error));
    }
    assert_true(segment_writer_flush(w->open, &error));
}

static void begin(struct world *w, enum codec codec, uint64_t first, uint64_t first_number)
{
    struct segment_options options = { .directory = w->directory,
                                       .node = "test-1",
                                       .codec = codec,
                                       .block_bytes = 8192,
                                       .first_number = first_number };
    uint8_t data[FIXTURE_PACKET_BYTES];
    struct error error = { 0 };

    w->open = segment_writer_open(&options, fixture_packet(first, data).ts_ns, &w->written, &error);
    assert_non_null(w->open);
}

static void seal(struct world *w, bool has_index)
{
    struct segment_index_builder *builder = has_index ? segment_index_builder_new(1000) : NULL;
    struct error error = { 0 };

    assert_true(segment_writer_seal(w->open, builder, NULL, 0, NULL, &error));
    segment_index_builder_free(builder);
    w->open = NULL;
}

static struct number_reader *open_reader(struct world *w)
{
    struct error error = { 0 };
    struct number_reader *reader = number_reader_open(w->directory, "test-1", &w->read, &error);

    if (reader == NULL)
        fail_msg("%s", error.text);
    return reader;
}

/* Every packet of the run is the one with that number. */
static void check_run(struct world *w, const struct number_run *run, uint64_t shift)
{
    assert_int_equal(run->end - run->first, run->n);
    for (uint32_t i = 0; i < run->n; i++) {
        uint64_t number = run->first + i;
        uint8_t data[FIXTURE_PACKET_BYTES];
        struct packet wanted = fixture_packet(number - shift, data);

        assert_int_equal(run->packets[i].packet_id, number);
        assert_true(fixture_is(&run->packets[i], number - shift));
        assert_string_equal(w->read.items[run->packets[i].interface].name,
                            w->written.items[wanted.interface].name);
    }
}

/* All of them forwards from number, then backwards. */
static void check_all(struct world *w, uint64_t first, uint64_t end, uint64_t shift)
{
    struct number_reader *reader = open_reader(w);
    struct number_run run;
    struct error error = { 0 };
    uint64_t at = first, low, high;

    while (number_reader_from(reader, at, &run, &error) == NUMBER_PACKETS) {
        check_run(w, &run, shift);
        assert_int_equal(run.first, at);
        at = run.end;
    }
    assert_int_equal(at, end);
    while (number_reader_before(reader, at, &run, &error) == NUMBER_PACKETS) {
        check_run(w, &run, shift);
        assert_int_equal(run.end, at);
        at = run.first;
    }
    assert_int_equal(at, first);
    for (uint64_t number = first; number < end; number += 61) {
        assert_int_equal(number_reader_from(reader, number, &run, &error), NUMBER_PACKETS);
        assert_int_equal(run.first, number);
        check_run(w, &run, shift);
        if (number == first)
            continue;
        assert_int_equal(number_reader_before(reader, number, &run, &error), NUMBER_PACKETS);
        assert_int_equal(run.end, number);
        check_run(w, &run, shift);
    }
    assert_true(number_reader_span(reader, &low, &high));
    assert_int_equal(low, first);
    assert_int_equal(high, end);
    number_reader_close(reader);
}

static void packets_are_read_by_number_in_both_directions(void **state)
{
    static const enum codec codecs[] = { CODEC_ZSTD, CODEC_GZIP, CODEC_NONE };

    (void)state;
    for (size_t i = 0; i < sizeof codecs / sizeof *codecs; i++) {
        struct world w;

        world_init(&w);
        begin(&w, codecs[i], 0, 1);
        add(&w, 0, 1000);
        seal(&w, true);
        check_all(&w, 1, 1001, 1);
        begin(&w, codecs[i], 1000, 1001);
        add(&w, 1000, 700);
        seal(&w, false); /* its index is lost */
        check_all(&w, 1, 1701, 1);
        begin(&w, codecs[i], 1700, 1701);
        add(&w, 1700, 333);
        check_all(&w, 1, 2034, 1); /* one is still written */
        world_clear(&w);
    }
}

static void a_packet_found_says_its_number(void **state)
{
    static const char *const ends[] = { ".zst.open", ".zst" };

    (void)state;
    for (unsigned way = 0; way < 3; way++) { /* open, by its seek table, by its index */
        struct segment_index *index = NULL;
        const struct packet *packets;
        struct segment_reader *reader;
        struct error error = { 0 };
        uint64_t wanted = 5000;
        struct world w;
        char path[4096];
        uint32_t n;

        world_init(&w);
        begin(&w, CODEC_ZSTD, 0, wanted);
        add(&w, 0, 300);
        if (way > 0)
            seal(&w, way == 2);
        if (way == 2) {
            fixture_find(w.directory, ".tdx", path);
            index = segment_index_open(path, &error);
        }
        fixture_find(w.directory, ends[way > 0], path);
        reader = segment_reader_open(path, index, &w.read, &error);
        assert_non_null(reader);
        for (uint32_t block = 0;; block++) {
            if ((index ? segment_reader_block(reader, block, &packets, &n, &error)
                       : segment_reader_next(reader, &packets, &n, &error)) != SEGMENT_BLOCK)
                break;
            for (uint32_t i = 0; i < n; i++)
                assert_int_equal(packets[i].packet_id, wanted++);
        }
        assert_int_equal(wanted, 5300);
        segment_reader_close(reader);
        segment_index_close(index);
        world_clear(&w);
    }
}

static void a_reader_that_stays_sees_what_comes_and_what_is_sealed(void **state)
{
    struct number_reader *reader;
    struct number_run run;
    struct error error = { 0 };
    struct world w;
    uint64_t at = 1;

    (void)state;
    world_init(&w);
    reader = open_reader(&w);
    assert_int_equal(number_reader_from(reader, 1, &run, &error), NUMBER_NONE);
    begin(&w, CODEC_ZSTD, 0, 1);
    for (uint64_t n = 0; n < 600; n += 20) {
        add(&w, n, 20);
        if (n == 300) {
            seal(&w, true);
            begin(&w, CODEC_ZSTD, n + 20, n + 21);
        }
        while (number_reader_from(reader, at, &run, &error) == NUMBER_PACKETS) {
            assert_int_equal(run.first, at);
            check_run(&w, &run, 1);
            at = run.end;
        }
        assert_int_equal(at, n + 21);
        assert_int_equal(number_reader_before(reader, UINT64_MAX, &run, &error), NUMBER_PACKETS);
        assert_int_equal(run.end, at);
    }
    number_reader_close(reader);
    world_clear(&w);
}

static void numbers_that_are_not_kept_lead_to_their_neighbours(void **state)
{
    struct number_reader *reader;
    struct number_run run;
    struct error error = { 0 };
    struct world w;

    (void)state;
    world_init(&w);
    begin(&w, CODEC_ZSTD, 0, 5001); /* what was before is deleted */
    add(&w, 0, 100);
    seal(&w, true);
    begin(&w, CODEC_ZSTD, 5000, 9001); /* a recorder was killed between */
    add(&w, 5000, 100);
    seal(&w, true);
    reader = open_reader(&w);
    assert_int_equal(number_reader_from(reader, 1, &run, &error), NUMBER_PACKETS);
    assert_int_equal(run.first, 5001);
    assert_int_equal(number_reader_before(reader, 5001, &run, &error), NUMBER_NONE);
    assert_int_equal(number_reader_from(reader, 5101, &run, &error), NUMBER_PACKETS);
    assert_int_equal(run.first, 9001);
    assert_int_equal(number_reader_before(reader, 9001, &run, &error), NUMBER_PACKETS);
    assert_int_equal(run.end, 5101);
    assert_int_equal(number_reader_from(reader, 9101, &run, &error), NUMBER_NONE);
    assert_int_equal(number_reader_before(reader, UINT64_MAX, &run, &error), NUMBER_PACKETS);
    assert_int_equal(run.end, 9101);
    number_reader_close(reader);
    world_clear(&w);
}

static void old_segments_keep_their_numbers_when_the_oldest_goes(void **state)
{
    struct error error = { 0 };
    struct world w;
    char path[4096];

    (void)state;
    world_init(&w);
    begin(&w, CODEC_ZSTD, 0, 0);
    add(&w, 0, 50);
    seal(&w, true);
    fixture_find(w.directory, ".zst", path);
    begin(&w, CODEC_ZSTD, 50, 0);
    add(&w, 50, 60);
    seal(&w, true);
    packet_numbers_close(packet_numbers_open(w.directory, "test-1", &error));
    begin(&w, CODEC_ZSTD, 110, 111);
    add(&w, 110, 70);
    seal(&w, true);
    check_all(&w, 1, 181, 1);
    unlink(path);
    check_all(&w, 51, 181, 1);
    world_clear(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_are_read_by_number_in_both_directions),
        cmocka_unit_test(a_packet_found_says_its_number),
        cmocka_unit_test(a_reader_that_stays_sees_what_comes_and_what_is_sealed),
        cmocka_unit_test(numbers_that_are_not_kept_lead_to_their_neighbours),
        cmocka_unit_test(old_segments_keep_their_numbers_when_the_oldest_goes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
