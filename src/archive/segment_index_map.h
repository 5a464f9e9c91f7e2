/* SPDX-License-Identifier: Apache-2.0 */
/*
 * segment_index_map - an opened index: where its sections lie, and its tables read by number. Internal to
 * this folder; every look into the map is bounded by its section.
 */
#pragma once

#include "archive/flow_columns.h"
#include "archive/segment_format.h"
#include "archive/segment_index.h"
#include "archive/segment_writer.h"
#include "base/reader.h"
#include "packet/interface.h"

struct segment_index {
    const uint8_t *map; /* NULL: over borrowed bytes */
    size_t map_bytes;
    struct bytes sections[INDEX_RECORDING + 1]; /* the last one empty in an older index */

    uint64_t segment_bytes, raw_bytes, n_packets;
    int64_t min_ts_ns, max_ts_ns;
    uint32_t n_blocks;
    enum codec codec;
    uint64_t n_folds, n_bindings_cut;

    struct segment_block *blocks;
    uint32_t n4, n6;             /* addresses */
    uint32_t n_exact, n_folded;  /* flows */
    struct index_tables *tables; /* unpacked when first asked for */
};

struct index_tables *index_tables_new(void);
void index_tables_free(struct index_tables *tables);

/* Addresses one behind the other: n4 of 4 bytes, n6 of 16. False at damage. */
bool index_addresses(const struct segment_index *index, struct bytes *v4, struct bytes *v6);

/* The same over bytes that the caller keeps: for tests and fuzzing. name stands in sentences. */
struct segment_index *segment_index_over(struct bytes file, const char *name, struct error *error);

/* The conversations, in the order of the file: n_exact, then n_folded. NULL at damage. */
const struct flow_row *index_flows(const struct segment_index *index);

/* The same, but that only addresses may be looked at, or only those of first up to but not end. Quicker. */
const struct flow_row *index_flow_addresses(const struct segment_index *index);
const struct flow_row *index_flows_between(const struct segment_index *index, uint32_t first, uint32_t end);

static inline uint32_t index_flows_count(const struct segment_index *index)
{
    return index->n_exact + index->n_folded;
}

/* Adds a posting list to bits: those of the conversations, then those of the identities. False at damage. */
bool index_add_posting(const struct segment_index *index, uint64_t list, uint64_t *bits);

/* Makes ready for most of the lists being asked for, in no order. */
void index_locate_postings(const struct segment_index *index);

/* The nth address; family 0 for INDEX_ADDRESS_ANY. */
bool index_address(const struct segment_index *index, uint32_t number, struct ip_address *address);

/* Its key, addresses and all. */
bool index_flow_key(const struct segment_index *index, const struct flow_row *flow, struct flow_key *key);

/* Calls for each identity; scheme IDENTITY_NONE without bytes stands for any. False at damage. */
typedef bool identity_function(void *context, enum identity_scheme scheme, struct bytes identity,
                               uint64_t list);
bool index_identities(const struct segment_index *index, identity_function *function, void *context);

/* Calls for each interface in the section's order. False at damage, or when the function answers it. */
typedef bool interface_function(void *context, const struct interface *interface);
bool index_interfaces(const struct segment_index *index, interface_function *function, void *context);
