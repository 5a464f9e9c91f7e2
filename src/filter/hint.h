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
    HINT_PROTOCOL, /* a layer of this protocol; PROTOCOL_NONE: a piece of an IP datagram */
    HINT_ADDRESS,  /* an IP address, of any layer, within a prefix */
    HINT_PORT,     /* a UDP or TCP port, of any layer, in low..high */
    HINT_FLOW,     /* a conversation, exactly, within a span of time */
    HINT_IDENTITY, /* an identity on the wire (what dtls.handshake.identity holds), exactly these bytes */
    HINT_TIME,     /* frame time in from..to, both included */
    HINT_IDENTITY_LIKE, /* an identity on the wire that a test takes */
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
            const struct node *test; /* a comparison of its bytes with a constant: hint_takes_identity */
        } like;
        struct {
            int64_t from_ns, to_ns;
        } time;
    };
};

struct arena;
struct demand;
struct node;

/*
 * What an answer depends on besides the packet itself. Pieces of datagrams are always needed: whoever passes
 * over packets by time must not pass over those.
 */
enum hint_memory {
    HINT_MEMORY_NONE,
    HINT_MEMORY_CONVERSATION, /* earlier packets of the same conversation (streams, handshakes, requests) */
    HINT_MEMORY_ALL, /* packets that have nothing to do with it (the number of a stream, the time since the
                        packet before): all must be read, and no hint holds. frame.number is none of these: a
                        packet of an archive knows its place. */
};

enum hint_memory hint_memory_of(const struct demand *demand);

#define HINT_FRAGMENT_AGE_NS (INT64_C(30) * 1000000000) /* as long as pieces are waited for: state.c */

/* The hint of a checked tree, in arena; NULL without memory. */
const struct hint *hint_of(const struct node *root, struct arena *arena);

/* A HINT_TIME, or a block with pieces of datagrams that may be completed in its time. Takes
 * HINT_PIECES_NODES. */
enum { HINT_PIECES_NODES = 4 };
const struct hint *hint_with_pieces(const struct hint *time, struct hint **next);

/* Whether the test of a HINT_IDENTITY_LIKE may hold for an identity. */
bool hint_takes_identity(const struct hint *hint, struct bytes identity);

/*
 * How many nodes a hint has, and a copy of it in that many of nodes that is true of earlier packets too,
 * whatever it says of times: what came before in the conversations it is about.
 */
size_t hint_nodes(const struct hint *hint);
const struct hint *hint_of_past(const struct hint *hint, struct hint **next);
