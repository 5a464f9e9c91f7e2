/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/search_hint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdlib.h>

static const struct time_range range = { 1000, 2000 };

static uint32_t count(const struct hint *hint, enum hint_kind kind)
{
    if (hint->kind == HINT_AND || hint->kind == HINT_OR)
        return (hint->kind == kind) + count(hint->left, kind) + count(hint->right, kind);
    return hint->kind == kind;
}

static void a_question_without_filter_and_device_is_its_time(void **state)
{
    struct error error = { 0 };
    struct hint *hint = search_hint_new(&range, NULL, NULL, HINT_MEMORY_NONE, &error);

    (void)state;
    assert_non_null(hint);
    assert_int_equal(hint->kind, HINT_OR); /* or pieces of datagrams before */
    assert_int_equal(hint->left->kind, HINT_TIME);
    assert_int_equal(hint->left->time.from_ns, 1000);
    assert_int_equal(hint->left->time.to_ns, 2000);
    free(hint);
}

static void what_depends_on_every_packet_is_bounded_by_its_end_alone(void **state)
{
    static const struct hint filter = { .kind = HINT_PROTOCOL, .protocol = PROTOCOL_UDP };
    struct error error = { 0 };
    struct hint *hint = search_hint_new(&range, &filter, NULL, HINT_MEMORY_ALL, &error);

    (void)state;
    assert_non_null(hint);
    assert_int_equal(hint->kind, HINT_TIME);
    assert_int_equal(hint->time.from_ns, INT64_MIN);
    assert_int_equal(hint->time.to_ns, 2000);
    free(hint);
}

static void what_came_before_is_the_same_question_of_any_earlier_time(void **state)
{
    static const struct hint filter = { .kind = HINT_PROTOCOL, .protocol = PROTOCOL_UDP };
    struct error error = { 0 };
    struct hint *hint = search_hint_new(&range, &filter, NULL, HINT_MEMORY_CONVERSATION, &error);
    struct hint *past = search_past_new(hint, &error);

    (void)state;
    assert_int_equal(past->kind, HINT_AND);
    assert_int_equal(count(past, HINT_PROTOCOL), count(hint, HINT_PROTOCOL));
    assert_int_equal(past->left->left->kind, HINT_TIME);
    assert_int_equal(past->left->left->time.from_ns, INT64_MIN);
    assert_int_equal(past->left->left->time.to_ns, 2000);
    free(past);
    free(hint);
}

static void time_filter_and_device_must_all_hold(void **state)
{
    static const struct hint filter = { .kind = HINT_PROTOCOL, .protocol = PROTOCOL_UDP };

    (void)state;
    for (uint32_t n = 0; n < 40; n++) {
        struct device_match *match = device_match_new(7);
        struct error error = { 0 };
        struct hint *hint;

        assert_non_null(match);
        for (uint32_t i = 0; i < n; i++) {
            struct flow_key flow = { .low = { { 10, 0, 0, 1 }, 4 },
                                     .high = { { 10, 0, 0, 2 }, 4 },
                                     .port_low = (uint16_t)(i + 1),
                                     .port_high = 5684,
                                     .protocol = 17 };

            assert_true(device_match_add(match, &flow, 1000 + i, 1100 + i));
        }
        device_match_settle(match);
        hint = search_hint_new(&range, &filter, match, HINT_MEMORY_NONE, &error);
        assert_non_null(hint);
        assert_int_equal(hint->kind, HINT_AND);
        assert_int_equal(count(hint, HINT_TIME), 2);
        assert_int_equal(count(hint, HINT_PROTOCOL), 2);
        assert_int_equal(count(hint, HINT_FLOW), n);
        assert_int_equal(count(hint, HINT_OR), n ? n : 1);
        assert_int_equal(count(hint, HINT_NONE), n == 0); /* a device that was nowhere has no packets */
        free(hint);
        device_match_free(match);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_question_without_filter_and_device_is_its_time),
        cmocka_unit_test(what_depends_on_every_packet_is_bounded_by_its_end_alone),
        cmocka_unit_test(what_came_before_is_the_same_question_of_any_earlier_time),
        cmocka_unit_test(time_filter_and_device_must_all_hold),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
