/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/fragment_flow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "protocol/state.h"
#include "protocol/wire.h"

#define SECOND INT64_C(1000000000)

static struct dissection d;
static struct demand demand;

/* A fragment of a UDP datagram from port 1000 to 5684, 16 bytes each. */
static void show(struct dissect_state *s, unsigned piece, unsigned n_pieces, uint16_t id, int64_t ts_ns)
{
    static struct wire w;
    static struct packet packet;
    struct wire udp = { 0 };

    wire_udp_header(&udp, 1000, 5684, 16 * n_pieces - 8);
    wire_fill(&udp, 'x', 16 * n_pieces - 8);
    w.len = 0;
    wire_ipv4(&w, IP_PROTOCOL_UDP, 0x0a000001, 0x0a000002, id,
              (uint16_t)((piece + 1 < n_pieces ? 0x2000u : 0u) | piece * 2),
              bytes_of(udp.data + 16 * piece, 16));
    packet = wire_packet(&w, LINKTYPE_IPV4, ts_ns);
    demand_init(&demand);
    demand_add_protocol(&demand, PROTOCOL_IPV4);
    demand_add_protocol(&demand, PROTOCOL_UDP);
    demand_settle(&demand);
    dissection_init(&d, &demand, s, NULL);
    dissect(&d, &packet);
}

static void the_ports_of_the_first_fragment_hold_for_the_others(void **state)
{
    static const struct {
        const char *name;
        unsigned order[3];
        enum fragment_flow_result results[3];
        uint32_t early_place;
    } cases[] = {
        { "in order", { 0, 1, 2 }, { FRAGMENT_FLOW_WHOLE, FRAGMENT_FLOW_WHOLE, FRAGMENT_FLOW_WHOLE }, 0 },
        { "first in the middle",
          { 1, 0, 2 },
          { FRAGMENT_FLOW_EARLY, FRAGMENT_FLOW_FIRST_AFTER_EARLY, FRAGMENT_FLOW_WHOLE },
          10 },
        { "first at last",
          { 2, 1, 0 },
          { FRAGMENT_FLOW_EARLY, FRAGMENT_FLOW_EARLY, FRAGMENT_FLOW_FIRST_AFTER_EARLY },
          10 },
    };

    (void)state;
    for (unsigned with_state = 0; with_state < 2; with_state++) {
        for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
            struct dissect_state *s = with_state ? dissect_state_new(1) : NULL;
            struct fragment_flows *flows = fragment_flows_new(1);

            print_message("%s\n", cases[c].name);
            for (uint32_t i = 0; i < 3; i++) {
                struct fragment_flow found;

                show(s, cases[c].order[i], 3, 7, 0);
                assert_int_equal(fragment_flow(flows, &d, 0, 10 + i, &found), cases[c].results[i]);
                assert_int_not_equal(found.datagram, 0);
                assert_int_equal(found.key.port_low, cases[c].results[i] == FRAGMENT_FLOW_EARLY ? 0 : 1000);
                assert_int_equal(found.key.port_high, cases[c].results[i] == FRAGMENT_FLOW_EARLY ? 0 : 5684);
                assert_true(found.is_forward);
                if (cases[c].results[i] == FRAGMENT_FLOW_FIRST_AFTER_EARLY)
                    assert_int_equal(found.early_place, cases[c].early_place);
            }
            fragment_flows_free(flows);
            dissect_state_free(s);
        }
    }
}

static void another_datagram_or_a_later_one_is_not_known_by_it(void **state)
{
    struct fragment_flows *flows = fragment_flows_new(1);
    struct fragment_flow found;

    (void)state;
    show(NULL, 0, 3, 7, 0);
    assert_int_equal(fragment_flow(flows, &d, 0, 1, &found), FRAGMENT_FLOW_WHOLE);
    show(NULL, 1, 3, 8, 0);
    assert_int_equal(fragment_flow(flows, &d, 0, 2, &found), FRAGMENT_FLOW_EARLY);
    show(NULL, 1, 3, 7, 29 * SECOND);
    assert_int_equal(fragment_flow(flows, &d, 0, 3, &found), FRAGMENT_FLOW_WHOLE);
    show(NULL, 1, 3, 7, 60 * SECOND); /* its number is somebody else's by now */
    assert_int_equal(fragment_flow(flows, &d, 0, 4, &found), FRAGMENT_FLOW_EARLY);
    fragment_flows_free(flows);
}

static void what_is_no_fragment_is_whole_and_what_is_no_ip_is_nothing(void **state)
{
    struct fragment_flows *flows = fragment_flows_new(1);
    struct fragment_flow found;

    (void)state;
    show(NULL, 0, 1, 7, 0);
    assert_int_equal(fragment_flow(flows, &d, 0, 1, &found), FRAGMENT_FLOW_WHOLE);
    assert_int_equal(found.datagram, 0);
    assert_int_equal(found.key.port_high, 5684);
    assert_int_equal(fragment_flow(flows, &d, 1, 1, &found), FRAGMENT_FLOW_NONE);
    fragment_flows_free(flows);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_ports_of_the_first_fragment_hold_for_the_others),
        cmocka_unit_test(another_datagram_or_a_later_one_is_not_known_by_it),
        cmocka_unit_test(what_is_no_fragment_is_whole_and_what_is_no_ip_is_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
