/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "protocol/tcp_fixture.h"
#include "protocol/tcp_stream.h"

#define MS INT64_C(1000000)

static struct tcp_fixture f;

static int setup_http(void **state)
{
    (void)state;
    tcp_fixture_open(&f, 80);
    return f.state == NULL;
}

static int teardown(void **state)
{
    (void)state;
    tcp_fixture_close(&f);
    return 0;
}

static void send_text(uint32_t seq, const char *text)
{
    tcp_fixture_send(&f, (struct told) { .seq = seq, .ack = 1, .payload = bytes_text(text) });
}

static const char *values(const char *name)
{
    return tcp_fixture_values(&f, name);
}

#define SCALE_7 "\2\4\5\xb4\3\3\7\0"

static void shake_hands(void)
{
    tcp_fixture_send(&f,
                     (struct told) { .flags = TCP_SYN, .seq = 999, .options = SCALE_7, .options_len = 8 });
    tcp_fixture_send(&f, (struct told) { .is_back = true,
                                         .flags = TCP_SYN | TCP_ACK_FLAG,
                                         .seq = 4999,
                                         .ack = 1000,
                                         .options = SCALE_7,
                                         .options_len = 8 });
    tcp_fixture_send(&f, (struct told) { .seq = 1000, .ack = 5000 });
}

static void a_connection_is_told_relative_to_its_beginning(void **state)
{
    (void)state;
    tcp_fixture_send(&f,
                     (struct told) { .flags = TCP_SYN, .seq = 999, .options = SCALE_7, .options_len = 8 });
    assert_string_equal(values("tcp.stream"), "0");
    assert_string_equal(values("tcp.seq"), "0");
    assert_string_equal(values("tcp.nxtseq"), "1");
    assert_string_equal(values("tcp.options.mss_val"), "1460");
    assert_string_equal(values("tcp.options.wscale.multiplier"), "128");
    assert_string_equal(values("tcp.option_kind"), "2,3,0");
    assert_string_equal(values("tcp.window_size"), "8192"); /* a SYN's is not scaled */
    tcp_fixture_send(&f, (struct told) { .is_back = true,
                                         .flags = TCP_SYN | TCP_ACK_FLAG,
                                         .seq = 4999,
                                         .ack = 1000,
                                         .options = SCALE_7,
                                         .options_len = 8 });
    assert_string_equal(values("tcp.ack"), "1");
    assert_string_equal(values("tcp.time_delta"), "1000000000");
    tcp_fixture_send(&f, (struct told) { .seq = 1000, .ack = 5000 });
    assert_string_equal(values("tcp.seq"), "1");
    assert_string_equal(values("tcp.window_size"), "1048576");
    assert_string_equal(values("tcp.window_size_scalefactor"), "128");
    assert_string_equal(values("tcp.time_relative"), "2000000000");
    assert_string_equal(values("tcp.analysis.initial_rtt"), "2000000000");
    assert_string_equal(values("tcp.completeness"), "3");
    tcp_fixture_send(&f, (struct told) { .flags = TCP_SYN, .seq = 7, .client = 40001 });
    assert_string_equal(values("tcp.stream"), "1");
}

