/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/quic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "protocol/dissection.h"
#include "protocol/quic_frame.h"
#include "protocol/state.h"
#include "protocol/wire.h"

static struct demand demand;
static struct dissection d;

static const struct wire_end client = { 0x0a000001, 40000 }, server = { 0x0a000002, 4433 };
static const uint8_t dcid[8] = { 0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08 };

static const char *hex_of(const uint8_t *data, size_t len)
{
    static char text[128];

    for (size_t i = 0; i < len; i++)
        snprintf(text + 2 * i, 3, "%02x", data[i]);
    return text;
}

static void initial_keys_are_those_of_the_rfcs(void **state)
{
    static const struct {
        uint32_t version;
        unsigned side;
        const char *key, *iv, *header_key;
    } cases[] = { /* RFC 9001 appendix A.1, RFC 9369 appendix A.1 */
                  { 1, 0, "1f369613dd76d5467730efcbe3b1a22d", "fa044b2f42a3fd3b46fb255c",
                    "9f50449e04a0e810283a1e9933adedd2" },
                  { 1, 1, "cf3a5331653c364c88f0f379b6067e37", "0ac1493ca1905853b0bba03e",
                    "c206b8d9b9f0f37644430b490eeaa314" },
                  { 0x6b3343cf, 0, "8b1a0bc121284290a29e0971b5cd045d", "91f73e2351d8fa91660e909f",
                    "45b95e15235d6f45a6b19cbcb0294ba9" }
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct quic_keys keys[2];

        assert_true(quic_initial_keys(cases[i].version, bytes_of(dcid, sizeof dcid), keys));
        assert_string_equal(hex_of(keys[cases[i].side].key, QUIC_KEY_BYTES), cases[i].key);
        assert_string_equal(hex_of(keys[cases[i].side].iv, QUIC_IV_BYTES), cases[i].iv);
        assert_string_equal(hex_of(keys[cases[i].side].header_key, QUIC_KEY_BYTES), cases[i].header_key);
    }
}

static void numbers_have_one_of_four_lengths(void **state)
{
    static const struct {
        struct bytes bytes;
        bool is_good;
        uint64_t value;
    } cases[] = {
        /* RFC 9000 appendix A.1 */
        { { (const uint8_t *)"\xc2\x19\x7c\x5e\xff\x14\xe8\x8c", 8 }, true, UINT64_C(151288809941952652) },
        { { (const uint8_t *)"\x9d\x7f\x3e\x7d", 4 }, true, 494878333 },
        { { (const uint8_t *)"\x7b\xbd", 2 }, true, 15293 },
        { { (const uint8_t *)"\x25", 1 }, true, 37 },
        { { (const uint8_t *)"\x40\x25", 2 }, true, 37 },
        { { (const uint8_t *)"\x9d\x7f\x3e", 3 }, false, 0 },
        { { (const uint8_t *)"", 0 }, false, 0 }
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct reader r = reader_over(cases[i].bytes);
        uint64_t value = 0;

        assert_int_equal(quic_varint(&r, &value), cases[i].is_good);
        assert_int_equal(value, cases[i].value);
        assert_int_equal(reader_left(&r), cases[i].is_good ? 0 : cases[i].bytes.len);
    }
}

static void a_crypto_stream_is_read_once_no_hole_is_left(void **state)
{
    static const struct {
        const char *name;
        struct {
            uint64_t offset;
            const char *piece, *read;
        } steps[5];
    } cases[] = {
        { "in order", { { 0, "abc", "abc" }, { 3, "def", "def" } } },
        { "shuffled", { { 3, "def", "" }, { 6, "ghi", "" }, { 0, "abc", "abcdefghi" } } },
        { "a hole in the middle", { { 6, "ghi", "" }, { 0, "abc", "" }, { 3, "def", "abcdefghi" } } },
        { "again", { { 0, "abc", "abc" }, { 0, "abc", "" }, { 1, "bcd", "d" } } },
        { "too far", { { QUIC_CRYPTO_BYTES, "x", "" }, { UINT64_MAX - 8, "x", "" }, { 0, "a", "a" } } },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct quic_stream stream = { 0 };

        print_message("%s\n", cases[i].name);
        for (unsigned n = 0; n < 5 && cases[i].steps[n].piece; n++) {
            struct bytes read =
                quic_stream_add(&stream, cases[i].steps[n].offset, bytes_text(cases[i].steps[n].piece));

            assert_true(bytes_equal(read, bytes_text(cases[i].steps[n].read)));
        }
        free(stream.bytes);
    }
}

