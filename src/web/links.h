/* SPDX-License-Identifier: Apache-2.0 */
/*
 * links - who a link lets in, decided in memory, on every request: the links of share.db as a server holds
 * them, brought up to date within LINKS_LOOK_MS when another process (`tapdeck share`) ends one.
 *
 * The cookie holds the visit's own random key and the link's secret, so that it is good across restarts and
 * needs no table of visits; what lies at rest opens nothing. Who the visitor is for the others is derived
 * from his key (share_person), which nobody else is told.
 *
 * Whoever has a socket open holds a link_watch, which counts him as here; what is to be closed when a link
 * ends is told by links_on_end. While share.db cannot be read, no link opens anything: whether
 * one was revoked cannot be known then.
 *
 * All functions: the loop's thread.
 */
#pragma once

#include "base/buffer.h"
#include "base/ip_address.h"
#include "net/loop.h"
#include "web/link_table.h"

enum {
    LINKS_LOOK_MS = 250,         /* how often it is asked whether share.db changed */
    LINKS_ACTIVE_MS = 60 * 1000, /* a viewer without a socket counts as here for so long */
    LINKS_COOKIE_BYTES = 128,
    LINKS_URL_BYTES = 256,
};

struct links;

enum link_answer {
    LINK_IS_GOOD,
    LINK_IS_UNKNOWN, /* no such link, or not its secret: answer as for what is not there */
    LINK_WAS_REVOKED,
    LINK_WAS_EXPIRED,
    LINK_IS_FULL,    /* as many viewers as it takes are here */
    LINK_UNREADABLE, /* share.db cannot be read */
};

/* For people, what it is and what to do: "this link was revoked; ask Ann for another one". */
void links_words(const struct links *links, enum link_answer answer, struct bytes id, struct buffer *out);

/* NULL with *error set. directory is borrowed. */
struct links *links_new(struct loop *loop, const char *directory, struct error *error);
void links_free(struct links *links); /* all watches must have been taken off */

/* Told of each link that ended, whatever ended it, within LINKS_LOOK_MS: what is open through it is to be
 * closed. why: LINK_WAS_REVOKED, LINK_WAS_EXPIRED or LINK_UNREADABLE. */
void links_on_end(struct links *links, void (*ended)(void *context, const char *id, enum link_answer why),
                  void *context);

/* ---- a request ---- */

enum link_credential {
    LINK_SECRET, /* what stands behind the # : "Authorization: Bearer ..." */
    LINK_COOKIE, /* the visit that entering gave: cookie "tapdeck-link" */
};

/*
 * Lets a secret in: *access says what it opens, new_cookie is for Set-Cookie "tapdeck-link". A cookie brought
 * along (may be empty) keeps its person. What is wrong takes as long whatever is wrong with it; how often it
 * may be tried is the gate's to say.
 */
enum link_answer links_enter(struct links *links, struct bytes id, struct bytes secret, struct bytes cookie,
                             struct access *access, char new_cookie[static LINKS_COOKIE_BYTES]);

/* Of a request below /s/<id>/. Texts in *access live as long as links; access->source is the caller's, and
 * who programs of one address are told apart by. *access is only written when it is LINK_IS_GOOD. */
enum link_answer links_visit(struct links *links, struct bytes id, enum link_credential credential,
                             struct bytes value, struct access *access);

/* The same of a program's key (x-api-key): *rights says what it may. */
enum link_answer links_key(struct links *links, struct bytes key, struct access *access, unsigned *rights);

/* ---- what lasts ---- */

struct link_watch { /* inside its owner */
    struct link_watch *next, *previous;
    struct link_entry *entry; /* NULL: not watched */
    char person[ACCESS_ID_BYTES];
};

/* LINK_IS_GOOD: the watch is on (for members: nothing to watch). LINK_IS_FULL and the others: it is not. */
enum link_answer links_watch(struct links *links, struct link_watch *watch, const struct access *access);
void links_unwatch(struct links *links, struct link_watch *watch); /* fine when it is off */

/* ---- for members ---- */

/* As link_table_add, and known at once. */
bool links_add(struct links *links, struct link *link, char secret[static SHARE_SECRET_CHARS + 1],
               struct error *error);

/* As link_table_revoke; its watches are told before it returns. */
bool links_revoke(struct links *links, const char *id, bool *was_alive, struct error *error);

/* All that are not forgotten, the latest made first; borrowed until the loop's next turn. *n_viewers, beside
 * them: how many people are here now. */
struct link_view {
    const struct link *link;
    uint32_t n_viewers;
};
const struct link_view *links_list(struct links *links, uint32_t *n);
const struct link *links_find(struct links *links, struct bytes id); /* NULL: none */

/* Goes through the scopes of links that let people in and are alive. */
void links_each(struct links *links, void (*told)(void *context, const struct link *link), void *context);

/* share.db itself, for the tables beside: the same connection, the same thread. NULL while it is unreadable.
 */
struct database *links_database(struct links *links);

struct links_statistics {
    uint64_t n_entered, n_wrong, n_full, n_ended;
    uint32_t n_alive, n_watched;
    bool is_readable;
};
void links_statistics(const struct links *links, struct links_statistics *statistics);
