/* SPDX-License-Identifier: Apache-2.0 */
/* coap - RFC 7252. */
#include "protocol/dissection.h"

static enum dissect_result coap_dissect(struct dissection *d, struct reader *r)
{
    if (!dissection_push(d, PROTOCOL_COAP, r, (uint32_t)reader_left(r)))
        return DISSECT_OK;
    return DISSECT_OK;
}

const struct protocol protocol_coap = {
    .name = "coap",
    .title = "Constrained Application Protocol",
    .dissect = coap_dissect,
};
