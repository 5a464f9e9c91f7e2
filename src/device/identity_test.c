/* SPDX-License-Identifier: Apache-2.0 */
/* What each protocol says of who is there, packet by packet through the tracker. */
#include "device/tracker_fixture.h"

static const struct wire_end coap_server = { 0xc0000201, 5683 }, mqtt_server = { 0xc0000201, 1883 },
                             tls_server = { 0xc0000201, 8883 }, dtls_server = { 0xc0000201, 5684 },
                             sn_server = { 0xc0000201, 10000 };
static const struct wire_end here = { 0x0a000001, 1000 }, there = { 0x0a000009, 9000 };

/* ---- CoAP ---- */

static void coap_head(struct wire *w, uint8_t type, uint8_t code, uint16_t mid, const char *token)
{
    w->len = 0;
    wire_number(w, 0x40u | (unsigned)type << 4 | strlen(token), 1);
    wire_number(w, code, 1);
    wire_number(w, mid, 2);
    wire_put(w, bytes_text(token));
}

/* An option with a delta and a length of up to 268. */
static void coap_option(struct wire *w, unsigned delta, struct bytes value)
{
    unsigned len = value.len < 13 ? (unsigned)value.len : 13;

    wire_number(w, delta << 4 | len, 1);
    if (len == 13)
        wire_number(w, value.len - 13, 1);
    wire_put(w, value);
}

static void coap_register(struct world *w, int64_t second, struct wire_end device, uint16_t mid,
                          const char *endpoint)
{
    struct wire message;
    char query[64];

    snprintf(query, sizeof query, "ep=%s", endpoint);
    coap_head(&message, 0, 0x02, mid, "t1");
    coap_option(&message, 11, bytes_text("rd"));
    coap_option(&message, 4, bytes_text("lt=300"));
    coap_option(&message, 0, bytes_text(query));
    world_udp(w, second, device, coap_server, wire_bytes(&message));
}

static void coap_created(struct world *w, int64_t second, struct wire_end device, uint16_t mid,
                         const char *location)
{
    struct wire message;

    coap_head(&message, 2, 0x41, mid, "t1");
    coap_option(&message, 8, bytes_text("rd"));
    coap_option(&message, 0, bytes_text(location));
    world_udp(w, second, coap_server, device, wire_bytes(&message));
}

static void coap_update(struct world *w, int64_t second, struct wire_end device, uint16_t mid,
                        const char *location)
{
    struct wire message;

    coap_head(&message, 0, 0x02, mid, "t2");
    coap_option(&message, 11, bytes_text("rd"));
    coap_option(&message, 0, bytes_text(location));
    world_udp(w, second, device, coap_server, wire_bytes(&message));
}

static void coap_answer(struct world *w, int64_t second, struct wire_end device, uint16_t mid, uint8_t code,
                        const char *token)
{
    struct wire message;

    coap_head(&message, 2, code, mid, token);
    world_udp(w, second, coap_server, device, wire_bytes(&message));
}

static void coap_notify(struct world *w, int64_t second, struct wire_end device, uint16_t mid)
{
    struct wire message;

    coap_head(&message, 1, 0x45, mid, "ob");
    world_udp(w, second, device, coap_server, wire_bytes(&message));
}

static void an_endpoint_is_named_by_its_registration(void **state)
{
    struct world *w = world_new();

    (void)state;
    coap_register(w, 0, here, 1, "ep-1");
    coap_created(w, 1, here, 1, "a7");
    coap_notify(w, 20, here, 2);
    assert_world(w, HEARD("registration lwm2m.ep=ep-1 1:1000 0..20, 3 strong"));
    world_free(w);
}

static void a_registration_that_is_refused_or_not_answered_is_an_attempt(void **state)
{
    struct world *w = world_new();

    (void)state;
    coap_register(w, 0, here, 1, "ep-1");
    coap_answer(w, 1, here, 1, 0x83, "t1");
    coap_register(w, 2, there, 1, "ep-2");
    assert_world(
        w, HEARD("attempt lwm2m.ep=ep-1 1:1000 0..1, 2 weak", "attempt lwm2m.ep=ep-2 9:9000 2..2, 1 weak"));
    world_free(w);
}

