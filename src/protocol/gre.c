/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gre - RFC 2784 with the key and sequence number of RFC 2890, the routing of RFC 1701, and the enhanced
 * header of PPTP (RFC 2637); also behind UDP port 4754 (RFC 8086).
 *
 *    0 ..1                       2 ..3
 *   +-+-+-+-+-+-----+---+-----+-------+- - - - - - - - -+- - - -+- - - - - +- - - - -+- - - - - +
 *   |C|R|K|S|s|Recur| A | Ver | type  | checksum offset | key   | sequence | ack     | routing  |
 *   +-+-+-+-+-+-----+---+-----+-------+- - - - - - - - -+- - - -+- - - - - +- - - - -+- - - - - +
 */
#include "protocol/checksum.h"
#include "protocol/dispatch.h"
#include "protocol/dissection.h"
#include "protocol/names.h"

enum {
    GRE_PROTO,
    GRE_FLAGS_AND_VERSION,
    GRE_FLAGS_CHECKSUM,
    GRE_FLAGS_ROUTING,
    GRE_FLAGS_KEY,
    GRE_FLAGS_SEQUENCE,
    GRE_FLAGS_STRICT,
    GRE_FLAGS_RECURSION,
    GRE_FLAGS_ACK,
    GRE_FLAGS_RESERVED,
    GRE_FLAGS_VERSION,
    GRE_CHECKSUM,
    GRE_CHECKSUM_STATUS,
    GRE_CHECKSUM_INCORRECT,
    GRE_OFFSET,
    GRE_KEY,
    GRE_KEY_PAYLOAD_LENGTH,
    GRE_KEY_CALL_ID,
    GRE_SEQUENCE_NUMBER,
    GRE_ACK_NUMBER,
    GRE_ROUTING,
    GRE_ROUTING_FAMILY,
    GRE_ROUTING_OFFSET,
    GRE_ROUTING_LENGTH,
    GRE_ROUTING_INFORMATION,
    GRE_WCCP_REDIRECT,
    GRE_WCCP_DYNAMIC,
    GRE_WCCP_ALTERNATIVE_USED,
    GRE_WCCP_VALID,
    GRE_WCCP_SERVICE,
    GRE_WCCP_ALTERNATIVE,
    GRE_WCCP_PRIMARY,
};

enum { /* of the first two bytes */
       HAS_CHECKSUM = 0x8000,
       HAS_ROUTING = 0x4000,
       HAS_KEY = 0x2000,
       HAS_SEQUENCE = 0x1000,
       HAS_ACK = 0x0080,
       VERSION = 0x0007,
};

enum { /* protocol types with a header of their own kind */
       TYPE_PPP = 0x880b,
       TYPE_CDMA2000 = 0x8881,
       TYPE_3GPP2 = 0x88d2,
       TYPE_WCCP = 0x883e,
};

#define GRE_ID(index) FIELD_ID(PROTOCOL_GRE, index)

static const struct value_name version_names[] = {
    { 0, "GRE" },
    { 1, "Enhanced GRE" },
    { 0, NULL },
};

static const struct value_name wccp_service_names[] = {
    { 0, "HTTP" },
    { 0, NULL },
};

static const struct value_name wccp_kind_names[] = { { 1, "Dynamic service" },
                                                     { 0, "Well-known service" },
                                                     { 0, NULL } };

static const struct value_name wccp_bucket_names[] = { { 1, "Alternative bucket used" },
                                                       { 0, "Primary bucket used" },
                                                       { 0, NULL } };

static const struct value_name wccp_header_names[] = { { 1, "Header is present, but ignore contents" },
                                                       { 0, "Header contents are valid" },
                                                       { 0, NULL } };

