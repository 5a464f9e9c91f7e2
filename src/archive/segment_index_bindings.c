/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bindings of an index, row by row, their references followed. A row that makes no sense ends the walk:
 * what comes behind it would lean on it.
 */
#include <stdlib.h>
#include <string.h>

#include "archive/segment_index_tables.h"

struct binding_walk {
    const struct segment_index *index;
    const struct index_binding_table *bindings;
    const struct index_session_table *sessions;
    const struct index_identity_table *identities;
    const struct flow_row *flows;
    uint64_t *bits; /* one posting list */
    struct reader own_keys;
    uint64_t from_ns;    /* of the row at hand */
    uint32_t n_sessions; /* met so far */
    uint32_t n_apart;    /* likewise, rows that are no twins */
};

/* walk->bits is the caller's to free. */
static bool walk_begin(const struct segment_index *index, struct binding_walk *walk)
{
    *walk = (struct binding_walk) { .index = index, .bindings = index_binding_table(index) };
    if (walk->bindings == NULL)
        return false;
    if (walk->bindings->n == 0)
        return true;
    walk->sessions = index_session_table(index);
    walk->identities = index_identity_table(index);
    walk->flows = index_flows(index);
    walk->bits = calloc(posting_words(index->n_blocks) + 1, sizeof *walk->bits);
    walk->own_keys = reader_over(walk->bindings->own_keys);
    walk->from_ns = walk->bindings->first_ns;
    return walk->sessions && walk->identities && walk->flows && walk->bits;
}

static bool read_own_key(struct reader *r, struct flow_key *key)
{
    struct bytes low, high;

    memset(key, 0, sizeof *key);
    return reader_u8(r, &key->low.family) && reader_bytes(r, 16, &low) && reader_u8(r, &key->high.family) &&
           reader_bytes(r, 16, &high) && reader_u8(r, &key->protocol) && reader_u8(r, &key->any_port) &&
           reader_u16le(r, &key->port_low) && reader_u16le(r, &key->port_high) &&
           memcpy(key->low.bytes, low.data, 16) && memcpy(key->high.bytes, high.data, 16);
}

/* What each row says in relation to those before it: asked of every row, in order. */
struct binding_row {
    uint32_t session;
    uint32_t apart;          /* where its columns are */
    uint64_t flow;           /* number plus 1; 0: the key stands here */
    struct flow_key own_key; /* when it does */
};

/* row: the one before, or zeros. */
static bool next_row(struct binding_walk *walk, uint32_t i, struct binding_row *row)
{
    const struct index_binding_table *table = walk->bindings;
    uint64_t back = column_number(&table->sessions, i);

    if (back > walk->n_sessions)
        return false;
    row->session = walk->n_sessions - (uint32_t)back;
    walk->n_sessions += back == 0;
    if (row->session >= walk->sessions->n)
        return false;
    if (column_number(&table->why, i) & INDEX_BINDING_TWIN)
        return walk->n_apart;
    if (walk->n_apart == table->flows.n)
        return false;
    row->apart = walk->n_apart++;
    walk->from_ns += column_number(&table->from, row->apart) * table->unit_ns;
    row->flow = column_number(&table->flows, row->apart);
    return row->flow != 0 || read_own_key(&walk->own_keys, &row->own_key);
}

static bool find_flow_key(const struct binding_walk *walk, const struct binding_row *row,
                          struct flow_key *key)
{
    if (row->flow == 0) {
        *key = row->own_key;
        return true;
    }
    return row->flow <= index_flows_count(walk->index) &&
           index_flow_key(walk->index, &walk->flows[row->flow - 1], key);
}

/* The nth block from the end of those with packets of the row's conversation; n: from 1. */
static bool find_block(const struct binding_walk *walk, const struct binding_row *row, uint64_t n,
                       struct segment_block *block)
{
    size_t n_words = posting_words(walk->index->n_blocks);

    memset(walk->bits, 0, n_words * sizeof *walk->bits);
    if (row->flow == 0 || !index_add_posting(walk->index, row->flow - 1, walk->bits))
        return false;
    for (size_t word = n_words; word-- > 0;) {
        uint64_t bits = walk->bits[word];
        unsigned n_bits = (unsigned)__builtin_popcountll(bits), last;

        if (n > n_bits) {
            n -= n_bits;
            continue;
        }
        do {
            last = 63 - (unsigned)__builtin_clzll(bits);
            bits &= ~(UINT64_C(1) << last);
        } while (--n);
        return segment_index_block(walk->index, (uint32_t)(word * 64 + last), block);
    }
    return false;
}

