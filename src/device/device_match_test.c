/* SPDX-License-Identifier: Apache-2.0 */
#include "device/device_match.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdlib.h>

#include "device/binding.h"
#include "protocol/state.h"
#include "protocol/wire.h"

static const struct wire_end device = { 0x0a000001, 1000 }, server = { 0xc0000201, 5684 };
static const struct wire_end others_port = { 0x0a000001, 1001 }, stranger = { 0x0a0000fe, 1000 };

static struct dissection d;
static struct demand demand;

static struct ip_address address(uint32_t number)
{
    uint8_t bytes[4] = { (uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8),
                         (uint8_t)number };

    return ip_address_of(bytes_of(bytes, 4));
}

static struct flow_key flow_of(struct wire_end a, struct wire_end b)
{
    struct ip_address source = address(a.address), destination = address(b.address);
    struct flow_key key;

    flow_key_make(&key, &source, a.port, &destination, b.port, IP_PROTOCOL_UDP);
    return key;
}

static enum device_match_result ask_frame(struct device_match *match, struct dissect_state *s,
                                          const struct wire *w, uint16_t linktype, int64_t ts_ns,
                                          uint64_t *datagram)
{
    static struct packet packet;
    enum device_match_result result;

    packet = wire_packet(w, linktype, ts_ns);
    demand_init(&demand);
    device_match_demand(&demand);
    demand_settle(&demand);
    dissection_init(&d, &demand, s, NULL);
    dissect(&d, &packet);
    result = device_match_packet(match, &d, datagram);
    if (!device_match_may_be(match, &demand, &packet))
        assert_int_equal(result, DEVICE_OTHER);
    return result;
}

static enum device_match_result ask(struct device_match *match, struct wire_end from, struct wire_end to,
                                    int64_t ts_ns)
{
    struct wire w;
    uint64_t datagram;
    enum device_match_result result;

    wire_udp(&w, from, to, bytes_text("x"));
    result = ask_frame(match, NULL, &w, LINKTYPE_ETHERNET, ts_ns, &datagram);
    assert_int_equal(datagram, 0);
    return result;
}

/* On the device's flow to the server: 100..200, 150..300 (melts), 500..600. */
static struct device_match *match_of_device(void)
{
    struct device_match *match = device_match_new(1);
    struct flow_key flow = flow_of(device, server);

    assert_true(device_match_add(match, &flow, 500, 600));
    assert_true(device_match_add(match, &flow, 100, 200));
    assert_true(device_match_add(match, &flow, 150, 300));
    device_match_settle(match);
    return match;
}

static bool may_be(struct device_match *match, struct wire_end from, struct wire_end to)
{
    struct packet packet;
    struct wire w;

    demand_init(&demand);
    device_match_demand(&demand);
    demand_settle(&demand);
    wire_udp(&w, from, to, bytes_text("x"));
    packet = wire_packet(&w, LINKTYPE_ETHERNET, 150);
    return device_match_may_be(match, &demand, &packet);
}

static void strangers_are_told_at_a_glance_but_not_in_a_tunnel(void **state)
{
    struct wire_end vxlan = { 0xc0000201, 4789 };
    struct device_match *match = match_of_device();

    (void)state;
    assert_true(may_be(match, device, server));
    assert_true(may_be(match, server, device));
    assert_false(may_be(match, stranger, server));
    assert_false(may_be(match, server, stranger));
    assert_true(may_be(match, stranger, vxlan));
    device_match_free(match);
}

static void a_packet_is_the_devices_within_its_spans_only(void **state)
{
    static const struct {
        int64_t ts_ns;
        enum device_match_result result;
    } cases[] = {
        { 99, DEVICE_OTHER },   { 100, DEVICE_PACKET },      { 200, DEVICE_PACKET },
        { 201, DEVICE_PACKET }, { 300, DEVICE_PACKET },      { 301, DEVICE_OTHER },
        { 499, DEVICE_OTHER },  { 500, DEVICE_PACKET },      { 600, DEVICE_PACKET },
        { 601, DEVICE_OTHER },  { INT64_MIN, DEVICE_OTHER }, { INT64_MAX, DEVICE_OTHER },
    };
    struct device_match *match = match_of_device();
    uint32_t n;

    (void)state;
    device_match_spans(match, &n);
    assert_int_equal(n, 2);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        print_message("%lld\n", (long long)cases[i].ts_ns);
        assert_int_equal(ask(match, device, server, cases[i].ts_ns), cases[i].result);
        assert_int_equal(ask(match, server, device, cases[i].ts_ns), cases[i].result);
        assert_int_equal(ask(match, others_port, server, cases[i].ts_ns), DEVICE_OTHER);
        assert_int_equal(ask(match, stranger, server, cases[i].ts_ns), DEVICE_OTHER);
    }
    device_match_free(match);
}

