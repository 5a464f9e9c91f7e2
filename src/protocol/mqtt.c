/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mqtt - OASIS MQTT 3.1.1 and 5.0, and IBM's 3.1 before them:
 *
 *    0             1 .. 4
 *   +------+------+- - - - - - - - - +- - - - - - - - -+- - - - -
 *   | type | flags| remaining length | variable header | payload
 *   +------+------+- - - - - - - - - +- - - - - - - - -+- - - - -
 *
 * One layer for all control packets that a segment completes, as Wireshark shows it: their fields stand one
 * behind the other. One that breaks the rules does not keep the next from being read.
 *
 * Which fields a packet has goes by the version, and only CONNECT tells that: it is kept for the conversation
 * (mqtt_session.h), else the preference mqtt.default_version counts. A packet none of whose fields is asked
 * for is passed over by its length.
 */
#include "protocol/mqtt.h"

#include "protocol/mqtt_property.h"
#include "protocol/mqtt_session.h"
#include "protocol/mqtt_walk.h"
#include "protocol/text_value.h"

enum { FIXED_HEADER_LEAST = 2, VARINT_BYTES_MOST = 10 };

/* What a message may be, by its content type. */
static const struct {
    const char *media_type;
    enum protocol_id protocol;
} contents[] = {
    { "application/json", PROTOCOL_JSON },
    { "application/senml+json", PROTOCOL_JSON },
    { "application/sensml+json", PROTOCOL_JSON },
    { "application/json-rpc", PROTOCOL_JSON },
    { "application/jsonrequest", PROTOCOL_JSON },
    { "application/vnd.oma.lwm2m+json", PROTOCOL_JSON },
    { "application/problem+json", PROTOCOL_JSON },
    { "application/merge-patch+json", PROTOCOL_JSON },
    { "application/json-patch+json", PROTOCOL_JSON },
    { "application/x-ndjson", PROTOCOL_JSON },
    { "application/cbor", PROTOCOL_CBOR },
    { "application/senml+cbor", PROTOCOL_CBOR },
    { "application/sensml+cbor", PROTOCOL_CBOR },
    { "application/vnd.oma.lwm2m+tlv", PROTOCOL_LWM2MTLV },
    { "text/plain", PROTOCOL_TEXT_LINES },
    { "text/html", PROTOCOL_TEXT_LINES },
    { "text/css", PROTOCOL_TEXT_LINES },
    { "text/javascript", PROTOCOL_TEXT_LINES },
};

/* ---- reading ---- */

int mqtt_varint(struct reader *r, uint64_t *value)
{
    *value = 0;
    for (int i = 0; i < VARINT_BYTES_MOST; i++) {
        uint8_t byte;

        if (!reader_u8(r, &byte))
            return -1;
        *value |= (uint64_t)(byte & 0x7f) << i * 7;
        if (byte < 0x80)
            return i + 1;
    }
    return 0;
}

bool mqtt_packet_string(struct mqtt_packet *p, uint16_t len_field, uint16_t text_field, struct bytes *text)
{
    uint16_t len;

    if (!reader_u16(&p->r, &len))
        return false;
    dissection_add_number(p->d, len_field, len);
    if (!reader_bytes(&p->r, len, text))
        return false;
    text_add_utf8(p->d, text_field, *text);
    return true;
}

static bool add_u8(struct mqtt_packet *p, enum mqtt_field field, uint8_t *value)
{
    if (!reader_u8(&p->r, value))
        return false;
    dissection_add_number(p->d, MQTT_ID(field), *value);
    return true;
}

static bool add_u16(struct mqtt_packet *p, enum mqtt_field field, uint16_t *value)
{
    if (!reader_u16(&p->r, value))
        return false;
    dissection_add_number(p->d, MQTT_ID(field), *value);
    return true;
}

static void add_bits(struct mqtt_packet *p, enum mqtt_field field, unsigned bits)
{
    dissection_add_number(p->d, MQTT_ID(field), bits);
}

