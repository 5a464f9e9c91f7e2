/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/http_negotiate.h"
#include "net/http_request.h"
#include "net/http_response.h"
#include "net/http_status.h"

static const int64_t NOVEMBER_NS = INT64_C(784111777) * 1000000000; /* the date of RFC 9110 section 5.6.7 */

static void assert_text(struct buffer *buffer, const char *expected)
{
    buffer_put_u8(buffer, 0);
    assert_string_equal((const char *)buffer->data, expected);
    buffer_empty(buffer);
}

static void heads_say_length_date_and_whether_more_may_follow(void **state)
{
    struct http_response response;
    struct buffer out;

    (void)state;
    buffer_init(&out, 4096);
    http_response_begin(&response, &out, 200, NOVEMBER_NS);
    http_response_header(&response, "Content-Type", bytes_text("text/plain; charset=utf-8"));
    assert_true(http_response_end(&response, 5, true));
    assert_text(&out, "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                      "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 5\r\n\r\n");
    http_response_begin(&response, &out, 304, NOVEMBER_NS);
    http_response_header_printf(&response, "ETag", "\"%x\"", 255);
    assert_true(http_response_end(&response, 5, false));
    assert_text(&out, "HTTP/1.1 304 Not Modified\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nETag: \"ff\"\r\n"
                      "Connection: close\r\n\r\n");
    http_response_begin(&response, &out, 200, NOVEMBER_NS);
    assert_true(http_response_end_chunked(&response, true));
    assert_true(http_put_chunk(&out, bytes_text("0123456789abcdef!")));
    assert_true(http_put_chunk(&out, bytes_text("")));
    buffer_put_text(&out, HTTP_LAST_CHUNK);
    assert_text(&out,
                "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nTransfer-Encoding: chunked\r\n\r\n"
                "11\r\n0123456789abcdef!\r\n0\r\n\r\n");
    http_response_begin(&response, &out, 100, 0);
    assert_true(http_response_end_bare(&response));
    assert_text(&out, "HTTP/1.1 100 Continue\r\n\r\n");
    buffer_clear(&out);
}

static void a_header_that_could_end_its_line_takes_the_response_back(void **state)
{
    static const struct {
        const char *name, *value;
        size_t len;
    } cases[] = {
        { "X", "a\r\nSet-Cookie: b", 16 },
        { "X", "a\nb", 3 },
        { "X", "a\rb", 3 },
        { "X", "a\0b", 3 },
        { "X: y", "a", 1 },
        { "", "a", 1 },
        { "X\r\n", "a", 1 },
        { "X", "a\x7f", 2 },
    };
    struct buffer out;

    (void)state;
    buffer_init(&out, 4096);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct http_response response;

        buffer_put_text(&out, "before");
        http_response_begin(&response, &out, 200, NOVEMBER_NS);
        http_response_header(&response, cases[i].name, bytes_of(cases[i].value, cases[i].len));
        http_response_header(&response, "Good", bytes_text("one"));
        assert_false(http_response_end(&response, 0, true));
        assert_text(&out, "before");
    }
    buffer_clear(&out);
}

static void every_status_has_its_reason_once(void **state)
{
    (void)state;
    assert_string_equal(http_status_reason(431), "Request Header Fields Too Large");
    assert_string_equal(http_status_reason(299), "");
    assert_true(http_status_is_bodiless(204));
    assert_false(http_status_is_bodiless(404));
}

static void parse(struct http_fields *fields, const char *text)
{
    struct reader r = reader_over(bytes_text(text));
    const char *why;

    assert_int_equal(http_fields_parse(fields, &r, &why), HTTP_FIELDS_OK);
}

