/* SPDX-License-Identifier: Apache-2.0 */
/* erspan - draft-foschiano-erspan-03. */
#include "protocol/dissection.h"

static enum dissect_result erspan_dissect(struct dissection *d, struct reader *r)
{
    if (!dissection_push(d, PROTOCOL_ERSPAN, r, (uint32_t)reader_left(r)))
        return DISSECT_OK;
    return DISSECT_OK;
}

const struct protocol protocol_erspan = {
    .name = "erspan",
    .title = "Encapsulated Remote Switch Packet ANalysis",
    .dissect = erspan_dissect,
};
