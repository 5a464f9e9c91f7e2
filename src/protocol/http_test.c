/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "protocol/http_message.h"
#include "protocol/tcp_fixture.h"

static struct tcp_fixture f;
static uint32_t sent[2];

static int setup(void **state)
{
    (void)state;
    tcp_fixture_open(&f, 80);
    sent[0] = sent[1] = 1;
    return f.state == NULL;
}

static int teardown(void **state)
{
    (void)state;
    tcp_fixture_close(&f);
    return 0;
}

static void told_bytes(bool is_back, struct bytes bytes)
{
    tcp_fixture_send(
        &f,
        (struct told) { .is_back = is_back, .seq = sent[is_back], .ack = sent[!is_back], .payload = bytes });
    sent[is_back] += (uint32_t)bytes.len;
}

static void told(bool is_back, const char *text)
{
    told_bytes(is_back, bytes_text(text));
}

static const char *values(const char *name)
{
    return tcp_fixture_values(&f, name);
}

static void a_request_shows_its_parts(void **state)
{
    static const struct {
        const char *field, *value;
    } parts[] = {
        { "http.request", "1" },
        { "http.request.method", "POST" },
        { "http.request.uri", "/a/b?c=1&d=2" },
        { "http.request.uri.path", "/a/b" },
        { "http.request.uri.query", "c=1&d=2" },
        { "http.request.uri.query.parameter", "c=1,d=2" },
        { "http.request.version", "HTTP/1.1" },
        { "http.host", "device.example" },
        { "http.request.full_uri", "http://device.example/a/b?c=1&d=2" },
        { "http.user_agent", "curl/8" },
        { "http.cookie_pair", "x=1,y=2" },
        { "http.authbasic", "user:pass" },
        { "http.content_type", "application/json; charset=utf-8" },
        { "http.content_length", "2" },
        { "http.content_length_header", "2" },
        { "http.file_data", "{}" },
        { "http.request_number", "1" },
        { "http.response", "" },
    };

    (void)state;
    told(false,
         "POST /a/b?c=1&d=2 HTTP/1.1\r\nHost: device.example\r\nUser-Agent: curl/8\r\nCookie: x=1; y=2\r\n"
         "Authorization: Basic dXNlcjpwYXNz\r\nContent-Type: application/json; charset=utf-8\r\n"
         "content-length: 2\r\n\r\n{}");
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        assert_string_equal(values(parts[i].field), parts[i].value);
    assert_true(f.d.present & PROTOCOL_BIT(PROTOCOL_JSON));
}

