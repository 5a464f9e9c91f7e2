/* SPDX-License-Identifier: Apache-2.0 */
#include "source/bpf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>

/* Ethernet, IPv4, UDP 10.0.0.1:1000 > 10.0.0.2:5684 */
static const uint8_t frame[] = "\x02\0\0\0\0\1\x02\0\0\0\0\2\x08\0"
                               "\x45\0\0\x1c\0\0\0\0\x40\x11\0\0\x0a\0\0\1\x0a\0\0\2"
                               "\x03\xe8\x16\x34\0\x08\0\0";

static void a_frame_passes_what_libpcap_says_it_passes(void **state)
{
    static const struct {
        const char *expression;
        bool passes;
    } cases[] = {
        { NULL, true },
        { "", true },
        { "udp port 5684", true },
        { "udp port 5683", false },
        { "host 10.0.0.2", true },
        { "ip6", false },
        { "ether src 2:0:0:0:0:2", true },
        { "greater 43", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error error;
        struct bpf *bpf = bpf_compile(cases[i].expression, LINKTYPE_ETHERNET, &error);

        print_message("%s\n", cases[i].expression ? cases[i].expression : "(none)");
        assert_non_null(bpf);
        assert_int_equal(bpf_matches(bpf, bytes_of(frame, sizeof frame - 1), sizeof frame - 1),
                         cases[i].passes);
        bpf_free(bpf);
    }
}

static void a_frame_cut_before_what_is_asked_does_not_pass(void **state)
{
    struct error error;
    struct bpf *bpf = bpf_compile("udp port 5684", LINKTYPE_ETHERNET, &error);

    (void)state;
    assert_non_null(bpf);
    for (size_t len = 0; len < 38; len++)
        assert_false(bpf_matches(bpf, bytes_of(frame, len), sizeof frame - 1));
    assert_true(bpf_matches(bpf, bytes_of(frame, 38), sizeof frame - 1));
    bpf_free(bpf);
}

static void a_wrong_expression_is_named_with_its_reason(void **state)
{
    struct error error = { 0 };

    (void)state;
    assert_null(bpf_compile("udp prot 5684", LINKTYPE_ETHERNET, &error));
    assert_int_equal(error.kind, ERROR_USAGE);
    assert_non_null(strstr(error.text, "udp prot 5684"));
    assert_non_null(strstr(error.text, "pcap-filter(7)"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_passes_what_libpcap_says_it_passes),
        cmocka_unit_test(a_frame_cut_before_what_is_asked_does_not_pass),
        cmocka_unit_test(a_wrong_expression_is_named_with_its_reason),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
