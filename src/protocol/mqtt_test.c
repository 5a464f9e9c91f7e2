/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/mqtt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>

#include "protocol/mqtt_session.h"
#include "protocol/state.h"
#include "protocol/wire.h"

enum { CLIENT = 0x0a000001, BROKER = 0x0a000002 };

static struct demand demand;
static struct dissection d;
static struct preferences preferences;
static struct dissect_state *state_now; /* of the conversation under test */
static uint32_t sequence[2];

static void everything_is_asked_for(void)
{
    demand_init(&demand);
    demand_add_everything(&demand);
    demand_settle(&demand);
}

static void asked_for(const char *const *names)
{
    demand_init(&demand);
    for (; *names; names++) {
        if (protocol_find(*names, strlen(*names)))
            demand_add_protocol(&demand, protocol_find(*names, strlen(*names)));
        else
            demand_add_field(&demand, field_find(*names, strlen(*names)));
    }
    demand_settle(&demand);
}

static int setup(void **state)
{
    (void)state;
    everything_is_asked_for();
    preferences = preferences_default;
    state_now = dissect_state_new(1);
    memset(sequence, 0, sizeof sequence);
    return state_now == NULL;
}

static int teardown(void **state)
{
    (void)state;
    dissect_state_free(state_now);
    return 0;
}

/* A segment of the conversation: from the client, or from the broker. The capture cuts the last bytes. */
static enum dissect_result shown_cut(bool is_back, const char *bytes, size_t len, size_t cut)
{
    struct wire tcp = { 0 };
    static struct wire frame;
    static struct packet packet;

    wire_number(&tcp, is_back ? 1883 : 40000, 2);
    wire_number(&tcp, is_back ? 40000 : 1883, 2);
    wire_number(&tcp, sequence[is_back], 4);
    wire_number(&tcp, sequence[!is_back], 4);
    wire_number(&tcp, 0x5018, 2);
    wire_number(&tcp, 65535, 2);
    wire_number(&tcp, 0, 4);
    wire_put(&tcp, bytes_of(bytes, len));
    sequence[is_back] += (uint32_t)len;
    wire_ethernet(&frame, 0x0800);
    wire_ipv4(&frame, IP_PROTOCOL_TCP, is_back ? BROKER : CLIENT, is_back ? CLIENT : BROKER, 1, 0,
              wire_bytes(&tcp));
    packet = wire_packet(&frame, LINKTYPE_ETHERNET, 0);
    packet.caplen -= (uint32_t)cut;
    dissection_init(&d, &demand, state_now, NULL);
    d.preferences = &preferences;
    dissect(&d, &packet);
    for (uint32_t i = 0; i < d.n_layers; i++) {
        if (d.layers[i].protocol == PROTOCOL_MQTT)
            return (enum dissect_result)d.layers[i].result;
    }
    return DISSECT_REFUSED;
}

#define UP(text) shown_cut(false, (text), sizeof(text) - 1, 0)
#define DOWN(text) shown_cut(true, (text), sizeof(text) - 1, 0)

static bool append(void *context, const struct value *value)
{
    char *text = context;
    size_t len = strlen(text);

    if (value->type == FIELD_BYTES || value->type == FIELD_STRING)
        snprintf(text + len, 2048 - len, "%s%.*s", len ? "," : "", (int)value->bytes.len, value->bytes.data);
    else
        snprintf(text + len, 2048 - len, "%s%llu", len ? "," : "", (unsigned long long)value->number);
    return true;
}

static const char *values_of(enum mqtt_field field)
{
    static char text[2048];

    text[0] = '\0';
    dissection_values(&d, MQTT_ID(field), append, text);
    return text;
}

