/* SPDX-License-Identifier: Apache-2.0 */
/*
 * websocket_client - the client's half of the opening handshake (RFC 6455 section 4.1): writes the request,
 * reads the answer. Pure; random bytes and the connection are the caller's.
 */
#pragma once

#include "net/websocket_handshake.h"

struct websocket_client_options {
    const char *host;          /* with ":port" unless it is the scheme's own */
    const char *target;        /* "/event/realtime" */
    const char *protocols;     /* comma-separated; NULL: none */
    bool offers_deflate;       /* without context takeover on either side */
    const uint8_t *random_key; /* 16 bytes */
};

struct websocket_client {
    char accept[WEBSOCKET_ACCEPT_CHARS + 1]; /* what the answer must say */
    const char *protocols;                   /* borrowed from the options until the answer was read */
    bool offers_deflate;
    struct buffer head;
    uint8_t before;
    unsigned n_line_ends;
    /* once the answer was read */
    unsigned status;
    bool uses_deflate;
    struct bytes protocol; /* chosen by the server; empty: none. Until websocket_client_clear() */
    const char *failure;
};

enum websocket_client_event {
    WEBSOCKET_CLIENT_MORE,
    WEBSOCKET_CLIENT_OPEN,   /* frames may be sent; those of the server follow in the input */
    WEBSOCKET_CLIENT_FAILED, /* failure says why; status is the HTTP status, 0 when it was none */
};

/* Appends the request to out. False when out is full or an option could break the head. */
bool websocket_client_begin(struct websocket_client *client, const struct websocket_client_options *options,
                            struct buffer *out);
void websocket_client_clear(struct websocket_client *client);

/* Reads on from *input, past what it used. */
enum websocket_client_event websocket_client_next(struct websocket_client *client, struct reader *input);
