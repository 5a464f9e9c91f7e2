/* SPDX-License-Identifier: Apache-2.0 */
#include "device/tracker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "device/identity.h"
#include "protocol/fragment_flow.h"
#include "protocol/state.h"
#include "protocol/wire.h"

enum { PSK = 0xc0a8, BINDINGS = 64 };

#define SECOND INT64_C(1000000000)

static const struct wire_end server = { 0xc0000201, 5684 };
static const struct wire_end here = { 0x0a000001, 1000 }, there = { 0x0a000009, 9000 };

/* What the tracker said, as text: "handshake dev-1 10.0.0.1:1000 0..5 s, 6 packets". */
struct heard {
    char text[BINDINGS][160];
    unsigned n;
    unsigned n_nameless; /* spans that nobody named */
    char places[256];    /* of the last identity */
    unsigned n_anybody;  /* places that may name anybody */
};

struct world {
    struct tracker *tracker;
    struct dissect_state *state;
    struct fragment_flows *flows;
    struct demand demand;
    struct dissection d;
    struct heard heard;
    struct wire payload; /* the next datagram, until it is sent */
    uint32_t place;
};

static void on_binding(void *context, const struct binding *binding)
{
    struct heard *heard = context;
    const struct ip_address *device = binding->is_client_low ? &binding->flow.low : &binding->flow.high;
    uint16_t port = binding->is_client_low ? binding->flow.port_low : binding->flow.port_high;

    assert_true(heard->n < BINDINGS);
    if (binding->scheme == IDENTITY_NONE) {
        heard->n_nameless++;
        return;
    }
    snprintf(heard->text[heard->n++], sizeof heard->text[0], "%s %.*s %u:%u %lld..%lld, %llu",
             binding_reason_name(binding->reason), (int)binding->identity.len, binding->identity.data,
             device->bytes[3], port, (long long)(binding->from_ns / SECOND),
             (long long)(binding->to_ns / SECOND), (unsigned long long)binding->n_packets);
}

static void on_identity(void *context, enum identity_scheme scheme, struct bytes identity,
                        const uint32_t *places, uint32_t n)
{
    struct heard *heard = context;
    size_t len;

    if (scheme == IDENTITY_NONE) {
        assert_int_equal(identity.len, 0);
        heard->n_anybody += n;
        return;
    }
    len = (size_t)snprintf(heard->places, sizeof heard->places, "%.*s:", (int)identity.len, identity.data);
    for (uint32_t i = 0; i < n && len < sizeof heard->places;
         i++) /* a name may be longer than is looked at */
        len += (size_t)snprintf(heard->places + len, sizeof heard->places - len, " %u", places[i]);
}

static struct world *world_new(uint32_t limit_flows, uint32_t limit_sessions)
{
    struct world *w = calloc(1, sizeof *w);
    struct tracker_options options = { .limit_flows = limit_flows,
                                       .limit_sessions = limit_sessions,
                                       .hash_seed = 1,
                                       .context = &w->heard,
                                       .binding = on_binding,
                                       .identity = on_identity };

    w->tracker = tracker_new(&options);
    w->state = dissect_state_new(1);
    w->flows = fragment_flows_new(1);
    demand_init(&w->demand);
    tracker_demand(&w->demand);
    demand_settle(&w->demand);
    dissection_init(&w->d, &w->demand, w->state, NULL);
    return w;
}

static void world_free(struct world *w)
{
    tracker_free(w->tracker);
    dissect_state_free(w->state);
    fragment_flows_free(w->flows);
    free(w);
}

static void deliver_frame(struct world *w, int64_t second, const struct wire *frame)
{
    struct fragment_flow flow;
    struct packet packet = wire_packet(frame, LINKTYPE_ETHERNET, second * SECOND);

    dissect(&w->d, &packet);
    for (uint32_t i = 0; i < w->d.n_layers; i++) {
        if (fragment_flow(w->flows, &w->d, i, w->place, &flow) == FRAGMENT_FLOW_WHOLE)
            tracker_packet(w->tracker, &w->d, i, &flow.key, flow_key_hash(&flow.key, 1), flow.is_forward,
                           w->place);
    }
    w->place++;
}

/* Sends w->payload and empties it. */
static void deliver(struct world *w, int64_t second, struct wire_end from, struct wire_end to)
{
    struct wire frame;

    wire_udp(&frame, from, to, wire_bytes(&w->payload));
    deliver_frame(w, second, &frame);
    w->payload.len = 0;
}