static const struct field gre_fields[] = {
    [GRE_PROTO] = { "gre.proto", FIELD_UINT, FIELD_BASE_HEX, "Protocol Type", .at_bit = 16, .n_bits = 16,
                    .names = gre_type_names },
    [GRE_FLAGS_AND_VERSION] = { "gre.flags_and_version", FIELD_UINT, FIELD_BASE_HEX, "Flags and Version",
                                .at_bit = 0, .n_bits = 16 },
    [GRE_FLAGS_CHECKSUM] = { "gre.flags.checksum", FIELD_BOOL, .title = "Checksum Bit", .at_bit = 0,
                             .n_bits = 1, .names = yes_names },
    [GRE_FLAGS_ROUTING] = { "gre.flags.routing", FIELD_BOOL, .title = "Routing Bit", .at_bit = 1, .n_bits = 1,
                            .names = yes_names },
    [GRE_FLAGS_KEY] = { "gre.flags.key", FIELD_BOOL, .title = "Key Bit", .at_bit = 2, .n_bits = 1,
                        .names = yes_names },
    [GRE_FLAGS_SEQUENCE] = { "gre.flags.sequence_number", FIELD_BOOL, .title = "Sequence Number Bit",
                             .at_bit = 3, .n_bits = 1, .names = yes_names },
    [GRE_FLAGS_STRICT] = { "gre.flags.strict_source_route", FIELD_BOOL, .title = "Strict Source Route Bit",
                           .at_bit = 4, .n_bits = 1, .names = yes_names },
    [GRE_FLAGS_RECURSION] = { "gre.flags.recursion_control", FIELD_UINT, .title = "Recursion control",
                              .at_bit = 5, .n_bits = 3, .ft_bits = 16 },
    [GRE_FLAGS_ACK] = { "gre.flags.ack", FIELD_BOOL, .title = "Acknowledgment", .names = yes_names },
    [GRE_FLAGS_RESERVED] = { "gre.flags.reserved", FIELD_UINT, .title = "Flags (Reserved)", .ft_bits = 16 },
    [GRE_FLAGS_VERSION] = { "gre.flags.version", FIELD_UINT, .title = "Version", .at_bit = 13, .n_bits = 3,
                            .ft_bits = 16, .names = version_names },
    [GRE_CHECKSUM] = { "gre.checksum", FIELD_UINT, FIELD_BASE_HEX, "Checksum", .ft_bits = 16 },
    [GRE_CHECKSUM_STATUS] = { "gre.checksum.status", FIELD_UINT, .title = "Checksum Status", .ft_bits = 8,
                              .names = checksum_status_names },
    [GRE_CHECKSUM_INCORRECT] = { "gre.checksum.incorrect", FIELD_NONE, .title = "Incorrect GRE Checksum" },
    [GRE_OFFSET] = { "gre.offset", FIELD_UINT, .title = "Offset", .ft_bits = 16 },
    [GRE_KEY] = { "gre.key", FIELD_UINT, FIELD_BASE_HEX, "Key", .ft_bits = 32 },
    [GRE_KEY_PAYLOAD_LENGTH] = { "gre.key.payload_length", FIELD_UINT, .title = "Payload Length",
                                 .ft_bits = 16 },
    [GRE_KEY_CALL_ID] = { "gre.key.call_id", FIELD_UINT, .title = "Call ID", .ft_bits = 16 },
    [GRE_SEQUENCE_NUMBER] = { "gre.sequence_number", FIELD_UINT, .title = "Sequence Number", .ft_bits = 32 },
    [GRE_ACK_NUMBER] = { "gre.ack_number", FIELD_UINT, .title = "Acknowledgment Number", .ft_bits = 32 },
    [GRE_ROUTING] = { "gre.routing", FIELD_NONE, .title = "Routing" },
    [GRE_ROUTING_FAMILY] = { "gre.routing.address_family", FIELD_UINT, .title = "Address Family",
                             .ft_bits = 16 },
    [GRE_ROUTING_OFFSET] = { "gre.routing.sre_offset", FIELD_UINT, .title = "SRE Offset", .ft_bits = 8 },
    [GRE_ROUTING_LENGTH] = { "gre.routing.src_length", FIELD_UINT, .title = "SRE Length", .ft_bits = 8 },
    [GRE_ROUTING_INFORMATION] = { "gre.routing.information", FIELD_BYTES, .title = "Routing Information" },
    [GRE_WCCP_REDIRECT] = { "gre.wccp.redirect_header", FIELD_NONE, .title = "Redirect Header" },
    [GRE_WCCP_DYNAMIC] = { "gre.wccp.dynamic_service", FIELD_BOOL, .title = "Dynamic Service",
                           .names = wccp_kind_names },
    [GRE_WCCP_ALTERNATIVE_USED] = { "gre.wccp.alternative_bucket_used", FIELD_BOOL,
                                    .title = "Alternative bucket used", .names = wccp_bucket_names },
    [GRE_WCCP_VALID] = { "gre.wccp.redirect_header_valid", FIELD_BOOL,
                         .title = "WCCP Redirect header is valid", .names = wccp_header_names },
    [GRE_WCCP_SERVICE] = { "gre.wccp.service_id", FIELD_UINT, .title = "Service ID", .ft_bits = 8,
                           .names = wccp_service_names },
    [GRE_WCCP_ALTERNATIVE] = { "gre.wccp.alternative_bucket", FIELD_UINT, .title = "Alternative Bucket",
                               .ft_bits = 8 },
    [GRE_WCCP_PRIMARY] = { "gre.wccp.primary_bucket", FIELD_UINT, .title = "Primary Bucket", .ft_bits = 8 },
};

