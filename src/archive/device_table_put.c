/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One binding on its way into the table: its names, its two ends and its span, which grows when it is the one
 * before gone on; what would wake its session; and who else bore the session.
 */
#include <stdlib.h>

#include "archive/device_table_parts.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/timestamp.h"

#define OVERLAY_IDS (INT64_C(1) << 40) /* numbers that the file never comes to */

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
    if (!ask(table, statement, &is_there, id, error))
        return false;
    if (is_there)
        return true;
    statement = device_table_statement(table, SQL_ADD_IDENTITY, error);
    if (statement == NULL)
        return false;
    sqlite3_bind_int(statement, 2, (int)binding->scheme);
    bind_bytes(statement, 3, binding->identity);
    return add_row(table, statement, id, error);
}

static bool server_id(struct device_table *table, const struct binding *binding, int64_t *id,
                      struct error *error)
{
    uint8_t bytes[DEVICE_SERVER_BYTES];
    struct bytes endpoint = device_server_encode(binding, bytes);
    sqlite3_stmt *statement;
    bool is_there;

    statement = device_table_statement(table, SQL_FIND_SERVER, error);
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

/* ---- spans ---- */

/* *is_done: it was the continuation of a span that is there, which has grown. */
static bool grow_span(struct device_table *table, const struct binding *binding, int64_t identity,
                      int64_t server, struct bytes client, bool *is_done, struct error *error)
{
    sqlite3_stmt *statement = device_table_statement(table, SQL_FIND_SPAN, error);
    int64_t n, from_ns;
    int code;

    *is_done = false;
    if (statement == NULL)
        return false;
    bind_bytes(statement, 1, client);
    sqlite3_bind_int64(statement, 2, identity);
    sqlite3_bind_int64(statement, 3, server);
    sqlite3_bind_int64(statement, 4, (int64_t)binding->session);
    sqlite3_bind_int(statement, 5, (int)binding->reason);
    sqlite3_bind_int64(statement, 6, binding->from_ns);
    sqlite3_bind_int(statement, 7, (int)binding->confidence);
    code = sqlite3_step(statement);
    n = sqlite3_column_int64(statement, 0);
    from_ns = sqlite3_column_int64(statement, 1);
    sqlite3_reset(statement);
    if (code != SQLITE_ROW)
        return code == SQLITE_DONE || device_table_fault(table, "cannot be read", error);
    statement = device_table_statement(table, SQL_EXTEND_SPAN, error);
    if (statement == NULL)
        return false;
    sqlite3_bind_int64(statement, 1, identity);
    sqlite3_bind_int64(statement, 2, n);
    sqlite3_bind_int64(statement, 3, binding->to_ns - from_ns);
    sqlite3_bind_int64(statement, 4, (int64_t)binding->n_packets);
    sqlite3_bind_int64(statement, 5, (int64_t)binding->n_bytes);
    *is_done = true;
    return device_table_do(table, statement, error);
}

static bool add_span(struct device_table *table, const struct binding *binding, int64_t identity,
                     int64_t server, struct bytes client, struct error *error)
{
    sqlite3_stmt *statement = device_table_statement(table, SQL_LAST_SPAN, error);
    int64_t n = 0;
    bool is_there;

    if (statement == NULL)
        return false;
    sqlite3_bind_int64(statement, 1, identity);
    if (!ask(table, statement, &is_there, &n, error) ||
        (statement = device_table_statement(table, SQL_ADD_SPAN, error)) == NULL)
        return false;
    sqlite3_bind_int64(statement, 1, identity);
    sqlite3_bind_int64(statement, 2, n + 1);
    bind_bytes(statement, 3, client);
    sqlite3_bind_int64(statement, 4, server);
    sqlite3_bind_int64(statement, 5, binding->from_ns);
    sqlite3_bind_int64(statement, 6,
                       binding->to_ns > binding->from_ns ? binding->to_ns - binding->from_ns : 0);
    sqlite3_bind_int64(statement, 7, (int64_t)binding->n_packets);
    sqlite3_bind_int64(statement, 8, (int64_t)binding->n_bytes);
    sqlite3_bind_int64(statement, 9, (int64_t)binding->session);
    sqlite3_bind_int(statement, 10, (int)binding->reason);
    sqlite3_bind_int(statement, 11, (int)binding->confidence);
    return device_table_do(table, statement, error);
}

/* ---- what wakes a session ---- */

static bool put_key(struct device_table *table, int64_t hash, const struct binding *binding, int64_t identity,
                    bool is_known, struct error *error)
{
    sqlite3_stmt *statement;

    /* Of a span that goes on, it is there already, but for what the session was given meanwhile. */
    if (is_known && table->keys && session_keys_may_have(table->keys, hash))
        return true;
    statement = device_table_statement(table, SQL_PUT_KEY, error);
    if (statement == NULL)
        return false;
    sqlite3_bind_int64(statement, 1, hash);
    sqlite3_bind_int64(statement, 2, identity);
    sqlite3_bind_int64(statement, 3, (int64_t)binding->session);
    sqlite3_bind_int64(statement, 4, binding->to_ns / NS_PER_SECOND);
    if (binding->cid_to_client.len)
        bind_bytes(statement, 5, binding->cid_to_client);
    else
        sqlite3_bind_null(statement, 5);
    if (table->keys)
        session_keys_note(table->keys, hash);
    return device_table_do(table, statement, error);
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
    if (cid.len && !put_key(table,
                            device_key_hash(table->seed, DEVICE_KEY_CID, cid,
                                            cid.len < DEVICE_CID_GLOBAL_BYTES ? server : NULL),
                            binding, identity, is_known, error))
        return false;
    return binding->session_id.len == 0 ||
           put_key(table, device_key_hash(table->seed, DEVICE_KEY_RESUMPTION, binding->session_id, NULL),
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

bool device_table_put(struct device_table *table, const struct binding *binding, struct error *error)
{
    uint8_t bytes[DEVICE_CLIENT_BYTES];
    struct bytes client = device_client_encode(binding, bytes);
    int64_t identity, server;
    bool is_grown = false;

    if (binding->scheme == IDENTITY_NONE)
        return true;
    return identity_id(table, binding, &identity, error) && server_id(table, binding, &server, error) &&
           (!binding->is_continued ||
            grow_span(table, binding, identity, server, client, &is_grown, error)) &&
           (is_grown || add_span(table, binding, identity, server, client, error)) &&
           put_keys(table, binding, identity, is_grown, error) &&
           join_bearers(table, binding, identity, error);
}
