/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/utf8.h"
#include "protocol/dissected.h"
#include "protocol/summary.h"

static struct summarizer summarizer;
static struct packet_summary summary;

static int set_up(void **state)
{
    struct dissected *dissected = calloc(1, sizeof *dissected);

    summarizer_init(&summarizer);
    demand_init(&dissected->demand);
    summarizer_demand(&summarizer, &dissected->demand);
    demand_settle(&dissected->demand);
    dissected->state = dissect_state_new(1);
    dissection_init(&dissected->d, &dissected->demand, dissected->state, NULL);
    *state = dissected;
    return 0;
}

static int tear_down(void **state)
{
    dissected_clear(*state);
    free(*state);
    return 0;
}

static struct bytes hex(const char *text)
{
    static uint8_t room[2048];
    size_t n = 0;

    for (; *text; text++) {
        if (*text == ' ')
            continue;
        room[n++] = (uint8_t)strtoul((char[]) { text[0], text[1], 0 }, NULL, 16);
        text++;
    }
    return bytes_of(room, n);
}

static void summarize_udp(struct dissected *dissected, bool is_back, uint16_t server, struct bytes payload,
                          uint32_t cut)
{
    dissected_udp(dissected, is_back, 40020, server, payload, 1000, cut);
    summarize(&summarizer, &dissected->d, &summary);
    assert_int_equal(summary.info_len, strlen(summary.info));
}

static void ends_have_their_ports_with_them(void **state)
{
    summarize_udp(*state, false, 9999, hex("01020304"), 0);
    assert_string_equal(summary.source, "10.0.0.1:40020");
    assert_string_equal(summary.destination, "10.0.0.2:9999");
    assert_string_equal(summary.protocol, "UDP");
    assert_string_equal(summary.info, "40020 → 9999 Len=4");
    assert_int_equal(summary.severity, SUMMARY_GOOD);
}

static void a_response_is_told_with_the_path_of_its_request_and_its_failure(void **state)
{
    /* CON POST /rd?ep=a, token 01; then ACK 4.04 */
    summarize_udp(*state, false, 5683, hex("41 02 5d6d 01 b2 7264 44 65703d61"), 0);
    assert_string_equal(summary.protocol, "CoAP");
    assert_string_equal(summary.info, "CON, MID:23917, POST, TKN:01, /rd?ep=a");
    assert_int_equal(summary.severity, SUMMARY_GOOD);
    summarize_udp(*state, true, 5683, hex("61 84 5d6d 01"), 0);
    assert_string_equal(summary.info, "ACK, MID:23917, 4.04 Not Found, TKN:01, /rd");
    assert_int_equal(summary.severity, SUMMARY_ERROR);
}

static void a_fatal_alert_is_an_error_and_a_farewell_is_not(void **state)
{
    summarize_udp(*state, true, 5684, hex("15 fefd 0000 000000000001 0002 02 14"), 0);
    assert_string_equal(summary.protocol, "DTLSv1.2");
    assert_string_equal(summary.info, "Alert (Level: Fatal, Description: Bad Record MAC)");
    assert_int_equal(summary.severity, SUMMARY_ERROR);
    summarize_udp(*state, true, 5684, hex("15 fefd 0000 000000000002 0002 01 00"), 0);
    assert_string_equal(summary.info, "Alert (Level: Warning, Description: Close Notify)");
    assert_int_equal(summary.severity, SUMMARY_GOOD);
}

static void an_identity_is_told_as_text_or_in_hex(void **state)
{
    summarize_udp(*state, false, 5684,
                  hex("16 fefd 0000 000000000003 0014 10 000008 0002 000000 000008 0006 73656e2d3731"), 0);
    assert_string_equal(summary.info, "Client Key Exchange (identity sen-71)");
    summarize_udp(*state, false, 5684,
                  hex("16 fefd 0000 000000000004 0012 10 000006 0003 000000 000006 0004 00ff1b07"), 0);
    assert_string_equal(summary.info, "Client Key Exchange (identity 00ff1b07)");
}

