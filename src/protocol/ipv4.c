/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipv4 - RFC 791. Fragments are put together when there is state: the frame that completes the datagram, in
 * whatever order they came, shows what the datagram carries; the others carry data.
 */
#include "protocol/dispatch.h"
#include "protocol/dissection.h"
#include "protocol/fragment.h"
#include "protocol/names.h"

enum {
    IPV4_VERSION,
    IPV4_HDR_LEN,
    IPV4_DSFIELD,
    IPV4_DSCP,
    IPV4_ECN,
    IPV4_LEN,
    IPV4_ID,
    IPV4_FLAGS,
    IPV4_FLAGS_RB,
    IPV4_FLAGS_DF,
    IPV4_FLAGS_MF,
    IPV4_FRAG_OFFSET,
    IPV4_TTL,
    IPV4_PROTO,
    IPV4_CHECKSUM,
    IPV4_SRC,
    IPV4_DST,
    IPV4_ADDR,
    IPV4_REASSEMBLED_LENGTH,
};

enum { IPV4_HEADER_BYTES = 20, IPV4_FLAG_MF = 0x2000, IPV4_OFFSET_MASK = 0x1fff };

#define IPV4_ID_OF(index) FIELD_ID(PROTOCOL_IPV4, index)

static const struct field ipv4_fields[] = {
    [IPV4_VERSION] = { "ip.version", FIELD_UINT, .title = "Version", .at_bit = 0, .n_bits = 4 },
    [IPV4_HDR_LEN] = { "ip.hdr_len", FIELD_UINT, .title = "Header Length", .ft_bits = 8 },
    [IPV4_DSFIELD] = { "ip.dsfield", FIELD_UINT, FIELD_BASE_HEX, "Differentiated Services Field", .at_bit = 8,
                       .n_bits = 8 },
    [IPV4_DSCP] = { "ip.dsfield.dscp", FIELD_UINT, .title = "Differentiated Services Codepoint", .at_bit = 8,
                    .n_bits = 6 },
    [IPV4_ECN] = { "ip.dsfield.ecn", FIELD_UINT, .title = "Explicit Congestion Notification", .at_bit = 14,
                   .n_bits = 2 },
    [IPV4_LEN] = { "ip.len", FIELD_UINT, .title = "Total Length", .at_bit = 16, .n_bits = 16 },
    [IPV4_ID] = { "ip.id", FIELD_UINT, FIELD_BASE_HEX, "Identification", .at_bit = 32, .n_bits = 16 },
    [IPV4_FLAGS] = { "ip.flags", FIELD_UINT, FIELD_BASE_HEX, "Flags", .at_bit = 48, .n_bits = 3 },
    [IPV4_FLAGS_RB] = { "ip.flags.rb", FIELD_BOOL, .title = "Reserved bit", .at_bit = 48, .n_bits = 1 },
    [IPV4_FLAGS_DF] = { "ip.flags.df", FIELD_BOOL, .title = "Don't fragment", .at_bit = 49, .n_bits = 1 },
    [IPV4_FLAGS_MF] = { "ip.flags.mf", FIELD_BOOL, .title = "More fragments", .at_bit = 50, .n_bits = 1 },
    [IPV4_FRAG_OFFSET] = { "ip.frag_offset", FIELD_UINT, .title = "Fragment Offset in units of 8 bytes",
                           .at_bit = 51, .n_bits = 13 },
    [IPV4_TTL] = { "ip.ttl", FIELD_UINT, .title = "Time to Live", .at_bit = 64, .n_bits = 8 },
    [IPV4_PROTO] = { "ip.proto", FIELD_UINT, .title = "Protocol", .at_bit = 72, .n_bits = 8,
                     .names = ip_protocol_names },
    [IPV4_CHECKSUM] = { "ip.checksum", FIELD_UINT, FIELD_BASE_HEX, "Header Checksum", .at_bit = 80,
                        .n_bits = 16 },
    [IPV4_SRC] = { "ip.src", FIELD_IPV4, .title = "Source Address", .at_bit = 96, .n_bits = 32 },
    [IPV4_DST] = { "ip.dst", FIELD_IPV4, .title = "Destination Address", .at_bit = 128, .n_bits = 32 },
    [IPV4_ADDR] = { "ip.addr", FIELD_IPV4, .title = "Source or Destination Address",
                    .any_of = { IPV4_SRC, IPV4_DST } },
    [IPV4_REASSEMBLED_LENGTH] = { "ip.reassembled.length", FIELD_UINT, .title = "Reassembled IPv4 length",
                                  .ft_bits = 32 },
};

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

