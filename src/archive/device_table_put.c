/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bindings on their way into the table: sorted by identity, so that each is found, and its newest pack of
 * spans unpacked and written, once. A span grows when it is the one before gone on; keys that would wake the
 * sessions are gathered, and merged into their packs at the end; and who else bore a session is joined.
 */
#include <stdlib.h>

#include "archive/device_table_parts.h"
#include "archive/segment_format.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/timestamp.h"

#define OVERLAY_IDS (INT64_C(1) << 40) /* numbers that the file never comes to */

enum {
    SERVERS_REMEMBERED = 4096,
    PACKS_LOOKED_BACK = 8, /* for the span that goes on: past it, it becomes one of its own */
};

/* ---- ends ---- */

static size_t put_end(uint8_t *bytes, const struct ip_address *address, uint16_t port)
{
    size_t len = ip_address_bits(address) / 8;

    memcpy(bytes, address->bytes, len);
    bytes[len] = (uint8_t)(port >> 8);
    bytes[len + 1] = (uint8_t)port;
    return len + 2;
}

struct bytes device_client_encode(const struct binding *binding, uint8_t bytes[static DEVICE_CLIENT_BYTES])
{
    const struct flow_key *flow = &binding->flow;

    return bytes_of(bytes, binding->is_client_low || flow_key_is_address(flow)
                               ? put_end(bytes, &flow->low, flow->port_low)
                               : put_end(bytes, &flow->high, flow->port_high));
}

struct bytes device_server_encode(const struct binding *binding, uint8_t bytes[static DEVICE_SERVER_BYTES])
{
    const struct flow_key *flow = &binding->flow;
    size_t len = binding->is_client_low || flow_key_is_address(flow)
                     ? put_end(bytes, &flow->high, flow->port_high)
                     : put_end(bytes, &flow->low, flow->port_low);

    bytes[len] = flow->protocol;
    bytes[len + 1] = flow->any_port;
    return bytes_of(bytes, len + 2);
}

static bool read_end(struct bytes bytes, struct ip_address *address, uint16_t *port)
{
    if (bytes.len != 2 && bytes.len != 6 && bytes.len != 18)
        return false;
    *address = ip_address_of(bytes_of(bytes.data, bytes.len - 2));
    *port = (uint16_t)(bytes.data[bytes.len - 2] << 8 | bytes.data[bytes.len - 1]);
    return true;
}

bool device_flow_decode(struct bytes client, struct bytes server, struct binding *binding)
{
    struct ip_address client_address, server_address;
    uint16_t client_port, server_port;

    if (server.len < 2 || !read_end(client, &client_address, &client_port) ||
        !read_end(bytes_of(server.data, server.len - 2), &server_address, &server_port))
        return false;
    if (server_address.family == 0) {
        binding->flow = flow_key_of_address(&client_address);
        binding->is_client_low = true;
        return true;
    }
    memset(&binding->flow, 0, sizeof binding->flow);
    binding->is_client_low = flow_key_make(&binding->flow, &client_address, client_port, &server_address,
                                           server_port, server.data[server.len - 2]);
    binding->flow.any_port = server.data[server.len - 1];
    return true;
}

int64_t device_key_hash(uint64_t seed, enum device_key_kind kind, struct bytes key,
                        const struct ip_address *server)
{
    uint8_t text[2 + 16 + IDENTITY_LIMIT_BYTES];
    size_t len = 0;

    if (kind == DEVICE_KEY_RESUMPTION && key.len > INDEX_TOKEN_BYTES)
        key.len = INDEX_TOKEN_BYTES; /* of which an index has no more */
    if (key.len > IDENTITY_LIMIT_BYTES)
        key.len = IDENTITY_LIMIT_BYTES;
    text[len++] = (uint8_t)kind;
    text[len++] = server ? server->family : 0;
    if (server) {
        memcpy(text + len, server->bytes, sizeof server->bytes);
        len += sizeof server->bytes;
    }
    if (key.len)
        memcpy(text + len, key.data, key.len);
    return (int64_t)XXH3_64bits_withSeed(text, len + key.len, seed);
}

/* ---- rows ---- */

static void bind_bytes(sqlite3_stmt *statement, int column, struct bytes bytes)
{
    if (bytes.len)
        sqlite3_bind_blob(statement, column, bytes.data, (int)bytes.len, SQLITE_STATIC);
    else
        sqlite3_bind_zeroblob(statement, column, 0);
}

