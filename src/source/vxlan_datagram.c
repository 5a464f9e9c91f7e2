/* SPDX-License-Identifier: Apache-2.0 */
#include "source/vxlan_datagram.h"

#include "base/reader.h"

enum {
    VXLAN_FLAG_I = 0x08, /* the VNI is valid */
    ETHERNET_HEADER_BYTES = 14,
    ETHERNET_ADDRESSES_BYTES = 12,
    ETHERTYPE_IPV4 = 0x0800,
    ETHERTYPE_VLAN = 0x8100, /* IEEE 802.1Q */
    ETHERTYPE_QINQ = 0x88a8, /* IEEE 802.1ad */
    ETHERTYPE_QINQ_OLD = 0x9100,
    ETHERTYPE_IPV6 = 0x86dd,
    VLAN_TAGS = 4, /* more are nobody's network */
    IPV6_HEADER_BYTES = 40,
};

bool vxlan_datagram_parse(struct bytes payload, uint32_t *vni, struct bytes *frame)
{
    struct reader r = reader_over(payload);
    uint8_t flags, reserved;
    uint32_t reserved_flags, id;

    if (!reader_u8(&r, &flags) || !reader_u24(&r, &reserved_flags) || !reader_u24(&r, &id) ||
        !reader_u8(&r, &reserved))
        return false;
    if ((flags & VXLAN_FLAG_I) == 0 || reader_left(&r) < ETHERNET_HEADER_BYTES)
        return false;
    *vni = id;
    *frame = reader_rest(&r);
    return true;
}

void vxlan_header_write(uint32_t vni, uint8_t header[static VXLAN_HEADER_BYTES])
{
    memset(header, 0, VXLAN_HEADER_BYTES);
    header[0] = VXLAN_FLAG_I;
    header[4] = (uint8_t)(vni >> 16);
    header[5] = (uint8_t)(vni >> 8);
    header[6] = (uint8_t)vni;
}

static bool is_vlan(uint16_t type)
{
    return type == ETHERTYPE_VLAN || type == ETHERTYPE_QINQ || type == ETHERTYPE_QINQ_OLD;
}

/* The bytes its header says the IP packet has; 0 when it does not say. */
static size_t ip_len(struct reader r, uint16_t type)
{
    uint16_t len;
    uint8_t first;

    if (!reader_u8(&r, &first))
        return 0;
    if (type == ETHERTYPE_IPV4 && first >> 4 == 4 && reader_skip(&r, 1) && reader_u16(&r, &len))
        return len; /* 0: left to the network card to fill in */
    if (type == ETHERTYPE_IPV6 && first >> 4 == 6 && reader_skip(&r, 3) && reader_u16(&r, &len))
        return len ? (size_t)len + IPV6_HEADER_BYTES : 0; /* 0: a jumbogram (RFC 2675) */
    return 0;
}

uint32_t ethernet_frame_len(struct bytes frame)
{
    struct reader r = reader_over(frame);
    uint16_t type;
    size_t len;

    if (!reader_skip(&r, ETHERNET_ADDRESSES_BYTES) || !reader_u16(&r, &type))
        return (uint32_t)frame.len;
    for (unsigned n = 0; is_vlan(type) && n < VLAN_TAGS; n++)
        if (!reader_skip(&r, 2) || !reader_u16(&r, &type))
            return (uint32_t)frame.len;
    len = ip_len(r, type);
    if (len <= reader_left(&r))
        return (uint32_t)frame.len;
    return (uint32_t)(frame.len - reader_left(&r) + len);
}