/* All fields but those of the fixed header, in their order, "name=value" each, without "mqtt.". */
static const char *values(void)
{
    static char text[4096];
    size_t len = 0;

    text[0] = '\0';
    for (uint32_t i = 0; i < d.n_values; i++) {
        const struct value *value = &d.values[i];

        if (FIELD_PROTOCOL(value->field) != PROTOCOL_MQTT || FIELD_INDEX(value->field) < MQTT_UNKNOWN_VERSION)
            continue;
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%s", len ? " " : "",
                                field_of(value->field)->name + strlen("mqtt."));
        if (value->type == FIELD_STRING || value->type == FIELD_BYTES)
            len += (size_t)snprintf(text + len, sizeof text - len, "=%.*s", (int)value->bytes.len,
                                    value->bytes.data);
        else if (value->type != FIELD_NONE)
            len +=
                (size_t)snprintf(text + len, sizeof text - len, "=%llu", (unsigned long long)value->number);
    }
    return text;
}

#define CONNECT_31 "\x10\x10\0\6MQIsdp\3\2\0\x3c\0\2s1"
#define CONNECT_311 "\x10\x0e\0\4MQTT\4\2\0\x3c\0\2s1"
#define CONNECT_5 "\x10\x0f\0\4MQTT\5\2\0\x3c\0\0\2s1"

static void connect_shows_who_it_is_and_what_it_leaves(void **state)
{
    (void)state;
    assert_int_equal(UP("\x10\x28\0\4MQTT\4\xee\0\x3c\0\2s1\0\5lwt/a\0\4gone\0\3bob\0\6wonder"), DISSECT_OK);
    assert_string_equal(
        values(), "proto_len=4 protoname=MQTT ver=4 conflags=238 conflag.uname=1 conflag.passwd=1 "
                  "conflag.retain=1 conflag.qos=1 conflag.willflag=1 conflag.cleansess=1 conflag.reserved=0 "
                  "kalive=60 clientid_len=2 clientid=s1 willtopic_len=5 willtopic=lwt/a willmsg_len=4 "
                  "willmsg=gone username_len=3 username=bob passwd_len=6 passwd=wonder");
    assert_string_equal(values_of(MQTT_HDRFLAGS), "16");
    assert_string_equal(values_of(MQTT_MSGTYPE), "1");
    assert_string_equal(values_of(MQTT_LEN), "40");
    assert_string_equal(values_of(MQTT_HDR_RESERVED), "0");
    assert_string_equal(values_of(MQTT_DUPFLAG), "");

    /* version 5: properties of its own and of the will */
    assert_int_equal(UP("\x10\x1e\0\4MQTT\5\4\0\x3c\5\x11\0\0\x0e\x10\0\0\2\1\1\0\3lwt\0\2\0\1"), DISSECT_OK);
    assert_string_equal(
        values(), "proto_len=4 protoname=MQTT ver=5 conflags=4 conflag.uname=0 conflag.passwd=0 "
                  "conflag.retain=0 conflag.qos=0 conflag.willflag=1 conflag.cleansess=0 conflag.reserved=0 "
                  "kalive=60 properties property_len=5 property_id=17 prop_number=3600 clientid_len=0 "
                  "clientid= will_properties property_len=2 property_id=1 prop_number=1 willtopic_len=3 "
                  "willtopic=lwt willmsg_len=2 willmsg=");
    /* flags without what they promise, where nothing follows */
    assert_int_equal(UP("\x10\x0e\0\4MQTT\4\xc2\0\x3c\0\2s1"), DISSECT_OK);
    assert_string_equal(values_of(MQTT_USERNAME_LEN), "");
}