/* The number in the first column; *is_there says whether a row came. */
static bool ask(struct device_table *table, sqlite3_stmt *statement, bool *is_there, int64_t *number,
                struct error *error)
{
    int code = sqlite3_step(statement);

    *is_there = code == SQLITE_ROW;
    if (*is_there)
        *number = sqlite3_column_int64(statement, 0);
    sqlite3_reset(statement);
    return *is_there || code == SQLITE_DONE || device_table_fault(table, "cannot be read", error);
}

/* The number for a row just to be added: SQLite's own choice, but for the overlay. */
static bool add_row(struct device_table *table, sqlite3_stmt *statement, int64_t *id, struct error *error)
{
    if (table->has_overlay)
        sqlite3_bind_int64(statement, 1, OVERLAY_IDS + ++table->next_id);
    else
        sqlite3_bind_null(statement, 1);
    if (!device_table_do(table, statement, error))
        return false;
    *id = sqlite3_last_insert_rowid(table->handle);
    return true;
}

static bool identity_id(struct device_table *table, const struct binding *binding, int64_t *id,
                        struct error *error)
{
    sqlite3_stmt *statement = device_table_statement(table, SQL_FIND_IDENTITY, error);
    bool is_there;

    if (statement == NULL)
        return false;
    bind_bytes(statement, 1, binding->identity);
    sqlite3_bind_int(statement, 2, (int)binding->scheme);
    sqlite3_bind_int64(statement, 3, device_name_hash(table->seed, binding->identity));
    if (!ask(table, statement, &is_there, id, error))
        return false;
    if (is_there)
        return true;
    statement = device_table_statement(table, SQL_ADD_IDENTITY, error);
    if (statement == NULL)
        return false;
    sqlite3_bind_int(statement, 2, (int)binding->scheme);
    bind_bytes(statement, 3, binding->identity);
    sqlite3_bind_int64(statement, 4, device_name_hash(table->seed, binding->identity));
    return add_row(table, statement, id, error);
}

struct server_end { /* as the table remembers it: hashed whole */
    uint8_t len, bytes[DEVICE_SERVER_BYTES];
};

static bool find_server(struct device_table *table, struct bytes endpoint, int64_t *id, struct error *error)
{
    sqlite3_stmt *statement = device_table_statement(table, SQL_FIND_SERVER, error);
    bool is_there;

    if (statement == NULL)
        return false;
    bind_bytes(statement, 1, endpoint);
    if (!ask(table, statement, &is_there, id, error))
        return false;
    if (is_there)
        return true;
    statement = device_table_statement(table, SQL_ADD_SERVER, error);
    if (statement == NULL)
        return false;
    bind_bytes(statement, 2, endpoint);
    return add_row(table, statement, id, error);
}

static bool server_id(struct device_table *table, const struct binding *binding, int64_t *id,
                      struct error *error)
{
    struct server_end end = { 0 };
    struct bytes endpoint = device_server_encode(binding, end.bytes);
    int64_t *remembered;
    bool is_new;

    end.len = (uint8_t)endpoint.len;
    remembered = table->servers ? lru_table_put(table->servers, &end, &is_new) : NULL;
    if (remembered && !is_new) {
        *id = *remembered;
        return true;
    }
    if (!find_server(table, endpoint, id, error))
        return false;
    if (remembered)
        *remembered = *id;
    return true;
}

/* ---- spans ---- */

struct span_pack { /* the one in table->spans */
    int64_t id;
    bool is_changed;
};

static bool load_pack(struct device_table *table, int64_t least, int64_t most, struct span_pack *pack,
                      bool *is_there, struct error *error)
{
    sqlite3_stmt *statement = device_table_statement(table, SQL_LAST_PACK, error);
    const void *blob;
    int code;
    bool makes_sense = true;

    *is_there = false;
    table->spans.n = 0;
    if (statement == NULL)
        return false;
    sqlite3_bind_int64(statement, 1, least);
    sqlite3_bind_int64(statement, 2, most);
    code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        *is_there = true;
        *pack = (struct span_pack) { .id = sqlite3_column_int64(statement, 0) };
        blob = sqlite3_column_blob(statement, 1);
        makes_sense =
            device_spans_decode(bytes_of(blob, (size_t)sqlite3_column_bytes(statement, 1)), &table->spans);
    }
    sqlite3_reset(statement);
    if (!makes_sense)
        return error_set(error, ERROR_DAMAGED, "%s: has spans that make no sense", table->path);
    return code == SQLITE_ROW || code == SQLITE_DONE || device_table_fault(table, "cannot be read", error);
}

