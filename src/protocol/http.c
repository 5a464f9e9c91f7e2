/* SPDX-License-Identifier: Apache-2.0 */
/* http - RFC 9112. */
#include "protocol/dissection.h"

static enum dissect_result http_dissect(struct dissection *d, struct reader *r)
{
    if (!dissection_push(d, PROTOCOL_HTTP, r, (uint32_t)reader_left(r)))
        return DISSECT_OK;
    return DISSECT_OK;
}

const struct protocol protocol_http = {
    .name = "http",
    .title = "Hypertext Transfer Protocol",
    .dissect = http_dissect,
};