/* A topic that must have a name: a length of zero is marked, and then there is no topic at all. */
static bool add_topic(struct mqtt_packet *p, enum mqtt_field len_field, enum mqtt_field field)
{
    struct bytes text;
    uint16_t len;

    if (!add_u16(p, len_field, &len))
        return false;
    if (len == 0) {
        add_bits(p, MQTT_ILLEGAL_TOPIC_LENGTH, 1);
        return true;
    }
    if (!reader_bytes(&p->r, len, &text))
        return false;
    text_add_utf8(p->d, MQTT_ID(field), text);
    return true;
}

/* The properties of version 5, where nothing in them matters to the rest. */
static enum dissect_result skip_properties(struct mqtt_packet *p)
{
    struct mqtt_properties found = { 0 };

    return p->version == MQTT_VERSION_5 ? mqtt_read_properties(p, MQTT_PROPERTIES, &found) : DISSECT_OK;
}

/* ---- the fixed header ---- */

static void add_fixed_header(struct mqtt_packet *p, uint64_t length)
{
    uint8_t flags = p->flags;
    bool has_flags = p->type == MQTT_PUBLISH;

    if (p->version == MQTT_VERSION_31) /* 3.1 had them here too, but for RETAIN */
        has_flags |= p->type == MQTT_PUBREL || p->type == MQTT_SUBSCRIBE || p->type == MQTT_UNSUBSCRIBE;
    if (p->type != MQTT_CONNECT && p->version == MQTT_VERSION_UNKNOWN)
        add_bits(p, MQTT_UNKNOWN_VERSION, 1);
    add_bits(p, MQTT_HDRFLAGS, (unsigned)p->type << 4 | flags);
    add_bits(p, MQTT_MSGTYPE, p->type);
    if (has_flags) {
        add_bits(p, MQTT_DUPFLAG, flags >> 3 & 1);
        add_bits(p, MQTT_QOS, flags >> 1 & 3);
        add_bits(p, p->type == MQTT_PUBLISH ? MQTT_RETAIN : MQTT_RETAIN_RESERVED, flags & 1);
    } else {
        add_bits(p, MQTT_HDR_RESERVED, flags);
    }
    dissection_add_number(p->d, MQTT_ID(MQTT_LEN), length);
}

/* ---- CONNECT and CONNACK ---- */

enum { /* section 3.1.2.3 */
       CONNECT_USER_NAME = 0x80,
       CONNECT_PASSWORD = 0x40,
       CONNECT_WILL = 0x04,
};

static bool add_connect_flags(struct mqtt_packet *p, uint8_t *flags)
{
    if (!add_u8(p, MQTT_CONFLAGS, flags))
        return false;
    add_bits(p, MQTT_CONFLAG_UNAME, *flags >> 7 & 1);
    add_bits(p, MQTT_CONFLAG_PASSWD, *flags >> 6 & 1);
    add_bits(p, MQTT_CONFLAG_RETAIN, *flags >> 5 & 1);
    add_bits(p, MQTT_CONFLAG_QOS, *flags >> 3 & 3);
    add_bits(p, MQTT_CONFLAG_WILLFLAG, *flags >> 2 & 1);
    add_bits(p, MQTT_CONFLAG_CLEANSESS, *flags >> 1 & 1);
    add_bits(p, MQTT_CONFLAG_RESERVED, *flags & 1);
    return true;
}

static enum dissect_result read_will(struct mqtt_packet *p)
{
    struct mqtt_properties found = { 0 };
    enum dissect_result result = DISSECT_OK;
    struct bytes message;
    uint16_t len;

    if (p->version == MQTT_VERSION_5)
        result = mqtt_read_properties(p, MQTT_WILL_PROPERTIES, &found);
    if (result != DISSECT_OK)
        return result;
    if (!add_topic(p, MQTT_WILLTOPIC_LEN, MQTT_WILLTOPIC) || !add_u16(p, MQTT_WILLMSG_LEN, &len) ||
        !reader_bytes(&p->r, len, &message))
        return mqtt_packet_over(p);
    dissection_add_bytes(p->d, MQTT_ID(MQTT_WILLMSG), message);
    return DISSECT_OK;
}

