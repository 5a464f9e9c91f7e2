/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dissection - what was found in one packet: its layers from the outside in, and the values that the demand
 * asked for. Used again for every packet; nothing in it outlives the next dissect().
 *
 * Fields that lie at a fixed place of a header are not stored: they are read from the layer's bytes when
 * asked for. So a layer costs a dozen stores, and a filter on ip.src one load a layer.
 */
#pragma once

#include "base/error.h"
#include "packet/interface.h"
#include "packet/packet.h"
#include "protocol/demand.h"
#include "protocol/preferences.h"
#include "protocol/protocol.h"

enum {
    LAYER_LIMIT = 32,              /* layers in a packet; deeper ones are left alone and counted */
    DISSECTION_VALUES = 1024,      /* values in a packet; more are left out and counted */
    DISSECTION_FRAME_VALUES = 64,  /* room that the frame's own have besides: they come last */
    DISSECTION_SCRATCH = 64 << 10, /* bytes of values put together, in a packet; likewise */
    DISSECTION_LATER = 8,          /* layers at once that have something to go on with: dissection_later */
};

struct layer {
    const uint8_t *data; /* the header's first byte, in the packet or in a reassembly buffer */
    uint32_t
        header_len; /* bytes of header that are there (captured), at most what the protocol says it has */
    uint32_t payload_caplen; /* bytes behind the header that are there */
    uint32_t payload_len;    /* bytes behind the header on the wire */
    uint8_t protocol;        /* enum protocol_id */
    uint8_t result;          /* enum dissect_result */
    uint8_t fragment;        /* enum layer_fragment, for IP layers */
    uint8_t source;          /* 0: the packet's own bytes; n: the nth reassembled buffer (details pane) */
    uint8_t carries;         /* IP layers: the protocol number of what they carry */
};

enum layer_fragment { FRAGMENT_NO, FRAGMENT_FIRST, FRAGMENT_LATER, FRAGMENT_COMPLETES };

struct value {
    uint16_t field; /* FIELD_ID */
    uint8_t layer;
    uint8_t type; /* enum field_type */
    union {
        uint64_t number;    /* FIELD_UINT, BOOL, FRAME; as int64_t INT, and ns of TIME and DURATION */
        double real;        /* FIELD_DOUBLE */
        struct bytes bytes; /* FIELD_BYTES, STRING, and addresses as they stood on the wire; borrowed */
    };
};

struct dissect_counters {
    uint64_t n_layers_cut;  /* LAYER_LIMIT reached */
    uint64_t n_values_cut;  /* DISSECTION_VALUES reached */
    uint64_t n_scratch_cut; /* DISSECTION_SCRATCH reached */
    uint64_t n_malformed;
    uint64_t n_reassembly_evicted; /* unfinished datagrams or messages given up for room or age */
};

struct dissect_state; /* fragments and handshakes under way, across packets: state.h */

/* Goes on behind what was dissected first: dissection_later. */
typedef enum dissect_result later_function(struct dissection *d, struct reader *r);

struct dissection_later {
    later_function *function;
    struct reader rest;
    struct layer *top;
    uint32_t left_wire;
    uint8_t source;
};

struct dissection {
    const struct packet *packet;
    const struct interface_table *interfaces; /* for frame.interface_name; may be NULL */
    const struct demand *demand;
    const struct preferences *preferences; /* never NULL */
    struct dissect_state *state;           /* NULL: every packet by itself */
    uint64_t present;                      /* mask of protocols found */
    uint64_t stop_at;        /* mask of protocols behind which nobody looks; 0 for all but decapsulation */
    int64_t first_ts_ns;     /* of the stream, for frame.time_relative */
    int64_t packet_ts_ns;    /* of this packet */
    int64_t previous_ts_ns;  /* of the packet before, for frame.time_delta */
    int64_t displayed_ts_ns; /* of the packet printed last, set by who prints; INT64_MIN: none yet */
    struct layer *top;       /* pushed last */
    uint32_t n_layers;
    uint32_t n_values, values_limit;
    uint32_t
        left_wire;  /* bytes left on the wire at the cursor: what r has, or more where the capture cut it */
    uint8_t next;   /* enum protocol_id, set by dissection_next */
    uint8_t source; /* where the cursor's bytes lie: struct layer's source */
    uint8_t n_later;
    const char *foreign; /* who follows the top layer, when nobody here reads it (foreign.h); NULL: no one */
    struct dissect_counters counters; /* never reset by dissect() */
    struct dissection_later later[DISSECTION_LATER];
    uint32_t scratch_used;
    char protocols_text[256];             /* frame.protocols, when in demand */
    struct layer layers[LAYER_LIMIT + 1]; /* the last one is never kept */
    struct value values[DISSECTION_VALUES + DISSECTION_FRAME_VALUES];
    uint8_t scratch[DISSECTION_SCRATCH];
};

/* demand (settled), interfaces and state are borrowed for the dissection's life. */
void dissection_init(struct dissection *d, const struct demand *demand, struct dissect_state *state,
                     const struct interface_table *interfaces);

/* Dissects one packet as deep as the demand asks. The packet is borrowed until the next call. */
void dissect(struct dissection *d, const struct packet *packet);

/*
 * All values of a field in the packet, outermost layer first: calls for each; stops when it answers false.
 * Handles fields of all three kinds (protocol.h) and the frame's own.
 */
