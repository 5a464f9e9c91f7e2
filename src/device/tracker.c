/* SPDX-License-Identifier: Apache-2.0 */
#include "device/tracker.h"

#include <stdlib.h>

#include "device/session_table.h"
#include "protocol/dtls.h"

enum {
    FLOW_NONE = UINT32_MAX,
    HANDSHAKES_LIMIT = 1 << 14, /* under way at once; a scanner's push out other unfinished ones only */
    PLACES_LIMIT = 8,           /* of one handshake */
    RECORD_CID_AT = 11,         /* RFC 9146 section 4 */
    SEQUENCE_WINDOW = 64,       /* RFC 6347 section 4.1.2.6 */
    SEQUENCE_LEAP = 10000,      /* lost at most, before a record is taken for another session's */
};

#define SECOND_NS INT64_C(1000000000)
#define TOUCH_NS (10 * SECOND_NS) /* how exactly it is known which flow was used least recently */
#define SURE_NS                                                                                 \
    (30 * SECOND_NS) /* so long after its last packet a flow is surely still the same session's \
                      */
#define HANDSHAKE_AGE_NS (180 * SECOND_NS) /* after its last packet it is given up */
#define RETRY_NS                                                                                           \
    (60 * SECOND_NS) /* an unanswered ClientHello so soon after the session's packets is the same device's \
                      */

struct handshake {
    uint32_t flow; /* FLOW_NONE: the slot is free, chained by newer */
    uint32_t older, newer;
    int64_t from_ns, last_ns;
    uint64_t n_packets, n_bytes;
    uint64_t random_hash;
    bool is_client_low; /* of this handshake: a failed one leaves the flow's as it is */
    bool has_server_hello, has_identity, is_client_done, is_server_done;
    uint8_t offered_len, session_id_len, cid_to_server_len, cid_to_client_len;
    uint16_t identity_len;
    uint32_t n_places;
    uint32_t places[PLACES_LIMIT];
    uint8_t offered[SESSION_ID_LIMIT_BYTES];
    uint8_t session_id[SESSION_ID_LIMIT_BYTES];
    uint8_t cid_to_server[CID_LIMIT_BYTES];
    uint8_t cid_to_client[CID_LIMIT_BYTES];
    uint8_t identity[IDENTITY_LIMIT_BYTES];
};

struct flow {
    struct flow_key key;
    uint32_t next_in_bucket;
    uint32_t older, newer;
    uint32_t session; /* index, valid while session_number fits */
    uint64_t session_number;
    uint32_t handshake; /* index; FLOW_NONE for none */
    uint8_t reason;
    bool is_client_low;
    bool is_continued; /* a checkpoint cut the binding off, and it is still the same */
    bool has_sequence;
    int64_t touched_ns;     /* when it was last moved to the end of the list */
    int64_t from_ns, to_ns; /* of the packets since the last checkpoint; last packet of the binding */
    uint64_t n_packets, n_bytes;
    uint64_t sequence;    /* epoch and number of the client's highest record */
    uint64_t random_hash; /* of the handshake that made the session: repeats of its hello are no new one */
};

struct tracker {
    struct tracker_options options;
    struct tracker_counters counters;
    struct session_table *sessions;
    struct flow *flows;
    uint32_t *buckets;
    uint32_t n_buckets, n_flows;
    uint32_t oldest, newest;
    uint32_t free_flow;
    struct handshake *handshakes;
    uint32_t limit_handshakes;
    uint32_t n_handshakes, free_handshake, oldest_handshake, newest_handshake;
    uint64_t next_session;
};

struct tracker *tracker_new(const struct tracker_options *options)
{
    struct tracker *tracker = calloc(1, sizeof *tracker);

