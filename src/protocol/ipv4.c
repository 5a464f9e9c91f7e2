/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipv4 - RFC 791. Fragments are put together when there is state: the frame that completes the datagram, in
 * whatever order they came, shows what the datagram carries; the others carry data.
 */
#include "protocol/ipv4.h"

#include "protocol/checksum.h"
#include "protocol/dispatch.h"
#include "protocol/fragment.h"
#include "protocol/names.h"

enum { IPV4_HEADER_BYTES = 20, IPV4_FLAG_MF = 0x2000, IPV4_OFFSET_MASK = 0x1fff };

static const struct value_name option_class_names[] = {
    { 0, "Control" },
    { 1, "Reserved for future use" },
    { 2, "Debugging and measurement" },
    { 3, "Reserved for future use" },
    { 0, NULL },
};

static const struct value_name option_number_names[] = {
    { 0, "End of Option List (EOL)" },
    { 1, "No-Operation (NOP)" },
    { 2, "Security" },
    { 3, "Loose source route" },
    { 4, "Time stamp" },
    { 5, "Extended security" },
    { 6, "Commercial IP security option" },
    { 7, "Record route" },
    { 8, "Stream identifier" },
    { 9, "Strict source route" },
    { 10, "Experimental Measurement" },
    { 11, "MTU probe" },
    { 12, "MTU Reply" },
    { 13, "Experimental Flow Control" },
    { 14, "Experimental Access Control" },
    { 15, "Ask Estrin" },
    { 16, "IMI Traffic Descriptor" },
    { 17, "Extended Internet Protocol" },
    { 18, "Traceroute" },
    { 19, "Address Extension" },
    { 20, "Router Alert" },
    { 21, "Selective Directed Broadcast" },
    { 22, "Unassigned" },
    { 23, "Dynamic Packet State" },
    { 24, "Upstream Multicast Packet" },
    { 25, "Quick-Start" },
    { 30, "RFC 3692-style experiment" },
    { 0, NULL },
};

static const struct value_name option_flag_names[] = {
    { 0, "Time stamps only" },
    { 1, "Time stamp and address" },
    { 3, "Time stamps for prespecified addresses" },
    { 0, NULL },
};

