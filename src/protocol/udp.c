/* SPDX-License-Identifier: Apache-2.0 */
/*
 * udp - RFC 768. Who comes next: a known port, the lower one first as Wireshark does it, else DTLS if the
 * payload looks like it, else data.
 */
#include "protocol/conversation.h"
#include "protocol/dissection.h"
#include "protocol/state.h"
#include "protocol/transport_checksum.h"
#include "protocol/udp.h"

enum {
    UDP_SRCPORT,
    UDP_DSTPORT,
    UDP_PORT,
    UDP_LENGTH,
    UDP_CHECKSUM,
    UDP_PAYLOAD,
    UDP_CHECKSUM_STATUS,
    UDP_CHECKSUM_CALCULATED,
    UDP_CHECKSUM_ZERO,
    UDP_CHECKSUM_WRONG,
    UDP_LENGTH_BAD,
    UDP_POSSIBLE_TRACEROUTE,
    UDP_STREAM,
    UDP_TIME_RELATIVE,
    UDP_TIME_DELTA,
};

enum {
    UDP_HEADER_BYTES = 8,
    UDP_CONVERSATIONS = 1 << 16,        /* remembered at once, when a field of theirs is in demand */
    TRACEROUTE_FIRST = 32768 + 666 + 1, /* where traceroute begins, three tries a hop */
    TRACEROUTE_LAST = 32768 + 666 + 30,
};

#define UDP_ID(index) FIELD_ID(PROTOCOL_UDP, index)

static const struct field udp_fields[] = {
    [UDP_SRCPORT] = { "udp.srcport", FIELD_UINT, .title = "Source Port", .at_bit = 0, .n_bits = 16 },
    [UDP_DSTPORT] = { "udp.dstport", FIELD_UINT, .title = "Destination Port", .at_bit = 16, .n_bits = 16 },
    [UDP_PORT] = { "udp.port", FIELD_UINT, .title = "Source or Destination Port", .ft_bits = 16,
                   .any_of = { UDP_SRCPORT, UDP_DSTPORT } },
    [UDP_LENGTH] = { "udp.length", FIELD_UINT, .title = "Length", .at_bit = 32, .n_bits = 16 },
    [UDP_CHECKSUM] = { "udp.checksum", FIELD_UINT, FIELD_BASE_HEX, "Checksum", .at_bit = 48, .n_bits = 16 },
    [UDP_PAYLOAD] = { "udp.payload", FIELD_BYTES, .title = "Payload" },
    [UDP_CHECKSUM_STATUS] = { "udp.checksum.status", FIELD_UINT, .title = "Checksum Status", .ft_bits = 8,
                              .names = checksum_status_names, .needs_flow = true },
    [UDP_CHECKSUM_CALCULATED] = { "udp.checksum_calculated", FIELD_UINT, FIELD_BASE_HEX,
                                  "Calculated Checksum", .ft_bits = 16, .needs_flow = true },
    [UDP_CHECKSUM_ZERO] = { "udp.checksum.zero", FIELD_NONE, .title = "Illegal checksum value (0)",
                            .needs_flow = true },
    [UDP_CHECKSUM_WRONG] = { "udp.checksum.bad", FIELD_NONE, .title = "Bad checksum", .needs_flow = true },
    [UDP_LENGTH_BAD] = { "udp.length.bad", FIELD_NONE, .is_fault = true, .title = "Bad length value",
                         .needs_flow = true },
    [UDP_POSSIBLE_TRACEROUTE] = { "udp.possible_traceroute", FIELD_NONE, .title = "Possible traceroute" },
    [UDP_STREAM] = { "udp.stream", FIELD_UINT, .title = "Stream index", .ft_bits = 32, .counts_packets = true,
                     .needs_flow = true },
    [UDP_TIME_RELATIVE] = { "udp.time_relative", FIELD_DURATION, .title = "Time since first frame",
                            .needs_flow = true },
    [UDP_TIME_DELTA] = { "udp.time_delta", FIELD_DURATION, .title = "Time since previous frame",
                         .needs_flow = true },
};