    if (tracker == NULL)
        return NULL;
    tracker->options = *options;
    if (tracker->options.limit_flows == 0)
        tracker->options.limit_flows = TRACKER_FLOWS;
    if (tracker->options.limit_sessions == 0)
        tracker->options.limit_sessions = TRACKER_SESSIONS;
    tracker->n_buckets = 1;
    while (tracker->n_buckets < tracker->options.limit_flows)
        tracker->n_buckets *= 2;
    tracker->sessions = session_table_new(tracker->options.limit_sessions, options->hash_seed);
    /* calloc'd, and so without pages until used */
    tracker->flows = calloc(tracker->options.limit_flows, sizeof *tracker->flows);
    tracker->buckets = malloc(tracker->n_buckets * sizeof *tracker->buckets);
    tracker->limit_handshakes =
        tracker->options.limit_flows < HANDSHAKES_LIMIT ? tracker->options.limit_flows : HANDSHAKES_LIMIT;
    tracker->handshakes = calloc(tracker->limit_handshakes, sizeof *tracker->handshakes);
    if (!tracker->sessions || !tracker->flows || !tracker->buckets || !tracker->handshakes) {
        tracker_free(tracker);
        return NULL;
    }
    for (uint32_t i = 0; i < tracker->n_buckets; i++)
        tracker->buckets[i] = FLOW_NONE;
    tracker->oldest = tracker->newest = tracker->free_flow = FLOW_NONE;
    tracker->free_handshake = tracker->oldest_handshake = tracker->newest_handshake = FLOW_NONE;
    return tracker;
}

void tracker_free(struct tracker *tracker)
{
    if (tracker == NULL)
        return;
    session_table_free(tracker->sessions);
    free(tracker->flows);
    free(tracker->buckets);
    free(tracker->handshakes);
    free(tracker);
}

void tracker_demand(struct demand *demand)
{
    static const enum dtls_field fields[] = {
        DTLS_RECORD_CONTENT_TYPE,    DTLS_RECORD_SPECIAL_TYPE, DTLS_RECORD_EPOCH,
        DTLS_RECORD_SEQUENCE_NUMBER, DTLS_HANDSHAKE_TYPE,      DTLS_HANDSHAKE_RANDOM,
        DTLS_HANDSHAKE_SESSION_ID,   DTLS_CONNECTION_ID,       DTLS_HANDSHAKE_IDENTITY,
    };

    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        demand_add_field(demand, DTLS_ID(fields[i]));
}

const struct tracker_counters *tracker_counters(const struct tracker *tracker)
{
    return &tracker->counters;
}

/* ---- handshakes under way ---- */

static void handshake_unlink(struct tracker *tracker, struct handshake *handshake)
{
    if (handshake->older != FLOW_NONE)
        tracker->handshakes[handshake->older].newer = handshake->newer;
    else
        tracker->oldest_handshake = handshake->newer;
    if (handshake->newer != FLOW_NONE)
        tracker->handshakes[handshake->newer].older = handshake->older;
    else
        tracker->newest_handshake = handshake->older;
}

static void handshake_append(struct tracker *tracker, uint32_t i)
{
    struct handshake *handshake = &tracker->handshakes[i];

    handshake->older = tracker->newest_handshake;
    handshake->newer = FLOW_NONE;
    if (tracker->newest_handshake != FLOW_NONE)
        tracker->handshakes[tracker->newest_handshake].newer = i;
    else
        tracker->oldest_handshake = i;
    tracker->newest_handshake = i;
}

static void handshake_release(struct tracker *tracker, struct flow *flow)
{
    struct handshake *handshake = &tracker->handshakes[flow->handshake];

    handshake_unlink(tracker, handshake);
    handshake->flow = FLOW_NONE;
    handshake->newer = tracker->free_handshake;
    tracker->free_handshake = flow->handshake;
    flow->handshake = FLOW_NONE;
}

static struct session *session_of(struct tracker *tracker, const struct flow *flow)
{
    return session_table_get(tracker->sessions, flow->session, flow->session_number);
}