static void streams_that_wait_are_bounded_and_the_first_gives_up(void **state)
{
    struct quic_state *quic = quic_state_new(1);
    struct quic_connection *first = NULL, *latest = NULL;

    (void)state;
    for (uint32_t i = 0; i <= QUIC_CRYPTO_BUFFERS; i++) {
        struct conversation_ends ends = { .flow = { .port_low = (uint16_t)(1000 + i), .protocol = 17 },
                                          .is_forward = true };
        struct quic_header header = { .type = QUIC_INITIAL, .version = 1, .dcid.len = 8, .scid.len = 8 };
        bool is_server;

        memcpy(header.dcid.bytes, &i, sizeof i);
        memcpy(header.scid.bytes + 4, &i, sizeof i);
        latest = quic_connection_meet(quic, &ends, &header, &is_server);
        assert_non_null(latest);
        assert_false(is_server);
        first = i == 0 ? latest : first;
        quic_stream_add(&latest->streams[0], 10, bytes_text("early"));
        quic_connection_hold(quic, latest, false);
        quic_connection_hold(quic, latest, false); /* counts once */
    }
    assert_null(first->streams[0].bytes);
    assert_non_null(latest->streams[0].bytes);
    assert_int_equal(quic_state_forgotten(quic), 1);
    assert_true(bytes_equal(quic_stream_add(&first->streams[0], 0, bytes_text("abc")), bytes_text("abc")));
    quic_state_free(quic);
}

/* ---- whole datagrams ---- */

/* Seals frames into an Initial of number; the id that the client chose makes the keys. */
static void put_initial(struct wire *w, uint32_t version, bool is_server, uint8_t number,
                        const struct wire *frames)
{
    struct quic_ciphers *ciphers = quic_ciphers_new();
    EVP_CIPHER_CTX *seal = EVP_CIPHER_CTX_new();
    struct quic_keys keys[2];
    uint8_t sealed[2048], mask[QUIC_SAMPLE_BYTES], nonce[QUIC_IV_BYTES];
    size_t start = w->len, at;
    int n, last;

    assert_true(quic_initial_keys(version, bytes_of(dcid, sizeof dcid), keys));
    wire_number(w, version == 0x6b3343cf ? 0xd0 : 0xc0, 1);
    wire_number(w, version, 4);
    wire_number(w, is_server ? 4 : sizeof dcid, 1);
    wire_put(w, is_server ? bytes_text("clnt") : bytes_of(dcid, sizeof dcid));
    wire_number(w, 4, 1);
    wire_put(w, bytes_text(is_server ? "serv" : "clnt"));
    wire_number(w, 0, 1); /* no token */
    wire_number(w, 0x4000 + 1 + frames->len + QUIC_TAG_BYTES, 2);
    at = w->len;
    wire_number(w, number, 1);
    memcpy(nonce, keys[is_server].iv, sizeof nonce);
    nonce[QUIC_IV_BYTES - 1] ^= number;
    assert_true(EVP_EncryptInit_ex(seal, EVP_aes_128_gcm(), NULL, keys[is_server].key, nonce));
    assert_true(EVP_EncryptUpdate(seal, NULL, &n, w->data + start, (int)(w->len - start)));
    assert_true(EVP_EncryptUpdate(seal, sealed, &n, frames->data, (int)frames->len));
    assert_true(EVP_EncryptFinal_ex(seal, sealed + n, &last));
    assert_true(EVP_CIPHER_CTX_ctrl(seal, EVP_CTRL_GCM_GET_TAG, QUIC_TAG_BYTES, sealed + n));
    wire_put(w, bytes_of(sealed, (size_t)n + QUIC_TAG_BYTES));
    assert_true(quic_header_mask(ciphers, &keys[is_server], w->data + at + 4, mask));
    w->data[start] ^= mask[0] & 0x0f;
    w->data[at] ^= mask[1];
    EVP_CIPHER_CTX_free(seal);
    quic_ciphers_free(ciphers);
}

static void put_crypto(struct wire *frames, size_t offset, struct bytes piece)
{
    wire_number(frames, 6, 1);
    wire_number(frames, 0x4000 + offset, 2);
    wire_number(frames, 0x4000 + piece.len, 2);
    wire_put(frames, piece);
}

static void put_hello(struct wire *w)
{
    wire_number(w, 1, 1);
    wire_number(w, 2 + 32 + 1 + 4 + 2 + 2 + 20, 3);
    wire_number(w, 0x0303, 2);
    wire_fill(w, 'r', 32);
    wire_number(w, 0, 1);
    wire_number(w, 0x00021301, 4);
    wire_number(w, 0x0100, 2);
    wire_number(w, 20, 2);
    wire_number(w, 0x00000010, 4);
    wire_number(w, 0x000e0000, 4);
    wire_number(w, 0x0b, 1);
    wire_put(w, bytes_text("gw.test.org"));
}

