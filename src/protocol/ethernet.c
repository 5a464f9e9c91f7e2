/* SPDX-License-Identifier: Apache-2.0 */
/* ethernet - IEEE 802.3 frames: Ethernet II with a type, or with a length and LLC behind it. */
#include "protocol/dispatch.h"
#include "protocol/dissection.h"

enum { ETHERNET_DST, ETHERNET_SRC, ETHERNET_ADDR, ETHERNET_TYPE, ETHERNET_LEN };

enum { ETHERNET_HEADER_BYTES = 14 };

static const struct field ethernet_fields[] = {
    [ETHERNET_DST] = { "eth.dst", FIELD_ETHER, .title = "Destination", .at_bit = 0, .n_bits = 48 },
    [ETHERNET_SRC] = { "eth.src", FIELD_ETHER, .title = "Source", .at_bit = 48, .n_bits = 48 },
    [ETHERNET_ADDR] = { "eth.addr", FIELD_ETHER, .title = "Address",
                        .any_of = { ETHERNET_DST, ETHERNET_SRC } },
    [ETHERNET_TYPE] = { "eth.type", FIELD_UINT, FIELD_BASE_HEX, "Type", .ft_bits = 16 },
    [ETHERNET_LEN] = { "eth.len", FIELD_UINT, .title = "Length", .ft_bits = 16 },
};

static enum dissect_result ethernet_dissect(struct dissection *d, struct reader *r)
{
    uint32_t wire_len = d->left_wire;
    uint16_t type;

    if (!dissection_push(d, PROTOCOL_ETHERNET, r, ETHERNET_HEADER_BYTES))
        return DISSECT_OK;
    if (!reader_skip(r, 12) || !reader_u16(r, &type))
        return DISSECT_TRUNCATED;
    wire_len -= ETHERNET_HEADER_BYTES;
    if (__builtin_expect(type >= ETHERTYPE_LEAST || type == 0, 1)) {
        dissection_add_number(d, FIELD_ID(PROTOCOL_ETHERNET, ETHERNET_TYPE), type);
        dissection_next(d, r, dispatch_ethertype(type), wire_len);
    } else if (type <= IEEE8023_LEN_MAX) {
        dissection_add_number(d, FIELD_ID(PROTOCOL_ETHERNET, ETHERNET_LEN), type);
        dissection_next(d, r, dispatch_ieee8023(r), type < wire_len ? type : wire_len);
    } else {
        dissection_next(d, r, PROTOCOL_DATA, wire_len);
    }
    return DISSECT_OK;
}

const struct protocol protocol_ethernet = {
    .name = "eth",
    .title = "Ethernet",
    .fields = ethernet_fields,
    .n_fields = sizeof ethernet_fields / sizeof ethernet_fields[0],
    .may_carry = DISPATCH_ETHERTYPE_MASK | PROTOCOL_BIT(PROTOCOL_LLC),
    .dissect = ethernet_dissect,
};
