/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/dissected.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define MESSAGE(text) bytes_of((text), sizeof(text) - 1)
#define GROUP "\xef\1\2\3"

static struct dissected dissected;

static void dissect_message(struct bytes message, uint32_t cut)
{
    dissected.wire.len = 0;
    wire_ethernet(&dissected.wire, 0x0800);
    wire_ipv4(&dissected.wire, 2, 0xc0000201, 0xef010203, 1, 0, message);
    dissected.packet = wire_packet(&dissected.wire, LINKTYPE_ETHERNET, 0);
    dissected.packet.number = 1;
    dissected.packet.caplen -= cut;
    dissect(&dissected.d, &dissected.packet);
}

static void every_version_shows_its_fields(void **state)
{
    const struct {
        const char *what;
        struct bytes message;
        uint32_t cut;
        bool is_malformed;
        struct {
            const char *field, *values;
        } expected[7];
    } cases[] = {
        { "a query of version 1",
          MESSAGE("\x11\0\xee\xff\0\0\0\0"),
          0,
          false,
          { { "igmp.version", "1" },
            { "igmp.reserved", "00" },
            { "igmp.maddr", "00000000" },
            { "igmp.checksum.status", "1" },
            { "igmp.max_resp", "" } } },
        { "a query of version 2",
          MESSAGE("\x11\x64\xee\x9b\0\0\0\0"),
          0,
          false,
          { { "igmp.version", "2" }, { "igmp.max_resp", "100" }, { "igmp.checksum.status", "1" } } },
        { "a query of version 3 with a long time and two sources",
          MESSAGE("\x11\x8f\0\0" GROUP "\x0a\x7d\0\2\1\2\3\4\5\6\7\x08"),
          0,
          false,
          { { "igmp.version", "3" },
            { "igmp.max_resp", "248" },
            { "igmp.max_resp.exp", "0" },
            { "igmp.s", "1" },
            { "igmp.qrv", "2" },
            { "igmp.saddr", "01020304,05060708" },
            { "igmp.bad_checksum", "1" } } },
        { "a report of two groups",
          MESSAGE("\x22\0\xb5\xed\0\0\0\2\4\0\0\0" GROUP "\5\1\0\1" GROUP "\1\2\3\4abcd"),
          0,
          false,
          { { "igmp.num_grp_recs", "2" },
            { "igmp.record_type", "4,5" },
            { "igmp.maddr", "ef010203,ef010203" },
            { "igmp.num_src", "0,1" },
            { "igmp.aux_data", "61626364" },
            { "igmp.reserved", "00,0000" } } },
        { "a report with fewer records than it says",
          MESSAGE("\x22\0\0\0\0\0\0\2\4\0\0\0" GROUP),
          0,
          true,
          { { "igmp.record_type", "4" }, { "igmp.maddr", "ef010203" } } },
        { "a report that the capture cuts",
          MESSAGE("\x22\0\0\0\0\0\0\1\4\0\0\0" GROUP),
          2,
          false,
          { { "igmp.record_type", "4" }, { "igmp.maddr", "" }, { "igmp.checksum.status", "2" } } },
        { "version 0",
          MESSAGE("\2\5\0\0\0\0\0\7" GROUP "\1\2\3\4\5\6\7\x08"),
          0,
          false,
          { { "igmp.version", "0" },
            { "igmp.reply.pending", "5" },
            { "igmp.identifier", "7" },
            { "igmp.access_key", "0102030405060708" } } },
        { "a traceroute query",
          MESSAGE("\x1f\x20\0\0" GROUP "\1\1\1\1\2\2\2\2\3\3\3\3\x40\0\0\7"),
          0,
          false,
          { { "igmp.mtrace.max_hops", "32" },
            { "igmp.mtrace.q_id", "7" },
            { "igmp.mtrace.rspaddr", "03030303" },
            { "igmp.mtrace.q_arrival", "" } } },
        { "a type that nobody knows",
          MESSAGE("\x33"
                  "abc"),
          0,
          false,
          { { "igmp.data", "616263" }, { "igmp.version", "" } } },
        { "DVMRP",
          MESSAGE("\x13"
                  "abc"),
          0,
          false,
          { { "igmp.type", "" } } },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        print_message("%s\n", cases[i].what);
        dissect_message(cases[i].message, cases[i].cut);
        assert_int_equal(!!(dissected.d.present & PROTOCOL_BIT(PROTOCOL_MALFORMED)), cases[i].is_malformed);
        for (size_t j = 0; j < 7 && cases[i].expected[j].field; j++)
            assert_string_equal(dissected_values(&dissected, cases[i].expected[j].field),
                                cases[i].expected[j].values);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_version_shows_its_fields) };
    int result;

    dissected_init(&dissected);
    result = cmocka_run_group_tests(tests, NULL, NULL);
    dissected_clear(&dissected);
    return result;
}
