/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/http_request.h"

/*
 * What happens on a connection, a line an event: "GET /a?b host=x", " +close" when no other request may
 * follow, "body …" with all pieces together, "end", "refused 400". step: how many bytes come at a time.
 */
static void play(const char *input, size_t len, size_t step, struct buffer *told)
{
    struct http_parser parser;
    struct buffer body;
    bool is_over = false;

    http_parser_init(&parser, 64);
    buffer_init(&body, 65536);
    for (size_t at = 0; at < len && !is_over; at += step) {
        size_t n = len - at < step ? len - at : step;
        uint8_t *piece = malloc(n); /* of exactly that size, so that a read past it is seen */
        struct reader r;
        enum http_event event;
        struct bytes bytes;

        memcpy(piece, input + at, n);
        r = reader_over(bytes_of(piece, n));
        while (!is_over && (event = http_parser_next(&parser, &r, &bytes)) != HTTP_EVENT_MORE) {
            const struct http_request *request = &parser.request;

            switch (event) {
            case HTTP_EVENT_HEAD:
                buffer_printf(told, "%.*s %.*s", (int)request->method_text.len, request->method_text.data,
                              (int)request->path.len, request->path.data);
                if (request->query.len)
                    buffer_printf(told, "?%.*s", (int)request->query.len, request->query.data);
                buffer_printf(told, " host=%.*s%s%s\n", (int)request->host.len, request->host.data,
                              request->keeps_alive ? "" : " +close",
                              request->expects_continue ? " +expect" : "");
                break;
            case HTTP_EVENT_BODY:
                assert_true(bytes.len > 0);
                buffer_put(&body, bytes.data, bytes.len);
                break;
            case HTTP_EVENT_END:
                if (body.len)
                    buffer_printf(told, "body %.*s\n", (int)body.len, body.data);
                buffer_empty(&body);
                buffer_put_text(told, "end\n");
                break;
            default:
                buffer_printf(told, "refused %u\n", parser.refusal_status);
                assert_non_null(parser.refusal);
                assert_int_equal(http_parser_next(&parser, &r, &bytes), HTTP_EVENT_REFUSED);
                is_over = true;
                break;
            }
        }
        assert_true(is_over || reader_left(&r) == 0);
        free(piece);
    }
    buffer_put_u8(told, 0);
    buffer_clear(&body);
    http_parser_clear(&parser);
}

static void assert_plays_len(const char *input, size_t len, const char *expected)
{
    static const size_t steps[] = { 1, 2, 3, 7, 64, 65536 };

    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct buffer told;

        buffer_init(&told, 1 << 20);
        play(input, len, steps[i], &told);
        if (strcmp((const char *)told.data, expected) != 0)
            fail_msg("%zu bytes at a time:\n%s\ngave:\n%s\ninstead of:\n%s", steps[i], input,
                     (const char *)told.data, expected);
        buffer_clear(&told);
    }
}

static void assert_plays(const char *input, const char *expected)
{
    assert_plays_len(input, strlen(input), expected);
}

#define H "Host: a\r\n"