/* Words of a conversation: the handshake's steps, each one datagram. */
struct session_setup {
    uint8_t random;
    const char *identity;   /* NULL: an abbreviated handshake */
    const char *offered;    /* session id in the ClientHello */
    const char *session_id; /* in the ServerHello */
    const char *cid;        /* that the server asks for; NULL none */
};

static struct bytes text_or_none(const char *text)
{
    return text ? bytes_text(text) : (struct bytes) { 0 };
}

static void client_hello(struct world *w, int64_t second, struct wire_end device,
                         const struct session_setup *s, const char *cookie)
{
    wire_client_hello(&w->payload, cookie ? 1 : 0,
                      (struct wire_hello) { .random = s->random,
                                            .session_id = text_or_none(s->offered),
                                            .cookie = text_or_none(cookie),
                                            .has_cid = s->cid });
    deliver(w, second, device, server);
}

static void verify_request(struct world *w, int64_t second, struct wire_end device)
{
    struct wire body = { 0 };

    wire_number(&body, 0xfefd, 2);
    wire_short_string(&body, bytes_text("cookie"));
    wire_message(&w->payload, DTLS_HELLO_VERIFY_REQUEST, 0, &body);
    deliver(w, second, server, device);
}

static void server_hello(struct world *w, int64_t second, struct wire_end device,
                         const struct session_setup *s)
{
    wire_server_hello(&w->payload, 1, PSK,
                      (struct wire_hello) { .random = 0xee,
                                            .session_id = text_or_none(s->session_id),
                                            .has_cid = s->cid,
                                            .cid = text_or_none(s->cid) });
    if (s->identity) {
        wire_message(&w->payload, DTLS_SERVER_HELLO_DONE, 2, &(struct wire) { 0 });
    } else {
        wire_cipher_change(&w->payload);
        wire_secret(&w->payload, DTLS_HANDSHAKE_RECORD, 0, (struct bytes) { 0 });
    }
    deliver(w, second, server, device);
}

static void client_finish(struct world *w, int64_t second, struct wire_end device,
                          const struct session_setup *s)
{
    if (s->identity)
        wire_client_key_exchange(&w->payload, 2, s->identity);
    wire_cipher_change(&w->payload);
    wire_secret(&w->payload, DTLS_HANDSHAKE_RECORD, 0, text_or_none(s->cid));
    deliver(w, second, device, server);
}

static void server_finish(struct world *w, int64_t second, struct wire_end device)
{
    wire_cipher_change(&w->payload);
    wire_secret(&w->payload, DTLS_HANDSHAKE_RECORD, 0, (struct bytes) { 0 });
    deliver(w, second, server, device);
}

/* Six packets in the seconds from..from + 5; four when abbreviated. */
static void handshake(struct world *w, int64_t from, struct wire_end device, const struct session_setup *s)
{
    client_hello(w, from, device, s, NULL);
    verify_request(w, from + 1, device);
    client_hello(w, from + 2, device, s, "cookie");
    server_hello(w, from + 3, device, s);
    client_finish(w, from + 4, device, s);
    if (s->identity)
        server_finish(w, from + 5, device);
}

static void up(struct world *w, int64_t second, struct wire_end device, uint64_t sequence, const char *cid)
{
    wire_secret(&w->payload, DTLS_APPLICATION_RECORD, sequence, text_or_none(cid));
    deliver(w, second, device, server);
}

static void down(struct world *w, int64_t second, struct wire_end device, uint64_t sequence)
{
    wire_secret(&w->payload, DTLS_APPLICATION_RECORD, sequence, (struct bytes) { 0 });
    deliver(w, second, server, device);
}

static void alert(struct world *w, int64_t second, struct wire_end device)
{
    wire_record(&w->payload, DTLS_ALERT_RECORD, 0, 9, (struct bytes) { 0 },
                bytes_of((const uint8_t *)"\2\x14", 2));
    deliver(w, second, server, device);
}

/* Ends the recording and compares all that was heard with lines of text; one line NULL ends them. */
static void assert_heard(struct world *w, const char *const *lines)
{
    tracker_checkpoint(w->tracker, true);
    for (unsigned i = 0; lines[i]; i++) {
        if (i >= w->heard.n)
            fail_msg("not heard: %s", lines[i]);
        assert_string_equal(w->heard.text[i], lines[i]);
    }
    for (unsigned i = 0; i < w->heard.n; i++) {
        if (lines[i] == NULL)
            fail_msg("heard beyond: %s", w->heard.text[i]);
    }
}

