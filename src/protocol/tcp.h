/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcp - the numbers of the fields of tcp.*, shared by those that add them. They stand in groups, so that one
 * look at the demand tells whether a group is asked for.
 */
#pragma once

#include "protocol/dissection.h"

enum {
    TCP_SRCPORT,
    TCP_DSTPORT,
    TCP_PORT,
    TCP_SEQ_RAW,
    TCP_ACK_RAW,
    TCP_HDR_LEN,
    TCP_FLAGS,
    TCP_FLAGS_RES,
    TCP_FLAGS_AE,
    TCP_FLAGS_CWR,
    TCP_FLAGS_ECE,
    TCP_FLAGS_URG,
    TCP_FLAGS_ACK,
    TCP_FLAGS_PUSH,
    TCP_FLAGS_RESET,
    TCP_FLAGS_SYN,
    TCP_FLAGS_FIN,
    TCP_FLAGS_STR,
    TCP_WINDOW_VALUE,
    TCP_CHECKSUM,
    TCP_CHECKSUM_STATUS,
    TCP_CHECKSUM_CALCULATED,
    TCP_URGENT_POINTER,
    TCP_LEN,
    TCP_PAYLOAD,
    TCP_RESET_CAUSE,
    TCP_CONNECTION_SYN,
    TCP_CONNECTION_SYNACK,
    TCP_CONNECTION_FIN,
    TCP_CONNECTION_RST,
    TCP_SHORT_SEGMENT,
    TCP_BOGUS_HEADER_LENGTH,
    TCP_ACK_NONZERO,
    TCP_URGENT_NON_ZERO,
    TCP_OPTIONS,
    TCP_OPTION_KIND,
    TCP_OPTION_LEN,
    TCP_OPT_EOL,
    TCP_OPT_NOP,
    TCP_OPT_MSS,
    TCP_OPT_WSCALE,
    TCP_OPT_SACK_PERM,
    TCP_OPT_SACK,
    TCP_OPT_ECHO,
    TCP_OPT_ECHO_REPLY,
    TCP_OPT_TIMESTAMP,
    TCP_OPT_CC,
    TCP_OPT_CCNEW,
    TCP_OPT_CCECHO,
    TCP_OPT_MD5,
    TCP_OPT_AO,
    TCP_OPT_QS,
    TCP_OPT_USER_TO,
    TCP_OPT_TFO,
    TCP_OPT_EXPERIMENTAL,
    TCP_OPT_UNKNOWN,
    TCP_MSS_VAL,
    TCP_WSCALE_SHIFT,
    TCP_WSCALE_MULTIPLIER,
    TCP_TSVAL,
    TCP_TSECR,
    TCP_ECHO_VALUE,
    TCP_CC_VALUE,
    TCP_MD5_DIGEST,
    TCP_AO_KEYID,
    TCP_AO_RNEXTKEYID,
    TCP_AO_MAC,
    TCP_QS_RATE,
    TCP_QS_TTL_DIFF,
    TCP_USER_TO_GRANULARITY,
    TCP_USER_TO_VAL,
    TCP_TFO_REQUEST,
    TCP_TFO_COOKIE,
    TCP_MPTCP_SUBTYPE,
    TCP_EXPERIMENTAL_EXID,
    TCP_EXPERIMENTAL_DATA,
    TCP_UNKNOWN_PAYLOAD,
    TCP_SACK_COUNT,
    TCP_OPTION_LEN_INVALID,
    TCP_WSCALE_SHIFT_INVALID,
    TCP_MSS_ABSENT,
    TCP_MSS_PRESENT,
    TCP_SUBOPTION_MALFORMED,
    TCP_FOUR_NOPS,
    TCP_NON_ZERO_AFTER_EOL,
    TCP_SACK_LE,
    TCP_SACK_RE,
    TCP_DSACK_LE,
    TCP_DSACK_RE,
    TCP_DSACK,
    TCP_STREAM,
    TCP_COMPLETENESS,
    TCP_TIME_RELATIVE,
    TCP_TIME_DELTA,
    TCP_SEQ,
    TCP_NXTSEQ,
    TCP_ACK,
    TCP_WINDOW_SIZE,
    TCP_WINDOW_SCALE,
    TCP_FIN_ACTIVE,
    TCP_FIN_PASSIVE,
    TCP_ANALYSIS_RETRANSMISSION,
    TCP_ANALYSIS_FAST_RETRANSMISSION,
    TCP_ANALYSIS_SPURIOUS_RETRANSMISSION,
    TCP_ANALYSIS_OUT_OF_ORDER,
    TCP_ANALYSIS_REUSED_PORTS,
    TCP_ANALYSIS_LOST_SEGMENT,
    TCP_ANALYSIS_ACK_LOST_SEGMENT,
    TCP_ANALYSIS_WINDOW_UPDATE,
    TCP_ANALYSIS_WINDOW_FULL,
    TCP_ANALYSIS_KEEP_ALIVE,
    TCP_ANALYSIS_KEEP_ALIVE_ACK,
    TCP_ANALYSIS_DUPLICATE_ACK,
    TCP_ANALYSIS_ZERO_WINDOW_PROBE,
    TCP_ANALYSIS_ZERO_WINDOW,
    TCP_ANALYSIS_ZERO_WINDOW_PROBE_ACK,
    TCP_ANALYSIS_FLAGS,
    TCP_ANALYSIS_DUPLICATE_ACK_NUM,
    TCP_ANALYSIS_DUPLICATE_ACK_FRAME,
    TCP_ANALYSIS,
    TCP_ANALYSIS_ACKS_FRAME,
    TCP_ANALYSIS_ACK_RTT,
    TCP_ANALYSIS_INITIAL_RTT,
    TCP_ANALYSIS_BYTES_IN_FLIGHT,
    TCP_ANALYSIS_PUSH_BYTES_SENT,
    TCP_ANALYSIS_RTO,
    TCP_ANALYSIS_RTO_FRAME,
    TCP_ANALYSIS_TFO_SYN,
    TCP_ANALYSIS_TFO_ACK,
    TCP_ANALYSIS_TFO_IGNORED,
    TCP_FIN_RETRANSMISSION,
    TCP_SEGMENT_DATA,
    TCP_SEGMENTS,
    TCP_SEGMENT,
    TCP_SEGMENT_COUNT,
    TCP_SEGMENT_OVERLAP,
    TCP_SEGMENT_OVERLAP_CONFLICT,
    TCP_SEGMENT_MULTIPLE_TAILS,
    TCP_SEGMENT_TOO_LONG,
    TCP_SEGMENT_ERROR,
    TCP_REASSEMBLED_IN,
    TCP_REASSEMBLED_LENGTH,
    TCP_REASSEMBLED_DATA,
    TCP_PDU_SIZE,
    TCP_PDU_TIME,
    TCP_PDU_LAST_FRAME,
    TCP_CONTINUATION_TO,
    TCP_FIELD_COUNT,
};

