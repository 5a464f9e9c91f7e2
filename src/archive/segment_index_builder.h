/* SPDX-License-Identifier: Apache-2.0 */
/*
 * segment_index_builder - gathers, while a segment is written, what its index will say: which blocks hold
 * which conversations, identities and protocols, and which bindings the tracker found.
 *
 * The hot calls are flow_mark and protocols: no allocation but the growth of a posting list. Memory is
 * bounded: past limit_flows conversations are folded into coarser ones (any port, then any address), which
 * still never rules out a block wrongly; the number of folds is counted.
 */
#pragma once

#include "device/binding.h"
#include "protocol/flow.h"
#include "protocol/protocol.h"

struct segment_index_builder;

struct segment_index_builder *segment_index_builder_new(uint32_t limit_flows); /* NULL without memory */
void segment_index_builder_free(struct segment_index_builder *builder);

/* Before anything is entered: conversations are hashed (flow_key_hash) with this seed, so that who hashed one
 * already need not do it again. */
void segment_index_builder_hash_by(struct segment_index_builder *builder, uint64_t seed);

/* The slot of a conversation, new or known, to mark it by; and the same by its hash with that seed. */
uint32_t segment_index_builder_flow(struct segment_index_builder *builder, const struct flow_key *key);
uint32_t segment_index_builder_flow_hashed(struct segment_index_builder *builder, const struct flow_key *key,
                                           uint64_t hash);

/* The conversation has a packet in this block. Any order, repeats are cheap. */
void segment_index_builder_mark_flow(struct segment_index_builder *builder, uint32_t slot, uint32_t block);

/*
 * A conversation with that hash will soon be marked: what is known of it is fetched, in steps, for each says
 * where the next one looks: some packets between two of them.
 */
enum builder_prefetch { BUILDER_PREFETCH_PLACE, BUILDER_PREFETCH_FLOW, BUILDER_PREFETCH_LIST };
void segment_index_builder_prefetch(const struct segment_index_builder *builder, uint64_t hash,
                                    enum builder_prefetch step);

/* Protocols (PROTOCOL_BIT) present in a packet of this block. */
void segment_index_builder_protocols(struct segment_index_builder *builder, uint32_t block, uint64_t present);

/* A packet that spells this identity, or a part of the message that does, lies in this block. */
void segment_index_builder_mark_identity(struct segment_index_builder *builder, enum identity_scheme scheme,
                                         struct bytes identity, uint32_t block);

/* A span the tracker found; copied. */
void segment_index_builder_binding(struct segment_index_builder *builder, const struct binding *binding);

uint64_t segment_index_builder_folds(const struct segment_index_builder *builder);

/* False once memory ran out: the segment is then sealed without an index, and says so. */
bool segment_index_builder_is_sound(const struct segment_index_builder *builder);
