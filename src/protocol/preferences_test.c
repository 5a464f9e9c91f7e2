/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/dispatch.h"
#include "protocol/preferences.h"

static void settings_are_taken_as_tshark_writes_them(void **state)
{
    struct preferences preferences = preferences_default;
    struct error error;

    (void)state;
    assert_true(preferences_set(&preferences, "ip.defragment:FALSE", &error));
    assert_false(preferences.ip_defragment);
    assert_true(preferences_set(&preferences, "ip.defragment: true", &error));
    assert_true(preferences.ip_defragment);
    assert_true(preferences_set(&preferences, "UDP.check_checksum:tRuE", &error));
    assert_true(preferences.udp_check_checksum);
    assert_true(preferences_set(&preferences, "dtls.client_cid_length:255", &error));
    assert_int_equal(preferences.dtls_client_cid_length, 255);
    assert_true(preferences_set(&preferences, "dtls.server_cid_length:8", &error));
    assert_int_equal(preferences.dtls_server_cid_length, 8);
}

static void an_mqtt_version_has_two_names(void **state)
{
    static const struct {
        const char *text;
        uint8_t version;
    } cases[] = {
        { "mqtt.default_version:MQTT v5.0", 5 }, { "mqtt.default_version:\"mqtt v3.1\"", 3 },
        { "mqtt.default_version:v311", 4 },      { "mqtt.default_version:V50", 5 },
        { "mqtt.default_version:None", 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct preferences preferences = { .mqtt_default_version = 99 };
        struct error error;

        assert_true(preferences_set(&preferences, cases[i].text, &error));
        assert_int_equal(preferences.mqtt_default_version, cases[i].version);
    }
}

static void a_refused_setting_says_why_and_changes_nothing(void **state)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        { "ip.defragmnt:TRUE", "did you mean ip.defragment?" },
        { "foo.bar:1", "not known" },
        { "dtls.psk:abcd", "nothing is decrypted" },
        { "tls.keylog_file:/x", "nothing is decrypted" },
        { "ip.summary_in_tree:FALSE", "nothing to set" },
        { "coap.udp.port:5685", "-d udp.port==" },
        { "ip.defragment", "has no value" },
        { "ip.defragment:yes", "TRUE or FALSE" },
        { "ip.defragment:", "TRUE or FALSE" },
        { "dtls.client_cid_length:256", "from 0 to 255" },
        { "dtls.client_cid_length:-1", "from 0 to 255" },
        { "dtls.client_cid_length:8x", "from 0 to 255" },
        { "mqtt.default_version:6", "None, MQTT v3.1, MQTT v3.1.1, MQTT v5.0" },
        { "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx:1", "not known" },
        { "ip.defragment:xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
          "TRUE or FALSE" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct preferences preferences = preferences_default;
        struct error error = { 0 };

        assert_false(preferences_set(&preferences, cases[i].text, &error));
        assert_int_equal(error.kind, ERROR_USAGE);
        if (strstr(error.text, cases[i].says) == NULL)
            fail_msg("%s: %s", cases[i].text, error.text);
        assert_memory_equal(&preferences, &preferences_default, sizeof preferences);
    }
}

static void a_rule_covers_its_ports_and_later_ones_win(void **state)
{
    struct preferences preferences = preferences_default;
    struct error error;

    (void)state;
    assert_true(preferences_decode_as(&preferences, "udp.port==5000-5009,coap", &error));
    assert_true(preferences_decode_as(&preferences, "udp.port==0x138a:2,data", &error)); /* 5002, 5003 */
    assert_true(preferences_decode_as(&preferences, " tcp.port == 1884 , mqtt ", &error));
    assert_true(preferences_decode_as(&preferences, "tcp.port==443:1,ssl", &error));
    assert_true(preferences_decode_as(&preferences, "dtls.port==5684,coap", &error));
    assert_int_equal(preferences_decoded(&preferences, PORT_TABLE_UDP, 4999), PROTOCOL_NONE);
    assert_int_equal(preferences_decoded(&preferences, PORT_TABLE_UDP, 5000), PROTOCOL_COAP);
    assert_int_equal(preferences_decoded(&preferences, PORT_TABLE_UDP, 5001), PROTOCOL_COAP);
    assert_int_equal(preferences_decoded(&preferences, PORT_TABLE_UDP, 5002), PROTOCOL_DATA);
    assert_int_equal(preferences_decoded(&preferences, PORT_TABLE_UDP, 5003), PROTOCOL_DATA);
    assert_int_equal(preferences_decoded(&preferences, PORT_TABLE_UDP, 5009), PROTOCOL_COAP);
    assert_int_equal(preferences_decoded(&preferences, PORT_TABLE_UDP, 5010), PROTOCOL_NONE);
    assert_int_equal(preferences_decoded(&preferences, PORT_TABLE_TCP, 1884), PROTOCOL_MQTT);
    assert_int_equal(preferences_decoded(&preferences, PORT_TABLE_UDP, 1884), PROTOCOL_NONE);
    assert_int_equal(preferences_decoded(&preferences, PORT_TABLE_TCP, 443), PROTOCOL_TLS);
    assert_int_equal(preferences_decoded(&preferences, PORT_TABLE_DTLS, 5684), PROTOCOL_COAP);
}