enum { /* groups, ends included */
       TCP_OPTION_FIRST = TCP_OPTIONS,
       TCP_OPTION_LAST = TCP_DSACK,
       TCP_STREAM_FIRST = TCP_SACK_LE, /* from here on: what needs the connection */
       TCP_STREAM_LAST = TCP_FIELD_COUNT - 1,
       TCP_ANALYSIS_FIRST = TCP_ANALYSIS_RETRANSMISSION,
       TCP_ANALYSIS_LAST = TCP_ANALYSIS_RTO_FRAME,
       TCP_LIST_FIRST = TCP_ANALYSIS, /* what needs the list of unacknowledged segments */
       TCP_LIST_LAST = TCP_ANALYSIS_RTO_FRAME,
       TCP_PDU_FIRST = TCP_FIN_RETRANSMISSION, /* what needs the PDUs put together */
       TCP_PDU_LAST = TCP_CONTINUATION_TO,
};

#define TCP_ID(index) FIELD_ID(PROTOCOL_TCP, index)

extern const struct field tcp_fields[TCP_FIELD_COUNT];

/* Who reads a stream between two ports (of them server is the server's, 0: unknown): by -d, by a known port.
 */
enum protocol_id tcp_by_port(const struct dissection *d, uint16_t source, uint16_t destination,
                             uint16_t server);

/* The same by what its first bytes look like. Both: PROTOCOL_NONE for nobody. */
enum protocol_id tcp_by_content(struct bytes bytes);

/* Is a field of first..last in demand? */
static inline bool tcp_wants_any(const struct dissection *d, unsigned first, unsigned last)
{
    const uint64_t *fields = d->demand->fields[PROTOCOL_TCP];
    uint64_t found = 0;

    for (unsigned word = first / 64; word <= last / 64; word++) {
        uint64_t mask = ~UINT64_C(0);

        if (word == first / 64)
            mask &= ~UINT64_C(0) << first % 64;
        if (word == last / 64)
            mask &= ~UINT64_C(0) >> (63 - last % 64);
        found |= fields[word] & mask;
    }
    return found != 0;
}
