/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mqttsn - MQTT For Sensor Networks, version 1.2, section 5:
 *
 *    0        1          2                     0     1     2      3         4
 *   +--------+----------+- - - - -            +-----+------------+---------+- - - - -
 *   | length | type     | message       or    |  1  |   length   | type    | message
 *   +--------+----------+- - - - -            +-----+------------+---------+- - - - -
 *
 * It has no port of its own: only decode-as leads here. An encapsulated message (a forwarder's) lies behind
 * the one that carries it and becomes part of the same layer, as Wireshark shows it.
 *
 * What a message says of its length is believed, but not beyond the datagram. A message that is short by one
 * byte of what it must have shows its last string to the datagram's end: so does Wireshark.
 */
#include "protocol/dissection.h"
#include "protocol/text_value.h"
#include "protocol/names.h"

enum mqttsn_field {
    MQTTSN_MSG,
    MQTTSN_MSG_LEN,
    MQTTSN_MSG_TYPE,
    MQTTSN_DUP,
    MQTTSN_QOS,
    MQTTSN_RETAIN,
    MQTTSN_WILL,
    MQTTSN_CLEAN_SESSION,
    MQTTSN_TOPIC_ID_TYPE,
    MQTTSN_RETURN_CODE,
    MQTTSN_GW_ID,
    MQTTSN_GW_ADDR,
    MQTTSN_ADV_INTERV,
    MQTTSN_RADIUS,
    MQTTSN_PROTOCOL_ID,
    MQTTSN_TOPIC_ID,
    MQTTSN_MSG_ID,
    MQTTSN_TOPIC,
    MQTTSN_TOPIC_NAME_OR_ID,
    MQTTSN_SLEEP_TIMER,
    MQTTSN_WILL_TOPIC,
    MQTTSN_WILL_MSG,
    MQTTSN_PUB_MSG,
    MQTTSN_CLIENT_ID,
    MQTTSN_KEEP_ALIVE,
    MQTTSN_CONTROL_INFO,
    MQTTSN_WIRELESS_NODE_ID,
};

#define MQTTSN_ID(index) FIELD_ID(PROTOCOL_MQTTSN, index)

static const struct value_name type_names[] = {
    { 0x00, "Advertise Gateway" },
    { 0x01, "Search Gateway" },
    { 0x02, "Gateway Info" },
    { 0x03, "Reserved_03" },
    { 0x04, "Connect Command" },
    { 0x05, "Connect Ack" },
    { 0x06, "Will Topic Request" },
    { 0x07, "Will Topic" },
    { 0x08, "Will Message Request" },
    { 0x09, "Will Message" },
    { 0x0a, "Register" },
    { 0x0b, "Register Ack" },
    { 0x0c, "Publish Message" },
    { 0x0d, "Publish Ack" },
    { 0x0e, "Publish Complete" },
    { 0x0f, "Publish Received" },
    { 0x10, "Publish Release" },
    { 0x11, "Reserved_11" },
    { 0x12, "Subscribe Request" },
    { 0x13, "Subscribe Ack" },
    { 0x14, "Unsubscribe Request" },
    { 0x15, "Unsubscribe Ack" },
    { 0x16, "Ping Request" },
    { 0x17, "Ping Response" },
    { 0x18, "Disconnect Req" },
    { 0x19, "Reserved_19" },
    { 0x1a, "Will Topic Update" },
    { 0x1b, "Will Topic Response" },
    { 0x1c, "Will Message Update" },
    { 0x1d, "Will Message Response" },
    { 0xfe, "Encapsulated Message" },
    { 0, NULL },
};

static const struct value_name qos_names[] = { { 0, "Fire and Forget" },
                                               { 1, "Acknowledged deliver" },
                                               { 2, "Assured Delivery" },
                                               { 3, "No Connection required" },
                                               { 0, NULL } };

static const struct value_name topic_id_type_names[] = {
    { 0, "Normal ID" }, { 1, "Pre-defined ID" }, { 2, "Short Topic Name" }, { 3, "Reserved" }, { 0, NULL }
};

static const struct value_name return_names[] = { { 0, "Accepted" },
                                                  { 1, "Rejected: Congestion" },
                                                  { 2, "Rejected: invalid topic ID" },
                                                  { 3, "Rejected: not supported" },
                                                  { 0, NULL } };

#define NUMBER(title_text, bits) FIELD_UINT, .title = (title_text), .ft_bits = (bits)
#define HEX(title_text) FIELD_UINT, FIELD_BASE_HEX, title_text, .ft_bits = 8
#define TEXT(title_text) FIELD_STRING, .title = (title_text)

static const struct field mqttsn_fields[] = {
    [MQTTSN_MSG] = { "mqttsn.msg", FIELD_NONE, .title = "Message" },
    [MQTTSN_MSG_LEN] = { "mqttsn.msg.len", NUMBER("Message Length", 16) },
    [MQTTSN_MSG_TYPE] = { "mqttsn.msg.type", HEX("Message Type"), .names = type_names },
    [MQTTSN_DUP] = { "mqttsn.dup", FIELD_BOOL, .title = "DUP", .names = yes_names },
    [MQTTSN_QOS] = { "mqttsn.qos", HEX("QoS"), .names = qos_names },
    [MQTTSN_RETAIN] = { "mqttsn.retain", FIELD_BOOL, .title = "Retain", .names = yes_names },
    [MQTTSN_WILL] = { "mqttsn.will", FIELD_BOOL, .title = "Will", .names = yes_names },
    [MQTTSN_CLEAN_SESSION] = { "mqttsn.clean.session", FIELD_BOOL, .title = "Clean Session",
                               .names = yes_names },
    [MQTTSN_TOPIC_ID_TYPE] = { "mqttsn.topic.id.type", HEX("Topic ID Type"), .names = topic_id_type_names },
    [MQTTSN_RETURN_CODE] = { "mqttsn.return.code", HEX("Return Code"), .names = return_names },
    [MQTTSN_GW_ID] = { "mqttsn.gw.id", NUMBER("Gateway ID", 8) },
    [MQTTSN_GW_ADDR] = { "mqttsn.gw.addr", TEXT("Gateway Address") },
    [MQTTSN_ADV_INTERV] = { "mqttsn.adv.interv", NUMBER("Advertise Interval", 16) },
    [MQTTSN_RADIUS] = { "mqttsn.radius", NUMBER("Broadcast Radius", 8) },
    [MQTTSN_PROTOCOL_ID] = { "mqttsn.protocol.id", HEX("Protocol ID") },
    [MQTTSN_TOPIC_ID] = { "mqttsn.topic.id", NUMBER("Topic ID", 16) },
    [MQTTSN_MSG_ID] = { "mqttsn.msg.id", NUMBER("Message ID", 16) },
    [MQTTSN_TOPIC] = { "mqttsn.topic", TEXT("Topic Name") },
    [MQTTSN_TOPIC_NAME_OR_ID] = { "mqttsn.topic.name.or.id", TEXT("Topic Name/ID") },
    [MQTTSN_SLEEP_TIMER] = { "mqttsn.sleep.timer", NUMBER("Sleep Timer", 16) },
    [MQTTSN_WILL_TOPIC] = { "mqttsn.will.topic", TEXT("Will Topic") },
    [MQTTSN_WILL_MSG] = { "mqttsn.will.msg", TEXT("Will Message") },
    [MQTTSN_PUB_MSG] = { "mqttsn.pub.msg", TEXT("Message") },
    [MQTTSN_CLIENT_ID] = { "mqttsn.client.id", TEXT("Client ID") },
    [MQTTSN_KEEP_ALIVE] = { "mqttsn.keep.alive", NUMBER("Keep Alive", 16) },
    [MQTTSN_CONTROL_INFO] = { "mqttsn.control.info", HEX("Control") },
    [MQTTSN_WIRELESS_NODE_ID] = { "mqttsn.wireless.node.id", NUMBER("Wireless Node ID", 16) },
};

/* ---- what each type of message has ---- */

enum { /* section 5.3.4, as a byte's bits from the most significant on */
       FLAG_DUP = 0x80,
       FLAG_QOS = 0x60,
       FLAG_RETAIN = 0x10,
       FLAG_WILL = 0x08,
       FLAG_CLEAN_SESSION = 0x04,
       FLAG_TOPIC_ID_TYPE = 0x03,
};

enum { ENCAPSULATED = 0xfe, TYPES = 0x1e, ITEMS = 3, LONG_LENGTH = 1, OPTIONAL = 0x80 };

struct message_format {
    uint8_t flags;        /* those that mean something; 0: the message has no flags */
    uint8_t items[ITEMS]; /* enum mqttsn_field, ended by 0; OPTIONAL: only where the message goes on */
};

/* Section 5.4. */
static const struct message_format formats[TYPES] = {
    [0x00] = { 0, { MQTTSN_GW_ID, MQTTSN_ADV_INTERV } },
    [0x01] = { 0, { MQTTSN_RADIUS } },
    [0x02] = { 0, { MQTTSN_GW_ID, MQTTSN_GW_ADDR | OPTIONAL } },
    [0x04] = { FLAG_WILL | FLAG_CLEAN_SESSION | FLAG_TOPIC_ID_TYPE,
               { MQTTSN_PROTOCOL_ID, MQTTSN_KEEP_ALIVE, MQTTSN_CLIENT_ID } },
    [0x05] = { 0, { MQTTSN_RETURN_CODE } },
    [0x07] = { FLAG_TOPIC_ID_TYPE, { MQTTSN_WILL_TOPIC } },
    [0x09] = { 0, { MQTTSN_WILL_MSG } },
    [0x0a] = { 0, { MQTTSN_TOPIC_ID, MQTTSN_MSG_ID, MQTTSN_TOPIC } },
    [0x0b] = { 0, { MQTTSN_TOPIC_ID, MQTTSN_MSG_ID, MQTTSN_RETURN_CODE } },
    [0x0c] = { FLAG_DUP | FLAG_QOS | FLAG_RETAIN | FLAG_TOPIC_ID_TYPE,
               { MQTTSN_TOPIC_ID, MQTTSN_MSG_ID, MQTTSN_PUB_MSG } },
    [0x0d] = { 0, { MQTTSN_TOPIC_ID, MQTTSN_MSG_ID, MQTTSN_RETURN_CODE } },
    [0x0e] = { 0, { MQTTSN_MSG_ID } },
    [0x0f] = { 0, { MQTTSN_MSG_ID } },
    [0x10] = { 0, { MQTTSN_MSG_ID } },
    [0x12] = { FLAG_TOPIC_ID_TYPE, { MQTTSN_MSG_ID, MQTTSN_TOPIC_NAME_OR_ID } },
    [0x13] = { FLAG_TOPIC_ID_TYPE, { MQTTSN_TOPIC_ID, MQTTSN_MSG_ID, MQTTSN_RETURN_CODE } },
    [0x14] = { FLAG_TOPIC_ID_TYPE, { MQTTSN_MSG_ID, MQTTSN_TOPIC_NAME_OR_ID } },
    [0x15] = { 0, { MQTTSN_MSG_ID } },
    [0x16] = { 0, { MQTTSN_CLIENT_ID | OPTIONAL } },
    [0x18] = { 0, { MQTTSN_SLEEP_TIMER | OPTIONAL } },
    [0x1a] = { FLAG_TOPIC_ID_TYPE, { MQTTSN_WILL_TOPIC } },
    [0x1b] = { 0, { MQTTSN_RETURN_CODE } },
    [0x1c] = { 0, { MQTTSN_WILL_MSG } },
    [0x1d] = { 0, { MQTTSN_RETURN_CODE } },
};

static_assert(MQTTSN_MSG == 0, "the end of a format's items is no item");

/* ---- reading ---- */

struct message {
    struct dissection *d;
    struct reader r;     /* the datagram's rest */
    const uint8_t *data; /* where the datagram begins */
    uint32_t uncaptured; /* bytes that the datagram had beyond r */
    int64_t end;         /* where the message ends by its own account, counted from data */
    bool is_odd;         /* something is not as it should be, and what follows can be read all the same */
};

static int64_t message_left(const struct message *m)
{
    return m->end - (m->r.at - m->data);
}

/* Why n bytes could not be read: the capture ends here, or the sender promised more than it sent. */
static enum dissect_result message_over(const struct message *m, uint64_t n)
{
    return n > reader_left(&m->r) + m->uncaptured ? DISSECT_MALFORMED : DISSECT_TRUNCATED;
}

static enum dissect_result read_text(struct message *m, enum mqttsn_field field)
{
    int64_t len = message_left(m);
    struct bytes text;

    if (len == -1) /* see above */
        len = (int64_t)reader_left(&m->r);
    if (len < 0)
        return DISSECT_MALFORMED;
    if (!reader_bytes(&m->r, (size_t)len, &text))
        return message_over(m, (uint64_t)len);
    text_add_ascii(m->d, MQTTSN_ID(field), text);
    return DISSECT_OK;
}

static enum dissect_result read_item(struct message *m, uint8_t item)
{
    enum mqttsn_field field = (enum mqttsn_field)(item & ~OPTIONAL);
    const struct field *kind = &mqttsn_fields[field];
    uint16_t number;
    uint8_t byte;

    if (item & OPTIONAL && message_left(m) <= 0)
        return DISSECT_OK;
    if (kind->type == FIELD_STRING)
        return read_text(m, field);
    if (kind->ft_bits == 16) {
        if (!reader_u16(&m->r, &number))
            return message_over(m, 2);
        dissection_add_number(m->d, MQTTSN_ID(field), number);
        return DISSECT_OK;
    }
    if (!reader_u8(&m->r, &byte))
        return message_over(m, 1);
    dissection_add_number(m->d, MQTTSN_ID(field), byte);
    return DISSECT_OK;
}

static enum dissect_result read_flags(struct message *m, uint8_t known)
{
    static const struct {
        uint8_t mask, shift;
        uint8_t field;
    } flags[] = {
        { FLAG_DUP, 7, MQTTSN_DUP },
        { FLAG_QOS, 5, MQTTSN_QOS },
        { FLAG_RETAIN, 4, MQTTSN_RETAIN },
        { FLAG_WILL, 3, MQTTSN_WILL },
        { FLAG_CLEAN_SESSION, 2, MQTTSN_CLEAN_SESSION },
        { FLAG_TOPIC_ID_TYPE, 0, MQTTSN_TOPIC_ID_TYPE },
    };
    uint8_t byte;

    if (!reader_u8(&m->r, &byte))
        return message_over(m, 1);
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        if (known & flags[i].mask)
            dissection_add_number(m->d, MQTTSN_ID(flags[i].field),
                                  (unsigned)(byte & flags[i].mask) >> flags[i].shift);
    }
    return DISSECT_OK;
}