enum protocol_id udp_decoded(const struct dissection *d, uint16_t source, uint16_t destination)
{
    enum protocol_id next =
        preferences_decoded(d->preferences, PORT_TABLE_UDP, source < destination ? source : destination);

    if (next == PROTOCOL_NONE)
        next =
            preferences_decoded(d->preferences, PORT_TABLE_UDP, source < destination ? destination : source);
    return next;
}

const char *udp_foreign(uint16_t source, uint16_t destination)
{
    const char *name = foreign_udp_port(source < destination ? source : destination);

    return name ? name : foreign_udp_port(source < destination ? destination : source);
}

static void *udp_state_new(uint64_t hash_seed)
{
    return conversations_new(sizeof(struct conversation), UDP_CONVERSATIONS, hash_seed, NULL, NULL);
}

static void udp_state_free(void *state)
{
    conversations_free(state);
}

static uint64_t udp_state_forgotten(const void *state)
{
    return conversations_forgotten(state);
}

/* The first piece of a datagram that is not put together: its length is that of the whole. */
static bool is_piece(const struct dissection *d)
{
    for (uint32_t i = d->n_layers; i-- > 0;)
        if (d->layers[i].protocol == PROTOCOL_IPV4 || d->layers[i].protocol == PROTOCOL_IPV6)
            return d->layers[i].fragment == FRAGMENT_FIRST;
    return false;
}

static bool is_quoted(const struct dissection *d)
{
    return d->present & (PROTOCOL_BIT(PROTOCOL_ICMP) | PROTOCOL_BIT(PROTOCOL_ICMPV6));
}

static void add_conversation(struct dissection *d, bool has_payload)
{
    struct conversations *conversations = dissect_state_of(d->state, PROTOCOL_UDP);
    struct conversation *conversation;
    struct conversation_ends ends;
    bool is_new;

    if (conversations == NULL || !dissection_ends(d, &ends))
        return;
    conversation = conversations_meet(conversations, &ends.flow, d->packet_ts_ns, &is_new);
    if (conversation == NULL)
        return;
    dissection_add_number(d, UDP_ID(UDP_STREAM), conversation->stream);
    if (!has_payload || is_quoted(d)) /* counts for no one's time, as Wireshark has it */
        return;
    dissection_add_number(d, UDP_ID(UDP_TIME_RELATIVE),
                          (uint64_t)(d->packet_ts_ns - conversation->first_ts_ns));
    dissection_add_number(d, UDP_ID(UDP_TIME_DELTA),
                          (uint64_t)(d->packet_ts_ns - conversation->previous_ts_ns));
    conversation->previous_ts_ns = d->packet_ts_ns;
}

/* datagram: the header and what is there of its payload. */
static void add_checksum(struct dissection *d, struct bytes datagram, uint16_t found, bool is_all)
{
    enum checksum_status status = CHECKSUM_UNVERIFIED;
    bool is_ipv6 = false;
    uint16_t expected;

    for (uint32_t i = 0; i < d->n_layers; i++)
        if (d->layers[i].protocol == PROTOCOL_IPV4 || d->layers[i].protocol == PROTOCOL_IPV6)
            is_ipv6 = d->layers[i].protocol == PROTOCOL_IPV6;
    if (found == 0) { /* RFC 768: none. RFC 8200 section 8.1: must be there */
        status = is_ipv6 && !is_quoted(d) ? CHECKSUM_ILLEGAL : CHECKSUM_NOT_PRESENT;
        if (status == CHECKSUM_ILLEGAL)
            dissection_add_number(d, UDP_ID(UDP_CHECKSUM_ZERO), 0);
    } else if (d->preferences->udp_check_checksum && is_all &&
               transport_checksum(d, IP_PROTOCOL_UDP, datagram, 6, &expected)) {
        if (expected == 0)
            expected = 0xffff;
        status = expected == found ? CHECKSUM_GOOD : CHECKSUM_BAD;
        dissection_add_number(d, UDP_ID(UDP_CHECKSUM_CALCULATED), expected);
        if (status == CHECKSUM_BAD)
            dissection_add_number(d, UDP_ID(UDP_CHECKSUM_WRONG), 0);
    }
    dissection_add_number(d, UDP_ID(UDP_CHECKSUM_STATUS), status);
}

