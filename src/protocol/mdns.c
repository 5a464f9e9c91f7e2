/* SPDX-License-Identifier: Apache-2.0 */
/* mdns - RFC 6762. */
#include "protocol/dissection.h"

static enum dissect_result mdns_dissect(struct dissection *d, struct reader *r)
{
    if (!dissection_push(d, PROTOCOL_MDNS, r, (uint32_t)reader_left(r)))
        return DISSECT_OK;
    return DISSECT_OK;
}

const struct protocol protocol_mdns = {
    .name = "mdns",
    .title = "Multicast Domain Name System",
    .dissect = mdns_dissect,
};
