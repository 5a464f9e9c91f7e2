/* SPDX-License-Identifier: Apache-2.0 */
#include "web/people.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/lru_table.h"
#include "base/timestamp.h"
#include "base/utf8.h"
#include "net/websocket_frame.h"
#include "web/api_shares.h"
#include "web/scope_words.h"

enum { NAME_BYTES = PEOPLE_NAME_CHARS * 4 + 1, LOOK_BYTES = 17, PERSON_KEY_BYTES = ACCESS_ID_BYTES };

static const int64_t ns_per_ms = NS_PER_SECOND / 1000;

struct person {
    struct person *next; /* who moved last comes first */
    char id[ACCESS_ID_BYTES], link[ACCESS_ID_BYTES];
    char name[NAME_BYTES], color[LOOK_BYTES], shape[LOOK_BYTES];
    enum access_kind kind;
    enum access_role role;
    json_t *place; /* NULL: not said yet */
    int64_t stirred_ns, brought_ns;
    bool is_away, has_moved; /* moved: followers were not told yet */
    struct people_seat *seats;
};

struct people {
    struct loop *loop;
    struct links *links;
    struct people_seat *seats;
    struct person *people;
    struct lru_table *names; /* by person's id */
    struct loop_timer tell, lead;
    bool is_changed; /* since all were told */
    struct people_statistics statistics;
};

/* ---- what people call themselves ---- */

/* What turns text around or hides in it: a name must not be able to pose as another line. */
static bool is_invisible(uint32_t character)
{
    return (character >= 0x200b && character <= 0x200f) || (character >= 0x202a && character <= 0x202e) ||
           (character >= 0x2060 && character <= 0x206f) || character == 0xfeff || character == 0xad ||
           character == 0x61c;
}

static void take_name(const char *text, const char *otherwise, char name[static NAME_BYTES])
{
    struct bytes rest = bytes_text(text ? text : "");
    size_t len = 0, n = 0, step;
    uint32_t character;

    while (n < PEOPLE_NAME_CHARS && (step = utf8_first(rest, &character)) > 0) {
        if (!utf8_is_control(character) && !is_invisible(character) && !(character == ' ' && len == 0)) {
            memcpy(name + len, rest.data, step);
            len += step;
            n++;
        }
        rest = bytes_of(rest.data + step, rest.len - step);
    }
    while (len > 0 && name[len - 1] == ' ')
        len--;
    name[len] = '\0';
    if (len == 0)
        snprintf(name, NAME_BYTES, "%s", otherwise);
}

/* A word of the page's own making (a colour, a shape): letters, digits, "#" and "-"; else empty. */
static void take_word(const char *text, char word[static LOOK_BYTES])
{
    static const char letters[] = "#-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    size_t len = text ? strspn(text, letters) : 0;

    if (text == NULL || text[len] != '\0' || len >= LOOK_BYTES)
        len = 0;
    if (len)
        memcpy(word, text, len);
    word[len] = '\0';
}

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static void take_looks(struct people *people, struct person *person, const json_t *hello)
{
    char key[PERSON_KEY_BYTES] = { 0 };
    char *kept;

    take_name(text_of(hello, "name"), person->kind == ACCESS_MEMBER ? "Member" : "Guest", person->name);
    take_word(text_of(hello, "color"), person->color);
    take_word(text_of(hello, "shape"), person->shape);
    snprintf(key, sizeof key, "%s", person->id);
    kept = lru_table_put(people->names, key, NULL);
    if (kept)
        snprintf(kept, NAME_BYTES, "%s", person->name);
}

const char *people_name(const struct people *people, const char *person)
{
    char key[PERSON_KEY_BYTES] = { 0 };

    if (people == NULL)
        return NULL;
    snprintf(key, sizeof key, "%s", person);
    return lru_table_find(people->names, key);
}

/* ---- who may know what of whom ---- */

static bool is_member(const struct access *access)
{
    return access->kind == ACCESS_MEMBER;
}

static bool may_see(const struct access *viewer, const struct person *person)
{
    return is_member(viewer) || person->kind == ACCESS_MEMBER || strcmp(viewer->link, person->link) == 0;
}