/* Snapshot lengths of 64 bytes and so end within the options. */
static void options_cut_by_the_capture_are_shown_as_far_as_they_go(void **state)
{
    static const char options[] = "\2\4\5\xb4\1\1\x8\xa\0\0\0\7\0\0\0\x8\1\3\3\7";
    const struct told syn = { .flags = TCP_SYN, .seq = 999, .options = options, .options_len = 20 };
    struct told cut = syn;

    (void)state;
    cut.cut = 7; /* in the middle of the second timestamp */
    tcp_fixture_send(&f, cut);
    assert_string_equal(values("tcp.option_kind"), "2,1,1,8");
    assert_string_equal(values("tcp.option_len"), "4,10");
    assert_string_equal(values("tcp.options.timestamp.tsval"), "7");
    assert_string_equal(values("tcp.options.timestamp.tsecr"), "");
    assert_string_equal(values("tcp.option.len.invalid"), "");
    tcp_fixture_send(&f, (struct told) { .seq = 1000, .ack = 5000 });
    assert_string_equal(values("tcp.window_size_scalefactor"), "-1"); /* nobody knows what it offered */

    cut.client = 40001;
    cut.cut = 20; /* not one of them */
    tcp_fixture_send(&f, cut);
    assert_string_equal(values("tcp.option_kind"), "");
    assert_string_equal(values("tcp.options.mss.absent"), "");
    tcp_fixture_send(&f, (struct told) { .seq = 1000, .ack = 5000, .client = 40001 });
    assert_string_equal(values("tcp.window_size_scalefactor"), "-1");

    cut.client = 40002;
    cut.cut = 3; /* between two */
    tcp_fixture_send(&f, cut);
    assert_string_equal(values("tcp.option_kind"), "2,1,1,8,1");
    cut.client = 40003;
    cut.cut = 2; /* behind a kind */
    tcp_fixture_send(&f, cut);
    assert_string_equal(values("tcp.option.len.invalid"), "");
    /* A header that was cut does not keep the segment from its place in the connection. */
    tcp_fixture_send(&f, (struct told) { .is_back = true,
                                         .flags = TCP_SYN | TCP_ACK_FLAG,
                                         .seq = 4999,
                                         .ack = 1000,
                                         .client = 40003,
                                         .options = options,
                                         .options_len = 20,
                                         .cut = 7 });
    assert_string_equal(values("tcp.analysis.acks_frame"), "6");
}

static void a_syn_with_another_number_begins_another_stream(void **state)
{
    (void)state;
    shake_hands();
    tcp_fixture_send(&f, (struct told) { .flags = TCP_SYN, .seq = 70000 });
    assert_string_equal(values("tcp.stream"), "1");
    assert_string_equal(values("tcp.analysis.reused_ports"), "0");
    assert_string_equal(values("tcp.seq"), "0");
}

static void without_state_each_segment_stands_by_itself(void **state)
{
    (void)state;
    dissection_init(&f.d, &f.demand, NULL, NULL);
    send_text(1, "GET / HTTP/1.1\r\nHo");
    assert_string_equal(values("http.request.method"), "GET");
    assert_string_equal(values("tcp.stream"), "");
    send_text(19, "st: a\r\n\r\n");
    assert_string_equal(values("http.request.method"), "");
}

