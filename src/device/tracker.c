/* SPDX-License-Identifier: Apache-2.0 */
#include "device/tracker.h"

#include <stdlib.h>

#include "device/tracker_private.h"
#include "protocol/dispatch.h"

struct tracker *tracker_new(const struct tracker_options *options)
{
    struct tracker *tracker = calloc(1, sizeof *tracker);
    uint32_t limit_handshakes = HANDSHAKES_LIMIT;

    if (tracker == NULL)
        return NULL;
    tracker->options = *options;
    if (tracker->options.limit_flows == 0)
        tracker->options.limit_flows = TRACKER_FLOWS;
    if (tracker->options.limit_sessions == 0)
        tracker->options.limit_sessions = TRACKER_SESSIONS;
    if (limit_handshakes > tracker->options.limit_flows)
        limit_handshakes = tracker->options.limit_flows;
    tracker->sessions = session_table_new(tracker->options.limit_sessions, options->hash_seed);
    tracker->flows = flow_table_new(tracker->options.limit_flows, options->hash_seed);
    tracker->handshakes = handshake_table_new(limit_handshakes, options->hash_seed);
    tracker->clients = lease_clients_new(options->hash_seed);
    if (!tracker->sessions || !tracker->flows || !tracker->handshakes || !tracker->clients ||
        !look_init(tracker)) {
        tracker_free(tracker);
        return NULL;
    }
    return tracker;
}

void tracker_free(struct tracker *tracker)
{
    if (tracker == NULL)
        return;
    session_table_free(tracker->sessions);
    flow_table_free(tracker->flows);
    handshake_table_free(tracker->handshakes);
    lru_table_free(tracker->clients);
    look_clear(tracker);
    pass_free(tracker->pass);
    free(tracker);
}

void tracker_prefer(struct tracker *tracker, const struct preferences *preferences)
{
    tracker->dissection->preferences = preferences;
}

/* Which protocol a packet is of, and its headers: more is asked of few, and by the tracker itself. */
void tracker_demand(struct demand *demand)
{
    demand_add_protocol(demand, PROTOCOL_IPV4);
    demand_add_protocol(demand, PROTOCOL_IPV6);
    demand_add_protocol(demand, PROTOCOL_ICMP);
    demand_add_protocol(demand, PROTOCOL_ICMPV6);
    demand_add_protocol(demand, PROTOCOL_UDP);
    demand_add_protocol(demand, PROTOCOL_TCP);
    demand_add_protocol(demand, PROTOCOL_DTLS);
}

const struct tracker_counters *tracker_counters(const struct tracker *tracker)
{
    return &tracker->counters;
}

void tracker_prefetch(const struct tracker *tracker, uint64_t flow_hash)
{
    flow_table_prefetch(tracker->flows, flow_hash);
}

/* News, and what they change. Answers whether the packet itself showed that it is its flow's session's. */
static bool take_news(struct tracker *tracker, struct scene *scene, struct sighting *seen)
{
    bool is_tcp = scene->key->protocol == IP_PROTOCOL_TCP;

    if (is_tcp && (scene->tcp_flags & (TCP_FLAG_SYN | TCP_FLAG_ACK)) == TCP_FLAG_SYN)
        handshake_open(tracker, scene, (uint32_t)scene->glance.sequence);
    if (!look_closer(tracker, scene, seen))
        return false;
    if (seen->steps & SEEN_MOMENT) {
        lease_sight(tracker, scene, seen);
        return false;
    }
    return (seen->steps != 0 || seen->n_names > 0) && handshake_sight(tracker, scene, seen);
}

/* The server let a new connection begin where one was: the old one is over, whatever becomes of this. */
static bool is_reopened(struct tracker *tracker, const struct scene *scene)
{
    const struct handshake *handshake = handshake_of(tracker, scene->flow);

    return scene->key->protocol == IP_PROTOCOL_TCP && handshake && handshake->is_open &&
           (scene->tcp_flags & TCP_FLAG_SYN) && (scene->tcp_flags & TCP_FLAG_ACK) &&
           scene->is_forward != handshake->is_client_low;
}

/* A packet of a flow that is followed, or is to be from now on. */
static void take_packet(struct tracker *tracker, struct scene *scene)
{
    bool is_looked_at = scene->glance.is_news, is_sure = false, is_counted = false;
    struct sighting seen;

    if (scene->glance.has_cid)
        connection_id_follow(tracker, scene);
    if (scene->flow && scene->flow->handshake != HANDSHAKE_NONE &&
        handshake_is_stale(handshake_of(tracker, scene->flow), scene->packet->ts_ns))
        handshake_give_up(tracker, scene->flow);
    if (is_looked_at)
        is_sure = take_news(tracker, scene, &seen);
    if (scene->flow == NULL && scene->glance.has_sealed)
        scene->flow = span_flow(tracker, scene->key, scene->hash);
    if (scene->flow == NULL)
        return;
    span_touch(tracker, scene->flow, scene->packet->ts_ns);
    if (scene->flow->handshake != HANDSHAKE_NONE) {
        if (scene->is_dtls)
            handshake_follow_records(tracker, scene);
        if (is_reopened(tracker, scene))
            span_unbind(tracker, scene->flow);
        is_counted = handshake_count(tracker, scene, is_looked_at ? &seen : NULL);
    }
    if (!is_counted)
        span_count(tracker, scene, is_sure);
    if (scene->flow->handshake != HANDSHAKE_NONE)
        handshake_settle(tracker, scene);
}

