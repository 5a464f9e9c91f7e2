/* SPDX-License-Identifier: Apache-2.0 */
/* ethernet - IEEE 802.3 frames: Ethernet II with a type, or with a length and LLC behind it. */
#include "protocol/checksum.h"
#include "protocol/dispatch.h"
#include "protocol/dissection.h"
#include "protocol/names.h"

enum {
    ETHERNET_DST,
    ETHERNET_DST_RESOLVED,
    ETHERNET_DST_OUI,
    ETHERNET_DST_LG,
    ETHERNET_DST_IG,
    ETHERNET_SRC,
    ETHERNET_SRC_RESOLVED,
    ETHERNET_SRC_OUI,
    ETHERNET_SRC_LG,
    ETHERNET_SRC_IG,
    ETHERNET_ADDR,
    ETHERNET_ADDR_RESOLVED,
    ETHERNET_ADDR_OUI,
    ETHERNET_LG,
    ETHERNET_IG,
    ETHERNET_TYPE,
    ETHERNET_LEN,
    ETHERNET_INVALID_LENTYPE,
    ETHERNET_INVALID_LENTYPE_EXPERT,
    ETHERNET_LEN_PAST_END,
    ETHERNET_SRC_NOT_GROUP,
    ETHERNET_PADDING,
    ETHERNET_PADDING_BAD,
    ETHERNET_TRAILER,
    ETHERNET_FCS,
    ETHERNET_FCS_STATUS,
};

enum {
    ETHERNET_HEADER_BYTES = 14,
    FCS_BYTES = 4,
    PADDED_BYTES = 60, /* IEEE 802.3 section 3.2.8: shorter frames are filled up to here */
};

static const struct field ethernet_fields[] = {
    [ETHERNET_DST] = { "eth.dst", FIELD_ETHER, .title = "Destination", .at_bit = 0, .n_bits = 48 },
    [ETHERNET_SRC] = { "eth.src", FIELD_ETHER, .title = "Source", .at_bit = 48, .n_bits = 48 },
    [ETHERNET_ADDR] = { "eth.addr", FIELD_ETHER, .title = "Address",
                        .any_of = { ETHERNET_DST, ETHERNET_SRC } },
    [ETHERNET_DST_RESOLVED] = { "eth.dst_resolved", FIELD_STRING, .title = "Destination (resolved)" },
    [ETHERNET_DST_OUI] = { "eth.dst.oui", FIELD_UINT, .title = "Destination OUI", .at_bit = 0, .n_bits = 24 },
    [ETHERNET_DST_LG] = { "eth.dst.lg", FIELD_BOOL, .title = "LG bit", .at_bit = 6, .n_bits = 1,
                          .names = lg_names },
    [ETHERNET_DST_IG] = { "eth.dst.ig", FIELD_BOOL, .title = "IG bit", .at_bit = 7, .n_bits = 1,
                          .names = ig_names },
    [ETHERNET_SRC_RESOLVED] = { "eth.src_resolved", FIELD_STRING, .title = "Source (resolved)" },
    [ETHERNET_SRC_OUI] = { "eth.src.oui", FIELD_UINT, .title = "Source OUI", .at_bit = 48, .n_bits = 24 },
    [ETHERNET_SRC_LG] = { "eth.src.lg", FIELD_BOOL, .title = "LG bit", .at_bit = 54, .n_bits = 1,
                          .names = lg_names },
    [ETHERNET_SRC_IG] = { "eth.src.ig", FIELD_BOOL, .title = "IG bit", .at_bit = 55, .n_bits = 1,
                          .names = ig_names },
    [ETHERNET_ADDR_RESOLVED] = { "eth.addr_resolved", FIELD_STRING, .title = "Address (resolved)",
                                 .any_of = { ETHERNET_DST_RESOLVED, ETHERNET_SRC_RESOLVED } },
    [ETHERNET_ADDR_OUI] = { "eth.addr.oui", FIELD_UINT, .title = "Address OUI",
                            .any_of = { ETHERNET_DST_OUI, ETHERNET_SRC_OUI }, .ft_bits = 24 },
    [ETHERNET_LG] = { "eth.lg", FIELD_BOOL, .title = "LG bit", .any_of = { ETHERNET_DST_LG, ETHERNET_SRC_LG },
                      .names = lg_names },
    [ETHERNET_IG] = { "eth.ig", FIELD_BOOL, .title = "IG bit", .any_of = { ETHERNET_DST_IG, ETHERNET_SRC_IG },
                      .names = ig_names },
    [ETHERNET_TYPE] = { "eth.type", FIELD_UINT, FIELD_BASE_HEX, "Type", .ft_bits = 16,
                        .names = ethertype_names },
    [ETHERNET_INVALID_LENTYPE] = { "eth.invalid_lentype", FIELD_UINT, FIELD_BASE_HEX, "Invalid length/type",
                                   .ft_bits = 16 },
    [ETHERNET_INVALID_LENTYPE_EXPERT] = { "eth.invalid_lentype.expert", FIELD_NONE,
                                          .title = "Invalid length/type" },
    [ETHERNET_LEN_PAST_END] = { "eth.len.past_end", FIELD_NONE, .is_fault = true,
                                .title = "Length field value goes past the end of the payload" },
    [ETHERNET_SRC_NOT_GROUP] = { "eth.src_not_group", FIELD_NONE,
                                 .title = "Source MAC must not be a group address: IEEE 802.3-2002, Section "
                                          "3.2.3(b)" },
    [ETHERNET_LEN] = { "eth.len", FIELD_UINT, .title = "Length", .ft_bits = 16 },
    [ETHERNET_PADDING] = { "eth.padding", FIELD_BYTES, .title = "Padding" },
    [ETHERNET_PADDING_BAD] = { "eth.padding_bad", FIELD_NONE,
                               .title =
                                   "Padding identification may be inaccurate and impact trailer dissector" },
    [ETHERNET_TRAILER] = { "eth.trailer", FIELD_BYTES, .title = "Trailer" },
    [ETHERNET_FCS] = { "eth.fcs", FIELD_UINT, FIELD_BASE_HEX, "Frame check sequence", .ft_bits = 32 },
    [ETHERNET_FCS_STATUS] = { "eth.fcs.status", FIELD_UINT, .title = "FCS Status", .ft_bits = 8,
                              .names = checksum_status_names },
};

