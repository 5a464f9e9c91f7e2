/* SPDX-License-Identifier: Apache-2.0 */
#include "web/appsync_door.h"

#include <stdlib.h>

#include "appsync/appsync_session.h"
#include "base/timestamp.h"
#include "net/websocket_frame.h"
#include "web/appsync_packets.h"
#include "web/gate.h"
#include "web/links.h"
#include "web/site.h"
#include "web/web_connection.h"
#include "web/web_socket.h"

enum {
    KEY_LIMIT_BYTES = 512,
    MESSAGE_LIMIT_BYTES = 2 * 1024 * 1024, /* a publish of 1.2 MB as JSON strings, escaped */
    POST_ANSWER_LIMIT_BYTES = 16 * 1024,
};

struct door_connection {
    struct door_connection *next, *previous;
    struct appsync_door *door;
    struct web_socket *socket;
    struct appsync_session *session;
    struct link_watch watch; /* closed with its key */
    struct access access;
    struct ip_address source;
    unsigned place; /* of its scope; APPSYNC_NO_PLACE: it did not subscribe to packets */
};

struct appsync_door {
    struct site *site;
    struct appsync_broker *broker;
    struct door_connection *connections;
    struct loop_timer keep_alive;
    struct appsync_packets *packets;
    struct appsync_door_statistics statistics;
};

/* ---- rights ---- */

static bool is_of_packets(const struct appsync_channel *channel)
{
    static const char name[] = "/packets";
    size_t len = sizeof name - 1;

    return channel->len >= len && memcmp(channel->text, name, len) == 0 &&
           (channel->len == len || channel->text[len] == '/');
}

static bool may(struct appsync_door *door, enum appsync_right right, struct bytes key,
                const struct appsync_channel *channel, struct access *access)
{
    unsigned rights = 0;

    if (links_key(door->site->links, key, access, &rights) != LINK_IS_GOOD) {
        door->statistics.n_refused++;
        if (door->site->gate && access->source)
            gate_count_failure(door->site->gate, access->source);
        return false;
    }
    switch (right) {
    case APPSYNC_CONNECT:
        return true;
    case APPSYNC_SUBSCRIBE:
        return rights & RIGHT_SUBSCRIBE;
    case APPSYNC_PUBLISH:
        return (rights & RIGHT_PUBLISH) && !is_of_packets(channel);
    }
    return false;
}

static bool enter_scope(struct door_connection *connection)
{
    return connection->place != APPSYNC_NO_PLACE ||
           appsync_packets_enter(connection->door->packets, &connection->access, &connection->place);
}

/* Every operation of a connection is of its own key: another one's scope would be another's packets. */
static bool connection_may(void *context, enum appsync_right right, struct bytes key,
                           const struct appsync_channel *channel)
{
    struct door_connection *connection = context;
    struct access access = { .source = &connection->source };

    if (!may(connection->door, right, key, channel, &access))
        return false;
    if (right == APPSYNC_CONNECT && connection->access.link[0] == '\0')
        connection->access = access;
    if (strcmp(access.link, connection->access.link) != 0)
        return false;
    return right != APPSYNC_SUBSCRIBE || !is_of_packets(channel) || enter_scope(connection);
}

/* ---- a connection ---- */

static void send_text(void *context, struct bytes text)
{
    struct door_connection *connection = context;

    web_socket_send_text(connection->socket, text);
}

static bool deliver(void *context, struct bytes text)
{
    struct door_connection *connection = context;
    struct shared_bytes *frame = NULL;
    bool is_sent;

    if (!appsync_packets_is_told(connection->door->packets, connection->place))
        return false;
    if (web_socket_queued_bytes(connection->socket) + text.len <= APPSYNC_DOOR_WAITING_BYTES)
        frame = websocket_frame_new(WEBSOCKET_TEXT, text);
    is_sent = frame && web_socket_send_frame(connection->socket, frame);
    connection->door->statistics.n_dropped += !is_sent;
    shared_bytes_release(frame);
    return is_sent;
}

