/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipv6 - RFC 8200, with its extension headers in the same layer; fragments as in ipv4.c.
 */
#include "protocol/dispatch.h"
#include "protocol/dissection.h"
#include "protocol/fragment.h"
#include "protocol/ipv4.h"
#include "protocol/names.h"

enum {
    IPV6_VERSION,
    IPV6_TCLASS,
    IPV6_FLOW,
    IPV6_PLEN,
    IPV6_NXT,
    IPV6_HLIM,
    IPV6_SRC,
    IPV6_DST,
    IPV6_ADDR,
    IPV6_FRAGHDR_NXT,
    IPV6_FRAGHDR_OFFSET,
    IPV6_FRAGHDR_MORE,
    IPV6_FRAGHDR_IDENT,
    IPV6_REASSEMBLED_LENGTH,
    IPV6_TCLASS_DSCP,
    IPV6_TCLASS_ECN,
    IPV6_SRC_HOST,
    IPV6_DST_HOST,
    IPV6_HOST,
    IPV6_FRAGMENTS,
    IPV6_FRAGMENT,
    IPV6_FRAGMENT_OVERLAP,
    IPV6_FRAGMENT_CONFLICT,
    IPV6_FRAGMENT_ERROR,
    IPV6_FRAGMENT_COUNT,
    IPV6_REASSEMBLED_IN,
    IPV6_REASSEMBLED_DATA,
    IPV6_HOPOPTS,
    IPV6_HOPOPTS_NXT,
    IPV6_HOPOPTS_LEN,
    IPV6_HOPOPTS_LEN_OCT,
    IPV6_DSTOPTS,
    IPV6_DSTOPTS_NXT,
    IPV6_DSTOPTS_LEN,
    IPV6_DSTOPTS_LEN_OCT,
    IPV6_ROUTING,
    IPV6_ROUTING_NXT,
    IPV6_ROUTING_LEN,
    IPV6_ROUTING_LEN_OCT,
    IPV6_ROUTING_TYPE,
    IPV6_ROUTING_SEGLEFT,
    IPV6_FRAGHDR,
    IPV6_FRAGHDR_RESERVED_OCTET,
    IPV6_FRAGHDR_RESERVED_BITS,
    IPV6_OPT,
    IPV6_OPT_TYPE,
    IPV6_OPT_TYPE_ACTION,
    IPV6_OPT_TYPE_CHANGE,
    IPV6_OPT_TYPE_REST,
    IPV6_OPT_LENGTH,
    IPV6_OPT_ROUTER_ALERT,
};

enum {
    IPV6_HEADER_BYTES = 40,
    IPV6_EXTENSIONS_LIMIT = 16, /* headers in a chain; RFC 8200 section 4.1 knows seven */
    NEXT_HOP_BY_HOP = 0,
    NEXT_ROUTING = 43,
    NEXT_FRAGMENT = 44,
    NEXT_AUTHENTICATION = 51,
    NEXT_NONE = 59,
    NEXT_DESTINATION = 60,
    NEXT_MOBILITY = 135,
    NEXT_HIP = 139,
    NEXT_SHIM6 = 140,
};

#define IPV6_ID_OF(index) FIELD_ID(PROTOCOL_IPV6, index)

static const struct value_name routing_type_names[] = {
    { 0, "Source Route" },
    { 1, "Nimrod" },
    { 2, "Type 2 Routing" },
    { 3, "RPL Source Route" },
    { 4, "Segment Routing" },
    { 5, "Compact Routing Header 16" },
    { 6, "Compact Routing Header 32" },
    { 253, "Experiment 1" },
    { 254, "Experiment 2" },
    { 0, NULL },
};

static const struct value_name option_type_names[] = {
    { 0x0, "Pad1" },
    { 0x1, "PadN" },
    { 0x4, "Tunnel Encapsulation Limit" },
    { 0x5, "Router Alert" },
    { 0x7, "CALIPSO" },
    { 0x8, "SMF_DPD" },
    { 0xf, "Performance and Diagnostic Metrics" },
    { 0x1e, "Experimental (0x1E)" },
    { 0x26, "Quick-Start" },
    { 0x30, "Path MTU Option" },
    { 0x31, "IOAM Option" },
    { 0x3e, "Experimental (0x3E)" },
    { 0x41, "Tunnel Payload Forwarding (TPF) Information" },
    { 0x5e, "Experimental (0x5E)" },
    { 0x63, "RPL Option" },
    { 0x6d, "MPL Option" },
    { 0x7e, "Experimental (0x7E)" },
    { 0x8a, "Endpoint Identification" },
    { 0x8b, "ILNP Nonce" },
    { 0x8c, "Line-Identification Option" },
    { 0x9e, "Experimental (0x9E)" },
    { 0xbe, "Experimental (0xBE)" },
    { 0xc2, "Jumbo Payload" },
    { 0xc9, "Home Address" },
    { 0xde, "Experimental (0xDE)" },
    { 0xee, "IP_DFF" },
    { 0xfe, "Experimental (0xFE)" },
    { 0, NULL },
};

