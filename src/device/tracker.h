/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tracker - follows devices through their sessions: which identity was on which flow, from when to when, why,
 * and how surely.
 *
 * - What names someone is known to the sources (identity.h): PSK identities and certificates of handshakes,
 *   client ids, endpoint names, key ids, leases.
 * - A full handshake that both ends finished, a CONNECT or a registration that was accepted: the flow is the
 *   identity's, from its first packet on.
 * - An abbreviated one has no identity, but the session id or the ticket that an earlier one was given.
 * - A connection id, or a location path: a record or an update with what the server gave out comes from
 *   another flow, and that flow is the session's.
 * - Anything unknown, a finished handshake without a name or an id nobody knows: the flow is a nameless
 *   session's, which is reported, too.
 *
 * A handshake that does not finish changes nothing, but is reported as an attempt. Nothing is joined by
 * address alone. Bounded: what is used least recently falls out, of what nobody named first, and is counted;
 * what one source address begins pushes out its own. Time is the packets' own.
 */
#pragma once

#include "device/binding.h"
#include "protocol/dissection.h"

struct tracker;
struct session_store;

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

/* Dissect by these when a packet is looked at closer; borrowed. */
void tracker_prefer(struct tracker *tracker, const struct preferences *preferences);

/* Where sessions sleep that are not known here; borrowed. NULL: nowhere. */
void tracker_wake_from(struct tracker *tracker, const struct session_store *store);

/* What a dissection must be asked for. */
void tracker_demand(struct demand *demand);

/* A packet of the conversation with this flow_key_hash (of options.hash_seed) is about to come: its place is
 * fetched. */
void tracker_prefetch(const struct tracker *tracker, uint64_t flow_hash);

/*
 * One packet, in time order, dissected with at least tracker_demand. layer: the number of one of its IP
 * layers, outer ones first; flow, its hash and is_forward: the conversation of that layer (fragment_flow).
 * place: handed back.
 */
void tracker_packet(struct tracker *tracker, const struct dissection *d, uint32_t layer,
                    const struct flow_key *flow, uint64_t hash, bool is_forward, uint32_t place);

/*
 * Whose a conversation is now: the names of its session, or those that a handshake under way has spelt (an
 * attempt, if it fails), or of the lease that one of its addresses is. As sure as find --device wants it.
 * Ask behind tracker_packet; borrowed until the next call.
 */
struct names;
struct tracker_owner {
    const struct names *names; /* one at least */
    bool is_client_low;        /* the flow's low end is the device */
};
bool tracker_owner(struct tracker *tracker, const struct flow_key *flow, uint64_t hash,
                   struct tracker_owner *owner); /* false: nobody's */

/*
 * Reports every span that had packets since the last checkpoint; those that go on are begun anew. is_last:
 * also the handshakes that named someone and did not finish yet.
 */
void tracker_checkpoint(struct tracker *tracker, bool is_last);

/* Takes up where an earlier recorder left off: a session is where this binding says. In the order they were
 * reported. */
void tracker_restore(struct tracker *tracker, const struct binding *binding);

/* Likewise, of packets that were followed just now, beginning without knowing where their flows were: what
 * was lost for that is taken up again, what was found stays. */
void tracker_confirm(struct tracker *tracker, const struct binding *binding);

/*
 * From now on tracker_passes_over may be asked of each packet before it is dissected: true when leaving it
 * out changes nothing that is reported of whoever has a wanted name. Of others, less is known then, and
 * nameless sessions are not counted. Only with the preferences there are when nobody gives any. False without
 * memory.
 */
typedef bool tracker_wanted_function(void *context, enum identity_scheme scheme, struct bytes identity);
bool tracker_look_for(struct tracker *tracker, tracker_wanted_function *is_wanted, void *context);
bool tracker_passes_over(const struct tracker *tracker, const struct packet *packet);

struct tracker_counters {
    uint64_t n_handshakes, n_resumed, n_cid_moves, n_location_moves, n_attempts;
    uint64_t n_woken;     /* sessions that slept in the store */
    uint64_t n_anonymous; /* sessions that nobody named */
    uint64_t n_flows_evicted, n_sessions_evicted, n_handshakes_evicted, n_identities_refused;
};

const struct tracker_counters *tracker_counters(const struct tracker *tracker);
