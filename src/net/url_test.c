/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "net/url.h"

static void paths_that_could_lead_elsewhere_are_not_plain(void **state)
{
    static const struct {
        const char *path;
        bool is_plain;
    } cases[] = {
        { "/", true },       { "/a/b.js", true },     { "/a/", true },          { "/...", true },
        { "/a%20b", true },  { "", false },           { "a", false },           { "/a//b", false },
        { "/../a", false },  { "/a/.", false },       { "/a/%2e%2E/b", false }, { "/.%2e", false },
        { "/a%2fb", false }, { "/a%5cb", false },     { "/a%00", false },       { "/a%0a", false },
        { "/a%2", false },   { "/%252e%252e", true },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (url_path_is_plain(bytes_text(cases[i].path)) != cases[i].is_plain)
            fail_msg("decided otherwise: %s", cases[i].path);
}

static void segments_come_one_by_one(void **state)
{
    struct bytes path = bytes_text("/api/v1/"), segment;

    (void)state;
    assert_true(url_segment_next(&path, &segment) && bytes_equal(segment, bytes_text("api")));
    assert_true(url_segment_next(&path, &segment) && bytes_equal(segment, bytes_text("v1")));
    assert_true(url_segment_next(&path, &segment) && segment.len == 0);
    assert_false(url_segment_next(&path, &segment));
}

static void parameters_are_found_decoded(void **state)
{
    static const struct {
        const char *query, *name;
        enum url_query expected;
        const char *value;
    } cases[] = {
        { "a=1&b=x+y%26z", "b", URL_QUERY_FOUND, "x y&z" },
        { "a=1&b", "b", URL_QUERY_FOUND, "" },
        { "&&b==1&", "b", URL_QUERY_FOUND, "=1" },
        { "%62=1", "b", URL_QUERY_FOUND, "1" },
        { "a=1", "b", URL_QUERY_ABSENT, "" },
        { "", "b", URL_QUERY_ABSENT, "" },
        { "b=1&b=1", "b", URL_QUERY_MALFORMED, "" },
        { "b=%", "b", URL_QUERY_MALFORMED, "" },
        { "b=0123456789abcdefg", "b", URL_QUERY_MALFORMED, "0123456789abcdef" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer out;

        buffer_init(&out, 16);
        assert_int_equal(url_query_find(bytes_text(cases[i].query), cases[i].name, &out), cases[i].expected);
        assert_true(bytes_equal(buffer_bytes(&out), bytes_text(cases[i].value)));
        buffer_clear(&out);
    }
}

static void what_is_encoded_decodes_to_itself(void **state)
{
    uint8_t all[256];
    struct buffer encoded, decoded;

    (void)state;
    for (int i = 0; i < 256; i++)
        all[i] = (uint8_t)i;
    buffer_init(&encoded, 4096);
    buffer_init(&decoded, 4096);
    assert_true(url_encode(bytes_of(all, 256), &encoded));
    assert_true(url_decode(buffer_bytes(&encoded), &decoded));
    assert_true(bytes_equal(buffer_bytes(&decoded), bytes_of(all, 256)));
    buffer_clear(&encoded);
    buffer_clear(&decoded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_that_could_lead_elsewhere_are_not_plain),
        cmocka_unit_test(segments_come_one_by_one),
        cmocka_unit_test(parameters_are_found_decoded),
        cmocka_unit_test(what_is_encoded_decodes_to_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