static void the_version_of_connect_says_what_the_other_packets_hold(void **state)
{
    (void)state;
    /* nobody told it */
    DOWN("\x20\2\1\0\x90\3\0\1\1");
    assert_string_equal(values(), "unknown_version conack.flags=1 conack.flags.reserved=0 conack.flags.sp=1 "
                                  "connack.reason_code=0 unknown_version msgid=1 suback.reason_code=1");
    UP(CONNECT_31);
    DOWN("\x20\2\1\0");
    assert_string_equal(values(), "conack.flags.reserved=1 conack.val=0");
    UP("\x82\6\0\1\0\1a\1");
    assert_string_equal(values(), "msgid=1 topic_len=1 topic=a sub.qos=1");
    assert_string_equal(values_of(MQTT_DUPFLAG), "0");
    assert_string_equal(values_of(MQTT_QOS), "1");
    assert_string_equal(values_of(MQTT_RETAIN_RESERVED), "0");
    assert_string_equal(values_of(MQTT_HDR_RESERVED), "");

    UP(CONNECT_311);
    DOWN("\x20\2\1\5\x90\4\0\1\2\x80\xb0\2\0\2");
    assert_string_equal(values(), "conack.flags=1 conack.flags.reserved=0 conack.flags.sp=1 conack.val=5 "
                                  "msgid=1 suback.qos=2 suback.qos=128 msgid=2");
    UP("\x82\x0a\0\1\0\1a\1\0\1b\0\xa2\5\0\2\0\1a");
    assert_string_equal(values(), "msgid=1 topic_len=1 topic=a sub.qos=1 topic_len=1 topic=b sub.qos=0 "
                                  "msgid=2 topic_len=1 topic=a");
    assert_string_equal(values_of(MQTT_HDR_RESERVED), "2,2");

    UP(CONNECT_5);
    DOWN("\x20\6\2\x87\3\x21\0\x14\x90\5\0\1\0\2\x80\xb0\4\0\2\0\x11");
    assert_string_equal(values(),
                        "conack.flags=2 conack.flags.reserved=1 conack.flags.sp=0 connack.reason_code=135 "
                        "properties property_len=3 property_id=33 prop_number=20 msgid=1 properties "
                        "property_len=0 suback.reason_code=2 suback.reason_code=128 msgid=2 properties "
                        "property_len=0 unsuback.reason_code=17");
    UP("\x82\7\0\1\0\0\1a\xed");
    assert_string_equal(values(), "msgid=1 properties property_len=0 topic_len=1 topic=a "
                                  "subscription_options=237 subscription_options_reserved=3 "
                                  "subscription_options_retain=2 subscription_options_rap=1 "
                                  "subscription_options_nl=1 subscription_options_qos=1");
}

static void codes_that_version_5_may_leave_out_are_shown_where_they_are(void **state)
{
    (void)state;
    UP(CONNECT_5);
    DOWN("\x40\2\0\1\x50\3\0\2\x10\x62\4\0\3\x92\0\x70\6\0\4\0\2\x1f\0");
    assert_string_equal(values(), "msgid=1 msgid=2 pubrec.reason_code=16 msgid=3 pubrel.reason_code=146 "
                                  "properties property_len=0 msgid=4 pubcomp.reason_code=0 properties "
                                  "property_len=2 property_id=31");
    DOWN("\x40\3\0\1\x97");
    assert_string_equal(values(), "msgid=1 puback.reason_code=151");
    DOWN("\xe0\0\xe0\1\4\xf0\0\xf0\2\x18\0\xc0\0\xd0\0");
    assert_string_equal(values(), "disconnect.reason_code=4 auth.reason_code=24 properties property_len=0");
    assert_string_equal(values_of(MQTT_MSGTYPE), "14,14,15,15,12,13");
    UP(CONNECT_311);
    DOWN("\x40\3\0\1\x97\xe0\1\4");
    assert_string_equal(values(), "msgid=1");
}

static void the_preference_counts_where_no_connect_was_seen(void **state)
{
    (void)state;
    preferences.mqtt_default_version = MQTT_VERSION_5;
    UP("\x30\5\0\1t\0!");
    assert_string_equal(values(), "topic_len=1 topic=t properties property_len=0 msg=!");
    preferences.mqtt_default_version = MQTT_VERSION_311;
    UP("\x30\5\0\1t\0!");
    assert_int_equal(strncmp(values(), "topic_len=1 topic=t msg=", 24), 0);
}

