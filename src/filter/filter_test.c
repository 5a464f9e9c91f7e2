/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "filter/external.h"
#include "filter/filter.h"
#include "filter/test_packet.h"

/* Each outcome was looked up once in tshark 4.0.17. */
static const char *const accepted[] = {
    "ip.src == 10.0.0.1",
    "ip.src == 10.0.0.0/8",
    "ip.src == 1.1.1.1/0",
    "ip.src > 10.0.0.0/8",
    "ip.src == ip.dst",
    "ip.src in {ip.dst}",
    "ip.src in {10.0.0.0/8..11.0.0.0/8}",
    "ip.src & 255.0.0.0",
    "ip.src & 255.0.0.0 == 10.0.0.0",
    "ip.src[0] == 10",
    ".ip.src == 1.1.1.1",
    "udp.port == 070",
    "udp.port == 0b101",
    "udp.port == 'a'",
    "udp.port in {1,2,3}",
    "udp.port in {1..3, 5}",
    "udp.port in {5..1}",
    "udp.port not in {1}",
    "not udp.port in {1}",
    "not udp.port not in {1}",
    "udp.port == ip.ttl",
    "udp.port == 4789/2",
    "udp.port & 1",
    "udp.port & 1 == 1",
    "udp.srcport + 1 == 3",
    "udp.srcport+1 == 3",
    "udp.srcport -1 == 3",
    "{udp.srcport + 1} == 3",
    "udp.srcport == {1}",
    "udp.srcport == udp.dstport - 1",
    "udp.srcport + 1",
    "ip.ttl < udp.port < 3",
    "ip.flags.mf == TRUE",
    "ip.flags.mf == 2",
    "ip.flags.mf == \"Set\"",
    "ip.flags.mf == Set",
    "ip.flags.mf > 0",
    "ip == 45:00",
    "ip == 1",
    "udp == udp",
    "udp contains 3",
    "eth == \"abc\"",
    "frame.time >= \"2023-11-14 22:13:20.5\"",
    "frame.time >= \"2023-11-14\"",
    "frame.time >= 2023-11-14",
    "frame.time >= \"2023-11-14T22:13:20Z\"",
    "frame.time >= \"2023-11-14T22:13:20+01:00\"",
    "frame.time >= \"2023-11-14 22:13\"",
    "frame.time >= \"2023-11-14 22\"",
    "frame.time >= \"Nov 14, 2023 22:13:20.5\"",
    "frame.time >= \"nov  4, 2023 22:13:20 UTC\"",
    "frame.time_epoch > 1700000000.5",
    "frame.time_relative > -1",
    "frame.time_relative + 1 > 3",
    "frame.time_delta in {10 .. 10.5}",
    "frame.number == 0x10",
    "eth.src == 02:00:5e:00:01:01",
    "eth.src == 02-00-5e-00-01-01",
    "eth.src == 0200.5e00.0101",
    "eth.src == 02005e000101",
    "eth.src[0:3] == 02:00:5e",
    "eth.src contains 00:5e",
    "eth.src == udp.payload",
    "eth.src > eth.dst",
    "eth.src[0] == ip.src[0]",
    "udp.payload contains \"a\"",
    "udp.payload contains 'a'",
    "udp.payload contains 0x01",
    "udp.payload contains \"\"",
    "udp.payload matches \"a\"",
    "udp.payload ~ r\"\\d\"",
    "udp.payload == abcd",
    "udp.payload == ab-cd",
    "udp.payload == a-b-c",
    "udp.payload == 0.1.0.d",
    "udp.payload == \"abc\"",
    "udp.payload == 0x11",
    "udp.payload[0:2] & 01:02",
    "udp.payload[1:2,4] == 1",
    "frame matches \"abc\"",
    "frame[0]",
    "frame[0:4] == 01",
    "frame.protocols == \"eth\"",
    "frame.protocols == foo",
    "frame.protocols[0:3] == \"eth\"",
    "frame.protocols[0:3] == 65:74:68",
    "ipv6.src == ::1",
    "ipv6.src == fe80::/10",
    "ipv6.src == 2001:db8::1/64",
    "len(udp.payload) == 1 + 2",
    "len(udp) == 3",
    "count(udp) == 2",
    "string(ip.src) matches \"10\"",
    "max(udp.srcport,udp.dstport) == 3",
    "max(ip.src, ip.dst) == 1.1.1.1",
    "max(eth.src, arp.src.hw_mac) == 02:00:5e:00:01:01",
    "abs(udp.srcport) == 3",
    "lower(frame.protocols) == \"eth\"",
    "ip.src#2 == 10.0.0.1",
    "ip.src#[1-2] == 10.0.0.1",
    "ip.src#0 == 10.0.0.1",
    "ip.src#[-1] == 1.1.1.1",
    "ip#2",
    "vxlan.vni == 0xffffff",
    "all ip.ttl < udp.port < 3",
    "eth.src[-6-0] == 02",
    "eth.src[0x1:010] == 02",
    "frame.len == 70000 + ip.ttl",
    "ip.ttl == '\\u0400'",
    "frame.time > \"9999-12-31\"",
    "frame.time > \"2024-8-9 1:2:3\"",
    "abs(ip.flags.df) == 1",
    "vxlan.flag_i == true",
    "ip.ttl in {-1, +2}",
    "ip.ttl#1-2 == 5",
    "ip.ttl == '\\n'", /* not to tshark: docs/differences.md */
    "udp.payload[:] == 01",
    "ip.ttl == +1",
    "udp[0:4] == ip.src",
    "all ip.src not in {1.1.1.1}",
};

