/* SPDX-License-Identifier: Apache-2.0 */
#include "web/links.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/timestamp.h"
#include "base/utf8.h"

enum {
    LOOK_AGAIN_MS = 2,              /* for an id that nobody knows: so often guessing costs a look at most */
    SAW_EVERY_MS = 60 * 1000,       /* last_seen_ns is written at most so often */
    KEY_CHARS = SHARE_PERSON_CHARS, /* of the visit, in the cookie */
};

static const int64_t ns_per_ms = NS_PER_SECOND / 1000;

struct viewer {
    char person[ACCESS_ID_BYTES];
    uint32_t n_watches;
    int64_t last_ns; /* of the loop's clock */
};

/* Lives until links_free: a link's scope is borrowed by whoever it let in, and never changes. */
struct link_entry {
    struct link_entry *next; /* all, the one met last first */
    struct link link;
    bool is_listed; /* share.db still has it */
    enum link_answer told;
    struct link_watch *watches;
    struct viewer *viewers; /* who is here, or was a moment ago; of a bounded link at most most_viewers */
    uint32_t n_viewers, viewers_cap;
    bool was_seen; /* since last_seen_ns was written */
};

struct links {
    struct loop *loop;
    const char *directory;
    struct database *database;
    bool is_readable;
    struct link_entry *entries;
    struct link_view *views; /* of links_list */
    uint32_t n_listed;
    void (*ended)(void *context, const char *id, enum link_answer why);
    void *ended_context;
    struct loop_timer look;
    int64_t saw_ns;
    int64_t asked_ns; /* when share.db was last looked at for an id that nobody knew */
    struct links_statistics statistics;
};

/* ---- watches ---- */

static struct viewer *viewer_find(struct link_entry *entry, const char *person)
{
    for (uint32_t i = 0; i < entry->n_viewers; i++) {
        if (strcmp(entry->viewers[i].person, person) == 0)
            return &entry->viewers[i];
    }
    return NULL;
}

static bool viewer_is_here(const struct links *links, const struct viewer *viewer)
{
    return viewer->n_watches > 0 || loop_now_ns(links->loop) - viewer->last_ns < LINKS_ACTIVE_MS * ns_per_ms;
}

static uint32_t viewers_here(const struct links *links, struct link_entry *entry)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < entry->n_viewers; i++) { /* those who left make room */
        if (viewer_is_here(links, &entry->viewers[i]))
            entry->viewers[n++] = entry->viewers[i];
    }
    entry->n_viewers = n;
    return n;
}

/* Who comes, or is here already. NULL: there is no room for one more. */
static struct viewer *viewer_put(const struct links *links, struct link_entry *entry, const char *person)
{
    struct viewer *viewer = viewer_find(entry, person);
    uint32_t n, limit = entry->link.most_viewers ? entry->link.most_viewers : LINK_VIEWERS_LIMIT;

    if (viewer == NULL || !viewer_is_here(links, viewer)) {
        n = viewers_here(links, entry);
        viewer = NULL;
        if (n >= limit)
            return NULL;
    }
    if (viewer == NULL) {
        if (entry->n_viewers == entry->viewers_cap) {
            uint32_t cap = entry->viewers_cap ? entry->viewers_cap * 2 : 4;
            struct viewer *viewers = realloc(entry->viewers, cap * sizeof *viewers);

            if (viewers == NULL)
                return NULL;
            entry->viewers = viewers;
            entry->viewers_cap = cap;
        }
        viewer = &entry->viewers[entry->n_viewers++];
        *viewer = (struct viewer) { 0 };
        snprintf(viewer->person, sizeof viewer->person, "%s", person);
    }
    viewer->last_ns = loop_now_ns(links->loop);
    return viewer;
}

static void take_off(struct links *links, struct link_watch *watch)
{
    struct link_entry *entry = watch->entry;
    struct viewer *viewer = viewer_find(entry, watch->person);

    if (watch->previous)
        watch->previous->next = watch->next;
    else
        entry->watches = watch->next;
    if (watch->next)
        watch->next->previous = watch->previous;
    watch->entry = NULL;
    links->statistics.n_watched--;
    if (viewer) {
        viewer->n_watches--;
        viewer->last_ns = loop_now_ns(links->loop) - LINKS_ACTIVE_MS * ns_per_ms; /* who closes is gone */
    }
}

