/* SPDX-License-Identifier: Apache-2.0 */
/*
 * websocket_handshake - the server's half of the opening handshake (RFC 6455 section 4.2), and what is agreed
 * on in it: a subprotocol (section 1.9) and permessage-deflate (RFC 7692 section 7.1).
 *
 * Judges nothing: which Origin and subprotocol are welcome is the caller's to say, between check and accept.
 */
#pragma once

#include "net/http_request.h"
#include "net/http_response.h"

enum { WEBSOCKET_KEY_CHARS = 24, WEBSOCKET_ACCEPT_CHARS = 28 };

enum websocket_handshake {
    WEBSOCKET_HANDSHAKE_OK,
    WEBSOCKET_HANDSHAKE_NONE,    /* a request like any other: it does not ask for an upgrade to WebSocket */
    WEBSOCKET_HANDSHAKE_BAD,     /* answer 400 */
    WEBSOCKET_HANDSHAKE_VERSION, /* answer 426 with "Sec-WebSocket-Version: 13" */
};

struct websocket_offer {
    const struct http_fields *fields;
    struct bytes key;
    bool has_origin;
    struct bytes origin; /* browsers always send it: compare it with the hosts that pages come from */
    bool has_deflate;    /* one of the client's offers can be met */
    bool echoes_window_bits;
    const char *why; /* of WEBSOCKET_HANDSHAKE_BAD */
};

/* The offer borrows from the request. */
enum websocket_handshake websocket_handshake_check(const struct http_request *request,
                                                   struct websocket_offer *offer);

/* Goes through the subprotocols offered, in the client's order: *next begins at 0. False at the end. */
bool websocket_offer_protocol(const struct websocket_offer *offer, size_t *next, struct bytes *protocol);

/* Subprotocols are compared exactly, as browsers do. */
bool websocket_offer_has_protocol(const struct websocket_offer *offer, const char *protocol);

/*
 * Appends "101 Switching Protocols". protocol: one that was offered, or NULL for none (some clients then give
 * up: RFC 6455 section 4.1 asks them to, when they offered any). uses_deflate only when offer->has_deflate.
 * Both sides then take no context over. False when out is full; it is then as it was.
 */
bool websocket_handshake_accept(struct buffer *out, const struct websocket_offer *offer, const char *protocol,
                                bool uses_deflate);

/* Sec-WebSocket-Accept for a key, RFC 6455 section 4.2.2: base64 of a SHA-1, and a NUL. */
void websocket_accept_value(struct bytes key, char text[static WEBSOCKET_ACCEPT_CHARS + 1]);
