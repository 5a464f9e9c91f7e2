/* SPDX-License-Identifier: Apache-2.0 */
/*
 * web_socket - a WebSocket on a web_connection: the handshake, messages in, frames out, pings, and an orderly
 * end.
 *
 * What the messages mean is its owner's. Nothing is deflated here: rows are made small already, and a frame
 * that is the same for all viewers is worth more than one that is shorter for some.
 */
#pragma once

#include "net/connection.h"
#include "net/websocket.h"
#include "web/exchange.h"
#include "web/web_connection.h"

enum {
    WEB_SOCKET_PING_MS =
        30000, /* after so long without a word of the peer it is asked whether it is there, */
    WEB_SOCKET_SILENCE_MS = 75000, /* and after so long it is not */
};

struct web_socket;

/* What the owner is told, in the loop's thread. drained and end may be NULL. */
struct web_socket_handler {
    void (*message)(void *context, enum websocket_opcode opcode, struct bytes payload);
    void (*drained)(void *context); /* all that was queued is with the kernel */
    /* His access is over: say so, and close. NULL: closed with 1008. */
    void (*end)(void *context, enum access_end why);
    void (*closed)(void *context); /* the last call; the socket is gone */
};

/*
 * Answers the request with 101 and opens the socket; NULL when it was answered otherwise: no WebSocket asked
 * for (400, 426), or none of this protocol (400). protocol NULL: none is agreed on. limit_bytes: of a
 * message, 1009.
 */
struct web_socket *web_socket_open(struct exchange *exchange, const char *protocol, size_t limit_bytes,
                                   const struct web_socket_handler *handler, void *context);

/* A text message. False: it is closed, or too slow (then it is being ended: what it missed cannot be told).
 */
bool web_socket_send_text(struct web_socket *socket, struct bytes text);

/* A whole frame, of websocket_frame_new(); takes a reference of its own. False: as above. */
bool web_socket_send_frame(struct web_socket *socket, struct shared_bytes *frame);

/* One frame in two pieces, its head standing in the first. Takes references of its own. False: as above. */
bool web_socket_send_pieces(struct web_socket *socket, struct shared_bytes *first,
                            struct shared_bytes *second);

size_t web_socket_queued_bytes(const struct web_socket *socket);

/* Sends a close frame behind what is queued, and finishes. Nothing more is told but closed(). */
void web_socket_close(struct web_socket *socket, unsigned code, const char *reason);
