/* SPDX-License-Identifier: Apache-2.0 */
/* cbor - RFC 8949. */
#include "protocol/dissection.h"

static enum dissect_result cbor_dissect(struct dissection *d, struct reader *r)
{
    if (!dissection_push(d, PROTOCOL_CBOR, r, (uint32_t)reader_left(r)))
        return DISSECT_OK;
    return DISSECT_OK;
}

const struct protocol protocol_cbor = {
    .name = "cbor",
    .title = "Concise Binary Object Representation",
    .dissect = cbor_dissect,
};
