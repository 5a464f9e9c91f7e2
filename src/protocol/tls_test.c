/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/tls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>

#include "protocol/dissection.h"
#include "protocol/state.h"
#include "protocol/tls_handshake.h"
#include "protocol/tls_names.h"
#include "protocol/wire.h"

enum { CLIENT_PORT = 40000, SERVER_PORT = 8883, HANDSHAKE = 22, APPLICATION_DATA = 23 };

static struct demand demand;
static struct dissection d;

/* A connection under test: who has said how much. */
struct talk {
    struct dissect_state *state;
    uint32_t said[2];
    uint64_t n_packets;
    uint32_t cut; /* bytes of the next packet that the capture leaves out */
};

static struct talk talk_new(void)
{
    struct talk talk = { .state = dissect_state_new(1), .said = { 1, 1 } };

    assert_non_null(talk.state);
    dissection_init(&d, &demand, talk.state, NULL);
    return talk;
}

static void say(struct talk *talk, bool is_server, const struct wire *stream)
{
    static struct wire frame;
    struct wire tcp = { 0 };
    struct packet packet;

    wire_number(&tcp, is_server ? SERVER_PORT : CLIENT_PORT, 2);
    wire_number(&tcp, is_server ? CLIENT_PORT : SERVER_PORT, 2);
    wire_number(&tcp, talk->said[is_server], 4);
    wire_number(&tcp, talk->said[!is_server], 4);
    wire_number(&tcp, 0x5018, 2);
    wire_number(&tcp, 65535, 2);
    wire_number(&tcp, 0, 4);
    wire_put(&tcp, wire_bytes(stream));
    talk->said[is_server] += (uint32_t)stream->len;
    wire_ethernet(&frame, 0x0800);
    wire_ipv4(&frame, IP_PROTOCOL_TCP, is_server ? 0x0a000002 : 0x0a000001,
              is_server ? 0x0a000001 : 0x0a000002, 1, 0, wire_bytes(&tcp));
    packet = wire_packet(&frame, LINKTYPE_ETHERNET, 0);
    packet.number = ++talk->n_packets;
    packet.caplen -= talk->cut;
    dissect(&d, &packet);
}

static void put_record(struct wire *w, uint8_t type, struct bytes body)
{
    wire_number(w, type, 1);
    wire_number(w, 0x0303, 2);
    wire_number(w, body.len, 2);
    wire_put(w, body);
}

static void put_message(struct wire *w, uint8_t type, const struct wire *body)
{
    wire_number(w, type, 1);
    wire_number(w, body->len, 3);
    wire_put(w, wire_bytes(body));
}

static void put_extension(struct wire *w, uint16_t type, const char *body, size_t len)
{
    wire_number(w, type, 2);
    wire_number(w, len, 2);
    wire_put(w, bytes_of((const uint8_t *)body, len));
}

/* A ClientHello with what the tests look at. */
static void put_client_hello(struct wire *w)
{
    struct wire body = { 0 }, extensions = { 0 };

    put_extension(&extensions, 0,
                  "\0\x0e\0\0\x0b"
                  "gw.test.org",
                  16);
    put_extension(&extensions, 16,
                  "\0\x09\x04mqtt\x03"
                  "foo",
                  11);
    put_extension(&extensions, 0x1a1a, "", 0); /* GREASE */
    put_extension(&extensions, 43, "\x04\3\4\3\3", 5);
    put_extension(&extensions, 10, "\0\4\0\x1d\0\x17", 6);
    put_extension(&extensions, 11, "\1\0", 2);
    wire_number(&body, 0x0303, 2);
    wire_fill(&body, 'r', 32);
    wire_number(&body, 0, 1);
    wire_number(&body, 6, 2);
    wire_number(&body, 0x2a2a1301, 4); /* GREASE, then two suites */
    wire_number(&body, 0xc028, 2);
    wire_number(&body, 0x0100, 2);
    wire_number(&body, extensions.len, 2);
    wire_put(&body, wire_bytes(&extensions));
    put_message(w, TLS_CLIENT_HELLO, &body);
}

