/* SPDX-License-Identifier: Apache-2.0 */
/* malformed - Wireshark's pseudo protocol of packets that break the rules of one of theirs. Has no bytes: it
 * is present when a layer of the packet is (dissect.c). */
#include "protocol/dissection.h"

static enum dissect_result malformed_dissect(struct dissection *d, struct reader *r)
{
    (void)d;
    (void)r;
    return DISSECT_REFUSED;
}

const struct protocol protocol_malformed = {
    .name = "_ws.malformed",
    .title = "Malformed Packet",
    .dissect = malformed_dissect,
};
