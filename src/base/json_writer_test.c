/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/json_writer.h"

static void assert_written(struct buffer *out, const char *expected)
{
    assert_false(out->is_full);
    buffer_put_u8(out, 0);
    assert_string_equal((const char *)out->data, expected);
    buffer_clear(out);
}

static void nested_items_are_indented_as_tshark_does(void **state)
{
    struct buffer out;
    struct json_writer json;

    (void)state;
    buffer_init(&out, 4096);
    json_writer_init(&json, &out, JSON_WRITER_INDENTED);
    json_writer_array(&json);
    json_writer_object(&json);
    json_writer_name(&json, "a");
    json_writer_array(&json);
    json_writer_string(&json, "x");
    json_writer_number(&json, 18446744073709551615u);
    json_writer_end(&json);
    json_writer_name(&json, "empty");
    json_writer_object(&json);
    json_writer_end(&json);
    json_writer_name(&json, "none");
    json_writer_null(&json);
    json_writer_name(&json, "some");
    json_writer_bool(&json, true);
    json_writer_end(&json);
    json_writer_end(&json);
    assert_written(&out, "[\n"
                         "  {\n"
                         "    \"a\": [\n"
                         "      \"x\",\n"
                         "      18446744073709551615\n"
                         "    ],\n"
                         "    \"empty\": {},\n"
                         "    \"none\": null,\n"
                         "    \"some\": true\n"
                         "  }\n"
                         "]");
}

static void compact_style_has_no_white_space(void **state)
{
    struct buffer out;
    struct json_writer json;

    (void)state;
    buffer_init(&out, 4096);
    json_writer_init(&json, &out, JSON_WRITER_COMPACT);
    json_writer_object(&json);
    json_writer_name(&json, "a");
    json_writer_number(&json, 1);
    json_writer_name(&json, "b");
    json_writer_array(&json);
    json_writer_signed(&json, INT64_MIN);
    json_writer_null(&json);
    json_writer_array(&json);
    json_writer_end(&json);
    json_writer_end(&json);
    json_writer_end(&json);
    assert_written(&out, "{\"a\":1,\"b\":[-9223372036854775808,null,[]]}");
}

static void text_is_escaped_and_wrong_bytes_are_replaced(void **state)
{
    static const struct {
        const char *text;
        size_t len;
        const char *expected;
    } cases[] = {
        { "", 0, "\"\"" },
        { "a\"b\\c/", 6, "\"a\\\"b\\\\c/\"" },
        { "\n\r\t\b\0\x1b\x7f", 7, "\"\\n\\r\\t\\u0008\\u0000\\u001b\\u007f\"" },
        { "ü→😀", 9, "\"ü→😀\"" },
        { "\xc2\x9b", 2, "\"\\u009b\"" },
        { "\xe2\x80\xa8", 3, "\"\\u2028\"" },
        { "\xff", 1, "\"\xef\xbf\xbd\"" },
        { "a\xc3", 2, "\"a\xef\xbf\xbd\"" },                               /* cut in the middle */
        { "\xc0\xaf", 2, "\"\xef\xbf\xbd\xef\xbf\xbd\"" },                 /* overlong */
        { "\xed\xa0\x80", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" }, /* a surrogate */
        { "\xf5\x80\x80\x80", 4, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer out;
        struct json_writer json;

        buffer_init(&out, 4096);
        json_writer_init(&json, &out, JSON_WRITER_COMPACT);
        json_writer_text(&json, bytes_of(cases[i].text, cases[i].len));
        assert_written(&out, cases[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nested_items_are_indented_as_tshark_does),
        cmocka_unit_test(compact_style_has_no_white_space),
        cmocka_unit_test(text_is_escaped_and_wrong_bytes_are_replaced),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
