/* SPDX-License-Identifier: Apache-2.0 */
/* mqttsn - MQTT-SN 1.2. */
#include "protocol/dissection.h"

static enum dissect_result mqttsn_dissect(struct dissection *d, struct reader *r)
{
    if (!dissection_push(d, PROTOCOL_MQTTSN, r, (uint32_t)reader_left(r)))
        return DISSECT_OK;
    return DISSECT_OK;
}

const struct protocol protocol_mqttsn = {
    .name = "mqttsn",
    .title = "MQ Telemetry Transport Protocol for Sensor Networks",
    .dissect = mqttsn_dissect,
};
