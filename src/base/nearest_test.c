/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/nearest.h"

static void distance_counts_the_least_edits(void **state)
{
    static const struct {
        const char *a, *b;
        unsigned distance;
    } cases[] = {
        { "", "", 0 },         { "", "abc", 3 },           { "abc", "", 3 },
        { "find", "find", 0 }, { "FIND", "find", 0 },      { "fnid", "find", 1 },
        { "fnd", "find", 1 },  { "kitten", "sitting", 3 }, { "--devcie", "--device", 1 },
        { "ca", "abc", 3 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(edit_distance(cases[i].a, strlen(cases[i].a), cases[i].b, strlen(cases[i].b)),
                         cases[i].distance);
        assert_int_equal(edit_distance(cases[i].b, strlen(cases[i].b), cases[i].a, strlen(cases[i].a)),
                         cases[i].distance);
    }
}

static void too_long_a_word_is_not_compared(void **state)
{
    char word[NEAREST_NAME_BYTES + 1];

    (void)state;
    memset(word, 'a', sizeof word);
    assert_true(edit_distance(word, sizeof word, "a", 1) == UINT_MAX);
    assert_true(edit_distance("a", 1, word, sizeof word) == UINT_MAX);
    assert_int_equal(edit_distance(word, NEAREST_NAME_BYTES, "a", 1), NEAREST_NAME_BYTES - 1);
}

static void misspelt_name_finds_the_one_that_was_meant(void **state)
{
    static const char *const names[] = { "ip.src", "ip.dst", "udp.port", "dtls.handshake.identity",
                                         "find",   "import", "record" };
    static const struct {
        const char *word, *meant;
    } cases[] = {
        { "fnd", "find" },
        { "Record", "record" },
        { "ip.source", "ip.src" },
        { "dtls.hand", "dtls.handshake.identity" },
        { "handshake.identity", "dtls.handshake.identity" },
        { "udp.prot", "udp.port" },
        { "zebra", NULL },
        { "", NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct nearest nearest;

        nearest_init(&nearest, cases[i].word, strlen(cases[i].word));
        for (size_t j = 0; j < sizeof names / sizeof *names; j++)
            nearest_offer(&nearest, names[j]);
        if (cases[i].meant)
            assert_string_equal(nearest_name(&nearest), cases[i].meant);
        else
            assert_null(nearest_name(&nearest));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distance_counts_the_least_edits),
        cmocka_unit_test(too_long_a_word_is_not_compared),
        cmocka_unit_test(misspelt_name_finds_the_one_that_was_meant),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
