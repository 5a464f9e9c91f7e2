/* SPDX-License-Identifier: Apache-2.0 */
#include "appsync/appsync_session.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <cmocka.h>
#include <stdlib.h>

/* Two keys: "reader" may subscribe below /packets, "writer" may publish below /default, and subscribe there.
 */
struct peer {
    struct appsync_session *session;
    char sent[8][2048];
    unsigned n_sent;
    char got[8][2048];
    unsigned n_got;
};

static struct appsync_broker *broker;

static bool may(void *context, enum appsync_right right, struct bytes key,
                const struct appsync_channel *channel)
{
    bool is_reader = bytes_equal(key, bytes_text("reader")),
         is_writer = bytes_equal(key, bytes_text("writer"));
    struct appsync_channel below;

    (void)context;
    assert_true(appsync_channel_parse(bytes_text(is_reader ? "packets/*" : "default/*"), true, &below));
    switch (right) {
    case APPSYNC_CONNECT:
        return is_reader || is_writer;
    case APPSYNC_SUBSCRIBE:
        return (is_reader || is_writer) && appsync_channel_covers(&below, channel);
    case APPSYNC_PUBLISH:
        return is_writer && appsync_channel_covers(&below, channel);
    }
    return false;
}

static void sent(void *context, struct bytes text)
{
    struct peer *peer = context;

    snprintf(peer->sent[peer->n_sent++ % 8], sizeof peer->sent[0], "%.*s", (int)text.len,
             (const char *)text.data);
}

static bool got(void *context, struct bytes text)
{
    struct peer *peer = context;

    snprintf(peer->got[peer->n_got++ % 8], sizeof peer->got[0], "%.*s", (int)text.len,
             (const char *)text.data);
    return true;
}

static void connect_peer(struct peer *peer, const char *key)
{
    struct appsync_session_options options = { broker, peer, may, sent, got };

    memset(peer, 0, sizeof *peer);
    peer->session = appsync_session_new(&options, bytes_text(key));
    assert_non_null(peer->session);
}

static const char *say(struct peer *peer, const char *text)
{
    peer->n_sent = 0;
    appsync_session_message(peer->session, bytes_text(text), 0);
    assert_int_equal(peer->n_sent, 1);
    return peer->sent[0];
}

static int set_up(void **state)
{
    (void)state;
    broker = appsync_broker_new();
    return broker == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    appsync_broker_free(broker);
    return 0;
}

static void names_of_channels_are_those_of_the_service(void **state)
{
    static const struct {
        const char *text;
        bool is_name, is_pattern;
    } cases[] = {
        { "/packets/capture", true, true },
        { "packets/capture", true, true },
        { "packets/capture/", true, true },
        { "packets", true, true },
        { "/a/b/c/d/e", true, true },
        { "/a/b/c/d/e/f", false, false },
        { "/packets/*", false, true },
        { "/*", false, false },
        { "/packets/*/x", false, false },
        { "/packets//x", false, false },
        { "/packets/-x", false, false },
        { "/packets/x-", false, false },
        { "/packets/x_y", false, false },
        { "", false, false },
        { "/", false, false },
        { "/packets/a b", false, false },
        { "*", false, false },
        { "/a/b/c/d/*", false, true },
    };
    struct appsync_channel channel;
    char long_one[60] = "/";

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (appsync_channel_parse(bytes_text(cases[i].text), false, &channel) != cases[i].is_name ||
            appsync_channel_parse(bytes_text(cases[i].text), true, &channel) != cases[i].is_pattern)
            fail_msg("\"%s\"", cases[i].text);
    }
    memset(long_one + 1, 'a', 50);
    assert_true(appsync_channel_parse(bytes_text(long_one), false, &channel));
    long_one[51] = 'a';
    assert_false(appsync_channel_parse(bytes_text(long_one), false, &channel));
}

static bool reaches(const char *asked, const char *published)
{
    struct appsync_channel a, p;

    assert_true(appsync_channel_parse(bytes_text(asked), true, &a));
    assert_true(appsync_channel_parse(bytes_text(published), false, &p));
    return appsync_channel_matches(&a, &p);
}

static void a_star_takes_any_depth_below_and_not_the_name_itself(void **state)
{
    (void)state;
    assert_true(reaches("/default/*", "/default/greetings/tutorial"));
    assert_true(reaches("/default/*", "default/greetings"));
    assert_false(reaches("/default/*", "/default"));
    assert_false(reaches("/default/*", "/defaults/x"));
    assert_false(reaches("/default/a", "/default/A"));
    assert_true(reaches("default/a/", "/default/a"));
}

