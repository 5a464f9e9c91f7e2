/* SPDX-License-Identifier: Apache-2.0 */
#include "web/pins.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>

#include "archive/archive_fixture.h"
#include "archive/holds.h"

enum { NOW = 1000000 };

static const struct pins_author ann = { ROLE_COMMENT, "p-ann", "Ann", "" };
static const struct pins_author bob = { ROLE_COMMENT, "p-bob", "Bob", "bobslink2222" };
static const struct pins_author eve = { ROLE_VIEW, "p-eve", "Eve", "eveslink2222" };
static const struct pins_author chief = { ROLE_CONTROL, "p-chief", "Chief", "" };

/* A scope that covers the even numbers of "box" below 100. */
static bool evens(void *context, const char *source, uint64_t number, int64_t *ts_ns, struct error *error)
{
    (void)context;
    (void)error;
    *ts_ns = (int64_t)number * 10;
    return strcmp(source, "box") == 0 && number % 2 == 0 && number < 100;
}

static bool all(void *context, const char *source, uint64_t number, int64_t *ts_ns, struct error *error)
{
    (void)context;
    (void)error;
    *ts_ns = (int64_t)number * 10;
    return strcmp(source, "box") == 0;
}

static const struct pins_cover cover_evens = { evens, NULL }, cover_all = { all, NULL };

static int64_t pin(const char *directory, const struct pins_author *author, uint64_t number)
{
    struct error error;
    int64_t id = 0;

    assert_int_equal(
        pins_add(directory, author, &cover_all, "box", number, bytes_text("look"), NOW, &id, &error),
        PINS_DONE);
    return id;
}

/* "17:look/1+2" : text, whether resolved, and replies of each pin. */
static void told(const char *directory, const struct pins_cover *cover, char *text, size_t room)
{
    struct error error;
    json_t *list = pins_list(directory, cover, "box", &error), *item;
    size_t i, at = 0;

    assert_non_null(list);
    text[0] = '\0';
    json_array_foreach(list, i, item)
    {
        at += (size_t)snprintf(text + at, room - at, "%s%d:%s/%d+%zu", i ? " " : "",
                               (int)json_integer_value(json_object_get(item, "number")),
                               json_string_value(json_object_get(item, "text")),
                               json_is_true(json_object_get(item, "resolved")),
                               json_array_size(json_object_get(item, "replies")));
    }
    json_decref(list);
}

static void pins_are_seen_by_whoever_may_see_their_packets(void **state)
{
    char directory[64], text[500];
    struct error error;
    int64_t id, first;

    (void)state;
    fixture_directory(directory);
    first = pin(directory, &ann, 4);
    pin(directory, &ann, 3);
    pin(directory, &ann, 102);
    assert_int_equal(
        pins_reply(directory, &bob, &cover_evens, "box", first, bytes_text("since when?"), NOW, &id, &error),
        PINS_DONE);
    told(directory, &cover_all, text, sizeof text);
    assert_string_equal(text, "3:look/0+0 4:look/0+1 102:look/0+0");
    told(directory, &cover_evens, text, sizeof text);
    assert_string_equal(text, "4:look/0+1");
    fixture_remove(directory);
}

static void nobody_pins_or_touches_what_he_may_not_see(void **state)
{
    struct pin_change change = { .resolved = 1, .removed = -1 };
    char directory[64], text[500];
    struct error error;
    int64_t id, odd;

    (void)state;
    fixture_directory(directory);
    odd = pin(directory, &ann, 3);
    assert_int_equal(pins_add(directory, &bob, &cover_evens, "box", 3, bytes_text("x"), NOW, &id, &error),
                     PINS_NOT_HERE);
    assert_int_equal(pins_add(directory, &bob, &cover_evens, "other", 2, bytes_text("x"), NOW, &id, &error),
                     PINS_NOT_HERE);
    assert_int_equal(pins_reply(directory, &bob, &cover_evens, "box", odd, bytes_text("x"), NOW, &id, &error),
                     PINS_NOT_HERE);
    assert_int_equal(
        pins_reply(directory, &chief, &cover_all, "other", odd, bytes_text("x"), NOW, &id, &error),
        PINS_NOT_HERE);
    assert_int_equal(pins_change(directory, &bob, &cover_evens, "box", odd, &change, NOW, &id, &error),
                     PINS_NOT_HERE);
    assert_int_equal(pins_change(directory, &bob, &cover_evens, "box", 999, &change, NOW, &id, &error),
                     PINS_NOT_HERE);
    told(directory, &cover_all, text, sizeof text);
    assert_string_equal(text, "3:look/0+0");
    fixture_remove(directory);
}

