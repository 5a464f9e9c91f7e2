/* SPDX-License-Identifier: Apache-2.0 */
/* mqtt - OASIS MQTT 3.1.1 and 5.0. */
#include "protocol/dissection.h"

static enum dissect_result mqtt_dissect(struct dissection *d, struct reader *r)
{
    if (!dissection_push(d, PROTOCOL_MQTT, r, (uint32_t)reader_left(r)))
        return DISSECT_OK;
    return DISSECT_OK;
}

const struct protocol protocol_mqtt = {
    .name = "mqtt",
    .title = "MQ Telemetry Transport Protocol",
    .dissect = mqtt_dissect,
};
