/* SPDX-License-Identifier: Apache-2.0 */
/*
 * null - BSD loopback: four bytes of address family, in the byte order of the host that captured
 * (LINKTYPE_NULL) or of the network (LINKTYPE_LOOP).
 */
#include "protocol/dispatch.h"
#include "protocol/dissection.h"
#include "protocol/names.h"

enum { NULL_FAMILY, NULL_TYPE };

static const struct value_name family_names[] = {
    { 2, "IP" },    { 7, "OSI" },   { 16, "Appletalk" }, { 23, "Netware IPX/SPX" },
    { 24, "IPv6" }, { 28, "IPv6" }, { 30, "IPv6" },      { 0, NULL },
};

static const struct field null_fields[] = {
    /* Of PPP frames that old BSDs wrote with this link type: not met, and so never there. */
    [NULL_TYPE] = { "null.type", FIELD_UINT, FIELD_BASE_HEX, "Type", .ft_bits = 16,
                    .names = ethertype_names },
    [NULL_FAMILY] = { "null.family", FIELD_UINT, .title = "Family", .ft_bits = 32, .names = family_names },
};

static enum protocol_id family_protocol(uint32_t family)
{
    switch (family) {
    case 2: /* AF_INET everywhere */
        return PROTOCOL_IPV4;
    case 10: /* AF_INET6: Linux */
    case 24: /* NetBSD, OpenBSD, BSD/OS */
    case 28: /* FreeBSD */
    case 30: /* Darwin */
        return PROTOCOL_IPV6;
    default:
        return PROTOCOL_DATA;
    }
}

static enum dissect_result null_dissect(struct dissection *d, struct reader *r)
{
    uint32_t family;

    if (!dissection_push(d, PROTOCOL_NULL_LOOPBACK, r, 4))
        return DISSECT_OK;
    if (!reader_u32(r, &family))
        return DISSECT_TRUNCATED;
    if (family & 0xffff0000) /* written by a little-endian host: families are small numbers */
        family = __builtin_bswap32(family);
    dissection_add_number(d, FIELD_ID(PROTOCOL_NULL_LOOPBACK, NULL_FAMILY), family);
    dissection_next(d, r, family_protocol(family), d->left_wire - 4);
    return DISSECT_OK;
}

const struct protocol protocol_null = {
    .name = "null",
    .title = "Null/Loopback",
    .fields = null_fields,
    .n_fields = sizeof null_fields / sizeof null_fields[0],
    .may_carry = PROTOCOL_BIT(PROTOCOL_IPV4) | PROTOCOL_BIT(PROTOCOL_IPV6) | PROTOCOL_BIT(PROTOCOL_DATA),
    .dissect = null_dissect,
};
