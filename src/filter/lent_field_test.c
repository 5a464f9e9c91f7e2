/* SPDX-License-Identifier: Apache-2.0 */
/* Fields that a protocol lends to the layers of another: dns.* in mDNS messages. */
#include "protocol/dissected.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "filter/filter.h"

/* 192.168.1.1 asks everybody on the link for example.org. */
#define QUESTION "\0\0\0\0\0\1\0\0\0\0\0\0\7example\3org\0\0\1\0\1"

static struct dissected dissected;

/* What a filter asks for decides what is dissected. */
static bool matches(const char *text)
{
    struct error error = { 0 };
    struct filter *filter = filter_compile(text, &error);
    bool is_match;

    if (filter == NULL)
        print_error("%s: %s\n", text, error.text);
    assert_non_null(filter);
    dissected.d.demand = filter_demand(filter);
    dissected_udp(&dissected, false, 5353, 5353, bytes_of(QUESTION, sizeof QUESTION - 1), 0, 0);
    is_match = filter_match(filter, &dissected.d);
    filter_free(filter);
    return is_match;
}

static void lent_fields_are_found_where_they_lie(void **state)
{
    static const struct {
        const char *filter;
        bool is_match;
    } cases[] = {
        { "dns", false },
        { "mdns", true },
        { "dns.qry.name", true },
        { "dns.qry.name == \"example.org\"", true },
        { "dns.qry.name#1 == \"example.org\"", true },
        { "dns.qry.name#[-1] == \"example.org\"", true },
        { "dns.qry.name#2", false },
        { "dns.qry.class == \"IN\" && mdns", true },
        { "dns.id == 0", true },
        { "len(dns.qry.name) == 11", true },
        { "dns.response_to", false },
    };

    (void)state;
    dissected_init(&dissected);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].filter);
        assert_int_equal(matches(cases[i].filter), cases[i].is_match);
    }
    dissected_clear(&dissected);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(lent_fields_are_found_where_they_lie),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
