/* SPDX-License-Identifier: Apache-2.0 */
/* ethernet - IEEE 802.3 frames: Ethernet II with a type, or with a length and LLC behind it. */
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
};

enum { ETHERNET_HEADER_BYTES = 14 };

static const struct field ethernet_fields[] = {
    [ETHERNET_DST] = { "eth.dst", FIELD_ETHER, .title = "Destination", .at_bit = 0, .n_bits = 48 },
    [ETHERNET_SRC] = { "eth.src", FIELD_ETHER, .title = "Source", .at_bit = 48, .n_bits = 48 },
    [ETHERNET_ADDR] = { "eth.addr", FIELD_ETHER, .title = "Address",
                        .any_of = { ETHERNET_DST, ETHERNET_SRC } },
    [ETHERNET_DST_RESOLVED] = { "eth.dst_resolved", FIELD_STRING, .title = "Destination (resolved)" },
    [ETHERNET_DST_OUI] = { "eth.dst.oui", FIELD_UINT, .title = "Destination OUI", .at_bit = 0, .n_bits = 24 },
    [ETHERNET_DST_LG] = { "eth.dst.lg", FIELD_BOOL, .title = "LG bit", .at_bit = 6, .n_bits = 1 },
    [ETHERNET_DST_IG] = { "eth.dst.ig", FIELD_BOOL, .title = "IG bit", .at_bit = 7, .n_bits = 1 },
    [ETHERNET_SRC_RESOLVED] = { "eth.src_resolved", FIELD_STRING, .title = "Source (resolved)" },
    [ETHERNET_SRC_OUI] = { "eth.src.oui", FIELD_UINT, .title = "Source OUI", .at_bit = 48, .n_bits = 24 },
    [ETHERNET_SRC_LG] = { "eth.src.lg", FIELD_BOOL, .title = "LG bit", .at_bit = 54, .n_bits = 1 },
    [ETHERNET_SRC_IG] = { "eth.src.ig", FIELD_BOOL, .title = "IG bit", .at_bit = 55, .n_bits = 1 },
    [ETHERNET_ADDR_RESOLVED] = { "eth.addr_resolved", FIELD_STRING, .title = "Address (resolved)",
                                 .any_of = { ETHERNET_DST_RESOLVED, ETHERNET_SRC_RESOLVED } },
    [ETHERNET_ADDR_OUI] = { "eth.addr.oui", FIELD_UINT, .title = "Address OUI",
                            .any_of = { ETHERNET_DST_OUI, ETHERNET_SRC_OUI }, .ft_bits = 24 },
    [ETHERNET_LG] = { "eth.lg", FIELD_BOOL, .title = "LG bit",
                      .any_of = { ETHERNET_DST_LG, ETHERNET_SRC_LG } },
    [ETHERNET_IG] = { "eth.ig", FIELD_BOOL, .title = "IG bit",
                      .any_of = { ETHERNET_DST_IG, ETHERNET_SRC_IG } },
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
        dissection_next(d, r, dispatch_ethertype(type), wire_len);
    } else if (type <= IEEE8023_LEN_MAX) {
        dissection_add_number(d, FIELD_ID(PROTOCOL_ETHERNET, ETHERNET_LEN), type);
        if (type > wire_len)
            dissection_add_number(d, FIELD_ID(PROTOCOL_ETHERNET, ETHERNET_LEN_PAST_END), 1);
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
