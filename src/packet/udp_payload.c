/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/udp_payload.h"

#include "base/reader.h"

enum {
    ETHERTYPE_IPV4 = 0x0800,
    ETHERTYPE_VLAN = 0x8100,
    ETHERTYPE_QINQ = 0x88a8,
    ETHERTYPE_IPV6 = 0x86dd,
    VLAN_TAGS = 4,
    IP_PROTOCOL_UDP = 17,
    IPV4_MORE_OR_OFFSET = 0x3fff, /* of flags and fragment offset: anything but "do not fragment" */
    UDP_HEADER_BYTES = 8,
};

/* Moves r to the IP header. */
static bool skip_link(struct reader *r, uint16_t linktype)
{
    uint16_t type = ETHERTYPE_IPV4;

    switch (linktype) {
    case LINKTYPE_RAW:
    case LINKTYPE_IPV4:
    case LINKTYPE_IPV6:
        return true;
    case LINKTYPE_NULL:
    case LINKTYPE_LOOP:
        return reader_skip(r, 4);
    case LINKTYPE_ETHERNET:
        if (!reader_skip(r, 12) || !reader_u16(r, &type))
            return false;
        break;
    case LINKTYPE_LINUX_SLL:
        if (!reader_skip(r, 14) || !reader_u16(r, &type))
            return false;
        break;
    case LINKTYPE_LINUX_SLL2:
        if (!reader_u16(r, &type) || !reader_skip(r, 18))
            return false;
        break;
    default:
        return false;
    }
    for (unsigned n = 0; (type == ETHERTYPE_VLAN || type == ETHERTYPE_QINQ) && n < VLAN_TAGS; n++)
        if (!reader_skip(r, 2) || !reader_u16(r, &type))
            return false;
    return type == ETHERTYPE_IPV4 || type == ETHERTYPE_IPV6;
}

static bool skip_ipv4(struct reader *r, uint8_t first)
{
    size_t header_bytes = (size_t)(first & 15) * 4;
    uint16_t fragment;
    uint8_t protocol;

    if (header_bytes < 20 || !reader_skip(r, 5) || !reader_u16(r, &fragment) || !reader_skip(r, 1) ||
        !reader_u8(r, &protocol))
        return false;
    return protocol == IP_PROTOCOL_UDP && (fragment & IPV4_MORE_OR_OFFSET) == 0 &&
           reader_skip(r, header_bytes - 10);
}

static bool skip_ipv6(struct reader *r)
{
    uint8_t next;

    return reader_skip(r, 5) && reader_u8(r, &next) && next == IP_PROTOCOL_UDP && reader_skip(r, 33);
}

bool udp_payload_find(struct bytes frame, uint16_t linktype, struct udp_payload *payload)
{
    struct reader r = reader_over(frame);
    uint16_t source, port, len, checksum;
    uint8_t first;

    if (!skip_link(&r, linktype) || !reader_u8(&r, &first))
        return false;
    if (first >> 4 == 4 ? !skip_ipv4(&r, first) : first >> 4 != 6 || !skip_ipv6(&r))
        return false;
    if (!reader_u16(&r, &source) || !reader_u16(&r, &port) || !reader_u16(&r, &len) ||
        !reader_u16(&r, &checksum) || len < UDP_HEADER_BYTES)
        return false;
    payload->port = port;
    payload->bytes = reader_rest(&r); /* Ethernet padding may follow it, a snaplen may have cut it */
    if (payload->bytes.len > (size_t)len - UDP_HEADER_BYTES)
        payload->bytes.len = (size_t)len - UDP_HEADER_BYTES;
    return true;
}
