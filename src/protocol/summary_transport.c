/* SPDX-License-Identifier: Apache-2.0 */
/* summary_transport - sentences of UDP and TCP, of packets with nothing in them that is understood. */
#include "protocol/summary_sentence.h"

enum { UDP_SRCPORT, UDP_DSTPORT, UDP_LENGTH };

static const char *const udp_field_names[] = {
    [UDP_SRCPORT] = "udp.srcport",
    [UDP_DSTPORT] = "udp.dstport",
    [UDP_LENGTH] = "udp.length",
};

static void put_ports(struct sentence *s, unsigned source, unsigned destination)
{
    sentence_put_field(s, source);
    sentence_put(s, " → ");
    sentence_put_field(s, destination);
}

static void put_labelled(struct sentence *s, const char *name, uint64_t number)
{
    sentence_put(s, name);
    sentence_put_decimal(s, number);
}

static void put_udp(struct sentence *s)
{
    uint64_t length;

    put_ports(s, UDP_SRCPORT, UDP_DSTPORT);
    if (sentence_number(s, UDP_LENGTH, &length) && length >= 8)
        put_labelled(s, " Len=", length - 8);
}

const struct summary_trade summary_udp = {
    .label = "UDP",
    .fields = udp_field_names,
    .n_fields = sizeof udp_field_names / sizeof *udp_field_names,
    .put = put_udp,
};

enum {
    SRCPORT,
    DSTPORT,
    FLAGS,
    SEQ,
    ACK,
    WINDOW,
    LEN,
    MSS,
    SACK_PERMITTED,
    TSVAL,
    TSECR,
    WINDOW_SCALE,
    SEGMENT_DATA,
    DUPLICATE_ACK_FRAME,
    DUPLICATE_ACK_NUMBER,
    ANALYSIS, /* and those behind it: marks */
    TCP_FIELDS = ANALYSIS + 13
};

static const char *const tcp_field_names[TCP_FIELDS] = {
    [SRCPORT] = "tcp.srcport",
    [DSTPORT] = "tcp.dstport",
    [FLAGS] = "tcp.flags",
    [SEQ] = "tcp.seq",
    [ACK] = "tcp.ack",
    [WINDOW] = "tcp.window_size",
    [LEN] = "tcp.len",
    [MSS] = "tcp.options.mss_val",
    [SACK_PERMITTED] = "tcp.options.sack_perm",
    [TSVAL] = "tcp.options.timestamp.tsval",
    [TSECR] = "tcp.options.timestamp.tsecr",
    [WINDOW_SCALE] = "tcp.options.wscale.multiplier",
    [SEGMENT_DATA] = "tcp.segment_data",
    [DUPLICATE_ACK_FRAME] = "tcp.analysis.duplicate_ack_frame",
    [DUPLICATE_ACK_NUMBER] = "tcp.analysis.duplicate_ack_num",
    [ANALYSIS] = "tcp.analysis.retransmission",
    "tcp.analysis.fast_retransmission",
    "tcp.analysis.spurious_retransmission",
    "tcp.analysis.out_of_order",
    "tcp.analysis.reused_ports",
    "tcp.analysis.lost_segment",
    "tcp.analysis.ack_lost_segment",
    "tcp.analysis.window_update",
    "tcp.analysis.window_full",
    "tcp.analysis.keep_alive",
    "tcp.analysis.keep_alive_ack",
    "tcp.analysis.zero_window_probe",
    "tcp.analysis.zero_window",
};

static const char *const analysis_words[TCP_FIELDS - ANALYSIS] = {
    "[TCP Retransmission] ",       "[TCP Fast Retransmission] ", "[TCP Spurious Retransmission] ",
    "[TCP Out-Of-Order] ",         "[TCP Port numbers reused] ", "[TCP Previous segment not captured] ",
    "[TCP ACKed unseen segment] ", "[TCP Window Update] ",       "[TCP Window Full] ",
    "[TCP Keep-Alive] ",           "[TCP Keep-Alive ACK] ",      "[TCP ZeroWindowProbe] ",
    "[TCP ZeroWindow] ",
};

/* A quick or a spurious retransmission is marked as a retransmission, too: the more exact word is enough. */
static void put_analysis(struct sentence *s)
{
    uint32_t marks = 0;
    uint64_t frame, number;

    for (uint32_t i = 0; i < s->d->n_values; i++) {
        unsigned field = sentence_field_at(s, i, TCP_FIELDS);

        if (field >= ANALYSIS && field < TCP_FIELDS)
            marks |= UINT32_C(1) << (field - ANALYSIS);
    }
    if (marks & 6)
        marks &= ~UINT32_C(1);
    for (unsigned i = 0; i < TCP_FIELDS - ANALYSIS; i++)
        if (marks >> i & 1)
            sentence_put(s, analysis_words[i]);
    if (sentence_number(s, DUPLICATE_ACK_FRAME, &frame) && sentence_number(s, DUPLICATE_ACK_NUMBER, &number))
        sentence_printf(s, "[TCP Dup ACK %llu#%u] ", (unsigned long long)frame, (unsigned)number);
}

static void put_flags(struct sentence *s, unsigned set)
{
    static const char *const names[] = { "FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR", "AE" };
    const char *between = "";

    sentence_put(s, " [");
    if ((set & 0x1ff) == 0)
        sentence_put(s, "<None>");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (set >> i & 1) {
            sentence_put(s, between);
            sentence_put(s, names[i]);
            between = ", ";
        }
    sentence_put(s, "]");
}

static void put_known(struct sentence *s, const char *name, unsigned field)
{
    uint64_t number;

    if (sentence_number(s, field, &number))
        put_labelled(s, name, number);
}

static void put_tcp(struct sentence *s)
{
    uint64_t set = 0;

    put_analysis(s);
    put_ports(s, SRCPORT, DSTPORT);
    if (sentence_number(s, FLAGS, &set))
        put_flags(s, (unsigned)set);
    put_known(s, " Seq=", SEQ);
    if (set & 0x10)
        put_known(s, " Ack=", ACK);
    put_known(s, " Win=", WINDOW);
    put_known(s, " Len=", LEN);
    put_known(s, " MSS=", MSS);
    if (sentence_has(s, SACK_PERMITTED))
        sentence_put(s, " SACK_PERM");
    put_known(s, " TSval=", TSVAL);
    put_known(s, " TSecr=", TSECR);
    put_known(s, " WS=", WINDOW_SCALE);
    if (sentence_has(s, SEGMENT_DATA))
        sentence_put(s, " [TCP segment of a reassembled PDU]");
}

const struct summary_trade summary_tcp = {
    .label = "TCP",
    .fields = tcp_field_names,
    .n_fields = TCP_FIELDS,
    .put = put_tcp,
};