void tracker_packet(struct tracker *tracker, const struct dissection *d, uint32_t layer,
                    const struct flow_key *key, uint64_t hash, bool is_forward, uint32_t place)
{
    struct scene scene = {
        .d = d,
        .packet = d->packet,
        .key = key,
        .hash = hash,
        .layer = layer,
        .place = place,
        .is_forward = is_forward,
    };
    struct sighting seen;
    bool was_under_way;

    if (key->any_port != FLOW_ANY_NONE) /* what is around a tunnel */
        return;
    if (__builtin_expect(tracker->has_leases, 0))
        lease_count(tracker, &scene);
    if (key->protocol != IP_PROTOCOL_UDP && key->protocol != IP_PROTOCOL_TCP)
        return;
    scene.flow = flow_table_find(tracker->flows, key, hash);
    was_under_way = scene.flow && scene.flow->handshake != HANDSHAKE_NONE;
    if (!look_glance(&scene))
        return;
    if (scene.quotes_news && look_closer(tracker, &scene, &seen))
        handshake_mark(tracker, &scene, &seen);
    take_packet(tracker, &scene);
    if (tracker->pass)
        pass_note(tracker, key, scene.flow, was_under_way);
}

void tracker_checkpoint(struct tracker *tracker, bool is_last)
{
    uint32_t oldest;

    while (is_last && (oldest = handshake_table_oldest(tracker->handshakes)) != HANDSHAKE_NONE)
        handshake_give_up(
            tracker, flow_table_at(tracker->flows, handshake_table_at(tracker->handshakes, oldest)->flow));
    for (unsigned is_named = 0; is_named < 2; is_named++) {
        struct flow *flow = NULL;

        while ((flow = flow_table_next(tracker->flows, flow, is_named)) != NULL) {
            bool goes_on = flow->is_continued || flow->n_packets > 0;

            span_report(tracker, flow);
            flow->is_continued = goes_on;
        }
    }
    tracker->counters.n_sessions_evicted = session_table_evicted(tracker->sessions);
}

/* The session of a binding: on its flow already, or by its connection id, or a new one. */
static uint32_t restored_session(struct tracker *tracker, const struct flow *flow,
                                 const struct binding *binding)
{
    const struct session *known = session_of(tracker, flow);
    struct session session = {
        .number = binding->session,
        .server = *server_of(flow),
        .is_plain = binding->reason != BINDING_HANDSHAKE && binding->reason != BINDING_RESUMED &&
                    binding->reason != BINDING_CID && binding->reason != BINDING_LEASE,
        .cid_to_server = binding->cid_to_server,
        .cid_to_client = binding->cid_to_client,
        .token = binding->session_id,
    };
    uint32_t found = flow->session;

    if (known && known->number == binding->session)
        return found;
    found = SESSION_NONE;
    if (binding->cid_to_server.len)
        found = session_table_by_cid(tracker->sessions, binding->cid_to_server, &session.server);
    if (found == SESSION_NONE && binding->session_id.len)
        found = session_table_by_token(tracker->sessions, binding->session_id);
    if (found != SESSION_NONE && session_table_at(tracker->sessions, found)->number == binding->session)
        return found;
    return session_table_add(tracker->sessions, &session);
}

void tracker_restore(struct tracker *tracker, const struct binding *binding)
{
    uint64_t hash = flow_key_hash(&binding->flow, tracker->options.hash_seed);
    struct flow *flow;
    uint32_t session;

    if (binding->session > tracker->next_session)
        tracker->next_session = binding->session;
    if (binding->reason == BINDING_ATTEMPT || binding->session == 0 || binding->scheme == IDENTITY_NONE)
        return;
    flow = flow_table_find(tracker->flows, &binding->flow, hash);
    if (flow == NULL)
        flow = span_flow(tracker, &binding->flow, hash);
    if (flow->to_ns > binding->to_ns)
        return;
    flow->is_client_low = binding->is_client_low;
    session = restored_session(tracker, flow, binding);
    if (session == SESSION_NONE)
        return;
    session_table_name(tracker->sessions, session, binding->scheme, binding->identity);
    if (flow->session_number != binding->session || flow->session != session)
        span_bind(tracker, flow, session, binding->reason, binding->is_client_low);
    flow->reason = (uint8_t)binding->reason;
    flow->to_ns = flow->sure_ns = binding->to_ns;
    tracker->has_leases |= flow_key_is_address(&binding->flow);
    span_touch(tracker, flow, binding->to_ns);
}

void tracker_confirm(struct tracker *tracker, const struct binding *binding)
{
    uint64_t hash = flow_key_hash(&binding->flow, tracker->options.hash_seed);
    struct flow *flow = flow_table_find(tracker->flows, &binding->flow, hash);
    const struct session *session = flow ? session_of(tracker, flow) : NULL;

    if (session && names_have(&session->names, binding->scheme, binding->identity)) {
        if (flow->to_ns == binding->to_ns)
            flow->reason = (uint8_t)binding->reason;
        return;
    }
    tracker_restore(tracker, binding);
}
