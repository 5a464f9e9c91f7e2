/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/session_keys.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "archive/device_table_parts.h"
#include "base/timestamp.h"

enum {
    BLOCK_WORDS = 8, /* one cache line, one bit in each word */
    N_BLOCKS = SESSION_KEYS_FILTER_BYTES / (BLOCK_WORDS * 8),
};

#define REOPEN_NS (60 * NS_PER_SECOND) /* a table that could not be opened is tried again so often */

struct session_keys {
    char *directory;
    _Atomic uint64_t *words;     /* NULL: no filter */
    _Atomic uint64_t lengths[4]; /* of connection ids: bit n for n bytes */
    _Atomic uint64_t seed;
    atomic_uint generation; /* odd: a table is being taken up */
    /* The asking thread's. */
    struct device_table *table;
    unsigned table_generation;
    int64_t retry_ns;
    int64_t second;
    uint32_t n_this_second;
    struct session_keys_counters counters;
};

struct session_keys *session_keys_new(const char *directory, bool has_filter)
{
    struct session_keys *keys = calloc(1, sizeof *keys);

    if (keys == NULL)
        return NULL;
    keys->directory = strdup(directory);
    keys->retry_ns = INT64_MIN;
    if (has_filter)
        keys->words = calloc(SESSION_KEYS_FILTER_BYTES / sizeof *keys->words, sizeof *keys->words);
    if (keys->directory && (keys->words || !has_filter))
        return keys;
    session_keys_free(keys);
    return NULL;
}

void session_keys_free(struct session_keys *keys)
{
    if (keys == NULL)
        return;
    device_table_close(keys->table);
    free(keys->directory);
    free(keys->words);
    free(keys);
}

const struct session_keys_counters *session_keys_counters(const struct session_keys *keys)
{
    return &keys->counters;
}

/* ---- the filter ---- */

static const uint64_t salts[BLOCK_WORDS] = {
    /* odd; splitmix64's first outputs from 1 */
    0x910a2dec89025cc1, 0xbeeb8da1658eec67, 0xf893a2eefb32555f, 0x71c18690ee42c90b,
    0x71bb54d8d101b5b9, 0xc34d0bff90150281, 0xe099ec6cd7363ca5, 0x85e7bb0f12278575,
};

static _Atomic uint64_t *block_of(const struct session_keys *keys, uint64_t hash)
{
    return keys->words + (hash >> 32) % N_BLOCKS * BLOCK_WORDS;
}

static uint64_t bit_of(uint64_t hash, unsigned word)
{
    return UINT64_C(1) << ((hash & UINT32_MAX) * salts[word] >> 58);
}

void session_keys_note(struct session_keys *keys, int64_t hash)
{
    _Atomic uint64_t *block = block_of(keys, (uint64_t)hash);

    for (unsigned i = 0; i < BLOCK_WORDS; i++)
        atomic_fetch_or_explicit(&block[i], bit_of((uint64_t)hash, i), memory_order_relaxed);
}

void session_keys_note_length(struct session_keys *keys, size_t cid_len)
{
    if (cid_len <= CID_LIMIT_BYTES)
        atomic_fetch_or_explicit(&keys->lengths[cid_len >> 6], UINT64_C(1) << (cid_len & 63),
                                 memory_order_relaxed);
}

void session_keys_begin(struct session_keys *keys, uint64_t seed)
{
    unsigned generation = atomic_load(&keys->generation);

    atomic_store(&keys->generation, generation | 1);
    for (size_t i = 0; i < SESSION_KEYS_FILTER_BYTES / sizeof *keys->words; i++) {
        if (atomic_load_explicit(&keys->words[i], memory_order_relaxed)) /* untouched pages stay so */
            atomic_store_explicit(&keys->words[i], 0, memory_order_relaxed);
    }
    atomic_store(&keys->seed, seed);
}

void session_keys_ready(struct session_keys *keys)
{
    atomic_store_explicit(&keys->generation, (atomic_load(&keys->generation) | 1) + 1, memory_order_release);
}

bool session_keys_may_have(const struct session_keys *keys, int64_t hash)
{
    const _Atomic uint64_t *block;

    if (keys->words == NULL)
        return true;
    block = block_of(keys, (uint64_t)hash);
    for (unsigned i = 0; i < BLOCK_WORDS; i++) {
        if ((atomic_load_explicit(&block[i], memory_order_relaxed) & bit_of((uint64_t)hash, i)) == 0)
            return false;
    }
    return true;
}

/* ---- looking ---- */

static bool read_lengths(struct session_keys *keys)
{
    struct error ignored;
    sqlite3_stmt *statement =
        device_table_prepare(keys->table, "SELECT bytes FROM main.cid_length", &ignored);

    while (statement && sqlite3_step(statement) == SQLITE_ROW)
        session_keys_note_length(keys, (size_t)sqlite3_column_int64(statement, 0));
    sqlite3_finalize(statement);
    return statement != NULL;
}