static void a_pin_is_changed_by_its_author_or_with_control(void **state)
{
    struct pin_change words = { .text = "look twice", .resolved = -1, .removed = -1 };
    struct pin_change resolve = { .resolved = 1, .removed = -1 };
    struct pin_change take_away = { .resolved = -1, .removed = 1 };
    struct pin_change put_back = { .resolved = -1, .removed = 0 };
    char directory[64], text[500];
    struct error error;
    int64_t id, of;

    (void)state;
    fixture_directory(directory);
    assert_int_equal(pins_add(directory, &eve, &cover_all, "box", 4, bytes_text("x"), NOW, &id, &error),
                     PINS_FORBIDDEN);
    id = pin(directory, &ann, 4);
    assert_int_equal(pins_change(directory, &bob, &cover_all, "box", id, &words, NOW, &of, &error),
                     PINS_FORBIDDEN);
    assert_int_equal(pins_change(directory, &eve, &cover_all, "box", id, &take_away, NOW, &of, &error),
                     PINS_FORBIDDEN);
    assert_int_equal(pins_change(directory, &ann, &cover_all, "box", id, &words, NOW, &of, &error),
                     PINS_DONE);
    assert_int_equal(of, id);
    assert_int_equal(pins_change(directory, &chief, &cover_all, "box", id, &resolve, NOW, &of, &error),
                     PINS_DONE);
    told(directory, &cover_all, text, sizeof text);
    assert_string_equal(text, "4:look twice/1+0");
    assert_int_equal(pins_change(directory, &ann, &cover_all, "box", id, &take_away, NOW, &of, &error),
                     PINS_DONE);
    told(directory, &cover_all, text, sizeof text);
    assert_string_equal(text, "");
    assert_int_equal(pins_change(directory, &ann, &cover_all, "box", id, &words, NOW, &of, &error),
                     PINS_NOT_HERE);
    assert_int_equal(
        pins_change(directory, &ann, &cover_all, "box", id, &put_back, NOW + PIN_UNDO_NS - 1, &of, &error),
        PINS_DONE);
    told(directory, &cover_all, text, sizeof text);
    assert_string_equal(text, "4:look twice/1+0");
    assert_int_equal(pins_change(directory, &ann, &cover_all, "box", id, &take_away, NOW, &of, &error),
                     PINS_DONE);
    assert_int_equal(
        pins_change(directory, &ann, &cover_all, "box", id, &put_back, NOW + PIN_UNDO_NS, &of, &error),
        PINS_NOT_HERE);
    fixture_remove(directory);
}

static uint32_t count_holds(const char *directory, int64_t *at_ns)
{
    struct hold_list list;
    struct error error;
    struct database *database = holds_open(directory, DATABASE_READ, &error);
    uint32_t n;

    assert_non_null(database);
    assert_true(holds_load(database, &list, &error));
    n = list.n;
    if (n)
        *at_ns = list.items[0].range.from_ns;
    hold_list_clear(&list);
    database_close(database);
    return n;
}

static void a_pinned_packet_is_held_until_its_pin_is_gone(void **state)
{
    struct pin_change take_away = { .resolved = -1, .removed = 1 };
    char directory[64];
    struct error error;
    int64_t id, of, at_ns = 0;

    (void)state;
    fixture_directory(directory);
    id = pin(directory, &ann, 4);
    assert_int_equal(count_holds(directory, &at_ns), 1);
    assert_int_equal(at_ns, 40);
    assert_int_equal(pins_change(directory, &ann, &cover_all, "box", id, &take_away, NOW, &of, &error),
                     PINS_DONE);
    assert_true(pins_forget(directory, NOW + PIN_UNDO_NS - 1, &error)); /* it may be put back */
    assert_int_equal(count_holds(directory, &at_ns), 1);
    assert_true(pins_forget(directory, NOW + PIN_UNDO_NS, &error));
    assert_int_equal(count_holds(directory, &at_ns), 0);
    fixture_remove(directory);
}

static void words_are_plain_text_of_500_characters(void **state)
{
    char text[4 * PIN_TEXT_CHARS + 8];
    struct error error;

    (void)state;
    assert_true(pin_text_check(bytes_text("<img onerror=alert(1)>"), &error));
    assert_false(pin_text_check(bytes_text(""), &error));
    assert_false(pin_text_check(bytes_text("a\nb"), &error));
    assert_false(pin_text_check(bytes_text("a\xff"), &error));
    assert_false(pin_text_check(bytes_of("a\0b", 3), &error));
    for (size_t i = 0; i <= PIN_TEXT_CHARS; i++)
        memcpy(text + 2 * i, "\u00fc", 3);
    assert_false(pin_text_check(bytes_of(text, 2 * (PIN_TEXT_CHARS + 1)), &error));
    assert_true(pin_text_check(bytes_of(text, (size_t)2 * PIN_TEXT_CHARS), &error));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pins_are_seen_by_whoever_may_see_their_packets),
        cmocka_unit_test(nobody_pins_or_touches_what_he_may_not_see),
        cmocka_unit_test(a_pin_is_changed_by_its_author_or_with_control),
        cmocka_unit_test(a_pinned_packet_is_held_until_its_pin_is_gone),
        cmocka_unit_test(words_are_plain_text_of_500_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
