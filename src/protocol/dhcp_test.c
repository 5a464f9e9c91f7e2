/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/dissected.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define BYTES(text) bytes_of((text), sizeof(text) - 1)
#define COOKIE "\x63\x82\x53\x63"

static struct dissected dissected;

struct expected {
    const char *field, *values;
};

static void expect(const struct expected *expected, size_t n)
{
    for (size_t i = 0; i < n && expected[i].field; i++) {
        print_message("  %s\n", expected[i].field);
        assert_string_equal(dissected_values(&dissected, expected[i].field), expected[i].values);
    }
}

/* 236 bytes: a request by 02:00:5e:00:00:01, with what stands in the places of the names. */
static void put_header(struct wire *w, struct bytes server, struct bytes file)
{
    wire_put(w, BYTES("\1\1\6\0\x12\x34\x56\x78\0\3\x80\0"));
    wire_fill(w, 0, 16);
    wire_put(w, BYTES("\2\0\x5e\0\0\1"));
    wire_fill(w, 0, 10);
    wire_put(w, server);
    wire_fill(w, 0, 64 - server.len);
    wire_put(w, file);
    wire_fill(w, 0, 128 - file.len);
}

static void take(struct bytes server, struct bytes file, struct bytes options, uint32_t cut)
{
    struct wire message = { 0 };

    put_header(&message, server, file);
    wire_put(&message, options);
    dissected_udp(&dissected, false, 68, 67, wire_bytes(&message), 0, cut);
}

static bool is_malformed(void)
{
    return dissected.d.present >> PROTOCOL_MALFORMED & 1;
}

static void the_header_is_read(void **state)
{
    static const struct expected expected[] = {
        { "dhcp.type", "1" },
        { "dhcp.hw.type", "1" },
        { "dhcp.id", "305419896" },
        { "dhcp.secs", "3" },
        { "dhcp.flags.bc", "1" },
        { "dhcp.ip.your", "00000000" },
        { "dhcp.hw.mac_addr", "02005e000001" },
        { "dhcp.hw.addr_padding", "00000000000000000000" },
        { "dhcp.server", "boss" },
        { "dhcp.file", "" },
        { "dhcp.cookie", "63825363" },
        { "dhcp.option.dhcp", "1" },
        { "dhcp.option.type", "53,0" },
        { "dhcp.option.end", "255" },
        { "dhcp.bootp", "" },
    };

    (void)state;
    take(BYTES("boss"), BYTES(""), BYTES(COOKIE "\x35\1\1\xff"), 0);
    expect(expected, sizeof expected / sizeof expected[0]);
    assert_false(is_malformed());
}

