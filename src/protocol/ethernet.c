/* SPDX-License-Identifier: Apache-2.0 */
/* ethernet - IEEE 802.3 frames: Ethernet II, and LLC/SNAP where it carries an EtherType. */
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

/* An EtherType behind an LLC/SNAP header (RFC 1042), else PROTOCOL_DATA. */
static enum protocol_id llc_next(struct reader *r)
{
    struct reader snap = *r;
    uint32_t llc, organisation;
    uint16_t ethertype;

    if (!reader_u24(&snap, &llc) || llc != 0xaaaa03 || !reader_u24(&snap, &organisation) ||
        organisation != 0 || !reader_u16(&snap, &ethertype))
        return PROTOCOL_DATA;
    *r = snap;
    return dispatch_ethertype(ethertype);
}

static enum dissect_result ethernet_dissect(struct dissection *d, struct reader *r)
{
    uint32_t wire_len = d->left_wire;
    uint16_t type;

    if (!dissection_push(d, PROTOCOL_ETHERNET, r, ETHERNET_HEADER_BYTES))
        return DISSECT_OK;
    if (!reader_skip(r, 12) || !reader_u16(r, &type))
        return DISSECT_TRUNCATED;
    wire_len -= ETHERNET_HEADER_BYTES;
    if (type >= ETHERTYPE_LEAST) {
        dissection_add_number(d, FIELD_ID(PROTOCOL_ETHERNET, ETHERNET_TYPE), type);
        dissection_next(d, r, dispatch_ethertype(type), wire_len);
    } else {
        const uint8_t *start = r->at;
        enum protocol_id next;

        dissection_add_number(d, FIELD_ID(PROTOCOL_ETHERNET, ETHERNET_LEN), type);
        next = llc_next(r);
        wire_len = type < wire_len ? type : wire_len;
        wire_len -= (uint32_t)(r->at - start) < wire_len ? (uint32_t)(r->at - start) : wire_len;
        dissection_next(d, r, next, wire_len);
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
