/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/packet_numbers.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <sys/wait.h>

#include "archive/archive_fixture.h"

static struct packet_numbers *open_numbers(const char *directory)
{
    struct error error = { 0 };
    struct packet_numbers *numbers = packet_numbers_open(directory, "test-1", &error);

    if (numbers == NULL)
        fail_msg("%s", error.text);
    return numbers;
}

/* Uses n numbers; answers the last one. */
static uint64_t use(struct packet_numbers *numbers, uint64_t n)
{
    uint64_t last = 0;

    for (; n > 0; n--) {
        last = packet_numbers_next(numbers);
        packet_numbers_use(numbers);
    }
    return last;
}

static void numbers_begin_at_one_and_go_on_where_the_last_run_ended(void **state)
{
    struct packet_numbers *numbers;
    char directory[64];

    (void)state;
    fixture_directory(directory);
    numbers = open_numbers(directory);
    assert_int_equal(packet_numbers_next(numbers), 1);
    assert_int_equal(packet_numbers_next(numbers), 1); /* until it is used */
    assert_int_equal(use(numbers, 10000), 10000);
    packet_numbers_close(numbers);
    numbers = open_numbers(directory); /* no segment is there: all were deleted */
    assert_int_equal(packet_numbers_next(numbers), 10001);
    packet_numbers_close(numbers);
    assert_int_equal(packet_numbers_began(directory, "test-1"), 1);
    assert_int_equal(packet_numbers_began(directory, "other"), 0);
    fixture_remove(directory);
}

static void who_is_killed_leaves_a_gap_and_no_number_is_given_twice(void **state)
{
    static const uint64_t counts[] = { 1, 2047, 2048, 2049, 4096, 100000, 1000000 };

    (void)state;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct packet_numbers *numbers;
        char directory[64];
        uint64_t next;
        pid_t child;
        int status;

        fixture_directory(directory);
        child = fork();
        if (child == 0) {
            use(open_numbers(directory), counts[i]);
            _exit(0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        numbers = open_numbers(directory);
        next = packet_numbers_next(numbers);
        assert_true(next > counts[i]);
        assert_true(next <= counts[i] + 2 * (uint64_t)NUMBERS_RUN_MOST);
        assert_true(next <= 2 * counts[i] + 2 * (uint64_t)NUMBERS_RUN_LEAST); /* little after little */
        packet_numbers_close(numbers);
        fixture_remove(directory);
    }
}

static void two_programs_of_one_node_never_give_the_same_number(void **state)
{
    enum { N = 300000 };
    struct packet_numbers *a, *b;
    uint8_t *given = calloc(8 * N, 1);
    char directory[64];

    (void)state;
    fixture_directory(directory);
    a = open_numbers(directory);
    b = open_numbers(directory);
    for (unsigned i = 0; i < N; i++) {
        uint64_t number = use(i % 3 ? a : b, 1);

        assert_in_range(number, 1, 8 * N - 1);
        assert_false(given[number]);
        given[number] = 1;
    }
    packet_numbers_close(a);
    packet_numbers_close(b);
    a = open_numbers(directory);
    for (uint64_t number = packet_numbers_next(a); number < 8 * N; number++)
        assert_false(given[number]);
    packet_numbers_close(a);
    free(given);
    fixture_remove(directory);
}

static void write_segment(const char *directory, uint64_t first, uint64_t n, uint64_t first_number)
{
    struct segment_options options = { .directory = directory,
                                       .node = "test-1",
                                       .codec = CODEC_ZSTD,
                                       .block_bytes = 8192,
                                       .first_number = first_number };
    struct segment_index_builder *builder = segment_index_builder_new(1000);
    struct interface_table interfaces = { 0 };
    uint8_t data[FIXTURE_PACKET_BYTES];
    struct segment_writer *writer;
    struct error error = { 0 };

    fixture_interfaces(&interfaces);
    writer = segment_writer_open(&options, fixture_packet(first, data).ts_ns, &interfaces, &error);
    assert_non_null(writer);
    for (uint64_t i = first; i < first + n; i++) {
        struct packet packet = fixture_packet(i, data);

        assert_true(segment_writer_add(writer, &packet, &error));
    }
    assert_true(segment_writer_seal(writer, builder, NULL, 0, NULL, &error));
    segment_index_builder_free(builder);
    interface_table_clear(&interfaces);
}

static void a_lost_or_damaged_file_is_made_anew_from_the_segments(void **state)
{
    struct packet_numbers *numbers;
    char directory[64], path[128];
    int fd;

    (void)state;
    fixture_directory(directory);
    write_segment(directory, 0, 500, 7001);
    numbers = open_numbers(directory);
    assert_int_equal(packet_numbers_next(numbers), 7501 + NUMBERS_RUN_MOST);
    packet_numbers_close(numbers);
    assert_int_equal(packet_numbers_began(directory, "test-1"), 7001);

    snprintf(path, sizeof path, "%s/test-1.numbers", directory);
    fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, "xxxxxxxx", 8, 16), 8); /* one slot: the other one stands */
    close(fd);
    numbers = open_numbers(directory);
    assert_int_equal(packet_numbers_next(numbers), 7501 + NUMBERS_RUN_MOST);
    packet_numbers_close(numbers);
    fd = open(path, O_WRONLY | O_TRUNC);
    assert_int_equal(pwrite(fd, "xxxxxxxx", 8, 0), 8);
    close(fd);
    numbers = open_numbers(directory);
    assert_int_equal(packet_numbers_next(numbers), 7501 + NUMBERS_RUN_MOST);
    packet_numbers_close(numbers);
    fixture_remove(directory);
}

static void old_segments_come_before_the_first_number(void **state)
{
    struct packet_numbers *numbers;
    char directory[64];

    (void)state;
    fixture_directory(directory);
    write_segment(directory, 0, 300, 0);
    write_segment(directory, 1000, 40, 0);
    numbers = open_numbers(directory);
    assert_int_equal(packet_numbers_next(numbers), 341);
    packet_numbers_close(numbers);
    assert_int_equal(packet_numbers_began(directory, "test-1"), 341);
    fixture_remove(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_begin_at_one_and_go_on_where_the_last_run_ended),
        cmocka_unit_test(who_is_killed_leaves_a_gap_and_no_number_is_given_twice),
        cmocka_unit_test(two_programs_of_one_node_never_give_the_same_number),
        cmocka_unit_test(a_lost_or_damaged_file_is_made_anew_from_the_segments),
        cmocka_unit_test(old_segments_come_before_the_first_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
