/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session_table - DTLS sessions by number, by the connection id the server receives, and by the session id a
 * resumption would offer. Bounded: the session used least recently makes room.
 */
#pragma once

#include "device/binding.h"

enum { SESSION_NONE = UINT32_MAX };

struct session {
    uint64_t
        number; /* 0: the slot is free; a holder of an index compares it, for the slot may be used anew */
    enum identity_scheme scheme;
    struct ip_address server;
    /* Owned copies. */
    struct bytes identity;
    struct bytes cid_to_server;
    struct bytes cid_to_client;
    struct bytes session_id;
    uint32_t next_by_cid, next_by_session_id;
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

/*
 * The session whose server is spoken to with the connection id that `bytes` begins with; all lengths in use
 * are tried, longest first. One at that server is preferred; at another server only ids long enough not to
 * meet by chance count.
 */
uint32_t session_table_by_cid(const struct session_table *table, struct bytes bytes,
                              const struct ip_address *server);
uint32_t session_table_by_session_id(const struct session_table *table, struct bytes session_id);

struct session *session_table_at(struct session_table *table, uint32_t index);
uint64_t session_table_evicted(const struct session_table *table);
