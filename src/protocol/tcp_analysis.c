/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/tcp_analysis.h"

#include <stdlib.h>
#include <string.h>

enum {
    FAST_RETRANSMIT_NS = 20 * 1000 * 1000, /* after the last duplicate acknowledgment */
    OUT_OF_ORDER_NS = 3 * 1000 * 1000,     /* while the round trip is not known */
    IN_FLIGHT_LIMIT = 2000000000,          /* more is a mistake of ours */
    UNACKED_AT_FIRST = 4,
};

static bool is_at_most(uint32_t a, uint32_t b)
{
    return !tcp_seq_less(b, a);
}

/* What of a segment is judged by its window and by what the direction sent before. */
static void judge_window(struct tcp_side *from, const struct tcp_side *to, const struct tcp_segment *segment,
                         struct tcp_verdict *verdict)
{
    const bool is_control = segment->flags & (TCP_SYN | TCP_FIN | TCP_RST);
    const bool is_next = segment->seq == from->next_seq;
    bool repeats = segment->len == 0 && is_next && segment->ack == from->last_ack && !is_control;
    unsigned findings = 0;

    if (segment->len == 1 && is_next && to->window == 0) {
        verdict->findings |= TCP_ZERO_WINDOW_PROBE;
        return;
    }
    if (segment->window == 0 && !is_control)
        findings |= TCP_ZERO_WINDOW;
    if (from->next_seq && tcp_seq_less(from->next_seq, segment->seq) && !(segment->flags & TCP_RST)) {
        findings |= TCP_LOST_SEGMENT;
        from->has_gap = true;
    }
    if (segment->len <= 1 && segment->seq == from->next_seq - 1 && !is_control)
        findings |= TCP_KEEP_ALIVE;
    if (repeats && segment->window && segment->window != from->window)
        findings |= TCP_WINDOW_UPDATE;
    if (segment->len > 0 && to->scale != TCP_SCALE_UNKNOWN && !is_control) {
        unsigned shift = to->is_first_ack || to->scale == TCP_SCALE_NONE ? 0 : (unsigned)to->scale;

        if (segment->seq + segment->len == to->last_ack + (to->window << shift))
            findings |= TCP_WINDOW_FULL;
    }
    repeats = repeats && segment->window == from->window;
    if (repeats && segment->window && to->last_findings & TCP_KEEP_ALIVE) {
        verdict->findings |= (uint16_t)(findings | TCP_KEEP_ALIVE_ACK);
        return;
    }
    if (repeats && segment->window == 0 && to->last_findings & TCP_ZERO_WINDOW_PROBE) {
        verdict->findings |= (uint16_t)(findings | TCP_ZERO_WINDOW_PROBE_ACK);
        return;
    }
    if (repeats && segment->window) {
        from->n_dup_acks = from->n_dup_acks == UINT32_MAX ? 1 : from->n_dup_acks + 1;
        findings |= TCP_DUPLICATE_ACK;
        verdict->n_dup_acks = from->n_dup_acks;
        verdict->dup_ack_frame = from->last_new_ack_frame;
    }
    verdict->findings |= (uint16_t)findings;
}

/* An acknowledgment of what was never seen, told once. */
static void judge_ack(struct tcp_side *to, const struct tcp_segment *segment, struct tcp_verdict *verdict)
{
    if (to->max_acked == 0 || !(segment->flags & TCP_ACK_FLAG) || !tcp_seq_less(to->max_acked, segment->ack))
        return;
    verdict->is_any = true;
    if (tcp_seq_less(to->max_acked, to->next_seq)) {
        to->max_acked = to->next_seq;
        verdict->findings |= TCP_ACK_LOST_SEGMENT;
        return;
    }
    if (to->n_dup_acks == 0)
        verdict->findings |= TCP_ACK_LOST_SEGMENT;
    to->n_dup_acks = UINT32_MAX;
}

/* Data, SYN or FIN that does not go beyond what was sent: again, or late. */
static void judge_repetition(const struct tcp_side *from, const struct tcp_side *to,
                             const struct tcp_segment *segment, int64_t handshake_rtt_ns,
                             struct tcp_verdict *verdict)
{
    const uint32_t end = segment->seq + segment->len;
    const int64_t late_ns = handshake_rtt_ns ? handshake_rtt_ns : OUT_OF_ORDER_NS;
    bool is_behind = from->next_seq && tcp_seq_less(segment->seq, from->next_seq);

    if ((segment->len == 0 && !(segment->flags & (TCP_SYN | TCP_FIN))) || verdict->findings & TCP_KEEP_ALIVE)
        return;
    if (segment->len > 1 && from->next_seq - 1 == segment->seq) /* after a probe of a closed window */
        is_behind = false;
    if (segment->len > 0 && to->last_ack && is_at_most(end, to->last_ack)) {
        verdict->findings |= TCP_SPURIOUS_RETRANSMISSION;
        return;
    }
    if (!is_behind)
        return;
    if (to->n_dup_acks >= 2 && to->last_ack == segment->seq &&
        (uint64_t)(segment->ts_ns - to->last_ack_ts_ns) < FAST_RETRANSMIT_NS) {
        verdict->findings |= TCP_FAST_RETRANSMISSION;
        return;
    }
    if ((uint64_t)(segment->ts_ns - from->next_seq_ts_ns) < (uint64_t)late_ns &&
        from->next_seq != end + (segment->flags & (TCP_SYN | TCP_FIN) ? 1 : 0)) {
        verdict->findings |= TCP_OUT_OF_ORDER;
        return;
    }
    verdict->findings |= TCP_RETRANSMISSION;
    verdict->rto_frame = from->n_unacked ? from->unacked[0].frame : from->next_seq_frame;
    verdict->rto_ns = segment->ts_ns - (from->n_unacked ? from->unacked[0].ts_ns : from->next_seq_ts_ns);
}

