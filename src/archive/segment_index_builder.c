/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three hash tables of the same shape (flows, identities, sessions) over growing arrays, a posting list each
 * for the first two, and rows of bindings. Arrays double; a number, once handed out, stays.
 */
#include "archive/segment_index_parts.h"

#include <stdlib.h>
#include <sys/random.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/huge_pages.h"

enum { TABLE_FIRST = 1024, ARRAY_FIRST = 256, FLOWS_LIMIT_MOST = 1 << 26 };

struct segment_index_builder *segment_index_builder_new(uint32_t limit_flows)
{
    struct segment_index_builder *builder = calloc(1, sizeof *builder);

    if (builder == NULL)
        return NULL;
    if (getrandom(&builder->seed, sizeof builder->seed, GRND_NONBLOCK) < 0)
        builder->seed = (uint64_t)(uintptr_t)builder; /* early boot: the address must do */
    builder->flow_seed = builder->seed;
    builder->limit_flows = limit_flows < FLOWS_LIMIT_MOST ? limit_flows : FLOWS_LIMIT_MOST;
    buffer_init(&builder->text, BUILDER_TEXT_LIMIT_BYTES);
    if (buffer_room(&builder->text, 1) == NULL) { /* so that there is always somewhere to point */
        free(builder);
        return NULL;
    }
    return builder;
}

void segment_index_builder_free(struct segment_index_builder *builder)
{
    if (builder == NULL)
        return;
    posting_pool_clear(&builder->pool);
    buffer_clear(&builder->text);
    free(builder->flows);
    free(builder->flow_table.slots);
    free(builder->identities);
    free(builder->identity_table.slots);
    free(builder->sessions);
    free(builder->session_table.slots);
    free(builder->bindings);
    free(builder->protocols);
    free(builder);
}

/* The array with room for one more than n; NULL without memory, the old one is then still there. */
static void *array_grow(void *items, uint32_t n, uint32_t *cap, size_t item_bytes)
{
    uint32_t more;

    if (n < *cap)
        return items;
    more = *cap ? *cap * 2 : ARRAY_FIRST;
    items = realloc(items, more * item_bytes);
    huge_pages_wish(items, more * item_bytes);
    if (items)
        *cap = more;
    return items;
}

/* ---- tables ---- */

static void table_put(struct builder_table *table, struct builder_slot slot)
{
    uint32_t at = slot.hash & (table->n_slots - 1);

    while (table->slots[at].taken)
        at = (at + 1) & (table->n_slots - 1);
    table->slots[at] = slot;
}

static bool table_make_room(struct builder_table *table)
{
    struct builder_table larger = { .n_slots = table->n_slots ? table->n_slots * 2 : TABLE_FIRST };

    if (table->n_used < table->n_slots / 2)
        return true;
    larger.slots = calloc(larger.n_slots, sizeof *larger.slots);
    if (larger.slots == NULL)
        return false;
    huge_pages_wish(larger.slots, larger.n_slots * sizeof *larger.slots);
    for (uint32_t i = 0; i < table->n_slots; i++) {
        if (table->slots[i].taken)
            table_put(&larger, table->slots[i]);
    }
    larger.n_used = table->n_used;
    free(table->slots);
    *table = larger;
    return true;
}

static void table_enter(struct builder_table *table, uint64_t hash, uint32_t number)
{
    table_put(table, (struct builder_slot) { (uint32_t)hash, number + 1 });
    table->n_used++;
}

/*
 * The next number that was entered with such a hash, or nearly: *at begins as the hash, and goes on.
 * UINT32_MAX when there is no other.
 */
static uint32_t table_next(const struct builder_table *table, uint64_t hash, uint32_t *at)
{
    if (table->n_slots == 0)
        return UINT32_MAX;
    for (;;) {
        struct builder_slot slot = table->slots[(*at)++ & (table->n_slots - 1)];

        if (slot.taken == 0)
            return UINT32_MAX;
        if (slot.hash == (uint32_t)hash)
            return slot.taken - 1;
    }
}

/* ---- conversations ---- */

