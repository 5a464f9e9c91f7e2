/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/dissected.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "base/timestamp.h"

#define MESSAGE(text) bytes_of((text), sizeof(text) - 1)
#define QUERY_HEAD "\x12\x34\1\0\0\1\0\0\0\0\0\0"
#define ANSWER_HEAD "\x12\x34\x85\x80\0\1\0\1\0\0\0\0"
#define EXAMPLE "\7example\3org\0"
#define RECORD(type, len) "\xc0\x0c\0" type "\0\1\0\0\1\x2c\0" len

static struct dissected dissected;

struct expected {
    const char *field, *values;
};

static void expect(const struct expected *expected)
{
    for (; expected->field; expected++) {
        print_message("%s\n", expected->field);
        assert_string_equal(dissected_values(&dissected, expected->field), expected->values);
    }
}

static void take(struct bytes message)
{
    dissected_udp(&dissected, message.data[2] >> 7, 40000, 53, message, 0, 0);
}

static bool is_malformed(void)
{
    return dissected.d.present >> PROTOCOL_MALFORMED & 1;
}

static void a_query_shows_its_header_and_question(void **state)
{
    static const struct expected expected[] = {
        { "dns.id", "4660" },
        { "dns.flags", "256" },
        { "dns.flags.response", "0" },
        { "dns.flags.recdesired", "1" },
        { "dns.flags.authoritative", "" },
        { "dns.flags.rcode", "" },
        { "dns.count.queries", "1" },
        { "dns.qry.name", "example.org" },
        { "dns.qry.name.len", "11" },
        { "dns.count.labels", "2" },
        { "dns.qry.type", "28" },
        { "dns.qry.class", "1" },
        { "dns.length", "" },
        { NULL, NULL },
    };

    (void)state;
    take(MESSAGE(QUERY_HEAD EXAMPLE "\0\x1c\0\1"));
    expect(expected);
    assert_false(is_malformed());
}

static void records_are_read_by_their_type(void **state)
{
    const struct {
        struct bytes record;
        struct expected expected[4];
    } cases[] = {
        { MESSAGE(RECORD("\1", "\4") "\xc0\0\2\1"), { { "dns.a", "c0000201" }, { "dns.resp.ttl", "300" } } },
        { MESSAGE(RECORD("\5", "\6") "\3www\xc0\x0c"), { { "dns.cname", "www.example.org" } } },
        { MESSAGE(RECORD("\xf", "\4") "\0\x0a\xc0\x0c"),
          { { "dns.mx.preference", "10" }, { "dns.mx.mail_exchange", "example.org" } } },
        { MESSAGE(RECORD("\x10", "\7") "\3a=b\2\xc3\xa4"),
          { { "dns.txt", "a=b,\xef\xbf\xbd\xef\xbf\xbd" }, { "dns.txt.length", "3,2" } } },
        { MESSAGE(RECORD("\x21", "\x8") "\0\1\0\2\x16\x33\xc0\x0c"),
          { { "dns.srv.service", "example" }, { "dns.srv.proto", "org" }, { "dns.srv.port", "5683" } } },
        { MESSAGE(RECORD("\x1d", "\3") "\1\2\3"), { { "dns.loc.unknown_data", "010203" } } },
        { MESSAGE(RECORD("\x2f", "\6") "\xc0\x0c\0\2\x40\1"),
          { { "dns.nsec.next_domain_name", "example.org" }, { "dns.resp.type", "47,1,15" } } },
        { MESSAGE(RECORD("\x30", "\6") "\1\1\3\x08\xab\xcd"),
          { { "dns.dnskey.flags.zone_key", "1" }, { "dns.dnskey.key_id", "45014" } } },
        { MESSAGE(RECORD("\x41", "\x0a") "\0\1\0\0\1\0\3\2h3"),
          { { "dns.svcb.targetname", "<Root>" }, { "dns.svcb.svcparam.alpn", "h3" } } },
        { MESSAGE("\xc0\x0c\1\1\0\1\0\0\1\x2c\0\x0c\x80\5issueca.se"),
          { { "dns.caa.issue", "ca.se" }, { "dns.caa.flags.issuer_critical", "1" } } },
        { MESSAGE("\0\0\x29\x10\0\0\0\x80\0\0\x0c\0\x0a\0\x08\1\2\3\4\5\6\7\x08"),
          { { "dns.rr.udp_payload_size", "4096" },
            { "dns.resp.z.do", "1" },
            { "dns.opt.cookie.client", "0102030405060708" } } },
        { MESSAGE(RECORD("\x63", "\2") "\1v"), { { "dns.spf", "v" } } },
        { MESSAGE("\xc0\x0c\xab\xcd\0\1\0\0\0\0\0\2xy"),
          { { "dns.data", "7879" }, { "dns.undecoded.type", "1" } } },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct wire message = { 0 };

        wire_put(&message, MESSAGE(ANSWER_HEAD EXAMPLE "\0\1\0\1"));
        wire_put(&message, cases[i].record);
        take(wire_bytes(&message));
        assert_false(is_malformed());
        expect(cases[i].expected);
    }
}

