/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcp - RFC 9293: the header, and what a segment says in its connection. What is not asked for is not looked
 * up: a segment of a stream that nobody reads, and of which no field of the connection is in demand, costs
 * its header alone. The streams' bytes are tcp_stream's, sequence analysis is tcp_analysis's.
 */
#include "protocol/tcp.h"

#include <strings.h>

#include "protocol/dispatch.h"
#include "protocol/flow.h"
#include "protocol/state.h"
#include "protocol/tcp_analysis.h"
#include "protocol/tcp_options.h"
#include "protocol/tcp_stream.h"
#include "protocol/text_value.h"
#include "protocol/tls.h"
#include "protocol/transport_checksum.h"

enum {
    TCP_HEADER_BYTES = 20,
    TCP_FLAG_BITS = 12,
    TCP_PORTS_BYTES = 4,
    TCP_WINDOW_END = 16,
};

enum tcp_completeness { /* what of a connection was captured */
                        COMPLETENESS_SYN = 0x01,
                        COMPLETENESS_SYN_ACK = 0x02,
                        COMPLETENESS_ACK = 0x04,
                        COMPLETENESS_DATA = 0x08,
                        COMPLETENESS_FIN = 0x10,
                        COMPLETENESS_RST = 0x20,
};

struct tcp_header {
    struct tcp_segment segment;
    uint32_t len;
    uint32_t options_len; /* on the wire */
    uint16_t source, destination, urgent;
};

/* A segment in its connection. */
struct tcp_place {
    struct tcp_streams *streams;
    struct tcp_connection *connection;
    struct tcp_side *from, *to;
    unsigned side;
    bool is_new;
    bool is_whole; /* its length is known: neither quoted in an error, nor a fragment, nor short */
};

/* The server's first, then the lower one. */
enum protocol_id tcp_by_port(const struct dissection *d, uint16_t source, uint16_t destination,
                             uint16_t server)
{
    uint16_t ports[3] = { server, source < destination ? source : destination,
                          source < destination ? destination : source };
    enum protocol_id next = PROTOCOL_NONE;

    for (unsigned i = 0; i < 3 && next == PROTOCOL_NONE && d->preferences->n_rules > 0; i++)
        if (ports[i])
            next = preferences_decoded(d->preferences, PORT_TABLE_TCP, ports[i]);
    for (unsigned i = 0; i < 3 && next == PROTOCOL_NONE; i++)
        if (ports[i])
            next = dispatch_tcp_port(ports[i]);
    return next;
}

/* What Wireshark calls a protocol that only it has, by the ports in the same order. NULL: none. */
static const char *foreign_by_port(uint16_t source, uint16_t destination, uint16_t server)
{
    uint16_t ports[3] = { server, source < destination ? source : destination,
                          source < destination ? destination : source };
    const char *name = NULL;

    for (unsigned i = 0; i < 3 && name == NULL; i++)
        if (ports[i])
            name = foreign_tcp_port(ports[i]);
    return name;
}

/* A first line that begins or ends with the version. */
static bool is_likely_http(struct bytes bytes)
{
    static const char version[] = "HTTP/1.";
    const uint8_t *end = memchr(bytes.data, '\n', bytes.len);
    size_t len;

    if (end == NULL)
        return false;
    len = (size_t)(end - bytes.data);
    if (len > 0 && bytes.data[len - 1] == '\r')
        len--;
    if (len < 8 || len == 8)
        return false;
    return strncasecmp((const char *)bytes.data, version, 7) == 0 ||
           strncasecmp((const char *)bytes.data + len - 8, version, 7) == 0;
}

enum protocol_id tcp_by_content(struct bytes bytes)
{
    struct reader r = reader_over(bytes);

    if (tls_is_likely(&r))
        return PROTOCOL_TLS;
    return is_likely_http(bytes) ? PROTOCOL_HTTP : PROTOCOL_NONE;
}

