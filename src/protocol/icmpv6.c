/* SPDX-License-Identifier: Apache-2.0 */
/* icmpv6 - RFC 4443, and the target of neighbour discovery (RFC 4861). Errors quote packets as in icmp.c. */
#include "protocol/dispatch.h"
#include "protocol/dissection.h"

enum {
    ICMPV6_TYPE,
    ICMPV6_CODE,
    ICMPV6_CHECKSUM,
    ICMPV6_MTU,
    ICMPV6_ECHO_IDENTIFIER,
    ICMPV6_ECHO_SEQUENCE,
    ICMPV6_NS_TARGET,
    ICMPV6_NA_TARGET,
};

#define ICMPV6_ID(index) FIELD_ID(PROTOCOL_ICMPV6, index)

static const struct field icmpv6_fields[] = {
    [ICMPV6_TYPE] = { "icmpv6.type", FIELD_UINT, .title = "Type", .at_bit = 0, .n_bits = 8 },
    [ICMPV6_CODE] = { "icmpv6.code", FIELD_UINT, .title = "Code", .at_bit = 8, .n_bits = 8 },
    [ICMPV6_CHECKSUM] = { "icmpv6.checksum", FIELD_UINT, FIELD_BASE_HEX, "Checksum", .at_bit = 16,
                          .n_bits = 16 },
    [ICMPV6_MTU] = { "icmpv6.mtu", FIELD_UINT, .title = "MTU", .ft_bits = 32 },
    [ICMPV6_ECHO_IDENTIFIER] = { "icmpv6.echo.identifier", FIELD_UINT, FIELD_BASE_HEX, "Identifier",
                                 .ft_bits = 16 },
    [ICMPV6_ECHO_SEQUENCE] = { "icmpv6.echo.sequence_number", FIELD_UINT, .title = "Sequence",
                               .ft_bits = 16 },
    [ICMPV6_NS_TARGET] = { "icmpv6.nd.ns.target_address", FIELD_IPV6, .title = "Target Address" },
    [ICMPV6_NA_TARGET] = { "icmpv6.nd.na.target_address", FIELD_IPV6, .title = "Target Address" },
};

enum {
    ICMPV6_UNREACHABLE = 1,
    ICMPV6_TOO_BIG = 2,
    ICMPV6_ERROR_LAST = 4,
    ICMPV6_ECHO = 128,
    ICMPV6_ECHO_REPLY = 129,
    ICMPV6_NS = 135,
    ICMPV6_NA = 136
};

static enum dissect_result icmpv6_dissect(struct dissection *d, struct reader *r)
{
    struct layer *layer = dissection_push(d, PROTOCOL_ICMPV6, r, 8);
    uint16_t checksum;
    uint8_t type, code;
    uint32_t word;

    if (layer == NULL)
        return DISSECT_OK;
    if (!reader_u8(r, &type) || !reader_u8(r, &code) || !reader_u16(r, &checksum) || !reader_u32(r, &word))
        return DISSECT_TRUNCATED;
    if (type >= ICMPV6_UNREACHABLE && type <= ICMPV6_ERROR_LAST) {
        if (type == ICMPV6_TOO_BIG)
            dissection_add_number(d, ICMPV6_ID(ICMPV6_MTU), word);
        if (d->left_wire > 8)
            dissection_next(d, r, PROTOCOL_IPV6, d->left_wire - 8);
    } else if (type == ICMPV6_ECHO || type == ICMPV6_ECHO_REPLY) {
        dissection_add_number(d, ICMPV6_ID(ICMPV6_ECHO_IDENTIFIER), word >> 16);
        dissection_add_number(d, ICMPV6_ID(ICMPV6_ECHO_SEQUENCE), word & 0xffff);
        dissection_next(d, r, PROTOCOL_DATA, d->left_wire - 8);
    } else if (type == ICMPV6_NS || type == ICMPV6_NA) {
        struct bytes target;

        if (!reader_bytes(r, 16, &target))
            return DISSECT_TRUNCATED;
        dissection_add_bytes(d, ICMPV6_ID(type == ICMPV6_NS ? ICMPV6_NS_TARGET : ICMPV6_NA_TARGET), target);
    }
    return DISSECT_OK;
}

const struct protocol protocol_icmpv6 = {
    .name = "icmpv6",
    .title = "Internet Control Message Protocol v6",
    .fields = icmpv6_fields,
    .n_fields = sizeof icmpv6_fields / sizeof icmpv6_fields[0],
    .may_carry = PROTOCOL_BIT(PROTOCOL_IPV6) | PROTOCOL_BIT(PROTOCOL_DATA),
    .dissect = icmpv6_dissect,
};
