/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>

#include "packet/packet_digest.h"
#include "packet/packet_twins.h"

static const uint8_t data[] = "some bytes of a packet";

static struct packet packet_of(int64_t ts_ns, uint32_t caplen, uint32_t interface)
{
    return (struct packet) {
        .ts_ns = ts_ns, .data = data, .caplen = caplen, .len = 20, .linktype = 1, .interface = interface
    };
}

static bool meet(struct packet_twins *twins, const struct interface_table *interfaces, struct packet packet,
                 uint32_t input)
{
    uint32_t other;

    return packet_twins_meet(twins, interfaces, &packet, packet_digest(&packet, 7), input, &other);
}

static void what_another_input_had_is_a_twin_and_what_the_same_had_is_not(void **state)
{
    static struct packet_twins twins;
    struct interface_table none = { 0 };

    (void)state;
    packet_twins_init(&twins);
    assert_false(meet(&twins, &none, packet_of(0, 10, 0), 0));
    assert_false(meet(&twins, &none, packet_of(0, 10, 0), 0)); /* twice in one */
    assert_true(meet(&twins, &none, packet_of(0, 10, 0), 1));
    assert_true(meet(&twins, &none, packet_of(0, 10, 0), 1));
    assert_false(meet(&twins, &none, packet_of(0, 10, 0), 1)); /* once more than the other */
    assert_true(meet(&twins, &none, packet_of(0, 10, 0), 0));
    assert_true(meet(&twins, &none, packet_of(0, 10, 0), 2));
    assert_false(meet(&twins, &none, packet_of(0, 11, 0), 1)); /* another packet */
    assert_false(meet(&twins, &none, packet_of(1, 10, 0), 1)); /* another time */
    assert_true(meet(&twins, &none, packet_of(1, 10, 0), 0));
}

static void interfaces_with_other_names_have_packets_of_their_own(void **state)
{
    static struct packet_twins twins;
    struct interface_table table = { 0 };
    struct interface interface = { .linktype = 1 };
    struct error error;

    (void)state;
    packet_twins_init(&twins);
    snprintf(interface.name, sizeof interface.name, "eth0");
    assert_int_equal(interface_table_add(&table, &interface, &error), 0);
    interface.snaplen = 100;
    assert_int_equal(interface_table_add(&table, &interface, &error), 1);
    snprintf(interface.name, sizeof interface.name, "eth1");
    assert_int_equal(interface_table_add(&table, &interface, &error), 2);
    assert_false(meet(&twins, &table, packet_of(5, 10, 0), 0));
    assert_true(meet(&twins, &table, packet_of(5, 10, 1), 1));
    assert_false(meet(&twins, &table, packet_of(5, 10, 2), 2));
    interface_table_clear(&table);
}

static void without_room_a_packet_is_new_and_counted(void **state)
{
    static struct packet_twins twins;
    struct interface_table none = { 0 };
    struct packet packet = packet_of(5, 10, 0);
    uint32_t other;

    (void)state;
    packet_twins_init(&twins);
    for (uint64_t i = 0; i < PACKET_TWINS_LIMIT; i++)
        assert_false(packet_twins_meet(&twins, &none, &packet, i, 0, &other));
    assert_false(packet_twins_meet(&twins, &none, &packet, PACKET_TWINS_LIMIT, 0, &other));
    assert_int_equal(twins.n_overlooked, 1);
    assert_true(packet_twins_meet(&twins, &none, &packet, 3, 1, &other));
    assert_int_equal(other, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_another_input_had_is_a_twin_and_what_the_same_had_is_not),
        cmocka_unit_test(interfaces_with_other_names_have_packets_of_their_own),
        cmocka_unit_test(without_room_a_packet_is_new_and_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