void links_unwatch(struct links *links, struct link_watch *watch)
{
    if (watch->entry)
        take_off(links, watch);
}

void links_on_end(struct links *links, void (*ended)(void *context, const char *id, enum link_answer why),
                  void *context)
{
    links->ended = ended;
    links->ended_context = context;
}

/* Once for each end; a link that can be read again may end again. */
static void tell_end(struct links *links, struct link_entry *entry, enum link_answer answer)
{
    if (entry->told == answer)
        return;
    entry->told = answer;
    if (answer == LINK_IS_GOOD)
        return;
    links->statistics.n_ended++;
    while (entry->watches)
        take_off(links, entry->watches);
    if (links->ended)
        links->ended(links->ended_context, entry->link.id, answer);
}

/* ---- share.db ---- */

static struct link_entry *entry_find(struct links *links, struct bytes id)
{
    for (struct link_entry *entry = links->entries; entry; entry = entry->next) {
        if (bytes_equal(bytes_text(entry->link.id), id))
            return entry;
    }
    return NULL;
}

/* Takes a row over: what a known link opens stays as it is. False without memory. */
static bool take_row(struct links *links, struct link *row)
{
    struct link_entry *entry = entry_find(links, bytes_text(row->id));

    if (entry == NULL) {
        entry = calloc(1, sizeof *entry);
        if (entry == NULL)
            return false;
        entry->link = *row;
        *row = (struct link) { 0 };
        entry->next = links->entries;
        links->entries = entry;
    } else {
        entry->link.revoked_ns = row->revoked_ns;
        if (entry->link.last_seen_ns < row->last_seen_ns)
            entry->link.last_seen_ns = row->last_seen_ns;
    }
    entry->is_listed = true;
    return true;
}

static bool take_rows(struct links *links, struct link_list *list, struct error *error)
{
    struct link_view *views = realloc(links->views, (list->n + 1) * sizeof *views);

    if (views == NULL)
        return error_set(error, ERROR_SYSTEM, "no memory for the links");
    links->views = views;
    links->n_listed = 0;
    for (struct link_entry *entry = links->entries; entry; entry = entry->next)
        entry->is_listed = false;
    for (uint32_t i = 0; i < list->n; i++) {
        char id[SHARE_ID_CHARS + 1];

        memcpy(id, list->items[i].id, sizeof id);
        if (!take_row(links, &list->items[i]))
            return error_set(error, ERROR_SYSTEM, "no memory for the links");
        views[links->n_listed++].link = &entry_find(links, bytes_text(id))->link;
    }
    return true;
}

static enum link_answer state_answer(const struct link_entry *entry, int64_t now_ns)
{
    if (!entry->is_listed)
        return LINK_WAS_REVOKED; /* forgotten, or another file was put in place */
    switch (link_state(&entry->link, now_ns)) {
    case LINK_IS_REVOKED:
        return LINK_WAS_REVOKED;
    case LINK_IS_EXPIRED:
        return LINK_WAS_EXPIRED;
    case LINK_ALIVE:
        break;
    }
    return LINK_IS_GOOD;
}

static void end_those_over(struct links *links)
{
    int64_t now_ns = timestamp_now();

    for (struct link_entry *entry = links->entries; entry; entry = entry->next) {
        enum link_answer answer = state_answer(entry, now_ns);

        if (answer == LINK_IS_GOOD && !links->is_readable)
            answer = LINK_UNREADABLE;
        tell_end(links, entry, answer);
    }
}

static bool load(struct links *links, struct error *error)
{
    struct link_list list;
    bool is_taken;

    if (!link_table_load(links->database, &list, error))
        return false;
    is_taken = take_rows(links, &list, error);
    link_list_clear(&list);
    return is_taken;
}

/* Opens share.db, makes it when it is not there. */
static bool reopen(struct links *links, struct error *error)
{
    database_close(links->database);
    links->database = share_database_open(links->directory, DATABASE_WRITE, error);
    if (links->database == NULL)
        return false;
    return database_look(links->database, error) != DATABASE_UNKNOWN && load(links, error);
}

static bool bring_up_to_date(struct links *links, struct error *error)
{
    if (links->database == NULL || !links->is_readable)
        return reopen(links, error);
    switch (database_look(links->database, error)) {
    case DATABASE_SAME:
        return true;
    case DATABASE_CHANGED:
        return load(links, error);
    case DATABASE_REPLACED:
        return reopen(links, error);
    case DATABASE_UNKNOWN:
        break;
    }
    return false;
}

