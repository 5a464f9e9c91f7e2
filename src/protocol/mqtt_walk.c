/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/mqtt_walk.h"

#include "protocol/state.h"

/* The fields from first to last as bits of a demand's first word. */
#define FIELDS(first, last) (~UINT64_C(0) >> (63 - (last)) & ~UINT64_C(0) << (first))
#define FIELD_BIT(field) FIELDS(field, field)

static_assert(MQTT_PROPERTIES < 64 && MQTT_PROP_VALUE < 128, "two words, the first with all but properties");

#define FIXED_HEADER_FIELDS FIELDS(MQTT_HDRFLAGS, MQTT_UNKNOWN_VERSION)
#define CONNECT_FIELDS FIELDS(MQTT_PROTO_LEN, MQTT_PASSWD)
#define PROPERTY_FIELDS FIELDS(MQTT_PROPERTIES, 63)
/* Those for which it does not matter what came before. */
#define SELF_CONTAINED_FIELDS (FIELDS(MQTT_HDRFLAGS, MQTT_LEN) | FIELD_BIT(MQTT_RETAIN) | CONNECT_FIELDS)

static const uint64_t fields_of_type[16] = {
    [MQTT_CONNECT] = CONNECT_FIELDS | FIELD_BIT(MQTT_ILLEGAL_TOPIC_LENGTH) | PROPERTY_FIELDS,
    [MQTT_CONNACK] = FIELDS(MQTT_CONACK_FLAGS, MQTT_CONNACK_REASON) | PROPERTY_FIELDS,
    [MQTT_PUBLISH] = FIELDS(MQTT_MSGID, MQTT_MSG_DECODED_AS) | PROPERTY_FIELDS,
    [MQTT_PUBACK] = FIELD_BIT(MQTT_MSGID) | FIELD_BIT(MQTT_PUBACK_REASON) | PROPERTY_FIELDS,
    [MQTT_PUBREC] = FIELD_BIT(MQTT_MSGID) | FIELD_BIT(MQTT_PUBREC_REASON) | PROPERTY_FIELDS,
    [MQTT_PUBREL] = FIELD_BIT(MQTT_MSGID) | FIELD_BIT(MQTT_PUBREL_REASON) | PROPERTY_FIELDS,
    [MQTT_PUBCOMP] = FIELD_BIT(MQTT_MSGID) | FIELD_BIT(MQTT_PUBCOMP_REASON) | PROPERTY_FIELDS,
    [MQTT_SUBSCRIBE] = FIELDS(MQTT_MSGID, MQTT_ILLEGAL_TOPIC_LENGTH) |
                       FIELDS(MQTT_SUB_QOS, MQTT_SUBSCRIPTION_RESERVED) | PROPERTY_FIELDS,
    [MQTT_SUBACK] = FIELD_BIT(MQTT_MSGID) | FIELDS(MQTT_SUBACK_QOS, MQTT_SUBACK_REASON) | PROPERTY_FIELDS,
    [MQTT_UNSUBSCRIBE] = FIELDS(MQTT_MSGID, MQTT_ILLEGAL_TOPIC_LENGTH) | PROPERTY_FIELDS,
    [MQTT_UNSUBACK] = FIELD_BIT(MQTT_MSGID) | FIELD_BIT(MQTT_UNSUBACK_REASON) | PROPERTY_FIELDS,
    [MQTT_DISCONNECT] = FIELD_BIT(MQTT_DISCONNECT_REASON) | PROPERTY_FIELDS,
    [MQTT_AUTH] = FIELD_BIT(MQTT_AUTH_REASON) | PROPERTY_FIELDS,
};

void mqtt_walk_begin(struct mqtt_walk *walk, struct dissection *d)
{
    const uint64_t *fields = d->demand->fields[PROTOCOL_MQTT];

    walk->d = d;
    walk->wanted = fields[0] | (fields[1] ? FIELD_BIT(MQTT_PROPERTIES) : 0);
    if (d->demand->passable & MQTT_CONTENT_MASK)
        walk->wanted |= FIELD_BIT(MQTT_MSG);
    if (d->demand->is_whole) /* whether all is well formed matters, and what messages hold */
        walk->wanted = ~UINT64_C(0);
    walk->needs_session = walk->wanted & ~SELF_CONTAINED_FIELDS;
    walk->has_looked = false;
}

void mqtt_walk_look_up(struct mqtt_walk *walk)
{
    if (walk->has_looked)
        return;
    walk->has_looked = true;
    walk->session = (struct mqtt_session) { .version = walk->d->preferences->mqtt_default_version };
    walk->sessions = dissect_state_of(walk->d->state, PROTOCOL_MQTT);
    if (walk->sessions && !dissection_ends(walk->d, &walk->ends))
        walk->sessions = NULL;
    if (walk->sessions)
        mqtt_session_find(walk->sessions, &walk->ends.flow, &walk->session);
}

void mqtt_walk_connect(struct mqtt_walk *walk, uint8_t version)
{
    if (!walk->needs_session)
        return;
    mqtt_walk_look_up(walk);
    if (walk->sessions)
        mqtt_session_begin(walk->sessions, &walk->ends.flow, version, &walk->session);
    else
        walk->session.version = version;
}

bool mqtt_walk_wants(const struct mqtt_walk *walk, uint8_t type)
{
    return walk->wanted & (FIXED_HEADER_FIELDS | fields_of_type[type]) ||
           (type == MQTT_CONNECT && walk->needs_session);
}