/* The packet somebody looks at, if any, is one of the link's numbers. */
static bool scope_has_packet(const struct scope *scope, const json_t *packet)
{
    return scope->numbers.n == 0 ||
           (json_is_integer(packet) && json_integer_value(packet) > 0 &&
            number_ranges_has(&scope->numbers, (uint64_t)json_integer_value(packet)));
}

static bool scope_has(const struct scope *scope, const char *source, const char *ns_text)
{
    int64_t ts_ns = ns_text ? strtoll(ns_text, NULL, 10) : 0;

    if (scope->source && (source == NULL || strcmp(scope->source, source) != 0))
        return false;
    if (scope->range.from_ns == INT64_MIN && scope->range.to_ns == INT64_MAX)
        return true;
    return ns_text && ts_ns >= scope->range.from_ns && ts_ns <= scope->range.to_ns;
}

/* The place as viewer may know it (a new reference); NULL: not said, or outside of his link. */
static json_t *place_for(const struct access *viewer, const struct person *person, bool *is_outside)
{
    static const char *const told[] = { "screen", "source", "packet", "first", "following", "time_ns" };
    const char *screen = text_of(person->place, "screen");
    json_t *place;

    *is_outside = false;
    if (person->place == NULL)
        return NULL;
    if (is_member(viewer) || (person->kind == ACCESS_LINK && strcmp(viewer->link, person->link) == 0))
        return json_incref(person->place);
    if (!scope_has(&viewer->scope, text_of(person->place, "source"), text_of(person->place, "time_ns")) ||
        !scope_has_packet(&viewer->scope, json_object_get(person->place, "packet")) || screen == NULL ||
        (strcmp(screen, "live") != 0 && strcmp(screen, "archive") != 0)) {
        *is_outside = true;
        return NULL;
    }
    place = json_object();
    for (size_t i = 0; place && i < sizeof told / sizeof *told; i++) {
        json_t *value = json_object_get(person->place, told[i]);

        if (value && !json_is_object(value) && !json_is_array(value))
            json_object_set(place, told[i], value);
    }
    return place;
}

/* ---- sending ---- */

/* One frame of that message, whose reference is taken; NULL without memory. */
static struct shared_bytes *frame_of(json_t *message)
{
    char *text = message ? json_dumps(message, JSON_COMPACT) : NULL;
    struct shared_bytes *frame = text ? websocket_frame_new(WEBSOCKET_TEXT, bytes_text(text)) : NULL;

    free(text);
    json_decref(message);
    return frame;
}

static void send_to(struct people *people, struct people_seat *seat, struct shared_bytes *frame)
{
    if (frame == NULL)
        return;
    people->statistics.n_told++;
    seat->send(seat->context, frame);
}

static bool is_same_audience(const struct access *a, const struct access *b)
{
    return a->kind == b->kind && strcmp(a->link, b->link) == 0;
}

/* True for the first seat of each audience: members, guests of one link. */
static bool is_first_of_audience(const struct people *people, const struct people_seat *seat)
{
    for (const struct people_seat *other = people->seats; other != seat; other = other->next) {
        if (is_same_audience(&other->access, &seat->access))
            return false;
    }
    return true;
}

static void send_to_audience(struct people *people, const struct people_seat *first,
                             struct shared_bytes *frame)
{
    const struct access access = first->access;

    for (struct people_seat *seat = people->seats; seat; seat = seat->next) {
        if (is_same_audience(&access, &seat->access))
            send_to(people, seat, frame);
    }
}

/* ---- people: who is here ---- */

static json_t *person_json(const struct access *viewer, const struct person *person)
{
    bool is_outside;
    json_t *place = place_for(viewer, person, &is_outside);

    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:b, s:b}", "person", person->id, "name",
                     person->name, "color", person->color, "shape", person->shape, "kind",
                     person->kind == ACCESS_MEMBER ? "member" : "link", "role",
                     access_role_name(person->role), "place", place ? place : json_null(), "outside",
                     is_outside, "away", person->is_away);
}

static json_t *people_json(const struct people *people, const struct access *viewer)
{
    json_t *list = json_array();
    uint32_t n = 0;

    for (const struct person *person = people->people; person; person = person->next) {
        if (may_see(viewer, person) && n++ < PEOPLE_TOLD_LIMIT)
            json_array_append_new(list, person_json(viewer, person));
    }
    return json_pack("{s:s, s:o, s:i}", "type", "people", "people", list, "more",
                     n > PEOPLE_TOLD_LIMIT ? (int)(n - PEOPLE_TOLD_LIMIT) : 0);
}