static void look(struct links *links)
{
    struct error error;
    bool was_readable = links->is_readable;

    links->is_readable = bring_up_to_date(links, &error);
    if (was_readable && !links->is_readable)
        log_write(LEVEL_ERROR, "no link opens anything any more: %s", error.text);
    else if (!was_readable && links->is_readable)
        log_write(LEVEL_NOTICE, "links can be read again");
    end_those_over(links);
}

/* Those who came since the last time; a visit that cannot be written is worth no word more than the look's.
 */
static void write_visits(struct links *links)
{
    struct error error;

    links->saw_ns = loop_now_ns(links->loop);
    if (!links->is_readable)
        return;
    for (struct link_entry *entry = links->entries; entry; entry = entry->next) {
        if (entry->was_seen &&
            link_table_saw(links->database, entry->link.id, entry->link.last_seen_ns, &error))
            entry->was_seen = false;
    }
}

static void look_and_again(void *context)
{
    struct links *links = context;

    look(links);
    if (loop_now_ns(links->loop) - links->saw_ns >= SAW_EVERY_MS * ns_per_ms)
        write_visits(links);
    loop_timer_set(links->loop, &links->look, loop_now_ns(links->loop) + LINKS_LOOK_MS * ns_per_ms);
}

struct links *links_new(struct loop *loop, const char *directory, struct error *error)
{
    struct links *links = calloc(1, sizeof *links);

    if (links == NULL) {
        error_system(error, "links");
        return NULL;
    }
    *links = (struct links) { .loop = loop, .directory = directory, .saw_ns = loop_now_ns(loop) };
    links->look = (struct loop_timer) { .fire = look_and_again, .context = links };
    if (!loop_timer_add(loop, &links->look, error)) {
        free(links);
        return NULL;
    }
    if (reopen(links, error)) {
        links->is_readable = true;
        loop_timer_set(loop, &links->look, loop_now_ns(loop) + LINKS_LOOK_MS * ns_per_ms);
        return links;
    }
    links_free(links);
    return NULL;
}

void links_free(struct links *links)
{
    if (links == NULL)
        return;
    if (links->is_readable)
        write_visits(links);
    loop_timer_remove(links->loop, &links->look);
    while (links->entries) {
        struct link_entry *entry = links->entries;

        assert(entry->watches == NULL);
        links->entries = entry->next;
        link_clear(&entry->link);
        free(entry->viewers);
        free(entry);
    }
    database_close(links->database);
    free(links->views);
    free(links);
}

/* ---- who is let in ---- */

/* The link of that id, whose secret it is; else NULL. */
static struct link_entry *entry_of(struct links *links, struct bytes id, struct bytes secret,
                                   enum link_kind kind)
{
    static const uint8_t nobodys[SHARE_HASH_BYTES];
    uint8_t hash[SHARE_HASH_BYTES];
    struct link_entry *entry = share_id_is_plain(id) ? entry_find(links, id) : NULL;
    bool is_its_secret;

    share_secret_hash(id, secret, hash);
    is_its_secret = share_hash_equal(hash, entry ? entry->link.secret_hash : nobodys);
    return entry && is_its_secret && entry->link.kind == kind && entry->is_listed ? entry : NULL;
}

/* A link that is not there takes as long, and is refused in the same words, as a wrong secret. */
static enum link_answer admit(struct links *links, struct bytes id, struct bytes secret, enum link_kind kind,
                              struct link_entry **found)
{
    struct link_entry *entry;

    if (!links->is_readable)
        return LINK_UNREADABLE;
    entry = entry_of(links, id, secret, kind);
    if (entry == NULL && loop_now_ns(links->loop) - links->asked_ns >= LOOK_AGAIN_MS * ns_per_ms) {
        links->asked_ns = loop_now_ns(links->loop);
        look(links); /* it may have been made by another process a moment ago */
        entry = entry_of(links, id, secret, kind);
    }
    if (entry == NULL) {
        links->statistics.n_wrong++;
        return LINK_IS_UNKNOWN;
    }
    *found = entry;
    return links->is_readable ? state_answer(entry, timestamp_now()) : LINK_UNREADABLE;
}

static enum link_answer let_in(struct links *links, struct link_entry *entry, const char *person,
                               struct access *access)
{
    const struct link *link = &entry->link;

