/* SPDX-License-Identifier: Apache-2.0 */
/*
 * icmp - RFC 792. Errors quote the packet that caused them; its layers follow as layers of this packet, so
 * that a filter on an address finds what was said about it.
 */
#include "protocol/dispatch.h"
#include "protocol/dissection.h"

enum { ICMP_TYPE, ICMP_CODE, ICMP_CHECKSUM, ICMP_IDENT, ICMP_SEQ, ICMP_MTU };

enum {
    ICMP_ECHO_REPLY = 0,
    ICMP_UNREACHABLE = 3,
    ICMP_QUENCH = 4,
    ICMP_REDIRECT = 5,
    ICMP_ECHO = 8,
    ICMP_EXPIRED = 11,
    ICMP_PARAMETER = 12
};

#define ICMP_ID(index) FIELD_ID(PROTOCOL_ICMP, index)

static const struct field icmp_fields[] = {
    [ICMP_TYPE] = { "icmp.type", FIELD_UINT, .title = "Type", .at_bit = 0, .n_bits = 8 },
    [ICMP_CODE] = { "icmp.code", FIELD_UINT, .title = "Code", .at_bit = 8, .n_bits = 8 },
    [ICMP_CHECKSUM] = { "icmp.checksum", FIELD_UINT, FIELD_BASE_HEX, "Checksum", .at_bit = 16, .n_bits = 16 },
    [ICMP_IDENT] = { "icmp.ident", FIELD_UINT, .title = "Identifier", .ft_bits = 16 },
    [ICMP_SEQ] = { "icmp.seq", FIELD_UINT, .title = "Sequence Number", .ft_bits = 16 },
    [ICMP_MTU] = { "icmp.mtu", FIELD_UINT, .title = "MTU of next hop", .ft_bits = 16 },
};

static enum dissect_result icmp_dissect(struct dissection *d, struct reader *r)
{
    struct layer *layer = dissection_push(d, PROTOCOL_ICMP, r, 8);
    uint16_t checksum, first, second;
    uint8_t type, code;

    if (layer == NULL)
        return DISSECT_OK;
    if (!reader_u8(r, &type) || !reader_u8(r, &code) || !reader_u16(r, &checksum) || !reader_u16(r, &first) ||
        !reader_u16(r, &second))
        return DISSECT_TRUNCATED;
    switch (type) {
    case ICMP_ECHO:
    case ICMP_ECHO_REPLY:
        dissection_add_number(d, ICMP_ID(ICMP_IDENT), first);
        dissection_add_number(d, ICMP_ID(ICMP_SEQ), second);
        dissection_next(d, r, PROTOCOL_DATA, d->left_wire - 8);
        break;
    case ICMP_UNREACHABLE:
        if (code == 4) /* fragmentation needed: RFC 1191 section 4 */
            dissection_add_number(d, ICMP_ID(ICMP_MTU), second);
        dissection_next(d, r, PROTOCOL_IPV4, d->left_wire - 8);
        break;
    case ICMP_QUENCH:
    case ICMP_REDIRECT:
    case ICMP_EXPIRED:
    case ICMP_PARAMETER:
        dissection_next(d, r, PROTOCOL_IPV4, d->left_wire - 8);
        break;
    default:
        break;
    }
    if (d->next == PROTOCOL_IPV4 && d->left_wire == 0)
        d->next = PROTOCOL_NONE;
    return DISSECT_OK;
}

const struct protocol protocol_icmp = {
    .name = "icmp",
    .title = "Internet Control Message Protocol",
    .fields = icmp_fields,
    .n_fields = sizeof icmp_fields / sizeof icmp_fields[0],
    .may_carry = PROTOCOL_BIT(PROTOCOL_IPV4) | PROTOCOL_BIT(PROTOCOL_DATA),
    .dissect = icmp_dissect,
};