static uint32_t find_flow(const struct segment_index_builder *builder, const struct flow_key *key,
                          uint64_t hash)
{
    uint32_t at = (uint32_t)hash, number;

    while ((number = table_next(&builder->flow_table, hash, &at)) != UINT32_MAX &&
           !flow_key_equal(&builder->flows[number].key, key))
        continue;
    return number;
}

uint32_t segment_index_builder_find_flow(const struct segment_index_builder *builder,
                                         const struct flow_key *key)
{
    return find_flow(builder, key, flow_key_hash(key, builder->flow_seed));
}

static uint32_t enter_flow(struct segment_index_builder *builder, const struct flow_key *key, uint64_t hash)
{
    void *grown = array_grow(builder->flows, builder->n_flows, &builder->cap_flows, sizeof *builder->flows);

    if (grown)
        builder->flows = grown;
    if (grown == NULL || !table_make_room(&builder->flow_table)) {
        builder->is_unsound = true;
        return UINT32_MAX;
    }
    builder->flows[builder->n_flows] = (struct builder_flow) { .key = *key, .posting = posting_none() };
    table_enter(&builder->flow_table, hash, builder->n_flows);
    return builder->n_flows++;
}

/* An eighth more than the limit for conversations without ports; then there is one for all that come. */
static uint32_t coarser_flow(struct segment_index_builder *builder, const struct flow_key *key)
{
    struct flow_key coarse = *key;
    uint64_t hash;
    uint32_t number;

    builder->n_folds++;
    coarse.port_low = coarse.port_high = 0;
    coarse.any_port = FLOW_ANY_PORT_LOW | FLOW_ANY_PORT_HIGH;
    hash = flow_key_hash(&coarse, builder->flow_seed);
    number = find_flow(builder, &coarse, hash);
    if (number != UINT32_MAX)
        return number;
    if (builder->n_flows < builder->limit_flows + builder->limit_flows / 8)
        return enter_flow(builder, &coarse, hash);

    coarse = (struct flow_key) { .any_port = FLOW_ANY_PORT_LOW | FLOW_ANY_PORT_HIGH };
    hash = flow_key_hash(&coarse, builder->flow_seed);
    number = find_flow(builder, &coarse, hash);
    return number != UINT32_MAX ? number : enter_flow(builder, &coarse, hash);
}

void segment_index_builder_hash_by(struct segment_index_builder *builder, uint64_t seed)
{
    assert(builder->n_flows == 0);
    builder->flow_seed = seed;
}

uint32_t segment_index_builder_flow(struct segment_index_builder *builder, const struct flow_key *key)
{
    return segment_index_builder_flow_hashed(builder, key, flow_key_hash(key, builder->flow_seed));
}

uint32_t segment_index_builder_flow_hashed(struct segment_index_builder *builder, const struct flow_key *key,
                                           uint64_t hash)
{
    uint32_t number = find_flow(builder, key, hash);

    if (__builtin_expect(number != UINT32_MAX, 1))
        return number;
    return builder->n_flows < builder->limit_flows ? enter_flow(builder, key, hash)
                                                   : coarser_flow(builder, key);
}

void segment_index_builder_prefetch(const struct segment_index_builder *builder, uint64_t hash,
                                    enum builder_prefetch step)
{
    const struct builder_table *table = &builder->flow_table;
    const struct builder_slot *slot;
    const struct builder_flow *flow;

    if (table->n_slots == 0)
        return;
    slot = &table->slots[hash & (table->n_slots - 1)];
    if (step == BUILDER_PREFETCH_PLACE) {
        __builtin_prefetch(slot);
        return;
    }
    if (slot->taken == 0)
        return;
    flow = &builder->flows[slot->taken - 1];
    if (step == BUILDER_PREFETCH_FLOW) { /* on two lines, most likely */
        __builtin_prefetch(&flow->key);
        __builtin_prefetch(&flow->posting.is_everywhere, 1);
    } else if (flow->posting.piece != UINT32_MAX) {
        __builtin_prefetch(&builder->pool.pieces[flow->posting.piece], 1);
    }
}

void segment_index_builder_mark_flow(struct segment_index_builder *builder, uint32_t slot, uint32_t block)
{
    if (slot < builder->n_flows) /* UINT32_MAX: there was no memory for it */
        posting_mark(&builder->pool, &builder->flows[slot].posting, block);
}