typedef bool value_function(void *context, const struct value *value);
void dissection_values(const struct dissection *d, uint16_t field_id, value_function *function,
                       void *context);

/* Reads a field at a fixed place from a layer of its protocol; false where the capture ends before it. */
bool layer_value(const struct layer *layer, uint16_t field_id, struct value *value);

/*
 * The conversation of the innermost IP layer so far, and who sends: what a protocol above UDP or TCP keeps
 * its state by. Needs .needs_flow. False: no IP layer, or its header was cut.
 */
struct conversation_ends;
bool dissection_ends(const struct dissection *d, struct conversation_ends *ends);

/*
 * The conversation an IP layer belongs to: layer is the number of an IPv4 or IPv6 layer. flow.h has the key.
 */
struct flow_key;
bool dissection_flow(const struct dissection *d, uint32_t layer, struct flow_key *key, bool *is_forward);

/* ---- for dissect functions ---- */

/*
 * Pushes a layer whose header is the next header_len bytes as far as they are there. NULL at LAYER_LIMIT. A
 * layer that nobody asked for is handed out all the same, but not kept. Member by member: as one value it
 * would be put together elsewhere and copied, and the copy has to wait for the parts.
 */
static inline struct layer *dissection_push(struct dissection *d, enum protocol_id protocol,
                                            const struct reader *r, uint32_t header_len)
{
    struct layer *layer = &d->layers[d->n_layers];
    size_t left = (size_t)(r->end - r->at);

    if (__builtin_expect(d->n_layers == LAYER_LIMIT, 0)) {
        d->counters.n_layers_cut++;
        return NULL;
    }
    d->top = layer;
    d->n_layers += d->demand->kept >> protocol & 1;
    d->present |= PROTOCOL_BIT(protocol);
    layer->data = r->at;
    layer->header_len = left < header_len ? (uint32_t)left : header_len;
    layer->payload_caplen = 0;
    layer->payload_len = 0;
    layer->protocol = (uint8_t)protocol;
    layer->result = 0;
    layer->carries = 0;
    layer->fragment = 0;
    layer->source = d->source;
    return layer;
}

/*
 * A layer within the top one that is not all of what follows it: a certificate, a CRYPTO frame's TLS. Push
 * what lies in it between the two; values go to the inner layers. (Layers that others lie in are kept:
 * demand.c.)
 */
static inline struct layer *dissection_aside(struct dissection *d)
{
    return d->top;
}

static inline void dissection_aside_end(struct dissection *d, struct layer *top)
{
    d->top = top;
}

/*
 * Why the first `wanted` bytes of what this layer was given are not all there: the capture cut them off, or
 * the sender never sent them. Ask before dissection_next.
 */
static inline enum dissect_result dissection_cut(const struct dissection *d, size_t wanted)
{
    return wanted > d->left_wire ? DISSECT_MALFORMED : DISSECT_TRUNCATED;
}

/* Names what follows; *r must have been moved to it. wire_len: how long it was on the wire. */
static inline void dissection_next(struct dissection *d, struct reader *r, enum protocol_id next,
                                   uint32_t wire_len)
{
    if ((size_t)(r->end - r->at) > wire_len) /* a trailer or padding behind it */
        r->end = r->at + wire_len;
    d->top->payload_caplen = (uint32_t)(r->end - r->at);
    d->top->payload_len = wire_len;
    d->left_wire = wire_len;
    d->next = (uint8_t)next;
}

/*
 * For a layer that carries several things one behind the other (the PDUs of a segment): when all that follows
 * from dissection_next is done, function goes on with rest, left_wire bytes on the wire, with this layer on
 * top again. False: too many at once, the rest is left alone.
 */
bool dissection_later(struct dissection *d, later_function *function, const struct reader *rest,
                      uint32_t left_wire);

static inline bool dissection_wants(const struct dissection *d, enum protocol_id protocol, unsigned field)
{
    return demand_has_field(d->demand, protocol, field);
}

void dissection_add_number_slow(struct dissection *d, uint16_t field_id, uint64_t number);
void dissection_add_bytes_slow(struct dissection *d, uint16_t field_id, struct bytes bytes);
void dissection_add_real_slow(struct dissection *d, uint16_t field_id, double real);

/*
 * Room for a value that does not stand in the packet as it is (a path put together, a name unpacked): n
 * bytes, zeroed, valid until the next packet. NULL when the packet's share of DISSECTION_SCRATCH is used up:
 * counted.
 */
uint8_t *dissection_scratch(struct dissection *d, size_t n);

/* Add a value to the top layer, if it is in demand. */
static inline void dissection_add_number(struct dissection *d, uint16_t field_id, uint64_t number)
{
    if (demand_has_field(d->demand, FIELD_PROTOCOL(field_id), FIELD_INDEX(field_id)))
        dissection_add_number_slow(d, field_id, number);
}

static inline void dissection_add_bytes(struct dissection *d, uint16_t field_id, struct bytes bytes)
{
    if (demand_has_field(d->demand, FIELD_PROTOCOL(field_id), FIELD_INDEX(field_id)))
        dissection_add_bytes_slow(d, field_id, bytes);
}

static inline void dissection_add_real(struct dissection *d, uint16_t field_id, double real)
{
    if (demand_has_field(d->demand, FIELD_PROTOCOL(field_id), FIELD_INDEX(field_id)))
        dissection_add_real_slow(d, field_id, real);
}
