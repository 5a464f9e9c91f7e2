/* SPDX-License-Identifier: Apache-2.0 */
/* tcp - RFC 9293: the header. What a stream carries needs its segments put together, and is not looked at
 * yet. */
#include "protocol/dispatch.h"
#include "protocol/dissection.h"

enum {
    TCP_SRCPORT,
    TCP_DSTPORT,
    TCP_PORT,
    TCP_SEQ_RAW,
    TCP_ACK_RAW,
    TCP_HDR_LEN,
    TCP_FLAGS,
    TCP_FLAGS_CWR,
    TCP_FLAGS_ECE,
    TCP_FLAGS_URG,
    TCP_FLAGS_ACK,
    TCP_FLAGS_PUSH,
    TCP_FLAGS_RESET,
    TCP_FLAGS_SYN,
    TCP_FLAGS_FIN,
    TCP_WINDOW_VALUE,
    TCP_CHECKSUM,
    TCP_URGENT_POINTER,
    TCP_LEN,
    TCP_PAYLOAD,
};

enum { TCP_HEADER_BYTES = 20 };

#define TCP_ID(index) FIELD_ID(PROTOCOL_TCP, index)
#define TCP_FLAG(title_text, bit) FIELD_BOOL, .title = (title_text), .at_bit = (bit), .n_bits = 1

static const struct field tcp_fields[] = {
    [TCP_SRCPORT] = { "tcp.srcport", FIELD_UINT, .title = "Source Port", .at_bit = 0, .n_bits = 16 },
    [TCP_DSTPORT] = { "tcp.dstport", FIELD_UINT, .title = "Destination Port", .at_bit = 16, .n_bits = 16 },
    [TCP_PORT] = { "tcp.port", FIELD_UINT, .title = "Source or Destination Port",
                   .any_of = { TCP_SRCPORT, TCP_DSTPORT } },
    [TCP_SEQ_RAW] = { "tcp.seq_raw", FIELD_UINT, .title = "Sequence Number (raw)", .at_bit = 32,
                      .n_bits = 32 },
    [TCP_ACK_RAW] = { "tcp.ack_raw", FIELD_UINT, .title = "Acknowledgment number (raw)", .at_bit = 64,
                      .n_bits = 32 },
    [TCP_HDR_LEN] = { "tcp.hdr_len", FIELD_UINT, .title = "Header Length", .ft_bits = 8 },
    [TCP_FLAGS] = { "tcp.flags", FIELD_UINT, FIELD_BASE_HEX, "Flags", .at_bit = 100, .n_bits = 12 },
    [TCP_FLAGS_CWR] = { "tcp.flags.cwr", TCP_FLAG("Congestion Window Reduced", 104) },
    [TCP_FLAGS_ECE] = { "tcp.flags.ece", TCP_FLAG("ECN-Echo", 105) },
    [TCP_FLAGS_URG] = { "tcp.flags.urg", TCP_FLAG("Urgent", 106) },
    [TCP_FLAGS_ACK] = { "tcp.flags.ack", TCP_FLAG("Acknowledgment", 107) },
    [TCP_FLAGS_PUSH] = { "tcp.flags.push", TCP_FLAG("Push", 108) },
    [TCP_FLAGS_RESET] = { "tcp.flags.reset", TCP_FLAG("Reset", 109) },
    [TCP_FLAGS_SYN] = { "tcp.flags.syn", TCP_FLAG("Syn", 110) },
    [TCP_FLAGS_FIN] = { "tcp.flags.fin", TCP_FLAG("Fin", 111) },
    [TCP_WINDOW_VALUE] = { "tcp.window_size_value", FIELD_UINT, .title = "Window", .at_bit = 112,
                           .n_bits = 16 },
    [TCP_CHECKSUM] = { "tcp.checksum", FIELD_UINT, FIELD_BASE_HEX, "Checksum", .at_bit = 128, .n_bits = 16 },
    [TCP_URGENT_POINTER] = { "tcp.urgent_pointer", FIELD_UINT, .title = "Urgent Pointer", .at_bit = 144,
                             .n_bits = 16 },
    [TCP_LEN] = { "tcp.len", FIELD_UINT, .title = "TCP Segment Len", .ft_bits = 32 },
    [TCP_PAYLOAD] = { "tcp.payload", FIELD_BYTES, .title = "TCP payload" },
};

/* By -d, by a known port, the lower one first; else data. */
static enum protocol_id tcp_next(const struct dissection *d, const struct layer *layer)
{
    uint16_t source = (uint16_t)(layer->data[0] << 8 | layer->data[1]);
    uint16_t destination = (uint16_t)(layer->data[2] << 8 | layer->data[3]);
    uint16_t low = source < destination ? source : destination,
             high = source < destination ? destination : source;
    enum protocol_id next = preferences_decoded(d->preferences, PORT_TABLE_TCP, low);

    if (next == PROTOCOL_NONE)
        next = preferences_decoded(d->preferences, PORT_TABLE_TCP, high);
    if (next == PROTOCOL_NONE)
        next = dispatch_tcp_port(low);
    if (next == PROTOCOL_NONE)
        next = dispatch_tcp_port(high);
    return next == PROTOCOL_NONE ? PROTOCOL_DATA : next;
}

static enum dissect_result tcp_dissect(struct dissection *d, struct reader *r)
{
    struct layer *layer = dissection_push(d, PROTOCOL_TCP, r, TCP_HEADER_BYTES);
    uint32_t header_len, wire_len;

    if (layer == NULL)
        return DISSECT_OK;
    if (layer->header_len < TCP_HEADER_BYTES)
        return d->left_wire < TCP_HEADER_BYTES ? DISSECT_MALFORMED : DISSECT_TRUNCATED;
    header_len = (uint32_t)(layer->data[12] >> 4) * 4;
    dissection_add_number(d, TCP_ID(TCP_HDR_LEN), header_len);
    if (header_len < TCP_HEADER_BYTES || header_len > d->left_wire)
        return DISSECT_MALFORMED;
    wire_len = d->left_wire - header_len;
    dissection_add_number(d, TCP_ID(TCP_LEN), wire_len);
    if (!reader_skip(r, header_len)) {
        layer->header_len = (uint32_t)reader_left(r);
        return DISSECT_TRUNCATED;
    }
    layer->header_len = header_len;
    if (wire_len > 0) {
        dissection_add_bytes(d, TCP_ID(TCP_PAYLOAD), reader_rest(r));
        dissection_next(d, r, tcp_next(d, layer), wire_len);
    }
    return DISSECT_OK;
}

const struct protocol protocol_tcp = {
    .name = "tcp",
    .title = "Transmission Control Protocol",
    .fields = tcp_fields,
    .n_fields = sizeof tcp_fields / sizeof tcp_fields[0],
    .may_carry = DISPATCH_TCP_MASK | DISPATCH_DECODED_MASK,
    .only_by_rule = DISPATCH_DECODED_MASK & ~DISPATCH_TCP_MASK,
    .dissect = tcp_dissect,
};