static const struct value_name option_action_names[] = {
    { 0, "Skip and continue" },
    { 1, "Discard" },
    { 2, "Discard and send ICMP Parameter Problem" },
    { 3, "Discard and send ICMP if not multicast" },
    { 0, NULL },
};

static const struct value_name router_alert_names[] = {
    { 0, "MLD" },
    { 1, "RSVP" },
    { 2, "Active Network" },
    { 0, NULL },
};

static const struct field ipv6_fields[] = {
    [IPV6_VERSION] = { "ipv6.version", FIELD_UINT, .title = "Version", .at_bit = 0, .n_bits = 4 },
    [IPV6_TCLASS] = { "ipv6.tclass", FIELD_UINT, FIELD_BASE_HEX, "Traffic Class", .at_bit = 4, .n_bits = 8,
                      .ft_bits = 32 },
    [IPV6_FLOW] = { "ipv6.flow", FIELD_UINT, FIELD_BASE_HEX, "Flow Label", .at_bit = 12, .n_bits = 20,
                    .ft_bits = 24 },
    [IPV6_PLEN] = { "ipv6.plen", FIELD_UINT, .title = "Payload Length", .at_bit = 32, .n_bits = 16 },
    [IPV6_NXT] = { "ipv6.nxt", FIELD_UINT, .title = "Next Header", .at_bit = 48, .n_bits = 8,
                   .names = ip_protocol_names },
    [IPV6_HLIM] = { "ipv6.hlim", FIELD_UINT, .title = "Hop Limit", .at_bit = 56, .n_bits = 8 },
    [IPV6_SRC] = { "ipv6.src", FIELD_IPV6, .title = "Source Address", .at_bit = 64, .n_bits = 128 },
    [IPV6_DST] = { "ipv6.dst", FIELD_IPV6, .title = "Destination Address", .at_bit = 192, .n_bits = 128 },
    [IPV6_ADDR] = { "ipv6.addr", FIELD_IPV6, .title = "Source or Destination Address",
                    .any_of = { IPV6_SRC, IPV6_DST } },
    [IPV6_FRAGHDR_NXT] = { "ipv6.fraghdr.nxt", FIELD_UINT, .title = "Next header", .ft_bits = 8,
                           .names = ip_protocol_names },
    [IPV6_FRAGHDR_OFFSET] = { "ipv6.fraghdr.offset", FIELD_UINT, .title = "Offset", .ft_bits = 16 },
    [IPV6_FRAGHDR_MORE] = { "ipv6.fraghdr.more", FIELD_BOOL, .title = "More Fragments", .names = yes_names },
    [IPV6_FRAGHDR_IDENT] = { "ipv6.fraghdr.ident", FIELD_UINT, FIELD_BASE_HEX, "Identification",
                             .ft_bits = 32 },
    [IPV6_TCLASS_DSCP] = { "ipv6.tclass.dscp", FIELD_UINT, .title = "Differentiated Services Codepoint",
                           .at_bit = 4, .n_bits = 6, .ft_bits = 32, .names = dscp_names },
    [IPV6_TCLASS_ECN] = { "ipv6.tclass.ecn", FIELD_UINT, .title = "Explicit Congestion Notification",
                          .at_bit = 10, .n_bits = 2, .ft_bits = 32, .names = ecn_names },
    [IPV6_SRC_HOST] = { "ipv6.src_host", FIELD_STRING, .title = "Source Host" },
    [IPV6_DST_HOST] = { "ipv6.dst_host", FIELD_STRING, .title = "Destination Host" },
    [IPV6_HOST] = { "ipv6.host", FIELD_STRING, .title = "Source or Destination Host",
                    .any_of = { IPV6_SRC_HOST, IPV6_DST_HOST } },
    [IPV6_FRAGMENTS] = { "ipv6.fragments", FIELD_NONE, .title = "IPv6 Fragments" },
    [IPV6_FRAGMENT] = { "ipv6.fragment", FIELD_FRAME, .title = "IPv6 Fragment" },
    [IPV6_FRAGMENT_OVERLAP] = { "ipv6.fragment.overlap", FIELD_BOOL, .title = "Fragment overlap" },
    [IPV6_FRAGMENT_CONFLICT] = { "ipv6.fragment.overlap.conflict", FIELD_BOOL,
                                 .title = "Conflicting data in fragment overlap" },
    [IPV6_FRAGMENT_ERROR] = { "ipv6.fragment.error", FIELD_FRAME, .title = "Defragmentation error" },
    [IPV6_FRAGMENT_COUNT] = { "ipv6.fragment.count", FIELD_UINT, .title = "Fragment count", .ft_bits = 32 },
    [IPV6_REASSEMBLED_IN] = { "ipv6.reassembled.in", FIELD_FRAME, .title = "Reassembled IPv6 in frame" },
    [IPV6_REASSEMBLED_DATA] = { "ipv6.reassembled.data", FIELD_BYTES, .title = "Reassembled IPv6 data" },
    [IPV6_HOPOPTS] = { "ipv6.hopopts", FIELD_NONE, .title = "IPv6 Hop-by-Hop Option" },
    [IPV6_HOPOPTS_NXT] = { "ipv6.hopopts.nxt", FIELD_UINT, .title = "Next Header", .ft_bits = 8,
                           .names = ip_protocol_names },
    [IPV6_HOPOPTS_LEN] = { "ipv6.hopopts.len", FIELD_UINT, .title = "Length", .ft_bits = 8 },
    [IPV6_HOPOPTS_LEN_OCT] = { "ipv6.hopopts.len_oct", FIELD_UINT, .title = "Length", .ft_bits = 16 },
    [IPV6_DSTOPTS] = { "ipv6.dstopts", FIELD_NONE, .title = "Destination Options for IPv6" },
    [IPV6_DSTOPTS_NXT] = { "ipv6.dstopts.nxt", FIELD_UINT, .title = "Next Header", .ft_bits = 8,
                           .names = ip_protocol_names },
    [IPV6_DSTOPTS_LEN] = { "ipv6.dstopts.len", FIELD_UINT, .title = "Length", .ft_bits = 8 },
    [IPV6_DSTOPTS_LEN_OCT] = { "ipv6.dstopts.len_oct", FIELD_UINT, .title = "Length", .ft_bits = 16 },
    [IPV6_ROUTING] = { "ipv6.routing", FIELD_NONE, .title = "Routing Header for IPv6" },
    [IPV6_ROUTING_NXT] = { "ipv6.routing.nxt", FIELD_UINT, .title = "Next Header", .ft_bits = 8,
                           .names = ip_protocol_names },
    [IPV6_ROUTING_LEN] = { "ipv6.routing.len", FIELD_UINT, .title = "Length", .ft_bits = 8 },
    [IPV6_ROUTING_LEN_OCT] = { "ipv6.routing.len_oct", FIELD_UINT, .title = "Length", .ft_bits = 16 },
    [IPV6_ROUTING_TYPE] = { "ipv6.routing.type", FIELD_UINT, .title = "Type", .ft_bits = 8,
                            .names = routing_type_names },
    [IPV6_ROUTING_SEGLEFT] = { "ipv6.routing.segleft", FIELD_UINT, .title = "Segments Left", .ft_bits = 8 },
    [IPV6_FRAGHDR] = { "ipv6.fraghdr", FIELD_NONE, .title = "Fragment Header for IPv6" },
    [IPV6_FRAGHDR_RESERVED_OCTET] = { "ipv6.fraghdr.reserved_octet", FIELD_UINT, FIELD_BASE_HEX,
                                      "Reserved octet", .ft_bits = 8 },
    [IPV6_FRAGHDR_RESERVED_BITS] = { "ipv6.fraghdr.reserved_bits", FIELD_UINT, .title = "Reserved bits",
                                     .ft_bits = 16 },
    [IPV6_OPT] = { "ipv6.opt", FIELD_NONE, .title = "IPv6 Option" },
    [IPV6_OPT_TYPE] = { "ipv6.opt.type", FIELD_UINT, FIELD_BASE_HEX, "Type", .ft_bits = 8,
                        .names = option_type_names },
    [IPV6_OPT_TYPE_ACTION] = { "ipv6.opt.type.action", FIELD_UINT, .title = "Action", .ft_bits = 8,
                               .names = option_action_names },
    [IPV6_OPT_TYPE_CHANGE] = { "ipv6.opt.type.change", FIELD_BOOL, .title = "May Change",
                               .names = yes_names },
    [IPV6_OPT_TYPE_REST] = { "ipv6.opt.type.rest", FIELD_UINT, FIELD_BASE_HEX, "Low-Order Bits",
                             .ft_bits = 8 },
    [IPV6_OPT_LENGTH] = { "ipv6.opt.length", FIELD_UINT, .title = "Length", .ft_bits = 8 },
    [IPV6_OPT_ROUTER_ALERT] = { "ipv6.opt.router_alert", FIELD_UINT, .title = "Router Alert", .ft_bits = 16,
                                .names = router_alert_names },
    [IPV6_REASSEMBLED_LENGTH] = { "ipv6.reassembled.length", FIELD_UINT, .title = "Reassembled IPv6 length",
                                  .ft_bits = 32 },
};