static bool is_passable(const struct dissection *d, enum protocol_id protocol)
{
    return d->demand->passable >> protocol & 1;
}

#define QUOTING (PROTOCOL_BIT(PROTOCOL_ICMP) | PROTOCOL_BIT(PROTOCOL_ICMPV6))

/* Has the packet been quoted by an error, or is it a piece of a datagram? */
static bool is_out_of_stream(const struct dissection *d)
{
    for (uint32_t i = d->n_layers; i-- > 0;)
        if (d->layers[i].protocol == PROTOCOL_IPV4 || d->layers[i].protocol == PROTOCOL_IPV6)
            return d->present & QUOTING || d->layers[i].fragment == FRAGMENT_FIRST;
    return (d->present & QUOTING) != 0;
}

/* ---- the header ---- */

static void add_flags_text(struct dissection *d, uint16_t flags)
{
    static const char letters[TCP_FLAG_BITS + 1] = "RRRACEUAPRSF";
    static const uint8_t dot[2] = { 0xc2, 0xb7 }; /* U+00B7 */
    uint8_t *text;
    size_t len = 0;

    if (!dissection_wants(d, PROTOCOL_TCP, TCP_FLAGS_STR))
        return;
    text = dissection_scratch(d, sizeof dot * TCP_FLAG_BITS);
    if (text == NULL)
        return;
    for (unsigned i = 0; i < TCP_FLAG_BITS; i++) {
        if (flags >> (TCP_FLAG_BITS - 1 - i) & 1) {
            text[len++] = (uint8_t)letters[i];
        } else {
            memcpy(text + len, dot, sizeof dot);
            len += sizeof dot;
        }
    }
    dissection_add_bytes(d, TCP_ID(TCP_FLAGS_STR), bytes_of(text, len));
}

static void add_header(struct dissection *d, const struct tcp_segment *segment, uint16_t urgent)
{
    const unsigned flags = segment->flags;

    if (!tcp_wants_any(d, TCP_FLAGS_RES, TCP_URGENT_NON_ZERO))
        return;
    dissection_add_number(d, TCP_ID(TCP_FLAGS_RES), flags >> 9 != 0);
    add_flags_text(d, segment->flags);
    if (flags & TCP_SYN)
        dissection_add_number(d, TCP_ID(flags & TCP_ACK_FLAG ? TCP_CONNECTION_SYNACK : TCP_CONNECTION_SYN),
                              0);
    if (flags & TCP_FIN)
        dissection_add_number(d, TCP_ID(TCP_CONNECTION_FIN), 0);
    if (flags & TCP_RST)
        dissection_add_number(d, TCP_ID(TCP_CONNECTION_RST), 0);
    if (!(flags & TCP_ACK_FLAG) && segment->ack != 0)
        dissection_add_number(d, TCP_ID(TCP_ACK_NONZERO), 0);
    if (!(flags & TCP_URG) && urgent != 0)
        dissection_add_number(d, TCP_ID(TCP_URGENT_NON_ZERO), 0);
}

/* False: the checksum is wrong, and was asked for: the bytes are no part of the stream. */
static bool add_checksum(struct dissection *d, struct bytes segment, bool is_all)
{
    enum checksum_status status = CHECKSUM_UNVERIFIED;

    if (d->preferences->tcp_check_checksum && is_all) {
        uint16_t expected;

        if (transport_checksum(d, IP_PROTOCOL_TCP, segment, 16, &expected)) {
            uint16_t found = (uint16_t)(segment.data[16] << 8 | segment.data[17]);

            status = found == expected ? CHECKSUM_GOOD : CHECKSUM_BAD;
            dissection_add_number(d, TCP_ID(TCP_CHECKSUM_CALCULATED), expected);
        }
    }
    dissection_add_number(d, TCP_ID(TCP_CHECKSUM_STATUS), status);
    return status != CHECKSUM_BAD;
}

