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

/* All values of the latest message, in their order: "type=17 version=1 ...". */
static const char *all_values(void)
{
    static struct dissected_text t;

    t.len = 0;
    t.text[0] = 0;
    for (uint32_t i = 0; i < dissected.d.n_values; i++) {
        const struct value *value = &dissected.d.values[i];
        struct dissected_text one = { 0 };

        if (FIELD_PROTOCOL(value->field) != PROTOCOL_IGMP)
            continue;
        dissected_append(&one, value);
        t.len += (size_t)snprintf(t.text + t.len, sizeof t.text - t.len, "%s%s=%s", t.len ? " " : "",
                                  field_of(value->field)->name + strlen("igmp."), one.text);
        assert_true(t.len < sizeof t.text);
    }
    return t.text;
}

static void each_byte_stands_in_its_field(void **state)
{
    const struct {
        const char *what;
        struct bytes message;
        const char *values;
    } cases[] = {
        { "a request to create a private group, version 0",
          MESSAGE("\x01\x01\xb9\x9f\x01\x02\x03\x04\xef\x01\x02\x03\x11\x12\x13\x14\x15\x16\x17\x18"),
          "version=0 group_type=1 checksum=47519 checksum.status=1 identifier=16909060 maddr=ef010203 "
          "access_key=1112131415161718" },
        { "a request to join, version 0",
          MESSAGE("\x05\x01\xb5\x9f\x01\x02\x03\x04\xef\x01\x02\x03\x11\x12\x13\x14\x15\x16\x17\x18"),
          "version=0 checksum=46495 checksum.status=1 identifier=16909060 maddr=ef010203 "
          "access_key=1112131415161718" },
        { "a reply of version 0 that puts off",
          MESSAGE("\x06\x09\xb4\x97\x01\x02\x03\x04\xef\x01\x02\x03\x11\x12\x13\x14\x15\x16\x17\x18"),
          "version=0 reply.pending=9 checksum=46231 checksum.status=1 identifier=16909060 maddr=ef010203 "
          "access_key=1112131415161718" },
        { "a reply of version 0",
          MESSAGE("\x06\x03\xb4\x9d\x01\x02\x03\x04\xef\x01\x02\x03\x11\x12\x13\x14\x15\x16\x17\x18"),
          "version=0 reply=3 checksum=46237 checksum.status=1 identifier=16909060 maddr=ef010203 "
          "access_key=1112131415161718" },
        { "a report of version 1", MESSAGE("\x12\x00\xfc\xfa\xef\x01\x02\x03"),
          "version=1 reserved=00 checksum=64762 checksum.status=1 maddr=ef010203" },
        { "a report of version 2", MESSAGE("\x16\x05\xf8\xf4\xef\x01\x02\x04"),
          "version=2 max_resp=5 checksum=63732 checksum.status=1 maddr=ef010204" },
        { "a query of version 3 with a float",
          MESSAGE("\x11\xb3\xe2\xb4\xef\x01\x02\x03\x0a\x7d\x00\x02\x01\x02\x03\x04\x05\x06\x07\x08"),
          "version=3 max_resp=1216 max_resp.exp=3 max_resp.mant=3 checksum=58036 checksum.status=1 "
          "maddr=ef010203 s=1 qrv=2 qqic=125 num_src=2 saddr=01020304 saddr=05060708" },
        { "a query of version 3 without",
          MESSAGE("\x11\x63\xf4\x7c\xef\x01\x02\x03\x05\x14\x00\x01\x01\x02\x03\x04"),
          "version=3 max_resp=99 checksum=62588 checksum.status=1 maddr=ef010203 s=0 qrv=5 qqic=20 num_src=1 "
          "saddr=01020304" },
        { "a report of version 3 with auxiliary data",
          MESSAGE("\x22\x77\xd2\x42\x88\x99\x00\x02\x04\x00\x00\x01\xef\x01\x02\x03\x01\x02\x03\x04\x06\x02"
                  "\x00\x00\xef\x01\x02\x04\xa1\xa2\xa3\xa4\xa5\xa6\xa7\xa8"),
          "version=3 reserved=77 checksum=53826 checksum.status=1 reserved=8899 num_grp_recs=2 record_type=4 "
          "aux_data_len=0 num_src=1 maddr=ef010203 saddr=01020304 record_type=6 aux_data_len=2 num_src=0 "
          "maddr=ef010204 aux_data=a1a2a3a4a5a6a7a8" },
        { "a traceroute's answer with a block",
          MESSAGE("\x1f\x20\x14\x0c\xef\x01\x02\x03\x01\x01\x01\x01\x02\x02\x02\x02\x03\x03\x03\x03\x40\x00"
                  "\x00\x07\x11\x12\x13\x14\x21\x22\x23\x24\x31\x32\x33\x34\x41\x42\x43\x44\x51\x52\x53\x54"
                  "\x61\x62\x63\x64\x71\x72\x73\x74\x05\x06\xeb\x07"),
          "mtrace.max_hops=32 checksum=5132 checksum.status=1 maddr=ef010203 mtrace.saddr=01010101 "
          "mtrace.raddr=02020202 mtrace.rspaddr=03030303 mtrace.resp_ttl=64 mtrace.q_id=7 "
          "mtrace.q_arrival=286397204 mtrace.q_inaddr=21222324 mtrace.q_outaddr=31323334 "
          "mtrace.q_prevrtr=41424344 mtrace.q_inpkt=1364349780 mtrace.q_outpkt=1633837924 "
          "mtrace.q_total=1903326068 mtrace.q_rtg_proto=5 mtrace.q_fwd_ttl=6 mtrace.q_mbz=1 mtrace.q_s=1 "
          "mtrace.q_src_mask=43 mtrace.q_fwd_code=7" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        print_message("%s\n", cases[i].what);
        dissect_message(cases[i].message, 0);
        assert_string_equal(all_values(), cases[i].values);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_version_shows_its_fields),
                                        cmocka_unit_test(each_byte_stands_in_its_field) };
    int result;

    dissected_init(&dissected);
    result = cmocka_run_group_tests(tests, NULL, NULL);
    dissected_clear(&dissected);
    return result;
}
