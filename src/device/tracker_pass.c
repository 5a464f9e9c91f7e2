/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which packets need not be followed by a tracker that is asked for one device. Most packets change nothing
 * but how far somebody's span reaches: they are passed over at one look, unless they are of a flow that was
 * the device's, or on which something is under way.
 *
 * What is passed over depends on what the tracker knows, so nothing is as soon as it forgot anything. What is
 * not of a common shape is never passed over, nor is anything once addresses were leased.
 */
#include <stdlib.h>

#include "device/tracker_private.h"
#include "protocol/shape.h"

enum {
    WATCH_SLOTS = 1 << 17,
    WATCHED_FOR_EVER = UINT8_MAX,
    NOTED_SLOTS = 1 << 16,
    NOTED_CID_BYTES = 16,
};

struct noted {             /* a flow that is a session's with a connection id: its records say nothing new */
    uint64_t flow, client; /* digests; flow 0: none */
    uint8_t cid_len;
    uint8_t cid[NOTED_CID_BYTES];
};

struct tracker_pass {
    struct shape shapes[SHAPES];
    uint64_t seed;
    tracker_wanted_function *is_wanted;
    void *context;
    uint8_t *watched; /* by flow: how many handshakes may be under way; or the device was there */
    struct noted *noted;
};

/* An end's address as two words, and its port. Which of two ends comes first makes no difference to a sum. */
static uint64_t digest_end(uint64_t seed, uint64_t high, uint64_t low, uint64_t port)
{
    uint64_t digest = (seed ^ high) * UINT64_C(0x9e3779b97f4a7c15);

    digest = (digest ^ digest >> 29 ^ low) * UINT64_C(0xbf58476d1ce4e5b9);
    digest = (digest ^ digest >> 32 ^ port) * UINT64_C(0x94d049bb133111eb);
    return digest ^ digest >> 31;
}

static uint64_t digest_address(uint64_t seed, const struct ip_address *address, uint16_t port)
{
    if (address->family == 4)
        return digest_end(seed, 4, shape_word(address->bytes) >> 32, port);
    return digest_end(seed, shape_word(address->bytes), shape_word(address->bytes + 8), port);
}

bool tracker_look_for(struct tracker *tracker, tracker_wanted_function *is_wanted, void *context)
{
    struct tracker_pass *pass = calloc(1, sizeof *pass);

    if (pass == NULL)
        return false;
    tracker->pass = pass;
    shapes_make(pass->shapes);
    pass->seed = tracker->options.hash_seed;
    pass->is_wanted = is_wanted;
    pass->context = context;
    pass->watched = calloc(WATCH_SLOTS, sizeof *pass->watched);
    pass->noted = calloc(NOTED_SLOTS, sizeof *pass->noted);
    return pass->watched && pass->noted;
}

void pass_free(struct tracker_pass *pass)
{
    if (pass == NULL)
        return;
    free(pass->watched);
    free(pass->noted);
    free(pass);
}

/* ---- what is told to the tracker ---- */

static bool have_wanted(const struct tracker_pass *pass, const struct names *names)
{
    struct identity_name name;

    for (size_t at = 0; names_next(names, &at, &name);)
        if (pass->is_wanted(pass->context, name.scheme, name.identity))
            return true;
    return false;
}

static void note_cid(struct tracker_pass *pass, uint64_t flow_digest, uint64_t client_digest,
                     const struct session *session)
{
    struct noted *noted = &pass->noted[flow_digest % NOTED_SLOTS];

    if (session && session->cid_to_server.len > 0 && session->cid_to_server.len <= NOTED_CID_BYTES) {
        noted->flow = flow_digest;
        noted->client = client_digest;
        noted->cid_len = (uint8_t)session->cid_to_server.len;
        memcpy(noted->cid, session->cid_to_server.data, noted->cid_len);
    } else if (noted->flow == flow_digest) {
        noted->flow = 0;
    }
}

void pass_note(struct tracker *tracker, const struct flow_key *key, const struct flow *flow,
               bool was_under_way)
{
    struct tracker_pass *pass = tracker->pass;
    uint64_t low = digest_address(pass->seed, &key->low, key->port_low);
    uint64_t high = digest_address(pass->seed, &key->high, key->port_high);
    uint8_t *watched = &pass->watched[(low + high) % WATCH_SLOTS];
    const struct handshake *handshake = flow ? handshake_of(tracker, flow) : NULL;
    const struct session *session = flow ? session_of(tracker, flow) : NULL;

    note_cid(pass, low + high, flow && flow->is_client_low ? low : high, session);
    if (*watched == WATCHED_FOR_EVER)
        return;
    if ((session && have_wanted(pass, &session->names)) ||
        (handshake && have_wanted(pass, &handshake->names)) || *watched + 1 == WATCHED_FOR_EVER)
        *watched = WATCHED_FOR_EVER;
    else if (handshake && !was_under_way)
        ++*watched;
    else if (!handshake && was_under_way && *watched > 0)
        --*watched;
}