/* ---- the connection ---- */

/* False: there is none to be had. *place is filled; a SYN with another sequence number begins a new one. */
static bool meet_connection(struct dissection *d, const struct tcp_segment *segment, struct tcp_place *place,
                            struct tcp_verdict *verdict)
{
    struct conversation_ends ends;

    place->streams = dissect_state_of(d->state, PROTOCOL_TCP);
    if (place->streams == NULL || !dissection_ends(d, &ends))
        return false;
    place->connection = tcp_streams_meet(place->streams, &ends.flow, d->packet_ts_ns, &place->is_new);
    if (place->connection == NULL)
        return false;
    place->side = ends.is_forward ? 0 : 1;
    place->from = &place->connection->sides[place->side];
    place->to = &place->connection->sides[!place->side];
    if (!(segment->flags & TCP_SYN) || !place->from->has_base)
        return true;
    if (segment->flags & TCP_ACK_FLAG) {
        if (segment->seq != place->from->base_seq) {
            place->from->base_seq = segment->seq;
            verdict->findings |= TCP_REUSED_PORTS;
        }
    } else if (segment->seq != place->from->base_seq) {
        tcp_streams_renew(place->streams, place->connection, d->packet_ts_ns);
        place->connection->completeness = COMPLETENESS_SYN;
        verdict->findings |= TCP_REUSED_PORTS;
    } else {
        place->from->next_seq = place->from->max_acked; /* a RST in between may have moved it */
        verdict->is_any = true;
    }
    return true;
}

static void note_bases(const struct tcp_place *place, const struct tcp_segment *segment)
{
    struct tcp_side *from = place->from, *to = place->to;

    if (!from->has_base) {
        from->base_seq = segment->flags & TCP_SYN ? segment->seq : segment->seq - 1;
        from->has_base = true;
    }
    if (!to->has_base && segment->flags & TCP_ACK_FLAG) {
        to->base_seq = segment->ack - 1;
        to->has_base = true;
    }
}

static void note_completeness(const struct tcp_place *place, const struct tcp_segment *segment)
{
    const unsigned flags = segment->flags;
    unsigned seen = place->connection->completeness;

    if (place->is_new) {
        if ((flags & (TCP_SYN | TCP_ACK_FLAG)) == TCP_SYN)
            seen |= COMPLETENESS_SYN | (segment->len > 0 ? COMPLETENESS_DATA : 0);
    } else {
        if ((flags & (TCP_SYN | TCP_ACK_FLAG)) == (TCP_SYN | TCP_ACK_FLAG))
            seen |= COMPLETENESS_SYN_ACK;
        if ((flags & (TCP_SYN | TCP_ACK_FLAG)) == TCP_ACK_FLAG)
            seen |= segment->len > 0 ? COMPLETENESS_DATA : COMPLETENESS_ACK;
        if ((flags & (TCP_FIN | TCP_ACK_FLAG)) == (TCP_FIN | TCP_ACK_FLAG))
            seen |= COMPLETENESS_FIN;
        if (flags & TCP_RST)
            seen |= COMPLETENESS_RST;
    }
    place->connection->completeness = (uint8_t)seen;
}