static void publish_shows_topic_and_message(void **state)
{
    (void)state;
    UP(CONNECT_311);
    assert_int_equal(UP("\x3d\x0b\0\5plant\0\7"
                        "21"),
                     DISSECT_OK);
    assert_string_equal(values(), "topic_len=5 topic=plant msgid=7 msg=21");
    assert_string_equal(values_of(MQTT_DUPFLAG), "1");
    assert_string_equal(values_of(MQTT_QOS), "2");
    assert_string_equal(values_of(MQTT_RETAIN), "1");
    UP("\x30\3\0\1t"); /* an empty message is one */
    assert_string_equal(values(), "topic_len=1 topic=t msg=");
    UP("\x30\3\0\0m");
    assert_string_equal(values(), "topic_len=0 illegal_topic_length msg=m");
    UP("\x30\6\0\4a\xff\0b");
    assert_string_equal(values(), "topic_len=4 topic=a\xef\xbf\xbd msg=");
}

static void a_segment_shows_all_its_packets_in_one_layer(void **state)
{
    unsigned n = 0;

    (void)state;
    assert_int_equal(UP(CONNECT_311 "\x30\4\0\1am\x30\4\0\1bn\xc0\0"), DISSECT_OK);
    assert_string_equal(values_of(MQTT_MSGTYPE), "1,3,3,12");
    assert_string_equal(values_of(MQTT_LEN), "14,4,4,0");
    assert_string_equal(values_of(MQTT_TOPIC), "a,b");
    assert_string_equal(values_of(MQTT_MSG), "m,n");
    for (uint32_t i = 0; i < d.n_layers; i++)
        n += d.layers[i].protocol == PROTOCOL_MQTT;
    assert_int_equal(n, 1);
}

static void properties_are_read_by_their_kinds(void **state)
{
    (void)state;
    UP(CONNECT_5);
    assert_int_equal(UP("\x30\x45\0\1t\x40"
                        "\1\1"            /* payload format */
                        "\2\0\1\0\0"      /* expiry */
                        "\3\0\3t/x"       /* content type */
                        "\x08\0\2rt"      /* response topic */
                        "\x09\0\2\1\xff"  /* correlation data */
                        "\x0b\x80\1"      /* subscription id */
                        "\x23\0\0"        /* alias 0 is none */
                        "\x24\1"          /* maximum QoS */
                        "\x26\0\1k\0\2vw" /* user property */
                        "\x21\0\x14"      /* receive maximum */
                        "\x99nobody knows this one"
                        "m"),
                     DISSECT_OK);
    assert_string_equal(values_of(MQTT_PROPERTY_LEN), "64");
    assert_string_equal(values_of(MQTT_PROPERTY_ID), "1,2,3,8,9,11,35,36,38,33,153");
    assert_string_equal(values_of(MQTT_PROP_NUMBER), "1,65536,128,20");
    assert_string_equal(values_of(MQTT_PROPERTY_CONTENT_TYPE), "t/x");
    assert_string_equal(values_of(MQTT_PROP_STRING_LEN), "2,2");
    assert_string_equal(values_of(MQTT_PROP_STRING), "rt,\1\xef\xbf\xbd");
    assert_string_equal(values_of(MQTT_PROPERTY_TOPIC_ALIAS), "0");
    assert_string_equal(values_of(MQTT_PROPERTY_MAX_QOS), "1");
    assert_string_equal(values_of(MQTT_PROP_KEY_LEN), "1");
    assert_string_equal(values_of(MQTT_PROP_KEY), "k");
    assert_string_equal(values_of(MQTT_PROP_VALUE_LEN), "2");
    assert_string_equal(values_of(MQTT_PROP_VALUE), "vw");
    assert_string_equal(values_of(MQTT_PROP_UNKNOWN), "nobody knows this one");
    assert_string_equal(values_of(MQTT_MSG), "m");
}

