/* SPDX-License-Identifier: Apache-2.0 */
/* dhcp - RFC 2131. */
#include "protocol/dissection.h"

static enum dissect_result dhcp_dissect(struct dissection *d, struct reader *r)
{
    if (!dissection_push(d, PROTOCOL_DHCP, r, (uint32_t)reader_left(r)))
        return DISSECT_OK;
    return DISSECT_OK;
}

const struct protocol protocol_dhcp = {
    .name = "dhcp",
    .title = "Dynamic Host Configuration Protocol",
    .dissect = dhcp_dissect,
};
