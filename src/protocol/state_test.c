/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct ip_address address(uint32_t number)
{
    uint8_t bytes[4] = { (uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8),
                         (uint8_t)number };

    return ip_address_of(bytes_of(bytes, 4));
}

static struct flow_key flow(uint32_t number)
{
    struct ip_address a = address(number), b = address(0xc0000201);
    struct flow_key key;

    flow_key_make(&key, &a, 1000, &b, 5684, 17);
    return key;
}

static void an_association_is_remembered_by_its_flow(void **state)
{
    struct dissect_state *s = dissect_state_new(5);
    struct flow_key one = flow(1), two = flow(2);

    (void)state;
    assert_null(dissect_state_dtls(s, &one));
    dissect_state_dtls_remember(s, &one)->cipher_suite = 0xc0a8;
    assert_null(dissect_state_dtls(s, &two));
    dissect_state_dtls_remember(s, &two)->cipher_suite = 0xc02b;
    assert_int_equal(dissect_state_dtls(s, &one)->cipher_suite, 0xc0a8);
    assert_int_equal(dissect_state_dtls_remember(s, &one)->cipher_suite, 0xc0a8);
    dissect_state_free(s);
}

static void associations_are_bounded_and_the_newest_stays(void **state)
{
    struct dissect_state *s = dissect_state_new(5);

    (void)state;
    for (uint32_t i = 0; i < 300000; i++) {
        struct flow_key key = flow(i);

        dissect_state_dtls_remember(s, &key)->cipher_suite = (uint16_t)i;
        assert_int_equal(dissect_state_dtls(s, &key)->cipher_suite, (uint16_t)i);
    }
    assert_int_equal(dissect_state_evicted(s), 300000 - (1 << 14));
    dissect_state_free(s);
}

static void a_cid_length_is_known_by_address_and_port(void **state)
{
    struct dissect_state *s = dissect_state_new(5);
    struct ip_address one = address(1), two = address(2);

    (void)state;
    assert_int_equal(dissect_state_cid_len(s, &one, 5684), 0);
    dissect_state_cid_learn(s, &one, 5684, 8);
    assert_int_equal(dissect_state_cid_len(s, &one, 5684), 8);
    assert_int_equal(dissect_state_cid_len(s, &one, 5685), 0);
    assert_int_equal(dissect_state_cid_len(s, &two, 5684), 0);
    dissect_state_cid_learn(s, &one, 5684, 6); /* the server was set up anew */
    assert_int_equal(dissect_state_cid_len(s, &one, 5684), 6);
    for (uint32_t i = 10; i < 20000; i++) {
        struct ip_address other = address(i);

        dissect_state_cid_learn(s, &other, 1, 4);
        assert_int_equal(dissect_state_cid_len(s, &other, 1), 4);
    }
    dissect_state_free(s);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_association_is_remembered_by_its_flow),
        cmocka_unit_test(associations_are_bounded_and_the_newest_stays),
        cmocka_unit_test(a_cid_length_is_known_by_address_and_port),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