static void add_connection(struct dissection *d, const struct tcp_place *place,
                           const struct tcp_segment *segment)
{
    const struct conversation *conversation = &place->connection->conversation;
    const bool is_relative = place->is_whole && d->preferences->tcp_relative && d->preferences->tcp_analyze;
    const bool is_ack = segment->flags & TCP_ACK_FLAG;
    const int8_t scale = place->from->scale;
    uint32_t seq = segment->seq - (is_relative ? place->from->base_seq : 0);
    uint32_t window = segment->window;

    if (!tcp_wants_any(d, TCP_STREAM, TCP_FIN_PASSIVE))
        return;
    dissection_add_number(d, TCP_ID(TCP_STREAM), conversation->stream);
    dissection_add_number(d, TCP_ID(TCP_COMPLETENESS), place->connection->completeness);
    dissection_add_number(d, TCP_ID(TCP_TIME_RELATIVE),
                          (uint64_t)(d->packet_ts_ns - conversation->first_ts_ns));
    dissection_add_number(d, TCP_ID(TCP_TIME_DELTA),
                          (uint64_t)(d->packet_ts_ns - conversation->previous_ts_ns));
    dissection_add_number(d, TCP_ID(TCP_SEQ), seq);
    if (place->is_whole)
        dissection_add_number(
            d, TCP_ID(TCP_NXTSEQ),
            (uint32_t)(seq + segment->len + (segment->flags & (TCP_SYN | TCP_FIN) ? 1 : 0)));
    dissection_add_number(d, TCP_ID(TCP_ACK),
                          (uint32_t)(segment->ack - (is_relative && is_ack ? place->to->base_seq : 0)));
    if (!(segment->flags & TCP_SYN)) {
        if (place->is_whole && scale > 0)
            window <<= scale;
        dissection_add_number(d, TCP_ID(TCP_WINDOW_SCALE),
                              (uint64_t)(int64_t)(scale >= 0 ? 1 << scale : scale));
    }
    dissection_add_number(d, TCP_ID(TCP_WINDOW_SIZE), window);
}

/* What the connection's own fields are told by, once they are added. */
static void note_flags(struct dissection *d, const struct tcp_place *place, const struct tcp_segment *segment,
                       uint16_t source, uint16_t destination)
{
    struct tcp_connection *connection = place->connection;
    const unsigned flags = segment->flags;

    if (flags & TCP_SYN) {
        connection->server_port = flags & TCP_ACK_FLAG ? source : destination;
        if (!(flags & TCP_ACK_FLAG))
            connection->syn_ts_ns = segment->ts_ns;
        place->from->is_first_ack = true;
        if (place->from->max_next == 0)
            place->from->max_next = segment->seq + 1;
    }
    if (flags & TCP_FIN) {
        dissection_add_number(d, TCP_ID(place->to->is_closing_first ? TCP_FIN_PASSIVE : TCP_FIN_ACTIVE), 0);
        if (!place->to->is_closing_first)
            place->from->is_closing_first = true;
    }
    if ((flags & (TCP_SYN | TCP_ACK_FLAG)) == TCP_ACK_FLAG) {
        if (connection->syn_ts_ns && connection->handshake_rtt_ns == 0)
            connection->handshake_rtt_ns = segment->ts_ns - connection->syn_ts_ns;
        place->from->is_first_ack = false;
    }
}

static void note_options(const struct tcp_place *place, const struct tcp_segment *segment,
                         const struct tcp_options_found *found)
{
    if (found->scale != TCP_SCALE_UNKNOWN)
        place->from->scale = found->scale;
    if (found->has_sack)
        place->from->sacked = found->sacked;
    if (found->has_fast_open && segment->len > 0)
        place->connection->has_fast_open = true;
    if (!(segment->flags & TCP_SYN) || (found->is_cut && found->scale == TCP_SCALE_UNKNOWN))
        return;
    /* RFC 7323 section 1.3: windows are scaled when both ends offered to */
    if (place->from->scale == TCP_SCALE_UNKNOWN) {
        place->from->scale = TCP_SCALE_NONE;
        place->to->scale = TCP_SCALE_NONE;
    } else if (segment->flags & TCP_ACK_FLAG && place->to->scale == TCP_SCALE_NONE) {
        place->from->scale = TCP_SCALE_NONE;
    }
}