/* Segments of a connection met in the middle, each after the other but for its offset and time. */
static void segments_are_judged_by_what_came_before(void **state)
{
    static const struct {
        const char *name, *finding;
        struct told segments[6];
    } cases[] = {
        { "sent again long after",
          "tcp.analysis.retransmission",
          { { .seq = 100, .payload = { (const uint8_t *)"abcd", 4 }, .ts_ns = 1000 * MS },
            { .seq = 100, .payload = { (const uint8_t *)"abcd", 4 }, .ts_ns = 1500 * MS } } },
        { "sent again after it was acknowledged",
          "tcp.analysis.spurious_retransmission",
          { { .seq = 100, .payload = { (const uint8_t *)"abcd", 4 }, .ts_ns = 1000 * MS },
            { .is_back = true, .seq = 1, .ack = 104, .ts_ns = 1001 * MS },
            { .seq = 100, .payload = { (const uint8_t *)"abcd", 4 }, .ts_ns = 1500 * MS } } },
        { "a gap",
          "tcp.analysis.lost_segment",
          { { .seq = 100, .payload = { (const uint8_t *)"abcd", 4 }, .ts_ns = 1000 * MS },
            { .seq = 200, .payload = { (const uint8_t *)"abcd", 4 }, .ts_ns = 1001 * MS } } },
        { "late by a little",
          "tcp.analysis.out_of_order",
          { { .seq = 100, .payload = { (const uint8_t *)"abcd", 4 }, .ts_ns = 1000 * MS },
            { .seq = 108, .payload = { (const uint8_t *)"abcd", 4 }, .ts_ns = 1001 * MS },
            { .seq = 104, .payload = { (const uint8_t *)"abcd", 4 }, .ts_ns = 1002 * MS } } },
        { "after two duplicate acknowledgments",
          "tcp.analysis.fast_retransmission",
          { { .seq = 100, .payload = { (const uint8_t *)"abcdabcd", 8 }, .ts_ns = 1000 * MS },
            { .is_back = true, .seq = 1, .ack = 104, .ts_ns = 1100 * MS },
            { .is_back = true, .seq = 1, .ack = 104, .ts_ns = 1101 * MS },
            { .is_back = true, .seq = 1, .ack = 104, .ts_ns = 1102 * MS },
            { .seq = 104, .payload = { (const uint8_t *)"abcd", 4 }, .ts_ns = 1103 * MS } } },
        { "the same acknowledgment again",
          "tcp.analysis.duplicate_ack",
          { { .is_back = true, .seq = 1, .ack = 104, .ts_ns = 1100 * MS },
            { .is_back = true, .seq = 1, .ack = 104, .ts_ns = 1101 * MS } } },
        { "an acknowledgment of what was not captured",
          "tcp.analysis.ack_lost_segment",
          { { .seq = 100, .payload = { (const uint8_t *)"abcd", 4 }, .ts_ns = 1000 * MS },
            { .is_back = true, .seq = 1, .ack = 200, .ts_ns = 1100 * MS } } },
        { "one byte before the next",
          "tcp.analysis.keep_alive",
          { { .seq = 100, .payload = { (const uint8_t *)"abcd", 4 }, .ts_ns = 1000 * MS },
            { .seq = 103, .ts_ns = 9000 * MS } } },
        { "the answer to it",
          "tcp.analysis.keep_alive_ack",
          { { .is_back = true, .seq = 1, .ack = 104, .ts_ns = 900 * MS },
            { .seq = 100, .payload = { (const uint8_t *)"abcd", 4 }, .ts_ns = 1000 * MS },
            { .seq = 103, .ts_ns = 9000 * MS },
            { .is_back = true, .seq = 1, .ack = 104, .ts_ns = 9001 * MS } } },
        { "a closed window", "tcp.analysis.zero_window", { { .seq = 100, .has_no_window = true } } },
        { "a byte against a closed window",
          "tcp.analysis.zero_window_probe",
          { { .seq = 100, .payload = { (const uint8_t *)"abcd", 4 }, .ts_ns = 1000 * MS },
            { .is_back = true, .seq = 1, .ack = 104, .has_no_window = true, .ts_ns = 1001 * MS },
            { .seq = 104, .payload = { (const uint8_t *)"e", 1 }, .ts_ns = 2000 * MS } } },
        { "a window that opens",
          "tcp.analysis.window_update",
          { { .is_back = true, .seq = 1, .ack = 104, .ts_ns = 1000 * MS },
            { .is_back = true, .seq = 1, .ack = 104, .window = 9000, .ts_ns = 1001 * MS } } },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        print_message("%s\n", cases[i].name);
        teardown(state);
        setup_http(state);
        for (size_t s = 0; s < 6 && cases[i].segments[s].seq; s++) {
            assert_string_equal(values(cases[i].finding), ""); /* only of the last */
            tcp_fixture_send(&f, cases[i].segments[s]);
        }
        assert_int_equal(values(cases[i].finding)[0], '0'); /* duplicate ACKs are there twice */
        assert_string_equal(values("tcp.analysis.flags"), "0");
    }
}

static void an_acknowledgment_names_what_it_answers(void **state)
{
    (void)state;
    send_text(100, "abcd");
    assert_string_equal(values("tcp.analysis.bytes_in_flight"), "4");
    send_text(104, "efgh");
    assert_string_equal(values("tcp.analysis.bytes_in_flight"), "8");
    tcp_fixture_send(&f, (struct told) { .is_back = true, .seq = 1, .ack = 108 });
    assert_string_equal(values("tcp.analysis.acks_frame"), "2");
    assert_string_equal(values("tcp.analysis.ack_rtt"), "1000000000");
}

/* ---- PDUs ---- */