static void names_are_asked_for_and_answered(void **state)
{
    summarize_udp(*state, false, 53, hex("1234 0100 0001 0000 0000 0000 01 61 00 0001 0001"), 0);
    assert_string_equal(summary.protocol, "DNS");
    assert_string_equal(summary.info, "Standard query 0x1234 A a");
    summarize_udp(
        *state, true, 53,
        hex("1234 8180 0001 0001 0000 0000 01 61 00 0001 0001 c00c 0001 0001 0000003c 0004 c0000207"), 0);
    assert_string_equal(summary.info, "Standard query response 0x1234 A a A 192.0.2.7");
    summarize_udp(*state, true, 53, hex("1235 8183 0001 0000 0000 0000 01 61 00 0001 0001"), 0);
    assert_string_equal(summary.info, "Standard query response 0x1235 No such name A a");
    assert_int_equal(summary.severity, SUMMARY_WARNING);
}

static void what_the_capture_cut_is_a_warning_and_what_the_sender_broke_an_error(void **state)
{
    summarize_udp(*state, false, 5683, hex("41 02 5d6d 01 b2 7264"), 2);
    assert_non_null(strstr(summary.info, "[Packet size limited during capture]"));
    assert_int_equal(summary.severity, SUMMARY_WARNING);
    summarize_udp(*state, false, 5683, hex("44 02 5d6e 01"), 0);
    assert_non_null(strstr(summary.info, "[Malformed Packet]"));
    assert_int_equal(summary.severity, SUMMARY_ERROR);
}

static void strangers_text_is_escaped_and_a_long_sentence_is_cut_between_characters(void **state)
{
    uint8_t message[1200] = { 0x41, 0x02, 0, 1, 1, 0xbd, 0 }; /* Uri-Path options of 13 + n bytes */
    size_t len = 5;

    summarize_udp(*state, false, 5683, hex("41 01 0001 01 b4 1b5b330a"), 0);
    assert_string_equal(summary.info, "CON, MID:1, GET, TKN:01, /\\x1b[3\\n");
    /* Uri-Query options, each of 13 + 37 bytes of two-byte characters. */
    message[len++] = 0xdd;
    message[len++] = 2;
    message[len++] = 37;
    for (unsigned i = 0; i < 20; i++) {
        if (i > 0) {
            message[len++] = 0x0d;
            message[len++] = 37;
        }
        for (unsigned k = 0; k < 25; k++) {
            message[len++] = 0xc3;
            message[len++] = 0xbc;
        }
    }
    summarize_udp(*state, false, 5683, bytes_of(message, len), 0);
    assert_in_range(summary.info_len, SUMMARY_INFO_BYTES - 120, SUMMARY_INFO_BYTES + 3);
    assert_string_equal(summary.info + summary.info_len - 3, "…");
    assert_true(utf8_is_printable(bytes_of(summary.info, summary.info_len)));
}

static void each_field_that_a_sentence_asks_for_is_a_field(void **state)
{
    (void)state;
    uint16_t n_none = 0;

    for (size_t i = 0; i + 1 < PROTOCOL_COUNT; i++)
        for (unsigned k = summarizer.first[i]; k < summarizer.first[i + 1]; k++)
            n_none = (uint16_t)(n_none + (summarizer.ids[k] == FIELD_ID_NONE));
    assert_int_equal(n_none, 3); /* TLS has neither fragments nor cookies */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ends_have_their_ports_with_them, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_response_is_told_with_the_path_of_its_request_and_its_failure,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_fatal_alert_is_an_error_and_a_farewell_is_not, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_identity_is_told_as_text_or_in_hex, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_are_asked_for_and_answered, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_the_capture_cut_is_a_warning_and_what_the_sender_broke_an_error,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            strangers_text_is_escaped_and_a_long_sentence_is_cut_between_characters, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_field_that_a_sentence_asks_for_is_a_field, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
