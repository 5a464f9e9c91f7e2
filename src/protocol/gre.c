/* SPDX-License-Identifier: Apache-2.0 */
/* gre - RFC 2784, RFC 2890. */
#include "protocol/dissection.h"

static enum dissect_result gre_dissect(struct dissection *d, struct reader *r)
{
    if (!dissection_push(d, PROTOCOL_GRE, r, (uint32_t)reader_left(r)))
        return DISSECT_OK;
    return DISSECT_OK;
}

const struct protocol protocol_gre = {
    .name = "gre",
    .title = "Generic Routing Encapsulation",
    .dissect = gre_dissect,
};
