/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session_store - sessions that the tracker has no room for, or that an earlier run met: asked for by what a
 * packet shows of them, when the tracker's own table knows nothing. Who keeps them, and how, is not the
 * tracker's to know; that they are put there, neither: what it reports as bindings is what is kept.
 *
 * find answers quickly "no" to nearly everything that is not there, so that strangers' packets cost little,
 * and is asked only for packets that could begin something: a record with an unknown connection id, a
 * handshake that resumed an unknown session.
 */
#pragma once

#include "device/binding.h"

/*
 * One name of the session: scheme, identity, session, cid_to_server (as long as it turned out to be),
 * cid_to_client, session_id; no flow and no times. Borrowed during the call. The same session for each name.
 */
typedef void session_found(void *context, const struct binding *session);

struct session_store {
    void *context;
    /* By the connection id that bytes begin with, at this server; ts_ns: the packet's, for the rate. */
    bool (*find_cid)(void *context, struct bytes bytes, const struct ip_address *server, int64_t ts_ns,
                     session_found *found, void *found_context);
    /* By what a resumption offered: a session id, or what stands for a ticket in struct binding. */
    bool (*find_resumption)(void *context, struct bytes session_id, int64_t ts_ns, session_found *found,
                            void *found_context);
};
