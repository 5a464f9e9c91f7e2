/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spans: whose a flow is, since when, and how surely. What is not sealed is believed for SURE_NS after its
 * last packet; later packets count only where their sequence goes on (TCP's, CoAP's message ids), or as weak
 * ones for VOID_NS, and then not at all. A DTLS flow is believed until its numbers speak against it; where
 * its device has a newer session, only while they go on, for others are given the address it left.
 */
#include "device/tracker_private.h"
#include "protocol/dispatch.h"

enum {
    SEQUENCE_WINDOW = 64,    /* RFC 6347 section 4.1.2.6; and of message ids, for those not seen */
    SEQUENCE_LATE = 8,       /* message ids out of order */
    SEQUENCE_LEAP = 10000,   /* lost at most, before a record is taken for another session's */
    SEQUENCE_LOST = 8,       /* the same, where the session's device has begun a newer one */
    STREAM_WINDOW = 1 << 20, /* bytes of TCP */
};

#define TOUCH_NS (10 * SECOND_NS) /* how exactly it is known which flow was used least recently */
#define LATE_NS (5 * SECOND_NS)   /* on its way while the session moved */
#define SURE_NS (30 * SECOND_NS)
#define VOID_NS (300 * SECOND_NS)

struct session *session_of(struct tracker *tracker, const struct flow *flow)
{
    return session_table_get(tracker->sessions, flow->session, flow->session_number);
}

const struct ip_address *server_of(const struct flow *flow)
{
    return flow->is_client_low ? &flow->key.high : &flow->key.low;
}

/* ---- flows ---- */

struct flow *span_flow(struct tracker *tracker, const struct flow_key *key, uint64_t hash)
{
    struct flow *victim = flow_table_victim(tracker->flows);

    if (victim) {
        if (victim->handshake != HANDSHAKE_NONE)
            handshake_give_up(tracker, victim);
        span_unbind(tracker, victim);
        flow_table_remove(tracker->flows, victim);
        tracker->counters.n_flows_evicted++;
    }
    return flow_table_add(tracker->flows, key, hash);
}

/*
 * Used least recently goes first, give or take TOUCH_NS: to relink a flow and its session in their lists for
 * every packet would touch four other ones, which is what a packet costs here most.
 */
void span_touch(struct tracker *tracker, struct flow *flow, int64_t ts_ns)
{
    if (ts_ns - flow->touched_ns < TOUCH_NS && ts_ns >= flow->touched_ns)
        return;
    flow->touched_ns = ts_ns;
    flow_table_touch(tracker->flows, flow);
    if (session_of(tracker, flow))
        session_table_touch(tracker->sessions, flow->session);
}

/* ---- what is told ---- */

void span_tell(struct tracker *tracker, const struct names *names, struct binding *binding)
{
    struct identity_name name = { IDENTITY_NONE, { 0 } };
    size_t at = 0;

    if (tracker->options.binding == NULL)
        return;
    if (names_next(names, &at, &name)) {
        do {
            binding->scheme = name.scheme;
            binding->identity = name.identity;
            tracker->options.binding(tracker->options.context, binding);
        } while (names_next(names, &at, &name));
        return;
    }
    binding->scheme = IDENTITY_NONE;
    binding->identity = (struct bytes) { 0 };
    tracker->options.binding(tracker->options.context, binding);
}

void span_report(struct tracker *tracker, struct flow *flow)
{
    const struct session *session = session_of(tracker, flow);
    static const struct names nobody;

    if (flow->n_packets > 0 && flow->session_number != 0 && (session || flow->session == SESSION_NONE)) {
        struct binding binding = {
            .reason = (enum binding_reason)flow->reason,
            .confidence = flow->is_weak ? CONFIDENCE_WEAK
                                        : binding_reason_confidence((enum binding_reason)flow->reason),
            .is_client_low = flow->is_client_low,
            .is_continued = flow->is_continued,
            .flow = flow->key,
            .from_ns = flow->from_ns,
            .to_ns = flow->to_ns,
            .n_packets = flow->n_packets,
            .n_bytes = flow->n_bytes,
            .session = flow->session_number,
        };

        if (session) {
            binding.cid_to_server = session->cid_to_server;
            binding.cid_to_client = session->cid_to_client;
            binding.session_id = session->token;
        }
        span_tell(tracker, session ? &session->names : &nobody, &binding);
    }
    flow->n_packets = 0;
    flow->n_bytes = 0;
    flow->is_continued = false;
}

