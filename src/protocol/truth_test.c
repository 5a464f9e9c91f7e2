/* SPDX-License-Identifier: Apache-2.0 */
/*
 * truth_test - packets that Wireshark 4.0 reads otherwise (docs/differences.md), and that belong to no single
 * protocol's test: each written by hand from its RFC, with what it says.
 */
#include "protocol/dissected.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define PACKET(text) bytes_of((text), sizeof(text) - 1)
#define IPV6_ADDRESSES                       \
    "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1" \
    "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2"
#define UDP_TO_9999              \
    "\x9c\x40\x27\x0f\0\x0b\0\0" \
    "abc"

static struct dissected dissected;

static void take(uint16_t linktype, struct bytes bytes)
{
    dissected.packet = (struct packet) { .data = bytes.data,
                                         .caplen = (uint32_t)bytes.len,
                                         .len = (uint32_t)bytes.len,
                                         .linktype = linktype,
                                         .number = dissected.packet.number + 1 };
    dissect(&dissected.d, &dissected.packet);
}

static void expect(const char *field, const char *values)
{
    print_message("%s\n", field);
    assert_string_equal(dissected_values(&dissected, field), values);
}

static bool is_malformed(void)
{
    return dissected.d.present >> PROTOCOL_MALFORMED & 1;
}

/* RFC 791 section 3.1: the route is behind the header; the address in it is where the packet goes next. */
static void a_source_routed_packet_goes_where_its_header_says(void **state)
{
    (void)state;
    take(LINKTYPE_IPV4, PACKET("\x47\0\0\x27\0\1\0\0\x40\x11\0\0\x0a\0\0\1\x0a\0\0\2"
                               "\x83\7\4\x0a\0\0\x09\0" UDP_TO_9999));
    expect("ip.dst", "0a000002");
    expect("udp.dstport", "9999");
    assert_false(is_malformed());
}

/* RFC 8200 section 4.3: a header is as long as it says; an option that says more does not make it longer. */
static void behind_an_option_beyond_its_header_the_packet_goes_on(void **state)
{
    (void)state;
    take(LINKTYPE_IPV6, PACKET("\x60\0\0\0\0\x13\0\x40" IPV6_ADDRESSES "\x11\0\x1e\x20\0\0\0\0" UDP_TO_9999));
    expect("ipv6.opt.type", "30");
    expect("udp.dstport", "9999");
    expect("data.data", "616263");
}

/* RFC 9293 section 3.1: the data offset says where the payload begins, whatever the options say. */
static void a_tcp_option_without_a_length_leaves_the_payload(void **state)
{
    (void)state;
    take(LINKTYPE_IPV4, PACKET("\x45\0\0\x2f\0\1\0\0\x40\6\0\0\x0a\0\0\1\x0a\0\0\2"
                               "\x9c\x40\x27\x0f\0\0\0\1\0\0\0\1\x60\x18\4\0\0\0\0\0"
                               "\1\x08\0\0"
                               "abc"));
    expect("tcp.option_kind", "1");
    expect("tcp.option.len.invalid", "0");
    expect("tcp.payload", "616263");
    expect("tcp.analysis.flags", "");
}

/* RFC 7252 section 3: a marker without a payload is a format error; code and path stand before it. */
static void a_coap_message_with_a_broken_end_keeps_its_beginning(void **state)
{
    (void)state;
    dissected_udp(&dissected, false, 40000, 5683, PACKET("\x40\1\x12\x33\xb4temp\xff"), 0, 0);
    expect("coap.code", "1");
    expect("coap.opt.uri_path", "temp");
    dissected_udp(&dissected, false, 40000, 5683, PACKET("\x41\1\x12\x34\xaa\xb4temp"), 1000, 0);
    dissected_udp(&dissected, true, 40000, 5683, PACKET("\x61\x45\x12\x34\xaa\xc1\x32\xff{\"a\":"), 2000, 0);
    expect("coap.code", "69");
    expect("coap.response_to", "2");
}

/* The Echo service's port is one that a client may have by chance; CoAP's is a server's. */
static void coap_from_the_port_of_echo_is_coap(void **state)
{
    (void)state;
    dissected_udp(&dissected, false, 7, 5683, PACKET("\x40\1\x12\x34\xb4temp"), 0, 0);
    expect("coap.opt.uri_path", "temp");
}

/* MQTT 5 section 1.5.5: a length has four bytes at most, so nobody waits for what five of them announce. */
static void an_mqtt_length_of_five_bytes_does_not_take_what_follows(void **state)
{
    (void)state;
    take(LINKTYPE_IPV4, PACKET("\x45\0\0\x2e\0\1\0\0\x40\6\0\0\x0a\0\0\1\x0a\0\0\2"
                               "\x9c\x40\7\x5b\0\0\0\1\0\0\0\1\x50\x18\4\0\0\0\0\0"
                               "\x30\x80\x80\x80\x80\1"));
    expect("mqtt.msgtype", "3");
    take(LINKTYPE_IPV4, PACKET("\x45\0\0\x2a\0\2\0\0\x40\6\0\0\x0a\0\0\1\x0a\0\0\2"
                               "\x9c\x40\7\x5b\0\0\0\7\0\0\0\1\x50\x18\4\0\0\0\0\0"
                               "\xc0\0"));
    expect("mqtt.msgtype", "12");
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
        TEST(a_source_routed_packet_goes_where_its_header_says),
        TEST(behind_an_option_beyond_its_header_the_packet_goes_on),
        TEST(a_tcp_option_without_a_length_leaves_the_payload),
        TEST(a_coap_message_with_a_broken_end_keeps_its_beginning),
        TEST(coap_from_the_port_of_echo_is_coap),
        TEST(an_mqtt_length_of_five_bytes_does_not_take_what_follows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
