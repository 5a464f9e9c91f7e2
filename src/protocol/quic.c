/* SPDX-License-Identifier: Apache-2.0 */
/* quic - RFC 9000. */
#include "protocol/quic.h"

#include "protocol/dissection.h"

static enum dissect_result quic_dissect(struct dissection *d, struct reader *r)
{
    if (!dissection_push(d, PROTOCOL_QUIC, r, (uint32_t)reader_left(r)))
        return DISSECT_OK;
    return DISSECT_OK;
}

const struct protocol protocol_quic = {
    .name = "quic",
    .title = "QUIC IETF",
    .dissect = quic_dissect,
};

bool quic_is_likely(const struct dissection *d, const struct reader *r)
{
    (void)d;
    (void)r;
    return false;
}