void span_unbind(struct tracker *tracker, struct flow *flow)
{
    span_report(tracker, flow);
    flow->session = SESSION_NONE;
    flow->session_number = 0;
    flow->is_plain = flow->is_weak = false;
    flow->has_sequence[0] = flow->has_sequence[1] = false;
    flow_table_set_named(tracker->flows, flow, false);
}

void span_bind(struct tracker *tracker, struct flow *flow, uint32_t session, enum binding_reason reason,
               bool is_client_low)
{
    struct session *bound = session_table_at(tracker->sessions, session);

    bound->flow = flow_table_index(tracker->flows, flow);
    span_unbind(tracker, flow);
    flow->session = session;
    flow->session_number = bound->number;
    flow->is_plain = bound->is_plain;
    flow->reason = (uint8_t)reason;
    flow->is_client_low = is_client_low;
    flow->instance = 0;
    flow_table_set_named(tracker->flows, flow, true);
}

void span_begin_nameless(struct tracker *tracker, struct flow *flow, bool is_client_low)
{
    flow->session = SESSION_NONE;
    flow->session_number = ++tracker->next_session;
    flow->reason = BINDING_HANDSHAKE;
    flow->is_client_low = is_client_low;
    flow->instance = 0;
    tracker->counters.n_anonymous++;
}

/* ---- packets ---- */

void span_add(struct tracker *tracker, struct flow *flow, const struct packet *packet)
{
    if (flow->n_packets > 0 && packet->ts_ns < flow->from_ns) {
        if (flow->from_ns - packet->ts_ns <= DISORDER_NS) {
            flow->from_ns = packet->ts_ns;
        } else { /* a clock was set back: what follows is in another time, and still the same flow's */
            span_report(tracker, flow);
            flow->is_continued = true;
        }
    }
    if (flow->n_packets == 0)
        flow->from_ns = packet->ts_ns;
    if (flow->n_packets == 0 || packet->ts_ns > flow->to_ns)
        flow->to_ns = packet->ts_ns;
    flow->n_packets++;
    flow->n_bytes += packet->len;
}

/* A DTLS record after a long silence: lower or far higher numbers are another session's. The server's are
 * asked only where its device has a newer one. */
static bool is_contradicted(const struct flow *flow, const struct session *session,
                            const struct glance *glance, bool is_client, int64_t ts_ns)
{
    uint64_t last = flow->sequence[is_client];

    if (ts_ns - flow->to_ns <= SURE_NS || glance->has_cid)
        return false;
    if (session
            ->is_succeeded) /* taken up from an earlier run, it has no numbers, and nothing speaks for it */
        return !flow->has_sequence[is_client] || glance->sequence <= last ||
               glance->sequence > last + SEQUENCE_LOST;
    return is_client && flow->has_sequence[1] &&
           (glance->sequence >> 48 != last >> 48 || glance->sequence + SEQUENCE_WINDOW < last ||
            glance->sequence > last + SEQUENCE_LEAP);
}

/* Whether the packet goes on from where its flow was. */
static bool goes_on(const struct flow *flow, const struct scene *scene, bool is_client)
{
    const struct glance *glance = &scene->glance;
    bool side = is_client != glance->is_echo;

    if (!glance->has_sequence)
        return false;
    if (scene->key->protocol == IP_PROTOCOL_TCP) {
        int32_t ahead = (int32_t)((uint32_t)glance->sequence - (uint32_t)flow->sequence[side]);

        if (!flow->has_sequence[side]) /* taken up from an earlier run: no other connection began since */
            return scene->packet->ts_ns - flow->sure_ns <= VOID_NS;
        return ahead < STREAM_WINDOW && ahead > -STREAM_WINDOW;
    }
    return flow->has_sequence[side] && (uint16_t)(glance->sequence - flow->sequence[side] + SEQUENCE_LATE) <
                                           SEQUENCE_WINDOW + SEQUENCE_LATE;
}

