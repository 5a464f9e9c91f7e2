/* SPDX-License-Identifier: Apache-2.0 */
#include "web/qr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>

static const char link_text[] =
    "https://box.example:8443/s/k3f9abcdefgh#AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/* A finder pattern stands in three corners, and nowhere else: the seven dark modules of its upper edge are
 * the code's first run. */
static void a_link_becomes_a_picture(void **state)
{
    struct buffer out;

    (void)state;
    buffer_init(&out, 1 << 20);
    assert_true(qr_put_svg(&out, link_text));
    buffer_put_u8(&out, 0);
    assert_non_null(strstr((const char *)out.data, "viewBox=\"0 0 45 45\"")); /* version 5: 37 modules */
    assert_non_null(strstr((const char *)out.data, "d=\"M4 4h7v1h-7z"));
    assert_null(strstr((const char *)out.data, "script"));
    buffer_clear(&out);
}

static void a_link_fits_a_terminal(void **state)
{
    struct buffer out;
    size_t n_lines = 0;

    (void)state;
    buffer_init(&out, 1 << 20);
    assert_true(qr_put_terminal(&out, link_text));
    for (size_t i = 0; i < out.len; i++)
        n_lines += out.data[i] == '\n';
    assert_int_equal(n_lines, (37 + 4 + 1) / 2);
    buffer_clear(&out);
}

static void what_is_too_long_leaves_nothing_behind(void **state)
{
    char text[QR_TEXT_BYTES + 2];
    struct buffer out;

    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    buffer_init(&out, 1 << 20);
    assert_false(qr_put_svg(&out, text));
    text[600] = '\0';
    assert_false(qr_put_terminal(&out, text));
    assert_true(qr_put_svg(&out, text));
    buffer_clear(&out);
    buffer_init(&out, 100);
    assert_false(qr_put_svg(&out, link_text));
    assert_int_equal(out.len, 0);
    buffer_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_link_becomes_a_picture),
        cmocka_unit_test(a_link_fits_a_terminal),
        cmocka_unit_test(what_is_too_long_leaves_nothing_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