static const struct field ipv4_fields[] = {
    [IPV4_VERSION] = { "ip.version", FIELD_UINT, .title = "Version", .ft_bits = 8,
                       .lends_to = PROTOCOL_BIT(PROTOCOL_IPV6) },
    [IPV4_HDR_LEN] = { "ip.hdr_len", FIELD_UINT, .title = "Header Length", .ft_bits = 8 },
    [IPV4_DSFIELD] = { "ip.dsfield", FIELD_UINT, FIELD_BASE_HEX, "Differentiated Services Field", .at_bit = 8,
                       .n_bits = 8 },
    [IPV4_DSCP] = { "ip.dsfield.dscp", FIELD_UINT, .title = "Differentiated Services Codepoint", .at_bit = 8,
                    .n_bits = 6, .names = dscp_names },
    [IPV4_ECN] = { "ip.dsfield.ecn", FIELD_UINT, .title = "Explicit Congestion Notification", .at_bit = 14,
                   .n_bits = 2, .names = ecn_names },
    [IPV4_LEN] = { "ip.len", FIELD_UINT, .title = "Total Length", .at_bit = 16, .n_bits = 16,
                   .zero_is_all = true },
    [IPV4_ID] = { "ip.id", FIELD_UINT, FIELD_BASE_HEX, "Identification", .at_bit = 32, .n_bits = 16 },
    [IPV4_FLAGS] = { "ip.flags", FIELD_UINT, FIELD_BASE_HEX, "Flags", .at_bit = 48, .n_bits = 3 },
    [IPV4_FLAGS_RB] = { "ip.flags.rb", FIELD_BOOL, .title = "Reserved bit", .at_bit = 48, .n_bits = 1,
                        .names = set_names },
    [IPV4_FLAGS_DF] = { "ip.flags.df", FIELD_BOOL, .title = "Don't fragment", .at_bit = 49, .n_bits = 1,
                        .names = set_names },
    [IPV4_FLAGS_MF] = { "ip.flags.mf", FIELD_BOOL, .title = "More fragments", .at_bit = 50, .n_bits = 1,
                        .names = set_names },
    [IPV4_FRAG_OFFSET] = { "ip.frag_offset", FIELD_UINT, .title = "Fragment Offset", .at_bit = 51,
                           .n_bits = 13 },
    [IPV4_TTL] = { "ip.ttl", FIELD_UINT, .title = "Time to Live", .at_bit = 64, .n_bits = 8 },
    [IPV4_PROTO] = { "ip.proto", FIELD_UINT, .title = "Protocol", .at_bit = 72, .n_bits = 8,
                     .names = ip_protocol_names },
    [IPV4_CHECKSUM] = { "ip.checksum", FIELD_UINT, FIELD_BASE_HEX, "Header Checksum", .at_bit = 80,
                        .n_bits = 16 },
    [IPV4_CHECKSUM_CALCULATED] = { "ip.checksum_calculated", FIELD_UINT, FIELD_BASE_HEX,
                                   "Calculated Checksum", .ft_bits = 16 },
    [IPV4_CHECKSUM_STATUS] = { "ip.checksum.status", FIELD_UINT, .title = "Header checksum status",
                               .ft_bits = 8, .names = checksum_status_names },
    [IPV4_CHECKSUM_BAD] = { "ip.checksum_bad.expert", FIELD_NONE, .title = "Bad checksum" },
    [IPV4_SRC] = { "ip.src", FIELD_IPV4, .title = "Source Address", .at_bit = 96, .n_bits = 32 },
    [IPV4_DST] = { "ip.dst", FIELD_IPV4, .title = "Destination Address", .at_bit = 128, .n_bits = 32 },
    [IPV4_ADDR] = { "ip.addr", FIELD_IPV4, .title = "Source or Destination Address",
                    .any_of = { IPV4_SRC, IPV4_DST } },
    [IPV4_SRC_HOST] = { "ip.src_host", FIELD_STRING, .title = "Source Host" },
    [IPV4_DST_HOST] = { "ip.dst_host", FIELD_STRING, .title = "Destination Host" },
    [IPV4_HOST] = { "ip.host", FIELD_STRING, .title = "Source or Destination Host",
                    .any_of = { IPV4_SRC_HOST, IPV4_DST_HOST } },
    [IPV4_FRAGMENTS] = { "ip.fragments", FIELD_BYTES, .title = "IPv4 Fragments" },
    [IPV4_FRAGMENT] = { "ip.fragment", FIELD_FRAME, .title = "IPv4 Fragment" },
    [IPV4_FRAGMENT_OVERLAP] = { "ip.fragment.overlap", FIELD_BOOL, .title = "Fragment overlap" },
    [IPV4_FRAGMENT_CONFLICT] = { "ip.fragment.overlap.conflict", FIELD_BOOL,
                                 .title = "Conflicting data in fragment overlap" },
    [IPV4_FRAGMENT_ERROR] = { "ip.fragment.error", FIELD_FRAME, .title = "Defragmentation error" },
    [IPV4_FRAGMENT_COUNT] = { "ip.fragment.count", FIELD_UINT, .title = "Fragment count", .ft_bits = 32 },
    [IPV4_REASSEMBLED_IN] = { "ip.reassembled_in", FIELD_FRAME, .title = "Reassembled IPv4 in frame" },
    [IPV4_REASSEMBLED_LENGTH] = { "ip.reassembled.length", FIELD_UINT, .title = "Reassembled IPv4 length",
                                  .ft_bits = 32 },
    [IPV4_REASSEMBLED_DATA] = { "ip.reassembled.data", FIELD_BYTES, .title = "Reassembled IPv4 data" },
    [IPV4_BOGUS_VERSION] = { "ip.bogus_ip_version", FIELD_NONE, .title = "Bogus IP version" },
    [IPV4_BOGUS_HEADER_LENGTH] = { "ip.bogus_header_length", FIELD_NONE, .title = "Bogus IP header length" },
    [IPV4_BOGUS_LENGTH] = { "ip.bogus_ip_length", FIELD_NONE, .title = "Bogus IP length" },
    [IPV4_OPT_TYPE] = { "ip.opt.type", FIELD_UINT, .title = "Type", .ft_bits = 8 },
    [IPV4_OPT_TYPE_COPY] = { "ip.opt.type.copy", FIELD_BOOL, .title = "Copy on fragmentation",
                             .names = yes_names },
    [IPV4_OPT_TYPE_CLASS] = { "ip.opt.type.class", FIELD_UINT, .title = "Class", .ft_bits = 8,
                              .names = option_class_names },
    [IPV4_OPT_TYPE_NUMBER] = { "ip.opt.type.number", FIELD_UINT, .title = "Number", .ft_bits = 8,
                               .names = option_number_names },
    [IPV4_OPT_LEN] = { "ip.opt.len", FIELD_UINT, .title = "Length", .ft_bits = 8 },
    [IPV4_OPT_PTR] = { "ip.opt.ptr", FIELD_UINT, .title = "Pointer", .ft_bits = 8 },
    [IPV4_OPT_SID] = { "ip.opt.sid", FIELD_UINT, .title = "Stream Identifier", .ft_bits = 16 },
    [IPV4_OPT_MTU] = { "ip.opt.mtu", FIELD_UINT, .title = "MTU", .ft_bits = 16 },
    [IPV4_OPT_ID_NUMBER] = { "ip.opt.id_number", FIELD_UINT, .title = "ID Number", .ft_bits = 16 },
    [IPV4_OPT_OHC] = { "ip.opt.ohc", FIELD_UINT, .title = "Outbound Hop Count", .ft_bits = 16 },
    [IPV4_OPT_RHC] = { "ip.opt.rhc", FIELD_UINT, .title = "Return Hop Count", .ft_bits = 16 },
    [IPV4_OPT_ORIGINATOR] = { "ip.opt.originator", FIELD_IPV4, .title = "Originator IP Address" },
    [IPV4_OPT_RA] = { "ip.opt.ra", FIELD_UINT, .title = "Router Alert", .ft_bits = 16 },
    [IPV4_OPT_ADDR] = { "ip.opt.addr", FIELD_IPV4, .title = "IP Address" },
    [IPV4_OPT_PADDING] = { "ip.opt.padding", FIELD_BYTES, .title = "Padding" },
    [IPV4_OPT_OVERFLOW] = { "ip.opt.overflow", FIELD_UINT, .title = "Overflow", .ft_bits = 8 },
    [IPV4_OPT_FLAG] = { "ip.opt.flag", FIELD_UINT, FIELD_BASE_HEX, "Flag", .ft_bits = 8,
                        .names = option_flag_names },
    [IPV4_OPT_TIME_STAMP] = { "ip.opt.time_stamp", FIELD_UINT, .title = "Time stamp", .ft_bits = 32 },
    [IPV4_OPT_TIME_STAMP_ADDR] = { "ip.opt.time_stamp_addr", FIELD_IPV4, .title = "Address" },
    [IPV4_OPT_LEN_INVALID] = { "ip.opt.len.invalid", FIELD_NONE, .title = "Invalid length for option" },
    [IPV4_OPT_PTR_BEFORE_ADDRESS] = { "ip.opt.ptr.before_address", FIELD_NONE,
                                      .title = "Pointer points before first address" },
    [IPV4_OPT_PTR_MIDDLE_ADDRESS] = { "ip.opt.ptr.middle_address", FIELD_NONE,
                                      .title = "Pointer points to middle of address" },
    [IPV4_REC_RT] = { "ip.rec_rt", FIELD_IPV4, .title = "Recorded Route" },
    [IPV4_REC_RT_HOST] = { "ip.rec_rt_host", FIELD_STRING, .title = "Recorded Route Host" },
    [IPV4_EMPTY_RT] = { "ip.empty_rt", FIELD_IPV4, .title = "Empty Route" },
    [IPV4_EMPTY_RT_HOST] = { "ip.empty_rt_host", FIELD_STRING, .title = "Empty Route Host" },
    [IPV4_OPTIONS_EOL] = { "ip.options.eol", FIELD_NONE, .title = "IP Option - End of Options List (EOL)" },
    [IPV4_OPTIONS_NOP] = { "ip.options.nop", FIELD_NONE, .title = "IP Option - No-Operation (NOP)" },
    [IPV4_OPTIONS_SECURITY] = { "ip.options.security", FIELD_NONE, .title = "IP Option - Security" },
    [IPV4_OPTIONS_ROUTE] = { "ip.options.route", FIELD_NONE, .title = "IP Option - Loose Source Route" },
    [IPV4_OPTIONS_TIMESTAMP] = { "ip.options.timestamp", FIELD_NONE, .title = "IP Option - Time Stamp" },
    [IPV4_OPTIONS_EXT_SECURITY] = { "ip.options.ext_security", FIELD_NONE,
                                    .title = "IP Option - Extended Security" },
    [IPV4_OPTIONS_RECORD_ROUTE] = { "ip.options.record_route", FIELD_NONE,
                                    .title = "IP Option - Record Route" },
    [IPV4_OPTIONS_SID] = { "ip.options.sid", FIELD_NONE, .title = "IP Option - Stream ID" },
    [IPV4_OPTIONS_SOURCE_ROUTE] = { "ip.options.source_route", FIELD_NONE,
                                    .title = "IP Option - Strict Source Route" },
    [IPV4_OPTIONS_MTU_PROBE] = { "ip.options.mtu_probe", FIELD_NONE, .title = "IP Option - MTU Probe" },
    [IPV4_OPTIONS_MTU_REPLY] = { "ip.options.mtu_reply", FIELD_NONE, .title = "IP Option - MTU Reply" },
    [IPV4_OPTIONS_TRACEROUTE] = { "ip.options.traceroute", FIELD_NONE, .title = "IP Option - Traceroute" },
    [IPV4_OPTIONS_ROUTERALERT] = { "ip.options.routeralert", FIELD_NONE,
                                   .title = "IP Option - Router Alert" },
    [IPV4_OPTIONS_SDB] = { "ip.options.sdb", FIELD_NONE,
                           .title = "IP Option - Selective Directed Broadcast" },
    [IPV4_OPTIONS_QS] = { "ip.options.qs", FIELD_NONE, .title = "IP Option - Quick-Start" },
};