static bool is_extension(uint8_t next)
{
    switch (next) {
    case NEXT_HOP_BY_HOP:
    case NEXT_ROUTING:
    case NEXT_FRAGMENT:
    case NEXT_AUTHENTICATION:
    case NEXT_DESTINATION:
    case NEXT_MOBILITY:
    case NEXT_HIP:
    case NEXT_SHIM6:
        return true;
    default:
        return false;
    }
}

static const struct fragment_fields fragment_fields = {
    .fragments = IPV6_ID_OF(IPV6_FRAGMENTS),
    .fragment = IPV6_ID_OF(IPV6_FRAGMENT),
    .overlap = IPV6_ID_OF(IPV6_FRAGMENT_OVERLAP),
    .conflict = IPV6_ID_OF(IPV6_FRAGMENT_CONFLICT),
    .error = IPV6_ID_OF(IPV6_FRAGMENT_ERROR),
    .count = IPV6_ID_OF(IPV6_FRAGMENT_COUNT),
    .length = IPV6_ID_OF(IPV6_REASSEMBLED_LENGTH),
    .data = IPV6_ID_OF(IPV6_REASSEMBLED_DATA),
};

static void add_host(struct dissection *d, unsigned field, struct bytes address)
{
    char text[IP_ADDRESS_TEXT_BYTES];
    struct ip_address ip;
    uint8_t *copy;
    size_t len;

    if (!dissection_wants(d, PROTOCOL_IPV6, field))
        return;
    ip = ip_address_of(address);
    len = strlen(ip_address_format(&ip, text));
    copy = dissection_scratch(d, len);
    if (copy == NULL)
        return;
    memcpy(copy, text, len);
    dissection_add_bytes(d, IPV6_ID_OF(field), bytes_of(copy, len));
}

