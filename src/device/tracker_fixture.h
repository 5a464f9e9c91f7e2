/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tracker_fixture - a tracker for tests that is fed datagrams and segments by hand, and tells what it said as
 * lines: "connect mqtt.clientid=c-1 10.0.0.1:4000 0..5, 6 strong".
 */
#pragma once

#include "device/tracker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "protocol/fragment_flow.h"
#include "protocol/state.h"
#include "protocol/tcp_analysis.h"
#include "protocol/wire.h"

#define SECOND INT64_C(1000000000)

enum { FIXTURE_LINES = 64 };

struct world {
    struct tracker *tracker;
    struct dissect_state *state;
    struct fragment_flows *flows;
    struct demand demand;
    struct dissection d;
    char text[FIXTURE_LINES][160];
    unsigned n;
    unsigned n_nameless; /* spans of sessions that nobody named */
    uint64_t sessions[FIXTURE_LINES];
    struct binding last; /* its bytes below */
    uint8_t last_token[64];
    uint32_t place;
};

/* Text as it is, other bytes in hex. */
static inline const char *fixture_identity(struct bytes identity, char text[static 96])
{
    size_t len = 0;

    for (size_t i = 0; i < identity.len; i++) {
        if (identity.data[i] < 0x20 || identity.data[i] > 0x7e) {
            for (size_t k = 0; k < identity.len && len < 90; k++)
                len += (size_t)snprintf(text + len, 96 - len, "%02x", identity.data[k]);
            return text;
        }
    }
    snprintf(text, 96, "%.*s", (int)identity.len, (const char *)identity.data);
    return text;
}

static inline void world_hear(void *context, const struct binding *binding)
{
    const struct ip_address *device = binding->is_client_low ? &binding->flow.low : &binding->flow.high;
    uint16_t port = binding->is_client_low ? binding->flow.port_low : binding->flow.port_high;
    struct world *w = context;
    char identity[96];

    if (binding->scheme == IDENTITY_NONE) {
        w->n_nameless++;
        return;
    }
    assert_true(w->n < FIXTURE_LINES);
    w->sessions[w->n] = binding->session;
    w->last = *binding;
    snprintf(w->text[w->n++], sizeof w->text[0], "%s %s=%s %u:%u %lld..%lld, %llu %s",
             binding_reason_name(binding->reason), identity_scheme_name(binding->scheme),
             fixture_identity(binding->identity, identity), device->bytes[3], port,
             (long long)(binding->from_ns / SECOND), (long long)(binding->to_ns / SECOND),
             (unsigned long long)binding->n_packets, binding_confidence_name(binding->confidence));
}

static inline struct world *world_new(void)
{
    struct world *w = calloc(1, sizeof *w);
    struct tracker_options options = { .hash_seed = 1, .context = w, .binding = world_hear };

    w->tracker = tracker_new(&options);
    w->state = dissect_state_new(1);
    w->flows = fragment_flows_new(1);
    demand_init(&w->demand);
    tracker_demand(&w->demand);
    demand_settle(&w->demand);
    dissection_init(&w->d, &w->demand, w->state, NULL);
    return w;
}

static inline void world_free(struct world *w)
{
    tracker_free(w->tracker);
    dissect_state_free(w->state);
    fragment_flows_free(w->flows);
    free(w);
}

static inline void world_frame(struct world *w, const struct wire *frame, int64_t second)
{
    struct packet packet = wire_packet(frame, LINKTYPE_ETHERNET, second * SECOND);
    struct fragment_flow flow;

    dissect(&w->d, &packet);
    for (uint32_t i = 0; i < w->d.n_layers; i++) {
        enum fragment_flow_result result = fragment_flow(w->flows, &w->d, i, w->place, &flow);

        if (result != FRAGMENT_FLOW_NONE && result != FRAGMENT_FLOW_EARLY)
            tracker_packet(w->tracker, &w->d, i, &flow.key, flow_key_hash(&flow.key, 1), flow.is_forward,
                           w->place);
    }
    w->place++;
}

static inline void world_udp(struct world *w, int64_t second, struct wire_end from, struct wire_end to,
                             struct bytes payload)
{
    struct wire frame;

    wire_udp(&frame, from, to, payload);
    world_frame(w, &frame, second);
}

/* One TCP connection's next segments: sequence numbers are kept for both ends. */
struct connection {
    struct wire_end client, server;
    uint32_t seq[2]; /* [1]: the server's next */
};

static inline void world_tcp(struct world *w, int64_t second, struct connection *c, bool is_back,
                             uint16_t flags, struct bytes payload)
{
    struct wire_end from = is_back ? c->server : c->client, to = is_back ? c->client : c->server;
    struct wire tcp = { 0 }, frame;

    wire_number(&tcp, from.port, 2);
    wire_number(&tcp, to.port, 2);
    wire_number(&tcp, c->seq[is_back], 4);
    wire_number(&tcp, c->seq[!is_back], 4);
    wire_number(&tcp, 5 << 12 | flags, 2);
    wire_number(&tcp, 8192, 2);
    wire_number(&tcp, 0, 4);
    wire_put(&tcp, payload);
    wire_ethernet(&frame, 0x0800);
    wire_ipv4(&frame, IP_PROTOCOL_TCP, from.address, to.address, 1, 0, wire_bytes(&tcp));
    c->seq[is_back] += (uint32_t)payload.len + (flags & (TCP_SYN | TCP_FIN) ? 1 : 0);
    world_frame(w, &frame, second);
}

/* SYN, SYN and ACK, ACK. */
static inline void world_connect(struct world *w, int64_t second, struct connection *c)
{
    world_tcp(w, second, c, false, TCP_SYN, (struct bytes) { 0 });
    world_tcp(w, second, c, true, TCP_SYN | TCP_ACK_FLAG, (struct bytes) { 0 });
    world_tcp(w, second, c, false, TCP_ACK_FLAG, (struct bytes) { 0 });
}

static inline void world_say(struct world *w, int64_t second, struct connection *c, bool is_back,
                             struct bytes payload)
{
    world_tcp(w, second, c, is_back, TCP_ACK_FLAG | TCP_PSH, payload);
}

/* Ends the recording and compares all that was heard with lines of text; one line NULL ends them. */
static inline void assert_world(struct world *w, const char *const *lines)
{
    tracker_checkpoint(w->tracker, true);
    for (unsigned i = 0; lines[i]; i++) {
        if (i >= w->n)
            fail_msg("not heard: %s", lines[i]);
        assert_string_equal(w->text[i], lines[i]);
    }
    for (unsigned i = 0; i < w->n; i++) {
        if (lines[i] == NULL)
            fail_msg("heard beyond: %s", w->text[i]);
    }
}

#define HEARD(...) ((const char *const[]) { __VA_ARGS__, NULL })
#define HEARD_NOTHING ((const char *const[]) { NULL })
