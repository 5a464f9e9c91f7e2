/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/indexer.h"

#include <stdalign.h>
#include <stdlib.h>

#include "archive/catalog.h"
#include "archive/segment_index.h"
#include "archive/segment_reader.h"
#include "base/huge_pages.h"
#include "protocol/dispatch.h"
#include "protocol/fragment_flow.h"
#include "protocol/state.h"

enum {
    /*
     * Conversations whose slot in the index is at hand: most packets belong to one that had a packet in this
     * very block, and are done when that is seen. Direct-mapped; 4 MiB.
     */
    RECENT_FLOWS = 1 << 16,
};

struct recent { /* one cache line */
    alignas(64) struct flow_key key;
    uint32_t generation; /* of the builder: 0 never */
    uint32_t slot;
    uint32_t block; /* marked last */
};

struct indexer {
    struct demand demand;
    struct dissect_state *state;
    struct fragment_flows *fragments;
    struct tracker *tracker;
    struct segment_index_builder *builder;
    uint64_t hash_seed;
    uint32_t generation;
    uint64_t block_protocols;
    uint32_t block;
    struct recent *recent;
    void (*listener)(void *context, const struct binding *binding);
    void *listener_context;
    struct dissection dissection;
};

static void on_binding(void *context, const struct binding *binding)
{
    struct indexer *indexer = context;

    if (indexer->builder)
        segment_index_builder_binding(indexer->builder, binding);
    if (indexer->listener)
        indexer->listener(indexer->listener_context, binding);
}

static void on_identity(void *context, enum identity_scheme scheme, struct bytes identity,
                        const uint32_t *places, uint32_t n_places)
{
    struct indexer *indexer = context;

    for (uint32_t i = 0; indexer->builder && i < n_places; i++) {
        if (places[i] >> 31 == (indexer->generation & 1)) /* of this segment, and not the one before */
            segment_index_builder_mark_identity(indexer->builder, scheme, identity, places[i] & INT32_MAX);
    }
}

struct indexer *indexer_new(const struct interface_table *interfaces, uint64_t hash_seed)
{
    struct indexer *indexer = calloc(1, sizeof *indexer);
    struct tracker_options options = {
        .hash_seed = hash_seed, .context = indexer, .binding = on_binding, .identity = on_identity
    };

    if (indexer == NULL)
        return NULL;
    indexer->hash_seed = hash_seed;
    indexer->state = dissect_state_new(hash_seed);
    indexer->fragments = fragment_flows_new(hash_seed);
    indexer->tracker = tracker_new(&options);
    indexer->recent = aligned_alloc(HUGE_PAGE_BYTES, RECENT_FLOWS * sizeof *indexer->recent);
    huge_pages_wish(indexer->recent, RECENT_FLOWS * sizeof *indexer->recent);
    if (indexer->recent)
        memset(indexer->recent, 0, RECENT_FLOWS * sizeof *indexer->recent);
    if (!indexer->state || !indexer->fragments || !indexer->tracker || !indexer->recent) {
        indexer_free(indexer);
        return NULL;
    }
    demand_init(&indexer->demand);
    for (unsigned p = PROTOCOL_NONE + 1; p < PROTOCOL_COUNT; p++) {
        if (PROTOCOLS_INDEXED >> p & 1)
            demand_add_protocol(&indexer->demand, (enum protocol_id)p);
    }
    tracker_demand(&indexer->demand);
    demand_settle(&indexer->demand);
    dissection_init(&indexer->dissection, &indexer->demand, indexer->state, interfaces);
    return indexer;
}

void indexer_free(struct indexer *indexer)
{
    if (indexer == NULL)
        return;
    dissect_state_free(indexer->state);
    fragment_flows_free(indexer->fragments);
    tracker_free(indexer->tracker);
    free(indexer->recent);
    free(indexer);
}

void indexer_begin(struct indexer *indexer, struct segment_index_builder *builder)
{
    indexer->builder = builder;
    indexer->generation++;
    indexer->block = UINT32_MAX;
    indexer->block_protocols = 0;
}

static void mark_flow(struct indexer *indexer, const struct flow_key *key, uint64_t hash, uint32_t block)
{
    struct recent *recent = &indexer->recent[hash & (RECENT_FLOWS - 1)];

    if (recent->generation == indexer->generation && flow_key_equal(&recent->key, key)) {
        if (recent->block == block)
            return;
    } else {
        recent->key = *key;
        recent->generation = indexer->generation;
        recent->slot = segment_index_builder_flow(indexer->builder, key);
    }
    recent->block = block;
    segment_index_builder_mark_flow(indexer->builder, recent->slot, block);
}

/*
 * What a datagram holds is found in the piece that completes it, but is looked for in a block of any of its
 * pieces: without one of them it is not put together.
 */