/* What a forwarder put in front of a message: the node it came from, in as many bytes as are left. Wireshark
 * shows the first four of them as a number, and calls more malformed. */
static enum dissect_result read_encapsulation(struct message *m)
{
    uint64_t number = 0;
    struct bytes node;
    uint8_t control;
    int64_t len;

    if (!reader_u8(&m->r, &control))
        return message_over(m, 1);
    dissection_add_number(m->d, MQTTSN_ID(MQTTSN_CONTROL_INFO), control & 3);
    len = message_left(m);
    if (len <= 0)
        return DISSECT_MALFORMED;
    if (!reader_bytes(&m->r, (size_t)len, &node))
        return message_over(m, (uint64_t)len);
    for (size_t i = 0; i < node.len && i < 4; i++)
        number = number << 8 | node.data[i];
    dissection_add_number(m->d, MQTTSN_ID(MQTTSN_WIRELESS_NODE_ID), number);
    m->is_odd |= node.len > 4;
    return DISSECT_OK;
}

/* The length, in one form or the other, and the type. */
static bool read_header(struct reader *r, uint16_t *length, uint8_t *type)
{
    uint8_t byte;

    if (!reader_u8(r, &byte))
        return false;
    *length = byte;
    return (byte != LONG_LENGTH || reader_u16(r, length)) && reader_u8(r, type);
}