static bool store_pack(struct device_table *table, struct span_pack *pack, struct error *error)
{
    sqlite3_stmt *statement;

    if (!pack->is_changed)
        return true;
    pack->is_changed = false;
    statement = device_table_statement(table, SQL_PUT_PACK, error);
    if (statement == NULL)
        return false;
    buffer_empty(&table->blob);
    if (!device_spans_encode(&table->spans, &table->blob))
        return error_set(error, ERROR_SYSTEM, "device table: no memory for spans");
    sqlite3_bind_int64(statement, 1, pack->id);
    sqlite3_bind_blob(statement, 2, table->blob.data, (int)table->blob.len, SQLITE_STATIC);
    return device_table_do(table, statement, error);
}

static struct device_span span_of(const struct binding *binding, int64_t server)
{
    struct device_span span = {
        .server = server,
        .reason = (uint8_t)binding->reason,
        .confidence = (uint8_t)binding->confidence,
        .from_ns = binding->from_ns,
        .lasted_ns = binding->to_ns > binding->from_ns ? binding->to_ns - binding->from_ns : 0,
        .n_packets = binding->n_packets,
        .n_bytes = binding->n_bytes,
        .session = binding->session,
    };

    span.client_len = (uint8_t)device_client_encode(binding, span.client).len;
    return span;
}

/* The newest span of the pack that this one is the continuation of; NULL: none. */
static struct device_span *span_before(struct device_table *table, const struct device_span *span)
{
    for (uint32_t i = table->spans.n; i > 0; i--) {
        struct device_span *before = &table->spans.items[i - 1];

        if (before->session == span->session && before->server == span->server &&
            before->reason == span->reason && before->confidence == span->confidence &&
            before->from_ns <= span->from_ns && before->client_len == span->client_len &&
            memcmp(before->client, span->client, span->client_len) == 0)
            return before;
    }
    return NULL;
}

static void extend(struct device_span *span, const struct device_span *by)
{
    int64_t lasted_ns = by->from_ns + by->lasted_ns - span->from_ns;

    if (lasted_ns > span->lasted_ns)
        span->lasted_ns = lasted_ns;
    span->n_packets += by->n_packets;
    span->n_bytes += by->n_bytes;
}

/* In the packs before the newest, which is stored. *pack is then the newest again. */
static bool grow_earlier(struct device_table *table, int64_t identity, const struct device_span *span,
                         struct span_pack *pack, bool *is_grown, struct error *error)
{
    int64_t newest = pack->id, least = identity * DEVICE_PACKS_OF_IDENTITY;
    bool is_there;

    if (newest == least)
        return true;
    if (!store_pack(table, pack, error))
        return false;
    for (int64_t id = newest - 1; id >= least && newest - id <= PACKS_LOOKED_BACK && !*is_grown; id--) {
        struct device_span *before;

        if (!load_pack(table, id, id, pack, &is_there, error))
            return false;
        before = is_there ? span_before(table, span) : NULL;
        if (before == NULL)
            continue;
        extend(before, span);
        *is_grown = pack->is_changed = true;
        if (!store_pack(table, pack, error))
            return false;
    }
    return load_pack(table, newest, newest, pack, &is_there, error);
}

static bool put_span(struct device_table *table, int64_t identity, const struct device_span *span,
                     bool is_continued, struct span_pack *pack, bool *is_grown, struct error *error)
{
    struct device_span *place = is_continued ? span_before(table, span) : NULL;

    *is_grown = place != NULL;
    if (place) {
        extend(place, span);
        pack->is_changed = true;
        return true;
    }
    if (is_continued && !grow_earlier(table, identity, span, pack, is_grown, error))
        return false;
    if (*is_grown)
        return true;
    if (table->spans.n >= SPANS_IN_PACK) {
        if (!store_pack(table, pack, error))
            return false;
        if (pack->id % DEVICE_PACKS_OF_IDENTITY <
            DEVICE_PACKS_OF_IDENTITY - 1) { /* else the last one grows */
            pack->id++;
            table->spans.n = 0;
        }
    }
    place = device_spans_add(&table->spans);
    if (place == NULL)
        return error_set(error, ERROR_SYSTEM, "device table: no memory for spans");
    *place = *span;
    pack->is_changed = true;
    return true;
}

