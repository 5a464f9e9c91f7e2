/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tracker_private - what the tracker's files share: who is followed (spans), what is under way (handshakes),
 * where a session turns up (connection ids, leases), and how a packet is looked at.
 */
#pragma once

#include "base/lru_table.h"
#include "device/flow_table.h"
#include "device/identity.h"
#include "device/session_table.h"
#include "device/tracker.h"
#include "protocol/state.h"

#define SECOND_NS INT64_C(1000000000)
#define DISORDER_NS (10 * SECOND_NS) /* an earlier packet came late; beyond, a clock was set back */

enum { SOURCES_LIMIT = 8 };

struct tracker_pass;

struct tracker {
    struct tracker_options options;
    struct tracker_pass *pass; /* NULL: everybody is followed */
    struct tracker_counters counters;
    const struct session_store *store; /* may be NULL */
    struct session_table *sessions;
    struct flow_table *flows;
    struct handshake_table *handshakes;
    struct lru_table *clients; /* names of DHCP clients, by transaction */
    uint64_t next_session;
    bool has_leases; /* some flow is an address */
    /* For the closer look. */
    struct demand demand;
    struct dissect_state *state;
    struct dissection *dissection;
    uint64_t n_looks;
    uint8_t *datagram; /* a datagram that came in fragments, in one piece again */
    uint16_t field_ids[SOURCES_LIMIT][IDENTITY_FIELDS];
};

/* One packet at one of its IP layers. */
struct scene {
    const struct dissection *d;
    const struct packet *packet;
    const struct flow_key *key;
    uint64_t hash;
    uint32_t layer; /* the IP layer's number */
    uint32_t place;
    bool is_forward; /* from the key's low end */
    bool is_dtls;
    bool quotes_news; /* an error about a packet of a handshake */
    uint8_t tcp_flags;
    struct flow *flow; /* NULL: nobody follows it */
    struct glance glance;
};

enum { TCP_FLAG_SYN = 0x02, TCP_FLAG_ACK = 0x10 };

/* ---- tracker_span.c: whose a flow is, and since when ---- */

struct session *session_of(struct tracker *tracker, const struct flow *flow); /* NULL: nobody's */
const struct ip_address *server_of(const struct flow *flow);

struct flow *span_flow(struct tracker *tracker, const struct flow_key *key, uint64_t hash); /* a new one */
void span_touch(struct tracker *tracker, struct flow *flow, int64_t ts_ns);

/* Reports what the flow gathered since the last report. */
void span_report(struct tracker *tracker, struct flow *flow);
void span_unbind(struct tracker *tracker, struct flow *flow);

/* The flow is that session's from now on; what is reported of it begins with its next packet. */
void span_bind(struct tracker *tracker, struct flow *flow, uint32_t session, enum binding_reason reason,
               bool is_client_low);

/* The flow is a session's that nobody named. */
void span_begin_nameless(struct tracker *tracker, struct flow *flow, bool is_client_low);

/* Counts the packet, if it is the session's at all: after a silence its sequence must go on. is_sure: the
 * packet itself showed whose it is. */
void span_count(struct tracker *tracker, struct scene *scene, bool is_sure);
void span_add(struct tracker *tracker, struct flow *flow, const struct packet *packet);

/* Where a plain packet's sender is, for later ones to go on from. */
void span_note_sequence(bool has_sequence[2], uint64_t sequence[2], const struct scene *scene,
                        bool is_client);

/* Reports one binding for each name. */
void span_tell(struct tracker *tracker, const struct names *names, struct binding *binding);

/* ---- tracker_handshake.c: what is under way ---- */

struct handshake *handshake_of(struct tracker *tracker, const struct flow *flow); /* NULL: nothing is */

/* It did not finish: what named someone is reported; a nameless retry soon after the session's packets is the
 * session's. */
void handshake_give_up(struct tracker *tracker, struct flow *flow);

/* A TCP connection begins: the handshake that may follow begins with it. */
void handshake_open(struct tracker *tracker, struct scene *scene, uint32_t sequence);

/* Takes what a packet says. True: the packet itself showed that it is the flow's session's. */
bool handshake_sight(struct tracker *tracker, struct scene *scene, const struct sighting *seen);

/* Who is named in a packet that changes nothing on its flow. */
void handshake_mark(struct tracker *tracker, const struct scene *scene, const struct sighting *seen);

/* What records alone say of a DTLS handshake. */
void handshake_follow_records(struct tracker *tracker, struct scene *scene);

/* Counts the packet on the handshake under way. False: it is of the session beside it. seen: NULL when it was
 * not looked at. */
bool handshake_count(struct tracker *tracker, struct scene *scene, const struct sighting *seen);

/* Finishes it when it is complete, gives it up when it was refused. */
void handshake_settle(struct tracker *tracker, struct scene *scene);

/* Nothing was heard of it for so long that nothing will be. */
bool handshake_is_stale(const struct handshake *handshake, int64_t now_ns);

/* ---- tracker_connection_id.c ---- */

/* A record with a connection id: whose session is it, and was it on this flow before? Answers scene->flow. */
void connection_id_follow(struct tracker *tracker, struct scene *scene);

/* ---- tracker_wake.c: sessions that sleep elsewhere, as those here from now on; SESSION_NONE: unknown ----
 */

uint32_t wake_by_cid(struct tracker *tracker, struct bytes cid, const struct ip_address *server,
                     int64_t ts_ns);
uint32_t wake_by_token(struct tracker *tracker, struct bytes token, const struct ip_address *server,
                       bool is_plain, int64_t ts_ns);

/* ---- tracker_pass.c ---- */

void pass_free(struct tracker_pass *pass);

/* Behind each packet that was followed. flow: NULL for none; was_under_way: a handshake on it, before. */
void pass_note(struct tracker *tracker, const struct flow_key *key, const struct flow *flow,
               bool was_under_way);

/* ---- tracker_lease.c ---- */

struct lru_table *lease_clients_new(uint64_t hash_seed);

/* A packet that names its sender by itself; and what it says of addresses. */
void lease_sight(struct tracker *tracker, const struct scene *scene, const struct sighting *seen);

/* The span of an address; NULL when nobody was given it. */
struct flow *lease_flow(struct tracker *tracker, const struct ip_address *address);

/* Counts the packet on the addresses it is from and to. */
void lease_count(struct tracker *tracker, const struct scene *scene);

/* ---- tracker_look.c ---- */

bool look_init(struct tracker *tracker); /* false without memory */
void look_clear(struct tracker *tracker);

/* Fills the glance, as far as the packet is of a protocol that is followed. False: it is of none. */
bool look_glance(struct scene *scene);

/* The closer look. False: there was nothing to be seen. */
bool look_closer(struct tracker *tracker, const struct scene *scene, struct sighting *seen);
