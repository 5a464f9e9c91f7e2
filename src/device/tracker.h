/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tracker - follows devices through their DTLS sessions: which identity was on which flow, from when to when,
 * and why.
 *
 * - A full handshake, ClientHello .. ClientKeyExchange (names it) .. both ChangeCipherSpec: the flow is the
 *   identity's, from the first ClientHello on.
 * - An abbreviated one: no ClientKeyExchange, but the session id that an earlier full one was given.
 * - A connection id: a record with the id that the server asked for comes from another flow, and that flow is
 *   the session's.
 * - Anything unknown, a finished handshake without a name or an id nobody knows: the flow is nobody's from
 *   then on.
 *
 * A handshake that does not finish changes nothing, but is reported as an attempt. Nothing is joined by
 * address alone. Bounded: least recently used flows, sessions and identities fall out, and are counted. Time
 * is the packets' own.
 */
#pragma once

#include "device/binding.h"
#include "protocol/dissection.h"

struct tracker;

struct tracker_options {
    uint32_t limit_flows;    /* 0: TRACKER_FLOWS */
    uint32_t limit_sessions; /* 0: TRACKER_SESSIONS */
    uint64_t hash_seed;
    void *context;
    /* A span, when it is closed or at a checkpoint; borrowed. */
    void (*binding)(void *context, const struct binding *binding);
    /* An identity was spelt; places: of all packets of its handshake up to then (tracker_packet). May be
     * NULL. */
    void (*identity)(void *context, enum identity_scheme scheme, struct bytes identity,
                     const uint32_t *places, uint32_t n_places);
};

enum { TRACKER_FLOWS = 1 << 18, TRACKER_SESSIONS = 1 << 18 };

struct tracker *tracker_new(const struct tracker_options *options); /* NULL without memory */
void tracker_free(struct tracker *tracker);

/* What a dissection must be asked for. */
void tracker_demand(struct demand *demand);

/* A packet of the conversation with this flow_key_hash (of options.hash_seed) is about to come: its place is
 * fetched. */
void tracker_prefetch(const struct tracker *tracker, uint64_t flow_hash);

/*
 * One packet, in time order, dissected with at least tracker_demand. flow: the conversation of one of its IP
 * layers (fragment_flow), is_forward as there; has_dtls: it is the layer that carries the packet's DTLS
 * layer. place: handed back.
 */
void tracker_packet(struct tracker *tracker, const struct dissection *d, const struct flow_key *flow,
                    bool is_forward, bool has_dtls, uint32_t place);

/*
 * Reports every span that had packets since the last checkpoint; those that go on are begun anew. is_last:
 * also the handshakes that named someone and did not finish yet.
 */
void tracker_checkpoint(struct tracker *tracker, bool is_last);

/* Takes up where an earlier recorder left off: a session is where this binding says. In the order they were
 * reported. */
void tracker_restore(struct tracker *tracker, const struct binding *binding);

struct tracker_counters {
    uint64_t n_handshakes, n_resumed, n_cid_moves, n_attempts, n_anonymous;
    uint64_t n_flows_evicted, n_sessions_evicted, n_identities_refused;
};

const struct tracker_counters *tracker_counters(const struct tracker *tracker);
