/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/mirror_interfaces.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "packet/packet.h"

static const struct interface pattern = { .linktype = LINKTYPE_ETHERNET,
                                          .snaplen = 96,
                                          .description = "mirrored to here",
                                          .filter = "udp",
                                          .tsresol = 9 };

struct stream {
    struct interface_table interfaces;
    struct mirror_interfaces *mirrors;
};

static int stream_open(void **state)
{
    static struct stream stream;
    struct error error = { 0 };

    stream = (struct stream) { 0 };
    stream.mirrors = mirror_interfaces_new(&pattern, 7, &error);
    assert_non_null(stream.mirrors);
    *state = &stream;
    return 0;
}

static int stream_close(void **state)
{
    struct stream *stream = *state;

    mirror_interfaces_free(stream->mirrors);
    interface_table_clear(&stream->interfaces);
    return 0;
}

static uint32_t number_of(struct stream *stream, const char *sender, uint32_t vni)
{
    struct ip_address address;
    struct error error = { 0 };

    assert_true(ip_address_parse(sender, &address));
    return mirror_interfaces_get(stream->mirrors, &stream->interfaces, &address, vni, &error);
}

static void each_sender_and_vni_has_a_number_and_keeps_it(void **state)
{
    static const struct {
        const char *sender;
        uint32_t vni, number;
        const char *name;
    } cases[] = {
        { "10.20.1.10", 42, 0, "vxlan 10.20.1.10 vni 42" },
        { "10.20.1.10", 43, 1, "vxlan 10.20.1.10 vni 43" },
        { "10.20.1.11", 42, 2, "vxlan 10.20.1.11 vni 42" },
        { "2001:db8::1", 42, 3, "vxlan 2001:db8::1 vni 42" },
        { "10.20.1.10", 42, 0, "vxlan 10.20.1.10 vni 42" },
        { "2001:db8::1", 42, 3, "vxlan 2001:db8::1 vni 42" },
        { "10.20.1.10", 0xffffff, 4, "vxlan 10.20.1.10 vni 16777215" },
        { "10.20.1.10", 43, 1, "vxlan 10.20.1.10 vni 43" },
    };
    struct stream *stream = *state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(number_of(stream, cases[i].sender, cases[i].vni), cases[i].number);
        assert_string_equal(stream->interfaces.items[cases[i].number].name, cases[i].name);
    }
    assert_int_equal(stream->interfaces.n, 5);
}

static void an_ipv4_mapped_sender_is_the_ipv4_one(void **state)
{
    struct stream *stream = *state;

    assert_int_equal(number_of(stream, "::ffff:10.20.1.10", 42), 0);
    assert_int_equal(number_of(stream, "10.20.1.10", 42), 0);
    assert_string_equal(stream->interfaces.items[0].name, "vxlan 10.20.1.10 vni 42");
    assert_int_equal(number_of(stream, "::10.20.1.10", 42), 1); /* compatible is not mapped */
}

static void every_interface_follows_the_pattern(void **state)
{
    struct stream *stream = *state;
    const struct interface *interface;

    number_of(stream, "10.20.1.10", 42);
    interface = &stream->interfaces.items[0];
    assert_int_equal(interface->linktype, LINKTYPE_ETHERNET);
    assert_int_equal(interface->snaplen, 96);
    assert_int_equal(interface->tsresol, 9);
    assert_string_equal(interface->description, "mirrored to here");
    assert_string_equal(interface->filter, "udp");
}

static void senders_past_the_limit_share_one_interface(void **state)
{
    struct stream *stream = *state;

    for (uint32_t vni = 0; vni < MIRROR_INTERFACES_LIMIT; vni++)
        assert_int_equal(number_of(stream, "10.20.1.10", vni), vni);
    assert_int_equal(number_of(stream, "10.20.1.11", 0), MIRROR_INTERFACES_LIMIT);
    assert_int_equal(number_of(stream, "2001:db8::1", 7), MIRROR_INTERFACES_LIMIT);
    assert_string_equal(stream->interfaces.items[MIRROR_INTERFACES_LIMIT].name, "vxlan other");
    assert_int_equal(stream->interfaces.n, MIRROR_INTERFACES_LIMIT + 1);
    for (uint32_t vni = 0; vni < MIRROR_INTERFACES_LIMIT; vni += 97) /* those known stay known */
        assert_int_equal(number_of(stream, "10.20.1.10", vni), vni);
}

static void a_full_table_is_a_fault_and_nothing_is_kept_of_it(void **state)
{
    struct stream *stream = *state;
    struct ip_address sender;
    struct error error = { 0 };

    while (stream->interfaces.n < INTERFACE_LIMIT)
        assert_int_not_equal(interface_table_add(&stream->interfaces, &pattern, &error), UINT32_MAX);
    assert_true(ip_address_parse("10.20.1.10", &sender));
    for (int again = 0; again < 2; again++) {
        error = (struct error) { 0 };
        assert_int_equal(mirror_interfaces_get(stream->mirrors, &stream->interfaces, &sender, 1, &error),
                         UINT32_MAX);
        assert_int_equal(error.kind, ERROR_LIMIT);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_sender_and_vni_has_a_number_and_keeps_it, stream_open,
                                        stream_close),
        cmocka_unit_test_setup_teardown(an_ipv4_mapped_sender_is_the_ipv4_one, stream_open, stream_close),
        cmocka_unit_test_setup_teardown(every_interface_follows_the_pattern, stream_open, stream_close),
        cmocka_unit_test_setup_teardown(senders_past_the_limit_share_one_interface, stream_open,
                                        stream_close),
        cmocka_unit_test_setup_teardown(a_full_table_is_a_fault_and_nothing_is_kept_of_it, stream_open,
                                        stream_close),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