/* Reports what the flow gathered since the last report. */
static void report_binding(struct tracker *tracker, struct flow *flow)
{
    const struct session *session = session_of(tracker, flow);

    if (session && session->scheme != IDENTITY_NONE && flow->n_packets > 0 && tracker->options.binding) {
        struct binding binding = {
            .scheme = session->scheme,
            .reason = (enum binding_reason)flow->reason,
            .is_client_low = flow->is_client_low,
            .is_continued = flow->is_continued,
            .flow = flow->key,
            .from_ns = flow->from_ns,
            .to_ns = flow->to_ns,
            .n_packets = flow->n_packets,
            .n_bytes = flow->n_bytes,
            .session = session->number,
            .identity = session->identity,
            .cid_to_server = session->cid_to_server,
            .cid_to_client = session->cid_to_client,
            .session_id = session->session_id,
        };

        tracker->options.binding(tracker->options.context, &binding);
        flow->is_continued = true;
    }
    flow->n_packets = 0;
    flow->n_bytes = 0;
}

static void unbind(struct tracker *tracker, struct flow *flow)
{
    report_binding(tracker, flow);
    flow->session = SESSION_NONE;
    flow->session_number = 0;
    flow->has_sequence = false;
    flow->is_continued = false;
}

static void report_attempt(struct tracker *tracker, const struct flow *flow,
                           const struct handshake *handshake)
{
    struct binding binding = {
        .scheme = IDENTITY_DTLS_PSK,
        .reason = BINDING_ATTEMPT,
        .is_client_low = handshake->is_client_low,
        .flow = flow->key,
        .from_ns = handshake->from_ns,
        .to_ns = handshake->last_ns,
        .n_packets = handshake->n_packets,
        .n_bytes = handshake->n_bytes,
        .identity = bytes_of(handshake->identity, handshake->identity_len),
    };

    tracker->counters.n_attempts++;
    if (tracker->options.binding)
        tracker->options.binding(tracker->options.context, &binding);
}

/* It did not finish: what named someone is reported; a nameless retry soon after the session's packets is the
 * session's. */
static void give_up_handshake(struct tracker *tracker, struct flow *flow)
{
    struct handshake *handshake = &tracker->handshakes[flow->handshake];

    if (handshake->has_identity) {
        report_attempt(tracker, flow, handshake);
    } else if (session_of(tracker, flow) && handshake->from_ns - flow->to_ns <= RETRY_NS) {
        if (flow->n_packets == 0)
            flow->from_ns = handshake->from_ns;
        if (handshake->last_ns > flow->to_ns)
            flow->to_ns = handshake->last_ns;
        flow->n_packets += handshake->n_packets;
        flow->n_bytes += handshake->n_bytes;
    }
    handshake_release(tracker, flow);
}

static struct handshake *handshake_begin(struct tracker *tracker, struct flow *flow, int64_t ts_ns)
{
    uint32_t i;

    if (flow->handshake != FLOW_NONE)
        give_up_handshake(tracker, flow);
    if (tracker->free_handshake == FLOW_NONE && tracker->n_handshakes == tracker->limit_handshakes)
        give_up_handshake(tracker, &tracker->flows[tracker->handshakes[tracker->oldest_handshake].flow]);
    if (tracker->free_handshake != FLOW_NONE) {
        i = tracker->free_handshake;
        tracker->free_handshake = tracker->handshakes[i].newer;
    } else {
        i = tracker->n_handshakes++;
    }
    memset(&tracker->handshakes[i], 0, offsetof(struct handshake, offered));
    tracker->handshakes[i].flow = (uint32_t)(flow - tracker->flows);
    tracker->handshakes[i].from_ns = ts_ns;
    tracker->handshakes[i].last_ns = ts_ns;
    handshake_append(tracker, i);
    flow->handshake = i;
    return &tracker->handshakes[i];
}

/* ---- flows ---- */

static uint32_t *bucket_of(struct tracker *tracker, const struct flow_key *key)
{
    return &tracker->buckets[flow_key_hash(key, tracker->options.hash_seed) & (tracker->n_buckets - 1)];
}

void tracker_prefetch(const struct tracker *tracker, uint64_t flow_hash)
{
    __builtin_prefetch(&tracker->buckets[flow_hash & (tracker->n_buckets - 1)]);
}