static void add_verdict(struct dissection *d, const struct tcp_place *place,
                        const struct tcp_verdict *verdict)
{
    if (!tcp_wants_any(d, TCP_ANALYSIS_FIRST, TCP_ANALYSIS_LAST))
        return;
    for (unsigned i = 0; verdict->findings >> i; i++)
        if (verdict->findings >> i & 1)
            dissection_add_number(d, TCP_ID(TCP_ANALYSIS_RETRANSMISSION + i), 0);
    if (verdict->findings & TCP_DUPLICATE_ACK) /* Wireshark shows it twice: as a field and as an expert's */
        dissection_add_number(d, TCP_ID(TCP_ANALYSIS_DUPLICATE_ACK), 0);
    if (verdict->findings & (TCP_FAST_RETRANSMISSION | TCP_SPURIOUS_RETRANSMISSION))
        dissection_add_number(d, TCP_ID(TCP_ANALYSIS_RETRANSMISSION), 0);
    if (verdict->findings)
        dissection_add_number(d, TCP_ID(TCP_ANALYSIS_FLAGS), 0);
    if (verdict->n_dup_acks) {
        dissection_add_number(d, TCP_ID(TCP_ANALYSIS_DUPLICATE_ACK_NUM), (uint64_t)verdict->n_dup_acks);
        dissection_add_number(d, TCP_ID(TCP_ANALYSIS_DUPLICATE_ACK_FRAME), verdict->dup_ack_frame);
    }
    if (!verdict->is_any)
        return;
    dissection_add_number(d, TCP_ID(TCP_ANALYSIS), 0);
    if (verdict->acks_frame) {
        dissection_add_number(d, TCP_ID(TCP_ANALYSIS_ACKS_FRAME), verdict->acks_frame);
        if (verdict->ack_rtt_ns)
            dissection_add_number(d, TCP_ID(TCP_ANALYSIS_ACK_RTT), (uint64_t)verdict->ack_rtt_ns);
    }
    if (place->connection->handshake_rtt_ns)
        dissection_add_number(d, TCP_ID(TCP_ANALYSIS_INITIAL_RTT),
                              (uint64_t)place->connection->handshake_rtt_ns);
    if (verdict->bytes_in_flight) {
        dissection_add_number(d, TCP_ID(TCP_ANALYSIS_BYTES_IN_FLIGHT), verdict->bytes_in_flight);
        if (verdict->push_bytes)
            dissection_add_number(d, TCP_ID(TCP_ANALYSIS_PUSH_BYTES_SENT), verdict->push_bytes);
    }
    if (verdict->rto_ns) {
        dissection_add_number(d, TCP_ID(TCP_ANALYSIS_RTO), (uint64_t)verdict->rto_ns);
        dissection_add_number(d, TCP_ID(TCP_ANALYSIS_RTO_FRAME), verdict->rto_frame);
    }
}

/* ---- the whole ---- */

static bool header_read(struct reader r, struct tcp_header *header)
{
    uint16_t window, word, checksum;

    *header = (struct tcp_header) { 0 };
    if (!reader_u16(&r, &header->source) || !reader_u16(&r, &header->destination) ||
        !reader_u32(&r, &header->segment.seq) || !reader_u32(&r, &header->segment.ack) ||
        !reader_u16(&r, &word) || !reader_u16(&r, &window) || !reader_u16(&r, &checksum) ||
        !reader_u16(&r, &header->urgent))
        return false;
    header->len = (word >> 12) * 4u;
    header->segment.flags = word & 0xfff;
    header->segment.window = window;
    return true;
}

/* Is the connection of any use to somebody? by_port: what the ports say. */
static bool needs_connection(const struct dissection *d, enum protocol_id by_port)
{
    if (tcp_wants_any(d, TCP_STREAM_FIRST, TCP_STREAM_LAST))
        return true;
    if (by_port != PROTOCOL_NONE)
        return by_port != PROTOCOL_DATA && is_passable(d, by_port);
    return is_passable(d, PROTOCOL_TLS) || is_passable(d, PROTOCOL_HTTP);
}

