/* SPDX-License-Identifier: Apache-2.0 */
#include "web/scope_words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void a_scope_is_said_in_words(void **state)
{
    const int64_t at_ns = INT64_C(1724925600) * 1000000000;
    const struct {
        struct scope scope;
        const char *words;
    } cases[] = {
        { scope_of_all(), "all packets, with all bytes" },
        { { .device = "urn:x", .range = { at_ns, INT64_MAX }, .bytes = BYTES_NONE },
          "packets of device urn:x since 2024-08-29 10:00:00 UTC, addresses and summary" },
        { { .source = "box",
            .filter = "coap.code >= 4.00",
            .range = { at_ns, at_ns + 60 * INT64_C(1000000000) },
            .bytes = BYTES_HEADERS },
          "packets seen by box that match coap.code >= 4.00 from 2024-08-29 10:00:00 UTC to"
          " 2024-08-29 10:01:00 UTC, decoded, without bytes" },
        { { .device = "a\033[2Jb", .range = { INT64_MIN, at_ns }, .bytes = BYTES_NONE },
          "packets of device a\\x1b[2Jb up to 2024-08-29 10:00:00 UTC, addresses and summary" },
        { { .source = "box",
            .numbers = { 2, { { 100, 120 }, { 130, 130 } } },
            .range = { INT64_MIN, INT64_MAX },
            .bytes = BYTES_NONE },
          "packets 100-120,130 seen by box, addresses and summary" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer out;

        buffer_init(&out, 4096);
        scope_put_words(&out, &cases[i].scope, false);
        buffer_put_u8(&out, 0);
        assert_string_equal((const char *)out.data, cases[i].words);
        buffer_clear(&out);
    }
}

static void bytes_levels_are_known_by_their_names(void **state)
{
    enum bytes_level level;

    (void)state;
    for (unsigned i = BYTES_NONE; i <= BYTES_FULL; i++) {
        assert_true(bytes_level_parse(bytes_text(bytes_level_name((enum bytes_level)i)), &level));
        assert_int_equal(level, i);
    }
    assert_false(bytes_level_parse(bytes_text("Full"), &level));
    assert_false(bytes_level_parse(bytes_text(""), &level));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scope_is_said_in_words),
        cmocka_unit_test(bytes_levels_are_known_by_their_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