static struct flow *flow_find(struct tracker *tracker, const struct flow_key *key)
{
    for (uint32_t i = *bucket_of(tracker, key); i != FLOW_NONE; i = tracker->flows[i].next_in_bucket) {
        if (flow_key_equal(&tracker->flows[i].key, key))
            return &tracker->flows[i];
    }
    return NULL;
}

static void flow_unlink_age(struct tracker *tracker, struct flow *flow)
{
    if (flow->older != FLOW_NONE)
        tracker->flows[flow->older].newer = flow->newer;
    else
        tracker->oldest = flow->newer;
    if (flow->newer != FLOW_NONE)
        tracker->flows[flow->newer].older = flow->older;
    else
        tracker->newest = flow->older;
}

static void flow_append_age(struct tracker *tracker, struct flow *flow)
{
    uint32_t i = (uint32_t)(flow - tracker->flows);

    flow->older = tracker->newest;
    flow->newer = FLOW_NONE;
    if (tracker->newest != FLOW_NONE)
        tracker->flows[tracker->newest].newer = i;
    else
        tracker->oldest = i;
    tracker->newest = i;
}

/*
 * Used least recently goes first, give or take TOUCH_NS: to relink a flow and its session in their lists for
 * every packet would touch four other ones, which is what a packet costs here most.
 */
static void flow_touch(struct tracker *tracker, struct flow *flow, int64_t ts_ns)
{
    if (ts_ns - flow->touched_ns < TOUCH_NS && ts_ns >= flow->touched_ns)
        return;
    flow->touched_ns = ts_ns;
    if (flow->newer != FLOW_NONE) {
        flow_unlink_age(tracker, flow);
        flow_append_age(tracker, flow);
    }
    if (session_of(tracker, flow))
        session_table_touch(tracker->sessions, flow->session);
}

static void flow_evict_oldest(struct tracker *tracker)
{
    struct flow *flow = &tracker->flows[tracker->oldest];
    uint32_t *link = bucket_of(tracker, &flow->key);

    if (flow->handshake != FLOW_NONE)
        give_up_handshake(tracker, flow);
    unbind(tracker, flow);
    while (&tracker->flows[*link] != flow)
        link = &tracker->flows[*link].next_in_bucket;
    *link = flow->next_in_bucket;
    flow_unlink_age(tracker, flow);
    flow->next_in_bucket = tracker->free_flow;
    tracker->free_flow = (uint32_t)(flow - tracker->flows);
    tracker->counters.n_flows_evicted++;
}

static struct flow *flow_add(struct tracker *tracker, const struct flow_key *key)
{
    uint32_t *bucket, i;

    if (tracker->free_flow == FLOW_NONE && tracker->n_flows == tracker->options.limit_flows)
        flow_evict_oldest(tracker);
    if (tracker->free_flow != FLOW_NONE) {
        i = tracker->free_flow;
        tracker->free_flow = tracker->flows[i].next_in_bucket;
    } else {
        i = tracker->n_flows++;
    }
    bucket = bucket_of(tracker, key);
    tracker->flows[i] = (struct flow) {
        .key = *key, .next_in_bucket = *bucket, .session = SESSION_NONE, .handshake = FLOW_NONE
    };
    *bucket = i;
    flow_append_age(tracker, &tracker->flows[i]);
    return &tracker->flows[i];
}

/* ---- what one packet says ---- */

struct hello {
    bool is_there;
    uint64_t random_hash;
    struct bytes session_id;
    struct bytes cid;
};

struct sighting {
    struct hello client, server;
    struct bytes identity;
    bool has_identity;
    bool has_epoch0, has_cipher_change, has_cid_record;
    bool has_sequence;
    uint64_t sequence; /* epoch << 48 | number of the last record of epoch 1 or above */
};

static uint64_t hash_bytes(struct bytes bytes)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < bytes.len; i++) /* equality of 32 random bytes is all that is asked */
        hash = (hash ^ bytes.data[i]) * UINT64_C(0x100000001b3);
    return hash;
}