static void encodings_are_weighed(void **state)
{
    static const struct {
        const char *fields;
        unsigned gzip, br, identity;
    } cases[] = {
        { "\r\n", 0, 0, 1000 },
        { "Accept-Encoding:\r\n\r\n", 0, 0, 1000 },
        { "Accept-Encoding: gzip, deflate, br\r\n\r\n", 1000, 1000, 1000 },
        { "Accept-Encoding: gzip;q=0.5, br; q=1.000\r\n\r\n", 500, 1000, 1000 },
        { "Accept-Encoding: GZIP;Q=0.25\r\nAccept-Encoding: *;q=0\r\n\r\n", 250, 0, 0 },
        { "Accept-Encoding: *\r\n\r\n", 1000, 1000, 1000 },
        { "Accept-Encoding: gzip;q=0, identity;q=0.001\r\n\r\n", 0, 0, 1 },
        { "Accept-Encoding: gzip;q=2, br;q=0.1234, x-gzip\r\n\r\n", 1000, 0, 1000 },
        { "Accept-Encoding: gzipped\r\n\r\n", 0, 0, 1000 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct http_fields fields;

        parse(&fields, cases[i].fields);
        assert_int_equal(http_encoding_weight(&fields, "gzip"), cases[i].gzip);
        assert_int_equal(http_encoding_weight(&fields, "br"), cases[i].br);
        assert_int_equal(http_encoding_weight(&fields, "identity"), cases[i].identity);
    }
}

static void what_a_client_has_already_is_known_by_its_etag(void **state)
{
    static const struct {
        const char *fields;
        bool hits;
    } cases[] = {
        { "\r\n", false },
        { "If-None-Match: \"abc\"\r\n\r\n", true },
        { "If-None-Match: W/\"abc\"\r\n\r\n", true },
        { "If-None-Match: \"x,y\", \"abc\"\r\n\r\n", true },
        { "If-None-Match: *\r\n\r\n", true },
        { "If-None-Match: abc\r\n\r\n", false },
        { "If-None-Match: \"abcd\"\r\n\r\n", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct http_fields fields;

        parse(&fields, cases[i].fields);
        assert_int_equal(http_none_match_hits(&fields, "\"abc\""), cases[i].hits);
    }
}

static void ranges_are_cut_to_what_there_is(void **state)
{
    static const struct {
        const char *fields;
        uint64_t length;
        enum http_range expected;
        uint64_t first, last;
    } cases[] = {
        { "\r\n", 100, HTTP_RANGE_WHOLE, 0, 0 },
        { "Range: bytes=0-0\r\n\r\n", 100, HTTP_RANGE_PART, 0, 0 },
        { "Range: bytes=10-\r\n\r\n", 100, HTTP_RANGE_PART, 10, 99 },
        { "Range: Bytes=90-1000\r\n\r\n", 100, HTTP_RANGE_PART, 90, 99 },
        { "Range: bytes=-10\r\n\r\n", 100, HTTP_RANGE_PART, 90, 99 },
        { "Range: bytes=-1000\r\n\r\n", 100, HTTP_RANGE_PART, 0, 99 },
        { "Range: bytes=100-\r\n\r\n", 100, HTTP_RANGE_UNSATISFIABLE, 0, 0 },
        { "Range: bytes=-0\r\n\r\n", 100, HTTP_RANGE_UNSATISFIABLE, 0, 0 },
        { "Range: bytes=0-\r\n\r\n", 0, HTTP_RANGE_UNSATISFIABLE, 0, 0 },
        { "Range: bytes=5-4\r\n\r\n", 100, HTTP_RANGE_WHOLE, 0, 0 },
        { "Range: bytes=-\r\n\r\n", 100, HTTP_RANGE_WHOLE, 0, 0 },
        { "Range: bytes=1-2,4-5\r\n\r\n", 100, HTTP_RANGE_WHOLE, 0, 0 },
        { "Range: bytes=a-b\r\n\r\n", 100, HTTP_RANGE_WHOLE, 0, 0 },
        { "Range: rows=1-2\r\n\r\n", 100, HTTP_RANGE_WHOLE, 0, 0 },
        { "Range: bytes=99999999999999999999-\r\n\r\n", 100, HTTP_RANGE_WHOLE, 0, 0 },
        { "Range: bytes=1-2\r\nRange: bytes=1-2\r\n\r\n", 100, HTTP_RANGE_WHOLE, 0, 0 },
        { "Range: bytes=1-2\r\nIf-Range: \"e\"\r\n\r\n", 100, HTTP_RANGE_PART, 1, 2 },
        { "Range: bytes=1-2\r\nIf-Range: \"f\"\r\n\r\n", 100, HTTP_RANGE_WHOLE, 0, 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct http_fields fields;
        uint64_t first = 0, last = 0;

        parse(&fields, cases[i].fields);
        assert_int_equal(http_range(&fields, cases[i].length, "\"e\"", &first, &last), cases[i].expected);
        assert_int_equal(first, cases[i].first);
        assert_int_equal(last, cases[i].last);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads_say_length_date_and_whether_more_may_follow),
        cmocka_unit_test(a_header_that_could_end_its_line_takes_the_response_back),
        cmocka_unit_test(every_status_has_its_reason_once),
        cmocka_unit_test(encodings_are_weighed),
        cmocka_unit_test(what_a_client_has_already_is_known_by_its_etag),
        cmocka_unit_test(ranges_are_cut_to_what_there_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
