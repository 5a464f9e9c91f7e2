/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/decap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>

#include "protocol/wire.h"

static const struct wire_end mirror = { 0x0a140110, 43210 }, recorder = { 0x0a140101, 4789 };
static const struct wire_end device = { 0x0a000001, 1000 }, server = { 0xc0000201, 5684 };

/* What a mirror of VNI 42 sends of an inner frame. */
static void wrap(struct wire *payload, struct bytes frame)
{
    payload->len = 0;
    wire_number(payload, UINT64_C(0x0800000000002a00), 8);
    wire_put(payload, frame);
}

struct world {
    struct interface_table interfaces;
    struct decap *decap;
};

static void world_init(struct world *w)
{
    static const struct interface first = { .linktype = LINKTYPE_ETHERNET, .name = "eth0", .tsresol = 9 };
    struct error error;

    memset(w, 0, sizeof *w);
    interface_table_add(&w->interfaces, &first, &error);
    w->decap = decap_new(&w->interfaces, 1, &error);
    assert_non_null(w->decap);
}

static void world_clear(struct world *w)
{
    decap_free(w->decap);
    interface_table_clear(&w->interfaces);
}

static void a_wrapped_frame_is_taken_out_whatever_lies_around_it(void **state)
{
    static const char *const names[] = { "IPv4", "behind a VLAN tag", "IPv6" };
    struct wire inner, payload, frame, udp = { 0 };

    (void)state;
    wire_udp(&inner, device, server, bytes_text("hello"));
    wrap(&payload, wire_bytes(&inner));
    wire_udp_header(&udp, mirror.port, recorder.port, payload.len);
    wire_put(&udp, wire_bytes(&payload));
    for (unsigned i = 0; i < 3; i++) {
        struct world w;
        struct packet packet;
        struct error error;

        world_init(&w);
        print_message("%s\n", names[i]);
        if (i == 2) {
            wire_ethernet(&frame, 0x86dd);
            wire_ipv6(&frame, IP_PROTOCOL_UDP, mirror.address, recorder.address, wire_bytes(&udp));
        } else {
            wire_ethernet(&frame, i == 1 ? 0x8100 : 0x0800);
            if (i == 1)
                wire_number(&frame, 0x00070800, 4);
            wire_ipv4(&frame, IP_PROTOCOL_UDP, mirror.address, recorder.address, 1, 0, wire_bytes(&udp));
        }
        packet = wire_packet(&frame, LINKTYPE_ETHERNET, 5);
        assert_int_equal(decap_packet(w.decap, &packet, &error), DECAP_INNER);
        assert_int_equal(packet.caplen, inner.len);
        assert_int_equal(packet.len, inner.len);
        assert_int_equal(packet.linktype, LINKTYPE_ETHERNET);
        assert_int_equal(packet.ts_ns, 5);
        assert_memory_equal(packet.data, inner.data, inner.len);
        assert_int_equal(packet.interface, 1);
        assert_string_equal(w.interfaces.items[1].name,
                            i == 2 ? "vxlan 2001:db8::a14:110 vni 42" : "vxlan 10.20.1.16 vni 42");
        packet = wire_packet(&frame, LINKTYPE_ETHERNET, 6); /* the same mirror again: the same interface */
        assert_int_equal(decap_packet(w.decap, &packet, &error), DECAP_INNER);
        assert_int_equal(w.interfaces.n, 2);
        world_clear(&w);
    }
}

static void a_frame_that_came_in_fragments_is_put_together_first(void **state)
{
    struct world w;
    struct wire inner, payload, udp = { 0 }, frame = { 0 };
    struct packet packet;
    struct error error;
    size_t half;

    (void)state;
    world_init(&w);
    wire_udp(&inner, device, server, bytes_text("hello, this is a large frame"));
    wrap(&payload, wire_bytes(&inner));
    wire_udp_header(&udp, mirror.port, recorder.port, payload.len);
    wire_put(&udp, wire_bytes(&payload));
    half = udp.len / 16 * 8;
    wire_ipv4(&frame, IP_PROTOCOL_UDP, mirror.address, recorder.address, 9, 0x2000, bytes_of(udp.data, half));
    packet = wire_packet(&frame, LINKTYPE_IPV4, 5);
    assert_int_equal(decap_packet(w.decap, &packet, &error), DECAP_PLAIN);
    frame.len = 0;
    wire_ipv4(&frame, IP_PROTOCOL_UDP, mirror.address, recorder.address, 9, (uint16_t)(half / 8),
              bytes_of(udp.data + half, udp.len - half));
    packet = wire_packet(&frame, LINKTYPE_IPV4, 6);
    assert_int_equal(decap_packet(w.decap, &packet, &error), DECAP_INNER);
    assert_int_equal(packet.caplen, inner.len);
    assert_memory_equal(packet.data, inner.data, inner.len);
    world_clear(&w);
}

