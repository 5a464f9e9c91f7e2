/* SPDX-License-Identifier: Apache-2.0 */
#include "web/people.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/timestamp.h"
#include "net/websocket.h"

enum { TOLD_LIMIT = 64 };

struct guest { /* a socket that remembers what it was told */
    struct people_seat seat;
    json_t *told[TOLD_LIMIT];
    size_t n;
};

struct world {
    struct loop *loop;
    struct people *people;
    struct guest ann, bob, eve, mallory; /* a member; two of one link; one of another */
};

/* As a client reads it. */
static void take(void *context, struct shared_bytes *frame)
{
    struct guest *guest = context;
    struct bytes bytes = shared_bytes_view(frame);
    struct reader reader = reader_over(bytes);
    struct websocket ws;

    websocket_init(&ws, WEBSOCKET_CLIENT, 1 << 20, NULL);
    assert_int_equal(websocket_next(&ws, &reader), WEBSOCKET_EVENT_MESSAGE);
    assert_int_equal(ws.opcode, WEBSOCKET_TEXT);
    assert_true(guest->n < TOLD_LIMIT);
    guest->told[guest->n] = json_loadb((const char *)ws.payload.data, ws.payload.len, 0, NULL);
    assert_non_null(guest->told[guest->n]);
    guest->n++;
    websocket_clear(&ws);
}

static void forget(struct guest *guest)
{
    while (guest->n)
        json_decref(guest->told[--guest->n]);
}

/* The last message of that type; NULL: none. */
static json_t *last(const struct guest *guest, const char *type)
{
    for (size_t i = guest->n; i-- > 0;) {
        if (strcmp(json_string_value(json_object_get(guest->told[i], "type")), type) == 0)
            return guest->told[i];
    }
    return NULL;
}

/* What a message says, keys sorted. */
static void says(const json_t *json, const char *wanted)
{
    char *text = json ? json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY) : NULL;

    assert_string_equal(text ? text : "(nothing)", wanted);
    free(text);
}

static struct access member(const char *person)
{
    struct access access = {
        .kind = ACCESS_MEMBER, .role = ROLE_CONTROL, .scope = scope_of_all(), .expires_ns = INT64_MAX
    };

    snprintf(access.person, sizeof access.person, "%s", person);
    return access;
}

static struct access guest_of(const char *link, const char *person, int64_t from_ns)
{
    struct access access = { .kind = ACCESS_LINK, .scope = scope_of_all(), .expires_ns = INT64_MAX };

    access.scope.source = "box";
    access.scope.range.from_ns = from_ns;
    snprintf(access.link, sizeof access.link, "%s", link);
    snprintf(access.person, sizeof access.person, "%s", person);
    return access;
}

static void sit(struct world *world, struct guest *guest, struct access access, const char *name)
{
    json_t *hello = json_pack("{s:s, s:s, s:s}", "name", name, "color", "#0072b2", "shape", "circle");

    guest->seat.send = take;
    guest->seat.context = guest;
    assert_int_equal(people_sit(world->people, &guest->seat, &access, hello), LINK_IS_GOOD);
    json_decref(hello);
}

static void begin(struct world *world)
{
    struct error error;

    *world = (struct world) { 0 };
    world->loop = loop_new(&error);
    assert_non_null(world->loop);
    world->people = people_new(world->loop, NULL, 1, &error);
    assert_non_null(world->people);
    sit(world, &world->ann, member("ann"), "Ann");
    sit(world, &world->bob, guest_of("link1", "bob", 1000), "Bob");
    sit(world, &world->eve, guest_of("link1", "eve", 1000), "Eve");
    sit(world, &world->mallory, guest_of("link2", "mallory", INT64_MIN), "Mallory");
}

static void end(struct world *world)
{
    struct guest *guests[] = { &world->ann, &world->bob, &world->eve, &world->mallory };

    for (size_t i = 0; i < 4; i++) {
        people_leave(world->people, &guests[i]->seat);
        forget(guests[i]);
    }
    people_free(world->people);
    loop_free(world->loop);
}

static void turn_for(struct world *world, int64_t span_ns)
{
    struct timespec now;
    struct error error;
    int64_t end_ns;

    clock_gettime(CLOCK_MONOTONIC, &now);
    end_ns = now.tv_sec * NS_PER_SECOND + now.tv_nsec + span_ns;
    do
        assert_true(loop_turn(world->loop, NS_PER_SECOND / 50, &error));
    while (loop_now_ns(world->loop) < end_ns);
}