void segment_index_builder_protocols(struct segment_index_builder *builder, uint32_t block, uint64_t present)
{
    while (block >= builder->n_protocols) {
        void *grown = array_grow(builder->protocols, builder->n_protocols, &builder->cap_protocols,
                                 sizeof *builder->protocols);

        if (grown == NULL) {
            builder->is_unsound = true;
            return;
        }
        builder->protocols = grown;
        builder->protocols[builder->n_protocols++] = 0;
    }
    builder->protocols[block] |= present;
}

/* ---- identities ---- */

static uint64_t identity_key_hash(const struct segment_index_builder *builder, enum identity_scheme scheme,
                                  struct bytes identity)
{
    return XXH3_64bits_withSeed(identity.data, identity.len, builder->seed + scheme);
}

static uint32_t find_identity(const struct segment_index_builder *builder, enum identity_scheme scheme,
                              struct bytes identity, uint64_t hash)
{
    uint32_t at = (uint32_t)hash, number;

    while ((number = table_next(&builder->identity_table, hash, &at)) != UINT32_MAX) {
        const struct builder_identity *found = &builder->identities[number];

        if (found->hash == hash && found->scheme == scheme &&
            bytes_equal(bytes_of(builder->text.data + found->at, found->len), identity))
            break;
    }
    return number;
}

/* UINT32_MAX without memory. Past a limit: "any identity". */
static uint32_t enter_identity(struct segment_index_builder *builder, enum identity_scheme scheme,
                               struct bytes identity)
{
    uint64_t hash = identity_key_hash(builder, scheme, identity);
    uint32_t number = find_identity(builder, scheme, identity, hash);
    uint32_t at = (uint32_t)builder->text.len;
    void *grown;

    if (number != UINT32_MAX)
        return number;
    if (builder->n_identities >= BUILDER_IDENTITIES_LIMIT || identity.len > IDENTITY_LIMIT_BYTES ||
        !buffer_put(&builder->text, identity.data, identity.len)) {
        builder->n_folds++;
        scheme = IDENTITY_NONE;
        identity = (struct bytes) { NULL, 0 };
        hash = identity_key_hash(builder, scheme, identity);
        number = find_identity(builder, scheme, identity, hash);
        if (number != UINT32_MAX)
            return number;
    }
    grown = array_grow(builder->identities, builder->n_identities, &builder->cap_identities,
                       sizeof *builder->identities);
    if (grown)
        builder->identities = grown;
    if (grown == NULL || !table_make_room(&builder->identity_table)) {
        builder->is_unsound = true;
        return UINT32_MAX;
    }
    builder->identities[builder->n_identities] = (struct builder_identity) {
        .hash = hash,
        .at = at,
        .len = (uint32_t)identity.len,
        .scheme = scheme,
        .posting = posting_none(),
    };
    table_enter(&builder->identity_table, hash, builder->n_identities);
    return builder->n_identities++;
}

void segment_index_builder_mark_identity(struct segment_index_builder *builder, enum identity_scheme scheme,
                                         struct bytes identity, uint32_t block)
{
    uint32_t number = enter_identity(builder, scheme, identity);

    if (number != UINT32_MAX)
        posting_mark(&builder->pool, &builder->identities[number].posting, block);
}

/* ---- bindings ---- */

static uint64_t binding_session_hash(const struct segment_index_builder *builder,
                                     const struct binding *binding)
{
    uint64_t hash = XXH3_64bits_withSeed(&binding->session, sizeof binding->session, builder->seed);

    hash = XXH3_64bits_withSeed(binding->identity.data, binding->identity.len, hash + binding->scheme);
    hash = XXH3_64bits_withSeed(binding->cid_to_server.data, binding->cid_to_server.len, hash);
    hash = XXH3_64bits_withSeed(binding->cid_to_client.data, binding->cid_to_client.len, hash);
    return XXH3_64bits_withSeed(binding->session_id.data, binding->session_id.len, hash);
}