static void message_came(void *context, enum websocket_opcode opcode, struct bytes payload)
{
    struct door_connection *connection = context;

    if (opcode != WEBSOCKET_TEXT)
        web_socket_close(connection->socket, WEBSOCKET_CLOSE_UNSUPPORTED, "this protocol is of JSON texts");
    else if (!appsync_session_message(connection->session, payload,
                                      loop_now_ns(connection->door->site->loop)))
        web_socket_close(connection->socket, WEBSOCKET_CLOSE_POLICY, "not authorized");
}

static void connection_closed(void *context)
{
    struct door_connection *connection = context;
    struct appsync_door *door = connection->door;

    appsync_session_free(connection->session);
    appsync_packets_leave(door->packets, connection->place);
    links_unwatch(door->site->links, &connection->watch);
    if (connection->next)
        connection->next->previous = connection->previous;
    if (connection->previous)
        connection->previous->next = connection->next;
    else
        door->connections = connection->next;
    door->statistics.n_connections--;
    free(connection);
}

static const struct web_socket_handler socket_handler = {
    .message = message_came,
    .closed = connection_closed,
};

/* The key among the subprotocols offered. */
static void handshake_key(const struct exchange *exchange, struct buffer *key)
{
    struct websocket_offer offer;
    struct bytes protocol;
    size_t next = 0;

    if (websocket_handshake_check(exchange->request, &offer) != WEBSOCKET_HANDSHAKE_OK)
        return;
    while (key->len == 0 && websocket_offer_protocol(&offer, &next, &protocol))
        appsync_handshake_key(protocol, key);
}

static void link_connection(struct appsync_door *door, struct door_connection *connection)
{
    connection->next = door->connections;
    if (door->connections)
        door->connections->previous = connection;
    door->connections = connection;
    door->statistics.n_connections++;
}

static bool prepare_connection(struct door_connection *connection, struct bytes key)
{
    struct appsync_session_options options = {
        .broker = connection->door->broker,
        .context = connection,
        .may = connection_may,
        .send = send_text,
        .deliver = deliver,
    };

    connection->session = appsync_session_new(&options, key);
    return connection->session != NULL;
}

void appsync_door_open(struct exchange *exchange)
{
    struct appsync_door *door = exchange->site->appsync;
    struct door_connection *connection = calloc(1, sizeof *connection);
    struct buffer key;
    bool is_ready;

    buffer_init(&key, KEY_LIMIT_BYTES);
    handshake_key(exchange, &key);
    if (connection) {
        connection->door = door;
        connection->place = APPSYNC_NO_PLACE;
        if (exchange->access->source)
            connection->source = *exchange->access->source;
    }
    is_ready = connection && prepare_connection(connection, buffer_bytes(&key));
    buffer_clear(&key);
    if (!is_ready) {
        free(connection);
        exchange_problem(exchange, 503, "no_memory", "no memory for another connection; try again later");
        return;
    }
    /* As the service does, a wrong key is told in the first answer and not by the handshake. */
    if (connection->access.link[0] != '\0' &&
        links_watch(door->site->links, &connection->watch, &connection->access) != LINK_IS_GOOD) {
        door->statistics.n_refused++;
        appsync_session_free(connection->session);
        free(connection);
        exchange_problem(exchange, 503, "key_is_full", "as many programs as this key takes are connected");
        return;
    }
    link_connection(door, connection);
    if (connection->access.link[0] != '\0') { /* by this the server finds it when the key ends */
        exchange->connection->access = connection->access;
        exchange->connection->access.source = &exchange->connection->source;
    }
    connection->socket =
        web_socket_open(exchange, "aws-appsync-event-ws", MESSAGE_LIMIT_BYTES, &socket_handler, connection);
    if (connection->socket == NULL) /* answered otherwise */
        connection_closed(connection);
}

/* ---- POST /event ---- */

struct poster {
    struct appsync_door *door;
    struct ip_address source;
};

