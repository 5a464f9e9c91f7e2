/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/udp_payload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>

#define BYTES(text)                               \
    {                                             \
        (const uint8_t *)(text), sizeof(text) - 1 \
    }
#define MACS "\x02\0\0\0\0\1\x02\0\0\0\0\2"
#define IPV4(fragment, protocol) "\x45\0\0\x1e\0\0" fragment "\x40" protocol "\0\0\x0a\0\0\1\x0a\0\0\2"
#define IPV6                   \
    "\x60\0\0\0\0\x0a\x11\x40" \
    "0123456789abcdef"         \
    "0123456789abcdef"
#define UDP "\x03\xe8\x16\x34\0\x0a\0\0hi"

static void the_payload_is_found_behind_every_link_header(void **state)
{
    static const struct {
        const char *name;
        uint16_t linktype;
        struct bytes frame;
        const char *payload; /* NULL: none */
    } cases[] = {
        { "Ethernet, padded", LINKTYPE_ETHERNET, BYTES(MACS "\x08\0" IPV4("\x40\0", "\x11") UDP "\0\0\0"),
          "hi" },
        { "Ethernet, cut", LINKTYPE_ETHERNET,
          BYTES(MACS "\x08\0" IPV4("\0\0", "\x11") "\3\xe8\x16\x34\0\x0a\0\0h"), "h" },
        { "VLAN", LINKTYPE_ETHERNET, BYTES(MACS "\x81\0\0\1\x86\xdd" IPV6 UDP), "hi" },
        { "cooked", LINKTYPE_LINUX_SLL, BYTES("\0\0\0\1\0\6\2\0\0\0\0\1\0\0\x08\0" IPV4("\0\0", "\x11") UDP),
          "hi" },
        { "cooked v2", LINKTYPE_LINUX_SLL2, BYTES("\x86\xdd\0\0\0\0\0\1\0\1\0\6\2\0\0\0\0\1\0\0" IPV6 UDP),
          "hi" },
        { "raw", LINKTYPE_RAW, BYTES(IPV6 UDP), "hi" },
        { "loopback", LINKTYPE_NULL, BYTES("\2\0\0\0" IPV4("\0\0", "\x11") UDP), "hi" },
        { "first fragment", LINKTYPE_RAW, BYTES(IPV4("\x20\0", "\x11") UDP), NULL },
        { "later fragment", LINKTYPE_RAW, BYTES(IPV4("\0\1", "\x11") UDP), NULL },
        { "TCP", LINKTYPE_RAW, BYTES(IPV4("\0\0", "\6") UDP), NULL },
        { "ARP", LINKTYPE_ETHERNET, BYTES(MACS "\x08\6\0\1"), NULL },
        { "UDP length below its header", LINKTYPE_RAW, BYTES(IPV4("\0\0", "\x11") "\3\xe8\x16\x34\0\7\0\0hi"),
          NULL },
        { "header cut", LINKTYPE_RAW, BYTES(IPV4("\0\0", "\x11") "\3\xe8\x16\x34\0\x0a\0"), NULL },
        { "unknown link", 147, BYTES(IPV6 UDP), NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct udp_payload payload = { 0 };

        print_message("%s\n", cases[i].name);
        assert_int_equal(udp_payload_find(cases[i].frame, cases[i].linktype, &payload),
                         cases[i].payload != NULL);
        if (cases[i].payload) {
            assert_int_equal(payload.port, 5684);
            assert_true(bytes_equal(payload.bytes, bytes_text(cases[i].payload)));
        }
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = { cmocka_unit_test(
        the_payload_is_found_behind_every_link_header) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