static void an_update_takes_the_registration_to_another_address(void **state)
{
    struct world *w = world_new();

    (void)state;
    coap_register(w, 0, here, 1, "ep-1");
    coap_created(w, 1, here, 1, "a7");
    coap_update(w, 400, there, 2, "a7");
    coap_answer(w, 401, there, 2, 0x44, "t2");
    coap_notify(w, 402, there, 3);
    assert_world(w, HEARD("registration lwm2m.ep=ep-1 1:1000 0..1, 2 strong",
                          "location lwm2m.ep=ep-1 9:9000 400..402, 3 probable"));
    assert_int_equal(w->sessions[0], w->sessions[1]);
    world_free(w);
}

static void an_update_of_a_location_nobody_knows_names_nobody(void **state)
{
    struct world *w = world_new();

    (void)state;
    coap_register(w, 0, here, 1, "ep-1");
    coap_created(w, 1, here, 1, "a7");
    coap_update(w, 10, here, 9, "b8"); /* somebody else's, from the same address */
    coap_answer(w, 11, here, 9, 0x44, "t2");
    coap_notify(w, 12, here, 10);
    assert_world(w, HEARD("registration lwm2m.ep=ep-1 1:1000 0..1, 2 strong"));
    world_free(w);
}

static void what_is_plain_is_weak_after_a_silence_and_void_after_a_long_one(void **state)
{
    static const struct {
        const char *name;
        int64_t second;
        uint16_t mid;
        const char *heard[3];
    } cases[] = {
        { "no silence", 25, 700, { "registration lwm2m.ep=ep-1 1:1000 0..25, 3 strong" } },
        { "a silence, and another number",
          100,
          700,
          { "registration lwm2m.ep=ep-1 1:1000 0..1, 2 strong",
            "registration lwm2m.ep=ep-1 1:1000 100..100, 1 weak" } },
        { "a silence, and the next number",
          100,
          2,
          { "registration lwm2m.ep=ep-1 1:1000 0..100, 3 strong" } },
        { "a long silence, and the next number",
          4000,
          3,
          { "registration lwm2m.ep=ep-1 1:1000 0..4000, 3 strong" } },
        { "a long silence, and another number",
          400,
          700,
          { "registration lwm2m.ep=ep-1 1:1000 0..1, 2 strong" } },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world *w = world_new();

        print_message("%s\n", cases[i].name);
        coap_register(w, 0, here, 1, "ep-1");
        coap_created(w, 1, here, 1, "a7");
        coap_notify(w, cases[i].second, here, cases[i].mid);
        assert_world(w, cases[i].heard);
        world_free(w);
    }
}

static void a_weak_flow_is_sure_again_once_the_location_is_said(void **state)
{
    struct world *w = world_new();

    (void)state;
    coap_register(w, 0, here, 1, "ep-1");
    coap_created(w, 1, here, 1, "a7");
    coap_notify(w, 100, here, 700);
    coap_notify(w, 101, here, 701); /* goes on from a number that was nobody's word */
    coap_update(w, 102, here, 702, "a7");
    coap_notify(w, 103, here, 703);
    assert_world(w, HEARD("registration lwm2m.ep=ep-1 1:1000 0..1, 2 strong",
                          "registration lwm2m.ep=ep-1 1:1000 100..101, 2 weak",
                          "registration lwm2m.ep=ep-1 1:1000 102..103, 2 strong"));
    world_free(w);
}

static void oscore_request(struct world *w, int64_t second, struct wire_end from, struct wire_end to,
                           uint16_t mid, const char *kid)
{
    uint8_t option[16] = { 0x19, 5, 2, 'c', 'x' }; /* kid and context are there, an IV of one byte */
    struct wire message;

    memcpy(option + 5, kid, strlen(kid));
    coap_head(&message, 0, 0x02, mid, "t3");
    coap_option(&message, 9, bytes_of(option, 5 + strlen(kid)));
    wire_put(&message, bytes_text("\xffsealed bytes of it"));
    world_udp(w, second, from, to, wire_bytes(&message));
}

static void a_key_id_names_who_asks_with_its_context_in_front(void **state)
{
    struct world *w = world_new();

    (void)state;
    oscore_request(w, 0, here, coap_server, 1, "dev-7");
    coap_answer(w, 1, here, 1, 0x44, "t3");
    oscore_request(w, 90, here, coap_server, 50, "dev-7"); /* sure: it says so itself */
    oscore_request(w, 91, coap_server, here, 9, "srv");    /* the server's own key */
    assert_world(w, HEARD("request oscore.kid=cxdev-7 1:1000 0..91, 4 strong"));
    world_free(w);
}

/* ---- MQTT and MQTT-SN ---- */

static struct bytes mqtt_connect(struct wire *w, uint8_t version, const char *client_id, const char *user)
{
    struct wire body = { 0 };

