/* SPDX-License-Identifier: Apache-2.0 */
#include "live/session_joins.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/timestamp.h"
#include "protocol/dissected.h"

struct exchange {
    struct dissected dissected;
    struct session_joins *joins;
};

static int set_up(void **state)
{
    static struct exchange exchange;

    dissected_init(&exchange.dissected);
    exchange.joins = session_joins_new();
    *state = &exchange;
    return exchange.joins == NULL;
}

static int tear_down(void **state)
{
    struct exchange *exchange = *state;

    session_joins_free(exchange->joins);
    dissected_clear(&exchange->dissected);
    return 0;
}

/* A CoAP message with a token of one byte, from the device or to it; answers what it repeats. */
static uint64_t say(struct exchange *exchange, bool is_from_device, uint8_t type, uint8_t code, uint16_t mid,
                    int token, int64_t second)
{
    uint8_t message[] = { (uint8_t)(0x40 | type << 4 | (token >= 0)), code, (uint8_t)(mid >> 8), (uint8_t)mid,
                          (uint8_t)token };

    dissected_udp(&exchange->dissected, !is_from_device, 40020, 5683, bytes_of(message, token >= 0 ? 5 : 4),
                  second * NS_PER_SECOND, 0);
    exchange->dissected.packet.packet_id = exchange->dissected.packet.number;
    return session_joins_packet(exchange->joins, &exchange->dissected.d, is_from_device);
}

enum { CON, NON, ACK, RST, GET = 1, CONTENT = 69 };

static void a_request_is_joined_to_its_answer_by_the_token(void **state)
{
    struct exchange *exchange = *state;
    const struct session_join *joins;
    uint32_t n;

    say(exchange, true, CON, GET, 100, 7, 1);
    say(exchange, true, CON, GET, 101, 8, 2);
    say(exchange, false, ACK, CONTENT, 101, 8, 3);
    say(exchange, false, ACK, CONTENT, 100, 7, 5);
    joins = session_joins_list(exchange->joins, &n);
    assert_int_equal(n, 2);
    assert_string_equal(joins[0].by, "coap.token");
    assert_string_equal(joins[0].label, "token 07");
    assert_int_equal(joins[0].answer, 4);
    assert_int_equal(joins[0].answer_ns - joins[0].request_ns, 4 * NS_PER_SECOND);
    assert_int_equal(joins[1].answer, 3);
}

static void what_is_sent_again_is_one_request_and_says_what_it_repeats(void **state)
{
    struct exchange *exchange = *state;
    const struct session_join *joins;
    uint32_t n;

    assert_int_equal(say(exchange, true, CON, GET, 100, 7, 1), 0);
    assert_int_equal(say(exchange, true, CON, GET, 100, 7, 3), 1);
    assert_int_equal(say(exchange, true, CON, GET, 101, 8, 4), 0);
    joins = session_joins_list(exchange->joins, &n);
    assert_int_equal(n, 2);
    assert_int_equal(joins[0].n_attempts, 2);
    assert_int_equal(joins[0].answer, 0);
}

static void a_notification_is_acknowledged_by_its_message_id(void **state)
{
    struct exchange *exchange = *state;
    const struct session_join *joins;
    uint32_t n;

    say(exchange, false, CON, CONTENT, 500, 9, 1);
    say(exchange, true, ACK, 0, 500, -1, 2);
    joins = session_joins_list(exchange->joins, &n);
    assert_int_equal(n, 1);
    assert_string_equal(joins[0].by, "coap.mid");
    assert_int_equal(joins[0].answer, 2);
}

static void an_end_does_not_answer_itself(void **state)
{
    struct exchange *exchange = *state;
    const struct session_join *joins;
    uint32_t n;

    say(exchange, true, CON, GET, 100, 7, 1);
    say(exchange, true, ACK, CONTENT, 100, 7, 2);
    joins = session_joins_list(exchange->joins, &n);
    assert_int_equal(n, 1);
    assert_int_equal(joins[0].answer, 0);
}

static void a_long_silence_is_told(void **state)
{
    struct exchange *exchange = *state;
    const struct session_silence *silences;
    uint32_t n;

    say(exchange, true, NON, GET, 100, 7, 1);
    say(exchange, true, NON, GET, 101, 8, 20);
    say(exchange, true, NON, GET, 102, 9, 100);
    silences = session_joins_silences(exchange->joins, &n);
    assert_int_equal(n, 1);
    assert_int_equal(silences[0].after, 2);
    assert_int_equal(silences[0].to_ns, 100 * NS_PER_SECOND);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_request_is_joined_to_its_answer_by_the_token),
        TEST(what_is_sent_again_is_one_request_and_says_what_it_repeats),
        TEST(a_notification_is_acknowledged_by_its_message_id),
        TEST(an_end_does_not_answer_itself),
        TEST(a_long_silence_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