/* Options of hop-by-hop and destination headers: RFC 8200 section 4.2. */
static void add_options(struct dissection *d, struct reader *r)
{
    enum { OPTION_PAD1 = 0, OPTION_ROUTER_ALERT = 5 };
    uint8_t type, len;

    while (reader_u8(r, &type)) {
        struct bytes value;

        dissection_add_number(d, IPV6_ID_OF(IPV6_OPT), 1);
        dissection_add_number(d, IPV6_ID_OF(IPV6_OPT_TYPE), type);
        if (type == OPTION_PAD1) /* nothing but its type */
            continue;
        dissection_add_number(d, IPV6_ID_OF(IPV6_OPT_TYPE_ACTION), type >> 6);
        dissection_add_number(d, IPV6_ID_OF(IPV6_OPT_TYPE_CHANGE), type >> 5 & 1);
        dissection_add_number(d, IPV6_ID_OF(IPV6_OPT_TYPE_REST), type & 31);
        if (!reader_u8(r, &len))
            return;
        dissection_add_number(d, IPV6_ID_OF(IPV6_OPT_LENGTH), len);
        if (!reader_bytes(r, len, &value))
            return;
        if (type == OPTION_ROUTER_ALERT && len == 2) /* RFC 2711 */
            dissection_add_number(d, IPV6_ID_OF(IPV6_OPT_ROUTER_ALERT),
                                  (uint64_t)value.data[0] << 8 | value.data[1]);
    }
}