static const char *const refused[] = {
    "ip.src==10.0.0.1/33",
    "ip.src == foo.invalid",
    "ip.src == 10.0.1",
    "ip.src == \"10.0.0.1\"",
    "ip.src == ::1",
    "ip.src == eth.src",
    "ip.src == 10.0.0.0/8.0",
    "ip.src + 1 == 3",
    "ip.src contains \"a\"",
    "ip.src matches \"10\"",
    "ipv6.src == 10.0.0.1",
    "ip == ip.src",
    "ip.id == ip.src",
    "ip.proto == udp",
    "udp.port == 65536",
    "udp.port == 0x10000",
    "udp.port == 0x1_0",
    "udp.port == 80.5",
    "udp.port == \"80\"",
    "udp.port == 1e2",
    "udp.port == 080",
    "udp.port == ff",
    "udp.port == 'ab'",
    "udp.port = 80",
    "udp.port contains 3",
    "udp.port matches \"a\"",
    "udp.port[0] == 1",
    "udp.srcport-1 == 3",
    "ip.ttl == 256",
    "ip.ttl >= 64U",
    "ip.ttl == 0b2",
    "ip.ttl == 0x",
    "ip.ttl === 1 === 2",
    "ip.ttl in {1,2,\"x\"}",
    "ip.flags.mf == 1.5",
    "ip.flags.mf & 1",
    "1 == ip.ttl",
    "80 == 80",
    "frame.time >= 1700000000",
    "frame.time >= \"1700000000\"",
    "frame.time >= \"Nov 14, 2023\"",
    "frame.time == \"2023-13-14 22:13:20\"",
    "frame.time == \"November 4, 2023 22:13:20\"",
    "frame.time_relative > 1.0000000001",
    "frame.time_relative > \"1\"",
    "frame.time_relative > 1e3",
    "frame.time_relative == 0x10",
    "frame.len == 1.0",
    "frame.number in {1-3}",
    "frame.number == 99999999999",
    "frame.protocols contains eth",
    "frame.protocols == udp.payload",
    "frame matches \"a\\.b\"",
    "eth.src == 02:00:5e",
    "eth.src == 02:00:5e:00:01:01/24",
    "eth.src == \"02:00:5e:00:01:01\"",
    "eth contains foo",
    "udp.payload == foo",
    "udp.payload[0:2] == 0x0102",
    "udp.payload matches a",
    "udp.payload matches \"(\"",
    "len(ip.src)",
    "count(ip.src)",
    "lower(udp.payload) == \"a\"",
    "string(frame.protocols) == \"x\"",
    "max(1,2) == 3",
    "max(udp.srcport, ip.src) == 2",
    "abs(ip.src) == 1.1.1.1",
    "\"abc\"[0] == 1",
    "\"abc\"",
    "10.0.0.1",
    "3",
    "udp.foo",
    "udpx",
    "vxlan.vni == 0x1000000",
    "{ip.ttl} in {1}",
    "ip.ttl in {{1}}",
    "{udp.payload} contains 01",
    "udp.payload contains {01}",
    "{udp.payload}[0]",
    "ip.ttl == 1 contains 2",
    "udp.payload contains 01 == 02",
    "udp[0:4] == ip.src & 255.0.0.0",
    "ip.src == udp[0:4] & ff:ff:ff:ff",
    "ip.src & udp[0:4]",
    "udp.payload == 0a:1b:c",
    "frame.time > \"2024-08-29T10:00:00 UTC\"",
    "udp.port == 1#2",
    "udp.payload[1: ]",
    "udp.payload[08]",
    "udp.payload[ :2]",
    "frame.protocols == \"\\u0041\"",
    "ip.ttl == 1.",
    "ip# 1",
    "ntp.rootdelay == 1e-400",
    "+ip.ttl in {1}",
    "udp.payload == '\\u0400'",
    /* Which tshark takes, and reads in a way nobody would guess; refused rather than misread. */
    "frame.time_delta > 1.5ms",
    "frame.time > \"\"",
    "frame.time > \"2024-02-30\"",
    "ip.ttl == 0b",
    "max(udp.length.bad, ip.ttl) == 1",
    /* Which need a selected packet, or are no part of 4.0. */
    "vals(ip.proto) == \"UDP\"",
};

