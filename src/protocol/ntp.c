/* SPDX-License-Identifier: Apache-2.0 */
/* ntp - RFC 5905. */
#include "protocol/dissection.h"

static enum dissect_result ntp_dissect(struct dissection *d, struct reader *r)
{
    if (!dissection_push(d, PROTOCOL_NTP, r, (uint32_t)reader_left(r)))
        return DISSECT_OK;
    return DISSECT_OK;
}

const struct protocol protocol_ntp = {
    .name = "ntp",
    .title = "Network Time Protocol",
    .dissect = ntp_dissect,
};