static void names_are_shown_as_text_whatever_they_hold(void **state)
{
    const struct {
        struct bytes name; /* of a question */
        const char *text;  /* NULL: malformed */
    } cases[] = {
        { MESSAGE("\0"), "<Root>" },
        { MESSAGE("\3a\1b\0"), "a\\001b" },
        { MESSAGE("\2\xc3\xa4\0"), "\xc3\xa4" },
        { MESSAGE("\2\xff\n\0"), "\xef\xbf\xbd\\n" },
        { MESSAGE("\xc0\x0c"), "<Name contains a pointer that loops>" },
        { MESSAGE("\1a\xc0\x0c"), "<Name contains a pointer that loops>" },
        { MESSAGE("\x41\0"), "<Unknown extended label>" },
        { MESSAGE("\x81\0"), NULL },
        { MESSAGE("\xff\xff"), NULL },
        { MESSAGE("\x3fshort\0"), NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct wire message = { 0 };

        print_message("%s\n", cases[i].text ? cases[i].text : "malformed");
        wire_put(&message, MESSAGE(QUERY_HEAD));
        wire_put(&message, cases[i].name);
        wire_put(&message, MESSAGE("\0\1\0\1"));
        take(wire_bytes(&message));
        assert_int_equal(is_malformed(), cases[i].text == NULL);
        assert_string_equal(dissected_values(&dissected, "dns.qry.name"), cases[i].text ? cases[i].text : "");
    }
}

static void a_name_longer_than_its_room_says_so(void **state)
{
    struct wire message = { 0 };

    (void)state;
    wire_put(&message, MESSAGE(QUERY_HEAD));
    for (int i = 0; i < 40; i++) {
        wire_number(&message, 63, 1);
        wire_fill(&message, 'x', 63);
    }
    wire_put(&message, MESSAGE("\0\0\1\0\1"));
    take(wire_bytes(&message));
    assert_string_equal(dissected_values(&dissected, "dns.qry.name"), "<Name too long>");
}

static void a_message_of_pointers_takes_bounded_time(void **state)
{
    struct wire message = { 0 };

    (void)state;
    wire_put(&message, MESSAGE("\x12\x34\1\0\xff\xff\0\0\0\0\0\0"));
    for (int i = 0; i < 600; i++) { /* a chain of pointers, through which every later name goes */
        wire_number(&message, 0xc000u + (i == 0 ? 0u : (unsigned)message.len - 2), 2);
    }
    while (message.len < 8000)
        wire_number(&message, 0xc000 + 12 + 2 * 599, 2), wire_number(&message, 0x00010001, 4);
    take(wire_bytes(&message));
    assert_true(is_malformed());
}

static void a_response_is_told_its_query(void **state)
{
    struct bytes query = MESSAGE(QUERY_HEAD EXAMPLE "\0\1\0\1");
    struct bytes response = MESSAGE("\x12\x34\x81\x83\0\1\0\0\0\0\0\0" EXAMPLE "\0\1\0\1");
    static const struct expected answered[] = {
        { "dns.response_to", "1" }, { "dns.time", "20000000" }, { "dns.retransmission", "" }, { NULL, NULL }
    };
    static const struct expected again[] = { { "dns.retransmit_response_in", "2" },
                                             { "dns.retransmission", "1" },
                                             { "dns.response_to", "" },
                                             { NULL, NULL } };
    static const struct expected asked_again[] = { { "dns.retransmission", "" }, { NULL, NULL } };
    static const struct expected repeated[] = { { "dns.retransmit_request_in", "4" },
                                                { "dns.retransmit_request", "1" },
                                                { NULL, NULL } };
    static const struct expected unsolicited[] = { { "dns.unsolicited", "1" }, { NULL, NULL } };

    (void)state;
    dissected_udp(&dissected, false, 40000, 53, query, 0, 0);
    dissected_udp(&dissected, true, 40000, 53, response, 20000000, 0);
    expect(answered);
    dissected_udp(&dissected, true, 40000, 53, response, 30000000, 0);
    expect(again);
    dissected_udp(&dissected, false, 40000, 53, query, NS_PER_SECOND, 0);
    expect(asked_again);
    dissected_udp(&dissected, false, 40000, 53, query, 5 * NS_PER_SECOND, 0);
    expect(repeated);
    dissected_udp(&dissected, false, 40000, 53, query, 7 * NS_PER_SECOND, 0);
    expect(asked_again);
    dissected_udp(&dissected, true, 40001, 53, response, 7 * NS_PER_SECOND, 0);
    expect(unsolicited);
}

static void a_cut_message_shows_what_comes_before_the_cut(void **state)
{
    struct bytes response = MESSAGE(ANSWER_HEAD EXAMPLE "\0\1\0\1" RECORD("\1", "\4") "\xc0\0\2\1");

    (void)state;
    dissected_udp(&dissected, true, 40000, 53, response, 0, 2);
    assert_string_equal(dissected_values(&dissected, "dns.resp.len"), "4");
    assert_string_equal(dissected_values(&dissected, "dns.a"), "");
    assert_int_equal(dissected.d.top->result, DISSECT_TRUNCATED);
    assert_false(is_malformed());
}

static void what_follows_the_last_record_is_extraneous(void **state)
{
    (void)state;
    take(MESSAGE(QUERY_HEAD EXAMPLE "\0\1\0\1junk"));
    assert_string_equal(dissected_values(&dissected, "dns.extraneous.data"), "6a756e6b");
    assert_string_equal(dissected_values(&dissected, "dns.extraneous.length"), "4");
}

static void mdns_has_the_fields_of_dns_and_a_bit_of_its_own(void **state)
{
    static const struct expected expected[] = {
        { "dns.qry.name", "example.org" }, { "dns.qry.class", "1" },  { "dns.qry.qu", "1" },
        { "dns.resp.cache_flush", "1" },   { "dns.resp.class", "1" }, { NULL, NULL }
    };

    (void)state;
    dissected_udp(
        &dissected, false, 5353, 5353,
        MESSAGE("\0\0\0\0\0\1\0\1\0\0\0\0" EXAMPLE "\0\1\x80\1\xc0\x0c\0\1\x80\1\0\0\0\x78\0\4\x0a\0\0\1"), 0,
        0);
    expect(expected);
    assert_true(dissected.d.present >> PROTOCOL_MDNS & 1);
    assert_false(dissected.d.present >> PROTOCOL_DNS & 1);
}

static int prepare(void **state)
{
    (void)state;
    dissected_init(&dissected);
    return 0;
}

static void a_message_on_any_port_is_known_by_its_header(void **state)
{
    static const struct {
        const char *what, *counts; /* flags, questions, answers, authorities, additional */
        bool is_message;
    } cases[] = {
        { "a query", "\1\0\0\1\0\0\0\0\0\0", true },
        { "with ten records more", "\1\0\0\1\0\0\0\0\0\x0a", true },
        { "with eleven", "\1\0\0\1\0\0\0\0\0\x0b", false },
        { "a query of nothing", "\1\0\0\0\0\0\0\0\0\0", false },
        { "of two names", "\1\0\0\2\0\0\0\0\0\0", false },
        { "that answers", "\1\0\0\1\0\1\0\0\0\0", false },
        { "with an authority", "\1\0\0\1\0\0\0\1\0\0", false },
        { "an update", "\x28\0\0\1\0\0\0\0\0\0", false },
        { "a response", "\x81\x80\0\1\0\1\0\0\0\0", true },
        { "without its question", "\x81\x83\0\0\0\0\0\0\0\0", true },
        { "of many records", "\x81\x80\0\1\0\x64\0\x0a\0\x0a", true },
        { "of too many answers", "\x81\x80\0\1\0\x65\0\0\0\0", false },
        { "of too many authorities", "\x81\x80\0\1\0\1\0\x0b\0\0", false },
        { "of too many more", "\x81\x80\0\1\0\1\0\0\0\x0b", false },
        { "to two questions", "\x81\x80\0\2\0\1\0\0\0\0", false },
    };
    uint8_t message[] = "\x12\x34..........\1a\0\0\1\0\1";

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].what);
        memcpy(message + 2, cases[i].counts, 10);
        dissected_udp(&dissected, false, 40000, 8053, bytes_of(message, sizeof message - 1), 0, 0);
        assert_int_equal(dissected.d.present >> PROTOCOL_DNS & 1, cases[i].is_message);
        assert_int_equal(dissected.d.present >> PROTOCOL_DATA & 1, !cases[i].is_message);
    }
    memcpy(message + 2, cases[0].counts, 10);
    dissected_udp(&dissected, false, 40000, 8053, bytes_of(message, 12), 0, 0); /* a header and nothing */
    assert_true(dissected.d.present >> PROTOCOL_DATA & 1);
    dissected_udp(&dissected, false, 40000, 5683, bytes_of(message, sizeof message - 1), 0, 0);
    assert_false(dissected.d.present >> PROTOCOL_DNS & 1); /* a port that says what it is */
    dissected_udp(&dissected, false, 40000, 1900, bytes_of(message, sizeof message - 1), 0, 0);
    assert_false(dissected.d.present >> PROTOCOL_DNS & 1); /* also when that is not read here */
}

static int finish(void **state)
{
    (void)state;
    dissected_clear(&dissected);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, prepare, finish)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(a_query_shows_its_header_and_question),
        TEST(records_are_read_by_their_type),
        TEST(names_are_shown_as_text_whatever_they_hold),
        TEST(a_name_longer_than_its_room_says_so),
        TEST(a_message_of_pointers_takes_bounded_time),
        TEST(a_response_is_told_its_query),
        TEST(a_cut_message_shows_what_comes_before_the_cut),
        TEST(what_follows_the_last_record_is_extraneous),
        TEST(mdns_has_the_fields_of_dns_and_a_bit_of_its_own),
        TEST(a_message_on_any_port_is_known_by_its_header),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
