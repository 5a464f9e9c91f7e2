/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/quic_connection.h"

#include <stdlib.h>

#include "base/lru_table.h"

/* Connections are found by number from two tables of names; a name whose connection is gone finds nothing. */
struct quic_state {
    struct lru_table *connections; /* by number */
    struct lru_table *by_cid[3];   /* enum cid_side */
    struct lru_table *by_flow;
    struct quic_ciphers *ciphers;
    uint32_t n_connections;
    uint64_t n_buffers_given_up;
    struct {
        uint32_t connection;
        bool is_server;
    } holders[QUIC_CRYPTO_BUFFERS]; /* a ring of the streams that keep bytes */
    uint32_t n_holders, next_holder;
};

enum cid_side { CID_OF_CLIENT, CID_OF_SERVER, CID_INITIAL };

static void connection_let_go(void *context, const void *key, void *value)
{
    struct quic_connection *connection = value;

    (void)context;
    (void)key;
    free(connection->streams[0].bytes);
    free(connection->streams[1].bytes);
}

static struct lru_table *names_new(size_t key_bytes, uint64_t hash_seed)
{
    const struct lru_table_options options = {
        .key_bytes = key_bytes,
        .value_bytes = sizeof(uint32_t),
        .limit = QUIC_CONNECTIONS_LIMIT * 2,
        .hash_seed = hash_seed,
    };

    return lru_table_new(&options);
}

void *quic_state_new(uint64_t hash_seed)
{
    const struct lru_table_options options = {
        .key_bytes = sizeof(uint32_t),
        .value_bytes = sizeof(struct quic_connection),
        .limit = QUIC_CONNECTIONS_LIMIT,
        .hash_seed = hash_seed,
        .let_go = connection_let_go,
    };
    struct quic_state *state = calloc(1, sizeof *state);
    bool is_good;

    if (state == NULL)
        return NULL;
    state->connections = lru_table_new(&options);
    state->by_flow = names_new(sizeof(struct flow_key), hash_seed);
    state->ciphers = quic_ciphers_new();
    is_good = state->connections && state->by_flow && state->ciphers;
    for (unsigned i = 0; i < 3; i++) {
        state->by_cid[i] = names_new(sizeof(struct quic_cid), hash_seed);
        is_good = is_good && state->by_cid[i];
    }
    if (!is_good) {
        quic_state_free(state);
        return NULL;
    }
    return state;
}

void quic_state_free(void *pointer)
{
    struct quic_state *state = pointer;

    if (state == NULL)
        return;
    lru_table_free(state->connections);
    lru_table_free(state->by_flow);
    for (unsigned i = 0; i < 3; i++)
        lru_table_free(state->by_cid[i]);
    quic_ciphers_free(state->ciphers);
    free(state);
}

uint64_t quic_state_forgotten(const void *pointer)
{
    const struct quic_state *state = pointer;

    return lru_table_forgotten(state->connections) + state->n_buffers_given_up;
}

struct quic_ciphers *quic_state_ciphers(struct quic_state *state)
{
    return state->ciphers;
}

bool quic_flow_is_known(struct quic_state *state, const struct flow_key *flow)
{
    return lru_table_find(state->by_flow, flow) != NULL;
}

static struct quic_connection *by_number(struct quic_state *state, const uint32_t *number)
{
    return number ? lru_table_find(state->connections, number) : NULL;
}

static void name(struct lru_table *names, const void *key, uint32_t number)
{
    uint32_t *value = lru_table_put(names, key, NULL);

    if (value)
        *value = number;
}