static void options_are_read_by_their_number(void **state)
{
    const struct {
        struct bytes option;
        struct expected expected[4];
    } cases[] = {
        { BYTES("\1\4\xff\xff\xff\0"), { { "dhcp.option.subnet_mask", "ffffff00" } } },
        { BYTES("\1\3\xff\xff\xff"), { { "dhcp.option.subnet_mask", "" }, { "dhcp.bad_length", "1" } } },
        { BYTES("\2\4\xff\xff\xff\xff"), { { "dhcp.option.time_offset", "-1" } } },
        { BYTES("\6\x08\1\1\1\1\2\2\2\2"), { { "dhcp.option.domain_name_server", "01010101,02020202" } } },
        { BYTES("\x0c\5pc\0xy"), { { "dhcp.option.hostname", "pc" } } },
        { BYTES("\x33\4\0\0\x0e\x10"), { { "dhcp.option.ip_address_lease_time", "3600" } } },
        { BYTES("\x37\3\1\3\6"), { { "dhcp.option.request_list_item", "1,3,6" } } },
        { BYTES("\x3c\4test"), { { "dhcp.option.vendor_class_id", "test" } } },
        { BYTES("\x3d\7\1\2\0\x5e\0\0\1"), { { "dhcp.hw.mac_addr", "02005e000001,02005e000001" } } },
        { BYTES("\x3d\x0f\xff\1\2\3\4\0\3\0\1\2\0\x5e\0\0\1"),
          { { "dhcp.client_id.iaid", "01020304" },
            { "dhcp.client_id.link_layer_address", "02:00:5e:00:00:01" } } },
        { BYTES("\x3d\3\0me"), { { "dhcp.client_id.undef", "me" } } },
        { BYTES("\x4d\4\3abc"), { { "dhcp.option.user_class.data", "616263" } } },
        { BYTES("\x4d\4iPXE"), { { "dhcp.option.user_class.text", "iPXE" } } },
        { BYTES("\x51\7\5\0\0\2pc\0"), { { "dhcp.fqdn.name", "pc" }, { "dhcp.fqdn.s", "1" } } },
        { BYTES("\x51\5\0\0\0pc"), { { "dhcp.fqdn.name", "pc" } } },
        { BYTES("\x52\x08\1\2ab\2\2cd"),
          { { "dhcp.option.agent_information_option.suboption", "1,2" },
            { "dhcp.option.agent_information_option.agent_circuit_id", "6162" },
            { "dhcp.option.agent_information_option.agent_remote_id", "6364" } } },
        { BYTES("\x52\3\1\5a"), { { "dhcp.missing_subopt_value", "1" } } },
        { BYTES("\x79\x08\x18\xc0\0\2\x0a\0\0\1"),
          { { "dhcp.option.classless_static_route", "18c000020a000001" } } },
        { BYTES("\x77\5\1a\1b\0\x77\4\1c\xc0\2"),
          { { "dhcp.option.dhcp_dns_domain_search_list_fqdn", "a.b,c.b" },
            { "dhcp.option.dhcp_dns_domain_search_list_rfc_3396_detected", "1/2,2/2" } } },
        { BYTES("\x7c\7\0\0\0\x09\2ab"), { { "dhcp.option.vi_class.data", "ab" } } },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct wire options = { 0 };

        print_message("option %u\n", cases[i].option.data[0]);
        wire_put(&options, BYTES(COOKIE "\x35\1\1"));
        wire_put(&options, cases[i].option);
        wire_put(&options, BYTES("\xff"));
        take(BYTES(""), BYTES(""), wire_bytes(&options), 0);
        assert_false(is_malformed());
        expect(cases[i].expected, 4);
    }
}

static void names_may_give_way_to_options(void **state)
{
    static const struct expected expected[] = {
        { "dhcp.option.option_overload", "3" },
        { "dhcp.server", "" },
        { "dhcp.server_name_overloaded_by_dhcp", "1" },
        { "dhcp.option.hostname", "pc" },
        { "dhcp.option.domain_name", "lan" },
        { "dhcp.option.option_overload.file_end_missing", "1" },
    };

    (void)state;
    take(BYTES("\x0c\2pc\xff"), BYTES("\x0f\3lan"), BYTES(COOKIE "\x34\1\3\x35\1\1\xff"), 0);
    expect(expected, sizeof expected / sizeof expected[0]);
    assert_false(is_malformed());
}

static void what_was_cut_or_broken_is_told_apart(void **state)
{
    (void)state;
    take(BYTES(""), BYTES(""), BYTES(COOKIE "\x35\1\1\x0c\x20short"), 0);
    assert_true(is_malformed());
    assert_string_equal(dissected_values(&dissected, "dhcp.option.dhcp"), "1");
    take(BYTES(""), BYTES(""), BYTES(COOKIE "\x35\1\1\x0c\5short\xff"), 3);
    assert_false(is_malformed());
    assert_int_equal(dissected.d.top->result, DISSECT_TRUNCATED);
    assert_string_equal(dissected_values(&dissected, "dhcp.id"), "");
}

static void a_proxy_without_the_cookie_is_data(void **state)
{
    (void)state;
    dissected_udp(&dissected, false, 40000, 4011, BYTES("no dhcp"), 0, 0);
    assert_false(dissected.d.present >> PROTOCOL_DHCP & 1);
    assert_true(dissected.d.present >> PROTOCOL_DATA & 1);
}

static int prepare(void **state)
{
    (void)state;
    dissected_init(&dissected);
    return 0;
}

static int finish(void **state)
{
    (void)state;
    dissected_clear(&dissected);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, prepare, finish)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(the_header_is_read),
        TEST(options_are_read_by_their_number),
        TEST(names_may_give_way_to_options),
        TEST(what_was_cut_or_broken_is_told_apart),
        TEST(a_proxy_without_the_cookie_is_data),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