static void put_server_hello(struct wire *w, uint16_t suite, bool is_1_3)
{
    struct wire body = { 0 };

    wire_number(&body, 0x0303, 2);
    wire_fill(&body, 's', 32);
    wire_number(&body, 0, 1);
    wire_number(&body, suite, 2);
    wire_number(&body, 0, 1);
    if (is_1_3) {
        wire_number(&body, 6, 2);
        put_extension(&body, 43, "\3\4", 2);
    }
    put_message(w, TLS_SERVER_HELLO, &body);
}

static bool append(void *context, const struct value *value)
{
    char *text = context;
    size_t len = strlen(text);

    if (value->type == FIELD_BYTES || value->type == FIELD_STRING)
        snprintf(text + len, 1024 - len, "%s%.*s", len ? "," : "", (int)value->bytes.len, value->bytes.data);
    else
        snprintf(text + len, 1024 - len, "%s%llu", len ? "," : "", (unsigned long long)value->number);
    return true;
}

static const char *values_of(const char *name)
{
    static char text[1024];
    uint16_t id = field_find(name, strlen(name));

    assert_int_not_equal(id, FIELD_ID_NONE);
    text[0] = '\0';
    dissection_values(&d, id, append, text);
    return text;
}

static void a_client_hello_shows_what_it_offers(void **state)
{
    static const struct {
        const char *field, *values;
    } expected[] = {
        { "tls.record.content_type", "22" },
        { "tls.handshake.type", "1" },
        { "tls.handshake.version", "771" },
        { "tls.handshake.ciphersuite", "10794,4865,49192" },
        { "tls.handshake.extension.type", "0,16,6682,43,10,11" },
        { "tls.handshake.extensions_server_name", "gw.test.org" },
        { "tls.handshake.extensions_server_name_len", "11" },
        { "tls.handshake.extensions_alpn_str", "mqtt,foo" },
        { "tls.handshake.extensions.supported_version", "772,771" },
        { "tls.handshake.extensions_supported_group", "29,23" },
        { "tls.handshake.extensions_ec_point_format", "0" },
        { "tls.handshake.random_bytes", "rrrrrrrrrrrrrrrrrrrrrrrrrrrr" },
        { "tls.handshake.ja3_full", "771,4865-49192,0-16-43-10-11,29-23,0" },
        { "tls.handshake.ja3", "017d28941e74d246660f475c36e9c3d2" },
    };
    struct talk talk = talk_new();
    struct wire hello = { 0 }, w = { 0 };

    (void)state;
    put_client_hello(&hello);
    put_record(&w, HANDSHAKE, wire_bytes(&hello));
    say(&talk, false, &w);
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        print_message("%s\n", expected[i].field);
        assert_string_equal(values_of(expected[i].field), expected[i].values);
    }
    dissect_state_free(talk.state);
}

static void behind_a_hello_of_1_3_ciphertext_has_an_opaque_type(void **state)
{
    for (unsigned is_1_3 = 0; is_1_3 < 2; is_1_3++) {
        struct talk talk = talk_new();
        struct wire hello = { 0 }, w = { 0 };

        (void)state;
        put_server_hello(&hello, is_1_3 ? 0x1301 : 0xc02b, is_1_3);
        put_record(&w, HANDSHAKE, wire_bytes(&hello));
        put_record(&w, APPLICATION_DATA, bytes_text("secret"));
        say(&talk, true, &w);
        assert_string_equal(values_of("tls.record.content_type"), is_1_3 ? "22" : "22,23");
        assert_string_equal(values_of("tls.record.opaque_type"), is_1_3 ? "23" : "");
        assert_string_equal(values_of("tls.app_data"), "secret");
        assert_string_equal(values_of("tls.app_data_proto"), "MQ Telemetry Transport Protocol");
        assert_string_equal(values_of("tls.handshake.random_time"),
                            is_1_3 ? "" : "1936946035000000000"); /* "ssss" seconds */
        dissect_state_free(talk.state);
    }
}

