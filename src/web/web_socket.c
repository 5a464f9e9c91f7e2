/* SPDX-License-Identifier: Apache-2.0 */
#include "web/web_socket.h"

#include <stdlib.h>

#include "base/timestamp.h"
#include "net/websocket_frame.h"
#include "net/websocket_handshake.h"
#include "web/server.h"

enum { HANDSHAKE_LIMIT_BYTES = 4096, TICK_MS = 15000 };

struct web_socket {
    struct web_connection *web;
    struct websocket ws;
    const struct web_socket_handler *handler;
    void *context;
    struct loop_timer timer;
    int64_t heard_ns;
    bool is_closing;
};

static void send_frame(struct web_socket *socket, struct shared_bytes *frame)
{
    if (frame)
        connection_send(socket->web->connection, frame, OUTPUT_KEPT);
    shared_bytes_release(frame);
}

void web_socket_close(struct web_socket *socket, unsigned code, const char *reason)
{
    if (socket->is_closing)
        return;
    socket->is_closing = true;
    send_frame(socket, websocket_frame_close_new(code, reason));
    connection_finish(socket->web->connection);
}

/* What is told is never left out silently: who cannot be told is let go, and comes again. */
static void let_go(struct web_socket *socket)
{
    if (socket->is_closing)
        return;
    socket->is_closing = true;
    connection_abort(socket->web->connection);
}

bool web_socket_send_pieces(struct web_socket *socket, struct shared_bytes *first,
                            struct shared_bytes *second)
{
    struct connection *connection = socket->web->connection;

    if (!socket->is_closing && connection_send(connection, first, OUTPUT_KEPT) == CONNECTION_SENT &&
        connection_send(connection, second, OUTPUT_KEPT) == CONNECTION_SENT)
        return true;
    let_go(socket);
    return false;
}

bool web_socket_send_frame(struct web_socket *socket, struct shared_bytes *frame)
{
    if (!socket->is_closing &&
        connection_send(socket->web->connection, frame, OUTPUT_KEPT) == CONNECTION_SENT)
        return true;
    let_go(socket);
    return false;
}

bool web_socket_send_text(struct web_socket *socket, struct bytes text)
{
    struct shared_bytes *frame = socket->is_closing ? NULL : websocket_frame_new(WEBSOCKET_TEXT, text);
    bool is_sent = frame && web_socket_send_frame(socket, frame);

    if (frame == NULL)
        let_go(socket);
    shared_bytes_release(frame);
    return is_sent;
}

size_t web_socket_queued_bytes(const struct web_socket *socket)
{
    return connection_queued_bytes(socket->web->connection);
}

static size_t received(void *context, struct bytes bytes)
{
    struct web_socket *socket = context;
    struct reader input = reader_over(bytes);
    enum websocket_event event;

    socket->heard_ns = loop_now_ns(socket->web->server->loop);
    while (!socket->is_closing && (event = websocket_next(&socket->ws, &input)) != WEBSOCKET_EVENT_MORE) {
        switch (event) {
        case WEBSOCKET_EVENT_MESSAGE:
            socket->handler->message(socket->context, socket->ws.opcode, socket->ws.payload);
            break;
        case WEBSOCKET_EVENT_PING:
            send_frame(socket, websocket_frame_new(WEBSOCKET_PONG, socket->ws.payload));
            break;
        case WEBSOCKET_EVENT_CLOSE:
        case WEBSOCKET_EVENT_FAILED:
            web_socket_close(socket, socket->ws.close_code, "");
            break;
        default:
            break;
        }
    }
    return bytes.len;
}

static void drained(void *context)
{
    struct web_socket *socket = context;

    if (!socket->is_closing && socket->handler->drained)
        socket->handler->drained(socket->context);
}

static void end(void *context, enum access_end why)
{
    struct web_socket *socket = context;

    if (socket->is_closing)
        return;
    if (socket->handler->end)
        socket->handler->end(socket->context, why);
    else
        web_socket_close(socket, WEBSOCKET_CLOSE_POLICY, "");
}