    wire_number(&body, 4, 2);
    wire_put(&body, bytes_text("MQTT"));
    wire_number(&body, version, 1);
    wire_number(&body, user ? 0x82 : 0x02, 1);
    wire_number(&body, 60, 2);
    if (version == 5)
        wire_number(&body, 0, 1);
    wire_identity(&body, client_id);
    if (user)
        wire_identity(&body, user);
    w->len = 0;
    wire_number(w, 0x10, 1);
    wire_number(w, body.len, 1);
    wire_put(w, wire_bytes(&body));
    return wire_bytes(w);
}

static void a_client_id_names_the_connection_from_its_syn_on(void **state)
{
    struct connection c = { here, mqtt_server, { 100, 5000 } };
    struct world *w = world_new();
    struct wire message;

    (void)state;
    world_connect(w, 0, &c);
    world_say(w, 1, &c, false, mqtt_connect(&message, 4, "c-1", "tenant"));
    world_say(w, 2, &c, true, bytes_of("\x20\x02\0\0", 4));
    world_say(w, 3, &c, false, bytes_of("\xc0\0", 2));
    assert_world(w, HEARD("connect mqtt.clientid=c-1 1:1000 0..3, 6 strong",
                          "connect mqtt.user=tenant 1:1000 0..3, 6 strong"));
    assert_int_equal(w->sessions[0], w->sessions[1]);
    world_free(w);
}

static void a_connect_in_two_segments_is_put_together(void **state)
{
    struct connection c = { here, mqtt_server, { 100, 5000 } };
    struct world *w = world_new();
    struct bytes message;
    struct wire wire;

    (void)state;
    world_connect(w, 0, &c);
    message = mqtt_connect(&wire, 4, "a-long-client-id", NULL);
    world_say(w, 1, &c, false, bytes_of(message.data, 17));
    world_say(w, 2, &c, false, bytes_of(message.data + 17, message.len - 17));
    world_say(w, 3, &c, true, bytes_of("\x20\x02\0\0", 4));
    assert_world(w, HEARD("connect mqtt.clientid=a-long-client-id 1:1000 0..3, 6 strong"));
    world_free(w);
}

static void an_id_that_the_server_assigns_names_the_client(void **state)
{
    struct connection c = { here, mqtt_server, { 100, 5000 } };
    struct world *w = world_new();
    struct wire message;

    (void)state;
    world_connect(w, 0, &c);
    world_say(w, 1, &c, false, mqtt_connect(&message, 5, "", NULL));
    world_say(w, 2, &c, true,
              bytes_of("\x20\x0a\0\0\x07\x12\0\x04"
                       "auto",
                       12));
    assert_world(w, HEARD("connect mqtt.clientid=auto 1:1000 0..2, 5 strong"));
    world_free(w);
}

static void a_client_that_is_refused_made_an_attempt(void **state)
{
    struct connection c = { here, mqtt_server, { 100, 5000 } };
    struct world *w = world_new();
    struct wire message;

    (void)state;
    world_connect(w, 0, &c);
    world_say(w, 1, &c, false, mqtt_connect(&message, 4, "c-1", NULL));
    world_say(w, 2, &c, true, bytes_of("\x20\x02\0\x05", 4));
    assert_world(w, HEARD("attempt mqtt.clientid=c-1 1:1000 0..2, 5 weak"));
    world_free(w);
}

static void a_new_connection_on_the_same_ports_is_a_new_clients(void **state)
{
    struct connection c = { here, mqtt_server, { 100, 5000 } };
    struct world *w = world_new();
    struct wire message;

    (void)state;
    world_connect(w, 0, &c);
    world_say(w, 1, &c, false, mqtt_connect(&message, 4, "c-1", NULL));
    world_say(w, 2, &c, true, bytes_of("\x20\x02\0\0", 4));
    c.seq[0] = 777000;
    c.seq[1] = 888000;
    world_connect(w, 200, &c);
    world_say(w, 201, &c, false, mqtt_connect(&message, 4, "c-2", NULL));
    world_say(w, 202, &c, true, bytes_of("\x20\x02\0\0", 4));
    assert_world(w, HEARD("connect mqtt.clientid=c-1 1:1000 0..2, 5 strong",
                          "connect mqtt.clientid=c-2 1:1000 200..202, 5 strong"));
    world_free(w);
}