static void look_who_is_away(struct people *people)
{
    int64_t now_ns = loop_now_ns(people->loop);

    for (struct person *person = people->people; person; person = person->next) {
        bool is_away = now_ns - person->stirred_ns >= PEOPLE_AWAY_MS * ns_per_ms;

        people->is_changed |= is_away != person->is_away;
        person->is_away = is_away;
    }
}

static void tell_all(void *context)
{
    struct people *people = context;

    look_who_is_away(people);
    if (people->is_changed) {
        people->is_changed = false;
        for (struct people_seat *seat = people->seats; seat; seat = seat->next) {
            if (is_first_of_audience(people, seat)) {
                struct shared_bytes *frame = frame_of(people_json(people, &seat->access));

                send_to_audience(people, seat, frame);
                shared_bytes_release(frame);
            }
        }
    }
    if (people->seats)
        loop_timer_set(people->loop, &people->tell, loop_now_ns(people->loop) + PEOPLE_TELL_MS * ns_per_ms);
}

static void change(struct people *people)
{
    people->is_changed = true;
    if (people->tell.place == 0)
        loop_timer_set(people->loop, &people->tell, loop_now_ns(people->loop) + PEOPLE_TELL_MS * ns_per_ms);
}

/* ---- lead: to followers ---- */

static void tell_lead(struct people *people, struct people_seat *seat, const struct person *person)
{
    bool is_outside = false;
    json_t *place = person->seats ? place_for(&seat->access, person, &is_outside) : NULL;
    struct shared_bytes *frame =
        frame_of(json_pack("{s:s, s:s, s:o, s:b}", "type", "lead", "person", person->id, "place",
                           place ? place : json_null(), "outside", is_outside));

    send_to(people, seat, frame);
    shared_bytes_release(frame);
}

static void tell_followers(struct people *people, const struct person *person)
{
    for (struct people_seat *seat = people->seats; seat; seat = seat->next) {
        if (strcmp(seat->follows, person->id) == 0)
            tell_lead(people, seat, person);
    }
}

static void tell_leads(void *context)
{
    struct people *people = context;

    for (struct person *person = people->people; person; person = person->next) {
        if (person->has_moved)
            tell_followers(people, person);
        person->has_moved = false;
    }
}

/* ---- seats ---- */

struct people *people_new(struct loop *loop, struct links *links, uint64_t hash_seed, struct error *error)
{
    struct people *people = calloc(1, sizeof *people);

    if (people == NULL) {
        error_system(error, "people");
        return NULL;
    }
    *people = (struct people) {
        .loop = loop,
        .links = links,
        .tell = { .fire = tell_all, .context = people },
        .lead = { .fire = tell_leads, .context = people },
        .names = lru_table_new(&(struct lru_table_options) { .key_bytes = PERSON_KEY_BYTES,
                                                             .value_bytes = NAME_BYTES,
                                                             .limit = PEOPLE_NAMES_KEPT,
                                                             .hash_seed = hash_seed }),
    };
    if (people->names == NULL)
        error_set(error, ERROR_SYSTEM, "no memory for people");
    else if (loop_timer_add(loop, &people->tell, error)) {
        if (loop_timer_add(loop, &people->lead, error))
            return people;
        loop_timer_remove(loop, &people->tell);
    }
    lru_table_free(people->names);
    free(people);
    return NULL;
}

void people_free(struct people *people)
{
    if (people == NULL)
        return;
    assert(people->seats == NULL && people->people == NULL);
    loop_timer_remove(people->loop, &people->tell);
    loop_timer_remove(people->loop, &people->lead);
    lru_table_free(people->names);
    free(people);
}

static void to_front(struct people *people, struct person *person)
{
    struct person **place = &people->people;

    while (*place && *place != person)
        place = &(*place)->next;
    if (*place)
        *place = person->next;
    person->next = people->people;
    people->people = person;
}

static struct person *person_find(const struct people *people, const char *id)
{
    struct person *person = people->people;

    while (person && strcmp(person->id, id) != 0)
        person = person->next;
    return person;
}

static struct person *person_put(struct people *people, const struct access *access)
{
    struct person *person = person_find(people, access->person);

