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

/* The slot of a conversation, new or known: keep it beside the flow and mark with it, so that hashing is
 * rare. */
uint32_t segment_index_builder_flow(struct segment_index_builder *builder, const struct flow_key *key);

/* The conversation has a packet in this block. Any order, repeats are cheap. */
void segment_index_builder_mark_flow(struct segment_index_builder *builder, uint32_t slot, uint32_t block);

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
