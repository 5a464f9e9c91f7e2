/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/dtls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>

#include "protocol/dissection.h"
#include "protocol/state.h"
#include "protocol/wire.h"

enum { PSK_CCM8 = 0xc0a8, ECDHE_PSK_CHACHA = 0xccac, RSA_AES = 0x002f };

static const struct wire_end device = { 0x0a000001, 40000 }, server = { 0x0a000002, 5684 };
static const struct bytes no_cid = { 0 };

static struct demand demand;
static struct dissection d;

static void show_at(struct dissect_state *state, struct wire_end from, struct wire_end to,
                    const struct wire *payload, size_t cut)
{
    static struct wire frame;
    static struct packet packet;

    wire_udp(&frame, from, to, wire_bytes(payload));
    packet = wire_packet(&frame, LINKTYPE_ETHERNET, 0);
    packet.caplen -= (uint32_t)cut;
    dissection_init(&d, &demand, state, NULL);
    dissect(&d, &packet);
}

static void show(struct dissect_state *state, struct wire_end from, struct wire_end to,
                 const struct wire *payload)
{
    show_at(state, from, to, payload, 0);
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

static const char *values_of(enum dtls_field field)
{
    static char text[1024];

    text[0] = '\0';
    dissection_values(&d, DTLS_ID(field), append, text);
    return text;
}

static void a_datagram_shows_all_its_records(void **state)
{
    struct wire w = { 0 };

    (void)state;
    wire_client_key_exchange(&w, 2, "dev-1");
    wire_cipher_change(&w);
    wire_secret(&w, DTLS_HANDSHAKE_RECORD, 0, no_cid);
    wire_secret(&w, DTLS_APPLICATION_RECORD, 1, no_cid);
    show(NULL, device, server, &w);
    assert_string_equal(values_of(DTLS_RECORD_CONTENT_TYPE), "22,20,22,23");
    assert_string_equal(values_of(DTLS_RECORD_EPOCH), "0,0,1,1");
    assert_string_equal(values_of(DTLS_RECORD_SEQUENCE_NUMBER), "2,9,0,1");
    assert_string_equal(values_of(DTLS_HANDSHAKE_TYPE), "16"); /* the one of epoch 1 is ciphertext */
    assert_string_equal(values_of(DTLS_HANDSHAKE_IDENTITY), "dev-1");
    assert_string_equal(values_of(DTLS_APP_DATA), "sixteen bytes of");
    assert_int_equal(d.layers[d.n_layers - 1].result, DISSECT_OK);
}

static void records_are_found_on_any_port_and_nothing_else_is(void **state)
{
    static const struct {
        const char *name;
        struct bytes payload;
        bool is_dtls;
    } cases[] = {
        { "record", { (const uint8_t *)"\x17\xfe\xfd\0\1\0\0\0\0\0\1\0\2ab", 15 }, true },
        { "DTLS 1.0", { (const uint8_t *)"\x16\xfe\xff\0\0\0\0\0\0\0\1\0\2ab", 15 }, true },
        { "two records",
          { (const uint8_t *)"\x14\xfe\xfd\0\1\0\0\0\0\0\1\0\1a\x17\xfe\xfd\0\1\0\0\0\0\0\2\0\0", 27 },
          true },
        { "bytes behind", { (const uint8_t *)"\x17\xfe\xfd\0\1\0\0\0\0\0\1\0\2abc", 16 }, false },
        { "length beyond", { (const uint8_t *)"\x17\xfe\xfd\0\1\0\0\0\0\0\1\0\3ab", 15 }, false },
        { "type 19", { (const uint8_t *)"\x13\xfe\xfd\0\1\0\0\0\0\0\1\0\2ab", 15 }, false },
        { "TLS", { (const uint8_t *)"\x17\3\3\0\1\0\0\0\0\0\1\0\2ab", 15 }, false },
        { "shorter than a header", { (const uint8_t *)"\x17\xfe\xfd\0\1\0\0\0\0\0\1\0", 12 }, false },
        { "with a connection id",
          { (const uint8_t *)"\x19\xfe\xfd\0\1\0\0\0\0\0\1"
                             "id"
                             "\0\2ab",
            17 },
          true },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wire w = { 0 };

        print_message("%s\n", cases[i].name);
        wire_put(&w, cases[i].payload);
        show(NULL, device, (struct wire_end) { 0x0a000002, 9999 }, &w);
        assert_int_equal(d.present >> PROTOCOL_DTLS & 1, cases[i].is_dtls);
    }
}

static void on_the_port_of_coaps_a_record_of_another_version_is_shown(void **state)
{
    struct wire w = { 0 };

    (void)state;
    wire_put(&w, bytes_of((const uint8_t *)"\x15\3\3\0\0\0\0\0\0\0\0\0\2\1\0", 15)); /* as GnuTLS sends it */
    show(NULL, device, server, &w);
    assert_string_equal(values_of(DTLS_RECORD_VERSION), "771");
    assert_string_equal(values_of(DTLS_ALERT_DESC), "0");
}

/* The server asked for ids of 8 bytes. */
static struct dissect_state *state_with_cid(void)
{
    struct dissect_state *s = dissect_state_new(1);
    struct wire w = { 0 };

    wire_server_hello(&w, 1, PSK_CCM8,
                      (struct wire_hello) { .has_cid = true, .cid = bytes_text("12345678") });
    show(s, server, device, &w);
    assert_string_equal(values_of(DTLS_CONNECTION_ID), "12345678");
    assert_string_equal(values_of(DTLS_CONNECTION_ID_LENGTH), "8");
    return s;
}

static void the_length_of_a_cid_is_what_the_server_asked_for(void **state)
{
    struct dissect_state *s = state_with_cid();
    struct wire w = { 0 };

    (void)state;
    /* An id of two bytes and a length of 22 would fill the datagram as well. */
    wire_record(&w, DTLS_CID_RECORD, 1, 5,
                bytes_of((const uint8_t *)"ab\0\x16"
                                          "5678",
                         8),
                bytes_text("0123456789abcdef"));
    show(s, device, server, &w);
    assert_string_equal(values_of(DTLS_RECORD_LENGTH), "16");
    assert_string_equal(values_of(DTLS_RECORD_SPECIAL_TYPE), "25");
    assert_string_equal(values_of(DTLS_RECORD_CONTENT_TYPE), "");
    show(NULL, device, server, &w); /* nobody said it: 2 and 8 fit */
    assert_string_equal(values_of(DTLS_RECORD_CONNECTION_ID), "");
    assert_string_equal(values_of(DTLS_RECORD_SEQUENCE_NUMBER), "5");
    dissect_state_free(s);
}

static void a_cid_that_nobody_announced_is_found_by_the_one_length_that_fits(void **state)
{
    struct wire w = { 0 };

    (void)state;
    wire_secret(&w, DTLS_APPLICATION_RECORD, 3, bytes_text("cid-77"));
    wire_secret(&w, DTLS_APPLICATION_RECORD, 4, bytes_text("cid-77"));
    show(NULL, device, server, &w);
    assert_string_equal(values_of(DTLS_RECORD_CONNECTION_ID), "cid-77,cid-77");
    assert_string_equal(values_of(DTLS_RECORD_SEQUENCE_NUMBER), "3,4");
    assert_string_equal(values_of(DTLS_ENC_CONTENT), "sixteen bytes of,sixteen bytes of");
}

static void a_cid_goes_to_the_end_that_asked_for_it(void **state)
{
    struct dissect_state *s = state_with_cid();
    struct wire w = { 0 };

    (void)state;
    wire_secret(&w, DTLS_APPLICATION_RECORD, 3, bytes_text("abc"));
    show(s, server, device, &w); /* to the device, which asked for none: its length is guessed */
    assert_string_equal(values_of(DTLS_RECORD_CONNECTION_ID), "abc");
    dissect_state_free(s);
}

static void handshake_fragments_show_the_message_on_the_frame_that_completes_it(void **state)
{
    static const struct {
        const char *name;
        struct {
            size_t from, len;
        } pieces[6];
        unsigned n;
        const char *count;
    } cases[] = {
        { "in order", { { 0, 10 }, { 10, 10 }, { 20, 12 } }, 3, "3" },
        { "out of order", { { 20, 12 }, { 0, 10 }, { 10, 10 } }, 3, "3" },
        { "overlapping", { { 0, 15 }, { 20, 12 }, { 10, 15 } }, 3, "3" },
        { "repeated", { { 0, 10 }, { 0, 10 }, { 20, 12 }, { 20, 12 }, { 10, 10 } }, 5, "5" },
        { "with an empty one", { { 0, 10 }, { 10, 0 }, { 10, 22 } }, 3, "3" },
    };
    struct wire body = { 0 };

    (void)state;
    wire_identity(&body, "urn:dev:a-rather-long-one-00ff");
    assert_int_equal(body.len, 32);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct dissect_state *s = dissect_state_new(1);

        print_message("%s\n", cases[i].name);
        for (unsigned p = 0; p < cases[i].n; p++) {
            struct wire w = { 0 };

            wire_fragment(&w, DTLS_CLIENT_KEY_EXCHANGE, 2, wire_bytes(&body), cases[i].pieces[p].from,
                          cases[i].pieces[p].len);
            show(s, device, server, &w);
            assert_string_equal(values_of(DTLS_HANDSHAKE_LENGTH), "32");
            assert_string_equal(values_of(DTLS_HANDSHAKE_IDENTITY),
                                p + 1 < cases[i].n ? "" : "urn:dev:a-rather-long-one-00ff");
            assert_string_equal(values_of(DTLS_FRAGMENT_COUNT), p + 1 < cases[i].n ? "" : cases[i].count);
        }
        dissect_state_free(s);
    }
}