/* The payload of a segment that nobody follows, as it stands. */
static enum dissect_result hand_as_it_stands(struct dissection *d, struct reader *r,
                                             const struct tcp_header *header, enum protocol_id by_port)
{
    enum protocol_id next = by_port;

    if (reader_left(r) == 0)
        return DISSECT_OK;
    if (header->segment.flags & TCP_RST) {
        text_add_ascii(d, TCP_ID(TCP_RESET_CAUSE), reader_rest(r));
        return DISSECT_OK;
    }
    dissection_add_bytes(d, TCP_ID(TCP_PAYLOAD), reader_rest(r));
    if (next == PROTOCOL_NONE && (is_passable(d, PROTOCOL_TLS) || is_passable(d, PROTOCOL_HTTP)))
        next = tcp_by_content(reader_rest(r));
    if (next == PROTOCOL_NONE) {
        d->foreign = foreign_by_port(header->source, header->destination, 0);
        next = d->foreign ? PROTOCOL_NONE : PROTOCOL_DATA;
    }
    dissection_next(d, r, next, d->left_wire);
    return DISSECT_OK;
}

static enum dissect_result hand_payload(struct dissection *d, struct reader *r, const struct tcp_place *place,
                                        const struct tcp_header *header, uint16_t findings,
                                        enum protocol_id by_port, bool is_intact)
{
    const struct tcp_segment *segment = &header->segment;
    struct tcp_connection *connection = place->connection;
    struct tcp_arrival arrival = { .connection = connection,
                                   .side = place->side,
                                   .seq = segment->seq + (segment->flags & TCP_SYN ? 1 : 0),
                                   .flags = segment->flags,
                                   .findings = findings,
                                   .carries = (enum protocol_id)connection->carries };

    if (arrival.carries == PROTOCOL_NONE)
        arrival.carries = by_port;
    if (segment->flags & TCP_FIN && is_intact && d->preferences->tcp_desegment) {
        if (place->from->has_fin)
            dissection_add_number(d, TCP_ID(TCP_FIN_RETRANSMISSION), 0);
        else if (tcp_stream_finish(d, r, &arrival))
            return DISSECT_OK;
    }
    if (reader_left(r) == 0)
        return DISSECT_OK;
    if (segment->flags & TCP_RST) { /* RFC 9293 section 3.5.3: words, if anything */
        text_add_ascii(d, TCP_ID(TCP_RESET_CAUSE), reader_rest(r));
        return DISSECT_OK;
    }
    dissection_add_bytes(d, TCP_ID(TCP_PAYLOAD), reader_rest(r));
    if (arrival.carries == PROTOCOL_NONE) {
        arrival.carries = findings & TCP_KEEP_ALIVE ? PROTOCOL_NONE : tcp_by_content(reader_rest(r));
        connection->carries = (uint8_t)arrival.carries; /* it is remembered, as Wireshark does */
        if (arrival.carries == PROTOCOL_NONE) {
            arrival.carries = PROTOCOL_DATA;
            arrival.foreign = foreign_by_port(header->source, header->destination, connection->server_port);
        }
    }
    if (!is_passable(d, arrival.carries) && !tcp_wants_any(d, TCP_PDU_FIRST, TCP_PDU_LAST))
        return DISSECT_OK;
    if (!is_intact || !d->preferences->tcp_desegment) {
        if (findings & (TCP_RETRANSMISSION | TCP_OUT_OF_ORDER))
            return DISSECT_OK;
        if (arrival.foreign && !(findings & TCP_KEEP_ALIVE)) {
            d->foreign = arrival.foreign;
            arrival.carries = PROTOCOL_NONE;
        }
        if (d->preferences->tcp_desegment)
            tcp_stream_add_sizes(d, reader_rest(r), arrival.carries);
        dissection_next(d, r, findings & TCP_KEEP_ALIVE ? PROTOCOL_DATA : arrival.carries, d->left_wire);
        return DISSECT_OK;
    }
    return tcp_stream_deliver(d, r, &arrival);
}