static enum dissect_result read_connect(struct mqtt_packet *p, struct mqtt_walk *walk)
{
    enum dissect_result result;
    uint16_t keep_alive;
    struct bytes text;
    uint8_t flags;

    if (!mqtt_packet_string(p, MQTT_ID(MQTT_PROTO_LEN), MQTT_ID(MQTT_PROTONAME), &text) ||
        !add_u8(p, MQTT_VER, &p->version))
        return mqtt_packet_over(p);
    mqtt_walk_connect(walk, p->version);
    if (!add_connect_flags(p, &flags) || !add_u16(p, MQTT_KALIVE, &keep_alive))
        return mqtt_packet_over(p);
    result = skip_properties(p);
    if (result != DISSECT_OK)
        return result;
    if (!mqtt_packet_string(p, MQTT_ID(MQTT_CLIENTID_LEN), MQTT_ID(MQTT_CLIENTID), &text))
        return mqtt_packet_over(p);
    if (flags & CONNECT_WILL)
        result = read_will(p);
    if (result != DISSECT_OK)
        return result;
    if (flags & CONNECT_USER_NAME && mqtt_packet_goes_on(p) &&
        !mqtt_packet_string(p, MQTT_ID(MQTT_USERNAME_LEN), MQTT_ID(MQTT_USERNAME), &text))
        return mqtt_packet_over(p);
    if (flags & CONNECT_PASSWORD && mqtt_packet_goes_on(p) &&
        !mqtt_packet_string(p, MQTT_ID(MQTT_PASSWD_LEN), MQTT_ID(MQTT_PASSWD), &text))
        return mqtt_packet_over(p);
    return DISSECT_OK;
}

static enum dissect_result read_connack(struct mqtt_packet *p)
{
    bool has_return_code = p->version == MQTT_VERSION_31 || p->version == MQTT_VERSION_311;
    uint8_t flags, code;

    if (!reader_u8(&p->r, &flags))
        return mqtt_packet_over(p);
    if (p->version == MQTT_VERSION_31) { /* it had but a reserved byte here */
        add_bits(p, MQTT_CONACK_FLAGS_RESERVED, flags != 0);
    } else {
        add_bits(p, MQTT_CONACK_FLAGS, flags);
        add_bits(p, MQTT_CONACK_FLAGS_RESERVED, flags > 1);
        add_bits(p, MQTT_CONACK_FLAGS_SP, flags & 1);
    }
    if (!add_u8(p, has_return_code ? MQTT_CONACK_VAL : MQTT_CONNACK_REASON, &code))
        return mqtt_packet_over(p);
    return skip_properties(p);
}

/* ---- PUBLISH and what answers it ---- */

static bool is_media_type(struct bytes text, const char *known)
{
    if (text.len != strlen(known))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];

        if ((c >= 'A' && c <= 'Z' ? c + 32 : c) != known[i])
            return false;
    }
    return true;
}

/* The message as what its content type says, as a layer of its own. */
static enum dissect_result read_content(struct mqtt_packet *p, struct bytes media_type, struct bytes message)
{
    struct dissection *d = p->d;
    enum protocol_id protocol = PROTOCOL_NONE;
    uint32_t left_wire = d->left_wire;
    enum dissect_result result;
    struct reader r = reader_over(message);
    struct layer *top;

    for (size_t i = 0; i < sizeof contents / sizeof contents[0]; i++) {
        if (is_media_type(media_type, contents[i].media_type))
            protocol = contents[i].protocol;
    }
    if (protocol == PROTOCOL_NONE || !(d->demand->passable >> protocol & 1))
        return DISSECT_OK;
    top = dissection_aside(d);
    d->left_wire = (uint32_t)message.len;
    result = protocols[protocol]->dissect(d, &r);
    if (result != DISSECT_OK && result != DISSECT_REFUSED)
        d->top->result = (uint8_t)result;
    dissection_aside_end(d, top);
    d->next = PROTOCOL_NONE;
    d->left_wire = left_wire;
    return result == DISSECT_REFUSED ? DISSECT_OK : result;
}