static void a_message_over_several_records_is_read_where_it_ends(void **state)
{
    static const size_t cuts[][2] = { { 2, 3 }, { 4, 50 }, { 40, 41 }, { 1, 60 } };

    (void)state;
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
        struct talk talk = talk_new();
        struct wire hello = { 0 };
        size_t ends[4] = { 0, cuts[i][0], cuts[i][1], 0 };

        put_client_hello(&hello);
        ends[3] = hello.len;
        for (unsigned n = 0; n < 3; n++) {
            struct wire w = { 0 };

            put_record(&w, HANDSHAKE, bytes_of(hello.data + ends[n], ends[n + 1] - ends[n]));
            say(&talk, false, &w);
            assert_string_equal(values_of("tls.handshake.extensions_server_name"),
                                n < 2 ? "" : "gw.test.org");
        }
        assert_string_equal(values_of("tls.handshake.fragment.count"), "3");
        assert_string_equal(values_of("tls.handshake.fragment"), "1,2,3");
        dissect_state_free(talk.state);
    }
}

/* A capture with a snapshot length: the messages before a cut are whole, and what is behind it belongs to no
 * later record. */
static void a_record_that_the_capture_cut_shows_its_whole_messages(void **state)
{
    struct talk talk = talk_new();
    struct wire hello = { 0 }, both = { 0 }, w = { 0 };

    (void)state;
    put_client_hello(&hello);
    wire_put(&both, wire_bytes(&hello));
    wire_put(&both, wire_bytes(&hello));
    put_record(&w, HANDSHAKE, wire_bytes(&both));
    talk.cut = 20;
    say(&talk, false, &w);
    assert_string_equal(values_of("tls.record.length"), "230");
    assert_string_equal(values_of("tls.handshake.type"), "1");
    assert_string_equal(values_of("tls.handshake.extensions_server_name"), "gw.test.org");
    talk.cut = 0;
    w.len = 0;
    put_record(&w, HANDSHAKE, wire_bytes(&hello));
    say(&talk, false, &w);
    assert_string_equal(values_of("tls.handshake.fragment.count"), "");
    assert_string_equal(values_of("tls.handshake.extensions_server_name"), "gw.test.org");
    dissect_state_free(talk.state);
}

static void the_suite_says_what_a_key_exchange_holds(void **state)
{
    static const struct {
        uint16_t suite;
        const char *field, *value;
    } cases[] = {
        { 0x008c, "tls.handshake.identity", "dev-1" },     /* PSK */
        { 0xc035, "tls.handshake.identity", "dev-1" },     /* ECDHE_PSK */
        { 0x002f, "tls.handshake.epms", "dev-1" },         /* RSA */
        { 0x0033, "tls.handshake.yc", "dev-1" },           /* DHE */
        { 0x0000, "tls.handshake.identity", "dev-1" },     /* nobody said */
        { 0xc02b, "tls.handshake.client_point_len", "0" }, /* ECDHE: one byte of length */
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct talk talk = talk_new();
        struct wire hello = { 0 }, body = { 0 }, message = { 0 }, first = { 0 }, second = { 0 };

        print_message("%04x\n", cases[i].suite);
        if (cases[i].suite) {
            put_server_hello(&hello, cases[i].suite, false);
            put_record(&first, HANDSHAKE, wire_bytes(&hello));
            say(&talk, true, &first);
        }
        wire_identity(&body, "dev-1");
        put_message(&message, TLS_CLIENT_KEY_EXCHANGE, &body);
        put_record(&second, HANDSHAKE, wire_bytes(&message));
        say(&talk, false, &second);
        assert_string_equal(values_of(cases[i].field), cases[i].value);
        dissect_state_free(talk.state);
    }
}

static void a_session_taken_up_again_is_told_from_a_new_one(void **state)
{
    for (unsigned is_resumed = 0; is_resumed < 2; is_resumed++) {
        struct talk talk = talk_new();
        struct wire messages = { 0 }, empty = { 0 }, w = { 0 };

        (void)state;
        put_server_hello(&messages, 0xc02b, false);
        if (!is_resumed)
            put_message(&messages, TLS_SERVER_HELLO_DONE, &empty);
        put_record(&w, HANDSHAKE, wire_bytes(&messages));
        put_record(&w, 20, bytes_of((const uint8_t *)"\1", 1));
        say(&talk, true, &w);
        assert_string_equal(values_of("tls.resumed"), is_resumed ? "1" : "");
        dissect_state_free(talk.state);
    }
}

