/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions that sleep elsewhere (session_store.h): woken when a packet shows a connection id or a token that
 * no session here has. A woken one is as one that was here all the time.
 */
#include "device/session_store.h"
#include "device/tracker_private.h"

struct waking {
    struct tracker *tracker;
    const struct ip_address *server;
    bool is_plain;
    uint32_t session; /* SESSION_NONE: nothing found yet */
};

static void on_found(void *context, const struct binding *found)
{
    struct waking *waking = context;
    struct tracker *tracker = waking->tracker;
    struct session session = {
        .number = found->session,
        .server = *waking->server,
        .is_plain = waking->is_plain,
        .cid_to_server = found->cid_to_server,
        .cid_to_client = found->cid_to_client,
        .token = found->session_id,
    };

    if (found->session > tracker->next_session)
        tracker->next_session = found->session;
    if (waking->session == SESSION_NONE)
        waking->session = session_table_add(tracker->sessions, &session);
    if (waking->session != SESSION_NONE)
        session_table_name(tracker->sessions, waking->session, found->scheme, found->identity);
}

uint32_t wake_by_cid(struct tracker *tracker, struct bytes cid, const struct ip_address *server,
                     int64_t ts_ns)
{
    const struct session_store *store = tracker->store;
    struct waking waking = { tracker, server, false, SESSION_NONE };

    if (store == NULL || !store->find_cid(store->context, cid, server, ts_ns, on_found, &waking))
        return SESSION_NONE;
    tracker->counters.n_woken += waking.session != SESSION_NONE;
    return waking.session;
}

uint32_t wake_by_token(struct tracker *tracker, struct bytes token, const struct ip_address *server,
                       bool is_plain, int64_t ts_ns)
{
    const struct session_store *store = tracker->store;
    struct waking waking = { tracker, server, is_plain, SESSION_NONE };

    if (store == NULL || token.len == 0 ||
        !store->find_resumption(store->context, token, ts_ns, on_found, &waking))
        return SESSION_NONE;
    tracker->counters.n_woken += waking.session != SESSION_NONE;
    return waking.session;
}

void tracker_wake_from(struct tracker *tracker, const struct session_store *store)
{
    tracker->store = store;
}