static enum dissect_result read_message(struct message *m, uint8_t *type)
{
    size_t at = (size_t)(m->r.at - m->data);
    struct message_format format = { 0 };
    enum dissect_result result = DISSECT_OK;
    uint16_t length;

    if (!read_header(&m->r, &length, type))
        return message_over(m, reader_left(&m->r) + 1);
    m->end = (uint16_t)(at + length); /* sixteen bits in Wireshark too */
    dissection_add_number(m->d, MQTTSN_ID(MQTTSN_MSG), 1);
    dissection_add_number(m->d, MQTTSN_ID(MQTTSN_MSG_TYPE), *type);
    dissection_add_number(m->d, MQTTSN_ID(MQTTSN_MSG_LEN), length);
    if (*type == ENCAPSULATED)
        return read_encapsulation(m);
    if (*type < TYPES)
        format = formats[*type];
    if (format.flags)
        result = read_flags(m, format.flags);
    for (size_t i = 0; i < ITEMS && format.items[i] && result == DISSECT_OK; i++)
        result = read_item(m, format.items[i]);
    return result;
}

static enum dissect_result mqttsn_dissect(struct dissection *d, struct reader *r)
{
    struct message m = { .d = d, .r = *r, .data = r->at };
    struct reader header = *r;
    enum dissect_result result;
    uint16_t length;
    uint8_t type;

    if (d->left_wire == 0)
        return DISSECT_OK; /* an empty datagram is no message, not even a broken one */
    m.uncaptured = d->left_wire - (uint32_t)reader_left(r);
    if (!read_header(&header, &length, &type))
        return m.uncaptured ? DISSECT_TRUNCATED : DISSECT_MALFORMED;
    if (!dissection_push(d, PROTOCOL_MQTTSN, r, (uint32_t)reader_left(r)))
        return DISSECT_OK;
    if (!d->demand->fields[PROTOCOL_MQTTSN][0] && !d->demand->is_whole)
        return DISSECT_OK; /* presence is all that is asked */
    do {
        result = read_message(&m, &type);
    } while (result == DISSECT_OK && type == ENCAPSULATED && reader_left(&m.r) + m.uncaptured > 0);
    return m.is_odd ? DISSECT_MALFORMED : result;
}

const struct protocol protocol_mqttsn = {
    .name = "mqttsn",
    .title = "MQ Telemetry Transport Protocol for Sensor Networks",
    .fields = mqttsn_fields,
    .n_fields = sizeof mqttsn_fields / sizeof mqttsn_fields[0],
    .dissect = mqttsn_dissect,
};