static void good_requests_are_understood(void **state)
{
    static const struct {
        const char *input, *expected;
    } cases[] = {
        { "GET / HTTP/1.1\r\n" H "\r\n", "GET / host=a\nend\n" },
        { "\r\nGET / HTTP/1.1\r\n" H "\r\n", "GET / host=a\nend\n" },
        { "GET /a/b?c=d&e HTTP/1.1\r\nhOsT:   b.example:8080 \t\r\n\r\n",
          "GET /a/b?c=d&e host=b.example:8080\nend\n" },
        { "GET /?a=%7B|} HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", "GET /?a=%7B|} host=[::1]:80\nend\n" },
        { "GET http://c.example/x?y HTTP/1.1\r\n" H "\r\n", "GET /x?y host=c.example\nend\n" },
        { "GET https://c.example:1 HTTP/1.1\r\n" H "\r\n", "GET / host=c.example:1\nend\n" },
        { "OPTIONS * HTTP/1.1\r\n" H "\r\n", "OPTIONS * host=a\nend\n" },
        { "GET / HTTP/1.1\r\nHost:\r\n\r\n", "GET / host=\nend\n" },
        { "GET / HTTP/1.0\r\n\r\n", "GET / host= +close\nend\n" },
        { "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "GET / host=\nend\n" },
        { "GET / HTTP/1.1\r\n" H "Connection: x , Close\r\n\r\n", "GET / host=a +close\nend\n" },
        { "GET / HTTP/1.7\r\n" H "\r\n", "GET / host=a\nend\n" },
        { "M-SEARCH / HTTP/1.1\r\n" H "\r\n", "M-SEARCH / host=a\nend\n" },
        { "POST / HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\nhello", "POST / host=a\nbody hello\nend\n" },
        { "POST / HTTP/1.1\r\n" H "Content-Length: 000\r\n\r\n", "POST / host=a\nend\n" },
        { "POST / HTTP/1.1\r\n" H "Expect: 100-Continue\r\nContent-Length: 1\r\n\r\nx",
          "POST / host=a +expect\nbody x\nend\n" },
        { "POST / HTTP/1.1\r\n" H "Transfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n1;a=b\r\n!\r\n0\r\n\r\n",
          "POST / host=a\nbody hello!\nend\n" },
        { "POST / HTTP/1.1\r\n" H
          "Transfer-Encoding: chunked\r\n\r\n00a\r\n0123456789\r\n0\r\nX: y\r\nZ: \r\n\r\n",
          "POST / host=a\nbody 0123456789\nend\n" },
        { "GET /1 HTTP/1.1\r\n" H "\r\nPOST /2 HTTP/1.1\r\n" H
          "Content-Length: 2\r\n\r\nhiGET /3 HTTP/1.1\r\n" H "\r\n",
          "GET /1 host=a\nend\nPOST /2 host=a\nbody hi\nend\nGET /3 host=a\nend\n" },
        { "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\nGET /2 HTTP/1.1\r\n" H
          "\r\n",
          "POST / host=a\nbody x\nend\nGET /2 host=a\nend\n" },
        { "GET / HTTP/1.1\r\n" H "X: caf\xc3\xa9\r\n\r\n", "GET / host=a\nend\n" },
        { "GET / HTTP/1.1\r\n" H "X: unfinished", "" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_plays(cases[i].input, cases[i].expected);
}

/* RFC 9112 sections 2.2, 3, 5, 6, 7 and 11: whatever two readers may take for different things. */
static void requests_that_could_be_read_in_two_ways_are_refused(void **state)
{
    static const struct {
        const char *input;
        unsigned status;
    } cases[] = {
        /* both lengths, several, lists */
        { "POST / HTTP/1.1\r\n" H "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400 },
        { "POST / HTTP/1.1\r\n" H "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx", 400 },
        { "POST / HTTP/1.1\r\n" H "Content-Length: 1, 1\r\n\r\nx", 400 },
        { "POST / HTTP/1.1\r\n" H "Content-Length: +1\r\n\r\nx", 400 },
        { "POST / HTTP/1.1\r\n" H "Content-Length: -1\r\n\r\nx", 400 },
        { "POST / HTTP/1.1\r\n" H "Content-Length: 1 2\r\n\r\nx", 400 },
        { "POST / HTTP/1.1\r\n" H "Content-Length: 0x1\r\n\r\nx", 400 },
        { "POST / HTTP/1.1\r\n" H "Content-Length:\r\n\r\nx", 400 },
        { "POST / HTTP/1.1\r\n" H "Content-Length: 18446744073709551617\r\n\r\nx", 400 },
        /* transfer codings */
        { "POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n\r\n", 501 },
        { "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked, chunked\r\n\r\n", 501 },
        { "POST / HTTP/1.1\r\n" H "Transfer-Encoding: xchunked\r\n\r\n", 501 },
        { "POST / HTTP/1.1\r\n" H "Transfer-Encoding: \"chunked\"\r\n\r\n", 501 },
        { "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n", 400 },
        { "POST / HTTP/1.1\r\n" H "Transfer-Encoding:\r\n\r\n", 501 },
        { "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400 },
        { "POST / HTTP/1.1\r\n" H "Transfer-Encoding : chunked\r\n\r\n", 400 },
        /* lines */
        { "GET / HTTP/1.1\n" H "\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: a\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: a\r\n\n", 400 },
        { "GET / HTTP/1.1\r\nHost: a\rX: y\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\n" H "X: a\r\n b\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\n" H "X : a\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\n" H "X\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\n" H ": a\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\n" H "X(: a\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\n" H "X: a\x01\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\n" H "X: a\x7f\r\n\r\n", 400 },
        { "\r\n\r\n\r\nGET / HTTP/1.1\r\n" H "\r\n", 400 },
        { "\nGET / HTTP/1.1\r\n" H "\r\n", 400 },
        /* request line */
        { "GET  / HTTP/1.1\r\n" H "\r\n", 400 },
        { "GET / x HTTP/1.1\r\n" H "\r\n", 400 },
        { "GET /\tHTTP/1.1\r\n" H "\r\n", 400 },
        { " GET / HTTP/1.1\r\n" H "\r\n", 400 },
        { "GET /\r\n" H "\r\n", 400 },
        { "G@T / HTTP/1.1\r\n" H "\r\n", 400 },
        { "GET / http/1.1\r\n" H "\r\n", 400 },
        { "GET / HTTP/1.1 \r\n" H "\r\n", 400 },
        { "GET / HTTP/1.10\r\n" H "\r\n", 400 },
        { "GET / HTTP/2.0\r\n" H "\r\n", 505 },
        { "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505 },
        { "GET * HTTP/1.1\r\n" H "\r\n", 400 },
        { "GET a HTTP/1.1\r\n" H "\r\n", 400 },
        { "CONNECT a:443 HTTP/1.1\r\n" H "\r\n", 400 },
        { "GET ftp://a/ HTTP/1.1\r\n" H "\r\n", 400 },
        { "GET http:///x HTTP/1.1\r\n" H "\r\n", 400 },
        { "GET http://u@a/ HTTP/1.1\r\n" H "\r\n", 400 },
        { "GET /a#b HTTP/1.1\r\n" H "\r\n", 400 },
        { "GET /%4 HTTP/1.1\r\n" H "\r\n", 400 },
        { "GET /%zz HTTP/1.1\r\n" H "\r\n", 400 },
        { "GET /\xc3\xa9 HTTP/1.1\r\n" H "\r\n", 400 },
        { "\x16\x03\x01\x02", 0 },
        /* Host */
        { "GET / HTTP/1.1\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\n" H H "\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: a,b:1@\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400 },
        { "GET http://b/ HTTP/1.1\r\nHost: a b\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\n" H "Expect: 200-ok\r\n\r\n", 417 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char expected[32] = "";

        if (cases[i].status)
            snprintf(expected, sizeof expected, "refused %u\n", cases[i].status);
        assert_plays(cases[i].input, expected);
    }
}

static void bad_chunks_are_refused(void **state)
{
    static const struct {
        const char *chunks;
        unsigned status;
    } cases[] = {
        { "\r\n", 400 },
        { "x\r\n", 400 },
        { "-1\r\n", 400 },
        { "0x5\r\nhello", 400 },
        { " 5\r\nhello", 400 },
        { "5 \r\nhello", 400 },
        { "5\nhello", 400 },
        { "5\rhello", 400 },
        { "5;\x01\r\n", 400 },
        { "5;a\nb\r\nhello", 400 },
        { "0000000000000005\r\nhello", 400 },
        { "ffffffffffffffff\r\n", 400 },
        { "41\r\n", 413 },
        { "0\r\nX : y\r\n\r\n", 400 },
        { "0\r\n X: y\r\n\r\n", 400 },
        { "0\r\nx\r\n\r\n", 400 },
        { "0\r\nX: y\n\r\n", 400 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char input[256], expected[64];

        snprintf(input, sizeof input, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n%s",
                 cases[i].chunks);
        snprintf(expected, sizeof expected, "POST / host=a\nrefused %u\n", cases[i].status);
        assert_plays(input, expected);
    }
    assert_plays("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n",
                 "POST / host=a\nrefused 400\n");
}

static char *filled(const char *before, char c, size_t n, const char *after)
{
    char *text = malloc(strlen(before) + n + strlen(after) + 1);

    strcpy(text, before);
    memset(text + strlen(before), c, n);
    strcpy(text + strlen(before) + n, after);
    return text;
}

static void every_limit_has_its_status(void **state)
{
    char many[8192] = "GET / HTTP/1.1\r\n" H;
    char *text;

    (void)state;
    text = filled("GET / HTTP/1.1\r\n" H "X: ", 'x', HTTP_HEAD_LIMIT_BYTES - 32, "\r\n\r\n");
    assert_int_equal(strlen(text), HTTP_HEAD_LIMIT_BYTES);
    assert_plays(text, "GET / host=a\nend\n");
    free(text);
    text = filled("GET / HTTP/1.1\r\n" H "X: ", 'x', HTTP_HEAD_LIMIT_BYTES - 31, "\r\n\r\n");
    assert_plays(text, "refused 431\n");
    free(text);
    text = filled("GET /", 'x', HTTP_TARGET_LIMIT_BYTES, " HTTP/1.1\r\n" H "\r\n");
    assert_plays(text, "refused 414\n");
    free(text);
    for (int i = 0; i < HTTP_FIELDS_LIMIT; i++)
        strcat(many, "X: y\r\n");
    strcat(many, "\r\n");
    assert_plays(many, "refused 431\n");
    assert_plays("POST / HTTP/1.1\r\n" H "Content-Length: 65\r\n\r\n", "POST / host=a\nrefused 413\n");
    text = filled("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n1;", 'x',
                  HTTP_CHUNK_LINE_LIMIT_BYTES, "\r\n");
    assert_plays(text, "POST / host=a\nrefused 400\n");
    free(text);
    text = filled("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\nX: ", 'x',
                  HTTP_TRAILER_LIMIT_BYTES, "\r\n\r\n");
    assert_plays(text, "POST / host=a\nrefused 431\n");
    free(text);
}

static void nul_bytes_are_refused(void **state)
{
    static const char in_value[] = "GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n",
                      in_name[] = "GET / HTTP/1.1\r\nHo\0st: a\r\n\r\n";

    (void)state;
    assert_plays_len(in_value, sizeof in_value - 1, "refused 400\n");
    assert_plays_len(in_name, sizeof in_name - 1, "refused 400\n");
}

static void cookies_are_found_by_their_exact_name(void **state)
{
    static const char input[] =
        "GET / HTTP/1.1\r\n" H "Cookie: xsession=no; session=\"abc\"; Session=other; empty=\r\n\r\n";
    struct http_parser parser;
    struct reader r = reader_over(bytes_text(input));
    struct bytes value;

    (void)state;
    http_parser_init(&parser, 0);
    assert_int_equal(http_parser_next(&parser, &r, &value), HTTP_EVENT_HEAD);
    assert_true(http_cookie_find(&parser.request.fields, "session", &value));
    assert_true(bytes_equal(value, bytes_text("abc")));
    assert_true(http_cookie_find(&parser.request.fields, "empty", &value));
    assert_int_equal(value.len, 0);
    assert_false(http_cookie_find(&parser.request.fields, "none", &value));
    http_parser_clear(&parser);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_requests_are_understood),
        cmocka_unit_test(requests_that_could_be_read_in_two_ways_are_refused),
        cmocka_unit_test(bad_chunks_are_refused),
        cmocka_unit_test(every_limit_has_its_status),
        cmocka_unit_test(nul_bytes_are_refused),
        cmocka_unit_test(cookies_are_found_by_their_exact_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