static void no_two_devices_share_a_channel_by_accident(void **state)
{
    struct appsync_channel a, b;

    (void)state;
    appsync_channel_of_device(bytes_text("sensor-79445e"), &a);
    assert_string_equal(a.text, "/packets/sensor-79445e");
    appsync_channel_of_device(bytes_text("D:79445e26"), &a);
    appsync_channel_of_device(bytes_text("D/79445e26"), &b);
    assert_string_not_equal(a.text, b.text);
    assert_true(appsync_channel_parse(bytes_text(a.text), false, &b));
    assert_memory_equal(a.text, "/packets/D-79445e26-", 20);
    appsync_channel_of_device(bytes_of("\xff\xfe", 2), &a);
    assert_true(appsync_channel_parse(bytes_text(a.text), false, &b));
    appsync_channel_of_device(bytes_text("-"), &a);
    assert_true(appsync_channel_parse(bytes_text(a.text), false, &b));
    appsync_channel_of_device(
        bytes_text("a-very-long-name-of-a-device-that-no-segment-could-ever-hold-in-fifty-characters"), &a);
    assert_true(appsync_channel_parse(bytes_text(a.text), false, &b));
}

static void a_subscriber_gets_events_as_strings_under_his_own_id(void **state)
{
    struct peer reader, writer;

    (void)state;
    connect_peer(&reader, "writer");
    connect_peer(&writer, "writer");
    assert_string_equal(say(&reader, "{\"type\":\"connection_init\"}"),
                        "{\"type\":\"connection_ack\",\"connectionTimeoutMs\":300000}");
    assert_string_equal(say(&reader,
                            "{\"type\":\"subscribe\",\"id\":\"s1\",\"channel\":\"/default/*\","
                            "\"authorization\":{\"x-api-key\":\"writer\",\"host\":\"h\"},\"payload\":{}}"),
                        "{\"type\":\"subscribe_success\",\"id\":\"s1\"}");
    assert_non_null(strstr(say(&writer, "{\"type\":\"publish\",\"id\":\"p1\",\"channel\":\"default/room\","
                                        "\"events\":[\"{\\\"a\\\":\\\"\\\\u0007\\\"}\",\"nonsense\"]}"),
                           "\"type\":\"publish_success\",\"id\":\"p1\",\"successful\":[{\"identifier\":"));
    assert_non_null(strstr(writer.sent[0], "\"index\":1,\"code\":\"BadRequestException\""));
    assert_int_equal(reader.n_got, 1);
    assert_string_equal(reader.got[0],
                        "{\"id\":\"s1\",\"type\":\"data\",\"event\":\"{\\\"a\\\":\\\"\\\\u0007\\\"}\"}");
    assert_string_equal(say(&reader, "{\"type\":\"unsubscribe\",\"id\":\"s1\"}"),
                        "{\"type\":\"unsubscribe_success\",\"id\":\"s1\"}");
    say(&writer, "{\"type\":\"publish\",\"id\":\"p2\",\"channel\":\"default/room\",\"events\":[\"1\"]}");
    assert_int_equal(reader.n_got, 1);
    appsync_session_free(reader.session);
    appsync_session_free(writer.session);
}

static void what_the_service_refuses_is_refused_in_its_words(void **state)
{
    struct peer peer;

    (void)state;
    connect_peer(&peer, "reader");
    assert_non_null(strstr(say(&peer, "{\"type\":\"subscribe\",\"id\":\"1\",\"channel\":\"/packets/a b\"}"),
                           "Invalid Channel Format"));
    assert_non_null(strstr(peer.sent[0], "\"type\":\"subscribe_error\""));
    assert_non_null(strstr(say(&peer, "{\"type\":\"subscribe\",\"id\":\"1\",\"channel\":\"/default/x\"}"),
                           "UnauthorizedException"));
    assert_non_null(strstr(say(&peer, "{\"type\":\"subscribe\",\"id\":\"1\",\"channel\":\"/packets/x\","
                                      "\"authorization\":{\"x-api-key\":\"wrong\"}}"),
                           "UnauthorizedException"));
    assert_non_null(strstr(say(&peer, "{\"type\":\"publish\",\"id\":\"1\",\"channel\":\"/packets/capture\","
                                      "\"events\":[\"1\"]}"),
                           "\"type\":\"publish_error\""));
    assert_non_null(strstr(peer.sent[0], "UnauthorizedException"));
    say(&peer, "{\"type\":\"subscribe\",\"id\":\"1\",\"channel\":\"/packets/*\"}");
    assert_non_null(strstr(say(&peer, "{\"type\":\"subscribe\",\"id\":\"1\",\"channel\":\"/packets/x\"}"),
                           "DuplicatedOperationError"));
    assert_non_null(strstr(say(&peer, "{\"type\":\"subscribe\",\"id\":\"a b\",\"channel\":\"/packets/x\"}"),
                           "subscribe_error"));
    assert_non_null(strstr(say(&peer, "{\"type\":\"unsubscribe\",\"id\":\"9\"}"), "UnknownOperationError"));
    assert_non_null(strstr(say(&peer, "{\"type\":\"dance\",\"id\":\"9\"}"), "UnsupportedOperation"));
    assert_non_null(strstr(say(&peer, "["), "\"type\":\"error\""));
    assert_int_equal(appsync_session_subscriptions(peer.session), 1);
    appsync_session_free(peer.session);
}