static void filters_are_taken_and_refused_as_wireshark_does(void **state)
{
    struct error error;

    (void)state;
    for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++) {
        struct filter *filter = filter_compile(accepted[i], &error);

        if (filter == NULL)
            fail_msg("%s", error.text);
        filter_free(filter);
    }
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct filter *filter = filter_compile(refused[i], &error);

        if (filter)
            fail_msg("%s was accepted", refused[i]);
        assert_int_equal(error.kind, ERROR_USAGE);
        assert_non_null(strstr(error.text, "^"));
    }
}

static void a_fault_shows_the_filter_the_place_and_a_way_out(void **state)
{
    static const struct {
        const char *filter, *text;
    } cases[] = {
        { "ip.scr == 10.0.0.1", "\"ip.scr\" is not a field or protocol\n"
                                "  ip.scr == 10.0.0.1\n"
                                "  ^~~~~~\n"
                                "  did you mean ip.src?" },
        { "udp.port == 65536", "65536 is too big for this field; 65535 is the most\n"
                               "  udp.port == 65536\n"
                               "              ^~~~~" },
        { "ip and", "the filter ends where a field, a value or a function is expected\n"
                    "  ip and\n"
                    "        ^" },
        { "ip udp", "\"udp\" stands where \"and\", \"or\" or an operator is expected\n"
                    "  ip udp\n"
                    "     ^~~" },
        { "udp.port = 80", "\"=\" is not an operator\n"
                           "  udp.port = 80\n"
                           "           ^\n"
                           "  equal is written ==" },
        { "udp.srcport-1 == 3", "\"udp.srcport-1\" is not a field or protocol\n"
                                "  udp.srcport-1 == 3\n"
                                "  ^~~~~~~~~~~~~\n"
                                "  to subtract, put a space before the \"-\"" },
        { "ip.src == eth.src",
          "eth.src is an Ethernet address, ip.src is an IPv4 address: they cannot be compared\n"
          "  ip.src == eth.src\n"
          "            ^~~~~~~" },
        { "ip.src matches \"10\"", "ip.src is an IPv4 address, \"matches\" needs text or bytes\n"
                                   "  ip.src matches \"10\"\n"
                                   "  ^~~~~~\n"
                                   "  string(...) makes text of numbers and addresses" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error error;

        assert_null(filter_compile(cases[i].filter, &error));
        assert_string_equal(error.text, cases[i].text);
    }
}

static void a_long_filter_is_shown_around_its_fault(void **state)
{
    char text[2000];
    struct error error;
    size_t len = 0;

    (void)state;
    for (int i = 0; i < 100; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "udp.port == %d or ", i);
    snprintf(text + len, sizeof text - len, "udp.prot");
    assert_null(filter_compile(text, &error));
    assert_non_null(strstr(error.text, "udp.prot\n"));
    assert_non_null(strstr(error.text, "^~~~~~~~\n"));
    assert_true(strlen(error.text) < 500);
}

static void limits_of_size_are_faults(void **state)
{
    struct error error;
    char *text = malloc((1 << 16) + 2);

    (void)state;
    memset(text, ' ', (1 << 16) + 1);
    text[(1 << 16) + 1] = '\0';
    assert_null(filter_compile(text, &error));
    assert_int_equal(error.kind, ERROR_USAGE);
    free(text);
}

/* eth / ip 10.20.1.10 > 10.20.1.20 / udp 55555 > 4789 / vxlan 4242 / eth / ip 192.0.2.1 > 198.51.100.2 / udp
 * 5683 > 5684 */
static struct packet tunnelled(struct test_packet *t)
{
    test_packet_init(t, "Sensor-Reading", 14);
    test_udp(t, 5683, 5684);
    test_ipv4(t, 17, 0xc0000201, 0xc6336402);
    test_ethernet(t, 0x0800);
    test_vxlan(t, 4242);
    test_udp(t, 55555, 4789);
    test_ipv4(t, 17, 0x0a14010a, 0x0a140114);
    test_ethernet(t, 0x0800);
    return test_packet_view(t);
}

static struct packet over_ipv6(struct test_packet *t)
{
    test_packet_init(t, "x", 1);
    test_tcp(t, 80, 40000);
    test_ipv6(t, 6, 1, 2);
    test_vlan(t, 100, 0x86dd);
    test_ethernet(t, 0x8100);
    return test_packet_view(t);
}

static bool matches(const char *text, const struct packet *packet)
{
    static struct dissection d;
    struct error error;
    struct filter *filter = filter_compile(text, &error);
    bool answer;

    if (filter == NULL)
        fail_msg("%s", error.text);
    dissection_init(&d, filter_demand(filter), NULL, NULL);
    dissect(&d, packet);
    answer = filter_match(filter, &d);
    filter_free(filter);
    return answer;
}

struct semantics {
    const char *text;
    bool answer;
};

static void assert_semantics(const struct semantics *cases, size_t n, const struct packet *packet)
{
    for (size_t i = 0; i < n; i++)
        if (matches(cases[i].text, packet) != cases[i].answer)
            fail_msg("%s is not %s", cases[i].text, cases[i].answer ? "true" : "false");
}

static void note_suspect(void *context, const char *text)
{
    char *all = context;

    strncat(all, text, strcspn(text, "\n"));
    strcat(all, "|");
}

static void what_can_hardly_be_meant_is_warned_about_and_nothing_else(void **state)
{
    static const struct {
        const char *text, *part; /* NULL: no warning */
    } cases[] = {
        { "ip.flags.df", "whether it is set or not" },
        { "!ip.flags.df and ip", "whether it is set or not" },
        { "ip.flags.df == 1", NULL },
        { "ip.ttl", NULL },
        { "ip.addr !== 10.0.0.1", "nearly always" },
        { "ip.addr != 10.0.0.1", NULL },
        { "ip.src !== 10.0.0.1", NULL },
        { "ip.ttl < 0", "never holds" },
        { "ip.ttl > 255", "never holds" },
        { "ip.ttl > -1", "never holds" },
        { "ip.ttl != -1", NULL },
        { "ip.ttl > 254", NULL },
        { "udp.port > 65535", "never holds" },
        { "ip.ttl in {64..32}", "wrong way round" },
        { "ip.addr in {10.0.0.9..10.0.0.1}", "wrong way round" },
        { "ip.ttl in {32..64}", NULL },
        { "tcp.port == 80 && udp.port == 80", "both UDP and TCP" },
        { "tcp.port == 80 || udp.port == 80", NULL },
        { "udp and not tcp", NULL },
        { "ip and (udp and tcp.port in {1, 2})", "both UDP and TCP" },
        { "all ip.ttl < udp.port < 3", "before a chain" },
        { "ip.ttl < udp.port < 3", NULL },
        { "any udp.port not in {1}", "before \"not in\"" },
        { "udp.port not in {1}", NULL },
        { "all ip.ttl < 3", NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error error;
        struct filter *filter = filter_compile(cases[i].text, &error);
        char said[4096] = "";

        if (filter == NULL)
            fail_msg("%s: %s", cases[i].text, error.text);
        filter_suspects(filter, note_suspect, said);
        if (cases[i].part ? strstr(said, cases[i].part) == NULL : *said)
            fail_msg("%s: \"%s\"", cases[i].text, said);
        filter_free(filter);
    }
}

static bool is_rtp(void *context, const char *name)
{
    (void)context;
    return strcmp(name, "rtp") == 0 || strcmp(name, "sip.Method") == 0;
}

/* N never, Y always, ? depends; then the same with the answers in. */
static void tests_of_unknown_names_are_left_open_until_they_are_answered(void **state)
{
    static const struct {
        const char *text, *tests;
        char open;
        bool if_no, if_yes; /* to the first one */
    } cases[] = {
        { "rtp", "rtp|", '?', false, true },
        { "not rtp", "rtp|", '?', true, false },
        { "udp and rtp", "rtp|", '?', false, true },
        { "tcp and rtp", "rtp|", 'N', false, false },
        { "udp or rtp", "rtp|", 'Y', true, true },
        { "tcp or rtp", "rtp|", '?', false, true },
        { "udp xor rtp", "rtp|", '?', true, false },
        { "rtp or not rtp", "rtp|rtp|", '?', true, true },
        { "(rtp or udp) and (rtp or ip)", "rtp|rtp|", 'Y', true, true },
        { "all sip.Method#1 == \"A\" and tcp.port == 1", "all sip.Method#1 == \"A\"|", 'N', false, false },
        { "sip.Method not in {\"A\", \"B\"}", "sip.Method not in {\"A\", \"B\"}|", '?', false, true },
        { "not sip.Method in {\"A\"}", "sip.Method in {\"A\"}|", '?', true, false },
        { "{sip.Method} == 3 < 4", "", 0, false, false },
        { "ip.src == sip.Method", "ip.src == sip.Method|", '?', false, true },
        { "len(rtp) > 3 and lower(sip.Method) contains \"a\"",
          "len(rtp) > 3|lower(sip.Method) contains \"a\"|", '?', false, false },
    };
    static const char letters[] = { [FILTER_NEVER] = 'N', [FILTER_ALWAYS] = 'Y', [FILTER_DEPENDS] = '?' };
    static struct dissection d;
    struct test_packet t;
    struct packet packet = tunnelled(&t);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct filter_outside outside = { .knows = is_rtp };
        struct error error;
        struct filter *filter = filter_compile_with(cases[i].text, &outside, &error);
        struct external_answers *answers = external_answers_new();
        const char *const *tests;
        char all[512] = "";
        uint32_t n;

        assert_true(outside.has_unknown);
        if (filter == NULL) {
            assert_int_equal(cases[i].open, 0);
            external_answers_free(answers);
            continue;
        }
        tests = filter_external_tests(filter, &n);
        for (uint32_t k = 0; k < n; k++) {
            strcat(all, tests[k]);
            strcat(all, "|");
        }
        assert_string_equal(all, cases[i].tests);
        dissection_init(&d, filter_demand(filter), NULL, NULL);
        dissect(&d, &packet);
        if (letters[filter_judge(filter, &d)] != cases[i].open)
            fail_msg("%s is %c", cases[i].text, letters[filter_judge(filter, &d)]);
        if (filter_match(filter, &d) != cases[i].if_no)
            fail_msg("%s: unanswered", cases[i].text);
        assert_true(external_answers_put(answers, 0, packet.number));
        filter_set_answers(filter, answers);
        if (filter_match(filter, &d) != cases[i].if_yes)
            fail_msg("%s: answered", cases[i].text);
        filter_free(filter);
        external_answers_free(answers);
    }
}

static void values_of_every_layer_count(void **state)
{
    static const struct semantics cases[] = {
        { "ip", true },
        { "tcp", false },
        { "!tcp", true },
        { "vxlan && udp", true },
        { "tcp || arp", false },
        { "ip.src == 10.20.1.10", true },
        { "ip.src == 192.0.2.1", true },
        { "ip.src == 192.0.2.2", false },
        { "ip.addr == 198.51.100.2", true },
        { "ip.src != 192.0.2.1", false },
        { "ip.src != 1.2.3.4", true },
        { "!(ip.src == 1.2.3.4)", true },
        { "ip.src ~= 192.0.2.1", true },
        { "ip.src !== 192.0.2.1", true },
        { "ip.src === 192.0.2.1", false },
        { "ip.ttl === 64", true },
        { "all ip.ttl > 60", true },
        { "all udp.port > 5000", false },
        { "any ip.addr != 10.20.1.10", true },
        { "ip.addr == 10.0.0.0/8", true },
        { "ip.addr == 11.0.0.0/8", false },
        { "ip.addr === 10.0.0.0/8", false },
        { "ip.addr in {11.0.0.0/8, 192.0.2.0/24}", true },
        { "ip.addr in {11.0.0.0/8, 192.0.2.2..192.0.2.9}", false },
        { "ip.addr in {11.0.0.0/8, 192.0.2.0..192.0.2.9}", true },
        { "all ip.addr in {0.0.0.0/0, 192.0.2.0/24}", true },
        { "all ip.addr in {10.0.0.0/8, 192.0.2.0/24, 198.51.100.0/24}", false }, /* one element for all */
        { "ip xor tcp", true },
        { "ip ^^ udp", false },
        { "ip xor udp xor not tcp", true },
        { "ip xor udp and tcp or tcp", true },
        { "ip.src == ${ip.src}", false },
        { "ip.src != ${ip.src}", false },
        { "not ip.src == ${ip.src} and udp", true },
        { "all ip.addr in {10.0.0.0/8, 192.0.2.0/24}", false },
        { "ip.src > 10.0.0.0/8", true },
        { "ip.src < 10.0.0.0/8", false },
        { "ip.src <= 10.0.0.0/8", true },
        { "udp.port == 4789 and udp.port == 5684", true },
        { "udp.port in {1..5682, 5685..65535}", true },
        { "udp.port not in {4789, 5683, 5684, 55555}", false },
        { "udp.port in {5..1}", false },
        { "udp.port > 55555", false },
        { "udp.port >= 55555", true },
        { "udp.port < 4789", false },
        { "udp.port <= 4789", true },
        { "udp.port < 0", false },
        { "udp.port > 65535", false },
        { "tcp.port != 80", false },
        { "!(tcp.port == 80)", true },
        { "tcp.port < 80 or udp.dstport == 4789", true },
        { "ip.src#1 == 10.20.1.10", true },
        { "ip.src#2 == 10.20.1.10", false },
        { "ip.src#[2-3] == 192.0.2.1", true },
        { "ip.src#[-1] == 192.0.2.1", true },
        { "ip#2", true },
        { "ip#3", false },
        { "ip.flags.mf == 0", true },
        { "ip.flags.mf", true },
        { "!ip.flags.mf", false },
        { "ip.flags.mf == True", false },
        { "vxlan.vni == 4242", true },
        { "vxlan.vni == 0x1092", true },
        { "vxlan.vni in {1, 5000}", false },
        { "eth.src == 02:00:5e:00:01:02", true },
        { "eth.addr == 02:00:5e:00:01:03", false },
        { "eth.src > 02:00:5e:00:01:01", true },
        { "eth.src[0:3] == 02:00:5e", true },
        { "eth.src[0:3] == eth.dst[0:3]", true },
        { "eth.src[-1] == 02", true },
        { "eth.src[0,5] == 02:02", true },
        { "eth.addr contains 5e:00", true },
        { "frame[12:2] == 08:00", true },
        { "frame[5000:2]", false },
        { "frame contains \"Sensor\"", true },
        { "frame contains \"sensor\"", false },
        { "frame matches \"sensor\"", true },
        { "frame matches \"(?-i)sensor\"", false },
        { "frame[-7:] == \"Reading\"", true },
        { "udp contains \"Reading\"", true },
        { "len(udp) == 8", true },
        { "count(ip.src) == 2", true },
        { "count(tcp.port) == 0", false },
        { "max(udp.srcport, udp.dstport) == 55555", true },
        { "min(udp.srcport, udp.dstport) == 4789", true },
        { "udp.dstport == {udp.srcport + 1}", true },
        { "udp.srcport > udp.dstport", true },
        { "udp.srcport & 1", true },
        { "udp.srcport & 0", false },
        { "ip.ttl - 65 == -1", true },
        { "{ip.ttl - 65} > 0", false },
        { "ip.ttl / 0 == 1", false },
        { "ip.ttl * 2 == 128", true },
        { "ip.ttl % 10 == 4", true },
        { "ip.src & 255.255.255.0 == 192.0.2.0", true },
        { "string(ip.src) == \"192.0.2.1\"", true },
        { "string(ip.ttl) matches \"^6\"", true },
        { "frame.len - udp.length == 34", true },
        { "frame.number == 7", true },
        { "frame.number in {1..6, 8}", false },
        { "frame.time_epoch == 1700000000.5", true },
        { "frame.time_epoch < 1700000000.5", false },
        { "frame.time == \"2023-11-14 22:13:20.5 UTC\"", true },
        { "frame.time >= \"2023-11-14T23:13:20.5+01:00\"", true },
        { "frame.time > \"2023-11-14T22:13:20.5Z\"", false },
        { "frame.time_relative > -1", true },
        { "ip.ttl < udp.port < 5000", true },
        { "ip.ttl == '@'", true },
    };
    struct test_packet t;
    struct packet packet = tunnelled(&t);

    (void)state;
    assert_semantics(cases, sizeof cases / sizeof *cases, &packet);
}

static void ipv6_tcp_and_vlan_fields_compare(void **state)
{
    static const struct semantics cases[] = {
        { "ipv6 && !ip", true },
        { "ipv6.src == 2001:db8::1", true },
        { "ipv6.src == 2001:db8::2", false },
        { "ipv6.addr == 2001:db8::2", true },
        { "ipv6.addr == 2001:db8::/32", true },
        { "ipv6.addr == ::/0", true },
        { "ipv6.addr == fe80::/10", false },
        { "ipv6.addr in {fe80::/10, 2001:db8::2..2001:db8::9}", true },
        { "ipv6.src != 2001:db8::9", true },
        { "ipv6.addr != 2001:db8::2", false },
        { "ipv6.src < 2001:db8::2", true },
        { "ipv6.src > ::", true },
        { "ipv6.src[0:2] == 20:01", true },
        { "vlan.id == 100", true },
        { "vlan.id > 100", false },
        { "tcp.flags.syn == 1", true },
        { "tcp.flags & 0x02", true },
        { "tcp.flags & 0x10", false },
        { "tcp.port == 80 && tcp.dstport == 40000", true },
        { "ip.ttl == 64 or ip.ttl != 64", false },
    };
    struct test_packet t;
    struct packet packet = over_ipv6(&t);

    (void)state;
    assert_semantics(cases, sizeof cases / sizeof *cases, &packet);
}

static void what_cannot_be_computed_is_told_from_what_is_absent(void **state)
{
    static const struct semantics cases[] = {
        { "udp.srcport % 0 == 1", false },
        { "all udp.srcport % 0 == 1", true }, /* of none, all are */
        { "udp.srcport % 0 != 1", true },
        { "tcp.srcport % 0 != 1", false },
        { "udp.srcport % 0", false },
        { "abs(udp.srcport % 0) != 1", false }, /* there is nothing to take the function of */
        { "max(tcp.srcport, udp.srcport) == 55555", true },
        { "all udp.srcport == tcp.srcport", false },
    };
    struct test_packet t;
    struct packet packet = tunnelled(&t);

    (void)state;
    assert_semantics(cases, sizeof cases / sizeof *cases, &packet);
}

static void quantifiers_say_nothing_before_chains_and_not_in(void **state)
{
    static const struct semantics cases[] = {
        { "all ip.src < ip.dst", false },
        { "all ip.src < ip.dst < 255.0.0.0", true },
        { "all udp.dstport in {4789, 4790}", false },
        { "any udp.dstport not in {4789}", false },
        { "all udp.dstport not in {4789}", false },
        { "all udp.dstport not in {1}", true },
    };
    struct test_packet t;
    struct packet packet = tunnelled(&t);

    (void)state;
    assert_semantics(cases, sizeof cases / sizeof *cases, &packet);
}

/* Where tshark's answers are others: docs/differences.md. */
static void a_field_with_layers_leaves_others_alone(void **state)
{
    static const struct semantics cases[] = {
        { "ip.dst#2 !== ip.dst", true },
        { "ip.dst#2 == 198.51.100.2 and ip.dst == 10.20.1.20", true },
        { "ip.src#[-2--1] == 10.20.1.10", true },
        { "ip.src#[-1] == 10.20.1.10", false },
    };
    struct test_packet t;
    struct packet packet = tunnelled(&t);

    (void)state;
    assert_semantics(cases, sizeof cases / sizeof *cases, &packet);
}

static void a_time_span_below_zero_is_negative(void **state)
{
    static const struct semantics cases[] = {
        { "abs(frame.time_relative - 0.5) == 0.5", true },
        { "frame.time_relative - 0.5 == -0.5", true },
    };
    struct test_packet t;
    struct packet packet = tunnelled(&t);

    (void)state;
    assert_semantics(cases, sizeof cases / sizeof *cases, &packet);
}

static void prefixes_are_compared_as_far_as_both_go(void **state)
{
    static const struct semantics cases[] = {
        { "max(ip.dst, 200.0.0.0/8) == 200.1.2.3", true },
        { "max(ip.dst, 200.0.0.0/8) == 201.1.2.3", false },
        { "max(ip.dst, 198.0.0.0/8) == 198.51.100.2", true },
        { "max(ip.dst, 198.0.0.0/8) == 198.51.100.3", false },
        { "ip.src & 255.255.0.0 == 10.20.0.0", true },
        { "ip.src & 255.255.0.0 == 10.20.1.0", false },
    };
    struct test_packet t;
    struct packet packet = tunnelled(&t);

    (void)state;
    assert_semantics(cases, sizeof cases / sizeof *cases, &packet);
}

static void what_is_looked_for_decides_what_is_searched(void **state)
{
    static const struct semantics cases[] = {
        { "udp contains \"Sensor\"", true },
        { "udp contains udp.payload[0:6]", false }, /* a slice is looked for in the header's bytes */
        { "udp contains \"\"", false },
        { "udp.payload contains \"\"", true },
        { "udp.payload[1000:] contains \"\"", false },
        { "frame contains udp", true },
        { "max(udp) contains \"Sensor\"", true },
    };
    struct test_packet t;
    struct packet packet = tunnelled(&t);

    (void)state;
    assert_semantics(cases, sizeof cases / sizeof *cases, &packet);
}

static void layers_are_counted_by_protocol_up_to_the_last_that_has_the_field(void **state)
{
    static const struct semantics cases[] = {
        { "ip.version#1 == 6", true }, /* IPv6 has it by the same name */
        { "ip.version#[-1] == 6", true }, { "ip.version#2", false }, { "-ip.version", true },
        { "frame.len#1", true },          { "frame.len#2", false },
    };
    struct test_packet t;
    struct packet packet = over_ipv6(&t);

    (void)state;
    assert_semantics(cases, sizeof cases / sizeof *cases, &packet);
}

static void fields_behind_a_cut_are_absent_not_zero(void **state)
{
    static const struct semantics cases[] = {
        { "ip.src == 10.20.1.10", true }, { "ip.dst", false }, { "ip.dst != 1.1.1.1", false },
        { "!(ip.dst == 1.1.1.1)", true }, { "ip.addr", true }, { "udp", false },
    };
    struct test_packet t;
    struct packet packet = tunnelled(&t);

    (void)state;
    packet.caplen = 14 + 17; /* in the middle of the IP header */
    assert_semantics(cases, sizeof cases / sizeof *cases, &packet);
}

static void explain_shows_tree_demand_and_hint(void **state)
{
    struct error error;
    struct filter *filter = filter_compile("ip.addr == 10.0.0.0/8 && !(udp.port in {5683..5684, 7})", &error);
    struct buffer text;

    (void)state;
    buffer_init(&text, 1 << 16);
    filter_explain(filter, &text);
    buffer_put_u8(&text, 0);
    assert_non_null(strstr((const char *)text.data,
                           "filter:\n"
                           "  and\n"
                           "    ip.addr == 10.0.0.0/8   (an IPv4 address; for any value)\n"
                           "    not\n"
                           "      udp.port in { 5683..5684, 7 }   (an unsigned number; for any value)\n"
                           "wants: ip "));
    assert_non_null(
        strstr((const char *)text.data, "fields: ip.src ip.dst ip.addr udp.srcport udp.dstport udp.port\n"));
    assert_non_null(strstr((const char *)text.data, "\nan index may look for:\n"
                                                    "  address 10.0.0.0/8\n"));
    buffer_clear(&text);
    filter_free(filter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filters_are_taken_and_refused_as_wireshark_does),
        cmocka_unit_test(a_fault_shows_the_filter_the_place_and_a_way_out),
        cmocka_unit_test(a_long_filter_is_shown_around_its_fault),
        cmocka_unit_test(limits_of_size_are_faults),
        cmocka_unit_test(values_of_every_layer_count),
        cmocka_unit_test(what_can_hardly_be_meant_is_warned_about_and_nothing_else),
        cmocka_unit_test(tests_of_unknown_names_are_left_open_until_they_are_answered),
        cmocka_unit_test(ipv6_tcp_and_vlan_fields_compare),
        cmocka_unit_test(what_cannot_be_computed_is_told_from_what_is_absent),
        cmocka_unit_test(quantifiers_say_nothing_before_chains_and_not_in),
        cmocka_unit_test(a_field_with_layers_leaves_others_alone),
        cmocka_unit_test(a_time_span_below_zero_is_negative),
        cmocka_unit_test(prefixes_are_compared_as_far_as_both_go),
        cmocka_unit_test(what_is_looked_for_decides_what_is_searched),
        cmocka_unit_test(layers_are_counted_by_protocol_up_to_the_last_that_has_the_field),
        cmocka_unit_test(fields_behind_a_cut_are_absent_not_zero),
        cmocka_unit_test(explain_shows_tree_demand_and_hint),
    };

    setenv("TZ", "UTC", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
