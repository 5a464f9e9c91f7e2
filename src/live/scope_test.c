/* SPDX-License-Identifier: Apache-2.0 */
#include "live/scope.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "filter/filter.h"

static bool may_ask(enum bytes_level level, const char *text, struct error *error)
{
    struct filter *filter = filter_compile(text, error);
    bool is_allowed;

    if (filter == NULL)
        fail_msg("%s", error->text);
    is_allowed = scope_allows(level, filter, text, error);
    filter_free(filter);
    return is_allowed;
}

static void addresses_lengths_times_and_names_of_protocols_may_be_asked_for_without_bytes(void **state)
{
    static const char *const texts[] = {
        "ip.addr == 10.0.0.0/8 && udp.port in {5683..5684}",
        "coap",
        "not (mqtt or dtls) and frame.len > 100",
        "tcp.flags.syn == 1 && tcp.len == 0",
        "frame.time > \"2024-08-29 10:00:00\"",
        "eth.src == 02:00:5e:00:00:01 || vlan.id == 7",
        "frame.protocols contains \"coap\"",
        "len(frame.interface_name) > 2",
    };
    struct error error;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        for (enum bytes_level level = BYTES_NONE; level <= BYTES_FULL; level++)
            if (!may_ask(level, texts[i], &error))
                fail_msg("%s", error.text);
    }
}

static void a_filter_that_asks_about_bytes_is_refused_below_full(void **state)
{
    static const char *const texts[] = {
        "coap.code == 69",
        "coap.token",
        "mqtt.topic contains \"a\"",
        "frame contains \"secret\"",
        "frame[42:1] == 00",
        "udp[8:] contains 00:01",
        "tcp.payload contains 00",
        "udp.payload",
        "len(coap) > 20",
        "coap contains \"x\"",
        "coap matches \"x\"",
        "tcp.checksum == 17",
        "udp.port == 5683 and not (ip.src == 10.0.0.1 or upper(mqtt.clientid) == \"A\")",
        "max(mqtt.len, 3) > 10",
        "tcp.port == 1883 && tcp.len == mqtt.len",
    };
    struct error error;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (may_ask(BYTES_NONE, texts[i], &error) || may_ask(BYTES_HEADERS, texts[i], &error))
            fail_msg("%s may be asked for", texts[i]);
        assert_int_equal(error.kind, ERROR_USAGE);
        assert_true(error.len > 0);
        assert_true(may_ask(BYTES_FULL, texts[i], &error));
    }
}

static void the_refusal_marks_the_field(void **state)
{
    struct error error;

    (void)state;
    assert_false(may_ask(BYTES_HEADERS, "udp && coap.code == 69", &error));
    assert_int_equal(error.at, 7);
    assert_int_equal(error.len, 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_lengths_times_and_names_of_protocols_may_be_asked_for_without_bytes),
        cmocka_unit_test(a_filter_that_asks_about_bytes_is_refused_below_full),
        cmocka_unit_test(the_refusal_marks_the_field),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
