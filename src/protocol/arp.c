/* SPDX-License-Identifier: Apache-2.0 */
/* arp - RFC 826; the addresses only for Ethernet and IPv4, the one pairing met in the field. */
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

enum { ARP_FIXED_BYTES = 8, ARP_ETHERNET_IPV4_BYTES = 28 };

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
    [ARP_SRC_HW_MAC] = { "arp.src.hw_mac", FIELD_ETHER, .title = "Sender MAC address", .at_bit = 64,
                         .n_bits = 48 },
    [ARP_SRC_PROTO_IPV4] = { "arp.src.proto_ipv4", FIELD_IPV4, .title = "Sender IP address", .at_bit = 112,
                             .n_bits = 32 },
    [ARP_DST_HW_MAC] = { "arp.dst.hw_mac", FIELD_ETHER, .title = "Target MAC address", .at_bit = 144,
                         .n_bits = 48 },
    [ARP_DST_PROTO_IPV4] = { "arp.dst.proto_ipv4", FIELD_IPV4, .title = "Target IP address", .at_bit = 192,
                             .n_bits = 32 },
};

static enum dissect_result arp_dissect(struct dissection *d, struct reader *r)
{
    struct layer *layer = dissection_push(d, PROTOCOL_ARP, r, ARP_FIXED_BYTES);
    struct reader whole = *r;
    uint16_t hw_type, proto_type, opcode;
    uint8_t hw_size, proto_size;

    if (layer == NULL)
        return DISSECT_OK;
    if (!reader_u16(r, &hw_type) || !reader_u16(r, &proto_type) || !reader_u8(r, &hw_size) ||
        !reader_u8(r, &proto_size) || !reader_u16(r, &opcode))
        return DISSECT_TRUNCATED;
    if (hw_size == 6 && proto_size == 4 && proto_type == 0x0800) {
        size_t left = reader_left(&whole);

        layer->header_len = left < ARP_ETHERNET_IPV4_BYTES ? (uint32_t)left : ARP_ETHERNET_IPV4_BYTES;
        if (layer->header_len < ARP_ETHERNET_IPV4_BYTES)
            return DISSECT_TRUNCATED;
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