static enum dissect_result ipv4_fragment(struct dissection *d, struct reader *r, struct layer *layer,
                                         uint32_t wire_len, uint16_t fragment_word)
{
    struct fragment fragment = {
        .source = ip_address_of(bytes_of(layer->data + 12, 4)),
        .destination = ip_address_of(bytes_of(layer->data + 16, 4)),
        .protocol = layer->carries,
        .id = (uint32_t)layer->data[4] << 8 | layer->data[5],
        .offset = (uint32_t)(fragment_word & IPV4_OFFSET_MASK) * 8,
        .has_more = fragment_word & IPV4_FLAG_MF,
        .wire_len = wire_len,
        .is_gathered = d->preferences->ip_defragment,
    };
    enum protocol_id next = fragment_follow(d, r, layer, &fragment, dispatch_ip_protocol(layer->carries));

    if (layer->fragment == FRAGMENT_COMPLETES)
        dissection_add_number(d, IPV4_ID_OF(IPV4_REASSEMBLED_LENGTH), d->left_wire);
    d->next = (uint8_t)next;
    if (layer->fragment == FRAGMENT_COMPLETES && layer->carries == IP_PROTOCOL_AH)
        return ipv4_authenticated(d, r, layer, d->left_wire);
    return DISSECT_OK;
}

static enum dissect_result ipv4_dissect(struct dissection *d, struct reader *r)
{
    struct layer *layer;
    uint32_t header_len, total_len, wire_len;
    uint16_t fragment_word;
    uint8_t first;

    layer = dissection_push(d, PROTOCOL_IPV4, r, IPV4_HEADER_BYTES);
    if (layer == NULL)
        return DISSECT_OK;
    if (layer->header_len < IPV4_HEADER_BYTES)
        return d->left_wire < IPV4_HEADER_BYTES ? DISSECT_MALFORMED : DISSECT_TRUNCATED;
    first = layer->data[0];
    header_len = (first & 15u) * 4;
    dissection_add_number(d, IPV4_ID_OF(IPV4_HDR_LEN), header_len);
    total_len = (uint32_t)layer->data[2] << 8 | layer->data[3];
    fragment_word = (uint16_t)(layer->data[6] << 8 | layer->data[7]);
    layer->carries = layer->data[9];
    if (first >> 4 != 4 || header_len < IPV4_HEADER_BYTES)
        return DISSECT_MALFORMED;
    if (total_len == 0) /* segmentation offload: the card would have filled it in */
        total_len = d->left_wire;
    if (total_len < header_len)
        return DISSECT_MALFORMED;
    if (total_len > d->left_wire) /* a quoted packet in an ICMP error, or a lie */
        total_len = d->left_wire;
    if (header_len > total_len)
        return DISSECT_MALFORMED;
    if (!reader_skip(r, header_len)) {
        layer->header_len = (uint32_t)reader_left(r);
        return DISSECT_TRUNCATED;
    }
    layer->header_len = header_len;
    wire_len = total_len - header_len;
    if (__builtin_expect(fragment_word & (IPV4_FLAG_MF | IPV4_OFFSET_MASK), 0))
        return ipv4_fragment(d, r, layer, wire_len, fragment_word);
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
