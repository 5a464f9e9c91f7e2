/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handshakes, and whatever else lets a device in: a CONNECT, a registration, a request with a key id. It
 * stands beside the session its flow has, and replaces it when it is finished; one that fails, or is heard of
 * no more, changes nothing, and is reported as an attempt when it named someone.
 */
#include "device/tracker_private.h"
#include "protocol/dispatch.h"

enum {
    SEQUENCE_WINDOW = 64, /* a new session's first records are within it */
    SILENT_LIMIT = 16,    /* segments without a word about anybody: not a connection of interest */
};

#define HANDSHAKE_AGE_NS (180 * SECOND_NS) /* after its last packet it is given up */
#define RETRY_NS \
    (60 * SECOND_NS) /* unanswered so soon after the session's packets, it is the same device's */

struct handshake *handshake_of(struct tracker *tracker, const struct flow *flow)
{
    return flow->handshake == HANDSHAKE_NONE ? NULL
                                             : handshake_table_at(tracker->handshakes, flow->handshake);
}

static void release(struct tracker *tracker, struct flow *flow)
{
    handshake_table_end(tracker->handshakes, handshake_of(tracker, flow));
    flow->handshake = HANDSHAKE_NONE;
}

static void report_attempt(struct tracker *tracker, const struct flow *flow,
                           const struct handshake *handshake)
{
    struct binding binding = {
        .reason = BINDING_ATTEMPT,
        .confidence = CONFIDENCE_WEAK,
        .is_client_low = handshake->is_client_low,
        .flow = flow->key,
        .from_ns = handshake->from_ns,
        .to_ns = handshake->last_ns,
        .n_packets = handshake->n_packets,
        .n_bytes = handshake->n_bytes,
    };

    tracker->counters.n_attempts++;
    span_tell(tracker, &handshake->names, &binding);
}

void handshake_give_up(struct tracker *tracker, struct flow *flow)
{
    const struct handshake *handshake = handshake_of(tracker, flow);

    if (handshake->names.n > 0 && handshake->n_packets > 0) {
        report_attempt(tracker, flow, handshake);
    } else if (session_of(tracker, flow) && handshake->from_ns - flow->to_ns <= RETRY_NS) {
        if (flow->n_packets == 0)
            flow->from_ns = handshake->from_ns;
        if (handshake->last_ns > flow->to_ns)
            flow->to_ns = handshake->last_ns;
        flow->n_packets += handshake->n_packets;
        flow->n_bytes += handshake->n_bytes;
    }
    release(tracker, flow);
}

static struct handshake *begin(struct tracker *tracker, struct scene *scene)
{
    const struct ip_address *source = scene->is_forward ? &scene->key->low : &scene->key->high;
    struct handshake *handshake;
    uint32_t victim;

    if (scene->flow == NULL)
        scene->flow = span_flow(tracker, scene->key, scene->hash);
    if (scene->flow->handshake != HANDSHAKE_NONE)
        handshake_give_up(tracker, scene->flow);
    victim = handshake_table_victim(tracker->handshakes, source);
    if (victim != HANDSHAKE_NONE) {
        handshake_give_up(
            tracker, flow_table_at(tracker->flows, handshake_table_at(tracker->handshakes, victim)->flow));
        tracker->counters.n_handshakes_evicted++;
    }
    handshake = handshake_table_begin(tracker->handshakes, source,
                                      flow_table_index(tracker->flows, scene->flow), scene->packet->ts_ns);
    scene->flow->handshake = handshake_table_index(tracker->handshakes, handshake);
    handshake->is_client_low = scene->is_forward;
    return handshake;
}

void handshake_open(struct tracker *tracker, struct scene *scene, uint32_t sequence)
{
    uint64_t instance = identity_hash(bytes_of(&sequence, sizeof sequence), 0);
    struct handshake *handshake = scene->flow ? handshake_of(tracker, scene->flow) : NULL;

    if (handshake && handshake->is_open && handshake->instance == instance)
        return; /* sent again */
    if (scene->flow && session_of(tracker, scene->flow) && scene->flow->instance == instance)
        return;
    handshake = begin(tracker, scene);
    handshake->is_open = true;
    handshake->instance = instance;
}

/* ---- what a packet says ---- */

static uint8_t keep(uint8_t *to, size_t limit, struct bytes from)
{
    if (from.len > limit)
        return 0;
    if (from.len)
        memcpy(to, from.data, from.len);
    return (uint8_t)from.len;
}

/* All its names are the session's already. */
static bool is_known(const struct session *session, const struct sighting *seen)
{
    for (unsigned i = 0; i < seen->n_names; i++) {
        if (!names_have(&session->names, seen->names[i].scheme, seen->names[i].identity))
            return false;
    }
    return true;
}