static bool is_traceroute(uint16_t port)
{
    return port >= TRACEROUTE_FIRST && port <= TRACEROUTE_LAST;
}

static enum dissect_result udp_dissect(struct dissection *d, struct reader *r)
{
    struct layer *layer = dissection_push(d, PROTOCOL_UDP, r, UDP_HEADER_BYTES);
    const uint8_t *start = r->at;
    uint16_t source, destination, length, checksum;
    enum protocol_id next;
    uint32_t wire_len;

    if (layer == NULL)
        return DISSECT_OK;
    if (!reader_u16(r, &source) || !reader_u16(r, &destination) || !reader_u16(r, &length) ||
        !reader_u16(r, &checksum))
        return d->left_wire < UDP_HEADER_BYTES ? DISSECT_MALFORMED : DISSECT_TRUNCATED;
    if (is_traceroute(source))
        dissection_add_number(d, UDP_ID(UDP_POSSIBLE_TRACEROUTE), 0);
    if (is_traceroute(destination))
        dissection_add_number(d, UDP_ID(UDP_POSSIBLE_TRACEROUTE), 0);
    wire_len = d->left_wire - UDP_HEADER_BYTES;
    if (length == 0) /* jumbogram (RFC 2675 section 4), or offload: up to the end of the IP payload */
        length = (uint16_t)d->left_wire;
    if (length < UDP_HEADER_BYTES) {
        dissection_add_number(d, UDP_ID(UDP_LENGTH_BAD), 0);
        return DISSECT_MALFORMED;
    }
    if (length > d->left_wire && !is_quoted(d) && !is_piece(d))
        dissection_add_number(d, UDP_ID(UDP_LENGTH_BAD), 0);
    if (length - UDP_HEADER_BYTES < (int64_t)wire_len)
        wire_len = (uint32_t)length - UDP_HEADER_BYTES;
    if (reader_left(r) > 0 && length > UDP_HEADER_BYTES) /* with what is behind the datagram */
        dissection_add_bytes(d, FIELD_ID(PROTOCOL_UDP, UDP_PAYLOAD), reader_rest(r));
    if (reader_left(r) > wire_len)
        r->end = r->at + wire_len;
    if (dissection_wants(d, PROTOCOL_UDP, UDP_CHECKSUM_STATUS) ||
        dissection_wants(d, PROTOCOL_UDP, UDP_CHECKSUM_CALCULATED) ||
        dissection_wants(d, PROTOCOL_UDP, UDP_CHECKSUM_ZERO) ||
        dissection_wants(d, PROTOCOL_UDP, UDP_CHECKSUM_WRONG))
        add_checksum(d, bytes_of(start, (size_t)(r->end - start)), checksum, reader_left(r) == wire_len);
    if (dissection_wants(d, PROTOCOL_UDP, UDP_STREAM) ||
        dissection_wants(d, PROTOCOL_UDP, UDP_TIME_RELATIVE) ||
        dissection_wants(d, PROTOCOL_UDP, UDP_TIME_DELTA))
        add_conversation(d, length > UDP_HEADER_BYTES);
    if (reader_left(r) == 0 && is_quoted(d)) /* of what it carried the error quotes nothing */
        return DISSECT_OK;
    next = udp_next(d, source, destination, r, wire_len);
    if (next == PROTOCOL_NONE)
        d->foreign = udp_foreign(source, destination);
    dissection_next(d, r, next, wire_len);
    return DISSECT_OK;
}

const struct protocol protocol_udp = {
    .name = "udp",
    .title = "User Datagram Protocol",
    .fields = udp_fields,
    .n_fields = sizeof udp_fields / sizeof udp_fields[0],
    /* NOLINTNEXTLINE(misc-redundant-expression): the sets overlap */
    .may_carry = DISPATCH_UDP_MASK | DISPATCH_DECODED_MASK,
    .only_by_rule = DISPATCH_DECODED_MASK & ~DISPATCH_UDP_MASK,
    .dissect = udp_dissect,
    .state_new = udp_state_new,
    .state_free = udp_state_free,
    .state_forgotten = udp_state_forgotten,
};