/* ---- what is not ---- */

static bool is_noted(const struct tracker_pass *pass, uint64_t flow_digest, const struct glance *glance)
{
    const struct noted *noted = &pass->noted[flow_digest % NOTED_SLOTS];

    return noted->flow == flow_digest && glance->payload.len >= glance->cid_at + (size_t)noted->cid_len &&
           memcmp(glance->payload.data + glance->cid_at, noted->cid, noted->cid_len) == 0;
}

/* Whatever protocol it may be taken for: does it say nothing? */
static bool says_nothing_udp(const struct tracker_pass *pass, struct glance *glance, uint64_t flow_digest,
                             uint64_t source_digest)
{
    enum { N_BY_BYTES = 3 };
    static const struct identity_source *const by_bytes[N_BY_BYTES] = { &identity_coap, &identity_dhcp,
                                                                        &identity_mqttsn };

    for (unsigned i = 0; i < N_BY_BYTES; i++) {
        if (!by_bytes[i]->is_mine(glance))
            continue;
        by_bytes[i]->glance(glance);
        if (glance->is_news)
            return false;
    }
    identity_dtls.glance(glance);
    if (glance->is_news || glance->has_epoch0)
        return false;
    if (glance->has_cid)
        return is_noted(pass, flow_digest, glance);
    /* A client that was given an id, and sends without: not the session's. */
    return !glance->has_sealed || pass->noted[flow_digest % NOTED_SLOTS].flow != flow_digest ||
           pass->noted[flow_digest % NOTED_SLOTS].client != source_digest;
}

static bool says_nothing_tcp(const struct glance *glance, uint8_t flags)
{
    if (glance->payload.len == 0)
        return !(flags & TCP_FLAG_SYN);
    return !identity_mqtt.is_mine(glance) && !identity_tls.is_mine(glance);
}

/* There may be other flows within. */
static bool is_wrapping(uint16_t port)
{
    return DISPATCH_WRAPPING_MASK >> dispatch_udp_port(port) & 1;
}

/* Handshakes that make room for others do it here as they would anyway: all that is of one is followed. */
static bool is_forgetful(const struct tracker *tracker)
{
    return tracker->counters.n_flows_evicted > 0 || session_table_evicted(tracker->sessions) > 0;
}

bool tracker_passes_over(const struct tracker *tracker, const struct packet *packet)
{
    enum { UDP_BYTES = 8, TCP_BYTES = 20, TCP_OFFSET_AT = 12, TCP_FLAGS_AT = 13, IPV4_BYTES = 20 };
    const struct tracker_pass *pass = tracker->pass;
    const struct packet_glance seen = { packet->data, packet->caplen, packet->len };
    const struct shape *shape;
    const uint8_t *ip, *ports;
    struct glance glance = { 0 };
    struct reader payload;
    uint64_t source, destination;
    bool is_v4, is_udp;

    if (packet->linktype != LINKTYPE_ETHERNET || tracker->has_leases || is_forgetful(tracker))
        return false;
    shape = shape_of(pass->shapes, &seen);
    if (shape == NULL)
        return false;
    shape_payload(shape, &seen, &payload, &glance.wire_len);
    is_udp = shape->innermost_udp != 0;
    ports = is_udp ? payload.at - UDP_BYTES : payload.at;
    ip = packet->data + shape->layers[shape->n_layers - 1 - is_udp].at;
    is_v4 = ip[0] >> 4 == 4;
    if (!is_udp) { /* TCP is not among the shape's layers */
        size_t header =
            payload.end - payload.at < TCP_BYTES ? 0 : (size_t)(payload.at[TCP_OFFSET_AT] >> 4) * 4;

        if (header < TCP_BYTES || header > (size_t)(payload.end - payload.at))
            return false;
        payload.at += header;
    }
    glance.payload = bytes_of(payload.at, (size_t)(payload.end - payload.at));
    glance.source_port = (uint16_t)shape_u16(ports);
    glance.destination_port = (uint16_t)shape_u16(ports + 2);
    if (is_v4) {
        source = digest_end(pass->seed, 4, shape_word(ip + 12) >> 32, glance.source_port);
        destination = digest_end(pass->seed, 4, shape_word(ip + 16) >> 32, glance.destination_port);
    } else {
        source = digest_end(pass->seed, shape_word(ip + 8), shape_word(ip + 16), glance.source_port);
        destination =
            digest_end(pass->seed, shape_word(ip + 24), shape_word(ip + 32), glance.destination_port);
    }
    if (is_udp && (is_wrapping(glance.source_port) || is_wrapping(glance.destination_port)))
        return false;
    if (pass->watched[(source + destination) % WATCH_SLOTS])
        return false;
    return is_udp ? says_nothing_udp(pass, &glance, source + destination, source)
                  : says_nothing_tcp(&glance, ports[TCP_FLAGS_AT]);
}