static const struct fragment_fields fragment_fields = {
    .fragments = IPV4_ID_OF(IPV4_FRAGMENTS),
    .fragment = IPV4_ID_OF(IPV4_FRAGMENT),
    .overlap = IPV4_ID_OF(IPV4_FRAGMENT_OVERLAP),
    .conflict = IPV4_ID_OF(IPV4_FRAGMENT_CONFLICT),
    .error = IPV4_ID_OF(IPV4_FRAGMENT_ERROR),
    .count = IPV4_ID_OF(IPV4_FRAGMENT_COUNT),
    .length = IPV4_ID_OF(IPV4_REASSEMBLED_LENGTH),
    .data = IPV4_ID_OF(IPV4_REASSEMBLED_DATA),
    .is_bytes = true,
};

void ipv4_add_host(struct dissection *d, unsigned field, struct bytes address)
{
    char text[IP_ADDRESS_TEXT_BYTES];
    struct ip_address ip;
    uint8_t *copy;
    size_t len;

    if (!dissection_wants(d, PROTOCOL_IPV4, field))
        return;
    ip = ip_address_of(address);
    len = strlen(ip_address_format(&ip, text));
    copy = dissection_scratch(d, len);
    if (copy == NULL)
        return;
    memcpy(copy, text, len);
    dissection_add_bytes(d, IPV4_ID_OF(field), bytes_of(copy, len));
}