/* "Ann Bob": who is in the last list, sorted by when they moved. */
static void seen_by(const struct guest *guest, const char *wanted)
{
    json_t *list = json_object_get(last(guest, "people"), "people"), *person;
    char text[200] = "";
    size_t i;

    json_array_foreach(list, i, person)
    {
        strcat(text, i ? " " : "");
        strcat(text, json_string_value(json_object_get(person, "name")));
    }
    assert_string_equal(text, wanted);
}

static bool message(struct world *world, struct guest *guest, const char *text)
{
    json_t *json = json_loads(text, 0, NULL);
    const char *code = NULL, *words = NULL;
    bool is_fine = people_message(world->people, &guest->seat, json, &code, &words);

    assert_non_null(json);
    assert_true(is_fine || (code && words));
    json_decref(json);
    return is_fine;
}

static void guests_of_different_links_never_learn_of_each_other(void **state)
{
    struct world world;

    (void)state;
    begin(&world);
    turn_for(&world, (PEOPLE_TELL_MS + 200) * (NS_PER_SECOND / 1000));
    seen_by(&world.ann, "Mallory Eve Bob Ann");
    seen_by(&world.bob, "Eve Bob Ann");
    seen_by(&world.mallory, "Mallory Ann");
    assert_false(message(&world, &world.mallory, "{\"type\":\"follow\",\"person\":\"bob\"}"));
    end(&world);
}

#define PLACE(time) \
    "{\"screen\":\"live\",\"source\":\"box\",\"packet\":7,\"filter\":\"coap\",\"time_ns\":\"" time "\"}"

static void a_packet_that_is_none_of_a_links_is_outside_of_it(void **state)
{
    struct world world;
    struct error error;

    (void)state;
    begin(&world);
    assert_true(number_ranges_add(&world.mallory.seat.access.scope.numbers, 7, 7, &error));
    assert_true(number_ranges_add(&world.bob.seat.access.scope.numbers, 8, 9, &error));
    assert_true(message(&world, &world.bob, "{\"type\":\"follow\",\"person\":\"ann\"}"));
    assert_true(message(&world, &world.mallory, "{\"type\":\"follow\",\"person\":\"ann\"}"));
    assert_true(message(&world, &world.ann, "{\"type\":\"place\",\"place\":" PLACE("1000") "}"));
    turn_for(&world, (PEOPLE_LEAD_MS + 100) * (NS_PER_SECOND / 1000));
    assert_true(json_is_true(json_object_get(last(&world.bob, "lead"), "outside")));
    assert_true(json_is_false(json_object_get(last(&world.mallory, "lead"), "outside")));
    end(&world);
}

static void a_place_is_told_as_far_as_a_link_may_know(void **state)
{
    struct world world;

    (void)state;
    begin(&world);
    assert_true(message(&world, &world.eve, "{\"type\":\"follow\",\"person\":\"bob\"}"));
    assert_true(message(&world, &world.bob, "{\"type\":\"follow\",\"person\":\"ann\"}"));
    assert_true(message(&world, &world.bob, "{\"type\":\"place\",\"place\":" PLACE("5") "}"));
    assert_true(message(&world, &world.ann, "{\"type\":\"place\",\"place\":" PLACE("1000") "}"));
    turn_for(&world, 2 * PEOPLE_LEAD_MS * (NS_PER_SECOND / 1000));
    /* in full within a link; without the filter to others; nothing of what lies before his link begins */
    says(last(&world.eve, "lead"),
         "{\"outside\":false,\"person\":\"bob\",\"place\":{\"filter\":\"coap\",\"packet\":7,"
         "\"screen\":\"live\",\"source\":\"box\",\"time_ns\":\"5\"},\"type\":\"lead\"}");
    says(last(&world.bob, "lead"),
         "{\"outside\":false,\"person\":\"ann\",\"place\":{\"packet\":7,\"screen\":\"live\","
         "\"source\":\"box\",\"time_ns\":\"1000\"},\"type\":\"lead\"}");
    assert_true(message(&world, &world.ann, "{\"type\":\"place\",\"place\":" PLACE("999") "}"));
    turn_for(&world, 2 * PEOPLE_LEAD_MS * (NS_PER_SECOND / 1000));
    says(last(&world.bob, "lead"), "{\"outside\":true,\"person\":\"ann\",\"place\":null,\"type\":\"lead\"}");
    assert_true(
        message(&world, &world.ann,
                "{\"type\":\"place\",\"place\":{\"screen\":\"device\",\"source\":\"box\",\"path\":\"/d/x\","
                "\"time_ns\":\"2000\"}}"));
    turn_for(&world, 2 * PEOPLE_LEAD_MS * (NS_PER_SECOND / 1000));
    says(last(&world.bob, "lead"), "{\"outside\":true,\"person\":\"ann\",\"place\":null,\"type\":\"lead\"}");
    forget(&world.bob);
    people_leave(world.people, &world.ann.seat);
    says(last(&world.bob, "lead"), "{\"outside\":false,\"person\":\"ann\",\"place\":null,\"type\":\"lead\"}");
    end(&world);
}

