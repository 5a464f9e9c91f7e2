/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/mqtt_property.h"

#include "protocol/text_value.h"

enum property_kind {
    PROPERTY_UNKNOWN,
    PROPERTY_BYTE,
    PROPERTY_TWO_BYTES,
    PROPERTY_FOUR_BYTES,
    PROPERTY_VARINT,
    PROPERTY_STRING, /* binary data too, as Wireshark shows it */
    PROPERTY_PAIR,
    PROPERTY_MAX_QOS,
    PROPERTY_TOPIC_ALIAS,
    PROPERTY_CONTENT_TYPE,
};

/* MQTT 5.0 section 2.2.2.2. */
static const uint8_t property_kinds[] = {
    [0x01] = PROPERTY_BYTE,                                   /* payload format indicator */
    [0x02] = PROPERTY_FOUR_BYTES,                             /* message expiry interval */
    [0x03] = PROPERTY_CONTENT_TYPE, [0x08] = PROPERTY_STRING, /* response topic */
    [0x09] = PROPERTY_STRING,                                 /* correlation data */
    [0x0b] = PROPERTY_VARINT,                                 /* subscription identifier */
    [0x11] = PROPERTY_FOUR_BYTES,                             /* session expiry interval */
    [0x12] = PROPERTY_STRING,                                 /* assigned client identifier */
    [0x13] = PROPERTY_TWO_BYTES,                              /* server keep alive */
    [0x15] = PROPERTY_STRING,                                 /* authentication method */
    [0x16] = PROPERTY_STRING,                                 /* authentication data */
    [0x17] = PROPERTY_BYTE,                                   /* request problem information */
    [0x18] = PROPERTY_FOUR_BYTES,                             /* will delay interval */
    [0x19] = PROPERTY_BYTE,                                   /* request response information */
    [0x1a] = PROPERTY_STRING,                                 /* response information */
    [0x1c] = PROPERTY_STRING,                                 /* server reference */
    [0x1f] = PROPERTY_STRING,                                 /* reason string */
    [0x21] = PROPERTY_TWO_BYTES,                              /* receive maximum */
    [0x22] = PROPERTY_TWO_BYTES,                              /* topic alias maximum */
    [0x23] = PROPERTY_TOPIC_ALIAS,  [0x24] = PROPERTY_MAX_QOS, [0x25] = PROPERTY_BYTE, /* retain available */
    [0x26] = PROPERTY_PAIR,                                                            /* user property */
    [0x27] = PROPERTY_FOUR_BYTES, /* maximum packet size */
    [0x28] = PROPERTY_BYTE,       /* wildcard subscription available */
    [0x29] = PROPERTY_BYTE,       /* subscription identifiers available */
    [0x2a] = PROPERTY_BYTE,       /* shared subscription available */
};

static enum property_kind kind_of(uint8_t id)
{
    return id < sizeof property_kinds ? (enum property_kind)property_kinds[id] : PROPERTY_UNKNOWN;
}

/* An unsigned number of n bytes (at most eight are looked at). */
static bool read_number(struct reader *r, size_t n, uint64_t *number)
{
    struct bytes bytes;

    if (!reader_bytes(r, n, &bytes))
        return false;
    *number = 0;
    for (size_t i = 0; i < bytes.len && i < 8; i++)
        *number = *number << 8 | bytes.data[i];
    return true;
}

static bool add_number(struct mqtt_packet *p, enum mqtt_field field, size_t n)
{
    uint64_t number;

    if (!read_number(&p->r, n, &number))
        return false;
    dissection_add_number(p->d, MQTT_ID(field), number);
    return true;
}

static bool add_varint(struct mqtt_packet *p)
{
    uint64_t number;

    if (mqtt_varint(&p->r, &number) < 1)
        return false;
    dissection_add_number(p->d, MQTT_ID(MQTT_PROP_NUMBER), (uint32_t)number);
    return true;
}