static void add_checksum(struct dissection *d, const struct layer *layer, uint32_t header_len, bool is_there)
{
    enum checksum_status status = CHECKSUM_UNVERIFIED;
    uint16_t stands, right;

    if (!dissection_wants(d, PROTOCOL_IPV4, IPV4_CHECKSUM_STATUS) &&
        !dissection_wants(d, PROTOCOL_IPV4, IPV4_CHECKSUM_CALCULATED) &&
        !dissection_wants(d, PROTOCOL_IPV4, IPV4_CHECKSUM_BAD))
        return;
    if (d->preferences->ip_check_checksum && is_there) {
        uint32_t sum = checksum_add(0, bytes_of(layer->data, 10));

        stands = (uint16_t)(layer->data[10] << 8 | layer->data[11]);
        right = (uint16_t)~checksum_fold(checksum_add(sum, bytes_of(layer->data + 12, header_len - 12)));
        status = checksum_fold((uint16_t)~right + (uint32_t)stands) == 0xffff ? CHECKSUM_GOOD : CHECKSUM_BAD;
        dissection_add_number(d, IPV4_ID_OF(IPV4_CHECKSUM_CALCULATED),
                              status == CHECKSUM_GOOD ? stands : right);
        if (status == CHECKSUM_BAD)
            dissection_add_number(d, IPV4_ID_OF(IPV4_CHECKSUM_BAD), 1);
    }
    dissection_add_number(d, IPV4_ID_OF(IPV4_CHECKSUM_STATUS), status);
}