/* An address as text: names for addresses are nobody's here. */
static void add_resolved(struct dissection *d, unsigned field, const uint8_t *address)
{
    static const char digits[] = "0123456789abcdef";
    enum { TEXT_BYTES = 17 };
    uint8_t *text;

    if (!dissection_wants(d, PROTOCOL_ETHERNET, field) || (text = dissection_scratch(d, TEXT_BYTES)) == NULL)
        return;
    for (unsigned i = 0; i < 6; i++) {
        text[i * 3] = (uint8_t)digits[address[i] >> 4];
        text[i * 3 + 1] = (uint8_t)digits[address[i] & 15];
        if (i < 5)
            text[i * 3 + 2] = ':';
    }
    dissection_add_bytes(d, FIELD_ID(PROTOCOL_ETHERNET, field), bytes_of(text, TEXT_BYTES));
}

/* How many of the wire_len bytes at *r the packet of that type says are its own; wire_len where it does not
 * tell. */
static uint32_t packet_len(const struct reader *r, uint16_t type, uint32_t wire_len)
{
    enum { ETHERTYPE_IPV4 = 0x0800, ETHERTYPE_ARP = 0x0806, ETHERTYPE_IPV6 = 0x86dd };
    struct reader peek = *r;
    uint8_t first, hardware_len, address_len;
    uint16_t len;
    uint32_t header_len, total = wire_len;

    switch (type) {
    case ETHERTYPE_IPV4:
        if (!reader_u8(&peek, &first) || !reader_skip(&peek, 1) || !reader_u16(&peek, &len))
            return wire_len;
        header_len = (first & 15u) * 4;
        if (first >> 4 == 4 && header_len >= 20 && len >= header_len)
            total = len;
        break;
    case ETHERTYPE_IPV6:
        if (!reader_u8(&peek, &first) || !reader_skip(&peek, 3) || !reader_u16(&peek, &len))
            return wire_len;
        if (first >> 4 == 6 && len > 0)
            total = 40u + len;
        break;
    case ETHERTYPE_ARP:
        if (!reader_skip(&peek, 4) || !reader_u8(&peek, &hardware_len) || !reader_u8(&peek, &address_len))
            return wire_len;
        total = 8 + 2u * hardware_len + 2u * address_len;
        break;
    default:
        break;
    }
    return total < wire_len ? total : wire_len;
}

/*
 * What stands behind the packet, in the wire_len bytes at *r of which it fills len: zeros that fill a short
 * frame up, something that somebody on the way has added, and in a frame of 64 bytes or more, by Wireshark's
 * guess, the frame check sequence. (Frames in tunnels come without one.)
 */
