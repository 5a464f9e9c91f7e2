/* SPDX-License-Identifier: Apache-2.0 */
/*
 * segment_index_map - an opened index: where its sections lie, and its tables read by number. Internal to
 * this folder; every look into the map is bounded by its section.
 */
#pragma once

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

    uint32_t n4, n6;            /* addresses */
    uint32_t n_exact, n_folded; /* flows */
    struct bytes flow_chunks;   /* what says where they begin */
    struct bytes flows;
    struct index_tables *tables; /* unpacked when first asked for */
};

struct index_tables *index_tables_new(void);
void index_tables_free(struct index_tables *tables);

/* Addresses one behind the other: n4 of 4 bytes, n6 of 16. False at damage. */
bool index_addresses(const struct segment_index *index, struct bytes *v4, struct bytes *v6);

struct index_flow {
    uint32_t low, high; /* numbers of addresses, INDEX_ADDRESS_ANY */
    uint8_t protocol, any_port;
    uint16_t port_low, port_high;
    uint32_t posting;
};

/* The same over bytes that the caller keeps: for tests and fuzzing. name stands in sentences. */
struct segment_index *segment_index_over(struct bytes file, const char *name, struct error *error);

/* Flows one behind the other, in the order of the file. */
struct index_flow_cursor {
    const struct segment_index *index;
    uint32_t number; /* of the next one */
    struct reader rest;
    struct index_flow at; /* the one before; its list is postings_len long */
    uint64_t postings_len;
};

bool index_flow_begin(const struct segment_index *index, uint32_t first, struct index_flow_cursor *cursor);
bool index_flow_next(struct index_flow_cursor *cursor,
                     struct index_flow *flow); /* false at damage, and past the last */

/* One by its number: unpacks those of its chunk before it. */
bool index_flow_read(const struct segment_index *index, uint32_t number, struct index_flow *flow);

/* The ends of the first flow of a chunk of INDEX_FLOW_CHUNK_ROWS. */
bool index_flow_chunk(const struct segment_index *index, uint32_t chunk, uint32_t *low, uint32_t *high);

/* The posting list that begins at the offset, and whatever lies behind it. */
bool index_posting(const struct segment_index *index, uint64_t offset, struct reader *list);

/* The nth address; family 0 for INDEX_ADDRESS_ANY. */
bool index_address(const struct segment_index *index, uint32_t number, struct ip_address *address);

/* Its key, addresses and all. */
bool index_flow_key(const struct segment_index *index, const struct index_flow *flow, struct flow_key *key);

/* Calls for each identity; scheme IDENTITY_NONE without bytes stands for any. False at damage. */
typedef bool identity_function(void *context, enum identity_scheme scheme, struct bytes identity,
                               uint64_t posting);
bool index_identities(const struct segment_index *index, identity_function *function, void *context);

/* Calls for each interface in the section's order. False at damage, or when the function answers it. */
typedef bool interface_function(void *context, const struct interface *interface);
bool index_interfaces(const struct segment_index *index, interface_function *function, void *context);
