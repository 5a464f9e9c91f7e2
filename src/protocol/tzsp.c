/* SPDX-License-Identifier: Apache-2.0 */
/* tzsp - Tazmen Sniffer Protocol. */
#include "protocol/dissection.h"

static enum dissect_result tzsp_dissect(struct dissection *d, struct reader *r)
{
    if (!dissection_push(d, PROTOCOL_TZSP, r, (uint32_t)reader_left(r)))
        return DISSECT_OK;
    return DISSECT_OK;
}

const struct protocol protocol_tzsp = {
    .name = "tzsp",
    .title = "Tazmen Sniffer Protocol",
    .dissect = tzsp_dissect,
};