static bool poster_may(void *context, enum appsync_right right, struct bytes key,
                       const struct appsync_channel *channel)
{
    struct poster *poster = context;
    struct access access = { .source = &poster->source };

    return may(poster->door, right, key, channel, &access);
}

/* Keys are asked for, and cookies are not looked at: any page may call. */
static void allow_origins(struct exchange *exchange)
{
    exchange_header(exchange, "Access-Control-Allow-Origin", "*");
}

void appsync_door_post(struct exchange *exchange)
{
    struct poster poster = { .door = exchange->site->appsync };
    struct appsync_session_options options = { .context = &poster, .may = poster_may };
    struct bytes key = { 0 };
    struct buffer answer;
    unsigned status;

    if (exchange->access->source)
        poster.source = *exchange->access->source;
    http_request_header(exchange->request, "x-api-key", &key);
    allow_origins(exchange);
    buffer_init(&answer, POST_ANSWER_LIMIT_BYTES);
    status = appsync_post(poster.door->broker, &options, key, exchange->body, &answer);
    exchange_answer_bytes(exchange, status, "application/json", buffer_bytes(&answer));
    buffer_clear(&answer);
}

void appsync_door_preflight(struct exchange *exchange)
{
    allow_origins(exchange);
    exchange_header(exchange, "Access-Control-Allow-Methods", "POST");
    exchange_header(exchange, "Access-Control-Allow-Headers",
                    "content-type, x-api-key, x-amz-user-agent, authorization");
    exchange_header(exchange, "Access-Control-Max-Age", "3600");
    exchange_answer_empty(exchange, 204);
}

/* ---- the door ---- */

static void keep_alive(void *context)
{
    struct appsync_door *door = context;
    struct door_connection *connection = door->connections;

    appsync_packets_look(door->packets);
    while (connection) {
        struct door_connection *next = connection->next;

        web_socket_send_text(connection->socket, appsync_keep_alive());
        connection = next;
    }
    loop_timer_set(door->site->loop, &door->keep_alive,
                   loop_now_ns(door->site->loop) + (int64_t)APPSYNC_KEEP_ALIVE_MS * 1000000);
}

struct appsync_door *appsync_door_new(struct site *site, struct error *error)
{
    struct appsync_door *door = calloc(1, sizeof *door);

    if (door)
        door->broker = appsync_broker_new();
    if (door && door->broker)
        door->packets = appsync_packets_new(site, door->broker);
    if (door == NULL || door->packets == NULL) {
        error_set(error, ERROR_SYSTEM, "no memory for the AppSync door");
        appsync_broker_free(door ? door->broker : NULL);
        free(door);
        return NULL;
    }
    door->site = site;
    door->keep_alive = (struct loop_timer) { .fire = keep_alive, .context = door };
    if (!loop_timer_add(site->loop, &door->keep_alive, error)) {
        appsync_packets_free(door->packets);
        appsync_broker_free(door->broker);
        free(door);
        return NULL;
    }
    loop_timer_set(site->loop, &door->keep_alive,
                   loop_now_ns(site->loop) + (int64_t)APPSYNC_KEEP_ALIVE_MS * 1000000);
    return door;
}

bool appsync_door_publish(struct appsync_door *door, const struct appsync_target *target, struct error *error)
{
    return appsync_packets_publish(door->packets, target, error);
}

void appsync_door_free(struct appsync_door *door)
{
    if (door == NULL)
        return;
    appsync_packets_free(door->packets);
    loop_timer_remove(door->site->loop, &door->keep_alive);
    appsync_broker_free(door->broker);
    free(door);
}

void appsync_door_statistics(const struct appsync_door *door, struct appsync_door_statistics *statistics)
{
    const struct appsync_broker_statistics *broker = appsync_broker_statistics(door->broker);

    *statistics = door->statistics;
    statistics->n_subscriptions = broker->n_subscriptions;
    statistics->n_published = broker->n_published;
    statistics->n_delivered = broker->n_delivered;
    statistics->n_events_dropped = broker->n_failed; /* no memory for the frame */
    appsync_packets_statistics(door->packets, statistics);
}