void span_note_sequence(bool has_sequence[2], uint64_t sequence[2], const struct scene *scene, bool is_client)
{
    const struct glance *glance = &scene->glance;

    if (!glance->has_sequence || glance->is_echo)
        return;
    has_sequence[is_client] = true;
    sequence[is_client] = glance->sequence;
    if (scene->key->protocol == IP_PROTOCOL_TCP)
        sequence[is_client] += glance->wire_len + (scene->tcp_flags & TCP_FLAG_SYN ? 1 : 0);
}

/* Plain packets: false when the flow is not the session's any more. */
static bool is_believed(struct tracker *tracker, struct flow *flow, const struct scene *scene, bool is_sure)
{
    bool is_client = scene->is_forward == flow->is_client_low;
    int64_t ts_ns = scene->packet->ts_ns;

    if (is_sure || (!flow->is_weak && ts_ns - flow->to_ns <= SURE_NS) || goes_on(flow, scene, is_client)) {
        if (flow->is_weak) {
            span_report(tracker, flow);
            flow->is_weak = false;
        }
        flow->sure_ns = ts_ns;
        span_note_sequence(flow->has_sequence, flow->sequence, scene, is_client);
        return true;
    }
    if (ts_ns - flow->sure_ns > VOID_NS) {
        span_unbind(tracker, flow);
        return false;
    }
    if (!flow->is_weak) {
        span_report(tracker, flow);
        flow->is_weak = true;
    }
    return true;
}

static bool is_believed_sealed(struct tracker *tracker, struct flow *flow, const struct scene *scene)
{
    const struct session *session = session_of(tracker, flow);
    const struct glance *glance = &scene->glance;
    bool is_client = scene->is_forward == flow->is_client_low;

    /* RFC 9146 section 3: who asked for an id is never sent a sealed record without. */
    if (glance->has_sealed && !glance->has_cid && glance->has_sequence && session->cid_to_server.len > 0 &&
        is_client) {
        span_unbind(tracker, flow);
        return false;
    }
    if (!glance->has_sequence ||
        (!is_client && session->cid_to_server.len > 0)) /* it moves, and comes back */
        return true;
    if (is_contradicted(flow, session, glance, is_client, scene->packet->ts_ns)) {
        span_unbind(tracker, flow);
        return false;
    }
    if (!flow->has_sequence[is_client] || glance->sequence > flow->sequence[is_client])
        flow->sequence[is_client] = glance->sequence;
    flow->has_sequence[is_client] = true;
    return true;
}

/* The session went elsewhere: what was still under way then is its own, what comes later is not. */
static bool has_left(struct tracker *tracker, struct flow *flow, const struct scene *scene)
{
    if (session_of(tracker, flow)->flow == flow_table_index(tracker->flows, flow) ||
        scene->packet->ts_ns - flow->to_ns <= LATE_NS)
        return false;
    span_unbind(tracker, flow);
    return true;
}

void span_count(struct tracker *tracker, struct scene *scene, bool is_sure)
{
    struct flow *flow = scene->flow;

    if (session_of(tracker, flow)) {
        bool is_its = has_left(tracker, flow, scene) ? false
                      : flow->is_plain               ? is_believed(tracker, flow, scene, is_sure)
                      : scene->is_dtls               ? is_believed_sealed(tracker, flow, scene)
                                                     : true;

        if (is_its) {
            span_add(tracker, flow, scene->packet);
            return;
        }
    } else if (flow->session_number != 0 && flow->session != SESSION_NONE) { /* its session was let go */
        span_unbind(tracker, flow);
    }
    if (flow->session_number == 0) {
        if (!scene->glance.has_sealed)
            return;
        span_begin_nameless(tracker, flow, flow->key.port_low > flow->key.port_high);
    }
    span_add(tracker, flow, scene->packet);
}