static void without_spans_nothing_is_anyones(void **state)
{
    struct device_match *match = device_match_new(1);
    uint32_t n;

    (void)state;
    device_match_settle(match);
    device_match_spans(match, &n);
    assert_int_equal(n, 0);
    assert_int_equal(ask(match, device, server, 0), DEVICE_OTHER);
    device_match_free(match);
}

static void random_spans_answer_as_a_plain_search_would(void **state)
{
    enum { SPANS = 40 };

    (void)state;
    srand(5);
    for (unsigned round = 0; round < 50; round++) {
        struct device_match *match = device_match_new(round);
        struct {
            uint16_t port;
            int64_t from, to;
        } spans[SPANS];

        for (unsigned i = 0; i < SPANS; i++) {
            struct flow_key flow;

            spans[i].port = (uint16_t)(1000 + rand() % 4);
            spans[i].from = rand() % 200;
            spans[i].to = spans[i].from + rand() % 10;
            flow = flow_of((struct wire_end) { device.address, spans[i].port }, server);
            device_match_add(match, &flow, spans[i].from, spans[i].to);
        }
        device_match_settle(match);
        for (int64_t ts = 0; ts < 220; ts += 3) {
            for (uint16_t port = 1000; port < 1004; port++) {
                bool is_devices = false;

                for (unsigned i = 0; i < SPANS; i++)
                    is_devices |= spans[i].port == port && spans[i].from <= ts && ts <= spans[i].to;
                assert_int_equal(ask(match, (struct wire_end) { device.address, port }, server, ts),
                                 is_devices ? DEVICE_PACKET : DEVICE_OTHER);
            }
        }
        device_match_free(match);
    }
}

static void an_icmp_error_that_quotes_the_device_is_its_packet(void **state)
{
    struct device_match *match = match_of_device();
    struct wire udp = { 0 }, quoted = { 0 }, icmp = { 0 }, w = { 0 };
    uint64_t datagram;

    (void)state;
    wire_udp_header(&udp, server.port, device.port, 100);
    wire_ipv4(&quoted, IP_PROTOCOL_UDP, server.address, device.address, 5, 0, wire_bytes(&udp));
    wire_number(&icmp, UINT64_C(0x0303000000000000), 8);
    wire_put(&icmp, wire_bytes(&quoted));
    wire_ipv4(&w, IP_PROTOCOL_ICMP, 0x0a0a0a0a, server.address, 6, 0,
              wire_bytes(&icmp)); /* a router says so */
    assert_int_equal(ask_frame(match, NULL, &w, LINKTYPE_IPV4, 150, &datagram), DEVICE_PACKET);
    assert_int_equal(ask_frame(match, NULL, &w, LINKTYPE_IPV4, 400, &datagram), DEVICE_OTHER);
    device_match_free(match);
}

static void a_span_of_an_address_is_all_its_packets(void **state)
{
    struct device_match *match = device_match_new(1);
    struct ip_address leased = address(others_port.address);
    struct flow_key key = flow_key_of_address(&leased);

    (void)state;
    assert_true(flow_key_is_address(&key));
    device_match_add(match, &key, 100, 200);
    device_match_settle(match);
    assert_int_equal(ask(match, device, server, 150), DEVICE_PACKET);
    assert_int_equal(ask(match, stranger, others_port, 200), DEVICE_PACKET);
    assert_int_equal(ask(match, stranger, server, 150), DEVICE_OTHER);
    assert_int_equal(ask(match, device, server, 201), DEVICE_OTHER);
    device_match_free(match);
}

