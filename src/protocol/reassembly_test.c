/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/reassembly.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdlib.h>

enum { MESSAGE_BYTES = 4096 };

static const struct reassembly_limits small = {
    .messages = 3, .message_bytes = MESSAGE_BYTES, .total_bytes = 4 * 4096, .age_ns = 1000
};

static struct reassembly_key key_of(uint32_t id)
{
    return (struct reassembly_key) { .protocol = 17, .id = id };
}

static uint8_t pattern(size_t i)
{
    return (uint8_t)(i * 7 + i / 256);
}

/* Hands in the bytes from..to of the pattern. */
static enum reassembly_result add(struct reassembly *r, uint32_t id, int64_t ts_ns, uint32_t from,
                                  uint32_t to, uint32_t total, struct bytes *message)
{
    struct reassembly_key key = key_of(id);
    uint8_t data[MESSAGE_BYTES + 8];

    for (uint32_t i = from; i < to; i++)
        data[i - from] = pattern(i);
    return reassembly_add(r, &key, ts_ns, from, bytes_of(data, to - from), total, message);
}

static void pieces_make_the_message_in_any_order(void **state)
{
    static const struct {
        const char *name;
        struct {
            uint32_t from, to, total;
        } pieces[5];
        unsigned n;
    } cases[] = {
        { "in order", { { 0, 8, 24 }, { 8, 16, 24 }, { 16, 24, 24 } }, 3 },
        { "backwards", { { 16, 24, 24 }, { 8, 16, 24 }, { 0, 8, 24 } }, 3 },
        { "the length comes last", { { 8, 16, 0 }, { 0, 8, 0 }, { 16, 24, 24 } }, 3 },
        { "the length comes first", { { 16, 24, 24 }, { 0, 8, 0 }, { 8, 16, 0 } }, 3 },
        { "overlapping", { { 0, 10, 24 }, { 14, 24, 24 }, { 6, 18, 24 } }, 3 },
        { "repeated", { { 0, 8, 24 }, { 0, 8, 24 }, { 16, 24, 24 }, { 16, 24, 24 }, { 8, 16, 24 } }, 5 },
        { "swallowing", { { 4, 8, 24 }, { 10, 12, 24 }, { 14, 16, 24 }, { 2, 24, 24 }, { 0, 2, 24 } }, 5 },
        { "empty piece between", { { 0, 8, 24 }, { 8, 8, 24 }, { 8, 24, 24 } }, 3 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct reassembly *r = reassembly_new(&small, 1);
        struct bytes message = { 0 };

        print_message("%s\n", cases[i].name);
        for (unsigned p = 0; p < cases[i].n; p++)
            assert_int_equal(add(r, 1, 0, cases[i].pieces[p].from, cases[i].pieces[p].to,
                                 cases[i].pieces[p].total, &message),
                             p + 1 < cases[i].n ? REASSEMBLY_WAITS : REASSEMBLY_COMPLETE);
        assert_int_equal(message.len, 24);
        for (size_t b = 0; b < message.len; b++)
            assert_int_equal(message.data[b], pattern(b));
        assert_int_equal(reassembly_evicted(r), 0);
        reassembly_free(r);
    }
}

static void random_pieces_make_the_message_as_a_plain_array_would(void **state)
{
    (void)state;
    srand(4);
    for (unsigned round = 0; round < 500; round++) {
        struct reassembly *r = reassembly_new(&small, round);
        uint32_t total = 1 + (uint32_t)rand() % 300, n_missing = total;
        bool is_there[300] = { 0 };
        struct bytes message;

        while (n_missing > 0) {
            uint32_t from = (uint32_t)rand() % total, to = from + 1 + (uint32_t)rand() % (total - from);

            for (uint32_t i = from; i < to; i++) {
                n_missing -= !is_there[i];
                is_there[i] = true;
            }
            assert_int_equal(add(r, 9, 0, from, to, total, &message),
                             n_missing ? REASSEMBLY_WAITS : REASSEMBLY_COMPLETE);
        }
        assert_int_equal(message.len, total);
        for (uint32_t i = 0; i < total; i++)
            assert_int_equal(message.data[i], pattern(i));
        reassembly_free(r);
    }
}

static void messages_with_other_keys_are_kept_apart(void **state)
{
    struct reassembly *r = reassembly_new(&small, 1);
    struct bytes one, two;

    (void)state;
    assert_int_equal(add(r, 1, 0, 0, 8, 16, &one), REASSEMBLY_WAITS);
    assert_int_equal(add(r, 2, 0, 8, 16, 16, &two), REASSEMBLY_WAITS);
    assert_int_equal(add(r, 1, 0, 8, 16, 16, &one), REASSEMBLY_COMPLETE);
    assert_int_equal(add(r, 2, 0, 0, 8, 16, &two), REASSEMBLY_COMPLETE);
    assert_ptr_not_equal(one.data, two.data); /* both stand until released */
    reassembly_release(r);
    assert_int_equal(add(r, 1, 0, 0, 8, 16, &one), REASSEMBLY_WAITS); /* forgotten: begins anew */
    reassembly_free(r);
}

static void a_piece_that_contradicts_the_length_begins_afresh(void **state)
{
    static const struct {
        const char *name;
        uint32_t first_from, first_to, first_total, second_from, second_to, second_total;
    } cases[] = {
        { "another length", 0, 8, 16, 0, 8, 24 },
        { "beyond the end", 8, 16, 16, 16, 24, 0 },
        { "length behind what is there", 16, 24, 0, 0, 8, 16 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct reassembly *r = reassembly_new(&small, 1);
        struct bytes message;

        print_message("%s\n", cases[i].name);
        add(r, 1, 0, cases[i].first_from, cases[i].first_to, cases[i].first_total, &message);
        assert_int_equal(
            add(r, 1, 0, cases[i].second_from, cases[i].second_to, cases[i].second_total, &message),
            REASSEMBLY_WAITS);
        assert_int_equal(reassembly_evicted(r), 1);
        reassembly_free(r);
    }
}

static void too_long_a_message_is_refused_and_counted(void **state)
{
    struct reassembly *r = reassembly_new(&small, 1);
    struct bytes message;

    (void)state;
    assert_int_equal(add(r, 1, 0, MESSAGE_BYTES - 8, MESSAGE_BYTES, 0, &message), REASSEMBLY_WAITS);
    assert_int_equal(add(r, 2, 0, MESSAGE_BYTES - 8, MESSAGE_BYTES + 1, 0, &message), REASSEMBLY_REFUSED);
    assert_int_equal(add(r, 3, 0, 0, 8, MESSAGE_BYTES + 1, &message), REASSEMBLY_REFUSED);
    assert_int_equal(add(r, 3, 0, UINT32_MAX - 2, UINT32_MAX, 0, &message), REASSEMBLY_REFUSED);
    assert_int_equal(reassembly_evicted(r), 3);
    reassembly_free(r);
}

static void the_one_untouched_for_longest_makes_room(void **state)
{
    struct reassembly *r = reassembly_new(&small, 1);
    struct bytes message;

    (void)state;
    for (uint32_t id = 1; id <= 3; id++)
        add(r, id, 0, 0, 8, 24, &message);
    add(r, 1, 1, 8, 16, 24, &message); /* touched: 2 is the oldest now */
    add(r, 4, 2, 0, 8, 24, &message);
    assert_int_equal(reassembly_evicted(r), 1);
    assert_int_equal(add(r, 1, 2, 16, 24, 24, &message), REASSEMBLY_COMPLETE);
    assert_int_equal(add(r, 2, 2, 8, 24, 24, &message), REASSEMBLY_WAITS);
    reassembly_free(r);
}

static void what_is_too_old_is_given_up(void **state)
{
    struct reassembly *r = reassembly_new(&small, 1);
    struct bytes message;

    (void)state;
    add(r, 1, 0, 0, 8, 16, &message);
    assert_int_equal(add(r, 1, 1000, 8, 16, 16, &message), REASSEMBLY_COMPLETE); /* just in time */
    reassembly_release(r);
    add(r, 1, 0, 0, 8, 16, &message);
    assert_int_equal(add(r, 1, 1001, 8, 16, 16, &message), REASSEMBLY_WAITS);
    assert_int_equal(reassembly_evicted(r), 1);
    reassembly_free(r);
}

static void memory_stays_below_its_limit(void **state)
{
    static const struct reassembly_limits tight = {
        .messages = 64, .message_bytes = MESSAGE_BYTES, .total_bytes = 2 * MESSAGE_BYTES, .age_ns = 1000
    };
    struct reassembly *r = reassembly_new(&tight, 1);
    struct bytes message;

    (void)state;
    for (uint32_t id = 0; id < 64; id++)
        assert_int_equal(add(r, id, 0, MESSAGE_BYTES - 8, MESSAGE_BYTES, 0, &message), REASSEMBLY_WAITS);
    assert_int_equal(reassembly_evicted(r), 62);
    reassembly_free(r);
}

static void a_sender_of_too_many_holes_is_not_heard(void **state)
{
    struct reassembly *r = reassembly_new(&small, 1);
    enum reassembly_result result = REASSEMBLY_WAITS;
    struct bytes message;
    uint32_t n = 0;

    (void)state;
    while (result == REASSEMBLY_WAITS && n < 1000) {
        result = add(r, 1, 0, 4 * n, 4 * n + 1, 0, &message);
        n++;
    }
    assert_int_equal(result, REASSEMBLY_REFUSED);
    assert_int_equal(n, 257);
    reassembly_free(r);
}

static void a_dropped_message_is_forgotten(void **state)
{
    struct reassembly *r = reassembly_new(&small, 1);
    struct reassembly_key one = key_of(1), never = key_of(7);
    struct bytes message;

    (void)state;
    reassembly_drop(r, &never);
    add(r, 1, 0, 0, 8, 16, &message);
    reassembly_drop(r, &never);
    assert_int_equal(reassembly_evicted(r), 0);
    reassembly_drop(r, &one);
    assert_int_equal(reassembly_evicted(r), 1);
    assert_int_equal(add(r, 1, 0, 8, 16, 16, &message), REASSEMBLY_WAITS);
    reassembly_free(r);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_make_the_message_in_any_order),
        cmocka_unit_test(random_pieces_make_the_message_as_a_plain_array_would),
        cmocka_unit_test(messages_with_other_keys_are_kept_apart),
        cmocka_unit_test(a_piece_that_contradicts_the_length_begins_afresh),
        cmocka_unit_test(too_long_a_message_is_refused_and_counted),
        cmocka_unit_test(the_one_untouched_for_longest_makes_room),
        cmocka_unit_test(what_is_too_old_is_given_up),
        cmocka_unit_test(memory_stays_below_its_limit),
        cmocka_unit_test(a_sender_of_too_many_holes_is_not_heard),
        cmocka_unit_test(a_dropped_message_is_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
