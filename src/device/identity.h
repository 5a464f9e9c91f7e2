/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identity - the contract between the tracker and what names someone on the wire: one source a protocol, in a
 * file of its own (identity_PROTOCOL.c). Adding one is that file and its line in identity_sources.
 *
 * A source is asked twice. `glance` sees the bytes of every packet that may be its own, and says in a few
 * loads whether they hold news, and what it can cheaply tell of the packet's place in its session. Only news
 * are dissected whole, with the fields of all sources in demand, and `look` then says what they mean.
 *
 * Rejected: the sources' fields in the demand of the index. Each PUBLISH and each notification would be
 * dissected, and each stream of bytes followed to its end, for one name at its beginning.
 */
#pragma once

#include "device/handshake_table.h"
#include "protocol/dissection.h"

/* What there is of one packet at one IP layer. */
struct glance {
    /* Given. */
    struct bytes payload; /* of UDP or TCP, as far as it is there */
    uint32_t wire_len;    /* of the payload */
    uint16_t source_port, destination_port;
    bool is_expected; /* something is under way on this flow */
    /* Said. */
    bool is_news;      /* worth a look */
    bool has_epoch0;   /* DTLS: a record of a handshake; else a part of one */
    bool has_sealed;   /* DTLS: a record of a session */
    bool has_cid;      /* DTLS: the first of them with a connection id is at cid_at */
    bool is_done;      /* the sender changed its cipher */
    bool has_sequence; /* a number that goes up from packet to packet of its sender */
    bool is_echo;      /* it is one that the other end sent */
    uint32_t cid_at;
    uint64_t sequence;
};

enum sighting_step {
    SEEN_BEGIN = 1,     /* the sender, a client, asks to be let in; instance tells whether it asks again */
    SEEN_ANSWER = 2,    /* the server says what it agrees to */
    SEEN_KEYS = 4,      /* the client's key exchange: no earlier session is taken up */
    SEEN_DONE = 8,      /* the sender changed its cipher */
    SEEN_ACCEPTED = 16, /* the receiver is let in, and nothing more is waited for */
    SEEN_REFUSED = 32,  /* the receiver is not */
    SEEN_MOMENT = 64,   /* the sender is named by this packet, which says nothing of others on its flow */
};

enum { SIGHTING_NAMES = 16 };

/* What one packet says. All bytes are borrowed from its dissection. */
struct sighting {
    unsigned steps; /* mask of enum sighting_step */
    bool is_plain;  /* what follows is not sealed */
    enum binding_reason reason;
    uint64_t instance;       /* BEGIN: the same when it is sent again */
    uint64_t answer;         /* BEGIN, ACCEPTED, REFUSED: by which they belong together; 0: nothing tells */
    struct token offered[2]; /* BEGIN: of an earlier session */
    struct bytes session_id; /* ANSWER */
    struct token ticket;     /* of the server's, for later */
    struct bytes cid;        /* BEGIN, ANSWER: that the sender asks for */
    bool has_cid;
    bool is_other_version; /* ANSWER: TLS 1.3 */
    bool has_selected;     /* ANSWER: which of the external identities it was */
    uint16_t selected;
    uint8_t n_names, n_names_cut;
    struct {
        enum identity_scheme scheme;
        struct bytes identity;
        uint16_t number; /* of an external PSK in its list */
    } names[SIGHTING_NAMES];
    struct ip_address leased; /* MOMENT: the client has this address from now on; family 0: nothing of it */
    int64_t lease_ns;         /* for so long; negative: no longer */
    uint8_t joined[512];      /* room for an identity that does not stand in one piece; not zeroed */
};

/* What a source may be told besides the dissection. */
struct look {
    const struct dissection *d;
    const uint16_t *field_ids; /* of the source's fields, in its order */
    struct bytes payload;      /* as in the glance */
    struct ip_address source, destination;
    uint16_t source_port, destination_port;
};

