/* SPDX-License-Identifier: Apache-2.0 */
#include "device/session_table.h"

#include <stdlib.h>

#include "base/huge_pages.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

enum {
    CID_GLOBAL_BYTES = 6, /* a shorter connection id names a session at its own server only */
    CID_LEN_WORDS = CID_LIMIT_BYTES / 64 + 1,
};

struct session_table {
    uint64_t hash_seed;
    struct session *sessions;
    uint32_t limit, n_used;
    uint32_t *by_cid, *by_token;
    uint32_t *by_name; /* sealed ones, of each name the newest */
    uint32_t n_buckets;
    uint32_t oldest, newest;
    uint32_t n_cids_of_len[CID_LIMIT_BYTES + 1];
    uint64_t cid_lens[CID_LEN_WORDS]; /* a bit for each length that some session's id has */
    uint64_t n_evicted;
};

struct session_table *session_table_new(uint32_t limit, uint64_t hash_seed)
{
    struct session_table *table = calloc(1, sizeof *table);

    if (table == NULL)
        return NULL;
    table->hash_seed = hash_seed;
    table->limit = limit;
    table->n_buckets = 1;
    while (table->n_buckets < limit)
        table->n_buckets *= 2;
    table->sessions = calloc(limit, sizeof *table->sessions);
    table->by_cid = malloc(table->n_buckets * sizeof *table->by_cid);
    table->by_token = malloc(table->n_buckets * sizeof *table->by_token);
    table->by_name = malloc(table->n_buckets * sizeof *table->by_name);
    if (!table->sessions || !table->by_cid || !table->by_token || !table->by_name) {
        session_table_free(table);
        return NULL;
    }
    huge_pages_wish(table->sessions, limit * sizeof *table->sessions);
    for (uint32_t i = 0; i < table->n_buckets; i++)
        table->by_cid[i] = table->by_token[i] = table->by_name[i] = SESSION_NONE;
    table->oldest = table->newest = SESSION_NONE;
    return table;
}

static void free_bytes(struct bytes *bytes)
{
    free((void *)(uintptr_t)bytes->data);
    *bytes = (struct bytes) { 0 };
}

static void free_contents(struct session *session)
{
    names_clear(&session->names);
    free_bytes(&session->cid_to_server);
    free_bytes(&session->cid_to_client);
    free_bytes(&session->token);
}

void session_table_free(struct session_table *table)
{
    if (table == NULL)
        return;
    for (uint32_t i = 0; table->sessions && i < table->n_used; i++)
        free_contents(&table->sessions[i]);
    free(table->sessions);
    free(table->by_cid);
    free(table->by_token);
    free(table->by_name);
    free(table);
}

static uint32_t bucket_of(const struct session_table *table, struct bytes bytes)
{
    return (uint32_t)(XXH3_64bits_withSeed(bytes.data, bytes.len, table->hash_seed) & (table->n_buckets - 1));
}

static void age_unlink(struct session_table *table, struct session *session)
{
    if (session->older != SESSION_NONE)
        table->sessions[session->older].newer = session->newer;
    else
        table->oldest = session->newer;
    if (session->newer != SESSION_NONE)
        table->sessions[session->newer].older = session->older;
    else
        table->newest = session->older;
}

static void age_append(struct session_table *table, uint32_t i)
{
    struct session *session = &table->sessions[i];

    session->older = table->newest;
    session->newer = SESSION_NONE;
    if (table->newest != SESSION_NONE)
        table->sessions[table->newest].newer = i;
    else
        table->oldest = i;
    table->newest = i;
}

static void token_link(struct session_table *table, uint32_t i)
{
    struct session *session = &table->sessions[i];
    uint32_t *bucket;

    if (session->token.len == 0)
        return;
    bucket = &table->by_token[bucket_of(table, session->token)];
    session->next_by_token = *bucket;
    *bucket = i;
}

static void token_unlink(struct session_table *table, uint32_t i)
{
    const struct session *session = &table->sessions[i];
    uint32_t *link;

    if (session->token.len == 0)
        return;
    link = &table->by_token[bucket_of(table, session->token)];
    while (*link != i)
        link = &table->sessions[*link].next_by_token;
    *link = session->next_by_token;
}

/* The name a device's sealed sessions are told by: the first that is a device's. False: it has none. */
static bool device_of(const struct session *session, struct identity_name *name)
{
    for (size_t at = 0; !session->is_plain && names_next(&session->names, &at, name);) {
        if (identity_scheme_class(name->scheme) == IDENTITY_OF_DEVICE)
            return true;
    }
    return false;
}

static void name_unlink(struct session_table *table, uint32_t i)
{
    const struct session *session = &table->sessions[i];
    struct identity_name name;
    uint32_t *link;

    if (session->is_succeeded || !device_of(session, &name))
        return;
    link = &table->by_name[bucket_of(table, name.identity)];
    while (*link != i)
        link = &table->sessions[*link].next_by_name;
    *link = session->next_by_name;
}

/* Numbers tell which is newer: one that was asleep comes back after its successors. */
static void name_link(struct session_table *table, uint32_t i)
{
    struct session *session = &table->sessions[i];
    struct identity_name name, other;
    uint32_t *bucket;

    if (session->is_succeeded || !device_of(session, &name))
        return;
    bucket = &table->by_name[bucket_of(table, name.identity)];
    for (uint32_t *link = bucket; *link != SESSION_NONE; link = &table->sessions[*link].next_by_name) {
        struct session *known = &table->sessions[*link];

        if (!device_of(known, &other) || other.scheme != name.scheme ||
            !bytes_equal(other.identity, name.identity))
            continue;
        if (known->number > session->number) {
            session->is_succeeded = true;
            return;
        }
        *link = known->next_by_name;
        known->is_succeeded = true;
        break;
    }
    session->next_by_name = *bucket;
    *bucket = i;
}