static void a_pdu_is_shown_on_the_segment_that_completes_it(void **state)
{
    (void)state;
    send_text(1, "GET /a HTTP/1.1\r\nHo");
    assert_string_equal(values("http.request.uri"), "");
    assert_string_equal(values("tcp.segment_data"), "GET /a HTTP/1.1\r\nHo");
    send_text(20, "st: b\r\n\r\nGET /b HTTP/1.1\r\n\r\nGET");
    assert_string_equal(values("http.request.uri"), "/a,/b");
    assert_string_equal(values("http.host"), "b");
    assert_string_equal(values("tcp.segment"), "1,2");
    send_text(51, " /c HTTP/1.1\r\n\r\n");
    assert_string_equal(values("http.request.uri"), "/c");
}

static void pieces_that_overlap_are_told(void **state)
{
    (void)state;
    send_text(1, "G");
    send_text(1, "GET /a HTTP/1.1\r\nHost: b\r\n\r\n");
    assert_string_equal(values("http.host"), "b");
    assert_string_equal(values("tcp.segment"), "1,2");
    assert_string_equal(values("tcp.segment.overlap"), "1");
}

static void a_segment_outside_its_stream_shows_the_sizes_of_its_pdus(void **state)
{
    static const uint8_t pdus[] = { 0xc0, 0, 0xc0, 0, 0x30, 10, 0, 1, 'a' };

    teardown(state);
    tcp_fixture_open(&f, 1883);
    f.preferences.tcp_check_checksum = true; /* of which there is none */
    tcp_fixture_send(&f, (struct told) { .seq = 1, .ack = 1, .payload = bytes_of(pdus, sizeof pdus) });
    assert_string_equal(values("tcp.pdu.size"), "2,2,12");
}

static void what_comes_again_is_not_handed_over_twice(void **state)
{
    (void)state;
    send_text(1, "GET /a HTTP/1.1\r\n\r\n");
    assert_string_equal(values("http.request.uri"), "/a");
    send_text(1, "GET /a HTTP/1.1\r\n\r\n");
    assert_string_equal(values("tcp.analysis.retransmission"), "0");
    assert_string_equal(values("http.request.uri"), "");
}

static void a_hole_is_filled_only_when_asked_for(void **state)
{
    for (unsigned ordered = 0; ordered < 2; ordered++) {
        teardown(state);
        setup_http(state);
        f.preferences.tcp_out_of_order = ordered;
        send_text(1, "GET /a HTTP/1.1\r\n\r\n");
        send_text(39, "GET /c HTTP/1.1\r\n\r\n");
        assert_string_equal(values("http.request.uri"), ordered ? "" : "/c");
        send_text(20, "GET /b HTTP/1.1\r\n\r\n");
        assert_string_equal(values("http.request.uri"), ordered ? "/b,/c" : "");
    }
}

static void pieces_of_a_pdu_come_in_any_order(void **state)
{
    (void)state;
    send_text(1, "POST / HTTP/1.1\r\nContent-Length: 8\r\n\r\n12");
    tcp_fixture_send(&f, (struct told) { .seq = 45, .payload = bytes_text("78"), .ts_ns = 1001 * MS });
    tcp_fixture_send(&f, (struct told) { .seq = 41, .payload = bytes_text("34"), .ts_ns = 1002 * MS });
    assert_string_equal(values("http.file_data"), "");
    tcp_fixture_send(&f, (struct told) { .seq = 43, .payload = bytes_text("56"), .ts_ns = 1003 * MS });
    assert_string_equal(values("http.file_data"), "12345678");
}

static void a_body_without_a_length_ends_with_the_connection(void **state)
{
    (void)state;
    tcp_fixture_send(
        &f, (struct told) {
                .is_back = true, .seq = 1, .ack = 1, .payload = bytes_text("HTTP/1.1 200 OK\r\n\r\nab") });
    assert_string_equal(values("http.response.code"), "");
    tcp_fixture_send(&f, (struct told) { .is_back = true, .seq = 22, .ack = 1, .payload = bytes_text("cd") });
    tcp_fixture_send(&f,
                     (struct told) { .is_back = true, .flags = TCP_FIN | TCP_ACK_FLAG, .seq = 24, .ack = 1 });
    assert_string_equal(values("http.response.code"), "200");
    assert_string_equal(values("http.file_data"), "abcd");
}