static void read_sighting(const struct dissection *d, struct sighting *seen)
{
    struct hello *hello = NULL;
    uint64_t epoch = 0, type = 0;

    memset(seen, 0, sizeof *seen);
    for (uint32_t i = 0; i < d->n_values; i++) {
        const struct value *value = &d->values[i];

        if (FIELD_PROTOCOL(value->field) != PROTOCOL_DTLS)
            continue;
        switch (FIELD_INDEX(value->field)) {
        case DTLS_RECORD_CONTENT_TYPE:
        case DTLS_RECORD_SPECIAL_TYPE:
            type = value->number;
            hello = NULL;
            seen->has_cid_record |= type == DTLS_CID_RECORD;
            break;
        case DTLS_RECORD_EPOCH:
            epoch = value->number;
            seen->has_epoch0 |= epoch == 0;
            seen->has_cipher_change |= epoch == 0 && type == DTLS_CHANGE_CIPHER_SPEC_RECORD;
            break;
        case DTLS_RECORD_SEQUENCE_NUMBER:
            if (epoch > 0) {
                seen->has_sequence = true;
                seen->sequence = epoch << 48 | value->number;
            }
            break;
        case DTLS_HANDSHAKE_TYPE:
            hello = value->number == DTLS_CLIENT_HELLO   ? &seen->client
                    : value->number == DTLS_SERVER_HELLO ? &seen->server
                                                         : NULL;
            break;
        case DTLS_HANDSHAKE_RANDOM:
            if (hello) {
                hello->is_there = true;
                hello->random_hash = hash_bytes(value->bytes);
            }
            break;
        case DTLS_HANDSHAKE_SESSION_ID:
            if (hello)
                hello->session_id = value->bytes;
            break;
        case DTLS_CONNECTION_ID:
            if (hello)
                hello->cid = value->bytes;
            break;
        case DTLS_HANDSHAKE_IDENTITY:
            seen->has_identity = true;
            seen->identity = value->bytes;
            break;
        default:
            break;
        }
    }
}

static uint8_t keep(uint8_t *to, size_t limit, struct bytes from)
{
    if (from.len > limit)
        return 0;
    if (from.len)
        memcpy(to, from.data, from.len);
    return (uint8_t)from.len;
}

static const struct ip_address *server_of(const struct flow *flow)
{
    return flow->is_client_low ? &flow->key.high : &flow->key.low;
}

/* Both ends changed their cipher: the flow is the new session's from the first hello on. */
static void finish_handshake(struct tracker *tracker, struct flow *flow)
{
    struct handshake *handshake = &tracker->handshakes[flow->handshake];
    struct session session = {
        .number = ++tracker->next_session,
        .cid_to_server = bytes_of(handshake->cid_to_server, handshake->cid_to_server_len),
        .cid_to_client = bytes_of(handshake->cid_to_client, handshake->cid_to_client_len),
        .session_id = bytes_of(handshake->session_id, handshake->session_id_len),
    };
    uint32_t earlier = SESSION_NONE;
    uint8_t reason = BINDING_HANDSHAKE;

    if (handshake->has_identity) {
        session.scheme = IDENTITY_DTLS_PSK;
        session.identity = bytes_of(handshake->identity, handshake->identity_len);
        tracker->counters.n_handshakes++;
    } else if (handshake->offered_len && handshake->offered_len == handshake->session_id_len &&
               memcmp(handshake->offered, handshake->session_id, handshake->offered_len) == 0) {
        earlier = session_table_by_session_id(tracker->sessions, session.session_id);
        reason = BINDING_RESUMED;
    }
    if (earlier != SESSION_NONE) {
        session.scheme = session_table_at(tracker->sessions, earlier)->scheme;
        session.identity = session_table_at(tracker->sessions, earlier)->identity;
        tracker->counters.n_resumed++;
    }
    if (session.scheme == IDENTITY_NONE)
        tracker->counters.n_anonymous++;

    unbind(tracker, flow);
    flow->is_client_low = handshake->is_client_low;
    session.server = *server_of(flow);
    flow->session = session_table_add(tracker->sessions, &session);
    flow->session_number = flow->session == SESSION_NONE ? 0 : session.number;
    flow->reason = reason;
    flow->random_hash = handshake->random_hash;
    flow->from_ns = handshake->from_ns;
    flow->to_ns = handshake->last_ns;
    flow->n_packets = handshake->n_packets;
    flow->n_bytes = handshake->n_bytes;
    handshake_release(tracker, flow);
}

