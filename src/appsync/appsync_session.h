/* SPDX-License-Identifier: Apache-2.0 */
/*
 * appsync_session - one connection to /event/realtime: JSON texts in, JSON texts out, as the service answers
 * them (AWS AppSync Developer Guide, "Understanding the Event API WebSocket protocol"). Also the body of
 * POST /event, which says the same in one request.
 *
 * Where the guide and the service differ, it is the service: "event" of a data frame is one string, as
 * Amplify and Amazon's own clients take it. Members it does not know are passed over. Knows no sockets, no
 * clock (the owner sends appsync_keep_alive each minute) and no keys (it asks `may`).
 */
#pragma once

#include "appsync/appsync_broker.h"

enum {
    APPSYNC_SUBSCRIPTIONS_LIMIT = 200, /* of one connection */
    APPSYNC_EVENTS_LIMIT = 5,          /* in one publish */
    APPSYNC_PUBLISH_LIMIT_BYTES = 1200 * 1000,
    APPSYNC_CONNECTION_TIMEOUT_MS = 300000,
    APPSYNC_KEEP_ALIVE_MS = 60000,
    APPSYNC_PUBLISHES_A_SECOND = 25, /* of one connection */
};

enum appsync_right { APPSYNC_CONNECT, APPSYNC_SUBSCRIBE, APPSYNC_PUBLISH };

struct appsync_session_options {
    struct appsync_broker *broker;
    void *context;
    /* Whether that key has the right, on that channel (NULL for APPSYNC_CONNECT). key: empty without one. */
    bool (*may)(void *context, enum appsync_right right, struct bytes key,
                const struct appsync_channel *channel);
    void (*send)(void *context, struct bytes text);
    appsync_deliver *deliver; /* data frames; may be dropped by the owner, and counted */
};

struct appsync_session;

/*
 * key: of the handshake (appsync_handshake_key). NULL without memory. With a key that may not connect each
 * message is answered by connection_error, as the service does: the owner closes after the first.
 */
struct appsync_session *appsync_session_new(const struct appsync_session_options *options, struct bytes key);
void appsync_session_free(struct appsync_session *session);

/* now_ns: monotonic, for the rate of publishes. False: the connection is to be closed (not authorized). */
bool appsync_session_message(struct appsync_session *session, struct bytes text, int64_t now_ns);

uint32_t appsync_session_subscriptions(const struct appsync_session *session);

/* {"type":"ka"} */
struct bytes appsync_keep_alive(void);

/*
 * The key in a subprotocol "header-<base64url of JSON>", appended to key. False when there is none, or it is
 * malformed.
 */
bool appsync_handshake_key(struct bytes subprotocol, struct buffer *key);

/* The body of POST /event: publishes, and appends the answer's body. Answers the HTTP status. */
unsigned appsync_post(struct appsync_broker *broker, const struct appsync_session_options *options,
                      struct bytes key, struct bytes body, struct buffer *answer);