static bool add_content_type(struct mqtt_packet *p, struct mqtt_properties *found)
{
    uint16_t len;

    if (!reader_u16(&p->r, &len) || !reader_bytes(&p->r, len, &found->content_type))
        return false;
    found->has_content_type = true;
    text_add_utf8(p->d, MQTT_ID(MQTT_PROPERTY_CONTENT_TYPE), found->content_type);
    return true;
}

static bool add_topic_alias(struct mqtt_packet *p, struct mqtt_properties *found)
{
    if (!reader_u16(&p->r, &found->topic_alias))
        return false;
    dissection_add_number(p->d, MQTT_ID(MQTT_PROPERTY_TOPIC_ALIAS), found->topic_alias);
    return true;
}

/* One property's value; behind: where the last one ends. False: it is not all there. */
static bool read_value(struct mqtt_packet *p, uint8_t id, const struct reader *behind,
                       struct mqtt_properties *found)
{
    struct bytes text;

    switch (kind_of(id)) {
    case PROPERTY_BYTE:
        return add_number(p, MQTT_PROP_NUMBER, 1);
    case PROPERTY_TWO_BYTES:
        return add_number(p, MQTT_PROP_NUMBER, 2);
    case PROPERTY_FOUR_BYTES:
        return add_number(p, MQTT_PROP_NUMBER, 4);
    case PROPERTY_VARINT:
        return add_varint(p);
    case PROPERTY_STRING:
        return mqtt_packet_string(p, MQTT_ID(MQTT_PROP_STRING_LEN), MQTT_ID(MQTT_PROP_STRING), &text);
    case PROPERTY_PAIR:
        return mqtt_packet_string(p, MQTT_ID(MQTT_PROP_KEY_LEN), MQTT_ID(MQTT_PROP_KEY), &text) &&
               mqtt_packet_string(p, MQTT_ID(MQTT_PROP_VALUE_LEN), MQTT_ID(MQTT_PROP_VALUE), &text);
    case PROPERTY_MAX_QOS:
        return add_number(p, MQTT_PROPERTY_MAX_QOS, 1);
    case PROPERTY_TOPIC_ALIAS:
        return add_topic_alias(p, found);
    case PROPERTY_CONTENT_TYPE:
        return add_content_type(p, found);
    case PROPERTY_UNKNOWN: /* nobody knows how long it is: the rest is its */
        break;
    }
    if (behind == NULL || !reader_bytes(&p->r, (size_t)(behind->at - p->r.at), &text))
        return false;
    text_add_utf8(p->d, MQTT_ID(MQTT_PROP_UNKNOWN), text);
    return true;
}

enum dissect_result mqtt_read_properties(struct mqtt_packet *p, enum mqtt_field field,
                                         struct mqtt_properties *found)
{
    struct reader start = p->r, behind;
    bool is_all_there;
    uint64_t len, shown;
    int len_bytes = mqtt_varint(&p->r, &len);

    if (len_bytes < 0)
        return mqtt_packet_over(p);
    dissection_add_number(p->d, MQTT_ID(field), 1);
    if (len_bytes == 0)
        return DISSECT_MALFORMED;
    /* Wireshark shows the bytes of the length as one number, and not the length they spell. */
    if (read_number(&start, (size_t)len_bytes, &shown))
        dissection_add_number(p->d, MQTT_ID(MQTT_PROPERTY_LEN), shown);
    behind = p->r;
    is_all_there = reader_skip(&behind, (uint32_t)len);
    while (!is_all_there || p->r.at < behind.at) {
        uint8_t id;

        if (!reader_u8(&p->r, &id))
            return mqtt_packet_over(p);
        dissection_add_number(p->d, MQTT_ID(MQTT_PROPERTY_ID), id);
        if (!read_value(p, id, is_all_there ? &behind : NULL, found))
            return mqtt_packet_over(p);
    }
    p->r = behind; /* a value that ran over does not move what follows */
    return DISSECT_OK;
}