static void note_client_hello(struct tracker *tracker, struct flow *flow, const struct hello *hello,
                              bool is_forward, int64_t ts_ns)
{
    struct handshake *handshake = flow->handshake == FLOW_NONE ? NULL : &tracker->handshakes[flow->handshake];

    if (handshake == NULL && session_of(tracker, flow) && flow->random_hash == hello->random_hash)
        return; /* a late repeat of the hello that made this session */
    if (handshake == NULL || handshake->random_hash != hello->random_hash) {
        handshake = handshake_begin(tracker, flow, ts_ns);
        handshake->random_hash = hello->random_hash;
        handshake->is_client_low = is_forward;
    }
    handshake->offered_len = keep(handshake->offered, sizeof handshake->offered, hello->session_id);
    handshake->cid_to_client_len =
        keep(handshake->cid_to_client, sizeof handshake->cid_to_client, hello->cid);
}

static void note_identity(struct tracker *tracker, struct handshake *handshake, struct bytes identity,
                          uint32_t place)
{
    if (identity.len > IDENTITY_LIMIT_BYTES) {
        tracker->counters.n_identities_refused++;
        return;
    }
    if (!handshake->has_identity || handshake->identity_len != identity.len ||
        memcmp(handshake->identity, identity.data, identity.len) != 0) {
        handshake->has_identity = true;
        handshake->identity_len = (uint16_t)identity.len;
        if (identity.len)
            memcpy(handshake->identity, identity.data, identity.len);
    }
    if (tracker->options.identity) {
        uint32_t places[PLACES_LIMIT + 1], n = handshake->n_places;

        memcpy(places, handshake->places, n * sizeof *places);
        if (n == 0 || places[n - 1] != place)
            places[n++] = place;
        tracker->options.identity(tracker->options.context, IDENTITY_DTLS_PSK, identity, places, n);
    }
}

static void note_place(struct handshake *handshake, uint32_t place)
{
    if (handshake->n_places > 0 && handshake->places[handshake->n_places - 1] == place)
        return;
    if (handshake->n_places == PLACES_LIMIT) { /* the newest matter: where the message's pieces lie */
        memmove(handshake->places, handshake->places + 1, (PLACES_LIMIT - 1) * sizeof *handshake->places);
        handshake->n_places--;
    }
    handshake->places[handshake->n_places++] = place;
}

static void follow_handshake(struct tracker *tracker, struct flow *flow, const struct sighting *seen,
                             bool is_forward, uint32_t place)
{
    struct handshake *handshake = &tracker->handshakes[flow->handshake];
    bool is_client = is_forward == handshake->is_client_low;
    bool has_agreed, is_new_epoch;

    if (seen->server.is_there && !is_client) {
        handshake->has_server_hello = true;
        handshake->session_id_len =
            keep(handshake->session_id, sizeof handshake->session_id, seen->server.session_id);
        handshake->cid_to_server_len =
            keep(handshake->cid_to_server, sizeof handshake->cid_to_server, seen->server.cid);
    }
    if (seen->has_identity && is_client)
        note_identity(tracker, handshake, seen->identity, place);
    /*
     * A record of the new epoch says as much as the change of cipher before it, which may be lost or cut. The
     * session that is still on the flow has such records too; a new one's are numbered from 0.
     */
    has_agreed = handshake->has_identity || handshake->has_server_hello;
    is_new_epoch =
        !seen->has_epoch0 && seen->has_sequence &&
        (session_of(tracker, flow) == NULL || (seen->sequence & ((UINT64_C(1) << 48) - 1)) < SEQUENCE_WINDOW);
    if (seen->has_cipher_change || (has_agreed && is_new_epoch)) {
        handshake->is_client_done |= is_client;
        handshake->is_server_done |= !is_client;
    }
}