static void list_segment(struct tcp_side *from, const struct tcp_segment *segment, uint32_t next_seq)
{
    if (from->n_unacked == TCP_UNACKED_LIMIT)
        return;
    if (from->n_unacked == from->unacked_cap) {
        uint16_t cap = from->unacked_cap ? (uint16_t)(from->unacked_cap * 2) : UNACKED_AT_FIRST;
        struct tcp_unacked *more = realloc(from->unacked, cap * sizeof *more);

        if (more == NULL)
            return;
        from->unacked = more;
        from->unacked_cap = cap;
    }
    from->unacked[from->n_unacked++] =
        (struct tcp_unacked) { segment->frame, segment->ts_ns, segment->seq, next_seq };
}

/* Takes what is acknowledged off the other direction's list, newest first. */
static void list_ack(struct tcp_side *to, const struct tcp_segment *segment, struct tcp_verdict *verdict)
{
    uint16_t kept = to->n_unacked;

    for (uint16_t i = to->n_unacked; i-- > 0;) {
        struct tcp_unacked *unacked = &to->unacked[i];

        if (segment->ack == unacked->next_seq) {
            verdict->acks_frame = unacked->frame;
            verdict->ack_rtt_ns = segment->ts_ns - unacked->ts_ns;
        } else if (tcp_seq_less(segment->ack, unacked->next_seq)) {
            if (tcp_seq_less(unacked->seq, segment->ack)) /* a part of it */
                unacked->seq = segment->ack;
            kept--;
            to->unacked[kept] = *unacked; /* gathered at the end, order kept */
        }
    }
    to->n_unacked = (uint16_t)(to->n_unacked - kept);
    if (kept)
        memmove(to->unacked, to->unacked + kept, to->n_unacked * sizeof *to->unacked);
}

static void count_in_flight(struct tcp_side *from, const struct tcp_side *to,
                            const struct tcp_segment *segment, struct tcp_verdict *verdict)
{
    uint32_t first, last, in_flight;

    if (segment->len == 0 || from->n_unacked == 0 || from->has_gap)
        return;
    first = from->unacked[from->n_unacked - 1].seq - from->base_seq;
    last = from->unacked[from->n_unacked - 1].next_seq - from->base_seq;
    for (uint16_t i = 0; i < from->n_unacked; i++) {
        uint32_t seq = from->unacked[i].seq - from->base_seq;
        uint32_t next_seq = from->unacked[i].next_seq - from->base_seq;

        first = seq < first ? seq : first;
        last = next_seq > last ? next_seq : last;
    }
    in_flight = last - first - to->sacked;
    if (in_flight > 0 && in_flight < IN_FLIGHT_LIMIT)
        verdict->bytes_in_flight = in_flight - (segment->flags & (TCP_SYN | TCP_FIN) ? 1 : 0);
    from->push_bytes = from->is_push_last ? segment->len : from->push_bytes + segment->len;
    from->is_push_last = segment->flags & TCP_PSH;
    verdict->push_bytes = from->push_bytes;
    verdict->is_any = true;
}

void tcp_analyze(struct tcp_side *from, struct tcp_side *to, const struct tcp_segment *segment,
                 int64_t handshake_rtt_ns, bool is_listing, struct tcp_verdict *verdict)
{
    uint32_t next_seq = segment->seq + segment->len;

    if (segment->flags & TCP_ACK_FLAG)
        to->has_gap = false;
    judge_window(from, to, segment, verdict);
    if (segment->ack != from->last_ack) {
        from->last_new_ack_frame = segment->frame;
        from->n_dup_acks = 0;
    }
    judge_ack(to, segment, verdict);
    judge_repetition(from, to, segment, handshake_rtt_ns, verdict);

    if (segment->len || segment->flags & (TCP_SYN | TCP_FIN)) {
        if (!is_listing || from->n_unacked < TCP_UNACKED_LIMIT)
            next_seq += segment->flags & (TCP_SYN | TCP_FIN) ? 1 : 0;
        if (is_listing)
            list_segment(from, segment, next_seq);
    }
    if (!(verdict->findings & TCP_ZERO_WINDOW_PROBE)) {
        if (from->next_seq == 0 || tcp_seq_less(from->next_seq, next_seq)) {
            from->next_seq = next_seq;
            from->next_seq_frame = segment->frame;
            from->next_seq_ts_ns = segment->ts_ns;
        }
        if (segment->seq == from->max_acked || from->max_acked == 0)
            from->max_acked = from->next_seq;
    }
    from->window = segment->window;
    from->last_ack = segment->ack;
    from->last_ack_ts_ns = segment->ts_ns;
    from->last_findings = verdict->findings;
    if (is_listing) {
        list_ack(to, segment, verdict);
        count_in_flight(from, to, segment, verdict);
    }
    verdict->is_any |= verdict->findings || verdict->acks_frame;
}