static bool cid_equal(const struct quic_cid *a, const struct quic_cid *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

static bool is_from_server(const struct quic_connection *connection, const struct conversation_ends *ends)
{
    return connection->server_is_low == ends->is_forward;
}

static struct quic_connection *find(struct quic_state *state, const struct conversation_ends *ends,
                                    const struct quic_header *header, bool *is_server)
{
    struct quic_connection *connection = NULL;

    *is_server = false;
    if (header->type == QUIC_0RTT && header->dcid.len > 0)
        return by_number(state, lru_table_find(state->by_cid[CID_INITIAL], &header->dcid));
    if (header->type == QUIC_SHORT) { /* how long its id is, is for the connection to say */
        connection = by_number(state, lru_table_find(state->by_flow, &ends->flow));
        if (connection) {
            const struct quic_cid *expected;

            *is_server = is_from_server(connection, ends);
            expected = *is_server ? &connection->client : &connection->server;
            if (expected->len > header->dcid.len ||
                memcmp(expected->bytes, header->dcid.bytes, expected->len) != 0)
                connection = NULL;
        }
        for (struct quic_cid cid = header->dcid; connection == NULL && cid.len > 0;) {
            connection = by_number(state, lru_table_find(state->by_cid[CID_OF_CLIENT], &cid));
            *is_server = connection != NULL;
            if (connection == NULL)
                connection = by_number(state, lru_table_find(state->by_cid[CID_OF_SERVER], &cid));
            cid.bytes[--cid.len] = 0;
        }
        return connection;
    }
    if (header->dcid.len > 0) {
        connection = by_number(state, lru_table_find(state->by_cid[CID_OF_CLIENT], &header->dcid));
        *is_server = connection != NULL;
        if (connection == NULL)
            connection = by_number(state, lru_table_find(state->by_cid[CID_OF_SERVER], &header->dcid));
    } else {
        connection = by_number(state, lru_table_find(state->by_flow, &ends->flow));
        *is_server = connection && is_from_server(connection, ends);
    }
    if (header->type != QUIC_INITIAL)
        return connection;
    if (connection == NULL && header->dcid.len > 0)
        connection = by_number(state, lru_table_find(state->by_cid[CID_INITIAL], &header->dcid));
    /* A client's Initial to an id that was never given out begins another connection. */
    if (connection && !*is_server && header->dcid.len > 0 && connection->has_initial &&
        !cid_equal(&header->dcid, &connection->initial) && !cid_equal(&header->dcid, &connection->server))
        connection = NULL;
    return connection;
}

/* The client's first Initial, or the first one after a Retry. */
static void begin(struct quic_state *state, struct quic_connection *connection,
                  const struct quic_header *header)
{
    connection->initial = header->dcid;
    connection->has_initial = true;
    connection->version = header->version;
    connection->has_keys =
        quic_initial_keys(header->version, bytes_of(header->dcid.bytes, header->dcid.len), connection->keys);
    connection->client = header->scid;
    name(state->by_cid[CID_INITIAL], &header->dcid, connection->number);
    if (header->scid.len > 0)
        name(state->by_cid[CID_OF_CLIENT], &header->scid, connection->number);
}

static struct quic_connection *make(struct quic_state *state, const struct conversation_ends *ends)
{
    uint32_t number = state->n_connections;
    struct quic_connection *connection = lru_table_put(state->connections, &number, NULL);

    if (connection == NULL)
        return NULL;
    state->n_connections++;
    connection->number = number;
    connection->server_is_low = !ends->is_forward;
    return connection;
}

struct quic_connection *quic_connection_meet(struct quic_state *state, const struct conversation_ends *ends,
                                             const struct quic_header *header, bool *is_server)
{
    struct quic_connection *connection = find(state, ends, header, is_server);
    bool is_new = false;

    if (header->type == QUIC_INITIAL && !*is_server) {
        if (connection == NULL) {
            is_new = true;
            connection = make(state, ends);
            if (connection)
                begin(state, connection, header);
        } else if (!connection->has_initial && header->dcid.len > 0) {
            begin(state, connection, header);
            memset(&connection->server, 0, sizeof connection->server);
        }
    } else if (connection && *is_server &&
               (header->type == QUIC_INITIAL || header->type == QUIC_RETRY ||
                header->type == QUIC_HANDSHAKE)) {
        if (header->type == QUIC_RETRY) {
            lru_table_remove(state->by_cid[CID_INITIAL], &connection->initial);
            connection->has_initial = false;
        }
        if (header->type == QUIC_INITIAL && header->version != connection->version) {
            connection->version = header->version; /* RFC 9368: the server chose another one */
            connection->has_keys = quic_initial_keys(
                header->version, bytes_of(connection->initial.bytes, connection->initial.len),
                connection->keys);
        }
        if (connection->server.len == 0 && header->scid.len > 0) {
            connection->server = header->scid;
            name(state->by_cid[CID_OF_SERVER], &header->scid, connection->number);
        }
    }
    if (is_new || lru_table_find(state->by_flow, &ends->flow) == NULL)
        name(state->by_flow, &ends->flow, connection ? connection->number : UINT32_MAX);
    return connection;
}

void quic_connection_hold(struct quic_state *state, struct quic_connection *connection, bool is_server)
{
    struct quic_stream *stream = &connection->streams[is_server];
    uint32_t at = state->next_holder;

    if (stream->bytes == NULL || stream->is_held)
        return;
    if (state->n_holders == QUIC_CRYPTO_BUFFERS) {
        struct quic_connection *oldest = by_number(state, &state->holders[at].connection);
        struct quic_stream *given_up = oldest ? &oldest->streams[state->holders[at].is_server] : NULL;

        if (given_up) {
            free(given_up->bytes);
            given_up->bytes = NULL;
            given_up->is_held = false;
            given_up->n_ranges = 0;
            state->n_buffers_given_up++;
        }
    } else {
        state->n_holders++;
    }
    state->holders[at].connection = connection->number;
    state->holders[at].is_server = is_server;
    state->next_holder = (at + 1) % QUIC_CRYPTO_BUFFERS;
    stream->is_held = true;
}

static void range_add(struct quic_stream *stream, uint32_t from, uint32_t to)
{
    stream->ranges[stream->n_ranges].from = from;
    stream->ranges[stream->n_ranges].to = to;
    stream->n_ranges++;
}

/* Moves next behind what came early; not at all while a hole is left in it. */
static void range_follow(struct quic_stream *stream)
{
    struct quic_stream ahead = *stream;

    for (uint32_t i = 0; i < ahead.n_ranges;) {
        if (ahead.ranges[i].from > ahead.next) {
            i++;
            continue;
        }
        if (ahead.ranges[i].to > ahead.next)
            ahead.next = ahead.ranges[i].to;
        ahead.ranges[i] = ahead.ranges[--ahead.n_ranges];
        i = 0;
    }
    if (ahead.n_ranges == 0) {
        stream->next = ahead.next;
        stream->n_ranges = 0;
    }
}

struct bytes quic_stream_add(struct quic_stream *stream, uint64_t offset, struct bytes piece)
{
    const struct bytes nothing = { 0 };
    uint32_t from, to, begun = stream->next;

    if (offset + piece.len > QUIC_CRYPTO_BYTES || offset + piece.len <= stream->next)
        return nothing;
    from = (uint32_t)offset;
    to = from + (uint32_t)piece.len;
    if (from <= stream->next && stream->n_ranges == 0) { /* as it comes */
        stream->next = to;
        return bytes_of(piece.data + (begun - from), to - begun);
    }
    if (stream->bytes == NULL && (stream->bytes = malloc(QUIC_CRYPTO_BYTES)) == NULL)
        return nothing;
    memcpy(stream->bytes + from, piece.data, piece.len);
    if (stream->n_ranges == QUIC_CRYPTO_RANGES)
        return nothing;
    range_add(stream, from, to);
    range_follow(stream);
    return bytes_of(stream->bytes + begun, stream->next - begun);
}