#define HEARD(...) ((const char *const[]) { __VA_ARGS__, NULL })
#define HEARD_NOTHING ((const char *const[]) { NULL })

static const struct session_setup plain = { .random = 1, .identity = "dev-1" };
static const struct session_setup with_cid = { .random = 1, .identity = "dev-1", .cid = "12345678" };

static void a_full_handshake_names_the_flow_from_its_first_hello_on(void **state)
{
    struct world *w = world_new(0, 0);

    (void)state;
    handshake(w, 0, here, &plain);
    up(w, 7, here, 1, NULL);
    down(w, 8, here, 1);
    assert_heard(w, HEARD("handshake dev-1 1:1000 0..8, 8"));
    assert_string_equal(w->heard.places, "dev-1: 0 1 2 3 4"); /* packets before it was spelt, too */
    assert_int_equal(tracker_counters(w->tracker)->n_handshakes, 1);
    world_free(w);
}

static void a_repeated_hello_begins_nothing_new(void **state)
{
    struct world *w = world_new(0, 0);

    (void)state;
    client_hello(w, 0, here, &plain, NULL);
    handshake(w, 1, here, &plain);
    client_hello(w, 7, here, &plain, "cookie"); /* late */
    assert_heard(w, HEARD("handshake dev-1 1:1000 0..7, 8"));
    world_free(w);
}

static void a_lost_last_flight_is_made_up_for_by_the_records_behind_it(void **state)
{
    struct world *w = world_new(0, 0);

    (void)state;
    client_hello(w, 0, here, &plain, NULL);
    server_hello(w, 1, here, &plain);
    client_finish(w, 2, here, &plain);
    down(w, 3, here, 1); /* its change of cipher was not seen */
    up(w, 4, here, 1, NULL);
    assert_heard(w, HEARD("handshake dev-1 1:1000 0..4, 5"));
    world_free(w);
}

static void a_handshake_that_fails_is_an_attempt_and_changes_nothing(void **state)
{
    static const struct session_setup other = { .random = 2, .identity = "dev-2" };
    struct world *w = world_new(0, 0);

    (void)state;
    handshake(w, 0, here, &plain);
    client_hello(w, 10, here, &other, NULL);
    server_hello(w, 11, here, &other);
    client_finish(w, 12, here, &other);
    alert(w, 13, here);
    down(w, 14, here, 100); /* the session that stands is still spoken to: no sign that the new one does */
    up(w, 15, here, 100, NULL);
    assert_heard(w, HEARD("attempt dev-2 1:1000 10..13, 4", "handshake dev-1 1:1000 0..15, 8"));
    assert_int_equal(tracker_counters(w->tracker)->n_attempts, 1);
    world_free(w);
}

static void a_hello_from_the_servers_side_leaves_the_device_on_its_own(void **state)
{
    struct world *w = world_new(0, 0);

    (void)state;
    handshake(w, 0, here, &plain);
    wire_client_hello(&w->payload, 0, (struct wire_hello) { .random = 77 });
    deliver(w, 6, server, here);
    up(w, 7, here, 1, NULL);
    assert_heard(w, HEARD("handshake dev-1 1:1000 0..7, 8"));
    world_free(w);
}

static void a_retry_without_answer_is_the_sessions(void **state)
{
    static const struct session_setup again = { .random = 3 };
    struct world *w = world_new(0, 0);

    (void)state;
    handshake(w, 0, here, &plain);
    client_hello(w, 20, here, &again, NULL);
    client_hello(w, 22, here, &again, NULL);
    assert_heard(w, HEARD("handshake dev-1 1:1000 0..22, 8"));
    world_free(w);
}

static void a_new_handshake_on_the_flow_ends_the_old_binding(void **state)
{
    static const struct session_setup other = { .random = 2, .identity = "dev-2" };
    struct world *w = world_new(0, 0);

    (void)state;
    handshake(w, 0, here, &plain);
    handshake(w, 100, here, &other);
    up(w, 110, here, 1, NULL);
    assert_heard(w, HEARD("handshake dev-1 1:1000 0..5, 6", "handshake dev-2 1:1000 100..110, 7"));
    world_free(w);
}