/* ---- what wakes a session ---- */

static bool note_key(struct device_table *table, int64_t hash, const struct binding *binding,
                     int64_t identity, bool is_known, struct error *error)
{
    struct device_key *key;

    /* Of a span that goes on, it is there already, but for what the session was given meanwhile. */
    if (is_known && table->keys && session_keys_may_have(table->keys, hash))
        return true;
    key = device_keys_add(&table->pending);
    if (key == NULL)
        return error_set(error, ERROR_SYSTEM, "device table: no memory for keys");
    *key = (struct device_key) { .hash = hash,
                                 .identity = identity,
                                 .session = binding->session,
                                 .seen_s = binding->to_ns / NS_PER_SECOND,
                                 .cid_to_client = binding->cid_to_client };
    if (table->keys)
        session_keys_note(table->keys, hash);
    return true;
}

static int compare_keys(const void *left, const void *right)
{
    const struct device_key *a = left, *b = right;

    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    return a->identity < b->identity ? -1 : a->identity > b->identity;
}

/*
 * Adds the key to those of the blob, of which the first n_sorted are as they were read; *at goes along with
 * keys that come in order. The same key of the same identity: the later one counts.
 */
static bool merge_key(struct device_keys *keys, uint32_t n_sorted, uint32_t *at, const struct device_key *key)
{
    struct device_key *place = NULL;

    while (*at < n_sorted && compare_keys(&keys->items[*at], key) < 0)
        ++*at;
    if (*at < n_sorted && compare_keys(&keys->items[*at], key) == 0)
        place = &keys->items[*at];
    else if (keys->n > n_sorted && compare_keys(&keys->items[keys->n - 1], key) == 0)
        place = &keys->items[keys->n - 1];
    if (place) {
        if (key->seen_s >= place->seen_s)
            *place = *key;
        return true;
    }
    place = device_keys_add(keys);
    if (place)
        *place = *key;
    return place != NULL;
}

/* The keys there, sorted, into the blob of that number, and into more behind it when they are many. */
static bool store_keys(struct device_table *table, int64_t row, struct error *error)
{
    const struct device_keys *keys = &table->keys_there;
    uint32_t each = keys->n < 2 * KEYS_IN_PACK ? keys->n : KEYS_IN_PACK;

    for (uint32_t at = 0, n; at < keys->n; at += n) {
        sqlite3_stmt *statement = device_table_statement(table, SQL_PUT_KEY_PACK, error);

        if (statement == NULL)
            return false;
        n = keys->n - at < 2 * each ? keys->n - at : each;
        while (at + n < keys->n && keys->items[at + n].hash == keys->items[at + n - 1].hash)
            n++; /* a blob for all that have one hash */
        if (at)
            row = keys->items[at].hash;
        buffer_empty(&table->blob);
        if (!device_keys_encode(keys->items + at, n, row, &table->blob))
            return error_set(error, ERROR_SYSTEM, "device table: no memory for keys");
        sqlite3_bind_int64(statement, 1, row);
        sqlite3_bind_blob(statement, 2, table->blob.data, (int)table->blob.len, SQLITE_STATIC);
        if (!device_table_do(table, statement, error))
            return false;
    }
    return true;
}