/* Members of one extension header, or of what there is of it: its bytes behind next header and length are at
 * *r. */
static void add_extension(struct dissection *d, struct reader *r, uint8_t kind, uint8_t next, uint8_t len)
{
    unsigned first;
    uint8_t type, segments;

    switch (kind) {
    case NEXT_HOP_BY_HOP:
        first = IPV6_HOPOPTS;
        break;
    case NEXT_DESTINATION:
        first = IPV6_DSTOPTS;
        break;
    case NEXT_ROUTING:
        first = IPV6_ROUTING;
        break;
    default:
        return;
    }
    dissection_add_number(d, IPV6_ID_OF(first), 1);
    dissection_add_number(d, IPV6_ID_OF(first + 1), next); /* .nxt, .len and .len_oct follow in this order */
    dissection_add_number(d, IPV6_ID_OF(first + 2), len);
    dissection_add_number(d, IPV6_ID_OF(first + 3), (len + 1u) * 8);
    if (kind != NEXT_ROUTING) {
        add_options(d, r);
    } else if (reader_u8(r, &type) && reader_u8(r, &segments)) {
        dissection_add_number(d, IPV6_ID_OF(IPV6_ROUTING_TYPE), type);
        dissection_add_number(d, IPV6_ID_OF(IPV6_ROUTING_SEGLEFT), segments);
    }
}

/* One extension header other than the fragment header; *next becomes what follows it. */
static bool pass_extension(struct dissection *d, struct reader *r, uint8_t *next)
{
    uint8_t kind = *next, len;
    struct reader content;
    struct bytes bytes;

    if (!reader_u8(r, next) || !reader_u8(r, &len))
        return false;
    if (kind == NEXT_AUTHENTICATION) /* RFC 4302 section 2.2: in words of four, less two */
        return reader_skip(r, (size_t)len * 4 + 6);
    if (!reader_bytes(r, (size_t)len * 8 + 6, &bytes)) {
        add_extension(d, r, kind, *next, len); /* what there is of it */
        return false;
    }
    content = reader_over(bytes);
    add_extension(d, &content, kind, *next, len);
    return true;
}

struct fragment_header {
    uint8_t next;
    uint16_t word;
    uint32_t id;
};

static bool read_fragment_header(struct dissection *d, struct reader *r, struct fragment_header *header)
{
    uint8_t reserved;

    if (!reader_u8(r, &header->next) || !reader_u8(r, &reserved) || !reader_u16(r, &header->word) ||
        !reader_u32(r, &header->id))
        return false;
    dissection_add_number(d, IPV6_ID_OF(IPV6_FRAGHDR), 1);
    dissection_add_number(d, IPV6_ID_OF(IPV6_FRAGHDR_NXT), header->next);
    dissection_add_number(d, IPV6_ID_OF(IPV6_FRAGHDR_RESERVED_OCTET), reserved);
    dissection_add_number(d, IPV6_ID_OF(IPV6_FRAGHDR_RESERVED_BITS), header->word >> 1 & 3);
    dissection_add_number(d, IPV6_ID_OF(IPV6_FRAGHDR_OFFSET), header->word >> 3);
    dissection_add_number(d, IPV6_ID_OF(IPV6_FRAGHDR_MORE), header->word & 1);
    dissection_add_number(d, IPV6_ID_OF(IPV6_FRAGHDR_IDENT), header->id);
    return true;
}

/* What follows a header, at *r, of wire_len bytes. */
static enum dissect_result ipv6_follow(struct dissection *d, struct reader *r, struct layer *layer,
                                       uint8_t next, uint32_t wire_len)
{
    layer->carries = next;
    if (next == NEXT_NONE) { /* RFC 8200 section 4.7: what stands there all the same is not to be looked at */
        if (wire_len > 0)
            dissection_next(d, r, PROTOCOL_DATA, wire_len);
        return DISSECT_OK;
    }
    dissection_next(d, r, dispatch_ip_protocol(next), wire_len);
    return DISSECT_OK;
}

