/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcp_stream - TCP connections from packet to packet, and the byte streams in them: cuts the streams into the
 * PDUs of what they carry (protocol.h, pdu_length), which are handed over on the segment that completes them.
 *
 * As Wireshark does it by default: what comes again or late is not handed over, a stream met in the middle is
 * read from there on, and a PDU with a hole waits for it in vain; tcp_out_of_order keeps what came early
 * until the gap is filled. Nothing is kept of a segment that ends with a PDU.
 *
 * Bounded in every direction. When the bytes of all streams reach TCP_STREAM_BYTES, the connection whose
 * bytes are untouched for longest gives up its own, and goes on as if met in the middle.
 */
#pragma once

#include "protocol/conversation.h"
#include "protocol/dissection.h"
#include "protocol/tcp_analysis.h"
#include "protocol/tcp_pdu.h"

enum {
    TCP_CONNECTIONS = 1 << 16,
    TCP_STREAM_BYTES = 8 << 20, /* of all streams: PDUs under way, and lists of unacknowledged segments */
    TCP_EARLY_SEGMENTS = 256,   /* kept in a direction until what comes before them does (tcp_out_of_order) */
};

struct tcp_connection {
    struct conversation conversation;
    struct tcp_side sides[2];             /* [0]: sent by flow.low */
    struct tcp_pdu *pdus[2];              /* likewise; NULL: none yet */
    int64_t syn_ts_ns, handshake_rtt_ns;  /* 0: unknown */
    struct tcp_connection *newer, *older; /* of those that hold memory */
    uint32_t held_bytes;
    uint16_t server_port; /* 0: unknown */
    uint8_t carries;      /* enum protocol_id, once its content told; else PROTOCOL_NONE */
    uint8_t completeness;
    bool has_fast_open;
};

struct tcp_streams;

void *tcp_streams_new(uint64_t hash_seed);
void tcp_streams_free(void *streams);
uint64_t tcp_streams_forgotten(const void *streams);

/* The connection of a flow; NULL without memory. */
struct tcp_connection *tcp_streams_meet(struct tcp_streams *streams, const struct flow_key *flow,
                                        int64_t ts_ns, bool *is_new);

/* Another connection between the same ports begins. */
void tcp_streams_renew(struct tcp_streams *streams, struct tcp_connection *connection, int64_t ts_ns);

/* To be called after tcp_analyze with a list: counts what it allocated. */
void tcp_streams_account(struct tcp_streams *streams, struct tcp_connection *connection);

struct tcp_arrival { /* a segment with its bytes */
    struct tcp_connection *connection;
    unsigned side;
    uint32_t seq; /* of the first byte of payload */
    uint16_t flags;
    uint16_t findings;
    enum protocol_id carries;
    const char *foreign; /* what Wireshark calls what nobody here reads; NULL: data, to it as well */
};

/*
 * The number (tcp.stream) of the connection whose bytes were handed over last: a protocol above that
 * remembers something by the flow remembers it of another connection when this has changed.
 */
uint32_t tcp_stream_number(struct dissect_state *state);

/*
 * Hands a segment's bytes at *r on to what the stream carries: sets d->next to it, and *r to what it is
 * given, one or several whole PDUs. What follows in the segment follows by dissection_later.
 */
enum dissect_result tcp_stream_deliver(struct dissection *d, struct reader *r,
                                       const struct tcp_arrival *arrival);

/* tcp.pdu.size of what stands in a segment that is no part of its stream (cut, or with a wrong checksum), the
 * last one's too, as far as its length is told. */
void tcp_stream_add_sizes(struct dissection *d, struct bytes bytes, enum protocol_id carries);

/* tcp_stream_deliver for a FIN that ends a PDU whose end nothing else tells. False: there is no such PDU. */
bool tcp_stream_finish(struct dissection *d, struct reader *r, const struct tcp_arrival *arrival);
