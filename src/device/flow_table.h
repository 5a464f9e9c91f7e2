/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow_table - the conversations that a tracker follows, each with the span it gathers. Bounded: the one used
 * least recently makes room, of those that nobody named (strangers make these at will) before the others.
 */
#pragma once

#include "device/binding.h"

enum { FLOW_NONE = UINT32_MAX };

struct flow {
    struct flow_key key;
    uint32_t next_in_bucket;
    uint32_t older, newer;
    uint32_t session;        /* index, valid while session_number fits */
    uint32_t handshake;      /* index; HANDSHAKE_NONE for none */
    uint64_t session_number; /* without a session: 0, or the number of one that nobody named */
    uint8_t reason;          /* enum binding_reason */
    bool is_client_low;
    bool is_named;        /* in which of the two lists it is */
    bool is_plain;        /* nothing seals its packets: what was long silent may be somebody else */
    bool is_continued;    /* a checkpoint cut its binding off, and it is still the same */
    bool is_weak;         /* it was, and nothing since showed that it is still the same */
    bool has_sequence[2]; /* [1]: the client's */
    int64_t touched_ns;   /* when it was last moved to the end of its list */
    int64_t from_ns;      /* of the packets since the last report */
    int64_t to_ns;        /* last packet of the binding */
    int64_t sure_ns;      /* last packet that was surely of it */
    uint64_t n_packets, n_bytes;
    uint64_t sequence[2]; /* highest that was seen, in the protocol's own terms */
    uint64_t instance;    /* of the handshake that made the session: repeats of its hello are no new one */
};

struct flow_table;

struct flow_table *flow_table_new(uint32_t limit, uint64_t hash_seed); /* NULL without memory */
void flow_table_free(struct flow_table *table);

/* hash: flow_key_hash of the key with the table's seed. */
void flow_table_prefetch(const struct flow_table *table, uint64_t hash);

/* The flow with that hash, or another in its bucket, without a look at it; NULL when there is none. */
const struct flow *flow_table_guess(const struct flow_table *table, uint64_t hash);
struct flow *flow_table_find(struct flow_table *table, const struct flow_key *key, uint64_t hash);

/* Who has to go before another is added; NULL when there is room. */
struct flow *flow_table_victim(struct flow_table *table);
struct flow *flow_table_add(struct flow_table *table, const struct flow_key *key, uint64_t hash);
void flow_table_remove(struct flow_table *table, struct flow *flow);

/* The flow is used: it goes to the end of its list. */
void flow_table_touch(struct flow_table *table, struct flow *flow);

/* Puts the flow among those that somebody named, or the others. */
void flow_table_set_named(struct flow_table *table, struct flow *flow, bool is_named);

uint32_t flow_table_index(const struct flow_table *table, const struct flow *flow);
struct flow *flow_table_at(struct flow_table *table, uint32_t index);

/* All flows of a list, least recently used first: NULL begins, and ends. */
struct flow *flow_table_next(struct flow_table *table, const struct flow *flow, bool is_named);
