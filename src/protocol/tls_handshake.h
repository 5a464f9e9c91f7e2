/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls_handshake - the bodies of handshake messages (RFC 5246 section 7.4, RFC 8446 section 4), which TLS,
 * DTLS and QUIC have alike. How messages are framed, and put together, is the caller's business.
 *
 * A field is named by its place among the shared ones (tls_fields.h): the caller says where these begin in
 * its own table.
 */
#pragma once

#include "protocol/dissection.h"
#include "protocol/tls_fields.h"
#include "protocol/tls_session.h"
#include "protocol/x509.h"

enum tls_shared_field {
#define X(id, name, type, base, title, bits, names) SHARED_##id,
    TLS_SHARED_RECORD_FIELDS(X) TLS_SHARED_HANDSHAKE_FIELDS(X)
#undef X
        SHARED_COUNT
};

enum tls_handshake_type {
    TLS_HELLO_REQUEST = 0,
    TLS_CLIENT_HELLO = 1,
    TLS_SERVER_HELLO = 2,
    TLS_HELLO_VERIFY_REQUEST = 3, /* DTLS only: its body is read in dtls_handshake.c */
    TLS_NEW_SESSION_TICKET = 4,
    TLS_HELLO_RETRY_REQUEST = 6, /* before draft 22; a ServerHello with a certain random since */
    TLS_ENCRYPTED_EXTENSIONS = 8,
    TLS_CERTIFICATE = 11,
    TLS_SERVER_KEY_EXCHANGE = 12,
    TLS_CERTIFICATE_REQUEST = 13,
    TLS_SERVER_HELLO_DONE = 14,
    TLS_CERTIFICATE_VERIFY = 15,
    TLS_CLIENT_KEY_EXCHANGE = 16,
    TLS_FINISHED = 20,
    TLS_CERTIFICATE_STATUS = 22,
    TLS_KEY_UPDATE = 24,
    TLS_COMPRESSED_CERTIFICATE = 25,
};

/* One message, and who reads it. */
struct tls_message {
    struct dissection *d;
    struct tls_session *session; /* never NULL */
    uint16_t first_field;        /* FIELD_ID of the first shared field in the reader's table */
    bool is_dtls;
    bool is_server; /* the message comes from the server */
    bool is_quiet;  /* nothing of a hello is in demand: only what must be remembered is read */
    uint8_t type;   /* enum tls_handshake_type, under way; a retry is told from a ServerHello */
    int cid_length; /* what a connection id extension said; -1: none */
};

#define HANDSHAKE_FIELD(h, field) ((uint16_t)((h)->first_field + (field)))

static inline void handshake_number(struct tls_message *h, enum tls_shared_field field, uint64_t number)
{
    dissection_add_number(h->d, HANDSHAKE_FIELD(h, field), number);
}

static inline void handshake_bytes(struct tls_message *h, enum tls_shared_field field, struct bytes bytes)
{
    dissection_add_bytes(h->d, HANDSHAKE_FIELD(h, field), bytes);
}

static inline bool handshake_wants(const struct tls_message *h, enum tls_shared_field field)
{
    uint16_t id = HANDSHAKE_FIELD(h, field);

    return dissection_wants(h->d, FIELD_PROTOCOL(id), FIELD_INDEX(id));
}

/*
 * A part behind a length of n_bytes, which is added as length_field: *part is a reader over it, and *r moves
 * behind. False: the length is not there, or more than what is.
 */
bool handshake_vector(struct tls_message *h, struct reader *r, unsigned n_bytes,
                      enum tls_shared_field length_field, struct reader *part);

/* A number of n_bytes, added as field. */
bool handshake_take(struct tls_message *h, struct reader *r, unsigned n_bytes, enum tls_shared_field field,
                    uint32_t *number);

/* The whole body of a message of h->type. False: it ends where something must stand. */
bool handshake_body(struct tls_message *h, struct reader *r);

/* Sets the version by a record (or hello) that may say it; body_type: the first byte of its body. */
void tls_session_learn_version(struct tls_session *session, uint8_t content_type, uint8_t body_type,
                               bool is_dtls, uint16_t version);

/* True for numbers that a handshake message may begin with; an encrypted one rarely does. */
bool tls_is_handshake_type(uint8_t type);

/* tls_application.c: what ALPN says is inside. */
void tls_session_choose_application(struct tls_session *session, struct bytes alpn, bool is_dtls);

/* tls_extension.c: extensions behind their total length. */
void tls_extensions(struct tls_message *h, struct reader *r);
void tls_take_signature_algorithms(struct tls_message *h, struct reader *r); /* with their length */
void tls_authorities(struct tls_message *h, struct reader *r);               /* likewise */
void tls_certificate_status(struct tls_message *h, struct reader *r);

/* RFC 6962 section 3.3: signed certificate timestamps; context is the message. */
void tls_timestamps(void *context, struct reader *r);

/* What reads certificates of a message: with their timestamps, where somebody asks for those. */
struct x509_reader tls_certificate_reader(struct tls_message *h);

/* tls_quic_parameters.c: RFC 9000 section 18. */
void tls_quic_parameters(struct tls_message *h, struct reader *r);

/* tls_ja3.c: adds the fingerprints of a hello whose body is *r, where they are in demand. */
void tls_ja3(struct tls_message *h, struct reader r);
