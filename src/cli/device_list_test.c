/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/timestamp.h"
#include "cli/device_list.h"

struct stay {
    const char *identity, *address;
    uint16_t port;
    enum binding_reason reason;
    int64_t from_s, to_s;
    uint64_t session;
};

static void add(struct device_list *list, const struct stay *stay)
{
    struct ip_address device, server;
    struct binding binding = { .scheme = IDENTITY_DTLS_PSK,
                               .reason = stay->reason,
                               .from_ns = stay->from_s * NS_PER_SECOND,
                               .to_ns = stay->to_s * NS_PER_SECOND,
                               .n_packets = 2,
                               .n_bytes = 100,
                               .session = stay->session,
                               .identity = bytes_text(stay->identity) };

    assert_true(ip_address_parse(stay->address, &device));
    assert_true(ip_address_parse("10.0.0.5", &server));
    binding.is_client_low = flow_key_make(&binding.flow, &device, stay->port, &server, 5684, 17);
    assert_true(device_list_add(list, &binding));
}

/* "id 0-5 4p: 10.0.0.9:1 handshake 0-5 4p" for each, in the list's order. */
static void describe(struct device_list *list, struct buffer *text)
{
    uint32_t n;
    const struct device_entry *entries = device_list_finish(list, &n);

    for (uint32_t i = 0; i < n; i++) {
        const struct device_entry *entry = &entries[i];

        buffer_put(text, entry->identity.data, entry->identity.len);
        buffer_printf(text, " %d-%d %dp:", (int)(entry->first_ns / NS_PER_SECOND),
                      (int)(entry->last_ns / NS_PER_SECOND), (int)entry->n_packets);
        for (uint32_t s = 0; s < entry->n_stays; s++) {
            const struct device_stay *stay = &entry->stays[s];
            char address[IP_ADDRESS_TEXT_BYTES];

            buffer_printf(text, " %s:%u %s %d-%d %dp;", ip_address_format(&stay->address, address),
                          stay->port, binding_reason_name(stay->reason), (int)(stay->from_ns / NS_PER_SECOND),
                          (int)(stay->to_ns / NS_PER_SECOND), (int)stay->n_packets);
        }
        buffer_put_u8(text, '\n');
    }
    buffer_put_u8(text, 0);
}

static void bindings_of_several_segments_become_one_entry_a_device(void **state)
{
    static const struct {
        struct stay stays[4];
        const char *expected;
    } cases[] = {
        { { { NULL } }, "" },
        /* goes on in the next segment, handed in out of order */
        { { { "a", "192.0.2.1", 7, BINDING_HANDSHAKE, 1000, 2000, 9 },
            { "a", "192.0.2.1", 7, BINDING_HANDSHAKE, 0, 100, 9 } },
          "a 0-2000 4p: 192.0.2.1:7 handshake 0-2000 4p;\n" },
        /* no session known, but no pause either */
        { { { "a", "192.0.2.1", 7, BINDING_HANDSHAKE, 0, 100, 0 },
            { "a", "192.0.2.1", 7, BINDING_HANDSHAKE, 110, 200, 0 } },
          "a 0-200 4p: 192.0.2.1:7 handshake 0-200 4p;\n" },
        /* the same address an hour later, another session */
        { { { "a", "192.0.2.1", 7, BINDING_HANDSHAKE, 0, 100, 1 },
            { "a", "192.0.2.1", 7, BINDING_HANDSHAKE, 3600, 3700, 2 } },
          "a 0-3700 4p: 192.0.2.1:7 handshake 0-100 2p; 192.0.2.1:7 handshake 3600-3700 2p;\n" },
        /* moved and came back */
        { { { "a", "192.0.2.1", 7, BINDING_HANDSHAKE, 0, 10, 1 },
            { "a", "2001:db8::2", 7, BINDING_CID, 11, 20, 1 },
            { "a", "192.0.2.1", 7, BINDING_CID, 21, 30, 1 } },
          "a 0-30 6p: 192.0.2.1:7 handshake 0-10 2p; 2001:db8::2:7 connection id 11-20 2p; 192.0.2.1:7 "
          "connection id 21-30 2p;\n" },
        /* two devices at one address */
        { { { "b", "192.0.2.1", 7, BINDING_HANDSHAKE, 5, 6, 1 },
            { "a", "192.0.2.1", 7, BINDING_ATTEMPT, 0, 1, 2 } },
          "a 0-1 2p: 192.0.2.1:7 attempt 0-1 2p;\nb 5-6 2p: 192.0.2.1:7 handshake 5-6 2p;\n" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct device_list *list = device_list_new();
        struct buffer text;

        buffer_init(&text, 4096);
        for (size_t s = 0; s < 4 && cases[i].stays[s].identity; s++)
            add(list, &cases[i].stays[s]);
        describe(list, &text);
        assert_string_equal((const char *)text.data, cases[i].expected);
        buffer_clear(&text);
        device_list_free(list);
    }
}

static void sessions_that_nobody_named_are_passed_over(void **state)
{
    struct device_list *list = device_list_new();
    const struct binding binding = { .scheme = IDENTITY_NONE };
    uint32_t n;

    (void)state;
    assert_true(device_list_add(list, &binding));
    assert_null(device_list_finish(list, &n));
    assert_int_equal(n, 0);
    device_list_free(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bindings_of_several_segments_become_one_entry_a_device),
        cmocka_unit_test(sessions_that_nobody_named_are_passed_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