static void closed(void *context)
{
    struct web_socket *socket = context;

    socket->handler->closed(socket->context);
    loop_timer_remove(socket->web->server->loop, &socket->timer);
    websocket_clear(&socket->ws);
    free(socket);
}

static const struct takeover takeover = {
    .received = received, .drained = drained, .end = end, .closed = closed
};

static void tick(void *context)
{
    struct web_socket *socket = context;
    struct loop *loop = socket->web->server->loop;
    int64_t silence_ms = (loop_now_ns(loop) - socket->heard_ns) / (NS_PER_SECOND / 1000);

    if (silence_ms >= WEB_SOCKET_SILENCE_MS) {
        socket->is_closing = true;
        connection_abort(socket->web->connection);
        return;
    }
    if (silence_ms >= WEB_SOCKET_PING_MS && !socket->is_closing)
        send_frame(socket, websocket_frame_new(WEBSOCKET_PING, bytes_of("", 0)));
    loop_timer_set(loop, &socket->timer, loop_now_ns(loop) + TICK_MS * (NS_PER_SECOND / 1000));
}

static bool check(struct exchange *exchange, const char *protocol, struct websocket_offer *offer)
{
    switch (websocket_handshake_check(exchange->request, offer)) {
    case WEBSOCKET_HANDSHAKE_OK:
        if (protocol == NULL || websocket_offer_has_protocol(offer, protocol))
            return true;
        exchange_problem(exchange, 400, "wrong_subprotocol", "this socket speaks the subprotocol %s",
                         protocol);
        return false;
    case WEBSOCKET_HANDSHAKE_VERSION:
        exchange_header(exchange, "Sec-WebSocket-Version", "13");
        exchange_problem(exchange, 426, "wrong_version", "this socket speaks version 13 of WebSocket");
        return false;
    case WEBSOCKET_HANDSHAKE_NONE:
        exchange_header(exchange, "Upgrade", "websocket");
        exchange_problem(exchange, 426, "no_websocket", "this is a WebSocket: ask for an upgrade");
        return false;
    default:
        exchange_problem(exchange, 400, "bad_handshake", "no WebSocket: %s", offer->why ? offer->why : "");
        return false;
    }
}

struct web_socket *web_socket_open(struct exchange *exchange, const char *protocol, size_t limit_bytes,
                                   const struct web_socket_handler *handler, void *context)
{
    struct web_connection *web = exchange->connection;
    struct web_socket *socket;
    struct websocket_offer offer;
    struct buffer head;
    struct error error;

    if (!check(exchange, protocol, &offer))
        return NULL;
    socket = calloc(1, sizeof *socket);
    if (socket)
        socket->timer = (struct loop_timer) { .fire = tick, .context = socket };
    if (socket == NULL || !loop_timer_add(web->server->loop, &socket->timer, &error)) {
        free(socket);
        exchange_problem(exchange, 503, "no_memory",
                         "the server has no memory for another viewer; try again later");
        return NULL;
    }
    buffer_init(&head, HANDSHAKE_LIMIT_BYTES);
    if (!websocket_handshake_accept(&head, &offer, protocol, false) ||
        connection_send_copy(web->connection, buffer_bytes(&head)) != CONNECTION_SENT) {
        buffer_clear(&head);
        loop_timer_remove(web->server->loop, &socket->timer);
        free(socket);
        web_answer_cut(web);
        return NULL;
    }
    buffer_clear(&head);
    socket->web = web;
    socket->handler = handler;
    socket->context = context;
    socket->heard_ns = loop_now_ns(web->server->loop);
    websocket_init(&socket->ws, WEBSOCKET_SERVER, limit_bytes, NULL);
    loop_timer_set(web->server->loop, &socket->timer, socket->heard_ns + TICK_MS * (NS_PER_SECOND / 1000));
    web->server->n_answers[1]++;
    web_take_over(web, &takeover, socket);
    return socket;
}
