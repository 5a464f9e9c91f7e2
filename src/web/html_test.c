/* SPDX-License-Identifier: Apache-2.0 */
#include "web/html.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void markup_is_text(void **state)
{
    struct buffer html;

    (void)state;
    buffer_init(&html, 1024);
    html_put_text(&html, bytes_text("<img src=x onerror='a(\"&\")'>"));
    buffer_put_u8(&html, 0);
    assert_string_equal((const char *)html.data, "&lt;img src=x onerror=&#39;a(&quot;&amp;&quot;)&#39;&gt;");
    buffer_clear(&html);
}

static void a_nul_is_shown_as_the_replacement_character(void **state)
{
    struct buffer html;

    (void)state;
    buffer_init(&html, 1024);
    html_put_text(&html, bytes_of((const uint8_t *)"a\0b", 3));
    assert_int_equal(html.len, 5);
    assert_memory_equal(html.data,
                        "a\xEF\xBF\xBD"
                        "b",
                        5);
    buffer_clear(&html);
}

static void an_address_keeps_only_what_means_nothing_there(void **state)
{
    struct buffer html;

    (void)state;
    buffer_init(&html, 1024);
    html_put_address_part(&html, bytes_text("a/b?c=\"\xC3\xA4\"&d#e"));
    buffer_put_u8(&html, 0);
    assert_string_equal((const char *)html.data, "a%2Fb%3Fc%3D%22%C3%A4%22%26d%23e");
    buffer_clear(&html);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(markup_is_text),
        cmocka_unit_test(an_address_keeps_only_what_means_nothing_there),
        cmocka_unit_test(a_nul_is_shown_as_the_replacement_character),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