/* Moves *r from the first record of a datagram to the connection id of the first record that has one. */
static bool seek_cid(struct reader *r)
{
    for (;;) {
        struct reader record = *r;
        uint16_t length;
        uint8_t type;

        if (!reader_u8(&record, &type))
            return false;
        if (type == DTLS_CID_RECORD)
            return reader_skip(r, RECORD_CID_AT);
        if (!reader_skip(&record, RECORD_CID_AT - 1) || !reader_u16(&record, &length) ||
            !reader_skip(&record, length))
            return false;
        *r = record;
    }
}

static bool begins_with(const struct reader *r, const uint8_t *cid, size_t len)
{
    return len > 0 && reader_left(r) >= len && memcmp(r->at, cid, len) == 0;
}

/* A record with a connection id: whose session is it, and was it on this flow before? */
static struct flow *follow_cid(struct tracker *tracker, struct flow *flow, const struct dissection *d,
                               const struct flow_key *key, bool is_forward)
{
    const struct layer *layer = &d->layers[d->n_layers - 1];
    const struct ip_address *server = is_forward ? &key->high : &key->low;
    const struct handshake *handshake =
        flow && flow->handshake != FLOW_NONE ? &tracker->handshakes[flow->handshake] : NULL;
    struct session *session = flow ? session_of(tracker, flow) : NULL;
    struct reader r = reader_over(bytes_of(layer->data, layer->header_len));
    uint32_t found;

    if (!seek_cid(&r))
        return flow; /* cut before the id: the flow's session, if it has one */
    if (session && begins_with(&r, session->cid_to_server.data, session->cid_to_server.len))
        return flow;
    if (session && is_forward != flow->is_client_low)
        return flow; /* to the client, with the id that the client chose */
    if (handshake && (is_forward != handshake->is_client_low ||
                      begins_with(&r, handshake->cid_to_server, handshake->cid_to_server_len)))
        return flow; /* the last flight of the handshake: an earlier session may have had the same id */
    found = session_table_by_cid(tracker->sessions, reader_rest(&r), server);
    if (found == SESSION_NONE) {
        if (session && reader_left(&r) >= session->cid_to_server.len)
            unbind(tracker, flow); /* somebody else's, from where this session was */
        return flow;
    }
    if (flow == NULL)
        flow = flow_add(tracker, key);
    else
        unbind(tracker, flow);
    flow->is_client_low = is_forward;
    flow->session = found;
    flow->session_number = session_table_at(tracker->sessions, found)->number;
    flow->reason = BINDING_CID;
    flow->random_hash = 0;
    tracker->counters.n_cid_moves++;
    return flow;
}

/*
 * Without a connection id, a record after a long silence is the session's when its sequence number goes on
 * from there: the address may have been given to another device meanwhile.
 */
static void confirm_by_sequence(struct tracker *tracker, struct flow *flow, const struct sighting *seen,
                                int64_t ts_ns)
{
    if (!seen->has_sequence)
        return;
    if (flow->has_sequence && ts_ns - flow->to_ns > SURE_NS && !seen->has_cid_record) {
        bool is_same_epoch = seen->sequence >> 48 == flow->sequence >> 48;

        if (!is_same_epoch || seen->sequence + SEQUENCE_WINDOW < flow->sequence ||
            seen->sequence > flow->sequence + SEQUENCE_LEAP) {
            unbind(tracker, flow);
            return;
        }
    }
    if (!flow->has_sequence || seen->sequence > flow->sequence)
        flow->sequence = seen->sequence;
    flow->has_sequence = true;
}

static void count_on_binding(struct flow *flow, const struct packet *packet)
{
    if (flow->n_packets == 0)
        flow->from_ns = packet->ts_ns;
    if (flow->n_packets == 0 || packet->ts_ns > flow->to_ns)
        flow->to_ns = packet->ts_ns;
    flow->n_packets++;
    flow->n_bytes += packet->len;
}