static enum dissect_result ipv6_extensions(struct dissection *d, struct reader *r, struct layer *layer,
                                           uint8_t next, uint32_t wire_len)
{
    const uint8_t *start = r->at;

    for (unsigned n = 0; is_extension(next); n++) {
        if (n == IPV6_EXTENSIONS_LIMIT)
            return DISSECT_MALFORMED;
        if (next == NEXT_FRAGMENT) {
            struct fragment_header header;
            struct fragment fragment;

            if (layer->fragment == FRAGMENT_COMPLETES) { /* pieces of pieces: nobody sends them honestly */
                dissection_next(d, r, PROTOCOL_DATA, wire_len - (uint32_t)(r->at - start));
                return DISSECT_OK;
            }
            if (!read_fragment_header(d, r, &header))
                return DISSECT_TRUNCATED;
            next = header.next;
            if ((header.word & 0xfff9) == 0)
                continue; /* an atomic fragment: RFC 6946 */
            fragment = (struct fragment) {
                .source = ip_address_of(bytes_of(layer->data + 8, 16)),
                .destination = ip_address_of(bytes_of(layer->data + 24, 16)),
                .protocol = header.next,
                .id = header.id,
                .offset = header.word & 0xfff8u,
                .has_more = header.word & 1,
                .wire_len = wire_len - (uint32_t)(r->at - start),
                .is_gathered = d->preferences->ipv6_defragment,
            };
            layer->carries = header.next;
            layer->header_len = (uint32_t)(r->at - layer->data);
            d->next = (uint8_t)fragment_follow(d, r, layer, &fragment, dispatch_ip_protocol(header.next));
            if (layer->fragment == FRAGMENT_COMPLETES) {
                fragment_add_fields(d, r, &fragment_fields);
                if (is_extension(header.next)) {
                    d->next = PROTOCOL_NONE;
                    return ipv6_extensions(d, r, layer, header.next, d->left_wire);
                }
            } else if (is_extension(header.next)) {
                d->next = PROTOCOL_DATA;
            }
            return DISSECT_OK;
        }
        if (!pass_extension(d, r, &next))
            return DISSECT_TRUNCATED;
    }
    if (r->at - start > wire_len)
        return DISSECT_MALFORMED;
    if (layer->source == d->source)
        layer->header_len = (uint32_t)(r->at - layer->data);
    return ipv6_follow(d, r, layer, next, wire_len - (uint32_t)(r->at - start));
}

static enum dissect_result ipv6_dissect(struct dissection *d, struct reader *r)
{
    struct reader peek = *r;
    struct layer *layer;
    uint32_t wire_len;
    uint8_t first, next;

    if (reader_u8(&peek, &first) && first >> 4 != 6) { /* not IPv6 after all */
        if (d->packet->linktype != LINKTYPE_IPV6)
            d->next = PROTOCOL_DATA;
        return DISSECT_OK;
    }
    layer = dissection_push(d, PROTOCOL_IPV6, r, IPV6_HEADER_BYTES);
    if (layer == NULL)
        return DISSECT_OK;
    if (layer->header_len > 0)
        dissection_add_number(d, IPV4_ID_OF(IPV4_VERSION), 6);
    if (layer->header_len < IPV6_HEADER_BYTES && layer->header_len >= 24)
        add_host(d, IPV6_SRC_HOST, bytes_of(layer->data + 8, 16));
    if (layer->header_len < IPV6_HEADER_BYTES)
        return d->left_wire < IPV6_HEADER_BYTES ? DISSECT_MALFORMED : DISSECT_TRUNCATED;
    add_host(d, IPV6_SRC_HOST, bytes_of(layer->data + 8, 16));
    add_host(d, IPV6_DST_HOST, bytes_of(layer->data + 24, 16));
    next = layer->data[6];
    layer->carries = next;
    wire_len = (uint32_t)layer->data[4] << 8 | layer->data[5];
    if (wire_len == 0 ||
        wire_len > d->left_wire - IPV6_HEADER_BYTES) /* jumbogram or offload; quoted packet or lie */
        wire_len = d->left_wire - IPV6_HEADER_BYTES;
    if (!reader_skip(r, IPV6_HEADER_BYTES))
        return DISSECT_TRUNCATED;
    if (__builtin_expect(is_extension(next), 0)) {
        if (reader_left(r) > wire_len)
            r->end = r->at + wire_len;
        return ipv6_extensions(d, r, layer, next, wire_len);
    }
    return ipv6_follow(d, r, layer, next, wire_len);
}

const struct protocol protocol_ipv6 = {
    .name = "ipv6",
    .title = "Internet Protocol Version 6",
    .fields = ipv6_fields,
    .n_fields = sizeof ipv6_fields / sizeof ipv6_fields[0],
    .may_carry = DISPATCH_IP_MASK,
    .dissect = ipv6_dissect,
};
