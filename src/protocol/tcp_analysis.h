/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcp_analysis - what a segment tells about the connection it is in: sent again, out of order, after a gap,
 * asking whether the other end is still there. Judged as Wireshark does it, in one pass: from what came
 * before, and never from what comes after.
 *
 * A few words of memory a direction are enough for that. Only who asks which segment an acknowledgment
 * answers, and how many bytes are under way, pays for a list of those not yet acknowledged.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { /* RFC 9293 section 3.1, RFC 3168 */
       TCP_FIN = 0x001,
       TCP_SYN = 0x002,
       TCP_RST = 0x004,
       TCP_PSH = 0x008,
       TCP_ACK_FLAG = 0x010,
       TCP_URG = 0x020,
};

enum tcp_finding { /* bits; their order is that of the fields tcp.analysis.* in tcp.h */
                   TCP_RETRANSMISSION = 1 << 0,
                   TCP_FAST_RETRANSMISSION = 1 << 1,
                   TCP_SPURIOUS_RETRANSMISSION = 1 << 2,
                   TCP_OUT_OF_ORDER = 1 << 3,
                   TCP_REUSED_PORTS = 1 << 4,
                   TCP_LOST_SEGMENT = 1 << 5,
                   TCP_ACK_LOST_SEGMENT = 1 << 6,
                   TCP_WINDOW_UPDATE = 1 << 7,
                   TCP_WINDOW_FULL = 1 << 8,
                   TCP_KEEP_ALIVE = 1 << 9,
                   TCP_KEEP_ALIVE_ACK = 1 << 10,
                   TCP_DUPLICATE_ACK = 1 << 11,
                   TCP_ZERO_WINDOW_PROBE = 1 << 12,
                   TCP_ZERO_WINDOW = 1 << 13,
                   TCP_ZERO_WINDOW_PROBE_ACK = 1 << 14,
};

enum { TCP_SCALE_UNKNOWN = -1, TCP_SCALE_NONE = -2 };

enum {
    TCP_UNACKED_LIMIT = 1000
}; /* segments a direction that wait for their acknowledgment; later ones are
      not entered */

struct tcp_unacked {
    uint64_t frame;
    int64_t ts_ns;
    uint32_t seq, next_seq;
};

struct tcp_segment {
    uint64_t frame;
    int64_t ts_ns;
    uint32_t seq, ack, len;
    uint32_t window; /* as it stands in the header */
    uint16_t flags;
};

struct tcp_side { /* what is known of one direction */
    uint64_t next_seq_frame, last_new_ack_frame;
    int64_t next_seq_ts_ns, last_ack_ts_ns;
    uint32_t base_seq;
    uint32_t next_seq;   /* highest seen; 0: nothing yet */
    uint32_t max_acked;  /* highest that may be acknowledged without a gap; 0: nothing yet */
    uint32_t last_ack;   /* sent by this side */
    uint32_t max_next;   /* highest handed over without a gap (tcp_out_of_order); 0: nothing yet */
    uint32_t window;     /* sent by this side */
    uint32_t sacked;     /* bytes the latest segment of this side acknowledged selectively */
    uint32_t push_bytes; /* since the last PSH */
    uint32_t n_dup_acks; /* UINT32_MAX: an acknowledgment of what was not seen came since */
    uint16_t last_findings;
    int8_t scale;
    bool has_base, saw_syn, saw_synack, is_first_ack, has_gap, is_push_last, is_closing_first, has_fin;
    uint16_t n_unacked, unacked_cap;
    struct tcp_unacked *unacked; /* oldest first; NULL: not kept */
};

struct tcp_verdict {
    uint16_t findings; /* mask of enum tcp_finding */
    bool is_any;       /* there is something to show (tcp.analysis) */
    uint32_t n_dup_acks;
    uint64_t dup_ack_frame;
    uint64_t rto_frame;
    int64_t rto_ns;
    uint64_t acks_frame; /* 0: none */
    int64_t ack_rtt_ns;
    uint32_t bytes_in_flight, push_bytes;
};

/* Serial number arithmetic, RFC 9293 section 3.4. */
static inline bool tcp_seq_less(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) < 0;
}

static inline void tcp_side_init(struct tcp_side *side)
{
    *side = (struct tcp_side) { .window = UINT32_MAX, .scale = TCP_SCALE_UNKNOWN };
}

/*
 * Judges a segment that `from` sends to `to`, and remembers what later ones are judged by. *verdict comes in
 * with what is known already (TCP_REUSED_PORTS). is_listing: with the list of unacknowledged segments.
 * handshake_rtt_ns: 0 while unknown.
 */
void tcp_analyze(struct tcp_side *from, struct tcp_side *to, const struct tcp_segment *segment,
                 int64_t handshake_rtt_ns, bool is_listing, struct tcp_verdict *verdict);