static void show(struct wire_end from, struct wire_end to, const struct wire *payload)
{
    static struct wire frame;
    struct packet packet;

    wire_udp(&frame, from, to, wire_bytes(payload));
    packet = wire_packet(&frame, LINKTYPE_ETHERNET, 0);
    dissect(&d, &packet);
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

static void the_hello_in_a_clients_initial_is_read(void **state)
{
    static const uint32_t versions[] = { 1, 0x6b3343cf, 0xff00001d, 0xff000017 };

    (void)state;
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        struct dissect_state *memory = dissect_state_new(1);
        struct wire hello = { 0 }, frames = { 0 }, w = { 0 };

        print_message("%08x\n", versions[i]);
        dissection_init(&d, &demand, memory, NULL);
        put_hello(&hello);
        put_crypto(&frames, 30, bytes_of(hello.data + 30, hello.len - 30)); /* shuffled, as browsers do */
        wire_number(&frames, 1, 1);
        put_crypto(&frames, 0, bytes_of(hello.data, 30));
        wire_fill(&frames, 0, 40);
        put_initial(&w, versions[i], false, 0, &frames);
        show(client, server, &w);
        assert_string_equal(values_of("quic.header_form"), "1");
        assert_string_equal(values_of("quic.packet_number"), "0");
        assert_string_equal(values_of("quic.frame_type"), "6,1,6,0");
        assert_string_equal(values_of("quic.padding_length"), "40");
        assert_string_equal(values_of("quic.scid"), "clnt");
        assert_string_equal(values_of("tls.handshake.type"), "1");
        assert_string_equal(values_of("tls.handshake.extensions_server_name"), "gw.test.org");
        assert_int_equal(d.counters.n_malformed, 0);
        dissect_state_free(memory);
    }
}

static void what_follows_belongs_to_its_connection(void **state)
{
    struct dissect_state *memory = dissect_state_new(1);
    struct wire frames = { 0 }, w = { 0 };

    (void)state;
    dissection_init(&d, &demand, memory, NULL);
    wire_fill(&frames, 0, 40);
    put_initial(&w, 1, false, 0, &frames);
    show(client, server, &w);
    assert_string_equal(values_of("quic.connection.number"), "0");
    w.len = 0;
    put_initial(&w, 1, true, 0, &frames); /* two packets in one datagram */
    wire_put(&w, bytes_text("\x40"
                            "clnt and ciphertext"));
    show(server, client, &w);
    assert_string_equal(values_of("quic.connection.number"), "0");
    assert_string_equal(values_of("quic.header_form"), "1,0");
    assert_string_equal(values_of("quic.dcid"), "clnt,clnt");
    assert_string_equal(values_of("quic.remaining_payload"), " and ciphertext");
    w.len = 0;
    wire_put(&w, bytes_text("\x40serv and ciphertext"));
    show(client, server, &w);
    assert_string_equal(values_of("quic.dcid"), "serv");
    show(client, (struct wire_end) { 0x0a000003, 4433 }, &w); /* another conversation: nobody knows */
    assert_false(d.present >> PROTOCOL_QUIC & 1);
    dissect_state_free(memory);
}

static void an_initial_that_was_changed_is_not_opened(void **state)
{
    struct dissect_state *memory = dissect_state_new(1);
    struct wire frames = { 0 }, w = { 0 };

    (void)state;
    dissection_init(&d, &demand, memory, NULL);
    wire_fill(&frames, 0, 40);
    put_initial(&w, 1, false, 0, &frames);
    w.data[w.len - 1] ^= 1;
    show(client, server, &w);
    assert_string_equal(values_of("quic.long.packet_type"), "0");
    assert_string_equal(values_of("quic.frame_type"), "");
    dissect_state_free(memory);
}

static void quic_is_told_from_other_datagrams(void **state)
{
    static const struct {
        const char *name;
        struct bytes payload;
        bool is_quic;
    } cases[] = {
        { "version 1", { (const uint8_t *)"\xc0\0\0\0\1\4dcid\4scid", 15 }, true },
        { "draft 29", { (const uint8_t *)"\xc0\xff\0\0\x1d\4dcid\4scid", 15 }, true },
        { "draft 10", { (const uint8_t *)"\xc0\xff\0\0\x0a\4dcid\4scid", 15 }, false },
        { "another version", { (const uint8_t *)"\xc0\0\0\1\1\4dcid\4scid", 15 }, false },
        { "short header", { (const uint8_t *)"\x40\0\0\0\1\4dcid\4scid", 15 }, false },
        { "id of 21 bytes",
          { (const uint8_t *)"\xc0\0\0\0\1\x15"
                             "0123456789abcdef0123456789",
            32 },
          false },
        { "too short", { (const uint8_t *)"\xc0\0\0\0\1\2id\2id", 11 }, false },
    };

    (void)state;
    dissection_init(&d, &demand, NULL, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct wire w = { 0 };

        print_message("%s\n", cases[i].name);
        wire_put(&w, cases[i].payload);
        show(client, server, &w);
        assert_int_equal(d.present >> PROTOCOL_QUIC & 1, cases[i].is_quic);
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
        cmocka_unit_test(initial_keys_are_those_of_the_rfcs),
        cmocka_unit_test(numbers_have_one_of_four_lengths),
        cmocka_unit_test(a_crypto_stream_is_read_once_no_hole_is_left),
        cmocka_unit_test(streams_that_wait_are_bounded_and_the_first_gives_up),
        cmocka_unit_test(the_hello_in_a_clients_initial_is_read),
        cmocka_unit_test(what_follows_belongs_to_its_connection),
        cmocka_unit_test(an_initial_that_was_changed_is_not_opened),
        cmocka_unit_test(quic_is_told_from_other_datagrams),
    };

    return cmocka_run_group_tests(tests, prepare, NULL);
}
