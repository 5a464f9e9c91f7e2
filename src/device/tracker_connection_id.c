/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connection ids (RFC 9146; of drafts, too: which code point negotiated them makes no difference here). How
 * long one is does not stand in the record: lengths that sessions have are tried, the longest first, and one
 * counts only if what follows it ends the record where the datagram ends, or another record begins.
 */
#include "device/tracker_private.h"

enum {
    RECORD_HEADER_BYTES = 13, /* without the id */
    CONTENT_TYPE_LEAST = 20,
    CONTENT_TYPE_MOST = 26,
};

static bool begins_with(struct bytes bytes, const uint8_t *cid, size_t len)
{
    return len > 0 && bytes.len >= len && memcmp(bytes.data, cid, len) == 0;
}

/* Whether an id of that length leaves a record that ends where one can end. cid: from it on. */
static bool is_fitting(const struct glance *glance, struct bytes cid, size_t len)
{
    size_t end;
    uint8_t type;

    if (cid.len < len + 2)
        return glance->payload.len < glance->wire_len; /* cut: nothing speaks against it */
    end = len + 2 + ((size_t)cid.data[len] << 8 | cid.data[len + 1]);
    if (glance->cid_at + end >= glance->wire_len)
        return glance->cid_at + end == glance->wire_len;
    if (end >= cid.len)
        return glance->payload.len < glance->wire_len;
    type = cid.data[end];
    return type >= CONTENT_TYPE_LEAST && type <= CONTENT_TYPE_MOST &&
           (cid.len - end >= RECORD_HEADER_BYTES || glance->payload.len < glance->wire_len);
}

static uint32_t find_session(const struct tracker *tracker, const struct glance *glance, struct bytes cid,
                             const struct ip_address *server)
{
    size_t len = cid.len + 1;

    while ((len = session_table_cid_len(tracker->sessions, len)) > 0) {
        uint32_t found;

        if (len > cid.len || !is_fitting(glance, cid, len))
            continue;
        found = session_table_by_cid(tracker->sessions, bytes_of(cid.data, len), server);
        if (found != SESSION_NONE)
            return found;
    }
    return SESSION_NONE;
}

/* An id that sleeps elsewhere counts as one here does: only if it fits. */
static uint32_t woken_session(struct tracker *tracker, const struct scene *scene, struct bytes cid,
                              const struct ip_address *server)
{
    uint32_t found = wake_by_cid(tracker, cid, server, scene->packet->ts_ns);
    size_t len = found == SESSION_NONE ? 0 : session_table_at(tracker->sessions, found)->cid_to_server.len;

    return found != SESSION_NONE && is_fitting(&scene->glance, cid, len) ? found : SESSION_NONE;
}

void connection_id_follow(struct tracker *tracker, struct scene *scene)
{
    const struct glance *glance = &scene->glance;
    const struct ip_address *server = scene->is_forward ? &scene->key->high : &scene->key->low;
    struct flow *flow = scene->flow;
    struct session *session = flow ? session_of(tracker, flow) : NULL;
    const struct handshake *handshake = flow ? handshake_of(tracker, flow) : NULL;
    struct bytes cid;
    uint32_t found;

    if (glance->cid_at >= glance->payload.len)
        return; /* cut before the id: the flow's session, if it has one */
    cid = bytes_of(glance->payload.data + glance->cid_at, glance->payload.len - glance->cid_at);
    if (session && begins_with(cid, session->cid_to_server.data, session->cid_to_server.len)) {
        session->flow = flow_table_index(tracker->flows, flow); /* here, or here again */
        return;
    }
    if (session && scene->is_forward != flow->is_client_low)
        return; /* to the client, with the id that the client chose */
    if (handshake && (scene->is_forward != handshake->is_client_low ||
                      begins_with(cid, handshake->cid_to_server, handshake->cid_to_server_len)))
        return; /* the last flight of the handshake: an earlier session may have had the same id */
    found = find_session(tracker, glance, cid, server);
    if (found == SESSION_NONE)
        found = woken_session(tracker, scene, cid, server);
    if (found == SESSION_NONE) {
        if (session && cid.len >= session->cid_to_server.len)
            span_unbind(tracker, flow); /* somebody else's, from where this session was */
        return;
    }
    if (flow == NULL)
        scene->flow = flow = span_flow(tracker, scene->key, scene->hash);
    span_bind(tracker, flow, found, BINDING_CID, scene->is_forward);
    tracker->counters.n_cid_moves++;
}