/* What it says of the session that stands: that it is still the same, or, sent late, nothing new. */
static bool is_old_news(struct tracker *tracker, const struct scene *scene, const struct sighting *seen)
{
    const struct session *session;

    if (scene->flow == NULL || scene->flow->handshake != HANDSHAKE_NONE)
        return false;
    session = session_of(tracker, scene->flow);
    if (session == NULL || scene->is_forward != scene->flow->is_client_low)
        return false;
    if (!(seen->steps & SEEN_BEGIN)) /* a key exchange */
        return seen->n_names > 0 && is_known(session, seen);
    if (seen->reason == BINDING_REQUEST)
        return is_known(session, seen);
    if (seen->reason == BINDING_LOCATION)
        return bytes_equal(token_bytes(&seen->offered[0]), session->token) &&
               session->flow == flow_table_index(tracker->flows, scene->flow);
    return scene->flow->instance == seen->instance;
}

static void take_beginning(struct tracker *tracker, struct scene *scene, const struct sighting *seen)
{
    struct handshake *handshake = scene->flow ? handshake_of(tracker, scene->flow) : NULL;

    if (handshake && handshake->is_open && handshake->is_client_low == scene->is_forward) {
        handshake->is_open = false; /* the connection is what it begins with */
        handshake->instance = seen->instance;
    } else if (handshake == NULL || handshake->instance != seen->instance) {
        handshake = begin(tracker, scene);
        handshake->instance = seen->instance;
    }
    handshake->reason = (uint8_t)seen->reason;
    handshake->answer = seen->answer;
    handshake->is_plain = seen->is_plain;
    handshake->offered[0] = seen->offered[0];
    handshake->offered[1] = seen->offered[1];
    handshake->cid_to_client_len = keep(handshake->cid_to_client, sizeof handshake->cid_to_client, seen->cid);
}

/* Of several external identities the server takes one, or none. */
static void select_identity(struct handshake *handshake, const struct sighting *seen)
{
    struct names kept = { 0 };
    struct identity_name name;
    bool is_sound = true;
    unsigned nth = 0;

    for (size_t at = 0; names_next(&handshake->names, &at, &name);) {
        bool is_external = name.scheme == IDENTITY_EXTERNAL_PSK;

        if (!is_external || (seen->has_selected && handshake->psk_numbers[nth] == seen->selected))
            is_sound &= names_add(&kept, name.scheme, name.identity);
        nth += is_external;
    }
    if (!is_sound) {
        names_clear(&kept);
        return;
    }
    names_clear(&handshake->names);
    handshake->names = kept;
    handshake->psk_numbers[0] = seen->selected;
}