/*
 * An authentication header (RFC 4302 section 2) leaves in clear what follows it. It is taken into this layer,
 * as ipv6.c does, so that the conversation is the one it protects.
 */
static enum dissect_result ipv4_authenticated(struct dissection *d, struct reader *r, struct layer *layer,
                                              uint32_t wire_len)
{
    uint32_t ah_len;
    uint8_t next, words;

    if (!reader_u8(r, &next) || !reader_u8(r, &words))
        return wire_len < 2 ? DISSECT_MALFORMED : DISSECT_TRUNCATED;
    ah_len = (words + 2u) * 4;
    if (ah_len > wire_len)
        return DISSECT_MALFORMED;
    if (!reader_skip(r, ah_len - 2))
        return DISSECT_TRUNCATED;
    layer->carries = next;
    if (layer->source == d->source)
        layer->header_len += ah_len;
    dissection_next(d, r, dispatch_ip_protocol(next), wire_len - ah_len);
    return DISSECT_OK;
}

/* What there is of a header that was cut: Wireshark shows it up to there. */
static enum dissect_result cut_header(struct dissection *d, const struct layer *layer)
{
    const bool is_quoted = d->present & (PROTOCOL_BIT(PROTOCOL_ICMP) | PROTOCOL_BIT(PROTOCOL_ICMPV6));
    struct reader r = reader_over(bytes_of(layer->data, layer->header_len));
    uint8_t first, tos;
    uint16_t total_len;
    struct bytes source;

    if (!reader_u8(&r, &first) || first >> 4 != 4)
        goto out;
    dissection_add_number(d, IPV4_ID_OF(IPV4_VERSION), 4);
    dissection_add_number(d, IPV4_ID_OF(IPV4_HDR_LEN), (first & 15u) * 4);
    if (!reader_u8(&r, &tos) || !reader_u16(&r, &total_len))
        goto out;
    if (total_len > d->left_wire && !is_quoted)
        dissection_add_number(d, IPV4_ID_OF(IPV4_BOGUS_LENGTH), 1);
    if (!reader_skip(&r, 8))
        goto out;
    add_checksum(d, layer, IPV4_HEADER_BYTES, false);
    if (reader_bytes(&r, 4, &source))
        ipv4_add_host(d, IPV4_SRC_HOST, source);
out:
    return d->left_wire < IPV4_HEADER_BYTES ? DISSECT_MALFORMED : DISSECT_TRUNCATED;
}

/* is_all: the header's length is no more than there is on the wire. */
static enum dissect_result ipv4_fragment(struct dissection *d, struct reader *r, struct layer *layer,
                                         uint32_t wire_len, uint16_t fragment_word, bool is_all)
{
    struct fragment fragment = {
        .source = ip_address_of(bytes_of(layer->data + 12, 4)),
        .destination = ip_address_of(bytes_of(layer->data + 16, 4)),
        .protocol = layer->carries,
        .id = (uint32_t)layer->data[4] << 8 | layer->data[5],
        .offset = (uint32_t)(fragment_word & IPV4_OFFSET_MASK) * 8,
        .has_more = fragment_word & IPV4_FLAG_MF,
        .wire_len = wire_len,
        .is_gathered = d->preferences->ip_defragment && is_all,
    };
    enum protocol_id next = fragment_follow(d, r, layer, &fragment, dispatch_ip_protocol(layer->carries));

    if (layer->fragment == FRAGMENT_COMPLETES)
        fragment_add_fields(d, r, &fragment_fields);
    d->next = (uint8_t)next;
    if (layer->fragment == FRAGMENT_COMPLETES && layer->carries == IP_PROTOCOL_AH)
        return ipv4_authenticated(d, r, layer, d->left_wire);
    return DISSECT_OK;
}

