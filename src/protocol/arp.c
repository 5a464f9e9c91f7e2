/* SPDX-License-Identifier: Apache-2.0 */
/* arp - RFC 826; the addresses only of Ethernet and of IPv4, each whatever the other one is. */
#include "protocol/dissection.h"
#include "protocol/names.h"

enum {
    ARP_HW_TYPE,
    ARP_PROTO_TYPE,
    ARP_HW_SIZE,
    ARP_PROTO_SIZE,
    ARP_OPCODE,
    ARP_SRC_HW_MAC,
    ARP_SRC_PROTO_IPV4,
    ARP_DST_HW_MAC,
    ARP_DST_PROTO_IPV4,
};

enum { ARP_FIXED_BYTES = 8 };
enum { HARDWARE_ETHERNET = 1, HARDWARE_IEEE802 = 6, ETHERNET_BYTES = 6 };
enum { PROTOCOL_TYPE_IPV4 = 0x0800, PROTOCOL_TYPE_AX25_IPV4 = 0xcc, IPV4_BYTES = 4 };

#define ARP_ID(index) FIELD_ID(PROTOCOL_ARP, index)

static const struct value_name opcode_names[] = {
    { 1, "request" },
    { 2, "reply" },
    { 3, "reverse request" },
    { 4, "reverse reply" },
    { 5, "drarp request" },
    { 6, "drarp reply" },
    { 7, "drarp error" },
    { 8, "inverse request" },
    { 9, "inverse reply" },
    { 10, "arp nak" },
    { 11, "mars request" },
    { 12, "mars multi" },
    { 13, "mars mserv" },
    { 14, "mars join" },
    { 15, "mars leave" },
    { 16, "mars nak" },
    { 17, "mars unserv" },
    { 18, "mars sjoin" },
    { 19, "mars sleave" },
    { 20, "mars grouplist request" },
    { 21, "mars grouplist reply" },
    { 22, "mars redirect map" },
    { 23, "mapos unarp" },
    { 24, "experimental 1" },
    { 25, "experimental 2" },
    { 0, "reserved" },
    { 65535, "reserved" },
    { 0, NULL },
};

static const struct field arp_fields[] = {
    [ARP_HW_TYPE] = { "arp.hw.type", FIELD_UINT, .title = "Hardware type", .at_bit = 0, .n_bits = 16,
                      .names = hardware_names },
    [ARP_PROTO_TYPE] = { "arp.proto.type", FIELD_UINT, FIELD_BASE_HEX, "Protocol type", .at_bit = 16,
                         .n_bits = 16, .names = ethertype_names },
    [ARP_HW_SIZE] = { "arp.hw.size", FIELD_UINT, .title = "Hardware size", .at_bit = 32, .n_bits = 8 },
    [ARP_PROTO_SIZE] = { "arp.proto.size", FIELD_UINT, .title = "Protocol size", .at_bit = 40, .n_bits = 8 },
    [ARP_OPCODE] = { "arp.opcode", FIELD_UINT, .title = "Opcode", .at_bit = 48, .n_bits = 16,
                     .names = opcode_names },
    [ARP_SRC_HW_MAC] = { "arp.src.hw_mac", FIELD_ETHER, .title = "Sender MAC address" },
    [ARP_SRC_PROTO_IPV4] = { "arp.src.proto_ipv4", FIELD_IPV4, .title = "Sender IP address" },
    [ARP_DST_HW_MAC] = { "arp.dst.hw_mac", FIELD_ETHER, .title = "Target MAC address" },
    [ARP_DST_PROTO_IPV4] = { "arp.dst.proto_ipv4", FIELD_IPV4, .title = "Target IP address" },
};

static enum dissect_result arp_dissect(struct dissection *d, struct reader *r)
{
    struct layer *layer = dissection_push(d, PROTOCOL_ARP, r, ARP_FIXED_BYTES);
    struct reader whole = *r;
    uint16_t hw_type, proto_type, opcode;
    uint8_t hw_size, proto_size;
    bool is_ethernet, is_ipv4;
    struct bytes address;
    uint32_t len;

    if (layer == NULL)
        return DISSECT_OK;
    if (!reader_u16(r, &hw_type) || !reader_u16(r, &proto_type) || !reader_u8(r, &hw_size) ||
        !reader_u8(r, &proto_size) || !reader_u16(r, &opcode))
        return DISSECT_TRUNCATED;
    is_ethernet = (hw_type == HARDWARE_ETHERNET || hw_type == HARDWARE_IEEE802) && hw_size == ETHERNET_BYTES;
    is_ipv4 = (proto_type == PROTOCOL_TYPE_IPV4 || proto_type == PROTOCOL_TYPE_AX25_IPV4) &&
              proto_size == IPV4_BYTES;
    len = ARP_FIXED_BYTES + 2u * (hw_size + (uint32_t)proto_size);
    layer->header_len = reader_left(&whole) < len ? (uint32_t)reader_left(&whole) : len;
    if (reader_left(&whole) < len)
        return dissection_cut(d, len);
    for (unsigned i = 0; i < 2; i++) {
        if (!reader_bytes(r, hw_size, &address))
            return dissection_cut(d, len);
        if (is_ethernet)
            dissection_add_bytes(d, ARP_ID(i ? ARP_DST_HW_MAC : ARP_SRC_HW_MAC), address);
        if (!reader_bytes(r, proto_size, &address))
            return dissection_cut(d, len);
        if (is_ipv4)
            dissection_add_bytes(d, ARP_ID(i ? ARP_DST_PROTO_IPV4 : ARP_SRC_PROTO_IPV4), address);
    }
    return DISSECT_OK;
}

const struct protocol protocol_arp = {
    .name = "arp",
    .title = "Address Resolution Protocol",
    .fields = arp_fields,
    .n_fields = sizeof arp_fields / sizeof arp_fields[0],
    .dissect = arp_dissect,
};