    if (person)
        return person;
    person = calloc(1, sizeof *person);
    if (person == NULL)
        return NULL;
    snprintf(person->id, sizeof person->id, "%s", access->person);
    snprintf(person->link, sizeof person->link, "%s", access->link);
    person->kind = access->kind;
    person->brought_ns = INT64_MIN / 2;
    people->statistics.n_people++;
    to_front(people, person);
    return person;
}

static void person_drop(struct people *people, struct person *person)
{
    tell_followers(people, person);
    to_front(people, person);
    people->people = person->next;
    people->statistics.n_people--;
    json_decref(person->place);
    free(person);
}

enum link_answer people_sit(struct people *people, struct people_seat *seat, const struct access *access,
                            const json_t *hello)
{
    enum link_answer answer = people->links ? links_watch(people->links, &seat->watch, access) : LINK_IS_GOOD;
    struct person *person;

    seat->person = NULL;
    if (answer != LINK_IS_GOOD)
        return answer;
    person = person_put(people, access);
    if (person == NULL) {
        if (people->links)
            links_unwatch(people->links, &seat->watch);
        return LINK_IS_FULL;
    }
    seat->access = *access;
    seat->access.source = NULL; /* of a connection that may end before the seat is left */
    seat->follows[0] = '\0';
    seat->person = person;
    seat->next_of_person = person->seats;
    person->seats = seat;
    person->role = access->role;
    seat->previous = NULL;
    seat->next = people->seats;
    if (people->seats)
        people->seats->previous = seat;
    people->seats = seat;
    people->statistics.n_seats++;
    if (hello || person->name[0] == '\0')
        take_looks(people, person, hello);
    people_stir(people, seat);
    change(people);
    return LINK_IS_GOOD;
}

void people_leave(struct people *people, struct people_seat *seat)
{
    struct person *person = seat->person;
    struct people_seat **place;

    if (person == NULL)
        return;
    if (people->links)
        links_unwatch(people->links, &seat->watch);
    if (seat->previous)
        seat->previous->next = seat->next;
    else
        people->seats = seat->next;
    if (seat->next)
        seat->next->previous = seat->previous;
    for (place = &person->seats; *place != seat;)
        place = &(*place)->next_of_person;
    *place = seat->next_of_person;
    seat->person = NULL;
    people->statistics.n_seats--;
    if (person->seats == NULL)
        person_drop(people, person);
    change(people);
}

json_t *people_you(const struct people_seat *seat)
{
    const struct access *access = &seat->access;
    const struct person *person = seat->person;

    return json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s?, s:o, s:o}", "person", person->id, "name", person->name,
        "color", person->color, "shape", person->shape, "kind", is_member(access) ? "member" : "link", "role",
        access_role_name(access->role), "bytes", bytes_level_name(access->scope.bytes), "link",
        is_member(access) ? NULL : access->link, "expires_ns",
        access->expires_ns == INT64_MAX ? json_null() : json_sprintf("%lld", (long long)access->expires_ns),
        "scope", scope_json(&access->scope));
}

void people_rename(struct people *people, struct people_seat *seat, const json_t *hello)
{
    if (seat->person == NULL)
        return;
    take_looks(people, seat->person, hello);
    people_stir(people, seat);
    change(people);
}

void people_stir(struct people *people, struct people_seat *seat)
{
    struct person *person = seat->person;

    if (person == NULL)
        return;
    person->stirred_ns = loop_now_ns(people->loop);
    if (person->is_away) {
        person->is_away = false;
        change(people);
    }
}

/* ---- place, follow, bring ---- */

static bool refuse(struct people *people, const char **code, const char **words, const char *is,
                   const char *say)
{
    people->statistics.n_refused++;
    *code = is;
    *words = say;
    return false;
}

static bool place_is_fine(const json_t *place)
{
    return json_is_object(place) && json_dumpb(place, NULL, 0, JSON_COMPACT) <= PEOPLE_PLACE_BYTES;
}

static void take_place(struct people *people, struct person *person, json_t *place)
{
    if (json_equal(person->place, place))
        return;
    json_incref(place);
    json_decref(person->place);
    person->place = place;
    person->has_moved = true;
    to_front(people, person);
    change(people);
    if (people->lead.place == 0)
        loop_timer_set(people->loop, &people->lead, loop_now_ns(people->loop) + PEOPLE_LEAD_MS * ns_per_ms);
}