static void a_resumed_session_keeps_its_identity_at_another_address(void **state)
{
    static const struct session_setup full = { .random = 1, .identity = "dev-1", .session_id = "sid-1" };
    static const struct session_setup resumed = { .random = 2, .offered = "sid-1", .session_id = "sid-1" };
    struct world *w = world_new(0, 0);

    (void)state;
    handshake(w, 0, here, &full);
    handshake(w, 100, there, &resumed);
    up(w, 106, there, 1, NULL);
    assert_heard(w, HEARD("handshake dev-1 1:1000 0..5, 6", "resumed dev-1 9:9000 100..106, 6"));
    assert_int_equal(tracker_counters(w->tracker)->n_resumed, 1);
    world_free(w);
}

static void an_unknown_resumption_makes_the_flow_nobodys(void **state)
{
    static const struct session_setup unknown = { .random = 2, .offered = "sid-9", .session_id = "sid-9" };
    struct world *w = world_new(0, 0);

    (void)state;
    handshake(w, 0, here, &plain);
    handshake(w, 10, here, &unknown);
    up(w, 20, here, 1, NULL);
    assert_heard(w, HEARD("handshake dev-1 1:1000 0..5, 6"));
    assert_int_equal(tracker_counters(w->tracker)->n_anonymous, 1);
    world_free(w);
}

static void a_refused_resumption_is_a_full_handshake(void **state)
{
    static const struct session_setup full = { .random = 1, .identity = "dev-1", .session_id = "sid-1" };
    static const struct session_setup other = {
        .random = 2, .identity = "dev-2", .offered = "sid-1", .session_id = "sid-2"
    };
    struct world *w = world_new(0, 0);

    (void)state;
    handshake(w, 0, here, &full);
    handshake(w, 100, here, &other);
    assert_heard(w, HEARD("handshake dev-1 1:1000 0..5, 6", "handshake dev-2 1:1000 100..105, 6"));
    world_free(w);
}

static void a_connection_id_takes_the_session_to_another_address(void **state)
{
    struct world *w = world_new(0, 0);

    (void)state;
    handshake(w, 0, here, &with_cid);
    up(w, 10, here, 1, "12345678");
    up(w, 100, there, 2, "12345678");
    down(w, 101, there, 1);
    assert_heard(w, HEARD("handshake dev-1 1:1000 0..10, 7", "connection id dev-1 9:9000 100..101, 2"));
    assert_int_equal(tracker_counters(w->tracker)->n_cid_moves, 1);
    world_free(w);
}

static void a_connection_id_nobody_knows_makes_the_flow_nobodys(void **state)
{
    struct world *w = world_new(0, 0);

    (void)state;
    handshake(w, 0, here, &with_cid);
    up(w, 10, here, 1, "87654321");
    up(w, 11, here, 2, "87654321");
    down(w, 12, here, 9);
    assert_heard(w, HEARD("handshake dev-1 1:1000 0..5, 6"));
    world_free(w);
}

static void an_address_a_session_left_is_not_its_own_any_more(void **state)
{
    struct world *w = world_new(0, 0);

    (void)state;
    handshake(w, 0, here, &with_cid);
    up(w, 7, there, 1, "12345678");
    down(w, 8, here, 1);      /* still on its way */
    up(w, 12, here, 9, NULL); /* without the id: a stranger's */
    down(w, 13, here, 9);
    up(w, 20, there, 2, "12345678");
    up(w, 30, here, 3, "12345678"); /* back */
    down(w, 31, here, 3);
    down(w, 40, there, 4); /* where it is not */
    assert_heard(w, HEARD("handshake dev-1 1:1000 0..8, 7", "connection id dev-1 9:9000 7..20, 2",
                          "connection id dev-1 1:1000 30..31, 2"));
    world_free(w);
}

static void an_address_taken_over_by_another_devices_cid_is_the_others(void **state)
{
    static const struct session_setup other = { .random = 2, .identity = "dev-2", .cid = "22222222" };
    struct world *w = world_new(0, 0);

    (void)state;
    handshake(w, 0, here, &with_cid);
    handshake(w, 10, there, &other);
    up(w, 20, here, 5, "22222222");
    down(w, 21, here, 5);
    assert_heard(w, HEARD("handshake dev-1 1:1000 0..5, 6", "handshake dev-2 9:9000 10..15, 6",
                          "connection id dev-2 1:1000 20..21, 2"));
    world_free(w);
}

