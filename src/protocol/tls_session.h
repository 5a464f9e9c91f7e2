/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls_session - what the two ends of a TLS or DTLS connection agreed on, as far as reading what follows
 * depends on it. Holds no keys: decryption would add them here, and lay what it opens in a layer of its own
 * (struct layer's source) within the record's.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
    TLS_1_2 = 0x0303,
    TLS_1_3 = 0x0304,
    SSL_2_0 = 0x0002,
    SSL_3_0 = 0x0300,
    DTLS_1_2 = 0xfefd,
};

enum { TLS_PENDING_FRAMES = 16 }; /* of whose pieces the frame is remembered */

enum tls_server { TLS_SERVER_UNKNOWN, TLS_SERVER_LOW, TLS_SERVER_HIGH }; /* which end of the flow */

/* A handshake message that began in an earlier record of this direction. */
struct tls_pending {
    uint8_t head[4]; /* its first bytes, until they are all there */
    uint8_t n_head;
    uint16_t n_pieces;
    uint32_t have, total; /* with the head; have 0: nothing is under way */
    uint32_t id;          /* in dissect_state_handshakes */
    uint32_t frames[TLS_PENDING_FRAMES];
};

struct tls_session {
    uint16_t version; /* 0: not known yet */
    uint16_t cipher_suite;
    uint8_t draft;                   /* of TLS 1.3; 0: RFC 8446 */
    uint8_t server;                  /* enum tls_server */
    uint8_t client_certificate_type; /* RFC 7250; 0: X.509 */
    uint8_t server_certificate_type;
    uint16_t handshake;            /* DTLS: counts those begun on these ports */
    uint8_t client_random[8];      /* likewise, a part of it in the last one */
    uint8_t server_random[8];      /* likewise */
    bool awaits_server_hello;      /* likewise: a ClientHello began it, and no ServerHello was seen since */
    bool is_resumed;               /* as far as the messages seen tell */
    uint8_t application;           /* tls_application.c: by ALPN; 0: by port */
    uint64_t cipher_change_at[2];  /* the frame of the first ChangeCipherSpec, by is_server */
    struct tls_pending pending[2]; /* likewise */
};

static inline bool tls_session_is_old_draft(const struct tls_session *session)
{
    return session->version == TLS_1_3 && session->draft > 0 && session->draft < 22;
}
