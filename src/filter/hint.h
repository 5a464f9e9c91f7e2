/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hint - what packets must at least have for a question to be answered yes: a small tree that an index can
 * hold against its terms. A hint never says more than the question: a block it rules out holds no answer.
 */
#pragma once

#include "base/ip_address.h"
#include "protocol/flow.h"
#include "protocol/protocol.h"

enum hint_kind {
    HINT_ALL,  /* rules out nothing */
    HINT_NONE, /* can never be */
    HINT_AND,  /* left and right */
    HINT_OR,
    HINT_PROTOCOL, /* a layer of this protocol */
    HINT_ADDRESS,  /* an IP address, of any layer, within a prefix */
    HINT_PORT,     /* a UDP or TCP port, of any layer, in low..high */
    HINT_FLOW,     /* a conversation, exactly, within a span of time */
    HINT_IDENTITY, /* an identity on the wire (what dtls.handshake.identity holds), exactly these bytes */
    HINT_TIME,     /* frame time in from..to, both included */
};

struct hint {
    enum hint_kind kind;
    const struct hint *left, *right; /* AND, OR */
    union {
        enum protocol_id protocol;
        struct {
            struct ip_address address;
            unsigned n_bits;
        } prefix;
        struct {
            uint16_t low, high;
        } port;
        struct {
            struct flow_key key;
            int64_t from_ns, to_ns;
        } flow;
        struct bytes identity;
        struct {
            int64_t from_ns, to_ns;
        } time;
    };
};

struct arena;
struct demand;
struct node;

/*
 * False when what is asked for depends on packets that have nothing to do with it (the number of a stream,
 * the time since the packet before): then all must be read, and no hint holds. frame.number is none of these:
 * a packet of an archive knows its place.
 */
bool hint_holds_for(const struct demand *demand);

/* The hint of a checked tree, in arena; NULL without memory. */
const struct hint *hint_of(const struct node *root, struct arena *arena);
