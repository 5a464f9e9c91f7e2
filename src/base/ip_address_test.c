/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ip_address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void text_becomes_an_address_and_the_address_its_shortest_text(void **state)
{
    static const struct {
        const char *text, *written; /* NULL: refused */
        uint8_t family;
    } cases[] = {
        { "10.1.2.3", "10.1.2.3", 4 },
        { "255.255.255.255", "255.255.255.255", 4 },
        { "::", "::", 6 },
        { "2001:DB8:0:0:0:0:0:1", "2001:db8::1", 6 },
        { "::ffff:10.0.0.1", "::ffff:10.0.0.1", 6 },
        { "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 6 },
        { "", NULL, 0 },
        { "10.1.2", NULL, 0 },
        { "10.1.2.256", NULL, 0 },
        { "10.1.2.3 ", NULL, 0 },
        { "2001:db8::1::2", NULL, 0 },
        { "fe80::1%eth0", NULL, 0 },
        { "localhost", NULL, 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ip_address address = { .family = 9 };
        char text[IP_ADDRESS_TEXT_BYTES];

        assert_int_equal(ip_address_parse(cases[i].text, &address), cases[i].written != NULL);
        if (cases[i].written == NULL) {
            assert_int_equal(address.family, 9); /* written on success only */
            continue;
        }
        assert_int_equal(address.family, cases[i].family);
        assert_string_equal(ip_address_format(&address, text), cases[i].written);
    }
}

static void no_address_is_a_dash(void **state)
{
    struct ip_address none = { 0 };
    char text[IP_ADDRESS_TEXT_BYTES];

    (void)state;
    assert_string_equal(ip_address_format(&none, text), "-");
}

static void bytes_become_an_address_by_their_number(void **state)
{
    static const struct {
        size_t len;
        uint8_t family;
        unsigned n_bits;
    } cases[] = { { 0, 0, 0 }, { 3, 0, 0 }, { 4, 4, 32 }, { 5, 0, 0 }, { 15, 0, 0 }, { 16, 6, 128 } };
    static const uint8_t bytes[16] = { 10, 1, 2, 3 };
    struct ip_address parsed;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ip_address address = ip_address_of(bytes_of(bytes, cases[i].len));

        assert_int_equal(address.family, cases[i].family);
        assert_int_equal(ip_address_bits(&address), cases[i].n_bits);
    }
    assert_true(ip_address_parse("10.1.2.3", &parsed));
    assert_true(ip_address_equal(&parsed, &(struct ip_address) { { 10, 1, 2, 3 }, 4 }));
    assert_false(ip_address_equal(&parsed, &(struct ip_address) { { 10, 1, 2, 3 }, 6 }));
}

static void a_prefix_holds_what_agrees_in_its_bits(void **state)
{
    static const struct {
        const char *address, *prefix;
        unsigned n_bits;
        bool is_inside;
    } cases[] = {
        { "10.1.2.3", "10.0.0.0", 8, true },
        { "11.1.2.3", "10.0.0.0", 8, false },
        { "11.1.2.3", "10.0.0.0", 7, true },
        { "10.1.2.3", "10.1.2.2", 31, true },
        { "10.1.2.3", "10.1.2.2", 32, false },
        { "10.1.2.3", "10.1.2.3", 32, true },
        { "10.1.2.3", "10.1.2.3", 33, false },
        { "10.1.2.3", "99.0.0.0", 0, true },
        { "10.1.2.3", "::", 0, false },
        { "2001:db8::1", "2001:db8::", 32, true },
        { "2001:db9::1", "2001:db8::", 32, false },
        { "2001:db9::1", "2001:db8::", 31, true },
        { "2001:db8::1", "2001:db8::1", 128, true },
        { "2001:db8::1", "2001:db8::1", 129, false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ip_address address, prefix;

        assert_true(ip_address_parse(cases[i].address, &address));
        assert_true(ip_address_parse(cases[i].prefix, &prefix));
        if (ip_address_in_prefix(&address, &prefix, cases[i].n_bits) != cases[i].is_inside)
            fail_msg("%s in %s/%u", cases[i].address, cases[i].prefix, cases[i].n_bits);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_becomes_an_address_and_the_address_its_shortest_text),
        cmocka_unit_test(no_address_is_a_dash),
        cmocka_unit_test(bytes_become_an_address_by_their_number),
        cmocka_unit_test(a_prefix_holds_what_agrees_in_its_bits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