struct identity_source {
    enum protocol_id protocol;
    uint8_t ip_protocol;
    const char *const *fields; /* that look() needs; NULL ends them. NULL: reads the payload itself */
    /* Whether the packet is the source's by ports and first bytes. NULL: known by its layer (DTLS). */
    bool (*is_mine)(const struct glance *glance);
    void (*glance)(struct glance *glance);
    void (*look)(const struct look *look, struct sighting *seen);
};

enum {
    IDENTITY_FIELDS = 24, /* of one source */
    LOCATION_BYTES = 256, /* of a location path; more says no more */
};

/* In this order; ends with NULL. */
extern const struct identity_source *const identity_sources[];
extern const struct identity_source identity_dtls, identity_tls, identity_mqtt, identity_mqttsn,
    identity_coap, identity_dhcp;

/* ---- for sources ---- */

void sighting_name(struct sighting *seen, enum identity_scheme scheme, struct bytes identity);

/* The values of the source's fields, in the packet's order: from *at = 0 on. False: there are no more. */
bool look_next(const struct look *look, uint32_t *at, unsigned *field, const struct value **value);

uint64_t identity_hash(struct bytes bytes, uint64_t seed);

/* What stands for a session id, a ticket, or a location path at its server, in the table: stored, so it never
 * changes. What is empty stands for nothing. */
void token_digest(struct token *token, struct bytes bytes, const struct ip_address *server);

/* identity_handshake.c: messages that TLS and DTLS have alike. */
enum handshake_field {
    HANDSHAKE_TYPE,
    HANDSHAKE_RANDOM,
    HANDSHAKE_SESSION_ID,
    HANDSHAKE_EXTENSION_TYPE,
    HANDSHAKE_EXTENSION_DATA,
    HANDSHAKE_SERVER_NAME,
    HANDSHAKE_CONNECTION_ID,
    HANDSHAKE_IDENTITY,
    HANDSHAKE_CERTIFICATE,
    HANDSHAKE_TICKET,
    HANDSHAKE_PSK_IDENTITY,
    HANDSHAKE_PSK_AGE,
    HANDSHAKE_PSK_SELECTED,
    HANDSHAKE_SUPPORTED_VERSION,
    HANDSHAKE_FIELDS,
};

#define HANDSHAKE_FIELD_NAMES(prefix)                                                                       \
    [HANDSHAKE_TYPE] = prefix "handshake.type", [HANDSHAKE_RANDOM] = prefix "handshake.random",             \
    [HANDSHAKE_SESSION_ID] = prefix "handshake.session_id",                                                 \
    [HANDSHAKE_EXTENSION_TYPE] = prefix "handshake.extension.type",                                         \
    [HANDSHAKE_EXTENSION_DATA] = prefix "handshake.extension.data",                                         \
    [HANDSHAKE_SERVER_NAME] = prefix "handshake.extensions_server_name",                                    \
    [HANDSHAKE_CONNECTION_ID] = prefix "connection_id", [HANDSHAKE_IDENTITY] = prefix "handshake.identity", \
    [HANDSHAKE_CERTIFICATE] = prefix "handshake.certificate",                                               \
    [HANDSHAKE_TICKET] = prefix "handshake.session_ticket",                                                 \
    [HANDSHAKE_PSK_IDENTITY] = prefix "handshake.extensions.psk.identity.identity",                         \
    [HANDSHAKE_PSK_AGE] = prefix "handshake.extensions.psk.identity.obfuscated_ticket_age",                 \
    [HANDSHAKE_PSK_SELECTED] = prefix "handshake.extensions.psk.identity.selected",                         \
    [HANDSHAKE_SUPPORTED_VERSION] = prefix "handshake.extensions.supported_version"

/* Reads on through one message after another. */
struct handshake_reading {
    uint8_t type;
    uint16_t extension;
    uint16_t n_psks;
    bool has_certificate; /* of this message: the first one is the sender's own */
};

void handshake_take_value(struct handshake_reading *reading, struct sighting *seen,
                          enum handshake_field field, const struct value *value);

/* identity_certificate.c: the names in an X.509 certificate's subject and its alternative names. */
void identity_certificate(struct bytes certificate, struct sighting *seen);
