/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/conversation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static struct flow_key flow_of(uint8_t host)
{
    uint8_t a[4] = { 10, 0, 0, host }, b[4] = { 10, 0, 1, 1 };
    struct ip_address source = ip_address_of(bytes_of(a, 4)), destination = ip_address_of(bytes_of(b, 4));
    struct flow_key key;

    flow_key_make(&key, &source, 1000, &destination, 2000, 17);
    return key;
}

static void conversations_are_numbered_as_they_are_met(void **state)
{
    struct conversations *conversations = conversations_new(sizeof(struct conversation), 2, 1, NULL, NULL);
    static const struct {
        uint8_t host;
        uint32_t stream;
        bool is_new;
    } met[] = {
        { 1, 0, true },  { 2, 1, true },
        { 1, 0, false }, { 3, 2, true }, /* two are remembered: the second is forgotten */
        { 1, 0, false }, { 2, 3, true },
    };

    (void)state;
    for (size_t i = 0; i < sizeof met / sizeof *met; i++) {
        struct flow_key key = flow_of(met[i].host);
        struct conversation *conversation;
        bool is_new;

        conversation = conversations_meet(conversations, &key, (int64_t)i, &is_new);
        assert_non_null(conversation);
        assert_int_equal(conversation->stream, met[i].stream);
        assert_int_equal(is_new, met[i].is_new);
        assert_int_equal(conversation->first_ts_ns == (int64_t)i, met[i].is_new);
    }
    assert_int_equal(conversations_forgotten(conversations), 2);
    conversations_free(conversations);
}

static void a_renewed_conversation_gets_the_next_number(void **state)
{
    struct conversations *conversations = conversations_new(sizeof(struct conversation), 2, 1, NULL, NULL);
    struct flow_key key = flow_of(1);
    struct conversation *conversation;
    bool is_new;

    (void)state;
    conversation = conversations_meet(conversations, &key, 5, &is_new);
    conversations_renew(conversations, conversation, 9);
    assert_int_equal(conversation->stream, 1);
    assert_int_equal(conversation->first_ts_ns, 9);
    conversations_free(conversations);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conversations_are_numbered_as_they_are_met),
        cmocka_unit_test(a_renewed_conversation_gets_the_next_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