/* n fragments of 16 bytes of a datagram from the device. */
static unsigned fragments_of(struct wire *fragments, size_t payload_len, bool is_ipv6)
{
    struct wire udp = { 0 };
    unsigned n = 0;

    wire_udp_header(&udp, device.port, server.port, payload_len);
    wire_fill(&udp, 'x', payload_len);
    for (size_t at = 0; at < udp.len; at += 16) {
        size_t len = udp.len - at < 16 ? udp.len - at : 16;
        bool has_more = at + len < udp.len;
        struct wire piece = { 0 };

        fragments[n].len = 0;
        if (is_ipv6) {
            wire_number(&piece, IP_PROTOCOL_UDP << 8, 2);
            wire_number(&piece, at | has_more, 2);
            wire_number(&piece, 77, 4);
            wire_put(&piece, bytes_of(udp.data + at, len));
            wire_ipv6(&fragments[n++], 44, device.address, server.address, wire_bytes(&piece));
        } else {
            wire_ipv4(&fragments[n++], IP_PROTOCOL_UDP, device.address, server.address, 77,
                      (uint16_t)((has_more ? 0x2000u : 0u) | at / 8), bytes_of(udp.data + at, len));
        }
    }
    return n;
}

static struct ip_address address6(uint32_t last)
{
    uint8_t bytes[16] = { 0x20, 1, 0xd, 0xb8 };
    struct ip_address v4 = address(last);

    memcpy(bytes + 12, v4.bytes, 4);
    return ip_address_of(bytes_of(bytes, 16));
}

static void fragments_are_the_devices_in_whatever_order_they_come(void **state)
{
    static const struct {
        const char *name;
        unsigned order[3];
        enum device_match_result results[3];
    } cases[] = {
        { "in order", { 0, 1, 2 }, { DEVICE_PACKET, DEVICE_PACKET, DEVICE_PACKET } },
        { "last first", { 2, 0, 1 }, { DEVICE_UNDECIDED, DEVICE_PACKET, DEVICE_PACKET } },
        { "backwards", { 2, 1, 0 }, { DEVICE_UNDECIDED, DEVICE_UNDECIDED, DEVICE_PACKET } },
    };

    (void)state;
    for (unsigned family = 0; family < 2; family++) {
        for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
            static struct wire fragments[4];
            struct dissect_state *s = dissect_state_new(1);
            struct device_match *match = match_of_device();
            struct ip_address a = address6(device.address), b = address6(server.address);
            struct flow_key flow;
            uint64_t first_datagram = 0, datagram;

            print_message("IPv%d %s\n", family ? 6 : 4, cases[c].name);
            flow_key_make(&flow, &a, device.port, &b, server.port, IP_PROTOCOL_UDP);
            device_match_add(match, &flow, 100, 200);
            device_match_settle(match);
            assert_int_equal(fragments_of(fragments, 40, family), 3);
            for (unsigned i = 0; i < 3; i++) {
                assert_int_equal(ask_frame(match, s, &fragments[cases[c].order[i]],
                                           family ? LINKTYPE_IPV6 : LINKTYPE_IPV4, 150, &datagram),
                                 cases[c].results[i]);
                assert_int_not_equal(datagram, 0);
                if (i > 0)
                    assert_int_equal(datagram, first_datagram); /* what was undecided is decided by it */
                first_datagram = datagram;
            }
            device_match_free(match);
            dissect_state_free(s);
        }
    }
}

static void fragments_between_strangers_are_nobodys(void **state)
{
    struct device_match *match = device_match_new(1);
    struct flow_key flow = flow_of(stranger, server);
    static struct wire fragments[4];
    uint64_t datagram;

    (void)state;
    device_match_add(match, &flow, 100, 200);
    device_match_settle(match);
    fragments_of(fragments, 40, false);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(ask_frame(match, NULL, &fragments[i], LINKTYPE_IPV4, 150, &datagram), DEVICE_OTHER);
    device_match_free(match);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(strangers_are_told_at_a_glance_but_not_in_a_tunnel),
        cmocka_unit_test(a_packet_is_the_devices_within_its_spans_only),
        cmocka_unit_test(without_spans_nothing_is_anyones),
        cmocka_unit_test(random_spans_answer_as_a_plain_search_would),
        cmocka_unit_test(an_icmp_error_that_quotes_the_device_is_its_packet),
        cmocka_unit_test(a_span_of_an_address_is_all_its_packets),
        cmocka_unit_test(fragments_are_the_devices_in_whatever_order_they_come),
        cmocka_unit_test(fragments_between_strangers_are_nobodys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