static void what_an_earlier_handshake_left_over_is_not_mixed_in(void **state)
{
    struct dissect_state *s = dissect_state_new(1);
    struct wire old = { 0 }, new = { 0 }, w = { 0 };

    (void)state;
    wire_identity(&old, "the-old-identity");
    wire_identity(&new, "the-new-identity");
    wire_fragment(&w, DTLS_CLIENT_KEY_EXCHANGE, 2, wire_bytes(&old), 0, 9);
    show(s, device, server, &w);
    w.len = 0;
    wire_client_hello(&w, 0, (struct wire_hello) { .random = 9 });
    show(s, device, server, &w);
    w.len = 0;
    wire_fragment(&w, DTLS_CLIENT_KEY_EXCHANGE, 2, wire_bytes(&new), 9, 9);
    show(s, device, server, &w);
    assert_string_equal(values_of(DTLS_HANDSHAKE_IDENTITY), "");
    w.len = 0;
    wire_fragment(&w, DTLS_CLIENT_KEY_EXCHANGE, 2, wire_bytes(&new), 0, 9);
    show(s, device, server, &w);
    assert_string_equal(values_of(DTLS_HANDSHAKE_IDENTITY), "the-new-identity");
    dissect_state_free(s);
}

static void a_server_hello_tells_handshakes_apart_whose_client_hello_was_not_seen(void **state)
{
    static const struct {
        const char *name;
        unsigned first, second; /* the servers' randoms; 0: that ServerHello was not seen */
        const char *identity;
    } cases[] = {
        { "the capture begins behind the first hellos", 0, 8, "" },
        { "the second ClientHello is missing", 7, 8, "" },
        { "the same ServerHello, sent twice", 7, 7, "the-new-identity" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct dissect_state *s = dissect_state_new(1);
        struct wire old = { 0 }, new = { 0 }, w = { 0 };

        print_message("%s\n", cases[i].name);
        wire_identity(&old, cases[i].identity[0] ? cases[i].identity : "the-old-identity");
        wire_identity(&new, "the-new-identity");
        if (cases[i].first) {
            wire_server_hello(&w, 1, PSK_CCM8, (struct wire_hello) { .random = (uint8_t)cases[i].first });
            show(s, server, device, &w);
            w.len = 0;
        }
        wire_fragment(&w, DTLS_CLIENT_KEY_EXCHANGE, 2, wire_bytes(&old), 0, 9);
        show(s, device, server, &w);
        w.len = 0;
        wire_server_hello(&w, 1, PSK_CCM8, (struct wire_hello) { .random = (uint8_t)cases[i].second });
        show(s, server, device, &w);
        w.len = 0;
        wire_fragment(&w, DTLS_CLIENT_KEY_EXCHANGE, 2, wire_bytes(&new), 9, 9);
        show(s, device, server, &w);
        assert_string_equal(values_of(DTLS_HANDSHAKE_IDENTITY), cases[i].identity);
        dissect_state_free(s);
    }
}

static void messages_of_other_flows_are_not_mixed_in(void **state)
{
    const struct wire_end other = { 0x0a000001, 40001 };
    struct dissect_state *s = dissect_state_new(1);
    struct wire body = { 0 }, w = { 0 };

    (void)state;
    wire_identity(&body, "the-identity-00");
    wire_fragment(&w, DTLS_CLIENT_KEY_EXCHANGE, 2, wire_bytes(&body), 0, 9);
    show(s, device, server, &w);
    w.len = 0;
    wire_fragment(&w, DTLS_CLIENT_KEY_EXCHANGE, 2, wire_bytes(&body), 9, 8);
    show(s, other, server, &w);
    assert_string_equal(values_of(DTLS_HANDSHAKE_IDENTITY), "");
    dissect_state_free(s);
}

static void an_identity_is_told_from_other_key_exchanges(void **state)
{
    static const struct {
        const char *name;
        unsigned suite; /* 0: the ServerHello was not seen */
        size_t body_len, string_len;
        bool is_identity;
    } cases[] = {
        { "PSK", PSK_CCM8, 10, 8, true },
        { "PSK, an empty identity", PSK_CCM8, 2, 0, true },
        { "ECDHE_PSK, a point behind", ECDHE_PSK_CHACHA, 43, 8, true },
        { "RSA", RSA_AES, 258, 256, false },
        { "RSA, by chance of that form", RSA_AES, 10, 8, false },
        { "unknown, exactly one string", 0, 10, 8, true },
        { "unknown, more than a string", 0, 11, 8, false },
        { "unknown, an RSA secret", 0, 258, 256, false },
        { "unknown, a short RSA secret", 0, 130, 128, false },
        { "unknown, a long identity", 0, 202, 200, true },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct dissect_state *s = dissect_state_new(1);
        struct wire body = { 0 }, w = { 0 };
        char len[16] = "";

        print_message("%s\n", cases[i].name);
        if (cases[i].suite) {
            wire_server_hello(&w, 1, (uint16_t)cases[i].suite, (struct wire_hello) { 0 });
            show(s, server, device, &w);
        }
        w.len = 0;
        wire_number(&body, cases[i].string_len, 2);
        wire_fill(&body, 'i', cases[i].body_len - 2);
        wire_message(&w, DTLS_CLIENT_KEY_EXCHANGE, 2, &body);
        show(s, device, server, &w);
        if (cases[i].is_identity)
            snprintf(len, sizeof len, "%zu", cases[i].string_len);
        assert_string_equal(values_of(DTLS_HANDSHAKE_IDENTITY_LEN), len);
        assert_int_equal(d.counters.n_malformed, 0);
        dissect_state_free(s);
    }
}

static void lengths_that_run_over_are_malformed(void **state)
{
    static const struct {
        const char *name;
        struct bytes payload;
    } cases[] = {
        { "record beyond the datagram", { (const uint8_t *)"\x17\xfe\xfd\0\1\0\0\0\0\0\1\0\3ab", 15 } },
        { "fragment beyond its message",
          { (const uint8_t *)"\x16\xfe\xfd\0\0\0\0\0\0\0\1\0\x0c\x10\0\0\4\0\0\0\0\3\0\0\2", 25 } },
        { "session id beyond the hello",
          { (const uint8_t *)"\x16\xfe\xfd\0\0\0\0\0\0\0\1\0\x2f\1\0\0\x23\0\0\0\0\0\0\0\x23\xfe\xfd"
                             "0123456789abcdef0123456789abcdef\x20",
            60 } },
        { "no record", { (const uint8_t *)"\x40\1\0\1\xb3rd\x03sth-more", 15 } },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wire w = { 0 };

        print_message("%s\n", cases[i].name);
        wire_put(&w, cases[i].payload);
        show(NULL, device, server, &w);
        assert_int_equal(d.counters.n_malformed, 1);
    }
}

static void a_cut_record_is_truncated_and_not_malformed(void **state)
{
    struct wire w = { 0 };

    (void)state;
    wire_client_hello(&w, 0, (struct wire_hello) { .random = 'r', .cookie = bytes_text("cookie") });
    for (size_t cut = 1; cut < w.len; cut++) {
        show_at(NULL, device, server, &w, cut);
        assert_int_equal(d.layers[d.n_layers - 1].result, DISSECT_TRUNCATED);
        assert_int_equal(d.counters.n_malformed, 0);
    }
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
        cmocka_unit_test(a_datagram_shows_all_its_records),
        cmocka_unit_test(records_are_found_on_any_port_and_nothing_else_is),
        cmocka_unit_test(on_the_port_of_coaps_a_record_of_another_version_is_shown),
        cmocka_unit_test(the_length_of_a_cid_is_what_the_server_asked_for),
        cmocka_unit_test(a_cid_that_nobody_announced_is_found_by_the_one_length_that_fits),
        cmocka_unit_test(a_cid_goes_to_the_end_that_asked_for_it),
        cmocka_unit_test(handshake_fragments_show_the_message_on_the_frame_that_completes_it),
        cmocka_unit_test(what_an_earlier_handshake_left_over_is_not_mixed_in),
        cmocka_unit_test(a_server_hello_tells_handshakes_apart_whose_client_hello_was_not_seen),
        cmocka_unit_test(messages_of_other_flows_are_not_mixed_in),
        cmocka_unit_test(an_identity_is_told_from_other_key_exchanges),
        cmocka_unit_test(lengths_that_run_over_are_malformed),
        cmocka_unit_test(a_cut_record_is_truncated_and_not_malformed),
    };

    return cmocka_run_group_tests(tests, prepare, NULL);
}