/* From pending[first] on those that belong into one blob; *n: how many. */
static bool put_keys_of_pack(struct device_table *table, uint32_t first, uint32_t *n, struct error *error)
{
    const struct device_keys *pending = &table->pending;
    sqlite3_stmt *pack = device_table_statement(table, SQL_KEY_PACK, error);
    sqlite3_stmt *next = pack ? device_table_statement(table, SQL_NEXT_KEY_PACK, error) : NULL;
    int64_t row = pending->items[first].hash, until = INT64_MAX;
    bool is_bounded, makes_sense = true, has_room = true, is_stored = false;
    uint32_t n_sorted, at = 0;
    int code;

    if (next == NULL)
        return false;
    sqlite3_bind_int64(next, 1, row);
    if (!ask(table, next, &is_bounded, &until, error))
        return false;
    table->keys_there.n = 0;
    sqlite3_bind_int64(pack, 1, row);
    code = sqlite3_step(pack);
    if (code == SQLITE_ROW) {
        row = sqlite3_column_int64(pack, 0);
        makes_sense =
            device_keys_decode(bytes_of(sqlite3_column_blob(pack, 1), (size_t)sqlite3_column_bytes(pack, 1)),
                               row, &table->keys_there);
    }
    n_sorted = table->keys_there.n;
    for (*n = 0; makes_sense && has_room && first + *n < pending->n &&
                 (!is_bounded || pending->items[first + *n].hash < until);
         ++*n)
        has_room = merge_key(&table->keys_there, n_sorted, &at, &pending->items[first + *n]);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        device_table_fault(table, "cannot be read", error);
    else if (makes_sense && has_room) {
        qsort(table->keys_there.items, table->keys_there.n, sizeof *table->keys_there.items, compare_keys);
        is_stored = store_keys(table, row, error);
    } else if (!makes_sense)
        error_set(error, ERROR_DAMAGED, "%s: has keys that make no sense", table->path);
    else
        error_set(error, ERROR_SYSTEM, "device table: no memory for keys");
    sqlite3_reset(pack); /* until here its bytes were borrowed */
    return is_stored;
}

static bool put_pending_keys(struct device_table *table, struct error *error)
{
    if (table->pending.n)
        qsort(table->pending.items, table->pending.n, sizeof *table->pending.items, compare_keys);
    for (uint32_t at = 0, n; at < table->pending.n; at += n) {
        if (!put_keys_of_pack(table, at, &n, error))
            return false;
    }
    return true;
}

/* Nothing in a record says how long its connection id is: the lengths there are will be tried. */
static bool put_length(struct device_table *table, size_t len, struct error *error)
{
    sqlite3_stmt *statement;

    if (len > CID_LIMIT_BYTES || table->cid_lengths[len >> 6] >> (len & 63) & 1)
        return true;
    statement = device_table_statement(table, SQL_PUT_LENGTH, error);
    if (statement == NULL)
        return false;
    sqlite3_bind_int64(statement, 1, (int64_t)len);
    if (!device_table_do(table, statement, error))
        return false;
    table->cid_lengths[len >> 6] |= UINT64_C(1) << (len & 63);
    if (table->keys)
        session_keys_note_length(table->keys, len);
    return true;
}

static bool put_keys(struct device_table *table, const struct binding *binding, int64_t identity,
                     bool is_known, struct error *error)
{
    const struct ip_address *server = binding->is_client_low ? &binding->flow.high : &binding->flow.low;
    struct bytes cid = binding->cid_to_server;

    if (table->has_overlay || table->database == NULL || binding->session == 0 ||
        binding->reason == BINDING_ATTEMPT)
        return true;
    if (cid.len && !put_length(table, cid.len, error))
        return false;
    if (cid.len && !note_key(table,
                             device_key_hash(table->seed, DEVICE_KEY_CID, cid,
                                             cid.len < DEVICE_CID_GLOBAL_BYTES ? server : NULL),
                             binding, identity, is_known, error))
        return false;
    return binding->session_id.len == 0 ||
           note_key(table, device_key_hash(table->seed, DEVICE_KEY_RESUMPTION, binding->session_id, NULL),
                    binding, identity, is_known, error);
}

/* ---- several names ---- */

static bool ask_about(struct device_table *table, enum device_sql which, int64_t id, int64_t *answer,
                      struct error *error)
{
    sqlite3_stmt *statement = device_table_statement(table, which, error);
    bool is_there;

    if (statement == NULL)
        return false;
    sqlite3_bind_int64(statement, 1, id);
    return ask(table, statement, &is_there, answer, error);
}

/* Two names of one device. A name with very many others is a group's, whatever its scheme says. */
static bool join(struct device_table *table, int64_t left, int64_t right, struct error *error)
{
    int64_t a = left, b = right, n_a = 0, n_b = 0, lead, other;
    sqlite3_stmt *statement;

    if (!ask_about(table, SQL_DEVICE_OF, left, &a, error) ||
        !ask_about(table, SQL_DEVICE_OF, right, &b, error))
        return false;
    if (a == b)
        return true;
    if (!ask_about(table, SQL_COUNT_NAMES, a, &n_a, error) ||
        !ask_about(table, SQL_COUNT_NAMES, b, &n_b, error))
        return false;
    if ((n_a ? n_a : 1) + (n_b ? n_b : 1) > DEVICE_NAMES_LIMIT)
        return true;
    lead = a < b ? a : b;
    other = a < b ? b : a;
    statement = device_table_statement(table, SQL_JOIN, error);
    if (statement == NULL)
        return false;
    sqlite3_bind_int64(statement, 1, lead);
    sqlite3_bind_int64(statement, 2, other);
    return device_table_do(table, statement, error);
}

