/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "net/websocket_client.h"
#include "net/websocket_handshake.h"

#define START "GET /chat HTTP/1.1\r\nHost: a\r\n"
#define UPGRADE "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"
#define GOOD START UPGRADE KEY VERSION

static void parse(struct http_parser *parser, const char *text)
{
    struct reader r = reader_over(bytes_text(text));
    struct bytes body;

    http_parser_init(parser, 1000);
    assert_int_equal(http_parser_next(parser, &r, &body), HTTP_EVENT_HEAD);
}

static void handshakes_are_judged(void **state)
{
    static const struct {
        const char *request;
        enum websocket_handshake expected;
    } cases[] = {
        { GOOD "\r\n", WEBSOCKET_HANDSHAKE_OK },
        { START "Upgrade: h2c, WebSocket\r\nConnection: upgrade\r\n" KEY VERSION "\r\n",
          WEBSOCKET_HANDSHAKE_OK },
        { START "\r\n", WEBSOCKET_HANDSHAKE_NONE },
        { START "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n", WEBSOCKET_HANDSHAKE_NONE },
        { "POST / HTTP/1.1\r\nHost: a\r\n" UPGRADE KEY VERSION "\r\n", WEBSOCKET_HANDSHAKE_BAD },
        { "GET / HTTP/1.0\r\nHost: a\r\n" UPGRADE KEY VERSION "\r\n", WEBSOCKET_HANDSHAKE_BAD },
        { GOOD "Content-Length: 1\r\n\r\nx", WEBSOCKET_HANDSHAKE_BAD },
        { START "Upgrade: websocket\r\n" KEY VERSION "\r\n", WEBSOCKET_HANDSHAKE_BAD },
        { START UPGRADE KEY "\r\n", WEBSOCKET_HANDSHAKE_VERSION },
        { START UPGRADE KEY "Sec-WebSocket-Version: 8\r\n\r\n", WEBSOCKET_HANDSHAKE_VERSION },
        { GOOD VERSION "\r\n", WEBSOCKET_HANDSHAKE_VERSION },
        { START UPGRADE VERSION "\r\n", WEBSOCKET_HANDSHAKE_BAD },
        { GOOD KEY "\r\n", WEBSOCKET_HANDSHAKE_BAD },
        { START UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=\r\n\r\n",
          WEBSOCKET_HANDSHAKE_BAD },
        { START UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZR==\r\n\r\n",
          WEBSOCKET_HANDSHAKE_BAD },
        { START UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j!Q==\r\n\r\n",
          WEBSOCKET_HANDSHAKE_BAD },
        { GOOD "Origin: http://a\r\nOrigin: http://b\r\n\r\n", WEBSOCKET_HANDSHAKE_BAD },
        { GOOD "Sec-WebSocket-Protocol: a b\r\n\r\n", WEBSOCKET_HANDSHAKE_BAD },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct websocket_offer offer;
        struct http_parser parser;

        parse(&parser, cases[i].request);
        if (websocket_handshake_check(&parser.request, &offer) != cases[i].expected)
            fail_msg("judged otherwise: %s", cases[i].request);
        http_parser_clear(&parser);
    }
}

