/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mqtt - what the files of this protocol share: its fields, its control packet types, and a control packet
 * that is being read.
 */
#pragma once

#include "protocol/dissection.h"

/*
 * The order matters to mqtt.c: what one type of control packet alone has lies together, and the properties of
 * version 5, which nearly all have, come last.
 */
enum mqtt_field {
    MQTT_HDRFLAGS,
    MQTT_MSGTYPE,
    MQTT_LEN,
    MQTT_DUPFLAG,
    MQTT_QOS,
    MQTT_RETAIN,
    MQTT_HDR_RESERVED,
    MQTT_RETAIN_RESERVED,
    MQTT_UNKNOWN_VERSION,
    MQTT_PROTO_LEN,
    MQTT_PROTONAME,
    MQTT_VER,
    MQTT_CONFLAGS,
    MQTT_CONFLAG_UNAME,
    MQTT_CONFLAG_PASSWD,
    MQTT_CONFLAG_RETAIN,
    MQTT_CONFLAG_QOS,
    MQTT_CONFLAG_WILLFLAG,
    MQTT_CONFLAG_CLEANSESS,
    MQTT_CONFLAG_RESERVED,
    MQTT_KALIVE,
    MQTT_CLIENTID_LEN,
    MQTT_CLIENTID,
    MQTT_WILLTOPIC_LEN,
    MQTT_WILLTOPIC,
    MQTT_WILLMSG_LEN,
    MQTT_WILLMSG,
    MQTT_WILLMSG_TEXT,
    MQTT_USERNAME_LEN,
    MQTT_USERNAME,
    MQTT_PASSWD_LEN,
    MQTT_PASSWD,
    MQTT_CONACK_FLAGS,
    MQTT_CONACK_FLAGS_RESERVED,
    MQTT_CONACK_FLAGS_SP,
    MQTT_CONACK_VAL,
    MQTT_CONNACK_REASON,
    MQTT_MSGID,
    MQTT_TOPIC_LEN,
    MQTT_TOPIC,
    MQTT_ILLEGAL_TOPIC_LENGTH,
    MQTT_UNKNOWN_TOPIC_ALIAS,
    MQTT_MSG,
    MQTT_MSG_TEXT,
    MQTT_MSG_DECODED_AS,
    MQTT_PUBACK_REASON,
    MQTT_PUBREC_REASON,
    MQTT_PUBREL_REASON,
    MQTT_PUBCOMP_REASON,
    MQTT_SUB_QOS,
    MQTT_SUBSCRIPTION_OPTIONS,
    MQTT_SUBSCRIPTION_QOS,
    MQTT_SUBSCRIPTION_NL,
    MQTT_SUBSCRIPTION_RAP,
    MQTT_SUBSCRIPTION_RETAIN,
    MQTT_SUBSCRIPTION_RESERVED,
    MQTT_SUBACK_QOS,
    MQTT_SUBACK_REASON,
    MQTT_UNSUBACK_REASON,
    MQTT_DISCONNECT_REASON,
    MQTT_AUTH_REASON,
    MQTT_PROPERTIES,
    MQTT_WILL_PROPERTIES,
    MQTT_PROPERTY_LEN,
    MQTT_PROPERTY_ID,
    MQTT_PROP_NUMBER,
    MQTT_PROPERTY_CONTENT_TYPE,
    MQTT_PROPERTY_MAX_QOS,
    MQTT_PROPERTY_TOPIC_ALIAS,
    MQTT_PROP_UNKNOWN,
    MQTT_PROP_STRING_LEN,
    MQTT_PROP_STRING,
    MQTT_PROP_KEY_LEN,
    MQTT_PROP_KEY,
    MQTT_PROP_VALUE_LEN,
    MQTT_PROP_VALUE,
    MQTT_FIELDS,
};

extern const struct field mqtt_fields[MQTT_FIELDS];

#define MQTT_ID(index) FIELD_ID(PROTOCOL_MQTT, index)

enum { /* MQTT 5.0 section 2.1.2 */
       MQTT_CONNECT = 1,
       MQTT_CONNACK = 2,
       MQTT_PUBLISH = 3,
       MQTT_PUBACK = 4,
       MQTT_PUBREC = 5,
       MQTT_PUBREL = 6,
       MQTT_PUBCOMP = 7,
       MQTT_SUBSCRIBE = 8,
       MQTT_SUBACK = 9,
       MQTT_UNSUBSCRIBE = 10,
       MQTT_UNSUBACK = 11,
       MQTT_PINGREQ = 12,
       MQTT_PINGRESP = 13,
       MQTT_DISCONNECT = 14,
       MQTT_AUTH = 15,
};

enum { MQTT_VERSION_UNKNOWN = 0, MQTT_VERSION_31 = 3, MQTT_VERSION_311 = 4, MQTT_VERSION_5 = 5 };

/* A control packet behind its fixed header. */
struct mqtt_packet {
    struct dissection *d;
    struct reader r;     /* what is there of it and has not been read */
    uint32_t length;     /* the remaining length, as it was sent */
    bool is_cut;         /* it goes on where neither the capture nor the stream does */
    uint8_t type, flags; /* of the fixed header */
    uint8_t version;
};

/* Why a read failed: the capture ends here, or the sender promised more than the packet holds. */
static inline enum dissect_result mqtt_packet_over(const struct mqtt_packet *p)
{
    return p->is_cut ? DISSECT_TRUNCATED : DISSECT_MALFORMED;
}

static inline bool mqtt_packet_goes_on(const struct mqtt_packet *p)
{
    return p->is_cut || reader_left(&p->r) > 0;
}

/* A string behind its length of two bytes: adds both as far as they are whole. */
bool mqtt_packet_string(struct mqtt_packet *p, uint16_t len_field, uint16_t text_field, struct bytes *text);

/*
 * A variable byte integer (section 1.5.5), read as far as ten bytes as Wireshark does, though four are
 * allowed. Answers how many it has; 0 when the tenth does not end it; negative when r ends before it does.
 */
int mqtt_varint(struct reader *r, uint64_t *value);

/* The names of values: mqtt_names.c. */
extern const struct value_name mqtt_type_names[], mqtt_qos_names[], mqtt_suback_qos_names[],
    mqtt_version_names[], mqtt_return_names[], mqtt_connack_names[], mqtt_puback_names[], mqtt_pubrel_names[],
    mqtt_suback_names[], mqtt_unsuback_names[], mqtt_disconnect_names[], mqtt_auth_names[],
    mqtt_retain_handling_names[], mqtt_property_names[];