static void a_cid_given_out_again_is_the_new_handshakes(void **state)
{
    static const struct session_setup other = { .random = 2, .identity = "dev-2", .cid = "12345678" };
    struct world *w = world_new(0, 0);

    (void)state;
    handshake(w, 0, here, &with_cid);
    handshake(w, 10, there, &other); /* the server was started anew */
    up(w, 20, there, 5, "12345678");
    assert_heard(w, HEARD("handshake dev-1 1:1000 0..5, 6", "handshake dev-2 9:9000 10..20, 7"));
    assert_int_equal(tracker_counters(w->tracker)->n_cid_moves, 0);
    world_free(w);
}

static void the_bytes_of_a_key_exchange_are_no_connection_id(void **state)
{
    /* An id as short as the length field that stands in its place in a record without one. */
    static const struct session_setup first = { .random = 1, .identity = "dev-1", .cid = "\x01\x13" };
    static const struct session_setup second = { .random = 2, .identity = "dev-2", .cid = "ab" };
    struct world *w = world_new(0, 0);
    struct wire body = { 0 };

    (void)state;
    handshake(w, 0, here, &first);
    client_hello(w, 10, there, &second, NULL);
    server_hello(w, 11, there, &second);
    wire_identity(&body, "dev-2");
    wire_fill(&body, 0, 256);
    wire_message(&w->payload, DTLS_CLIENT_KEY_EXCHANGE, 2, &body); /* of 0x0113 bytes */
    wire_cipher_change(&w->payload);
    wire_secret(&w->payload, DTLS_HANDSHAKE_RECORD, 0, bytes_text("ab"));
    assert_memory_equal(w->payload.data + 11, "\x01\x13", 2);
    deliver(w, 12, there, server);
    server_finish(w, 13, there);
    assert_heard(w, HEARD("handshake dev-1 1:1000 0..5, 6", "handshake dev-2 9:9000 10..13, 4"));
    assert_int_equal(tracker_counters(w->tracker)->n_cid_moves, 0);
    world_free(w);
}

static void after_a_silence_only_a_fitting_sequence_number_is_the_devices(void **state)
{
    static const struct {
        const char *name;
        int64_t second;
        uint64_t sequence;
        bool is_devices;
    } cases[] = {
        { "goes on", 1000, 51, true },       { "some were lost", 1000, 9000, true },
        { "a little late", 1000, 45, true }, { "another session's, lower", 1000, 0x7fffffff, false },
        { "leaps", 1000, 20000, false },     { "no silence: not asked", 25, 20000, true },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world *w = world_new(0, 0);
        char expected[160];

        print_message("%s\n", cases[i].name);
        handshake(w, 0, here, &plain);
        up(w, 10, here, 50, NULL);
        up(w, cases[i].second, here, cases[i].sequence, NULL);
        snprintf(expected, sizeof expected, "handshake dev-1 1:1000 0..%lld, %d",
                 (long long)(cases[i].is_devices ? cases[i].second : 10), cases[i].is_devices ? 8 : 7);
        assert_heard(w, HEARD(expected));
        world_free(w);
    }
}