static bool session_is(const struct segment_index_builder *builder, const struct builder_session *session,
                       uint32_t identity, const struct binding *binding)
{
    const uint8_t *to_server = builder->text.data + session->at;
    const uint8_t *to_client = to_server + session->to_server_len;
    const uint8_t *session_id = to_client + session->to_client_len;

    return session->session == binding->session && session->scheme == binding->scheme &&
           session->identity == identity &&
           bytes_equal(bytes_of(to_server, session->to_server_len), binding->cid_to_server) &&
           bytes_equal(bytes_of(to_client, session->to_client_len), binding->cid_to_client) &&
           bytes_equal(bytes_of(session_id, session->session_id_len), binding->session_id);
}

/* UINT32_MAX when there is no room; is_unsound tells whether that was memory. */
static uint32_t enter_session(struct segment_index_builder *builder, const struct binding *binding)
{
    uint64_t hash = binding_session_hash(builder, binding);
    uint32_t identity = UINT32_MAX, probe = (uint32_t)hash, number;
    uint32_t at;
    void *grown;

    if (binding->scheme != IDENTITY_NONE || binding->identity.len) {
        identity = enter_identity(builder, binding->scheme, binding->identity);
        if (identity == UINT32_MAX)
            return UINT32_MAX;
        if (builder->identities[identity].scheme != binding->scheme) /* folded: its name is gone */
            return UINT32_MAX;
    }
    while ((number = table_next(&builder->session_table, hash, &probe)) != UINT32_MAX) {
        if (builder->sessions[number].hash == hash &&
            session_is(builder, &builder->sessions[number], identity, binding))
            return number;
    }
    at = (uint32_t)builder->text.len;
    if (!buffer_put(&builder->text, binding->cid_to_server.data, binding->cid_to_server.len) ||
        !buffer_put(&builder->text, binding->cid_to_client.data, binding->cid_to_client.len) ||
        !buffer_put(&builder->text, binding->session_id.data, binding->session_id.len))
        return UINT32_MAX;
    grown =
        array_grow(builder->sessions, builder->n_sessions, &builder->cap_sessions, sizeof *builder->sessions);
    if (grown)
        builder->sessions = grown;
    if (grown == NULL || !table_make_room(&builder->session_table)) {
        builder->is_unsound = true;
        return UINT32_MAX;
    }
    builder->sessions[builder->n_sessions] = (struct builder_session) {
        .hash = hash,
        .session = binding->session,
        .identity = identity,
        .scheme = binding->scheme,
        .at = at,
        .to_server_len = (uint8_t)binding->cid_to_server.len,
        .to_client_len = (uint8_t)binding->cid_to_client.len,
        .session_id_len = (uint8_t)binding->session_id.len,
    };
    table_enter(&builder->session_table, hash, builder->n_sessions);
    return builder->n_sessions++;
}

void segment_index_builder_binding(struct segment_index_builder *builder, const struct binding *binding)
{
    uint32_t session;
    void *grown;

    assert(binding->cid_to_server.len <= UINT8_MAX && binding->cid_to_client.len <= UINT8_MAX &&
           binding->session_id.len <= UINT8_MAX);
    session = builder->n_bindings < BUILDER_BINDINGS_LIMIT ? enter_session(builder, binding) : UINT32_MAX;
    if (session == UINT32_MAX) {
        builder->n_bindings_cut++;
        return;
    }
    grown =
        array_grow(builder->bindings, builder->n_bindings, &builder->cap_bindings, sizeof *builder->bindings);
    if (grown == NULL) {
        builder->is_unsound = true;
        return;
    }
    builder->bindings = grown;
    builder->bindings[builder->n_bindings++] = (struct builder_binding) {
        .flow = binding->flow,
        .from_ns = binding->from_ns,
        .to_ns = binding->to_ns > binding->from_ns ? binding->to_ns : binding->from_ns,
        .n_packets = binding->n_packets,
        .n_bytes = binding->n_bytes,
        .session = session,
        .reason = binding->reason,
        .is_client_low = binding->is_client_low,
        .is_continued = binding->is_continued,
        .confidence = binding->confidence,
    };
}

uint64_t segment_index_builder_folds(const struct segment_index_builder *builder)
{
    return builder->n_folds + builder->pool.n_overflows;
}

bool segment_index_builder_is_sound(const struct segment_index_builder *builder)
{
    return !builder->is_unsound;
}