/*
 * A header that Wireshark reads no further than n_bytes, and does not call malformed. next: who reads it
 * instead.
 */
static enum dissect_result bogus(struct dissection *d, struct layer *layer, unsigned field, uint32_t n_bytes,
                                 enum protocol_id next)
{
    dissection_add_number(d, IPV4_ID_OF(field), 1);
    layer->header_len = n_bytes;
    layer->payload_len = d->left_wire;
    d->next = (uint8_t)next;
    return DISSECT_OK;
}

static enum dissect_result ipv4_dissect(struct dissection *d, struct reader *r)
{
    struct layer *layer;
    uint32_t header_len, total_len, wire_len;
    uint16_t fragment_word;
    uint8_t first;
    bool is_all = true;

    layer = dissection_push(d, PROTOCOL_IPV4, r, IPV4_HEADER_BYTES);
    if (layer == NULL)
        return DISSECT_OK;
    if (layer->header_len < IPV4_HEADER_BYTES)
        return cut_header(d, layer);
    first = layer->data[0];
    header_len = (first & 15u) * 4;
    dissection_add_number(d, IPV4_ID_OF(IPV4_VERSION), first >> 4);
    if (first >> 4 != 4)
        return bogus(d, layer, IPV4_BOGUS_VERSION, 0, first >> 4 == 6 ? PROTOCOL_IPV6 : PROTOCOL_NONE);
    dissection_add_number(d, IPV4_ID_OF(IPV4_HDR_LEN), header_len);
    if (header_len < IPV4_HEADER_BYTES)
        return bogus(d, layer, IPV4_BOGUS_HEADER_LENGTH, 1, PROTOCOL_NONE);
    total_len = (uint32_t)layer->data[2] << 8 | layer->data[3];
    if (total_len == 0) /* segmentation offload: the card would have filled it in */
        total_len = d->left_wire;
    if (total_len < header_len)
        return bogus(d, layer, IPV4_BOGUS_LENGTH, 4, PROTOCOL_NONE);
    fragment_word = (uint16_t)(layer->data[6] << 8 | layer->data[7]);
    layer->carries = layer->data[9];
    if (total_len > d->left_wire) { /* a quoted packet in an ICMP error, or a lie */
        if (!(d->present & (PROTOCOL_BIT(PROTOCOL_ICMP) | PROTOCOL_BIT(PROTOCOL_ICMPV6))))
            dissection_add_number(d, IPV4_ID_OF(IPV4_BOGUS_LENGTH), 1);
        total_len = d->left_wire;
        is_all = false;
    }
    add_checksum(d, layer, header_len, reader_left(r) >= header_len);
    ipv4_add_host(d, IPV4_SRC_HOST, bytes_of(layer->data + 12, 4));
    ipv4_add_host(d, IPV4_DST_HOST, bytes_of(layer->data + 16, 4));
    if (header_len > total_len)
        return DISSECT_MALFORMED;
    if (!reader_skip(r, header_len)) {
        layer->header_len = (uint32_t)reader_left(r);
        return DISSECT_TRUNCATED;
    }
    if (__builtin_expect(header_len > IPV4_HEADER_BYTES, 0) &&
        !ipv4_add_options(d, bytes_of(layer->data + IPV4_HEADER_BYTES, header_len - IPV4_HEADER_BYTES)))
        return DISSECT_MALFORMED;
    layer->header_len = header_len;
    wire_len = total_len - header_len;
    if (__builtin_expect(fragment_word & (IPV4_FLAG_MF | IPV4_OFFSET_MASK), 0))
        return ipv4_fragment(d, r, layer, wire_len, fragment_word, is_all);
    if (__builtin_expect(layer->carries == IP_PROTOCOL_AH, 0))
        return ipv4_authenticated(d, r, layer, wire_len);
    dissection_next(d, r, dispatch_ip_protocol(layer->carries), wire_len);
    return DISSECT_OK;
}

const struct protocol protocol_ipv4 = {
    .name = "ip",
    .title = "Internet Protocol Version 4",
    .fields = ipv4_fields,
    .n_fields = sizeof ipv4_fields / sizeof ipv4_fields[0],
    .may_carry = DISPATCH_IP_MASK,
    .dissect = ipv4_dissect,
};
