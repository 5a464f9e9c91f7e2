/* SPDX-License-Identifier: Apache-2.0 */
#include "web/links.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "archive/archive_fixture.h"
#include "base/timestamp.h"

static char made_by[] = "Ann";

struct world {
    char directory[64];
    struct loop *loop;
    struct links *links;
    struct ip_address here;
};

static void begin(struct world *world)
{
    struct error error;

    fixture_directory(world->directory);
    world->loop = loop_new(&error);
    assert_non_null(world->loop);
    world->links = links_new(world->loop, world->directory, &error);
    if (world->links == NULL)
        fail_msg("%s", error.text);
    assert_true(ip_address_parse("127.0.0.1", &world->here));
}

static void end(struct world *world)
{
    links_free(world->links);
    loop_free(world->loop);
    fixture_remove(world->directory);
}

static void add(struct world *world, uint32_t most_viewers, int64_t life_ns, struct link *link,
                char secret[static SHARE_SECRET_CHARS + 1])
{
    struct error error;

    *link = (struct link) { .scope = scope_of_all(),
                            .created_by = made_by,
                            .most_viewers = most_viewers,
                            .expires_ns = timestamp_now() + life_ns };
    link->scope.device = "urn:x";
    if (!links_add(world->links, link, secret, &error))
        fail_msg("%s", error.text);
}

static enum link_answer enter(struct world *world, const char *id, const char *secret, struct access *access,
                              char *cookie)
{
    access->source = &world->here;
    return links_enter(world->links, bytes_text(id), bytes_text(secret), bytes_of("", 0), access, cookie);
}

static enum link_answer visit(struct world *world, const char *id, const char *cookie, struct access *access)
{
    access->source = &world->here;
    return links_visit(world->links, bytes_text(id), LINK_COOKIE, bytes_text(cookie), access);
}

struct told {
    int n;
    enum link_answer why;
    char id[SHARE_ID_CHARS + 1];
};

static void remember(void *context, const char *id, enum link_answer why)
{
    struct told *told = context;

    told->n++;
    told->why = why;
    snprintf(told->id, sizeof told->id, "%s", id);
}

#define AN_HOUR_NS (3600 * NS_PER_SECOND)

static void whoever_knows_the_secret_is_let_in(void **state)
{
    char secret[SHARE_SECRET_CHARS + 1], cookie[LINKS_COOKIE_BYTES], again[LINKS_COOKIE_BYTES];
    struct access access = { 0 }, same = { 0 };
    struct world world;
    struct link link;

    (void)state;
    begin(&world);
    add(&world, 0, AN_HOUR_NS, &link, secret);
    assert_int_equal(enter(&world, link.id, secret, &access, cookie), LINK_IS_GOOD);
    assert_int_equal(access.kind, ACCESS_LINK);
    assert_int_equal(access.role, ROLE_VIEW);
    assert_string_equal(access.link, link.id);
    assert_string_equal(access.scope.device, "urn:x");
    assert_int_equal(visit(&world, link.id, cookie, &same), LINK_IS_GOOD);
    assert_string_equal(same.person, access.person);
    /* entering again with the cookie is the same person; without it another one */
    assert_int_equal(
        links_enter(world.links, bytes_text(link.id), bytes_text(secret), bytes_text(cookie), &same, again),
        LINK_IS_GOOD);
    assert_string_equal(same.person, access.person);
    assert_int_equal(enter(&world, link.id, secret, &same, again), LINK_IS_GOOD);
    assert_string_not_equal(same.person, access.person);
    /* nobody's person can be read off his cookie by others, nor the other way round */
    assert_null(strstr(cookie, access.person));
    end(&world);
}