/* Sessions are numbered anew by each recorder, so only names within one segment are of one session. */
static bool join_bearers(struct device_table *table, const struct binding *binding, int64_t identity,
                         struct error *error)
{
    int64_t *first;
    bool is_new;

    if (table->bearers == NULL || binding->session == 0 || binding->reason == BINDING_ATTEMPT ||
        identity_scheme_class(binding->scheme) != IDENTITY_OF_DEVICE)
        return true;
    first = lru_table_put(table->bearers, &binding->session, &is_new);
    if (first == NULL)
        return error_set(error, ERROR_SYSTEM, "device table: no memory");
    if (is_new)
        *first = identity;
    return *first == identity || join(table, *first, identity, error);
}

/* ---- all of it ---- */

int64_t device_name_hash(uint64_t seed, struct bytes identity)
{
    return (int32_t)XXH3_64bits_withSeed(identity.data, identity.len, seed);
}

bool device_table_begin_segment(struct device_table *table, struct error *error)
{
    struct lru_table_options bearers = {
        sizeof(uint64_t), sizeof(int64_t), 1 << 18, table->seed, NULL, NULL
    };
    struct lru_table_options servers = {
        sizeof(struct server_end), sizeof(int64_t), SERVERS_REMEMBERED, table->seed, NULL, NULL
    };

    device_table_end_segment(table);
    table->bearers = lru_table_new(&bearers);
    table->servers = lru_table_new(&servers);
    return (table->bearers && table->servers) || error_set(error, ERROR_SYSTEM, "device table: no memory");
}

void device_table_end_segment(struct device_table *table)
{
    lru_table_free(table->bearers);
    lru_table_free(table->servers);
    table->bearers = table->servers = NULL;
}

/* By name; what one has, by time, so that pieces of a span come one behind the other. */
static int compare_bindings(const void *left, const void *right)
{
    const struct binding *a = left, *b = right;
    int order = bytes_compare(a->identity, b->identity);

    if (order == 0)
        order = (a->scheme > b->scheme) - (a->scheme < b->scheme);
    return order ? order : (a->from_ns > b->from_ns) - (a->from_ns < b->from_ns);
}

static bool is_same_name(const struct binding *a, const struct binding *b)
{
    return a->scheme == b->scheme && bytes_equal(a->identity, b->identity);
}

static bool put_name(struct device_table *table, const struct binding *bindings, uint32_t n,
                     struct error *error)
{
    struct span_pack pack;
    int64_t identity, server;
    bool is_there, is_grown;

    if (!identity_id(table, bindings, &identity, error) ||
        !load_pack(table, identity * DEVICE_PACKS_OF_IDENTITY,
                   identity * DEVICE_PACKS_OF_IDENTITY + DEVICE_PACKS_OF_IDENTITY - 1, &pack, &is_there,
                   error))
        return false;
    if (!is_there)
        pack = (struct span_pack) { .id = identity * DEVICE_PACKS_OF_IDENTITY };
    for (uint32_t i = 0; i < n; i++) {
        struct device_span span;

        if (!server_id(table, &bindings[i], &server, error))
            return false;
        span = span_of(&bindings[i], server);
        if (!put_span(table, identity, &span, bindings[i].is_continued, &pack, &is_grown, error) ||
            !put_keys(table, &bindings[i], identity, is_grown, error) ||
            !join_bearers(table, &bindings[i], identity, error))
            return false;
    }
    return store_pack(table, &pack, error);
}

bool device_table_put(struct device_table *table, struct binding *bindings, uint32_t n, struct error *error)
{
    table->pending.n = 0;
    qsort(bindings, n, sizeof *bindings, compare_bindings);
    for (uint32_t first = 0, end; first < n; first = end) {
        end = first + 1;
        while (end < n && is_same_name(&bindings[first], &bindings[end]))
            end++;
        if (bindings[first].scheme != IDENTITY_NONE && !put_name(table, bindings + first, end - first, error))
            return false;
    }
    return put_pending_keys(table, error);
}