/* The alias of a topic, given or used. */
static void add_alias(struct mqtt_packet *p, struct mqtt_walk *walk, uint16_t alias, struct bytes topic)
{
    struct bytes known = { 0 };
    uint8_t *room;

    if (topic.len > 0) {
        if (walk->sessions)
            mqtt_alias_remember(walk->sessions, &walk->ends, walk->session.connection, alias, topic);
        return;
    }
    if (walk->sessions == NULL ||
        !mqtt_alias_find(walk->sessions, &walk->ends, walk->session.connection, alias, &known))
        add_bits(p, MQTT_UNKNOWN_TOPIC_ALIAS, 1);
    if (!dissection_wants(p->d, PROTOCOL_MQTT, MQTT_TOPIC))
        return;
    room = dissection_scratch(p->d, known.len);
    if (room == NULL)
        return;
    if (known.len > 0)
        memcpy(room, known.data, known.len);
    text_add_utf8(p->d, MQTT_ID(MQTT_TOPIC), bytes_of(room, known.len));
}

static enum dissect_result read_publish(struct mqtt_packet *p, struct mqtt_walk *walk)
{
    struct mqtt_properties found = { 0 };
    struct bytes topic = { 0 }, message;
    uint16_t topic_len, id;

    if (!add_u16(p, MQTT_TOPIC_LEN, &topic_len) || !reader_bytes(&p->r, topic_len, &topic))
        return mqtt_packet_over(p);
    if (topic_len > 0)
        text_add_utf8(p->d, MQTT_ID(MQTT_TOPIC), topic);
    if (p->flags & 6 && !add_u16(p, MQTT_MSGID, &id)) /* only with a QoS */
        return mqtt_packet_over(p);
    if (p->version == MQTT_VERSION_5) {
        enum dissect_result result = mqtt_read_properties(p, MQTT_PROPERTIES, &found);

        if (result != DISSECT_OK)
            return result;
        if (found.topic_alias)
            add_alias(p, walk, found.topic_alias, topic);
    }
    if (topic_len == 0 && found.topic_alias == 0)
        add_bits(p, MQTT_ILLEGAL_TOPIC_LENGTH, 1);
    if (p->is_cut)
        return DISSECT_TRUNCATED;
    message = reader_rest(&p->r);
    dissection_add_bytes(p->d, MQTT_ID(MQTT_MSG), message);
    return found.has_content_type ? read_content(p, found.content_type, message) : DISSECT_OK;
}

/* PUBACK, PUBREC, PUBREL, PUBCOMP. Version 5 leaves the code, or the properties, out where they say nothing.
 */
static enum dissect_result read_acknowledgement(struct mqtt_packet *p)
{
    enum mqtt_field field = p->type == MQTT_PUBACK   ? MQTT_PUBACK_REASON
                            : p->type == MQTT_PUBREC ? MQTT_PUBREC_REASON
                            : p->type == MQTT_PUBREL ? MQTT_PUBREL_REASON
                                                     : MQTT_PUBCOMP_REASON;
    uint16_t id;
    uint8_t code;

    if (!add_u16(p, MQTT_MSGID, &id))
        return mqtt_packet_over(p);
    if (p->version != MQTT_VERSION_5 || p->length <= 2)
        return DISSECT_OK;
    if (!add_u8(p, field, &code))
        return mqtt_packet_over(p);
    return p->length > 3 ? skip_properties(p) : DISSECT_OK;
}

/* ---- SUBSCRIBE, UNSUBSCRIBE and what answers them ---- */