static void add_trailer(struct dissection *d, const struct reader *r, uint32_t len, uint32_t wire_len)
{
    uint32_t frame_len = d->packet->len, trailer_wire_len = wire_len - len, padding_len = 0;
    bool may_be_padded = frame_len >= PADDED_BYTES && frame_len - trailer_wire_len < PADDED_BYTES;
    bool is_outermost = !(d->present & ~(PROTOCOL_BIT(PROTOCOL_FRAME) | PROTOCOL_BIT(PROTOCOL_ETHERNET))) &&
                        wire_len + ETHERNET_HEADER_BYTES == frame_len;
    struct reader rest = *r;
    struct bytes trailer, fcs = { 0 };

    if (!reader_skip(&rest, len) || reader_left(&rest) == 0)
        return;
    trailer = reader_rest(&rest);
    if (may_be_padded) {
        padding_len = PADDED_BYTES - (frame_len - trailer_wire_len);
        for (uint32_t i = 0; i < padding_len; i++) {
            if (i >= trailer.len)
                return;
            if (trailer.data[i] != 0)
                padding_len = 0;
        }
    }
    if (padding_len > 0)
        dissection_add_bytes(d, FIELD_ID(PROTOCOL_ETHERNET, ETHERNET_PADDING),
                             bytes_of(trailer.data, padding_len));
    trailer = bytes_of(trailer.data + padding_len, trailer.len - padding_len);
    trailer_wire_len -= padding_len;
    if (is_outermost && frame_len >= PADDED_BYTES + FCS_BYTES && trailer_wire_len >= FCS_BYTES) {
        uint32_t before = trailer_wire_len - FCS_BYTES;

        if (trailer.len > before) {
            fcs = bytes_of(trailer.data + before, trailer.len - before);
            trailer.len = before;
        }
    }
    if (trailer.len > 0) {
        dissection_add_bytes(d, FIELD_ID(PROTOCOL_ETHERNET, ETHERNET_TRAILER), trailer);
        if (may_be_padded && padding_len == 0)
            dissection_add_number(d, FIELD_ID(PROTOCOL_ETHERNET, ETHERNET_PADDING_BAD), 1);
    }
    if (fcs.len == FCS_BYTES) {
        dissection_add_number(d, FIELD_ID(PROTOCOL_ETHERNET, ETHERNET_FCS),
                              (uint32_t)fcs.data[0] << 24 | (uint32_t)fcs.data[1] << 16 |
                                  (uint32_t)fcs.data[2] << 8 | fcs.data[3]);
        dissection_add_number(d, FIELD_ID(PROTOCOL_ETHERNET, ETHERNET_FCS_STATUS), CHECKSUM_UNVERIFIED);
    }
}

static bool wants_trailer(const struct dissection *d)
{
    return dissection_wants(d, PROTOCOL_ETHERNET, ETHERNET_PADDING) ||
           dissection_wants(d, PROTOCOL_ETHERNET, ETHERNET_PADDING_BAD) ||
           dissection_wants(d, PROTOCOL_ETHERNET, ETHERNET_TRAILER) ||
           dissection_wants(d, PROTOCOL_ETHERNET, ETHERNET_FCS) ||
           dissection_wants(d, PROTOCOL_ETHERNET, ETHERNET_FCS_STATUS);
}

static enum dissect_result ethernet_dissect(struct dissection *d, struct reader *r)
{
    struct layer *layer = dissection_push(d, PROTOCOL_ETHERNET, r, ETHERNET_HEADER_BYTES);
    uint32_t wire_len = d->left_wire;
    uint16_t type;

    if (layer == NULL)
        return DISSECT_OK;
    if (!reader_skip(r, 12) || !reader_u16(r, &type)) {
        layer->header_len = 0; /* a part of a header is shown as none, as in Wireshark */
        return dissection_cut(d, ETHERNET_HEADER_BYTES);
    }
    add_resolved(d, ETHERNET_DST_RESOLVED, layer->data);
    add_resolved(d, ETHERNET_SRC_RESOLVED, layer->data + 6);
    if (layer->data[6] & 1)
        dissection_add_number(d, FIELD_ID(PROTOCOL_ETHERNET, ETHERNET_SRC_NOT_GROUP), 1);
    wire_len -= ETHERNET_HEADER_BYTES;
    if (__builtin_expect(type >= ETHERTYPE_LEAST || type == 0, 1)) {
        dissection_add_number(d, FIELD_ID(PROTOCOL_ETHERNET, ETHERNET_TYPE), type);
        if (wants_trailer(d))
            add_trailer(d, r, packet_len(r, type, wire_len), wire_len);
        dissection_next(d, r, dispatch_ethertype(type), wire_len);
    } else if (type <= IEEE8023_LEN_MAX) {
        dissection_add_number(d, FIELD_ID(PROTOCOL_ETHERNET, ETHERNET_LEN), type);
        if (type > wire_len)
            dissection_add_number(d, FIELD_ID(PROTOCOL_ETHERNET, ETHERNET_LEN_PAST_END), 1);
        if (wants_trailer(d))
            add_trailer(d, r, type < wire_len ? type : wire_len, wire_len);
        dissection_next(d, r, dispatch_ieee8023(r), type < wire_len ? type : wire_len);
    } else {
        dissection_add_number(d, FIELD_ID(PROTOCOL_ETHERNET, ETHERNET_INVALID_LENTYPE), type);
        dissection_add_number(d, FIELD_ID(PROTOCOL_ETHERNET, ETHERNET_INVALID_LENTYPE_EXPERT), 1);
        dissection_next(d, r, PROTOCOL_DATA, wire_len);
    }
    return DISSECT_OK;
}

const struct protocol protocol_ethernet = {
    .name = "eth",
    .title = "Ethernet",
    .fields = ethernet_fields,
    .n_fields = sizeof ethernet_fields / sizeof ethernet_fields[0],
    .may_carry = DISPATCH_ETHERTYPE_MASK,
    .dissect = ethernet_dissect,
};