static void a_value_that_runs_over_its_properties_does_not_move_the_message(void **state)
{
    (void)state;
    UP(CONNECT_5);
    assert_int_equal(UP("\x30\x0b\0\1t\3\x1f\0\5"
                        "abcd"),
                     DISSECT_MALFORMED);
    assert_int_equal(UP("\x30\x0b\0\1t\3\x1f\0\4"
                        "abcd"),
                     DISSECT_OK);
    assert_string_equal(values(), "topic_len=1 topic=t properties property_len=3 property_id=31 "
                                  "prop_string_len=4 prop_string=abcd msg=abcd");
    /* of two bytes: shown as they stand */
    assert_int_equal(UP("\x30\6\0\1t\x80\0m"), DISSECT_OK);
    assert_string_equal(values_of(MQTT_PROPERTY_LEN), "32768");
    assert_string_equal(values_of(MQTT_MSG), "m");
}

static void an_alias_stands_for_its_topic_in_its_direction_and_connection(void **state)
{
    (void)state;
    UP(CONNECT_5);
    UP("\x30\x08\0\1a\3\x23\0\1m");
    assert_string_equal(values_of(MQTT_TOPIC), "a");
    UP("\x30\7\0\0\3\x23\0\1m");
    assert_string_equal(values(), "topic_len=0 properties property_len=3 property_id=35 "
                                  "property.topic_alias=1 topic=a msg=m");
    DOWN("\x30\7\0\0\3\x23\0\1m"); /* the other side's aliases are its own */
    assert_string_equal(values(), "topic_len=0 properties property_len=3 property_id=35 "
                                  "property.topic_alias=1 unknown_topic_alias topic= msg=m");
    DOWN("\x30\x08\0\1b\3\x23\0\1m");
    UP("\x30\7\0\0\3\x23\0\1m");
    assert_string_equal(values_of(MQTT_TOPIC), "a");
    UP("\x30\x09\0\2"
       "aa\3\x23\0\1m\x30\7\0\0\3\x23\0\1m"); /* given anew, used in the same segment */
    assert_string_equal(values_of(MQTT_TOPIC), "aa,aa");
    UP(CONNECT_5);
    UP("\x30\7\0\0\3\x23\0\1m");
    assert_string_equal(values_of(MQTT_TOPIC), "");
    assert_string_equal(values_of(MQTT_UNKNOWN_TOPIC_ALIAS), "1");
    assert_string_equal(values_of(MQTT_ILLEGAL_TOPIC_LENGTH), "");
}

static void aliases_are_bounded_and_what_is_forgotten_is_counted(void **state)
{
    static uint8_t topic[MQTT_ALIAS_TOPIC_BYTES + 1];
    struct conversation_ends ends;
    struct mqtt_sessions *sessions = mqtt_sessions_new(1);
    struct bytes found;

    (void)state;
    memset(&ends, 0, sizeof ends);
    for (uint32_t i = 0; i < MQTT_ALIASES + 3; i++)
        mqtt_alias_remember(sessions, &ends, i, 1, bytes_text("t"));
    assert_int_equal(mqtt_sessions_forgotten(sessions), 3);
    assert_false(mqtt_alias_find(sessions, &ends, 2, 1, &found));
    assert_true(mqtt_alias_find(sessions, &ends, 3, 1, &found));

    mqtt_alias_remember(sessions, &ends, 3, 1, bytes_of(topic, MQTT_ALIAS_TOPIC_BYTES));
    assert_true(mqtt_alias_find(sessions, &ends, 3, 1, &found));
    assert_int_equal(found.len, MQTT_ALIAS_TOPIC_BYTES);
    mqtt_alias_remember(sessions, &ends, 3, 1, bytes_of(topic, sizeof topic));
    assert_false(mqtt_alias_find(sessions, &ends, 3, 1, &found)); /* and not the one before */
    assert_int_equal(mqtt_sessions_forgotten(sessions), 4);
    mqtt_sessions_free(sessions);
    mqtt_sessions_free(NULL);
}

