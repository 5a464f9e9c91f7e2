/* SPDX-License-Identifier: Apache-2.0 */
/* raw - LINKTYPE_RAW: an IP packet and nothing before it; its first four bits say which. */
#include "protocol/dissection.h"

static enum dissect_result raw_dissect(struct dissection *d, struct reader *r)
{
    struct reader peek = *r;
    enum protocol_id next = PROTOCOL_DATA;
    uint8_t first;

    if (!dissection_push(d, PROTOCOL_RAW, r, 0))
        return DISSECT_OK;
    if (!reader_u8(&peek, &first))
        return DISSECT_TRUNCATED;
    if (first >> 4 == 4)
        next = PROTOCOL_IPV4;
    else if (first >> 4 == 6)
        next = PROTOCOL_IPV6;
    dissection_next(d, r, next, d->left_wire);
    return DISSECT_OK;
}

const struct protocol protocol_raw = {
    .name = "raw",
    .title = "Raw packet data",
    .may_carry = PROTOCOL_BIT(PROTOCOL_IPV4) | PROTOCOL_BIT(PROTOCOL_IPV6) | PROTOCOL_BIT(PROTOCOL_DATA),
    .dissect = raw_dissect,
};