static bool add_subscription_options(struct mqtt_packet *p)
{
    uint8_t options;

    if (p->version != MQTT_VERSION_5)
        return add_u8(p, MQTT_SUB_QOS, &options);
    if (!add_u8(p, MQTT_SUBSCRIPTION_OPTIONS, &options))
        return false;
    add_bits(p, MQTT_SUBSCRIPTION_RESERVED, options >> 6);
    add_bits(p, MQTT_SUBSCRIPTION_RETAIN, options >> 4 & 3);
    add_bits(p, MQTT_SUBSCRIPTION_RAP, options >> 3 & 1);
    add_bits(p, MQTT_SUBSCRIPTION_NL, options >> 2 & 1);
    add_bits(p, MQTT_SUBSCRIPTION_QOS, options & 3);
    return true;
}

static enum dissect_result read_topics(struct mqtt_packet *p)
{
    enum dissect_result result;
    uint16_t id;

    if (!add_u16(p, MQTT_MSGID, &id))
        return mqtt_packet_over(p);
    result = skip_properties(p);
    while (result == DISSECT_OK && mqtt_packet_goes_on(p)) {
        if (!add_topic(p, MQTT_TOPIC_LEN, MQTT_TOPIC) ||
            (p->type == MQTT_SUBSCRIBE && !add_subscription_options(p)))
            result = mqtt_packet_over(p);
    }
    return result;
}

static enum dissect_result read_topic_answers(struct mqtt_packet *p)
{
    enum mqtt_field field = MQTT_SUBACK_REASON;
    enum dissect_result result;
    uint16_t id;

    if (!add_u16(p, MQTT_MSGID, &id))
        return mqtt_packet_over(p);
    if (p->type == MQTT_UNSUBACK)
        field = MQTT_UNSUBACK_REASON;
    else if (p->version == MQTT_VERSION_31 || p->version == MQTT_VERSION_311)
        field = MQTT_SUBACK_QOS;
    if (p->type == MQTT_UNSUBACK && p->version != MQTT_VERSION_5) /* no answer to each before 5 */
        return DISSECT_OK;
    result = skip_properties(p);
    while (result == DISSECT_OK && mqtt_packet_goes_on(p)) {
        uint8_t code;

        if (!add_u8(p, field, &code))
            result = mqtt_packet_over(p);
    }
    return result;
}

/* ---- DISCONNECT and AUTH ---- */

static enum dissect_result read_reason(struct mqtt_packet *p)
{
    uint8_t code;

    if (p->version != MQTT_VERSION_5 || p->length == 0)
        return DISSECT_OK;
    if (!add_u8(p, p->type == MQTT_AUTH ? MQTT_AUTH_REASON : MQTT_DISCONNECT_REASON, &code))
        return mqtt_packet_over(p);
    return p->length >= 2 ? skip_properties(p) : DISSECT_OK;
}

static enum dissect_result read_packet(struct mqtt_packet *p, struct mqtt_walk *walk)
{
    switch (p->type) {
    case MQTT_CONNECT:
        return read_connect(p, walk);
    case MQTT_CONNACK:
        return read_connack(p);
    case MQTT_PUBLISH:
        return read_publish(p, walk);
    case MQTT_PUBACK:
    case MQTT_PUBREC:
    case MQTT_PUBREL:
    case MQTT_PUBCOMP:
        return read_acknowledgement(p);
    case MQTT_SUBSCRIBE:
    case MQTT_UNSUBSCRIBE:
        return read_topics(p);
    case MQTT_SUBACK:
    case MQTT_UNSUBACK:
        return read_topic_answers(p);
    case MQTT_DISCONNECT:
    case MQTT_AUTH:
        return read_reason(p);
    default:
        return DISSECT_OK;
    }
}

/* ---- packets in the stream ---- */

/*
 * The fixed header. Answers the packet's length with it: 0 when the stream ends before that is known. It has
 * 32 bits as in Wireshark, which a length of more than four bytes may run over.
 */