static enum protocol_id type_protocol(uint16_t type)
{
    switch (type) {
    case 0x0800:
    case TYPE_WCCP:
        return PROTOCOL_IPV4;
    case 0x86dd:
        return PROTOCOL_IPV6;
    case 0x0806:
        return PROTOCOL_ARP;
    case 0x6558: /* transparent Ethernet bridging */
    case 0x6400:
        return PROTOCOL_ETHERNET;
    case GRE_TYPE_ERSPAN:
    case GRE_TYPE_ERSPAN3:
        return PROTOCOL_ERSPAN;
    case TYPE_PPP: /* protocols that Wireshark knows, and nobody here */
    case TYPE_CDMA2000:
    case TYPE_3GPP2:
    case 0x2000: /* CDP */
    case 0x2001: /* NHRP */
    case 0x00fe: /* OSI */
    case 0x6559: /* frame relay */
    case 0x8847: /* MPLS */
    case 0x8848:
    case 0x8909: /* CMD */
    case 0x894f: /* NSH */
        return PROTOCOL_NONE;
    default:
        return PROTOCOL_DATA;
    }
}

static void add_checksum(struct dissection *d, const struct reader *whole, bool is_present, uint16_t checksum)
{
    struct bytes bytes = reader_rest(whole);
    enum checksum_status status = CHECKSUM_UNVERIFIED;

    dissection_add_number(d, GRE_ID(GRE_CHECKSUM), checksum);
    if (!dissection_wants(d, PROTOCOL_GRE, GRE_CHECKSUM_STATUS) &&
        !dissection_wants(d, PROTOCOL_GRE, GRE_CHECKSUM_INCORRECT))
        return;
    if (is_present && bytes.len >= d->left_wire)
        status = checksum_fold(checksum_add(0, bytes)) == 0xffff ? CHECKSUM_GOOD : CHECKSUM_BAD;
    dissection_add_number(d, GRE_ID(GRE_CHECKSUM_STATUS), status);
    if (status == CHECKSUM_BAD)
        dissection_add_number(d, GRE_ID(GRE_CHECKSUM_INCORRECT), 1);
}

/* Source route entries up to the empty one that ends them: RFC 1701. */
static bool add_routing(struct dissection *d, struct reader *r)
{
    uint8_t offset, length;
    struct bytes information;
    uint16_t family;

    do {
        dissection_add_number(d, GRE_ID(GRE_ROUTING), 1);
        if (!reader_u16(r, &family))
            return false;
        dissection_add_number(d, GRE_ID(GRE_ROUTING_FAMILY), family);
        if (!reader_u8(r, &offset))
            return false;
        dissection_add_number(d, GRE_ID(GRE_ROUTING_OFFSET), offset);
        if (!reader_u8(r, &length))
            return false;
        dissection_add_number(d, GRE_ID(GRE_ROUTING_LENGTH), length);
        if (family == 0 && length == 0)
            return true;
        if (!reader_bytes(r, length, &information))
            return false;
        dissection_add_bytes(d, GRE_ID(GRE_ROUTING_INFORMATION), information);
    } while (true);
}

/* Cisco's WCCP version 2 puts four bytes before the IP packet; version 1, under the same type, does not. */
static bool add_wccp(struct dissection *d, struct reader *r)
{
    uint8_t flags, service, alternative, primary;

    dissection_add_number(d, GRE_ID(GRE_WCCP_REDIRECT), 1);
    if (!reader_u8(r, &flags) || !reader_u8(r, &service) || !reader_u8(r, &alternative) ||
        !reader_u8(r, &primary))
        return false;
    dissection_add_number(d, GRE_ID(GRE_WCCP_DYNAMIC), flags & 1);
    dissection_add_number(d, GRE_ID(GRE_WCCP_ALTERNATIVE_USED), flags >> 1 & 1);
    dissection_add_number(d, GRE_ID(GRE_WCCP_VALID), flags >> 2 & 1);
    dissection_add_number(d, GRE_ID(GRE_WCCP_SERVICE), service);
    dissection_add_number(d, GRE_ID(GRE_WCCP_ALTERNATIVE), alternative);
    dissection_add_number(d, GRE_ID(GRE_WCCP_PRIMARY), primary);
    return true;
}