static void evict(struct session_table *table, uint32_t i)
{
    struct session *session = &table->sessions[i];
    uint32_t *link;

    if (session->cid_to_server.len) {
        link = &table->by_cid[bucket_of(table, session->cid_to_server)];
        while (*link != i)
            link = &table->sessions[*link].next_by_cid;
        *link = session->next_by_cid;
        if (--table->n_cids_of_len[session->cid_to_server.len] == 0)
            table->cid_lens[session->cid_to_server.len >> 6] &=
                ~(UINT64_C(1) << (session->cid_to_server.len & 63));
    }
    token_unlink(table, i);
    name_unlink(table, i);
    age_unlink(table, session);
    free_contents(session);
    session->number = 0;
    table->n_evicted++;
}

static bool copy(struct bytes *to, struct bytes from, size_t limit)
{
    uint8_t *data;

    *to = (struct bytes) { 0 };
    if (from.len == 0 || from.len > limit)
        return true;
    data = malloc(from.len);
    if (data == NULL)
        return false;
    memcpy(data, from.data, from.len);
    *to = bytes_of(data, from.len);
    return true;
}

uint32_t session_table_add(struct session_table *table, const struct session *session)
{
    struct session added = { .number = session->number,
                             .server = session->server,
                             .is_plain = session->is_plain };
    uint32_t i;

    if (!names_copy(&added.names, &session->names) ||
        !copy(&added.cid_to_server, session->cid_to_server, CID_LIMIT_BYTES) ||
        !copy(&added.cid_to_client, session->cid_to_client, CID_LIMIT_BYTES) ||
        !copy(&added.token, session->token, TOKEN_LIMIT_BYTES)) {
        free_contents(&added);
        return SESSION_NONE;
    }
    if (table->n_used < table->limit) {
        i = table->n_used++;
    } else {
        i = table->oldest;
        evict(table, i);
    }
    if (added.cid_to_server.len) { /* in front: the newest ServerHello wins */
        uint32_t *bucket = &table->by_cid[bucket_of(table, added.cid_to_server)];

        added.next_by_cid = *bucket;
        *bucket = i;
        table->n_cids_of_len[added.cid_to_server.len]++;
        table->cid_lens[added.cid_to_server.len >> 6] |= UINT64_C(1) << (added.cid_to_server.len & 63);
    }
    table->sessions[i] = added;
    token_link(table, i);
    name_link(table, i);
    age_append(table, i);
    return i;
}

struct session *session_table_get(struct session_table *table, uint32_t index, uint64_t number)
{
    if (index >= table->n_used || number == 0 || table->sessions[index].number != number)
        return NULL;
    return &table->sessions[index];
}

struct session *session_table_at(struct session_table *table, uint32_t index)
{
    return &table->sessions[index];
}

void session_table_touch(struct session_table *table, uint32_t index)
{
    if (table->newest == index)
        return;
    age_unlink(table, &table->sessions[index]);
    age_append(table, index);
}

bool session_table_name(struct session_table *table, uint32_t index, enum identity_scheme scheme,
                        struct bytes identity)
{
    struct session *session = &table->sessions[index];
    struct identity_name name;
    bool had_name = device_of(session, &name), is_added = names_add(&session->names, scheme, identity);

    if (!had_name)
        name_link(table, index);
    return is_added;
}

void session_table_set_token(struct session_table *table, uint32_t index, struct bytes token)
{
    struct session *session = &table->sessions[index];
    struct bytes added;

    if (bytes_equal(session->token, token) || !copy(&added, token, TOKEN_LIMIT_BYTES))
        return;
    token_unlink(table, index);
    free_bytes(&session->token);
    session->token = added;
    token_link(table, index);
}

size_t session_table_cid_len(const struct session_table *table, size_t below)
{
    size_t word = below >> 6;
    uint64_t lens = word < CID_LEN_WORDS ? table->cid_lens[word] & ((UINT64_C(1) << (below & 63)) - 1) : 0;

    if (word >= CID_LEN_WORDS) {
        word = CID_LEN_WORDS - 1;
        lens = table->cid_lens[word];
    }
    while (lens == 0 && word > 0)
        lens = table->cid_lens[--word];
    return lens ? word * 64 + 63 - (size_t)__builtin_clzll(lens) : 0;
}

uint32_t session_table_by_cid(const struct session_table *table, struct bytes cid,
                              const struct ip_address *server)
{
    uint32_t elsewhere = SESSION_NONE;

    if (cid.len == 0)
        return SESSION_NONE;
    for (uint32_t i = table->by_cid[bucket_of(table, cid)]; i != SESSION_NONE;
         i = table->sessions[i].next_by_cid) {
        if (!bytes_equal(table->sessions[i].cid_to_server, cid))
            continue;
        if (ip_address_equal(&table->sessions[i].server, server))
            return i;
        if (elsewhere == SESSION_NONE)
            elsewhere = i;
    }
    return cid.len >= CID_GLOBAL_BYTES ? elsewhere : SESSION_NONE;
}

uint32_t session_table_by_token(const struct session_table *table, struct bytes token)
{
    if (token.len == 0)
        return SESSION_NONE;
    for (uint32_t i = table->by_token[bucket_of(table, token)]; i != SESSION_NONE;
         i = table->sessions[i].next_by_token) {
        if (bytes_equal(table->sessions[i].token, token))
            return i;
    }
    return SESSION_NONE;
}

uint64_t session_table_evicted(const struct session_table *table)
{
    return table->n_evicted;
}
