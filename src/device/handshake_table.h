/* SPDX-License-Identifier: Apache-2.0 */
/*
 * handshake_table - what is under way: a handshake, a CONNECT without its answer, a registration. Each stands
 * beside the session its flow may have, and replaces it only when it is finished.
 *
 * Bounded, and bounded for each source address too, so that a scanner pushes out nobody's but its own: the
 * one untouched for longest is the first to go.
 */
#pragma once

#include "device/names.h"

enum {
    HANDSHAKE_NONE = UINT32_MAX,
    HANDSHAKES_LIMIT = 1 << 14,     /* under way at once */
    HANDSHAKES_OF_SOURCE = 1 << 11, /* of one client address; more than carriers' shared ones ever have */
    PLACES_LIMIT = 8,               /* of one handshake */
};

struct token {
    uint8_t len; /* 0: none */
    uint8_t data[TOKEN_LIMIT_BYTES];
};

static inline struct bytes token_bytes(const struct token *token)
{
    return bytes_of(token->data, token->len);
}

/* Too long a one is none. */
static inline void token_set(struct token *token, struct bytes bytes)
{
    token->len = bytes.len <= TOKEN_LIMIT_BYTES ? (uint8_t)bytes.len : 0;
    if (token->len)
        memcpy(token->data, bytes.data, token->len);
}

struct handshake {
    uint32_t flow; /* index of its flow; HANDSHAKE_NONE: the slot is free */
    uint32_t older, newer;
    uint32_t older_of_source, newer_of_source;
    uint32_t source; /* bucket of its client's address */
    int64_t from_ns, last_ns;
    uint64_t n_packets, n_bytes;
    uint64_t instance;  /* what tells this beginning from another one */
    uint64_t answer;    /* by which its answer is known; 0: any */
    uint8_t reason;     /* enum binding_reason: what it will be once it is finished */
    bool is_client_low; /* of this handshake: a failed one leaves the flow's as it is */
    bool is_open;       /* a TCP connection of which nobody said anything yet */
    bool is_plain;      /* what follows is not sealed */
    bool has_answer;    /* the server's hello */
    bool has_key_exchange;
    bool has_other_version; /* (D)TLS 1.3: nothing in it ties it to an earlier session */
    bool is_client_done, is_server_done;
    bool is_accepted, is_refused; /* where the server's word is enough */
    bool has_sequence[2];         /* struct flow's, of its packets */
    uint8_t n_silent;             /* packets with something in them, but nothing about anybody */
    uint8_t cid_to_server_len, cid_to_client_len;
    uint64_t sequence[2];
    uint32_t n_places;
    uint32_t places[PLACES_LIMIT];
    struct token offered[2]; /* of an earlier session: session id or location, and ticket */
    struct token session_id; /* the server's answer */
    struct token ticket;     /* what the server gave for later */
    uint16_t
        psk_numbers[NAMES_LIMIT]; /* of the external identities among the names: their place in the hello */
    struct names names;
    uint8_t cid_to_server[CID_LIMIT_BYTES];
    uint8_t cid_to_client[CID_LIMIT_BYTES];
};

struct handshake_table;

struct handshake_table *handshake_table_new(uint32_t limit, uint64_t hash_seed); /* NULL without memory */
void handshake_table_free(struct handshake_table *table);

/* Who has to be given up before one from that address begins; HANDSHAKE_NONE when there is room. */
uint32_t handshake_table_victim(const struct handshake_table *table, const struct ip_address *source);

/* flow: its index. */
struct handshake *handshake_table_begin(struct handshake_table *table, const struct ip_address *source,
                                        uint32_t flow, int64_t ts_ns);
void handshake_table_end(struct handshake_table *table, struct handshake *handshake);
void handshake_table_touch(struct handshake_table *table, struct handshake *handshake);

struct handshake *handshake_table_at(struct handshake_table *table, uint32_t index);
uint32_t handshake_table_index(const struct handshake_table *table, const struct handshake *handshake);
uint32_t handshake_table_oldest(const struct handshake_table *table); /* HANDSHAKE_NONE: there is none */
