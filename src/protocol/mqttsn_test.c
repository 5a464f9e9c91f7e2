/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>

#include "protocol/dissection.h"

static const struct wire_end sensor = { 0x0a000001, 40000 }, gateway = { 0x0a000002, 1884 };

static struct demand demand;
static struct dissection d;

/* A datagram on a port that decode-as gives to MQTT-SN; the capture cuts the last bytes. */
static enum dissect_result shown(const char *bytes, size_t len, size_t cut)
{
    static struct preferences preferences;
    static struct wire frame;
    static struct packet packet;

    preferences = preferences_default;
    preferences.n_rules = 1;
    preferences.rules[0] = (struct decode_rule) {
        .table = PORT_TABLE_UDP, .low = 1884, .high = 1884, .protocol = PROTOCOL_MQTTSN
    };
    demand_init(&demand);
    demand_add_everything(&demand);
    demand_settle(&demand);
    wire_udp(&frame, sensor, gateway, bytes_of(bytes, len));
    packet = wire_packet(&frame, LINKTYPE_ETHERNET, 0);
    packet.caplen -= (uint32_t)cut;
    dissection_init(&d, &demand, NULL, NULL);
    d.preferences = &preferences;
    dissect(&d, &packet);
    return (enum dissect_result)d.layers[d.n_layers - 1].result;
}

/* The values of all fields in their order, "name=value" each, without "mqttsn.". */
static const char *values(void)
{
    static char text[2048];
    size_t len = 0;

    text[0] = '\0';
    for (uint32_t i = 0; i < d.n_values; i++) {
        const struct value *value = &d.values[i];

        if (FIELD_PROTOCOL(value->field) != PROTOCOL_MQTTSN || value->type == FIELD_NONE)
            continue;
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%s=", len ? " " : "",
                                field_of(value->field)->name + strlen("mqttsn."));
        if (value->type == FIELD_STRING)
            len += (size_t)snprintf(text + len, sizeof text - len, "%.*s", (int)value->bytes.len,
                                    value->bytes.data);
        else
            len += (size_t)snprintf(text + len, sizeof text - len, "%llu", (unsigned long long)value->number);
    }
    return text;
}

#define BYTES(text) (text), sizeof(text) - 1

static void every_message_shows_its_fields(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *values;
    } cases[] = {
        { BYTES("\5\x00\7\3\x84"), "msg.type=0 msg.len=5 gw.id=7 adv.interv=900" },
        { BYTES("\3\x01\2"), "msg.type=1 msg.len=3 radius=2" },
        { BYTES("\3\x02\7"), "msg.type=2 msg.len=3 gw.id=7" },
        { BYTES("\7\x02\7addr"), "msg.type=2 msg.len=7 gw.id=7 gw.addr=addr" },
        { BYTES("\x08\x04\x0d\1\0\x3cs1"),
          "msg.type=4 msg.len=8 will=1 clean.session=1 topic.id.type=1 protocol.id=1 keep.alive=60 "
          "client.id=s1" },
        { BYTES("\3\x05\1"), "msg.type=5 msg.len=3 return.code=1" },
        { BYTES("\2\x06"), "msg.type=6 msg.len=2" },
        { BYTES("\6\x07\2lwt"), "msg.type=7 msg.len=6 topic.id.type=2 will.topic=lwt" },
        { BYTES("\2\x08"), "msg.type=8 msg.len=2" },
        { BYTES("\4\x09 !"), "msg.type=9 msg.len=4 will.msg= !" },
        { BYTES("\x09\x0a\0\7\0\1a/b"), "msg.type=10 msg.len=9 topic.id=7 msg.id=1 topic=a/b" },
        { BYTES("\7\x0b\0\7\0\1\2"), "msg.type=11 msg.len=7 topic.id=7 msg.id=1 return.code=2" },
        { BYTES("\x0b\x0c\xf2\0\7\0\1"
                "21.5"),
          "msg.type=12 msg.len=11 dup=1 qos=3 retain=1 topic.id.type=2 topic.id=7 msg.id=1 pub.msg=21.5" },
        { BYTES("\7\x0d\0\7\0\1\0"), "msg.type=13 msg.len=7 topic.id=7 msg.id=1 return.code=0" },
        { BYTES("\4\x0e\0\1"), "msg.type=14 msg.len=4 msg.id=1" },
        { BYTES("\4\x0f\0\1"), "msg.type=15 msg.len=4 msg.id=1" },
        { BYTES("\4\x10\0\1"), "msg.type=16 msg.len=4 msg.id=1" },
        { BYTES("\x08\x12\1\0\2a/b"), "msg.type=18 msg.len=8 topic.id.type=1 msg.id=2 topic.name.or.id=a/b" },
        { BYTES("\x08\x13\1\0\7\0\2\0"),
          "msg.type=19 msg.len=8 topic.id.type=1 topic.id=7 msg.id=2 return.code=0" },
        { BYTES("\7\x14\1\0\2ab"), "msg.type=20 msg.len=7 topic.id.type=1 msg.id=2 topic.name.or.id=ab" },
        { BYTES("\4\x15\0\1"), "msg.type=21 msg.len=4 msg.id=1" },
        { BYTES("\2\x16"), "msg.type=22 msg.len=2" },
        { BYTES("\4\x16s1"), "msg.type=22 msg.len=4 client.id=s1" },
        { BYTES("\2\x17"), "msg.type=23 msg.len=2" },
        { BYTES("\4\x18\0\x3c"), "msg.type=24 msg.len=4 sleep.timer=60" },
        { BYTES("\2\x18"), "msg.type=24 msg.len=2" },
        { BYTES("\4\x1a\0t"), "msg.type=26 msg.len=4 topic.id.type=0 will.topic=t" },
        { BYTES("\3\x1b\0"), "msg.type=27 msg.len=3 return.code=0" },
        { BYTES("\3\x1cm"), "msg.type=28 msg.len=3 will.msg=m" },
        { BYTES("\3\x1d\0"), "msg.type=29 msg.len=3 return.code=0" },
        { BYTES("\3\x55z"), "msg.type=85 msg.len=3" },
        { BYTES("\1\0\6\x09hi"), "msg.type=9 msg.len=6 will.msg=hi" }, /* the long form of the length */
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(shown(cases[i].bytes, cases[i].len, 0), DISSECT_OK);
        assert_string_equal(values(), cases[i].values);
    }
}