static void a_syn_that_the_server_does_not_answer_ends_nothing(void **state)
{
    struct connection c = { here, mqtt_server, { 100, 5000 } };
    struct world *w = world_new();
    struct connection liar;
    struct wire message;

    (void)state;
    world_connect(w, 0, &c);
    world_say(w, 1, &c, false, mqtt_connect(&message, 4, "c-1", NULL));
    world_say(w, 2, &c, true, bytes_of("\x20\x02\0\0", 4));
    liar = c;
    liar.seq[0] = 5;
    world_tcp(w, 3, &liar, false, TCP_SYN, (struct bytes) { 0 });
    world_say(w, 4, &c, false, bytes_of("\xc0\0", 2));
    assert_world(w, HEARD("connect mqtt.clientid=c-1 1:1000 0..4, 7 strong"));
    world_free(w);
}

static void after_a_silence_a_stream_must_go_on_where_it_was(void **state)
{
    struct connection c = { here, mqtt_server, { 100, 5000 } };
    struct world *w = world_new();
    struct wire message;

    (void)state;
    world_connect(w, 0, &c);
    world_say(w, 1, &c, false, mqtt_connect(&message, 4, "c-1", NULL));
    world_say(w, 2, &c, true, bytes_of("\x20\x02\0\0", 4));
    world_say(w, 4000, &c, false, bytes_of("\xc0\0", 2));
    c.seq[0] += 1u << 30; /* another's, whose SYN was not seen */
    world_say(w, 8000, &c, false, bytes_of("\xc0\0", 2));
    assert_world(w, HEARD("connect mqtt.clientid=c-1 1:1000 0..4000, 6 strong"));
    world_free(w);
}

static void a_sensors_client_id_names_its_flow(void **state)
{
    struct world *w = world_new();

    (void)state;
    world_udp(w, 0, here, sn_server, bytes_of("\x0a\x04\x04\x01\0\x3csn-1", 10));
    world_udp(w, 1, sn_server, here, bytes_of("\x03\x05\0", 3));
    world_udp(w, 2, here, sn_server, bytes_of("\x08\x0c\0\0\1\0\1x", 8));
    world_udp(w, 100, there, sn_server, bytes_of("\x06\x16sn-1", 6)); /* it woke elsewhere */
    world_udp(w, 101, sn_server, there, bytes_of("\x02\x17", 2));
    assert_world(w, HEARD("connect mqttsn.clientid=sn-1 1:1000 0..2, 3 strong",
                          "request mqttsn.clientid=sn-1 9:9000 100..101, 2 strong"));
    world_free(w);
}

/* ---- TLS ---- */

struct hello {
    uint8_t random;
    const char *session_id, *server_name, *ticket;
    const char *psk; /* external identity */
    uint32_t psk_age;
};

static void put_extension(struct wire *w, uint16_t type, const struct wire *body)
{
    wire_number(w, type, 2);
    wire_number(w, body->len, 2);
    wire_put(w, wire_bytes(body));
}

static void put_handshake(struct wire *w, uint8_t type, const struct wire *body)
{
    wire_number(w, 22, 1);
    wire_number(w, 0x0303, 2);
    wire_number(w, body->len + 4, 2);
    wire_number(w, type, 1);
    wire_number(w, body->len, 3);
    wire_put(w, wire_bytes(body));
}

static void hello_body(struct wire *body, const struct hello *hello)
{
    struct wire extensions = { 0 }, one = { 0 };

    body->len = 0;
    wire_number(body, 0x0303, 2);
    wire_fill(body, hello->random, 32);
    wire_short_string(body, bytes_text(hello->session_id ? hello->session_id : ""));
    wire_number(body, 0x000200ae, 4);
    wire_number(body, 0x0100, 2);
    if (hello->server_name) {
        wire_number(&one, strlen(hello->server_name) + 3, 2);
        wire_number(&one, 0, 1);
        wire_identity(&one, hello->server_name);
        put_extension(&extensions, 0, &one);
    }
    if (hello->ticket) {
        one.len = 0;
        wire_put(&one, bytes_text(hello->ticket));
        put_extension(&extensions, 35, &one);
    }
    if (hello->psk) {
        one.len = 0;
        wire_number(&one, strlen(hello->psk) + 6, 2);
        wire_identity(&one, hello->psk);
        wire_number(&one, hello->psk_age, 4);
        wire_number(&one, 33, 2);
        wire_number(&one, 32, 1);
        wire_fill(&one, 0xbb, 32);
        put_extension(&extensions, 41, &one);
    }
    wire_number(body, extensions.len, 2);
    wire_put(body, wire_bytes(&extensions));
}

static struct bytes tls_client_hello(struct wire *w, struct hello hello)
{
    struct wire body;