static void what_a_stream_carries_is_told_by_its_content(void **state)
{
    (void)state;
    f.port = 5555;
    send_text(1, "GET /a HTTP/1.1\r\n\r\n");
    assert_string_equal(values("http.request.uri"), "/a");
    send_text(20, "GET /b HTTP/1.1\r\nHost");
    send_text(41, ": c\r\n\r\n");
    assert_string_equal(values("http.host"), "c"); /* remembered: this does not look like HTTP */
}

static void a_reset_carries_words(void **state)
{
    (void)state;
    tcp_fixture_send(&f, (struct told) { .flags = TCP_RST, .seq = 1, .payload = bytes_text("No route") });
    assert_string_equal(values("tcp.reset_cause"), "No route");
    assert_string_equal(values("tcp.payload"), "");
}

/* ---- bounds ---- */

static void a_pdu_too_long_to_wait_for_is_handed_over_as_it_stands(void **state)
{
    (void)state;
    send_text(1, "POST / HTTP/1.1\r\nContent-Length: 2000000000\r\n\r\nab");
    assert_string_equal(values("http.request.method"), "POST");
    assert_true(dissect_state_evicted(f.state) > 0);
}

static void streams_without_end_give_up_the_oldest(void **state)
{
    static char text[1200];
    uint64_t before;

    (void)state;
    memset(text, 'x', sizeof text - 1);
    memcpy(text, "GET /", 5);
    for (uint32_t i = 0; i < 12000; i++) /* each waits for the end of its head */
        tcp_fixture_send(
            &f, (struct told) { .seq = 1, .client = (uint16_t)(1024 + i), .payload = bytes_text(text) });
    before = dissect_state_evicted(f.state);
    assert_true(before > 0);
    /* the newest goes on, the oldest does not */
    tcp_fixture_send(
        &f,
        (struct told) { .seq = 1200, .client = 1024 + 11999, .payload = bytes_text(" HTTP/1.1\r\n\r\n") });
    assert_string_equal(values("http.request.method"), "GET");
    tcp_fixture_send(
        &f, (struct told) { .seq = 1200, .client = 1024, .payload = bytes_text(" HTTP/1.1\r\n\r\n") });
    assert_string_equal(values("http.request.method"), "");
}

static void half_open_connections_without_end_are_forgotten_oldest_first(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < TCP_CONNECTIONS + 1000; i++) {
        f.port = (uint16_t)(i >> 15 ? 81 + (i >> 15) : 80);
        tcp_fixture_send(
            &f, (struct told) { .flags = TCP_SYN, .seq = i, .client = (uint16_t)(1024 + (i & 0x7fff)) });
    }
    assert_int_equal(dissect_state_evicted(f.state), 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_http, teardown)
        TEST(a_connection_is_told_relative_to_its_beginning),
        TEST(options_cut_by_the_capture_are_shown_as_far_as_they_go),
        TEST(a_syn_with_another_number_begins_another_stream),
        TEST(without_state_each_segment_stands_by_itself),
        TEST(segments_are_judged_by_what_came_before),
        TEST(an_acknowledgment_names_what_it_answers),
        TEST(a_pdu_is_shown_on_the_segment_that_completes_it),
        TEST(pieces_that_overlap_are_told),
        TEST(a_segment_outside_its_stream_shows_the_sizes_of_its_pdus),
        TEST(what_comes_again_is_not_handed_over_twice),
        TEST(a_hole_is_filled_only_when_asked_for),
        TEST(pieces_of_a_pdu_come_in_any_order),
        TEST(a_body_without_a_length_ends_with_the_connection),
        TEST(what_a_stream_carries_is_told_by_its_content),
        TEST(a_reset_carries_words),
        TEST(a_pdu_too_long_to_wait_for_is_handed_over_as_it_stands),
        TEST(streams_without_end_give_up_the_oldest),
        TEST(half_open_connections_without_end_are_forgotten_oldest_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
