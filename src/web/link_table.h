/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link_table - links and keys as they lie in share.db: written by the server and by `tapdeck share`, which
 * may be another process. What a link opens never changes once it was made; it can only be ended.
 *
 * A link lets people in (a page, by its secret in the fragment); a key lets programs of the AppSync door
 * subscribe, publish, or both.
 */
#pragma once

#include "web/access.h"
#include "web/share_database.h"
#include "web/share_secret.h"

enum {
    LINKS_LIMIT = 4096,    /* ended ones too, until they are forgotten */
    LINK_TEXT_BYTES = 256, /* label, created by, source */
    LINK_FILTER_BYTES = 4096,
    LINK_DEVICE_BYTES = 4096,
    LINK_VIEWERS_LIMIT = 10000,
};

#define LINK_FORGET_NS (30 * 86400 * INT64_C(1000000000)) /* after its end a link is listed so long */

enum link_kind { LINK_OF_PEOPLE, LINK_OF_PROGRAMS };

enum link_right { RIGHT_SUBSCRIBE = 1, RIGHT_PUBLISH = 2 }; /* of programs */

struct link {
    char id[SHARE_ID_CHARS + 1];
    enum link_kind kind;
    uint8_t secret_hash[SHARE_HASH_BYTES];
    char *label;        /* what it is for; NULL: nothing said */
    struct scope scope; /* its texts are the link's */
    enum access_role role;
    unsigned rights;
    int64_t created_ns;
    char *created_by;
    int64_t expires_ns;
    int64_t revoked_ns;    /* 0: not */
    uint32_t most_viewers; /* at once; 0: no bound */
    int64_t last_seen_ns;  /* 0: nobody came */
};

struct link_list {
    struct link *items; /* the latest made first */
    uint32_t n;
};

enum link_state { LINK_ALIVE, LINK_IS_EXPIRED, LINK_IS_REVOKED };
enum link_state link_state(const struct link *link, int64_t now_ns);
const char *link_state_name(enum link_state state); /* "alive", "expired", "revoked" */

const char *access_role_name(enum access_role role); /* "view", "comment", "control" */
bool access_role_parse(struct bytes text, enum access_role *role);

/*
 * Whether a link may be made so: lengths, times, a filter that can be read. False with *error saying what to
 * change. Texts are borrowed.
 */
bool link_check(const struct link *link, int64_t now_ns, struct error *error);

/*
 * Gives the link an id and its hash, writes it, and answers its secret, which is nowhere else. On the disk
 * when it returns. Forgets links that ended LINK_FORGET_NS ago. ERROR_LIMIT: there are LINKS_LIMIT.
 */
bool link_table_add(struct database *database, struct link *link, int64_t now_ns,
                    char secret[static SHARE_SECRET_CHARS + 1], struct error *error);

/* *was_alive: whether there was such a link, not ended yet. On the disk when it returns. */
bool link_table_revoke(struct database *database, const char *id, int64_t now_ns, bool *was_alive,
                       struct error *error);

bool link_table_load(struct database *database, struct link_list *list, struct error *error);
void link_clear(struct link *link);
void link_list_clear(struct link_list *list);

bool link_table_saw(struct database *database, const char *id, int64_t last_seen_ns, struct error *error);

/* Where the server was last reached: what `tapdeck share create` makes links for. "" when nobody said. */
bool link_table_set_server(struct database *database, const char *url, struct error *error);
bool link_table_server(struct database *database, char *url, size_t url_bytes, struct error *error);
