/* SPDX-License-Identifier: Apache-2.0 */
/* dns - RFC 1035. */
#include "protocol/dissection.h"

static enum dissect_result dns_dissect(struct dissection *d, struct reader *r)
{
    if (!dissection_push(d, PROTOCOL_DNS, r, (uint32_t)reader_left(r)))
        return DISSECT_OK;
    return DISSECT_OK;
}

const struct protocol protocol_dns = {
    .name = "dns",
    .title = "Domain Name System",
    .dissect = dns_dissect,
};