static void of_a_frame_that_the_mirror_cut_the_length_is_rebuilt(void **state)
{
    struct world w;
    struct wire inner, payload, frame;
    struct packet packet;
    struct error error;

    (void)state;
    world_init(&w);
    wire_udp(&inner, device, server, bytes_text("hello, of which the mirror keeps little"));
    wrap(&payload, bytes_of(inner.data, 40));
    wire_udp(&frame, mirror, recorder, wire_bytes(&payload));
    packet = wire_packet(&frame, LINKTYPE_ETHERNET, 5);
    assert_int_equal(decap_packet(w.decap, &packet, &error), DECAP_INNER_CUT);
    assert_int_equal(packet.caplen, 40);
    assert_int_equal(packet.len, inner.len);
    world_clear(&w);
}

static void a_frame_that_our_own_capture_cut_keeps_the_length_on_the_wire(void **state)
{
    struct world w;
    struct wire inner, payload, frame;
    struct packet packet;
    struct error error;

    (void)state;
    world_init(&w);
    wire_udp(&inner, device, server, bytes_text("hello, of which we keep little"));
    wrap(&payload, wire_bytes(&inner));
    wire_udp(&frame, mirror, recorder, wire_bytes(&payload));
    packet = wire_packet(&frame, LINKTYPE_ETHERNET, 5);
    packet.caplen -= 10;
    assert_int_equal(decap_packet(w.decap, &packet, &error), DECAP_INNER);
    assert_int_equal(packet.caplen, inner.len - 10);
    assert_int_equal(packet.len, inner.len);
    world_clear(&w);
}

static void what_is_not_wrapped_stays_as_it_is(void **state)
{
    static const char *const names[] = { "another port", "without the I flag", "no room for a frame",
                                         "quoted in an ICMP error" };
    struct wire inner, payload, frame, quoted, icmp = { 0 };

    (void)state;
    wire_udp(&inner, device, server, bytes_text("hello"));
    for (unsigned i = 0; i < 4; i++) {
        struct world w;
        struct packet packet, before;
        struct error error;

        world_init(&w);
        print_message("%s\n", names[i]);
        wrap(&payload, wire_bytes(&inner));
        if (i == 1)
            payload.data[0] = 0;
        if (i == 2)
            payload.len = 8 + 13;
        wire_udp(&frame, mirror, i == 0 ? server : recorder, wire_bytes(&payload));
        if (i == 3) {
            quoted = frame;
            wire_number(&icmp, UINT64_C(0x0303000000000000), 8);
            wire_put(&icmp, bytes_of(quoted.data + 14, quoted.len - 14));
            wire_ethernet(&frame, 0x0800);
            wire_ipv4(&frame, IP_PROTOCOL_ICMP, recorder.address, mirror.address, 2, 0, wire_bytes(&icmp));
        }
        packet = before = wire_packet(&frame, LINKTYPE_ETHERNET, 5);
        assert_int_equal(decap_packet(w.decap, &packet, &error), DECAP_PLAIN);
        assert_memory_equal(&packet, &before, sizeof packet);
        assert_int_equal(w.interfaces.n, 1);
        world_clear(&w);
    }
}

static void only_the_outer_wrapping_is_taken_off(void **state)
{
    struct world w;
    struct wire innermost, payload, middle, frame;
    struct packet packet;
    struct error error;

    (void)state;
    world_init(&w);
    wire_udp(&innermost, device, server, bytes_text("hello"));
    wrap(&payload, wire_bytes(&innermost));
    wire_udp(&middle, device, recorder, wire_bytes(&payload));
    wrap(&payload, wire_bytes(&middle));
    wire_udp(&frame, mirror, recorder, wire_bytes(&payload));
    packet = wire_packet(&frame, LINKTYPE_ETHERNET, 5);
    assert_int_equal(decap_packet(w.decap, &packet, &error), DECAP_INNER);
    assert_int_equal(packet.caplen, middle.len);
    world_clear(&w);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wrapped_frame_is_taken_out_whatever_lies_around_it),
        cmocka_unit_test(a_frame_that_came_in_fragments_is_put_together_first),
        cmocka_unit_test(of_a_frame_that_the_mirror_cut_the_length_is_rebuilt),
        cmocka_unit_test(a_frame_that_our_own_capture_cut_keeps_the_length_on_the_wire),
        cmocka_unit_test(what_is_not_wrapped_stays_as_it_is),
        cmocka_unit_test(only_the_outer_wrapping_is_taken_off),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
