/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sll - Linux cooked captures, version 1 (LINKTYPE_LINUX_SLL) and 2 (LINKTYPE_LINUX_SLL2). Both are `sll` in
 * Wireshark, with their members in different places, so values are added and not read from a fixed place.
 */
#include "protocol/dispatch.h"
#include "protocol/dissection.h"
#include "protocol/names.h"

enum {
    SLL_PKTTYPE,
    SLL_HATYPE,
    SLL_HALEN,
    SLL_SRC_ETH,
    SLL_SRC_IPV4,
    SLL_SRC_OTHER,
    SLL_UNUSED,
    SLL_ETYPE,
    SLL_IFINDEX
};

enum { SLL_HEADER_BYTES = 16, SLL2_HEADER_BYTES = 20, SLL_ADDRESS_BYTES = 8 };

#define SLL_ID(index) FIELD_ID(PROTOCOL_SLL, index)

static const struct value_name pkttype_names[] = {
    { 0, "Unicast to us" },           { 1, "Broadcast" },  { 2, "Multicast" },
    { 3, "Unicast to another host" }, { 4, "Sent by us" }, { 0, NULL },
};

static const struct field sll_fields[] = {
    [SLL_PKTTYPE] = { "sll.pkttype", FIELD_UINT, .title = "Packet type", .ft_bits = 16,
                      .names = pkttype_names },
    [SLL_HATYPE] = { "sll.hatype", FIELD_UINT, .title = "Link-layer address type", .ft_bits = 16,
                     .names = hardware_names },
    [SLL_HALEN] = { "sll.halen", FIELD_UINT, .title = "Link-layer address length", .ft_bits = 16 },
    [SLL_SRC_ETH] = { "sll.src.eth", FIELD_ETHER, .title = "Source" },
    [SLL_SRC_IPV4] = { "sll.src.ipv4", FIELD_IPV4, .title = "Source" },
    [SLL_SRC_OTHER] = { "sll.src.other", FIELD_BYTES, .title = "Source" },
    [SLL_UNUSED] = { "sll.unused", FIELD_BYTES, .title = "Unused" },
    [SLL_ETYPE] = { "sll.etype", FIELD_UINT, FIELD_BASE_HEX, "Protocol", .ft_bits = 16,
                    .names = ethertype_names },
    [SLL_IFINDEX] = { "sll.ifindex", FIELD_UINT, .title = "Interface index", .ft_bits = 32 },
};

static void add_source(struct dissection *d, unsigned halen, struct bytes address)
{
    if (halen == 6)
        dissection_add_bytes(d, SLL_ID(SLL_SRC_ETH), bytes_of(address.data, 6));
    else if (halen == 4)
        dissection_add_bytes(d, SLL_ID(SLL_SRC_IPV4), bytes_of(address.data, 4));
    else if (halen > 0)
        dissection_add_bytes(d, SLL_ID(SLL_SRC_OTHER),
                             bytes_of(address.data, halen < SLL_ADDRESS_BYTES ? halen : SLL_ADDRESS_BYTES));
    if (halen < SLL_ADDRESS_BYTES)
        dissection_add_bytes(d, SLL_ID(SLL_UNUSED),
                             bytes_of(address.data + halen, SLL_ADDRESS_BYTES - halen));
}

/* Lower numbers are Linux's own, of frames without an EtherType. */
static void add_type(struct dissection *d, uint16_t etype)
{
    if (etype >= ETHERTYPE_LEAST)
        dissection_add_number(d, SLL_ID(SLL_ETYPE), etype);
}

static enum dissect_result sll_version1(struct dissection *d, struct reader *r)
{
    uint16_t pkttype, hatype, halen, etype;
    struct bytes address;

    if (!reader_u16(r, &pkttype) || !reader_u16(r, &hatype) || !reader_u16(r, &halen) ||
        !reader_bytes(r, SLL_ADDRESS_BYTES, &address) || !reader_u16(r, &etype))
        return DISSECT_TRUNCATED;
    dissection_add_number(d, SLL_ID(SLL_PKTTYPE), pkttype);
    dissection_add_number(d, SLL_ID(SLL_HATYPE), hatype);
    dissection_add_number(d, SLL_ID(SLL_HALEN), halen);
    add_source(d, halen, address);
    add_type(d, etype);
    dissection_next(d, r, dispatch_ethertype(etype), d->left_wire - SLL_HEADER_BYTES);
    return DISSECT_OK;
}

static enum dissect_result sll_version2(struct dissection *d, struct reader *r)
{
    uint16_t etype, reserved, hatype;
    uint32_t ifindex;
    uint8_t pkttype, halen;
    struct bytes address;

    if (!reader_u16(r, &etype) || !reader_u16(r, &reserved) || !reader_u32(r, &ifindex) ||
        !reader_u16(r, &hatype) || !reader_u8(r, &pkttype) || !reader_u8(r, &halen) ||
        !reader_bytes(r, SLL_ADDRESS_BYTES, &address))
        return DISSECT_TRUNCATED;
    add_type(d, etype);
    dissection_add_number(d, SLL_ID(SLL_IFINDEX), ifindex);
    dissection_add_number(d, SLL_ID(SLL_HATYPE), hatype);
    dissection_add_number(d, SLL_ID(SLL_PKTTYPE), pkttype);
    dissection_add_number(d, SLL_ID(SLL_HALEN), halen);
    add_source(d, halen, address);
    dissection_next(d, r, dispatch_ethertype(etype), d->left_wire - SLL2_HEADER_BYTES);
    return DISSECT_OK;
}

static enum dissect_result sll_dissect(struct dissection *d, struct reader *r)
{
    bool is_version2 = d->packet->linktype == LINKTYPE_LINUX_SLL2;

    if (!dissection_push(d, PROTOCOL_SLL, r, is_version2 ? SLL2_HEADER_BYTES : SLL_HEADER_BYTES))
        return DISSECT_OK;
    return is_version2 ? sll_version2(d, r) : sll_version1(d, r);
}

const struct protocol protocol_sll = {
    .name = "sll",
    .title = "Linux cooked-mode capture",
    .fields = sll_fields,
    .n_fields = sizeof sll_fields / sizeof sll_fields[0],
    .may_carry = DISPATCH_ETHERTYPE_MASK,
    .dissect = sll_dissect,
};
