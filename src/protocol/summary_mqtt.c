/* SPDX-License-Identifier: Apache-2.0 */
/* summary_mqtt - MQTT 3.1, 3.1.1 and 5.0, and MQTT-SN 1.2: "Publish Message (id=1) [plant/1/temp]". */
#include "protocol/summary_sentence.h"

enum {
    TYPE,
    MESSAGE_ID,
    TOPIC,
    DUPLICATE,
    CLIENT_ID,
    REASON, /* and those behind it: reason codes, each of one type of message */
    MQTT_FIELDS = REASON + 10
};

static const char *const mqtt_field_names[MQTT_FIELDS] = {
    [TYPE] = "mqtt.msgtype",      [MESSAGE_ID] = "mqtt.msgid",   [TOPIC] = "mqtt.topic",
    [DUPLICATE] = "mqtt.dupflag", [CLIENT_ID] = "mqtt.clientid", [REASON] = "mqtt.conack.val",
    "mqtt.connack.reason_code",   "mqtt.puback.reason_code",     "mqtt.pubrec.reason_code",
    "mqtt.pubrel.reason_code",    "mqtt.pubcomp.reason_code",    "mqtt.suback.qos",
    "mqtt.suback.reason_code",    "mqtt.unsuback.reason_code",   "mqtt.disconnect.reason_code",
};

enum { MQTT_CONNECT = 1, MQTT_PUBLISH = 3, MQTT_SUBSCRIBE = 8 };

static void put_topic(struct sentence *s, struct bytes topic)
{
    sentence_put(s, " [");
    sentence_put_text(s, topic);
    sentence_put(s, "]");
}

static void tell_reason(struct sentence *s, const struct value *reason)
{
    /* MQTT 3.1.1 section 3.2.2.3: each of CONNACK's but 0 refuses; later ones from 0x80 on. */
    bool is_refusal = reason->number >= 0x80 || (reason->field == s->ids[REASON] && reason->number > 0);
    const char *name = sentence_name(reason);

    if (!is_refusal)
        return;
    sentence_printf(s, " (%.80s)", name ? name : "refused");
    sentence_warn(s, SUMMARY_ERROR);
}

/* Whose values lie from i to before end. The id is told first, though a topic comes before it. */
static void put_message(struct sentence *s, uint32_t i, uint32_t end)
{
    const struct value *values = s->d->values;
    uint64_t type = values[i].number;
    const char *name = sentence_name(&values[i]);

    if (name)
        sentence_put(s, name);
    else
        sentence_printf(s, "Message type %u", (unsigned)type);
    for (uint32_t at = i + 1; at < end; at++)
        if (sentence_field_at(s, at, MQTT_FIELDS) == MESSAGE_ID)
            sentence_printf(s, " (id=%u)", (unsigned)values[at].number);
    for (uint32_t at = i + 1; at < end && !s->text->is_full; at++) {
        unsigned field = sentence_field_at(s, at, MQTT_FIELDS);

        if (field == TOPIC && (type == MQTT_PUBLISH || type == MQTT_SUBSCRIBE))
            put_topic(s, values[at].bytes);
        else if (field == CLIENT_ID && type == MQTT_CONNECT && values[at].bytes.len > 0)
            put_topic(s, values[at].bytes);
        else if (field >= REASON && field < MQTT_FIELDS)
            tell_reason(s, &values[at]);
        else if (field == DUPLICATE && type == MQTT_PUBLISH && values[at].number)
            sentence_warn(s, SUMMARY_WARNING);
    }
}

static uint32_t next_message(const struct sentence *s, uint32_t i)
{
    while (i < s->d->n_values && sentence_field_at(s, i, MQTT_FIELDS) != TYPE)
        i++;
    return i;
}

static void put_mqtt(struct sentence *s)
{
    const char *between = "";
    uint32_t end;

    for (uint32_t i = next_message(s, 0); i < s->d->n_values && !s->text->is_full; i = end) {
        end = next_message(s, i + 1);
        sentence_put(s, between);
        put_message(s, i, end);
        between = ", ";
    }
}

const struct summary_trade summary_mqtt = {
    .label = "MQTT",
    .fields = mqtt_field_names,
    .n_fields = MQTT_FIELDS,
    .put = put_mqtt,
};

enum { SN_TYPE, SN_TOPIC, SN_TOPIC_ID, SN_CLIENT_ID, SN_RETURN_CODE, SN_MESSAGE_ID, SN_FIELDS };

static const char *const mqttsn_field_names[SN_FIELDS] = {
    [SN_TYPE] = "mqttsn.msg.type",           [SN_TOPIC] = "mqttsn.topic",
    [SN_TOPIC_ID] = "mqttsn.topic.id",       [SN_CLIENT_ID] = "mqttsn.client.id",
    [SN_RETURN_CODE] = "mqttsn.return.code", [SN_MESSAGE_ID] = "mqttsn.msg.id",
};

static void put_mqttsn(struct sentence *s)
{
    struct value value;
    const char *name;

    sentence_put_named(s, SN_TYPE, "Message");
    if (sentence_value(s, SN_MESSAGE_ID, &value))
        sentence_printf(s, " (id=%u)", (unsigned)value.number);
    if (sentence_value(s, SN_TOPIC, &value))
        put_topic(s, value.bytes);
    else if (sentence_value(s, SN_TOPIC_ID, &value))
        sentence_printf(s, " [topic id %u]", (unsigned)value.number);
    if (sentence_value(s, SN_CLIENT_ID, &value))
        put_topic(s, value.bytes);
    if (sentence_value(s, SN_RETURN_CODE, &value) && value.number) {
        name = sentence_name(&value);
        sentence_printf(s, " (%.60s)", name ? name : "rejected");
        sentence_warn(s, SUMMARY_ERROR);
    }
}

const struct summary_trade summary_mqttsn = {
    .label = "MQTT-SN",
    .fields = mqttsn_field_names,
    .n_fields = SN_FIELDS,
    .put = put_mqttsn,
};