/* Another device, whose handshake nobody saw, is given the address that this one left. */
static void an_address_left_by_a_new_handshake_is_its_next_owners(void **state)
{
    static const struct session_setup again = { .random = 2, .identity = "dev-1" };
    static const struct {
        const char *name;
        bool is_down; /* who is heard first */
        uint64_t sequence;
        bool is_devices;
    } cases[] = {
        { "goes on: the identity is shared, or it has two addresses", false, 51, true },
        { "a few were lost", false, 55, true },
        { "a leap", false, 220, false },
        { "lower", false, 45, false },
        { "the server's goes on", true, 31, true },
        { "the server's leaps", true, 200, false },
        { "the server's is lower", true, 30, false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world *w = world_new(0, 0);
        char expected[160];

        print_message("%s\n", cases[i].name);
        handshake(w, 0, here, &plain);
        up(w, 10, here, 50, NULL);
        down(w, 11, here, 30);
        handshake(w, 100, there, &again);
        if (cases[i].is_down)
            down(w, 1000, here, cases[i].sequence);
        else
            up(w, 1000, here, cases[i].sequence, NULL);
        snprintf(expected, sizeof expected, "handshake dev-1 1:1000 0..%d, %d",
                 cases[i].is_devices ? 1000 : 11, cases[i].is_devices ? 9 : 8);
        if (cases[i].is_devices)
            assert_heard(w, HEARD("handshake dev-1 9:9000 100..105, 6", expected));
        else
            assert_heard(w, HEARD(expected, "handshake dev-1 9:9000 100..105, 6"));
        assert_int_equal(w->heard.n_nameless, cases[i].is_devices ? 0 : 1);
        world_free(w);
    }
}

static void an_address_left_right_after_the_handshake_is_its_next_owners(void **state)
{
    static const struct session_setup again = { .random = 2, .identity = "dev-1" };
    struct world *w = world_new(0, 0);

    (void)state;
    handshake(w, 0, here, &plain);
    handshake(w, 100, there, &again);
    up(w, 1000, here, 220, NULL);
    assert_heard(w, HEARD("handshake dev-1 1:1000 0..5, 6", "handshake dev-1 9:9000 100..105, 6"));
    world_free(w);
}

static void an_address_left_before_a_restart_is_its_next_owners(void **state)
{
    struct bytes identity = bytes_text("dev-1");
    struct world *w = world_new(0, 0);
    struct binding binding = { .scheme = IDENTITY_DTLS_PSK,
                               .identity = identity,
                               .reason = BINDING_HANDSHAKE,
                               .is_client_low = true,
                               .session = 7,
                               .flow = { .protocol = IP_PROTOCOL_UDP, .port_low = 1000, .port_high = 5684 } };

    (void)state;
    binding.flow.low = ip_address_of(bytes_of((const uint8_t[]) { 10, 0, 0, 1 }, 4));
    binding.flow.high = ip_address_of(bytes_of((const uint8_t[]) { 192, 0, 2, 1 }, 4));
    tracker_restore(w->tracker, &binding);
    binding.session = 8;
    binding.flow.port_low = 1001;
    tracker_restore(w->tracker, &binding);
    up(w, 1000, (struct wire_end) { here.address, 1000 }, 220, NULL);
    up(w, 1000, (struct wire_end) { here.address, 1001 }, 220, NULL);
    assert_heard(w, HEARD("handshake dev-1 1:1001 1000..1000, 1"));
    world_free(w);
}

static void a_checkpoint_splits_the_span(void **state)
{
    struct world *w = world_new(0, 0);

    (void)state;
    handshake(w, 0, here, &plain);
    tracker_checkpoint(w->tracker, false);
    tracker_checkpoint(w->tracker, false); /* nothing since: nothing to say */
    up(w, 10, here, 1, NULL);
    up(w, 11, here, 2, NULL);
    assert_heard(w, HEARD("handshake dev-1 1:1000 0..5, 6", "handshake dev-1 1:1000 10..11, 2"));
    world_free(w);
}

static void a_clock_set_back_begins_another_span(void **state)
{
    struct world *w = world_new(0, 0);

    (void)state;
    handshake(w, 10000, here, &plain);
    up(w, 10010, here, 1, NULL);
    up(w, 6400, here, 2, NULL);
    up(w, 6410, here, 3, NULL);
    assert_heard(w, HEARD("handshake dev-1 1:1000 10000..10010, 7", "handshake dev-1 1:1000 6400..6410, 2"));
    world_free(w);
}

static void a_packet_that_comes_late_belongs_to_the_span_that_began_after_it(void **state)
{
    struct world *w = world_new(0, 0);

    (void)state;
    handshake(w, 0, here, &plain);
    tracker_checkpoint(w->tracker, false);
    up(w, 20, here, 2, NULL);
    up(w, 18, here, 1, NULL);
    assert_heard(w, HEARD("handshake dev-1 1:1000 0..5, 6", "handshake dev-1 1:1000 18..20, 2"));
    world_free(w);
}

static void a_handshake_lives_through_a_checkpoint(void **state)
{
    struct world *w = world_new(0, 0);

    (void)state;
    client_hello(w, 0, here, &plain, NULL);
    server_hello(w, 1, here, &plain);
    client_finish(w, 2, here, &plain);
    tracker_checkpoint(w->tracker, false);
    assert_int_equal(w->heard.n, 0);
    server_finish(w, 3, here);
    assert_heard(w, HEARD("handshake dev-1 1:1000 0..3, 4"));
    world_free(w);
}

static void a_handshake_that_is_not_gone_on_with_is_given_up(void **state)
{
    struct world *w = world_new(0, 0);

    (void)state;
    client_hello(w, 0, here, &plain, NULL);
    server_hello(w, 1, here, &plain);
    client_finish(w, 2, here, &plain);
    down(w, 200, here, 5);
    assert_heard(w, HEARD("attempt dev-1 1:1000 0..2, 3"));
    world_free(w);
}

static void a_restored_session_is_found_by_flow_by_cid_and_by_session_id(void **state)
{
    static const struct session_setup resumed = { .random = 2, .offered = "sid-1", .session_id = "sid-1" };
    struct world *w = world_new(0, 0);
    struct binding binding = {
        .scheme = IDENTITY_DTLS_PSK,
        .reason = BINDING_HANDSHAKE,
        .to_ns = 5 * SECOND,
        .n_packets = 6,
        .session = 41,
        .identity = bytes_text("dev-1"),
        .cid_to_server = bytes_text("12345678"),
    };
    struct binding attempt = binding;
    uint8_t device[] = { 10, 0, 0, 1 }, other[] = { 192, 0, 2, 1 };
    struct ip_address a = ip_address_of(bytes_of(device, 4)), b = ip_address_of(bytes_of(other, 4));
    struct token token;

    (void)state;
    token_digest(&token, bytes_text("sid-1"), NULL);
    binding.session_id = attempt.session_id = token_bytes(&token);
    binding.is_client_low = attempt.is_client_low = flow_key_make(&binding.flow, &a, 1000, &b, 5684, 17);
    attempt.flow = binding.flow;
    attempt.reason = BINDING_ATTEMPT;
    attempt.identity = bytes_text("liar");
    tracker_restore(w->tracker, &binding);
    tracker_restore(w->tracker, &attempt); /* says nothing about whose the flow is */
    down(w, 9, here, 3);
    up(w, 10, there, 7, "12345678");
    handshake(w, 20, (struct wire_end) { 0x0a000003, 3000 }, &resumed);
    assert_heard(w, HEARD("handshake dev-1 1:1000 9..9, 1", "connection id dev-1 9:9000 10..10, 1",
                          "resumed dev-1 3:3000 20..24, 5"));
    world_free(w);
}

static void the_least_recently_used_flow_is_reported_and_forgotten(void **state)
{
    struct world *w = world_new(2, 0);

    (void)state;
    for (uint16_t i = 0; i < 3; i++) {
        const struct session_setup s = { .random = (uint8_t)(i + 1), .identity = "dev" };

        handshake(w, 10 * i, (struct wire_end) { 0x0a000001, (uint16_t)(1 + i) }, &s);
    }
    assert_int_equal(w->heard.n, 1);
    assert_int_equal(tracker_counters(w->tracker)->n_flows_evicted, 1);
    assert_heard(
        w, HEARD("handshake dev 1:1 0..5, 6", "handshake dev 1:2 10..15, 6", "handshake dev 1:3 20..25, 6"));
    world_free(w);
}

static void a_forgotten_session_names_nothing(void **state)
{
    struct world *w = world_new(0, 1);
    static const struct session_setup other = { .random = 2, .identity = "dev-2" };

    (void)state;
    handshake(w, 0, here, &with_cid);
    tracker_checkpoint(w->tracker, false);
    handshake(w, 10, there, &other); /* takes the one place there is */
    up(w, 20, (struct wire_end) { 0x0a000003, 3000 }, 5, "12345678");
    up(w, 21, here, 6, NULL);
    assert_heard(w, HEARD("handshake dev-1 1:1000 0..5, 6", "handshake dev-2 9:9000 10..15, 6"));
    assert_int_equal(tracker_counters(w->tracker)->n_sessions_evicted, 1);
    world_free(w);
}

static void too_long_an_identity_is_refused_and_counted(void **state)
{
    static char identity[IDENTITY_LIMIT_BYTES + 2];
    const struct session_setup s = { .random = 1, .identity = identity };
    struct world *w = world_new(0, 0);

    (void)state;
    memset(identity, 'x', IDENTITY_LIMIT_BYTES + 1);
    handshake(w, 0, here, &s);
    assert_heard(w, HEARD_NOTHING);
    assert_int_equal(tracker_counters(w->tracker)->n_identities_refused, 1);
    world_free(w);
}

/* What a filter finds in it, the index must know of; but nobody sends it now. */
static void who_is_named_in_an_icmp_errors_quotation_is_marked_and_not_bound(void **state)
{
    struct wire udp = { 0 }, quoted = { 0 }, icmp = { 0 }, frame = { 0 };
    struct world *w = world_new(0, 0);

    (void)state;
    w->place = 7;
    wire_client_key_exchange(&w->payload, 2, "dev-1");
    wire_udp_header(&udp, here.port, server.port, w->payload.len);
    wire_put(&udp, wire_bytes(&w->payload));
    wire_ipv4(&quoted, IP_PROTOCOL_UDP, here.address, server.address, 5, 0, wire_bytes(&udp));
    wire_number(&icmp, UINT64_C(0x0303000000000000), 8);
    wire_put(&icmp, wire_bytes(&quoted));
    wire_ethernet(&frame, 0x0800);
    wire_ipv4(&frame, IP_PROTOCOL_ICMP, server.address, here.address, 6, 0, wire_bytes(&icmp));
    deliver_frame(w, 0, &frame);
    assert_string_equal(w->heard.places, "dev-1: 7");
    tracker_checkpoint(w->tracker, true);
    assert_heard(w, HEARD_NOTHING);
    assert_int_equal(tracker_counters(w->tracker)->n_attempts, 0);
    world_free(w);
}

static void a_packet_with_more_names_than_are_kept_may_name_anybody(void **state)
{
    struct world *w = world_new(0, 0);

    (void)state;
    for (unsigned i = 0; i < SIGHTING_NAMES; i++)
        wire_client_key_exchange(&w->payload, (uint16_t)(2 + i), "dev-1");
    deliver(w, 0, here, server);
    assert_int_equal(w->heard.n_anybody, 0);
    for (unsigned i = 0; i < SIGHTING_NAMES + 1; i++)
        wire_client_key_exchange(&w->payload, (uint16_t)(2 + i), "dev-1");
    deliver(w, 1, there, server);
    assert_int_equal(w->heard.n_anybody, 1);
    world_free(w);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_handshake_names_the_flow_from_its_first_hello_on),
        cmocka_unit_test(a_repeated_hello_begins_nothing_new),
        cmocka_unit_test(a_lost_last_flight_is_made_up_for_by_the_records_behind_it),
        cmocka_unit_test(a_handshake_that_fails_is_an_attempt_and_changes_nothing),
        cmocka_unit_test(a_hello_from_the_servers_side_leaves_the_device_on_its_own),
        cmocka_unit_test(a_retry_without_answer_is_the_sessions),
        cmocka_unit_test(a_new_handshake_on_the_flow_ends_the_old_binding),
        cmocka_unit_test(a_resumed_session_keeps_its_identity_at_another_address),
        cmocka_unit_test(an_unknown_resumption_makes_the_flow_nobodys),
        cmocka_unit_test(a_refused_resumption_is_a_full_handshake),
        cmocka_unit_test(a_connection_id_takes_the_session_to_another_address),
        cmocka_unit_test(a_connection_id_nobody_knows_makes_the_flow_nobodys),
        cmocka_unit_test(an_address_a_session_left_is_not_its_own_any_more),
        cmocka_unit_test(an_address_taken_over_by_another_devices_cid_is_the_others),
        cmocka_unit_test(a_cid_given_out_again_is_the_new_handshakes),
        cmocka_unit_test(the_bytes_of_a_key_exchange_are_no_connection_id),
        cmocka_unit_test(after_a_silence_only_a_fitting_sequence_number_is_the_devices),
        cmocka_unit_test(an_address_left_by_a_new_handshake_is_its_next_owners),
        cmocka_unit_test(an_address_left_right_after_the_handshake_is_its_next_owners),
        cmocka_unit_test(an_address_left_before_a_restart_is_its_next_owners),
        cmocka_unit_test(a_checkpoint_splits_the_span),
        cmocka_unit_test(a_clock_set_back_begins_another_span),
        cmocka_unit_test(a_packet_that_comes_late_belongs_to_the_span_that_began_after_it),
        cmocka_unit_test(a_handshake_lives_through_a_checkpoint),
        cmocka_unit_test(a_handshake_that_is_not_gone_on_with_is_given_up),
        cmocka_unit_test(a_restored_session_is_found_by_flow_by_cid_and_by_session_id),
        cmocka_unit_test(the_least_recently_used_flow_is_reported_and_forgotten),
        cmocka_unit_test(a_forgotten_session_names_nothing),
        cmocka_unit_test(too_long_an_identity_is_refused_and_counted),
        cmocka_unit_test(who_is_named_in_an_icmp_errors_quotation_is_marked_and_not_bound),
        cmocka_unit_test(a_packet_with_more_names_than_are_kept_may_name_anybody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