static uint32_t read_fixed_header(struct reader *r, uint8_t *first, uint64_t *length)
{
    struct reader behind_first;
    int len_bytes;

    if (!reader_u8(r, first))
        return 0;
    behind_first = *r;
    len_bytes = mqtt_varint(r, length);
    if (len_bytes < 0)
        return 0;
    if (len_bytes == 0) /* no length: Wireshark goes on with its first byte */
        *r = behind_first;
    return (uint32_t)*length + (uint32_t)len_bytes + 1;
}

static uint32_t mqtt_pdu_length(struct dissection *d, struct bytes stream)
{
    struct reader r = reader_over(stream);
    uint64_t length;
    uint8_t first;
    uint32_t n = read_fixed_header(&r, &first, &length);

    (void)d;
    return n == 1 ? PDU_UNTIL_END : n; /* 1: no length at all, and dissect() says so */
}

/* One control packet; *r is behind its fixed header and moves behind it. */
static enum dissect_result walk_packet(struct mqtt_walk *walk, struct reader *r, uint8_t first,
                                       uint64_t length, bool is_cut, size_t n)
{
    struct mqtt_packet p = {
        .d = walk->d, .length = (uint32_t)length, .is_cut = is_cut, .type = first >> 4, .flags = first & 15
    };

    if (!reader_sub(r, n, &p.r))
        return DISSECT_TRUNCATED;
    if (!mqtt_walk_wants(walk, p.type))
        return DISSECT_OK;
    if (walk->needs_session)
        mqtt_walk_look_up(walk);
    p.version = walk->needs_session ? walk->session.version : MQTT_VERSION_UNKNOWN;
    add_fixed_header(&p, length);
    return read_packet(&p, walk);
}

static enum dissect_result mqtt_dissect(struct dissection *d, struct reader *r)
{
    /* What was not put together may seem broken only for that: Wireshark calls no such packet malformed. */
    bool is_apart = reader_left(r) < d->left_wire || !d->preferences->tcp_desegment;
    uint32_t left_wire = d->left_wire;
    enum dissect_result worst = DISSECT_OK;
    bool is_pushed = false;
    struct mqtt_walk walk;

    mqtt_walk_begin(&walk, d);
    while (left_wire > 0) {
        struct reader start = *r;
        uint8_t first;
        uint64_t length;
        uint32_t n = read_fixed_header(r, &first, &length);
        size_t header = (size_t)(r->at - start.at), there;
        enum dissect_result result;

        if (n < FIXED_HEADER_LEAST) {
            if (worst != DISSECT_MALFORMED)
                worst = n == 0 && reader_left(&start) < left_wire ? DISSECT_TRUNCATED : DISSECT_MALFORMED;
            break;
        }
        if (!is_pushed && !dissection_push(d, PROTOCOL_MQTT, &start, (uint32_t)reader_left(&start)))
            return DISSECT_OK;
        is_pushed = true;
        if (!walk.wanted)
            return DISSECT_OK; /* presence is all that is asked */
        there = reader_left(&start) < n ? reader_left(&start) : n;
        /* A length of more than four bytes may say less than its own: nothing is left then. */
        result = walk_packet(&walk, r, first, length, there<n, there> header ? there - header : 0);
        if (result == DISSECT_MALFORMED || worst == DISSECT_OK)
            worst = result;
        if (n >= left_wire)
            break;
        left_wire -= n;
        *r = start;
        if (!reader_skip(r, there))
            break;
    }
    return worst == DISSECT_MALFORMED && is_apart ? DISSECT_TRUNCATED : worst;
}

const struct protocol protocol_mqtt = {
    .name = "mqtt",
    .title = "MQ Telemetry Transport Protocol",
    .fields = mqtt_fields,
    .n_fields = MQTT_FIELDS,
    .may_carry = MQTT_CONTENT_MASK,
    .needs_flow = true,
    .dissect = mqtt_dissect,
    .pdu_length = mqtt_pdu_length,
    .state_new = mqtt_sessions_new,
    .state_free = mqtt_sessions_free,
    .state_forgotten = mqtt_sessions_forgotten,
};
