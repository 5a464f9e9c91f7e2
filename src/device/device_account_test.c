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
#include "device/device_account.h"

struct stay {
    enum identity_scheme scheme;
    const char *identity, *address;
    uint16_t port;
    enum binding_reason reason;
    int64_t from_s, to_s;
    uint64_t session;
};

static void add(struct device_accountant *accountant, const struct stay *stay)
{
    struct ip_address device, server;
    struct binding binding = { .scheme = stay->scheme,
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
    assert_true(device_accountant_add(accountant, &binding));
}

/* "a,b 0-5 4p 1/1/0: 10.0.0.9:1 handshake 0-5 4p;" with sessions/handshakes/failed. */
static void describe(struct device_accountant *accountant, struct buffer *text)
{
    const struct device_account *account = device_accountant_finish(accountant);

    assert_non_null(account);
    for (uint32_t i = 0; i < account->n_names; i++) {
        if (i)
            buffer_put_u8(text, ',');
        buffer_put(text, account->names[i].identity.data, account->names[i].identity.len);
    }
    buffer_printf(text, " %d-%d %dp %d/%d/%d:", (int)(account->first_ns / NS_PER_SECOND),
                  (int)(account->last_ns / NS_PER_SECOND), (int)account->n_packets, (int)account->n_sessions,
                  (int)account->n_handshakes, (int)account->n_failed);
    for (uint32_t s = 0; s < account->n_stays; s++) {
        const struct device_stay *stay = &account->stays[s];
        char address[IP_ADDRESS_TEXT_BYTES];

        buffer_printf(text, " %s:%u %s %d-%d %dp;", ip_address_format(&stay->address, address), stay->port,
                      binding_reason_name(stay->reason), (int)(stay->from_ns / NS_PER_SECOND),
                      (int)(stay->to_ns / NS_PER_SECOND), (int)stay->n_packets);
    }
    buffer_put_u8(text, 0);
}

#define PSK IDENTITY_DTLS_PSK
#define EP IDENTITY_LWM2M_ENDPOINT

static void spans_of_several_segments_become_stays(void **state)
{
    static const struct {
        struct stay stays[4];
        const char *expected;
    } cases[] = {
        /* goes on in the next segment */
        { { { PSK, "a", "192.0.2.1", 7, BINDING_HANDSHAKE, 0, 100, 9 },
            { PSK, "a", "192.0.2.1", 7, BINDING_HANDSHAKE, 1000, 2000, 9 } },
          "a 0-2000 4p 1/1/0: 192.0.2.1:7 handshake 0-2000 4p;" },
        /* no session known, but no pause either */
        { { { PSK, "a", "192.0.2.1", 7, BINDING_HANDSHAKE, 0, 100, 0 },
            { PSK, "a", "192.0.2.1", 7, BINDING_HANDSHAKE, 110, 200, 0 } },
          "a 0-200 4p 0/0/0: 192.0.2.1:7 handshake 0-200 4p;" },
        /* the same address an hour later, another session */
        { { { PSK, "a", "192.0.2.1", 7, BINDING_HANDSHAKE, 0, 100, 1 },
            { PSK, "a", "192.0.2.1", 7, BINDING_HANDSHAKE, 3600, 3700, 2 } },
          "a 0-3700 4p 2/2/0: 192.0.2.1:7 handshake 0-100 2p; 192.0.2.1:7 handshake 3600-3700 2p;" },
        /* moved and came back */
        { { { PSK, "a", "192.0.2.1", 7, BINDING_HANDSHAKE, 0, 10, 1 },
            { PSK, "a", "2001:db8::2", 7, BINDING_CID, 11, 20, 1 },
            { PSK, "a", "192.0.2.1", 7, BINDING_CID, 21, 30, 1 } },
          "a 0-30 6p 1/1/0: 192.0.2.1:7 handshake 0-10 2p; 2001:db8::2:7 connection id 11-20 2p; 192.0.2.1:7 "
          "connection id 21-30 2p;" },
        /* two names of one session: its packets count once */
        { { { PSK, "a", "192.0.2.1", 7, BINDING_HANDSHAKE, 0, 10, 1 },
            { EP, "e", "192.0.2.1", 7, BINDING_REGISTRATION, 2, 10, 1 } },
          "a,e 0-10 2p 1/1/0: 192.0.2.1:7 handshake 0-10 2p;" },
        /* handshakes that failed */
        { { { PSK, "a", "192.0.2.1", 7, BINDING_ATTEMPT, 0, 1, 0 },
            { PSK, "a", "192.0.2.1", 8, BINDING_ATTEMPT, 5, 6, 0 },
            { PSK, "a", "192.0.2.1", 9, BINDING_HANDSHAKE, 7, 9, 3 } },
          "a 0-9 6p 1/1/2: 192.0.2.1:7 attempt 0-1 2p; 192.0.2.1:8 attempt 5-6 2p; 192.0.2.1:9 handshake 7-9 "
          "2p;" },
    };
    struct device_accountant *accountant = device_accountant_new();

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer text;

        buffer_init(&text, 4096);
        for (size_t s = 0; s < 4 && cases[i].stays[s].identity; s++)
            add(accountant, &cases[i].stays[s]);
        describe(accountant, &text);
        assert_string_equal((const char *)text.data, cases[i].expected);
        buffer_clear(&text);
    }
    device_accountant_free(accountant);
}

static void sessions_that_nobody_named_are_passed_over(void **state)
{
    struct device_accountant *accountant = device_accountant_new();
    const struct binding binding = { .scheme = IDENTITY_NONE };

    (void)state;
    assert_true(device_accountant_add(accountant, &binding));
    assert_int_equal(device_accountant_finish(accountant)->n_names, 0);
    device_accountant_free(accountant);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spans_of_several_segments_become_stays),
        cmocka_unit_test(sessions_that_nobody_named_are_passed_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