static uint64_t protocols_of_piece(const struct layer *layer, const struct flow_key *key)
{
    enum protocol_id low = dispatch_udp_port(key->port_low), high = dispatch_udp_port(key->port_high);
    uint64_t tunnels = PROTOCOLS_INDEXED & ~(PROTOCOL_BIT(PROTOCOL_UDP) | PROTOCOL_BIT(PROTOCOL_DTLS));

    if (layer->carries == IP_PROTOCOL_TCP)
        return PROTOCOL_BIT(PROTOCOL_TCP);
    if (layer->carries != IP_PROTOCOL_UDP || key->any_port || tunnels >> low & 1 || tunnels >> high & 1)
        return PROTOCOLS_INDEXED;
    return PROTOCOL_BIT(PROTOCOL_UDP) | PROTOCOL_BIT(PROTOCOL_DTLS);
}

static void mark_piece(struct indexer *indexer, const struct layer *layer, const struct flow_key *key,
                       uint32_t first, uint32_t block)
{
    for (uint32_t b = first; b <= block; b++)
        segment_index_builder_protocols(indexer->builder, b,
                                        INDEXED_FRAGMENTS | protocols_of_piece(layer, key));
}

static void mark_protocols(struct indexer *indexer, uint32_t block)
{
    uint64_t present = indexer->dissection.present & PROTOCOLS_INDEXED;

    if (block == indexer->block && (present & ~indexer->block_protocols) == 0)
        return;
    indexer->block_protocols = block == indexer->block ? indexer->block_protocols | present : present;
    indexer->block = block;
    segment_index_builder_protocols(indexer->builder, block, present);
}

void indexer_packet(struct indexer *indexer, const struct packet *packet, uint32_t block)
{
    struct dissection *d = &indexer->dissection;
    uint32_t place = block | (indexer->generation & 1) << 31;

    dissect(d, packet);
    if (indexer->builder)
        mark_protocols(indexer, block);
    for (uint32_t i = 0; i < d->n_layers; i++) {
        enum fragment_flow_result result;
        struct fragment_flow flow;
        uint64_t hash;

        result = fragment_flow(indexer->fragments, d, i, place, &flow);
        if (result == FRAGMENT_FLOW_NONE)
            continue;
        hash = flow_key_hash(&flow.key, indexer->hash_seed);
        tracker_prefetch(indexer->tracker, hash); /* on its way while the index is marked */
        if (indexer->builder) {
            uint32_t first = block;

            if (result == FRAGMENT_FLOW_FIRST_AFTER_EARLY && flow.early_place >> 31 == place >> 31)
                first = flow.early_place & INT32_MAX;
            for (uint32_t b = first; b <= block; b++)
                mark_flow(indexer, &flow.key, hash, b);
            if (d->layers[i].fragment != FRAGMENT_NO)
                mark_piece(indexer, &d->layers[i], &flow.key, first, block);
        }
        if (result != FRAGMENT_FLOW_EARLY)
            tracker_packet(indexer->tracker, d, i, &flow.key, hash, flow.is_forward, place);
    }
}

void indexer_end(struct indexer *indexer, bool is_last)
{
    tracker_checkpoint(indexer->tracker, is_last);
    indexer->builder = NULL;
}

void indexer_prefer(struct indexer *indexer, const struct preferences *preferences)
{
    indexer->dissection.preferences = preferences;
    tracker_prefer(indexer->tracker, preferences);
}

void indexer_listen(struct indexer *indexer, void (*binding)(void *context, const struct binding *binding),
                    void *context)
{
    indexer->listener = binding;
    indexer->listener_context = context;
}

void indexer_restore(struct indexer *indexer, const struct binding *binding)
{
    tracker_restore(indexer->tracker, binding);
}

bool indexer_look_for(struct indexer *indexer, tracker_wanted_function *is_wanted, void *context)
{
    return tracker_look_for(indexer->tracker, is_wanted, context);
}

bool indexer_passes_over(const struct indexer *indexer, const struct packet *packet)
{
    return tracker_passes_over(indexer->tracker, packet);
}

void indexer_wake_from(struct indexer *indexer, const struct session_store *store)
{
    tracker_wake_from(indexer->tracker, store);
}

const struct tracker_counters *indexer_tracker_counters(const struct indexer *indexer)
{
    return tracker_counters(indexer->tracker);
}

struct dissect_counters indexer_dissect_counters(const struct indexer *indexer)
{
    struct dissect_counters counters = indexer->dissection.counters;

    counters.n_reassembly_evicted = dissect_state_evicted(indexer->state);
    return counters;
}

static bool restore_one(void *context, const struct binding *binding)
{
    indexer_restore(context, binding);
    return true;
}

/* How many of the node's segments before the one at hand are to be read again; *first: the entry of the
 * oldest. */
