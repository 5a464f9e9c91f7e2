/* SPDX-License-Identifier: Apache-2.0 */
#include "device/session_table.h"

#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { CID_GLOBAL_BYTES = 6 }; /* a shorter connection id names a session at its own server only */

struct session_table {
    uint64_t hash_seed;
    struct session *sessions;
    uint32_t limit, n_used;
    uint32_t *by_cid, *by_session_id;
    uint32_t n_buckets;
    uint32_t oldest, newest;
    uint32_t n_cids_of_len[CID_LIMIT_BYTES + 1]; /* which lengths are worth a look */
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
    table->by_session_id = malloc(table->n_buckets * sizeof *table->by_session_id);
    if (!table->sessions || !table->by_cid || !table->by_session_id) {
        session_table_free(table);
        return NULL;
    }
    for (uint32_t i = 0; i < table->n_buckets; i++)
        table->by_cid[i] = table->by_session_id[i] = SESSION_NONE;
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
    free_bytes(&session->identity);
    free_bytes(&session->cid_to_server);
    free_bytes(&session->cid_to_client);
    free_bytes(&session->session_id);
}

void session_table_free(struct session_table *table)
{
    if (table == NULL)
        return;
    for (uint32_t i = 0; table->sessions && i < table->n_used; i++)
        free_contents(&table->sessions[i]);
    free(table->sessions);
    free(table->by_cid);
    free(table->by_session_id);
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

static void evict(struct session_table *table, uint32_t i)
{
    struct session *session = &table->sessions[i];
    uint32_t *link;

    if (session->cid_to_server.len) {
        link = &table->by_cid[bucket_of(table, session->cid_to_server)];
        while (*link != i)
            link = &table->sessions[*link].next_by_cid;
        *link = session->next_by_cid;
        table->n_cids_of_len[session->cid_to_server.len]--;
    }
    if (session->session_id.len) {
        link = &table->by_session_id[bucket_of(table, session->session_id)];
        while (*link != i)
            link = &table->sessions[*link].next_by_session_id;
        *link = session->next_by_session_id;
    }
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
                             .scheme = session->scheme,
                             .server = session->server };
    uint32_t i;

    if (!copy(&added.identity, session->identity, IDENTITY_LIMIT_BYTES) ||
        !copy(&added.cid_to_server, session->cid_to_server, CID_LIMIT_BYTES) ||
        !copy(&added.cid_to_client, session->cid_to_client, CID_LIMIT_BYTES) ||
        !copy(&added.session_id, session->session_id, SESSION_ID_LIMIT_BYTES)) {
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
    }
    if (added.session_id.len) {
        uint32_t *bucket = &table->by_session_id[bucket_of(table, added.session_id)];

        added.next_by_session_id = *bucket;
        *bucket = i;
    }
    table->sessions[i] = added;
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

uint32_t session_table_by_cid(const struct session_table *table, struct bytes bytes,
                              const struct ip_address *server)
{
    size_t longest = bytes.len < CID_LIMIT_BYTES ? bytes.len : CID_LIMIT_BYTES;

    for (size_t len = longest; len > 0; len--) {
        struct bytes cid = bytes_of(bytes.data, len);
        uint32_t elsewhere = SESSION_NONE;

        if (table->n_cids_of_len[len] == 0)
            continue;
        for (uint32_t i = table->by_cid[bucket_of(table, cid)]; i != SESSION_NONE;
             i = table->sessions[i].next_by_cid) {
            if (!bytes_equal(table->sessions[i].cid_to_server, cid))
                continue;
            if (ip_address_equal(&table->sessions[i].server, server))
                return i;
            if (elsewhere == SESSION_NONE)
                elsewhere = i;
        }
        if (elsewhere != SESSION_NONE && len >= CID_GLOBAL_BYTES)
            return elsewhere;
    }
    return SESSION_NONE;
}

uint32_t session_table_by_session_id(const struct session_table *table, struct bytes session_id)
{
    if (session_id.len == 0)
        return SESSION_NONE;
    for (uint32_t i = table->by_session_id[bucket_of(table, session_id)]; i != SESSION_NONE;
         i = table->sessions[i].next_by_session_id) {
        if (bytes_equal(table->sessions[i].session_id, session_id))
            return i;
    }
    return SESSION_NONE;
}

uint64_t session_table_evicted(const struct session_table *table)
{
    return table->n_evicted;
}