    if (viewer_put(links, entry, person) == NULL) {
        links->statistics.n_full++;
        return LINK_IS_FULL;
    }
    entry->link.last_seen_ns = timestamp_now();
    entry->was_seen = true;
    *access = (struct access) {
        .kind = ACCESS_LINK,
        .role = link->role,
        .scope = link->scope,
        .expires_ns = link->expires_ns,
        .source = access->source,
    };
    snprintf(access->link, sizeof access->link, "%s", link->id);
    snprintf(access->person, sizeof access->person, "%s", person);
    return LINK_IS_GOOD;
}

/* "<key>.<secret>": false when it is nothing of the kind. */
static bool cookie_parts(struct bytes cookie, struct bytes *key, struct bytes *secret)
{
    if (cookie.len != KEY_CHARS + 1 + SHARE_SECRET_CHARS || cookie.data[KEY_CHARS] != '.')
        return false;
    *key = bytes_of(cookie.data, KEY_CHARS);
    *secret = bytes_of(cookie.data + KEY_CHARS + 1, SHARE_SECRET_CHARS);
    return true;
}

enum link_answer links_enter(struct links *links, struct bytes id, struct bytes secret, struct bytes cookie,
                             struct access *access, char new_cookie[static LINKS_COOKIE_BYTES])
{
    char person[SHARE_PERSON_CHARS + 1], fresh[SHARE_SECRET_CHARS + 1];
    struct bytes key, old_secret;
    struct link_entry *entry;
    enum link_answer answer = admit(links, id, secret, LINK_OF_PEOPLE, &entry);

    if (answer != LINK_IS_GOOD)
        return answer;
    if (!cookie_parts(cookie, &key, &old_secret) || !bytes_equal(old_secret, secret)) {
        if (!share_secret_make(fresh))
            return LINK_UNREADABLE;
        key = bytes_of(fresh, KEY_CHARS);
    }
    share_person(id, "visit", key, person);
    answer = let_in(links, entry, person, access);
    if (answer == LINK_IS_GOOD) {
        links->statistics.n_entered++;
        snprintf(new_cookie, LINKS_COOKIE_BYTES, "%.*s.%.*s", (int)key.len, (const char *)key.data,
                 (int)secret.len, (const char *)secret.data);
    }
    return answer;
}

/* Programs of one address are one viewer. */
static struct bytes address_of(const struct access *access)
{
    return access->source ? bytes_of(access->source->bytes, sizeof access->source->bytes) : bytes_of("", 0);
}

enum link_answer links_visit(struct links *links, struct bytes id, enum link_credential credential,
                             struct bytes value, struct access *access)
{
    char person[SHARE_PERSON_CHARS + 1];
    struct link_entry *entry;
    struct bytes key = address_of(access), secret = value;
    enum link_answer answer;

    if (credential == LINK_COOKIE && !cookie_parts(value, &key, &secret))
        secret = bytes_of("", 0); /* takes as long as any other wrong one */
    answer = admit(links, id, secret, LINK_OF_PEOPLE, &entry);
    if (answer != LINK_IS_GOOD)
        return answer;
    share_person(id, credential == LINK_COOKIE ? "visit" : "program", key, person);
    return let_in(links, entry, person, access);
}

enum link_answer links_key(struct links *links, struct bytes key, struct access *access, unsigned *rights)
{
    struct bytes id = { 0 }, secret = { 0 };
    char person[SHARE_PERSON_CHARS + 1];
    struct link_entry *entry;
    enum link_answer answer;

    if (key.len == SHARE_ID_CHARS + 1 + SHARE_SECRET_CHARS && key.data[SHARE_ID_CHARS] == '.') {
        id = bytes_of(key.data, SHARE_ID_CHARS);
        secret = bytes_of(key.data + SHARE_ID_CHARS + 1, SHARE_SECRET_CHARS);
    }
    answer = admit(links, id, secret, LINK_OF_PROGRAMS, &entry);
    if (answer != LINK_IS_GOOD)
        return answer;
    *rights = entry->link.rights;
    share_person(id, "program", address_of(access), person);
    return let_in(links, entry, person, access);
}

enum link_answer links_watch(struct links *links, struct link_watch *watch, const struct access *access)
{
    struct link_entry *entry;
    struct viewer *viewer;
    enum link_answer answer;