static void who_has_control_brings_everybody_once(void **state)
{
    struct world world;

    (void)state;
    begin(&world);
    assert_false(message(&world, &world.bob, "{\"type\":\"bring\",\"place\":" PLACE("1000") "}"));
    assert_true(message(&world, &world.ann, "{\"type\":\"bring\",\"place\":" PLACE("1000") "}"));
    says(last(&world.mallory, "bring"), "{\"outside\":false,\"person\":\"ann\",\"place\":{\"packet\":7,"
                                        "\"screen\":\"live\",\"source\":\"box\","
                                        "\"time_ns\":\"1000\"},\"type\":\"bring\"}");
    assert_non_null(last(&world.bob, "bring"));
    assert_null(last(&world.ann, "bring"));
    assert_false(message(&world, &world.ann, "{\"type\":\"bring\",\"place\":" PLACE("1000") "}"));
    end(&world);
}

static void messages_that_make_no_sense_are_refused(void **state)
{
    static const char *const texts[] = {
        "{\"type\":\"place\"}",
        "{\"type\":\"place\",\"place\":5}",
        "{\"type\":\"bring\"}",
        "{\"type\":\"follow\",\"person\":\"nobody\"}",
        "{\"type\":\"follow\",\"person\":\"ann\"}",
        "{\"type\":\"steal\",\"place\":{}}",
        "{}",
    };
    char large[PEOPLE_PLACE_BYTES + 100];
    struct world world;

    (void)state;
    begin(&world);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_false(message(&world, &world.ann, texts[i]));
    snprintf(large, sizeof large, "{\"type\":\"place\",\"place\":{\"x\":\"%0*d\"}}", PEOPLE_PLACE_BYTES, 0);
    assert_false(message(&world, &world.ann, large));
    end(&world);
}

static void a_name_cannot_pose_as_another_line(void **state)
{
    struct guest guest = { 0 };
    struct world world;
    json_t *you;

    (void)state;
    begin(&world);
    sit(&world, &guest, member("x"), " A\u202enn\n<b>\u200b ");
    assert_string_equal(people_name(world.people, "x"), "Ann<b>");
    you = people_you(&guest.seat);
    assert_string_equal(json_string_value(json_object_get(you, "name")), "Ann<b>");
    json_decref(you);
    people_leave(world.people, &guest.seat);
    assert_string_equal(people_name(world.people, "x"), "Ann<b>"); /* for his pins */
    assert_null(people_name(world.people, "y"));
    forget(&guest);
    end(&world);
}

static bool only_link2(void *context, const char *link)
{
    ++*(int *)context;
    return strcmp(link, "link2") == 0;
}

static void a_pin_is_told_to_whose_access_covers_its_packet(void **state)
{
    json_t *pin = json_pack("{s:s}", "id", "1");
    struct guest filtered = { 0 };
    struct access narrow = guest_of("link3", "nora", INT64_MIN);
    struct world world;
    int n_asked = 0;

    (void)state;
    begin(&world);
    narrow.scope.filter = "coap";
    sit(&world, &filtered, narrow, "Nora");
    people_tell_pin(world.people, "box", 1, 999, pin, NULL, only_link2, &n_asked);
    assert_non_null(last(&world.ann, "pin"));
    assert_null(last(&world.bob, "pin")); /* before his link begins */
    assert_non_null(last(&world.mallory, "pin"));
    assert_null(last(&filtered, "pin"));
    assert_int_equal(n_asked, 1);
    people_tell_pin(world.people, "other", 1, 1000, NULL, "1", NULL, NULL);
    says(last(&world.ann, "pin"), "{\"removed\":\"1\",\"type\":\"pin\"}");
    assert_null(last(&world.bob, "pin"));
    json_decref(pin);
    people_leave(world.people, &filtered.seat);
    forget(&filtered);
    end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guests_of_different_links_never_learn_of_each_other),
        cmocka_unit_test(a_packet_that_is_none_of_a_links_is_outside_of_it),
        cmocka_unit_test(a_place_is_told_as_far_as_a_link_may_know),
        cmocka_unit_test(who_has_control_brings_everybody_once),
        cmocka_unit_test(messages_that_make_no_sense_are_refused),
        cmocka_unit_test(a_name_cannot_pose_as_another_line),
        cmocka_unit_test(a_pin_is_told_to_whose_access_covers_its_packet),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
