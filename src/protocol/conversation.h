/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conversation - the conversations of one transport protocol: numbered in the order in which they are first
 * met, with the times of their first and their latest packet. Serves UDP and TCP, each with a table of its
 * own.
 *
 * Bounded: the one untouched for longest is forgotten, and gets a new number when it speaks again.
 */
#pragma once

#include "protocol/flow.h"

struct conversation { /* a table's values begin with it */
    int64_t first_ts_ns;
    int64_t previous_ts_ns; /* of the packet before this one; the same packet's when it is the first */
    uint32_t stream;        /* its number, from 0 */
};

struct conversations;

/* value_bytes: of what is kept of each, beginning with a struct conversation. let_go: as lru_table has it. */
struct conversations *conversations_new(size_t value_bytes, uint32_t limit, uint64_t hash_seed,
                                        void (*let_go)(void *context, const void *key, void *value),
                                        void *context); /* NULL without memory */
void conversations_free(struct conversations *conversations);

/* The conversation of a flow; a new one is zeroed, but for its struct conversation. NULL without memory. */
void *conversations_meet(struct conversations *conversations, const struct flow_key *flow, int64_t ts_ns,
                         bool *is_new);

/* Another conversation between the same two ends begins: a new number, and its time from here. */
void conversations_renew(struct conversations *conversations, struct conversation *conversation,
                         int64_t ts_ns);

uint64_t conversations_forgotten(const struct conversations *conversations);
