/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/shown_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define FFFD "\xef\xbf\xbd"
#define BYTES(text) bytes_of((text), sizeof(text) - 1)

static struct dissection d;

static void texts_are_shown_as_wireshark_shows_them(void **state)
{
    const struct {
        struct bytes text, ascii, utf8, escaped, until_nul;
    } cases[] = {
        { BYTES(""), BYTES(""), BYTES(""), BYTES(""), BYTES("") },
        { BYTES("plain"), BYTES("plain"), BYTES("plain"), BYTES("plain"), BYTES("plain") },
        { BYTES("\xc3\xa4"), BYTES(FFFD FFFD), BYTES("\xc3\xa4"), BYTES("\xc3\xa4"), BYTES("\xc3\xa4") },
        { BYTES("a\xe2\x82z"), BYTES("a" FFFD FFFD "z"), BYTES("a" FFFD "z"), BYTES("a" FFFD "z"),
          BYTES("a\xe2\x82z") },
        { BYTES("\xff\xfe"), BYTES(FFFD FFFD), BYTES(FFFD FFFD), BYTES(FFFD FFFD), BYTES("\xff\xfe") },
        { BYTES("\xed\xa0\x80"), BYTES(FFFD FFFD FFFD), BYTES(FFFD FFFD FFFD), BYTES(FFFD FFFD FFFD),
          BYTES("\xed\xa0\x80") },
        { BYTES("a\nb\0c\x1b"), BYTES("a\nb\0c\x1b"), BYTES("a\nb\0c\x1b"), BYTES("a\\nb\\000c\\033"),
          BYTES("a\nb") },
        { BYTES("\xe2\x80\x8b"), BYTES(FFFD FFFD FFFD), BYTES("\xe2\x80\x8b"), BYTES("\\u200B"),
          BYTES("\xe2\x80\x8b") },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        d.scratch_used = 0;
        assert_true(bytes_equal(shown_ascii(&d, cases[i].text), cases[i].ascii));
        assert_true(bytes_equal(shown_utf8(&d, cases[i].text), cases[i].utf8));
        assert_true(bytes_equal(shown_escaped(&d, cases[i].text), cases[i].escaped));
        assert_true(bytes_equal(shown_until_nul(cases[i].text), cases[i].until_nul));
    }
}

static void a_text_without_room_is_empty(void **state)
{
    (void)state;
    d.scratch_used = DISSECTION_SCRATCH;
    assert_int_equal(shown_ascii(&d, BYTES("\xff")).len, 0);
    assert_int_equal(shown_utf8(&d, BYTES("\xff")).len, 0);
    assert_int_equal(shown_escaped(&d, BYTES("\n")).len, 0);
    assert_int_equal(d.counters.n_scratch_cut, 3);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_shown_as_wireshark_shows_them),
        cmocka_unit_test(a_text_without_room_is_empty),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
