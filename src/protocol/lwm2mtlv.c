/* SPDX-License-Identifier: Apache-2.0 */
/* lwm2mtlv - OMA LwM2M 1.0, section 6.4.3. */
#include "protocol/dissection.h"

static enum dissect_result lwm2mtlv_dissect(struct dissection *d, struct reader *r)
{
    if (!dissection_push(d, PROTOCOL_LWM2MTLV, r, (uint32_t)reader_left(r)))
        return DISSECT_OK;
    return DISSECT_OK;
}

const struct protocol protocol_lwm2mtlv = {
    .name = "lwm2mtlv",
    .title = "Lightweight M2M TLV",
    .dissect = lwm2mtlv_dissect,
};