    hello_body(&body, &hello);
    w->len = 0;
    put_handshake(w, 1, &body);
    return wire_bytes(w);
}

/* is_13: with the version of 1.3, and the first identity selected. */
static void server_body(struct wire *body, const char *session_id, bool is_13)
{
    body->len = 0;
    wire_number(body, 0x0303, 2);
    wire_fill(body, 0xee, 32);
    wire_short_string(body, bytes_text(session_id));
    wire_number(body, is_13 ? 0x1301 : 0x00ae, 2);
    wire_number(body, 0, 1);
    if (is_13)
        wire_put(body, bytes_of("\0\x0c\0\x2b\0\2\3\4\0\x29\0\2\0\0", 14));
}

static void put_cipher_change(struct wire *w)
{
    wire_put(w, bytes_of("\x14\3\3\0\1\1", 6));
}

static void put_sealed(struct wire *w)
{
    wire_put(w, bytes_of("\x17\3\3\0\4abcd", 9));
}

/* The handshake of 1.2 with a PSK; ticket: that the server gives out. */
static void tls_psk_handshake(struct world *w, int64_t second, struct connection *c, struct hello hello,
                              const char *identity, const char *ticket)
{
    struct wire message, body = { 0 };

    world_connect(w, second, c);
    world_say(w, second, c, false, tls_client_hello(&message, hello));
    message.len = 0;
    server_body(&body, "", false);
    put_handshake(&message, 2, &body);
    put_handshake(&message, 14, &(struct wire) { 0 });
    world_say(w, second, c, true, wire_bytes(&message));
    message.len = body.len = 0;
    wire_identity(&body, identity);
    put_handshake(&message, 16, &body);
    put_cipher_change(&message);
    world_say(w, second, c, false, wire_bytes(&message));
    message.len = body.len = 0;
    wire_number(&body, 3600, 4);
    wire_identity(&body, ticket);
    put_handshake(&message, 4, &body);
    put_cipher_change(&message);
    world_say(w, second + 1, c, true, wire_bytes(&message));
}

static void a_psk_identity_names_a_tls_connection_and_its_ticket_the_next(void **state)
{
    struct connection first = { here, tls_server, { 100, 5000 } }, second = { there, tls_server, { 9, 10 } };
    struct world *w = world_new();
    struct wire message, body;

    (void)state;
    tls_psk_handshake(w, 0, &first, (struct hello) { .random = 1, .server_name = "gw" }, "psk-1",
                      "a ticket, sealed by the server");
    world_connect(w, 10, &second);
    world_say(w, 10, &second, false,
              tls_client_hello(&message, (struct hello) { .random = 2,
                                                          .session_id = "made up",
                                                          .ticket = "a ticket, sealed by the server" }));
    message.len = 0;
    server_body(&body, "made up", false);
    put_handshake(&message, 2, &body);
    put_cipher_change(&message);
    world_say(w, 11, &second, true, wire_bytes(&message));
    message.len = 0;
    put_cipher_change(&message);
    put_sealed(&message);
    world_say(w, 12, &second, false, wire_bytes(&message));
    assert_world(w, HEARD("handshake tls.sni=gw 1:1000 0..1, 7 strong",
                          "handshake dtls.psk=psk-1 1:1000 0..1, 7 strong",
                          "resumed tls.sni=gw 9:9000 10..12, 6 probable",
                          "resumed dtls.psk=psk-1 9:9000 10..12, 6 probable"));
    world_free(w);
}

static void a_ticket_that_is_not_taken_says_nothing(void **state)
{
    struct connection first = { here, tls_server, { 100, 5000 } }, second = { there, tls_server, { 9, 10 } };
    struct world *w = world_new();

    (void)state;
    tls_psk_handshake(w, 0, &first, (struct hello) { .random = 1 }, "psk-1", "ticket");
    tls_psk_handshake(w, 10, &second, (struct hello) { .random = 2, .ticket = "ticket" }, "psk-2", "other");
    assert_world(w, HEARD("handshake dtls.psk=psk-1 1:1000 0..1, 7 strong",
                          "handshake dtls.psk=psk-2 9:9000 10..11, 7 strong"));
    world_free(w);
}

