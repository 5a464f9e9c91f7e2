/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mqtt_property - the properties of MQTT 5.0 (section 2.2.2): a length, and as many identifiers and values.
 */
#pragma once

#include "protocol/mqtt.h"

struct mqtt_properties {  /* what the packet itself is understood by */
    uint16_t topic_alias; /* 0: none */
    bool has_content_type;
    struct bytes content_type;
};

/* Reads the properties that come next, field (MQTT_PROPERTIES or MQTT_WILL_PROPERTIES) being their mark. */
enum dissect_result mqtt_read_properties(struct mqtt_packet *p, enum mqtt_field field,
                                         struct mqtt_properties *found);
