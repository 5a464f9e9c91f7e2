/* SPDX-License-Identifier: Apache-2.0 */
/* json - RFC 8259. */
#include "protocol/dissection.h"

static enum dissect_result json_dissect(struct dissection *d, struct reader *r)
{
    if (!dissection_push(d, PROTOCOL_JSON, r, (uint32_t)reader_left(r)))
        return DISSECT_OK;
    return DISSECT_OK;
}

const struct protocol protocol_json = {
    .name = "json",
    .title = "JavaScript Object Notation",
    .dissect = json_dissect,
};
