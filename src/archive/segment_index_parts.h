/* SPDX-License-Identifier: Apache-2.0 */
/*
 * segment_index_parts - what a builder has gathered, for the file that writes it down. Internal to this
 * folder.
 */
#pragma once

#include "archive/posting.h"
#include "archive/segment_index_builder.h"

enum {
    BUILDER_IDENTITIES_LIMIT = 256 * 1024,
    BUILDER_BINDINGS_LIMIT = 1024 * 1024,
    BUILDER_TEXT_LIMIT_BYTES = 64 * 1024 * 1024, /* identities and what sessions are made of */
};

struct builder_flow {
    struct flow_key key; /* all zero with both any-port bits: any conversation */
    struct posting posting;
};

struct builder_identity {
    uint64_t hash;
    uint32_t at, len;            /* in text */
    enum identity_scheme scheme; /* IDENTITY_NONE, len 0: any identity */
    struct posting posting;
};

struct builder_session { /* what rows of one session have in common */
    uint64_t hash;
    uint64_t session;
    uint32_t identity; /* UINT32_MAX: none */
    enum identity_scheme scheme;
    uint32_t at; /* in text: the two connection ids and the session id, one behind the other */
    uint8_t to_server_len, to_client_len, session_id_len;
};

struct builder_binding {
    struct flow_key flow;
    int64_t from_ns, to_ns;
    uint64_t n_packets, n_bytes;
    uint32_t session;
    enum binding_reason reason;
    enum binding_confidence confidence;
    bool is_client_low, is_continued;
};

struct builder_slot {
    uint32_t hash;  /* its low half: what is not looked for is passed over without a look at it */
    uint32_t taken; /* 0: free, else number + 1 */
};

struct builder_table { /* open addressing */
    struct builder_slot *slots;
    uint32_t n_slots, n_used;
};

struct segment_index_builder {
    uint64_t seed; /* strangers choose keys and identities */
    uint64_t flow_seed;
    uint32_t limit_flows;
    bool is_unsound;
    uint64_t n_folds;
    uint64_t n_bindings_cut;
    struct posting_pool pool;
    struct buffer text;

    struct builder_flow *flows;
    uint32_t n_flows, cap_flows;
    struct builder_table flow_table;

    struct builder_identity *identities;
    uint32_t n_identities, cap_identities;
    struct builder_table identity_table;

    struct builder_session *sessions;
    uint32_t n_sessions, cap_sessions;
    struct builder_table session_table;

    struct builder_binding *bindings;
    uint32_t n_bindings, cap_bindings;

    uint64_t *protocols; /* by block */
    uint32_t n_protocols, cap_protocols;
};

/* The number of an entered conversation with exactly this key; UINT32_MAX when there is none. */
uint32_t segment_index_builder_find_flow(const struct segment_index_builder *builder,
                                         const struct flow_key *key);