static void take_answer(struct handshake *handshake, const struct sighting *seen)
{
    handshake->has_answer = true;
    handshake->has_other_version = seen->is_other_version;
    token_digest(&handshake->session_id, seen->session_id, NULL);
    handshake->cid_to_server_len = keep(handshake->cid_to_server, sizeof handshake->cid_to_server, seen->cid);
    if (!seen->has_cid)
        handshake->cid_to_client_len = 0; /* RFC 9146 section 3: both, or neither */
    select_identity(handshake, seen);
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

static void mark_identity(struct tracker *tracker, const struct handshake *handshake,
                          enum identity_scheme scheme, struct bytes identity, uint32_t place)
{
    uint32_t places[PLACES_LIMIT + 1], n = handshake ? handshake->n_places : 0;

    if (tracker->options.identity == NULL)
        return;
    if (n > 0)
        memcpy(places, handshake->places, n * sizeof *places);
    if (n == 0 || places[n - 1] != place)
        places[n++] = place;
    tracker->options.identity(tracker->options.context, scheme, identity, places, n);
}

static void take_names(struct tracker *tracker, const struct scene *scene, struct handshake *handshake,
                       const struct sighting *seen)
{
    unsigned n_external = 0;

    tracker->counters.n_identities_refused += seen->n_names_cut;
    if (seen->n_names_cut > 0) /* it may name anybody */
        mark_identity(tracker, handshake, IDENTITY_NONE, (struct bytes) { NULL, 0 }, scene->place);
    for (unsigned i = 0; i < seen->n_names; i++) {
        enum identity_scheme scheme = seen->names[i].scheme;
        struct bytes identity = seen->names[i].identity;

        mark_identity(tracker, handshake, scheme, identity, scene->place);
        if (handshake == NULL)
            continue;
        if (!names_add(&handshake->names, scheme, identity)) {
            tracker->counters.n_identities_refused++;
            continue;
        }
        if (scheme == IDENTITY_EXTERNAL_PSK && n_external < NAMES_LIMIT)
            handshake->psk_numbers[n_external++] = seen->names[i].number;
    }
}

void handshake_mark(struct tracker *tracker, const struct scene *scene, const struct sighting *seen)
{
    take_names(tracker, scene, NULL, seen);
}

bool handshake_sight(struct tracker *tracker, struct scene *scene, const struct sighting *seen)
{
    struct handshake *handshake;
    bool is_client, is_old = false;

    if (seen->steps & (SEEN_BEGIN | SEEN_KEYS)) {
        is_old = is_old_news(tracker, scene, seen);
        if (!is_old && seen->steps & SEEN_BEGIN)
            take_beginning(tracker, scene, seen);
        else if (!is_old && (scene->flow == NULL || scene->flow->handshake == HANDSHAKE_NONE))
            begin(tracker, scene)->reason = BINDING_HANDSHAKE; /* its hello was not seen */
    }
    handshake = scene->flow ? handshake_of(tracker, scene->flow) : NULL;
    if (handshake == NULL) {
        take_names(tracker, scene, NULL, seen);
        return is_old;
    }
    is_client = scene->is_forward == handshake->is_client_low;
    /* What others say names nobody, but is on the wire, and so in the index. */
    take_names(tracker, scene, is_client || seen->steps & SEEN_ACCEPTED ? handshake : NULL, seen);
    handshake->has_key_exchange |= is_client && seen->steps & SEEN_KEYS;
    if (is_client) {
        handshake->is_client_done |= (seen->steps & SEEN_DONE) != 0;
        return false;
    }
    if (seen->steps & SEEN_ANSWER)
        take_answer(handshake, seen);
    if (seen->ticket.len)
        handshake->ticket = seen->ticket;
    handshake->is_server_done |= (seen->steps & SEEN_DONE) != 0;
    if (seen->steps & (SEEN_ACCEPTED | SEEN_REFUSED) && !handshake->is_open &&
        (seen->answer == 0 || handshake->answer == 0 || seen->answer == handshake->answer)) {
        handshake->is_accepted = (seen->steps & SEEN_ACCEPTED) != 0;
        handshake->is_refused = !handshake->is_accepted;
    }
    return false;
}

void handshake_follow_records(struct tracker *tracker, struct scene *scene)
{
    const struct glance *glance = &scene->glance;
    struct handshake *handshake = handshake_of(tracker, scene->flow);
    bool is_client = scene->is_forward == handshake->is_client_low, has_agreed, is_new_epoch, has_session;

    /*
     * A record of the new epoch says as much as the change of cipher before it, which may be lost or cut. The
     * session that is still on the flow has such records too; a new one's are numbered from 0.
     */
    has_session = session_of(tracker, scene->flow) != NULL;
    has_agreed = handshake->names.n > 0 || handshake->has_answer;
    is_new_epoch = !glance->has_epoch0 && glance->has_sealed &&
                   (!has_session || (glance->has_sequence &&
                                     (glance->sequence & ((UINT64_C(1) << 48) - 1)) < SEQUENCE_WINDOW));
    if (glance->is_done || (has_agreed && is_new_epoch)) {
        handshake->is_client_done |= is_client;
        handshake->is_server_done |= !is_client;
    }
}

/* ---- how it ends ---- */

/* The session with a token, here or asleep. */
static uint32_t session_by_token(struct tracker *tracker, const struct handshake *handshake,
                                 const struct token *token, const struct ip_address *server)
{
    uint32_t found = session_table_by_token(tracker->sessions, token_bytes(token));

    return found == SESSION_NONE
               ? wake_by_token(tracker, token_bytes(token), server, handshake->is_plain, handshake->last_ns)
               : found;
}

/* The session an abbreviated handshake, or an update, takes up. */
static uint32_t earlier_session(struct tracker *tracker, const struct handshake *handshake,
                                const struct ip_address *server)
{
    uint32_t found = SESSION_NONE;

    if (handshake->has_other_version || handshake->has_key_exchange)
        return SESSION_NONE;
    if (handshake->reason == BINDING_LOCATION)
        return session_by_token(tracker, handshake, &handshake->offered[0], server);
    if (handshake->offered[1].len)
        found = session_by_token(tracker, handshake, &handshake->offered[1], server);
    if (found == SESSION_NONE && handshake->offered[0].len &&
        bytes_equal(token_bytes(&handshake->offered[0]), token_bytes(&handshake->session_id)))
        found = session_by_token(tracker, handshake, &handshake->offered[0], server);
    return found;
}

static bool has_name_of_device(const struct names *names)
{
    struct identity_name name;

    for (size_t at = 0; names_next(names, &at, &name);) {
        if (identity_scheme_class(name.scheme) == IDENTITY_OF_DEVICE)
            return true;
    }
    return false;
}

static struct bytes token_of(const struct handshake *handshake, const struct session *earlier)
{
    if (handshake->ticket.len)
        return token_bytes(&handshake->ticket);
    if (earlier)
        return earlier->token;
    return handshake->has_other_version ? (struct bytes) { 0 } : token_bytes(&handshake->session_id);
}

/* The session that a finished handshake makes, or SESSION_NONE. */
static uint32_t make_session(struct tracker *tracker, struct handshake *handshake,
                             const struct ip_address *server, enum binding_reason *reason)
{
    struct session session = {
        .number = ++tracker->next_session,
        .server = *server,
        .is_plain = handshake->is_plain,
        .names = handshake->names,
        .cid_to_server = bytes_of(handshake->cid_to_server, handshake->cid_to_server_len),
        .cid_to_client = bytes_of(handshake->cid_to_client, handshake->cid_to_client_len),
    };
    const struct session *earlier = NULL;

    if (!has_name_of_device(&handshake->names)) {
        uint32_t found = earlier_session(tracker, handshake, server);

        if (found != SESSION_NONE) {
            struct identity_name name;

            earlier = session_table_at(tracker->sessions, found);
            for (size_t at = 0; names_next(&earlier->names, &at, &name);)
                names_add(&handshake->names, name.scheme, name.identity);
            session.names = handshake->names;
            *reason = BINDING_RESUMED;
        }
    }
    session.token = token_of(handshake, earlier);
    if (session.names.n == 0)
        tracker->counters.n_anonymous++;
    else if (earlier)
        tracker->counters.n_resumed++;
    else
        tracker->counters.n_handshakes++;
    return session_table_add(tracker->sessions, &session);
}

/* The flow is the session's from the first packet of the handshake on. */
static void finish(struct tracker *tracker, struct flow *flow)
{
    struct handshake *handshake = handshake_of(tracker, flow);
    const struct ip_address *server = handshake->is_client_low ? &flow->key.high : &flow->key.low;
    enum binding_reason reason = (enum binding_reason)handshake->reason;
    uint32_t session;

    if (reason == BINDING_LOCATION) {
        session = earlier_session(tracker, handshake, server);
        if (session == SESSION_NONE)
            tracker->counters.n_anonymous++;
        else
            tracker->counters.n_location_moves++;
    } else {
        session = make_session(tracker, handshake, server, &reason);
    }
    span_unbind(tracker, flow);
    if (session != SESSION_NONE) {
        span_bind(tracker, flow, session, reason, handshake->is_client_low);
        flow->instance = handshake->instance;
        flow->from_ns = handshake->from_ns;
        flow->to_ns = flow->sure_ns = handshake->last_ns;
        flow->n_packets = handshake->n_packets;
        flow->n_bytes = handshake->n_bytes;
        for (unsigned i = 0; i < 2; i++) {
            flow->has_sequence[i] = handshake->has_sequence[i];
            flow->sequence[i] = handshake->sequence[i];
        }
    }
    release(tracker, flow);
}

/* Whether the packet is a part of what is under way, and not of the session beside it. */
static bool is_part(struct tracker *tracker, const struct scene *scene, const struct sighting *seen)
{
    if (session_of(tracker, scene->flow) == NULL || scene->glance.has_epoch0 ||
        scene->key->protocol == IP_PROTOCOL_TCP)
        return true;
    return seen && seen->steps != 0;
}

bool handshake_count(struct tracker *tracker, struct scene *scene, const struct sighting *seen)
{
    struct handshake *handshake = handshake_of(tracker, scene->flow);
    const struct packet *packet = scene->packet;

    if (!is_part(tracker, scene, seen))
        return false;
    if (packet->ts_ns - handshake->last_ns > SECOND_NS)
        handshake_table_touch(tracker->handshakes, handshake);
    if (packet->ts_ns < handshake->from_ns)
        handshake->from_ns = packet->ts_ns;
    if (packet->ts_ns > handshake->last_ns || handshake->last_ns - packet->ts_ns > DISORDER_NS)
        handshake->last_ns = packet->ts_ns;
    handshake->n_packets++;
    handshake->n_bytes += packet->len;
    note_place(handshake, scene->place);
    span_note_sequence(handshake->has_sequence, handshake->sequence, scene,
                       scene->is_forward == handshake->is_client_low);
    if (scene->glance.payload.len > 0 && handshake->is_open && handshake->n_silent < SILENT_LIMIT)
        handshake->n_silent++;
    return true;
}

void handshake_settle(struct tracker *tracker, struct scene *scene)
{
    const struct handshake *handshake = handshake_of(tracker, scene->flow);

    if (handshake->is_accepted || (handshake->is_client_done && handshake->is_server_done))
        finish(tracker, scene->flow);
    else if ((handshake->is_refused &&
              scene->key->protocol != IP_PROTOCOL_TCP) || /* TCP has its farewell to come */
             handshake->n_silent == SILENT_LIMIT)
        handshake_give_up(tracker, scene->flow);
}

bool handshake_is_stale(const struct handshake *handshake, int64_t now_ns)
{
    return now_ns - handshake->last_ns > HANDSHAKE_AGE_NS;
}