static void a_response_shows_what_it_answers(void **state)
{
    (void)state;
    told(false, "GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
    told(true, "HTTP/1.1 404 Not here\r\nContent-Length: 0\r\n\r\n");
    assert_string_equal(values("http.response.code"), "404");
    assert_string_equal(values("http.response.code.desc"), "Not Found");
    assert_string_equal(values("http.response.phrase"), "Not here");
    assert_string_equal(values("http.request_in"), "1");
    assert_string_equal(values("http.time"), "1000000000");
    assert_string_equal(values("http.response_for.uri"), "http://h/x");
    told(false, "GET /y HTTP/1.1\r\n\r\n");
    assert_string_equal(values("http.request_number"), "2");
    assert_string_equal(values("http.prev_request_in"), "1");
}

/* What http_message_length says of bytes. */
static void a_message_ends_where_its_head_says(void **state)
{
    static const struct {
        const char *name, *stream;
        struct http_expected expected;
        uint32_t length;
    } cases[] = {
        { "no line yet", "GET / HT", { 0 }, PDU_MORE },
        { "no empty line yet", "GET / HTTP/1.1\r\nA: b\r\n", { 0 }, PDU_MORE },
        { "half a line's end", "GET / HTTP/1.1\r\n\r", { 0 }, PDU_MORE },
        { "a request without a body", "GET / HTTP/1.1\r\n\r\nGET", { 0 }, 18 },
        { "with a length", "PUT / HTTP/1.1\r\nContent-Length: 9\r\n\r\nab", { 0 }, 37 + 9 },
        { "until the end", "HTTP/1.1 200 OK\r\n\r\nab", { 0 }, PDU_UNTIL_END },
        { "and that is now", "HTTP/1.1 200 OK\r\n\r\nab", { .is_ending = true }, 21 },
        { "to HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", { .is_to_head = true }, 38 },
        { "to CONNECT", "HTTP/1.1 200 OK\r\n\r\nab", { .is_to_connect = true }, 19 },
        { "not modified", "HTTP/1.1 304 OK\r\nContent-Length: 9\r\n\r\n", { 0 }, 38 },
        { "chunks",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\nHT",
          { 0 },
          59 },
        { "chunks to come",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
          { 0 },
          PDU_MORE },
        { "no message", "\1\2\3", { 0 }, 3 },
        { "other text", "abc def\r\n", { 0 }, 9 },
        { "an empty line before", "\r\nGET / HTTP/1.1\r\n\r\n", { 0 }, 20 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        print_message("%s\n", cases[i].name);
        assert_int_equal(http_message_length(bytes_text(cases[i].stream), cases[i].expected, NULL),
                         cases[i].length);
    }
}

static void chunks_are_joined(void **state)
{
    (void)state;
    told(true,
         "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    assert_string_equal(values("http.response.code"), "");
    told(true, "2;x=y\r\nde\r\n0\r\nTrailer: t\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n");
    assert_string_equal(values("http.file_data"), "abcde");
    assert_string_equal(values("http.chunk_size"), "3,2,0");
    assert_string_equal(values("http.response.code"), "200,204");
    assert_true(f.d.present & PROTOCOL_BIT(PROTOCOL_TEXT_LINES));
}

static void a_chunk_longer_than_any_hides_what_follows(void **state)
{
    (void)state;
    told(false, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                "10000000000000000\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n");
    assert_string_equal(values("http.request.uri"), "/");
    assert_string_equal(values("http.chunk_size"), "");
}

static void a_packed_body_is_unpacked(void **state)
{
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 25\r\n\r\n";
    static const uint8_t packed[] =
        "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcb\x48\xcd\xc9\xc9\x07\x00\x86\xa6"
        "\x10\x36\x05\x00\x00\x00";
    uint8_t message[sizeof head + sizeof packed];

    (void)state;
    memcpy(message, head, sizeof head - 1);
    memcpy(message + sizeof head - 1, packed, sizeof packed - 1);
    tcp_fixture_send(&f, (struct told) { .is_back = true,
                                         .seq = 1,
                                         .ack = 1,
                                         .payload = bytes_of(message, sizeof head + sizeof packed - 2) });
    assert_string_equal(values("http.file_data"), "hello");
}

static void what_is_no_message_is_nothing_before_one_and_a_continuation_after(void **state)
{
    (void)state;
    told(false, "\1\2\3");
    assert_false(f.d.present & PROTOCOL_BIT(PROTOCOL_HTTP));
    told(false, "GET / HTTP/1.1\r\n\r\n");
    told(true, "\1\2\3");
    assert_true(f.d.present & PROTOCOL_BIT(PROTOCOL_HTTP));
}

static void headers_without_a_first_line_are_shown(void **state)
{
    (void)state;
    told(false, "Host: a\r\nOther: b\r\n\r\n");
    assert_string_equal(values("http.host"), "a");
    assert_string_equal(values("http.unknown_header"), "Other: b\r\n");
    assert_string_equal(values("http.request.line"), "");
}

static void a_tunnel_carries_what_its_port_says(void **state)
{
    (void)state;
    told(false, "CONNECT h.example:443 HTTP/1.1\r\n\r\n");
    told(true, "HTTP/1.1 200 OK\r\n\r\n");
    told_bytes(false, bytes_of("\x17\3\3\0\2ab", 7));
    assert_string_equal(values("http.proxy_connect_host"), "h.example");
    assert_string_equal(values("http.proxy_connect_port"), "443");
    assert_true(f.d.present & PROTOCOL_BIT(PROTOCOL_TLS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(a_request_shows_its_parts),
        TEST(a_response_shows_what_it_answers),
        TEST(a_message_ends_where_its_head_says),
        TEST(chunks_are_joined),
        TEST(a_chunk_longer_than_any_hides_what_follows),
        TEST(a_packed_body_is_unpacked),
        TEST(what_is_no_message_is_nothing_before_one_and_a_continuation_after),
        TEST(headers_without_a_first_line_are_shown),
        TEST(a_tunnel_carries_what_its_port_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
