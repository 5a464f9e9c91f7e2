/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/replay_target.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>

static void a_target_is_read_or_its_fault_is_named(void **state)
{
    static const struct {
        const char *text;
        const char *read; /* kind host port vni, or what the sentence holds */
        bool is_right;
    } cases[] = {
        { "vxlan://10.0.0.1", "vxlan 10.0.0.1 4789 -", true },
        { "vxlan://10.0.0.1:4790", "vxlan 10.0.0.1 4790 -", true },
        { "vxlan://10.0.0.1/42", "vxlan 10.0.0.1 4789 42", true },
        { "vxlan://[fe80::1%eth0]:1/16777215", "vxlan fe80::1%eth0 1 16777215", true },
        { "vxlan://[::1]", "vxlan ::1 4789 -", true },
        { "udp://server.example:5683", "udp server.example 5683 -", true },
        { "udp://10.0.0.1", "needs a port", false },
        { "udp://10.0.0.1:1/2", "nothing behind", false },
        { "tcp://10.0.0.1:1", "neither", false },
        { "vxlan://", "no host", false },
        { "vxlan://[::1", "not closed", false },
        { "vxlan://[::1]4789", "port", false },
        { "vxlan://::1", "brackets", false },
        { "vxlan://a:65536", "port", false },
        { "vxlan://a:0", "port", false },
        { "vxlan://a:", "port", false },
        { "vxlan://a/16777216", "VNI", false },
        { "vxlan://a/", "VNI", false },
        { "vxlan://a/x", "VNI", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct replay_target target;
        struct error error = { 0 };
        char read[400], vni[16] = "-";

        print_message("%s\n", cases[i].text);
        assert_int_equal(replay_target_parse(cases[i].text, &target, &error), cases[i].is_right);
        if (!cases[i].is_right) {
            assert_non_null(strstr(error.text, cases[i].read));
            continue;
        }
        if (target.has_vni)
            snprintf(vni, sizeof vni, "%u", target.vni);
        snprintf(read, sizeof read, "%s %s %s %s", target.is_vxlan ? "vxlan" : "udp", target.host,
                 target.port, vni);
        assert_string_equal(read, cases[i].read);
    }
}

static void the_vni_is_read_from_a_listeners_interface_name(void **state)
{
    uint32_t vni = 7;

    (void)state;
    assert_true(replay_vni_of("vxlan 10.20.1.10 vni 42", &vni));
    assert_int_equal(vni, 42);
    assert_false(replay_vni_of("vxlan other", &vni));
    assert_false(replay_vni_of("eth0 vni 3", &vni));
    assert_false(replay_vni_of("vxlan ::1 vni 16777216", &vni));
    assert_false(replay_vni_of("", &vni));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_target_is_read_or_its_fault_is_named),
        cmocka_unit_test(the_vni_is_read_from_a_listeners_interface_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