static void an_encapsulated_message_is_shown_in_the_same_layer(void **state)
{
    (void)state;
    assert_int_equal(shown(BYTES("\5\xfe\6\1\2\4\x16s1"), 0), DISSECT_OK);
    assert_string_equal(values(), "msg.type=254 msg.len=5 control.info=2 wireless.node.id=258 msg.type=22 "
                                  "msg.len=4 client.id=s1");
    assert_int_equal(d.layers[d.n_layers - 1].protocol, PROTOCOL_MQTTSN);
    /* a longer node id than Wireshark knows */
    assert_int_equal(shown(BYTES("\x09\xfe\1\1\2\3\4\5\6\2\x17"), 0), DISSECT_MALFORMED);
    assert_string_equal(values(), "msg.type=254 msg.len=9 control.info=1 wireless.node.id=16909060 "
                                  "msg.type=23 msg.len=2");
}

static void what_is_missing_ends_the_message(void **state)
{
    static const struct {
        const char *bytes;
        size_t len, cut;
        enum dissect_result result;
        const char *values;
    } cases[] = {
        { BYTES("\5\x0c\0"), 0, DISSECT_MALFORMED,
          "msg.type=12 msg.len=5 dup=0 qos=0 retain=0 topic.id.type=0" },
        { BYTES("\x0a\x09 x"), 0, DISSECT_MALFORMED, "msg.type=9 msg.len=10" },
        { BYTES("\5\x09too"), 2, DISSECT_TRUNCATED, "msg.type=9 msg.len=5" },
        { BYTES("\x0a\x09too"), 2, DISSECT_MALFORMED, "msg.type=9 msg.len=10" },
        /* a message's length that ends before its last string begins */
        { BYTES("\3\x0a\0\7\0\1a/b"), 0, DISSECT_MALFORMED, "msg.type=10 msg.len=3 topic.id=7 msg.id=1" },
        { BYTES("\5\x0a\0\7\0\1a/b"), 0, DISSECT_OK, "msg.type=10 msg.len=5 topic.id=7 msg.id=1 topic=a/b" },
        { BYTES("\3\xfe\1\2\x17"), 0, DISSECT_MALFORMED, "msg.type=254 msg.len=3 control.info=1" },
        { BYTES("\4\xfe\1\2\x17"), 0, DISSECT_MALFORMED,
          "msg.type=254 msg.len=4 control.info=1 wireless.node.id=2" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(shown(cases[i].bytes, cases[i].len, cases[i].cut), cases[i].result);
        assert_string_equal(values(), cases[i].values);
    }
}

static void a_datagram_without_a_type_is_malformed_and_not_mqttsn(void **state)
{
    (void)state;
    shown(BYTES("\1"), 0);
    assert_false(d.present & PROTOCOL_BIT(PROTOCOL_MQTTSN));
    assert_true(d.present & PROTOCOL_BIT(PROTOCOL_MALFORMED));
    shown(BYTES("\1\0\4"), 0);
    assert_false(d.present & PROTOCOL_BIT(PROTOCOL_MQTTSN));
    shown(BYTES(""), 0);
    assert_false(d.present & (PROTOCOL_BIT(PROTOCOL_MQTTSN) | PROTOCOL_BIT(PROTOCOL_MALFORMED)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_shows_its_fields),
        cmocka_unit_test(an_encapsulated_message_is_shown_in_the_same_layer),
        cmocka_unit_test(what_is_missing_ends_the_message),
        cmocka_unit_test(a_datagram_without_a_type_is_malformed_and_not_mqttsn),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
