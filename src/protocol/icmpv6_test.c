/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/dissected.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "protocol/checksum.h"

enum { NEXT_ROUTING = 43, NEXT_ICMPV6 = 58, NEXT_NONE = 59, HOST_A = 1, HOST_B = 2, HOST_C = 3 };

static struct dissected dissected;

static int setup(void **state)
{
    (void)state;
    dissected_init(&dissected);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    dissected_clear(&dissected);
    return 0;
}

static const char *values(const char *field)
{
    return dissected_values(&dissected, field);
}

static bool is_malformed(void)
{
    return dissected.d.present & PROTOCOL_BIT(PROTOCOL_MALFORMED);
}

/* From host A to host B. */
static void dissect_ipv6(uint8_t next, const struct wire *payload)
{
    dissected.wire.len = 0;
    wire_ethernet(&dissected.wire, 0x86dd);
    wire_ipv6(&dissected.wire, next, HOST_A, HOST_B, wire_bytes(payload));
    dissected.packet = wire_packet(&dissected.wire, LINKTYPE_ETHERNET, 0);
    dissected.packet.number = 1;
    dissect(&dissected.d, &dissected.packet);
}

static void put_address(struct wire *w, uint32_t host)
{
    wire_number(w, UINT64_C(0x20010db800000000), 8);
    wire_number(w, host, 8);
}

/* An echo request whose checksum is right for one from host A to that one. */
static void put_echo(struct wire *w, uint32_t to)
{
    struct wire pseudo = { 0 };
    uint16_t sum;

    put_address(&pseudo, HOST_A);
    put_address(&pseudo, to);
    wire_number(&pseudo, 8, 4);
    wire_number(&pseudo, NEXT_ICMPV6, 4);
    wire_number(&pseudo, UINT64_C(0x8000000000070001), 8);
    sum = (uint16_t)~checksum_fold(checksum_add(0, wire_bytes(&pseudo)));
    wire_number(w, 0x8000, 2);
    wire_number(w, sum, 2);
    wire_number(w, 0x00070001, 4);
}

static void a_checksum_counts_the_end_of_the_route(void **state)
{
    static const struct {
        const char *name;
        uint8_t type, n_left;
        uint32_t first, last; /* as they stand in the header */
        uint32_t right_for;
        const char *status;
    } cases[] = {
        { "on the way", 0, 2, HOST_B, HOST_C, HOST_C, "1" },
        { "on the way, right for the next hop", 0, 2, HOST_B, HOST_C, HOST_B, "0" },
        { "at the end", 0, 0, HOST_A, HOST_C, HOST_B, "1" },
        { "segments, the last one first", 4, 1, HOST_C, HOST_A, HOST_C, "1" },
        { "a type that nobody knows", 77, 2, HOST_A, HOST_C, HOST_B, "1" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wire payload = { 0 };

        print_message("%s\n", cases[i].name);
        wire_number(&payload, NEXT_ICMPV6, 1);
        wire_number(&payload, 4, 1);
        wire_number(&payload, cases[i].type, 1);
        wire_number(&payload, cases[i].n_left, 1);
        wire_number(&payload, 0, 4);
        put_address(&payload, cases[i].first);
        put_address(&payload, cases[i].last);
        put_echo(&payload, cases[i].right_for);
        dissect_ipv6(NEXT_ROUTING, &payload);
        assert_string_equal(values("icmpv6.checksum.status"), cases[i].status);
    }
}

static void a_redirect_shows_the_packet_that_it_is_about(void **state)
{
    struct wire payload = { 0 }, about = { 0 }, echo = { 0 };

    (void)state;
    put_echo(&echo, HOST_C);
    wire_ipv6(&about, NEXT_ICMPV6, HOST_A, HOST_C, wire_bytes(&echo));
    wire_number(&payload, UINT64_C(0x8900000000000000), 8);
    put_address(&payload, HOST_B);
    put_address(&payload, HOST_C);
    wire_number(&payload, 4, 1);
    wire_number(&payload, 1 + about.len / 8, 1);
    wire_number(&payload, 0, 6);
    wire_put(&payload, wire_bytes(&about));
    dissect_ipv6(NEXT_ICMPV6, &payload);
    assert_string_equal(values("frame.protocols"), "eth:ethertype:ipv6:icmpv6:ipv6:icmpv6");
    assert_string_equal(values("icmpv6.opt.type"), "4");
    assert_string_equal(values("icmpv6.echo.identifier"), "7");
    assert_false(is_malformed());
}

static void an_error_that_quotes_nothing_carries_no_packet(void **state)
{
    struct wire payload = { 0 };

    (void)state;
    wire_number(&payload, UINT64_C(0x0100000000000000), 8);
    dissect_ipv6(NEXT_ICMPV6, &payload);
    assert_string_equal(values("frame.protocols"), "eth:ethertype:ipv6:icmpv6");
    assert_true(is_malformed());
}

static void an_extended_echo_has_an_identifier(void **state)
{
    struct wire payload = { 0 };

    (void)state;
    wire_number(&payload, UINT64_C(0xa0000000fb610001), 8);
    dissect_ipv6(NEXT_ICMPV6, &payload);
    assert_string_equal(values("icmpv6.echo.identifier"), "64353");
}

static void what_stands_behind_no_next_header_is_data(void **state)
{
    struct wire payload = { 0 };

    (void)state;
    dissect_ipv6(NEXT_NONE, &payload);
    assert_string_equal(values("frame.protocols"), "eth:ethertype:ipv6");
    wire_number(&payload, 0x0400, 2);
    dissect_ipv6(NEXT_NONE, &payload);
    assert_string_equal(values("data.data"), "0400");
}

static void of_a_cut_header_the_source_is_shown(void **state)
{
    struct wire payload = { 0 };

    (void)state;
    dissect_ipv6(NEXT_NONE, &payload);
    dissected.packet.caplen = 14 + 24;
    dissect(&dissected.d, &dissected.packet);
    assert_string_equal(values("ipv6.src_host"), "2001:db8::1");
    assert_string_equal(values("ipv6.dst_host"), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_checksum_counts_the_end_of_the_route, setup, teardown),
        cmocka_unit_test_setup_teardown(a_redirect_shows_the_packet_that_it_is_about, setup, teardown),
        cmocka_unit_test_setup_teardown(an_error_that_quotes_nothing_carries_no_packet, setup, teardown),
        cmocka_unit_test_setup_teardown(an_extended_echo_has_an_identifier, setup, teardown),
        cmocka_unit_test_setup_teardown(what_stands_behind_no_next_header_is_data, setup, teardown),
        cmocka_unit_test_setup_teardown(of_a_cut_header_the_source_is_shown, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
