/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/flow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct ip_address address(const char *bytes, size_t len)
{
    return ip_address_of(bytes_of((const uint8_t *)bytes, len));
}

static void both_directions_give_the_same_key(void **state)
{
    const struct ip_address v4[] = { address("\x0a\0\0\1", 4), address("\x0a\0\0\2", 4) };
    const struct ip_address v6[] = { address("\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16),
                                     address("\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\2", 16) };
    const struct {
        struct ip_address source, destination;
        uint16_t source_port, destination_port;
        bool is_forward;
    } cases[] = {
        { v4[0], v4[1], 5, 6, true },  { v4[1], v4[0], 5, 6, false }, { v4[0], v4[0], 5, 6, true },
        { v4[0], v4[0], 6, 5, false }, { v6[0], v6[1], 9, 1, true },  { v6[1], v6[0], 0, 0, false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct flow_key there, back;

        assert_int_equal(flow_key_make(&there, &cases[i].source, cases[i].source_port, &cases[i].destination,
                                       cases[i].destination_port, 17),
                         cases[i].is_forward);
        assert_int_equal(flow_key_make(&back, &cases[i].destination, cases[i].destination_port,
                                       &cases[i].source, cases[i].source_port, 17),
                         !cases[i].is_forward);
        assert_true(flow_key_equal(&there, &back));
        assert_int_equal(flow_key_hash(&there, 7), flow_key_hash(&back, 7));
        assert_int_not_equal(flow_key_hash(&there, 7), flow_key_hash(&there, 8));
    }
}

static void another_port_address_or_protocol_is_another_flow(void **state)
{
    const struct ip_address a = address("\x0a\0\0\1", 4), b = address("\x0a\0\0\2", 4),
                            c = address("\x0a\0\0\3", 4);
    struct flow_key key, other;

    (void)state;
    flow_key_make(&key, &a, 1, &b, 2, 17);
    flow_key_make(&other, &a, 1, &b, 3, 17);
    assert_false(flow_key_equal(&key, &other));
    flow_key_make(&other, &a, 1, &c, 2, 17);
    assert_false(flow_key_equal(&key, &other));
    flow_key_make(&other, &a, 1, &b, 2, 6);
    assert_false(flow_key_equal(&key, &other));
    flow_key_make(&other, &a, 2, &b, 1, 17); /* the ports changed ends */
    assert_false(flow_key_equal(&key, &other));
}

static void addresses_of_four_bytes_give_the_same_key_in_words(void **state)
{
    static const uint8_t ends[][4] = {
        { 10, 0, 0, 1 }, { 10, 0, 0, 2 }, { 1, 0, 0, 200 }, { 255, 255, 255, 255 }
    };
    static const uint16_t ports[] = { 0, 1, 255, 256, 40000, 65535 };
    enum { ENDS = sizeof ends / sizeof *ends, PORTS = sizeof ports / sizeof *ports };

    (void)state;
    for (unsigned i = 0; i < ENDS * ENDS * PORTS * PORTS; i++) {
        const uint8_t *from = ends[i % ENDS], *to = ends[i / ENDS % ENDS];
        uint16_t source_port = ports[i / ENDS / ENDS % PORTS], other_port = ports[i / ENDS / ENDS / PORTS];
        struct ip_address source = ip_address_of(bytes_of(from, 4)), other = ip_address_of(bytes_of(to, 4));
        struct flow_key key, words;
        uint8_t addresses[8];
        bool is_forward = flow_key_make(&key, &source, source_port, &other, other_port, 17);

        memcpy(addresses, from, 4);
        memcpy(addresses + 4, to, 4);
        assert_int_equal(flow_key_make_ipv4(&words, addresses, source_port, other_port, 17), is_forward);
        assert_memory_equal(&words, &key, sizeof key);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_directions_give_the_same_key),
        cmocka_unit_test(another_port_address_or_protocol_is_another_flow),
        cmocka_unit_test(addresses_of_four_bytes_give_the_same_key_in_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