static bool follow(struct people *people, struct people_seat *seat, const json_t *wanted, const char **code,
                   const char **words)
{
    const char *id = json_string_value(wanted);
    struct person *person = id ? person_find(people, id) : NULL;

    seat->follows[0] = '\0';
    if (wanted == NULL || json_is_null(wanted))
        return true;
    if (person == NULL || person == seat->person || !may_see(&seat->access, person))
        return refuse(people, code, words, "no_such_person", "there is nobody of that name to follow here");
    snprintf(seat->follows, sizeof seat->follows, "%s", person->id);
    tell_lead(people, seat, person);
    return true;
}

/* Each is asked once, as far as he may see who asks, and with the place as he may know it. */
static bool bring(struct people *people, struct people_seat *seat, json_t *place, const char **code,
                  const char **words)
{
    struct person *person = seat->person;
    int64_t now_ns = loop_now_ns(people->loop);

    if (seat->access.role < ROLE_CONTROL)
        return refuse(people, code, words, "role", "bringing everybody here needs the role control");
    if (now_ns - person->brought_ns < PEOPLE_BRING_MS * ns_per_ms)
        return refuse(people, code, words, "too_often", "everybody was asked a moment ago");
    person->brought_ns = now_ns;
    take_place(people, person, place);
    for (struct people_seat *other = people->seats; other; other = other->next) {
        struct shared_bytes *frame;
        bool is_outside;
        json_t *told;

        if (other->person == person || !may_see(&other->access, person))
            continue;
        told = place_for(&other->access, person, &is_outside);
        frame = frame_of(json_pack("{s:s, s:s, s:o, s:b}", "type", "bring", "person", person->id, "place",
                                   told ? told : json_null(), "outside", is_outside));
        send_to(people, other, frame);
        shared_bytes_release(frame);
    }
    return true;
}

bool people_message(struct people *people, struct people_seat *seat, const json_t *message, const char **code,
                    const char **words)
{
    const char *type = text_of(message, "type");
    json_t *place = json_object_get(message, "place");

    if (seat->person == NULL || type == NULL)
        return refuse(people, code, words, "no_hello", "hello comes first");
    people_stir(people, seat);
    if (strcmp(type, "follow") == 0)
        return follow(people, seat, json_object_get(message, "person"), code, words);
    if (!place_is_fine(place))
        return refuse(people, code, words, "bad_place", "place is an object of at most 2048 bytes");
    if (strcmp(type, "bring") == 0)
        return bring(people, seat, place, code, words);
    if (strcmp(type, "place") == 0) {
        take_place(people, seat->person, place);
        return true;
    }
    return refuse(people, code, words, "unknown_type", "there is no such message");
}

/* ---- pins ---- */

static bool covers(const struct access *access, const char *source, uint64_t number, int64_t ts_ns,
                   bool (*covered)(void *context, const char *link), void *context)
{
    const struct scope *scope = &access->scope;

    if (!scope_has_source(scope, source) || !scope_has_number_and_time(scope, number, ts_ns))
        return false;
    return scope_is_of_numbers_and_times(scope) || (covered && covered(context, access->link));
}

void people_tell_pin(struct people *people, const char *source, uint64_t number, int64_t ts_ns, json_t *pin,
                     const char *removed, bool (*covered)(void *context, const char *link), void *context)
{
    struct shared_bytes *frame = frame_of(pin ? json_pack("{s:s, s:O}", "type", "pin", "pin", pin)
                                              : json_pack("{s:s, s:s}", "type", "pin", "removed", removed));

    for (struct people_seat *seat = people->seats; frame && seat; seat = seat->next) {
        if (is_first_of_audience(people, seat) &&
            covers(&seat->access, source, number, ts_ns, covered, context))
            send_to_audience(people, seat, frame);
    }
    shared_bytes_release(frame);
}

void people_each_link(const struct people *people, void (*told)(void *context, const struct access *access),
                      void *context)
{
    for (const struct people_seat *seat = people->seats; seat; seat = seat->next) {
        if (seat->access.kind == ACCESS_LINK && is_first_of_audience(people, seat))
            told(context, &seat->access);
    }
}

void people_statistics(const struct people *people, struct people_statistics *statistics)
{
    *statistics = people->statistics;
}
