/* SPDX-License-Identifier: Apache-2.0 */
/* tls - RFC 5246, RFC 8446. */
#include "protocol/dissection.h"

static enum dissect_result tls_dissect(struct dissection *d, struct reader *r)
{
    if (!dissection_push(d, PROTOCOL_TLS, r, (uint32_t)reader_left(r)))
        return DISSECT_OK;
    return DISSECT_OK;
}

const struct protocol protocol_tls = {
    .name = "tls",
    .title = "Transport Layer Security",
    .dissect = tls_dissect,
};
