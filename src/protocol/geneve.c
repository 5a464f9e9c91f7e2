/* SPDX-License-Identifier: Apache-2.0 */
/* geneve - RFC 8926. */
#include "protocol/dissection.h"

static enum dissect_result geneve_dissect(struct dissection *d, struct reader *r)
{
    if (!dissection_push(d, PROTOCOL_GENEVE, r, (uint32_t)reader_left(r)))
        return DISSECT_OK;
    return DISSECT_OK;
}

const struct protocol protocol_geneve = {
    .name = "geneve",
    .title = "Generic Network Virtualization Encapsulation",
    .dissect = geneve_dissect,
};