/* Counted from its beginning, or from that of the block in which it ends. */
static bool find_end(const struct binding_walk *walk, const struct binding_row *row, int64_t *to_ns)
{
    const struct index_binding_table *table = walk->bindings;
    uint64_t place = column_number(&table->places, row->apart), since = walk->from_ns;
    struct segment_block block;

    if (place) {
        if (!find_block(walk, row, place, &block))
            return false;
        since = (uint64_t)block.min_ts_ns;
    }
    *to_ns = (int64_t)(since + column_number(&table->lasted, row->apart) * table->unit_ns);
    return true;
}

static bool read_session(const struct binding_walk *walk, uint32_t number, struct binding *binding)
{
    const struct index_session_table *sessions = walk->sessions;
    uint64_t identity = column_number(&sessions->identities, number);
    uint64_t scheme = column_number(&sessions->schemes, number);
    struct index_session_lens lens = index_session_lens(sessions, number);
    const uint8_t *at = sessions->keys.data + sessions->starts[number];

    binding->identity = (struct bytes) { NULL, 0 };
    binding->scheme = IDENTITY_NONE;
    if (identity > walk->identities->n || scheme > UINT8_MAX)
        return false;
    if (identity)
        binding->identity = index_identity(walk->identities, (uint32_t)identity - 1, &binding->scheme);
    if (scheme)
        binding->scheme = (enum identity_scheme)(scheme - 1);
    binding->session = sessions->numbers[number];
    binding->cid_to_server = bytes_of(at, lens.to_server);
    binding->cid_to_client = bytes_of(at + lens.to_server, lens.to_client);
    binding->session_id = bytes_of(at + lens.to_server + lens.to_client, lens.token);
    return true;
}

/* Follows a row's references. */
static bool expand_row(const struct binding_walk *walk, uint32_t i, const struct binding_row *row,
                       struct binding *binding)
{
    const struct index_binding_table *table = walk->bindings;
    uint64_t why = column_number(&table->why, i);

    if (!find_flow_key(walk, row, &binding->flow) || !find_end(walk, row, &binding->to_ns) ||
        !read_session(walk, row->session, binding))
        return false;
    binding->reason = (enum binding_reason)(uint8_t)(why >> INDEX_BINDING_REASON_AT);
    binding->is_client_low = why & INDEX_BINDING_CLIENT_LOW;
    binding->is_continued = why & INDEX_BINDING_CONTINUED;
    binding->confidence = (enum binding_confidence)(why >> INDEX_BINDING_CONFIDENCE_AT & 7);
    if (binding->confidence == 0) /* none was said */
        binding->confidence = binding_reason_confidence(binding->reason);
    binding->from_ns = (int64_t)walk->from_ns;
    binding->n_packets = column_number(&table->packets, row->apart);
    binding->n_bytes =
        column_number(&table->bytes_each, row->apart) * (binding->n_packets ? binding->n_packets : 1) +
        column_number(&table->bytes_more, row->apart);
    return true;
}

/* is_wanted: by identity; NULL: all. */
static void walk_rows(struct binding_walk *walk, const bool *is_wanted, binding_function *function,
                      void *context)
{
    struct binding_row row = { 0 };

    for (uint32_t i = 0; i < walk->bindings->n; i++) {
        struct binding binding;
        uint64_t identity;

        if (!next_row(walk, i, &row))
            return;
        identity = column_number(&walk->sessions->identities, row.session);
        if (is_wanted && (identity == 0 || (identity <= walk->identities->n && !is_wanted[identity - 1])))
            continue;
        if (!expand_row(walk, i, &row, &binding) || !function(context, &binding))
            return;
    }
}

static void walk_bindings(const struct segment_index *index, const bool *is_wanted,
                          binding_function *function, void *context)
{
    struct binding_walk walk;

    if (walk_begin(index, &walk)) {
        if (is_wanted == NULL)
            index_locate_postings(index);
        walk_rows(&walk, is_wanted, function, context);
    }
    free(walk.bits);
}

void segment_index_bindings(const struct segment_index *index, binding_function *function, void *context)
{
    walk_bindings(index, NULL, function, context);
}

void segment_index_bindings_of(const struct segment_index *index, identity_test *is_wanted,
                               binding_function *function, void *context)
{
    const struct index_identity_table *identities = index_identity_table(index);
    bool *wanted = identities ? calloc((size_t)identities->n + 1, sizeof *wanted) : NULL;
    bool is_any = false;

    for (uint32_t i = 0; wanted && i < identities->n; i++) {
        enum identity_scheme scheme;
        struct bytes identity = index_identity(identities, i, &scheme);

        wanted[i] = is_wanted(context, scheme, identity);
        is_any |= wanted[i];
    }
    if (is_any || wanted == NULL) /* without the test: more than asked for, never less */
        walk_bindings(index, wanted, function, context);
    free(wanted);
}