    watch->entry = NULL;
    if (access->kind == ACCESS_MEMBER)
        return LINK_IS_GOOD;
    entry = access->kind == ACCESS_LINK ? entry_find(links, bytes_text(access->link)) : NULL;
    if (entry == NULL)
        return LINK_IS_UNKNOWN;
    answer = links->is_readable ? state_answer(entry, timestamp_now()) : LINK_UNREADABLE;
    if (answer != LINK_IS_GOOD)
        return answer;
    viewer = viewer_put(links, entry, access->person);
    if (viewer == NULL) {
        links->statistics.n_full++;
        return LINK_IS_FULL;
    }
    viewer->n_watches++;
    snprintf(watch->person, sizeof watch->person, "%s", access->person);
    watch->entry = entry;
    watch->previous = NULL;
    watch->next = entry->watches;
    if (entry->watches)
        entry->watches->previous = watch;
    entry->watches = watch;
    links->statistics.n_watched++;
    return LINK_IS_GOOD;
}

void links_words(const struct links *links, enum link_answer answer, struct bytes id, struct buffer *out)
{
    struct link_entry *entry = entry_find((struct links *)(uintptr_t)links, id);
    const char *who = entry && entry->link.created_by ? entry->link.created_by : "whoever gave it to you";

    switch (answer) {
    case LINK_WAS_REVOKED:
        buffer_put_text(out, "this link was revoked; ask ");
        break;
    case LINK_WAS_EXPIRED:
        buffer_put_text(out, "this link has expired; ask ");
        break;
    case LINK_IS_FULL:
        buffer_put_text(out,
                        "as many people as this link takes are here; try again when somebody left, or ask ");
        break;
    case LINK_UNREADABLE:
        buffer_put_text(out, "the server cannot read its links just now; try again, or tell its operator");
        return;
    case LINK_IS_UNKNOWN:
        buffer_put_text(out, "there is nothing here, or this link does not cover it");
        return;
    case LINK_IS_GOOD:
        return;
    }
    utf8_put_escaped(out, bytes_text(who));
    if (answer != LINK_IS_FULL)
        buffer_put_text(out, " for another one");
}

/* ---- for members ---- */

bool links_add(struct links *links, struct link *link, char secret[static SHARE_SECRET_CHARS + 1],
               struct error *error)
{
    if (!links->is_readable)
        return error_set(error, ERROR_SYSTEM, "share.db cannot be read just now, so no link can be made");
    return link_table_add(links->database, link, timestamp_now(), secret, error) && load(links, error);
}

bool links_revoke(struct links *links, const char *id, bool *was_alive, struct error *error)
{
    if (!links->is_readable)
        return error_set(error, ERROR_SYSTEM,
                         "share.db cannot be read just now; no link opens anything until it can");
    if (!link_table_revoke(links->database, id, timestamp_now(), was_alive, error) || !load(links, error))
        return false;
    end_those_over(links);
    return true;
}

const struct link_view *links_list(struct links *links, uint32_t *n)
{
    for (uint32_t i = 0; i < links->n_listed; i++) {
        struct link_entry *entry = entry_find(links, bytes_text(links->views[i].link->id));

        links->views[i].n_viewers = viewers_here(links, entry);
    }
    *n = links->n_listed;
    return links->views;
}

const struct link *links_find(struct links *links, struct bytes id)
{
    struct link_entry *entry = share_id_is_plain(id) ? entry_find(links, id) : NULL;

    return entry && entry->is_listed ? &entry->link : NULL;
}

void links_each(struct links *links, void (*told)(void *context, const struct link *link), void *context)
{
    int64_t now_ns = timestamp_now();

    for (struct link_entry *entry = links->entries; entry; entry = entry->next) {
        if (entry->link.kind == LINK_OF_PEOPLE && state_answer(entry, now_ns) == LINK_IS_GOOD)
            told(context, &entry->link);
    }
}

struct database *links_database(struct links *links)
{
    return links->is_readable ? links->database : NULL;
}

void links_statistics(const struct links *links, struct links_statistics *statistics)
{
    int64_t now_ns = timestamp_now();

    *statistics = links->statistics;
    statistics->is_readable = links->is_readable;
    statistics->n_alive = 0;
    for (const struct link_entry *entry = links->entries; entry; entry = entry->next)
        statistics->n_alive += state_answer(entry, now_ns) == LINK_IS_GOOD;
}
