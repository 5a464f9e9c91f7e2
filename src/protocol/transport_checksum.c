/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/transport_checksum.h"

#include "protocol/flow.h"

enum { IPV4_ADDRESSES_AT = 12, IPV6_ADDRESSES_AT = 8, IPV6_HEADER_BYTES = 40, IPV6_NEXT_AT = 6 };

enum {
    NEXT_HOP_BY_HOP = 0,
    NEXT_ROUTING = 43,
    NEXT_FRAGMENT = 44,
    NEXT_AUTHENTICATION = 51,
    NEXT_DESTINATION = 60
};

enum { ROUTE_SOURCE = 0, ROUTE_MOBILE = 2, ROUTE_SEGMENTS = 4 }; /* RFC 5095, 6275, 8754 */

/* The end of the route in a routing header behind its first two bytes; none while nothing is left of it. */
static bool route_end(struct bytes content, struct bytes *end)
{
    enum { FIXED = 6, ADDRESS = 16 };
    struct reader r = reader_over(content);
    uint8_t type, n_left;

    if (!reader_u8(&r, &type) || !reader_u8(&r, &n_left) || n_left == 0 ||
        (type != ROUTE_SOURCE && type != ROUTE_MOBILE && type != ROUTE_SEGMENTS))
        return false;
    if (content.len < FIXED + ADDRESS)
        return false;
    /* Segment routing lists them from the last to the first. */
    r = reader_over(content);
    return reader_skip(&r, type == ROUTE_SEGMENTS ? FIXED : content.len - ADDRESS) &&
           reader_bytes(&r, ADDRESS, end);
}

/* The end of the route in the extension headers of an IPv6 layer. */
static bool find_route_end(const struct layer *ip, struct bytes *end)
{
    struct reader r = reader_over(bytes_of(ip->data, ip->header_len));
    uint8_t next, kind, len;
    struct bytes content;
    bool is_found = false;

    if (!reader_skip(&r, IPV6_NEXT_AT) || !reader_u8(&r, &next) ||
        !reader_skip(&r, IPV6_HEADER_BYTES - IPV6_NEXT_AT - 1))
        return false;
    for (;;) {
        kind = next;
        if ((kind != NEXT_HOP_BY_HOP && kind != NEXT_ROUTING && kind != NEXT_FRAGMENT &&
             kind != NEXT_AUTHENTICATION && kind != NEXT_DESTINATION) ||
            !reader_u8(&r, &next) || !reader_u8(&r, &len))
            return is_found;
        if (!reader_bytes(&r,
                          kind == NEXT_AUTHENTICATION ? (size_t)len * 4 + 6
                          : kind == NEXT_FRAGMENT     ? 6
                                                      : (size_t)len * 8 + 6,
                          &content))
            return is_found;
        if (kind == NEXT_ROUTING && route_end(content, end))
            is_found = true;
    }
}

bool pseudo_header_addresses(const struct layer *ip, uint8_t room[PSEUDO_ADDRESSES_BYTES],
                             struct bytes *addresses)
{
    struct reader r = reader_over(bytes_of(ip->data, ip->header_len));
    bool is_ipv4 = ip->protocol == PROTOCOL_IPV4;
    struct bytes end;

    if (!reader_skip(&r, is_ipv4 ? IPV4_ADDRESSES_AT : IPV6_ADDRESSES_AT) ||
        !reader_bytes(&r, is_ipv4 ? 8 : PSEUDO_ADDRESSES_BYTES, addresses))
        return false;
    if (is_ipv4 || ip->header_len <= IPV6_HEADER_BYTES || !find_route_end(ip, &end))
        return true;
    memcpy(room, addresses->data, PSEUDO_ADDRESSES_BYTES / 2);
    memcpy(room + PSEUDO_ADDRESSES_BYTES / 2, end.data, PSEUDO_ADDRESSES_BYTES / 2);
    *addresses = bytes_of(room, PSEUDO_ADDRESSES_BYTES);
    return true;
}

bool transport_checksum(const struct dissection *d, uint8_t ip_protocol, struct bytes segment, size_t at_byte,
                        uint16_t *expected)
{
    uint32_t sum = ip_protocol + (uint32_t)(segment.len >> 16) + (uint32_t)(segment.len & 0xffff);
    uint32_t i = d->n_layers;
    uint8_t room[PSEUDO_ADDRESSES_BYTES];
    struct bytes addresses;
    struct reader r;
    uint16_t found;

    while (i > 0 && d->layers[i - 1].protocol != PROTOCOL_IPV4 && d->layers[i - 1].protocol != PROTOCOL_IPV6)
        i--;
    if (i == 0)
        return false;
    r = reader_over(segment);
    if (!pseudo_header_addresses(&d->layers[i - 1], room, &addresses) || !reader_skip(&r, at_byte) ||
        !reader_u16(&r, &found))
        return false;
    sum = checksum_fold(checksum_add(checksum_add(sum, addresses), segment));
    *expected = (uint16_t)~checksum_fold(sum + (uint16_t)~found); /* without what stands there: RFC 1624 */
    return true;
}