static void a_rule_that_cannot_be_is_refused(void **state)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        { "udp.port=5000,coap", "is no rule" },
        { "udp.port==5000", "is no rule" },
        { "", "is no rule" },
        { "ip.proto==47,ip", "there are rules for" },
        { "udp.port==70000,coap", "ports are from" },
        { "udp.port==9-5,coap", "ports are from" },
        { "udp.port==5:0,coap", "ports are from" },
        { "udp.port==65535:2,coap", "ports are from" },
        { "udp.port==-5,coap", "ports are from" },
        { "udp.port==,coap", "ports are from" },
        { "udp.port==5,", "cannot stand behind udp.port" },
        { "udp.port==5,caop", "did you mean coap?" },
        { "udp.port==5,http", "cannot stand behind udp.port" },
        { "tcp.port==5,dtls", "did you mean tls?" },
        { "tcp.port==5,vxlan", "cannot stand behind tcp.port" },
        { "dtls.port==5,mqtt", "these can: data coap dns" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct preferences preferences = preferences_default;
        struct error error = { 0 };

        assert_false(preferences_decode_as(&preferences, cases[i].text, &error));
        assert_int_equal(error.kind, ERROR_USAGE);
        if (strstr(error.text, cases[i].says) == NULL)
            fail_msg("%s: %s", cases[i].text, error.text);
        assert_int_equal(preferences.n_rules, 0);
    }
}

static void rules_have_an_end(void **state)
{
    struct preferences preferences = preferences_default;
    struct error error;

    (void)state;
    for (int i = 0; i < DECODE_RULES; i++)
        assert_true(preferences_decode_as(&preferences, "udp.port==1,coap", &error));
    assert_false(preferences_decode_as(&preferences, "udp.port==1,coap", &error));
    assert_int_equal(error.kind, ERROR_LIMIT);
}

static void what_a_rule_can_name_its_port_may_carry(void **state)
{
    static const char *const udp[] = { "data",   "coap", "dns",   "mdns",   "dhcp", "bootp", "ntp",
                                       "mqttsn", "dtls", "quic",  "json",   "eth",  "llc",   "ip",
                                       "ipv6",   "gre",  "vxlan", "geneve", "tzsp" };
    static const char *const tcp[] = { "data", "coap", "dns", "ntp", "mqtt", "http", "tls", "ssl", "json" };
    struct preferences preferences = preferences_default;
    struct error error;
    char text[64];

    (void)state;
    for (size_t i = 0; i < sizeof udp / sizeof udp[0]; i++) {
        snprintf(text, sizeof text, "udp.port==7,%s", udp[i]);
        assert_true(preferences_decode_as(&preferences, text, &error));
        assert_true(
            protocols[PROTOCOL_UDP]->may_carry >> preferences_decoded(&preferences, PORT_TABLE_UDP, 7) & 1);
    }
    for (size_t i = 0; i < sizeof tcp / sizeof tcp[0]; i++) {
        snprintf(text, sizeof text, "tcp.port==7,%s", tcp[i]);
        assert_true(preferences_decode_as(&preferences, text, &error));
        assert_true(
            protocols[PROTOCOL_TCP]->may_carry >> preferences_decoded(&preferences, PORT_TABLE_TCP, 7) & 1);
    }
}

static void an_index_is_asked_only_where_it_would_know(void **state)
{
    static const struct {
        const char *rule;
        bool is_asked;
    } cases[] = {
        { "udp.port==5000,coap", true },    { "tcp.port==1884,mqtt", true },  { "udp.port==5684,data", true },
        { "udp.port==5000,vxlan", false },  { "udp.port==5000,dtls", false }, { "udp.port==5000,eth", false },
        { "udp.port==5000,geneve", false },
    };
    struct preferences preferences = preferences_default;
    struct error error;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        preferences = preferences_default;
        assert_true(preferences_agree_with_index(&preferences));
        assert_true(preferences_decode_as(&preferences, cases[i].rule, &error));
        assert_int_equal(preferences_agree_with_index(&preferences), cases[i].is_asked);
    }
    preferences = preferences_default;
    preferences.ip_defragment = false;
    assert_false(preferences_agree_with_index(&preferences));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_are_taken_as_tshark_writes_them),
        cmocka_unit_test(an_mqtt_version_has_two_names),
        cmocka_unit_test(a_refused_setting_says_why_and_changes_nothing),
        cmocka_unit_test(a_rule_covers_its_ports_and_later_ones_win),
        cmocka_unit_test(a_rule_that_cannot_be_is_refused),
        cmocka_unit_test(rules_have_an_end),
        cmocka_unit_test(what_a_rule_can_name_its_port_may_carry),
        cmocka_unit_test(an_index_is_asked_only_where_it_would_know),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
