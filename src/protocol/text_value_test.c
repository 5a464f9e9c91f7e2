/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/text_value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct demand demand;
static struct dissection d;

enum { TEXT_FIELD = FIELD_ID(PROTOCOL_MQTT, 0) };

typedef void add_function(struct dissection *d, uint16_t field_id, struct bytes bytes);

static struct bytes added(add_function *add, struct bytes bytes)
{
    memset(&demand, 0xff, sizeof demand);
    dissection_init(&d, &demand, NULL, NULL);
    d.top = d.layers;
    add(&d, TEXT_FIELD, bytes);
    assert_int_equal(d.n_values, 1);
    return d.values[0].bytes;
}

#define R "\xef\xbf\xbd"

static void what_is_no_utf8_is_replaced_part_by_part(void **state)
{
    static const struct {
        const char *bytes, *text;
    } cases[] = {
        { "", "" },
        { "plant/7/temp", "plant/7/temp" },
        { "gr\xc3\xbc\xc3\x9f dich, \xe2\x82\xac \xf0\x9f\x8c\xa1",
          "gr\xc3\xbc\xc3\x9f dich, \xe2\x82\xac \xf0\x9f\x8c\xa1" },
        { "\xff", R },
        { "\x80\x80", R R },
        { "a\xc3", "a" R },
        { "a\xc3z", "a" R "z" },
        { "\xc0\xaf", R R }, /* overlong */
        { "\xe2\x82", R },   /* one part that began well */
        { "\xe2\x82z", R "z" },
        { "\xe0\x80\x80", R R R }, /* an overlong form begins badly at once */
        { "\xed\xa0\x80", R R R }, /* a surrogate */
        { "\xf0\x9f\x8c", R },
        { "\xf0\x9f\x8cz\xf0\x9f", R "z" R },
        { "\xf4\x90\x80\x80", R R R R }, /* beyond U+10FFFF */
        { "\xf1\x80\xe2\x80\x41", R R "A" },
        { "sixteen bytes of\xfe text", "sixteen bytes of" R " text" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bytes text = added(text_add_utf8, bytes_text(cases[i].bytes));

        assert_int_equal(text.len, strlen(cases[i].text));
        assert_memory_equal(text.data, cases[i].text, text.len);
    }
}

static void in_ascii_each_high_byte_is_replaced(void **state)
{
    struct bytes text = added(text_add_ascii, bytes_text("gr\xc3\xbcn"));

    (void)state;
    assert_int_equal(text.len, 9);
    assert_memory_equal(text.data, "gr" R R "n", 9);
}

static void a_string_ends_at_its_first_nul(void **state)
{
    (void)state;
    assert_int_equal(added(text_add_utf8, bytes_of("ab\0cd", 5)).len, 2);
    assert_int_equal(added(text_add_ascii, bytes_of("\0\xff", 2)).len, 0);
}

static void good_text_is_borrowed_and_takes_no_room(void **state)
{
    static const char good[] = "plant/\xc3\xbc";

    (void)state;
    assert_ptr_equal(added(text_add_utf8, bytes_text(good)).data, good);
    assert_int_equal(d.scratch_used, 0);
}

static void text_beyond_the_room_is_left_out_and_counted(void **state)
{
    static uint8_t bad[DISSECTION_SCRATCH / 2];

    (void)state;
    memset(bad, 0xff, sizeof bad);
    memset(&demand, 0xff, sizeof demand);
    dissection_init(&d, &demand, NULL, NULL);
    d.top = d.layers;
    text_add_utf8(&d, TEXT_FIELD, bytes_of(bad, sizeof bad));
    assert_int_equal(d.n_values, 0);
    assert_int_equal(d.counters.n_scratch_cut, 1);
}

static void what_cannot_be_printed_is_escaped(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *escaped;
    } cases[] = {
        { "", 0, "" },
        { "plain", 5, "plain" },
        { "\xc3\xa4", 2, "\xc3\xa4" },
        { "a\xe2\x82z", 4, "a" R "z" },
        { "\xff\xfe", 2, R R },
        { "\xed\xa0\x80", 3, R R R },
        { "a\nb\0c\x1b", 6, "a\\nb\\000c\\033" },
        { "\xe2\x80\x8b", 3, "\\u200B" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        d.scratch_used = 0;
        assert_true(bytes_equal(text_value_escaped(&d, bytes_of(cases[i].bytes, cases[i].len)),
                                bytes_text(cases[i].escaped)));
    }
}

static void a_value_by_itself_goes_on_behind_a_nul(void **state)
{
    static const char text[] = "a\nb\0c";

    (void)state;
    assert_int_equal(text_value_ascii(&d, bytes_of(text, 5)).len, 5);
    assert_int_equal(text_value_utf8(&d, bytes_of(text, 5)).len, 5);
    assert_int_equal(text_value_until_nul(bytes_of(text, 5)).len, 3);
}

static void a_value_without_room_is_empty(void **state)
{
    (void)state;
    dissection_init(&d, &demand, NULL, NULL);
    d.scratch_used = DISSECTION_SCRATCH;
    assert_int_equal(text_value_ascii(&d, bytes_text("\xff")).len, 0);
    assert_int_equal(text_value_utf8(&d, bytes_text("\xff")).len, 0);
    assert_int_equal(text_value_escaped(&d, bytes_text("\n")).len, 0);
    assert_int_equal(d.counters.n_scratch_cut, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_utf8_is_replaced_part_by_part),
        cmocka_unit_test(in_ascii_each_high_byte_is_replaced),
        cmocka_unit_test(a_string_ends_at_its_first_nul),
        cmocka_unit_test(good_text_is_borrowed_and_takes_no_room),
        cmocka_unit_test(text_beyond_the_room_is_left_out_and_counted),
        cmocka_unit_test(what_cannot_be_printed_is_escaped),
        cmocka_unit_test(a_value_by_itself_goes_on_behind_a_nul),
        cmocka_unit_test(a_value_without_room_is_empty),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
