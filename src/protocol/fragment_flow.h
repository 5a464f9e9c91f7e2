/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fragment_flow - which conversation an IP layer belongs to, fragments included: only the first fragment
 * spells the ports, so they are remembered for the others. Bounded; an older datagram falls out, and is then
 * known by its addresses only.
 */
#pragma once

#include "protocol/dissection.h"
#include "protocol/flow.h"

struct fragment_flows;

struct fragment_flows *fragment_flows_new(uint64_t hash_seed); /* NULL without memory */
void fragment_flows_free(struct fragment_flows *flows);

enum fragment_flow_result {
    FRAGMENT_FLOW_NONE,  /* no IP layer, or cut too short */
    FRAGMENT_FLOW_WHOLE, /* *key is the conversation */
    FRAGMENT_FLOW_EARLY, /* a fragment that came before the first one: *key has addresses, no ports */
    FRAGMENT_FLOW_FIRST_AFTER_EARLY, /* *key is whole, and fragments since *early_place belong to it too */
};

struct fragment_flow {
    struct flow_key key;
    bool is_forward;
    uint32_t early_place; /* FIRST_AFTER_EARLY: the place of the earliest fragment met before the first one */
    uint64_t datagram;    /* the same for all fragments of a datagram; 0 for what is none */
};

/*
 * The conversation of layer `layer` (any; others than IP answer NONE). place: where the packet lies, in the
 * caller's own terms, never decreasing.
 */
enum fragment_flow_result fragment_flow(struct fragment_flows *flows, const struct dissection *d,
                                        uint32_t layer, uint32_t place, struct fragment_flow *found);
