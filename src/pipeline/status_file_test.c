/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/timestamp.h"
#include "pipeline/status_file.h"

static const struct recorder_status written = {
    .node = "box1",
    .pid = 4711,
    .started_ns = INT64_C(1724925600123456789),
    .updated_ns = INT64_C(1724925700000000001),
    .sources = { { "eth0", 1, 2, 3, 4, 5, 6, 7 }, { "vxlan [::]:4789 \"x\"", 10, 20, 30, 40, 50, 60, 70 } },
    .n_sources = 2,
    .n_packets = 11,
    .n_bytes = 22,
    .n_written_bytes = 33,
    .n_disk = 66,
    .trouble = "disk full\n\"x\"",
    .segment = "20240829T100000.123456789Z-box1-1.pcapng.zst.open",
    .packets_per_second = 44,
    .bytes_per_second = 55,
    .budget = { .keep_bytes = 77, .keep_age_ns = 88, .min_free_bytes = 99, .min_free_percent = 5 },
};

static void what_a_recorder_writes_is_read_the_same(void **state)
{
    char directory[] = "/tmp/status_file_test.XXXXXX", path[64];
    static struct recorder_status read;
    struct error error;

    (void)state;
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/box1.status.json", directory);
    assert_true(status_file_write(directory, &written, &error));
    assert_true(status_file_write(directory, &written, &error)); /* again, over the first */
    assert_true(status_file_read(path, &read, &error));
    assert_memory_equal(&read, &written, sizeof read);
    status_file_remove(directory, "box1");
    assert_false(status_file_read(path, &read, &error));
    assert_int_equal(error.kind, ERROR_SYSTEM);
    assert_int_equal(rmdir(directory), 0); /* nothing else was left in it */
}

static void what_is_no_status_is_refused_and_leaves_the_last_one(void **state)
{
    static const char *const cases[] = {
        "",
        "{",
        "[]",
        "{}",
        "{\"node\": 7}",
        "{\"node\": \"a\", \"pid\": -1}",
        "{\"node\":\"a\",\"pid\":1,\"started\":\"never\",\"updated\":\"now\",\"sources\":[],\"packets\":1,"
        "\"bytes\":1,"
        "\"written_bytes\":1,\"segment\":\"\",\"rates\":{\"packets_per_second\":1,\"bytes_per_second\":1}}",
        "{\"node\":\"a\",\"pid\":1,\"started\":\"2024-08-29\",\"updated\":\"2024-08-29\",\"sources\":[{}],"
        "\"packets\":1,"
        "\"bytes\":1,\"written_bytes\":1,\"segment\":\"\",\"rates\":{\"packets_per_second\":1,\"bytes_per_"
        "second\":1}}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static struct recorder_status read;
        struct error error;

        read.pid = 42;
        assert_false(status_parse(bytes_text(cases[i]), &read, &error));
        assert_int_equal(error.kind, ERROR_DAMAGED);
        assert_int_equal(read.pid, 42);
    }
}

static void killed_recorder_is_told_from_a_live_one(void **state)
{
    static struct recorder_status status;
    pid_t child = fork();

    (void)state;
    if (child == 0)
        _exit(0);
    waitpid(child, NULL, 0);
    status.updated_ns = 100 * NS_PER_SECOND;
    status.pid = child;
    assert_int_equal(recorder_life(&status, 101 * NS_PER_SECOND), RECORDER_ALIVE);
    assert_int_equal(recorder_life(&status, 110 * NS_PER_SECOND), RECORDER_DEAD);
    status.pid = getpid();
    assert_int_equal(recorder_life(&status, 110 * NS_PER_SECOND), RECORDER_STUCK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_recorder_writes_is_read_the_same),
        cmocka_unit_test(what_is_no_status_is_refused_and_leaves_the_last_one),
        cmocka_unit_test(killed_recorder_is_told_from_a_live_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
