/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/demand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static uint16_t id_of(const char *name)
{
    uint16_t id = field_find(name, strlen(name));

    assert_int_not_equal(id, FIELD_ID_NONE);
    return id;
}

static bool is_passable(const struct demand *demand, const char *protocol)
{
    return demand->passable >> protocol_find(protocol, strlen(protocol)) & 1;
}

static void what_lies_on_the_way_is_passable_and_what_lies_beyond_is_not(void **state)
{
    static const struct {
        const char *wanted, *passable, *not_passable;
    } cases[] = {
        { "udp", "eth", "dtls" },  { "udp", "ipv6", "dtls" },  { "udp", "vxlan", "data" },
        { "udp", "icmp", "dtls" }, { "dtls", "udp", "data" },  { "arp", "ieee8021ad", "dtls" },
        { "ip", "llc", "dtls" },   { "vxlan", "udp", "dtls" }, { "data", "tcp", "dtls" },
        { "eth", "vxlan", "arp" }, { "sll", "sll", "icmpv6" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct demand demand;

        print_message("%s\n", cases[i].wanted);
        demand_init(&demand);
        demand_add_protocol(&demand, protocol_find(cases[i].wanted, strlen(cases[i].wanted)));
        demand_settle(&demand);
        assert_true(is_passable(&demand, cases[i].wanted));
        assert_true(is_passable(&demand, cases[i].passable));
        assert_false(is_passable(&demand, cases[i].not_passable));
    }
}

static void a_field_brings_its_protocol_and_its_members(void **state)
{
    struct demand demand;
    uint16_t id = id_of("udp.port");

    (void)state;
    demand_init(&demand);
    demand_add_field(&demand, id);
    assert_true(demand.protocols & PROTOCOL_BIT(PROTOCOL_UDP));
    assert_true(demand_has_field(&demand, PROTOCOL_UDP, FIELD_INDEX(id)));
    assert_true(demand_has_field(&demand, PROTOCOL_UDP, FIELD_INDEX(id_of("udp.srcport"))));
    assert_true(demand_has_field(&demand, PROTOCOL_UDP, FIELD_INDEX(id_of("udp.dstport"))));
    assert_false(demand_has_field(&demand, PROTOCOL_UDP, FIELD_INDEX(id_of("udp.length"))));
    assert_false(demand_has_field(&demand, PROTOCOL_TCP, FIELD_INDEX(id)));
    assert_false(demand.is_whole);
}

static void a_field_that_needs_all_opens_every_way(void **state)
{
    struct demand demand;

    (void)state;
    demand_init(&demand);
    demand_add_field(&demand, id_of("frame.protocols"));
    demand_settle(&demand);
    assert_true(demand.is_whole);
    assert_int_equal(demand.passable, ~UINT64_C(0));
}

static void merged_demands_want_what_both_want(void **state)
{
    struct demand one, other;

    (void)state;
    demand_init(&one);
    demand_init(&other);
    demand_add_field(&one, id_of("udp.length"));
    demand_add_field(&other, id_of("frame.protocols"));
    demand_merge(&one, &other);
    assert_true(demand_has_field(&one, PROTOCOL_UDP, FIELD_INDEX(id_of("udp.length"))));
    assert_true(demand_has_field(&one, PROTOCOL_FRAME, FIELD_INDEX(id_of("frame.protocols"))));
    assert_true(one.is_whole);
    assert_true(one.protocols & PROTOCOL_BIT(PROTOCOL_FRAME));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_lies_on_the_way_is_passable_and_what_lies_beyond_is_not),
        cmocka_unit_test(a_field_brings_its_protocol_and_its_members),
        cmocka_unit_test(a_field_that_needs_all_opens_every_way),
        cmocka_unit_test(merged_demands_want_what_both_want),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