/* The table to look into, which is another one when its writer began anew. */
static struct device_table *table_of(struct session_keys *keys, int64_t ts_ns)
{
    unsigned generation = atomic_load_explicit(&keys->generation, memory_order_acquire);
    struct error ignored;

    if (keys->table && keys->table_generation == generation)
        return keys->table;
    if (keys->words && (generation & 1 || generation == 0))
        return NULL; /* not taken up yet */
    if (keys->table == NULL && keys->retry_ns != INT64_MIN && ts_ns < keys->retry_ns &&
        keys->table_generation == generation)
        return NULL;
    device_table_close(keys->table);
    keys->table = device_table_open(keys->directory, DEVICE_TABLE_READ, &ignored);
    keys->table_generation = generation;
    keys->retry_ns = ts_ns + REOPEN_NS;
    if (keys->table && keys->words == NULL && read_lengths(keys))
        atomic_store(&keys->seed, keys->table->seed);
    return keys->table;
}

static bool has_lookup_left(struct session_keys *keys, int64_t ts_ns)
{
    int64_t second = ts_ns / NS_PER_SECOND;

    if (second != keys->second)
        keys->n_this_second = 0;
    keys->second = second;
    if (keys->n_this_second == SESSION_KEYS_LOOKUPS) {
        keys->counters.n_refused++;
        return false;
    }
    keys->n_this_second++;
    return true;
}

static struct bytes column_bytes(sqlite3_stmt *statement, int column)
{
    const void *data = sqlite3_column_blob(statement, column);

    return bytes_of(data, (size_t)sqlite3_column_bytes(statement, column));
}

/* All names of the newest session with that key. */
static bool look_up(struct session_keys *keys, int64_t hash, struct binding *session, int64_t ts_ns,
                    session_found *found, void *found_context)
{
    struct device_table *table;
    struct error ignored;
    sqlite3_stmt *statement;
    uint64_t number = 0;
    bool is_found = false;

    if (!session_keys_may_have(keys, hash)) {
        keys->counters.n_ruled_out++;
        return false;
    }
    if (!has_lookup_left(keys, ts_ns) || (table = table_of(keys, ts_ns)) == NULL)
        return false;
    keys->counters.n_lookups++;
    statement = device_table_statement(table, SQL_FIND_KEY, &ignored);
    if (statement == NULL)
        return false;
    sqlite3_bind_int64(statement, 1, hash);
    while (sqlite3_step(statement) == SQLITE_ROW) {
        uint64_t this = (uint64_t)sqlite3_column_int64(statement, 0);

        if (is_found && this != number)
            break;
        number = this;
        is_found = true;
        session->session = number;
        session->cid_to_client = column_bytes(statement, 2);
        session->scheme = (enum identity_scheme)sqlite3_column_int(statement, 3);
        session->identity = column_bytes(statement, 4);
        if (session->identity.len <= IDENTITY_LIMIT_BYTES && session->cid_to_client.len <= CID_LIMIT_BYTES)
            found(found_context, session);
    }
    sqlite3_reset(statement);
    keys->counters.n_found += is_found;
    return is_found;
}

static bool find_cid(void *context, struct bytes bytes, const struct ip_address *server, int64_t ts_ns,
                     session_found *found, void *found_context)
{
    struct session_keys *keys = context;
    size_t longest = bytes.len < CID_LIMIT_BYTES ? bytes.len : CID_LIMIT_BYTES;

    if (keys->words == NULL && table_of(keys, ts_ns) == NULL)
        return false;
    for (size_t len = longest; len > 0; len--) {
        struct binding session = { .cid_to_server = bytes_of(bytes.data, len) };
        int64_t hash;

        if ((atomic_load_explicit(&keys->lengths[len >> 6], memory_order_relaxed) >> (len & 63) & 1) == 0)
            continue;
        hash = device_key_hash(atomic_load_explicit(&keys->seed, memory_order_relaxed), DEVICE_KEY_CID,
                               session.cid_to_server, len < DEVICE_CID_GLOBAL_BYTES ? server : NULL);
        if (look_up(keys, hash, &session, ts_ns, found, found_context))
            return true;
    }
    return false;
}

static bool find_resumption(void *context, struct bytes session_id, int64_t ts_ns, session_found *found,
                            void *found_context)
{
    struct session_keys *keys = context;
    struct binding session = { .session_id = session_id };

    if (session_id.len == 0 || (keys->words == NULL && table_of(keys, ts_ns) == NULL))
        return false;
    return look_up(keys,
                   device_key_hash(atomic_load_explicit(&keys->seed, memory_order_relaxed),
                                   DEVICE_KEY_RESUMPTION, session_id, NULL),
                   &session, ts_ns, found, found_context);
}

struct session_store session_keys_store(struct session_keys *keys)
{
    return (struct session_store) { keys, find_cid, find_resumption };
}