/* The members that the flags announce; false where the bytes end before. */
static bool add_members(struct dissection *d, struct reader *r, const struct reader *whole, uint16_t flags,
                        uint16_t type, bool is_enhanced)
{
    uint16_t high, low;
    uint32_t word;

    if (flags & (HAS_CHECKSUM | HAS_ROUTING)) {
        if (!reader_u16(r, &high))
            return false;
        add_checksum(d, whole, flags & HAS_CHECKSUM, high);
        if (!reader_u16(r, &low))
            return false;
        dissection_add_number(d, GRE_ID(GRE_OFFSET), low);
    }
    if (flags & HAS_KEY) {
        if (is_enhanced && type != TYPE_CDMA2000) {
            if (!reader_u16(r, &high))
                return false;
            dissection_add_number(d, GRE_ID(GRE_KEY_PAYLOAD_LENGTH), high);
            if (!reader_u16(r, &low))
                return false;
            dissection_add_number(d, GRE_ID(GRE_KEY_CALL_ID), low);
        } else {
            if (!reader_u32(r, &word))
                return false;
            dissection_add_number(d, GRE_ID(GRE_KEY), word);
        }
    }
    if (flags & HAS_SEQUENCE) {
        if (!reader_u32(r, &word))
            return false;
        dissection_add_number(d, GRE_ID(GRE_SEQUENCE_NUMBER), word);
    }
    if (is_enhanced && flags & HAS_ACK) {
        if (!reader_u32(r, &word))
            return false;
        dissection_add_number(d, GRE_ID(GRE_ACK_NUMBER), word);
    }
    return !(flags & HAS_ROUTING) || add_routing(d, r);
}

static enum dissect_result gre_dissect(struct dissection *d, struct reader *r)
{
    struct layer *layer = dissection_push(d, PROTOCOL_GRE, r, 4);
    struct reader whole = *r, peek;
    uint32_t header_len;
    uint16_t flags, type;
    bool is_enhanced;
    uint8_t first;

    if (layer == NULL)
        return DISSECT_OK;
    if (!reader_u16(r, &flags) || !reader_u16(r, &type))
        return dissection_cut(d, 4);
    is_enhanced = (type == TYPE_PPP && flags & VERSION) || type == TYPE_3GPP2 || type == TYPE_CDMA2000;
    if (is_enhanced) {
        dissection_add_number(d, GRE_ID(GRE_FLAGS_ACK), (flags & HAS_ACK) != 0);
        dissection_add_number(d, GRE_ID(GRE_FLAGS_RESERVED), flags >> 3 & 0x0f);
    } else {
        dissection_add_number(d, GRE_ID(GRE_FLAGS_RESERVED), flags >> 3 & 0x1f);
    }
    if (!add_members(d, r, &whole, flags, type, is_enhanced))
        return reader_left(&whole) < d->left_wire ? DISSECT_TRUNCATED : DISSECT_MALFORMED;
    peek = whole;
    if (type == TYPE_WCCP && reader_skip(&peek, 4) && reader_u8(&peek, &first) && first >> 4 != 4 &&
        !add_wccp(d, r))
        return reader_left(&whole) < d->left_wire ? DISSECT_TRUNCATED : DISSECT_MALFORMED;
    header_len = (uint32_t)(r->at - layer->data);
    layer->header_len = header_len;
    if (header_len == d->left_wire && !(flags & HAS_SEQUENCE)) /* nothing follows, and that is fine */
        return DISSECT_OK;
    dissection_next(d, r, type_protocol(type), d->left_wire - header_len);
    return DISSECT_OK;
}

const struct protocol protocol_gre = {
    .name = "gre",
    .title = "Generic Routing Encapsulation",
    .fields = gre_fields,
    .n_fields = sizeof gre_fields / sizeof gre_fields[0],
    .may_carry = PROTOCOL_BIT(PROTOCOL_IPV4) | PROTOCOL_BIT(PROTOCOL_IPV6) | PROTOCOL_BIT(PROTOCOL_ARP) |
                 PROTOCOL_BIT(PROTOCOL_ETHERNET) | PROTOCOL_BIT(PROTOCOL_ERSPAN) |
                 PROTOCOL_BIT(PROTOCOL_DATA),
    .dissect = gre_dissect,
};