/* A header that was cut: nothing of it but the ports, up to where the window ends. */
static enum dissect_result cut_header(struct dissection *d, struct layer *layer, struct reader r)
{
    uint16_t source, destination;
    uint32_t seq;

    if (d->present & PROTOCOL_BIT(PROTOCOL_ICMP) && reader_u16(&r, &source) && reader_u16(&r, &destination) &&
        reader_u32(&r, &seq)) /* an error quotes eight bytes: RFC 792 */
        dissection_add_number(d, TCP_ID(TCP_SEQ), seq);
    if (layer->header_len >= TCP_PORTS_BYTES && layer->header_len < TCP_WINDOW_END)
        layer->header_len = TCP_PORTS_BYTES;
    return d->left_wire < TCP_HEADER_BYTES ? DISSECT_MALFORMED : DISSECT_TRUNCATED;
}

/* A segment that somebody wants to be seen in its connection. False: there is none. */
static bool follow(struct dissection *d, struct tcp_place *place, const struct tcp_header *header,
                   struct bytes options, struct tcp_verdict *verdict)
{
    const struct tcp_segment *segment = &header->segment;
    const bool is_listing = tcp_wants_any(d, TCP_LIST_FIRST, TCP_LIST_LAST);
    struct tcp_options_found found = { .scale = TCP_SCALE_UNKNOWN,
                                       .is_cut = options.len < header->options_len };
    struct tcp_connection *connection;

    if (!meet_connection(d, segment, place, verdict))
        return false;
    connection = place->connection;
    place->from->sacked = 0;
    if (place->is_whole) {
        note_bases(place, segment);
        if (d->preferences->tcp_analyze) {
            tcp_analyze(place->from, place->to, segment, connection->handshake_rtt_ns, is_listing, verdict);
            if (is_listing)
                tcp_streams_account(place->streams, connection);
        }
    }
    add_connection(d, place, segment);
    connection->conversation.previous_ts_ns = d->packet_ts_ns;
    if (header->len < TCP_HEADER_BYTES)
        return true;
    note_completeness(place, segment);
    note_flags(d, place, segment, header->source, header->destination);
    if (options.len) {
        struct tcp_options_context context = {
            .len = header->options_len,
            .flags = segment->flags,
            .ack = segment->ack - place->to->base_seq,
            .other_base =
                d->preferences->tcp_relative && d->preferences->tcp_analyze ? place->to->base_seq : 0,
        };

        if (tcp_wants_any(d, TCP_OPTION_FIRST, TCP_OPTION_LAST) || segment->flags & TCP_SYN || is_listing)
            tcp_options_dissect(d, options, &context, &found);
    }
    note_options(place, segment, &found);
    if ((segment->flags & (TCP_SYN | TCP_ACK_FLAG)) == (TCP_SYN | TCP_ACK_FLAG)) {
        if (segment->ack - place->to->base_seq > 1)
            dissection_add_number(d, TCP_ID(TCP_ANALYSIS_TFO_ACK), 0);
        else if (connection->has_fast_open)
            dissection_add_number(d, TCP_ID(TCP_ANALYSIS_TFO_IGNORED), 0);
    }
    add_verdict(d, place, verdict);
    return true;
}

static enum dissect_result tcp_dissect(struct dissection *d, struct reader *r)
{
    struct layer *layer = dissection_push(d, PROTOCOL_TCP, r, TCP_HEADER_BYTES);
    const uint32_t wire_len = d->left_wire;
    struct bytes all = reader_rest(r), options;
    struct tcp_verdict verdict = { 0 };
    struct tcp_place place = { 0 };
    struct tcp_header header;
    enum protocol_id by_port;
    bool has_connection, is_intact;

