/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static void a_fault_has_a_kind_and_a_sentence_and_is_returned_as_false(void **state)
{
    struct error error = { 0 };

    (void)state;
    assert_false(error_set(&error, ERROR_DAMAGED, "block %d: checksum differs", 17));
    assert_int_equal(error.kind, ERROR_DAMAGED);
    assert_string_equal(error.text, "block 17: checksum differs");
}

static void a_system_fault_says_what_errno_says(void **state)
{
    static const struct {
        int cause;
        enum error_kind kind;
    } cases[] = {
        { ENOENT, ERROR_SYSTEM },
        { EACCES, ERROR_SYSTEM },
        { ENOSPC, ERROR_NO_SPACE },
        { EDQUOT, ERROR_NO_SPACE },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error error = { 0 };
        char expected[256];

        errno = cases[i].cause;
        assert_false(error_system(&error, "a.pcap: %s", "opening"));
        snprintf(expected, sizeof expected, "a.pcap: opening: %s", strerror(cases[i].cause));
        assert_int_equal(error.kind, cases[i].kind);
        assert_string_equal(error.text, expected);
    }
}

static void context_comes_before_the_sentence_and_leaves_the_kind(void **state)
{
    struct error error = { 0 };

    (void)state;
    error_set(&error, ERROR_DAMAGED, "checksum differs");
    error_context(&error, "block %d", 17);
    error_context(&error, "segment %s", "x.pcapng.zst");
    assert_int_equal(error.kind, ERROR_DAMAGED);
    assert_string_equal(error.text, "segment x.pcapng.zst: block 17: checksum differs");
}

static void a_sentence_that_is_too_long_is_cut_and_ended(void **state)
{
    char text[2 * sizeof((struct error *)0)->text];
    struct error error = { 0 };

    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    error_set(&error, ERROR_LIMIT, "%s", text);
    assert_int_equal(strlen(error.text), sizeof error.text - 1);
    error_context(&error, "front");
    assert_int_equal(strlen(error.text), sizeof error.text - 1);
    assert_memory_equal(error.text, "front: xxx", 10);
    error_context(&error, "%s", text);
    assert_int_equal(strlen(error.text), sizeof error.text - 1);
    errno = EIO;
    error_system(&error, "%s", text);
    assert_int_equal(strlen(error.text), sizeof error.text - 1);
}

static void what_is_quoted_begins_no_line_and_moves_no_terminal(void **state)
{
    struct error error = { 0 };

    (void)state;
    error_set(&error, ERROR_SYSTEM, "%s: is no capture", "a\033[31m\nb\xff.pcap");
    assert_string_equal(error.text, "a\\x1b[31m\\nb\\xff.pcap: is no capture");
    error_context(&error, "in %s", "x\ry");
    assert_string_equal(error.text, "in x\\ry: a\\x1b[31m\\nb\\xff.pcap: is no capture");
    errno = ENOENT;
    error_system(&error, "%s", "\302\233m\302\265");
    assert_memory_equal(error.text, "\\xc2\\x9bm\302\265: ", 13);
    error_append(&error, "delete %s", "a\nb");
    assert_non_null(strstr(error.text, "\ndelete a\\nb"));
    error_set(&error, ERROR_USAGE, "no such word\n  %s", "ip.addr");
    assert_string_equal(error.text, "no such word\n  ip.addr");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fault_has_a_kind_and_a_sentence_and_is_returned_as_false),
        cmocka_unit_test(a_system_fault_says_what_errno_says),
        cmocka_unit_test(context_comes_before_the_sentence_and_leaves_the_kind),
        cmocka_unit_test(a_sentence_that_is_too_long_is_cut_and_ended),
        cmocka_unit_test(what_is_quoted_begins_no_line_and_moves_no_terminal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
