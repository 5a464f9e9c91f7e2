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
    [IPV6_FRAGHDR_NXT] = { "ipv6.fraghdr.nxt", FIELD_UINT, .title = "Next header", .ft_bits = 8 },
    [IPV6_FRAGHDR_OFFSET] = { "ipv6.fraghdr.offset", FIELD_UINT, .title = "Offset", .ft_bits = 16 },
    [IPV6_FRAGHDR_MORE] = { "ipv6.fraghdr.more", FIELD_BOOL, .title = "More Fragments" },
    [IPV6_FRAGHDR_IDENT] = { "ipv6.fraghdr.ident", FIELD_UINT, FIELD_BASE_HEX, "Identification",
                             .ft_bits = 32 },
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

/* One extension header other than the fragment header; *next becomes what follows it. */
static bool skip_extension(struct reader *r, uint8_t *next)
{
    uint8_t kind = *next, len;

    if (!reader_u8(r, next) || !reader_u8(r, &len))
        return false;
    if (kind == NEXT_AUTHENTICATION) /* RFC 4302 section 2.2: in words of four, less two */
        return reader_skip(r, (size_t)len * 4 + 6);
    return reader_skip(r, (size_t)len * 8 + 6);
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
    dissection_add_number(d, IPV6_ID_OF(IPV6_FRAGHDR_NXT), header->next);
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
    if (next == NEXT_NONE)
        return DISSECT_OK;
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
                dissection_add_number(d, IPV6_ID_OF(IPV6_REASSEMBLED_LENGTH), d->left_wire);
                if (is_extension(header.next)) {
                    d->next = PROTOCOL_NONE;
                    return ipv6_extensions(d, r, layer, header.next, d->left_wire);
                }
            } else if (is_extension(header.next)) {
                d->next = PROTOCOL_DATA;
            }
            return DISSECT_OK;
        }
        if (!skip_extension(r, &next))
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
    struct layer *layer = dissection_push(d, PROTOCOL_IPV6, r, IPV6_HEADER_BYTES);
    uint32_t wire_len;
    uint8_t next;

    if (layer == NULL)
        return DISSECT_OK;
    if (layer->header_len < IPV6_HEADER_BYTES)
        return d->left_wire < IPV6_HEADER_BYTES ? DISSECT_MALFORMED : DISSECT_TRUNCATED;
    dissection_add_number(d, IPV4_ID_OF(IPV4_VERSION), layer->data[0] >> 4);
    next = layer->data[6];
    layer->carries = next;
    if (layer->data[0] >> 4 != 6)
        return DISSECT_MALFORMED;
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