static void a_wrong_key_is_told_so_and_let_go(void **state)
{
    struct peer peer;

    (void)state;
    connect_peer(&peer, "wrong");
    assert_false(appsync_session_message(peer.session, bytes_text("{\"type\":\"connection_init\"}"), 0));
    assert_string_equal(peer.sent[0],
                        "{\"type\":\"connection_error\",\"errors\":[{\"errorType\":\"UnauthorizedException\","
                        "\"message\":\"You are not authorized to make this call.\",\"errorCode\":401}]}");
    appsync_session_free(peer.session);
}

static void a_connection_has_two_hundred_subscriptions_and_publishes_25_times_a_second(void **state)
{
    struct peer peer;
    unsigned n_refused = 0;

    (void)state;
    connect_peer(&peer, "writer");
    for (unsigned i = 0; i < 201; i++) {
        char text[128];

        snprintf(text, sizeof text, "{\"type\":\"subscribe\",\"id\":\"%u\",\"channel\":\"/default/x%u\"}", i,
                 i);
        n_refused += strstr(say(&peer, text), "LimitExceededError") != NULL;
    }
    assert_int_equal(n_refused, 1);
    for (unsigned i = 0; i < 26; i++)
        n_refused += strstr(say(&peer, "{\"type\":\"publish\",\"id\":\"p\",\"channel\":\"/default/y\","
                                       "\"events\":[\"1\"]}"),
                            "LimitExceededError") != NULL;
    assert_int_equal(n_refused, 2);
    appsync_session_free(peer.session);
}

static void a_post_says_how_each_event_fared(void **state)
{
    struct appsync_session_options options = { broker, NULL, may, NULL, NULL };
    struct buffer answer;

    (void)state;
    buffer_init(&answer, 1 << 16);
    assert_int_equal(appsync_post(broker, &options, bytes_text("writer"),
                                  bytes_text("{\"channel\":\"/default/x\",\"events\":[\"{}\",\"{\"]}"),
                                  &answer),
                     200);
    buffer_put_u8(&answer, 0);
    assert_non_null(strstr((char *)answer.data, "\"successful\":[{\"identifier\":"));
    assert_non_null(strstr((char *)answer.data, "\"failed\":[{\"identifier\":"));
    buffer_empty(&answer);
    assert_int_equal(appsync_post(broker, &options, bytes_text("reader"),
                                  bytes_text("{\"channel\":\"/packets/capture\",\"events\":[\"{}\"]}"),
                                  &answer),
                     401);
    assert_int_equal(appsync_post(broker, &options, bytes_text("writer"), bytes_text("{"), &answer), 400);
    assert_int_equal(appsync_post(broker, &options, bytes_text("writer"),
                                  bytes_text("{\"channel\":\"/default/x\",\"events\":[]}"), &answer),
                     400);
    assert_int_equal(
        appsync_post(
            broker, &options, bytes_text("writer"),
            bytes_text("{\"channel\":\"/default/x\",\"events\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\"]}"),
            &answer),
        400);
    buffer_clear(&answer);
}

static void the_key_comes_in_the_subprotocol(void **state)
{
    struct buffer key;

    (void)state;
    buffer_init(&key, 256);
    assert_true(appsync_handshake_key(bytes_text("header-eyJob3N0IjoiaCIsIngtYXBpLWtleSI6ImsifQ"), &key));
    assert_int_equal(key.len, 1);
    assert_int_equal(key.data[0], 'k');
    assert_false(appsync_handshake_key(bytes_text("header-"), &key));
    assert_false(appsync_handshake_key(bytes_text("header-%%%"), &key));
    assert_false(appsync_handshake_key(bytes_text("aws-appsync-event-ws"), &key));
    assert_false(appsync_handshake_key(bytes_text("header-e30"), &key)); /* {} */
    buffer_clear(&key);
}

int main(void)
{
#define WITH_BROKER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_channels_are_those_of_the_service),
        cmocka_unit_test(a_star_takes_any_depth_below_and_not_the_name_itself),
        cmocka_unit_test(no_two_devices_share_a_channel_by_accident),
        WITH_BROKER(a_subscriber_gets_events_as_strings_under_his_own_id),
        WITH_BROKER(what_the_service_refuses_is_refused_in_its_words),
        WITH_BROKER(a_wrong_key_is_told_so_and_let_go),
        WITH_BROKER(a_connection_has_two_hundred_subscriptions_and_publishes_25_times_a_second),
        WITH_BROKER(a_post_says_how_each_event_fared),
        cmocka_unit_test(the_key_comes_in_the_subprotocol),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
