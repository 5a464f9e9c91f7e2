/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identity_mqtt - MQTT 3.1 to 5 over TCP: client id and user name of a CONNECT (MQTT 5.0 section 3.1.3), the
 * id a server of version 5 assigns to a client without (section 3.2.2.3.7), and whether it let the client in.
 * A topic names nobody here: how it does is a server's own convention.
 */
#include "device/identity.h"
#include "protocol/mqtt.h"

enum {
    FIELD_TYPE,
    FIELD_CLIENT_ID,
    FIELD_USER,
    FIELD_RETURN_CODE,
    FIELD_REASON_CODE,
    FIELD_PROPERTY_ID,
    FIELD_PROPERTY_TEXT,
    PROPERTY_ASSIGNED_CLIENT_ID = 0x12,
    CONNECT_BYTE = MQTT_CONNECT << 4,
    CONNECT_BYTES_LEAST = 10,
};

/* "MQTT" or "MQIsdp" behind its length, and one to four bytes of the packet's. */
static bool mqtt_is_mine(const struct glance *glance)
{
    const uint8_t *at = glance->payload.data;

    if (glance->payload.len < CONNECT_BYTES_LEAST || at[0] != CONNECT_BYTE)
        return false;
    for (unsigned i = 2; i <= 5; i++) {
        if (at[i] == 0 && (at[i + 1] == 4 || at[i + 1] == 6) && at[i + 2] == 'M' && at[i + 3] == 'Q')
            return true;
    }
    return false;
}

static void mqtt_glance(struct glance *glance)
{
    glance->is_news = true;
}

static void mqtt_look(const struct look *look, struct sighting *seen)
{
    uint64_t type = 0, property = 0;
    const struct value *value;
    unsigned field;

    for (uint32_t at = 0; look_next(look, &at, &field, &value);) {
        switch (field) {
        case FIELD_TYPE:
            type = value->number;
            property = 0;
            if (type == MQTT_CONNECT) {
                seen->steps |= SEEN_BEGIN;
                seen->reason = BINDING_CONNECT;
                seen->is_plain = true;
                seen->instance = 1;
            }
            break;
        case FIELD_CLIENT_ID:
            seen->instance = identity_hash(value->bytes, 0);
            if (value->bytes.len > 0)
                sighting_name(seen, IDENTITY_MQTT_CLIENT_ID, value->bytes);
            break;
        case FIELD_USER:
            if (type == MQTT_CONNECT && value->bytes.len > 0)
                sighting_name(seen, IDENTITY_MQTT_USER, value->bytes);
            break;
        case FIELD_RETURN_CODE:
        case FIELD_REASON_CODE:
            if (type == MQTT_CONNACK)
                seen->steps |= value->number == 0 ? SEEN_ACCEPTED : SEEN_REFUSED;
            break;
        case FIELD_PROPERTY_ID:
            property = value->number;
            break;
        case FIELD_PROPERTY_TEXT:
            if (type == MQTT_CONNACK && property == PROPERTY_ASSIGNED_CLIENT_ID && value->bytes.len > 0)
                sighting_name(seen, IDENTITY_MQTT_CLIENT_ID, value->bytes);
            break;
        default:
            break;
        }
    }
}

static const char *const fields[] = {
    [FIELD_TYPE] = "mqtt.msgtype",
    [FIELD_CLIENT_ID] = "mqtt.clientid",
    [FIELD_USER] = "mqtt.username",
    [FIELD_RETURN_CODE] = "mqtt.conack.val",
    [FIELD_REASON_CODE] = "mqtt.connack.reason_code",
    [FIELD_PROPERTY_ID] = "mqtt.property_id",
    [FIELD_PROPERTY_TEXT] = "mqtt.prop_string",
    NULL,
};

const struct identity_source identity_mqtt = {
    .protocol = PROTOCOL_MQTT,
    .ip_protocol = 6,
    .fields = fields,
    .is_mine = mqtt_is_mine,
    .glance = mqtt_glance,
    .look = mqtt_look,
};