static uint32_t find_replayed(const struct reindexer_holder *holder, uint32_t *first)
{
    const struct catalog_entry *entries = holder->catalog->entries, *own = &entries[holder->entry];
    uint32_t n = 0;

    *first = holder->entry;
    for (uint32_t i = holder->entry; holder->replays && i-- > 0 && n < REINDEX_SEGMENTS;) {
        if (strcmp(entries[i].node, own->node) != 0)
            continue;
        *first = i;
        n++;
        if (own->named_ts_ns - entries[i].named_ts_ns >= REPLAY_NS)
            break;
    }
    return n;
}

static bool confirm_one(void *context, const struct binding *binding)
{
    struct indexer *indexer = context;

    tracker_confirm(indexer->tracker, binding);
    return true;
}

/* Damage costs what is behind it in that segment. */
static void replay_segment(struct indexer *indexer, const struct catalog_entry *entry, uint64_t *n_packets)
{
    struct interface_table interfaces = { 0 };
    struct error ignored;
    struct segment_reader *reader = segment_reader_open(entry->path, NULL, &interfaces, &ignored);
    struct segment_index *index;
    const struct packet *packets;
    uint32_t n;

    if (reader == NULL)
        return;
    indexer->dissection.interfaces = &interfaces;
    indexer_begin(indexer, NULL);
    while (segment_reader_next(reader, &packets, &n, &ignored) == SEGMENT_BLOCK) {
        for (uint32_t i = 0; i < n; i++) {
            struct packet numbered = packets[i];

            numbered.number = ++*n_packets;
            indexer_packet(indexer, &numbered, 0);
        }
    }
    indexer_end(indexer, false);
    segment_reader_close(reader);
    interface_table_clear(&interfaces);
    index = segment_index_open(entry->index_path, &ignored);
    if (index == NULL)
        return;
    segment_index_bindings(index, confirm_one, indexer);
    segment_index_close(index);
}

/* What cannot be read says nothing: its devices are found again by their next handshakes. */
static void restore_from_earlier(struct reindexer_holder *holder, const struct interface_table *interfaces)
{
    uint32_t end = holder->catalog ? holder->entry : 0, first = 0;
    bool has_replay = end > 0 && find_replayed(holder, &first) > 0;
    const char *node = end > 0 ? holder->catalog->entries[end].node : "";

    for (uint32_t i = end > REINDEX_SEGMENTS ? end - REINDEX_SEGMENTS : 0; i < end; i++) {
        struct error ignored;
        struct segment_index *index;

        if (has_replay && i >= first && strcmp(holder->catalog->entries[i].node, node) == 0)
            continue;
        index = segment_index_open(holder->catalog->entries[i].index_path, &ignored);
        if (index == NULL)
            continue;
        segment_index_bindings(index, restore_one, holder->indexer);
        segment_index_close(index);
    }
    for (uint32_t i = first; has_replay && i < end; i++) {
        if (strcmp(holder->catalog->entries[i].node, node) == 0)
            replay_segment(holder->indexer, &holder->catalog->entries[i], &holder->n_packets);
    }
    holder->indexer->dissection.interfaces = interfaces;
}

static void reindex_follow(void *context, const struct catalog *catalog, uint32_t entry)
{
    struct reindexer_holder *holder = context;

    holder->catalog = catalog;
    holder->entry = entry;
}

static void reindex_begin(void *context, struct segment_index_builder *builder,
                          const struct interface_table *interfaces)
{
    struct reindexer_holder *holder = context;

    if (holder->indexer && holder->catalog && holder->entry == holder->next_entry) {
        holder->indexer->dissection.interfaces = interfaces;
    } else {
        reindexer_clear(holder);
        holder->indexer = indexer_new(interfaces, holder->hash_seed);
        if (holder->indexer)
            restore_from_earlier(holder, interfaces);
    }
    holder->next_entry = holder->entry + 1;
    if (holder->indexer)
        indexer_begin(holder->indexer, builder);
}

static void reindex_add(void *context, const struct packet *packet, uint32_t block)
{
    struct reindexer_holder *holder = context;

    struct packet numbered = *packet;

    numbered.number = ++holder->n_packets;
    if (holder->indexer)
        indexer_packet(holder->indexer, &numbered, block);
}

static void reindex_finish(void *context)
{
    struct reindexer_holder *holder = context;

    if (holder->indexer)
        indexer_end(holder->indexer, holder->catalog == NULL || holder->entry + 1 == holder->catalog->n);
}

struct reindexer reindexer_make(struct reindexer_holder *holder)
{
    return (struct reindexer) { holder, reindex_begin, reindex_add, reindex_finish, reindex_follow };
}

void reindexer_clear(struct reindexer_holder *holder)
{
    indexer_free(holder->indexer);
    holder->indexer = NULL;
}