static void an_old_hello_for_all_versions_is_read(void **state)
{
    struct talk talk = talk_new();
    struct wire w = { 0 };

    (void)state;
    wire_number(&w, 0x8000 + 9 + 6 + 32, 2);
    wire_number(&w, 1, 1);
    wire_number(&w, 0x0301, 2);
    wire_number(&w, 6, 2);
    wire_number(&w, 0, 2);
    wire_number(&w, 32, 2);
    wire_number(&w, 0x00002f010080, 6);
    wire_fill(&w, 'c', 32);
    say(&talk, false, &w);
    assert_string_equal(values_of("tls.handshake.type"), "1");
    assert_string_equal(values_of("tls.handshake.version"), "769");
    assert_string_equal(values_of("tls.handshake.cipherspec"), "47,65664");
    assert_string_equal(values_of("tls.handshake.challenge"), "1");
    dissect_state_free(talk.state);
}

static void records_are_told_from_other_streams(void **state)
{
    static const struct {
        const char *name;
        struct bytes bytes;
        bool is_tls;
    } cases[] = {
        { "handshake", { (const uint8_t *)"\x16\3\1\0\5hello", 10 }, true },
        { "data", { (const uint8_t *)"\x17\3\3\0\5hello", 10 }, true },
        { "header alone", { (const uint8_t *)"\x17\3\3\0\5", 5 }, true },
        { "alert", { (const uint8_t *)"\x15\3\3\0\2\1\0", 7 }, false },
        { "version 4", { (const uint8_t *)"\x16\4\0\0\5hello", 10 }, false },
        { "empty", { (const uint8_t *)"\x16\3\1\0\0", 5 }, false },
        { "too long", { (const uint8_t *)"\x16\3\1\x60\0", 5 }, false },
        { "cut", { (const uint8_t *)"\x16\3\1\0", 4 }, false },
        { "old hello",
          { (const uint8_t *)"\x80\x2c\1\3\1\0\3\0\0\0\x20\0\0\x2f"
                             "cccccccccccccccccccccccccccccccc",
            46 },
          true },
        { "text", { (const uint8_t *)"GET / HTTP/1.1\r\n", 16 }, false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct reader r = reader_over(cases[i].bytes);

        print_message("%s\n", cases[i].name);
        assert_int_equal(tls_is_likely(&r), cases[i].is_tls);
    }
}

static void a_hello_with_any_byte_cut_off_or_broken_is_survived(void **state)
{
    struct wire hello = { 0 };

    (void)state;
    put_client_hello(&hello);
    for (size_t at = 4; at < hello.len; at++) {
        struct talk talk = talk_new();
        struct wire broken = hello, w = { 0 };

        broken.data[at] = 0xff;
        put_record(&w, HANDSHAKE, wire_bytes(&broken));
        say(&talk, false, &w);
        assert_string_equal(values_of("tls.handshake.type"), "1");
        dissect_state_free(talk.state);
    }
}

static void every_suite_is_found_by_halving(void **state)
{
    (void)state;
    for (size_t i = 0; tls_cipher_suites[i].name; i++) {
        const char *name = tls_cipher_suite_name((uint16_t)tls_cipher_suites[i].value);

        assert_non_null(name);
        assert_true(i == 0 || tls_cipher_suites[i - 1].value <= tls_cipher_suites[i].value);
    }
    assert_null(tls_cipher_suite_name(0x0aff));
    assert_string_equal(tls_cipher_suite_name(0xc0a8), "TLS_PSK_WITH_AES_128_CCM_8");
}

static int prepare(void **state)
{
    (void)state;
    demand_init(&demand);
    demand_add_everything(&demand);
    demand_settle(&demand);
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_hello_shows_what_it_offers),
        cmocka_unit_test(behind_a_hello_of_1_3_ciphertext_has_an_opaque_type),
        cmocka_unit_test(a_message_over_several_records_is_read_where_it_ends),
        cmocka_unit_test(a_record_that_the_capture_cut_shows_its_whole_messages),
        cmocka_unit_test(the_suite_says_what_a_key_exchange_holds),
        cmocka_unit_test(a_session_taken_up_again_is_told_from_a_new_one),
        cmocka_unit_test(an_old_hello_for_all_versions_is_read),
        cmocka_unit_test(records_are_told_from_other_streams),
        cmocka_unit_test(a_hello_with_any_byte_cut_off_or_broken_is_survived),
        cmocka_unit_test(every_suite_is_found_by_halving),
    };

    return cmocka_run_group_tests(tests, prepare, NULL);
}