static void of_what_a_1_3_hello_offers_identities_are_told_from_tickets(void **state)
{
    static const char *const random_bytes =
        "\x8e\x11\xf3\x9a\xc4\x01\x77\xd2\x90\xee\x42\x18\xb5\x6c\xf0\x2d"
        "\x3f\x81\xa9\xd7\x66\x05\xe3\x4b\x9c\xfa\x10\x72\xc8\x5e\x99\xab"
        "\x8e\x11\xf3\x9a\xc4\x01\x77\xd2\x90\xee\x42\x18\xb5\x6c\xf0\x2d"
        "\x3f\x81\xa9\xd7\x66\x05\xe3\x4b\x9c\xfa\x10\x72\xc8\x5e\x99\xab";
    const struct {
        const char *name, *psk;
        uint32_t age;
        bool is_named;
    } cases[] = {
        { "an identity has no age", "dev-13", 0, true },
        { "a ticket has one", "dev-13", 77, false },
        { "or is long and random", random_bytes, 0, false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct connection c = { here, tls_server, { 100, 5000 } };
        struct world *w = world_new();
        struct wire message, body;

        print_message("%s\n", cases[i].name);
        world_connect(w, 0, &c);
        world_say(w, 1, &c, false,
                  tls_client_hello(&message,
                                   (struct hello) { 3, "compat", NULL, NULL, cases[i].psk, cases[i].age }));
        message.len = 0;
        server_body(&body, "compat", true);
        put_handshake(&message, 2, &body);
        put_cipher_change(&message);
        put_sealed(&message);
        world_say(w, 2, &c, true, wire_bytes(&message));
        message.len = 0;
        put_sealed(&message);
        world_say(w, 3, &c, false, wire_bytes(&message));
        if (cases[i].is_named)
            assert_world(w, HEARD("handshake dtls.psk13=dev-13 1:1000 0..3, 6 strong"));
        else
            assert_world(w, HEARD_NOTHING);
        assert_int_equal(w->n_nameless, !cases[i].is_named);
        world_free(w);
    }
}

/* ---- certificates ---- */

static void put_der(struct wire *w, uint8_t tag, struct bytes content)
{
    wire_number(w, tag, 1);
    if (content.len < 128) {
        wire_number(w, content.len, 1);
    } else {
        wire_number(w, 0x82, 1);
        wire_number(w, content.len, 2);
    }
    wire_put(w, content);
}

static void put_der_around(struct wire *w, uint8_t tag)
{
    struct wire content = *w;

    w->len = 0;
    put_der(w, tag, wire_bytes(&content));
}

static void put_name(struct wire *w, const char *common_name)
{
    struct wire name = { 0 };

    put_der(&name, 0x06, bytes_of("\x55\x04\x03", 3));
    put_der(&name, 0x0c, bytes_text(common_name));
    put_der_around(&name, 0x30);
    put_der_around(&name, 0x31);
    put_der_around(&name, 0x30);
    wire_put(w, wire_bytes(&name));
}

static void put_certificate(struct wire *w, const char *issuer, const char *subject, const char *dns)
{
    struct wire names = { 0 }, extension = { 0 };

    w->len = 0;
    put_der(w, 0xa0, bytes_of("\2\1\2", 3));
    put_der(w, 0x02, bytes_of("\1", 1));
    put_der(w, 0x30, bytes_text(""));
    put_name(w, issuer);
    put_der(w, 0x30, bytes_text(""));
    put_name(w, subject);
    put_der(w, 0x30, bytes_text(""));
    put_der(&names, 0x82, bytes_text(dns));
    put_der(&names, 0x87, bytes_of("\xc0\0\2\1", 4));
    put_der(&names, 0x83, bytes_text("x400")); /* of a kind that names nobody here */
    put_der_around(&names, 0x30);
    put_der(&extension, 0x06, bytes_of("\x55\x1d\x11", 3));
    put_der(&extension, 0x01, bytes_of("\xff", 1));
    put_der(&extension, 0x04, wire_bytes(&names));
    put_der_around(&extension, 0x30);
    put_der_around(&extension, 0x30);
    put_der(w, 0xa3, wire_bytes(&extension));
    put_der_around(w, 0x30);
    put_der_around(w, 0x30);
}

/* A Certificate message's body, as both TLS and DTLS have it. */
static void certificate_body(struct wire *body, const char *subject, const char *dns)
{
    struct wire certificate;

    put_certificate(&certificate, "the issuer", subject, dns);
    body->len = 0;
    wire_number(body, certificate.len + 3, 3);
    wire_number(body, certificate.len, 3);
    wire_put(body, wire_bytes(&certificate));
}

static void a_clients_certificate_names_it_and_its_servers_does_not(void **state)
{
    struct world *w = world_new();
    struct wire datagram = { 0 }, body = { 0 };

    (void)state;
    wire_client_hello(&datagram, 0, (struct wire_hello) { .random = 5 });
    world_udp(w, 0, here, dtls_server, wire_bytes(&datagram));
    datagram.len = 0;
    wire_server_hello(&datagram, 0, 0xc0ac, (struct wire_hello) { .random = 6 });
    certificate_body(&body, "the server", "server.example");
    wire_message(&datagram, DTLS_CERTIFICATE, 1, &body);
    world_udp(w, 1, dtls_server, here, wire_bytes(&datagram));
    datagram.len = 0;
    certificate_body(&body, "meter-9", "meter-9.example");
    for (size_t at = body.len; at > 0;) { /* in pieces, the last one first */
        size_t n = at > 40 ? 40 : at;

        at -= n;
        wire_fragment(&datagram, DTLS_CERTIFICATE, 1, wire_bytes(&body), at, n);
    }
    world_udp(w, 2, here, dtls_server, wire_bytes(&datagram));
    datagram.len = 0;
    wire_cipher_change(&datagram);
    world_udp(w, 3, here, dtls_server, wire_bytes(&datagram));
    world_udp(w, 4, dtls_server, here, wire_bytes(&datagram));
    assert_world(w, HEARD("handshake cert.cn=meter-9 1:1000 0..4, 5 strong",
                          "handshake cert.san=meter-9.example 1:1000 0..4, 5 strong",
                          "handshake cert.san=c0000201 1:1000 0..4, 5 strong"));
    world_free(w);
}

/* ---- DTLS key exchanges ---- */

static void every_psk_key_exchange_names_its_client(void **state)
{
    static const struct {
        const char *name;
        uint16_t suite;
        size_t behind; /* bytes behind the identity: its own length first */
        unsigned length_bytes;
    } cases[] = {
        { "PSK", 0xc0a8, 0, 0 },
        { "DHE_PSK", 0x00b2, 64, 2 },
        { "RSA_PSK", 0x00b6, 128, 2 },
        { "ECDHE_PSK", 0xc037, 65, 1 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wire datagram = { 0 }, body = { 0 };
        struct world *w = world_new();

        print_message("%s\n", cases[i].name);
        wire_client_hello(&datagram, 0, (struct wire_hello) { .random = 5 });
        world_udp(w, 0, here, dtls_server, wire_bytes(&datagram));
        datagram.len = 0;
        wire_server_hello(&datagram, 0, cases[i].suite, (struct wire_hello) { .random = 6 });
        world_udp(w, 1, dtls_server, here, wire_bytes(&datagram));
        datagram.len = 0;
        wire_identity(&body, "psk-7");
        wire_number(&body, cases[i].behind, cases[i].length_bytes);
        wire_fill(&body, 0xaa, cases[i].behind);
        wire_fragment(&datagram, DTLS_CLIENT_KEY_EXCHANGE, 2, wire_bytes(&body), 4, body.len - 4);
        wire_fragment(&datagram, DTLS_CLIENT_KEY_EXCHANGE, 2, wire_bytes(&body), 0, 4);
        wire_cipher_change(&datagram);
        world_udp(w, 2, here, dtls_server, wire_bytes(&datagram));
        datagram.len = 0;
        wire_cipher_change(&datagram);
        world_udp(w, 3, dtls_server, here, wire_bytes(&datagram));
        assert_world(w, HEARD("handshake dtls.psk=psk-7 1:1000 0..3, 4 strong"));
        world_free(w);
    }
}

static void a_key_exchange_whose_hello_was_not_seen_names_all_the_same(void **state)
{
    struct wire datagram = { 0 };
    struct world *w = world_new();

    (void)state;
    wire_client_key_exchange(&datagram, 2, "psk-7");
    wire_cipher_change(&datagram);
    world_udp(w, 0, here, dtls_server, wire_bytes(&datagram));
    datagram.len = 0;
    wire_cipher_change(&datagram);
    world_udp(w, 1, dtls_server, here, wire_bytes(&datagram));
    assert_world(w, HEARD("handshake dtls.psk=psk-7 1:1000 0..1, 2 strong"));
    world_free(w);
}

static void a_session_begun_before_is_counted_as_nobodys(void **state)
{
    struct wire datagram = { 0 };
    struct world *w = world_new();

    (void)state;
    wire_secret(&datagram, DTLS_APPLICATION_RECORD, 7, (struct bytes) { 0 });
    world_udp(w, 0, here, dtls_server, wire_bytes(&datagram));
    world_udp(w, 1, dtls_server, here, wire_bytes(&datagram));
    assert_world(w, HEARD_NOTHING);
    assert_int_equal(w->n_nameless, 1);
    assert_int_equal(tracker_counters(w->tracker)->n_anonymous, 1);
    world_free(w);
}

/* ---- DHCP ---- */

static struct bytes dhcp(struct wire *w, uint8_t op, uint8_t type, uint32_t yours, const char *host_name)
{
    w->len = 0;
    wire_number(w, (uint64_t)op << 24 | 0x010600, 4);
    wire_number(w, 0x1234, 4);
    wire_number(w, 0, 8);
    wire_number(w, yours, 4);
    wire_number(w, 0, 8);
    wire_put(w, bytes_of("\2\0\x5e\0\0\7", 6));
    wire_fill(w, 0, 10 + 64 + 128);
    wire_number(w, 0x63825363, 4);
    wire_put(w, bytes_of("\x35\1", 2));
    wire_number(w, type, 1);
    if (host_name) {
        wire_number(w, 12, 1);
        wire_short_string(w, bytes_text(host_name));
    } else {
        wire_put(w, bytes_of("\x33\4\0\0\0\x64", 6)); /* for a hundred seconds */
    }
    wire_number(w, 255, 1);
    return wire_bytes(w);
}

static void an_address_is_its_leases_until_that_ends(void **state)
{
    static const struct wire_end nobody = { 0, 68 }, everybody = { 0xffffffff, 67 },
                                 other = { 0x0a000007, 68 };
    static const struct wire_end dhcp_server = { 0x0a000002, 67 }, leased = { 0x0a000007, 5000 };
    struct world *w = world_new();
    struct wire message;

    (void)state;
    world_udp(w, 0, leased, coap_server, bytes_text("before"));
    world_udp(w, 1, nobody, everybody, dhcp(&message, 1, 3, 0, "meter-7"));
    world_udp(w, 2, dhcp_server, other, dhcp(&message, 2, 5, leased.address, NULL));
    world_udp(w, 50, leased, coap_server, bytes_text("its own"));
    world_udp(w, 60, coap_server, leased, bytes_text("for it"));
    world_udp(w, 110, leased, coap_server, bytes_text("somebody's"));
    assert_world(
        w,
        HEARD("request mac=02005e000007 0:68 1..1, 1 strong", "request dhcp.host=meter-7 0:68 1..1, 1 strong",
              "request mac=02005e000007 7:68 2..2, 1 strong", "request dhcp.host=meter-7 7:68 2..2, 1 strong",
              "lease mac=02005e000007 7:0 50..60, 2 strong", "lease dhcp.host=meter-7 7:0 50..60, 2 strong"));
    world_free(w);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_endpoint_is_named_by_its_registration),
        cmocka_unit_test(a_registration_that_is_refused_or_not_answered_is_an_attempt),
        cmocka_unit_test(an_update_takes_the_registration_to_another_address),
        cmocka_unit_test(an_update_of_a_location_nobody_knows_names_nobody),
        cmocka_unit_test(what_is_plain_is_weak_after_a_silence_and_void_after_a_long_one),
        cmocka_unit_test(a_weak_flow_is_sure_again_once_the_location_is_said),
        cmocka_unit_test(a_key_id_names_who_asks_with_its_context_in_front),
        cmocka_unit_test(a_client_id_names_the_connection_from_its_syn_on),
        cmocka_unit_test(a_connect_in_two_segments_is_put_together),
        cmocka_unit_test(an_id_that_the_server_assigns_names_the_client),
        cmocka_unit_test(a_client_that_is_refused_made_an_attempt),
        cmocka_unit_test(a_new_connection_on_the_same_ports_is_a_new_clients),
        cmocka_unit_test(a_syn_that_the_server_does_not_answer_ends_nothing),
        cmocka_unit_test(after_a_silence_a_stream_must_go_on_where_it_was),
        cmocka_unit_test(a_sensors_client_id_names_its_flow),
        cmocka_unit_test(a_psk_identity_names_a_tls_connection_and_its_ticket_the_next),
        cmocka_unit_test(a_ticket_that_is_not_taken_says_nothing),
        cmocka_unit_test(of_what_a_1_3_hello_offers_identities_are_told_from_tickets),
        cmocka_unit_test(a_clients_certificate_names_it_and_its_servers_does_not),
        cmocka_unit_test(every_psk_key_exchange_names_its_client),
        cmocka_unit_test(a_key_exchange_whose_hello_was_not_seen_names_all_the_same),
        cmocka_unit_test(a_session_begun_before_is_counted_as_nobodys),
        cmocka_unit_test(an_address_is_its_leases_until_that_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