void tracker_packet(struct tracker *tracker, const struct dissection *d, const struct flow_key *key,
                    bool is_forward, bool has_dtls, uint32_t place)
{
    struct flow *flow = flow_find(tracker, key);
    const struct packet *packet = d->packet;
    struct sighting seen = { 0 };
    struct handshake *handshake;

    if (has_dtls) {
        read_sighting(d, &seen);
        if (seen.has_cid_record)
            flow = follow_cid(tracker, flow, d, key, is_forward);
        if (seen.client.is_there) {
            if (flow == NULL)
                flow = flow_add(tracker, key);
            note_client_hello(tracker, flow, &seen.client, is_forward, packet->ts_ns);
        }
    }
    if (flow == NULL)
        return;
    flow_touch(tracker, flow, packet->ts_ns);

    if (flow->handshake != FLOW_NONE &&
        packet->ts_ns - tracker->handshakes[flow->handshake].last_ns > HANDSHAKE_AGE_NS)
        give_up_handshake(tracker, flow);
    if (flow->handshake != FLOW_NONE && has_dtls)
        follow_handshake(tracker, flow, &seen, is_forward, place);
    handshake = flow->handshake == FLOW_NONE ? NULL : &tracker->handshakes[flow->handshake];
    if (handshake && (seen.has_epoch0 || session_of(tracker, flow) == NULL)) {
        handshake->last_ns = packet->ts_ns;
        handshake->n_packets++;
        handshake->n_bytes += packet->len;
        note_place(handshake, place);
    } else {
        if (session_of(tracker, flow) && has_dtls && is_forward == flow->is_client_low)
            confirm_by_sequence(tracker, flow, &seen, packet->ts_ns);
        if (session_of(tracker, flow))
            count_on_binding(flow, packet);
    }
    if (handshake && handshake->is_client_done && handshake->is_server_done)
        finish_handshake(tracker, flow);
}

void tracker_checkpoint(struct tracker *tracker, bool is_last)
{
    /* Flows with packets since the last checkpoint are the newest of the list. */
    if (is_last) {
        while (tracker->oldest_handshake != FLOW_NONE)
            give_up_handshake(tracker, &tracker->flows[tracker->handshakes[tracker->oldest_handshake].flow]);
    }
    for (uint32_t i = tracker->oldest; i != FLOW_NONE; i = tracker->flows[i].newer)
        report_binding(tracker, &tracker->flows[i]);
    tracker->counters.n_sessions_evicted = session_table_evicted(tracker->sessions);
}

void tracker_restore(struct tracker *tracker, const struct binding *binding)
{
    struct flow *flow = flow_find(tracker, &binding->flow);
    struct session session = {
        .number = binding->session,
        .scheme = binding->scheme,
        .identity = binding->identity,
        .cid_to_server = binding->cid_to_server,
        .cid_to_client = binding->cid_to_client,
        .session_id = binding->session_id,
    };
    struct session *known;

    if (binding->reason == BINDING_ATTEMPT || binding->session == 0)
        return;
    if (flow == NULL)
        flow = flow_add(tracker, &binding->flow);
    if (flow->to_ns > binding->to_ns)
        return;
    flow_touch(tracker, flow, binding->to_ns);
    flow->is_client_low = binding->is_client_low;
    flow->reason = (uint8_t)binding->reason;
    flow->to_ns = binding->to_ns;
    session.server = *server_of(flow);
    known = session_of(tracker, flow);
    if (known == NULL || known->number != binding->session) {
        uint32_t found = SESSION_NONE;

        if (binding->cid_to_server.len)
            found = session_table_by_cid(tracker->sessions, binding->cid_to_server, &session.server);
        if (found == SESSION_NONE || session_table_at(tracker->sessions, found)->number != binding->session)
            found = session_table_add(tracker->sessions, &session);
        flow->session = found;
        flow->session_number = found == SESSION_NONE ? 0 : binding->session;
        flow->has_sequence = false;
    }
    if (binding->session > tracker->next_session)
        tracker->next_session = binding->session;
}