static void a_wrong_secret_opens_nothing(void **state)
{
    char secret[SHARE_SECRET_CHARS + 1], other[SHARE_SECRET_CHARS + 1], cookie[LINKS_COOKIE_BYTES];
    struct access access = { .kind = ACCESS_NOBODY };
    struct link link, another;
    struct world world;

    (void)state;
    begin(&world);
    add(&world, 0, AN_HOUR_NS, &link, secret);
    add(&world, 0, AN_HOUR_NS, &another, other);
    assert_int_equal(enter(&world, link.id, other, &access, cookie), LINK_IS_UNKNOWN);
    assert_int_equal(enter(&world, "nosuchlink22", secret, &access, cookie), LINK_IS_UNKNOWN);
    assert_int_equal(enter(&world, link.id, "", &access, cookie), LINK_IS_UNKNOWN);
    assert_int_equal(enter(&world, "../../../etc", secret, &access, cookie), LINK_IS_UNKNOWN);
    /* one link's cookie at another link's door */
    assert_int_equal(enter(&world, link.id, secret, &access, cookie), LINK_IS_GOOD);
    access = (struct access) { .kind = ACCESS_NOBODY };
    assert_int_equal(visit(&world, another.id, cookie, &access), LINK_IS_UNKNOWN);
    assert_int_equal(access.kind, ACCESS_NOBODY);
    end(&world);
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

static void revoking_tells_who_is_looking(void **state)
{
    struct told told = { 0 };
    struct link_watch watch = { 0 };
    char secret[SHARE_SECRET_CHARS + 1], cookie[LINKS_COOKIE_BYTES];
    struct access access = { 0 };
    struct world world;
    struct error error;
    struct link link;
    struct buffer words;
    bool was_alive;

    (void)state;
    begin(&world);
    links_on_end(world.links, remember, &told);
    add(&world, 0, AN_HOUR_NS, &link, secret);
    assert_int_equal(enter(&world, link.id, secret, &access, cookie), LINK_IS_GOOD);
    assert_int_equal(links_watch(world.links, &watch, &access), LINK_IS_GOOD);
    assert_true(links_revoke(world.links, link.id, &was_alive, &error));
    assert_true(was_alive);
    assert_int_equal(told.n, 1);
    assert_int_equal(told.why, LINK_WAS_REVOKED);
    assert_string_equal(told.id, link.id);
    assert_null(watch.entry);
    buffer_init(&words, 4096);
    links_words(world.links, told.why, bytes_text(link.id), &words);
    buffer_put_u8(&words, 0);
    assert_string_equal((const char *)words.data, "this link was revoked; ask Ann for another one");
    buffer_clear(&words);
    links_unwatch(world.links, &watch); /* fine: it is off */
    assert_int_equal(visit(&world, link.id, cookie, &access), LINK_WAS_REVOKED);
    assert_int_equal(enter(&world, link.id, secret, &access, cookie), LINK_WAS_REVOKED);
    assert_int_equal(enter(&world, link.id, "wrong", &access, cookie), LINK_IS_UNKNOWN);
    assert_int_equal(links_watch(world.links, &watch, &access), LINK_WAS_REVOKED);
    end(&world);
}

static void another_process_revokes_within_a_second(void **state)
{
    struct told told = { 0 };
    struct link_watch watch = { 0 };
    char secret[SHARE_SECRET_CHARS + 1], cookie[LINKS_COOKIE_BYTES];
    struct access access = { 0 };
    struct database *elsewhere;
    struct world world;
    struct error error;
    struct link link;
    bool was_alive;

    (void)state;
    begin(&world);
    links_on_end(world.links, remember, &told);
    add(&world, 0, AN_HOUR_NS, &link, secret);
    assert_int_equal(enter(&world, link.id, secret, &access, cookie), LINK_IS_GOOD);
    assert_int_equal(links_watch(world.links, &watch, &access), LINK_IS_GOOD);
    elsewhere = share_database_open(world.directory, DATABASE_WRITE, &error);
    assert_non_null(elsewhere);
    assert_true(link_table_revoke(elsewhere, link.id, timestamp_now(), &was_alive, &error));
    database_close(elsewhere);
    turn_for(&world, NS_PER_SECOND);
    assert_int_equal(told.n, 1);
    assert_int_equal(told.why, LINK_WAS_REVOKED);
    end(&world);
}

static void a_link_ends_by_the_clock(void **state)
{
    struct told told = { 0 };
    struct link_watch watch = { 0 };
    char secret[SHARE_SECRET_CHARS + 1], cookie[LINKS_COOKIE_BYTES];
    struct access access = { 0 };
    struct world world;
    struct link link;

    (void)state;
    begin(&world);
    links_on_end(world.links, remember, &told);
    add(&world, 0, NS_PER_SECOND / 5, &link, secret);
    assert_int_equal(enter(&world, link.id, secret, &access, cookie), LINK_IS_GOOD);
    assert_int_equal(links_watch(world.links, &watch, &access), LINK_IS_GOOD);
    turn_for(&world, NS_PER_SECOND);
    assert_int_equal(told.n, 1);
    assert_int_equal(told.why, LINK_WAS_EXPIRED);
    assert_int_equal(visit(&world, link.id, cookie, &access), LINK_WAS_EXPIRED);
    end(&world);
}

static void a_link_takes_so_many_people_at_once(void **state)
{
    char secret[SHARE_SECRET_CHARS + 1], cookies[3][LINKS_COOKIE_BYTES];
    struct link_watch first = { 0 };
    struct access access[3] = { 0 };
    struct world world;
    struct link link;

    (void)state;
    begin(&world);
    add(&world, 2, AN_HOUR_NS, &link, secret);
    assert_int_equal(enter(&world, link.id, secret, &access[0], cookies[0]), LINK_IS_GOOD);
    assert_int_equal(enter(&world, link.id, secret, &access[1], cookies[1]), LINK_IS_GOOD);
    assert_int_equal(enter(&world, link.id, secret, &access[2], cookies[2]), LINK_IS_FULL);
    assert_int_equal(visit(&world, link.id, cookies[0], &access[0]), LINK_IS_GOOD);
    /* who closes his socket leaves his place to the next one */
    assert_int_equal(links_watch(world.links, &first, &access[0]), LINK_IS_GOOD);
    links_unwatch(world.links, &first);
    assert_int_equal(enter(&world, link.id, secret, &access[2], cookies[2]), LINK_IS_GOOD);
    assert_int_equal(visit(&world, link.id, cookies[0], &access[0]), LINK_IS_FULL);
    end(&world);
}

static void a_key_of_programs_is_no_link_and_the_other_way_round(void **state)
{
    char secret[SHARE_SECRET_CHARS + 1], cookie[LINKS_COOKIE_BYTES], key[100];
    struct access access = { 0 };
    struct world world;
    struct error error;
    struct link link, program;
    unsigned rights = 0;

    (void)state;
    begin(&world);
    add(&world, 0, AN_HOUR_NS, &link, secret);
    snprintf(key, sizeof key, "%s.%s", link.id, secret);
    assert_int_equal(links_key(world.links, bytes_text(key), &access, &rights), LINK_IS_UNKNOWN);
    program = (struct link) { .kind = LINK_OF_PROGRAMS,
                              .scope = scope_of_all(),
                              .rights = RIGHT_SUBSCRIBE,
                              .created_by = made_by,
                              .expires_ns = INT64_MAX };
    assert_true(links_add(world.links, &program, secret, &error));
    snprintf(key, sizeof key, "%s.%s", program.id, secret);
    assert_int_equal(links_key(world.links, bytes_text(key), &access, &rights), LINK_IS_GOOD);
    assert_int_equal(rights, RIGHT_SUBSCRIBE);
    assert_int_equal(enter(&world, program.id, secret, &access, cookie), LINK_IS_UNKNOWN);
    end(&world);
}

/* Whether a link was revoked cannot be known then, so none opens anything. */
static void links_that_cannot_be_read_open_nothing(void **state)
{
    struct told told = { 0 };
    struct link_watch watch = { 0 };
    char secret[SHARE_SECRET_CHARS + 1], cookie[LINKS_COOKIE_BYTES], path[128];
    struct access access = { 0 };
    struct world world;
    struct link link;
    FILE *file;

    (void)state;
    begin(&world);
    links_on_end(world.links, remember, &told);
    add(&world, 0, AN_HOUR_NS, &link, secret);
    assert_int_equal(enter(&world, link.id, secret, &access, cookie), LINK_IS_GOOD);
    assert_int_equal(links_watch(world.links, &watch, &access), LINK_IS_GOOD);
    snprintf(path, sizeof path, "%s/share.db.other", world.directory);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs("no database", file);
    fclose(file);
    {
        char name[128];

        snprintf(name, sizeof name, "%s/share.db", world.directory);
        assert_int_equal(rename(path, name), 0);
    }
    turn_for(&world, NS_PER_SECOND);
    assert_int_equal(told.n, 1);
    assert_int_equal(told.why, LINK_UNREADABLE);
    assert_int_equal(visit(&world, link.id, cookie, &access), LINK_UNREADABLE);
    end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whoever_knows_the_secret_is_let_in),
        cmocka_unit_test(a_wrong_secret_opens_nothing),
        cmocka_unit_test(revoking_tells_who_is_looking),
        cmocka_unit_test(another_process_revokes_within_a_second),
        cmocka_unit_test(a_link_ends_by_the_clock),
        cmocka_unit_test(a_link_takes_so_many_people_at_once),
        cmocka_unit_test(a_key_of_programs_is_no_link_and_the_other_way_round),
        cmocka_unit_test(links_that_cannot_be_read_open_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
