/* SPDX-License-Identifier: Apache-2.0 */
/* mdns - RFC 6762: DNS messages to everybody on the link. The top bit of classes has a meaning of its own. */
#include "protocol/dns.h"

static enum dissect_result mdns_dissect(struct dissection *d, struct reader *r)
{
    return dns_message_dissect(d, r, PROTOCOL_MDNS);
}

const struct protocol protocol_mdns = {
    .name = "mdns",
    .title = "Multicast Domain Name System",
    .needs_flow = true,
    .dissect = mdns_dissect,
};
