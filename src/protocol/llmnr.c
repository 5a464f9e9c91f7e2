/* SPDX-License-Identifier: Apache-2.0 */
/* llmnr - RFC 4795: DNS messages to everybody on the link, as Windows sends them. */
#include "protocol/dns.h"

static enum dissect_result llmnr_dissect(struct dissection *d, struct reader *r)
{
    return dns_message_dissect(d, r, PROTOCOL_LLMNR);
}

const struct protocol protocol_llmnr = {
    .name = "llmnr",
    .title = "Link-local Multicast Name Resolution",
    .needs_flow = true,
    .dissect = llmnr_dissect,
};