static void deflate_is_agreed_on_only_in_a_form_that_can_be_shared(void **state)
{
    static const struct {
        const char *offer;
        const char *agreed; /* NULL: declined */
    } cases[] = {
        { "permessage-deflate", "" },
        { "permessage-deflate; client_max_window_bits", "" },
        { "permessage-deflate; client_max_window_bits=10; server_no_context_takeover", "" },
        { "permessage-deflate; server_max_window_bits=15", "; server_max_window_bits=15" },
        { "permessage-deflate; server_max_window_bits=\"15\"", "; server_max_window_bits=15" },
        { "permessage-deflate; server_max_window_bits=10", NULL },
        { "permessage-deflate; server_max_window_bits=10, permessage-deflate", "" },
        { "x-other; a=b, permessage-deflate", "" },
        { "permessage-deflate; unknown", NULL },
        { "permessage-deflate; client_max_window_bits=16", NULL },
        { "permessage-deflate; client_max_window_bits=08", NULL },
        { "permessage-deflate; server_max_window_bits", NULL },
        { "permessage-deflate; server_no_context_takeover=1", NULL },
        { "permessage-deflate; client_max_window_bits; client_max_window_bits", NULL },
        { "x-webkit-deflate-frame", NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct websocket_offer offer;
        struct http_parser parser;
        struct buffer answer;
        char request[1024], expected[512];

        snprintf(request, sizeof request, GOOD "Sec-WebSocket-Extensions: %s\r\n\r\n", cases[i].offer);
        parse(&parser, request);
        assert_int_equal(websocket_handshake_check(&parser.request, &offer), WEBSOCKET_HANDSHAKE_OK);
        if (offer.has_deflate != (cases[i].agreed != NULL))
            fail_msg("decided otherwise: %s", cases[i].offer);
        buffer_init(&answer, 4096);
        assert_true(websocket_handshake_accept(&answer, &offer, NULL, true));
        buffer_put_u8(&answer, 0);
        snprintf(expected, sizeof expected,
                 "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                 "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n%s%s%s\r\n",
                 cases[i].agreed
                     ? "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; "
                       "client_no_context_takeover"
                     : "",
                 cases[i].agreed ? cases[i].agreed : "", cases[i].agreed ? "\r\n" : "");
        assert_string_equal((const char *)answer.data, expected);
        buffer_clear(&answer);
        http_parser_clear(&parser);
    }
}

static void subprotocols_are_gone_through_in_the_order_offered(void **state)
{
    struct websocket_offer offer;
    struct http_parser parser;
    struct bytes protocol;
    struct buffer answer;
    size_t next = 0;

    (void)state;
    parse(&parser, GOOD "Sec-WebSocket-Protocol: header-eyJh, aws-appsync-event-ws\r\n"
                        "Origin: https://a.example\r\nSec-WebSocket-Protocol: third\r\n\r\n");
    assert_int_equal(websocket_handshake_check(&parser.request, &offer), WEBSOCKET_HANDSHAKE_OK);
    assert_true(offer.has_origin && bytes_equal(offer.origin, bytes_text("https://a.example")));
    assert_true(websocket_offer_protocol(&offer, &next, &protocol));
    assert_true(bytes_equal(protocol, bytes_text("header-eyJh")));
    assert_true(websocket_offer_protocol(&offer, &next, &protocol));
    assert_true(websocket_offer_protocol(&offer, &next, &protocol));
    assert_true(bytes_equal(protocol, bytes_text("third")));
    assert_false(websocket_offer_protocol(&offer, &next, &protocol));
    assert_true(websocket_offer_has_protocol(&offer, "aws-appsync-event-ws"));
    assert_false(websocket_offer_has_protocol(&offer, "AWS-appsync-event-ws"));
    buffer_init(&answer, 4096);
    assert_true(websocket_handshake_accept(&answer, &offer, "aws-appsync-event-ws", false));
    assert_non_null(
        memmem(answer.data, answer.len, "\r\nSec-WebSocket-Protocol: aws-appsync-event-ws\r\n", 46));
    buffer_clear(&answer);
    http_parser_clear(&parser);
}

static void client_and_server_understand_each_other(void **state)
{
    static const uint8_t random_key[16] = "0123456789abcdef";
    const struct websocket_client_options options = {
        .host = "a.example:8080",
        .target = "/event/realtime",
        .protocols = "one, two",
        .offers_deflate = true,
        .random_key = random_key,
    };
    struct websocket_client client;
    struct websocket_offer offer;
    struct http_parser parser;
    struct buffer request, answer;
    struct reader r;

    (void)state;
    buffer_init(&request, 4096);
    buffer_init(&answer, 4096);
    assert_true(websocket_client_begin(&client, &options, &request));
    buffer_put_u8(&request, 0);
    parse(&parser, (const char *)request.data);
    assert_int_equal(websocket_handshake_check(&parser.request, &offer), WEBSOCKET_HANDSHAKE_OK);
    assert_true(websocket_handshake_accept(&answer, &offer, "two", true));
    buffer_put_text(&answer, "\x81\x01x");
    r = reader_over(buffer_bytes(&answer));
    assert_int_equal(websocket_client_next(&client, &r), WEBSOCKET_CLIENT_OPEN);
    assert_int_equal(reader_left(&r), 3);
    assert_true(client.uses_deflate && bytes_equal(client.protocol, bytes_text("two")));
    websocket_client_clear(&client);
    http_parser_clear(&parser);
    buffer_clear(&request);
    buffer_clear(&answer);
}

static void a_client_refuses_what_it_did_not_ask_for(void **state)
{
    static const struct {
        const char *answer;
        unsigned status;
    } cases[] = {
        { "HTTP/1.1 403 Forbidden\r\n\r\n", 403 },
        { "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n",
          101 },
        { "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", 101 },
        { "HTTP/1.1 101 X\r\n X: y\r\n\r\n", 101 },
        { "SSH-2.0-OpenSSH\r\n\r\n", 0 },
        { "HTTP/1.1 101\n\n", 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static const uint8_t random_key[16];
        const struct websocket_client_options options = { .host = "a",
                                                          .target = "/",
                                                          .random_key = random_key };
        struct reader r = reader_over(bytes_text(cases[i].answer));
        struct websocket_client client;
        struct buffer request;

        buffer_init(&request, 4096);
        assert_true(websocket_client_begin(&client, &options, &request));
        assert_int_equal(websocket_client_next(&client, &r), WEBSOCKET_CLIENT_FAILED);
        assert_int_equal(client.status, cases[i].status);
        assert_non_null(client.failure);
        websocket_client_clear(&client);
        buffer_clear(&request);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handshakes_are_judged),
        cmocka_unit_test(deflate_is_agreed_on_only_in_a_form_that_can_be_shared),
        cmocka_unit_test(subprotocols_are_gone_through_in_the_order_offered),
        cmocka_unit_test(client_and_server_understand_each_other),
        cmocka_unit_test(a_client_refuses_what_it_did_not_ask_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