static void a_message_is_read_as_its_content_type_says(void **state)
{
    static const struct {
        const char *publish;
        size_t len;
        enum protocol_id protocol;
    } cases[] = {
#define PUBLISHED(head, type, message) head type message, sizeof(head type message) - 1
        { PUBLISHED("\x30\x19\0\1t\x13\3\0\x10", "application/json", "{}"), PROTOCOL_JSON },
        { PUBLISHED("\x30\x19\0\1t\x13\3\0\x10", "Application/JSON", "{}"), PROTOCOL_JSON },
        { PUBLISHED("\x30\x18\0\1t\x13\3\0\x10", "application/cbor", "\1"), PROTOCOL_CBOR },
        { PUBLISHED("\x30\x13\0\1t\x0d\3\0\x0a", "text/plain", "hi"), PROTOCOL_TEXT_LINES },
        { PUBLISHED("\x30\x13\0\1t\x0d\3\0\x0a", "text/plane", "hi"), PROTOCOL_NONE },
    };

    (void)state;
    UP(CONNECT_5);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t content = PROTOCOL_BIT(PROTOCOL_JSON) | PROTOCOL_BIT(PROTOCOL_CBOR) |
                           PROTOCOL_BIT(PROTOCOL_LWM2MTLV) | PROTOCOL_BIT(PROTOCOL_TEXT_LINES);

        shown_cut(false, cases[i].publish, cases[i].len, 0);
        assert_int_equal(d.present & content, cases[i].protocol ? PROTOCOL_BIT(cases[i].protocol) : 0);
    }
}

static void what_a_packet_promises_and_does_not_hold_is_malformed(void **state)
{
    (void)state;
    UP(CONNECT_311);
    /* the next packet is read all the same */
    assert_int_equal(UP("\x30\5\0\x09plt\x30\4\0\1tm"), DISSECT_MALFORMED);
    assert_string_equal(values(), "topic_len=9 topic_len=1 topic=t msg=m");
    assert_true(d.present & PROTOCOL_BIT(PROTOCOL_MALFORMED));
    assert_int_equal(UP("\x82\1\0"), DISSECT_MALFORMED);
    assert_int_equal(UP("\x20\1\0"), DISSECT_MALFORMED);
    UP(CONNECT_5);
    assert_int_equal(UP("\x30\5\0\1t\7\x23"), DISSECT_MALFORMED);
    assert_string_equal(values(), "topic_len=1 topic=t properties property_len=7 property_id=35");
    assert_int_equal(UP("\x30\x0e\0\1t\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\1"), DISSECT_MALFORMED);
    assert_string_equal(values(), "topic_len=1 topic=t properties");
}

static void what_the_capture_cut_is_not_malformed(void **state)
{
    (void)state;
    UP(CONNECT_311);
    assert_int_equal(shown_cut(false, "\x30\x0b\0\5plant21.5", 13, 2), DISSECT_TRUNCATED);
    assert_string_equal(values(), "topic_len=5 topic=plant");
    assert_int_equal(shown_cut(false, "\x30\x0b\0\5plant21.5", 13, 7), DISSECT_TRUNCATED);
    assert_string_equal(values(), "topic_len=5");
    assert_false(d.present & PROTOCOL_BIT(PROTOCOL_MALFORMED));
    /* nor what stands whole before the cut, as far as anybody can tell */
    assert_int_equal(shown_cut(false, "\x30\3\0\x09p\xc0\0", 7, 1), DISSECT_TRUNCATED);
    /* where whole packets were cut away */
    assert_int_equal(shown_cut(false, "\xc0\0\xc0\0", 4, 2), DISSECT_TRUNCATED);
    assert_string_equal(values_of(MQTT_MSGTYPE), "12");
}

