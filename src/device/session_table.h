/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session_table - sessions by number, and by what may tie a later contact to them: the connection id the
 * server receives, and the token a client would come back with (a session id, the digest of a ticket or of a
 * location path). Bounded: the session used least recently makes room.
 *
 * Whoever looks for a session asks here and nowhere else, and holds an index with the number it had: so those
 * that sleep may be kept elsewhere one day.
 */
#pragma once

#include "device/names.h"

enum { SESSION_NONE = UINT32_MAX };

struct session {
    uint64_t
        number; /* 0: the slot is free; a holder of an index compares it, for the slot may be used anew */
    struct ip_address server;
    bool is_plain; /* struct flow's */
    uint32_t flow; /* number of the flow it was bound to last; it may have left others */
    /* Owned copies. */
    struct names names; /* none: a session that nobody named */
    struct bytes cid_to_server;
    struct bytes cid_to_client;
    struct bytes token;
    uint32_t next_by_cid, next_by_token;
    uint32_t older, newer;
};

struct session_table;

struct session_table *session_table_new(uint32_t limit, uint64_t hash_seed);
void session_table_free(struct session_table *table);

/* A new session with copies of what *session has; answers its index, or SESSION_NONE without memory. */
uint32_t session_table_add(struct session_table *table, const struct session *session);

/* The session at an index while it still has that number; NULL when it was evicted. */
struct session *session_table_get(struct session_table *table, uint32_t index, uint64_t number);

void session_table_touch(struct session_table *table, uint32_t index);

/* Another name for the session at an index. False as names_add. */
bool session_table_name(struct session_table *table, uint32_t index, enum identity_scheme scheme,
                        struct bytes identity);

/* The token by which it is found from now on, instead of the one it had. */
void session_table_set_token(struct session_table *table, uint32_t index, struct bytes token);

/*
 * The session whose server is spoken to with that connection id. One at that server is preferred; at another
 * server only ids long enough not to meet by chance count.
 */
uint32_t session_table_by_cid(const struct session_table *table, struct bytes cid,
                              const struct ip_address *server);

/* The longest length below `below` that a connection id of some session has; 0 when there is none. */
size_t session_table_cid_len(const struct session_table *table, size_t below);

uint32_t session_table_by_token(const struct session_table *table, struct bytes token);

struct session *session_table_at(struct session_table *table, uint32_t index);
uint64_t session_table_evicted(const struct session_table *table);
