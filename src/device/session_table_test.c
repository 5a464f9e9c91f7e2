/* SPDX-License-Identifier: Apache-2.0 */
#include "device/session_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct ip_address address(uint8_t last)
{
    uint8_t bytes[] = { 192, 0, 2, last };

    return ip_address_of(bytes_of(bytes, 4));
}

static uint32_t add(struct session_table *table, uint64_t number, uint8_t server, const char *cid,
                    const char *session_id)
{
    struct session session = { .number = number,
                               .server = address(server),
                               .cid_to_server = bytes_text(cid),
                               .token = bytes_text(session_id) };
    uint32_t index;

    names_add(&session.names, IDENTITY_DTLS_PSK, bytes_text("dev"));
    index = session_table_add(table, &session);
    names_clear(&session.names);
    return index;
}

static uint64_t number_at(struct session_table *table, uint32_t index)
{
    return index == SESSION_NONE ? 0 : session_table_at(table, index)->number;
}

static void a_session_is_found_by_its_id(void **state)
{
    static const struct {
        const char *name, *cid;
        uint8_t server;
        uint64_t number;
    } cases[] = {
        { "its own server", "12345678", 1, 10 },
        { "another server: long enough to be told", "12345678", 9, 10 },
        { "six bytes are enough", "1234ab", 9, 12 },
        { "a short id at its server", "1234", 1, 11 },
        { "a short id elsewhere", "1234", 9, 0 },
        { "a byte short", "123", 1, 0 },
        { "a byte more", "123456789", 1, 0 },
        { "nothing", "", 1, 0 },
    };
    struct session_table *table = session_table_new(8, 3);

    (void)state;
    add(table, 10, 1, "12345678", "");
    add(table, 11, 1, "1234", "");
    add(table, 12, 1, "1234ab", "");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ip_address server = address(cases[i].server);

        print_message("%s\n", cases[i].name);
        assert_int_equal(number_at(table, session_table_by_cid(table, bytes_text(cases[i].cid), &server)),
                         cases[i].number);
    }
    session_table_free(table);
}

static void the_lengths_of_ids_in_use_are_known(void **state)
{
    static const size_t lens[] = { 1, 8, 63, 64, 65, CID_LIMIT_BYTES };
    char cid[CID_LIMIT_BYTES + 1];
    struct session_table *table = session_table_new(6, 3);
    size_t len = SIZE_MAX;

    (void)state;
    assert_int_equal(session_table_cid_len(table, SIZE_MAX), 0);
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        memset(cid, 'c', sizeof cid);
        cid[lens[i]] = 0;
        add(table, i + 1, 1, cid, "");
    }
    for (size_t i = sizeof lens / sizeof *lens; i-- > 0;) {
        len = session_table_cid_len(table, len);
        assert_int_equal(len, lens[i]);
    }
    assert_int_equal(session_table_cid_len(table, len), 0);
    add(table, 7, 1, "", ""); /* the first one goes, and its length with it */
    assert_int_equal(session_table_cid_len(table, 8), 0);
    session_table_free(table);
}

static void a_token_may_be_replaced(void **state)
{
    struct session_table *table = session_table_new(2, 3);
    uint32_t index = add(table, 1, 1, "", "old");

    (void)state;
    session_table_set_token(table, index, bytes_text("new"));
    assert_int_equal(session_table_by_token(table, bytes_text("old")), SESSION_NONE);
    assert_int_equal(session_table_by_token(table, bytes_text("new")), index);
    session_table_free(table);
}

static void the_newest_of_the_same_ids_wins(void **state)
{
    struct session_table *table = session_table_new(8, 3);
    struct ip_address one = address(1), two = address(2);

    (void)state;
    add(table, 10, 1, "12345678", "sid");
    add(table, 11, 2, "12345678", "sid");
    add(table, 12, 1, "12345678", "sid");
    assert_int_equal(number_at(table, session_table_by_cid(table, bytes_text("12345678"), &one)), 12);
    assert_int_equal(number_at(table, session_table_by_cid(table, bytes_text("12345678"), &two)), 11);
    assert_int_equal(number_at(table, session_table_by_token(table, bytes_text("sid"))), 12);
    assert_int_equal(session_table_by_token(table, bytes_text("si")), SESSION_NONE);
    assert_int_equal(session_table_by_token(table, bytes_text("")), SESSION_NONE);
    session_table_free(table);
}

static void the_session_used_least_recently_makes_room(void **state)
{
    struct session_table *table = session_table_new(2, 3);
    struct ip_address one = address(1);
    uint32_t first = add(table, 10, 1, "10101010", "sid-10"),
             second = add(table, 11, 1, "11111111", "sid-11");

    (void)state;
    session_table_touch(table, first);
    assert_int_equal(add(table, 12, 1, "12121212", "sid-12"), second);
    assert_int_equal(session_table_evicted(table), 1);
    assert_null(session_table_get(table, second, 11)); /* a holder of the index sees that it is gone */
    assert_non_null(session_table_get(table, second, 12));
    assert_non_null(session_table_get(table, first, 10));
    assert_null(session_table_get(table, 7, 10));
    assert_null(session_table_get(table, first, 0));
    assert_int_equal(session_table_by_cid(table, bytes_text("11111111"), &one), SESSION_NONE);
    assert_int_equal(session_table_by_token(table, bytes_text("sid-11")), SESSION_NONE);
    assert_int_equal(number_at(table, session_table_by_cid(table, bytes_text("12121212"), &one)), 12);
    session_table_free(table);
}

static void a_session_keeps_its_own_copies(void **state)
{
    struct session_table *table = session_table_new(2, 3);
    char text[] = "dev-1";
    struct session session = { .number = 1, .token = bytes_text(text) };
    uint32_t i = session_table_add(table, &session);

    (void)state;
    text[0] = 'X';
    assert_memory_equal(session_table_at(table, i)->token.data, "dev-1", 5);
    session_table_free(table);
}

static void many_sessions_come_and_go(void **state)
{
    struct session_table *table = session_table_new(100, 3);
    struct ip_address one = address(1);

    (void)state;
    for (uint32_t n = 1; n <= 5000; n++) {
        char cid[9];

        for (unsigned i = 0; i < 8; i++)
            cid[i] = (char)('a' + (n >> 2 * i & 3));
        cid[8] = '\0';
        add(table, n, 1, cid, cid);
        assert_int_equal(number_at(table, session_table_by_cid(table, bytes_text(cid), &one)), n);
        if (n % 3 == 0)
            session_table_touch(table, session_table_by_token(table, bytes_text(cid)));
    }
    assert_int_equal(session_table_evicted(table), 4900);
    session_table_free(table);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_is_found_by_its_id),
        cmocka_unit_test(the_lengths_of_ids_in_use_are_known),
        cmocka_unit_test(a_token_may_be_replaced),
        cmocka_unit_test(the_newest_of_the_same_ids_wins),
        cmocka_unit_test(the_session_used_least_recently_makes_room),
        cmocka_unit_test(a_session_keeps_its_own_copies),
        cmocka_unit_test(many_sessions_come_and_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
