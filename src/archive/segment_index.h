/* SPDX-License-Identifier: Apache-2.0 */
/*
 * segment_index - the .tdx file beside a sealed segment, mapped and read. Trusts no offset it has not
 * checked. Knows nothing of filters: it answers hints. Read-only, but unpacks what it is asked for: one
 * thread a handle.
 */
#pragma once

#include "base/error.h"
#include "device/binding.h"
#include "filter/hint.h"

struct segment_block {     /* one row of the block table */
    uint64_t offset;       /* of the compressed block in the segment file */
    uint32_t stored_bytes; /* there */
    uint32_t raw_bytes;    /* of pcapng in it */
    uint64_t first_packet; /* packets of the segment before it */
    uint32_t n_packets;
    int64_t min_ts_ns, max_ts_ns; /* of its packets; min > max when it has none */
    uint64_t protocols;           /* mask */
};

struct segment_index;

/* NULL with *error set: missing (ERROR_SYSTEM), or its checksum or an offset is wrong (ERROR_DAMAGED). */
struct segment_index *segment_index_open(const char *path, struct error *error);
void segment_index_close(struct segment_index *index);

uint32_t segment_index_blocks(const struct segment_index *index);
bool segment_index_block(const struct segment_index *index, uint32_t block, struct segment_block *row);
uint64_t segment_index_raw_bytes(const struct segment_index *index); /* of all blocks */
uint64_t segment_index_packets(const struct segment_index *index);
int64_t segment_index_min_ts(const struct segment_index *index);
int64_t segment_index_max_ts(const struct segment_index *index);

/*
 * Sets bit b of bits (room for segment_index_blocks, zeroed here) for every block that the hint does not rule
 * out; answers their number. Damage met on the way sets all bits (never an answer too few).
 */
uint32_t segment_index_candidates(const struct segment_index *index, const struct hint *hint, uint64_t *bits);

/* Calls for each binding, in the order of the file; its bytes are borrowed from the index. Stops at false. */
typedef bool binding_function(void *context, const struct binding *binding);
void segment_index_bindings(const struct segment_index *index, binding_function *function, void *context);

/*
 * The same for bindings of the identities that the test says yes to: each identity is asked about once, and
 * only the rows of those are followed up. Where the index is damaged more than asked for may come.
 */
typedef bool identity_test(void *context, enum identity_scheme scheme, struct bytes identity);
void segment_index_bindings_of(const struct segment_index *index, identity_test *is_wanted,
                               binding_function *function, void *context);

/*
 * Calls for each conversation that has packets in the blocks of bits and that the hint, as far as it is about
 * conversations, does not rule out. False at damage, or when the function answers it.
 */
typedef bool flow_function(void *context, const struct flow_key *key);
bool segment_index_flows_in(const struct segment_index *index, const uint64_t *bits, const struct hint *hint,
                            flow_function *function, void *context);

/* Adds to bits the blocks of every conversation that the test says yes to. False at damage. */
typedef bool flow_test(void *context, const struct flow_key *key);
bool segment_index_blocks_of(const struct segment_index *index, flow_test *is_wanted, void *context,
                             uint64_t *bits);
