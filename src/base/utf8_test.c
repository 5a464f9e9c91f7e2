/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/utf8.h"

static void text_for_a_terminal_has_no_control_characters(void **state)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        { "plain", "plain" },
        { "ü→😀", "ü→😀" },
        { "a\tb\nc\rd\be\ff\vg", "a\\tb\\nc\\rd\\be\\ff\\vg" },
        { "\x1b[31mred", "\\x1b[31mred" },
        { "\x7f", "\\x7f" },
        { "\xc2\x9b", "\\xc2\\x9b" },
        { "\xff\xfe", "\\xff\\xfe" },
        { "back\\slash", "back\\slash" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer out;

        buffer_init(&out, 4096);
        assert_true(utf8_put_escaped(&out, bytes_text(cases[i].text)));
        buffer_put_u8(&out, 0);
        assert_string_equal((const char *)out.data, cases[i].expected);
        buffer_clear(&out);
    }
}

static void printable_text_is_told_from_bytes(void **state)
{
    (void)state;
    assert_true(utf8_is_printable(bytes_text("urn:dev:mac:02005e000001")));
    assert_true(utf8_is_printable(bytes_text("gerät 7")));
    assert_false(utf8_is_printable(bytes_text("")));
    assert_false(utf8_is_printable(bytes_of("a\0b", 3)));
    assert_false(utf8_is_printable(bytes_text("\x80")));
    assert_false(utf8_is_printable(bytes_text("a\nb")));
}

static void columns_count_characters(void **state)
{
    (void)state;
    assert_int_equal(utf8_columns(bytes_text("ü→😀x")), 4);
    assert_int_equal(utf8_columns(bytes_text("\xff\xff")), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_for_a_terminal_has_no_control_characters),
        cmocka_unit_test(printable_text_is_told_from_bytes),
        cmocka_unit_test(columns_count_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
