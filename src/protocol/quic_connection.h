/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quic_connection - which connection a datagram belongs to (RFC 9000 section 5.2): by the connection id it
 * goes to, else by its addresses; and what is remembered of it: who serves, the keys of Initials, and how far
 * each end's CRYPTO stream has been read. Bounded; the connection untouched for longest is forgotten first.
 */
#pragma once

#include "protocol/flow.h"
#include "protocol/quic_crypto.h"

enum {
    QUIC_CID_BYTES = 20,
    QUIC_CONNECTIONS_LIMIT = 1 << 12,
    QUIC_CRYPTO_BYTES = 1 << 15, /* of a CRYPTO stream; TLS hellos and certificates fit */
    QUIC_CRYPTO_RANGES = 64,     /* pieces ahead of a hole */
    QUIC_CRYPTO_BUFFERS = 128,   /* streams at once with something ahead of a hole: 4 MiB */
};

struct quic_cid { /* a key: no padding */
    uint8_t len;
    uint8_t bytes[QUIC_CID_BYTES];
};

enum quic_packet_type { QUIC_INITIAL, QUIC_0RTT, QUIC_HANDSHAKE, QUIC_RETRY, QUIC_SHORT, QUIC_NEGOTIATION };

struct quic_stream { /* CRYPTO of the Initial packets of one end */
    uint32_t next;   /* all before it was read */
    uint8_t *bytes;  /* QUIC_CRYPTO_BYTES, when something came in the wrong order; else NULL */
    bool is_held;    /* quic_connection_hold knows of the bytes */
    uint32_t n_ranges;
    struct {
        uint32_t from, to;
    } ranges[QUIC_CRYPTO_RANGES];
};

struct quic_connection {
    uint32_t number; /* quic.connection.number */
    uint32_t version;
    bool server_is_low; /* the end of the flow, when the connection began */
    bool has_keys, has_initial;
    struct quic_cid initial;        /* what the client's first Initial went to */
    struct quic_cid client, server; /* the ids each wants to receive */
    struct quic_keys keys[2];       /* [1]: the server's */
    uint64_t next_packet_number[2]; /* of Initials, likewise */
    struct quic_stream streams[2];  /* likewise */
};

struct quic_header { /* of a datagram's first packet */
    enum quic_packet_type type;
    uint32_t version;
    struct quic_cid dcid, scid;
};

struct quic_state;

void *quic_state_new(uint64_t hash_seed);
void quic_state_free(void *state);
uint64_t quic_state_forgotten(const void *state);
struct quic_ciphers *quic_state_ciphers(struct quic_state *state);

/* Whether datagrams between these ends have been QUIC before. */
bool quic_flow_is_known(struct quic_state *state, const struct flow_key *flow);

/*
 * The connection of a datagram, made by a client's first Initial; NULL when it is not known. *is_server: who
 * sends.
 */
struct quic_connection *quic_connection_meet(struct quic_state *state, const struct conversation_ends *ends,
                                             const struct quic_header *header, bool *is_server);

/*
 * Counts the bytes that a datagram made its sender's stream keep, once it was read; the stream that began to
 * keep some before all others gives its own up.
 */
void quic_connection_hold(struct quic_state *state, struct quic_connection *connection, bool is_server);

/*
 * A piece of a CRYPTO stream: what can be read now, in its order. Once a piece has come early, nothing until
 * there is no hole left: hellos are sent in shuffled pieces, and read at once.
 */
struct bytes quic_stream_add(struct quic_stream *stream, uint64_t offset, struct bytes piece);