static void only_packets_with_fields_in_demand_are_read(void **state)
{
    static const char *const client_ids[] = { "mqtt.clientid", NULL };
    static const char *const topics[] = { "mqtt.topic", NULL };
    static const char *const presence[] = { "mqtt", NULL };
    static const char *const codes[] = { "mqtt.suback.reason_code", NULL };

    (void)state;
    asked_for(client_ids);
    UP(CONNECT_5 "\x30\4\0\x09zz");
    assert_string_equal(values(), "clientid=s1");
    assert_int_equal(d.n_values, 1);
    assert_false(d.present & PROTOCOL_BIT(PROTOCOL_MALFORMED)); /* the second was passed over */

    asked_for(topics);
    UP(CONNECT_5 "\x30\x08\0\1a\3\x23\0\1m\x30\7\0\0\3\x23\0\1m");
    assert_string_equal(values(), "topic=a topic=a");

    asked_for(codes); /* CONNECT is read for its version */
    UP(CONNECT_5);
    DOWN("\x90\4\0\1\0\2");
    assert_string_equal(values(), "suback.reason_code=2");

    asked_for(presence);
    assert_int_equal(UP("\x30\4\0\x09zz"), DISSECT_OK);
    assert_true(d.present & PROTOCOL_BIT(PROTOCOL_MQTT));
    assert_int_equal(d.n_values, 0);
}

static void without_a_state_a_segment_is_understood_by_itself(void **state)
{
    struct dissect_state *kept = state_now;

    (void)state;
    state_now = NULL;
    UP(CONNECT_5 "\x90\4\0\1\0\2\x30\7\0\0\3\x23\0\1m");
    assert_string_equal(values_of(MQTT_SUBACK_REASON), "2");
    assert_string_equal(values_of(MQTT_UNKNOWN_TOPIC_ALIAS), "1");
    UP("\x90\4\0\1\0\2");
    assert_string_equal(values_of(MQTT_UNKNOWN_VERSION), "1");
    state_now = kept;
}

static void a_packet_is_as_long_as_its_fixed_header_says(void **state)
{
    static const struct {
        const char *stream;
        size_t len;
        uint32_t length;
    } cases[] = {
        { "", 0, PDU_MORE },
        { "\x30", 1, PDU_MORE },
        { "\xc0\0", 2, 2 },
        { "\x30\x7f", 2, 129 },
        { "\x30\x80", 2, PDU_MORE },
        { "\x30\x80\1", 3, 131 },
        { "\x30\xff\xff\xff\x7f", 5, 268435455 + 5 },
        { "\x30\xff\xff\xff\xff\xff\xff\xff\xff\xff\1", 11, 10 },
        { "\x30\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80", 11, PDU_UNTIL_END },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(protocols[PROTOCOL_MQTT]->pdu_length(&d, bytes_of(cases[i].stream, cases[i].len)),
                         cases[i].length);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(connect_shows_who_it_is_and_what_it_leaves),
        TEST(the_version_of_connect_says_what_the_other_packets_hold),
        TEST(codes_that_version_5_may_leave_out_are_shown_where_they_are),
        TEST(the_preference_counts_where_no_connect_was_seen),
        TEST(publish_shows_topic_and_message),
        TEST(a_segment_shows_all_its_packets_in_one_layer),
        TEST(properties_are_read_by_their_kinds),
        TEST(a_value_that_runs_over_its_properties_does_not_move_the_message),
        TEST(an_alias_stands_for_its_topic_in_its_direction_and_connection),
        TEST(aliases_are_bounded_and_what_is_forgotten_is_counted),
        TEST(a_message_is_read_as_its_content_type_says),
        TEST(what_a_packet_promises_and_does_not_hold_is_malformed),
        TEST(what_the_capture_cut_is_not_malformed),
        TEST(only_packets_with_fields_in_demand_are_read),
        TEST(without_a_state_a_segment_is_understood_by_itself),
        TEST(a_packet_is_as_long_as_its_fixed_header_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