    if (layer == NULL)
        return DISSECT_OK;
    if (!header_read(*r, &header))
        return cut_header(d, layer, *r);
    header.segment.frame = d->packet->number;
    header.segment.ts_ns = d->packet_ts_ns;
    dissection_add_number(d, TCP_ID(TCP_HDR_LEN), header.len);
    if (!(d->present &
          PROTOCOL_BIT(PROTOCOL_ICMP))) /* as Wireshark: not of what ICMP quotes, but of ICMPv6 */
        dissection_add_number(d, TCP_ID(TCP_SEQ_RAW), header.segment.seq);
    by_port = tcp_by_port(d, header.source, header.destination, 0);
    place.is_whole = header.len <= wire_len && !is_out_of_stream(d);
    if (place.is_whole) {
        header.segment.len = wire_len - header.len;
        dissection_add_number(d, TCP_ID(TCP_LEN), header.segment.len);
    } else if (header.len > wire_len) {
        dissection_add_number(d, TCP_ID(TCP_SHORT_SEGMENT), 0);
    }
    add_header(d, &header.segment, header.urgent);
    is_intact = add_checksum(d, all, all.len == wire_len) && all.len == wire_len && place.is_whole;

    options = bytes_of(all.data + TCP_HEADER_BYTES, all.len - TCP_HEADER_BYTES);
    if (header.len < TCP_HEADER_BYTES)
        options.len = 0;
    else if (options.len > header.len - TCP_HEADER_BYTES)
        options.len = header.len - TCP_HEADER_BYTES;
    header.options_len = (uint32_t)options.len;
    if (all.len < wire_len && header.len > TCP_HEADER_BYTES) /* they may have been cut */
        header.options_len = (header.len < wire_len ? header.len : wire_len) - TCP_HEADER_BYTES;
    if (options.len)
        dissection_add_bytes(d, TCP_ID(TCP_OPTIONS), options);
    has_connection = needs_connection(d, by_port) && follow(d, &place, &header, options, &verdict);
    if (!has_connection && tcp_wants_any(d, TCP_OPTION_FIRST, TCP_OPTION_LAST)) {
        struct tcp_options_context context = { .len = header.options_len, .flags = header.segment.flags };
        struct tcp_options_found found;

        tcp_options_dissect(d, options, &context, &found);
    }
    if (header.len < TCP_HEADER_BYTES) {
        dissection_add_number(d, TCP_ID(TCP_BOGUS_HEADER_LENGTH), 0);
        return DISSECT_OK;
    }
    if (!reader_skip(r, header.len)) {
        layer->header_len = (uint32_t)all.len;
        return header.len > wire_len ? DISSECT_MALFORMED : DISSECT_TRUNCATED;
    }
    layer->header_len = header.len;
    layer->payload_caplen = (uint32_t)reader_left(r);
    layer->payload_len = wire_len - header.len;
    d->left_wire = layer->payload_len;
    if (has_connection && place.connection->server_port)
        by_port = tcp_by_port(d, header.source, header.destination, place.connection->server_port);
    if (has_connection)
        return hand_payload(d, r, &place, &header, verdict.findings, by_port, is_intact);
    return hand_as_it_stands(d, r, &header, by_port);
}

static uint64_t tcp_forgotten(const void *state)
{
    return tcp_streams_forgotten(state);
}

const struct protocol protocol_tcp = {
    .name = "tcp",
    .title = "Transmission Control Protocol",
    .fields = tcp_fields,
    .n_fields = sizeof tcp_fields / sizeof tcp_fields[0],
    /* NOLINTNEXTLINE(misc-redundant-expression): the sets overlap */
    .may_carry = DISPATCH_TCP_MASK | DISPATCH_DECODED_MASK,
    .only_by_rule = DISPATCH_DECODED_MASK & ~DISPATCH_TCP_MASK,
    .dissect = tcp_dissect,
    .state_new = tcp_streams_new,
    .state_free = tcp_streams_free,
    .state_forgotten = tcp_forgotten,
};
