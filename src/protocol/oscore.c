/* SPDX-License-Identifier: Apache-2.0 */
/* oscore - RFC 8613. */
#include "protocol/dissection.h"

static enum dissect_result oscore_dissect(struct dissection *d, struct reader *r)
{
    if (!dissection_push(d, PROTOCOL_OSCORE, r, (uint32_t)reader_left(r)))
        return DISSECT_OK;
    return DISSECT_OK;
}

const struct protocol protocol_oscore = {
    .name = "oscore",
    .title = "Object Security for Constrained RESTful Environments",
    .dissect = oscore_dissect,
};
